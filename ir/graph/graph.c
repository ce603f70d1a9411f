/* SPDX-License-Identifier: Apache-2.0
 *
 * Building and changing a graph.
 */
#include "ir/graph/graph.h"

#include "ir/attrs.h"
#include "ir/graph/iter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct brn_graph *
brn_graph_new(void)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_graph *g = a ? brn_arena_alloc(a, 1, sizeof *g) : NULL;

	if (!g) {
		brn_arena_free(a);
		return NULL;
	}
	g->arena = a;
	g->budget = &g->own;
	brn_budget_init(g->budget);
	return g;
}

/* What a node holds that is not in the arena.  */
static void
free_held(struct brn_node *n)
{
	if (n->op == BRN_OP_bsr)
		brn_bsr_free(n->bsr);
	if (n->op == BRN_OP_constant && n->value)
		free(n->value->data);
	for (int i = 0; i < n->nbody; i++)
		brn_graph_free(n->body[i].g);
}

void
brn_graph_forget(struct brn_node *n)
{
	if (n->bsr) {
		brn_bsr_forget(n->bsr);
		return;
	}
	free(n->value->data);
	n->value->data = NULL;
}

void
brn_graph_free(struct brn_graph *g)
{
	if (!g)
		return;
	for (int i = 0; i < g->nnode; i++)
		free_held(g->node[i]);
	free(g->node);
	free(g->sym);
	brn_arena_free(g->arena);
}

/* Room for one more in a growing array.  */
static int
grow(void **p, int n, int *cap, size_t size)
{
	int want = *cap ? *cap * 2 : 64;
	void *q;

	if (n < *cap)
		return 0;
	q = brn_realloc(*p, (size_t)want, size);
	if (!q)
		return -1;
	*p = q;
	*cap = want;
	return 0;
}

struct brn_node *
brn_graph_add(struct brn_graph *g, enum brn_op op, const char *name,
    struct brn_node *const *in, int nin)
{
	struct brn_node *n;
	void *nodes = g->node;

	if (grow(&nodes, g->nnode, &g->capnode, sizeof *g->node) < 0)
		return NULL;
	g->node = nodes;
	n = brn_arena_alloc(g->arena, 1, sizeof *n);
	if (!n)
		return NULL;
	n->op = op;
	n->type.rank = -1;
	n->nin = nin;
	n->in = brn_arena_alloc(g->arena, (size_t)nin, sizeof *n->in);
	n->name = brn_arena_strdup(g->arena, name ? name : "");
	if (!n->in || !n->name)
		return NULL;
	if (nin)
		memcpy(n->in, in, (size_t)nin * sizeof *in);
	n->serial = g->nserial++;
	n->id = g->nnode;
	g->node[g->nnode++] = n;
	return n;
}

static double
tensor_bytes(const struct brn_tensor *t)
{
	return (double)brn_numel(t) * (double)brn_dtype_size(t->type.dtype);
}

struct brn_node *
brn_graph_constant_own(struct brn_graph *g, const char *name,
    const struct brn_type *type, void *data)
{
	struct brn_node *n = brn_graph_add(g, BRN_OP_constant, name, NULL, 0);

	if (n)
		n->value = brn_arena_alloc(g->arena, 1, sizeof *n->value);
	if (!n || !n->value) {
		g->nnode -= n != NULL;
		free(data);
		return NULL;
	}
	*n->value = (struct brn_tensor){ *type, data };
	n->type = *type;
	brn_spend_later(g, BRN_WORK_OF_MAKING * tensor_bytes(n->value));
	return n;
}

struct brn_node *
brn_graph_constant(struct brn_graph *g, const char *name,
    const struct brn_type *type, const void *data)
{
	int64_t numel = brn_type_numel(type);
	size_t n;
	void *copy;

	if (numel < 0 || brn_mul((size_t)numel, brn_dtype_size(type->dtype),
	    &n) < 0)
		return NULL;
	copy = brn_alloc_aligned(n);
	if (!copy)
		return NULL;
	if (data)
		memcpy(copy, data, n);
	else
		memset(copy, 0, n);
	return brn_graph_constant_own(g, name, type, copy);
}

struct brn_node *
brn_graph_ints(struct brn_graph *g, const char *name, const int64_t *v, int n)
{
	struct brn_type t = { BURIN_I64, 1, { n } };

	return brn_graph_constant(g, name, &t, v);
}

