/* SPDX-License-Identifier: Apache-2.0
 *
 * transpose of elements of any type.
 */
#include <string.h>

#include "runtime/native/job.h"

struct transpose {
	struct brn_job job;
	int64_t stride[BRN_MAX_RANK];   /* in the input, of each output dim */
};

enum { BLOCK = 16 };

/* y[q][i] = x[i * s + q]: m rows of n.  Block by block, since a cache line of x
 * has elements of several rows of y.  */
#define ROWS(T) \
	static void \
	rows_##T(void *to, const void *from, int64_t s, int64_t m, int64_t n) \
	{ \
		T *restrict y = to; \
		const T *restrict x = from; \
	\
		for (int64_t i0 = 0; i0 < n; i0 += BLOCK) { \
			int64_t past = i0 + BLOCK < n ? i0 + BLOCK : n; \
	\
			for (int64_t q = 0; q < m; q++) \
				for (int64_t i = i0; i < past; i++) \
					y[q * n + i] = x[i * s + q]; \
		} \
	}
ROWS(uint8_t) ROWS(uint16_t) ROWS(uint32_t) ROWS(uint64_t)

/* By the size of an element.  */
static void (*const transpose_rows[])(void *, const void *, int64_t, int64_t,
    int64_t) = {
	[1] = rows_uint8_t, [2] = rows_uint16_t, [4] = rows_uint32_t,
	[8] = rows_uint64_t,
};

static void
run_transpose(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct transpose *k = (const struct transpose *)j;
	const struct brn_type *out = &j->out->type;
	int64_t n = j->cols, s = k->stride[out->rank - 1], m;
	int64_t high = out->dim[out->rank - 2];
	size_t size = brn_dtype_size(out->dtype);

	for (int64_t r = r0; r < r1; r += m) {
		const char *x = j->in[0]->data;
		char *y = (char *)j->out->data + r * n * (int64_t)size;
		int64_t rest = r, at = 0;

		for (int d = out->rank - 2; d >= 0; d--) {
			at += rest % out->dim[d] * k->stride[d];
			rest /= out->dim[d];
		}
		x += at * (int64_t)size;
		m = 1;
		if (s == 1) {
			memcpy(y, x, (size_t)n * size);
			continue;
		}
		if (k->stride[out->rank - 2] == 1)
			m = high - r % high < BLOCK ? high - r % high : BLOCK;
		m = m < r1 - r ? m : r1 - r;
		transpose_rows[size](y, x, s, m, n);
	}
}

int
BRN_FOR_ISA(brn_takes_transpose)(const struct brn_call *c)
{
	return c->out->type.rank >= 2;
}

int
BRN_FOR_ISA(brn_rows_transpose)(const struct brn_call *c)
{
	struct transpose k = { .job = brn_job_of(c, run_transpose) };
	const struct brn_attr *perm = brn_attr(c->n, "perm");
	int rank = c->out->type.rank;
	int64_t stride[BRN_MAX_RANK];

	brn_type_strides(&c->in[0]->type, stride);
	for (int d = 0; d < rank; d++)
		k.stride[d] = stride[perm ? perm->ints[d] : rank - 1 - d];
	return brn_job_run_rows(&k.job, c->threads);
}
