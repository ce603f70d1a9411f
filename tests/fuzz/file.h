/* SPDX-License-Identifier: Apache-2.0
 *
 * Write bytes to a file, for functions that read files only.
 */
#ifndef FUZZ_FILE_H
#define FUZZ_FILE_H

#include "ir/graph/graph.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* The path of the file; the next call overwrites it.  */
static inline const char *
fuzz_file(const uint8_t *p, size_t n)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || ftruncate(fd, 0) < 0 ||
	    pwrite(fd, p, n, 0) != (ssize_t)n)
		abort();
	return path;
}

/* Write the graph as text to the file that FUZZ_TEXT names, if it is set.  */
static inline void
fuzz_write_text(const struct brn_graph *g)
{
	const char *name = getenv("FUZZ_TEXT");
	struct brn_buf b = { 0 };
	FILE *f = name ? fopen(name, "w") : NULL;

	if (!f)
		return;
	brn_graph_print(&b, g);
	fwrite(b.p, 1, b.n, f);
	fclose(f);
	brn_buf_free(&b);
}

#endif
