/* SPDX-License-Identifier: Apache-2.0
 *
 * kernels: speed of one table of kernels, block shape x sparsity x size, on
 * layers with random blocks.  Rates count stored elements (two operations
 * each) and are given as a share of the FMA rate of one core, measured in the
 * same run.  Every figure is a median over samples in which nobody else took
 * the core.
 *
 *	kernels [--blocks 16x1,4x4] [--sparsity 0.9,0.95] [--sizes 768x3072]
 *	        [--m 128] [--isa avx2,sse2] [--t0] [--json] [--quick]
 *	kernels --fit           the table of jit/cost.c
 *
 * Sizes are rows x cols, output x input features.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/peak.h"
#include "jit/jit.h"
#include "jit/load.h"

enum { MAX_LIST = 32, SAMPLES = 15, TRIES = 50 };

/* A comma separated option.  */
struct list {
	int n;
	const char *s[MAX_LIST];
};

struct cell {
	int bh, bw;
	int64_t rows, cols, m;
	double density;
	enum brn_isa isa;
	int t0;
};

struct result {
	double ns;              /* a call */
	double gflops;
	double compile_ms;
	int64_t bytes;          /* of the artifact */
	char kernel[20];
};

/* A layer with its data and its kernel.  */
struct layer {
	struct brn_bsr *b;
	float *stream, *x, *y, *bias;
	void *handle;
	brn_kernel_fn *fn;
};

static uint64_t
next_random(void)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static double
random_unit(void)
{
	return (double)(next_random() >> 11) * 0x1p-53;
}

static void
fill(float *p, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		p[i] = (float)random_unit() - 0.5f;
}

static float *
floats(int64_t n)
{
	float *p = brn_alloc_aligned((size_t)n * sizeof *p);

	if (p)
		fill(p, n);
	return p;
}

static int
make_bsr(const struct cell *c, struct brn_bsr **out, burin_error *err)
{
	float *w = brn_alloc((size_t)(c->rows * c->cols), sizeof *w);
	int rc;

	if (!w)
		return brn_nomem(err);
	for (int64_t i = 0; i < c->rows; i += c->bh)
		for (int64_t j = 0; j < c->cols; j += c->bw)
			if (random_unit() < c->density)
				w[i * c->cols + j] = 1;
	rc = brn_bsr_from_dense(&(struct brn_matrix){ w, c->rows, c->cols,
	    0 }, c->bh, c->bw, 0, out, err);
	free(w);
	if (rc == 0)
		fill((*out)->vals, (int64_t)(*out)->nblk * c->bh * c->bw);
	return rc;
}

/* Load the artifact at path into l.  */
static int
load(struct layer *l, const char *path, struct result *r, burin_error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return brn_fail(err, BURIN_EIO, "%s: cannot be read", path);
	r->bytes = st.st_size;
	rc = brn_load(fd, &l->handle, &l->fn, err);
	close(fd);
	return rc;
}

