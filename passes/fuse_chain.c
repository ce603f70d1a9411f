/* SPDX-License-Identifier: Apache-2.0
 *
 * The rounding that a quantized file has between elementwise ops.  With one
 * constant scale and zero point,
 *
 *	dequantize(quantize(x))         ->  chain(x) {round}
 *
 * and the elementwise ops before and behind it become steps of one chain.  Ops
 * between a rounding and the next that depend on its value alone, all of a
 * GELU for example, are a function of a byte:
 *
 *	f(dequantize(quantize(x)))      ->  chain(x) {table}
 *
 * A layer that quantizes x itself takes the rounded x where there is one, which
 * it leaves as it is: so x has one user less.
 */
#include "passes/pass.h"

#include <stdlib.h>

#include "ir/graph/chain.h"
#include "ir/graph/x_quant.h"
#include "ir/op/ref.h"
#include "passes/quant_step.h"
#include "passes/rewrite.h"

/* ---- layers ---- */

/* Let layers that quantize x take rounded[x's id], their number.  */
static int
use_rounded(struct brn_graph *g, struct brn_node *const *rounded)
{
	int count = 0;

	for (int i = 0; i < g->nnode; i++) {
		struct brn_node *n = g->node[i], *d;
		struct brn_quant q;

		if ((n->op != BRN_OP_dense && n->op != BRN_OP_bsr_dense) ||
		    brn_attr_int(n, "x_quant") != BRN_X_FIXED)
			continue;
		d = rounded[n->in[0]->id];
		if (!d || !brn_match_rounding(d, &q) ||
		    q.scale != brn_attr_float(n, "x_scale") ||
		    q.zero != brn_attr_int(n, "x_zero"))
			continue;
		n->in[0] = d;
		count++;
	}
	return count;
}

static int
round_for_layers(struct brn_graph *g, int *changed, burin_error *err)
{
	struct brn_node **rounded = brn_alloc((size_t)g->nnode + 1,
	    sizeof(struct brn_node *));
	struct brn_quant q;
	int count;

	if (!rounded)
		return brn_nomem(err);
	for (int i = 0; i < g->nnode; i++)
		if (brn_match_rounding(g->node[i], &q))
			rounded[g->node[i]->in[0]->in[0]->id] = g->node[i];
	count = use_rounded(g, rounded);
	free(rounded);
	*changed += count;
	return count ? brn_graph_sort(g, err) : BURIN_OK;
}

/* ---- functions of a byte ---- */

/* The rounding on whose value alone that of n depends, by elementwise ops.
 * NULL: there is none.  */
static struct brn_node **
source(struct brn_rewrite *r, const struct brn_node *n)
{
	return &r->memo[n->id];
}

/* The numbers of the step that makes n of what source(n) rounds.  */
static struct brn_node **
numbers(struct brn_rewrite *r, const struct brn_node *n)
{
	return &r->memo[r->n + n->id];
}

static int
is_function(enum brn_op op)
{
	switch (op) {
	case BRN_OP_abs:
	case BRN_OP_add:
	case BRN_OP_div:
	case BRN_OP_elu:
	case BRN_OP_erf:
	case BRN_OP_exp:
	case BRN_OP_gelu:
	case BRN_OP_hard_sigmoid:
	case BRN_OP_hard_swish:
	case BRN_OP_leaky_relu:
	case BRN_OP_log:
	case BRN_OP_mul:
	case BRN_OP_neg:
	case BRN_OP_pow:
	case BRN_OP_reciprocal:
	case BRN_OP_relu:
	case BRN_OP_sigmoid:
	case BRN_OP_softplus:
	case BRN_OP_sqrt:
	case BRN_OP_sub:
	case BRN_OP_swish:
	case BRN_OP_tanh:
		return 1;
	default:
		return 0;
	}
}

static int
is_number(const struct brn_node *n)
{
	double v;

	return n->type.dtype == BURIN_F32 && brn_const_scalar(n, &v);
}

/* The rounding that all operands of n, but numbers, are functions of, if n is a
 * function of it, too; else NULL.  */
