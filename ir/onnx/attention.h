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

#endif
