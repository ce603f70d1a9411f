/* SPDX-License-Identifier: Apache-2.0
 *
 * The epilogue of a layer on images (dense_conv, bsr_conv, depthwise): an
 * activation, and a residual that is added before or after it.
 */
#ifndef BRN_IMAGE_H
#define BRN_IMAGE_H

#include "ir/graph/graph.h"

/* Attribute act; lo and hi are the attributes act_min and act_max.  */
enum brn_image_act {
	BRN_IMAGE_none,
	BRN_IMAGE_clip,                 /* to lo .. hi: ReLU, ReLU6 */
	BRN_IMAGE_leaky,                /* lo * x below zero */
	BRN_IMAGE_hard_swish,
	BRN_IMAGE_swish,
};

struct brn_image_end {
	enum brn_image_act act;
	float lo, hi;
	int act_last;                   /* after the residual, not before */
};

struct brn_image_end brn_image_end_of(const struct brn_node *n);

/* Apply it to one element; residual is 0 where there is none.  */
double brn_image_end(const struct brn_image_end *e, double x,
    double residual);

static inline int
brn_is_image_layer(const struct brn_node *n)
{
	return n->op == BRN_OP_dense_conv || n->op == BRN_OP_bsr_conv ||
	    n->op == BRN_OP_depthwise;
}

#endif
