/* SPDX-License-Identifier: Apache-2.0
 *
 * A layer with its data in the layout of kernels, to run a kernel on.  The
 * whole layer is compared with the product in double precision; any part of it
 * must then give the same bits and leave the rest of y alone.
 *
 * Check does a system call for every assertion, so there is none here but
 * where something is wrong.
 */
#ifndef PROBE_H
#define PROBE_H

#include <fcntl.h>
#include <string.h>

#include "ir/graph/half.h"
#include "jit/builtin/bf16.h"
#include "jit/builtin/few_tokens.h"
#include "jit/builtin/few_weights.h"
#include "jit/builtin/t0.h"
#include "jit/emit/module.h"
#include "jit/kernel/choose.h"
#include "jit/kernel/dot_groups.h"
#include "tests/support/suite.h"

enum { PROBE_TILES = 13, PROBE_GUARD = 64 };    /* M up to 208 */

/* The first ones go with any shape.  */
enum pattern {
	NONE, ONE, SOME, FULL, NUM_PATTERNS,
	FAR = NUM_PATTERNS, FEW_ROWS, GROUPED,
};

struct probe {
	int64_t rows, cols;             /* of the matrix */
	int64_t yrows, xcols;           /* padded to blocks */
	float *w;                       /* [rows][cols] */
	struct brn_bsr *b;
	float *x, *bias;                /* as kernels want them */
	enum brn_elem elem;
	float *low;                     /* x as elem, not f32 */
	void *stream;
	struct brn_few_weights *few;
	int32_t grain;
	float *y;                       /* between two guards */
	int64_t ny;                     /* floats from guard to guard */
	int64_t tokens;                 /* wanted of each tile, 0: all */
	int64_t stride;                 /* of packed x and y, or 0 */
	float *packed;                  /* x, or NULL */
};

/* Whether a block of GROUPED is stored: about 20, or 5, block rows have the
 * same columns, and some have columns of their own.  */
static inline int
probe_is_shared(int64_t br, int64_t bc)
{
	uint64_t seed = (uint64_t)(br % 11 == 0 ? 1000 + br : br % 2 ?
	    br % 5 : 100 + br % 40) << 32 | (uint64_t)bc;

	return suite_below(&seed, 1000) % 3 == 0;
}

/* Whether a block is stored.  SOME leaves the first block row empty.  */
static inline int
probe_keeps(enum pattern p, int64_t br, int64_t bc, uint64_t *seed)
{
	switch (p) {
	case NONE:
		return 0;
	case ONE:
		return br == 1 && bc == 2;
	case FULL:
		return 1;
	case FAR:
		return bc % 500 == 499;
	case FEW_ROWS:
		return suite_below(seed, 100) == 0 || br % 28 == 3;
	case GROUPED:
		return probe_is_shared(br, bc);
	default:
		return br > 0 && suite_below(seed, 3) == 0;
	}
}

static inline float *
probe_floats(int64_t n)
{
	float *p = brn_alloc_aligned((size_t)n * sizeof *p);

	ck_assert_ptr_nonnull(p);
	return p;
}

static inline void
probe_fill_w(struct probe *q, int bh, int bw, enum pattern p)
{
	uint64_t seed = 7;

	for (int64_t i = 0; i < q->rows; i += bh)
		for (int64_t j = 0; j < q->cols; j += bw) {
			if (!probe_keeps(p, i / bh, j / bw, &seed))
				continue;
			for (int64_t r = i; r < i + bh && r < q->rows; r++)
				for (int64_t c = j; c < j + bw && c < q->cols;
				    c++)
					q->w[r * q->cols + c] =
					    suite_float(&seed);
		}
}

