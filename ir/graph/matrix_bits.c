/* SPDX-License-Identifier: Apache-2.0 */
#include "ir/graph/matrix_bits.h"

#include <string.h>

enum { WORD = 64 };

/* Bit i is that w[i] != 0.  NaN != 0 and -0.0 == 0, as wanted.  */
static uint64_t
word_of(const float *w)
{
	typedef float floats __attribute__((vector_size(16), aligned(4)));
	typedef uint32_t lanes __attribute__((vector_size(16)));
	uint64_t word = 0;

	for (int i = 0; i < WORD; i += 32) {
		lanes bit = { 1, 2, 4, 8 }, half = { 0 };

		for (int k = 0; k < 32; k += 4, bit <<= 4)
			half |= (lanes)(*(const floats *)(w + i + k) != 0) &
			    bit;
		word |= (uint64_t)(half[0] | half[1] | half[2] | half[3]) << i;
	}
	return word;
}

/* The same of integers, eight at a time: the high bit of each byte that is not
 * zero, brought together by a multiplication.  */
static uint64_t
word_of_ints(const int8_t *w)
{
	typedef uint64_t bytes __attribute__((aligned(1), may_alias));
	const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t word = 0;

	for (int i = 0; i < WORD; i += 8) {
		uint64_t v = *(const bytes *)(w + i);
		uint64_t high = (((v & low) + low) | v) & ~low;

		word |= (high >> 7) * UINT64_C(0x0102040810204080) >> 56 << i;
	}
	return word;
}

static void
bits_of_ints(const int8_t *w, int64_t cols, uint64_t *bits)
{
	int64_t c = 0;

	for (; c + WORD <= cols; c += WORD)
		*bits++ = word_of_ints(w + c);
	if (c == cols)
		return;
	*bits = 0;
	for (int b = 0; c + b < cols; b++)
		*bits |= (uint64_t)(w[c + b] != 0) << b;
}

static void
bits_of(const float *w, int64_t cols, uint64_t *bits)
{
	int64_t c = 0;

	for (; c + WORD <= cols; c += WORD)
		*bits++ = word_of(w + c);
	if (c == cols)
		return;
	*bits = 0;
	for (int b = 0; c + b < cols; b++)
		*bits |= (uint64_t)(w[c + b] != 0) << b;
}

void
brn_matrix_line_bits(const struct brn_matrix *m, int64_t line, int64_t n,
    uint64_t *bits)
{
	int64_t words = brn_bit_words(n);

	if (m->bits)
		memcpy(bits, m->bits + line * words,
		    (size_t)words * sizeof *bits);
	else if (m->ints)
		bits_of_ints(m->ints + line * n, n, bits);
	else
		bits_of(m->w + line * n, n, bits);
}

uint64_t *
brn_matrix_bits(const struct brn_matrix *m)
{
	int64_t lines = m->trans ? m->cols : m->rows;
	int64_t n = m->trans ? m->rows : m->cols, words = brn_bit_words(n);
	uint64_t *bits = brn_alloc((size_t)lines * (size_t)words, sizeof *bits);

	for (int64_t i = 0; bits && i < lines; i++)
		brn_matrix_line_bits(m, i, n, bits + i * words);
	return bits;
}
