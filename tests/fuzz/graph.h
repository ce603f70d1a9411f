/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a small model, for fuzzing what comes behind the importer: a
 * byte decides a thing, so that a changed byte is another model and seldom
 * none.  The model is text as onnx_text.h has it: what is found can be read.
 */
#ifndef FUZZ_GRAPH_H
#define FUZZ_GRAPH_H

#include "ir/graph/tensor.h"

enum { FUZZ_INPUTS = 6, FUZZ_NODES = 8, FUZZ_NUMEL = 512, FUZZ_RUNS = 2 };

struct fuzz_graph {
	const uint8_t *p;                       /* the n bytes it is made of */
	size_t n;
	struct brn_buf text;
	int nin;
	/* x0, x1.. of each run; dimensions that the model leaves open differ
	 * between runs.  */
	struct brn_tensor in[FUZZ_RUNS][FUZZ_INPUTS];
	int nrun;                               /* 1: nothing is left open */
	int wild;                               /* holds NaN or huge floats */
};

void fuzz_graph_make(struct fuzz_graph *g, const uint8_t *p, size_t n);
void fuzz_graph_free(struct fuzz_graph *g);

/* Mutates the bytes of a model by whole records: changes a byte of one, copies
 * one over another of its kind, or adds a node.  */
size_t fuzz_records(uint8_t *p, size_t n, size_t max, uint64_t *seed);

#endif