static inline void
probe_init_sized(struct probe *q, int bh, int bw, enum pattern p, int bias,
    const int64_t size[2])
{
	burin_error err;

	*q = (struct probe){ .rows = size[0], .cols = size[1] };
	q->w = calloc((size_t)(q->rows * q->cols), sizeof *q->w);
	ck_assert_ptr_nonnull(q->w);
	probe_fill_w(q, bh, bw, p);
	suite_ok(brn_bsr_from_dense(&(struct brn_matrix){ q->w, q->rows,
	    q->cols, 0, NULL, NULL }, bh, bw, p == FULL, &q->b, &err), err);
	q->yrows = (int64_t)q->b->nbrow * bh;
	q->xcols = (int64_t)q->b->nbcol * bw;
	q->x = probe_floats(PROBE_TILES * q->xcols * BRN_TILE);
	suite_fill(q->x, PROBE_TILES * q->xcols * BRN_TILE, 1);
	for (int64_t t = 0; t < PROBE_TILES; t++)
		for (int64_t k = q->cols; k < q->xcols; k++)
			memset(q->x + (t * q->xcols + k) * BRN_TILE, 0,
			    BRN_TILE * sizeof *q->x);
	q->bias = bias ? probe_floats(q->yrows) : NULL;
	if (bias)
		suite_fill(q->bias, q->yrows, 2);
	q->ny = PROBE_TILES * q->yrows * BRN_TILE;
	q->y = probe_floats(q->ny + 2 * PROBE_GUARD) + PROBE_GUARD;
}

static inline void
probe_round(float *p, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		p[i] = brn_bf16_to_f32(brn_f32_to_bf16(p[i]));
}

/* Make q one of bf16, with values that bf16 has.  */
static inline void
probe_bf16(struct probe *q)
{
	int64_t tile = q->xcols * BRN_TILE;

	q->elem = BRN_ELEM_bf16;
	probe_round(q->w, q->rows * q->cols);
	probe_round(q->b->vals, (int64_t)q->b->nblk * q->b->bh * q->b->bw);
	probe_round(q->x, PROBE_TILES * tile);
	q->low = probe_floats(PROBE_TILES * tile);
	memcpy(q->low, q->x, (size_t)(PROBE_TILES * tile) * sizeof *q->low);
	for (int64_t t = 0; t < PROBE_TILES; t++)
		brn_bf16_tile(q->low + t * tile, q->xcols);
}

/* The byte of feature k and lane l of tile t of x, in n features.  */
static inline int64_t
probe_byte(const struct brn_spec *s, int64_t t, int64_t n, int64_t k, int64_t l)
{
	int64_t quad = t / BRN_QUAD * n * BRN_QUAD * BRN_QUAD * BRN_TILE;

	t %= BRN_QUAD;
	return quad + (brn_dot_groups_aligned(s) ?
	    k / 4 * 256 + t * 64 + l * 4 + k % 4 :
	    k * 64 + l / 4 * 16 + t * 4 + l % 4);
}

/* Make q one of i8: integers, no bias.  */
static inline void
probe_i8(struct probe *q)
{
	int64_t tile = q->xcols * BRN_TILE;
	int64_t nval = (int64_t)q->b->nblk * q->b->bh * q->b->bw;
	struct brn_spec s;

	q->elem = BRN_ELEM_i8;
	for (int64_t i = 0; i < q->rows * q->cols; i++)
		if (q->w[i] != 0)
			q->w[i] = roundf(q->w[i] * 127.5f - 0.5f);
	for (int64_t i = 0; i < nval; i++)
		if (q->b->vals[i] != 0)
			q->b->vals[i] = roundf(q->b->vals[i] * 127.5f - 0.5f);
	brn_spec_init(&s, q->b, 0, BRN_ISA_avx512, "");
	s.elem = q->elem;
	q->low = probe_floats(PROBE_TILES * tile);
	for (int64_t i = 0; i < PROBE_TILES * tile; i++) {
		q->x[i] = roundf(fabsf(q->x[i]) * 255);
		((uint8_t *)q->low)[probe_byte(&s, i / tile, q->xcols,
		    i % tile / BRN_TILE, i % BRN_TILE)] = (uint8_t)q->x[i];
	}
}

/* Sizes that do not divide: five block rows and about seven block columns.  */
static inline void
probe_init(struct probe *q, int bh, int bw, enum pattern p, int bias)
{
	probe_init_sized(q, bh, bw, p, bias, (int64_t[]){
	    4 * bh + (bh + 1) / 2, 6 * bw + (bw + 1) / 2 });
}

