/* SPDX-License-Identifier: Apache-2.0
 *
 * Windows of depthwise_pool.c: blocks of results, and the windows that read a
 * plane itself, not its phases.
 */
#ifndef BRN_DIRECT_WINDOW_H
#define BRN_DIRECT_WINDOW_H

#include "ir/graph/epilogue.h"
#include "runtime/native/isa.h"
#include "runtime/native/planes.h"

enum { ROWS = BRN_IMAGE_ROWS };

typedef brn_vec vec;

/* Results of ROWS rows, BRN_TILE columns of each.  */
struct block {
	vec v[ROWS][BRN_LINE];
};

/* Compute y, plane number plane of the result, from plane x of the operand
 * itself; fills is a row of padding.  */
struct job;
typedef void direct_fn(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y);

/* One node.  */
struct job {
	const struct brn_call *c;
	struct brn_planes g;
	int64_t tap[BRN_WINDOW_ALL_TAPS];
	int64_t ntap, nplane, channels;
	float fill;
	/* ROWS rows from row on of plane number plane, y, from its phases x. */
	void (*run)(const struct job *j, int64_t plane, const float *x,
	    int64_t row, float *y);
	void (*finish)(const struct job *j, int64_t plane, float *y);
	struct brn_epilogue epilogue;
	direct_fn *direct;                  /* in place of run, or NULL */
	int nthread;
};

/* ---- blocks -------------------------------------------------------------- */

static inline vec
load(const float *x, int i)
{
	return *(const vec *)(x + i * BRN_LANES);
}

/* Keep v in a register: GCC would load it again for every use.  */
#if defined(__AVX512F__)
#define HOLD(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__)
#define HOLD(v) __asm__("" : "+x"(v))
#else
#define HOLD(v) (void)(v)
#endif

static inline vec
splat(float f)
{
	return f - (vec){ 0 };
}

static inline vec
choose(brn_ivec mask, vec a, vec b)
{
	return (vec)((mask & (brn_ivec)a) | (~mask & (brn_ivec)b));
}

/* NaN stays.  */
static inline vec
larger(vec a, vec b)
{
	return choose((a > b) | (a != a), a, b);
}

static inline __attribute__((always_inline)) void
clip(struct block *b, vec lo, vec hi)
{
	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < BRN_LINE; i++)
			b->v[r][i] = brn_clip(b->v[r][i], lo, hi);
}

/* Store the first n of a line.  */
static inline __attribute__((always_inline)) void
store_some(float *y, const vec v[BRN_LINE], int64_t n)
{
#if BRN_LANES == 16
	_mm512_mask_storeu_ps(y, (__mmask16)((1u << n) - 1), (__m512)v[0]);
#else
	vec line[BRN_LINE];

	for (int i = 0; i < BRN_LINE; i++)
		line[i] = v[i];
	memcpy(y, line, (size_t)n * sizeof *y);
#endif
}

/* Are results one row?  Then the lines of a block follow each other in it.  */
static inline int
is_one_row(const struct job *j)
{
	return j->g.y.out == 1;
}

/* Store such a block, the columns from c on.  */
static inline __attribute__((always_inline)) void
store_in_row(const struct job *j, const struct block *b, int64_t c, float *y)
{
#pragma GCC unroll 4
	for (int r = 0; r < ROWS; r++) {
		int64_t at = c + r * BRN_TILE, left = j->g.x.out - at;

		if (left >= BRN_TILE)
			for (int i = 0; i < BRN_LINE; i++)
				*(vec *)(y + at + i * BRN_LANES) = b->v[r][i];
		else if (left > 0)
			store_some(y + at, b->v[r], left);
	}
}

/* Store a block of columns from c on.  A line that is longer than the rest of
 * its row runs over into the next one: so blocks go from the last column to the
 * first, and from the first row to the last.  */
static inline __attribute__((always_inline)) void
store(const struct job *j, const struct block *b, int64_t row, int64_t c,
    float *y)
{
	int64_t nrow = j->g.y.out, ncol = j->g.x.out;
	int64_t left = ncol - c < BRN_TILE ? ncol - c : BRN_TILE;

#pragma GCC unroll 4
	for (int r = 0; r < ROWS; r++) {
		int64_t at = (row + r) * ncol + c;

		if (at + BRN_TILE <= nrow * ncol)
			for (int i = 0; i < BRN_LINE; i++)
				*(vec *)(y + at + i * BRN_LANES) = b->v[r][i];
		else if (row + r < nrow)
			store_some(y + at, b->v[r], left);
	}
}

static inline int64_t
last_columns(const struct job *j)
{
	return (j->g.x.out - 1) / BRN_TILE * BRN_TILE;
}

static inline struct block
filled(vec v)
{
	struct block b;

	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < BRN_LINE; i++)
			b.v[r][i] = v;
	return b;
}

static float
bias_of(const struct job *j, int64_t channel)
{
	const struct brn_tensor *b = j->c->n->nin > 2 ? j->c->in[2] : NULL;

	return b ? brn_f32(b)[channel] : 0;
}

/* Mask of the lanes that are in the image; lane i is column c + i * step.  */
static inline brn_ivec
inside(const struct job *j, int64_t c, int step)
{
	brn_ivec at = step * brn_lanes + (int32_t)c;

	return (at >= 0) & (at < (int32_t)j->g.x.in);
}

/* k x k adjacent taps, padded by k / 2, on the plane itself: columns beyond its
 * edge are masked, for rows beyond it the row fills is read.  Each line of x is
 * loaded once for all rows of the block whose window has it.  */
