/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph that is being read, and those around it.  What it reads of them
 * becomes an input of it, fed by an input of the node that has the graph; a
 * constant, or a small value that is known there, becomes a constant of it, so
 * that the passes find weights in bodies as they do elsewhere.
 */
#ifndef BRN_ONNX_SCOPE_H
#define BRN_ONNX_SCOPE_H

#include "ir/onnx/state.h"

struct brn_infer;
struct brn_shapes;

struct brn_onnx_scope {
	struct brn_graph *g;
	struct brn_infer *follow;       /* inference up to here, if asked for */
	struct brn_onnx_scope *up;
	int roomin;                     /* of g->in */
	int nouter, room;
	struct brn_node **outer;        /* nodes of up->g that g reads */
	struct brn_node **inner;        /* what they are in g: an input or a
	                                   constant */
};

/* The node of im->g that has the value of the given name: its own, or one that
 * stands for a value of a graph around it.  *out is NULL when nothing has made
 * the value yet; *name, unless NULL, is its entry, NULL for an unknown one.  */
int brn_onnx_value(struct brn_onnx_import *im, const char *s,
    struct brn_onnx_name **name, struct brn_node **out);

/* Types and values of the nodes so far, as far as they can be told.  */
int brn_onnx_known(struct brn_onnx_import *im, const struct brn_shapes **out);

/* A new input of the graph of s; its dimensions that are no sizes become
 * symbols of that graph.  NULL: no memory.  */
struct brn_node *brn_onnx_add_input(struct brn_onnx_scope *s,
    const char *name, struct brn_type t);

/* Room for one more at *p, an array of n elements, in the arena of g.  */
int brn_onnx_grow(struct brn_graph *g, void *p, size_t size, int n,
    int *room);

#endif
