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
#include "jit/builtin/i8.h"
#include "jit/kernel/choose.h"
#include "jit/kernel/dot_groups.h"
#include "passes/pass.h"

int
brn_is_layer(const struct brn_node *n)
{
	const struct brn_node *bias;

	if (n->op != BRN_OP_dense && n->op != BRN_OP_bsr_dense &&
	    n->op != BRN_OP_dense_conv && n->op != BRN_OP_bsr_conv &&
	    n->op != BRN_OP_recurrent)
		return 0;
	if (n->in[1]->op != BRN_OP_bsr && !brn_weight_is_const(n))
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
set_bsr(struct brn_layer *l, const struct brn_layer *like, burin_error *err)
{
	struct brn_matrix w;
	int rc;

	if (like) {
		l->bsr = like->bsr;
		return 0;
	}
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
	static const char *const precision[BRN_NUM_ELEMS] = {
		[BRN_ELEM_f32] = "fp32", [BRN_ELEM_bf16] = "bf16",
		[BRN_ELEM_i8] = "int8",
	};
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
		.precision = precision[l->spec.elem],
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

static int
set_quant(struct brn_layer *l, enum brn_elem elem, burin_error *err)
{
	int rc;

	if (l->node->op == BRN_OP_recurrent)
		return BURIN_OK;
	rc = brn_layer_quant_init(&l->quant, l->node, l->bsr,
	    elem == BRN_ELEM_i8, err);
	if (rc < 0 || !brn_is_image_layer(l->node))
		return rc;
	return brn_layer_quant_set_finish(&l->quant, l->node, l->bsr->rows,
	    l->bias, err);
}

static enum brn_elem
elem_of(const struct brn_layer *l, const struct brn_layer_target *t)
{
	if (l->quant.x != BRN_X_FLOAT)
		return l->quant.step ? BRN_ELEM_i8 : BRN_ELEM_f32;
	return brn_is_image_layer(l->node) ||
	    l->node->op == BRN_OP_recurrent ? BRN_ELEM_f32 : t->elem;
}

/* The weights as the kernel reads them, and as few tokens do.  On integers few
 * tokens take the kernel, too.  */
static int
pack_weights(struct brn_layer *l, const struct brn_plan *plan,
    const struct brn_layer *like, burin_error *err)
{
	int rc;

	if (like && like->spec.kernel == l->spec.kernel &&
	    like->spec.elem == l->spec.elem && l->spec.elem != BRN_ELEM_i8) {
		l->stream = like->stream;
		l->few = like->few;
		l->borrows = 1;
		return 0;
	}
	if (l->bsr->ints)
		return brn_pack_ints(&l->spec, plan, l->bsr->ints, &l->stream,
		    err);
	rc = brn_pack_stream(&l->spec, plan, l->bsr->vals, l->quant.step,
	    &l->stream, err);
	return rc < 0 || l->spec.elem == BRN_ELEM_i8 ? rc :
	    brn_few_weights_pack(&l->spec, l->bsr->vals,
	    &l->few, err);
}

/* Choose the kernel and pack the weights for it.  */
static int
set_kernel(struct brn_layer *l, struct brn_layer_target t,
    const struct brn_layer *like, burin_error *err)
{
	const struct brn_choice *c = l->choice;
	enum brn_elem elem = elem_of(l, &t);
	int want = c && elem == t.elem ? c->kernel : BRN_NO_KERNEL;
	struct brn_plan plan;
	int rc;

	brn_spec_init(&l->spec, l->bsr, l->bias && elem != BRN_ELEM_i8 ?
	    BRN_EPI_BIAS : 0, t.isa, brn_compiler_id());
	l->spec.elem = elem;
	rc = brn_choose(&l->spec, want, &plan, err);
	if (rc < 0)
		return rc;
	l->grain = plan.grain;
	rc = pack_weights(l, &plan, like, err);
	brn_plan_clear(&plan);
	return rc;
}

int
brn_layer_init(struct brn_layer *l, const struct brn_node *n,
    const struct brn_choice *c, struct brn_layer_target t,
    const struct brn_layer *like, burin_error *err)
{
	int rc;

	*l = (struct brn_layer){ .node = n, .choice = c };
	if (n->op != BRN_OP_recurrent)
		l->epilogue = brn_epilogue_of(n);
	if ((rc = set_bsr(l, like, err)) == 0 && (rc = set_bias(l, err)) == 0 &&
	    (rc = set_quant(l, t.quantized, err)) == 0)
		rc = set_kernel(l, t, like, err);
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
	if (!l->borrows) {
		free(l->stream);
		brn_few_weights_free(l->few);
	}
	free(l->bias);
	free(l->used);
	brn_layer_quant_clear(&l->quant);
	brn_bsr_free(l->own);
	*l = (struct brn_layer){ 0 };
}

/* Is a token that comes alone packed as bytes?  */
static int
packs_one_byte(const struct brn_layer *l)
{
	struct brn_kernel_args a = brn_layer_args(l);

	return l->spec.elem == BRN_ELEM_i8 && brn_one_i8_fits(&a);
}

/* Tokens of a tile that the kernel is given.  Quantized x is whole tiles, or
 * one token.  */
static int64_t
kernel_width(const struct brn_layer *l, int64_t width)
{
	if (l->quant.x == BRN_X_FLOAT || (width == 1 && packs_one_byte(l)))
		return width;
	return BRN_TILE;
}

/* The element type of x: bf16 layers of few tokens are run in fp32.  */
static enum brn_elem
elem_of_run(const struct brn_layer *l, int64_t width)
{
	return l->spec.elem == BRN_ELEM_bf16 && width < BRN_TILE ?
	    BRN_ELEM_f32 : l->spec.elem;
}

int
brn_layer_packs_tiles(const struct brn_layer *l, int64_t width)
{
	return elem_of_run(l, width) != BRN_ELEM_f32 ||
	    l->quant.x != BRN_X_FLOAT || brn_layer_colsp(l) != l->bsr->cols;
}

int
brn_layer_unpacks_tiles(const struct brn_layer *l, int64_t width)
{
	return kernel_width(l, width) != width ||
	    brn_layer_rowsp(l) != l->bsr->rows;
}

int
brn_layer_packs_alike(const struct brn_layer *a, const struct brn_layer *b)
{
	return a->spec.elem == b->spec.elem &&
	    brn_layer_colsp(a) == brn_layer_colsp(b) &&
	    brn_dot_groups_aligned(&a->spec) ==
	    brn_dot_groups_aligned(&b->spec) &&
	    packs_one_byte(a) == packs_one_byte(b) &&
	    brn_layer_quant_equal(&a->quant, &b->quant);
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

struct brn_kernel_args
brn_layer_args(const struct brn_layer *l)
{
	return (struct brn_kernel_args){
		.vals = l->bsr->vals,
		.stream = l->stream,
		.bias = l->bias,
		.brow1 = l->bsr->nbrow,
		.rowptr = l->bsr->rowptr,
		.colidx = l->bsr->colidx,
		.bh = l->bsr->bh,
		.bw = l->bsr->bw,
		.nbrow = l->bsr->nbrow,
		.nbcol = l->bsr->nbcol,
		.few = l->few,
	};
}

void
brn_layer_multiply(const struct brn_layer *l, const struct brn_kernel_args *a)
{
	int f32 = l->spec.elem == BRN_ELEM_f32;
	int few = a->tokens && a->tokens <= BRN_FEW_TOKENS;

	if (a->stride && l->spec.elem == BRN_ELEM_i8)
		brn_one_i8(a);
	else if ((few && l->spec.elem != BRN_ELEM_i8) || (f32 && l->few &&
	    a->tile1 - a->tile0 <= brn_few_weights_tiles(&l->spec)))
		brn_few_tokens(l->spec.isa)(a);
	else
		brn_kernel_code(l->kernel)(a);
}

/* A run of a layer.  */
struct layer_call {
	const struct brn_layer_run *r;
	struct brn_kernel_args args;    /* of all tiles and block rows */
	struct brn_tiles in, out;       /* of x and y, as wide as the kernel
	                                   takes them */
	int x_tiles, y_tiles;           /* tiles, and not rows as well */
	enum brn_elem elem;             /* of this run: f32 for few tokens */
	/* The layer's epilogue, in two parts: on tiles while the kernel's
	 * results are in the cache, with this residual or NULL; and while
	 * they are unpacked, with that of r.  */
	struct brn_epilogue hot, late;
	const float *residual;
	int nchunk;
	struct brn_tile_quant *tile_quant;      /* behind xt */
};

/* Pack tile i of x for the kernel: from rows, with features of padding, or of
 * another element type.  */
static void
pack_tile(void *ctx, size_t i)
{
	const struct layer_call *k = ctx;
	const struct brn_layer_run *r = k->r;
	int64_t cols = k->in.features, colsp = brn_layer_colsp(r->layer);
	int64_t w = k->in.width;
	float *to = r->xt + (int64_t)i * colsp * w;

	if (!k->x_tiles) {
		r->native->to_tiles(&k->in, r->x, r->xt, colsp, (int64_t)i,
		    (int64_t)i + 1);
	} else {
		memcpy(to, r->x + (int64_t)i * cols * w,
		    (size_t)(cols * w) * sizeof *to);
		memset(to + cols * w, 0,
		    (size_t)((colsp - cols) * w) * sizeof *to);
	}
	if (k->elem == BRN_ELEM_bf16)
		brn_bf16_tile(to, colsp);
}

/* Pack x for the kernel, quantized.  */
static void
quantize(const struct layer_call *k)
{
	const struct brn_layer_run *r = k->r;

	(k->in.width == 1 ? brn_pack_quant_row : brn_pack_quant)(
	    &(struct brn_pack_quant){ &r->layer->quant, r->native,
	    r->threads, k->in, r->x, k->x_tiles ? r->tiles.width : 0, k->elem,
	    brn_dot_groups_aligned(&r->layer->spec), r->xt,
	    brn_layer_colsp(r->layer), k->tile_quant });
}

/* Unpack tile i of y, with the late part of the epilogue.  */
static void
unpack_tile(void *ctx, size_t i)
{
	const struct layer_call *k = ctx;
	const struct brn_layer_run *r = k->r;
	int64_t rows = k->out.features, rowsp = brn_layer_rowsp(r->layer);
	int64_t w = r->tiles.width, n = rows * w, at = (int64_t)i * n;

	if (k->y_tiles && w == k->out.width) {
		memcpy(r->y + at, r->yt + (int64_t)i * rowsp * w,
		    (size_t)n * sizeof *r->y);
	} else if (k->y_tiles) {
		brn_narrow_lines(r->y, r->yt, w, rows);
	} else {
		r->native->from_tiles(&k->out, r->yt, rowsp, r->y, (int64_t)i,
		    (int64_t)i + 1);
		at = brn_tiles_token(&k->out, (int64_t)i, &n) * rows;
		n *= rows;
	}
	if (r->residual)
		r->native->epilogue(r->y + at, r->residual + at, n, &k->late);
}

/* The work of a block row is its blocks, plus one for bias and store.  */
int64_t
brn_layer_chunk(const struct brn_layer *l, int i, int n)
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

/* Sums of n rows from `first` on, of tile i, become floats, with bias.  */
static void
dequantize(const struct layer_call *k, int64_t i, float *y, int64_t first,
    int64_t n)
{
	const struct brn_layer *l = k->r->layer;
	const struct brn_tile_quant *q = &k->tile_quant[i];
	const struct brn_row_quant w = { l->quant.step + first,
	    l->quant.sum + first, l->bias ? l->bias + first : NULL };

	if (k->out.width == 1)
		k->r->native->dequantize_row(y, n, q->scale[0], q->zero[0],
		    &w);
	else
		k->r->native->dequantize(y, n, q, &w);
}

/* The hot part of the epilogue, on the rows that the kernel has just written.
 * Sums of integers become floats first.  */
static void
apply_hot_epilogue(const struct layer_call *k, const struct brn_kernel_args *a)
{
	int64_t w = k->out.width, line = brn_layer_rowsp(k->r->layer) * w;
	int64_t first = a->brow0 * a->bh * w;
	int64_t n = (a->brow1 - a->brow0) * a->bh * w;

	for (int64_t t = a->tile0; t < a->tile1; t++) {
		int64_t at = t * line + first;

		if (k->elem == BRN_ELEM_i8)
			dequantize(k, t, a->y + at, a->brow0 * a->bh, n / w);
		if (k->hot.act == BRN_ACT_none && !k->residual)
			continue;
		k->r->native->epilogue(a->y + at, k->residual ?
		    k->residual + at : NULL, n, &k->hot);
	}
}

/* Tiles of y, and lines of all of them, that get the epilogue while they are in
 * the cache.  Whole quads.  A kernel with a grain goes through its code once a
 * call, so its calls are larger: 384 KB of y.  */
enum { HOT_TILES = 8, HOT_LINES = 2048, HOT_LINES_OF_GRAINS = 6272 };

/* Some tiles and block rows at a time, and the hot part of the epilogue after
 * each.  */
static void
run_with_epilogue(const struct layer_call *k, struct brn_kernel_args a)
{
	int64_t grain = k->r->layer->grain;
	int64_t ntile = a.tile1, from = a.brow0, to = a.brow1;
	int64_t rows = (grain > 1 ? HOT_LINES_OF_GRAINS : HOT_LINES) /
	    (ntile < HOT_TILES ? ntile : HOT_TILES);
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

	a.brow0 = brn_layer_chunk(l, (int)i, k->nchunk);
	a.brow1 = brn_layer_chunk(l, (int)i + 1, k->nchunk);
	if (a.brow0 == a.brow1)
		return;
	if (k->hot.act != BRN_ACT_none || k->residual ||
	    k->elem == BRN_ELEM_i8)
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
	int64_t w = r->tiles.width;
	enum brn_elem elem = elem_of_run(l, w);
	int pack = (!r->x_tiles && w > 1) || brn_layer_packs_tiles(l, w);
	int unpack = (!r->y_tiles && w > 1) || brn_layer_unpacks_tiles(l, w);
	struct layer_call k = {
		.r = r,
		.elem = elem,
		.in = r->tiles,
		.out = r->tiles,
		.x_tiles = r->x_tiles && w > 1,
		.y_tiles = r->y_tiles && w > 1,
		.nchunk = brn_threads_count(r->threads),
		.tile_quant = l->quant.x == BRN_X_FLOAT ? NULL :
		    (void *)(r->xt + brn_layer_xt_size(l, r->tiles.n)),
	};

	split_epilogue(&k, unpack);
	k.in.width = k.out.width = kernel_width(l, w);
	k.out.features = l->bsr->rows;
	k.args = brn_layer_args(l);
	k.args.x = pack ? r->xt : r->x;
	k.args.y = unpack ? r->yt : r->y;
	k.args.tile1 = r->tiles.n;
	k.args.tokens = r->tiles.tokens < BRN_TILE ? r->tiles.tokens : 0;
	k.args.stride = k.out.width < BRN_TILE ? k.out.width : 0;
	if (elem == BRN_ELEM_i8)
		k.args.bias = NULL;
	if (pack && !r->has_xt && l->quant.x != BRN_X_FLOAT)
		quantize(&k);
	else if (pack && !r->has_xt)
		brn_parallel(r->threads, (size_t)r->tiles.n, pack_tile, &k);
	brn_parallel(r->threads, (size_t)k.nchunk, run_chunk, &k);
	if (unpack)
		brn_parallel(r->threads, (size_t)r->tiles.n, unpack_tile, &k);
}
