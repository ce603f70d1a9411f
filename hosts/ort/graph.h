/* SPDX-License-Identifier: Apache-2.0
 *
 * An OrtGraph as arrays.  Strings and what infos point to are ONNX Runtime's
 * and live as long as the OrtGraph.
 *
 * Functions of ONNX Runtime that can fail return what went wrong; ours do it
 * the same way, so that it can be passed on: NULL is success.
 */
#ifndef BURIN_ORT_GRAPH_H
#define BURIN_ORT_GRAPH_H

#include "burin.h"
#include "hosts/ort/ort_abi.h"

#define ORT_TRY(call) do { \
	struct OrtStatus *status_ = (call); \
	if (status_) \
		return status_; \
} while (0)

struct OrtStatus *ort_nomem(const struct ort_api *api);
/* The error of a function of burin.  */
struct OrtStatus *ort_burin(const struct ort_api *api, const burin_error *err);

struct value {
	const char *name;               /* "" for an optional one left out */
	const struct OrtValueInfo *info;
};

/* dtype is that of burin_dtype, 0 if burin has none; rank -1: not known.  */
struct type {
	int dtype, rank;
	int64_t dim[BURIN_MAX_RANK];            /* -1: not known */
	const char *dim_name[BURIN_MAX_RANK];   /* "": none */
};

struct node {
	const struct OrtNode *node;
	const char *name, *op, *domain;
	size_t nin, nout;               /* in: what bodies use, too, at the
	                                   end */
	size_t nexplicit, nbody;        /* of nin, the others; bodies */
	struct value *in, *out;
	bool refused;                   /* stays with ONNX Runtime */
};

struct graph {
	const struct ort_api *api;
	const struct OrtGraph *graph;
	size_t n, nout;
	struct node *node;              /* in topological order */
	struct value *out;
	size_t nmade;
	struct made *made;              /* who makes a value, by its name */
	struct value *values;           /* all of the arrays above */
	const void **scratch;
};

/* g is to be freed also after an error.  A node is refused if it, or a node
 * in its bodies, has a value of a type that burin lacks.  */
struct OrtStatus *graph_read(const struct ort_api *api,
    const struct OrtGraph *in, struct graph *g);
void graph_free(struct graph *g);

/* Lists, to be freed also after an error.  */
struct OrtStatus *graph_inputs(struct graph *g, struct value **v, size_t *n);
struct OrtStatus *graph_initializers(struct graph *g, struct value **v,
    size_t *n);

/* Bodies of a node: subgraphs and the names of their attributes, in arrays of
 * node->nbody that are to be freed also after an error.  */
struct OrtStatus *graph_bodies(const struct graph *g, const struct node *n,
    const struct OrtGraph ***bodies, const char ***names);

/* The value of an attribute of a type other than tensor and graph: n bytes and
 * a zero, which ONNX Runtime does not put behind a text.  To be freed also
 * after an error.  */
struct OrtStatus *graph_attr(const struct ort_api *api,
    const struct OrtOpAttr *a, int type, void **out, size_t *n);

/* The index of the node that makes a value; -1: none does.  */
long graph_maker(const struct graph *g, const char *name);

struct OrtStatus *graph_type(const struct graph *g, const struct value *v,
    struct type *t);
/* Type and bytes of a tensor.  */
struct OrtStatus *graph_tensor(const struct graph *g,
    const struct OrtValue *v, struct type *t, const void **data,
    size_t *size);

#endif
