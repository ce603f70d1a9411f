/* SPDX-License-Identifier: Apache-2.0
 *
 * Matrix products: matmul and gemm, and the layers that passes make of them
 * (dense, bsr_dense).  A result element is one dot product, summed in double;
 * of integers, summed with wrapping.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

#include "ir/graph/epilogue.h"
#include "ir/graph/x_quant.h"

/* ---- types ---- */

/* All dimensions but the last two of b join those of out, which are those of
 * a.  */
static int
broadcast_batch(struct brn_infer *c, const struct brn_type *a,
    const struct brn_type *b, struct brn_type *out)
{
	struct brn_type more = *b;

	*out = *a;
	out->rank = a->rank > 2 ? a->rank - 2 : 0;
	more.rank = b->rank > 2 ? b->rank - 2 : 0;
	return brn_infer_broadcast(c, out, &more);
}

int
infer_matmul(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *a = brn_infer_in(c, 0), *b = brn_infer_in(c, 1);
	int64_t k;
	int rc;

	if (a->dtype != b->dtype || !a->rank || !b->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not two matrices of one type");
	k = a->dim[a->rank - 1];
	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0 ||
	    (rc = brn_infer_same_dim(c, &k, b->dim[b->rank == 1 ? 0 :
	    b->rank - 2])) < 0 || (rc = broadcast_batch(c, a, b, out)) < 0)
		return rc;
	if (a->rank > 1)
		out->dim[out->rank++] = a->dim[a->rank - 2];
	if (b->rank > 1)
		out->dim[out->rank++] = b->dim[b->rank - 1];
	return BURIN_OK;
}

/* C of a Gemm broadcasts to the result, which it does not make larger.  */
static int
check_gemm_c(struct brn_infer *c, const struct brn_type *out)
{
	const struct brn_type *t = brn_infer_in(c, 2);
	int64_t want;
	int rc;

	if (!t)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0)
		return rc;
	if (t->rank > 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "input 2 is no matrix");
	for (int d = 0; d < t->rank; d++) {
		want = out->dim[2 - t->rank + d];
		if (t->dim[d] != 1 &&
		    (rc = brn_infer_same_dim(c, &want, t->dim[d])) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_gemm(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *a = brn_infer_in(c, 0), *b = brn_infer_in(c, 1);
	int ta = brn_attr_int(c->n, "transA") != 0;
	int tb = brn_attr_int(c->n, "transB") != 0, rc;
	int64_t k;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0)
		return rc;
	if (a->rank != 2 || b->rank != 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "not two matrices");
	k = a->dim[!ta];
	if ((rc = brn_infer_same_dim(c, &k, b->dim[tb])) < 0)
		return rc;
	*out = (struct brn_type){ BURIN_F32, 2, { a->dim[ta], b->dim[!tb] } };
	return check_gemm_c(c, out);
}

/* Input 3 has the shape of out.  */
static int
check_residual(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *r = brn_infer_in(c, 3);
	int rc;

	if (r->rank != out->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "residual has not the shape of the result");
	for (int i = 0; i < out->rank; i++)
		if ((rc = brn_infer_same_dim(c, &out->dim[i], r->dim[i])) < 0)
			return rc;
	return BURIN_OK;
}

/* Are the attributes of ir/graph/x_quant.h in range?  */
static int
is_x_quant(const struct brn_node *n)
{
	int64_t how = brn_attr_int(n, "x_quant"), z = brn_attr_int(n, "x_zero");
	float scale = brn_attr_float(n, "x_scale");

	return how >= BRN_X_FLOAT && how <= BRN_X_TOKEN && z >= 0 &&
	    z <= 255 && isfinite(scale) && scale > 0;
}

/* All inputs are f32, but a weight that has steps is i8.  */
static int
check_dense_types(struct brn_infer *c)
{
	int rc;

	for (int i = 0; i < c->n->nin; i++) {
		const struct brn_type *t = brn_infer_in(c, i);

		if (i == 1 && brn_infer_in(c, 4) && t->dtype != BURIN_I8)
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "a weight with steps is not i8");
		if (t && !(i == 1 && brn_infer_in(c, 4)) &&
		    (rc = brn_infer_dtype(c, i, BRN_SET_F32)) < 0)
			return rc;
	}
	return BURIN_OK;
}

int
infer_dense(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 1);
	const struct brn_type *bias = brn_infer_in(c, 2);
	const struct brn_type *step = brn_infer_in(c, 4);
	int trans = brn_attr_int(c->n, "trans_w") != 0;
	int rc = check_dense_types(c);
	int64_t cols, rows;

	if (rc < 0)
		return rc;
	if (!x->rank || w->rank != 2 || (bias && bias->rank != 1) ||
	    (step && step->rank != 1))
		return brn_infer_bad(c, BURIN_ESHAPE, "not x[..][cols], "
		    "weight [rows][cols], bias [rows], step [rows]");
	cols = w->dim[!trans];
	rows = w->dim[trans];
	if ((rc = brn_infer_same_dim(c, &cols, x->dim[x->rank - 1])) < 0 ||
	    (bias && (rc = brn_infer_same_dim(c, &rows, bias->dim[0])) < 0) ||
	    (step && (rc = brn_infer_same_dim(c, &rows, step->dim[0])) < 0))
		return rc;
	if (!is_x_quant(c->n))
		return brn_infer_bad(c, BURIN_EFORMAT,
		    "x_quant is not 0 .. 3, x_zero not 0 .. 255, or x_scale "
		    "not positive");
	*out = *x;
	out->dim[x->rank - 1] = rows;
	return brn_infer_in(c, 3) ? check_residual(c, out) : BURIN_OK;
}