static inline void
probe_free(struct probe *q)
{
	brn_bsr_free(q->b);
	free(q->w);
	free(q->x);
	free(q->low);
	free(q->stream);
	brn_few_weights_free(q->few);
	free(q->bias);
	free(q->y - PROBE_GUARD);
}

/* Pack the weights of q for the kernel of s.  */
static inline void
probe_pack(struct probe *q, const struct brn_spec *s)
{
	struct brn_plan plan;
	burin_error err;

	suite_ok(brn_plan_make(s, &plan, &err), err);
	q->grain = plan.grain;
	free(q->stream);
	suite_ok(brn_pack_stream(s, &plan, q->b->vals, NULL, &q->stream, &err),
	    err);
	brn_plan_clear(&plan);
}

/* The spec of q with the first kernel that fits, or with `kernel`.  */
static inline void
probe_spec(struct probe *q, enum brn_isa isa, const char *compiler, int kernel,
    struct brn_spec *out)
{
	burin_error err;

	brn_spec_init(out, q->b, q->bias ? BRN_EPI_BIAS : 0, isa, compiler);
	out->elem = q->elem;
	brn_choose_first(out);
	if (kernel != BRN_NO_KERNEL)
		out->kernel = (enum brn_kernel_id)kernel;
	ck_assert(brn_kernel_fits(out));
	probe_pack(q, out);
	brn_few_weights_free(q->few);
	suite_ok(brn_few_weights_pack(out, q->b->vals, &q->few, &err), err);
}

/* Tiles and block rows of one call.  */
struct part {
	int64_t tile0, tile1, brow0, brow1;
};

/* What no kernel writes.  */
static inline void
probe_poison(struct probe *q)
{
	memset(q->y - PROBE_GUARD, 0xa5,
	    (size_t)(q->ny + 2 * PROBE_GUARD) * sizeof *q->y);
}

static inline int
probe_is_poison(const float *y)
{
	uint32_t bits;

	memcpy(&bits, y, sizeof bits);
	return bits == 0xa5a5a5a5;
}

/* p, from the beginning of a quad on if x is in quads.  */
static inline struct part
probe_part(const struct probe *q, struct part p)
{
	if (q->elem == BRN_ELEM_i8)
		p.tile0 -= p.tile0 % BRN_QUAD;
	return p;
}

static inline void
probe_run(struct probe *q, brn_kernel_fn *fn, struct part p)
{
	const struct brn_bsr *b = q->b;

	p = probe_part(q, p);
	probe_poison(q);
	fn(&(struct brn_kernel_args){ .stride = q->stride,
	    .x = q->packed ? q->packed : q->low ? q->low : q->x,
	    .vals = q->b->vals, .stream = q->stream, .bias = q->bias,
	    .y = q->y, .tokens = q->tokens, .few = q->few,
	    .tile0 = p.tile0, .tile1 = p.tile1, .brow0 = p.brow0,
	    .brow1 = p.brow1, .rowptr = b->rowptr, .colidx = b->colidx,
	    .bh = b->bh, .bw = b->bw, .nbrow = b->nbrow, .nbcol = b->nbcol });
	for (int64_t i = 0; i < q->ny && q->elem == BRN_ELEM_i8; i++) {
		int32_t sum;

		memcpy(&sum, &q->y[i], sizeof sum);
		if (!probe_is_poison(&q->y[i]))
			q->y[i] = (float)sum;
	}
	for (int i = 1; i <= PROBE_GUARD; i++)
		if (!probe_is_poison(q->y - i) ||
		    !probe_is_poison(q->y + q->ny - 1 + i))
			ck_abort_msg("wrote %d floats beyond y", i);
}

