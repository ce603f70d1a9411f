/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers for operators that become several nodes.  Faults stick: after one,
 * all helpers return NULL and do nothing, so an expansion is written without
 * checks, and e->rc and n->why are looked at once, at the end.
 */
#ifndef BRN_ONNX_EXPAND_H
#define BRN_ONNX_EXPAND_H

#include "ir/onnx/state.h"

enum { BRN_EXPAND_OUT = 4 };

/* An ONNX node being expanded.  */
struct brn_expand {
	struct brn_onnx_node *n;
	struct brn_node *out[BRN_EXPAND_OUT];   /* for expand_* to fill */
	const char *part;               /* names nodes "name.part", or NULL */
	int rc;                         /* the fault */
};

/* Make the outputs of e->n, or say why not with brn_cannot.  */
typedef void brn_expand_fn(struct brn_expand *e);

/* Refuse the node: "<operator> <text>" is unsupported.  The first text counts.
 * brn_expand_stopped: there was a fault or a refusal.  */
void brn_cannot(struct brn_expand *e, const char *fmt, ...) BRN_PRINTF(2, 3);
int brn_expand_stopped(const struct brn_expand *e);

/* Input k of the ONNX node, NULL when it is not given; whether output k is
 * used.  */
struct brn_node *brn_arg(const struct brn_expand *e, int k);
int brn_wants(const struct brn_expand *e, size_t k);
/* Attributes of the ONNX node.  */
int64_t brn_arg_int(struct brn_expand *e, const char *name, int64_t dflt);
float brn_arg_float(struct brn_expand *e, const char *name, float dflt);
/* Returns the number of elements; at most n of them are put into v.  */
int brn_arg_ints(struct brn_expand *e, const char *name, int64_t *v, int n);
int brn_arg_floats(struct brn_expand *e, const char *name, float *v, int n);
/* The string, or "".  */
const char *brn_arg_string(struct brn_expand *e, const char *name);

/* The type of a node as far as it is known; rank -1: unknown.  */
const struct brn_type *brn_known_type(struct brn_expand *e,
    const struct brn_node *n);

/* A new node; NULLs at the end of in[] are cut off.  */
struct brn_node *brn_put(struct brn_expand *e, enum brn_op op,
    struct brn_node *const *in, int nin);
#define BRN_LIST(...) ((struct brn_node *[]){ __VA_ARGS__ })
#define BRN_PUT(e, op, ...) brn_put((e), BRN_OP_##op, \
    BRN_LIST(__VA_ARGS__), BRN_COUNT(BRN_LIST(__VA_ARGS__)))
struct brn_node *brn_put_cast(struct brn_expand *e, struct brn_node *x,
    int dtype);
/* A node of op with inputs in[] and the attributes of the ONNX node.  */
struct brn_node *brn_put_converted(struct brn_expand *e, enum brn_op op,
    struct brn_node *const *in, int nin);
/* Constants: a scalar of any type, a list of floats, of integers.  */
struct brn_node *brn_put_scalar(struct brn_expand *e, int dtype, double v);
struct brn_node *brn_put_floats(struct brn_expand *e, const float *v, int n);
struct brn_node *brn_put_ints(struct brn_expand *e, const int64_t *v, int n);
#define BRN_INTS(e, ...) brn_put_ints((e), (int64_t[]){ __VA_ARGS__ }, \
    BRN_COUNT(((int64_t[]){ __VA_ARGS__ })))
/* Attributes of n, which may be NULL.  */
void brn_put_int(struct brn_expand *e, struct brn_node *n, const char *name,
    int64_t v);
void brn_put_float(struct brn_expand *e, struct brn_node *n, const char *name,
    float v);
/* Split x along axis into n parts of the given sizes.  */
void brn_put_split(struct brn_expand *e, struct brn_node *x, int64_t axis,
    const int64_t *size, struct brn_node **out, int n);

#endif
