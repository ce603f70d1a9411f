/* SPDX-License-Identifier: Apache-2.0
 *
 * resize of the last two axes of f32.  For a row of the result, rows of x are
 * blended into one, which is then resampled along the columns.  Both steps read
 * tables of taps and weights (ir/op/resize.h).  The ref does other axes,
 * integers, and crops beyond the edge.
 */
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
	float *y, *rows;                /* a row of x for each task, */
	int64_t row_size;               /* at these distances */
	struct axis a[2];               /* rows, columns */
	int64_t nrow, ntask;
};

/* ---- a row --------------------------------------------------------------- */

/* Row i of the result before its columns are resampled: a row of x, or made in
 * to.  */
static const float *
blend_rows(const struct resize *k, const float *plane, int64_t i, float *to)
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

/* The columns of a row.  */
static void
resample(const struct axis *a, const float *restrict x, float *restrict y)
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

/* Is row i of the result equal to row i - 1 of the same plane?  */
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
	float *room = k->rows + (int64_t)task * k->row_size;

	for (int64_t r = first; r < past; r++) {
		const float *plane = k->x + r / k->a[0].out * k->a[0].in *
		    k->a[1].in;
		float *y = k->y + r * cols;

		if (r > first && is_repeated(&k->a[0], r))
			memcpy(y, y - cols, (size_t)cols * sizeof *y);
		else
			resample(&k->a[1], blend_rows(k, plane, r % k->a[0].out,
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

/* How many elements of x each element of the axis is made of; 0: not all of the
 * same number, or some of none.  */
static int
taps_of(const struct brn_node *n, const struct brn_resize_axis *a)
{
	struct brn_taps first, t;

	brn_resize_taps(n, a, 0, &first);
	for (int64_t i = 0; i < a->out; i++) {
		brn_resize_taps(n, a, i, &t);
		if (t.outside || t.n != first.n)
			return 0;
	}
	return first.n;
}

/* Fill the tables of an axis, which begin at room; returns their end.  */
static float *
axis_init(struct axis *a, const struct brn_node *n,
    const struct brn_resize_axis *from, float *room)
{
	struct brn_taps t;

	*a = (struct axis){ .in = from->in, .out = from->out,
	    .at = (int32_t *)(void *)room };
	a->weight = room + from->out * BRN_TAPS;
	for (int64_t i = 0; i < a->out; i++) {
		brn_resize_taps(n, from, i, &t);
		a->n = t.n;
		for (int k = 0; k < t.n; k++) {
			a->at[i * t.n + k] = (int32_t)t.at[k];
			a->weight[i * t.n + k] = (float)t.weight[k];
		}
	}
	a->factor = factor_of(a);
	if (a->factor == 1)
		a->n = 0;
	return a->weight + from->out * BRN_TAPS;
}

/* Does each element stay what it is, whatever the mode?  */
static int
is_unchanged(const struct brn_node *n, const struct brn_resize_axis *a)
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

/* ---- the form ------------------------------------------------------------ */

/* Every axis; those of rows and columns, of which a rank of 1 has no rows, at
 * axis[rank - 2] and axis[rank - 1] of the result.  */
static const struct brn_resize_axis *
set_axes(const struct brn_call *c,
    struct brn_resize_axis axis[BRN_MAX_RANK + 1])
{
	axis[0] = (struct brn_resize_axis){ 1, 1, 1, 0, 1 };
	brn_resize_axes(c->n, c->in, &c->out->type, axis + 1);
	return axis + 1;
}

/* Scales and sizes are known where the shape of the result is; roi, which
 * tf_crop_and_resize alone reads, need not be.  */
static int
is_known(const struct brn_call *c)
{
	for (int i = 1; i < c->n->nin; i++)
		if (c->in[i] && brn_numel(c->in[i]) && !c->in[i]->data)
			return 0;
	return 1;
}

int
BRN_FOR_ISA(brn_takes_resize)(const struct brn_call *c)
{
	struct brn_resize_axis room[BRN_MAX_RANK + 1];
	const struct brn_resize_axis *axis;
	int rank = c->out->type.rank;

	if (!brn_is_f32(c->in[0]) || rank < 1 || brn_numel(c->in[0]) <= 0 ||
	    brn_numel(c->out) <= 0 || !is_known(c))
		return 0;
	axis = set_axes(c, room);
	for (int d = 0; d < rank - 2; d++)
		if (!is_unchanged(c->n, &axis[d]))
			return 0;
	for (int d = rank - 2; d < rank; d++)
		if (axis[d].in > INT32_MAX || axis[d].out > INT32_MAX / 8 ||
		    !taps_of(c->n, &axis[d]))
			return 0;
	return 1;
}

/* Tables of both axes, and a row of x for each thread.  */
struct brn_room
BRN_FOR_ISA(brn_room_resize)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type, *y = &c->out->type;
	int64_t rows = y->rank > 1 ? y->dim[y->rank - 2] : 1;

	return (struct brn_room){ 2 * BRN_TAPS * (rows +
	    y->dim[y->rank - 1]), x->dim[x->rank - 1] };
}

int
BRN_FOR_ISA(brn_planes_resize)(const struct brn_call *c)
{
	struct brn_resize_axis room[BRN_MAX_RANK + 1];
	const struct brn_resize_axis *axis = set_axes(c, room);
	int rank = c->out->type.rank;
	struct resize k = {
		.x = c->in[0]->data,
		.y = c->out->data,
		.rows = c->scratch,
		.row_size = c->scratch_size,
		.ntask = brn_threads_count(c->threads),
	};

	axis_init(&k.a[1], c->n, &axis[rank - 1],
	    axis_init(&k.a[0], c->n, &axis[rank - 2], c->shared));
	k.nrow = brn_numel(c->out) / k.a[1].out;
	brn_parallel(c->threads, (size_t)k.ntask, run_rows, &k);
	return 0;
}
