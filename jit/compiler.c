/* SPDX-License-Identifier: Apache-2.0
 *
 * The identity of libgccjit, from the notes of its ELF file.  The file is not
 * trusted: every offset and length is checked against what was read.
 */
#include "jit/compiler.h"

#include "ir/base.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Set by configure; a build without them knows no compiler.  */
#ifndef BRN_GCCJIT_FILE
#define BRN_GCCJIT_FILE ""
#endif
#ifndef BRN_GCCJIT_ID
#define BRN_GCCJIT_ID ""
#endif

#define MAX_PHDRS 256
#define MAX_NOTES 65536

static void
hex_of(const uint8_t *p, size_t n, char id[BRN_COMPILER_ID_MAX])
{
	size_t room = (BRN_COMPILER_ID_MAX - 1) / 2;

	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++)
		sprintf(id + 2 * i, "%02x", p[i]);
}

int
brn_compiler_id_notes(const void *notes, size_t n,
    char id[BRN_COMPILER_ID_MAX])
{
	const uint8_t *p = notes;

	while (n >= sizeof(ElfW(Nhdr))) {
		ElfW(Nhdr) h;
		size_t name, desc;

		memcpy(&h, p, sizeof h);
		p += sizeof h;
		n -= sizeof h;
		name = ((size_t)h.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)h.n_descsz + 3) & ~(size_t)3;
		if (name > n || h.n_descsz > n - name)
			return -1;
		if (h.n_type == NT_GNU_BUILD_ID && h.n_namesz == 4 &&
		    memcmp(p, "GNU", 4) == 0 && h.n_descsz > 0) {
			hex_of(p + name, h.n_descsz, id);
			return 0;
		}
		if (desc > n - name)
			return -1;
		p += name + desc;
		n -= name + desc;
	}
	return -1;
}

static int
read_at(int fd, void *p, size_t n, uint64_t off)
{
	if (off > INT64_MAX)
		return -1;
	return pread(fd, p, n, (off_t)off) == (ssize_t)n ? 0 : -1;
}

/* The build-id among the notes of one program header.  */
static int
note_segment(int fd, const ElfW(Phdr) *h, char id[BRN_COMPILER_ID_MAX])
{
	size_t n = h->p_filesz < MAX_NOTES ? h->p_filesz : MAX_NOTES;
	void *p = brn_alloc(n, 1);
	int rc = -1;

	if (p && read_at(fd, p, n, h->p_offset) == 0)
		rc = brn_compiler_id_notes(p, n, id);
	free(p);
	return rc;
}

static int
is_elf(const ElfW(Ehdr) *e)
{
	return memcmp(e->e_ident, ELFMAG, SELFMAG) == 0 &&
	    e->e_ident[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 :
	    ELFCLASS32) && e->e_phentsize == sizeof(ElfW(Phdr)) &&
	    e->e_phnum <= MAX_PHDRS;
}

static int
id_of(int fd, char id[BRN_COMPILER_ID_MAX])
{
	ElfW(Ehdr) e;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    read_at(fd, &e, sizeof e, 0) < 0 || !is_elf(&e))
		return -1;
	for (int i = 0; i < e.e_phnum; i++) {
		ElfW(Phdr) h;

		if (read_at(fd, &h, sizeof h, e.e_phoff + i * sizeof h) < 0)
			return -1;
		if (h.p_type == PT_NOTE && note_segment(fd, &h, id) == 0)
			return 0;
	}
	snprintf(id, BRN_COMPILER_ID_MAX, "%lld.%lld.%09ld",
	    (long long)st.st_size, (long long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_nsec);
	return 0;
}

int
brn_compiler_id_file(const char *path, char id[BRN_COMPILER_ID_MAX])
{
	char found[BRN_COMPILER_ID_MAX] = "";
	int fd, rc;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	rc = id_of(fd, found);
	close(fd);
	if (rc == 0)
		memcpy(id, found, sizeof found);
	return rc;
}

static char here[BRN_COMPILER_ID_MAX];

static void
find_here(void)
{
	const char *file = secure_getenv("BURIN_GCCJIT");

	if (brn_compiler_id_file(file ? file : BRN_GCCJIT_FILE, here) < 0)
		snprintf(here, sizeof here, "%s", BRN_GCCJIT_ID);
}

const char *
brn_compiler_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, find_here);
	return here;
}
