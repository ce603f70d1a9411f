/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of the importer and of the shape inference behind it.  With
 *
 *	clang -fsanitize=fuzzer,address,undefined -DBRN_LIBFUZZER ...
 *
 * it is a libFuzzer target, tests/models its corpus.  Otherwise it has a main
 * that replays files: those of the command line, or all of tests/models.
 */
#include "ir/infer.h"
#include "ir/onnx.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
try_graph(struct brn_graph *g)
{
	struct brn_buf b = { 0 };
	burin_error err;

	if (brn_graph_verify(g, &err) < 0)
		abort();
	brn_infer_types(g, &err);
	brn_graph_print(&b, g);
	brn_buf_free(&b);
	brn_graph_free(g);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	for (int keep = 0; keep < 2; keep++) {
		struct brn_graph *g;
		burin_error err;

		if (brn_onnx_import(p, n, NULL, "m", keep, &g, &err) == 0)
			try_graph(g);
	}
	return 0;
}

#ifndef BRN_LIBFUZZER
enum { MAX_SIZE = 1 << 20 };

/* A TAP line for the file.  */
static int
replay(const char *path)
{
	static uint8_t buf[MAX_SIZE];
	FILE *f = fopen(path, "rb");
	uint8_t *copy;
	size_t n;

	if (!f)
		return printf("not ok - %s cannot be read\n", path), 1;
	n = fread(buf, 1, sizeof buf, f);
	fclose(f);
	copy = malloc(n + 1);           /* of its size: overruns show */
	if (!copy)
		return 1;
	memcpy(copy, buf, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	printf("ok - %s does no harm\n", strrchr(path, '/') ?
	    strrchr(path, '/') + 1 : path);
	return 0;
}

static int
replay_all(const char *dir, int *count)
{
	struct dirent **e;
	int n = scandir(dir, &e, NULL, alphasort), bad = 0;
	char path[1024];

	for (int i = 0; i < n; i++) {
		if (strstr(e[i]->d_name, ".onnx")) {
			snprintf(path, sizeof path, "%s/%s", dir,
			    e[i]->d_name);
			bad += replay(path);
			++*count;
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	return bad;
}

int
main(int argc, char **argv)
{
	const char *src = getenv("SRCDIR");
	char dir[512];
	int bad = 0, n = 0;

	for (int i = 1; i < argc; i++, n++)
		bad += replay(argv[i]);
	snprintf(dir, sizeof dir, "%s/tests/models", src ? src : ".");
	if (argc < 2)
		bad += replay_all(dir, &n);
	printf("1..%d\n", n ? n : 1);
	return bad != 0;
}
#endif
