/* SPDX-License-Identifier: Apache-2.0
 *
 * The epilogue of a layer: the activation and the residual add that the layer
 * applies while it stores its result.  The same for dense layers (dense,
 * bsr_dense) and for convolutions (dense_conv, bsr_conv, depthwise).
 */
#ifndef BRN_EPILOGUE_H
#define BRN_EPILOGUE_H

#include "ir/graph/graph.h"

/* Attribute "act" of a layer.  */
enum brn_act {
	BRN_ACT_none,
	BRN_ACT_clip,                   /* to lo .. hi; ReLU: to 0 .. inf */
	BRN_ACT_leaky_relu,             /* lo * x below zero */
	BRN_ACT_hard_swish,
	BRN_ACT_swish,
	BRN_ACT_gelu,
	BRN_ACT_gelu_tanh,
	BRN_ACT_tanh,
};

struct brn_epilogue {
	enum brn_act act;
	float lo, hi;                   /* attributes act_min, act_max */
	int act_last;                   /* act(x + residual) instead of
	                                   act(x) + residual */
};

/* From the attributes of layer n: lo is 0, hi infinite where not given.  */
struct brn_epilogue brn_epilogue_of(const struct brn_node *n);
/* Write e to the attributes of layer n; values that brn_epilogue_of assumes
 * are left out.  -1: no memory.  */
int brn_epilogue_set(struct brn_graph *g, struct brn_node *n,
    const struct brn_epilogue *e);

/* The reference: the result of one element.  BRN_NO_RESIDUAL, which changes no
 * number that it is added to, stands for no residual.  */
#define BRN_NO_RESIDUAL (-0.0)
double brn_epilogue_apply(const struct brn_epilogue *e, double x,
    double residual);

#endif
