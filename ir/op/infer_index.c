/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops that move elements to where other elements say,
 * of Einsum, and of normalizations and losses.
 */
#include "ir/op/einsum.h"
#include "ir/op/op.h"

/* ---- sums of products, normalizations, losses ---- */

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

int
infer_nll_loss(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	const struct brn_type *w = brn_infer_in(c, 2);
	int64_t classes = x->rank > 1 ? x->dim[1] : 0;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (w && (rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0))
		return rc;
	if (x->rank < 2 || t->rank != x->rank - 1 || (w && w->rank != 1))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not scores [..][classes].., labels [..].., weights");
	for (int d = 0; d < t->rank; d++) {
		int64_t dim = x->dim[d ? d + 1 : 0];

		if ((rc = brn_infer_same_dim(c, &dim, t->dim[d])) < 0)
			return rc;
	}
	if (w && (rc = brn_infer_same_dim(c, &classes, w->dim[0])) < 0)
		return rc;
	*out = *t;
	out->dtype = BURIN_F32;
	if (brn_attr_int(c->n, "reduction", 0) != 2)
		out->rank = 0;
	return BURIN_OK;
}

int
infer_sce_loss(struct brn_infer *c, struct brn_type *out)
{
	int rc = infer_nll_loss(c, out);

	if (rc == BURIN_OK && brn_attr_int(c->n, "index", 0))
		*out = *brn_infer_in(c, 0);
	return rc;
}
