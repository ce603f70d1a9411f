/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights of dense layers, stored in either order.
 */
#include "ir/graph/weight.h"

#include <string.h>

struct brn_node *
brn_weight_step(const struct brn_node *layer)
{
	int dense = layer->op == BRN_OP_dense || layer->op == BRN_OP_bsr_dense;

	return dense && layer->nin > 4 ? layer->in[4] : NULL;
}

int
brn_weight_is_const(const struct brn_node *layer)
{
	const struct brn_node *w = layer->in[1], *step = brn_weight_step(layer);

	return brn_is_const(w) && w->value->type.rank == 2 &&
	    w->value->type.dtype == (step ? BURIN_I8 : BURIN_F32) &&
	    (!step || brn_is_const(step));
}

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

	int ints = w->type.dtype == BURIN_I8;

	return (struct brn_matrix){ ints ? NULL : w->data, w->type.dim[trans],
	    w->type.dim[!trans], trans, ints ? w->data : NULL, NULL };
}

/* A copy of m as floats; step has one number a row.  */
static int
expand_bsr(const struct brn_bsr *m, const float *step, struct brn_bsr **out,
    burin_error *err)
{
	size_t rows = (size_t)m->nbrow + 1, nblk = (size_t)m->nblk;
	int64_t size = (int64_t)m->bh * m->bw;
	struct brn_bsr *b = brn_alloc(1, sizeof *b);

	if (!b)
		return brn_nomem(err);
	*b = *m;
	b->ints = NULL;
	b->rowptr = brn_alloc(rows, sizeof *b->rowptr);
	b->colidx = brn_alloc(nblk, sizeof *b->colidx);
	b->vals = brn_alloc_aligned(nblk * (size_t)size * sizeof *b->vals);
	if (!b->rowptr || !b->colidx || !b->vals) {
		brn_bsr_free(b);
		return brn_nomem(err);
	}
	memcpy(b->rowptr, m->rowptr, rows * sizeof *b->rowptr);
	memcpy(b->colidx, m->colidx, nblk * sizeof *b->colidx);
	for (int32_t br = 0; br < m->nbrow; br++)
		for (int64_t i = m->rowptr[br] * size;
		    i < m->rowptr[br + 1] * size; i++) {
			int64_t row = (int64_t)br * m->bh + i % m->bh;

			b->vals[i] = row < m->rows ? (float)m->ints[i] *
			    step[row] : 0;
		}
	*out = b;
	return BURIN_OK;
}

/* NULL: no memory.  */
static struct brn_node *
expand_dense(struct brn_graph *g, const struct brn_node *layer,
    const float *step)
{
	const struct brn_node *w = layer->in[1];
	int trans = brn_weight_is_transposed(layer);
	struct brn_type t = w->type;
	int64_t lines = t.dim[0], len = t.dim[1];
	const int8_t *from = w->value->data;
	struct brn_node *n;

	t.dtype = BURIN_F32;
	n = brn_graph_constant(g, w->name, &t, NULL);
	for (int64_t i = 0; n && i < lines; i++) {
		float *to = (float *)n->value->data + i * len;

		for (int64_t k = 0; k < len; k++)
			to[k] = (float)from[i * len + k] * step[trans ? k : i];
	}
	return n;
}

int
brn_weight_expand(struct brn_graph *g, struct brn_node *layer, burin_error *err)
{
	const float *step = brn_weight_step(layer)->value->data;
	struct brn_bsr *b = NULL;
	struct brn_node *w;
	int rc;

	if (layer->in[1]->op != BRN_OP_bsr) {
		w = expand_dense(g, layer, step);
	} else {
		rc = expand_bsr(layer->in[1]->bsr, step, &b, err);
		if (rc < 0)
			return rc;
		w = brn_graph_bsr(g, layer->in[1]->name, b);
	}
	if (!w)
		return brn_nomem(err);
	layer->in[1] = w;
	layer->in[4] = NULL;
	return BURIN_OK;
}
