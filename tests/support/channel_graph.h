/* SPDX-License-Identifier: Apache-2.0
 *
 * Two layers with dead features between them.  The one that makes them is
 * called "maker", the one that reads them "reader".
 */
#ifndef CHANNEL_GRAPH_H
#define CHANNEL_GRAPH_H

#include "ir/graph/graph.h"

void zero_rows(struct brn_node *w, int from, int n);
void zero_cols(struct brn_node *w, int from, int n);
/* Hold the weight of a layer the other way round.  */
void turn(struct brn_graph *g, struct brn_node *layer);

/* Six features, of which two are fixed and one is not read, and what makes
 * them different.  */
enum {
	FFN_GELU, FFN_GELU_TANH, FFN_RELU, FFN_TANH, FFN_LINEAR,
	FFN_SIGMOID,            /* not an activation of layers */
	FFN_NO_BIAS,            /* of the maker */
	FFN_BARE_READER,        /* without a bias */
	FFN_ALL,                /* features are fixed */
	FFN_ALIVE,              /* all of them */
	FFN_USED,               /* by an output of the graph too */
	FFN_MAKER_USED,         /* before the activation */
	FFN_RESIDUAL,           /* added by the maker */
	FFN_INPUT,              /* is the maker's weight */
	FFN_SHARED,             /* weights: another pair has them too */
	FFN_CHAIN,              /* a layer that reads the reader */
	FFN_TURNED,             /* both weights, or one */
	FFN_MAKER_TURNED,
};
void channels_ffn(struct brn_graph *g, int variant);

/* Four heads; what is dead, or what else there is when the values of the
 * second head are fixed.  */
enum {
	HEAD_VALUE, HEAD_OUTPUT,
	HEAD_MIXED,             /* one feature fixed, the other not read */
	HEAD_HALF,              /* one feature fixed */
	HEAD_QUERY,             /* scores are the mask: a mean of values */
	HEAD_ALL,
	HEAD_WIDE,              /* values larger than queries */
	HEAD_MASK,
	HEAD_OWN_MASK,          /* one for each head */
	HEAD_NAN,               /* nan_to_zero, all is masked */
	HEAD_NAN_NO_BIAS,       /* the same, values are 0 */
	HEAD_NAN_FINITE,        /* no -inf in the mask */
	HEAD_NAN_NO_MASK,
	HEAD_KEYS_USED,         /* by an output of the graph too */
	HEAD_SCALED,            /* scores, that is */
	HEAD_TURNED,            /* all weights */
};
void channels_attention(struct brn_graph *g, int variant);

#endif
