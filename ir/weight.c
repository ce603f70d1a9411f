/* SPDX-License-Identifier: Apache-2.0
 *
 * Weights as [rows][cols], whichever way round they are held.
 */
#include "ir/weight.h"

#include <stdlib.h>

/* Few columns at a time: each is a row of dst that is written along, and rows
 * of a power of two share the lines of a cache of few ways.  The rows of src
 * stay in the cache until all of their columns are done.  */
enum { ROWS = 64, COLS = 8 };

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
transpose(const float *src, int64_t rows, int64_t cols, float *dst)
{
	for (int64_t r0 = 0; r0 < rows; r0 += ROWS)
		for (int64_t c0 = 0; c0 < cols; c0 += COLS) {
			int64_t r1 = least(r0 + ROWS, rows);
			int64_t c1 = least(c0 + COLS, cols);

			for (int64_t r = r0; r < r1; r++)
				for (int64_t c = c0; c < c1; c++)
					dst[c * rows + r] = src[r * cols + c];
		}
}

int
brn_weight_is_transposed(const struct brn_node *dense)
{
	return brn_attr_int(dense, "trans_w", 0) != 0;
}

static int
grow(float **scratch, size_t *size, size_t n)
{
	float *p;

	if (*scratch && n <= *size)
		return 0;
	p = brn_alloc_aligned(n * sizeof *p);
	if (!p)
		return -1;
	free(*scratch);
	*scratch = p;
	*size = n;
	return 0;
}

int
brn_weight_get(const struct brn_node *dense, struct brn_tensor *out,
    float **scratch, size_t *size, burin_error *err)
{
	const struct brn_tensor *w = dense->in[1]->value;
	int64_t d0 = w->type.dim[0], d1 = w->type.dim[1];

	*out = *w;
	if (!brn_weight_is_transposed(dense))
		return BURIN_OK;
	if (grow(scratch, size, (size_t)brn_numel(w)) < 0)
		return brn_nomem(err);
	transpose(w->data, d0, d1, *scratch);
	out->data = *scratch;
	out->type.dim[0] = d1;
	out->type.dim[1] = d0;
	return BURIN_OK;
}
