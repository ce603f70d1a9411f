/* SPDX-License-Identifier: Apache-2.0
 *
 * A test of a pass is a file tests/passes/PASS.CASE.txt:
 *
 *	pass fuse_gelu
 *	---- before
 *	burin graph 1 opset 21
 *	...
 *	---- after
 *	burin graph 1 opset 21
 *	...
 *	---- told
 *	add: why the pattern of this node stays
 *
 * The pass "all" is all passes in order.  Behind the name of the pass stand
 * options: rows=on, sparse=off, quantize=file, quantize=all, narrow=file,
 * narrow=all, fp32_layers=b, cost=blocks.  The last part is missing when
 * nothing is told.
 */
#ifndef PASS_FILE_H
#define PASS_FILE_H

#include "passes/pass.h"
#include "tests/support/suite.h"

struct pass_file {
	char path[1024];
	char *text;                     /* of the file */
	size_t head;                    /* its length, "---- after" included */
	const struct brn_pass_info *pass;       /* NULL: all */
	struct brn_pass_opts opts;
	struct brn_graph *graph;        /* before */
};

/* Name is "PASS.CASE.txt".  No error is returned: the test ends.  */
void pass_file_read(struct pass_file *f, const char *name);
void pass_file_free(struct pass_file *f);
/* Let the pass change the graph; the number of rewrites, for all 1.  */
int pass_file_run(struct pass_file *f);
/* What the passes tell of the nodes of g: a line each.  */
void pass_file_told(struct brn_buf *b, const struct brn_graph *g);

/* The graph of a file before the pass.  */
struct brn_graph *pass_file_graph(const char *name);

/* A pass by name.  */
const struct brn_pass_info *pass_file_pass(const char *name);

/* Kernels that like large blocks: a block costs as much as 16 weights more. */
struct brn_estimate pass_file_estimate(const struct brn_layer_shape *l,
    const void *ctx);

#endif