static struct brn_node *
common_source(struct brn_rewrite *r, const struct brn_node *n)
{
	struct brn_node *s = NULL;

	if (!is_function(n->op) || n->type.dtype != BURIN_F32)
		return NULL;
	for (int i = 0; i < n->nin; i++) {
		struct brn_node *of = *source(r, n->in[i]);

		if (is_number(n->in[i]))
			continue;
		if (!of || (s && s != of))
			return NULL;
		s = of;
	}
	return s && brn_type_equal(&s->type, &n->type) ? s : NULL;
}

/* A constant of a scale, a zero point and n numbers more.  NULL: no memory.  */
static struct brn_node *
make_numbers(struct brn_graph *g, const struct brn_quant *q, int64_t n)
{
	struct brn_type t = { BURIN_F32, 1, { 2 + n } };
	struct brn_node *c = brn_graph_constant(g, "", &t, NULL);
	float *v = c ? c->value->data : NULL;

	if (v) {
		v[0] = q->scale;
		v[1] = (float)q->zero;
		c->type = t;
	}
	return c;
}

/* The value of v for each byte of its source, in *out; room is for those of the
 * source.  A number is one.  */
static struct brn_tensor
values_of(struct brn_rewrite *r, const struct brn_node *v, float *room)
{
	struct brn_tensor t = { { BURIN_F32, 1, { 256 } }, room };
	const float *q;

	if (is_number(v)) {
		t = *v->value;
		t.type.rank = 0;
		return t;
	}
	q = (*numbers(r, v))->value->data;
	if (v != *source(r, v))
		t.data = (float *)q + 2;
	else
		for (int i = 0; i < 256; i++)
			room[i] = (float)(i - brn_chain_zero(q)) * q[0];
	return t;
}

/* n is a function of rounding s: *out gets room for a number for each byte.  */
static int
new_table(struct brn_rewrite *r, struct brn_node *n, struct brn_node *s,
    struct brn_tensor *out, burin_error *err)
{
	struct brn_quant q;
	struct brn_node *c;

	brn_match_rounding(s, &q);
	c = make_numbers(r->g, &q, 256);
	if (!c)
		return brn_nomem(err);
	*source(r, n) = s;
	*numbers(r, n) = c;
	*out = (struct brn_tensor){ { BURIN_F32, 1, { 256 } },
	    (float *)c->value->data + 2 };
	return BURIN_OK;
}

/* The table of n, a function of rounding s: its ref for each byte.  */
static int
make_table(struct brn_rewrite *r, struct brn_node *n, struct brn_node *s,
    burin_error *err)
{
	float room[2][256];
	struct brn_tensor in[2], out;
	const struct brn_tensor *const at[] = { &in[0], &in[1] };
	int rc = new_table(r, n, s, &out, err);

	for (int i = 0; i < n->nin && rc == BURIN_OK; i++)
		in[i] = values_of(r, n->in[i], room[i]);
	return rc < 0 ? rc : brn_ref[n->op](n, at, &out, err);
}

/* The ref of n, one of the two nodes of a rounding, for each byte.  */
static int
run_rounding(const struct brn_node *n, const struct brn_tensor *x,
    struct brn_tensor *out, burin_error *err)
{
	const struct brn_tensor *const at[] = { x, n->in[1]->value,
	    n->nin > 2 && n->in[2] ? n->in[2]->value : NULL };

	return brn_ref[n->op](n, at, out, err);
}

/* The same for n, the rounding of a function of s.  */
static int
make_rounded_table(struct brn_rewrite *r, struct brn_node *n,
    struct brn_node *s, burin_error *err)
{
	const struct brn_node *q = n->in[0];
	uint8_t room[256];
	float unused[256];
	struct brn_tensor x = values_of(r, q->in[0], unused), out;
	struct brn_tensor bytes = { { q->type.dtype, 1, { 256 } }, room };
	int rc = new_table(r, n, s, &out, err);

	if (rc == BURIN_OK)
		rc = run_rounding(q, &x, &bytes, err);
	return rc < 0 ? rc : run_rounding(n, &bytes, &out, err);
}

/* Find out whether n is a rounding or a function of one.  */
static int
read_function(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *s;
	struct brn_quant q;

	if (!brn_match_rounding(n, &q) || r->user[n->in[0]->id] != n) {
		s = common_source(r, n);
		return s ? make_table(r, n, s, err) : BURIN_OK;
	}
	s = *source(r, n->in[0]->in[0]);
	if (s)
		return make_rounded_table(r, n, s, err);
	*source(r, n) = n;
	*numbers(r, n) = make_numbers(r->g, &q, 0);
	return *numbers(r, n) ? BURIN_OK : brn_nomem(err);
}

