/* SPDX-License-Identifier: Apache-2.0
 *
 * What attention in fp32 and on integers share.
 */
#ifndef BRN_NATIVE_ATTENTION_H
#define BRN_NATIVE_ATTENTION_H

#include "ir/graph/rounds.h"
#include "runtime/native/isa.h"

struct attention {
	const struct brn_call *c;
	struct brn_tiles q, k, v;
	int64_t heads, depth, width;
	float scale;
	int64_t nitem, ntask;           /* batch x head x tile of queries */
	/* The mask's stride along batch, head, query and key; 0: broadcast. */
	const float *mask;
	int64_t step[4];
	const float *rounds;            /* ir/graph/rounds.h; or NULL */
};

/* Round n scores, if they are at that place.  */
static inline void
brn_round_scores(const float *rounds, enum brn_score_round which, float *s,
    int64_t n)
{
	const float *r = rounds + 2 * which;

	if (r[0] > 0)
		BRN_FOR_ISA(brn_round)(s, s, n, r[0], (int)r[1]);
}

/* The mask of a head; NULL: none.  */
static inline const float *
brn_head_mask(const struct attention *t, int64_t batch, int64_t head)
{
	return t->mask ? t->mask + (t->c->batch0 + batch) * t->step[0] +
	    head * t->step[1] : NULL;
}

/* The number of keys up to the last that is not masked: exp of the others is 0
 * for any scores less than 5000 apart.  *mask becomes NULL if it is 0 for all
 * that are left.  */
int64_t BRN_FOR_ISA(brn_unmasked_keys)(const struct attention *t,
    const float **mask);

/* Scores s[key][16 queries], the first of which is query, += mask, which may
 * be NULL.  */
void BRN_FOR_ISA(brn_mask_scores)(const struct attention *t,
    const float *mask, int64_t query, int64_t keys, float *s);

/* The maximum of each lane of s[keys][16]; NaN counts as less than all.  */
void BRN_FOR_ISA(brn_max_lines)(const float *s, int64_t keys,
    float max[BRN_TILE]);

/* s = exp(s - max) of each lane of s[keys][16]; scale is the inverse of its
 * sum, 0 for a sum of 0 if nan_to_zero.  sink, which may be NULL, is one score
 * more of each lane.  */
void BRN_FOR_ISA(brn_softmax_lines)(float *s, int64_t keys,
    const float sink[BRN_TILE], float scale[BRN_TILE], int nan_to_zero);

/* Are the products of c on 16-bit integers: may they be, has the processor
 * VPDPWSSD, and do heads have queries enough to pack K and V for?  */
int BRN_FOR_ISA(brn_takes_attention_int16)(const struct brn_call *c);
/* Floats a thread.  */
int64_t BRN_FOR_ISA(brn_room_attention_int16)(const struct brn_call *c);
/* Items from .. to - 1 in a thread's room.  */
void BRN_FOR_ISA(brn_attention_int16)(const struct attention *t, int64_t from,
    int64_t to, float *room);

#endif
