/* SPDX-License-Identifier: Apache-2.0
 *
 * A tensor as heads: [batch][heads][seq][depth], or [batch][seq][heads *
 * depth], which is how ONNX's Attention and RotaryEmbedding take them.
 */
#ifndef BRN_HEADS_H
#define BRN_HEADS_H

#include "ir/graph/tensor.h"

struct brn_heads {
	float *p;
	int64_t batch, heads, seq, depth;
	int64_t step[3];                /* from batch to batch, head, seq */
};

/* Sizes may be symbols, whose product means nothing.  */
static inline int64_t
brn_heads_mul(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a * (uint64_t)b);
}

/* heads counts for a rank of 3 only.  Sizes may be symbols; depth is -1 when
 * the heads do not divide the features.  */
static inline struct brn_heads
brn_heads_of(const struct brn_type *t, void *p, int64_t heads)
{
	const int64_t *d = t->dim;
	struct brn_heads v = { .p = p, .batch = d[0] };

	if (t->rank == 4) {
		v.heads = d[1];
		v.seq = d[2];
		v.depth = d[3];
		v.step[1] = brn_heads_mul(d[2], d[3]);
		v.step[0] = brn_heads_mul(d[1], v.step[1]);
		v.step[2] = d[3];
		return v;
	}
	v.heads = heads;
	v.seq = d[1];
	v.depth = heads < 1 || d[2] < 0 || d[2] % heads ? -1 : d[2] / heads;
	v.step[0] = brn_heads_mul(d[1], d[2]);
	v.step[1] = v.depth;
	v.step[2] = d[2];
	return v;
}

static inline float *
brn_heads_at(const struct brn_heads *v, int64_t b, int64_t h, int64_t s)
{
	return v->p + b * v->step[0] + h * v->step[1] + s * v->step[2];
}

#endif
