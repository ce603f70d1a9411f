/* SPDX-License-Identifier: Apache-2.0
 *
 * One ONNX node into the graph, in the normal form of ir/README.md.
 */
#ifndef BRN_ONNX_NODE_H
#define BRN_ONNX_NODE_H

#include "ir/graph/graph.h"
#include "ir/onnx/names.h"
#include "ir/onnx/tensor.h"

struct Onnx__AttributeProto;
struct Onnx__FunctionProto;
struct Onnx__GraphProto;
struct Onnx__ModelProto;
struct Onnx__NodeProto;
struct brn_infer;
struct brn_shapes;

/* A function being inlined, and the node that calls it.  */
struct brn_onnx_frame {
	const struct Onnx__FunctionProto *f;
	const struct Onnx__NodeProto *np;
	const struct brn_onnx_frame *up;
};

/* A model on its way into a graph.  */
struct brn_onnx_import {
	struct Onnx__ModelProto *m;
	struct brn_graph *g;            /* its opset: that of the body being
	                                   read */
	struct brn_onnx_names names;    /* of the body being read */
	struct brn_onnx_source src;
	struct Onnx__FunctionProto **function;  /* of the model, sorted */
	const struct brn_onnx_frame *frame;     /* innermost; NULL: none */
	const char *prefix;             /* of names of nodes: "call/" */
	size_t inlined;                 /* nodes and names put in so far */
	struct brn_infer *follow;       /* inference up to here, if asked for */
	burin_error *err;
};

/* A node on its way: in has room for BRN_ONNX_ROOM inputs at least.  */
struct brn_onnx_call {
	struct brn_onnx_import *im;
	struct Onnx__NodeProto *np;
	const char *name;
	enum brn_op op;
	int nin;
	struct brn_node **in;
	struct brn_node *node;          /* the result, once it is made */
	const char *why;                /* unsupported: what, for listings */
};

enum { BRN_ONNX_ROOM = 8 };

/* EFORMAT about a node.  */
int brn_onnx_bad(const struct brn_onnx_call *c, const char *fmt, ...)
    BRN_PRINTF(2, 3);

/* Attributes: 1 and *out when the node has it, 0 when not, or an error when
 * it is of another type than an AttributeProto.AttributeType.  */
int brn_onnx_attr(const struct brn_onnx_call *c, const char *name, int type,
    struct Onnx__AttributeProto **out);

/* The name of attribute i that an op may have, NULL behind the last; *type is
 * an AttributeProto.AttributeType, 0 for several.  */
const char *brn_onnx_attr_of(enum brn_op op, int i, int *type);
/* Every attribute is one that the op has.  */
int brn_onnx_attrs_check(const struct brn_onnx_call *c);
/* Attributes that are inputs in the normal form become constants in c->in.  */
int brn_onnx_attrs_to_inputs(struct brn_onnx_call *c);
/* The others are copied to c->node, unless they have their default.  */
int brn_onnx_attrs_copy(struct brn_onnx_call *c);

/* What single ops need beyond the table of attributes.  refuse: 1 and c->why
 * when burin cannot run the node, else 0 or an error; c->in is there.  finish:
 * the attributes of c->node.  constant: c->node from a Constant.  */
int brn_onnx_refuse(struct brn_onnx_call *c);
int brn_onnx_finish(struct brn_onnx_call *c);
int brn_onnx_constant(struct brn_onnx_call *c);
/* The same for ops on images; other ops are as they should be.  */
int brn_onnx_image_refuse(struct brn_onnx_call *c);
int brn_onnx_image_finish(struct brn_onnx_call *c);
/* Inputs of older forms to their places in the latest one.  */
int brn_onnx_image_inputs(struct brn_onnx_call *c);

/* Add node np; the graph's leaves and all nodes before it are there.  An
 * operator that is not supported becomes a node of op unsupported.  */
int brn_onnx_node(struct brn_onnx_import *im, struct Onnx__NodeProto *np,
    int index);

/* Leaves for the initializers of a graph.  */
int brn_onnx_initializers(struct brn_onnx_import *im,
    struct Onnx__GraphProto *g);

/* Types and values of the nodes so far, as far as they can be told.  */
int brn_onnx_known(struct brn_onnx_import *im, const struct brn_shapes **out);

/* Functions of the model (onnx_inline.c).  init: their table.  bind: *np with
 * attributes that refer to those of the caller replaced by them.  inline: 1
 * when the node was one that stands for others, a call or an If whose condition
 * is known; they are in the graph then, and its outputs bound.  0: it is none;
 * with c->why: it is one that cannot be inlined.  */
int brn_onnx_functions_init(struct brn_onnx_import *im);
int brn_onnx_bind_attrs(struct brn_onnx_import *im,
    struct Onnx__NodeProto **np);
int brn_onnx_inline(struct brn_onnx_call *c);

/* The op of an ONNX operator, or unsupported.  */
enum brn_op brn_onnx_op(const char *type);
/* The version of a domain, 0 when it is not imported.  */
int brn_onnx_opset(const struct Onnx__ModelProto *m, const char *domain);
int brn_onnx_is_default(const char *domain);

#endif
