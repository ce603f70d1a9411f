/* SPDX-License-Identifier: Apache-2.0
 *
 * The recurrent operators.  With layout 1 their tensors are transposed.  The
 * steps of all sequences become the rows of one matrix, so that the layer for
 * W has tiles of 16 rows, whatever the batch; its result becomes [steps, batch,
 * gates] again.
 */
#include "ir/onnx/recurrent.h"

#include "ir/onnx/attr.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/op/recurrent.h"

#include <string.h>
#include <strings.h>

enum { MAX_DIRS = 2, MAX_FNS = MAX_DIRS * BRN_CELL_FNS };

/* The ONNX operator.  */
struct recurrent {
	enum brn_cell_kind kind;
	int gates;
	int dirs, reverse;              /* 2: the second one is reversed */
	int batch_first;                /* layout 1 */
	int transposed;                 /* W is [dirs, inputs, gates], R the
	                                   same */
	int64_t hidden;
	struct brn_node *x;             /* [steps, batch, inputs] */
	struct brn_node *flat;          /* [steps * batch, inputs], or NULL */
	struct brn_node *w, *r, *b, *lengths, *h0, *c0, *p;
	struct brn_cell_fn fn[MAX_FNS];
	int changed;                    /* fn are not the defaults */
	int states;                     /* of the nodes */
	struct brn_node *out[MAX_DIRS]; /* [steps, batch, (1 + states) *
	                                   hidden] */
};

/* ---- attributes ---- */

static int
has_word(const struct Onnx__AttributeProto *a, const char *word)
{
	return a->s.len == strlen(word) && !memcmp(a->s.data, word, a->s.len);
}

static void
read_direction(struct brn_expand *e, struct recurrent *k)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(e->n, "direction", BRN_ATTR_STRING, &a);

	k->dirs = 1;
	if (rc < 0)
		e->rc = rc;
	if (rc <= 0 || has_word(a, "forward"))
		return;
	k->reverse = has_word(a, "reverse");
	k->dirs = k->reverse ? 1 : 2;
	if (!k->reverse && !has_word(a, "bidirectional"))
		brn_cannot(e, "with direction %.*s", a->s.len < 32 ?
		    (int)a->s.len : 32, a->s.data);
}

static const struct known_act {
	const char *name;
	int nparam;
	float alpha, beta;
} known_acts[BRN_NUM_CELL_ACTS] = {
#define ACT(name, onnx, nparam, alpha, beta, value) \
	{ onnx, nparam, (float)(alpha), (float)(beta) },
	BRN_CELL_ACTS(ACT)
#undef ACT
};

/* The values of activation_alpha or activation_beta, in the order of the
 * activations that have the parameter.  */
struct params {
	float v[MAX_FNS];
	int n, used;
};

static struct params
params_of(struct brn_expand *e, const char *attr)
{
	struct params p = { .n = 0 };

	p.n = brn_arg_floats(e, attr, p.v, MAX_FNS);
	return p;
}

static void
take_param(struct params *p, float *to)
{
	if (p->used < p->n && p->used < MAX_FNS)
		*to = p->v[p->used++];
}

/* Writers differ in upper and lower case.  */
static int
act_of(const ProtobufCBinaryData *s)
{
	for (int i = 0; i < BRN_NUM_CELL_ACTS; i++)
		if (s->len == strlen(known_acts[i].name) &&
		    !strncasecmp((const char *)s->data, known_acts[i].name,
		    s->len))
			return i;
	return -1;
}

static void
read_fn(struct brn_expand *e, const ProtobufCBinaryData *s,
    struct params *alpha, struct params *beta, struct brn_cell_fn *out)
{
	int act = act_of(s);

	if (act < 0) {
		brn_cannot(e, "with activation %.*s", s->len < 32 ?
		    (int)s->len : 32, s->data);
		return;
	}
	*out = (struct brn_cell_fn){ (enum brn_cell_act)act,
	    known_acts[act].alpha, known_acts[act].beta };
	if (known_acts[act].nparam > 0)
		take_param(alpha, &out->alpha);
	if (known_acts[act].nparam > 1)
		take_param(beta, &out->beta);
}

