/* SPDX-License-Identifier: Apache-2.0
 *
 * GELU, with its factors in any order.  Instead of matching a list of patterns,
 * the pass reads the nodes around an erf or tanh as a polynomial in x and t,
 * the value of that node, and compares it with the definition
 *
 *	x / 2 + x t / 2      t = erf(x / sqrt(2)), or
 *	                     t = tanh(sqrt(2 / pi) * (x + 0.044715 x^3))
 *
 * If the terms of the polynomial are those of a gelu but their factors are not,
 * the report says why the erf or tanh stays.
 */
#include "passes/pass.h"

#include <math.h>
#include <string.h>

#include "passes/rewrite.h"

/* Exporters write constants as exact floats or with five digits (1.4142,
 * 0.79788), which is off by 1e-5 at most.  An argument off by 2e-5 moves the
 * result by 2e-5 * x^2 * phi(x) < 6e-6: below what fp32 models agree to.  */
#define TOLERANCE 2e-5

/* Depth of the recursion below a node, and number of users above it that are
 * followed: more than any known form has.  */
#define MAX_DEPTH 6
#define MAX_CLIMB 4

#define NO "no gelu: "
#define NO_WHOLE NO "what is around it is not x / 2 * (1 + it)"

/* c[4i + j] t^i x^j, with i < 2 and j < 4.  */
#define NUM_TERMS 8
struct poly {
	double c[NUM_TERMS];
};

static const struct poly erf_argument = { { 0, 0.70710678118654752 } };
static const struct poly tanh_argument = { { 0, 0.79788456080286536, 0,
    0.79788456080286536 * 0.044715 } };
static const struct poly whole = { { 0, 0.5, 0, 0, 0, 0.5 } };

static int
is_close(const struct poly *a, const struct poly *want)
{
	for (int i = 0; i < NUM_TERMS; i++) {
		double w = want->c[i];

		if (!(fabs(a->c[i] - w) <= TOLERANCE * w))
			return 0;
	}
	return 1;
}

/* Do both have the same terms, with any factors?  */
static int
has_same_terms(const struct poly *a, const struct poly *b)
{
	for (int i = 0; i < NUM_TERMS; i++)
		if ((a->c[i] != 0) != (b->c[i] != 0))
			return 0;
	return 1;
}

static void
add(struct poly *a, const struct poly *b, double factor)
{
	for (int i = 0; i < NUM_TERMS; i++)
		a->c[i] += factor * b->c[i];
}

/* a *= b; 0 when the degree gets too high.  */
static int
multiply(struct poly *a, const struct poly *b)
{
	struct poly p = { 0 };

	for (int i = 0; i < NUM_TERMS; i++)
		for (int k = 0; k < NUM_TERMS; k++) {
			double c = a->c[i] * b->c[k];

			if (c == 0)
				continue;
			if ((i & k & 4) || (i & 3) + (k & 3) > 3)
				return 0;
			p.c[i + k] += c;
		}
	*a = p;
	return 1;
}

static int
is_arithmetic(const struct brn_node *n)
{
	return n->op == BRN_OP_add || n->op == BRN_OP_sub ||
	    n->op == BRN_OP_mul || n->op == BRN_OP_div ||
	    n->op == BRN_OP_pow;
}

static int
is_erf_or_tanh(const struct brn_node *n)
{
	return n->op == BRN_OP_erf || n->op == BRN_OP_tanh;
}

/* The variables of a polynomial, t or NULL, and the nodes that were read.  */
struct reader {
	const struct brn_node *x, *t;
	struct brn_match m;
};

static int read_poly(struct reader *r, const struct brn_node *n, int depth,
    struct poly *out);

/* *a = a op b, where *a is input 0 of n and b its input 1.  */
static int
apply(struct reader *r, const struct brn_node *n, int depth, struct poly *a)
{
	struct poly b;

	if (!read_poly(r, n->in[1], depth + 1, &b))
		return 0;
	if (n->op == BRN_OP_mul)
		return multiply(a, &b);
	add(a, &b, n->op == BRN_OP_add ? 1 : -1);
	return 1;
}

/* *a = a / c or a ^ c, for a constant c.  */
static int
apply_constant(const struct brn_node *n, struct poly *a)
{
	const struct poly base = *a;
	double c;

	if (!brn_const_scalar(n->in[1], &c))
		return 0;
	if (n->op == BRN_OP_pow)
		return c == 2 ? multiply(a, &base) :
		    c == 3 && multiply(a, &base) && multiply(a, &base);
	memset(a, 0, sizeof *a);
	add(a, &base, 1 / c);
	return 1;
}

/* Read n as a polynomial.  0: it is none.  */
static int
read_poly(struct reader *r, const struct brn_node *n, int depth,
    struct poly *out)
{
	memset(out, 0, sizeof *out);
	if (n == r->x) {
		out->c[1] = 1;
		return 1;
	}
	if (n == r->t) {
		out->c[4] = 1;
		return brn_match_add(&r->m, n);
	}
	if (brn_const_scalar(n, &out->c[0]))
		return 1;
	if (depth == MAX_DEPTH || !is_arithmetic(n) ||
	    !brn_match_add(&r->m, n) ||
	    !read_poly(r, n->in[0], depth + 1, out))
		return 0;
	if (n->op == BRN_OP_div || n->op == BRN_OP_pow)
		return apply_constant(n, out);
	return apply(r, n, depth, out);
}

/* What the argument of an erf or tanh is compared with, and how.  */
struct want {
	const struct poly *p;
	int (*is)(const struct poly *a, const struct poly *want);
};

