/* SPDX-License-Identifier: Apache-2.0
 *
 * What is known while a model is read: of the model, and of the ONNX node
 * that is being read.
 */
#ifndef BRN_ONNX_STATE_H
#define BRN_ONNX_STATE_H

#include "ir/graph/graph.h"
#include "ir/onnx/names.h"
#include "ir/onnx/tensor.h"

struct Onnx__FunctionProto;
struct Onnx__ModelProto;
struct Onnx__NodeProto;
struct brn_onnx_frame;
struct brn_onnx_node;
struct brn_onnx_scope;

/* Tries to add an ONNX node that is more than one operator of ir/ops.def.
 * 1: done, its outputs are bound.  0: it is none that this expander knows, or
 * n->why says why it cannot be run.  */
typedef int brn_onnx_expander(struct brn_onnx_node *n);

/* A model on its way into a graph.  */
struct brn_onnx_import {
	struct Onnx__ModelProto *m;
	struct brn_graph *g;            /* g->opset: of the body being read */
	struct brn_onnx_names names;    /* of the body being read */
	struct brn_onnx_source src;
	brn_onnx_expander *const *expander;     /* tried in order; NULL ends */
	struct brn_onnx_scope *scope;   /* of the graph being read */
	burin_error *err;
	/* For inline.c.  */
	struct Onnx__FunctionProto **function;  /* of the model, sorted */
	const struct brn_onnx_frame *frame;     /* innermost call, or NULL */
	const char *prefix;             /* of names of nodes: "call/" */
	size_t inlined;                 /* nodes and names put in so far */
};

/* An ONNX node on its way into the graph: in has room for BRN_ONNX_ROOM
 * inputs at least.  */
struct brn_onnx_node {
	struct brn_onnx_import *im;
	struct Onnx__NodeProto *np;
	const char *name;
	enum brn_op op;
	int nin;
	struct brn_node **in;
	struct brn_node *node;          /* the result, once it is made */
	const char *why;                /* the form that is not supported, as
	                                   listed: "Cast to string" */
};

enum { BRN_ONNX_ROOM = 8 };

/* EFORMAT about a node.  */
int brn_onnx_bad(const struct brn_onnx_node *n, const char *fmt, ...)
    BRN_PRINTF(2, 3);
/* Set n->why, unless it is set.  0, or ENOMEM.  */
int brn_onnx_unsupported(struct brn_onnx_node *n, const char *fmt, ...)
    BRN_PRINTF(2, 3);

/* Output k of the ONNX node has a name that is used.  */
int brn_onnx_is_used(const struct brn_onnx_node *n, size_t k);
/* From now on, output k of the ONNX node is v.  */
void brn_onnx_bind(struct brn_onnx_node *n, size_t k, struct brn_node *v);

/* The version of a domain, 0 when it is not imported.  */
int brn_onnx_opset(const struct Onnx__ModelProto *m, const char *domain);
int brn_onnx_is_default(const char *domain);

#endif
