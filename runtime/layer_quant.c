/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantizing the x of a layer, tile by tile.  The range of a whole tensor takes
 * a pass of its own before that.
 */
#include "runtime/layer_quant.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph/step.h"
#include "ir/graph/weight.h"

/* ---- the weight ---------------------------------------------------------- */

/* Add to each of n rows n columns of integers, or of floats over the step.  */
static void
add_column(const struct brn_bsr *b, int64_t at, const float *step,
    int32_t *sum)
{
	if (b->ints)
		for (int r = 0; r < b->bh; r++)
			sum[r] += b->ints[at + r];
	else
		for (int r = 0; r < b->bh; r++)
			sum[r] += (int32_t)brn_round_small(b->vals[at + r] /
			    step[r]);
}

static void
sum_rows(const struct brn_bsr *b, struct brn_layer_quant *q)
{
	for (int32_t br = 0; br < b->nbrow; br++) {
		int64_t first = (int64_t)b->rowptr[br] * b->bw;
		int64_t end = (int64_t)b->rowptr[br + 1] * b->bw;
		int64_t row = (int64_t)br * b->bh;

		for (int64_t c = first; c < end; c++)
			add_column(b, c * b->bh, q->step + row, q->sum + row);
	}
}

/* The steps of the node.  Those of padding are 1.  */
static void
copy_steps(const struct brn_node *step, size_t rows, float *out)
{
	size_t n = (size_t)brn_numel(step->value);

	memcpy(out, step->value->data, n * sizeof *out);
	for (; n < rows; n++)
		out[n] = 1;
}

int
brn_layer_quant_init(struct brn_layer_quant *q, const struct brn_node *n,
    const struct brn_bsr *b, int integers, burin_error *err)
{
	size_t rows = (size_t)b->nbrow * (size_t)b->bh;
	const struct brn_node *step = brn_weight_step(n);
	int rc = 1;

	*q = (struct brn_layer_quant){
		.x = (enum brn_x_quant)brn_attr_int(n, "x_quant"),
		.scale = brn_attr_float(n, "x_scale"),
		.zero = (int32_t)brn_attr_int(n, "x_zero"),
	};
	if (q->x == BRN_X_FLOAT || !integers)
		return BURIN_OK;
	q->step = brn_alloc(rows, sizeof *q->step);
	q->sum = brn_alloc(rows, sizeof *q->sum);
	if (!q->step || !q->sum)
		return brn_nomem(err);
	if (step)
		copy_steps(step, rows, q->step);
	else if ((rc = brn_bsr_steps(b, q->step, err)) < 0)
		return rc;
	if (rc) {
		sum_rows(b, q);
		return BURIN_OK;
	}
	free(q->step);
	q->step = NULL;
	return BURIN_OK;
}

int
brn_layer_quant_set_finish(struct brn_layer_quant *q,
    const struct brn_node *n, int64_t rows, const float *bias,
    burin_error *err)
{
	const struct brn_node *r = n->nin > 3 ? n->in[3] : NULL;
	struct brn_finish *f = &q->finish;

	if (!q->step)
		return BURIN_OK;
	f->offset = brn_alloc((size_t)rows, sizeof *f->offset);
	f->scale = brn_alloc((size_t)rows, sizeof *f->scale);
	f->add = brn_alloc((size_t)rows, sizeof *f->add);
	if (!f->offset || !f->scale || !f->add)
		return brn_nomem(err);
	brn_finish_set(f, &(struct brn_finish_of){ brn_epilogue_of(n),
	    brn_conv_quant_of(n), r ? r->type.dtype : 0, rows, q->sum,
	    q->step, bias });
	return BURIN_OK;
}

void
brn_layer_quant_clear(struct brn_layer_quant *q)
{
	free(q->step);
	free(q->sum);
	free(q->finish.offset);
	free(q->finish.scale);
	free(q->finish.add);
}

/* ---- x ------------------------------------------------------------------- */

int
brn_layer_quant_equal(const struct brn_layer_quant *p,
    const struct brn_layer_quant *q)
{
	return p->x == q->x && p->scale == q->scale && p->zero == q->zero;
}

int64_t
brn_layer_quant_size(const struct brn_layer_quant *q, int64_t ntile)
{
	return q->x == BRN_X_FLOAT ? 0 : ntile *
	    (int64_t)(sizeof(struct brn_tile_quant) / sizeof(float));
}

static float *
packed(const struct brn_pack_quant *p, int64_t i)
{
	return p->xt + i * p->colsp * BRN_TILE;
}

/* Tile i of x as floats, which make_tile may have put where it is packed.  */
static const float *
source(const struct brn_pack_quant *p, int64_t i)
{
	return p->x_width == BRN_TILE ? p->x + i * p->tiles.features *
	    BRN_TILE : packed(p, i);
}

static void
make_tile(const struct brn_pack_quant *p, int64_t i)
{
	float *to = packed(p, i);

	if (p->x_width == 0)
		p->native->to_tiles(&p->tiles, p->x, p->xt, p->colsp, i,
		    i + 1);
	else if (p->x_width < BRN_TILE)
		brn_widen_lines(to, p->x, p->x_width, p->tiles.features);
}

/* The range of each token of a tile, which has the place of its scales until
 * these are known.  */
struct range {
	float lo[BRN_TILE], hi[BRN_TILE];
};

static struct range
range_of(const struct brn_pack_quant *p, int64_t i)
{
	struct range r = { { 0 }, { 0 } };

	p->native->range(source(p, i), p->tiles.features, r.lo, r.hi);
	return r;
}