struct direct {
	vec w[25], bias, lo, hi;
	const float *from[2 * ROWS + 1];
};

static inline __attribute__((always_inline)) void
direct_init(struct direct *n, const struct job *j, int64_t plane,
    const int ntap)
{
	int64_t c = plane % j->channels;

	for (int t = 0; t < ntap; t++)
		n->w[t] = splat(brn_f32(j->c->in[1])[c * ntap + t]);
	n->bias = splat(bias_of(j, c));
	n->lo = splat(j->epilogue.lo);
	n->hi = splat(j->epilogue.hi);
}

/* Pointers to the nrow lines of x that a block from row on reads.  */
static inline __attribute__((always_inline)) void
direct_rows(struct direct *n, const struct job *j, const float *x,
    const float *fills, int64_t row, const int nrow)
{
	int64_t first = row * j->g.y.stride - j->g.y.pad;

#pragma GCC unroll 16
	for (int dy = 0; dy < nrow; dy++)
		n->from[dy] = first + dy < 0 || first + dy >= j->g.y.in ?
		    fills : x + (first + dy) * j->g.x.in;
}

static inline __attribute__((always_inline)) void
direct_store(const struct direct *n, const struct job *j, struct block *b,
    int64_t row, int64_t c, float *y)
{
	if (j->epilogue.act == BRN_ACT_clip)
		clip(b, n->lo, n->hi);
	store(j, b, row, c, y);
}

/* Add the taps of column dx of the window.  */
static inline __attribute__((always_inline)) void
direct_column(const struct direct *n, const struct job *j, struct block *b,
    int64_t c, const int dx, const int k)
{
#pragma GCC unroll 4
	for (int i = 0; i < BRN_LINE; i++) {
		int64_t at = c + dx - k / 2 + i * BRN_LANES;
		brn_ivec in = inside(j, at, 1);

#pragma GCC unroll 8
		for (int dy = 0; dy < k + ROWS - 1; dy++) {
			vec v = load(n->from[dy] + at, 0);

			if (dx != k / 2)
				v = (vec)((brn_ivec)v & in);
			HOLD(v);
#pragma GCC unroll 4
			for (int r = 0; r < ROWS; r++)
				if (dy >= r && dy - r < k)
					b->v[r][i] += v * n->w[(dy - r) * k +
					    dx];
		}
	}
}

static inline __attribute__((always_inline)) void
direct_weigh(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y, const int k)
{
	struct direct n;

	direct_init(&n, j, plane, k * k);
	for (int64_t row = 0; row < j->g.y.out; row += ROWS) {
		direct_rows(&n, j, x, fills, row, k + ROWS - 1);
		for (int64_t c = last_columns(j); c >= 0; c -= BRN_TILE) {
			struct block b = filled(n.bias);

#pragma GCC unroll 8
			for (int dx = 0; dx < k; dx++)
				direct_column(&n, j, &b, c, dx, k);
			direct_store(&n, j, &b, row, c, y);
		}
	}
}

/* Every second element from x on, and the elements between them.  */
static inline __attribute__((always_inline)) void
deinterleave(const float *x, vec *even, vec *odd)
{
	vec a = load(x, 0), b = load(x, 1);

	*even = __builtin_shuffle(a, b, 2 * brn_lanes);
	*odd = __builtin_shuffle(a, b, 2 * brn_lanes + 1);
}

/* All taps of line i of a block from column c on; v[dx] are the elements of a
 * row that meet column dx of the window.  */
static inline __attribute__((always_inline)) void
direct_step_2_line(const struct direct *n, const struct job *j, struct block *b,
    int64_t c, const int i, const int max)
{
	int64_t at = 2 * (c + i * BRN_LANES) - j->g.x.pad;

#pragma GCC unroll 16
	for (int dy = 0; dy < 2 * ROWS + 1; dy++) {
		vec v[3], none;

		deinterleave(n->from[dy] + at, &v[0], &none);
		deinterleave(n->from[dy] + at + 1, &v[1], &v[2]);
#pragma GCC unroll 4
		for (int dx = 0; dx < 3; dx++)
			v[dx] = choose(inside(j, at + dx, 2), v[dx],
			    splat(j->fill));
		if (max)
			v[0] = larger(larger(v[0], v[1]), v[2]);
#pragma GCC unroll 4
		for (int r = 0; r < ROWS; r++) {
			int tap = (dy - 2 * r) * 3;
			vec *acc = &b->v[r][i];

			if (tap < 0 || tap > 6)
				continue;
			*acc = max ? larger(*acc, v[0]) : *acc +
			    v[0] * n->w[tap];
#pragma GCC unroll 2
			for (int dx = 1; dx < 3 && !max; dx++)
				*acc += v[dx] * n->w[tap + dx];
		}
	}
}

/* The same for 3 x 3 taps with stride 2: the elements of a row that meet a tap
 * lie two apart.  The weighted sum, or the maximum if max.  */
static inline __attribute__((always_inline)) void
direct_step_2(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y, const int max)
{
	struct direct n = { .bias = splat(j->fill) };

	if (!max)
		direct_init(&n, j, plane, 9);
	for (int64_t row = 0; row < j->g.y.out; row += ROWS) {
		direct_rows(&n, j, x, fills, row, 2 * ROWS + 1);
		for (int64_t c = last_columns(j); c >= 0; c -= BRN_TILE) {
			struct block b = filled(n.bias);

#pragma GCC unroll 4
			for (int i = 0; i < BRN_LINE; i++)
				direct_step_2_line(&n, j, &b, c, i, max);
			direct_store(&n, j, &b, row, c, y);
		}
	}
}

#endif
