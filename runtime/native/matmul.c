/* SPDX-License-Identifier: Apache-2.0
 *
 * matmul of two activations, in blocks of 4 rows by two vectors that are
 * accumulated in registers.  Layers, whose weights are constants, have kernels.
 */
#include <string.h>

#include "runtime/native/job.h"

enum { MR = 4, NV = 2, NR = NV * BRN_LANES };

struct matmul {
	struct brn_job job;             /* rows: of all batches */
	int64_t m, n, k;
	const int64_t *a_at, *b_at;     /* offsets of each batch */
};

/* c[MR][NR] = a . b; lda, ldb, ldc are row strides.  */
static inline void
multiply_block(const float *a, int64_t lda, const float *b, int64_t ldb,
    float *c, int64_t ldc, int64_t k, int mr)
{
	brn_vec acc[MR][NV] = { 0 };

	for (int64_t p = 0; p < k; p++) {
		brn_vec b0 = *(const brn_vec *)(b + p * ldb);
		brn_vec b1 = *(const brn_vec *)(b + p * ldb + BRN_LANES);

		for (int i = 0; i < mr; i++) {
			acc[i][0] += a[i * lda + p] * b0;
			acc[i][1] += a[i * lda + p] * b1;
		}
	}
	for (int i = 0; i < mr; i++)
		for (int v = 0; v < NV; v++)
			*(brn_vec *)(c + i * ldc + v * BRN_LANES) = acc[i][v];
}

/* The columns past the last full NR.  */
static void
multiply_edge(const float *a, int64_t lda, const float *b, int64_t ldb,
    float *c, int64_t ldc, int64_t k, int mr, int64_t nr)
{
	for (int i = 0; i < mr; i++) {
		float acc[NR] = { 0 };

		for (int64_t p = 0; p < k; p++)
			for (int64_t j = 0; j < nr; j++)
				acc[j] += a[i * lda + p] * b[p * ldb + j];
		memcpy(c + i * ldc, acc, (size_t)nr * sizeof *acc);
	}
}

/* mr rows of c, all columns.  */
static void
multiply_rows(const struct matmul *g, const float *a, const float *b, float *c,
    int mr)
{
	int64_t j = 0;

	for (; j + NR <= g->n; j += NR) {
		if (mr == MR)
			multiply_block(a, g->k, b + j, g->n, c + j, g->n,
			    g->k, MR);
		else
			for (int i = 0; i < mr; i++)
				multiply_block(a + i * g->k, g->k, b + j, g->n,
				    c + i * g->n + j, g->n, g->k, 1);
	}
	if (j < g->n)
		multiply_edge(a, g->k, b + j, g->n, c + j, g->n, g->k, mr,
		    g->n - j);
}

/* Blocks end where a batch does.  The sum of an element is the same in any
 * block, so results do not depend on how rows are split between threads.  */
static void
run_matmul(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct matmul *g = (const struct matmul *)j;

	for (int64_t r = r0; r < r1;) {
		int64_t batch = r / g->m, row = r % g->m;
		int64_t left = g->m - row < r1 - r ? g->m - row : r1 - r;
		int mr = left < MR ? (int)left : MR;

		multiply_rows(g, brn_f32(j->in[0]) + g->a_at[batch] +
		    row * g->k, brn_f32(j->in[1]) + g->b_at[batch],
		    (float *)j->out->data + r * g->n, mr);
		r += mr;
	}
}

enum { MAX_BATCH = 4096 };

/* Offset in t of the matrix of each batch of out; batch dims broadcast.  */
static void
batch_offsets(const struct brn_tensor *t, const struct brn_type *out,
    int64_t nbatch, int64_t *at)
{
	int64_t stride[BRN_MAX_RANK];
	int skip = out->rank - t->type.rank;

	brn_type_strides(&t->type, stride);
	for (int64_t b = 0; b < nbatch; b++) {
		int64_t rest = b;

		at[b] = 0;
		for (int d = out->rank - 3; d >= 0; d--) {
			int64_t i = rest % out->dim[d];

			rest /= out->dim[d];
			if (d >= skip && t->type.dim[d - skip] != 1)
				at[b] += i * stride[d - skip];
		}
	}
}

static int64_t
count_batches(const struct brn_type *out)
{
	int64_t n = 1;

	for (int d = 0; d < out->rank - 2; d++)
		n *= out->dim[d];
	return n;
}

int
BRN_FOR_ISA(brn_takes_matmul)(const struct brn_call *c)
{
	return brn_is_f32(c->in[0]) && c->in[0]->type.rank >= 2 &&
	    c->in[1]->type.rank >= 2 &&
	    count_batches(&c->out->type) <= MAX_BATCH;
}

int
BRN_FOR_ISA(brn_rows_matmul)(const struct brn_call *c)
{
	const struct brn_type *a = &c->in[0]->type, *o = &c->out->type;
	int64_t a_at[MAX_BATCH], b_at[MAX_BATCH], nbatch = count_batches(o);
	struct matmul g = {
		.job = brn_job_of(c, run_matmul),
		.m = o->dim[o->rank - 2],
		.n = o->dim[o->rank - 1],
		.k = a->dim[a->rank - 1],
		.a_at = a_at,
		.b_at = b_at,
	};

	batch_offsets(c->in[0], o, nbatch, a_at);
	batch_offsets(c->in[1], o, nbatch, b_at);
	g.job.rows = nbatch * g.m;
	g.job.cols = g.n;
	return brn_job_run(&g.job, c->threads);
}
