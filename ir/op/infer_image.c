/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops on images: [batch, channels, spatial..].
 */
#include "ir/op/infer_fn.h"

#include <math.h>

#include "ir/op/resize.h"
#include "ir/op/window.h"

/* All inputs that are there are f32.  */
static int
all_f32(struct brn_infer *c)
{
	int rc = BURIN_OK;

	for (int i = 0; i < c->n->nin && rc == BURIN_OK; i++)
		if (c->n->in[i])
			rc = brn_infer_dtype(c, i, BRN_SET_F32);
	return rc;
}

/* Input i, when it is there, is a vector of size dim.  */
static int
vector(struct brn_infer *c, int i, int64_t dim)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (!t)
		return BURIN_OK;
	if (t->rank != 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "input %d is no vector",
		    i);
	return brn_infer_same_dim(c, &dim, t->dim[0]);
}

/* The spatial sizes of the result.  */
static void
set_spatial(struct brn_infer *c, const struct brn_window *w,
    struct brn_type *out)
{
	for (int i = 0; i < w->n; i++)
		out->dim[i + 2] = w->out[i] == -1 ? brn_infer_new_dim(c) :
		    w->out[i];
}

/* Types and ranks of x and w.  1 when a size of w is not known.  */
static int
check_conv(struct brn_infer *c, int64_t *group)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	int rc = all_f32(c);

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

/* Nothing but the batch is known.  */
static int
only_batch(struct brn_infer *c, struct brn_type *out)
{
	*out = *brn_infer_in(c, 0);
	for (int d = 1; d < out->rank; d++)
		out->dim[d] = brn_infer_new_dim(c);
	return BURIN_OK;
}

static int
conv(struct brn_infer *c, const struct brn_type *w, int64_t group,
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
	    (rc = vector(c, 2, w->dim[0])) < 0)
		return rc;
	if (brn_window_of(c->n, x, w, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	out->dim[1] = w->dim[0];
	set_spatial(c, &win, out);
	return BURIN_OK;
}

int
infer_conv(struct brn_infer *c, struct brn_type *out)
{
	int64_t group;
	int rc = check_conv(c, &group);

	if (rc > 0)
		return only_batch(c, out);
	return rc < 0 ? rc : conv(c, brn_infer_in(c, 1), group, out);
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
	    (rc = vector(c, 2, channels)) < 0)
		return rc;
	if (brn_window_transposed(c->n, x, w, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	out->dim[1] = channels;
	set_spatial(c, &win, out);
	return BURIN_OK;
}

/* ---- layers: the weight is a matrix, the kernel an attribute ---- */

static int
image_layer(struct brn_infer *c, int depthwise, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	const struct brn_type *residual = brn_infer_in(c, 3);
	struct brn_window win;
	int64_t channels;
	const char *why;
	int rc;

	if ((rc = all_f32(c)) < 0)
		return rc;
	if (brn_window_of(c->n, x, NULL, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	if (w->rank == 2 && !brn_type_is_concrete(w))
		return only_batch(c, out);
	if (w->rank != 2 || w->dim[1] % brn_window_ntap(&win))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "weight is not [out][channels * taps]");
	channels = depthwise ? w->dim[0] :
	    w->dim[1] / brn_window_ntap(&win);
	if ((rc = brn_infer_same_dim(c, &channels, x->dim[1])) < 0 ||
	    (rc = vector(c, 2, w->dim[0])) < 0)
		return rc;
	*out = *x;
	out->dim[1] = w->dim[0];
	set_spatial(c, &win, out);
	if (residual && residual->rank != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE, "residual does not fit");
	for (int d = 0; residual && d < out->rank && rc == BURIN_OK; d++)
		rc = brn_infer_same_dim(c, &out->dim[d], residual->dim[d]);
	return rc;
}

int
infer_dense_conv(struct brn_infer *c, struct brn_type *out)
{
	return image_layer(c, 0, out);
}

int
infer_bsr_conv(struct brn_infer *c, struct brn_type *out)
{
	if (c->n->in[1]->op != BRN_OP_bsr)
		return brn_infer_bad(c, BURIN_ESHAPE, "weight is no bsr");
	return image_layer(c, 0, out);
}

int
infer_depthwise(struct brn_infer *c, struct brn_type *out)
{
	return image_layer(c, 1, out);
}

int
infer_fold_taps(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	struct brn_window win;
	const char *why;
	int rc;

	if ((rc = all_f32(c)) < 0)
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
	set_spatial(c, &win, out);
	return vector(c, 1, out->dim[1]);
}

static int
pool(struct brn_infer *c, int set, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	struct brn_window win;
	const char *why;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, set)) < 0)
		return rc;
	if (brn_window_of(c->n, x, NULL, &win, &why) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "%s", why);
	*out = *x;
	set_spatial(c, &win, out);
	return BURIN_OK;
}

