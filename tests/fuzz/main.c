/* SPDX-License-Identifier: Apache-2.0
 *
 * main of a fuzz target as a test: try every file of its corpus, and mutations
 * of it that are the same on every machine.  With files as arguments, try these
 * instead, without mutations; with -loop SECONDS SEED LAST FOLDER.., try
 * mutations of the files in the folders, without coverage.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/wire.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

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

/* ---- without end --------------------------------------------------------- */

enum { SECONDS_STUCK = 60, SECONDS_A_LINE = 60 };

struct seed {
	uint8_t *p;
	size_t n;
};

static struct {
	struct seed *v;
	size_t n;
	volatile uint64_t tried;
} pool;

/* The input that is tried, in a shared mapping of file LAST: it is there after
 * a crash, too.  */
struct last {
	uint64_t n;
	uint8_t p[];
};

static struct last *
map_last(const char *path)
{
	size_t n = sizeof (struct last) + fuzz_target.max;
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	void *p = fd < 0 || ftruncate(fd, (off_t)n) < 0 ? MAP_FAILED :
	    mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(fd);
	return p;
}

static void
add_seed(const char *path)
{
	uint8_t *p = malloc(fuzz_target.max + 1);
	FILE *f = fopen(path, "rb");
	size_t n = f && p ? fread(p, 1, fuzz_target.max + 1, f) : 0;

	if (f)
		fclose(f);
	pool.v = realloc(pool.v, (pool.n + 1) * sizeof *pool.v);
	if (!pool.v)
		abort();
	p = realloc(p, n + 1);
	if (p && n > 0 && n <= fuzz_target.max)
		pool.v[pool.n++] = (struct seed){ p, n };
	else
		free(p);
}

static void
add_seeds(const char *dir)
{
	struct dirent **e;
	int n = scandir(dir, &e, NULL, alphasort);
	char path[1024];

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, e[i]->d_name);
		if (*e[i]->d_name != '.')
			add_seed(path);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
}

static void
try_seed(const struct seed *s, struct last *last, uint64_t *seed)
{
	memcpy(last->p, s->p, s->n);
	last->n = s->n;
	for (int i = 0; i < IN_A_ROW; i++) {
		size_t n = fuzz_target.mutate(last->p, last->n,
		    fuzz_target.max, seed);

		last->n = n;
		try(last->p, n);
		pool.tried++;
	}
}

/* End the process if that much processor time passes before the next call.  */
static void
set_timer(void)
{
	struct itimerval t = { .it_value.tv_sec = SECONDS_STUCK };

	setitimer(ITIMER_PROF, &t, NULL);
}

static void
loop(char **argv, int argc)
{
	time_t end = time(NULL) + atol(argv[2]), line = 0;
	uint64_t seed = strtoull(argv[3], NULL, 0) * 2 + 1;
	struct last *last = map_last(argv[4]);

	for (int i = 5; i < argc; i++)
		add_seeds(argv[i]);
	for (time_t now = time(NULL); pool.n && now < end; now = time(NULL)) {
		if (now >= line) {
			printf("%s: %llu executions\n", fuzz_target.name,
			    (unsigned long long)pool.tried);
			fflush(stdout);
			line = now + SECONDS_A_LINE;
		}
		set_timer();
		for (int i = 0; i < 16; i++)
			try_seed(&pool.v[fuzz_random(&seed) % pool.n], last,
			    &seed);
	}
	printf("%s: %llu executions, done\n", fuzz_target.name,
	    (unsigned long long)pool.tried);
}

int
main(int argc, char **argv)
{
	const char *src = getenv("SRCDIR") ? getenv("SRCDIR") : ".";
	int bad = 0, n = 0;
	char dir[512];

	if (argc > 5 && !strcmp(argv[1], "-loop"))
		return loop(argv, argc), 0;
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
