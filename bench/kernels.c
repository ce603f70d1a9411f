/* SPDX-License-Identifier: Apache-2.0
 *
 * kernels: speed of one table of kernels, block shape x sparsity x size, on
 * layers with made-up masks.  Rates count stored elements (two operations
 * each) and are given as a share of the FMA rate of the cores, measured in the
 * same run.  Every figure is a median over samples in which nobody else took
 * the core.
 *
 *	kernels [--blocks 16x1,4x4] [--sparsity 0.9,0.95] [--sizes 768x3072]
 *	        [--m 128] [--threads 1,2] [--masks uniform,square]
 *	        [--isa avx2,sse2] [--precision bf16|i8] [--t0] [--kernel t2]
 *	        [--dense] [--rivals] [--json] [--quick]
 *	kernels --fit [--isa avx2]      jit/kernel/cost.def
 *
 * Sizes are rows x cols, output x input features; --dense takes the dense layer
 * beside each, --rivals what other libraries make of it on one thread.  With
 * bf16 and i8 the peak is that of their dot products.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/fit.h"
#include "bench/layer.h"
#include "bench/peak.h"
#include "bench/rivals.h"
#include "jit/kernel/choose.h"

enum { MAX_LIST = 32, DENSE_BH = 16 };

/* A comma separated option.  */
struct list {
	int n;
	const char *s[MAX_LIST];
};

static struct list
split(char *arg)
{
	struct list l = { 0 };

	for (char *s = strtok(arg, ","); s && l.n < MAX_LIST;
	    s = strtok(NULL, ","))
		l.s[l.n++] = s;
	return l;
}

/* What is swept, the slowest first.  */
enum axis { ISA, BLOCK, MASK, THREADS, M, SPARSITY, SIZE, NUM_AXES };

struct sweep {
	struct list axis[NUM_AXES];
	int t0, json, dense, rivals;
	int kernel;                     /* BRN_NO_KERNEL: the best */
	int elem;
	double peak, read;              /* GFLOP/s and GB/s of a core */
	int nrow;                       /* printed */
};

struct row {
	struct bench_cell c;
	struct bench_result r;
	double share;                   /* of peak */
	double gain, predicted;         /* dense time / its; 0: not asked */
	double openblas, libxsmm;       /* theirs / its; 0: there is none */
};

/* Share of the read rate that the weights alone take.  */
static double
read_share(const struct sweep *w, const struct row *x)
{
	return w->read > 0 ? 2 * x->r.gflops / (double)x->c.m / w->read : 0;
}

static void
print_json(const struct sweep *w, const struct row *x)
{
	const struct bench_cell *c = &x->c;
	const struct bench_result *r = &x->r;

	printf("%s\n {\"block\": [%d, %d], \"mask\": \"%s\", "
	    "\"sparsity\": %g, \"stored\": %.4f, "
	    "\"rows\": %lld, \"cols\": %lld, \"m\": %lld, "
	    "\"threads\": %d, \"isa\": \"%s\", \"kernel\": \"%s\", "
	    "\"gflops\": %.2f, \"peak_fraction\": %.4f, "
	    "\"read_fraction\": %.4f, \"compile_ms\": %.1f, "
	    "\"code_bytes\": %lld",
	    w->nrow ? "," : "", c->bh, c->bw, c->mask, 1 - c->density,
	    r->stored, (long long)c->rows, (long long)c->cols,
	    (long long)c->m, c->threads, brn_isas[c->isa].name, r->kernel,
	    r->gflops, x->share, read_share(w, x), r->compile_ms,
	    (long long)r->bytes);
	if (x->gain > 0)
		printf(", \"dense_ratio\": %.3f, \"predicted_ratio\": %.3f",
		    x->gain, x->predicted);
	if (x->openblas > 0)
		printf(", \"openblas_ratio\": %.3f", x->openblas);
	if (x->libxsmm > 0)
		printf(", \"libxsmm_ratio\": %.3f", x->libxsmm);
	putchar('}');
}

static void
print_rival(const char *name, double ratio)
{
	if (ratio > 0)
		printf(" %.2fx of %s", ratio, name);
	else
		printf(" %s: -", name);
}

static void
print_text(const struct sweep *w, const struct row *x)
{
	const struct bench_cell *c = &x->c;
	const struct bench_result *r = &x->r;
	char block[24];

	snprintf(block, sizeof block, "%dx%d", c->bh, c->bw);
	printf("%5s %-7s %4lldx%-4lld %.3g %4lld %2d %-7s %-7s %6.1f %5.1f%% "
	    "%5.1f%% %4.0f ms %7lld", block, c->mask, (long long)c->rows,
	    (long long)c->cols, 1 - c->density, (long long)c->m, c->threads,
	    brn_isas[c->isa].name, r->kernel, r->gflops, 100 * x->share,
	    100 * read_share(w, x), r->compile_ms, (long long)r->bytes);
	if (x->gain > 0)
		printf(" %.2fx of dense, predicted %.2fx", x->gain,
		    x->predicted);
	if (w->rivals)
		print_rival("OpenBLAS", x->openblas);
	if (w->rivals)
		print_rival("LIBXSMM", x->libxsmm);
	putchar('\n');
}

