/* SPDX-License-Identifier: Apache-2.0
 *
 * An import that fails frees what it has allocated, wherever it stops: models
 * cut off, and with fields changed so that lengths still fit.  Blocks are
 * counted by malloc and free of this program, or by LeakSanitizer.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/onnx/import.h"
#include "tests/fuzz/wire.h"
#include "tests/support/suite.h"

enum { MAX_FILE = 1 << 14, CUTS = 64, CHANGES = 200 };

/* ---- blocks -------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

static long
count_blocks(void)
{
	return 0;
}

static int
is_leaking(void)
{
	return __lsan_do_recoverable_leak_check();
}
#else
static long blocks;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static void *
counted(void *p)
{
	blocks += p != NULL;
	return p;
}

void *
malloc(size_t n)
{
	return counted(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return counted(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	void *q = __libc_realloc(p, n);

	blocks += (q && !p) - (p && !q && n == 0);
	return q;
}

void *
aligned_alloc(size_t align, size_t n)
{
	return counted(__libc_memalign(align, n));
}

int
posix_memalign(void **out, size_t align, size_t n)
{
	*out = counted(__libc_memalign(align, n));
	return *out ? 0 : 12;
}

void
free(void *p)
{
	blocks -= p != NULL;
	__libc_free(p);
}

static long
count_blocks(void)
{
	return blocks;
}

static int
is_leaking(void)
{
	return 0;
}
#endif

/* ---- imports ------------------------------------------------------------- */

static int refused;

/* Import n bytes, which may be a model, and free it.  */
static void
try(const uint8_t *p, size_t n, int keep)
{
	long before = count_blocks();
	struct brn_graph *g;
	burin_error err = { 0 };

	if (brn_onnx_import(p, n, NULL, "m", keep, &g, &err) == 0)
		brn_graph_free(g);
	else
		refused++;
	ck_assert_msg(count_blocks() == before, "%ld blocks are left: %s",
	    count_blocks() - before, err.msg);
}

static void
try_changes(const uint8_t *p, size_t n)
{
	static uint8_t q[MAX_FILE];
	uint64_t seed = n + 1;

	for (size_t i = 0; i <= CUTS; i++)
		try(p, n * i / CUTS, 0);
	for (int i = 0; i < CHANGES; i++) {
		size_t size = n;

		memcpy(q, p, n);
		for (int k = 0; k <= i % 3; k++)
			size = fuzz_wire(q, size, sizeof q, &seed);
		try(q, size, i % 2);
	}
}

static const char *const folders[] = { "tests/fuzz/corpus/onnx",
    "tests/models" };

START_TEST(a_model_that_is_refused_leaves_nothing)
{
	static uint8_t buf[MAX_FILE + 1];
	char path[1024];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof path, "%s/%s", suite_srcdir(), folders[_i]);
	d = opendir(path);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		size_t n;
		FILE *f;

		snprintf(path, sizeof path, "%s/%s/%s", suite_srcdir(),
		    folders[_i], e->d_name);
		if (*e->d_name == '.' || !(f = fopen(path, "rb")))
			continue;
		n = fread(buf, 1, sizeof buf, f);
		fclose(f);
		if (n <= MAX_FILE)
			try_changes(buf, n);
	}
	closedir(d);
	ck_assert_int_gt(refused, 500);
	ck_assert_int_eq(is_leaking(), 0);
}
END_TEST

static Suite *
leaks_suite(void)
{
	Suite *s = suite_create("leaks");
	TCase *tc = suite_case(s, "import", 120);

	tcase_add_loop_test(tc, a_model_that_is_refused_leaves_nothing, 0,
	    COUNT(folders));
	return s;
}

SUITE_MAIN(leaks_suite)
