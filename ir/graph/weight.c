/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of dense layers, stored in either order.
 */
#include "ir/graph/weight.h"

int
brn_weight_is_transposed(const struct brn_node *dense)
{
	return brn_attr_int(dense, "trans_w", 0) != 0;
}

struct brn_matrix
brn_weight(const struct brn_node *dense)
{
	const struct brn_tensor *w = dense->in[1]->value;
	int trans = brn_weight_is_transposed(dense);

	return (struct brn_matrix){ w->data, w->type.dim[trans],
	    w->type.dim[!trans], trans };
}