static int
make_kernel(struct layer *l, const struct cell *c, struct result *r,
    burin_error *err)
{
	char path[] = "/tmp/burin-bench.XXXXXX";
	brn_module_compile_fn *compile;
	struct brn_buf desc = { 0 };
	struct brn_spec s;
	int rc, fd;

	brn_spec_init(&s, l->b, BRN_EPI_BIAS, c->isa,
	    c->t0 ? "" : brn_compiler_id());
	snprintf(r->kernel, sizeof r->kernel, "%s",
	    brn_kernels[s.kernel].name);
	l->fn = brn_t0(c->isa);
	if ((rc = brn_pack_stream(&s, l->b->vals, &l->stream, err)) < 0)
		return rc;
	if (brn_kernels[s.kernel].tier == 0)
		return 0;
	if ((rc = brn_load_module(&compile, err)) < 0)
		return rc;
	fd = mkstemp(path);
	if (fd < 0)
		return brn_fail(err, BURIN_EIO, "%s: cannot be made", path);
	close(fd);
	brn_spec_encode(&s, &desc);
	r->compile_ms = brn_now_ms();
	rc = compile(desc.p, desc.n, path, err);
	r->compile_ms = brn_now_ms() - r->compile_ms;
	if (rc == 0)
		rc = load(l, path, r, err);
	remove(path);
	brn_buf_free(&desc);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* How often somebody else took the core.  */
static long
interruptions(void)
{
	struct rusage r;

	getrusage(RUSAGE_THREAD, &r);
	return r.ru_nivcsw;
}

/* Milliseconds of reps calls without an interruption, if that can be had.  */
static double
undisturbed(brn_kernel_fn *fn, const struct brn_kernel_args *a, int reps)
{
	double t = 0;

	for (int try = 0; try < TRIES; try++) {
		long before = interruptions();

		fn(a);
		t = brn_now_ms();
		for (int j = 0; j < reps; j++)
			fn(a);
		t = brn_now_ms() - t;
		if (interruptions() == before)
			break;
	}
	return t;
}

/* Nanoseconds a call; each sample takes about a millisecond.  */
static double
time_calls(brn_kernel_fn *fn, const struct brn_kernel_args *a)
{
	double sample[SAMPLES];
	int reps = 1 + (int)(1 / undisturbed(fn, a, 1));

	for (int i = 0; i < SAMPLES; i++)
		sample[i] = undisturbed(fn, a, reps) / reps * 1e6;
	return median(sample, SAMPLES);
}

static int
run_layer(struct layer *l, const struct cell *c, struct result *r,
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
	if ((rc = make_kernel(l, c, r, err)) < 0)
		return rc;
	r->ns = time_calls(l->fn, &(struct brn_kernel_args){ .x = l->x,
	    .vals = l->b->vals, .stream = l->stream, .bias = l->bias,
	    .y = l->y, .tile1 = tiles,
	    .tokens = c->m < BRN_TILE ? c->m : 0,
	    .brow1 = b->nbrow, .rowptr = b->rowptr, .colidx = b->colidx,
	    .bh = b->bh, .bw = b->bw, .nbrow = b->nbrow, .nbcol = b->nbcol });
	r->gflops = 2.0 * b->nblk * b->bh * b->bw * (double)c->m / r->ns;
	return 0;
}

static int
run(const struct cell *c, struct result *r, burin_error *err)
{
	struct layer l = { 0 };
	int rc;

	*r = (struct result){ 0 };
	rc = make_bsr(c, &l.b, err);
	if (rc == 0)
		rc = run_layer(&l, c, r, err);
	brn_unload(l.handle);
	brn_bsr_free(l.b);
	free(l.stream);
	free(l.x);
	free(l.y);
	free(l.bias);
	return rc;
}

static struct list
split(char *arg)
{
	struct list l = { 0 };

	for (char *s = strtok(arg, ","); s && l.n < MAX_LIST;
	    s = strtok(NULL, ","))
		l.s[l.n++] = s;
	return l;
}

struct sweep {
	struct list blocks, sparsity, sizes, m, isas;
	int t0, json;
	double peak, read;              /* GFLOP/s and GB/s */
	int nrow;                       /* printed */
};

/* Share of the read rate that the weights alone take.  */
static double
read_fraction(const struct sweep *w, const struct cell *c,
    const struct result *r)
{
	return w->read > 0 ? 2 * r->gflops / (double)c->m / w->read : 0;
}

static void
print_row(struct sweep *w, const struct cell *c, const struct result *r)
{
	double share = r->gflops / w->peak;

	if (w->json)
		printf("%s\n {\"block\": [%d, %d], \"mask\": \"uniform\", "
		    "\"sparsity\": %g, \"rows\": %lld, \"cols\": %lld, "
		    "\"m\": %lld, \"threads\": 1, \"isa\": \"%s\", "
		    "\"kernel\": \"%s\", \"gflops\": %.2f, "
		    "\"peak_fraction\": %.4f, \"read_fraction\": %.4f, "
		    "\"compile_ms\": %.1f, \"code_bytes\": %lld}",
		    w->nrow ? "," : "", c->bh, c->bw, 1 - c->density,
		    (long long)c->rows, (long long)c->cols, (long long)c->m,
		    brn_isas[c->isa].name, r->kernel, r->gflops, share,
		    read_fraction(w, c, r), r->compile_ms,
		    (long long)r->bytes);
	else
		printf("%2dx%-2d %4lldx%-4lld %.2f %4lld %-7s %-7s %6.1f "
		    "%5.1f%% %5.1f%% %4.0f ms %7lld\n", c->bh, c->bw,
		    (long long)c->rows, (long long)c->cols, 1 - c->density,
		    (long long)c->m, brn_isas[c->isa].name, r->kernel,
		    r->gflops, 100 * share, 100 * read_fraction(w, c, r),
		    r->compile_ms, (long long)r->bytes);
	w->nrow++;
	fflush(stdout);
}

/* All cells of a block shape and their median.  */
static int
run_block(struct sweep *w, struct cell *c, burin_error *err)
{
	double share[MAX_LIST * MAX_LIST], worst = 1e9;
	struct result r;
	int n = 0, rc;

	for (int i = 0; i < w->sizes.n * w->sparsity.n * w->m.n &&
	    n < BRN_COUNT(share); i++) {
		const char *size = w->sizes.s[i % w->sizes.n];
		int j = i / w->sizes.n;
		long long rows = 0, cols = 0;

		if (sscanf(size, "%lldx%lld", &rows, &cols) != 2 || rows < 1 ||
		    cols < 1)
			return brn_fail(err, BURIN_EINVAL,
			    "%s: wanted ROWSxCOLS", size);
		c->rows = rows;
		c->cols = cols;
		c->density = 1 - atof(w->sparsity.s[j % w->sparsity.n]);
		c->m = atoll(w->m.s[j / w->sparsity.n]);
		if ((rc = run(c, &r, err)) < 0)
			return rc;
		share[n++] = 100 * r.gflops / w->peak;
		worst = share[n - 1] < worst ? share[n - 1] : worst;
		print_row(w, c, &r);
	}
	if (w->json)
		return 0;
	printf("%2dx%-2d %-24s %-7s median        %5.1f%% worst %5.1f%%\n",
	    c->bh, c->bw, "", brn_isas[c->isa].name, median(share, n), worst);
	return 0;
}

static int
run_blocks(struct sweep *w, burin_error *err)
{
	struct cell c = { .t0 = w->t0 };
	int rc, isa;

	for (int i = 0; i < w->isas.n * w->blocks.n; i++) {
		const char *block = w->blocks.s[i % w->blocks.n];

		isa = brn_isa_parse(w->isas.s[i / w->blocks.n]);
		if (isa < 0 || !brn_isa_runs((enum brn_isa)isa))
			return brn_fail(err, BURIN_EINVAL,
			    "%s: does not run here",
			    w->isas.s[i / w->blocks.n]);
		c.isa = (enum brn_isa)isa;
		if (sscanf(block, "%dx%d", &c.bh, &c.bw) != 2 || c.bh < 1 ||
		    c.bw < 1)
			return brn_fail(err, BURIN_EINVAL,
			    "%s: wanted a block, RxC", block);
		if ((rc = run_block(w, &c, err)) < 0)
			return rc;
	}
	return 0;
}

static int
run_all(struct sweep *w, burin_error *err)
{
	int rc;

	w->peak = bench_peak();
	w->read = bench_read();
	printf(w->json ? "{\"peak_gflops\": %.1f, \"read_gbs\": %.1f, "
	    "\"rows\": [" : "peak %.1f GFLOP/s, read %.1f GB/s; block, size, "
	    "sparsity, tokens, isa, kernel, GFLOP/s, share of peak, of read, "
	    "compile time, bytes\n", w->peak, w->read);
	rc = run_blocks(w, err);
	if (w->json)
		printf("\n]}\n");
	return rc;
}

/* Nanoseconds a tile of a layer of SIZE x SIZE.  */
enum { SIZE = 768, TOKENS = 128 };

static int
time_layer(enum brn_isa isa, int bh, double density, double *ns,
    burin_error *err)
{
	struct cell c = { bh, 1, SIZE, SIZE, TOKENS, density, isa, 0 };
	struct result r;
	int rc = run(&c, &r, err);

	if (rc == 0)
		*ns = r.ns / (TOKENS / BRN_TILE);
	return rc;
}

/* Two densities give what a weight and what a block row costs, the full layer
 * what a weight costs without indices.  */
static int
fit_isa(enum brn_isa isa, burin_error *err)
{
	static const double lo = 0.05, hi = 0.2, all = (double)SIZE * SIZE;
	double a = 0, b = 0, fma, row;
	int rc;

	for (int bh = 1; bh <= 32; bh *= 2) {
		if ((rc = time_layer(isa, bh, lo, &a, err)) < 0 ||
		    (rc = time_layer(isa, bh, hi, &b, err)) < 0)
			return rc;
		fma = (b - a) / (hi - lo) / all;
		row = (a - fma * lo * all) / (SIZE / bh);
		printf("%-7s %4d { %.3f, %.1f },\n", brn_isas[isa].name, bh,
		    fma, row > 0 ? row : 0);
	}
	if ((rc = time_layer(isa, BRN_TILE, 2, &a, err)) == 0)
		printf("%-7s full { %.3f, 0 },\n", brn_isas[isa].name,
		    a / all);
	fflush(stdout);
	return rc;
}

static int
fit(burin_error *err)
{
	int rc = 0;

	for (int isa = BRN_NUM_ISAS - 1; isa >= 0 && rc == 0; isa--)
		if (brn_isa_runs((enum brn_isa)isa))
			rc = fit_isa((enum brn_isa)isa, err);
	return rc;
}

/* What shows most in least time.  */
static struct sweep
quick(struct sweep w)
{
	w.sparsity = (struct list){ 2, { "0.8", "0.95" } };
	w.sizes = (struct list){ 2, { "768x768", "768x3072" } };
	return w;
}

static const struct option options[] = {
	{ "blocks", required_argument, NULL, 'b' },
	{ "sparsity", required_argument, NULL, 's' },
	{ "sizes", required_argument, NULL, 'z' },
	{ "m", required_argument, NULL, 'm' },
	{ "isa", required_argument, NULL, 'i' },
	{ "t0", no_argument, NULL, '0' },
	{ "json", no_argument, NULL, 'j' },
	{ "quick", no_argument, NULL, 'q' },
	{ "fit", no_argument, NULL, 'f' },
	{ 0 },
};

int
main(int argc, char **argv)
{
	struct sweep w = {
		.blocks = { 12, { "32x1", "16x1", "8x1", "4x1", "2x1", "1x1",
		    "4x4", "16x16", "32x32", "1x4", "1x8", "1x16" } },
		.sparsity = { 3, { "0.8", "0.9", "0.95" } },
		.sizes = { 3, { "768x768", "3072x768", "768x3072" } },
		.m = { 1, { "128" } },
		.isas = { 1, { "auto" } },
	};
	int opt, fitting = 0, rc;
	burin_error err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (opt) {
		case 'b': w.blocks = split(optarg); break;
		case 's': w.sparsity = split(optarg); break;
		case 'z': w.sizes = split(optarg); break;
		case 'm': w.m = split(optarg); break;
		case 'i': w.isas = split(optarg); break;
		case '0': w.t0 = 1; break;
		case 'j': w.json = 1; break;
		case 'q': w = quick(w); break;
		case 'f': fitting = 1; break;
		default: return 2;
		}
	rc = fitting ? fit(&err) : run_all(&w, &err);
	if (rc < 0)
		fprintf(stderr, "kernels: %s\n", err.msg);
	return rc < 0;
}
