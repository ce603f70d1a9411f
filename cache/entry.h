/* SPDX-License-Identifier: Apache-2.0
 *
 * One entry as a file: what its bytes mean, and whether to believe them.
 *
 *	payload | description | trailer
 *
 * The trailer is 64 bytes, integers little-endian:
 *
 *	 0  magic "BURINELF"
 *	 8  u32 version, u32 zero
 *	16  u64 length of the payload, u64 length of the description
 *	32  key
 *	48  XXH3-128 of all bytes before it, the trailer's included
 *
 * Private to cache/.
 */
#ifndef BRN_ENTRY_H
#define BRN_ENTRY_H

#include "cache/key.h"

#define BRN_TRAILER 64
#define BRN_ENTRY_VERSION 1
#define BRN_ENTRY_MAX ((int64_t)1 << 30)        /* bytes; more is damage */

struct brn_entry {
	int fd;
	int64_t bytes, mtime;
	struct brn_key key;             /* as the trailer says */
	const uint8_t *desc;            /* in buf; NULL when bad */
	size_t ndesc;
	const char *bad;                /* NULL, or why not, static */
	int damaged;                    /* bad, ours, and of no use to anyone */
	uint64_t dev, ino;
	uint8_t *buf;
};

/* Open and check the file name in dirfd.  -1: there is none.  0: *e is filled,
 * e->bad says what is wrong with it, and brn_entry_close is due.  With verify
 * every byte is read and the checksum compared, otherwise only description
 * and trailer.  */
int brn_entry_open(int dirfd, const char *name, int verify,
    struct brn_entry *e);
void brn_entry_close(struct brn_entry *e);

/* The same from n bytes in memory, which e->desc then points into; nothing to
 * close.  Whose they are is not asked.  */
void brn_entry_read(const void *p, size_t n, struct brn_entry *e);

/* Make the payload in fd, a file open for reading and appending, an entry.
 * where stands in messages.  */
int brn_entry_seal(int fd, const struct brn_key *k, const void *desc,
    size_t ndesc, const char *where, burin_error *err);

#endif
