/* SPDX-License-Identifier: Apache-2.0
 *
 * The graph.  A node is a value: it has one output, so a node stands wherever
 * its output does.  (ONNX's Split becomes one split node an output.)
 *
 * Ownership: nodes, names and attributes belong to the graph's arena and die
 * with it.  Passes add nodes and redirect uses; they never free, and never edit
 * a constant or a BSR in place, since it may have other users.
 * brn_graph_sweep drops what nothing reaches, and with a leaf its values.
 *
 * Invariant: node[] is in topological order and node[i]->id == i.  A pass that
 * adds a node calls brn_graph_sort before it returns.
 */
#ifndef BRN_GRAPH_H
#define BRN_GRAPH_H

#include "ir/graph/bsr.h"
#include "ir/graph/budget.h"
#include "ir/graph/tensor.h"
#include "ir/ops.h"

/* An attribute: an integer, a float, integers, or a tensor, by name.  */
struct brn_attr {
	const char *name;
	int64_t i;
	float f;
	int nints;
	const int64_t *ints;
	const struct brn_tensor *t;
};

/* A graph that a node runs.  Its first inputs are those that the op of the node
 * gives it, the others are inputs of the node from first on: what the graph
 * reads of the graph around it.  */
struct brn_body {
	struct brn_graph *g;            /* owned by the node */
	int nformal;                    /* inputs that the op gives */
	int first;
};

struct brn_node {
	int id;
	int serial;                     /* in the order of brn_graph_add; stays
	                                   when ids change */
	enum brn_op op;
	const char *name;               /* of the ONNX node or value */
	int nin;
	struct brn_node **in;           /* NULL: optional input not given */
	int nattr;
	struct brn_attr *attr;
	struct brn_type type;           /* by brn_infer; symbols allowed */
	struct brn_tensor *value;       /* op constant */
	struct brn_bsr *bsr;            /* op bsr */
	int nbody;                      /* if: then and else; loop, scan: 1 */
	struct brn_body *body;
	int tiles;                      /* its value is in the tile layout
	                                   (ir/graph/tiles.h) */
	const char *onnx_op;            /* op unsupported: "NonZero" */
	int opset;                      /* op unsupported: of its domain */
};

/* Inputs of a layer: x, weight, bias, residual, step of a weight of i8.  */
enum { BRN_MAX_LAYER_IN = 5 };

struct brn_value {                      /* an input or output of the graph */
	const char *name;
	struct brn_node *node;
	struct brn_type type;           /* as the file declares it */
};

struct brn_opcount {
	const char *name;
	int count;
};

/* ir/graph/report.h */
struct brn_report {
	int n;
	struct brn_report_entry *entry; /* [n] by serial */
	int fail;                       /* no memory for an entry */
};

struct brn_graph {
	struct brn_arena *arena;
	const char *name;
	int opset;
	int nnode, capnode;
	struct brn_node **node;
	int nserial;                    /* nodes ever added */
	struct brn_report report;
	int nin, nout;
	struct brn_value *in, *out;
	int nsym, capsym;
	const char **sym;               /* names of symbols; NULL: unnamed */
	int ndequant;                   /* weights of integers in the file that
	                                   layers take as f32 */
	struct brn_budget own;
	struct brn_budget *budget;      /* of loading: own, or that of the graph
	                                   around this one */
	int nopcount;                   /* ONNX operators of the file */
	struct brn_opcount *opcount;
};

struct brn_graph *brn_graph_new(void);                  /* NULL: no memory */
void brn_graph_free(struct brn_graph *g);               /* NULL is fine */

/* A new node at the end of node[]; in[] is copied, name too.  NULL: no
 * memory.  */
struct brn_node *brn_graph_add(struct brn_graph *g, enum brn_op op,
    const char *name, struct brn_node *const *in, int nin);

/* A constant; the data is copied (NULL data: zeroes).  NULL: no memory.  */
struct brn_node *brn_graph_constant(struct brn_graph *g, const char *name,
    const struct brn_type *type, const void *data);
/* The same, taking data from brn_alloc*, which the graph then owns.  */
struct brn_node *brn_graph_constant_own(struct brn_graph *g, const char *name,
    const struct brn_type *type, void *data);
/* An int64 vector (rank 1).  */
struct brn_node *brn_graph_ints(struct brn_graph *g, const char *name,
    const int64_t *v, int n);
/* A bsr leaf; takes b.  NULL: no memory, b is freed.  */
struct brn_node *brn_graph_bsr(struct brn_graph *g, const char *name,
    struct brn_bsr *b);

/* Free the values of a constant or of a BSR, which nobody will read again.  Its
 * type, and the structure of a BSR, stay.  */
void brn_graph_forget(struct brn_node *n);

/* Attributes, of those that ir/attrs.def gives the op of the node.  Setters
 * return -1 without memory.  brn_attr_int and brn_attr_float return the default
 * of the table when the attribute is absent, 0 for one that is always there;
 * what absence means otherwise is for callers of brn_attr to know.  */
int brn_attr_set_int(struct brn_graph *g, struct brn_node *n, const char *name,
    int64_t v);
int brn_attr_set_float(struct brn_graph *g, struct brn_node *n,
    const char *name, float v);
int brn_attr_set_ints(struct brn_graph *g, struct brn_node *n,
    const char *name, const int64_t *v, int nv);
int brn_attr_set_tensor(struct brn_graph *g, struct brn_node *n,
    const char *name, const struct brn_tensor *t);      /* t is borrowed */
void brn_attr_drop(struct brn_node *n, const char *name);
const struct brn_attr *brn_attr(const struct brn_node *n, const char *name);
int64_t brn_attr_int(const struct brn_node *n, const char *name);
float brn_attr_float(const struct brn_node *n, const char *name);

/* The symbol for a name (NULL: a new unnamed one) as a dimension.  0 without
 * memory is not a symbol.  */
int64_t brn_graph_sym(struct brn_graph *g, const char *name);

/* Let every user of a, outputs of the graph included, use b instead.  */
void brn_graph_replace(struct brn_graph *g, struct brn_node *a,
    struct brn_node *b);
/* Number of uses, outputs of the graph included.  */
int brn_graph_uses(const struct brn_graph *g, const struct brn_node *n);
/* Restore topological order and ids.  ENOMEM, or EFORMAT for a cycle.  */
int brn_graph_sort(struct brn_graph *g, burin_error *err);
/* Drop nodes that no output reaches (inputs stay), then sort.  */
int brn_graph_sweep(struct brn_graph *g, burin_error *err);

/* Small questions that passes ask.  */
int brn_is_const(const struct brn_node *n);             /* op constant */
/* Constant with exactly one element: its value as double.  0 if it is not.  */
int brn_const_scalar(const struct brn_node *n, double *out);

/* The bytes of all constants and blocks.  */
double brn_graph_bytes(const struct brn_graph *g);

/* All invariants; EFORMAT names the node.  */
int brn_graph_verify(const struct brn_graph *g, burin_error *err);
/* Deterministic text, one line a node, specified in ir/README.md;
 * ir/graph/read.h reads it.  */
void brn_graph_print(struct brn_buf *b, const struct brn_graph *g);
/* The same as the file DIR/NAME; large values go to files in DIR/values.
 * EIO.  */
int brn_graph_save(const struct brn_graph *g, const char *dir,
    const char *name, burin_error *err);

#endif
