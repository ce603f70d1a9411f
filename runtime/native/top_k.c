/* SPDX-License-Identifier: Apache-2.0
 *
 * top_k of f32: a heap of k keys for each line along the axis.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

struct top_k {
	struct brn_job job;
	uint64_t *heap;                 /* [rows][k] */
	int64_t n, k, step;             /* lines of n, elements step apart */
	int largest;
};

/* Element i, v, as a key: greater keys come first in the result.  The high half
 * orders by value, NaN first, the low half by position.  */
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

static inline int64_t
position(uint64_t key)
{
	return UINT32_MAX - (uint32_t)key;
}

/* Replace the smallest key, heap[0].  */
static void
replace_smallest(uint64_t *heap, int64_t n, uint64_t key)
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

/* May v be among the first where t is the last of them?  NaN may.  */
static inline int
may_enter(float v, float t, int largest)
{
	return largest ? !(v <= t) : !(v >= t);
}

/* The k greatest keys of n elements that are step apart, the greatest first.  A
 * heap of the first k elements is made, then others replace the smallest.  */
static void
find_top(const struct top_k *t, const float *x, int64_t n, uint64_t *heap)
{
	int64_t step = t->step, k = t->k;
	int largest = t->largest;
	float last;

	memset(heap, 0, (size_t)k * sizeof *heap);
	for (int64_t i = 0; i < k; i++)
		replace_smallest(heap, k, key_of(x[i * step], i, largest));
	last = x[position(heap[0]) * step];
	for (int64_t i = k; i < n; i++) {
		float v = x[i * step];

		if (!may_enter(v, last, largest) ||
		    key_of(v, i, largest) < heap[0])
			continue;
		replace_smallest(heap, k, key_of(v, i, largest));
		last = x[position(heap[0]) * step];
	}
	for (int64_t left = k - 1; left > 0; left--) {
		uint64_t least = heap[0];

		replace_smallest(heap, left, heap[left]);
		heap[left] = least;
	}
}

/* Row r is line r % step of outer part r / step.  */
static void
run_top_k(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct top_k *t = (const struct top_k *)j;

	for (int64_t r = r0; r < r1; r++) {
		int64_t outer = r / t->step, line = r % t->step;
		int64_t to = outer * t->k * t->step + line;
		const float *x = brn_f32(j->in[0]) + outer * t->n * t->step +
		    line;
		uint64_t *heap = t->heap + r * t->k;

		find_top(t, x, t->n, heap);
		for (int64_t i = 0; i < t->k; i++, to += t->step)
			if (brn_is_f32(j->out))
				((float *)j->out->data)[to] =
				    x[position(heap[i]) * t->step];
			else
				((int64_t *)j->out->data)[to] =
				    position(heap[i]);
	}
}

int
BRN_FOR_ISA(brn_takes_top_k)(const struct brn_call *c)
{
	int rank = c->out->type.rank;

	return brn_is_f32(c->in[0]) && rank >= 1 && brn_numel(c->out) &&
	    c->in[0]->type.dim[brn_axis(brn_attr_int(c->n, "axis"), rank)] <
	    UINT32_MAX;
}

/* A key of 64 bits for each element of the result.  */
struct brn_room
BRN_FOR_ISA(brn_room_top_k)(const struct brn_call *c)
{
	return (struct brn_room){ 2 * brn_numel(c->out), 0 };
}

int
BRN_FOR_ISA(brn_rows_top_k)(const struct brn_call *c)
{
	const struct brn_type *x = &c->in[0]->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), x->rank);
	struct top_k k = {
		.job = brn_job_of(c, run_top_k),
		.heap = (uint64_t *)(void *)c->shared,
		.n = x->dim[axis],
		.k = c->out->type.dim[axis],
		.step = 1,
		.largest = brn_attr_int(c->n, "largest") != 0,
	};

	for (int d = axis + 1; d < x->rank; d++)
		k.step *= x->dim[d];
	k.job.cols = k.n;
	k.job.rows = brn_numel(c->out) / k.k;
	return brn_job_run(&k.job, c->threads);
}