/* The same layer with all its weights, as a dense one is stored.  */
static int
compare_dense(struct row *x, burin_error *err)
{
	struct bench_cell c = x->c;
	struct bench_result r;
	struct brn_estimate sparse, dense;
	int rc;

	c.bh = DENSE_BH;
	c.bw = 1;
	c.mask = "uniform";
	c.density = 1;
	if ((rc = bench_layer(&c, &r, err)) < 0)
		return rc;
	x->gain = r.ns / x->r.ns;
	sparse = brn_estimate(c.isa, &(struct brn_layer_shape){ c.rows, c.cols,
	    x->c.bh, x->c.bw, (int64_t)(x->r.stored *
	    (double)(c.rows / x->c.bh) * (double)(c.cols / x->c.bw)), NULL,
	    c.elem });
	dense = brn_estimate(c.isa, &(struct brn_layer_shape){ c.rows, c.cols,
	    c.bh, c.bw, c.rows / c.bh * c.cols, NULL, c.elem });
	x->predicted = dense.time / sparse.time;
	return 0;
}

static int
compare_rivals(struct row *x, burin_error *err)
{
	struct bench_rivals r;
	int rc = bench_rivals(&x->c, &r, err);

	if (rc < 0)
		return rc;
	x->openblas = r.openblas / x->r.ns;
	x->libxsmm = r.libxsmm / x->r.ns;
	return 0;
}

static int
run_row(struct sweep *w, struct row *x, burin_error *err)
{
	int rc = bench_layer(&x->c, &x->r, err);

	if (rc < 0)
		return rc;
	x->share = x->r.gflops / w->peak / x->c.threads;
	if (w->dense && (rc = compare_dense(x, err)) < 0)
		return rc;
	if (w->rivals && (rc = compare_rivals(x, err)) < 0)
		return rc;
	if (w->json)
		print_json(w, x);
	else
		print_text(w, x);
	w->nrow++;
	fflush(stdout);
	return 0;
}

/* Two numbers with an x between them.  */
static int
parse_pair(const char *s, const char *wanted, int64_t *a, int64_t *b,
    burin_error *err)
{
	long long i = 0, j = 0;

	if (sscanf(s, "%lldx%lld", &i, &j) != 2 || i < 1 || j < 1)
		return brn_fail(err, BURIN_EINVAL, "%s: wanted %s", s, wanted);
	*a = i;
	*b = j;
	return 0;
}

