/* SPDX-License-Identifier: Apache-2.0
 *
 * Short notation to build graphs in tests:
 *
 *	struct brn_node *x = input(g, "x", 2, BATCH, 6);
 *	struct brn_node *y = OP(g, matmul, x, weight(g, "w", 6, 4, 1));
 *	output(g, "y", y);
 *
 * Functions do not return errors: if memory is short the test fails.
 */
#ifndef BUILD_H
#define BUILD_H

#include "ir/graph/graph.h"
#include "ir/op/infer.h"
#include "tests/support/suite.h"

/* Open dimensions, named "batch" and "seq".  */
#define BATCH (-1)
#define SEQ (-2)

#define BUILD_MAX_PORTS 4

#define OP(g, op, ...) \
	build_node(g, BRN_OP_##op, (struct brn_node *[]){ __VA_ARGS__ }, \
	    COUNT(((struct brn_node *[]){ __VA_ARGS__ })))

static inline struct brn_graph *
build_graph(void)
{
	struct brn_graph *g = brn_graph_new();

	ck_assert_ptr_nonnull(g);
	g->opset = 21;
	g->in = brn_arena_alloc(g->arena, BUILD_MAX_PORTS, sizeof *g->in);
	g->out = brn_arena_alloc(g->arena, BUILD_MAX_PORTS, sizeof *g->out);
	ck_assert(g->in && g->out);
	return g;
}

static inline struct brn_node *
build_node(struct brn_graph *g, enum brn_op op, struct brn_node *const *in,
    int nin)
{
	struct brn_node *n = brn_graph_add(g, op, brn_ops[op].name, in, nin);

	ck_assert_ptr_nonnull(n);
	return n;
}

/* Types and values of all nodes; freed with brn_shapes_free.  */
static inline struct brn_shapes *
build_infer(const struct brn_graph *g, const struct brn_type *in)
{
	struct brn_shapes *s = NULL;
	burin_error err = { 0 };

	suite_ok(brn_infer(g, in, &s, &err), err);
	return s;
}

static inline struct brn_node *
named(struct brn_node *n, const char *name)
{
	n->name = name;
	return n;
}

static inline struct brn_node *
input(struct brn_graph *g, const char *name, int rank, ...)
{
	struct brn_node *n = brn_graph_add(g, BRN_OP_input, name, NULL, 0);
	va_list ap;

	ck_assert(n && g->nin < BUILD_MAX_PORTS);
	n->type = (struct brn_type){ .dtype = BURIN_F32, .rank = rank };
	va_start(ap, rank);
	for (int i = 0; i < rank; i++) {
		int d = va_arg(ap, int);

		n->type.dim[i] = d >= 0 ? d :
		    brn_graph_sym(g, d == BATCH ? "batch" : "seq");
	}
	va_end(ap);
	g->in[g->nin++] = (struct brn_value){ name, n, n->type };
	return n;
}

static inline void
output(struct brn_graph *g, const char *name, struct brn_node *n)
{
	ck_assert_int_lt(g->nout, BUILD_MAX_PORTS);
	g->out[g->nout++] = (struct brn_value){ .name = name, .node = n,
	    .type.rank = -1 };
}

/* A constant [rows][cols] with random elements in [-1, 1).  */
static inline struct brn_node *
weight(struct brn_graph *g, const char *name, int rows, int cols, uint64_t seed)
{
	struct brn_type t = { BURIN_F32, 2, { rows, cols } };
	struct brn_node *n = brn_graph_constant(g, name, &t, NULL);

	ck_assert_ptr_nonnull(n);
	suite_fill(n->value->data, (int64_t)rows * cols, seed);
	return n;
}

/* A random constant of n elements: [n], [1][n] or [1][1][n] by rank.  */
static inline struct brn_node *
vector(struct brn_graph *g, const char *name, int n, int rank, uint64_t seed)
{
	struct brn_type t = { BURIN_F32, rank, { 1, 1, 1 } };
	struct brn_node *v;

	t.dim[rank - 1] = n;
	v = brn_graph_constant(g, name, &t, NULL);
	ck_assert_ptr_nonnull(v);
	suite_fill(v->value->data, n, seed);
	return v;
}

static inline struct brn_node *
scalar(struct brn_graph *g, float value)
{
	struct brn_type t = { .dtype = BURIN_F32 };
	struct brn_node *n = brn_graph_constant(g, "", &t, &value);

	ck_assert_ptr_nonnull(n);
	return n;
}

#define INTS(g, ...) \
	build_ints(g, (int64_t[]){ __VA_ARGS__ }, \
	    COUNT(((int64_t[]){ __VA_ARGS__ })))

static inline struct brn_node *
build_ints(struct brn_graph *g, const int64_t *v, int n)
{
	struct brn_node *c = brn_graph_ints(g, "", v, n);

	ck_assert_ptr_nonnull(c);
	return c;
}

static inline struct brn_node *
set_int(struct brn_graph *g, struct brn_node *n, const char *name, int64_t v)
{
	ck_assert_int_eq(brn_attr_set_int(g, n, name, v), 0);
	return n;
}

static inline struct brn_node *
set_float(struct brn_graph *g, struct brn_node *n, const char *name, float v)
{
	ck_assert_int_eq(brn_attr_set_float(g, n, name, v), 0);
	return n;
}

static inline struct brn_node *
set_perm(struct brn_graph *g, struct brn_node *n, int64_t a, int64_t b)
{
	int64_t perm[] = { a, b };

	ck_assert_int_eq(brn_attr_set_ints(g, n, "perm", perm, 2), 0);
	return n;
}

static inline struct brn_node *
transpose(struct brn_graph *g, struct brn_node *n)
{
	return set_perm(g, OP(g, transpose, n), 1, 0);
}

/* The number of nodes with operator op.  */
static inline int
count_ops(const struct brn_graph *g, enum brn_op op)
{
	int n = 0;

	for (int i = 0; i < g->nnode; i++)
		n += g->node[i]->op == op;
	return n;
}

#endif
