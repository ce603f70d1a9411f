/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops on tiles: tokens are in the lanes, so reducing over features adds lines,
 * with no horizontal sums.
 */
#include <math.h>

#include "runtime/native_gelu.h"
#include "runtime/native_isa.h"
#include "runtime/native_math.h"

static void
add_lines(float *y, const float *residual, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] += residual[i];
}

#define ACT(name, expr) \
	static void \
	act_##name(float *y, int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) { \
			float v = y[i]; \
	\
			y[i] = expr; \
		} \
	}
#ifdef __AVX512F__
static void
act_gelu(float *y, int64_t n)
{
	brn_gelu_lines(y, n, brn_gelu_erf_table);
}

static void
act_gelu_tanh(float *y, int64_t n)
{
	brn_gelu_lines(y, n, brn_gelu_tanh_table);
}
#else
ACT(gelu, brn_gelu_erf(v))
ACT(gelu_tanh, brn_gelu_tanh(v))
#endif
ACT(relu, v < 0 ? 0 : v)
ACT(tanh, tanhf(v))

void
BRN_FOR_ISA(brn_epilogue)(float *y, const float *residual, int64_t n,
    enum brn_act act)
{
	switch (act) {
	case BRN_ACT_none:
		break;
	case BRN_ACT_gelu:
		act_gelu(y, n);
		break;
	case BRN_ACT_gelu_tanh:
		act_gelu_tanh(y, n);
		break;
	case BRN_ACT_relu:
		act_relu(y, n);
		break;
	case BRN_ACT_tanh:
		act_tanh(y, n);
		break;
	}
	if (residual)
		add_lines(y, residual, n);
}

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

enum { CHAINS = 4 };

/* The sum over n lines of (x - mean)^2, or of x where square is 0; several
 * chains hide the latency of an addition.  */
static inline struct line
sum_lines(const float *x, int64_t n, struct line mean, int square)
{
	struct line s[CHAINS] = { 0 };
	int64_t f = 0;

	for (; f < n; f++) {
		struct line l = load(x + f * BRN_TILE), *to = &s[f % CHAINS];

		for (int i = 0; i < BRN_LINE; i++) {
			brn_vec d = l.v[i] - mean.v[i];

			to->v[i] += square ? d * d : d;
		}
	}
	for (int k = 1; k < CHAINS; k++)
		for (int i = 0; i < BRN_LINE; i++)
			s[0].v[i] += s[k].v[i];
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
	    brn_attr_float(a->n, "epsilon", 1e-5f));
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
