/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of dense layers, stored in either order.
 */
#include "ir/graph/weight.h"

int
brn_weight_is_transposed(const struct brn_node *dense)
{
	const struct brn_attr *a = brn_attr(dense, "trans_w");

	return a && a->i;               /* convolutions have no trans_w */
}

struct brn_matrix
brn_weight(const struct brn_node *dense)
{
	const struct brn_tensor *w = dense->in[1]->value;
	int trans = brn_weight_is_transposed(dense);

	return (struct brn_matrix){ w->data, w->type.dim[trans],
	    w->type.dim[!trans], trans };
}
