/* SPDX-License-Identifier: Apache-2.0
 *
 * Resize of the last two axes.  A row of the result is first made of rows of x
 * by their weights, in vectors, then its elements of the elements of that row.
 * What is taken for each row and column, and how much, is found once
 * (ir/op/resize.h).  Other axes, integers, and crops beyond the edge are left.
 */
#include <stdlib.h>
#include <string.h>

#include "ir/op/resize.h"
#include "runtime/native/isa.h"

/* One axis: element i is the sum of taps at[i * n] on.  */
struct axis {
	int64_t in, out;
	int n;                          /* taps of each; 0: nothing changes */
	int factor;                     /* element i is i / factor; 0: not so */
	int32_t *at;
	float *weight;
};

struct resize {
	const float *x;
	float *y, *rows;                /* a row of x for each task */
	struct axis a[2];               /* rows, columns */
	int64_t nrow, ntask;
};

/* ---- a row --------------------------------------------------------------- */

static const float *
blend(const struct resize *k, const float *plane, int64_t i, float *to)
{
	const struct axis *a = &k->a[0];
	int64_t n = k->a[1].in;
	const int32_t *at = a->at + i * a->n;
	const float *w = a->weight + i * a->n;

	if (!a->n)
		return plane + i * n;
	if (a->n == 1)
		return plane + at[0] * n;
	for (int t = 0; t < a->n; t++) {
		const float *restrict from = plane + at[t] * n;
		float *restrict sum = to;

		for (int64_t c = 0; c < n; c++)
			sum[c] = (t ? sum[c] : 0) + w[t] * from[c];
	}
	return to;
}

static void
spread(const struct axis *a, const float *restrict x, float *restrict y)
{
	const int32_t *at = a->at;
	const float *w = a->weight;

	if (!a->n)
		memcpy(y, x, (size_t)a->out * sizeof *y);
	else if (a->factor == 2)
		for (int64_t i = 0; i < a->in; i++)
			y[2 * i] = y[2 * i + 1] = x[i];
	else if (a->factor)
		for (int64_t i = 0; i < a->in; i++)
			for (int f = 0; f < a->factor; f++)
				y[i * a->factor + f] = x[i];
	else if (a->n == 1)
		for (int64_t i = 0; i < a->out; i++)
			y[i] = x[at[i]];
	else if (a->n == 2)
		for (int64_t i = 0; i < a->out; i++)
			y[i] = w[2 * i] * x[at[2 * i]] +
			    w[2 * i + 1] * x[at[2 * i + 1]];
	else
		for (int64_t i = 0; i < a->out; i++, at += a->n, w += a->n) {
			y[i] = 0;
			for (int t = 0; t < a->n; t++)
				y[i] += w[t] * x[at[t]];
		}
}

/* Row i is row i - 1 of the same plane.  */
static int
is_repeated(const struct axis *a, int64_t i)
{
	return a->n == 1 && i % a->out && a->at[i % a->out] ==
	    a->at[i % a->out - 1];
}

static void
run_rows(void *ctx, size_t task)
{
	const struct resize *k = ctx;
	int64_t first = k->nrow * (int64_t)task / k->ntask;
	int64_t past = k->nrow * ((int64_t)task + 1) / k->ntask;
	int64_t cols = k->a[1].out;
	float *room = k->rows + (int64_t)task * k->a[1].in;

	for (int64_t r = first; r < past; r++) {
		const float *plane = k->x + r / k->a[0].out * k->a[0].in *
		    k->a[1].in;
		float *y = k->y + r * cols;

		if (r > first && is_repeated(&k->a[0], r))
			memcpy(y, y - cols, (size_t)cols * sizeof *y);
		else
			spread(&k->a[1], blend(k, plane, r % k->a[0].out,
			    room), y);
	}
}

/* ---- axes ---------------------------------------------------------------- */

static int
factor_of(const struct axis *a)
{
	int64_t f = a->out / a->in;

	if (a->n != 1 || f < 1 || f > 16 || f * a->in != a->out)
		return 0;
	for (int64_t i = 0; i < a->out; i++)
		if (a->at[i] != i / f)
			return 0;
	return (int)f;
}

static int
axis_init(struct axis *a, const struct brn_node *n,
    const struct brn_resize_axis *from)
{
	struct brn_taps t;
	size_t size = (size_t)from->out * BRN_TAPS;

	*a = (struct axis){ .in = from->in, .out = from->out };
	if (from->in > INT32_MAX || from->out > INT32_MAX / 8)
		return -1;
	a->at = brn_alloc(size, sizeof *a->at + sizeof *a->weight);
	if (!a->at)
		return -1;
	a->weight = (float *)(a->at + size);
	for (int64_t i = 0; i < a->out; i++) {
		brn_resize_taps(n, from, i, &t);
		if (t.outside || (i && t.n != a->n))
			return -1;
		a->n = t.n;
		for (int k = 0; k < t.n; k++) {
			a->at[i * t.n + k] = (int32_t)t.at[k];
			a->weight[i * t.n + k] = (float)t.weight[k];
		}
	}
	a->factor = factor_of(a);
	if (a->factor == 1)
		a->n = 0;
	return 0;
}

/* Nothing happens along the axis, whatever it is made of.  */
static int
is_still(const struct brn_node *n, const struct brn_resize_axis *a)
{
	struct brn_taps t;

	if (a->in != a->out)
		return 0;
	for (int64_t i = 0; i < a->out; i++) {
		brn_resize_taps(n, a, i, &t);
		if (t.outside || t.n != 1 || t.at[0] != i)
			return 0;
	}
	return 1;
}

static int
setup(struct resize *k, const struct brn_node *n,
    const struct brn_resize_axis *axis, int rank)
{
	static const struct brn_resize_axis none = { 1, 1, 1, 0, 1 };
	int64_t nplane = 1;

	for (int d = 0; d < rank - 2; d++) {
		if (!is_still(n, &axis[d]))
			return -1;
		nplane *= axis[d].out;
	}
	if (axis_init(&k->a[0], n, rank > 1 ? &axis[rank - 2] : &none) < 0 ||
	    axis_init(&k->a[1], n, &axis[rank - 1]) < 0)
		return -1;
	k->nrow = nplane * k->a[0].out;
	k->rows = brn_alloc((size_t)k->ntask * (size_t)k->a[1].in,
	    sizeof *k->rows);
	return k->rows ? 0 : -1;
}

int
BRN_FOR_ISA(brn_native_resize)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct resize k = { .x = in[0]->data, .y = out->data,
	    .ntask = brn_threads_count(t) };
	struct brn_resize_axis axis[BRN_MAX_RANK];
	int rank = out->type.rank, rc;

	if (!brn_is_f32(in[0]) || rank < 1 || !brn_numel(in[0]) ||
	    !brn_numel(out))
		return BRN_DECLINED;
	brn_resize_axes(n, in, &out->type, axis);
	rc = setup(&k, n, axis, rank);
	if (rc == 0)
		brn_parallel(t, (size_t)k.ntask, run_rows, &k);
	free(k.a[0].at);
	free(k.a[1].at);
	free(k.rows);
	return rc == 0 ? 0 : BRN_DECLINED;
}
