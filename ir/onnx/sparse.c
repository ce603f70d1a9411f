/* SPDX-License-Identifier: Apache-2.0
 *
 * Sparse tensors of a file, made dense.  Shape and count are checked before
 * anything of that size is allocated.
 */
#include "ir/onnx/sparse.h"

#include "ir/onnx/onnx.pb-c.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A sparse tensor: nnz values and their indices.  */
struct parts {
	const char *what;
	struct brn_type dense, vtype, itype;
	void *val;
	int64_t *idx;
};

static int
dense_type(const struct Onnx__SparseTensorProto *s, struct parts *p,
    size_t left, burin_error *err)
{
	size_t nbytes;
	int rc;

	if (s->n_dims > BRN_MAX_RANK)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: rank %zu, wanted at most %d", p->what, s->n_dims,
		    BRN_MAX_RANK);
	p->dense.dtype = p->vtype.dtype;
	p->dense.rank = (int)s->n_dims;
	for (size_t i = 0; i < s->n_dims; i++) {
		if (s->dims[i] < 0)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s: dimension %zu is %" PRId64
			    ", wanted 0 or more", p->what, i, s->dims[i]);
		p->dense.dim[i] = s->dims[i];
	}
	if ((rc = brn_type_bytes(&p->dense, p->what, &nbytes, err)) < 0)
		return rc;
	if (nbytes > left)
		return brn_fail(err, BURIN_EUNSUPPORTED, "%s: %zu bytes when "
		    "made dense, %zu are left of what a model may have",
		    p->what, nbytes, left);
	return 0;
}

static int
check_parts(const struct parts *p, burin_error *err)
{
	const struct brn_type *v = &p->vtype, *i = &p->itype;

	if (v->rank != 1)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: values have rank %d, wanted 1", p->what, v->rank);
	if (i->dtype != BURIN_I64)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: indices are %s, wanted i64", p->what,
		    brn_dtype_name(i->dtype));
	if (i->rank < 1 || i->rank > 2 || i->dim[0] != v->dim[0] ||
	    (i->rank == 2 && i->dim[1] != p->dense.rank))
		return brn_fail(err, BURIN_EFORMAT, "%s: shape of the indices "
		    "is not [%" PRId64 "] or [%" PRId64 ",%d]", p->what,
		    v->dim[0], v->dim[0], p->dense.rank);
	return 0;
}

/* Linear index of value k in the dense tensor, -1 when it is outside.  */
static int64_t
linear_index(const struct parts *p, int64_t k)
{
	int64_t at = 0;

	if (p->itype.rank == 1)
		return p->idx[k] < brn_type_numel(&p->dense) ? p->idx[k] : -1;
	for (int d = 0; d < p->dense.rank; d++) {
		int64_t i = p->idx[k * p->dense.rank + d];

		if (i < 0 || i >= p->dense.dim[d])
			return -1;
		at = at * p->dense.dim[d] + i;
	}
	return at;
}

static int
scatter(const struct parts *p, uint8_t *out, burin_error *err)
{
	size_t size = brn_dtype_size(p->dense.dtype);
	int64_t last = -1;

	for (int64_t k = 0; k < p->vtype.dim[0]; k++) {
		int64_t at = linear_index(p, k);

		if (at < 0)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s: index %" PRId64 " is outside the shape",
			    p->what, k);
		if (at <= last)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s: index %" PRId64 " is not above the one "
			    "before it", p->what, k);
		memcpy(out + (size_t)at * size,
		    (uint8_t *)p->val + (size_t)k * size, size);
		last = at;
	}
	return 0;
}

int
brn_onnx_sparse(struct brn_onnx_source *src,
    struct Onnx__SparseTensorProto *s, const char *what,
    struct brn_type *type, void **data, burin_error *err)
{
	struct parts p = { .what = what };
	size_t nbytes;
	void *out = NULL;
	int rc;

	if (!s->values || !s->indices)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: sparse tensor without %s", what,
		    s->values ? "indices" : "values");
	if ((rc = brn_onnx_tensor(src, s->values, what, &p.vtype, &p.val,
	    err)) < 0 ||
	    (rc = dense_type(s, &p, src->sparse_left, err)) < 0 ||
	    (rc = brn_onnx_tensor(src, s->indices, what, &p.itype,
	    (void **)&p.idx, err)) < 0 ||
	    (rc = check_parts(&p, err)) < 0 ||
	    (rc = brn_type_bytes(&p.dense, what, &nbytes, err)) < 0)
		goto done;
	out = brn_alloc(nbytes, 1);
	rc = out ? scatter(&p, out, err) : brn_nomem(err);
	if (rc < 0)
		goto done;
	src->sparse_left -= nbytes;
	*type = p.dense;
	*data = out;
	out = NULL;
done:
	free(p.val);
	free(p.idx);
	free(out);
	return rc;
}
