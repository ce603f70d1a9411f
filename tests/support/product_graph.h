/* SPDX-License-Identifier: Apache-2.0
 *
 * Products of matrices by other names: Einsum, Attention.
 */
#ifndef PRODUCT_GRAPH_H
#define PRODUCT_GRAPH_H

#include "ir/graph/graph.h"

/* canon_einsum */
enum {
	EINSUM_DENSE, EINSUM_SCORES, EINSUM_SPLIT, EINSUM_JOIN, EINSUM_DOTS,
	EINSUM_TURNED, EINSUM_TRACE, EINSUM_OUTER, EINSUM_ROWS,
};
void einsum(struct brn_graph *g, int v);

/* canon_attention: whole is of three dimensions.  */
enum {
	MHA_SPLIT, MHA_WHOLE, MHA_ADDED, MHA_BOOL, MHA_SCALED, MHA_GROUPS,
	MHA_CAUSAL, MHA_PAST,
};
void mha(struct brn_graph *g, int v);

#endif