/* y of all tiles and block rows, but padding and what is not wanted.  */
static inline void
probe_check_whole(const struct probe *q)
{
	for (int64_t i = 0; i < PROBE_TILES * BRN_TILE * q->rows; i++) {
		int64_t m = i / q->rows, n = i % q->rows, lane = m % BRN_TILE;
		const float *x = q->x + m / BRN_TILE * q->xcols * BRN_TILE;
		float y = q->y[(m / BRN_TILE * q->yrows + n) * BRN_TILE + lane];
		double sum = q->bias ? q->bias[n] : 0, abs = fabs(sum);

		if (q->tokens && lane >= q->tokens)
			continue;
		for (int64_t k = 0; k < q->cols; k++) {
			double d = (double)x[k * BRN_TILE + lane] *
			    q->w[n * q->cols + k];

			sum += d;
			abs += fabs(d);
		}
		if (!(fabs(y - sum) <= suite_bound(q->cols, abs)))
			suite_near(y, sum, suite_bound(q->cols, abs));
	}
}

/* Bits of whole in the part, poison around it.  */
static inline void
probe_check_part(const struct probe *q, const float *whole, struct part p)
{
	int64_t bh = q->b->bh;

	p = probe_part(q, p);
	for (int64_t i = 0; i < q->ny; i++) {
		int64_t tile = i / BRN_TILE / q->yrows;
		int64_t row = i / BRN_TILE % q->yrows;
		int in = tile >= p.tile0 && tile < p.tile1 &&
		    row >= p.brow0 * bh && row < p.brow1 * bh;

		if (in ? memcmp(&q->y[i], &whole[i], sizeof *whole) == 0 :
		    probe_is_poison(&q->y[i]))
			continue;
		ck_abort_msg("tiles %d..%d of block rows %d..%d: "
		    "tile %d row %d is %s",
		    (int)p.tile0, (int)p.tile1, (int)p.brow0, (int)p.brow1,
		    (int)tile, (int)row, in ? "not the same" : "written");
	}
}

/* fn is the kernel of q's last probe_spec; grain is that of its plan.  */
static inline void
probe_kernel(struct probe *q, brn_kernel_fn *fn, int64_t grain)
{
	int64_t nb = q->b->nbrow, g = grain < nb ? grain : nb;
	int64_t last = (nb - 1) / grain * grain;
	const struct part some[] = {
		{ 3, 9, 0, nb }, { 12, 13, 0, nb }, { 5, 5, 0, nb },
		{ 0, 2, g, nb }, { 2, 7, last, nb }, { 0, 13, 0, g },
		{ 1, 4, g, g },
	};
	float *whole = probe_floats(q->ny);

	for (q->tokens = BRN_TILE - 1; q->tokens > 0; q->tokens--) {
		probe_run(q, fn, (struct part){ 0, PROBE_TILES, 0, nb });
		probe_check_whole(q);
	}
	probe_run(q, fn, (struct part){ 0, PROBE_TILES, 0, nb });
	probe_check_whole(q);
	memcpy(whole, q->y, (size_t)q->ny * sizeof *whole);
	for (int64_t n = 1; n < PROBE_TILES; n++) {
		struct part p = { 0, n, 0, nb };

		probe_run(q, fn, p);
		probe_check_part(q, whole, p);
	}
	for (int i = 0; i < COUNT(some); i++) {
		probe_run(q, fn, some[i]);
		probe_check_part(q, whole, some[i]);
	}
	q->tokens = 1;
	probe_run(q, fn, (struct part){ 0, PROBE_TILES, 0, nb });
	memcpy(whole, q->y, (size_t)q->ny * sizeof *whole);
	for (int i = 0; i < COUNT(some); i++) {
		probe_run(q, fn, some[i]);
		probe_check_part(q, whole, some[i]);
	}
	q->tokens = 0;
	free(whole);
}

/* The code for few tokens, which does one or all of them: the bits of tier 0,
 * and zeros beside them, whatever part it does.  With packed weights it does
 * whole tiles, too.  */
