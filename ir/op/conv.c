/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on [batch, channels, spatial..]: conv, conv_transpose, the
 * layers that passes make of them (dense_conv, bsr_conv, depthwise) and
 * fold_taps.  A result element is one sum, in double, over channels and taps.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

#include "ir/graph/conv_quant.h"
#include "ir/graph/epilogue.h"
#include "ir/op/window.h"

/* ---- types ---- */

/* Check types and ranks of x and w.  1: a size of w is not known.  */
static int
check_conv(struct brn_infer *c, int64_t *group)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	int rc = brn_infer_all_f32(c);

	*group = brn_attr_int(c->n, "group");
	if (rc < 0)
		return rc;
	if (x->rank < 3 || w->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted x and w of equal rank, 3 or more");
	for (int d = 0; d < w->rank; d++)
		if (brn_is_sym(w->dim[d]))
			return 1;
	if (*group < 1 || w->dim[0] % *group)
		return brn_infer_bad(c, BURIN_ESHAPE, "group is %lld",
		    (long long)*group);
	return BURIN_OK;
}

/* The result where only its batch is known.  */
static int
only_batch(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	for (int d = 1; d < out->rank; d++)
		out->dim[d] = brn_infer_new_dim(c);
	return BURIN_OK;
}

static int
conv_type(struct brn_infer *c, const struct brn_type *w, int64_t group,
    struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int64_t channels;
	struct brn_window win;
	const char *why;
	int rc;

	if (__builtin_mul_overflow(w->dim[1], group, &channels))
		return brn_infer_bad(c, BURIN_ESHAPE, "group is too large");
	if ((rc = brn_infer_same_dim(c, &channels, x->dim[1])) < 0 ||
	    (rc = brn_infer_vector(c, 2, w->dim[0])) < 0)
		return rc;
	if (brn_window_of(c->n, x, w, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	out->dim[1] = w->dim[0];
	brn_infer_spatial(c, &win, out);
	return BURIN_OK;
}

int
infer_conv(struct brn_infer *c, struct brn_type *out)
{
	int64_t group;
	int rc = check_conv(c, &group);

	if (rc > 0)
		return only_batch(c, out);
	return rc < 0 ? rc : conv_type(c, brn_infer_in(c, 1), group, out);
}

int
infer_conv_transpose(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	int64_t group, channels, in;
	struct brn_window win;
	const char *why;
	int rc;

	if ((rc = check_conv(c, &group)) != BURIN_OK)
		return rc > 0 ? only_batch(c, out) : rc;
	in = w->dim[0];
	if (__builtin_mul_overflow(w->dim[1], group, &channels))
		return brn_infer_bad(c, BURIN_ESHAPE, "group is too large");
	if ((rc = brn_infer_same_dim(c, &in, x->dim[1])) < 0 ||
	    (rc = brn_infer_vector(c, 2, channels)) < 0)
		return rc;
	if (brn_window_transposed(c->n, x, w, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	out->dim[1] = channels;
	brn_infer_spatial(c, &win, out);
	return BURIN_OK;
}

/* ---- layers: the weight is a matrix, the kernel an attribute ---- */

static int
is_byte(const struct brn_type *t)
{
	return t->dtype == BURIN_U8 || t->dtype == BURIN_I8;
}

/* Are the inputs f32, but for x and a residual that attributes say are
 * bytes?  */
static int
check_inputs(struct brn_infer *c, const struct brn_conv_quant *q)
{
	const struct brn_type *x = brn_infer_in(c, 0), *r = brn_infer_in(c, 3);
	int rc;

	if (!brn_conv_quant_is_valid(q))
		return brn_infer_bad(c, BURIN_EFORMAT,
		    "quantized by other numbers than a scale and a zero "
		    "point of u8");
	if (is_byte(x) != (q->x.scale != 0) ||
	    (r && is_byte(r) != (q->residual.scale != 0)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "x or the residual is bytes, but not quantized");
	if (is_byte(brn_infer_in(c, 1)) != (c->n->nin > 4))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted steps of a weight of bytes, and of no other");
	for (int i = 0; i < c->n->nin; i++)
		if (brn_infer_in(c, i) && !is_byte(brn_infer_in(c, i)) &&
		    (rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
			return rc;
	return BURIN_OK;
}

static int
layer_type(struct brn_infer *c, int depthwise, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	const struct brn_type *residual = brn_infer_in(c, 3);
	struct brn_conv_quant q = brn_conv_quant_of(c->n);
	struct brn_window win;
	int64_t channels;
	const char *why;
	int rc;

	if ((rc = check_inputs(c, &q)) < 0)
		return rc;
	if (brn_window_of(c->n, x, NULL, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	if (w->rank == 2 && !brn_type_is_concrete(w)) {
		rc = only_batch(c, out);
		out->dtype = q.y_type ? q.y_type : BURIN_F32;
		return rc;
	}
	if (w->rank != 2 || w->dim[1] % brn_window_ntap(&win))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "weight is not [out][channels * taps]");
	channels = depthwise ? w->dim[0] :
	    w->dim[1] / brn_window_ntap(&win);
	if ((rc = brn_infer_same_dim(c, &channels, x->dim[1])) < 0 ||
	    (rc = brn_infer_vector(c, 2, w->dim[0])) < 0 ||
	    (rc = brn_infer_vector(c, 4, w->dim[0])) < 0)
		return rc;
	*out = *x;
	out->dtype = q.y_type ? q.y_type : BURIN_F32;
	out->dim[1] = w->dim[0];
	brn_infer_spatial(c, &win, out);
	if (residual && residual->rank != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE, "residual does not fit");
	for (int d = 0; residual && d < out->rank && rc == BURIN_OK; d++)
		rc = brn_infer_same_dim(c, &out->dim[d], residual->dim[d]);
	return rc;
}

int
infer_dense_conv(struct brn_infer *c, struct brn_type *out)
{
	return layer_type(c, 0, out);
}

int
infer_bsr_conv(struct brn_infer *c, struct brn_type *out)
{
	if (c->n->in[1]->op != BRN_OP_bsr)
		return brn_infer_bad(c, BURIN_ESHAPE, "weight is no bsr");
	return layer_type(c, 0, out);
}

int
infer_depthwise(struct brn_infer *c, struct brn_type *out)
{
	return layer_type(c, 1, out);
}

int
infer_fold_taps(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	struct brn_window win;
	const char *why;
	int rc;

	if ((rc = brn_infer_all_f32(c)) < 0)
		return rc;
	if (brn_window_transposed(c->n, x, NULL, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	if (brn_is_sym(x->dim[1]))
		out->dim[1] = brn_infer_new_dim(c);
	else if (x->dim[1] % brn_window_ntap(&win))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "channels are no multiple of the taps");
	else
		out->dim[1] = x->dim[1] / brn_window_ntap(&win);
	brn_infer_spatial(c, &win, out);
	return brn_infer_vector(c, 1, out->dim[1]);
}

/* ---- work ---- */

/* One weight for each channel and tap: all of w, for each channel of the
 * result.  */
BRN_WORK(conv)
{
	const struct brn_type *w = brn_infer_in(c, 1);

	return brn_work_product(w, 1, w->rank);
}

BRN_WORK(conv_layer)
{
	return (double)brn_infer_in(c, 1)->dim[1];
}

/* w is [channels, out / group, taps..].  */
BRN_WORK(conv_transpose)
{
	const struct brn_type *w = brn_infer_in(c, 1);
	double group = (double)brn_attr_int(c->n, "group");

	return (double)w->dim[0] / group * brn_work_product(w, 2, w->rank);
}

/* ---- convolutions ---- */

struct conv {
	struct brn_window w;
	const struct brn_tensor *x, *weight, *bias, *residual;
	const struct brn_tensor *step;  /* of a weight of bytes, else NULL */
	int64_t group;
	struct brn_epilogue epilogue;
	struct brn_conv_quant quant;
};

/* Element i of t, bytes if it is quantized.  */
static double
value_at(const struct brn_tensor *t, const struct brn_quant *q, int64_t i)
{
	if (!q->scale)
		return brn_get_float(t, i);
	return (double)(brn_get_int(t, i) + brn_byte_offset(t->type.dtype) -
	    q->zero) * (double)q->scale;
}

/* Element i of the result from its sum.  */
static void
finish(const struct conv *k, struct brn_tensor *out, int64_t i, double sum)
{
	struct brn_epilogue first = k->epilogue, last = k->epilogue;
	const struct brn_conv_quant *q = &k->quant;
	double r = k->residual ? value_at(k->residual, &q->residual, i) : 0;

	if (q->mid.scale) {
		first.act = first.act_last ? BRN_ACT_none : first.act;
		last.act = last.act_last ? last.act : BRN_ACT_none;
		sum = brn_epilogue_apply(&first, sum, BRN_NO_RESIDUAL);
		sum = brn_quant_round(&q->mid, sum);
	}
	/* Without a residual -0.0 becomes 0.  */
	sum = brn_epilogue_apply(&last, sum, r);
	if (q->y_type)
		brn_set_int(out, i, brn_quant_byte(&q->y, sum) -
		    brn_byte_offset(q->y_type));
	else
		brn_set_float(out, i, sum);
}

/* Channel o of the result at position at: the sum over the input channels of
 * its group and the taps.  */
static double
conv_dot(const struct conv *k, int64_t first_plane, int64_t o,
    const int64_t *at)
{
	const struct brn_window *w = &k->w;
	const struct brn_tensor *weight = k->weight;
	int64_t plane = brn_window_plane(w), ntap = brn_window_ntap(w);
	int64_t each = weight->type.dim[1];
	double sum = 0;

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = brn_window_tap(w, at, t, NULL);

		for (int64_t c = 0; off >= 0 && c < each; c++)
			sum += value_at(k->x, &k->quant.x,
			    (first_plane + c) * plane + off) *
			    brn_get_float(weight, (o * each + c) * ntap + t);
	}
	return sum;
}

static void
convolve(const struct conv *k, struct brn_tensor *out)
{
	struct brn_plane_list x = brn_plane_list_of(&k->x->type);
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	int64_t each = k->weight->type.dim[1];
	struct brn_iter it;

	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		int64_t b = p / y.channels, o = p % y.channels;
		int64_t first = b * x.channels +
		    o / (y.channels / k->group) * each;
		double add = k->bias ? brn_get_float(k->bias, o) : 0;
		double step = k->step ? brn_get_float(k->step, o) : 1;

		for (brn_walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it)) {
			int64_t i = p * y.size + it.pos;
			double sum = add + conv_dot(k, first, o, it.at) *
			    step;

			finish(k, out, i, sum);
		}
	}
}

BRN_REF(conv)
{
	struct conv k = { .x = in[0], .weight = in[1],
	    .bias = brn_opt_in(n, in, 2),
	    .group = brn_attr_int(n, "group") };
	const char *why;

	if (brn_window_of(n, &in[0]->type, &in[1]->type, &k.w, &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	convolve(&k, out);
	return BURIN_OK;
}

/* A layer, whose weight is [out][channels * taps].  */
static int
image_layer(const struct brn_node *n, const struct brn_tensor *const *in,
    const void *weight, struct brn_tensor *out, burin_error *err)
{
	int depthwise = n->op == BRN_OP_depthwise;
	struct brn_tensor w = { .data = (void *)weight };
	struct conv k = { .x = in[0], .weight = &w,
	    .bias = brn_opt_in(n, in, 2), .residual = brn_opt_in(n, in, 3),
	    .step = brn_opt_in(n, in, 4),
	    .group = depthwise ? out->type.dim[1] : 1,
	    .epilogue = brn_epilogue_of(n), .quant = brn_conv_quant_of(n) };
	const char *why;

	if (brn_window_of(n, &in[0]->type, NULL, &k.w, &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	w.type = (struct brn_type){ k.step ? BURIN_I8 : BURIN_F32, 2,
	    { out->type.dim[1], depthwise ? 1 : in[0]->type.dim[1] } };
	convolve(&k, out);
	return BURIN_OK;
}

BRN_REF(dense_conv)
{
	return image_layer(n, in, in[1]->data, out, err);
}

BRN_REF(depthwise)
{
	return image_layer(n, in, in[1]->data, out, err);
}

BRN_REF(bsr_conv)
{
	const struct brn_bsr *b = n->in[1]->bsr;
	float *w = brn_alloc((size_t)b->rows, (size_t)b->cols * sizeof *w);
	int rc;

	if (!w)
		return brn_nomem(err);
	brn_bsr_to_dense(b, w);
	rc = image_layer(n, in, w, out, err);
	free(w);
	return rc;
}

/* The place in its plane of x of the element whose tap number tap falls on
 * position at of the result; -1: there is none.  */
static int64_t
transposed_tap(const struct brn_window *w, const int64_t *at, int64_t tap)
{
	int64_t off = 0, size = 1;

	for (int i = w->n - 1; i >= 0; i--) {
		int64_t s = at[i] + w->pad[i] -
		    tap % w->kernel[i] * w->dilation[i];

		tap /= w->kernel[i];
		if (s < 0 || s % w->stride[i] ||
		    s / w->stride[i] >= w->in[i])
			return -1;
		off += s / w->stride[i] * size;
		size *= w->in[i];
	}
	return off;
}

/* Channel o of the result at position at: the sum over the input channels of
 * its group and the taps.  weight is [in, out / group, taps..].  */
static double
transposed_dot(const struct brn_window *w, const struct brn_tensor *x,
    int64_t first_plane, const struct brn_tensor *weight, int64_t group,
    int64_t o, const int64_t *at)
{
	int64_t plane = brn_window_plane(w), ntap = brn_window_ntap(w);
	int64_t many = weight->type.dim[0] / group;
	int64_t each = weight->type.dim[1], first = o / each * many;
	double sum = 0;

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = transposed_tap(w, at, t);

		for (int64_t c = first; off >= 0 && c < first + many; c++)
			sum += brn_get_float(x, (first_plane + c) * plane +
			    off) * brn_get_float(weight,
			    (c * each + o % each) * ntap + t);
	}
	return sum;
}

BRN_REF(conv_transpose)
{
	const struct brn_tensor *bias = brn_opt_in(n, in, 2);
	struct brn_plane_list x = brn_plane_list_of(&in[0]->type);
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_transposed(n, &in[0]->type, &in[1]->type, &w,
	    &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		int64_t b = p / y.channels, o = p % y.channels;
		double add = bias ? brn_get_float(bias, o) : 0;

		for (brn_walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it))
			brn_set_float(out, p * y.size + it.pos, add +
			    transposed_dot(&w, in[0], b * x.channels, in[1],
			    brn_attr_int(n, "group"), o, it.at));
	}
	return BURIN_OK;
}

BRN_REF(fold_taps)
{
	const struct brn_tensor *bias = brn_opt_in(n, in, 1);
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;
	int64_t ntap;

	if (brn_window_transposed(n, &in[0]->type, NULL, &w, &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	ntap = brn_window_ntap(&w);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (brn_walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it)) {
			double sum = bias ? brn_get_float(bias,
			    p % y.channels) : 0;

			for (int64_t t = 0; t < ntap; t++) {
				int64_t off = transposed_tap(&w, it.at, t);

				if (off >= 0)
					sum += brn_get_float(in[0],
					    (p * ntap + t) *
					    brn_window_plane(&w) + off);
			}
			brn_set_float(out, p * y.size + it.pos, sum);
		}
	return BURIN_OK;
}
