/* SPDX-License-Identifier: Apache-2.0
 *
 * matmul and gemm of two activations, of f32 and, matmul only, of i32, in
 * blocks of 4 rows by two vectors that are accumulated in registers.  Layers,
 * whose weights are constants, have kernels.
 */
#include <string.h>

#include "runtime/native/job.h"

enum { MR = 4, NV = 2, NR = NV * BRN_LANES };

typedef uint32_t uvec
    __attribute__((vector_size(BRN_LANES * 4), aligned(4)));

struct matmul;
/* c = a . b for mr rows, all columns.  */
typedef void rows_fn(const struct matmul *g, const void *a, const void *b,
    void *c, int mr);

struct matmul {
	struct brn_job job;             /* rows: of all batches */
	rows_fn *rows;
	int64_t m, n, k;
	int64_t a_row, a_col;           /* from an element of a to the next */
	const void *b;
	int nbatch;                     /* dims of out that number batches */
	int64_t a_batch[BRN_MAX_RANK], b_batch[BRN_MAX_RANK];
	/* of a gemm: c = alpha a . b + beta z */
	const float *z;
	int64_t z_row, z_col;
	float alpha, beta;
};

/* The first n lanes, and 0.  */
static inline brn_ivec
load_some(const void *p, int64_t n)
{
#ifdef __AVX512F__
	return (brn_ivec)_mm512_maskz_loadu_epi32((__mmask16)((1u << n) - 1),
	    p);
#elif defined(__AVX2__)
	return (brn_ivec)_mm256_maskload_epi32(p,
	    (__m256i)(brn_lanes < (int32_t)n));
#else
	brn_ivec v = { 0 };

	for (int64_t i = 0; i < n; i++)
		v[i] = ((const int32_t *)p)[i];
	return v;
#endif
}

/* Rows of elements T in vectors V.  A block has nv vectors of columns, the last
 * one with `some` lanes only, unless that is 0.  The sum of an element is the
 * same in any block.  */
#define UNROLL _Pragma("GCC unroll 4")
#define MULTIPLY(name, T, V) \
	static inline __attribute__((always_inline)) void \
	block_##name(const struct matmul *g, const T *a, const T *b, T *c, \
	    const int mr, const int nv, int64_t some) \
	{ \
		V acc[MR][NV] = { 0 }; \
	\
		for (int64_t p = 0; p < g->k; p++, a += g->a_col, b += g->n) { \
			V x[NV]; \
	\
			UNROLL \
			for (int v = 0; v < nv; v++) \
				x[v] = some && v == nv - 1 ? \
				    (V)load_some(b + v * BRN_LANES, some) : \
				    *(const V *)(b + v * BRN_LANES); \
			UNROLL \
			for (int i = 0; i < mr; i++) \
				UNROLL \
				for (int v = 0; v < nv; v++) \
					acc[i][v] += a[i * g->a_row] * x[v]; \
		} \
		UNROLL \
		for (int i = 0; i < mr; i++) \
			UNROLL \
			for (int v = 0; v < nv; v++) { \
				T *to = c + i * g->n + v * BRN_LANES; \
	\
				if (some && v == nv - 1) \
					memcpy(to, &acc[i][v], \
					    (size_t)some * sizeof *to); \
				else \
					*(V *)to = acc[i][v]; \
			} \
	} \
	static inline __attribute__((always_inline)) void \
	columns_##name(const struct matmul *g, const T *a, const T *b, T *c, \
	    int mr) \
	{ \
		int64_t j = 0, some = g->n % BRN_LANES; \
	\
		for (; j + NR <= g->n; j += NR) \
			block_##name(g, a, b + j, c + j, mr, NV, 0); \
		if (g->n - j > BRN_LANES) \
			block_##name(g, a, b + j, c + j, mr, 2, some); \
		else if (g->n - j == BRN_LANES) \
			block_##name(g, a, b + j, c + j, mr, 1, 0); \
		else if (g->n > j) \
			block_##name(g, a, b + j, c + j, mr, 1, some); \
	} \
	static void \
	rows_##name(const struct matmul *g, const void *a, const void *b, \
	    void *c, int mr) \
	{ \
		if (mr == MR) \
			columns_##name(g, a, b, c, MR); \
		else \
			for (int i = 0; i < mr; i++) \
				columns_##name(g, (const T *)a + i * g->a_row, \
				    b, (T *)c + i * g->n, 1); \
	}
MULTIPLY(f32, float, brn_vec)
MULTIPLY(i32, uint32_t, uvec)

/* Elements of an operand before its matrix of a batch.  */
static int64_t
batch_at(const struct matmul *g, const int64_t *stride, int64_t batch)
{
	int64_t at = 0;

	for (int d = g->nbatch - 1; d >= 0; d--) {
		at += batch % g->job.out->type.dim[d] * stride[d];
		batch /= g->job.out->type.dim[d];
	}
	return at;
}