/* The cell at those positions.  */
static int
parse_cell(const struct sweep *w, const int *at, struct bench_cell *c,
    burin_error *err)
{
	const char *s[NUM_AXES];
	int64_t bh, bw;
	int rc, isa;

	for (int i = 0; i < NUM_AXES; i++)
		s[i] = w->axis[i].s[at[i]];
	if ((rc = parse_pair(s[BLOCK], "a block, RxC", &bh, &bw, err)) < 0 ||
	    (rc = parse_pair(s[SIZE], "ROWSxCOLS", &c->rows, &c->cols,
	    err)) < 0)
		return rc;
	c->bh = (int)bh;
	c->bw = (int)bw;
	isa = brn_isa_parse(s[ISA]);
	if (isa < 0 || !brn_isa_runs((enum brn_isa)isa))
		return brn_fail(err, BURIN_EINVAL, "%s: does not run here",
		    s[ISA]);
	c->isa = (enum brn_isa)isa;
	c->elem = (enum brn_elem)w->elem;
	if (w->elem < 0 || !brn_elem_runs(c->elem, c->isa))
		return brn_fail(err, BURIN_EINVAL, "precision: does not run "
		    "here with %s", s[ISA]);
	c->mask = s[MASK];
	c->threads = atoi(s[THREADS]);
	c->m = atoll(s[M]);
	c->density = 1 - atof(s[SPARSITY]);
	c->t0 = w->t0;
	c->kernel = w->kernel;
	if (c->threads < 1 || c->m < 1)
		return brn_fail(err, BURIN_EINVAL, "%s: not a number of %s",
		    c->m < 1 ? s[M] : s[THREADS],
		    c->m < 1 ? "tokens" : "threads");
	return 0;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Of n shares, all of one block shape.  */
static void
print_median(const struct sweep *w, const struct bench_cell *c, double *share,
    int n)
{
	if (w->json)
		return;
	qsort(share, (size_t)n, sizeof *share, compare);
	printf("%2dx%-2d %s: median %.1f%%, worst %.1f%%\n", c->bh, c->bw,
	    brn_isas[c->isa].name, 100 * (share[(n - 1) / 2] + share[n / 2]) /
	    2, 100 * share[0]);
}

/* All cells of a block shape and instruction set, then their median.  */
static int
run_block(struct sweep *w, const int *first, burin_error *err)
{
	int at[NUM_AXES] = { 0 }, total = 1, rc;
	double *share;
	struct row x;

	for (int i = MASK; i < NUM_AXES; i++)
		total *= w->axis[i].n;
	share = brn_alloc((size_t)total, sizeof *share);
	rc = share ? 0 : brn_nomem(err);
	at[ISA] = first[ISA];
	at[BLOCK] = first[BLOCK];
	for (int n = 0; n < total && rc == 0; n++) {
		for (int i = NUM_AXES - 1, k = n; i >= MASK; i--) {
			at[i] = k % w->axis[i].n;
			k /= w->axis[i].n;
		}
		x = (struct row){ .share = 0 };
		rc = parse_cell(w, at, &x.c, err);
		if (rc == 0)
			rc = run_row(w, &x, err);
		share[n] = x.share;
	}
	if (rc == 0 && total)
		print_median(w, &x.c, share, total);
	free(share);
	return rc;
}

static int
run_all(struct sweep *w, burin_error *err)
{
	int at[NUM_AXES] = { 0 }, rc = 0;

	w->peak = bench_peak((enum brn_elem)w->elem);
	w->read = bench_read();
	printf(w->json ? "{\"peak_gflops\": %.1f, \"read_gbs\": %.1f, "
	    "\"rows\": [" : "peak %.1f GFLOP/s, read %.1f GB/s; block, mask, "
	    "size, sparsity, tokens, threads, isa, kernel, GFLOP/s, share of "
	    "peak, of read, compile time, bytes\n", w->peak, w->read);
	for (; at[ISA] < w->axis[ISA].n; at[ISA]++)
		for (at[BLOCK] = 0; rc == 0 && at[BLOCK] < w->axis[BLOCK].n;
		    at[BLOCK]++)
			rc = run_block(w, at, err);
	if (w->json)
		printf("\n]}\n");
	return rc;
}

/* What shows most in least time.  */
static void
quick(struct sweep *w)
{
	w->axis[SPARSITY] = (struct list){ 2, { "0.8", "0.95" } };
	w->axis[SIZE] = (struct list){ 2, { "768x768", "768x3072" } };
}

static const struct option options[] = {
	{ "isa", required_argument, NULL, ISA },
	{ "blocks", required_argument, NULL, BLOCK },
	{ "masks", required_argument, NULL, MASK },
	{ "threads", required_argument, NULL, THREADS },
	{ "m", required_argument, NULL, M },
	{ "sparsity", required_argument, NULL, SPARSITY },
	{ "sizes", required_argument, NULL, SIZE },
	{ "precision", required_argument, NULL, 'p' },
	{ "t0", no_argument, NULL, '0' },
	{ "kernel", required_argument, NULL, 'k' },
	{ "dense", no_argument, NULL, 'd' },
	{ "rivals", no_argument, NULL, 'r' },
	{ "json", no_argument, NULL, 'j' },
	{ "quick", no_argument, NULL, 'q' },
	{ "fit", no_argument, NULL, 'f' },
	{ 0 },
};

int
main(int argc, char **argv)
{
	struct sweep w = { .axis = {
		[ISA] = { 1, { "auto" } },
		[BLOCK] = { 12, { "32x1", "16x1", "8x1", "4x1", "2x1", "1x1",
		    "4x4", "16x16", "32x32", "1x4", "1x8", "1x16" } },
		[MASK] = { 1, { "uniform" } },
		[THREADS] = { 1, { "1" } },
		[M] = { 1, { "128" } },
		[SPARSITY] = { 3, { "0.8", "0.9", "0.95" } },
		[SIZE] = { 3, { "768x768", "3072x768", "768x3072" } },
	}, .kernel = BRN_NO_KERNEL };
	int opt, fitting = 0, rc;
	burin_error err;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (opt) {
		case '0': w.t0 = 1; break;
		case 'p': w.elem = brn_elem_parse(optarg); break;
		case 'k': w.kernel = brn_kernel_parse(optarg); break;
		case 'd': w.dense = 1; break;
		case 'r': w.rivals = 1; break;
		case 'j': w.json = 1; break;
		case 'q': quick(&w); break;
		case 'f': fitting = 1; break;
		case '?': return 2;
		default: w.axis[opt] = split(optarg); break;
		}
	rc = fitting ? bench_fit(w.axis[ISA].s[0], &err) : run_all(&w, &err);
	if (rc < 0)
		fprintf(stderr, "kernels: %s\n", err.msg);
	return rc < 0;
}