struct brn_node *
brn_graph_bsr(struct brn_graph *g, const char *name, struct brn_bsr *b)
{
	struct brn_node *n = brn_graph_add(g, BRN_OP_bsr, name, NULL, 0);

	if (!n) {
		brn_bsr_free(b);
		return NULL;
	}
	n->bsr = b;
	n->type = (struct brn_type){ b->ints ? BURIN_I8 : BURIN_F32, 2,
	    { b->rows, b->cols } };
	brn_spend_later(g, BRN_WORK_OF_MAKING * brn_bsr_bytes(b));
	return n;
}

/* The attribute of that name, made if absent.  */
static struct brn_attr *
attr_slot(struct brn_graph *g, struct brn_node *n, const char *name)
{
	struct brn_attr *a = (struct brn_attr *)brn_attr(n, name), *more;

	if (a)
		return a;
	more = brn_arena_alloc(g->arena, (size_t)n->nattr + 1, sizeof *more);
	if (!more)
		return NULL;
	if (n->nattr)
		memcpy(more, n->attr, (size_t)n->nattr * sizeof *more);
	a = &more[n->nattr];
	a->name = brn_arena_strdup(g->arena, name);
	if (!a->name)
		return NULL;
	n->attr = more;
	n->nattr++;
	return a;
}

int
brn_attr_set_int(struct brn_graph *g, struct brn_node *n, const char *name,
    int64_t v)
{
	struct brn_attr *a = attr_slot(g, n, name);

	if (!a)
		return -1;
	a->i = v;
	return 0;
}

int
brn_attr_set_float(struct brn_graph *g, struct brn_node *n, const char *name,
    float v)
{
	struct brn_attr *a = attr_slot(g, n, name);

	if (!a)
		return -1;
	a->f = v;
	return 0;
}

int
brn_attr_set_ints(struct brn_graph *g, struct brn_node *n, const char *name,
    const int64_t *v, int nv)
{
	int64_t *copy = brn_arena_alloc(g->arena, (size_t)nv + 1, sizeof *v);
	struct brn_attr *a = copy ? attr_slot(g, n, name) : NULL;

	if (!a)
		return -1;
	if (nv)
		memcpy(copy, v, (size_t)nv * sizeof *v);
	a->ints = copy;
	a->nints = nv;
	return 0;
}

int
brn_attr_set_tensor(struct brn_graph *g, struct brn_node *n, const char *name,
    const struct brn_tensor *t)
{
	struct brn_attr *a = attr_slot(g, n, name);

	if (!a)
		return -1;
	a->t = t;
	return 0;
}

void
brn_attr_drop(struct brn_node *n, const char *name)
{
	for (int i = 0; i < n->nattr; i++)
		if (!strcmp(n->attr[i].name, name))
			n->attr[i--] = n->attr[--n->nattr];
}

const struct brn_attr *
brn_attr(const struct brn_node *n, const char *name)
{
	for (int i = 0; i < n->nattr; i++)
		if (!strcmp(n->attr[i].name, name))
			return &n->attr[i];
	return NULL;
}

/* The row of ir/attrs.def with the default of an absent attribute.  Readers
 * that ask an op for an attribute that it does not have, or for one that has no
 * default, are wrong.  */
static const struct brn_attr_info *
default_of(const struct brn_node *n, const char *name,
    enum brn_attr_type type)
{
	static const struct brn_attr_info zero = { .name = NULL };
	const struct brn_attr_info *a = brn_attr_info(n->op, name);
	int known = a && a->type == type && a->absence != BRN_ATTR_MAYBE;

	assert(known);
	return known ? a : &zero;
}

int64_t
brn_attr_int(const struct brn_node *n, const char *name)
{
	const struct brn_attr *a = brn_attr(n, name);

	return a ? a->i : default_of(n, name, BRN_ATTR_INT)->i;
}

float
brn_attr_float(const struct brn_node *n, const char *name)
{
	const struct brn_attr *a = brn_attr(n, name);

	return a ? a->f : default_of(n, name, BRN_ATTR_FLOAT)->f;
}

int64_t
brn_graph_sym(struct brn_graph *g, const char *name)
{
	void *syms = g->sym;
	const char *copy = NULL;

	if (name)
		for (int i = 0; i < g->nsym; i++)
			if (g->sym[i] && !strcmp(g->sym[i], name))
				return BRN_SYM(i);
	if (grow(&syms, g->nsym, &g->capsym, sizeof *g->sym) < 0)
		return 0;
	g->sym = syms;
	if (name && !(copy = brn_arena_strdup(g->arena, name)))
		return 0;
	g->sym[g->nsym] = copy;
	return BRN_SYM(g->nsym++);
}

