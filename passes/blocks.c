/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting the blocks of all candidates at once.  Of every strip of 32 rows a
 * bitmap is made, one bit an element; pairs of its rows are then joined by OR
 * again and again, which gives the bitmaps of blocks 2, 4, .. 32 rows high.
 * Blocks wider than one element are joined inside the 64-bit words.
 */
#include "passes/blocks.h"

#include <stdlib.h>

#define STRIP 32
#define WORD 64

const struct brn_block brn_blocks[BRN_NUM_BLOCKS] = {
	{ 32, 32 }, { 16, 16 }, { 8, 8 },
	{ 32, 1 },
	{ 16, 1 }, { 4, 4 }, { 1, 16 },
	{ 8, 1 }, { 1, 8 },
	{ 4, 1 }, { 1, 4 },
	{ 2, 1 },
	{ 1, 1 },
};

/* Rows of a strip, at some block height.  */
struct strip {
	uint64_t *bits;         /* [n][words] */
	int64_t words;
	int n;
};

/* NaN != 0 and -0.0 == 0, as wanted.  */
static void
mark_row(const float *w, int64_t cols, uint64_t *bits)
{
	for (int64_t c0 = 0; c0 < cols; c0 += WORD) {
		int n = cols - c0 < WORD ? (int)(cols - c0) : WORD;
		uint64_t word = 0;

		for (int b = 0; b < n; b++)
			word |= (uint64_t)(w[c0 + b] != 0) << b;
		*bits++ = word;
	}
}

/* Groups of bw bits with a bit set.  Words are a whole number of groups.  */
static int
count_groups(uint64_t word, int bw)
{
	for (int s = 1; s < bw; s *= 2)
		word |= word >> s;
	word &= ~UINT64_C(0) / ((UINT64_C(1) << bw) - 1);
	return __builtin_popcountll(word);
}

static int64_t
count_strip(const struct strip *s, int bw)
{
	int64_t n = 0;

	for (int64_t i = 0; i < s->n * s->words; i++)
		if (s->bits[i])
			n += count_groups(s->bits[i], bw);
	return n;
}

/* Each word is multiplied into h, and what is high comes down.  */
static uint64_t
hash_strip(const struct strip *s, uint64_t h)
{
	for (int64_t i = 0; i < s->n * s->words; i++) {
		h = (h ^ s->bits[i]) * UINT64_C(0x9e3779b97f4a7c15);
		h ^= h >> 29;
	}
	return h;
}

/* Join rows 2i and 2i + 1 into row i.  */
static void
join_rows(struct strip *s)
{
	for (int i = 0; i < s->n; i++) {
		uint64_t *to = s->bits + i / 2 * s->words;
		const uint64_t *from = s->bits + i * s->words;

		for (int64_t k = 0; k < s->words; k++)
			to[k] = i % 2 ? to[k] | from[k] : from[k];
	}
	s->n = (s->n + 1) / 2;
}

int
brn_blocks_count(const float *w, int64_t rows, int64_t cols,
    struct brn_counts *out, burin_error *err)
{
	struct strip s = { .words = (cols + WORD - 1) / WORD };

	s.bits = brn_alloc((size_t)s.words * STRIP, sizeof *s.bits);
	if (!s.bits)
		return brn_nomem(err);
	*out = (struct brn_counts){ .mask = (uint64_t)(rows * STRIP + cols) };
	for (int64_t r0 = 0; r0 < rows; r0 += STRIP) {
		s.n = rows - r0 < STRIP ? (int)(rows - r0) : STRIP;
		for (int i = 0; i < s.n; i++)
			mark_row(w + (r0 + i) * cols, cols,
			    s.bits + i * s.words);
		out->mask = hash_strip(&s, out->mask);
		for (int bh = 1; bh <= STRIP; bh *= 2) {
			for (int k = 0; k < BRN_NUM_BLOCKS; k++)
				if (brn_blocks[k].bh == bh)
					out->nblk[k] += count_strip(&s,
					    brn_blocks[k].bw);
			join_rows(&s);
		}
	}
	free(s.bits);
	return BURIN_OK;
}
