/* SPDX-License-Identifier: Apache-2.0
 *
 * demo: write a small BERT, prune it in blocks of 16x1, run it dense and sparse
 * in turn, and print the speed-up, the compile times and the difference of the
 * results.  Except for bench/bert.h, which writes the model, it uses the public
 * API only.
 */
#include "bench/bert.h"
#include "burin.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 1, SEQ = 128, ROUNDS = 15 };

static const struct bert_spec bert = { 6, 512, 8, 2048, 1000, 128, 17, 1,
    0 };
static const burin_prune_spec prune = { 16, 1, 0.9, 0, 0, NULL };

/* One model with its session and its last output.  */
struct side {
	burin_model *model;
	burin_session *session;
	double ms[ROUNDS];
	const float *y;
	size_t n;
};

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int
failed(const char *what, const burin_error *err)
{
	fprintf(stderr, "demo: %s: %s\n", what, err->msg);
	return -1;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static int
load(const char *path, const char *cache, const char *sparse,
    burin_model **out)
{
	burin_options *o = burin_options_new();
	burin_error err = { 0 };
	int rc = BURIN_ENOMEM;

	if (o && (rc = burin_options_set(o, "cache_dir", cache, &err)) == 0 &&
	    (rc = burin_options_set(o, "sparse", sparse, &err)) == 0)
		rc = burin_model_load(path, o, out, &err);
	burin_options_free(o);
	return rc < 0 ? failed(path, &err) : 0;
}

static int
start(struct side *s)
{
	burin_error err;

	if (burin_session_new(s->model, NULL, &s->session, &err) < 0)
		return failed("session", &err);
	return 0;
}

static void
stop(struct side *s)
{
	burin_session_free(s->session);
	burin_model_free(s->model);
}

static int
run(struct side *s, double *ms)
{
	static int64_t ids[BATCH * SEQ], mask[BATCH * SEQ], types[BATCH * SEQ];
	burin_output out = { .name = "last_hidden_state" };
	burin_tensor in[] = {
		{ "input_ids", BURIN_I64, 2, { BATCH, SEQ }, ids, sizeof ids },
		{ "attention_mask", BURIN_I64, 2, { BATCH, SEQ }, mask,
		    sizeof mask },
		{ "token_type_ids", BURIN_I64, 2, { BATCH, SEQ }, types,
		    sizeof types },
	};
	burin_error err;
	double t;

	for (int i = 0; i < BATCH * SEQ; i++) {
		ids[i] = i * 7919 % bert.vocab;
		mask[i] = 1;
	}
	t = now_ms();
	if (burin_run(s->session, in, 3, &out, 1, &err) < 0)
		return failed("run", &err);
	*ms = now_ms() - t;
	s->y = out.data;
	s->n = out.nbytes / sizeof *s->y;
	return 0;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
median(double *v)
{
	qsort(v, ROUNDS, sizeof *v, by_size);
	return v[ROUNDS / 2];
}

/* Largest absolute difference of the outputs; *scale is the largest value.  */
static double
difference(const struct side *a, const struct side *b, double *scale)
{
	double max = 0;

	*scale = 0;
	for (size_t i = 0; i < a->n; i++) {
		double d = fabs((double)a->y[i] - b->y[i]);

		/* Written so that a NaN counts as a difference.  */
		if (!(d <= max))
			max = d;
		*scale = fmax(*scale, fabs((double)a->y[i]));
	}
	return max;
}

/* Time both in turn, so that other load on the machine affects both.  */
static int
time_in_turn(struct side *dense, struct side *sparse)
{
	double warm_up;

	if (run(dense, &warm_up) < 0 || run(sparse, &warm_up) < 0)
		return -1;
	for (int i = 0; i < ROUNDS; i++)
		if (run(dense, &dense->ms[i]) < 0 ||
		    run(sparse, &sparse->ms[i]) < 0)
			return -1;
	return 0;
}

/* Print how many layers are sparse and the kernel of the first.  */
static void
report_layers(const burin_model *m)
{
	size_t n = burin_model_num_layers(m), sparse = 0, first = n;

	for (size_t i = n; i-- > 0;) {
		if (strcmp(burin_model_layer(m, i)->decision, "sparse"))
			continue;
		sparse++;
		first = i;
	}
	printf("sparse layers      %8zu    of %zu", sparse, n);
	if (sparse)
		printf(", kernel %s", burin_model_layer(m, first)->kernel);
	putchar('\n');
}

static void
report(struct side *dense, struct side *sparse, const burin_stats *cold,
    const burin_stats *warm)
{
	double d = median(dense->ms), s = median(sparse->ms), scale;
	double diff = difference(dense, sparse, &scale);

	report_layers(sparse->model);
	printf("dense              %8.2f ms\n", d);
	printf("sparse             %8.2f ms\n", s);
	printf("speed-up           %8.2f x\n", d / s);
	printf("compile, cold      %8.0f ms  %d kernels, %d compiled\n",
	    cold->ms, cold->kernels, cold->compiled);
	printf("compile, warm      %8.0f ms  %d from disk, %d compiled\n",
	    warm->ms, warm->disk_hits, warm->compiled);
	if (cold->failed)
		printf("%d kernels fell back: %s\n", cold->failed, cold->note);
	printf("largest difference %8.1e     of values up to %.1f\n", diff,
	    scale);
}

static int
compare(const char *path, const char *cache)
{
	struct side dense = { 0 }, sparse = { 0 };
	burin_stats cold, warm;
	int rc = -1;

	if (load(path, cache, "auto", &sparse.model) < 0)
		goto done;
	burin_model_stats(sparse.model, &cold, sizeof cold);
	/* Kernels stay in memory while a model uses them.  Free the model, so
	 * that the second load gets them from disk.  */
	burin_model_free(sparse.model);
	sparse.model = NULL;
	if (load(path, cache, "auto", &sparse.model) < 0 ||
	    load(path, cache, "off", &dense.model) < 0)
		goto done;
	burin_model_stats(sparse.model, &warm, sizeof warm);
	if (start(&dense) < 0 || start(&sparse) < 0 ||
	    time_in_turn(&dense, &sparse) < 0)
		goto done;
	report(&dense, &sparse, &cold, &warm);
	rc = 0;
done:
	stop(&dense);
	stop(&sparse);
	return rc;
}

int
main(void)
{
	char dir[] = "/tmp/burin-demo.XXXXXX";
	char full[64], pruned[64], cache[64];
	burin_error err;
	int n, rc = -1;

	if (!mkdtemp(dir))
		return perror(dir), 1;
	snprintf(full, sizeof full, "%s/full.onnx", dir);
	snprintf(pruned, sizeof pruned, "%s/pruned.onnx", dir);
	snprintf(cache, sizeof cache, "%s/cache", dir);
	printf("BERT of %d layers, %d features, %d tokens; isa %s, 1 thread\n",
	    bert.layers, bert.hidden, BATCH * SEQ, burin_isa());
	if (bert_write(full, &bert) < 0) {
		perror(full);
	} else if (burin_prune(full, pruned, &prune, sizeof prune, &n,
	    &err) < 0) {
		failed("prune", &err);
	} else {
		printf("pruned %d layers: %.0f %% of the %dx%d blocks are "
		    "zero\n", n, prune.sparsity * 100, prune.bh, prune.bw);
		rc = compare(pruned, cache);
	}
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return rc < 0;
}
