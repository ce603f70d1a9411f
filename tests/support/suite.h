/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers of every Check program: main, random numbers, error bounds, temporary
 * folders, models.  All functions are static inline, so that unused ones cost
 * nothing and give no warning.
 *
 *	static Suite *kernels_suite(void) { ... }
 *	SUITE_MAIN(kernels_suite)
 */
#ifndef SUITE_H
#define SUITE_H

#include "burin.h"

#include <check.h>
#include <float.h>
#include <ftw.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNT(a) ((int)(sizeof (a) / sizeof *(a)))

/* Check records every assertion that holds by a system call, to report the last
 * one before a crash.  That dominated the time of loops over elements, and gdb
 * finds the place of a crash as well, so it is switched off.  */
#define _mark_point(file, line) ((void)0)

/* Define main.  Under automake, which sets TAP, results are printed as TAP and
 * the exit status is 0 even if a test failed.  */
#define SUITE_MAIN(make_suite) \
int \
main(void) \
{ \
	SRunner *sr = srunner_create(make_suite()); \
	int tap = getenv("TAP") != NULL, failed; \
\
	if (tap) \
		srunner_set_tap(sr, "-"); \
	srunner_run_all(sr, tap ? CK_SILENT : CK_NORMAL); \
	failed = srunner_ntests_failed(sr); \
	srunner_free(sr); \
	return !tap && failed; \
}

/* Add a test case to s; timeout is in seconds and applies to each test.  */
static inline TCase *
suite_case(Suite *s, const char *name, double timeout)
{
	TCase *tc = tcase_create(name);

	tcase_set_timeout(tc, timeout);
	suite_add_tcase(s, tc);
	return tc;
}

/* Assert that a call of the library succeeds; its error is the message.  */
#define suite_ok(call, err) \
	ck_assert_msg((call) >= 0, "%s: %s", #call, (err).msg)

/* xorshift64*: the same numbers on every machine.  *state is the seed at first;
 * 0 counts as 1.  */
static inline uint64_t
suite_random(uint64_t *state)
{
	uint64_t x = *state ? *state : 1;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

/* An integer in [0, n).  */
static inline int64_t
suite_below(uint64_t *state, int64_t n)
{
	return (int64_t)((suite_random(state) >> 11) % (uint64_t)n);
}

/* A float in [-1, 1).  */
static inline float
suite_float(uint64_t *state)
{
	return (float)(suite_random(state) >> 40) / 8388608.0f - 1.0f;
}

static inline void
suite_fill(float *p, int64_t n, uint64_t seed)
{
	for (int64_t i = 0; i < n; i++)
		p[i] = suite_float(&seed);
}

/* Error bound of a sum of k fp32 products, whatever the order of summation: K *
 * eps * sum |x||w|.  sum_abs is the sum of their absolute values.  */
static inline double
suite_bound(int64_t k, double sum_abs)
{
	return (double)(k + 1) * FLT_EPSILON * sum_abs + FLT_MIN;
}

#define suite_near(got, want, bound) \
	ck_assert_msg(fabs((double)(got) - (double)(want)) <= (bound), \
	    "%s is %.9g, wanted %.9g within %.3g", #got, (double)(got), \
	    (double)(want), (double)(bound))

/* Assert y = x * w^T + bias within suite_bound, where y is [m][n], x [m][k],
 * w [n][k], bias [n] or NULL, and dim is { m, n, k }.  */
static inline void
suite_check_dense(const float *y, const float *x, const float *w,
    const float *bias, const int64_t dim[3])
{
	int64_t m = dim[0], n = dim[1], k = dim[2];

	for (int64_t i = 0; i < m * n; i++) {
		const float *xi = x + i / n * k, *wi = w + i % n * k;
		double sum = bias ? bias[i % n] : 0, abs = fabs(sum);

		for (int64_t j = 0; j < k; j++) {
			sum += (double)xi[j] * wi[j];
			abs += fabs((double)xi[j] * wi[j]);
		}
		ck_assert_msg(fabs(y[i] - sum) <= suite_bound(k, abs),
		    "y[%lld][%lld] is %.9g, wanted %.9g within %.3g",
		    (long long)(i / n), (long long)(i % n), (double)y[i], sum,
		    suite_bound(k, abs));
	}
}

/* The root of the source tree and of the build tree.  */
static inline const char *
suite_srcdir(void)
{
	const char *s = getenv("SRCDIR");

	return s ? s : ".";
}

static inline const char *
suite_builddir(void)
{
	const char *s = getenv("BUILDDIR");

	return s ? s : ".";
}

/* Write the path of a folder that does not exist to path, a buffer of size
 * bytes, with an end for mkdtemp.  It is where a cache may be.  */
static inline int
suite_tmppath(char *path, size_t size)
{
	const char *dir = getenv("TESTDIR");

	return dir ? snprintf(path, size, "%s/tmp.XXXXXX", dir) :
	    snprintf(path, size, "%s/tests/tmp.XXXXXX", suite_builddir());
}

/* Create an empty folder there.  suite_rmdir removes it and its contents.  */
static inline void
suite_tmpdir(char *path, size_t size)
{
	int n = suite_tmppath(path, size);

	ck_assert_int_lt(n, (int)size);
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static inline int
suite_remove(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(path);
}

static inline void
suite_rmdir(const char *path)
{
	nftw(path, suite_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A model loaded with one option, or with none if key is NULL.  */
static inline burin_model *
suite_load(const char *path, const char *key, const char *value)
{
	burin_options *o = burin_options_new();
	burin_error err;
	burin_model *m;

	ck_assert_ptr_nonnull(o);
	if (key)
		suite_ok(burin_options_set(o, key, value, &err), err);
	suite_ok(burin_model_load(path, o, &m, &err), err);
	burin_options_free(o);
	return m;
}

/* A session with a number of threads.  */
static inline burin_session *
suite_session(burin_model *m, const char *threads)
{
	burin_options *o = burin_options_new();
	burin_error err;
	burin_session *s;

	ck_assert_ptr_nonnull(o);
	suite_ok(burin_options_set(o, "threads", threads, &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	burin_options_free(o);
	return s;
}

#endif
