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

#include "ir/graph/report.h"

struct brn_pass_opts {
	int sparse;             /* 0: bsr_dense leaves every layer dense */
	int rows;               /* 1: assign_layout leaves all in rows */
	int verify;             /* brn_graph_verify after every pass */
	const char *dump_dir;   /* NULL, or gets NN-name.txt after every pass */
	/* Predicted time of a layer [rows, cols] stored in nblk blocks of bh x
	 * bw, in any unit; what jit/kernel/cost.c says of the kernels here.
	 * Dense is asked for with the block that dense layers use and all
	 * blocks.  */
	double (*cost)(int64_t rows, int64_t cols, int bh, int bw,
	    int64_t nblk, const void *ctx);
	/* The same of single weights when rows with the same columns are
	 * computed together, and the name of the kernel that does that;
	 * weights [BRN_ALIKE_HEIGHTS] are those of rows in groups of each
	 * height (ir/graph/row_groups.h).  May be NULL.  */
	double (*cost_alike)(int64_t rows, int64_t cols,
	    const int64_t *weights, const char **kernel, const void *ctx);
	/* Give n candidates for the weight w the names of their kernels, where
	 * they have none yet, what keeps a faster one from running them, and
	 * times where they have been measured; mask is a hash of where its
	 * nonzeros are.  May be NULL.  */
	int (*look_up)(const struct brn_matrix *w, uint64_t mask,
	    struct brn_candidate *c, int n, const void *ctx,
	    burin_error *err);
	const void *cost_ctx;           /* of all three */
};

/* 0 or an error; *changed counts rewrites.  */
typedef int brn_pass_fn(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err);

#define PASS(name, what) brn_pass_fn brn_pass_##name;
#include "passes/passes.def"

struct brn_pass_info {
	const char *name, *what;
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

/* What the cost model says of a layer with a constant weight as bsr_dense will
 * have it.  */
int brn_layer_time(const struct brn_pass_opts *o, const struct brn_node *layer,
    double *out, burin_error *err);

/* The block shape of a dense layer: fully populated BSR.  */
#define BRN_DENSE_BH 16
#define BRN_DENSE_BW 1

#endif
