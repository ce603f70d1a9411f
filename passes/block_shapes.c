/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting the blocks of all candidates at once.  Of every strip of 32 rows a
 * bitmap is made, one bit an element; pairs of its rows are then joined by OR
 * again and again, which gives the bitmaps of blocks 2, 4, .. 32 rows high.
 * Blocks wider than one element are joined inside the 64-bit words.  In a
 * matrix that lies column by column, rows are columns and high is wide.
 */
#include "passes/block_shapes.h"

#include <stdlib.h>

#include "ir/graph/matrix_bits.h"

enum { STRIP = 32, WORD = 64 };

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

/* Groups of bw bits with a bit set.  Words are a whole number of groups.  */
static int
count_groups(uint64_t word, int bw)
{
	if (word == UINT64_MAX)
		return WORD / bw;
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

/* Add the blocks of a strip of so many rows; the strip is used up.  */
static void
count_blocks(struct strip *s, int trans, int64_t nblk[BRN_NUM_BLOCKS])
{
	for (int high = 1; high <= STRIP; high *= 2) {
		for (int k = 0; k < BRN_NUM_BLOCKS; k++) {
			const struct brn_block *b = &brn_blocks[k];

			if ((trans ? b->bw : b->bh) == high)
				nblk[k] += count_strip(s, trans ? b->bh :
				    b->bw);
		}
		join_rows(s);
	}
}

int
brn_blocks_count(const struct brn_matrix *m, struct brn_counts *out,
    burin_error *err)
{
	int64_t rows = m->trans ? m->cols : m->rows;
	int64_t cols = m->trans ? m->rows : m->cols;
	struct strip s = { .words = brn_bit_words(cols) };

	s.bits = brn_alloc((size_t)s.words * STRIP, sizeof *s.bits);
	if (!s.bits)
		return brn_nomem(err);
	*out = (struct brn_counts){ .mask = (uint64_t)m->trans };
	for (int64_t r0 = 0; r0 < rows; r0 += STRIP) {
		s.n = rows - r0 < STRIP ? (int)(rows - r0) : STRIP;
		for (int i = 0; i < s.n; i++)
			brn_matrix_line_bits(m, r0 + i, cols,
			    s.bits + i * s.words);
		out->mask = hash_strip(&s, out->mask);
		count_blocks(&s, m->trans, out->nblk);
	}
	free(s.bits);
	return BURIN_OK;
}

/* ---- row groups ------------------------------------------------------- */

struct rows {
	uint64_t *hash;
	int64_t *nonzero;
};

/* A number for a column such that sums of some are unlikely to be equal.  */
static uint64_t
number(int64_t col)
{
	uint64_t h = ((uint64_t)col + 1) * UINT64_C(0x9e3779b97f4a7c15);

	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* The nonzeros of a line of the matrix as it lies: each adds its column to its
 * row.  */
static void
add_line(struct rows *r, const uint64_t *bits, int64_t words, int64_t line,
    int trans)
{
	for (int64_t k = 0; k < words; k++)
		for (uint64_t b = bits[k]; b; b &= b - 1) {
			int64_t at = k * WORD + __builtin_ctzll(b);
			int64_t row = trans ? at : line;

			r->hash[row] += number(trans ? line : at);
			r->nonzero[row]++;
		}
}

static int
sum_groups(const struct rows *r, int64_t n, struct brn_row_stats *out,
    burin_error *err)
{
	struct brn_row_groups g;
	int rc = brn_row_groups_find(r->hash, (int32_t)n, 1, &g, err);

	if (rc < 0)
		return rc;
	*out = (struct brn_row_stats){ { 0 } };
	for (int z = 0; z < BRN_GROUP_SIZES; z++)
		for (int32_t i = g.first[z][0]; i < g.first[z][g.nwindow]; i++)
			out->weights[z] += r->nonzero[g.row[i]];
	brn_row_groups_clear(&g);
	return BURIN_OK;
}

int
brn_count_row_groups(const struct brn_matrix *m, struct brn_row_stats *out,
    burin_error *err)
{
	int64_t lines = m->trans ? m->cols : m->rows;
	int64_t len = m->trans ? m->rows : m->cols;
	int64_t words = brn_bit_words(len);
	uint64_t *bits = brn_alloc((size_t)words, sizeof *bits);
	struct rows r = {
		brn_alloc((size_t)m->rows, sizeof *r.hash),
		brn_alloc((size_t)m->rows, sizeof *r.nonzero),
	};
	int rc;

	if (bits && r.hash && r.nonzero) {
		for (int64_t i = 0; i < lines; i++) {
			brn_matrix_line_bits(m, i, len, bits);
			add_line(&r, bits, words, i, m->trans);
		}
		rc = sum_groups(&r, m->rows, out, err);
	} else {
		rc = brn_nomem(err);
	}
	free(bits);
	free(r.hash);
	free(r.nonzero);
	return rc;
}
