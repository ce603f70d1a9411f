/* SPDX-License-Identifier: Apache-2.0
 *
 * main of a fuzz target as a test: try every file of its corpus, and mutations
 * of it that are the same on every machine.  With arguments, try these files
 * instead, without mutations.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHANGES = 300, IN_A_ROW = 4 };

/* Try a copy of exactly n bytes, so that sanitizers see overruns.  */
static void
try(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);

	if (!copy)
		abort();
	memcpy(copy, p, n);
	LLVMFuzzerTestOneInput(copy, n);
	free(copy);
}

static void
try_changes(const uint8_t *p, size_t n)
{
	uint64_t seed = n + 1;
	uint8_t *q = malloc(fuzz_target.max);
	size_t size = n;

	if (!q)
		abort();
	for (int i = 0; i < CHANGES; i++) {
		if (i % IN_A_ROW == 0) {
			memcpy(q, p, n);
			size = n;
		}
		size = fuzz_target.mutate(q, size, fuzz_target.max, &seed);
		try(q, size);
	}
	free(q);
}

/* Print a TAP line for the file.  */
static int
replay(const char *path, int changes)
{
	const char *name = strrchr(path, '/');
	static uint8_t buf[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t n;

	name = name ? name + 1 : path;
	if (!f)
		return printf("not ok - %s cannot be read\n", path), 1;
	n = fread(buf, 1, sizeof buf, f);
	fclose(f);
	try(buf, n);
	if (changes && n <= fuzz_target.max)
		try_changes(buf, n);
	printf("ok - %s: %s does no harm\n", fuzz_target.name, name);
	return 0;
}

static int
replay_all(const char *dir, const char *suffix, int *count)
{
	struct dirent **e;
	int n = scandir(dir, &e, NULL, alphasort), bad = 0;
	char path[1024];

	for (int i = 0; i < n; i++) {
		if (*e[i]->d_name != '.' && strstr(e[i]->d_name, suffix)) {
			snprintf(path, sizeof path, "%s/%s", dir,
			    e[i]->d_name);
			bad += replay(path, 1);
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
	const char *src = getenv("SRCDIR") ? getenv("SRCDIR") : ".";
	int bad = 0, n = 0;
	char dir[512];

	for (int i = 1; i < argc; i++, n++)
		bad += replay(argv[i], 0);
	snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", src,
	    fuzz_target.name);
	if (argc < 2)
		bad += replay_all(dir, "", &n);
	snprintf(dir, sizeof dir, "%s/%s", src, fuzz_target.more ?
	    fuzz_target.more : "");
	if (argc < 2 && fuzz_target.more)
		bad += replay_all(dir, fuzz_target.suffix, &n);
	printf("1..%d\n", n);
	return bad != 0;
}
