/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers whose x is images: convolutions.
 */
#ifndef BRN_IMAGE_H
#define BRN_IMAGE_H

#include "ir/graph/graph.h"

static inline int
brn_is_image_layer(const struct brn_node *n)
{
	return n->op == BRN_OP_dense_conv || n->op == BRN_OP_bsr_conv ||
	    n->op == BRN_OP_depthwise;
}

#endif
