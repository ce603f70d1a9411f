/* SPDX-License-Identifier: Apache-2.0
 *
 * The report of a graph: what passes found out about its nodes and decided,
 * with reasons for people to read (`burin inspect`).  Passes write it; only a
 * pass knows its reasons.  It lives in the graph's arena.  Entries belong to
 * nodes and stay with them when the graph is sorted.
 *
 * Without memory, writing sets brn_graph.report.fail, which the driver of the
 * passes turns into ENOMEM.
 */
#ifndef BRN_REPORT_H
#define BRN_REPORT_H

#include "ir/graph/graph.h"

/* A way to store and run a layer.  */
struct brn_candidate {
	int bh, bw;
	int dense;                      /* every block is stored */
	double density;                 /* stored blocks / all blocks */
	int kernel;                     /* as in struct brn_estimate */
	double predicted, measured;     /* time; 0: not measured */
	const char *limit;              /* why not a faster kernel; NULL */
	double few;                     /* as in struct brn_estimate */
};

/* The decision of bsr_dense about a layer.  */
struct brn_choice {
	int bh, bw;
	double density;                 /* stored blocks / all blocks */
	double nonzero;                 /* nonzero elements / all elements */
	int sparse;                     /* taken, or left dense */
	const char *why;
	int kernel;                     /* that was measured to be the fastest;
	                                   BRN_NO_KERNEL: not measured */
	int ncand;
	const struct brn_candidate *cand;       /* best first; dense, too */
};

/* c stays the caller's and lives as long as the graph.  */
void brn_report_choose(struct brn_graph *g, const struct brn_node *layer,
    const struct brn_choice *c);
/* NULL: nothing was decided yet.  */
const struct brn_choice *brn_report_choice(const struct brn_graph *g,
    const struct brn_node *layer);

/* n is the central node of what looks like a pattern (the softmax of an
 * attention, the erf of a GELU) but was not fused: why, a string that lives as
 * long as the graph.  NULL takes an earlier reason back.  */
void brn_report_unfused(struct brn_graph *g, const struct brn_node *n,
    const char *why);
/* NULL: there is no reason.  */
const char *brn_report_why_unfused(const struct brn_graph *g,
    const struct brn_node *n);

#endif
