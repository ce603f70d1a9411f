/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers: packed once, then run as tiles in, kernel, tiles out.  The kernel's
 * work is split by stored blocks, whole block rows at a time, so the result is
 * the same for every number of threads.
 */
#include "runtime/layer.h"

#include <stdlib.h>
#include <string.h>

#include "ir/op/image.h"
#include "ir/graph/weight.h"
#include "jit/builtin/bf16.h"
#include "jit/builtin/few_tokens.h"
#include "jit/kernel/choose.h"
#include "passes/pass.h"

int
brn_is_layer(const struct brn_node *n)
{
	const struct brn_node *bias;

	if (n->op != BRN_OP_dense && n->op != BRN_OP_bsr_dense &&
	    n->op != BRN_OP_dense_conv && n->op != BRN_OP_bsr_conv)
		return 0;
	if (n->in[1]->op != BRN_OP_bsr && (!brn_is_const(n->in[1]) ||
	    n->in[1]->value->type.dtype != BURIN_F32 ||
	    n->in[1]->value->type.rank != 2))
		return 0;
	bias = n->nin > 2 ? n->in[2] : NULL;
	return !bias || (brn_is_const(bias) &&
	    bias->value->type.dtype == BURIN_F32);
}

int64_t
brn_layer_rowsp(const struct brn_layer *l)
{
	return (int64_t)l->bsr->nbrow * l->bsr->bh;
}

int64_t
brn_layer_colsp(const struct brn_layer *l)
{
	return (int64_t)l->bsr->nbcol * l->bsr->bw;
}

static int
set_bsr(struct brn_layer *l, burin_error *err)
{
	struct brn_matrix w;
	int rc;

	if (l->node->in[1]->op == BRN_OP_bsr) {
		l->bsr = l->node->in[1]->bsr;
		return 0;
	}
	w = brn_weight(l->node);
	rc = brn_bsr_from_dense(&w, BRN_DENSE_BH, BRN_DENSE_BW, 1, &l->own,
	    err);
	l->bsr = l->own;
	return rc;
}

static int
set_bias(struct brn_layer *l, burin_error *err)
{
	const struct brn_node *b = l->node->nin > 2 ? l->node->in[2] : NULL;
	size_t n;

	if (!b)
		return 0;
	if (brn_numel(b->value) != l->bsr->rows)
		return brn_fail(err, BURIN_ESHAPE,
		    "node '%s': bias has %lld elements, wanted %lld",
		    l->node->name, (long long)brn_numel(b->value),
		    (long long)l->bsr->rows);
	n = (size_t)brn_layer_rowsp(l);
	l->bias = brn_alloc_aligned(n * sizeof *l->bias);
	if (!l->bias)
		return brn_nomem(err);
	memset(l->bias, 0, n * sizeof *l->bias);
	memcpy(l->bias, b->value->data,
	    (size_t)l->bsr->rows * sizeof *l->bias);
	return 0;
}

static void
describe(struct brn_layer *l)
{
	const struct brn_choice *c = l->choice;

	l->info = (burin_layer_info){
		.name = l->node->name,
		.op = brn_ops[l->node->op].name,
		.rows = l->bsr->rows,
		.cols = l->bsr->cols,
		.bh = c ? c->bh : l->bsr->bh,
		.bw = c ? c->bw : l->bsr->bw,
		.density = c ? c->density : brn_bsr_density(l->bsr),
		.nonzero_fraction = c ? c->nonzero : 1,
		.decision = l->node->in[1]->op == BRN_OP_bsr ? "sparse" :
		    "dense",
		.why = c ? c->why : "",
	};
}

/* The columns that some block has, which a gather copies.  */
static int
set_used(struct brn_layer *l, burin_error *err)
{
	const struct brn_bsr *b = l->bsr;
	char *stored = brn_alloc((size_t)b->nbcol, 1);

	l->used = brn_alloc((size_t)b->cols, sizeof *l->used);
	if (!stored || !l->used) {
		free(stored);
		return brn_nomem(err);
	}
	for (int32_t i = 0; i < b->nblk; i++)
		stored[b->colidx[i]] = 1;
	for (int32_t c = 0; c < b->cols; c++)
		if (stored[c / b->bw])
			l->used[l->nused++] = c;
	free(stored);
	return 0;
}

/* Choose the kernel and pack the weights for it.  */
static int
set_kernel(struct brn_layer *l, struct brn_layer_target t, burin_error *err)
{
	const struct brn_choice *c = l->choice;
	int image = brn_is_image_layer(l->node);
	int want = c ? c->kernel : BRN_NO_KERNEL;
	struct brn_plan plan;
	int rc;

	brn_spec_init(&l->spec, l->bsr, l->bias ? BRN_EPI_BIAS : 0, t.isa,
	    brn_compiler_id());
	if (image && t.elem != BRN_ELEM_f32)
		want = BRN_NO_KERNEL;   /* it was chosen for t.elem */
	if (!image)
		l->spec.elem = t.elem;
	rc = brn_choose(&l->spec, want, &plan, err);
	if (rc < 0)
		return rc;
	l->grain = plan.grain;
	rc = brn_pack_stream(&l->spec, &plan, l->bsr->vals, &l->stream, err);
	brn_plan_clear(&plan);
	return rc < 0 ? rc : brn_few_weights_pack(&l->spec, l->bsr->vals,
	    &l->few, err);
}