static void
read_fns(struct brn_expand *e, struct recurrent *k)
{
	int per = brn_cell_nfn(k->kind), n = per * k->dirs;
	struct params alpha = params_of(e, "activation_alpha");
	struct params beta = params_of(e, "activation_beta");
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(e->n, "activations", BRN_ATTR_STRINGS, &a);

	if (rc < 0)
		e->rc = rc;
	if (rc <= 0)
		return;
	/* The default of RNN has two also where there is one direction.  */
	if (a->n_strings < (size_t)n) {
		if (!brn_expand_stopped(e))
			e->rc = brn_onnx_bad(e->n, "%zu activations, wanted "
			    "%d", a->n_strings, n);
		return;
	}
	k->changed = 1;
	for (int i = 0; i < n; i++)
		read_fn(e, &a->strings[i], &alpha, &beta, &k->fn[i]);
	if (alpha.used < alpha.n || beta.used < beta.n)
		brn_cannot(e, "with more activation_alpha or activation_beta "
		    "than its activations have");
}

/* ---- inputs ---- */

static struct brn_node *
swap_batch(struct brn_expand *e, struct brn_node *x)
{
	static const int64_t perm[] = { 1, 0, 2 };
	struct brn_node *t;

	if (!x)
		return NULL;
	t = BRN_PUT(e, transpose, x);
	if (t && brn_attr_set_ints(e->n->im->g, t, "perm", perm, 3) < 0)
		e->rc = brn_nomem(e->n->im->err);
	return t;
}

/* EFORMAT unless input i, as far as its type is known, has this rank and these
 * sizes; -1: any size.  */
static void
check_input(struct brn_expand *e, int i, const char *name, int rank,
    const int64_t *dim)
{
	const struct brn_type *t = brn_known_type(e, brn_arg(e, i));
	int ok = t->rank == rank;

	if (!brn_arg(e, i) || t->rank < 0 || brn_expand_stopped(e))
		return;
	for (int d = 0; d < rank && ok; d++)
		ok = dim[d] < 0 || brn_is_sym(t->dim[d]) ||
		    t->dim[d] == dim[d];
	if (ok)
		return;
	e->rc = rank == 2 ? brn_onnx_bad(e->n, "input %d (%s) is not "
	    "[%lld, %lld]", i, name, (long long)dim[0], (long long)dim[1]) :
	    dim[2] < 0 ? brn_onnx_bad(e->n, "input %d (%s) is not [%lld, "
	    "%lld, inputs]", i, name, (long long)dim[0], (long long)dim[1]) :
	    brn_onnx_bad(e->n, "input %d (%s) is not [%lld, %lld, %lld]", i,
	    name, (long long)dim[0], (long long)dim[1], (long long)dim[2]);
}

static void
check_inputs(struct brn_expand *e, const struct recurrent *k)
{
	int64_t n = k->dirs, h = k->hidden, all = k->gates * h;

	if (k->transposed) {
		check_input(e, 2, "R", 3, (int64_t[]){ n, h, all });
	} else {
		check_input(e, 1, "W", 3, (int64_t[]){ n, all, -1 });
		check_input(e, 2, "R", 3, (int64_t[]){ n, all, h });
	}
	check_input(e, 3, "B", 2, (int64_t[]){ n, 2 * all });
	if (k->kind == BRN_CELL_lstm)
		check_input(e, 7, "P", 2, (int64_t[]){ n, 3 * h });
}

/* Element type i8 or u8 w, of columns that have a scale and a zero point each,
 * or one of both.  */
static struct brn_node *
dequantized(struct brn_expand *e, struct brn_node *w, int scale)
{
	struct brn_node *s = brn_arg(e, scale), *z = brn_arg(e, scale + 1);
	struct brn_node *axes = brn_known_type(e, s)->rank == 2 ?
	    BRN_INTS(e, 1) : BRN_INTS(e, 1, 2);

	w = brn_put_cast(e, w, BURIN_F32);
	if (z)
		w = BRN_PUT(e, sub, w, BRN_PUT(e, unsqueeze,
		    brn_put_cast(e, z, BURIN_F32), axes));
	return BRN_PUT(e, mul, w, BRN_PUT(e, unsqueeze, s, axes));
}

