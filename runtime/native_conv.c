/* SPDX-License-Identifier: Apache-2.0
 *
 * Images into phases, phases into tiles, tiles into images.
 */
#include <math.h>
#include <string.h>

#include "runtime/native_isa.h"
#include "runtime/conv.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
#endif

/* ---- into phases --------------------------------------------------------- */

static inline void
fill_with(float *to, float v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		to[i] = v;
}

static inline void
copy(float *restrict to, const float *restrict from, int64_t step, int64_t n)
{
	if (step == 1)
		memcpy(to, from, (size_t)n * sizeof *to);
	else if (step == 2)
		for (int64_t i = 0; i < n; i++)
			to[i] = from[2 * i];
	else
		for (int64_t i = 0; i < n; i++)
			to[i] = from[i * step];
}

/* The results of direction d whose element of phase f is one of the image:
 * from *first on, up to *past.  */
static void
inside(const struct brn_phases *d, int64_t f, int64_t n, int64_t *first,
    int64_t *past)
{
	int64_t lo = d->pad - f, hi = d->in + d->pad - f;

	*first = lo <= 0 ? 0 : (lo + d->stride - 1) / d->stride;
	*past = hi <= 0 ? 0 : (hi + d->stride - 1) / d->stride;
	*first = *first < n ? *first : n;
	*past = *past < n ? *past : n;
	*past = *past > *first ? *past : *first;
}

static void
make_phase(const struct brn_planes *g, int64_t fy, int64_t fx, const float *x,
    float *to, float fill)
{
	int64_t y0, y1, x0, x1, all = g->rows * g->pitch;
	int64_t sx = g->x.stride;

	inside(&g->y, fy, g->rows, &y0, &y1);
	inside(&g->x, fx, g->pitch, &x0, &x1);
	fill_with(to, fill, y0 * g->pitch);
	for (int64_t r = y0; r < y1; r++) {
		float *row = to + r * g->pitch;
		const float *from = x + (r * g->y.stride + fy - g->y.pad) *
		    g->x.in;

		fill_with(row, fill, x0);
		copy(row + x0, from + x0 * sx + fx - g->x.pad, sx, x1 - x0);
		fill_with(row + x1, fill, g->pitch - x1);
	}
	fill_with(to + y1 * g->pitch, fill, all - y1 * g->pitch);
	fill_with(to + all, fill, g->size - all);
}

void
BRN_FOR_ISA(brn_phases)(const struct brn_planes *g, const float *x, float *to,
    float fill)
{
	for (int i = 0; i < g->y.n; i++)
		for (int j = 0; j < g->x.n; j++, to += g->size)
			make_phase(g, g->y.phase[i], g->x.phase[j], x, to,
			    fill);
}

/* ---- into tiles and back ------------------------------------------------- */

void
BRN_FOR_ISA(brn_gather)(const struct brn_gather *a, float *to)
{
	int64_t whole = a->last == BRN_TILE ? a->ntile : a->ntile - 1;
	int64_t step = a->cols * BRN_TILE;

	for (int64_t k = 0; k < a->n; k++) {
		const float *x = a->src + a->from[k];
		float *t = to + (int64_t)a->col[k] * BRN_TILE;

		for (int64_t i = 0; i < whole; i++)
			memcpy(t + i * step, x + i * BRN_TILE,
			    BRN_TILE * sizeof *t);
		if (whole < a->ntile)
			memcpy(t + whole * step, x + whole * BRN_TILE,
			    (size_t)a->last * sizeof *t);
	}
}

/* ACT(name, expression of v) */
#define ACTS(ACT) \
	ACT(none, v) \
	ACT(clip, v < lo ? lo : v > hi ? hi : v) \
	ACT(leaky, v < 0 ? lo * v : v) \
	ACT(hard_swish, v * (v < -3 ? 0 : v > 3 ? 1 : \
	    v * 0.16666667f + 0.5f)) \
	ACT(silu, v / (1 + expf(-v)))

