/* SPDX-License-Identifier: Apache-2.0
 *
 * transpose of elements of any type.  Dimensions that stay together are one.
 * Where the last dimension of the result is not the last of x, that one and the
 * last of the result are transposed as planes, in blocks of registers.
 */
#include <string.h>

#include "runtime/native/job.h"

struct transpose {
	struct brn_job job;             /* rows: of planes, or of elements */
	int rank;                       /* of what follows */
	int64_t dim[BRN_MAX_RANK];      /* of the result */
	int64_t from[BRN_MAX_RANK], to[BRN_MAX_RANK];   /* strides */
	int turned;                     /* the dimension with from 1; -1 */
	int64_t parts;                  /* rows of a plane */
};

enum { PART = 32, BYTES = 16 };

/* Rows i and i + half, element by element, are rows 2i and 2i + 1 of what comes
 * next; when that is done log2(BLOCK) times, rows are columns.  */
#define BLOCK(T) ((int)(BYTES / sizeof (T)))
/* Rows live in registers only if no index is a variable.  */
#define UNROLL _Pragma("GCC unroll 16")
#define PLANE(T, V) \
	typedef T V __attribute__((vector_size(BYTES), \
	    aligned(sizeof (T)), may_alias)); \
	static inline void \
	turn_##T(const T *x, int64_t ldx, T *y, int64_t ldy) \
	{ \
		const V lo = { LO_##V }, hi = lo + BYTES / sizeof (T) / 2; \
		V r[BYTES / sizeof (T)], t[BYTES / sizeof (T)]; \
	\
		UNROLL \
		for (int i = 0; i < BLOCK(T); i++) \
			r[i] = *(const V *)(x + i * ldx); \
		UNROLL \
		for (int s = 1; s < BLOCK(T); s *= 2) { \
			UNROLL \
			for (int i = 0; i < BLOCK(T) / 2; i++) { \
				V a = r[i], b = r[i + BLOCK(T) / 2]; \
	\
				t[2 * i] = __builtin_shuffle(a, b, lo); \
				t[2 * i + 1] = __builtin_shuffle(a, b, hi); \
			} \
			UNROLL \
			for (int i = 0; i < BLOCK(T); i++) \
				r[i] = t[i]; \
		} \
		UNROLL \
		for (int i = 0; i < BLOCK(T); i++) \
			*(V *)(y + i * ldy) = r[i]; \
	} \
	/* y[q][i] = x[i][q]: m rows of n.  */ \
	static void \
	plane_##T(const void *from, int64_t ldx, void *to, int64_t ldy, \
	    int64_t m, int64_t n) \
	{ \
		const T *x = from; \
		T *y = to; \
		int64_t mb = m - m % BLOCK(T), nb = n - n % BLOCK(T); \
	\
		for (int64_t i = 0; i < nb; i += BLOCK(T)) \
			for (int64_t q = 0; q < mb; q += BLOCK(T)) \
				turn_##T(x + i * ldx + q, ldx, \
				    y + q * ldy + i, ldy); \
		for (int64_t q = 0; q < m; q++) \
			for (int64_t i = q < mb ? nb : 0; i < n; i++) \
				y[q * ldy + i] = x[i * ldx + q]; \
	}
#define LO_v8 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define LO_v16 0, 8, 1, 9, 2, 10, 3, 11
#define LO_v32 0, 4, 1, 5
#define LO_v64 0, 2
PLANE(uint8_t, v8)
PLANE(uint16_t, v16)
PLANE(uint32_t, v32)
PLANE(uint64_t, v64)

/* By the size of an element.  */
static void (*const planes[])(const void *, int64_t, void *, int64_t, int64_t,
    int64_t) = {
	[1] = plane_uint8_t, [2] = plane_uint16_t, [4] = plane_uint32_t,
	[8] = plane_uint64_t,
};

/* Where row r of the dimensions that are neither the last nor turned is.  */
static void
locate(const struct transpose *k, int64_t r, int64_t *from, int64_t *to)
{
	*from = *to = 0;
	for (int d = k->rank - 2; d >= 0; d--) {
		int64_t i;

		if (d == k->turned)
			continue;
		i = r % k->dim[d];
		r /= k->dim[d];
		*from += i * k->from[d];
		*to += i * k->to[d];
	}
}

static void
run_rows(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct transpose *k = (const struct transpose *)j;
	size_t size = brn_dtype_size(j->out->type.dtype);

	for (int64_t r = r0; r < r1; r++) {
		int64_t from, to;

		locate(k, r, &from, &to);
		memcpy((char *)j->out->data + (size_t)to * size,
		    (const char *)j->in[0]->data + (size_t)from * size,
		    (size_t)j->cols * size);
	}
}

/* Parts of PART rows of planes.  */
static void
run_planes(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct transpose *k = (const struct transpose *)j;
	size_t size = brn_dtype_size(j->out->type.dtype);
	int64_t m = k->dim[k->turned], ldy = k->to[k->turned];

	for (int64_t r = r0; r < r1; r++) {
		int64_t from, to, q = r % k->parts * PART;

		locate(k, r / k->parts, &from, &to);
		planes[size]((const char *)j->in[0]->data +
		    (size_t)(from + q) * size, k->from[k->rank - 1],
		    (char *)j->out->data + (size_t)(to + q * ldy) * size, ldy,
		    m - q < PART ? m - q : PART, k->dim[k->rank - 1]);
	}
}

/* The dimensions of the result, those that stay together as one.  */
static void
set_dims(struct transpose *k, const struct brn_call *c)
{
	const struct brn_attr *perm = brn_attr(c->n, "perm");
	const struct brn_type *out = &c->out->type;
	int64_t from[BRN_MAX_RANK], to[BRN_MAX_RANK];

	brn_type_strides(&c->in[0]->type, from);
	brn_type_strides(out, to);
	for (int d = 0; d < out->rank; d++) {
		int64_t step = from[perm ? perm->ints[d] : out->rank - 1 - d];
		int last = k->rank - 1;

		if (out->dim[d] == 1)
			continue;
		if (last >= 0 && k->from[last] == step * out->dim[d]) {
			k->dim[last] *= out->dim[d];
		} else {
			k->dim[++last] = out->dim[d];
			k->rank++;
		}
		k->from[last] = step;
		k->to[last] = to[d];
	}
}

int
BRN_FOR_ISA(brn_rows_transpose)(const struct brn_call *c)
{
	struct transpose k = { .job = brn_job_of(c, run_rows), .turned = -1 };
	int64_t all = brn_numel(c->out), n;

	set_dims(&k, c);
	if (all == 0)
		return 0;
	if (k.rank == 0) {              /* one element */
		k.rank = 1;
		k.dim[0] = k.from[0] = k.to[0] = 1;
	}
	n = k.job.cols = k.dim[k.rank - 1];
	k.job.rows = all / n;
	if (k.from[k.rank - 1] == 1)
		return brn_job_run(&k.job, c->threads);
	k.job.run = run_planes;
	for (k.turned = 0; k.from[k.turned] != 1;)
		k.turned++;
	k.parts = (k.dim[k.turned] + PART - 1) / PART;
	k.job.rows = k.job.rows / k.dim[k.turned] * k.parts;
	k.job.cols = n * PART;
	return brn_job_run(&k.job, c->threads);
}
