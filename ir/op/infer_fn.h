/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of inference rules share: infer_<name> for every row of
 * ops.def, which fills the type of node c->n from the types and values of its
 * inputs, and the questions such rules ask.
 *
 * Inputs of unknown type never reach a rule, but for the first of Reshape and
 * Shape.
 */
#ifndef BRN_INFER_FN_H
#define BRN_INFER_FN_H

#include "ir/op/infer.h"
#include "ir/graph/iter.h"

/* Symbol cut is min(of, some size above 1): a table sliced up to of.  Where it
 * broadcasts with of, the result is of.  */
struct brn_cut {
	struct brn_cut *next;
	int64_t cut, of;
};

struct brn_infer {
	const struct brn_graph *g;
	const struct brn_node *n;       /* now */
	struct brn_shapes *s;           /* done up to n */
	uint8_t *vague;                 /* [n]; fed by an unsupported node */
	int room;                       /* the arrays have, in nodes */
	const struct brn_tensor *in;    /* of the graph; NULL: types only */
	int nsym;                       /* symbols in use */
	struct brn_cut *cuts;
	int concrete;                   /* every input has its sizes */
	double budget;                  /* what values may still cost */
	burin_error *err;
};

/* Fails with ESHAPE (sizes that do not fit) or EUNSUPPORTED (a type that the
 * op does not take).  */
typedef int brn_infer_fn(struct brn_infer *c, struct brn_type *out);

#define OP(name, onnx, lo, hi, flags) brn_infer_fn infer_##name;
#include "ir/ops.def"

/* Fail with a line that shows the node and the types of its inputs.  */
int brn_infer_bad(struct brn_infer *c, int code, const char *fmt, ...)
    BRN_PRINTF(3, 4);

/* Input i; NULL when absent.  */
const struct brn_type *brn_infer_in(const struct brn_infer *c, int i);
/* Its value; NULL when absent or not known.  sym: not NULL gets whether it
 * holds symbols; NULL: a value with symbols counts as not known.  */
const struct brn_tensor *brn_infer_val(const struct brn_infer *c, int i,
    int *sym);

/* A size that nothing is known about.  */
int64_t brn_infer_new_dim(struct brn_infer *c);

/* What a slice up to symbol of leaves of two or more: a new symbol, in *out. */
int brn_infer_cut(struct brn_infer *c, int64_t of, int64_t *out);

/* Element types as a set, and whether input i has one of them.  */
enum {
	BRN_SET_F32 = 1,
	BRN_SET_INT = 2,
	BRN_SET_BOOL = 4,
	BRN_SET_PORT = 8,               /* f16, bf16, f64: cast only */
	BRN_SET_NUM = BRN_SET_F32 | BRN_SET_INT,
	BRN_SET_U64 = 16,               /* what wraps or moves only */
	BRN_SET_BITS = BRN_SET_INT | BRN_SET_U64,
	BRN_SET_WRAP = BRN_SET_NUM | BRN_SET_U64,
	BRN_SET_ANY = BRN_SET_WRAP | BRN_SET_BOOL,
};
int brn_infer_dtype(struct brn_infer *c, int i, int set);
/* An optional input with exactly one element and the type of input 0.  */
int brn_infer_scalar(struct brn_infer *c, int i);

/* The shape of out becomes what it and t broadcast to.  */
int brn_infer_broadcast(struct brn_infer *c, struct brn_type *out,
    const struct brn_type *t);
/* *a and b are the same size: *a becomes the better known one.  */
int brn_infer_same_dim(struct brn_infer *c, int64_t *a, int64_t b);

/* The integer attribute name as an axis of [0, rank), or an error.  */
int brn_infer_axis(struct brn_infer *c, const char *name, int rank);
/* Input i as a set of axes in *set; *known is 0 when there is no value.  */
int brn_infer_axes(struct brn_infer *c, int i, int rank, int *set,
    int *known);
/* Input i as a shape of sizes not below lowest, into rank and dim of out; new
 * symbols for elements not known, rank -1 when their number is not known.  */
int brn_infer_dims(struct brn_infer *c, int i, int64_t lowest,
    struct brn_type *out);

/* The value of c->n, if it can be had, into c->s (ir/op/infer_value.c).  */
int brn_infer_value(struct brn_infer *c);

#endif
