/* SPDX-License-Identifier: Apache-2.0
 *
 * Shape inference.  One function serves both times it is needed: at load, with
 * symbols for batch and sequence, and at plan time, with every size known.
 * Along with types it finds values: a node whose inputs are all known is
 * evaluated by its ref, so shape arithmetic is done before a run.
 */
#ifndef BRN_INFER_H
#define BRN_INFER_H

#include "ir/graph/graph.h"

struct brn_shapes {
	struct brn_arena *arena;        /* holds what follows */
	int n;                          /* nodes of the graph */
	struct brn_type *type;          /* [n] */
	struct brn_tensor **val;        /* [n]; NULL: not known before a run */
	uint8_t *sym;                   /* [n]; 1: val (int64) holds symbols;
	                                   0: it has none, for all its looks */
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
/* The same where shapes depend on what the inputs hold: in[i] is input i, the
 * result is for these values, of inputs not above BRN_INFER_BYTES, only.  */
#define BRN_INFER_BYTES 4096
int brn_infer_data(const struct brn_graph *g, const struct brn_tensor *in,
    struct brn_shapes **out, burin_error *err);
/* Whether input t counts there.  */
int brn_infer_takes(const struct brn_tensor *t);
void brn_shapes_free(struct brn_shapes *s);             /* NULL is fine */

/* Inference that keeps up with a graph to which nodes are added at the end, and
 * only that: every call goes on where the last one ended.  *f is NULL at first
 * and freed with brn_follow_free; what *out is lives as long.  Values are only
 * found where they are small, as those of shapes are.  Sizes that depend on
 * data are symbols.  */
struct brn_infer;
int brn_follow(struct brn_infer **f, const struct brn_graph *g,
    const struct brn_shapes **out, burin_error *err);
void brn_follow_free(struct brn_infer *f);              /* NULL is fine */

/* brn_infer with declared inputs, types stored in node->type.  */
int brn_infer_types(struct brn_graph *g, burin_error *err);

#endif
