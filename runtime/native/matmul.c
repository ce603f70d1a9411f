/* SPDX-License-Identifier: Apache-2.0
 *
 * matmul of two activations, as attention needs it: rows of 4, columns of two
 * lines, accumulators in registers.  Layers with weights do not come here.
 */
#include <string.h>

#include "runtime/native/isa.h"

enum { MR = 4, NV = 2, NR = NV * BRN_LANES };

struct matmul {
	struct brn_job job;             /* rows: of all batches */
	int64_t m, n, k;
	const int64_t *a_at, *b_at;     /* offsets of each batch */
};

/* c[MR][NR] = a . b; lda, ldb, ldc are row strides.  */
static inline void
tile(const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
    int64_t ldc, int64_t k, int mr)
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
edge(const float *a, int64_t lda, const float *b, int64_t ldb, float *c,
    int64_t ldc, int64_t k, int mr, int64_t nr)
{
	for (int i = 0; i < mr; i++) {
		float acc[NR] = { 0 };

		for (int64_t p = 0; p < k; p++)
			for (int64_t j = 0; j < nr; j++)
				acc[j] += a[i * lda + p] * b[p * ldb + j];
		memcpy(c + i * ldc, acc, (size_t)nr * sizeof *acc);
	}
}

static void
rows_of(const struct matmul *g, const float *a, const float *b, float *c,
    int mr)
{
	int64_t j = 0;

	for (; j + NR <= g->n; j += NR) {
		if (mr == MR)
			tile(a, g->k, b + j, g->n, c + j, g->n, g->k, MR);
		else
			for (int i = 0; i < mr; i++)
				tile(a + i * g->k, g->k, b + j, g->n,
				    c + i * g->n + j, g->n, g->k, 1);
	}
	if (j < g->n)
		edge(a, g->k, b + j, g->n, c + j, g->n, g->k, mr, g->n - j);
}

/* Rows never straddle the end of a batch, so results do not depend on how
 * rows are shared out.  */
static void
run_matmul(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct matmul *g = (const struct matmul *)j;

	for (int64_t r = r0; r < r1;) {
		int64_t batch = r / g->m, row = r % g->m;
		int64_t left = g->m - row < r1 - r ? g->m - row : r1 - r;
		int mr = left < MR ? (int)left : MR;

		rows_of(g, brn_f32(j->in[0]) + g->a_at[batch] + row * g->k,
		    brn_f32(j->in[1]) + g->b_at[batch],
		    (float *)j->out->data + r * g->n, mr);
		r += mr;
	}
}

enum { MAX_BATCH = 4096 };

/* Where the matrix of each batch of out begins in t, batch dims broadcast.  */
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

int
BRN_FOR_ISA(brn_native_matmul)(const struct brn_node *node,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t)
{
	const struct brn_type *a = &in[0]->type, *o = &out->type;
	int64_t a_at[MAX_BATCH], b_at[MAX_BATCH], nbatch = 1;
	struct matmul g = { .job = { .n = node, .in = in, .out = out,
	    .run = run_matmul } };

	if (!brn_is_f32(in[0]) || a->rank < 2 || in[1]->type.rank < 2)
		return BRN_DECLINED;
	for (int d = 0; d < o->rank - 2; d++)
		nbatch *= o->dim[d];
	g.m = o->dim[o->rank - 2];
	g.n = o->dim[o->rank - 1];
	g.k = a->dim[a->rank - 1];
	if (nbatch > MAX_BATCH)
		return BRN_DECLINED;
	batch_offsets(in[0], o, nbatch, a_at);
	batch_offsets(in[1], o, nbatch, b_at);
	g.a_at = a_at;
	g.b_at = b_at;
	g.job.rows = nbatch * g.m;
	g.job.cols = g.n;
	brn_job_run(&g.job, t);
	return 0;
}