/* mr rows of c from row on, a sum of products, get alpha and beta z.  */
static void
add_z(const struct matmul *g, float *c, int64_t row, int mr)
{
	for (int i = 0; i < mr; i++, c += g->n) {
		const float *z = g->z + (row + i) * g->z_row;

		for (int64_t j = 0; j < g->n; j++)
			c[j] = g->alpha * c[j] + g->beta * z[j * g->z_col];
	}
}

/* Blocks end where a batch does, and results do not depend on how rows are
 * split between threads.  All types have four bytes.  */
static void
run_matmul(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct matmul *g = (const struct matmul *)j;

	for (int64_t r = r0; r < r1;) {
		int64_t batch = r / g->m, row = r % g->m;
		int64_t left = g->m - row < r1 - r ? g->m - row : r1 - r;
		int mr = left < MR ? (int)left : MR;
		float *c = (float *)j->out->data + r * g->n;

		g->rows(g, brn_f32(j->in[0]) + row * g->a_row +
		    batch_at(g, g->a_batch, batch),
		    (const float *)g->b + batch_at(g, g->b_batch, batch), c,
		    mr);
		if (g->z)
			add_z(g, c, row, mr);
		r += mr;
	}
}

/* How far apart the matrices of t are along each batch dimension of out; 0: it
 * broadcasts.  */
static void
batch_strides(const struct matmul *g, const struct brn_type *t, int64_t *step)
{
	int64_t stride[BRN_MAX_RANK];
	int skip = g->nbatch - (t->rank > 2 ? t->rank - 2 : 0);

	brn_type_strides(t, stride);
	for (int d = skip; d < g->nbatch; d++)
		step[d] = t->dim[d - skip] == 1 ? 0 : stride[d - skip];
}

int
BRN_FOR_ISA(brn_takes_matmul)(const struct brn_call *c)
{
	int dtype = c->in[0]->type.dtype;

	return dtype == BURIN_F32 || dtype == BURIN_I32;
}

int
BRN_FOR_ISA(brn_rows_matmul)(const struct brn_call *c)
{
	const struct brn_type *a = &c->in[0]->type, *b = &c->in[1]->type;
	int64_t all = brn_numel(c->out);
	struct matmul g = {
		.job = brn_job_of(c, run_matmul),
		.rows = brn_is_f32(c->out) ? rows_f32 : rows_i32,
		.m = a->rank > 1 ? a->dim[a->rank - 2] : 1,
		.n = b->rank > 1 ? b->dim[b->rank - 1] : 1,
		.k = a->dim[a->rank - 1],
		.a_row = a->dim[a->rank - 1],
		.a_col = 1,
		.b = c->in[1]->data,
		.nbatch = c->out->type.rank - (a->rank > 1) - (b->rank > 1),
	};

	if (all == 0)
		return 0;
	batch_strides(&g, a, g.a_batch);
	batch_strides(&g, b, g.b_batch);
	g.job.rows = all / g.n;
	g.job.cols = g.n;
	return brn_job_run(&g.job, c->threads);
}

/* b the other way round.  */
struct brn_room
BRN_FOR_ISA(brn_room_gemm)(const struct brn_call *c)
{
	int trans = brn_attr_int(c->n, "transB") != 0;

	return (struct brn_room){ trans ? brn_numel(c->in[1]) : 0, 0 };
}

int
BRN_FOR_ISA(brn_rows_gemm)(const struct brn_call *c)
{
	const struct brn_type *out = &c->out->type;
	const struct brn_tensor *z = c->n->nin > 2 ? c->in[2] : NULL;
	int ta = brn_attr_int(c->n, "transA") != 0;
	struct matmul g = {
		.job = brn_job_of(c, run_matmul), .rows = rows_f32,
		.m = out->dim[0], .n = out->dim[1],
		.k = c->in[0]->type.dim[!ta],
		.b = c->in[1]->data,
		.alpha = brn_attr_float(c->n, "alpha"),
		.beta = z ? brn_attr_float(c->n, "beta") : 0,
	};
	static const float none;

	g.a_row = ta ? 1 : g.k;
	g.a_col = ta ? g.m : 1;
	g.z = z ? brn_f32(z) : g.alpha != 1 ? &none : NULL;
	if (z && z->type.rank)
		g.z_col = z->type.dim[z->type.rank - 1] != 1;
	if (z && z->type.rank == 2 && z->type.dim[0] != 1)
		g.z_row = z->type.dim[1];
	if (brn_attr_int(c->n, "transB")) {
		c->native->transpose(c->in[1]->data, g.k, c->shared, g.n, g.n,
		    g.k);
		g.b = c->shared;
	}
	return brn_job_run_rows(&g.job, c->threads);
}
