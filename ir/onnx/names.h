/* SPDX-License-Identifier: Apache-2.0
 *
 * The values of an ONNX graph by name: their origin and number of uses.
 * Sorted, not hashed: a file could choose names that collide.
 */
#ifndef BRN_ONNX_NAMES_H
#define BRN_ONNX_NAMES_H

#include "ir/base.h"

struct Onnx__FunctionProto;
struct Onnx__GraphProto;
struct brn_graph;
struct brn_node;

enum brn_onnx_origin {
	BRN_ONNX_INITIALIZER,
	BRN_ONNX_SPARSE,
	BRN_ONNX_INPUT,
	BRN_ONNX_NODE,
};

struct brn_onnx_name {
	const char *s;                  /* borrowed from the message */
	enum brn_onnx_origin origin;
	int index;                      /* of the initializer, input or node */
	int out;                        /* which output of the node */
	int uses;                       /* as inputs of nodes and as outputs */
	int absent;                     /* argument of a function that its
	                                   caller does not give */
	struct brn_node *node;          /* for the importer to fill */
};

struct brn_onnx_names {
	int n;
	struct brn_onnx_name *v;        /* sorted by s */
	struct brn_onnx_names *up;      /* of the graph around this one */
	struct brn_graph *g;            /* that the nodes are in */
};

/* An initializer that is also listed as an input is an initializer.  Uses in
 * graphs inside count.  EFORMAT: a name that is empty or made twice.  */
int brn_onnx_names_init(struct brn_onnx_names *names,
    const struct Onnx__GraphProto *g, const char *file, burin_error *err);
int brn_onnx_names_function(struct brn_onnx_names *names,
    const struct Onnx__FunctionProto *f, const char *file, burin_error *err);
void brn_onnx_names_free(struct brn_onnx_names *names);

/* In this table or in those around it.  NULL: there is no such value.  */
struct brn_onnx_name *brn_onnx_find(const struct brn_onnx_names *names,
    const char *s);
/* The same; *g is the graph of the table that has it.  */
struct brn_onnx_name *brn_onnx_find_in(const struct brn_onnx_names *names,
    const char *s, struct brn_graph **g);

#endif
