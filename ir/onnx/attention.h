/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention of ONNX Runtime's optimizer, and the embedding in front of it.
 */
#ifndef BRN_ONNX_ATTENTION_H
#define BRN_ONNX_ATTENTION_H

#include "ir/onnx/expand.h"

brn_expand_fn brn_expand_attention;
brn_expand_fn brn_expand_decoder_masked_attention;
brn_expand_fn brn_expand_multi_head_attention;
brn_expand_fn brn_expand_embed_layer_norm;

/* Attention of one layer for queries, keys and values together; mask, scores
 * (added to them) and past may be NULL.  Makes outputs 0 and 1, the
 * present.  */
struct brn_packed_attention {
	struct brn_node *x, *w, *bias, *mask, *scores, *past;
};
void brn_put_packed_attention(struct brn_expand *e,
    const struct brn_packed_attention *p);

#endif
