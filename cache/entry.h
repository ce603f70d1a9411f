/* SPDX-License-Identifier: Apache-2.0
 *
 * The file format of one entry, and the checks that decide whether its bytes
 * are used.
 *
 *	payload | description | trailer
 *
 * The trailer is 64 bytes, integers little-endian:
 *
 *	 0  magic "BURINELF"
 *	 8  u32 version, u32 zero
 *	16  u64 length of the payload, u64 length of the description
 *	32  key
 *	48  XXH3-128 of all bytes before offset 48 of the trailer
 *
 * Private to cache/.
 */
#ifndef BRN_ENTRY_H
#define BRN_ENTRY_H

#include "cache/key.h"

#define BRN_TRAILER 64
#define BRN_ENTRY_VERSION 1
#define BRN_ENTRY_MAX ((int64_t)1 << 30)        /* bytes; larger is damaged */

struct brn_entry {
	int fd;
	int64_t bytes, mtime;
	struct brn_key key;             /* from the trailer */
	const uint8_t *desc;            /* points into buf; NULL when bad */
	size_t ndesc;
	const char *bad;                /* why not to use it, static; or NULL */
	int damaged;                    /* wrong bytes in a file of this user */
	uint64_t dev, ino;
	uint8_t *buf;
};

/* Open and check the file name in dirfd.  Returns -1 if there is no such file.
 * Returns 0 if *e was filled: e->bad is the reason not to use it or NULL, and
 * the caller must call brn_entry_close.  With verify every byte is read and the
 * checksum compared; otherwise only description and trailer are read.  */
int brn_entry_open(int dirfd, const char *name, int verify,
    struct brn_entry *e);
void brn_entry_close(struct brn_entry *e);

/* A descriptor of a copy in memory of the bytes that an open with verify has
 * checked.  It is sealed: unlike a file it can neither be cut nor written to
 * while it is mapped.  -1: the system has none that can be executed.  */
int brn_entry_copy(const struct brn_entry *e);

/* Check an entry of n bytes in memory, checksum included.  e->desc points into
 * p; nothing needs to be closed.  There is no owner or mode to check.  */
void brn_entry_read(const void *p, size_t n, struct brn_entry *e);

/* Turn the payload in fd, a file open for reading and writing, into an entry:
 * append description and trailer, set mode 0400, fsync.  where is the file name
 * used in error messages.  */
int brn_entry_seal(int fd, const struct brn_key *k, const void *desc,
    size_t ndesc, const char *where, burin_error *err);

#endif
