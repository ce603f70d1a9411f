/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference over a graph: bind the inputs, then for each node in order call the
 * rule of its op and find its value.  The graph is not changed, so any number
 * of threads may infer on one.
 */
#include "ir/op/value.h"

#include "ir/graph/list.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

static brn_infer_fn *const rules[BRN_NUM_OPS] = {
#define OP(name, onnx, lo, hi, work, flags) infer_##name,
#include "ir/ops.def"
};

static const struct brn_type unknown = { .rank = -1 };

static int
is_known(const struct brn_type *t)
{
	return t->rank >= 0 && t->dtype;
}

static int
type_error(struct brn_infer *c, int i, const struct brn_type *found)
{
	const struct brn_value *v = &c->g->in[i];
	struct brn_buf b = { 0 };
	int rc;

	brn_buf_printf(&b, "input '%s': is ", v->name);
	brn_type_print(&b, found, c->g->sym, c->g->nsym);
	brn_buf_printf(&b, ", wanted ");
	brn_type_print(&b, &v->type, c->g->sym, c->g->nsym);
	rc = b.fail ? brn_nomem(c->err) :
	    brn_fail(c->err, BURIN_ESHAPE, "%s", (const char *)b.p);
	brn_buf_free(&b);
	return rc;
}

/* Dimension d of input i is declared as a symbol: bind it, or compare it with
 * what it was bound to.  size[s] is -1 for a symbol not bound yet.  */
static int
bind_dim(struct brn_infer *c, int i, int d, const struct brn_type *t,
    int64_t *size)
{
	int64_t s = c->g->in[i].type.dim[d] - BRN_SYM(0);

	if (s >= c->g->nsym || brn_is_sym(t->dim[d]))
		return BURIN_OK;
	if (size[s] < 0)
		size[s] = t->dim[d];
	if (size[s] == t->dim[d])
		return BURIN_OK;
	return brn_fail(c->err, BURIN_ESHAPE, "input '%s': dimension %d (%s) "
	    "is %lld, wanted %lld as in another input", c->g->in[i].name, d,
	    c->g->sym[s] ? c->g->sym[s] : "?", (long long)t->dim[d],
	    (long long)size[s]);
}

static int
bind_input(struct brn_infer *c, int i, const struct brn_type *t, int64_t *size)
{
	const struct brn_type *want = &c->g->in[i].type;
	int rc;

	if (!is_known(t) || (want->dtype && t->dtype != want->dtype) ||
	    (want->rank >= 0 && t->rank != want->rank))
		return type_error(c, i, t);
	for (int d = 0; d < t->rank; d++) {
		if (t->dim[d] < 0 && !brn_is_sym(t->dim[d]))
			return type_error(c, i, t);
		if (want->rank < 0)
			continue;
		if (brn_is_sym(want->dim[d])) {
			if ((rc = bind_dim(c, i, d, t, size)) < 0)
				return rc;
		} else if (t->dim[d] != want->dim[d]) {
			return type_error(c, i, t);
		}
	}
	return BURIN_OK;
}

static int
bind_inputs(struct brn_infer *c, const struct brn_type *in_type)
{
	int64_t *size = brn_arena_alloc(c->s->arena, (size_t)c->g->nsym,
	    sizeof *size);
	int rc;

	if (!size)
		return brn_nomem(c->err);
	for (int i = 0; i < c->g->nsym; i++)
		size[i] = -1;
	c->concrete = in_type != NULL;
	for (int i = 0; i < c->g->nin; i++) {
		const struct brn_value *v = &c->g->in[i];
		const struct brn_type *t = in_type ? &in_type[i] : &v->type;

		if (in_type && (rc = bind_input(c, i, t, size)) < 0)
			return rc;
		if (!brn_type_is_concrete(t))
			c->concrete = 0;
		c->s->type[v->node->id] = *t;
	}
	c->concrete &= !c->open;
	return BURIN_OK;
}

/* Whether the types that the rule of c->n needs are known.  */
static int
inputs_are_known(const struct brn_infer *c)
{
	int tolerant = c->n->op == BRN_OP_reshape || c->n->op == BRN_OP_shape;

	for (int i = tolerant; i < c->n->nin; i++)
		if (c->n->in[i] && !is_known(brn_infer_in(c, i)))
			return 0;
	return 1;
}

static int
check_inputs(struct brn_infer *c)
{
	const struct brn_op_info *info = &brn_ops[c->n->op];
	int all = info->hi == BRN_MAX_IN && !(info->flags & BRN_BODIES) &&
	    c->n->op != BRN_OP_unsupported;
	int need = all ? c->n->nin : info->lo;

	for (int i = 0; i < need || i < info->lo; i++)
		if (i >= c->n->nin || !c->n->in[i])
			return brn_fail(c->err, BURIN_EFORMAT,
			    "node '%s': input %d is absent, %s needs it",
			    c->n->name, i, info->name);
	if (info->flags & BRN_LISTS)
		return BURIN_OK;
	for (int i = 0; i < c->n->nin; i++)
		if (c->n->in[i] && brn_is_list(brn_infer_in(c, i)))
			return brn_infer_bad(c, BURIN_EUNSUPPORTED,
			    "input %d is a sequence", i);
	return BURIN_OK;
}

