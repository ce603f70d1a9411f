/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory of entries, one file each:
 *
 *	payload | description | trailer
 *
 * The payload is a shared object (the dynamic loader ignores bytes after it);
 * the description is the byte string whose hash is the key; the trailer holds
 * magic, format version, both lengths, the key, and a checksum of all bytes
 * before the checksum.
 *
 * Paths: <dir>/v1/<first byte of key, hex>/<key>.so for entries; in the same
 * directory tmp.<host>-<namespace>.<pid>.<n> for temporary files and <key>.fail
 * for recorded failures; <dir>/v1/lock/<first byte> for locks.  Entries are
 * published by fsync and rename.  Hits take no lock.  No file is ever
 * truncated.
 */
#ifndef BRN_STORE_H
#define BRN_STORE_H

#include "cache/key.h"

struct brn_store;

#define BRN_MISS 1

/* Open the store in dir, which is created with mode 0700 if absent.  dir NULL:
 * $BURIN_CACHE_DIR, $XDG_CACHE_HOME/burin or ~/.cache/burin, read by
 * secure_getenv.  ECACHE if this user does not own it, if others can write to
 * it or replace it (cache/path.h), or if it cannot be created.  */
int brn_store_open(const char *dir, struct brn_store **out, burin_error *err);
/* Open dir as a read-only layer: root may own it, it is not created, and
 * nothing in it is changed, modification times included.  */
int brn_store_open_readonly(const char *dir, struct brn_store **out,
    burin_error *err);
/* Open the store in the directory top, a descriptor that the caller keeps.  dir
 * is its name in messages.  */
int brn_store_open_at(int top, const char *dir, struct brn_store **out,
    burin_error *err);
/* The store whose brn_store_fd another process has handed over as fd, which the
 * caller keeps.  */
int brn_store_open_fd(int fd, const char *dir, struct brn_store **out,
    burin_error *err);
int brn_store_fd(const struct brn_store *s);
/* Open a store in a new private directory under place, an absolute path, for
 * one process and a short time.  Such directories of this user whose process is
 * dead are removed first.  */
int brn_store_open_scratch(const char *place, struct brn_store **out,
    burin_error *err);
/* Close it and remove its directory.  */
void brn_store_close_scratch(struct brn_store *s);      /* NULL is fine */
int brn_store_is_readonly(const struct brn_store *s);
void brn_store_close(struct brn_store *s);              /* NULL is fine */
const char *brn_store_dir(const struct brn_store *s);
/* The directory that brn_store_open uses when dir is NULL; it is neither
 * created nor checked.  */
int brn_store_default_dir(char *buf, size_t size, burin_error *err);

/* Look up the entry of k.  0: *fd is open on a checked entry, a copy in memory
 * that nobody can change, or the file where there is no such memory; the caller
 * closes it.  BRN_MISS: there is no entry (*why is NULL), or it must not be
 * used (*why is the reason, a few static words); a damaged entry of this user
 * is removed.  Thread-safe.  */
int brn_store_get(struct brn_store *s, const struct brn_key *k,
    const void *desc, size_t ndesc, int *fd, const char **why);

/* A file on its way to become an entry.  It is known by its descriptors, so
 * that nobody who renames directories above can exchange it.  */
struct brn_temp {
	int fd;                         /* for reading and writing; -1: gone */
	int shard;                      /* the directory that it is in */
	char name[BRN_NAME_MAX];        /* in shard */
};
/* Create an empty temporary file in the shard of k.  */
int brn_store_temp(struct brn_store *s, const struct brn_key *k,
    struct brn_temp *t, burin_error *err);
/* Write the payload, or a part of it, where this process has it as bytes.  -1:
 * errno says why.  */
int brn_store_temp_write(struct brn_temp *t, const void *p, size_t n);
/* Remove the file; does nothing after brn_store_publish.  */
void brn_store_temp_remove(struct brn_temp *t);
/* Append description and trailer to t, set its mode, fsync and rename it into
 * place; on failure t is removed.  */
