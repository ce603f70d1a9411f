/* SPDX-License-Identifier: Apache-2.0
 *
 * A pruned layer with a random block mask, its spec, and a check of a kernel
 * for it against a product in double precision.
 */
#ifndef LAYER_H
#define LAYER_H

#include "jit/abi.h"
#include "jit/kernel/choose.h"
#include "tests/support/suite.h"

#include <string.h>

struct layer {
	int64_t rows, cols;
	float *w;                       /* [rows][cols] */
	struct brn_bsr *b;
	struct brn_spec spec;
};

/* Keep about a third of the blocks of bh x bw, chosen by seed.  */
static inline void
layer_init(struct layer *l, int64_t rows, int64_t cols, int bh, int bw,
    uint64_t seed)
{
	burin_error err;

	l->rows = rows;
	l->cols = cols;
	l->w = calloc((size_t)(rows * cols), sizeof *l->w);
	ck_assert_ptr_nonnull(l->w);
	for (int64_t i = 0; i < rows; i += bh)
		for (int64_t j = 0; j < cols; j += bw) {
			if (suite_below(&seed, 3))
				continue;
			for (int64_t r = i; r < i + bh && r < rows; r++)
				for (int64_t c = j; c < j + bw && c < cols;
				    c++)
					l->w[r * cols + c] =
					    suite_float(&seed);
		}
	suite_ok(brn_bsr_from_dense(&(struct brn_matrix){ l->w, rows, cols,
	    0, NULL, NULL }, bh, bw, 0, &l->b, &err), err);
	brn_spec_init(&l->spec, l->b, BRN_EPI_BIAS, brn_isa_detect(),
	    brn_compiler_id());
	brn_choose_first(&l->spec);
}

static inline void
layer_free(struct layer *l)
{
	brn_bsr_free(l->b);
	free(l->w);
}

/* n zeros, aligned.  */
static inline void *
layer_floats(int64_t n)
{
	size_t bytes = (size_t)n * sizeof(float);
	float *p = brn_alloc_aligned(bytes);

	ck_assert_ptr_nonnull(p);
	return memset(p, 0, bytes);
}

/* Assert that the kernel fn computes x * w^T + bias for M tokens.  */
static inline void
layer_check(const struct layer *l, brn_kernel_fn *fn, int64_t M)
{
	const struct brn_bsr *b = l->b;
	int64_t R = (int64_t)b->nbrow * b->bh, C = (int64_t)b->nbcol * b->bw;
	int64_t tiles = (M + BRN_TILE - 1) / BRN_TILE;
	float *x = layer_floats(M * l->cols), *bias = layer_floats(R);
	float *xt = layer_floats(tiles * C * BRN_TILE);
	float *yt = layer_floats(tiles * R * BRN_TILE);
	float *y = layer_floats(M * l->rows);
	void *stream;
	struct brn_plan plan;
	burin_error err;

	suite_ok(brn_plan_make(&l->spec, &plan, &err), err);
	suite_ok(brn_pack_stream(&l->spec, &plan, b->vals, NULL, &stream,
	    &err), err);
	brn_plan_clear(&plan);
	suite_fill(x, M * l->cols, 1);
	suite_fill(bias, l->rows, 2);
	for (int64_t i = 0; i < M * l->cols; i++) {
		int64_t m = i / l->cols, k = i % l->cols;

		xt[(m / BRN_TILE * C + k) * BRN_TILE + m % BRN_TILE] = x[i];
	}
	fn(&(struct brn_kernel_args){ .x = xt,
	    .vals = b->vals, .stream = stream, .bias = bias,
	    .y = yt, .tile1 = tiles, .brow1 = b->nbrow, .rowptr = b->rowptr,
	    .colidx = b->colidx, .bh = b->bh, .bw = b->bw,
	    .nbrow = b->nbrow, .nbcol = b->nbcol });
	for (int64_t i = 0; i < M * l->rows; i++) {
		int64_t m = i / l->rows, n = i % l->rows;

		y[i] = yt[(m / BRN_TILE * R + n) * BRN_TILE + m % BRN_TILE];
	}
	suite_check_dense(y, x, l->w, bias,
	    (int64_t[]){ M, l->rows, l->cols });
	free(x), free(bias), free(xt), free(yt), free(y);
	free(stream);
}

#endif
