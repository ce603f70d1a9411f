/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms on tiles, but for attention.  Tokens are in the lanes, so a reduction
 * over features adds lines, with no horizontal sums.
 */
#include <math.h>

#include "ir/graph/rounds.h"
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
 * backwards: it begins with the lines that the first sum left in L1, and ends
 * with those that the next loop begins with.  */
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

/* A layer normalisation.  */
struct norm {
	const float *g, *b;             /* b NULL: 0 */
	int64_t n;
	float eps;
	const float *rounds;            /* ir/graph/rounds.h */
};

static void
normalize_tile(const struct norm *k, const float *x, float *y)
{
	const float *g = k->g, *b = k->b;
	int64_t n = k->n;
	struct line zero = { 0 }, mean = sum_lines(x, n, zero, 0), var;
	float scale[BRN_TILE];

	for (int i = 0; i < BRN_LINE; i++)
		mean.v[i] /= (float)n;
	var = sum_lines(x, n, mean, 1);
	store(scale, var);
	for (int i = 0; i < BRN_TILE; i++)
		scale[i] = brn_norm_gain(scale[i] / (float)n, k->eps,
		    k->rounds);
	var = load(scale);
	for (int64_t f = 0; f < n; f++) {
		struct line l = load(x + f * BRN_TILE);

		for (int i = 0; i < BRN_LINE; i++)
			l.v[i] = (l.v[i] - mean.v[i]) * var.v[i] * g[f] +
			    (b ? b[f] : 0);
		store(y + f * BRN_TILE, l);
	}
}

/* Four tokens: a vector has one feature of each chain above.  */
typedef float four
    __attribute__((vector_size(4 * BRN_FEW_TOKENS), aligned(4)));

static inline four
load_four(const float *x, int64_t feature)
{
	return *(const four *)(x + feature * BRN_FEW_TOKENS);
}

/* sum_lines, with the same bits.  */
static inline __attribute__((always_inline)) four
sum_four(const float *x, int64_t n, four mean, int square)
{
	four s[BRN_CHAINS] = { 0 }, d;
	int64_t f = 0;

	for (; f + BRN_CHAINS <= n; f += BRN_CHAINS)
		for (int c = 0; c < BRN_CHAINS; c++) {
			d = load_four(x, square ? n - 1 - f - c : f + c) - mean;
			s[c] += square ? d * d : d;
		}
	for (; f < n; f++) {
		d = load_four(x, square ? n - 1 - f : f) - mean;
		s[0] += square ? d * d : d;
	}
	for (int c = 1; c < BRN_CHAINS; c++)
		s[0] += s[c];
	return s[0];
}

static void
normalize_four(const struct norm *k, const float *x, float *y)
{
	const float *g = k->g, *b = k->b;
	int64_t n = k->n;
	four mean = sum_four(x, n, (four){ 0 }, 0) / (float)n;
	four scale = sum_four(x, n, mean, 1);

	for (int i = 0; i < BRN_FEW_TOKENS; i++)
		scale[i] = brn_norm_gain(scale[i] / (float)n, k->eps,
		    k->rounds);
	for (int64_t f = 0; f < n; f++)
		*(four *)(y + f * BRN_FEW_TOKENS) = (load_four(x, f) - mean) *
		    scale * g[f] + (b ? b[f] : 0);
}

static void
normalize(void *ctx, size_t tile)
{
	const struct brn_call *c = ctx;
	struct brn_tiles l = brn_tiles_of(c->type[0]);
	size_t at = tile * (size_t)(l.features * l.width);

	struct norm k = { c->in[1]->data,
	    c->n->nin > 2 && c->in[2] ? c->in[2]->data : NULL, l.features,
	    brn_attr_float(c->n, "epsilon"), brn_rounds(c->n) };

	(l.width == BRN_TILE ? normalize_tile : normalize_four)(&k,
	    brn_f32(c->in[0]) + at, (float *)c->out->data + at);
}

/* On each tile.  */
static int
each_tile(const struct brn_call *c, brn_task_fn *fn)
{
	brn_parallel(c->threads, (size_t)brn_tiles_of(c->type[0]).n, fn,
	    (void *)c);
	return 0;
}

/* One token has rows, too.  */
int
BRN_FOR_ISA(brn_takes_several_tokens)(const struct brn_call *c)
{
	return brn_tiles_of(c->type[0]).width > 1;
}

int
BRN_FOR_ISA(brn_tiles_layer_norm)(const struct brn_call *c)
{
	return each_tile(c, normalize);
}

static void
tile_from_rows(void *ctx, size_t i)
{
	const struct brn_call *c = ctx;
	struct brn_tiles l = brn_tiles_of(c->type[0]);

	BRN_FOR_ISA(brn_to_tiles)(&l, c->in[0]->data, c->out->data,
	    l.features, (int64_t)i, (int64_t)i + 1);
}

static void
tile_to_rows(void *ctx, size_t i)
{
	const struct brn_call *c = ctx;
	struct brn_tiles l = brn_tiles_of(c->type[0]);

	BRN_FOR_ISA(brn_from_tiles)(&l, c->in[0]->data, l.features,
	    c->out->data, (int64_t)i, (int64_t)i + 1);
}

int
BRN_FOR_ISA(brn_tiles_to_tiles)(const struct brn_call *c)
{
	return each_tile(c, tile_from_rows);
}

int
BRN_FOR_ISA(brn_tiles_from_tiles)(const struct brn_call *c)
{
	return each_tile(c, tile_to_rows);
}
