/* SPDX-License-Identifier: Apache-2.0
 *
 * Shape inference, the same at load, with symbols for batch and sequence, and
 * at plan time, with every size known.  With the types it finds values: a node
 * whose inputs all have one is computed by its ref, so that shape arithmetic is
 * done before a run.
 */
#ifndef BRN_INFER_H
#define BRN_INFER_H

#include "ir/graph/graph.h"

struct brn_shapes {
	struct brn_arena *arena;        /* holds the arrays and values */
	int n;                          /* nodes of the graph */
	struct brn_type *type;          /* [n] */
	struct brn_tensor **val;        /* [n]; NULL: not known before a run */
	uint8_t *sym;                   /* [n]; 1: val (int64) holds symbols;
	                                   0: elements that look like symbols
	                                   are numbers */
};

/* Types and values of all nodes.  in_type[i] replaces the declared type of
 * graph input i and must fit it; NULL in_type: as declared.  When in_type has
 * sizes for all inputs, every type has sizes, or it is EUNSUPPORTED: a shape
 * that depends on data.  Otherwise sizes not known yet are symbols, new ones
 * above those that inputs, outputs and names use.  What an unsupported node
 * feeds has an unknown type.  The graph is not changed; values may point into
 * it.  The result is freed with brn_shapes_free.  */
int brn_infer(const struct brn_graph *g, const struct brn_type *in_type,
    struct brn_shapes **out, burin_error *err);
/* The same where shapes depend on the data of inputs: in[i] is input i.  Values
 * of inputs up to BRN_INFER_BYTES are used, and the result is for these only.
 */
#define BRN_INFER_BYTES 64      /* a shape */
int brn_infer_data(const struct brn_graph *g, const struct brn_tensor *in,
    struct brn_shapes **out, burin_error *err);
/* Whether brn_infer_data uses the value of input t.  */
int brn_infer_takes(const struct brn_tensor *t);
/* brn_infer with sizes for all inputs, where shapes may depend on what nodes
 * compute: those are left open, with symbols or of unknown rank.  given (NULL:
 * none) is an array with an element a node: where dtype is not 0 it is the
 * type of the node, known from a run.  */
int brn_infer_open(const struct brn_graph *g, const struct brn_type *in_type,
    const struct brn_type *given, struct brn_shapes **out, burin_error *err);
/* The type of n, whose shape may depend on data: s has type and value of each
 * of its inputs.  EUNSUPPORTED: it depends on more than these.  */
int brn_infer_one(const struct brn_graph *g, const struct brn_node *n,
    struct brn_shapes *s, struct brn_type *out, burin_error *err);
/* Shapes of n nodes of which nothing is known yet.  NULL: no memory.  */
struct brn_shapes *brn_shapes_new(int n);
void brn_shapes_free(struct brn_shapes *s);             /* NULL is fine */

/* Inference of a graph that grows: between calls nodes are added at the end and
 * nothing else changes, and a call infers the new ones.  *f is NULL at first
 * and freed with brn_follow_free; *out lives as long.  Only small values are
 * found, as those of shapes are.  Sizes that depend on data are symbols.  */
struct brn_infer;
int brn_follow(struct brn_infer **f, const struct brn_graph *g,
    const struct brn_shapes **out, burin_error *err);
/* A size that nothing is known of, for an input that is added between calls:
 * a symbol that neither the graph nor the inference has.  0: no memory.  */
int64_t brn_follow_sym(struct brn_infer *f, struct brn_graph *g);
void brn_follow_free(struct brn_infer *f);              /* NULL is fine */

/* brn_infer with declared inputs, types stored in node->type.  */
int brn_infer_types(struct brn_graph *g, burin_error *err);

#endif