static inline void
probe_few(struct probe *q, enum brn_isa isa)
{
	int64_t nb = q->b->nbrow;
	const struct part some[] = {
		{ 0, PROBE_TILES, 0, nb }, { 3, 5, nb / 2, nb },
		{ 1, 2, 1, nb - nb / 4 }, { 2, 4, nb / 2, nb / 2 },
	};
	float *whole = probe_floats(q->ny);

	for (q->tokens = 0; q->tokens <= BRN_FEW_TOKENS + 1; q->tokens++) {
		int n = q->tokens == 1 ? 1 : BRN_FEW_TOKENS;

		if (q->tokens < 1 || q->tokens > BRN_FEW_TOKENS)
			n = BRN_TILE;
		if (n == BRN_TILE && !q->few)
			continue;

		probe_run(q, brn_t0(isa), some[0]);
		for (int64_t i = 0; i < q->ny; i++)
			whole[i] = i % BRN_TILE < n ? q->y[i] : 0;
		for (int i = 0; i < COUNT(some); i++) {
			probe_run(q, brn_few_tokens(isa), some[i]);
			probe_check_part(q, whole, some[i]);
		}
	}
	q->tokens = 0;
	free(whole);
}

/* The first q->stride tokens of x.  */
static inline float *
probe_first_tokens(const struct probe *q)
{
	int64_t n = PROBE_TILES * q->xcols;
	float *x = probe_floats(n * q->stride);

	for (int64_t i = 0; i < n * q->stride; i++)
		x[i] = q->x[i / q->stride * BRN_TILE + i % q->stride];
	return x;
}

/* Bits of whole, which is in tiles, in block rows brow0 to brow1.  */
static inline void
probe_check_packed(const struct probe *q, const float *whole, int64_t brow0,
    int64_t brow1)
{
	int64_t n = PROBE_TILES * q->yrows * q->stride;

	for (int64_t i = 0; i < q->ny; i++) {
		int64_t row = i / q->stride % q->yrows;
		const float *want = whole + i / q->stride * BRN_TILE +
		    i % q->stride;

		if (i >= n || row < brow0 * q->b->bh ||
		    row >= brow1 * q->b->bh)
			ck_assert(probe_is_poison(&q->y[i]));
		else
			ck_assert_msg(memcmp(&q->y[i], want,
			    sizeof *want) == 0, "%d packed tokens: row %d is "
			    "%g, wanted %g", (int)q->stride, (int)row,
			    (double)q->y[i], (double)*want);
	}
}

/* Packed x by the code for few tokens: the bits of tier 0.  */
static inline void
probe_few_packed(struct probe *q, enum brn_isa isa, brn_kernel_fn *few)
{
	int64_t nb = q->b->nbrow, most = q->few ? 4 : BRN_PACKED_TOKENS;
	const struct part some[] = { { 0, PROBE_TILES, 0, nb },
	    { 0, PROBE_TILES, nb / 2, nb },
	    { 0, PROBE_TILES, 1, nb - nb / 4 } };
	float *whole = probe_floats(q->ny);

	probe_run(q, brn_t0(isa), some[0]);
	memcpy(whole, q->y, (size_t)q->ny * sizeof *whole);
	for (q->tokens = 1; q->tokens <= most; q->tokens++) {
		q->stride = q->tokens > 4 ? 8 : q->tokens > 1 ? 4 : 1;
		q->packed = probe_first_tokens(q);
		for (int i = 0; i < COUNT(some); i++) {
			probe_run(q, few, some[i]);
			probe_check_packed(q, whole, some[i].brow0,
			    some[i].brow1);
		}
		free(q->packed);
	}
	q->packed = NULL;
	q->tokens = q->stride = 0;
	free(whole);
}

/* a and b give the same bits, however few tokens are wanted.  */
static inline void
probe_same(struct probe *q, brn_kernel_fn *a, brn_kernel_fn *b)
{
	struct part all = { 0, PROBE_TILES, 0, q->b->nbrow };
	float *y = probe_floats(q->ny);

	for (q->tokens = 1; q->tokens <= BRN_TILE; q->tokens++) {
		probe_run(q, a, all);
		memcpy(y, q->y, (size_t)q->ny * sizeof *y);
		probe_run(q, b, all);
		for (int64_t i = 0; i < q->ny; i++)
			if (i % BRN_TILE < q->tokens &&
			    memcmp(&y[i], &q->y[i], sizeof *y) != 0)
				ck_abort_msg("%d tokens: %g and %g",
				    (int)q->tokens, y[i], q->y[i]);
	}
	q->tokens = 0;
	free(y);
}

#endif
