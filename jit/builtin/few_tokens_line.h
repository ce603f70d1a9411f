/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by few_tokens.c and few_tokens_low.c, which are compiled once for each
 * instruction set: vector types, gathering x, and storing lines of y.
 */
#ifndef BRN_FEW_TOKENS_LINE_H
#define BRN_FEW_TOKENS_LINE_H

#include "jit/abi.h"

#ifdef __AVX__
#include <immintrin.h>
#endif

#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif

/* Vectors of n floats at any address.  */
#define FLOATS(n) \
	__attribute__((vector_size(4 * n), aligned(4), may_alias))
typedef float v4 FLOATS(4), v8 FLOATS(8), v16 FLOATS(16);

typedef float line __attribute__((vector_size(4 * LANES)));

/* Copy the first token of n features of a tile, or the first four, so that they
 * are adjacent: in the tile each feature takes a line.  */
static inline void
brn_gather_tokens(float *to, const float *x, int64_t n, int four)
{
	if (four)
		for (int64_t i = 0; i < n; i++)
			((v4 *)to)[i] = *(const v4 *)(x + i * BRN_TILE);
	else
		for (int64_t i = 0; i < n; i++)
			to[i] = x[i * BRN_TILE];
}

/* Store a line of y: four tokens, and zeros for the others.  */
static inline __attribute__((always_inline)) void
brn_store_line(float *y, v4 sum)
{
	line *to = (line *)y;

#if defined __AVX512F__
	to[0] = (line)_mm512_zextps128_ps512((__m128)sum);
#elif defined __AVX__
	to[0] = (line)_mm256_zextps128_ps256((__m128)sum);
#else
	to[0] = sum;
#endif
#pragma GCC unroll 4
	for (int l = 1; l < BRN_TILE / LANES; l++)
		to[l] = (line){ 0 };
}

#endif