int
infer_max_pool(struct brn_infer *c, struct brn_type *out)
{
	int rc = pool(c, BRN_SET_NUM, out);

	if (rc == BURIN_OK && brn_attr_int(c->n, "index"))
		out->dtype = BURIN_I64;
	return rc;
}

int
infer_average_pool(struct brn_infer *c, struct brn_type *out)
{
	return pool(c, BRN_SET_F32, out);
}

int
infer_lp_pool(struct brn_infer *c, struct brn_type *out)
{
	return pool(c, BRN_SET_F32, out);
}

static int
global_pool(struct brn_infer *c, struct brn_type *out)
{
	int rc = brn_infer_dtype(c, 0, BRN_SET_F32);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (out->rank < 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted [batch, channels, spatial..]");
	for (int d = 2; d < out->rank; d++)
		out->dim[d] = 1;
	return BURIN_OK;
}

int
infer_global_average_pool(struct brn_infer *c, struct brn_type *out)
{
	return global_pool(c, out);
}

int
infer_global_max_pool(struct brn_infer *c, struct brn_type *out)
{
	return global_pool(c, out);
}

int
infer_global_lp_pool(struct brn_infer *c, struct brn_type *out)
{
	return global_pool(c, out);
}

/* One number a channel in all inputs but the first.  */
static int
norm(struct brn_infer *c, struct brn_type *out)
{
	int rc = all_f32(c);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (out->rank < 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted [batch, channels, ..]");
	for (int i = 1; i < c->n->nin && rc == BURIN_OK; i++)
		rc = vector(c, i, out->dim[1]);
	return rc;
}

int
infer_batch_norm(struct brn_infer *c, struct brn_type *out)
{
	return norm(c, out);
}

int
infer_instance_norm(struct brn_infer *c, struct brn_type *out)
{
	return norm(c, out);
}

int
infer_lrn(struct brn_infer *c, struct brn_type *out)
{
	if (brn_attr_int(c->n, "size") < 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "size is %lld",
		    (long long)brn_attr_int(c->n, "size"));
	return norm(c, out);
}

/* ---- moving pixels ---- */

/* a * b, or a / b when that has no rest, of what may be a symbol.  */
static int
scale_dim(struct brn_infer *c, int64_t *a, int64_t b, int divide)
{
	if (brn_is_sym(*a))
		*a = brn_infer_new_dim(c);
	else if (divide ? *a % b : __builtin_mul_overflow(*a, b, a))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "blocks of %lld do not fit", (long long)b);
	else if (divide)
		*a /= b;
	return BURIN_OK;
}

static int
blocks(struct brn_infer *c, int to_depth, struct brn_type *out)
{
	int64_t b = brn_attr_int(c->n, "blocksize");
	int rc;

	*out = *brn_infer_in(c, 0);
	if (out->rank != 4 || b < 1 || b > INT16_MAX)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "wanted [batch, channels, height, width] and a blocksize");
	if ((rc = scale_dim(c, &out->dim[1], b * b, !to_depth)) < 0 ||
	    (rc = scale_dim(c, &out->dim[2], b, to_depth)) < 0)
		return rc;
	return scale_dim(c, &out->dim[3], b, to_depth);
}

int
infer_depth_to_space(struct brn_infer *c, struct brn_type *out)
{
	return blocks(c, 0, out);
}

int
infer_space_to_depth(struct brn_infer *c, struct brn_type *out)
{
	return blocks(c, 1, out);
}

