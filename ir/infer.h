/* SPDX-License-Identifier: Apache-2.0
 *
 * Shape inference.  One function serves both times it is needed: at load, with
 * symbols for batch and sequence, and at plan time, with every size known.
 * Along with types it finds values: a node whose inputs are all known is
 * evaluated by its ref, so shape arithmetic is done before a run.
 */
#ifndef BRN_INFER_H
#define BRN_INFER_H

#include "ir/graph.h"

struct brn_shapes {
	struct brn_arena *arena;        /* holds what follows */
	int n;                          /* nodes of the graph */
	struct brn_type *type;          /* [n] */
	struct brn_tensor **val;        /* [n]; NULL: not known before a run.
	                                   May hold symbols (int64 only).  */
};

/* What infer_<op> sees of node n: in[i] and val[i] are NULL for absent inputs,
 * val[i] also when the value is not known.  It fills out, or fails with ESHAPE
 * (wrong sizes) or EUNSUPPORTED (an output shape that depends on data, when
 * every input type is concrete).  Sizes not known yet become new symbols.  */
struct brn_infer {
	struct brn_graph *g;            /* for new symbols */
	const struct brn_node *n;
	const struct brn_type *in[BRN_MAX_RANK];        /* first 8 inputs */
	const struct brn_tensor *val[BRN_MAX_RANK];
	const struct brn_shapes *s;     /* all, for ops with more inputs */
	burin_error *err;
};

typedef int brn_infer_fn(struct brn_infer *c, struct brn_type *out);

/* Types and values of all nodes.  in_type[i] replaces the declared type of
 * graph input i; NULL in_type: as declared.  The result is freed with
 * brn_shapes_free.  */
int brn_infer(struct brn_graph *g, const struct brn_type *in_type,
    struct brn_shapes **out, burin_error *err);
void brn_shapes_free(struct brn_shapes *s);             /* NULL is fine */

/* brn_infer with declared inputs, types stored in node->type.  */
int brn_infer_types(struct brn_graph *g, burin_error *err);

/* A value without symbols.  */
int brn_value_is_concrete(const struct brn_tensor *t);

#endif
