/* SPDX-License-Identifier: Apache-2.0
 *
 * Into the tile layout and back: transposes of 4 x 4, which every instruction
 * set does in registers.
 */
#include <string.h>

#include "jit/abi.h"
#include "runtime/native_isa.h"

typedef float v4 __attribute__((vector_size(16), aligned(4)));
typedef int v4i __attribute__((vector_size(16)));

static inline void
transpose4(v4 r[4])
{
	v4 a = __builtin_shuffle(r[0], r[1], (v4i){ 0, 4, 1, 5 });
	v4 b = __builtin_shuffle(r[0], r[1], (v4i){ 2, 6, 3, 7 });
	v4 c = __builtin_shuffle(r[2], r[3], (v4i){ 0, 4, 1, 5 });
	v4 d = __builtin_shuffle(r[2], r[3], (v4i){ 2, 6, 3, 7 });

	r[0] = __builtin_shuffle(a, c, (v4i){ 0, 1, 4, 5 });
	r[1] = __builtin_shuffle(a, c, (v4i){ 2, 3, 6, 7 });
	r[2] = __builtin_shuffle(b, d, (v4i){ 0, 1, 4, 5 });
	r[3] = __builtin_shuffle(b, d, (v4i){ 2, 3, 6, 7 });
}

/* 4 rows of 4 from a (row stride lda) to 4 columns of b.  */
static inline void
move4(const float *a, int64_t lda, float *b, int64_t ldb)
{
	v4 r[4];

	for (int i = 0; i < 4; i++)
		r[i] = *(const v4 *)(a + i * lda);
	transpose4(r);
	for (int i = 0; i < 4; i++)
		*(v4 *)(b + i * ldb) = r[i];
}

/* b[j][i] = a[i][j] for n rows and m columns of a.  */
static void
transpose(const float *a, int64_t lda, float *b, int64_t ldb, int64_t n,
    int64_t m)
{
	int64_t i = 0, j;

	for (; i + 4 <= n; i += 4) {
		for (j = 0; j + 4 <= m; j += 4)
			move4(a + i * lda + j, lda, b + j * ldb + i, ldb);
		for (; j < m; j++)
			for (int k = 0; k < 4; k++)
				b[j * ldb + i + k] = a[(i + k) * lda + j];
	}
	for (; i < n; i++)
		for (j = 0; j < m; j++)
			b[j * ldb + i] = a[i * lda + j];
}

/* Tokens of a tile that exist.  */
static int64_t
tokens_in(int64_t tokens, int64_t tile)
{
	int64_t n = tokens - tile * BRN_TILE;

	return n < BRN_TILE ? n : BRN_TILE;
}

void
BRN_FOR_ISA(brn_to_tiles)(const float *x, int64_t tokens, int64_t cols,
    int64_t colsp, float *t, int64_t tile0, int64_t tile1)
{
	for (int64_t i = tile0; i < tile1; i++) {
		int64_t n = tokens_in(tokens, i);
		float *to = t + i * colsp * BRN_TILE;

		if (n < BRN_TILE)
			memset(to, 0, (size_t)(cols * BRN_TILE) * sizeof *to);
		transpose(x + i * BRN_TILE * cols, cols, to, BRN_TILE, n,
		    cols);
		memset(to + cols * BRN_TILE, 0,
		    (size_t)((colsp - cols) * BRN_TILE) * sizeof *to);
	}
}

void
BRN_FOR_ISA(brn_from_tiles)(const float *t, int64_t rowsp, float *y,
    int64_t tokens, int64_t rows, int64_t tile0, int64_t tile1)
{
	for (int64_t i = tile0; i < tile1; i++)
		transpose(t + i * rowsp * BRN_TILE, BRN_TILE,
		    y + i * BRN_TILE * rows, rows, rows,
		    tokens_in(tokens, i));
}