static struct want
wanted(const struct brn_node *t,
    int (*is)(const struct poly *a, const struct poly *want))
{
	return (struct want){ t->op == BRN_OP_erf ? &erf_argument :
	    &tanh_argument, is };
}

/* Find x among the values below n such that arg is the wanted polynomial of x;
 * the nodes between are added to r->m.  NULL: there is none.  */
static struct brn_node *
find_x(struct reader *r, const struct brn_node *arg, const struct brn_node *n,
    int depth, struct want want)
{
	if (depth == MAX_DEPTH || !is_arithmetic(n))
		return NULL;
	for (int k = 0; k < 2; k++) {
		struct reader try = { .x = n->in[k] };
		struct brn_node *x;
		struct poly p;

		if (brn_is_const(n->in[k]))
			continue;
		if (read_poly(&try, arg, 0, &p) && want.is(&p, want.p)) {
			*r = try;
			return n->in[k];
		}
		if ((x = find_x(r, arg, n->in[k], depth + 1, want)))
			return x;
	}
	return NULL;
}

/* The node above t that is the gelu of r->x, or NULL.  */
static struct brn_node *
find_root(const struct brn_rewrite *rw, struct reader *r, struct brn_node *t)
{
	struct brn_node *n = t;

	for (int i = 0; i < MAX_CLIMB; i++) {
		struct reader try = *r;
		struct poly p;

		n = rw->user[n->id];
		if (!n || !read_poly(&try, n, 0, &p))
			return NULL;
		if (!is_close(&p, &whole))
			continue;
		/* The root was read, too, but is no inner node.  */
		for (int k = 0; k < try.m.n; k++)
			if (try.m.node[k] == n)
				try.m.node[k] = try.m.node[--try.m.n];
		*r = try;
		return n;
	}
	return NULL;
}

/* The root of the gelu that t is the erf or tanh of, and its x; else NULL.  */
static struct brn_node *
match_gelu(const struct brn_rewrite *rw, struct brn_node *t,
    struct brn_node **x)
{
	struct reader r;
	struct brn_node *root;

	if (!is_erf_or_tanh(t))
		return NULL;
	*x = find_x(&r, t->in[0], t->in[0], 0, wanted(t, is_close));
	if (!*x)
		return NULL;
	r.t = t;
	root = find_root(rw, &r, t);
	if (!root || !brn_match_is_closed(&r.m, rw, root))
		return NULL;
	/* A constant of higher rank would have changed the shape.  */
	return brn_type_equal(&root->type, &(*x)->type) ? root : NULL;
}

/* Why root is no gelu, though it has the terms of one.  */
static const char *
gelu_reason(struct brn_node *t, const struct brn_node *root,
    const struct brn_node *x, const struct poly *p)
{
	struct reader r;

	if (!find_x(&r, t->in[0], t->in[0], 0, wanted(t, is_close)))
		return t->op == BRN_OP_erf ? NO "its argument is not "
		    "x / sqrt(2)" : NO "its argument is not "
		    "sqrt(2 / pi) * (x + 0.044715 x^3)";
	if (!is_close(p, &whole))
		return NO_WHOLE;
	return brn_type_equal(&root->type, &x->type) ?
	    NO "something else uses a value inside of it" :
	    NO "a constant in it has more dimensions than x";
}

/* Report why t stays, if root has the terms of a gelu.  A reason for a root
 * with the right factors replaces NO_WHOLE, not the other way round.  */
static void
explain_gelu(const struct brn_rewrite *rw, struct brn_node *t,
    const struct brn_node *root)
{
	struct reader r;
	struct brn_node *x, *fused;
	struct poly p;
	const char *known = brn_report_why_unfused(rw->g, t);

	if (known && strcmp(known, NO_WHOLE))
		return;
	x = find_x(&r, t->in[0], t->in[0], 0, wanted(t, has_same_terms));
	if (!x)
		return;
	r.t = t;
	if (read_poly(&r, root, 0, &p) && has_same_terms(&p, &whole) &&
	    !match_gelu(rw, t, &fused))
		brn_report_unfused(rw->g, t, gelu_reason(t, root, x, &p));
}

/* Do that for each erf or tanh below n that root may be the gelu of.  */
static void
explain_below(const struct brn_rewrite *rw, const struct brn_node *root,
    struct brn_node *n, int depth)
{
	if (is_erf_or_tanh(n))
		explain_gelu(rw, n, root);
	else if (is_arithmetic(n) && depth < MAX_CLIMB)
		for (int k = 0; k < 2; k++)
			explain_below(rw, root, n->in[k], depth + 1);
}

static int
replace_with_gelu(struct brn_rewrite *rw, struct brn_node *root,
    struct brn_node *x, int tanh_form, burin_error *err)
{
	struct brn_node *n;

	n = brn_graph_add(rw->g, BRN_OP_gelu, root->name, &x, 1);
	if (!n || (tanh_form && brn_attr_set_int(rw->g, n, "tanh", 1) < 0))
		return brn_nomem(err);
	return brn_rewrite_as(rw, root, n, err);
}

static int
fuse_gelu_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *x, *root = match_gelu(r, n, &x);

	if (!root) {
		if (is_arithmetic(n))
			explain_below(r, n, n, 0);
		return BURIN_OK;
	}
	return replace_with_gelu(r, root, x, n->op == BRN_OP_tanh, err);
}

int
brn_pass_fuse_gelu(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse_gelu_visit, changed, err);
}