int
brn_layer_init(struct brn_layer *l, const struct brn_node *n,
    const struct brn_choice *c, struct brn_layer_target t, burin_error *err)
{
	int rc;

	*l = (struct brn_layer){ .node = n, .choice = c };
	l->epilogue = brn_epilogue_of(n);
	if ((rc = set_bsr(l, err)) == 0 && (rc = set_bias(l, err)) == 0)
		rc = set_kernel(l, t, err);
	if (rc == 0 && brn_is_image_layer(n))
		rc = set_used(l, err);
	if (rc < 0) {
		brn_layer_clear(l);
		return rc;
	}
	describe(l);
	return 0;
}

void
brn_layer_clear(struct brn_layer *l)
{
	brn_jit_release(l->kernel);
	free(l->stream);
	brn_few_weights_free(l->few);
	free(l->bias);
	free(l->used);
	brn_bsr_free(l->own);
	*l = (struct brn_layer){ 0 };
}

int
brn_layer_packs_tiles(const struct brn_layer *l)
{
	return l->spec.elem != BRN_ELEM_f32 ||
	    brn_layer_colsp(l) != l->bsr->cols;
}

int64_t
brn_layer_xt_size(const struct brn_layer *l, int64_t ntile)
{
	return ntile * brn_layer_colsp(l) * BRN_TILE;
}

int64_t
brn_layer_yt_size(const struct brn_layer *l, int64_t ntile)
{
	return ntile * brn_layer_rowsp(l) * BRN_TILE;
}

void
brn_layer_multiply(const struct brn_layer *l, const struct brn_kernel_args *a)
{
	if ((a->tokens && a->tokens <= BRN_FEW_TOKENS) || (l->few &&
	    a->tile1 - a->tile0 <= brn_few_weights_tiles(&l->spec)))
		brn_few_tokens(l->spec.isa)(a);
	else
		brn_kernel_code(l->kernel)(a);
}

/* A run of a layer.  */
struct layer_call {
	const struct brn_layer_run *r;
	struct brn_kernel_args args;    /* of all tiles and block rows */
	struct brn_tiles out;           /* of y */
	enum brn_elem elem;             /* of this run: f32 for few tokens */
	/* The layer's epilogue, in two parts: on tiles while the kernel's
	 * results are in the cache, with this residual or NULL; and while
	 * they are unpacked, with that of r.  */
	struct brn_epilogue hot, late;
	const float *residual;
	int nchunk;
};

/* Pack tile i of x for the kernel: from rows, with features of padding, or of
 * another element type.  */
static void
pack_tile(void *ctx, size_t i)
{
	const struct layer_call *k = ctx;
	const struct brn_layer_run *r = k->r;
	int64_t cols = r->tiles.features, colsp = brn_layer_colsp(r->layer);
	float *to = r->xt + (int64_t)i * colsp * BRN_TILE;

	if (!r->x_tiles) {
		r->native->to_tiles(&r->tiles, r->x, r->xt, colsp, (int64_t)i,
		    (int64_t)i + 1);
	} else {
		memcpy(to, r->x + (int64_t)i * cols * BRN_TILE,
		    (size_t)(cols * BRN_TILE) * sizeof *to);
		memset(to + cols * BRN_TILE, 0,
		    (size_t)((colsp - cols) * BRN_TILE) * sizeof *to);
	}
	if (k->elem == BRN_ELEM_bf16)
		brn_bf16_tile(to, colsp);
}

/* Unpack tile i of y, with the late part of the epilogue.  */
static void
unpack_tile(void *ctx, size_t i)
{
	const struct layer_call *k = ctx;
	const struct brn_layer_run *r = k->r;
	int64_t rows = k->out.features, rowsp = brn_layer_rowsp(r->layer);
	int64_t n = rows * BRN_TILE, at = (int64_t)i * n;

	if (r->y_tiles) {
		memcpy(r->y + at, r->yt + (int64_t)i * rowsp * BRN_TILE,
		    (size_t)n * sizeof *r->y);
	} else {
		r->native->from_tiles(&k->out, r->yt, rowsp, r->y, (int64_t)i,
		    (int64_t)i + 1);
		at = brn_tiles_token(&k->out, (int64_t)i, &n) * rows;
		n *= rows;
	}
	if (r->residual)
		r->native->epilogue(r->y + at, r->residual + at, n, &k->late);
}

/* The first block row of chunk i of n: about i / n of the work lies before it,
 * rounded to the grain.  The work of a block row is its blocks, plus one for
 * bias and store.  */
