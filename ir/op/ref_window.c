/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of what slides a window: convolutions and poolings, in double, one
 * output element at a time.
 */
#include "ir/op/ref_fn.h"

#include <math.h>
#include <stdlib.h>

#include "ir/graph/epilogue.h"
#include "ir/op/window.h"

/* [batch, channels, plane] that a tensor is.  */
struct planes {
	int64_t batch, channels, size;
};

static struct planes
planes_of(const struct brn_type *t)
{
	struct planes p = { t->dim[0], t->dim[1], 1 };

	for (int d = 2; d < t->rank; d++)
		p.size *= t->dim[d];
	return p;
}

static int
bad(const struct brn_node *n, const char *why, burin_error *err)
{
	return brn_fail(err, BURIN_ESHAPE, "node '%s': %s", n->name, why);
}

/* ---- convolutions ---- */

/* Walk over the spatial positions of t.  */
static void
walk_plane(struct brn_iter *it, const struct brn_type *t)
{
	struct brn_type plane = { t->dtype, t->rank - 2, { 0 } };

	for (int d = 2; d < t->rank; d++)
		plane.dim[d - 2] = t->dim[d];
	brn_iter_init(it, &plane);
}

/* Channel o of the result at position at: the sum over the input channels of
 * its group and the taps.  */
static double
conv_dot(const struct brn_window *w, const struct brn_tensor *x,
    int64_t first_plane, const struct brn_tensor *weight, int64_t o,
    const int64_t *at)
{
	int64_t plane = brn_window_plane(w), ntap = brn_window_ntap(w);
	int64_t each = weight->type.dim[1];
	double sum = 0;

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = brn_window_tap(w, at, t, NULL);

		for (int64_t c = 0; off >= 0 && c < each; c++)
			sum += brn_get_float(x, (first_plane + c) * plane +
			    off) * brn_get_float(weight,
			    (o * each + c) * ntap + t);
	}
	return sum;
}

/* What a convolution is made of.  */
struct conv {
	struct brn_window w;
	const struct brn_tensor *x, *weight, *bias, *residual;
	int64_t group;
	struct brn_epilogue epilogue;
};

static void
convolve(const struct conv *k, struct brn_tensor *out)
{
	struct planes x = planes_of(&k->x->type), y = planes_of(&out->type);
	int64_t each = k->weight->type.dim[1];
	struct brn_iter it;

	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		int64_t b = p / y.channels, o = p % y.channels;
		int64_t first = b * x.channels +
		    o / (y.channels / k->group) * each;
		double add = k->bias ? brn_get_float(k->bias, o) : 0;

		for (walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it)) {
			int64_t i = p * y.size + it.pos;
			double sum = add + conv_dot(&k->w, k->x, first,
			    k->weight, o, it.at);

			/* Without a residual -0.0 becomes 0.  */
			brn_set_float(out, i, brn_epilogue_apply(&k->epilogue,
			    sum, k->residual ? brn_get_float(k->residual, i) :
			    0));
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
		return bad(n, why, err);
	convolve(&k, out);
	return BURIN_OK;
}

/* A layer, with its weight [out][channels * taps].  */
static int
image_layer(const struct brn_node *n, const struct brn_tensor *const *in,
    const float *weight, struct brn_tensor *out, burin_error *err)
{
	int depthwise = n->op == BRN_OP_depthwise;
	struct brn_tensor w = { .data = (float *)weight };
	struct conv k = { .x = in[0], .weight = &w,
	    .bias = brn_opt_in(n, in, 2), .residual = brn_opt_in(n, in, 3),
	    .group = depthwise ? out->type.dim[1] : 1,
	    .epilogue = brn_epilogue_of(n) };
	const char *why;

	if (brn_window_of(n, &in[0]->type, NULL, &k.w, &why) < 0)
		return bad(n, why, err);
	w.type = (struct brn_type){ BURIN_F32, 2, { out->type.dim[1],
	    depthwise ? 1 : in[0]->type.dim[1] } };
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

/* The position of x whose tap number tap falls on at; -1: there is none.  */
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

/* Weight [in, out / group, taps]: channel o takes it from the in channels of
 * its group, which begin with first.  */
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
	struct planes x = planes_of(&in[0]->type), y = planes_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_transposed(n, &in[0]->type, &in[1]->type, &w,
	    &why) < 0)
		return bad(n, why, err);
	for (int64_t p = 0; p < y.batch * y.channels; p++) {
		int64_t b = p / y.channels, o = p % y.channels;
		double add = bias ? brn_get_float(bias, o) : 0;

		for (walk_plane(&it, &out->type); it.left;
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
	struct planes y = planes_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;
	int64_t ntap;

	if (brn_window_transposed(n, &in[0]->type, NULL, &w, &why) < 0)
		return bad(n, why, err);
	ntap = brn_window_ntap(&w);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (walk_plane(&it, &out->type); it.left;
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

/* ---- poolings ---- */

/* What a window gives: count is the elements it meets, with the padding where
 * that counts.  */
struct pool {
	double start;
	double (*add)(double acc, double x, double p);
	double (*end)(double acc, double count, double p);
	int count_padding;
	double p;
};

static double
add_max(double acc, double x, double p)
{
	(void)p;
	return acc > x || isnan(acc) ? acc : x;
}

static double
add_sum(double acc, double x, double p)
{
	(void)p;
	return acc + x;
}

static double
add_power(double acc, double x, double p)
{
	return acc + pow(fabs(x), p);
}

static double
end_same(double acc, double count, double p)
{
	(void)count;
	(void)p;
	return acc;
}

static double
end_mean(double acc, double count, double p)
{
	(void)p;
	return acc / count;
}

static double
end_root(double acc, double count, double p)
{
	(void)count;
	return pow(acc, 1 / p);
}

static double
pool_one(const struct pool *k, const struct brn_window *w,
    const struct brn_tensor *x, int64_t first, const int64_t *at)
{
	int64_t ntap = brn_window_ntap(w), count = 0;
	double acc = k->start;
	int beyond;

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = brn_window_tap(w, at, t, &beyond);

		if (off >= 0)
			acc = k->add(acc, brn_get_float(x, first + off), k->p);
		count += off >= 0 || (k->count_padding && !beyond);
	}
	return k->end(acc, (double)count, k->p);
}

static int
pool(const struct brn_node *n, const struct brn_tensor *x,
    struct brn_tensor *out, const struct pool *k, burin_error *err)
{
	struct planes y = planes_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_of(n, &x->type, NULL, &w, &why) < 0)
		return bad(n, why, err);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it))
			brn_set_float(out, p * y.size + it.pos, pool_one(k, &w,
			    x, p * brn_window_plane(&w), it.at));
	return BURIN_OK;
}

