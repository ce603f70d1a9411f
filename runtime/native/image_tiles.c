/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers on images, without the product: planes to phases
 * (runtime/native/planes.h), phases to tiles, tiles to planes.
 */
#include <math.h>
#include <string.h>

#include "runtime/native/image_tiles.h"
#include "runtime/native/isa.h"

/* ---- planes to phases ---------------------------------------------------- */

#if BRN_LANES == 16
static const brn_ivec every_second = { 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,
    22, 24, 26, 28, 30 };
#elif BRN_LANES == 8
static const brn_ivec every_second = { 0, 2, 4, 6, 8, 10, 12, 14 };
#else
static const brn_ivec every_second = { 0, 2, 4, 6 };
#endif

static inline void
fill_with(float *to, float v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = v;
}

/* The asm keeps GCC from making vectors, which are slower for the few elements
 * at the ends of a row.  */
static inline void
fill_few(float *to, float v, int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		to[i] = v;
		__asm__ volatile ("");
	}
}

static inline brn_vec
every(const float *x, int64_t step)
{
	if (step == 1)
		return *(const brn_vec *)x;
	if (step == 2)
		return __builtin_shuffle(*(const brn_vec *)x,
		    *(const brn_vec *)(x + BRN_LANES), every_second);
#ifdef __AVX512F__
	return (brn_vec)_mm512_i32gather_ps((__m512i)(brn_lanes *
	    (int32_t)step), x, sizeof *x);
#else
	brn_vec v;

	for (int k = 0; k < BRN_LANES; k++)
		v[k] = x[k * step];
	return v;
#endif
}

/* Copy n elements, rounded up to whole lines: the caller has room for these,
 * and writes what follows later.  */
static inline void
copy_lines(float *to, const float *from, int64_t step, int64_t n)
{
	for (int64_t i = 0; i < n; i += BRN_TILE)
		for (int k = 0; k < BRN_TILE; k += BRN_LANES)
			*(brn_vec *)(to + i + k) = every(from + (i + k) * step,
			    step);
}

/* Copy n elements, no more.  */
static inline void
copy_exact(float *restrict to, const float *restrict from, int64_t step,
    int64_t n)
{
	if (step == 1)
		memcpy(to, from, (size_t)n * sizeof *to);
	else
		for (int64_t i = 0; i < n; i++)
			to[i] = from[i * step];
}

/* A larger stride takes whole lines where most of a row is few elements.  */
enum { MOST_STEP = 8 };

