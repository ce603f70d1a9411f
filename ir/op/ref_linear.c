/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the matrix products: one dot product an output element, in double
 * or, for integers, wrapping.
 */
#include "ir/op/ref_fn.h"

#include "ir/graph/epilogue.h"

/* A matrix inside a tensor: element (r, c) is at first + r * row + c * col. */
struct mat {
	const struct brn_tensor *t;
	int64_t first, row, col;
};

static double
dot(const struct mat *a, int64_t r, const struct mat *b, int64_t c, int64_t k)
{
	int64_t ia = a->first + r * a->row, ib = b->first + c * b->col;
	double sum = 0;

	for (; k > 0; k--, ia += a->col, ib += b->row)
		sum += brn_get_float(a->t, ia) * brn_get_float(b->t, ib);
	return sum;
}

static int64_t
int_dot(const struct mat *a, int64_t r, const struct mat *b, int64_t c,
    int64_t k)
{
	int64_t ia = a->first + r * a->row, ib = b->first + c * b->col;
	uint64_t sum = 0;

	for (; k > 0; k--, ia += a->col, ib += b->row)
		sum += (uint64_t)brn_get_int(a->t, ia) *
		    (uint64_t)brn_get_int(b->t, ib);
	return (int64_t)sum;
}

/* The last two dimensions of t as a matrix; a vector is a row or a column. */
static struct mat
last_matrix(const struct brn_tensor *t, int vector_is_row)
{
	const struct brn_type *ty = &t->type;

	if (ty->rank == 1)
		return (struct mat){ t, 0, !vector_is_row, vector_is_row };
	return (struct mat){ t, 0, ty->dim[ty->rank - 1], 1 };
}

/* Walk over the batch dimensions of out with both operands along: as if each
 * matrix were one element.  */
static void
walk_batch(struct brn_iter *it, const struct brn_type *out, int ndrop,
    const struct brn_type *a, const struct brn_type *b)
{
	const struct brn_type *op[2] = { a, b };
	struct brn_type batch = *out;

	batch.rank -= ndrop;
	brn_iter_init(it, &batch);
	for (int k = 0; k < 2; k++) {
		struct brn_type t = *op[k];

		t.rank = t.rank > 2 ? t.rank - 2 : 0;
		brn_iter_add(it, &t);
	}
}

BRN_REF(matmul)
{
	const struct brn_type *a = &in[0]->type, *b = &in[1]->type;
	struct mat ma = last_matrix(in[0], 1), mb = last_matrix(in[1], 0);
	int64_t rows = a->rank > 1 ? a->dim[a->rank - 2] : 1;
	int64_t cols = b->rank > 1 ? b->dim[b->rank - 1] : 1;
	int64_t k = a->dim[a->rank - 1], pos = 0;
	struct brn_iter it;

	if (brn_numel(out) == 0)
		return BURIN_OK;
	walk_batch(&it, &out->type, (a->rank > 1) + (b->rank > 1), a, b);
	for (; it.left; brn_iter_next(&it)) {
		ma.first = it.off[0] * rows * k;
		mb.first = it.off[1] * k * cols;
		for (int64_t i = 0; i < rows * cols; i++, pos++)
			if (out->type.dtype == BURIN_F32)
				brn_set_float(out, pos, dot(&ma, i / cols,
				    &mb, i % cols, k));
			else
				brn_set_int(out, pos, int_dot(&ma, i / cols,
				    &mb, i % cols, k));
	}
	return BURIN_OK;
}

BRN_REF(gemm)
{
	int ta = brn_attr_int(n, "transA") != 0;
	int tb = brn_attr_int(n, "transB") != 0;
	double alpha = (double)brn_attr_float(n, "alpha");
	double beta = (double)brn_attr_float(n, "beta");
	const struct brn_tensor *add = brn_opt_in(n, in, 2);
	int64_t lda = in[0]->type.dim[1], ldb = in[1]->type.dim[1];
	int64_t k = in[0]->type.dim[!ta], cols = out->type.dim[1];
	struct mat a = { in[0], 0, ta ? 1 : lda, ta ? lda : 1 };
	struct mat b = { in[1], 0, tb ? 1 : ldb, tb ? ldb : 1 };
	struct brn_iter it;

	brn_iter_init(&it, &out->type);
	if (add)
		brn_iter_add(&it, &add->type);
	for (; it.left; brn_iter_next(&it)) {
		double v = alpha * dot(&a, it.pos / cols, &b, it.pos % cols,
		    k);

		if (add)
			v += beta * brn_get_float(add, it.off[0]);
		brn_set_float(out, it.pos, v);
	}
	return BURIN_OK;
}

/* Element i of a layer's result, whose product is sum: bias, epilogue.  */
static void
finish(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, int64_t i, double sum)
{
	const struct brn_tensor *bias = brn_opt_in(n, in, 2);
	const struct brn_tensor *residual = brn_opt_in(n, in, 3);
	const struct brn_epilogue e = brn_epilogue_of(n);

	if (bias)
		sum += brn_get_float(bias, i % brn_numel(bias));
	brn_set_float(out, i, brn_epilogue_apply(&e, sum, residual ?
	    brn_get_float(residual, i) : BRN_NO_RESIDUAL));
}

BRN_REF(dense)
{
	int trans = brn_attr_int(n, "trans_w") != 0;
	int64_t rows = in[1]->type.dim[trans], cols = in[1]->type.dim[!trans];
	int64_t size = brn_numel(out);
	struct mat x = { in[0], 0, cols, 1 };
	/* Seen as [cols][rows], which it is or is not. */
	struct mat w = { in[1], 0, trans ? rows : 1, trans ? 1 : cols };

	for (int64_t i = 0; i < size; i++)
		finish(n, in, out, i, dot(&x, i / rows, &w, i % rows, cols));
	return BURIN_OK;
}

/* One output feature of one token: the dot product over stored blocks.  */
static double
bsr_dot(const struct brn_bsr *b, int64_t row, const float *x)
{
	int64_t br = row / b->bh;
	double sum = 0;

	for (int32_t i = b->rowptr[br]; i < b->rowptr[br + 1]; i++) {
		int64_t col = (int64_t)b->colidx[i] * b->bw;
		const float *v = b->vals + (int64_t)i * b->bw * b->bh +
		    row % b->bh;

		for (int c = 0; c < b->bw && col + c < b->cols; c++)
			sum += (double)v[c * b->bh] * (double)x[col + c];
	}
	return sum;
}

BRN_REF(bsr_dense)
{
	const struct brn_bsr *b = n->in[1]->bsr;
	const float *x = in[0]->data;
	int64_t size = brn_numel(out);

	for (int64_t i = 0; i < size; i++)
		finish(n, in, out, i, bsr_dot(b, i % b->rows,
		    x + i / b->rows * b->cols));
	return BURIN_OK;
}
