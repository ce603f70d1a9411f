/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops on tiles: tokens are in the lanes, so reducing over features adds lines,
 * with no horizontal sums.
 */
#include <math.h>

#include "runtime/native/isa.h"

/* One line of 16 tokens in registers.  */
struct line {
	brn_vec v[BRN_LINE];
};

static inline struct line
load(const float *p)
{
	struct line l;

	for (int i = 0; i < BRN_LINE; i++)
		l.v[i] = *(const brn_vec *)(p + i * BRN_LANES);
	return l;
}

static inline void
store(float *p, struct line l)
{
	for (int i = 0; i < BRN_LINE; i++)
		*(brn_vec *)(p + i * BRN_LANES) = l.v[i];
}

static inline __attribute__((always_inline)) void
add_line(struct line *s, const float *x, struct line mean, int square)
{
	struct line l = load(x);

	for (int i = 0; i < BRN_LINE; i++) {
		brn_vec d = l.v[i] - mean.v[i];

		s->v[i] += square ? d * d : d;
	}
}

/* The sum over n lines of x, or of (x - mean)^2 if square.  The latter goes
 * backwards, so that it begins with what is still in the first-level cache, and
 * leaves there what the next loop begins with.  */
static inline __attribute__((always_inline)) struct line
sum_lines(const float *x, int64_t n, struct line mean, int square)
{
	struct line s[BRN_CHAINS] = { 0 };
	int64_t f = 0, step = square ? -BRN_TILE : BRN_TILE;

	x += square ? (n - 1) * BRN_TILE : 0;
	for (; f + BRN_CHAINS <= n; f += BRN_CHAINS)
		for (int c = 0; c < BRN_CHAINS; c++)
			add_line(&s[c], x + (f + c) * step, mean, square);
	for (; f < n; f++)
		add_line(&s[0], x + f * step, mean, square);
	for (int c = 1; c < BRN_CHAINS; c++)
		for (int i = 0; i < BRN_LINE; i++)
			s[0].v[i] += s[c].v[i];
	return s[0];
}

static void
normalize_tile(const float *x, const float *g, const float *b, float *y,
    int64_t n, float eps)
{
	struct line zero = { 0 }, mean = sum_lines(x, n, zero, 0), var;
	float scale[BRN_TILE];

	for (int i = 0; i < BRN_LINE; i++)
		mean.v[i] /= (float)n;
	var = sum_lines(x, n, mean, 1);
	store(scale, var);
	for (int i = 0; i < BRN_TILE; i++)
		scale[i] = 1 / sqrtf(scale[i] / (float)n + eps);
	var = load(scale);
	for (int64_t f = 0; f < n; f++) {
		struct line l = load(x + f * BRN_TILE);

		for (int i = 0; i < BRN_LINE; i++)
			l.v[i] = (l.v[i] - mean.v[i]) * var.v[i] * g[f] +
			    (b ? b[f] : 0);
		store(y + f * BRN_TILE, l);
	}
}

static void
normalize(void *ctx, size_t tile)
{
	const struct brn_tiled *a = ctx;
	int64_t n = a->type[0]->dim[a->type[0]->rank - 1];
	size_t at = tile * (size_t)n * BRN_TILE;

	normalize_tile(brn_f32(a->in[0]) + at, a->in[1]->data,
	    a->n->nin > 2 && a->in[2] ? a->in[2]->data : NULL,
	    (float *)a->out->data + at, n,
	    brn_attr_float(a->n, "epsilon"));
}

void
BRN_FOR_ISA(brn_tiled_layer_norm)(const struct brn_tiled *a)
{
	brn_parallel(a->threads, (size_t)brn_tiles_of(a->type[0]).n,
	    normalize, (void *)a);
}

static void
tile_in(void *ctx, size_t i)
{
	const struct brn_tiled *a = ctx;
	struct brn_tiles l = brn_tiles_of(a->type[0]);

	BRN_FOR_ISA(brn_to_tiles)(&l, a->in[0]->data, a->out->data,
	    l.features, (int64_t)i, (int64_t)i + 1);
}

static void
tile_out(void *ctx, size_t i)
{
	const struct brn_tiled *a = ctx;
	struct brn_tiles l = brn_tiles_of(a->type[0]);

	BRN_FOR_ISA(brn_from_tiles)(&l, a->in[0]->data, l.features,
	    a->out->data, (int64_t)i, (int64_t)i + 1);
}

void
BRN_FOR_ISA(brn_tiled_to_tiles)(const struct brn_tiled *a)
{
	brn_parallel(a->threads, (size_t)brn_tiles_of(a->type[0]).n, tile_in,
	    (void *)a);
}

void
BRN_FOR_ISA(brn_tiled_from_tiles)(const struct brn_tiled *a)
{
	brn_parallel(a->threads, (size_t)brn_tiles_of(a->type[0]).n, tile_out,
	    (void *)a);
}
