/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators of decoders from com.microsoft.
 */
#ifndef BRN_ONNX_DECODER_H
#define BRN_ONNX_DECODER_H

#include "ir/onnx/expand.h"

/* past, which may be NULL, with new keys or values x behind it: an mha with
 * attribute index, [batch, heads, tokens, depth].  last and total, inputs of
 * mha, may be NULL.  */
struct brn_node *brn_put_present(struct brn_expand *e, struct brn_node *x,
    struct brn_node *past, struct brn_node *last, struct brn_node *total,
    int64_t heads);

brn_expand_fn brn_expand_group_query_attention;
brn_expand_fn brn_expand_rotary_embedding;

#endif