/* The number of hidden units, which R has in any case.  */
static void
read_hidden(struct brn_expand *e, struct recurrent *k)
{
	const struct brn_type *r = brn_known_type(e, k->r);
	int64_t want = brn_arg_int(e, "hidden_size", -1);
	int at = k->transposed ? 1 : 2;

	k->hidden = r->rank == 3 && !brn_is_sym(r->dim[at]) ? r->dim[at] :
	    want;
	if (k->hidden < 1 || k->hidden > INT32_MAX / 8)
		brn_cannot(e, "with hidden_size of unknown size");
	else if (want >= 0 && want != k->hidden && !brn_expand_stopped(e))
		e->rc = brn_onnx_bad(e->n, "input 2 (R) has %lld hidden "
		    "units, wanted %lld (hidden_size)",
		    (long long)k->hidden, (long long)want);
}

/* x with steps and batch as one dimension; NULL where its sizes are not known
 * well enough.  */
static struct brn_node *
flat_input(struct brn_expand *e, const struct recurrent *k)
{
	const struct brn_type *x = brn_known_type(e, k->x);
	const struct brn_type *w = brn_known_type(e, k->w);
	int at = k->transposed ? 1 : 2;

	if (x->rank != 3 || brn_is_sym(x->dim[2]) || w->rank != 3 ||
	    brn_is_sym(w->dim[at]))
		return NULL;
	if (x->dim[2] != w->dim[at]) {
		e->rc = brn_onnx_bad(e->n, "input 0 (X) has %lld features, "
		    "wanted the %lld of input 1 (W)", (long long)x->dim[2],
		    (long long)w->dim[at]);
		return NULL;
	}
	return BRN_PUT(e, reshape, k->x, BRN_INTS(e, -1, x->dim[2]));
}

static void
read_inputs(struct brn_expand *e, struct recurrent *k)
{
	k->batch_first = brn_arg_int(e, "layout", 0) != 0;
	k->x = brn_arg(e, 0);
	k->w = brn_arg(e, 1);
	k->r = brn_arg(e, 2);
	k->b = brn_arg(e, 3);
	k->lengths = brn_arg(e, 4);
	k->h0 = brn_arg(e, 5);
	if (k->kind == BRN_CELL_lstm) {
		k->c0 = brn_arg(e, 6);
		k->p = brn_arg(e, 7);
	}
	read_hidden(e, k);
	if (brn_expand_stopped(e))
		return;
	check_inputs(e, k);
	if (k->transposed) {
		k->w = dequantized(e, k->w, 8);
		k->r = dequantized(e, k->r, 10);
	}
	if (k->batch_first) {
		k->x = swap_batch(e, k->x);
		k->h0 = swap_batch(e, k->h0);
		k->c0 = swap_batch(e, k->c0);
	}
	if (!brn_expand_stopped(e))
		k->flat = flat_input(e, k);
}

/* ---- one direction ---- */

/* What x has of direction d along axis 0.  */
static struct brn_node *
of_direction(struct brn_expand *e, const struct recurrent *k,
    struct brn_node *x, int d)
{
	if (!x)
		return NULL;
	if (k->dirs == 1)
		return BRN_PUT(e, squeeze, x, BRN_INTS(e, 0));
	return BRN_PUT(e, gather, x, brn_put_scalar(e, BURIN_I64, d));
}

static void
set_part(struct brn_expand *e, const struct recurrent *k, int d,
    const char *what)
{
	e->part = k->dirs == 1 ? what : brn_arena_printf(
	    e->n->im->g->arena, "%s.%s", d ? "reverse" : "forward", what);
	if (!e->part && e->rc == 0)
		e->rc = brn_nomem(e->n->im->err);
}

/* W x + bias as [steps, batch, gates].  */
static struct brn_node *
put_input_layer(struct brn_expand *e, const struct recurrent *k,
    struct brn_node *w, struct brn_node *bias)
{
	struct brn_node *y, *size;