/* n results from t to y.  */
#define ACT(name, expr) \
	static inline void \
	put_##name(float *y, const float *t, \
	    const float *residual, int64_t n, const struct brn_image_end *e) \
	{ \
		float lo = e->lo, hi = e->hi; \
	\
		(void)lo; \
		(void)hi; \
		if (!residual) \
			for (int64_t i = 0; i < n; i++) { \
				float v = t[i]; \
	\
				y[i] = expr; \
			} \
		else if (e->act_last) \
			for (int64_t i = 0; i < n; i++) { \
				float v = t[i] + residual[i]; \
	\
				y[i] = expr; \
			} \
		else \
			for (int64_t i = 0; i < n; i++) { \
				float v = t[i]; \
	\
				y[i] = (expr) + residual[i]; \
			} \
	} \
	static void \
	lines_##name(const struct brn_scatter *a, float *y, \
	    const float *residual, int64_t n) \
	{ \
		int64_t i = 0, step = a->rows * BRN_TILE; \
		const float *t = a->t + a->row * BRN_TILE; \
	\
		for (; i + BRN_TILE <= n; i += BRN_TILE, t += step) \
			put_##name(y + i, t, residual ? residual + i : NULL, \
			    BRN_TILE, &a->end); \
		put_##name(y + i, t, residual ? residual + i : NULL, n - i, \
		    &a->end); \
	}
ACTS(ACT)
#undef ACT

void
BRN_FOR_ISA(brn_put)(float *y, const float *t, const float *residual,
    int64_t n, const struct brn_image_end *e)
{
	switch (e->act) {
#define ACT(name, expr) \
	case BRN_IMAGE_##name: \
		put_##name(y, t, residual, n, e); \
		break;
	ACTS(ACT)
#undef ACT
	}
}

/* Positions are results: a line is a line.  */
static void
scatter_lines(const struct brn_scatter *a, float *y, const float *residual)
{
	int64_t n = a->ntile * BRN_TILE;

	y += a->pos;
	if (residual)
		residual += a->pos;
	if (n > a->g->npos - a->pos)
		n = a->g->npos - a->pos;
	switch (a->end.act) {
#define ACT(name, expr) \
	case BRN_IMAGE_##name: \
		lines_##name(a, y, residual, n); \
		break;
	ACTS(ACT)
#undef ACT
	}
}

/* Positions p to p1 of the lines, which begin at a->pos.  */
static void
take_lines(const struct brn_scatter *a, int64_t p, int64_t p1, float *to)
{
	const float *t = a->t + a->row * BRN_TILE;

	while (p < p1) {
		int64_t i = p - a->pos, in = i % BRN_TILE;
		int64_t n = BRN_TILE - in;

		n = n < p1 - p ? n : p1 - p;
		memcpy(to, t + i / BRN_TILE * a->rows * BRN_TILE + in,
		    (size_t)n * sizeof *to);
		to += n;
		p += n;
	}
}

/* A piece of a row of the image at a time.  */
static void
scatter_rows(const struct brn_scatter *a, float *y, const float *residual)
{
	const struct brn_planes *g = a->g;
	int64_t p = a->pos, end = p + a->ntile * BRN_TILE;

	end = end < g->npos ? end : g->npos;
	while (p < end) {
		int64_t in = p % g->pitch, n = g->x.out - in;
		int64_t at = brn_planes_before(g, p);
		float line[16 * BRN_TILE];

		n = n < end - p ? n : end - p;
		if (n > 0) {
			n = n < 16 * BRN_TILE ? n : 16 * BRN_TILE;
			take_lines(a, p, p + n, line);
			BRN_FOR_ISA(brn_put)(y + at, line, residual ?
			    residual + at : NULL, n, &a->end);
			p += n;
			in += n;
		}
		if (in >= g->x.out)
			p += g->pitch - in;
	}
}

void
BRN_FOR_ISA(brn_scatter)(const struct brn_scatter *a, float *y,
    const float *residual)
{
	if (a->g->pitch == a->g->x.out)
		scatter_lines(a, y, residual);
	else
		scatter_rows(a, y, residual);
}