static void
find_range(void *ctx, size_t i)
{
	const struct brn_pack_quant *p = ctx;
	struct range r;

	make_tile(p, (int64_t)i);
	r = range_of(p, (int64_t)i);
	memcpy(&p->tile[i], &r, sizeof r);
}

/* The range of all tokens.  */
static void
join_ranges(const struct brn_pack_quant *p, float *lo, float *hi)
{
	*lo = *hi = 0;
	for (int64_t i = 0; i < p->tiles.n; i++) {
		struct range r;
		int64_t n;

		memcpy(&r, &p->tile[i], sizeof r);
		brn_tiles_token(&p->tiles, i, &n);
		for (int64_t l = 0; l < n; l++) {
			*lo = r.lo[l] < *lo ? r.lo[l] : *lo;
			*hi = r.hi[l] > *hi ? r.hi[l] : *hi;
		}
	}
}

/* Scale and zero point of all tokens.  */
static void
set_all(const struct brn_pack_quant *p)
{
	const struct brn_layer_quant *q = p->quant;
	float lo, hi, scale = q->scale;
	int32_t zero = q->zero;

	if (q->x == BRN_X_TENSOR) {
		join_ranges(p, &lo, &hi);
		brn_quant_of_range(lo, hi, &scale, &zero);
	}
	for (int64_t i = 0; i < p->tiles.n * BRN_TILE; i++) {
		p->tile[i / BRN_TILE].scale[i % BRN_TILE] = scale;
		p->tile[i / BRN_TILE].zero[i % BRN_TILE] = zero;
	}
}

static void
set_each(const struct brn_pack_quant *p, int64_t i)
{
	struct range r = range_of(p, i);
	struct brn_tile_quant *t = &p->tile[i];

	for (int l = 0; l < BRN_TILE; l++)
		brn_quant_of_range(r.lo[l], r.hi[l], &t->scale[l],
		    &t->zero[l]);
}

/* Tile i as floats, with its scales.  */
static const float *
scaled_tile(const struct brn_pack_quant *p, int64_t i)
{
	if (p->quant->x != BRN_X_TENSOR)
		make_tile(p, i);
	if (p->quant->x == BRN_X_TOKEN)
		set_each(p, i);
	return source(p, i);
}

static void
round_tile(void *ctx, size_t i)
{
	const struct brn_pack_quant *p = ctx;
	int64_t n = p->tiles.features, at = (int64_t)i;
	float *to = packed(p, at);

	p->native->quantize(scaled_tile(p, at), n, &p->tile[i],
	    BRN_QUANT_FLOATS, to);
	memset(to + n * BRN_TILE, 0,
	    (size_t)((p->colsp - n) * BRN_TILE) * sizeof *to);
}

static void
quantize_quad(void *ctx, size_t i)
{
	const struct brn_pack_quant *p = ctx;
	int64_t first = (int64_t)i * BRN_QUAD, left = p->tiles.n - first;
	struct brn_quad q = { .quant = &p->tile[first],
	    .ntile = left < BRN_QUAD ? (int)left : BRN_QUAD,
	    .groups = p->groups, .n = p->tiles.features,
	    .to = (uint8_t *)packed(p, first) };

	for (int t = 0; t < q.ntile; t++)
		q.x[t] = scaled_tile(p, first + t);
	p->native->quantize_quad(&q);
}

void
brn_pack_quant(const struct brn_pack_quant *p)
{
	void *ctx = (void *)p;
	size_t n = (size_t)p->tiles.n;

	if (p->quant->x == BRN_X_TENSOR)
		brn_parallel(p->threads, n, find_range, ctx);
	if (p->quant->x != BRN_X_TOKEN)
		set_all(p);
	if (p->elem == BRN_ELEM_i8)
		brn_parallel(p->threads, (n + BRN_QUAD - 1) / BRN_QUAD,
		    quantize_quad, ctx);
	else
		brn_parallel(p->threads, n, round_tile, ctx);
}

/* The features are lines of 16 that have one scale.  */
void
brn_pack_quant_row(const struct brn_pack_quant *p)
{
	const struct brn_layer_quant *q = p->quant;
	int64_t n = p->tiles.features, whole = n / BRN_TILE;
	float last[BRN_TILE] = { 0 }, scale = q->scale, lo = 0, hi = 0;
	struct range r = { { 0 }, { 0 } };
	int32_t zero = q->zero;
	uint8_t *to = (uint8_t *)p->xt;

	memcpy(last, p->x + whole * BRN_TILE,
	    (size_t)(n % BRN_TILE) * sizeof *last);
	if (q->x != BRN_X_FIXED) {
		p->native->range(p->x, whole, r.lo, r.hi);
		p->native->range(last, 1, r.lo, r.hi);
		for (int l = 0; l < BRN_TILE; l++) {
			lo = r.lo[l] < lo ? r.lo[l] : lo;
			hi = r.hi[l] > hi ? r.hi[l] : hi;
		}
		brn_quant_of_range(lo, hi, &scale, &zero);
	}
	for (int l = 0; l < BRN_TILE; l++) {
		p->tile->scale[l] = scale;
		p->tile->zero[l] = zero;
	}
	p->native->quantize(p->x, whole, p->tile, BRN_QUANT_LINES, to);
	p->native->quantize(last, 1, p->tile, BRN_QUANT_LINES,
	    to + whole * BRN_TILE);
}
