/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether two graphs differ in the values of weights only.
 */
#ifndef BRN_SAME_H
#define BRN_SAME_H

#include "ir/graph/graph.h"

/* Nodes, operands, attributes, types, masks and constants of b are those of a,
 * but for the values of float constants and stored blocks; names may differ.
 * ESHAPE names the first difference, by the node's name in a.  */
int brn_graph_same(const struct brn_graph *a, const struct brn_graph *b,
    burin_error *err);

#endif
