/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that choose elements by value or put them in chosen places: top_k along
 * the last axis, scatter_nd and scatter_elements of floats.  An index out of
 * range is the ref's to report.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph/iter.h"
#include "runtime/native/isa.h"

/* ---- top_k --------------------------------------------------------------- */

/* An element as a number whose order is that of the result: the value, NaN as
 * the greatest, then the place, the first before the others.  */
static inline uint64_t
key_of(float v, int64_t i, int largest)
{
	uint32_t bits;

	v = v == 0 ? 0 : v;
	memcpy(&bits, &v, sizeof bits);
	bits = v != v ? UINT32_MAX : bits & 0x80000000u ? ~bits :
	    bits | 0x80000000u;
	return (uint64_t)(largest ? bits : ~bits) << 32 |
	    (uint32_t)(UINT32_MAX - (uint32_t)i);
}

/* The smallest key is heap[0]; put key in the place of it.  */
static void
sift(uint64_t *heap, int64_t n, uint64_t key)
{
	int64_t at = 0, child;

	while ((child = 2 * at + 1) < n) {
		child += child + 1 < n && heap[child + 1] < heap[child];
		if (heap[child] >= key)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = key;
}

/* The k greatest keys of a row, the greatest first.  Keys are above 0, since
 * places are below 2^32 - 1.  */
static void
top_of(const float *x, int64_t n, uint64_t *heap, int64_t k, int largest)
{
	memset(heap, 0, (size_t)k * sizeof *heap);
	for (int64_t i = 0; i < n; i++) {
		uint64_t key = key_of(x[i], i, largest);

		if (key > heap[0])
			sift(heap, k, key);
	}
	for (int64_t left = k - 1; left > 0; left--) {
		uint64_t least = heap[0];

		sift(heap, left, heap[left]);
		heap[left] = least;
	}
}

struct top {
	struct brn_job job;
	uint64_t *heap;                 /* [rows][k] */
	int64_t k;
	int largest;
};

static void
run_top(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct top *t = (const struct top *)j;

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * j->cols;
		uint64_t *heap = t->heap + r * t->k;

		top_of(x, j->cols, heap, t->k, t->largest);
		for (int64_t i = 0; i < t->k; i++) {
			int64_t at = UINT32_MAX - (uint32_t)heap[i];

			if (brn_is_f32(j->out))
				((float *)j->out->data)[r * t->k + i] = x[at];
			else
				((int64_t *)j->out->data)[r * t->k + i] = at;
		}
	}
}

int
BRN_FOR_ISA(brn_native_top_k)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct top k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_top },
	    .largest = brn_attr_int(n, "largest") != 0 };
	int rank = out->type.rank;

	if (!brn_is_f32(in[0]) || rank < 1 || !brn_numel(out) ||
	    brn_axis(brn_attr_int(n, "axis"), rank) != rank - 1)
		return BRN_DECLINED;
	k.k = out->type.dim[rank - 1];
	k.job.cols = in[0]->type.dim[rank - 1];
	k.job.rows = brn_numel(out) / k.k;
	k.heap = brn_alloc((size_t)brn_numel(out), sizeof *k.heap);
	if (!k.heap || k.job.cols >= UINT32_MAX) {
		free(k.heap);
		return BRN_DECLINED;
	}
	brn_job_run(&k.job, t);
	free(k.heap);
	return 0;
}

/* ---- scatter ------------------------------------------------------------- */

enum { REPLACE, ADD };

static int
is_plain(const struct brn_node *n, const struct brn_tensor *const *in)
{
	return brn_is_f32(in[0]) && in[1]->type.dtype == BURIN_I64 &&
	    brn_attr_int(n, "reduction") <= ADD;
}

/* n of [-dim, dim), as one of [0, dim); -1: it is not.  */
static inline int64_t
place(int64_t n, int64_t dim)
{
	n = n < 0 ? n + dim : n;
	return n < dim ? n : -1;
}

static void
put(float *restrict y, const float *restrict u, int64_t n, int add)
{
	if (add)
		for (int64_t i = 0; i < n; i++)
			y[i] += u[i];
	else
		memcpy(y, u, (size_t)n * sizeof *y);
}

int
BRN_FOR_ISA(brn_native_scatter_nd)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	const struct brn_type *index = &in[1]->type;
	const int64_t *at = in[1]->data;
	int64_t stride[BRN_MAX_RANK], size = 1, k = index->dim[index->rank - 1];
	int64_t count = k ? brn_numel(in[1]) / k : 0;
	int add = brn_attr_int(n, "reduction") == ADD;

	(void)t;
	if (!is_plain(n, in) || !k || !brn_numel(out))
		return BRN_DECLINED;
	brn_type_strides(&out->type, stride);
	for (int d = (int)k; d < out->type.rank; d++)
		size *= out->type.dim[d];
	memcpy(out->data, in[0]->data, (size_t)brn_numel(out) * sizeof (float));
	for (int64_t i = 0; i < count; i++) {
		int64_t to = 0;

		for (int d = 0; d < k; d++) {
			int64_t p = place(*at++, out->type.dim[d]);

			if (p < 0)
				return BRN_DECLINED;
			to += p * stride[d];
		}
		put((float *)out->data + to, brn_f32(in[2]) + i * size, size,
		    add);
	}
	return 0;
}

int
BRN_FOR_ISA(brn_native_scatter_elements)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	int axis = brn_axis(brn_attr_int(n, "axis"), out->type.rank);
	int add = brn_attr_int(n, "reduction") == ADD;
	const int64_t *index = in[1]->data;
	int64_t stride[BRN_MAX_RANK], step;
	struct brn_iter it;

	(void)t;
	if (!is_plain(n, in) || axis < 0)
		return BRN_DECLINED;
	memcpy(out->data, in[0]->data, (size_t)brn_numel(out) * sizeof (float));
	brn_type_strides(&out->type, stride);
	step = stride[axis];
	stride[axis] = 0;
	brn_iter_init(&it, &in[1]->type);
	for (brn_iter_add_strided(&it, 0, stride); it.left;
	    brn_iter_next(&it)) {
		int64_t p = place(index[it.pos], out->type.dim[axis]);
		float *y;

		if (p < 0)
			return BRN_DECLINED;
		y = (float *)out->data + it.off[0] + p * step;
		put(y, brn_f32(in[2]) + it.pos, 1, add);
	}
	return 0;
}