int
infer_bsr_dense(struct brn_infer *c, struct brn_type *out)
{
	if (c->n->in[1]->op != BRN_OP_bsr)
		return brn_infer_bad(c, BURIN_ESHAPE, "weight is no bsr");
	return infer_dense(c, out);
}

/* ---- work ---- */

/* A dot product.  */
BRN_WORK(matmul)
{
	const struct brn_type *a = brn_infer_in(c, 0);

	return (double)a->dim[a->rank - 1];
}

BRN_WORK(gemm)
{
	int trans = brn_attr_int(c->n, "transA") != 0;

	return (double)brn_infer_in(c, 0)->dim[!trans];
}

BRN_WORK(dense)
{
	const struct brn_type *x = brn_infer_in(c, 0);

	return (double)x->dim[x->rank - 1];
}

/* ---- values ---- */

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

/* Walk over the batch dimensions of out, all but the last ndrop.  The offset of
 * an operand counts its matrices.  */
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

/* Element i of a layer's result from its dot product: add the bias, apply the
 * epilogue.  */
static void
finish(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out, int64_t i, double sum)
{
	const struct brn_tensor *bias = brn_opt_in(n, in, 2);
	const struct brn_tensor *residual = brn_opt_in(n, in, 3);
	const struct brn_tensor *step = brn_opt_in(n, in, 4);
	const struct brn_epilogue e = brn_epilogue_of(n);

	if (step)
		sum *= brn_get_float(step, i % brn_numel(step));
	if (bias)
		sum += brn_get_float(bias, i % brn_numel(bias));
	brn_set_float(out, i, brn_epilogue_apply(&e, sum, residual ?
	    brn_get_float(residual, i) : BRN_NO_RESIDUAL));
}

/* n numbers of x as a layer with attribute x_quant takes them.  */
static void
quantize(const struct brn_node *layer, const float *x, int64_t n, float *out)
{
	float scale = brn_attr_float(layer, "x_scale"), lo = 0, hi = 0;
	int32_t zero = (int32_t)brn_attr_int(layer, "x_zero");

	for (int64_t i = 0; i < n; i++) {
		lo = x[i] < lo ? x[i] : lo;
		hi = x[i] > hi ? x[i] : hi;
	}
	if (brn_attr_int(layer, "x_quant") != BRN_X_FIXED)
		brn_quant_of_range(lo, hi, &scale, &zero);
	for (int64_t i = 0; i < n; i++) {
		float q = rintf(x[i] / scale) + (float)zero;

		q = q < 0 ? 0 : q > 255 ? 255 : q == q ? q : (float)zero;
		out[i] = (q - (float)zero) * scale;
	}
}

/* The x of a layer: in, or a copy of it in *own, quantized.  ENOMEM.  */
static int
layer_x(const struct brn_node *n, const struct brn_tensor *in,
    struct brn_tensor *own, burin_error *err)
{
	int64_t how = brn_attr_int(n, "x_quant"), size = brn_numel(in);
	int64_t run = how == BRN_X_TOKEN ? in->type.dim[in->type.rank - 1] :
	    size;

	*own = *in;
	own->data = NULL;
	if (how == BRN_X_FLOAT || size == 0) {
		own->data = in->data;
		return BURIN_OK;
	}
	own->data = brn_alloc((size_t)size, sizeof(float));
	if (!own->data)
		return brn_nomem(err);
	for (int64_t i = 0; i < size; i += run)
		quantize(n, (const float *)in->data + i, run,
		    (float *)own->data + i);
	return BURIN_OK;
}

BRN_REF(dense)
{
	int trans = brn_attr_int(n, "trans_w") != 0;
	int64_t rows = in[1]->type.dim[trans], cols = in[1]->type.dim[!trans];
	int64_t size = brn_numel(out);
	struct brn_tensor q;
	struct mat x = { &q, 0, cols, 1 };
	/* w^T: [cols][rows].  */
	struct mat w = { in[1], 0, trans ? rows : 1, trans ? 1 : cols };
	int rc = layer_x(n, in[0], &q, err);

	for (int64_t i = 0; i < size && rc == 0; i++)
		finish(n, in, out, i, dot(&x, i / rows, &w, i % rows, cols));
	if (q.data != in[0]->data)
		free(q.data);
	return rc;
}

/* The dot product of one row of the weight with x, over stored blocks.  */
static double
bsr_dot(const struct brn_bsr *b, int64_t row, const float *x)
{
	int64_t br = row / b->bh;
	double sum = 0;

	for (int32_t i = b->rowptr[br]; i < b->rowptr[br + 1]; i++) {
		int64_t col = (int64_t)b->colidx[i] * b->bw;
		int64_t at = (int64_t)i * b->bw * b->bh + row % b->bh;

		for (int c = 0; c < b->bw && col + c < b->cols; c++, at +=
		    b->bh)
			sum += (b->ints ? (double)b->ints[at] :
			    (double)b->vals[at]) * (double)x[col + c];
	}
	return sum;
}

BRN_REF(bsr_dense)
{
	const struct brn_bsr *b = n->in[1]->bsr;
	int64_t size = brn_numel(out);
	struct brn_tensor x;
	int rc = layer_x(n, in[0], &x, err);

	for (int64_t i = 0; i < size && rc == 0; i++)
		finish(n, in, out, i, bsr_dot(b, i % b->rows,
		    (const float *)x.data + i / b->rows * b->cols));
	if (x.data != in[0]->data)
		free(x.data);
	return rc;
}
