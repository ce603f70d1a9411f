/* SPDX-License-Identifier: Apache-2.0
 *
 * Stored columns in pairs.
 */
#include "jit/kernel/pairs.h"

#include "ir/graph/half.h"

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
brn_pairs_in_row(const struct brn_spec *s, int32_t b)
{
	return brn_pairs_of(stored_columns(s, b));
}

int64_t
brn_pairs_before(const struct brn_spec *s, int32_t b)
{
	int64_t n = 0;

	for (int32_t i = 0; i < b; i++)
		n += brn_pairs_in_row(s, i);
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

void
brn_pair_columns(const struct brn_spec *s, int32_t *col)
{
	for (int32_t b = 0; b < s->nbrow; b++) {
		int64_t n = stored_columns(s, b);

		for (int64_t i = 0; i < n; i++)
			*col++ = column(s, b, i);
		if (n % 2)
			*col++ = s->nbcol * s->bw;
	}
}

void
brn_pack_pairs(const struct brn_spec *s, const float *vals, uint16_t *out)
{
	for (int32_t b = 0; b < s->nbrow; b++) {
		int64_t n = stored_columns(s, b), end = 2 * brn_pairs_of(n);

		for (int64_t i = 0; i < end; i++) {
			for (int r = 0; r < s->bh; r++)
				out[2 * r + i % 2] = i < n ?
				    brn_f32_to_bf16(*vals++) : 0;
			out += i % 2 * 2 * s->bh;
		}
	}
}
