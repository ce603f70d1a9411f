/* SPDX-License-Identifier: Apache-2.0
 *
 * Time to get a kernel that is compiled already: by the handle that a layer
 * holds, by key from the table in memory, and from disk.  Layers have the sizes
 * of BERT-base and random masks of 16x1 blocks, one in ten stored.
 */
#include "jit/get/jit.h"
#include "jit/kernel/choose.h"

#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 2000 };

static double sample[TIMES];

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print(const char *what, const char *unit)
{
	qsort(sample, TIMES, sizeof *sample, by_value);
	printf("%-28s p50 %8.2f  p99 %8.2f  max %8.2f %s\n", what,
	    sample[TIMES / 2], sample[TIMES * 99 / 100], sample[TIMES - 1],
	    unit);
}

static struct brn_bsr *
random_layer(int64_t rows, int64_t cols)
{
	float *w = brn_alloc((size_t)(rows * cols), sizeof *w);
	struct brn_bsr *b;
	burin_error err;

	if (!w)
		exit(1);
	srand(1);
	for (int64_t i = 0; i < rows; i += 16)
		for (int64_t j = 0; j < cols; j++)
			for (int64_t r = i, on = rand() % 10 == 0; on &&
			    r < i + 16; r++)
				w[r * cols + j] = 1;
	if (brn_bsr_from_dense(&(struct brn_matrix){ w, rows, cols, 0, NULL,
	    NULL }, 16, 1, 0, &b, &err) < 0)
		exit(1);
	free(w);
	return b;
}

static struct brn_kernel *
get(const struct brn_jit_opts *o, const struct brn_spec *s)
{
	struct brn_kernel *k;
	burin_stats st = { 0 };
	burin_error err;

	if (brn_jit_get(o, s, 1, &k, &st, &err) < 0 || st.failed) {
		fprintf(stderr, "cache: %s\n", st.failed ? st.note : err.msg);
		exit(1);
	}
	return k;
}

static void
measure(const struct brn_jit_opts *o, int64_t rows, int64_t cols)
{
	struct brn_bsr *b = random_layer(rows, cols);
	struct brn_kernel *held;
	struct brn_spec s;
	char what[64];

	brn_spec_init(&s, b, BRN_EPI_BIAS, brn_isa_detect(),
	    brn_compiler_id());
	brn_choose_first(&s);
	brn_jit_release(get(o, &s));
	for (int i = 0; i < TIMES; i++) {
		double t = brn_now_ms();
		struct brn_kernel *k = get(o, &s);

		sample[i] = (brn_now_ms() - t) * 1e3;
		brn_jit_release(k);
	}
	snprintf(what, sizeof what, "disk %lldx%lld", (long long)rows,
	    (long long)cols);
	print(what, "us");
	held = get(o, &s);
	for (int i = 0; i < TIMES; i++) {
		double t = brn_now_ms();

		brn_jit_release(get(o, &s));
		sample[i] = (brn_now_ms() - t) * 1e3;
	}
	snprintf(what, sizeof what, "memory by key %lldx%lld",
	    (long long)rows, (long long)cols);
	print(what, "us");
	for (int i = 0; i < TIMES; i++) {
		double t = brn_now_ms();

		for (int j = 0; j < 1000; j++)
			__asm__ volatile ("" : : "r" (brn_kernel_code(held)) :
			    "memory");
		sample[i] = (brn_now_ms() - t) * 1e3;
	}
	print("memory by handle", "ns");
	brn_jit_release(held);
	brn_bsr_free(b);
}

int
main(void)
{
	struct brn_jit_opts o = { .mode = BRN_JIT_worker,
	    .limits = { -1, -1 } };

	measure(&o, 768, 768);
	measure(&o, 3072, 768);
	measure(&o, 768, 3072);
	return 0;
}
