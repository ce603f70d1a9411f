/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that others cut or write over while they are read: a model or an error,
 * never a signal.
 */
#include "ir/onnx/file.h"
#include "ir/onnx/unpack.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LAYERS = 20, IMPORTS = 300, MOST = 1 << 20 };

static char dir[256], path[300];
static uint8_t bytes[MOST];
static size_t nbytes;
static burin_error err;

/* A model of LAYERS nodes and weights of 16 KiB.  */
static void
setup(void)
{
	struct brn_buf b = { 0 };
	int fd;

	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/m.onnx", dir);
	brn_buf_printf(&b, "opset 17\ninput y0 float [2,64]\n");
	for (int i = 0; i < LAYERS; i++) {
		brn_buf_printf(&b, "init w%d float [64,64] raw", i);
		for (int k = 0; k < 64 * 64; k++)
			brn_buf_printf(&b, " %d", k % 7 - 3);
		brn_buf_printf(&b, "\nnode y%d = MatMul(y%d,w%d)\n", i + 1, i,
		    i);
	}
	brn_buf_printf(&b, "output y%d\n", LAYERS);
	ck_assert(!b.fail);
	onnx_text_write((const char *)b.p, path);
	brn_buf_free(&b);
	fd = open(path, O_RDONLY);
	nbytes = (size_t)read(fd, bytes, sizeof bytes);
	ck_assert_uint_gt(nbytes, LAYERS * 16384);
	ck_assert_uint_lt(nbytes, sizeof bytes);
	close(fd);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* size: of the file when its bytes are read, in a map made before.  */
static int
unpack_cut(off_t size)
{
	struct brn_onnx_map map;
	struct Onnx__ModelProto *m;
	int rc;

	suite_ok(brn_onnx_map(path, &map, &err), err);
	ck_assert_int_eq(truncate(path, size), 0);
	rc = brn_onnx_unpack(&map, "m", &m, &err);
	brn_onnx_unmap(&map);
	if (rc == 0)
		brn_onnx_model_free(m);
	return rc;
}

START_TEST(a_file_that_has_become_shorter_is_an_error)
{
	ck_assert_int_eq(unpack_cut((off_t)nbytes), 0);
	for (off_t size = (off_t)nbytes - 1; size > 0; size /= 2) {
		ck_assert_int_eq(unpack_cut(size), BURIN_EIO);
		ck_assert_str_eq(err.msg, "m: became shorter");
		teardown();
		setup();
	}
}
END_TEST

static atomic_int stop;

/* Write the file in pieces, some of them wrong, and cut it.  */
static void *
change(void *unused)
{
	int fd = open(path, O_RDWR);
	uint64_t seed = 1;

	while (!atomic_load(&stop)) {
		size_t at, n;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		at = (size_t)(seed >> 33) % nbytes;
		n = nbytes - at < 5000 ? nbytes - at : 5000;
		if (seed >> 62 == 0 && ftruncate(fd, (off_t)at) < 0)
			break;
		if (pwrite(fd, bytes + (seed >> 62 == 1 ? 0 : at), n,
		    (off_t)at) < 0 || pwrite(fd, bytes, nbytes, 0) < 0)
			break;
	}
	close(fd);
	return unused;
}

START_TEST(a_file_that_changes_is_a_model_or_an_error)
{
	struct brn_graph *g;
	pthread_t t;

	atomic_store(&stop, 0);
	ck_assert_int_eq(pthread_create(&t, NULL, change, NULL), 0);
	for (int i = 0; i < IMPORTS; i++)
		if (brn_onnx_import_file(path, 0, &g, &err) == 0)
			brn_graph_free(g);
	atomic_store(&stop, 1);
	pthread_join(t, NULL);
}
END_TEST

static Suite *
changing_suite(void)
{
	Suite *s = suite_create("changing");
	TCase *tc = suite_case(s, "models", 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_file_that_has_become_shorter_is_an_error);
	tcase_add_test(tc, a_file_that_changes_is_a_model_or_an_error);
	return s;
}

SUITE_MAIN(changing_suite)
