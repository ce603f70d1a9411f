/* SPDX-License-Identifier: Apache-2.0
 *
 * OpenBLAS multiplies by the dense weights, x and y in row-major order.
 * LIBXSMM (1.17 in Debian) has a kernel for unstructured sparsity whose x and y
 * are tiles of 16 tokens like ours.  It is fully unrolled into a buffer of 128
 * KB without a check whether it fits, hence LIBXSMM_WEIGHTS.
 */
#include "bench/rivals.h"

#include "bench/crew.h"
#include "bench/patterns.h"

#include <stdlib.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif
#ifdef HAVE_LIBXSMM
#include <libxsmm.h>
#endif

enum { LIBXSMM_WEIGHTS = 4000 };

/* b has 1x1 blocks, so that its block rows are rows.  */
struct rival {
	const struct bench_cell *c;
	struct brn_bsr *b;
	float *w, *x, *y;
};

#if defined(HAVE_OPENBLAS) || defined(HAVE_LIBXSMM)

static double
nanoseconds(const struct rival *r, brn_kernel_fn *fn, const float *vals)
{
	struct brn_kernel_args a = {
		.x = r->x, .vals = vals, .y = r->y,
		.tile1 = (r->c->m + BRN_TILE - 1) / BRN_TILE,
		.rowptr = r->b->rowptr, .nbrow = r->b->nbrow,
		.nbcol = r->b->nbcol,
	};

	return bench_time(&(struct bench_calls){ fn, &a, 1, 1 }).median;
}

#endif

#ifdef HAVE_OPENBLAS

static void
sgemm(const struct brn_kernel_args *a)
{
	int m = (int)a->tile1 * BRN_TILE;
	int rows = (int)a->nbrow, cols = (int)a->nbcol;

	cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, rows, cols,
	    1, a->x, cols, a->vals, cols, 0, a->y, rows);
}

static double
time_openblas(const struct rival *r)
{
	openblas_set_num_threads(1);
	return nanoseconds(r, sgemm, r->w);
}

#else

static double
time_openblas(const struct rival *r)
{
	(void)r;
	return 0;
}

#endif

#ifdef HAVE_LIBXSMM

static libxsmm_smmfunction kernel;

static void
spmm(const struct brn_kernel_args *a)
{
	for (int64_t t = 0; t < a->tile1; t++)
		kernel(a->vals, a->x + t * a->nbcol * BRN_TILE,
		    a->y + t * a->nbrow * BRN_TILE);
}

static double
time_libxsmm(const struct rival *r)
{
	const struct brn_bsr *b = r->b;
	libxsmm_descriptor_blob blob;
	libxsmm_xmmfunction f;
	double ns;

	if (b->nblk == 0 || b->nblk > LIBXSMM_WEIGHTS)
		return 0;
	libxsmm_init();
	f = libxsmm_create_xcsr_soa(libxsmm_gemm_descriptor_dinit(&blob,
	    LIBXSMM_GEMM_PRECISION_F32, b->nbrow, 1, b->nbcol, 0, 1, 1, 1, 0,
	    LIBXSMM_GEMM_FLAG_NONE, LIBXSMM_GEMM_PREFETCH_NONE),
	    (const unsigned *)b->rowptr, (const unsigned *)b->colidx, b->vals,
	    BRN_TILE);
	kernel = f.smm;
	if (!kernel)
		return 0;
	ns = nanoseconds(r, spmm, b->vals);
	libxsmm_release_kernel((const void *)kernel);
	return ns;
}

#else

static double
time_libxsmm(const struct rival *r)
{
	(void)r;
	return 0;
}

#endif

static float *
floats(int64_t n)
{
	float *p = brn_alloc_aligned((size_t)n * sizeof *p);

	for (int64_t i = 0; p && i < n; i++)
		p[i] = (float)bench_random() - 0.5f;
	return p;
}

static int
run(struct rival *r, struct bench_rivals *out, burin_error *err)
{
	const struct bench_cell *c = r->c;
	int64_t m = (c->m + BRN_TILE - 1) / BRN_TILE * BRN_TILE;
	struct brn_matrix w = { r->w, c->rows, c->cols, 0, NULL };
	int rc;

	if (bench_pattern(c->mask, &(struct bench_pattern){ c->rows, c->cols,
	    c->bh, c->bw, c->density }, r->w) < 0)
		return brn_fail(err, BURIN_EINVAL, "%s: unknown mask",
		    c->mask);
	if ((rc = brn_bsr_from_dense(&w, 1, 1, 0, &r->b, err)) < 0)
		return rc;
	r->x = floats(m * c->cols);
	r->y = floats(m * c->rows);
	if (!r->x || !r->y)
		return brn_nomem(err);
	out->openblas = time_openblas(r);
	out->libxsmm = time_libxsmm(r);
	return 0;
}

int
bench_rivals(const struct bench_cell *c, struct bench_rivals *out,
    burin_error *err)
{
	struct rival r = { .c = c };
	int rc;

	*out = (struct bench_rivals){ 0 };
	r.w = brn_alloc((size_t)(c->rows * c->cols), sizeof *r.w);
	rc = r.w ? run(&r, out, err) : brn_nomem(err);
	brn_bsr_free(r.b);
	free(r.w);
	free(r.x);
	free(r.y);
	return rc;
}