static int
is_vague(const struct brn_infer *c)
{
	for (int i = 0; i < c->n->nin; i++)
		if (c->n->in[i] && c->vague[c->n->in[i]->id])
			return 1;
	return c->n->op == BRN_OP_unsupported;
}

static int
infer_node(struct brn_infer *c)
{
	struct brn_type t = unknown;
	size_t bytes;
	int rc;

	if ((rc = brn_spend(c->g, BRN_WORK_OF_NODE + 16. * c->n->nin,
	    c->err)) < 0 ||
	    (rc = check_inputs(c)) < 0)
		return rc;
	if (c->given && c->given[c->n->id].dtype)
		t = c->given[c->n->id];
	else if (inputs_are_known(c) && (rc = rules[c->n->op](c, &t)) < 0)
		return rc;
	c->vague[c->n->id] = (uint8_t)is_vague(c);
	if (!brn_type_is_concrete(&t)) {
		if (c->concrete && !c->vague[c->n->id])
			return brn_infer_bad(c, BURIN_EUNSUPPORTED,
			    "shape of the result depends on data");
	} else if (brn_type_bytes(&t, "", &bytes, c->err) < 0) {
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the result does not fit memory");
	}
	c->s->type[c->n->id] = t;
	return brn_infer_value(c);
}

static void
count_syms(const struct brn_type *t, int *n)
{
	for (int d = 0; d < t->rank; d++)
		if (brn_is_sym(t->dim[d]) && t->dim[d] - BRN_SYM(0) >= *n)
			*n = (int)(t->dim[d] - BRN_SYM(0)) + 1;
}

/* The first symbol that neither has a name nor is in a declared type.  New ones
 * start there, so that inferring twice gives the same.  */
static int
first_free_sym(const struct brn_graph *g)
{
	int n = 0;

	for (int i = 0; i < g->nsym; i++)
		if (g->sym[i])
			n = i + 1;
	for (int i = 0; i < g->nin; i++)
		count_syms(&g->in[i].type, &n);
	for (int i = 0; i < g->nout; i++)
		count_syms(&g->out[i].type, &n);
	return n;
}

/* Integers count as floats, which they become where they are weights.  */
static double
value_bytes(const struct brn_tensor *t)
{
	size_t size = brn_dtype_size(t->type.dtype);

	return (double)brn_numel(t) * (double)(size < 4 ? 4 : size);
}

/* The bytes that computing values may touch: 64 MiB and 8 times the constants.
 * Enough to transpose and cast every weight; a hostile file can neither fill
 * the memory with it nor keep a processor busy for long.  */
static double
value_budget(const struct brn_graph *g)
{
	double n = 64 << 20;

	for (int i = 0; i < g->nnode; i++)
		if (brn_is_const(g->node[i]))
			n += 8.0 * value_bytes(g->node[i]->value);
	return n;
}

/* Grow the arrays of c to room for n nodes, and keep their contents.  */
static int
make_room(struct brn_infer *c, int n)
{
	struct brn_shapes old = *c->s, *s = c->s;
	size_t cap = (size_t)n, have = (size_t)old.n;
	uint8_t *vague = brn_arena_alloc(s->arena, cap, 1);

	s->type = brn_arena_alloc(s->arena, cap, sizeof *s->type);
	s->val = brn_arena_alloc(s->arena, cap, sizeof *s->val);
	s->sym = brn_arena_alloc(s->arena, cap, sizeof *s->sym);
	if (!s->type || !s->val || !s->sym || !vague)
		return brn_nomem(c->err);
	if (have) {
		memcpy(s->type, old.type, have * sizeof *s->type);
		memcpy(s->val, old.val, have * sizeof *s->val);
		memcpy(s->sym, old.sym, have);
		memcpy(vague, c->vague, have);
	}
	for (int i = old.n; i < n; i++)
		s->type[i] = unknown;
	c->vague = vague;
	c->room = n;
	return BURIN_OK;
}

static struct brn_shapes *
shapes_new(void)
{
	struct brn_shapes *s = brn_alloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->arena = brn_arena_new();
	if (s->arena)
		return s;
	free(s);
	return NULL;
}

void
brn_shapes_free(struct brn_shapes *s)
{
	if (!s)
		return;
	brn_arena_free(s->arena);
	free(s);
}

/* The budget where only types are wanted: shapes are small.  */
enum { TYPE_BUDGET = 1 << 20 };

/* Infer the nodes not inferred yet; there is room.  */
static int
infer_rest(struct brn_infer *c)
{
	int rc = BURIN_OK;

	while (rc == BURIN_OK && c->s->n < c->g->nnode) {
		c->n = c->g->node[c->s->n++];
		rc = infer_node(c);
	}
	return rc;
}

/* Infer all of c->g.  The caller has set graph, budget, inputs and err of *c.
 */