	if (!k->flat) {
		y = BRN_PUT(e, matmul, k->x, k->transposed ? w :
		    BRN_PUT(e, transpose, w));
		return bias ? BRN_PUT(e, add, y, bias) : y;
	}
	y = BRN_PUT(e, gemm, k->flat, w, bias);
	if (!k->transposed)
		brn_put_int(e, y, "transB", 1);
	size = BRN_PUT(e, shape, k->x);
	brn_put_int(e, size, "end", 2);
	size = BRN_PUT(e, concat, size, BRN_INTS(e, k->gates * k->hidden));
	brn_put_int(e, size, "axis", 0);
	y = BRN_PUT(e, reshape, y, size);
	brn_put_int(e, y, "allowzero", 1);
	return y;
}

/* Of ONNX's bias of both products.  What is added to R h matters only where
 * that is multiplied before it is added to W x.  */
static void
split_bias(struct brn_expand *e, const struct recurrent *k,
    struct brn_node *b, struct brn_node **bias)
{
	int64_t size[] = { k->gates * k->hidden, k->gates * k->hidden };

	if (!b)
		return;
	brn_put_split(e, b, 0, size, bias, 2);
	if (k->kind == BRN_CELL_gru &&
	    brn_arg_int(e, "linear_before_reset", 0))
		return;
	bias[0] = BRN_PUT(e, add, bias[0], bias[1]);
	bias[1] = NULL;
}

/* [functions][act, alpha, beta].  */
static struct brn_tensor *
activations_of(struct brn_expand *e, const struct recurrent *k, int d)
{
	int per = brn_cell_nfn(k->kind);
	struct brn_arena *a = e->n->im->g->arena;
	struct brn_tensor *t = brn_arena_alloc(a, 1, sizeof *t);
	float *v = brn_arena_alloc(a, 3 * (size_t)per, sizeof *v);

	if (!t || !v)
		return NULL;
	*t = (struct brn_tensor){ { BURIN_F32, 2, { per, 3 } }, v };
	for (int i = 0; i < per; i++, v += 3) {
		const struct brn_cell_fn *f = &k->fn[d * per + i];

		v[0] = (float)f->act;
		v[1] = f->alpha;
		v[2] = f->beta;
	}
	return t;
}

static void
put_activations(struct brn_expand *e, const struct recurrent *k, int d,
    struct brn_node *n)
{
	struct brn_tensor *t = k->changed ? activations_of(e, k, d) : NULL;

	if (!n || !k->changed)
		return;
	if (!t || brn_attr_set_tensor(e->n->im->g, n, "activations", t) < 0)
		e->rc = brn_nomem(e->n->im->err);
}

static void
put_attrs(struct brn_expand *e, const struct recurrent *k, int d,
    struct brn_node *n)
{
	float clip = brn_arg_float(e, "clip", 0);

	brn_put_int(e, n, "cell", k->kind);
	if (d || k->reverse)
		brn_put_int(e, n, "reverse", 1);
	if (k->states)
		brn_put_int(e, n, "states", k->states);
	if (clip > 0)
		brn_put_float(e, n, "clip", clip);
	if (k->kind == BRN_CELL_gru &&
	    brn_arg_int(e, "linear_before_reset", 0))
		brn_put_int(e, n, "linear_before_reset", 1);
	if (k->kind == BRN_CELL_lstm && brn_arg_int(e, "input_forget", 0))
		brn_put_int(e, n, "input_forget", 1);
	put_activations(e, k, d, n);
}

static void
put_direction(struct brn_expand *e, struct recurrent *k, int d)
{
	struct brn_node *bias[2] = { NULL, NULL }, *gates, *r;

	set_part(e, k, d, "W");
	split_bias(e, k, of_direction(e, k, k->b, d), bias);
	gates = put_input_layer(e, k, of_direction(e, k, k->w, d), bias[0]);
	set_part(e, k, d, "R");
	r = of_direction(e, k, k->r, d);
	if (k->transposed)
		r = BRN_PUT(e, transpose, r);
	k->out[d] = BRN_PUT(e, recurrent, gates, r, bias[1], k->lengths,
	    of_direction(e, k, k->h0, d), of_direction(e, k, k->c0, d),
	    of_direction(e, k, k->p, d));
	put_attrs(e, k, d, k->out[d]);
	e->part = NULL;
}

