/* SPDX-License-Identifier: Apache-2.0
 *
 * scatter_nd and scatter_elements of f32 by i64 indices, on one thread, since
 * indices may repeat.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "runtime/native/isa.h"

/* Attribute reduction.  */
enum { REPLACE, ADD };

/* Index n of [-dim, dim) as one of [0, dim); negative: out of range.  */
static inline int64_t
wrap_index(int64_t n, int64_t dim)
{
	n = n < 0 ? n + dim : n;
	return n < dim ? n : -1;
}

static void
store(float *restrict y, const float *restrict u, int64_t n, int add)
{
	if (add)
		for (int64_t i = 0; i < n; i++)
			y[i] += u[i];
	else
		memcpy(y, u, (size_t)n * sizeof *y);
}

int
BRN_FOR_ISA(brn_takes_scatter)(const struct brn_call *c)
{
	return brn_is_f32(c->in[0]) && c->in[1]->type.dtype == BURIN_I64 &&
	    brn_attr_int(c->n, "reduction") <= ADD &&
	    c->out->type.rank > 0;
}

/* Indices of one dim or more.  */
int
BRN_FOR_ISA(brn_takes_scatter_nd)(const struct brn_call *c)
{
	const struct brn_type *index = &c->in[1]->type;

	return BRN_FOR_ISA(brn_takes_scatter)(c) && brn_numel(c->out) &&
	    index->dim[index->rank - 1];
}

static int
is_add(const struct brn_call *c)
{
	return brn_attr_int(c->n, "reduction") == ADD;
}

/* An index is out of range: the ref says which.  */
static int
fail_by_ref(const struct brn_call *c)
{
	return brn_ref[c->n->op](c->n, c->in, c->out, c->err);
}

int
BRN_FOR_ISA(brn_rows_scatter_nd)(const struct brn_call *c)
{
	const struct brn_type *index = &c->in[1]->type, *out = &c->out->type;
	const int64_t *at = c->in[1]->data;
	int64_t stride[BRN_MAX_RANK], size = 1, k = index->dim[index->rank - 1];
	int64_t count = brn_type_numel(index) / k;
	int add = is_add(c);

	brn_type_strides(out, stride);
	for (int d = (int)k; d < out->rank; d++)
		size *= out->dim[d];
	memcpy(c->out->data, c->in[0]->data,
	    (size_t)brn_type_numel(out) * sizeof (float));
	for (int64_t i = 0; i < count; i++) {
		int64_t to = 0;

		for (int d = 0; d < k; d++) {
			int64_t p = wrap_index(*at++, out->dim[d]);

			if (p < 0)
				return fail_by_ref(c);
			to += p * stride[d];
		}
		store((float *)c->out->data + to, brn_f32(c->in[2]) + i * size,
		    size, add);
	}
	return 0;
}

int
BRN_FOR_ISA(brn_rows_scatter_elements)(const struct brn_call *c)
{
	const struct brn_type *out = &c->out->type;
	int axis = brn_axis(brn_attr_int(c->n, "axis"), out->rank);
	int add = is_add(c);
	const int64_t *index = c->in[1]->data;
	int64_t stride[BRN_MAX_RANK], step;
	struct brn_iter it;

	memcpy(c->out->data, c->in[0]->data,
	    (size_t)brn_type_numel(out) * sizeof (float));
	brn_type_strides(out, stride);
	step = stride[axis];
	stride[axis] = 0;
	brn_iter_init(&it, &c->in[1]->type);
	for (brn_iter_add_strided(&it, 0, stride); it.left;
	    brn_iter_next(&it)) {
		int64_t p = wrap_index(index[it.pos], out->dim[axis]);
		float *y;

		if (p < 0)
			return fail_by_ref(c);
		y = (float *)c->out->data + it.off[0] + p * step;
		store(y, brn_f32(c->in[2]) + it.pos, 1, add);
	}
	return 0;
}
