/* SPDX-License-Identifier: Apache-2.0
 *
 * BERT encoders as ONNX files, node for node as PyTorch exports them, with
 * random weights.  Benches, the demo and tests use them.
 *
 * Inputs input_ids, attention_mask, token_type_ids, int64 [batch_size,
 * sequence_length]; with opset 9 also position_ids, since its Slice takes only
 * constant bounds.  Output last_hidden_state, float [batch_size,
 * sequence_length, hidden].
 */
#ifndef BERT_H
#define BERT_H

#include <stdint.h>

struct bert_spec {
	int layers, hidden, heads, inter;       /* inter: FFN features */
	int vocab, npos;        /* rows of the two embedding tables */
	int opset;              /* 9 to 21; below 13 axes are attributes, below
				 * 17 LayerNorm and below 20 GELU are several
				 * nodes */
	uint64_t seed;
	int masks;              /* 1: pruned by bench/masks.h */
};

/* A small encoder for tests: 2 layers of 64 features.  */
#define BERT_TINY { 2, 64, 4, 256, 100, 64, 17, 1, 0 }

/* Write the model to path.  0, or -1 with errno set; EINVAL: a field of s is
 * out of range.  */
int bert_write(const char *path, const struct bert_spec *s);

#endif