static int64_t
first_row_of_chunk(const struct brn_layer *l, int i, int n)
{
	const struct brn_bsr *b = l->bsr;
	int64_t grain = l->grain;
	int64_t want = ((int64_t)b->nblk + b->nbrow) * i / n;
	int64_t lo = 0, hi = b->nbrow;

	while (lo < hi) {
		int64_t mid = (lo + hi) / 2;

		if (b->rowptr[mid] + mid < want)
			lo = mid + 1;
		else
			hi = mid;
	}
	lo = (lo + grain / 2) / grain * grain;
	return i < n && lo < b->nbrow ? lo : b->nbrow;
}

/* The hot part of the epilogue, on the rows that the kernel has just
 * written.  */
static void
apply_hot_epilogue(const struct layer_call *k, const struct brn_kernel_args *a)
{
	int64_t line = brn_layer_rowsp(k->r->layer) * BRN_TILE;
	int64_t first = a->brow0 * a->bh * BRN_TILE;
	int64_t n = (a->brow1 - a->brow0) * a->bh * BRN_TILE;

	for (int64_t t = a->tile0; t < a->tile1; t++) {
		int64_t at = t * line + first;

		k->r->native->epilogue(a->y + at, k->residual ?
		    k->residual + at : NULL, n, &k->hot);
	}
}

/* Tiles of y, and lines of all of them, that get the epilogue while they are in
 * the cache.  */
enum { HOT_TILES = 8, HOT_LINES = 2048 };

/* Some tiles and block rows at a time, and the hot part of the epilogue after
 * each.  */
static void
run_with_epilogue(const struct layer_call *k, struct brn_kernel_args a)
{
	int64_t grain = k->r->layer->grain;
	int64_t ntile = a.tile1, from = a.brow0, to = a.brow1;
	int64_t rows = HOT_LINES / (ntile < HOT_TILES ? ntile : HOT_TILES);
	int64_t step = rows / a.bh / grain * grain;

	step = step > 0 ? step : grain;
	for (a.tile0 = 0; a.tile0 < ntile; a.tile0 = a.tile1) {
		a.tile1 = a.tile0 + HOT_TILES;
		if (a.tile1 > ntile)
			a.tile1 = ntile;
		for (a.brow0 = from; a.brow0 < to; a.brow0 = a.brow1) {
			a.brow1 = a.brow0 + step < to ? a.brow0 + step : to;
			brn_layer_multiply(k->r->layer, &a);
			apply_hot_epilogue(k, &a);
		}
	}
}

static void
run_chunk(void *ctx, size_t i)
{
	const struct layer_call *k = ctx;
	const struct brn_layer *l = k->r->layer;
	struct brn_kernel_args a = k->args;

	a.brow0 = first_row_of_chunk(l, (int)i, k->nchunk);
	a.brow1 = first_row_of_chunk(l, (int)i + 1, k->nchunk);
	if (a.brow0 == a.brow1)
		return;
	if (k->hot.act != BRN_ACT_none || k->residual)
		run_with_epilogue(k, a);
	else
		brn_layer_multiply(l, &a);
}

/* A residual has the form of y, so it waits until y is unpacked, and with it an
 * activation of the sum.  */
static void
split_epilogue(struct layer_call *k, int unpack)
{
	struct brn_epilogue *wait = &k->late;

	k->hot = k->r->layer->epilogue;
	k->residual = unpack ? NULL : k->r->residual;
	if (unpack && k->r->residual && k->hot.act_last)
		wait = &k->hot;
	k->late = k->hot;
	wait->act = BRN_ACT_none;
}

void
brn_layer_run(const struct brn_layer_run *r)
{
	const struct brn_layer *l = r->layer;
	int few = r->tiles.tokens <= BRN_FEW_TOKENS;
	enum brn_elem elem = few ? BRN_ELEM_f32 : l->spec.elem;
	int pack = !r->x_tiles || elem != BRN_ELEM_f32 ||
	    brn_layer_colsp(l) != l->bsr->cols;
	int unpack = !r->y_tiles || brn_layer_rowsp(l) != l->bsr->rows;
	struct layer_call k = {
		.r = r,
		.elem = elem,
		.out = r->tiles,
		.nchunk = brn_threads_count(r->threads),
	};

	split_epilogue(&k, unpack);
	k.out.features = l->bsr->rows;
	k.args = (struct brn_kernel_args){
		.x = pack ? r->xt : r->x,
		.vals = l->bsr->vals,
		.stream = l->stream,
		.bias = l->bias,
		.y = unpack ? r->yt : r->y,
		.tile1 = r->tiles.n,
		.tokens = r->tiles.tokens < BRN_TILE ? r->tiles.tokens : 0,
		.rowptr = l->bsr->rowptr,
		.colidx = l->bsr->colidx,
		.bh = l->bsr->bh,
		.bw = l->bsr->bw,
		.nbrow = l->bsr->nbrow,
		.nbcol = l->bsr->nbcol,
		.few = l->few,
	};
	if (pack && !r->has_xt)
		brn_parallel(r->threads, (size_t)r->tiles.n, pack_tile, &k);
	brn_parallel(r->threads, (size_t)k.nchunk, run_chunk, &k);
	if (unpack)
		brn_parallel(r->threads, (size_t)r->tiles.n, unpack_tile, &k);
}
