/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that move elements to where other elements say,
 * of Einsum, and of normalizations and losses.
 */
#include "ir/op/einsum.h"
#include "ir/op/op.h"

int
infer_einsum(struct brn_infer *c, struct brn_type *out)
{
	int rank[BRN_EINSUM_MAX], rc;
	struct brn_type all = { BURIN_F32, BRN_MAX_RANK, { 0 } };
	struct brn_einsum e;
	const char *bad;

	for (int i = 0; i < c->n->nin && i < BRN_EINSUM_MAX; i++) {
		if ((rc = brn_infer_dtype(c, i, BRN_SET_NUM)) < 0)
			return rc;
		rank[i] = brn_infer_in(c, i)->rank;
	}
	if ((bad = brn_einsum_parse(c->n, rank, &e)) != NULL)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED, "%s", bad);
	for (int l = 0; l < e.nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < c->n->nin; i++)
		for (int d = 0; d < rank[i]; d++) {
			int64_t dim = brn_infer_in(c, i)->dim[d];
			int64_t *to = &all.dim[e.of[i][d]];

			if (*to == 1)
				*to = dim;
			else if (dim != 1 &&
			    (rc = brn_infer_same_dim(c, to, dim)) < 0)
				return rc;
		}
	*out = all;
	out->dtype = brn_infer_in(c, 0)->dtype;
	out->rank = e.nout;
	return BURIN_OK;
}
