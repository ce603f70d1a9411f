/* SPDX-License-Identifier: Apache-2.0
 *
 * What fast code for mha shares with its ref.
 */
#ifndef BRN_OP_MHA_H
#define BRN_OP_MHA_H

#include "ir/graph/graph.h"

/* Input 6 of an mha, the place of the last token of each sequence, is that of
 * the last key.  Only a prompt may be shorter, padded on the right: no token
 * sees what is behind it.  ESHAPE.  */
int brn_mha_check_lengths(const struct brn_node *n,
    const struct brn_tensor *const *in, int64_t keys, burin_error *err);

#endif