static int
pad_dim(struct brn_infer *c, int64_t *dim, int64_t a, int64_t b, int mode)
{
	int64_t d = *dim;

	if (brn_is_sym(d)) {
		*dim = a || b ? brn_infer_new_dim(c) : d;
		return BURIN_OK;
	}
	if (a < -BRN_PAD_MOST || a > BRN_PAD_MOST || b < -BRN_PAD_MOST ||
	    b > BRN_PAD_MOST || d + a + b < 0 ||
	    (mode == BRN_PAD_reflect && (a >= d || b >= d) &&
	    (a > 0 || b > 0)) || (mode != BRN_PAD_constant && d == 0 &&
	    (a > 0 || b > 0)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "size %lld is padded by %lld and %lld", (long long)d,
		    (long long)a, (long long)b);
	*dim = d + a + b;
	return BURIN_OK;
}

int
infer_pad(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *pads = brn_infer_val(c, 1, NULL);
	const struct brn_tensor *axes = brn_infer_val(c, 3, NULL);
	int mode = (int)brn_attr_int(c->n, "mode");
	int n = brn_infer_in(c, 0)->rank, set, known, rc;

	*out = *brn_infer_in(c, 0);
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (rc = brn_infer_scalar(c, 2)) < 0 ||
	    (rc = brn_infer_axes(c, 3, out->rank, &set, &known)) < 0)
		return rc;
	if (!pads || !known) {
		for (int d = 0; d < out->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (axes)
		n = (int)brn_numel(axes);
	if (brn_numel(pads) != 2 * n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld numbers in pads, wanted %d",
		    (long long)brn_numel(pads), 2 * n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(brn_get_int(axes, i), out->rank) : i;

		rc = pad_dim(c, &out->dim[d], brn_get_int(pads, i),
		    brn_get_int(pads, n + i), mode);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}

static int
resize_to_scales(struct brn_infer *c, const struct brn_tensor *scales,
    struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int n = axes ? axes->nints : out->rank;

	if (scales && brn_numel(scales) != n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld scales, wanted %d", (long long)brn_numel(scales), n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(axes->ints[i], out->rank) : i;
		double s = scales ? brn_get_float(scales, i) : 0;

		if (d < 0 || (scales && !(s > 0 && s < 1e9)))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "scale or axis %d does not fit", i);
		if (scales && !brn_is_sym(out->dim[d]) &&
		    brn_resize_is_vague(c->n, out->dim[d], s))
			return brn_infer_bad(c, BURIN_EUNSUPPORTED,
			    "aligns the corners of %g elements, ONNX is not "
			    "clear on fractions", (double)out->dim[d] * s);
		if (s != 1)
			out->dim[d] = !scales || brn_is_sym(out->dim[d]) ?
			    brn_infer_new_dim(c) :
			    brn_resized(out->dim[d], s);
	}
	return BURIN_OK;
}

static int
resize_to_sizes(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_attr *axes = brn_attr(c->n, "axes");
	int n = axes ? axes->nints : out->rank, rc;
	struct brn_type sizes = { 0 };

	if ((rc = brn_infer_dims(c, 3, 0, &sizes)) < 0)
		return rc;
	if (sizes.rank >= 0 && sizes.rank != n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%d sizes, wanted %d", sizes.rank, n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(axes->ints[i], out->rank) : i;

		if (d < 0)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "axis %d does not fit", i);
		out->dim[d] = sizes.rank < 0 ? brn_infer_new_dim(c) :
		    sizes.dim[i];
	}
	return BURIN_OK;
}

int
infer_resize(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *scales = brn_infer_in(c, 2);
	const struct brn_tensor *v = brn_infer_val(c, 2, NULL);
	int rc = brn_infer_dtype(c, 0, BRN_SET_NUM);

	if (rc < 0)
		return rc;
	*out = *brn_infer_in(c, 0);
	if (brn_infer_in(c, 3))
		return resize_to_sizes(c, out);
	if (!scales)
		return brn_infer_bad(c, BURIN_ESHAPE, "no scales, no sizes");
	if ((rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0)
		return rc;
	return resize_to_scales(c, v, out);
}
