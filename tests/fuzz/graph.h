/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as a small model, for fuzzing what comes behind the importer: a
 * byte decides a thing, so that a changed byte is another model and seldom
 * none.  The model is text as onnx_text.h has it: what is found can be read.
 */
#ifndef FUZZ_GRAPH_H
#define FUZZ_GRAPH_H

#include "ir/graph/tensor.h"

enum { FUZZ_INPUTS = 6, FUZZ_NODES = 8, FUZZ_NUMEL = 512 };

struct fuzz_graph {
	struct brn_buf text;
	int nin;
	struct brn_tensor in[FUZZ_INPUTS];      /* x0, x1.. */
	int wild;                               /* holds NaN or huge floats */
};

/* Every f32 in the model and its inputs is off by about nudge of it; all: the
 * result of every node is an output.  */
void fuzz_graph_make(struct fuzz_graph *g, const uint8_t *p, size_t n,
    double nudge, int all);
void fuzz_graph_free(struct fuzz_graph *g);

#endif
