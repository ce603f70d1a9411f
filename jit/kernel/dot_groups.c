/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored columns in groups of the dot width.
 */
#include "jit/kernel/dot_groups.h"

#include <string.h>

#include "ir/graph/half.h"
#include "ir/graph/step.h"

int
brn_dot_groups_aligned(const struct brn_spec *s)
{
	return brn_spec_is_full(s) || s->bw % brn_elems[s->elem].dot == 0;
}

/* The first block of block row b.  A full pattern has no index arrays.  */
static int64_t
first_block(const struct brn_spec *s, int32_t b)
{
	return s->rowptr ? s->rowptr[b] : (int64_t)b * s->nbcol;
}

static int64_t
stored_columns(const struct brn_spec *s, int32_t b)
{
	return (first_block(s, b + 1) - first_block(s, b)) * s->bw;
}

int64_t
brn_dot_groups_in_row(const struct brn_spec *s, int32_t b)
{
	return brn_dot_groups_of(s->elem, stored_columns(s, b));
}

int64_t
brn_dot_groups_before(const struct brn_spec *s, int32_t b)
{
	int64_t n = 0;

	for (int32_t i = 0; i < b; i++)
		n += brn_dot_groups_in_row(s, i);
	return n;
}

/* Stored column i of block row b.  */
static int32_t
column(const struct brn_spec *s, int32_t b, int64_t i)
{
	int64_t at = first_block(s, b) + i / s->bw;
	int32_t block = s->colidx ? s->colidx[at] :
	    (int32_t)(at - first_block(s, b));

	return block * s->bw + (int32_t)(i % s->bw);
}

/* The column that stands for those that a group lacks.  */
static int32_t
filler(const struct brn_spec *s)
{
	return s->elem == BRN_ELEM_bf16 ? s->nbcol * s->bw : 0;
}

void
brn_dot_group_columns(const struct brn_spec *s, int32_t *col)
{
	int dot = brn_elems[s->elem].dot;

	for (int32_t b = 0; b < s->nbrow; b++) {
		int64_t n = stored_columns(s, b);

		for (int64_t i = 0; i < n; i++)
			*col++ = column(s, b, i);
		for (; n % dot; n++)
			*col++ = filler(s);
	}
}

/* Four columns of 16 rows, one after the other, as rows of four columns.  */
static void
turn_16(const int8_t *in, int8_t *out)
{
	typedef int8_t bytes __attribute__((vector_size(16), aligned(1)));
	typedef int16_t pairs __attribute__((vector_size(16), aligned(1),
	    may_alias));
	const bytes lo = { 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7,
	    23 }, hi = lo + 8;
	const pairs lo2 = { 0, 8, 1, 9, 2, 10, 3, 11 }, hi2 = lo2 + 4;
	const bytes *c = (const bytes *)in;
	pairs *to = (pairs *)out;

	for (int half = 0; half < 2; half++) {
		bytes at = half ? hi : lo;
		pairs a = (pairs)__builtin_shuffle(c[0], c[1], at);
		pairs b = (pairs)__builtin_shuffle(c[2], c[3], at);

		*to++ = __builtin_shuffle(a, b, lo2);
		*to++ = __builtin_shuffle(a, b, hi2);
	}
}

/* n <= 4 columns of bh rows as a group.  */
static void
pack_group(const int8_t *in, int64_t n, int64_t bh, int8_t *out)
{
	if (n == 4 && bh == 16) {
		turn_16(in, out);
		return;
	}
	for (int64_t r = 0; r < bh; r++)
		for (int64_t i = 0; i < 4; i++)
			out[4 * r + i] = i < n ? in[i * bh + r] : 0;
}

void
brn_pack_dot_ints(const struct brn_spec *s, const int8_t *ints, int8_t *out)
{
	for (int32_t b = 0; b < s->nbrow; b++)
		for (int64_t n = stored_columns(s, b); n > 0; n -= 4) {
			pack_group(ints, n < 4 ? n : 4, s->bh, out);
			ints += (n < 4 ? n : 4) * s->bh;
			out += 4 * s->bh;
		}
}

/* Element i of out.  */
static void
put(enum brn_elem e, void *out, int64_t i, float v)
{
	if (e == BRN_ELEM_bf16)
		((uint16_t *)out)[i] = brn_f32_to_bf16(v);
	else
		((int8_t *)out)[i] = (int8_t)brn_round_small(v);
}

void
brn_pack_dot_groups(const struct brn_spec *s, const float *vals,
    const float *scale, void *out)
{
	int64_t dot = brn_elems[s->elem].dot, group = 0;

	memset(out, 0, 4 * (size_t)brn_dot_groups_before(s, s->nbrow) *
	    (size_t)s->bh);
	for (int32_t b = 0; b < s->nbrow; b++) {
		int64_t n = stored_columns(s, b);

		for (int64_t i = 0; i < n; i++)
			for (int64_t r = 0; r < s->bh; r++) {
				float v = *vals++;

				put(s->elem, out, ((group + i / dot) * s->bh +
				    r) * dot + i % dot, scale ?
				    v / scale[b * s->bh + r] : v);
			}
		group += brn_dot_groups_of(s->elem, n);
	}
}