static int
infer(struct brn_infer *c, const struct brn_type *in_type)
{
	int rc;

	c->s = shapes_new();
	if (!c->s)
		return brn_nomem(c->err);
	c->nsym = first_free_sym(c->g);
	rc = make_room(c, c->g->nnode);
	if (rc == BURIN_OK)
		rc = bind_inputs(c, in_type);
	if (rc == BURIN_OK)
		rc = infer_rest(c);
	if (rc < 0)
		brn_shapes_free(c->s);
	return rc;
}

int
brn_infer(const struct brn_graph *g, const struct brn_type *in_type,
    struct brn_shapes **out, burin_error *err)
{
	double budget = brn_budget_values(g->budget, value_budget(g));
	struct brn_infer c = { .g = g, .budget = budget, .err = err };
	int rc = infer(&c, in_type);

	brn_budget_take_values(g->budget, budget - c.budget);
	if (rc < 0)
		return rc;
	*out = c.s;
	return BURIN_OK;
}

static int
follow_new(struct brn_infer **f, const struct brn_graph *g, burin_error *err)
{
	struct brn_infer *c = brn_alloc(1, sizeof *c);
	int rc;

	if (!c)
		return brn_nomem(err);
	*c = (struct brn_infer){ .g = g, .budget = TYPE_BUDGET, .err = err,
	    .s = shapes_new() };
	if (!c->s) {
		free(c);
		return brn_nomem(err);
	}
	c->nsym = first_free_sym(g);
	rc = make_room(c, g->nnode);
	if (rc == BURIN_OK)
		rc = bind_inputs(c, NULL);
	c->concrete = 0;
	if (rc < 0)
		brn_follow_free(c);
	else
		*f = c;
	return rc;
}

int
brn_follow(struct brn_infer **f, const struct brn_graph *g,
    const struct brn_shapes **out, burin_error *err)
{
	int rc;

	if (!*f && (rc = follow_new(f, g, err)) < 0)
		return rc;
	(*f)->err = err;
	if ((*f)->room < g->nnode &&
	    (rc = make_room(*f, 2 * g->nnode)) < 0)
		return rc;
	if ((rc = infer_rest(*f)) < 0)
		return rc;
	*out = (*f)->s;
	return BURIN_OK;
}

int64_t
brn_follow_sym(struct brn_infer *f, struct brn_graph *g)
{
	int64_t s;

	while (f && g->nsym < f->nsym)
		if (!brn_graph_sym(g, NULL))
			return 0;
	s = brn_graph_sym(g, NULL);
	if (f && f->nsym < g->nsym)
		f->nsym = g->nsym;
	return s;
}

void
brn_follow_free(struct brn_infer *f)
{
	if (!f)
		return;
	brn_shapes_free(f->s);
	free(f);
}

int
brn_infer_data(const struct brn_graph *g, const struct brn_tensor *in,
    struct brn_shapes **out, burin_error *err)
{
	struct brn_infer c = {
		.g = g, .budget = value_budget(g), .in = in, .err = err,
	};
	struct brn_type *type = brn_alloc((size_t)g->nin, sizeof *type);
	int rc;

	if (!type)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++)
		type[i] = in[i].type;
	rc = infer(&c, type);
	free(type);
	if (rc == BURIN_OK)
		*out = c.s;
	return rc;
}

int
brn_infer_open(const struct brn_graph *g, const struct brn_type *in_type,
    const struct brn_type *given, struct brn_shapes **out, burin_error *err)
{
	struct brn_infer c = {
		.g = g, .budget = value_budget(g), .open = 1, .given = given,
		.err = err,
	};
	int rc = infer(&c, in_type);

	if (rc == BURIN_OK)
		*out = c.s;
	return rc;
}

int
brn_infer_one(const struct brn_graph *g, const struct brn_node *n,
    struct brn_shapes *s, struct brn_type *out, burin_error *err)
{
	struct brn_infer c = { .g = g, .n = n, .s = s, .budget = DBL_MAX,
	    .err = err };
	int rc = check_inputs(&c);

	*out = unknown;
	if (rc == BURIN_OK && inputs_are_known(&c))
		rc = rules[n->op](&c, out);
	if (rc == BURIN_OK && !brn_type_is_concrete(out))
		rc = brn_infer_bad(&c, BURIN_EUNSUPPORTED,
		    "shape of the result depends on data");
	return rc;
}

struct brn_shapes *
brn_shapes_new(int n)
{
	struct brn_infer c = { .s = shapes_new() };
	burin_error err;

	c.err = &err;
	if (!c.s || make_room(&c, n) == BURIN_OK)
		return c.s;
	brn_shapes_free(c.s);
	return NULL;
}

int
brn_infer_types(struct brn_graph *g, burin_error *err)
{
	struct brn_infer c = { .g = g, .budget = TYPE_BUDGET, .err = err };
	int rc;

	if ((rc = infer(&c, NULL)) < 0)
		return rc;
	while (g->nsym < c.nsym)
		if (!brn_graph_sym(g, NULL)) {
			brn_shapes_free(c.s);
			return brn_nomem(err);
		}
	for (int i = 0; i < g->nnode; i++)
		g->node[i]->type = c.s->type[i];
	brn_shapes_free(c.s);
	return BURIN_OK;
}