/* ---- outputs ---- */

/* Features of state i of x, whose last axis is `axis`; 0: y.  */
static struct brn_node *
state_of(struct brn_expand *e, const struct recurrent *k, struct brn_node *x,
    int i, int axis)
{
	if (!k->states)
		return x;
	return BRN_PUT(e, slice, x, BRN_INTS(e, i * k->hidden),
	    BRN_INTS(e, (i + 1) * k->hidden), BRN_INTS(e, axis));
}

/* The directions, along a new axis.  */
static struct brn_node *
join(struct brn_expand *e, const struct recurrent *k, struct brn_node **v,
    int axis)
{
	struct brn_node *all;

	for (int d = 0; d < k->dirs; d++)
		v[d] = BRN_PUT(e, unsqueeze, v[d], BRN_INTS(e, axis));
	if (k->dirs == 1)
		return v[0];
	all = brn_put(e, BRN_OP_concat, v, 2);
	brn_put_int(e, all, "axis", axis);
	return all;
}

/* [steps, directions, batch, hidden], or with layout 1 [batch, steps,
 * directions, hidden].  */
static struct brn_node *
put_y(struct brn_expand *e, const struct recurrent *k)
{
	static const int64_t perm[] = { 2, 0, 1, 3 };
	struct brn_node *v[MAX_DIRS], *y;

	for (int d = 0; d < k->dirs; d++)
		v[d] = state_of(e, k, k->out[d], 0, 2);
	y = join(e, k, v, 1);
	if (!k->batch_first)
		return y;
	y = BRN_PUT(e, transpose, y);
	if (y && brn_attr_set_ints(e->n->im->g, y, "perm", perm, 4) < 0)
		e->rc = brn_nomem(e->n->im->err);
	return y;
}

/* [directions, batch, hidden], state i of what each direction computes last.
 */
static struct brn_node *
put_last(struct brn_expand *e, const struct recurrent *k, int i)
{
	struct brn_node *v[MAX_DIRS], *y;

	for (int d = 0; d < k->dirs; d++) {
		int last = d || k->reverse ? 0 : -1;

		v[d] = BRN_PUT(e, gather, k->out[d],
		    brn_put_scalar(e, BURIN_I64, last));
		v[d] = state_of(e, k, v[d], i, 1);
	}
	y = join(e, k, v, 0);
	return k->batch_first ? swap_batch(e, y) : y;
}

static void
expand(struct brn_expand *e, struct recurrent *k)
{
	k->gates = brn_cell_gates(k->kind);
	read_direction(e, k);
	read_fns(e, k);
	read_inputs(e, k);
	if (brn_expand_stopped(e))
		return;
	if (brn_wants(e, 2))
		k->states = 2;
	else if (brn_wants(e, 1) && k->lengths)
		k->states = 1;
	for (int d = 0; d < k->dirs; d++)
		put_direction(e, k, d);
	if (brn_wants(e, 0))
		e->out[0] = put_y(e, k);
	if (brn_wants(e, 1))
		e->out[1] = put_last(e, k, k->states ? 1 : 0);
	if (brn_wants(e, 2) && k->kind == BRN_CELL_lstm)
		e->out[2] = put_last(e, k, 2);
}

void
brn_expand_rnn(struct brn_expand *e)
{
	expand(e, &(struct recurrent){ .kind = BRN_CELL_rnn });
}

void
brn_expand_gru(struct brn_expand *e)
{
	expand(e, &(struct recurrent){ .kind = BRN_CELL_gru });
}

void
brn_expand_lstm(struct brn_expand *e)
{
	expand(e, &(struct recurrent){ .kind = BRN_CELL_lstm });
}

void
brn_expand_dynamic_quantize_lstm(struct brn_expand *e)
{
	expand(e, &(struct recurrent){ .kind = BRN_CELL_lstm,
	    .transposed = 1 });
}
