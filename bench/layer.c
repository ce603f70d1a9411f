/* SPDX-License-Identifier: Apache-2.0
 *
 * Make weights and data, compile the kernel, time it.  The cache is not used:
 * every kernel is compiled anew.
 */
#include "bench/layer.h"

#include "bench/crew.h"
#include "bench/patterns.h"
#include "jit/builtin/bf16.h"
#include "jit/builtin/few_tokens.h"
#include "jit/builtin/few_weights.h"
#include "jit/builtin/t0.h"
#include "jit/get/load.h"
#include "jit/kernel/choose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct layer {
	struct brn_bsr *b;
	struct brn_spec s;
	int32_t grain;
	void *stream;
	float *x, *y, *bias;
	struct brn_few_weights *few;
	void *handle;
	brn_kernel_fn *fn;
};

static void
fill(float *p, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		p[i] = (float)bench_random() - 0.5f;
}

static float *
floats(int64_t n)
{
	float *p = brn_alloc_aligned((size_t)n * sizeof *p);

	if (p)
		fill(p, n);
	return p;
}

/* A weight; of i8 an integer.  */
static float
weight(enum brn_elem e)
{
	double v = bench_random();

	return e == BRN_ELEM_i8 ? (float)(int)(v * 255 - 127) : (float)v - 0.5f;
}

static int
make_bsr(const struct bench_cell *c, struct brn_bsr **out, burin_error *err)
{
	struct bench_pattern p = { c->rows, c->cols, c->bh, c->bw,
	    c->density };
	float *w = brn_alloc((size_t)(c->rows * c->cols), sizeof *w);
	int rc;

	if (!w)
		return brn_nomem(err);
	if (bench_pattern(c->mask, &p, w) < 0)
		rc = brn_fail(err, BURIN_EINVAL, "%s: unknown mask", c->mask);
	else
		rc = brn_bsr_from_dense(&(struct brn_matrix){ w, c->rows,
		    c->cols, 0, NULL, NULL }, c->bh, c->bw, 0, out, err);
	free(w);
	for (int64_t i = 0; rc == 0 && i < (int64_t)(*out)->nblk * c->bh *
	    c->bw; i++)
		(*out)->vals[i] = weight(c->elem);
	return rc;
}

/* Load the artifact at path into l.  */
static int
load(struct layer *l, const char *path, struct bench_result *r,
    burin_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	r->bytes = st.st_size;
	rc = brn_load(fd, &l->handle, &l->fn, err);
	close(fd);
	return rc;
}

static int
compile(struct layer *l, struct bench_result *r, burin_error *err)
{
	char path[] = "/tmp/burin-bench.XXXXXX";
	brn_module_compile_fn *module;
	struct brn_buf desc = { 0 };
	int rc, fd;

	if ((rc = brn_load_module(&module, err)) < 0)
		return rc;
	fd = mkstemp(path);
	if (fd < 0)
		return brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	close(fd);
	brn_spec_encode(&l->s, &desc);
	r->compile_ms = brn_now_ms();
	rc = module(desc.p, desc.n, path, NULL, err);
	r->compile_ms = brn_now_ms() - r->compile_ms;
	if (rc == 0)
		rc = load(l, path, r, err);
	remove(path);
	brn_buf_free(&desc);
	return rc;
}

static int
make_kernel(struct layer *l, const struct bench_cell *c,
    struct bench_result *r, burin_error *err)
{
	struct brn_plan plan;
	int rc;

	brn_spec_init(&l->s, l->b, c->elem == BRN_ELEM_i8 ? 0 : BRN_EPI_BIAS,
	    c->isa, c->t0 ? "" : brn_compiler_id());
	l->s.elem = c->elem;
	if ((rc = brn_choose(&l->s, c->kernel, &plan, err)) < 0)
		return rc;
	l->grain = plan.grain;
	brn_kernel_count(&l->s, &plan.rows, &r->count);
	r->kernel = brn_kernels[l->s.kernel].name;
	l->fn = brn_tier_0(&l->s, c->isa);
	rc = brn_pack_stream(&l->s, &plan, l->b->vals, NULL, &l->stream, err);
	brn_plan_clear(&plan);
	if (rc < 0 || (rc = brn_few_weights_pack(&l->s, l->b->vals, &l->few,
	    err)) < 0)
		return rc;
	return brn_kernels[l->s.kernel].tier ? compile(l, r, err) : 0;
}

static void
time_kernel(const struct layer *l, const struct bench_cell *c,
    struct bench_result *r)
{
	const struct brn_bsr *b = l->b;
	struct brn_kernel_args a = {
		.x = l->x, .vals = b->vals, .stream = l->stream,
		.bias = l->bias, .y = l->y,
		.tile1 = (c->m + BRN_TILE - 1) / BRN_TILE,
		.tokens = c->m < BRN_TILE ? c->m : 0,
		.brow1 = b->nbrow, .rowptr = b->rowptr, .colidx = b->colidx,
		.bh = b->bh, .bw = b->bw, .nbrow = b->nbrow,
		.nbcol = b->nbcol, .few = l->few,
	};
	int few = c->elem == BRN_ELEM_f32 && (c->m <= BRN_FEW_TOKENS ||
	    (l->few && a.tile1 <= brn_few_weights_tiles(&l->s)));
	struct bench_time t = bench_time(&(struct bench_calls){
	    few ? brn_few_tokens(c->isa) : l->fn, &a, c->threads,
	    l->grain });

	r->ns = t.median;
	r->least_ns = t.least;
	r->gflops = 2.0 * b->nblk * b->bh * b->bw * (double)c->m / r->ns;
	r->stored = brn_bsr_density(b);
}

static void
round_x(struct layer *l, int64_t tiles)
{
	int64_t cols = (int64_t)l->b->nbcol * l->b->bw;

	for (int64_t t = 0; t < tiles; t++)
		brn_bf16_tile(l->x + t * cols * BRN_TILE, cols);
}

static int
run(struct layer *l, const struct bench_cell *c, struct bench_result *r,
    burin_error *err)
{
	int64_t tiles = (c->m + BRN_TILE - 1) / BRN_TILE;
	const struct brn_bsr *b = l->b;
	int rc;

	l->x = floats(tiles * b->nbcol * b->bw * BRN_TILE);
	l->y = floats(tiles * b->nbrow * b->bh * BRN_TILE);
	l->bias = floats((int64_t)b->nbrow * b->bh);
	if (!l->x || !l->y || !l->bias)
		return brn_nomem(err);
	if (c->elem == BRN_ELEM_bf16)
		round_x(l, tiles);
	if ((rc = make_kernel(l, c, r, err)) < 0)
		return rc;
	time_kernel(l, c, r);
	return 0;
}

int
bench_layer(const struct bench_cell *c, struct bench_result *r,
    burin_error *err)
{
	struct layer l = { 0 };
	int rc;

	*r = (struct bench_result){ 0 };
	rc = make_bsr(c, &l.b, err);
	if (rc == 0)
		rc = run(&l, c, r, err);
	brn_unload(l.handle);
	brn_bsr_free(l.b);
	free(l.stream);
	brn_few_weights_free(l.few);
	free(l.x);
	free(l.y);
	free(l.bias);
	return rc;
}
