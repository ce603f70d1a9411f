/* SPDX-License-Identifier: Apache-2.0
 *
 * Block-sparse matrix (BSR).  Blocks of bh rows x bw cols; a block row is a
 * row of blocks.  colidx counts blocks, ascending within a block row; vals
 * holds each stored block column by column, which is how kernels stream it.
 *
 *	bh = bw = 2      a b . .      rowptr  0 1 3
 *	                 c d . .      colidx  0 | 0 1
 *	                 e f i j      vals    a c b d | e g f h  i k j l
 *	                 g h k l
 *
 * Rows and cols that do not divide are padded with zeros: the last block row
 * or column reaches beyond the matrix.
 */
#ifndef BRN_BSR_H
#define BRN_BSR_H

#include "ir/base.h"

/* A dense matrix, stored row by row, or with trans column by column: floats, or
 * in their place integers, whose steps (ir/graph/step.h) stand elsewhere.  */
struct brn_matrix {
	const float *w;
	int64_t rows, cols;
	int trans;
	const int8_t *ints;             /* w is NULL */
	const uint64_t *bits;           /* of brn_matrix_bits, which tell zeros
	                                   faster; NULL: none */
};

/* Words of bits for a line of n elements, a row or a column.  */
static inline int64_t
brn_bit_words(int64_t n)
{
	return (n + 63) / 64;
}

struct brn_bsr {
	int64_t rows, cols;             /* of the matrix, without padding */
	int bh, bw;
	int32_t nbrow, nbcol;           /* block rows, block columns */
	int32_t nblk;                   /* stored blocks */
	int32_t *rowptr;                /* [nbrow + 1] */
	int32_t *colidx;                /* [nblk] */
	float *vals;                    /* [nblk][bw][bh], 64-byte aligned */
	int8_t *ints;                   /* the same, of a matrix of integers;
	                                   vals is NULL */
};

/* The blocks of m that are not all zero (-0.0 is zero, NaN is not); keep_all
 * stores every block.  The caller frees the result with brn_bsr_free.  ENOMEM,
 * or ESHAPE when an index would not fit.  */
int brn_bsr_from_dense(const struct brn_matrix *m, int bh, int bw,
    int keep_all, struct brn_bsr **out, burin_error *err);
void brn_bsr_free(struct brn_bsr *b);                   /* NULL is fine */
/* Free the values; the structure stays.  */
void brn_bsr_forget(struct brn_bsr *b);

/* Write the matrix, which has floats, to w [rows][cols].  */
void brn_bsr_to_dense(const struct brn_bsr *b, float *w);

/* The number of blocks of bh x bw that hold a nonzero.  */
int64_t brn_bsr_count(const float *w, int64_t rows, int64_t cols, int bh,
    int bw);
int64_t brn_count_nonzero(const float *w, int64_t n);

/* The size of its blocks and indices.  */
double brn_bsr_bytes(const struct brn_bsr *b);

/* Stored blocks / all blocks.  */
double brn_bsr_density(const struct brn_bsr *b);

/* Invariants: sizes, ascending indices in range.  EFORMAT names the place.  */
int brn_bsr_check(const struct brn_bsr *b, burin_error *err);

#endif
