/* SPDX-License-Identifier: Apache-2.0
 *
 * Index arithmetic that shape inference and the refs share: axes, slices,
 * single elements, and a walk over all elements of a shape that keeps, for
 * several operands, the offset of the element that belongs there.  Broadcast,
 * transpose, slice and concat are nothing but strides of such a walk.
 */
#ifndef BRN_ITER_H
#define BRN_ITER_H

#include "ir/graph/tensor.h"

/* axis of [-rank, rank) as one of [0, rank); -1: out of range.  */
int brn_axis(int64_t axis, int rank);

/* The axes in t (integers) as a set of bits; t NULL or empty: none.  -1: one
 * is out of range or occurs twice.  */
int brn_axes(const struct brn_tensor *t, int rank);

/* A slice of a dimension: where it starts and how many elements it takes.
 * step is not 0; start and end mean what they mean in numpy.  */
int64_t brn_slice(int64_t dim, int64_t *start, int64_t end, int64_t step);

/* Element i, of any dtype.  Float to integer truncates and clamps, NaN is 0;
 * an integer that does not fit wraps; not 0 is true.  */
int64_t brn_get_int(const struct brn_tensor *t, int64_t i);
double brn_get_float(const struct brn_tensor *t, int64_t i);
void brn_set_int(struct brn_tensor *t, int64_t i, int64_t v);
void brn_set_float(struct brn_tensor *t, int64_t i, double v);

#define BRN_ITER_MAX 3          /* operands */

struct brn_iter {
	int rank, n;
	int64_t left;                   /* elements to come, this one too */
	int64_t pos;                    /* of this one, row-major */
	int64_t off[BRN_ITER_MAX];      /* of this one in each operand */
	int64_t dim[BRN_MAX_RANK], at[BRN_MAX_RANK];
	int64_t stride[BRN_ITER_MAX][BRN_MAX_RANK];
};

/* Walk over shape, row-major, with no operand yet:
 *
 *	for (brn_iter_init(&it, shape), brn_iter_add(..); it.left;
 *	    brn_iter_next(&it))
 */
void brn_iter_init(struct brn_iter *it, const struct brn_type *shape);
/* An operand of shape t, broadcast to the shape walked over as numpy does.  */
void brn_iter_add(struct brn_iter *it, const struct brn_type *t);
/* An operand with a stride for each dimension walked over.  */
void brn_iter_add_strided(struct brn_iter *it, int64_t first,
    const int64_t *stride);

static inline void
brn_iter_next(struct brn_iter *it)
{
	it->left--;
	it->pos++;
	for (int d = it->rank - 1; d >= 0; d--) {
		int64_t back = it->dim[d] - 1;

		if (it->at[d]++ < back) {
			for (int k = 0; k < it->n; k++)
				it->off[k] += it->stride[k][d];
			return;
		}
		it->at[d] = 0;
		for (int k = 0; k < it->n; k++)
			it->off[k] -= it->stride[k][d] * back;
	}
}

#endif
