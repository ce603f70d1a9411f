/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of attention with queries in the lanes.
 */
#ifndef BRN_NATIVE_LINES_H
#define BRN_NATIVE_LINES_H

#include "runtime/native/isa.h"

/* Lines that are accumulated in registers at a time.  */
#ifdef __AVX512F__
enum { ROWS = 16 };
#elif defined(__AVX2__)
enum { ROWS = 4 };
#else
enum { ROWS = 2 };
#endif

/* Weights of a product: the one of row r and line i is at[i * wi + r * wr].
 * next + i * next_step, weights of the next product, is prefetched.  */
struct weights {
	const float *at;
	int64_t wi, wr;
	const float *next;
	int64_t next_step;
};

/* acc[r] += sum over i < n of line x[i] times a weight, for r < rows, which is
 * constant once this is inlined.  A head's part of K and V is pieces of a few
 * KB, too short for the hardware prefetcher.  */
static inline __attribute__((always_inline)) void
multiply(brn_vec acc[ROWS][BRN_LINE], int rows, const float *x, int64_t n,
    struct weights w)
{
	for (int64_t i = 0; i < n; i++) {
		__builtin_prefetch(w.next + i * w.next_step);
		for (int r = 0; r < rows; r++)
			for (int l = 0; l < BRN_LINE; l++)
				acc[r][l] += *(const brn_vec *)(x +
				    i * BRN_TILE + l * BRN_LANES) *
				    w.at[i * w.wi + r * w.wr];
	}
}

/* Not by memcpy: with it GCC keeps the vectors in memory.  */
static inline void
store_line(float *to, const brn_vec v[BRN_LINE])
{
	for (int l = 0; l < BRN_LINE; l++)
		*(brn_vec *)(to + l * BRN_LANES) = v[l];
}

#endif
