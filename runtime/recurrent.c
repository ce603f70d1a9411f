/* SPDX-License-Identifier: Apache-2.0
 *
 * Running a recurrent op step by step.
 */
#include "runtime/recurrent.h"

#include <string.h>
#include <unistd.h>

#include "ir/graph/iter.h"
#include "ir/op/recurrent.h"
#include "jit/builtin/few_tokens.h"
#include "runtime/native/cell.h"

/* Arrays in the room of the step, in this order.  */
struct arrays {
	float *h[2], *c[2];             /* states before and after a step */
	float *z;                       /* R h */
	float *rh;                      /* r * h of a GRU, and R of it */
	float *zr;
	float *x;                       /* W x of a step; not for width 1 */
	float *p;                       /* peepholes, of one group */
	int64_t size;                   /* of all, in floats */
};

struct recurrent {
	const struct brn_call *call;
	const struct brn_layer *layer;
	struct brn_cell cell;
	int64_t steps, batch, hidden, all;      /* all gates */
	int64_t width, ngroup;
	int64_t states, row;            /* of the result: floats of a row */
	int reverse;
	struct arrays a;
	int has_p;
	const float *p;                 /* peepholes; NULL: none, or not known
	                                   before a run */
	const struct brn_tensor *lengths;
	int nchunk;                     /* that a product is split into */
	int in_l2;                      /* R is, after the first step */
	/* The product under way.  */
	const float *px;
	float *py;
	int64_t brow0, brow1;
	int descending;                 /* from the last piece to the first */
};

static const struct brn_tensor *
input(const struct brn_call *c, enum brn_recurrent_in i)
{
	return (int)i < c->n->nin ? c->in[i] : NULL;
}

