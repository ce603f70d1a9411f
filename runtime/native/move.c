/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops that move elements of four bytes: transpose, gather and pad.
 */
#include <string.h>

#include "ir/graph/iter.h"
#include "runtime/native/isa.h"

struct transpose {
	struct brn_job job;
	int64_t stride[BRN_MAX_RANK];   /* in the input, of each output dim */
};

enum { BLOCK = 16 };

/* y[q][i] = x[i * s + q]: m rows of n, block by block, so that the lines of x
 * that are read in pieces stay in the cache.  */
static void
turn(float *restrict y, const float *restrict x, int64_t s, int64_t m,
    int64_t n)
{
	for (int64_t i0 = 0; i0 < n; i0 += BLOCK) {
		int64_t past = i0 + BLOCK < n ? i0 + BLOCK : n;

		for (int64_t q = 0; q < m; q++)
			for (int64_t i = i0; i < past; i++)
				y[q * n + i] = x[i * s + q];
	}
}

static void
run_transpose(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct transpose *k = (const struct transpose *)j;
	const struct brn_type *out = &j->out->type;
	int64_t n = j->cols, s = k->stride[out->rank - 1], m;
	int64_t high = out->dim[out->rank - 2];

	for (int64_t r = r0; r < r1; r += m) {
		const float *x = j->in[0]->data;
		float *y = (float *)j->out->data + r * n;
		int64_t rest = r;

		for (int d = out->rank - 2; d >= 0; d--) {
			x += rest % out->dim[d] * k->stride[d];
			rest /= out->dim[d];
		}
		m = 1;
		if (s == 1) {
			memcpy(y, x, (size_t)n * sizeof *y);
			continue;
		}
		if (k->stride[out->rank - 2] == 1)
			m = high - r % high < BLOCK ? high - r % high : BLOCK;
		m = m < r1 - r ? m : r1 - r;
		turn(y, x, s, m, n);
	}
}

int
BRN_FOR_ISA(brn_native_transpose)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct transpose k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_transpose } };
	const struct brn_attr *perm = brn_attr(n, "perm");
	int rank = out->type.rank;
	int64_t stride[BRN_MAX_RANK];

	if (!brn_is_f32(in[0]) || rank < 2)
		return BRN_DECLINED;
	brn_type_strides(&in[0]->type, stride);
	for (int d = 0; d < rank; d++)
		k.stride[d] = stride[perm ? perm->ints[d] : rank - 1 - d];
	k.job.cols = out->type.dim[rank - 1];
	k.job.rows = k.job.cols ? brn_numel(out) / k.job.cols : 0;
	brn_job_run(&k.job, t);
	return 0;
}

/* Rows of a table by int64 indices: the embedding.  Indices were checked.  */
static void
run_gather(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const int64_t *ids = j->in[1]->data;
	int64_t size = j->in[0]->type.dim[0];

	for (int64_t r = r0; r < r1; r++)
		memcpy((float *)j->out->data + r * j->cols,
		    brn_f32(j->in[0]) + (ids[r] < 0 ? ids[r] + size : ids[r]) *
		    j->cols, (size_t)j->cols * sizeof (float));
}

int
BRN_FOR_ISA(brn_native_gather)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct brn_job j = { .n = n, .in = in, .out = out, .run = run_gather };
	int64_t axis = brn_attr_int(n, "axis");
	int64_t size, rank = in[0]->type.rank;

	if (!brn_is_f32(in[0]) || in[1]->type.dtype != BURIN_I64 ||
	    rank < 1 || (axis != 0 && axis != -rank))
		return BRN_DECLINED;
	size = in[0]->type.dim[0];
	j.rows = brn_numel(in[1]);
	/* An index out of range is the ref's to report. */
	for (int64_t i = 0; i < j.rows; i++) {
		int64_t id = ((const int64_t *)in[1]->data)[i];

		if (id < -size || id >= size)
			return BRN_DECLINED;
	}
	j.cols = j.rows ? brn_numel(out) / j.rows : 0;
	brn_job_run(&j, t);
	return 0;
}

struct pad {
	struct brn_job job;
	int64_t start[BRN_MAX_RANK];    /* of x in the result */
	int64_t stride[BRN_MAX_RANK];   /* of x */
	float value;
};

static inline void
fill(float *y, float v, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		y[i] = v;
}

/* Where row r of the result is in x; -1: it is all padding.  */
static int64_t
row_of(const struct pad *k, int64_t r)
{
	const struct brn_type *x = &k->job.in[0]->type;
	const struct brn_type *out = &k->job.out->type;
	int64_t from = 0;

	for (int d = out->rank - 2; d >= 0; d--) {
		int64_t i = r % out->dim[d] - k->start[d];

		if (i < 0 || i >= x->dim[d])
			return -1;
		from += i * k->stride[d];
		r /= out->dim[d];
	}
	return from;
}

static void
run_pad(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct pad *k = (const struct pad *)j;
	int last = j->out->type.rank - 1;
	int64_t at = k->start[last], lo = at > 0 ? at : 0;
	int64_t hi = at + j->in[0]->type.dim[last];

	hi = hi < j->cols ? hi : j->cols;
	for (int64_t r = r0; r < r1; r++) {
		float *y = (float *)j->out->data + r * j->cols;
		int64_t from = row_of(k, r);

		if (from < 0 || hi <= lo) {
			fill(y, k->value, j->cols);
			continue;
		}
		fill(y, k->value, lo);
		memcpy(y + lo, brn_f32(j->in[0]) + from + lo - at,
		    (size_t)(hi - lo) * sizeof *y);
		fill(y + hi, k->value, j->cols - hi);
	}
}

int
BRN_FOR_ISA(brn_native_pad)(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	struct pad k = { .job = { .n = n, .in = in, .out = out,
	    .run = run_pad } };
	const struct brn_tensor *value = n->nin > 2 ? in[2] : NULL;
	const struct brn_tensor *axes = n->nin > 3 ? in[3] : NULL;
	int rank = out->type.rank;

	if (!brn_is_f32(in[0]) || rank < 1 || brn_attr_int(n, "mode") != 0)
		return BRN_DECLINED;
	for (int i = 0; i < (axes ? (int)brn_numel(axes) : rank); i++)
		k.start[axes ? brn_axis(brn_get_int(axes, i), rank) : i] =
		    brn_get_int(in[1], i);
	brn_type_strides(&in[0]->type, k.stride);
	k.value = value ? *brn_f32(value) : 0;
	k.job.cols = out->type.dim[rank - 1];
	k.job.rows = k.job.cols ? brn_numel(out) / k.job.cols : 0;
	brn_job_run(&k.job, t);
	return 0;
}
