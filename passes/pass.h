/* SPDX-License-Identifier: Apache-2.0
 *
 * Passes: graph -> graph, pure, no I/O but the driver's dumps.  passes.def is
 * the list and the order.
 *
 * A pass is idempotent, adds nodes and redirects uses, never frees, and never
 * edits a constant or a BSR in place.  It finds the type of every node, and
 * gives one to the nodes that it adds.
 */
#ifndef BRN_PASS_H
#define BRN_PASS_H

#include "ir/graph/bsr.h"
#include "ir/graph/estimate.h"
#include "ir/graph/report.h"

/* What quantize_dense and narrow_attention do.  */
enum brn_quantize {
	BRN_QUANTIZE_NONE,      /* nothing */
	BRN_QUANTIZE_FILE,      /* layers that the file quantizes */
	BRN_QUANTIZE_ALL,       /* all layers */
};

struct brn_pass_opts {
	int sparse;             /* 0: bsr_dense leaves every layer dense */
	enum brn_quantize quantize;
	enum brn_quantize narrow;       /* of attention */
	const char *fp32_layers;        /* not these: see brn_is_listed */
	int rows;               /* 1: assign_layout leaves all in rows */
	int verify;             /* brn_graph_verify after every pass */
	const char *dump_dir;   /* NULL, or gets NN-name.txt after every pass */
	/* Predicted time of a layer that is stored like that.  Dense is asked
	 * for as BRN_DENSE_BH x BRN_DENSE_BW with all blocks.  NULL: the time
	 * is the number of stored weights.  */
	struct brn_estimate (*estimate)(const struct brn_layer_shape *l,
	    const void *ctx);
	/* Give those of n candidates for the weight w that were measured their
	 * times and fastest kernels; mask is a hash of where its nonzeros are.
	 * May be NULL.  */
	int (*look_up)(const struct brn_matrix *w, uint64_t mask,
	    struct brn_candidate *c, int n, const void *ctx,
	    burin_error *err);
	const void *ctx;                /* of both */
};

/* 0 or an error; *changed counts rewrites.  A pass that leaves it 0 leaves the
 * type of every node as it was.  */
typedef int brn_pass_fn(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err);

#define PASS(name, looks, what) brn_pass_fn brn_pass_##name;
#include "passes/passes.def"

struct brn_pass_info {
	const char *name, *what;
	double looks;           /* at each byte of the constants */
	brn_pass_fn *run;
};
extern const struct brn_pass_info brn_passes[];
extern const int brn_npasses;

/* All passes in order; the types are those of the result.  */
int brn_passes_run(struct brn_graph *g, const struct brn_pass_opts *o,
    burin_error *err);
/* One pass: inference, the pass, sweep, and the check and dump of o.  */
int brn_pass_run(const struct brn_pass_info *p, struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err);

/* Does one of the patterns match the name?  They are separated by commas; NULL
 * is none.  * stands for any characters, ? for one, and \c for c itself.  */
int brn_is_listed(const char *globs, const char *name);

/* What the cost model says of a layer with weight w, of which bits will do, as
 * bsr_dense will have it.  */
int brn_layer_time(const struct brn_pass_opts *o, const struct brn_node *layer,
    const struct brn_matrix *w, double *out, burin_error *err);

/* The block shape of a dense layer: fully populated BSR.  */
#define BRN_DENSE_BH 16
#define BRN_DENSE_BW 1

#endif
