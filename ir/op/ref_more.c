/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of Einsum and of the normalizations that are not layer_norm.  All are
 * two walks, one inside the other.
 */
#include "ir/op/einsum.h"
#include "ir/op/op.h"

#include <math.h>

/* ---- einsum ---- */

struct sum {
	struct brn_type outer, inner;   /* one dimension a label */
	int64_t stride[BRN_EINSUM_MAX][BRN_MAX_RANK];
};

/* Operands as strides of their labels: a label that occurs twice in one has the
 * sum, which is its diagonal; a dimension of 1 repeats.  */
static void
sum_init(struct sum *s, const struct brn_einsum *e, int nin,
    const struct brn_tensor *const *in)
{
	struct brn_type all = { in[0]->type.dtype, e->nlabel, { 0 } };

	*s = (struct sum){ .inner = { 0 } };
	for (int l = 0; l < e->nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < nin; i++) {
		int64_t own[BRN_MAX_RANK];

		brn_type_strides(&in[i]->type, own);
		for (int d = 0; d < in[i]->type.rank; d++) {
			int l = e->of[i][d];

			if (in[i]->type.dim[d] == 1)
				continue;
			all.dim[l] = in[i]->type.dim[d];
			s->stride[i][l] += own[d];
		}
	}
	brn_split_shape(&all, ((1 << e->nlabel) - 1) & ~((1 << e->nout) - 1),
	    &s->outer, &s->inner);
}

BRN_REF(einsum)
{
	int rank[BRN_EINSUM_MAX];
	struct brn_einsum e;
	struct brn_iter o, k;
	struct sum s;

	for (int i = 0; i < n->nin; i++)
		rank[i] = in[i]->type.rank;
	brn_einsum_parse(n, rank, &e);          /* checked by inference */
	sum_init(&s, &e, n->nin, in);
	brn_iter_init(&o, &s.outer);
	for (int i = 0; i < n->nin; i++)
		brn_iter_add_strided(&o, 0, s.stride[i]);
	for (; o.left; brn_iter_next(&o)) {
		double sum = 0;

		brn_iter_init(&k, &s.inner);
		for (int i = 0; i < n->nin; i++)
			brn_iter_add_strided(&k, o.off[i], s.stride[i]);
		for (; k.left; brn_iter_next(&k)) {
			double v = 1;

			for (int i = 0; i < n->nin; i++)
				v *= brn_get_float(in[i], k.off[i]);
			sum += v;
		}
		brn_set_float(out, o.pos, sum);
	}
	return BURIN_OK;
}

/* ---- normalizations ---- */
