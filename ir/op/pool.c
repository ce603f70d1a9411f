/* SPDX-License-Identifier: Apache-2.0
 *
 * Poolings: each window of a plane, or the whole plane, becomes its maximum,
 * its mean or its p-norm.
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/window.h"

/* ---- types ---- */

static int
pool_type(struct brn_infer *c, int set, struct brn_type *out)
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
	brn_infer_spatial(c, &win, out);
	return BURIN_OK;
}

int
infer_max_pool(struct brn_infer *c, struct brn_type *out)
{
	int rc = pool_type(c, BRN_SET_NUM, out);

	if (rc == BURIN_OK && brn_attr_int(c->n, "index"))
		out->dtype = BURIN_I64;
	return rc;
}

int
infer_average_pool(struct brn_infer *c, struct brn_type *out)
{
	return pool_type(c, BRN_SET_F32, out);
}

int
infer_lp_pool(struct brn_infer *c, struct brn_type *out)
{
	return pool_type(c, BRN_SET_F32, out);
}

static int
global_pool_type(struct brn_infer *c, struct brn_type *out)
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
	return global_pool_type(c, out);
}

int
infer_global_max_pool(struct brn_infer *c, struct brn_type *out)
{
	return global_pool_type(c, out);
}

int
infer_global_lp_pool(struct brn_infer *c, struct brn_type *out)
{
	return global_pool_type(c, out);
}

/* Each tap of the window.  */
BRN_WORK(window)
{
	const struct brn_attr *kernel = brn_attr(c->n, "kernel_shape");
	double taps = 1;

	for (int i = 0; kernel && i < kernel->nints; i++)
		taps *= (double)kernel->ints[i];
	return taps;
}

/* ---- values ---- */

/* A pooling: acc = add(acc, x) for the elements of a window, then end(acc,
 * count), where count is their number, with the padding if that counts.  */
struct pool {
	double start;                   /* acc of no element */
	double (*add)(double acc, double x, double p);
	double (*end)(double acc, double count, double p);
	int count_padding;
	double p;                       /* of the p-norm */
};

static double
add_max(double acc, double x, double p)
{
	(void)p;
	return brn_max_nan(acc, x);
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
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_of(n, &x->type, NULL, &w, &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (brn_walk_plane(&it, &out->type); it.left;
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

/* The index in x of the largest element of the window, the first of equal ones.
 * With storage_order 1 the last two dimensions are counted by columns.  */
static int64_t
index_of_max(const struct brn_node *n, const struct brn_window *w,
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
indices_of_max(const struct brn_node *n, const struct brn_window *w,
    const struct brn_tensor *x, struct brn_tensor *out)
{
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	struct brn_iter it;

	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (brn_walk_plane(&it, &out->type); it.left;
		    brn_iter_next(&it))
			brn_set_int(out, p * y.size + it.pos, index_of_max(n,
			    w, x, p * brn_window_plane(w), it.at));
}

BRN_REF(max_pool)
{
	static const struct pool k = { -INFINITY, add_max, end_same, 0, 0 };
	struct brn_plane_list y = brn_plane_list_of(&out->type);
	struct brn_window w;
	struct brn_iter it;
	const char *why;

	if (brn_window_of(n, &in[0]->type, NULL, &w, &why) < 0)
		return brn_ref_bad(n, err, "%s", why);
	if (brn_attr_int(n, "index")) {
		indices_of_max(n, &w, in[0], out);
		return BURIN_OK;
	}
	if (in[0]->type.dtype == BURIN_F32)
		return pool(n, in[0], out, &k, err);
	for (int64_t p = 0; p < y.batch * y.channels; p++)
		for (brn_walk_plane(&it, &out->type); it.left;
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

/* The window is the whole plane.  */
static int
global_pool(const struct brn_tensor *x, struct brn_tensor *out,
    const struct pool *k)
{
	int64_t nplane = brn_numel(out), size;

	size = nplane ? brn_numel(x) / nplane : 0;
	for (int64_t i = 0; i < nplane; i++) {
		double acc = k->start;

		for (int64_t j = 0; j < size; j++)
			acc = k->add(acc, brn_get_float(x, i * size + j), k->p);
		brn_set_float(out, i, k->end(acc, (double)size, k->p));
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