int brn_store_publish(struct brn_store *s, const struct brn_key *k,
    struct brn_temp *t, const void *desc, size_t ndesc, burin_error *err);

/* Publish a complete entry of n bytes, from a bundle or a remote cache.  It is
 * checked like an entry on disk, and its key against the hash of its
 * description.  On success *k is its key; ECACHE if a check fails.  */
int brn_store_put(struct brn_store *s, const void *entry, size_t n,
    struct brn_key *k, burin_error *err);

/* Read the whole entry of k into memory that the caller frees with free().
 * BRN_MISS if there is none, or none that passes the checks.  */
int brn_store_read(struct brn_store *s, const struct brn_key *k,
    uint8_t **entry, size_t *n);
/* Key and description of an entry of n bytes that brn_store_put or
 * brn_store_read has accepted.  *desc points into entry.  */
struct brn_key brn_entry_key(const void *entry, size_t n);
void brn_entry_desc(const void *entry, size_t n, const void **desc,
    size_t *ndesc);
/* Make the store readable by all users and writable by this one only, so that
 * others can use it as a read-only layer.  */
int brn_store_share(struct brn_store *s, burin_error *err);

/* Create a directory for the temporary files of a compiler in this process.
 * Returns a descriptor of it.  gc removes it once the process is dead.  */
int brn_store_tempdir(struct brn_store *s, burin_error *err);
void brn_store_tempdir_remove(struct brn_store *s);
/* Whether the file system of the store has space for n more bytes, found by
 * allocating a file of that size, which RLIMIT_FSIZE must allow.  */
int brn_store_has_room(struct brn_store *s, size_t n);

/* Record for a day that k cannot be compiled, and why.  Publishing an entry of
 * k removes the record.  Does nothing if the store cannot be written.  */
void brn_store_fail(struct brn_store *s, const struct brn_key *k,
    const char *why);
/* 1 if such a record exists and has not expired; the reason is in buf.  Else
 * 0.  */
int brn_store_failed(struct brn_store *s, const struct brn_key *k, char *buf,
    size_t size);

/* Labels: short strings kept in the store, one a line.  jit/ uses them to list
 * the compilers whose kernels it holds.  Adding a label twice does nothing.  */
void brn_store_label(struct brn_store *s, const char *label);
/* Copy all labels to buf; if it is too small, as many whole lines as fit.  */
void brn_store_labels(const struct brn_store *s, char *buf, size_t size);

/* Take the advisory lock on the shard of k, which processes share.  Returns a
 * descriptor for brn_store_unlock, or -1 if it was not free within ms
 * milliseconds; the caller then goes on without it.  */
int brn_store_lock(struct brn_store *s, const struct brn_key *k, int ms);
void brn_store_unlock(int lock);

struct brn_store_entry {
	struct brn_key key;
	int64_t bytes, mtime;
	const uint8_t *desc;            /* NULL when bad */
	size_t ndesc;
	const char *bad;                /* reason not to use it, or NULL */
};
typedef void brn_store_fn(void *ctx, const struct brn_store_entry *e);

/* Call fn for every entry, in key order.  verify: compare checksums, too.  */
int brn_store_each(struct brn_store *s, int verify, brn_store_fn *fn,
    void *ctx, burin_error *err);
/* Upper limits of a store; a negative value means no limit.  */
struct brn_limits {
	int64_t bytes, files;
};

/* *removed of the three below is the number of files removed.  */

/* Remove unusable entries, temporary files older than an hour or of dead
 * processes of this host, failures older than a day, and least recently used
 * entries beyond the limits.  */
int brn_store_gc(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err);
/* Like gc, but does nothing if the last prune was less than 20 minutes ago,
 * does not open the entries, and if a limit is exceeded evicts down to 90 % of
 * it.  */
int brn_store_prune(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err);
/* Remove all entries, recorded failures and temporary files.  */
int brn_store_clear(struct brn_store *s, int64_t *removed, burin_error *err);

#endif