/* ---- steps ---- */

/* The steps that make a node, the last one first.  */
struct steps {
	int n;
	int64_t kind[BRN_CHAIN_STEPS];
	struct brn_node *operand[BRN_CHAIN_STEPS];
	struct brn_node *x;             /* what the first one takes */
	int rounds;
};

static int
kind_of(enum brn_op op)
{
	switch (op) {
	case BRN_OP_add:
		return BRN_CHAIN_add;
	case BRN_OP_sub:
		return BRN_CHAIN_sub;
	case BRN_OP_mul:
		return BRN_CHAIN_mul;
	case BRN_OP_div:
		return BRN_CHAIN_div;
	default:
		return -1;
	}
}

/* May input k of n be v, the other one the operand?  */
static int
may_take(const struct brn_node *n, int k)
{
	const struct brn_node *v = n->in[k], *b = n->in[!k];

	return (k == 0 || n->op == BRN_OP_add || n->op == BRN_OP_mul) &&
	    v != b && !brn_is_const(v) &&
	    brn_type_equal(&v->type, &n->type) &&
	    brn_chain_operand(&v->type, &b->type) != BRN_CHAIN_NONE;
}

/* Is v a value that steps make, and that nothing else uses?  */
static int
is_inner(struct brn_rewrite *r, const struct brn_node *v)
{
	return r->user[v->id] && r->uses[v->id] == 1 &&
	    (*source(r, v) || kind_of(v->op) >= 0);
}

/* Add the last step that makes n, and make n what it takes.  0: no step does.
 */
static int
add_step(struct brn_rewrite *r, struct steps *s, struct brn_node **n)
{
	struct brn_node *v = *n, *from = *source(r, v);
	int kind = kind_of(v->op), k;

	if (from) {
		s->kind[s->n] = v == from ? BRN_CHAIN_round : BRN_CHAIN_table;
		s->operand[s->n++] = *numbers(r, v);
		s->rounds = 1;
		*n = from->in[0]->in[0];
		return 1;
	}
	if (kind < 0 || v->type.dtype != BURIN_F32)
		return 0;
	k = may_take(v, 1) && (!may_take(v, 0) || (!is_inner(r, v->in[0]) &&
	    is_inner(r, v->in[1])));
	if (!may_take(v, k))
		return 0;
	s->kind[s->n] = kind;
	s->operand[s->n++] = brn_rewrite_now(r, v->in[!k]);
	*n = v->in[k];
	return 1;
}

static struct steps
read_steps(struct brn_rewrite *r, struct brn_node *n)
{
	struct steps s = { .x = n };

	while (s.n < BRN_CHAIN_STEPS && (s.x == n || is_inner(r, s.x)) &&
	    add_step(r, &s, &s.x))
		;
	return s;
}

static int
replace_with_chain(struct brn_rewrite *r, struct brn_node *n,
    const struct steps *s, burin_error *err)
{
	struct brn_node *in[BRN_CHAIN_STEPS + 1], *c;
	int64_t kind[BRN_CHAIN_STEPS];

	in[0] = brn_rewrite_now(r, s->x);
	for (int i = 0; i < s->n; i++) {
		kind[i] = s->kind[s->n - 1 - i];
		in[i + 1] = s->operand[s->n - 1 - i];
	}
	c = brn_graph_add(r->g, BRN_OP_chain, n->name, in, s->n + 1);
	if (!c || brn_attr_set_ints(r->g, c, "steps", kind, s->n) < 0)
		return brn_nomem(err);
	return brn_rewrite_as(r, n, c, err);
}

/* Chains of nodes that a longer chain has taken over are swept.  */
static int
fuse_chain_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct steps s;
	int rc = read_function(r, n, err);

	if (rc < 0)
		return rc;
	s = read_steps(r, n);
	return s.rounds ? replace_with_chain(r, n, &s, err) : BURIN_OK;
}

int
brn_pass_fuse_chain(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	int rc = round_for_layers(g, changed, err);

	(void)o;
	return rc < 0 ? rc : brn_rewrite_each(g, fuse_chain_visit, changed,
	    err);
}
