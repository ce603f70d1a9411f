/* SPDX-License-Identifier: Apache-2.0
 *
 * BERT encoders as ONNX files, node for node as PyTorch exports them, with
 * random weights: what benches, the demo and tests run on.
 *
 * Inputs input_ids, attention_mask, token_type_ids, int64 [batch_size,
 * sequence_length]; with opset 9 position_ids too, since its Slice takes no
 * computed bounds.  Output last_hidden_state, float [batch_size,
 * sequence_length, hidden].
 */
#ifndef BERT_H
#define BERT_H

#include <stdint.h>

struct bert_spec {
	int layers, hidden, heads, inter;       /* inter: features of the FFN */
	int vocab, npos;
	int opset;              /* 9 to 21, decides how things are written:
				 * < 13 axes are attributes, < 17 LayerNorm
				 * and < 20 GELU are spelled out */
	uint64_t seed;
	int masks;              /* 1: pruned as bench/masks.h says */
};

/* A small one for tests: 2 layers of 64.  */
#define BERT_TINY { 2, 64, 4, 256, 100, 64, 17, 1, 0 }

/* Write the model to path.  0, or -1 with errno set (EINVAL: not a model).  */
int bert_write(const char *path, const struct bert_spec *s);

#endif