void
brn_graph_replace(struct brn_graph *g, struct brn_node *a, struct brn_node *b)
{
	for (int i = 0; i < g->nnode; i++) {
		struct brn_node *n = g->node[i];

		if (n == b)
			continue;
		for (int k = 0; k < n->nin; k++)
			if (n->in[k] == a)
				n->in[k] = b;
	}
	for (int i = 0; i < g->nout; i++)
		if (g->out[i].node == a)
			g->out[i].node = b;
}

int
brn_graph_uses(const struct brn_graph *g, const struct brn_node *n)
{
	int uses = 0;

	for (int i = 0; i < g->nnode; i++)
		for (int k = 0; k < g->node[i]->nin; k++)
			uses += g->node[i]->in[k] == n;
	for (int i = 0; i < g->nout; i++)
		uses += g->out[i].node == n;
	return uses;
}

/* Nodes keep their old order as far as it is a topological one.  A depth-first
 * walk with a stack of its own, since files decide how deep a graph is.  id is
 * the mark: -1 new, -2 on the stack, else the new position.  */
struct sorter {
	struct brn_node **out;
	int nout;
	struct { struct brn_node *n; int next; } *stack;
};

static int
visit(struct sorter *s, struct brn_node *root, burin_error *err)
{
	int depth = 0;

	if (root->id >= 0)
		return 0;
	s->stack[depth].n = root;
	s->stack[depth++].next = 0;
	root->id = -2;
	while (depth) {
		struct brn_node *n = s->stack[depth - 1].n, *in;

		if (s->stack[depth - 1].next == n->nin) {
			n->id = s->nout;
			s->out[s->nout++] = n;
			depth--;
			continue;
		}
		in = n->in[s->stack[depth - 1].next++];
		if (!in || in->id >= 0)
			continue;
		if (in->id == -2)
			return brn_fail(err, BURIN_EFORMAT,
			    "node '%s': depends on itself", in->name);
		in->id = -2;
		s->stack[depth].n = in;
		s->stack[depth++].next = 0;
	}
	return 0;
}

/* Sort what the roots reach; roots in order.  */
static int
sort_from(struct brn_graph *g, struct brn_node *const *root, int nroot,
    burin_error *err)
{
	struct sorter s = { 0 };
	size_t n = (size_t)g->nnode + 1;
	int rc = 0;

	s.out = brn_alloc(n, sizeof *s.out);
	s.stack = brn_alloc(n, sizeof *s.stack);
	if (!s.out || !s.stack) {
		rc = brn_nomem(err);
		goto done;
	}
	for (int i = 0; i < g->nnode; i++)
		g->node[i]->id = -1;
	for (int i = 0; i < nroot && rc == 0; i++)
		rc = visit(&s, root[i], err);
	if (rc < 0)
		goto done;
	for (int i = 0; i < g->nnode; i++)
		if (g->node[i]->id < 0)
			free_held(g->node[i]);
	if (s.nout)
		memcpy(g->node, s.out, (size_t)s.nout * sizeof *s.out);
	g->nnode = s.nout;
done:
	free(s.out);
	free(s.stack);
	return rc;
}

int
brn_graph_sort(struct brn_graph *g, burin_error *err)
{
	struct brn_node **all = brn_alloc((size_t)g->nnode, sizeof *all);
	int rc;

	if (!all)
		return brn_nomem(err);
	if (g->nnode)
		memcpy(all, g->node, (size_t)g->nnode * sizeof *all);
	rc = sort_from(g, all, g->nnode, err);
	free(all);
	return rc;
}

int
brn_graph_sweep(struct brn_graph *g, burin_error *err)
{
	struct brn_node **root;
	size_t n = (size_t)g->nin + (size_t)g->nout;
	int rc;

	root = brn_alloc(n, sizeof *root);
	if (!root)
		return brn_nomem(err);
	for (int i = 0; i < g->nin; i++)
		root[i] = g->in[i].node;
	for (int i = 0; i < g->nout; i++)
		root[g->nin + i] = g->out[i].node;
	rc = sort_from(g, root, (int)n, err);
	free(root);
	return rc;
}

int
brn_is_const(const struct brn_node *n)
{
	return n && n->op == BRN_OP_constant;
}

int
brn_const_scalar(const struct brn_node *n, double *out)
{
	if (!brn_is_const(n) || brn_numel(n->value) != 1)
		return 0;
	*out = brn_get_float(n->value, 0);
	return 1;
}

double
brn_graph_bytes(const struct brn_graph *g)
{
	double n = 0;

	for (int i = 0; i < g->nnode; i++)
		if (brn_is_const(g->node[i]))
			n += tensor_bytes(g->node[i]->value);
		else if (g->node[i]->op == BRN_OP_bsr)
			n += brn_bsr_bytes(g->node[i]->bsr);
	return n;
}