/* A slice, in which room floats of the phase are left.  */
static void
make_slice(const struct brn_planes *g, int64_t fy, int64_t fx, const float *x,
    float *to, int64_t room, float fill)
{
	int64_t y0, y1, x0, x1;
	int64_t sx = g->x.stride, lines;

	brn_planes_part(&g->y, fy, g->rows, &y0, &y1);
	brn_planes_part(&g->x, fx, g->pitch, &x0, &x1);
	fill_with(to, fill, y0 * g->pitch);
	lines = (x1 - x0 + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	for (int64_t r = y0; r < y1; r++) {
		float *row = to + r * g->pitch;
		int64_t from = (r * g->y.stride + fy - g->y.pad) * g->x.in +
		    x0 * sx + fx - g->x.pad;

		fill_few(row, fill, x0);
		if (sx <= MOST_STEP &&
		    from + lines * sx <= g->y.in * g->x.in &&
		    r * g->pitch + x0 + lines <= room)
			copy_lines(row + x0, x + from, sx, x1 - x0);
		else
			copy_exact(row + x0, x + from, sx, x1 - x0);
		fill_few(row + x1, fill, g->pitch - x1);
	}
	fill_with(to + y1 * g->pitch, fill, g->slice - y1 * g->pitch);
}

static void
make_phase(const struct brn_planes *g, const int64_t f[3], const float *x,
    float *to, float fill)
{
	int64_t z0, z1, nslice = brn_planes_nslice(g);
	int64_t all = nslice * g->slice;

	brn_planes_part(&g->z, f[0], nslice, &z0, &z1);
	fill_with(to, fill, z0 * g->slice);
	for (int64_t z = z0; z < z1; z++)
		make_slice(g, f[1], f[2], x + (z * g->z.stride + f[0] -
		    g->z.pad) * g->y.in * g->x.in, to + z * g->slice,
		    g->size - z * g->slice, fill);
	fill_with(to + z1 * g->slice, fill, all - z1 * g->slice);
	fill_with(to + all, fill, g->size - all);
}

void
BRN_FOR_ISA(brn_phases)(const struct brn_planes *g, const float *x, float *to,
    float fill)
{
	for (int k = 0; k < g->z.n; k++)
		for (int i = 0; i < g->y.n; i++)
			for (int j = 0; j < g->x.n; j++, to += g->size)
				make_phase(g, (int64_t[]){ g->z.phase[k],
				    g->y.phase[i], g->x.phase[j] }, x, to,
				    fill);
}

/* ---- phases to tiles, tiles to planes ------------------------------------ */

void
BRN_FOR_ISA(brn_gather)(const struct brn_gather *a, float *to)
{
	int64_t whole = a->last == BRN_TILE ? a->ntile : a->ntile - 1;
	int64_t step = a->cols * BRN_TILE;

	for (int64_t k = 0; k < a->n; k++) {
		const float *x = a->src + a->from[k];
		float *t = to + (int64_t)a->col[k] * BRN_TILE;

		for (int64_t i = 0; i < whole; i++)
			for (int v = 0; v < BRN_TILE; v += BRN_LANES)
				*(brn_vec *)(t + i * step + v) =
				    *(const brn_vec *)(x + i * BRN_TILE + v);
		if (whole < a->ntile)
			brn_copy_some(t + whole * step, x + whole * BRN_TILE,
			    a->last);
	}
}

/* Limits that results are clipped to while lines are stored, infinite for none;
 * and whether the residual is added before that, after it, or not at all.
 * activate_stored applies other activations to stored results.  */
enum residual { NO, BEFORE, AFTER };
struct limits {
	brn_vec lo, hi;
};

static inline __attribute__((always_inline)) void
store_line(float *y, const float *t, const float *residual,
    const struct limits *l, const enum residual how)
{
	for (int i = 0; i < BRN_TILE; i += BRN_LANES) {
		brn_vec v = *(const brn_vec *)(t + i);

		if (how == BEFORE)
			v += *(const brn_vec *)(residual + i);
		v = brn_clip(v, l->lo, l->hi);
		if (how == AFTER)
			v += *(const brn_vec *)(residual + i);
		*(brn_vec *)(y + i) = v;
	}
}

/* Store all pieces of a row, whose positions are t, in its plane.  A line may
 * run over into pieces that are stored later, but not beyond the last.  */
static inline __attribute__((always_inline)) void
store_pieces(const struct brn_piece *piece, int n, float *y, const float *t,
    const float *residual, const struct limits *l, const enum residual how)
{
	int64_t end = piece[n - 1].at + piece[n - 1].n;

	for (int k = 0; k < n; k++)
		for (int64_t i = 0; i < piece[k].n; i += BRN_TILE) {
			int64_t at = piece[k].at + i, left = end - at;
			const float *from = t + piece[k].pos + i;
			float line[2][BRN_TILE];

			if (left >= BRN_TILE) {
				store_line(y + at, from, how == NO ? NULL :
				    residual + at, l, how);
				continue;
			}
			if (how != NO)
				brn_copy_some(line[1], residual + at, left);
			store_line(line[0], from, line[1], l, how);
			brn_copy_some(y + at, line[0], left);
		}
}

/* A row at a time: its lines are made adjacent, then stored piece by piece.  */
static inline __attribute__((always_inline)) void
scatter_pieces(const struct brn_scatter *a, float *y, const float *residual,
    const struct limits *l, const enum residual how)
{
	struct brn_piece piece[BRN_MOST_PIECES];
	int n = brn_pieces_find(a->g, a->pos, a->ntile, piece);
	int64_t plane = brn_planes_out(a->g);
	float t[(BRN_GROUP_MOST + 1) * BRN_TILE] __attribute__((aligned(64)));

	memset(t + a->ntile * BRN_TILE, 0, BRN_TILE * sizeof *t);
	for (int64_t r = 0; r < a->nrow && n; r++) {
		const float *from = a->t + r * BRN_TILE;

		for (int64_t i = 0; i < a->ntile; i++)
			for (int v = 0; v < BRN_TILE; v += BRN_LANES)
				*(brn_vec *)(t + i * BRN_TILE + v) =
				    *(const brn_vec *)(from +
				    i * a->rows * BRN_TILE + v);
		store_pieces(piece, n, y + r * plane, t, how == NO ? NULL :
		    residual + r * plane, l, how);
	}
}

/* Where positions are results and tiles are whole, lines go to planes as they
 * are.  */
static inline __attribute__((always_inline)) void
scatter_lines(const struct brn_scatter *a, float *y, const float *residual,
    const struct limits *l, const enum residual how)
{
	int64_t plane = brn_planes_out(a->g);

	for (int64_t r = 0; r < a->nrow; r++) {
		const float *t = a->t + r * BRN_TILE;
		int64_t at = r * plane + a->pos;

		for (int64_t i = 0; i < a->ntile; i++) {
			store_line(y + at, t, how == NO ? NULL : residual + at,
			    l, how);
			t += a->rows * BRN_TILE;
			at += BRN_TILE;
		}
	}
}

#define SCATTER(how) \
	if (whole) \
		scatter_lines(a, y, residual, &l, how); \
	else \
		scatter_pieces(a, y, residual, &l, how)

/* Apply an activation that is not a limit to what is stored.  */
static void
activate_stored(const struct brn_scatter *a, float *y, const float *residual)
{
	int64_t end = a->pos + a->ntile * BRN_TILE;
	int64_t plane = brn_planes_out(a->g);
	int64_t first = brn_planes_before(a->g, a->pos);
	int64_t n = brn_planes_before(a->g, end < a->g->npos ? end :
	    a->g->npos) - first;

	for (int64_t at = first; at < a->nrow * plane; at += plane)
		BRN_FOR_ISA(brn_epilogue)(y + at, residual ? residual + at :
		    NULL, n, &a->epilogue);
}

void
BRN_FOR_ISA(brn_scatter)(const struct brn_scatter *a, float *y,
    const float *residual)
{
	int clips = a->epilogue.act == BRN_ACT_clip;
	int simple = clips || a->epilogue.act == BRN_ACT_none;
	int whole = brn_planes_are_results(a->g) &&
	    a->pos + a->ntile * BRN_TILE <= a->g->npos;
	struct limits l = {
		(clips ? a->epilogue.lo : -INFINITY) - (brn_vec){ 0 },
		(clips ? a->epilogue.hi : INFINITY) - (brn_vec){ 0 },
	};

	if (!residual || !simple) {
		SCATTER(NO);
	} else if (a->epilogue.act_last) {
		SCATTER(BEFORE);
	} else {
		SCATTER(AFTER);
	}
	if (!simple)
		activate_stored(a, y, residual);
}
