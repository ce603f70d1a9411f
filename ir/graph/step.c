/* SPDX-License-Identifier: Apache-2.0
 *
 * Finding the step of a row.  The smallest number is q times the step for a q
 * from 1 to 128; a wrong q fails at the first numbers.
 */
#include "ir/graph/step.h"

#include <math.h>
#include <stdlib.h>

/* The rounding of the product, of the step, and of the quotient, times 128, are
 * less than this.  */
static const float CLOSE = 1.0f / 8192;

/* Are all numbers integers times step?  */
static int
is_step(const float *v, int64_t n, int64_t stride, float step)
{
	for (int64_t i = 0; i < n; i++) {
		float q = v[i * stride] / step, near = rintf(q);

		if (!(fabsf(q - near) <= CLOSE) || near < -128 || near > 127)
			return 0;
	}
	return 1;
}

float
brn_step_of(const float *v, int64_t n, int64_t stride)
{
	float lo = INFINITY, hi = 0;

	for (int64_t i = 0; i < n; i++) {
		float a = fabsf(v[i * stride]);

		lo = a > 0 && a < lo ? a : lo;
		hi = a > hi || a != a ? a : hi;
	}
	if (hi == 0)
		return 1;
	if (!isfinite(hi))
		return 0;
	for (int q = 1; q <= 128; q++) {
		float most = rintf(hi / (lo / (float)q)), step = hi / most;

		if (most > 128)
			return 0;
		if (isnormal(step) && is_step(v, n, stride, step))
			return step;
	}
	return 0;
}

/* Row r of block row b of m, without the blocks that are not stored.  */
static int64_t
copy_row(const struct brn_bsr *m, int32_t b, int r, float *row)
{
	int64_t first = (int64_t)m->rowptr[b] * m->bw;
	int64_t n = (int64_t)m->rowptr[b + 1] * m->bw - first;

	for (int64_t i = 0; i < n; i++)
		row[i] = m->vals[(first + i) * m->bh + r];
	return n;
}

int
brn_bsr_steps(const struct brn_bsr *m, float *step, burin_error *err)
{
	float *row = brn_alloc((size_t)m->nbcol * (size_t)m->bw + 1,
	    sizeof *row);
	int all = 1;

	if (!row)
		return brn_nomem(err);
	for (int32_t b = 0; b < m->nbrow && all; b++)
		for (int r = 0; r < m->bh && all; r++) {
			int64_t n = copy_row(m, b, r, row);

			*step = brn_step_of(row, n, 1);
			all = *step++ > 0;
		}
	free(row);
	return all;
}