static float *
take(float **at, int64_t *size, int64_t n)
{
	float *p = *at;

	n = (n + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	*size += n;
	*at = p ? p + n : NULL;
	return p;
}

/* The arrays from `at` on; at NULL: their size only.  */
static struct arrays
arrays_at(const struct recurrent *k, float *at)
{
	int64_t lanes = k->ngroup * k->width;
	int64_t state = brn_layer_colsp(k->layer) * lanes;
	int64_t gates = brn_layer_rowsp(k->layer) * lanes;
	int lstm = k->cell.kind == BRN_CELL_lstm;
	int reset = k->cell.kind == BRN_CELL_gru && k->cell.reset_first;
	struct arrays a = { .size = 0 };

	for (int i = 0; i < 2; i++) {
		a.h[i] = take(&at, &a.size, state);
		a.c[i] = take(&at, &a.size, lstm ? state : 0);
	}
	a.z = take(&at, &a.size, gates);
	a.rh = take(&at, &a.size, reset ? state : 0);
	a.zr = take(&at, &a.size, reset ? gates : 0);
	a.x = take(&at, &a.size, k->width > 1 ? k->all * lanes : 0);
	a.p = take(&at, &a.size, k->width > 1 && k->has_p ?
	    3 * k->hidden * k->width : 0);
	return a;
}

static int64_t
width_of(int64_t batch, const struct brn_layer *l)
{
	if (batch <= BRN_FEW_TOKENS)
		return batch == 1 ? 1 : BRN_FEW_TOKENS;
	return batch <= BRN_PACKED_TOKENS && !l->few ? BRN_PACKED_TOKENS :
	    BRN_TILE;
}

static struct recurrent
recurrent_of(const struct brn_call *c)
{
	const struct brn_type *x = c->type[0];
	const struct brn_tensor *p = input(c, BRN_IN_peephole);
	struct recurrent k = { .call = c, .layer = c->layer,
	    .cell = brn_cell_of(c->n), .steps = x->dim[0],
	    .batch = x->dim[1], .hidden = c->layer->bsr->cols,
	    .all = x->dim[2], .states = brn_attr_int(c->n, "states"),
	    .reverse = brn_attr_int(c->n, "reverse") != 0,
	    .lengths = input(c, BRN_IN_lengths) };

	k.width = width_of(k.batch, c->layer);
	k.ngroup = (k.batch + k.width - 1) / k.width;
	k.row = (1 + k.states) * k.hidden;
	k.has_p = p != NULL;
	k.p = p ? p->data : NULL;
	return k;
}

int64_t
brn_recurrent_room(const struct brn_call *c)
{
	struct recurrent k = recurrent_of(c);

	return arrays_at(&k, NULL).size;
}

/* ---- the product with R -------------------------------------------------- */

enum {
	CHUNK_WEIGHTS = 128 << 10,      /* worth waking a thread for */
	PIECE_WEIGHTS = 8 << 10,        /* of a call, about */
	PASS_BROWS = 8,                 /* block rows of a pass, at most */
};

/* Block rows of a piece, whole grains.  Packed low blocks are not cut: a window
 * of rows would be computed by both pieces.  */
static int64_t
piece_rows(const struct brn_layer *l)
{
	int64_t unit = l->bsr->bh < BRN_TILE ? PASS_BROWS : PASS_BROWS / 2;
	int64_t weights = (int64_t)l->bsr->nblk * l->bsr->bh * l->bsr->bw;
	int64_t n;

	if (l->few)
		return l->bsr->nbrow;
	unit = unit > l->grain ? unit : l->grain;
	unit = (unit + l->grain - 1) / l->grain * l->grain;
	n = PIECE_WEIGHTS * l->bsr->nbrow / (weights + 1) / unit * unit;
	return n > unit ? n : unit;
}

/* Block rows of a, a piece at a time.  Every other step begins with those that
 * the step before has read last: as many as fit in a cache are still there.  */
static void
multiply_pieces(const struct recurrent *k, struct brn_kernel_args a)
{
	const struct brn_layer *l = k->layer;
	int64_t per = piece_rows(l), first = a.brow0, end = a.brow1;
	int64_t n = (end - first + per - 1) / per;

	for (int64_t i = 0; i < n; i++) {
		a.brow0 = first + (k->descending ? n - 1 - i : i) * per;
		a.brow1 = end < a.brow0 + per ? end : a.brow0 + per;
		if (a.stride)
			(k->in_l2 ? brn_few_tokens_in_l2 : brn_few_tokens)(
			    l->spec.isa)(&a);
		else
			brn_layer_multiply(l, &a);
	}
}

static void
multiply_chunk(void *ctx, size_t i)
{
	const struct recurrent *k = ctx;
	const struct brn_layer *l = k->layer;
	int packed = k->width < BRN_TILE;
	struct brn_kernel_args a = brn_layer_args(l);

	a.x = k->px;
	a.y = k->py;
	a.tile1 = k->ngroup;
	a.tokens = packed || k->batch < BRN_TILE ? k->batch : 0;
	a.stride = packed ? k->width : 0;
	a.brow0 = brn_layer_chunk(l, (int)i, k->nchunk);
	a.brow1 = brn_layer_chunk(l, (int)i + 1, k->nchunk);
	a.brow0 = a.brow0 > k->brow0 ? a.brow0 : k->brow0;
	a.brow1 = a.brow1 < k->brow1 ? a.brow1 : k->brow1;
	if (a.brow0 < a.brow1)
		multiply_pieces(k, a);
}

/* y = R x + bias, rows from `from` to `to` at least.  */
static void
multiply(struct recurrent *k, const float *x, float *y, int64_t from,
    int64_t to)
{
	int64_t unit = (int64_t)k->layer->grain * k->layer->bsr->bh;
	int64_t last = (to + unit - 1) / unit * k->layer->grain;

	k->px = x;
	k->py = y;
	k->brow0 = from / unit * k->layer->grain;
	k->brow1 = last < k->layer->bsr->nbrow ? last : k->layer->bsr->nbrow;
	if (k->nchunk == 1)
		multiply_chunk(k, 0);
	else
		brn_parallel(k->call->threads, (size_t)k->nchunk,
		    multiply_chunk, k);
}

/* ---- rows to lanes and back ---------------------------------------------- */

/* Sequences of a group.  */
static int64_t
group_size(const struct recurrent *k, int64_t g)
{
	int64_t left = k->batch - g * k->width;

	return left < k->width ? left : k->width;
}

/* Rows [batch][n], `stride` floats apart, into lanes [group][np][width].  */
static void
to_lanes(const struct recurrent *k, const float *x, int64_t stride, int64_t n,
    float *to, int64_t np)
{
	for (int64_t g = 0; g < k->ngroup; g++)
		k->call->native->transpose(x + g * k->width * stride, stride,
		    to + g * np * k->width, k->width, group_size(k, g), n);
}

static void
from_lanes(const struct recurrent *k, const float *x, int64_t np, float *to)
{
	if (k->width == 1)
		memcpy(to, x, (size_t)k->hidden * sizeof *to);
	else
	for (int64_t g = 0; g < k->ngroup; g++)
		k->call->native->transpose(x + g * np * k->width, k->width,
		    to + g * k->width * k->row, k->row, k->hidden,
		    group_size(k, g));
}

static void
set_state(const struct recurrent *k, const struct brn_tensor *t, float *to)
{
	int64_t np = brn_layer_colsp(k->layer);

	if (t)
		to_lanes(k, t->data, k->hidden, k->hidden, to, np);
}

/* Lanes beyond the batch, and features beyond hidden, begin as zeros.  */
static void
start(struct recurrent *k)
{
	struct arrays *a = &k->a;
	int64_t n = 3 * k->hidden;

	memset(k->call->shared, 0, (size_t)a->size * sizeof (float));
	set_state(k, input(k->call, BRN_IN_h0), a->h[0]);
	if (k->cell.kind == BRN_CELL_lstm)
		set_state(k, input(k->call, BRN_IN_c0), a->c[0]);
	if (!k->p || k->width == 1)
		return;
	for (int64_t i = 0; i < n; i++)
		for (int64_t w = 0; w < k->width; w++)
			a->p[i * k->width + w] = k->p[i];
	k->p = a->p;
}

/* ---- steps --------------------------------------------------------------- */

/* What the cell gets of group g.  */
static struct brn_cell_step
group_step(const struct recurrent *k, const float *x, int64_t g)
{
	int64_t w = k->width;
	int64_t state = g * brn_layer_colsp(k->layer) * w;

	return (struct brn_cell_step){
		.cell = &k->cell,
		.n = k->hidden * w,
		.x = x + g * k->all * w,
		.z = k->a.z + g * brn_layer_rowsp(k->layer) * w,
		.p = k->p,
		.h = k->a.h[0] + state,
		.h_new = k->a.h[1] + state,
		.c = k->a.c[0] ? k->a.c[0] + state : NULL,
		.c_new = k->a.c[1] ? k->a.c[1] + state : NULL,
	};
}

/* The candidate of a GRU from r * h.  */
static void
reset_first(struct recurrent *k, const float *x)
{
	int64_t n = k->hidden * k->width, line = brn_layer_rowsp(k->layer) *
	    k->width;

	for (int64_t g = 0; g < k->ngroup; g++) {
		struct brn_cell_step s = group_step(k, x, g);

		s.h_new = k->a.rh + (s.h - k->a.h[0]);
		k->call->native->cell_reset(&s);
	}
	multiply(k, k->a.rh, k->a.zr, 2 * k->hidden, 3 * k->hidden);
	for (int64_t g = 0; g < k->ngroup; g++)
		memcpy(k->a.z + g * line + 2 * n, k->a.zr + g * line + 2 * n,
		    (size_t)n * sizeof (float));
}

/* A sequence that has ended keeps its state.  */
static void
keep_ended(const struct recurrent *k, int64_t t)
{
	int64_t np = brn_layer_colsp(k->layer), w = k->width;

	for (int64_t b = 0; k->lengths && b < k->batch; b++) {
		int64_t at = b / w * np * w + b % w;

		if (t < brn_get_int(k->lengths, b))
			continue;
		for (int64_t j = 0; j < k->hidden; j++, at += w) {
			k->a.h[1][at] = k->a.h[0][at];
			if (k->cell.kind == BRN_CELL_lstm)
				k->a.c[1][at] = k->a.c[0][at];
		}
	}
}

/* The rows of step t of the result.  */
static void
put_rows(const struct recurrent *k, int64_t t)
{
	int64_t np = brn_layer_colsp(k->layer);
	float *y = (float *)k->call->out->data + t * k->batch * k->row;

	from_lanes(k, k->a.h[1], np, y);
	for (int64_t b = 0; k->lengths && b < k->batch; b++)
		if (t >= brn_get_int(k->lengths, b))
			memset(y + b * k->row, 0,
			    (size_t)k->hidden * sizeof *y);
	if (k->states > 0)
		from_lanes(k, k->a.h[1], np, y + k->hidden);
	if (k->states > 1)
		from_lanes(k, k->a.c[1], np, y + 2 * k->hidden);
}

static void
swap(float **pair)
{
	float *p = pair[0];

	pair[0] = pair[1];
	pair[1] = p;
}

static void
step(struct recurrent *k, int64_t t)
{
	const struct brn_tensor *in = k->call->in[0];
	const float *x = (const float *)in->data + t * k->batch * k->all;
	int gru_reset = k->cell.kind == BRN_CELL_gru && k->cell.reset_first;

	multiply(k, k->a.h[0], k->a.z, 0, gru_reset ? 2 * k->hidden : k->all);
	if (k->width > 1) {
		to_lanes(k, x, k->all, k->all, k->a.x, k->all);
		x = k->a.x;
	}
	if (gru_reset)
		reset_first(k, x);
	for (int64_t g = 0; g < k->ngroup; g++) {
		struct brn_cell_step s = group_step(k, x, g);

		k->call->native->cell_step(&s);
	}
	keep_ended(k, t);
	put_rows(k, t);
	swap(k->a.h);
	swap(k->a.c);
}

/* Does R fit in L2, beside what a step reads?  */
static int
fits_l2(const struct brn_bsr *r)
{
	int64_t bytes = (int64_t)r->nblk * r->bh * r->bw *
	    (int64_t)sizeof *r->vals;

#ifdef _SC_LEVEL2_CACHE_SIZE
	return bytes < sysconf(_SC_LEVEL2_CACHE_SIZE) / 4 * 3;
#else
	return bytes < 0;
#endif
}

int
brn_recurrent(const struct brn_call *c)
{
	struct recurrent k = recurrent_of(c);
	const struct brn_bsr *r = c->layer->bsr;
	int64_t work = (int64_t)r->nblk * r->bh * r->bw * k.ngroup;
	int rc = brn_recurrent_lengths(c->n, k.lengths, k.steps, c->err);
	int fits = fits_l2(r);

	if (rc < 0 || k.steps == 0 || k.batch == 0)
		return rc;
	k.nchunk = work < 2 * CHUNK_WEIGHTS ? 1 :
	    brn_threads_count(c->threads);
	k.a = arrays_at(&k, c->shared);
	start(&k);
	for (int64_t i = 0; i < k.steps; i++, k.descending = !k.descending) {
		k.in_l2 = i > 0 && fits;
		step(&k, k.reverse ? k.steps - 1 - i : i);
	}
	return 0;
}
