/* SPDX-License-Identifier: Apache-2.0
 *
 * top_k of f32 along the last axis: a heap of k keys for each row.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

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

/* The k greatest keys of a row, the greatest first.  Keys are above 0, since
 * positions are below 2^32 - 1.  */
static void
find_top(const float *x, int64_t n, uint64_t *heap, int64_t k, int largest)
{
	memset(heap, 0, (size_t)k * sizeof *heap);
	for (int64_t i = 0; i < n; i++) {
		uint64_t key = key_of(x[i], i, largest);

		if (key > heap[0])
			replace_smallest(heap, k, key);
	}
	for (int64_t left = k - 1; left > 0; left--) {
		uint64_t least = heap[0];

		replace_smallest(heap, left, heap[left]);
		heap[left] = least;
	}
}

struct top_k {
	struct brn_job job;
	uint64_t *heap;                 /* [rows][k] */
	int64_t k;
	int largest;
};

static void
run_top_k(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct top_k *t = (const struct top_k *)j;

	for (int64_t r = r0; r < r1; r++) {
		const float *x = brn_f32(j->in[0]) + r * j->cols;
		uint64_t *heap = t->heap + r * t->k;

		find_top(x, j->cols, heap, t->k, t->largest);
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
BRN_FOR_ISA(brn_takes_top_k)(const struct brn_call *c)
{
	int rank = c->out->type.rank;

	return brn_is_f32(c->in[0]) && rank >= 1 && brn_numel(c->out) &&
	    brn_axis(brn_attr_int(c->n, "axis"), rank) == rank - 1 &&
	    c->in[0]->type.dim[rank - 1] < UINT32_MAX;
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
	int last = c->out->type.rank - 1;
	struct top_k k = {
		.job = brn_job_of(c, run_top_k),
		.heap = (uint64_t *)(void *)c->shared,
		.k = c->out->type.dim[last],
		.largest = brn_attr_int(c->n, "largest") != 0,
	};

	k.job.cols = c->in[0]->type.dim[last];
	k.job.rows = brn_numel(c->out) / k.k;
	return brn_job_run(&k.job, c->threads);
}