static int64_t
int_max(const struct brn_window *w, const struct brn_tensor *x, int64_t first,
    const int64_t *at)
{
	int64_t ntap = brn_window_ntap(w), best = INT64_MIN;

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = brn_window_tap(w, at, t, NULL);

		if (off >= 0 && brn_get_int(x, first + off) > best)
			best = brn_get_int(x, first + off);
	}
	return best;
}

/* Which element of x is the largest of the window, the first of equals; in
 * order of columns, if so, within the last two dimensions.  */
static int64_t
place_of_max(const struct brn_node *n, const struct brn_window *w,
    const struct brn_tensor *x, int64_t first, const int64_t *at)
{
	int64_t ntap = brn_window_ntap(w), best = -1, cols, rows;
	int real = brn_dtype_is_float(x->type.dtype);

	for (int64_t t = 0; t < ntap; t++) {
		int64_t off = brn_window_tap(w, at, t, NULL);

		if (off < 0)
			continue;
		if (best < 0 || (real ?
		    !(brn_get_float(x, first + off) <=
		    brn_get_float(x, first + best)) &&
		    !isnan(brn_get_float(x, first + best)) :
		    brn_get_int(x, first + off) >
		    brn_get_int(x, first + best)))
			best = off;
	}
	if (best < 0 || !brn_attr_int(n, "storage_order") || w->n < 2)
		return best < 0 ? best : first + best;
	cols = w->in[w->n - 1];
	rows = w->in[w->n - 2];
	return first + best / (rows * cols) * rows * cols +
	    best % cols * rows + best / cols % rows;
}

static void
places(const struct brn_node *n, const struct brn_window *w,
    const struct brn_tensor *x, struct brn_tensor *out)
{
	struct planes y = planes_of(&out->type);
	struct brn_iter it;

	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it))
			brn_set_int(out, p * y.size + it.pos, place_of_max(n,
			    w, x, p * brn_window_plane(w), it.at));
}

BRN_REF(max_pool)
{
	static const struct pool k = { -INFINITY, add_max, end_same, 0, 0 };
	struct planes y = planes_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_of(n, &in[0]->type, NULL, &w, &why) < 0)
		return bad(n, why, err);
	if (brn_attr_int(n, "index")) {
		places(n, &w, in[0], out);
		return BURIN_OK;
	}
	if (in[0]->type.dtype == BURIN_F32)
		return pool(n, in[0], out, &k, err);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it))
			brn_set_int(out, p * y.size + it.pos, int_max(&w,
			    in[0], p * brn_window_plane(&w), it.at));
	return BURIN_OK;
}

BRN_REF(average_pool)
{
	struct pool k = { 0, add_sum, end_mean,
	    brn_attr_int(n, "count_include_pad") != 0, 0 };

	return pool(n, in[0], out, &k, err);
}

BRN_REF(lp_pool)
{
	struct pool k = { 0, add_power, end_root, 0,
	    (double)brn_attr_int(n, "p") };

	return pool(n, in[0], out, &k, err);
}

/* A window over all of each plane.  */
static int
global_pool(const struct brn_tensor *x, struct brn_tensor *out,
    const struct pool *k)
{
	struct planes p = planes_of(&x->type);

	for (int64_t i = 0; i < p.batch * p.channels; i++) {
		double acc = k->start;

		for (int64_t j = 0; j < p.size; j++)
			acc = k->add(acc, brn_get_float(x, i * p.size + j),
			    k->p);
		brn_set_float(out, i, k->end(acc, (double)p.size, k->p));
	}
	return BURIN_OK;
}

BRN_REF(global_average_pool)
{
	static const struct pool k = { 0, add_sum, end_mean, 0, 0 };

	return global_pool(in[0], out, &k);
}

BRN_REF(global_max_pool)
{
	static const struct pool k = { -INFINITY, add_max, end_same, 0, 0 };

	return global_pool(in[0], out, &k);
}

BRN_REF(global_lp_pool)
{
	struct pool k = { 0, add_power, end_root, 0,
	    (double)brn_attr_int(n, "p") };

	return global_pool(in[0], out, &k);
}
