/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory of entries, one file each:
 *
 *	payload | description | trailer
 *
 * The payload is a shared object (loaders ignore what follows it); the
 * description is every byte the key was made of; the trailer holds magic,
 * format version, both lengths, the key, and a checksum of all before it.
 *
 * Layout: <dir>/v1/<first byte of key, hex>/<key>.so, beside it temporary files
 * as tmp.<host>.<pid>.<n> and failures as <key>.fail; locks in
 * <dir>/v1/lock/<first byte>.  Published by fsync and rename; hits take no
 * lock; nothing is ever truncated.
 */
#ifndef BRN_STORE_H
#define BRN_STORE_H

#include "cache/key.h"

struct brn_store;

#define BRN_MISS 1

/* dir NULL: $BURIN_CACHE_DIR, $XDG_CACHE_HOME/burin or ~/.cache/burin
 * (secure_getenv).  Made with mode 0700 if absent.  ECACHE when it is not
 * ours, or others may write to it, or it cannot be made.  */
int brn_store_open(const char *dir, struct brn_store **out, burin_error *err);
/* A layer that is only looked into: may be root's, is not made, not changed,
 * and its entries do not age.  */
int brn_store_open_readonly(const char *dir, struct brn_store **out,
    burin_error *err);
int brn_store_is_readonly(const struct brn_store *s);
void brn_store_close(struct brn_store *s);              /* NULL is fine */
const char *brn_store_dir(const struct brn_store *s);
/* Where open would look, without making or checking it.  */
int brn_store_default_dir(char *buf, size_t size, burin_error *err);

/* 0: *fd is open on a checked entry (the caller closes it); BRN_MISS: not
 * there, or not to be trusted, and then *why says in a word (static text), and
 * an entry of ours that is damaged is removed.  Thread-safe.  */
int brn_store_get(struct brn_store *s, const struct brn_key *k,
    const void *desc, size_t ndesc, int *fd, const char **why);

/* A fresh name for a temporary file in the shard of k, in path.  */
int brn_store_temp(struct brn_store *s, const struct brn_key *k, char *path,
    size_t size, burin_error *err);
/* Append description and trailer to the file at tmp, set its mode, fsync and
 * rename it into place.  On failure tmp is removed.  */
int brn_store_publish(struct brn_store *s, const struct brn_key *k,
    const char *tmp, const void *desc, size_t ndesc, burin_error *err);

/* Publish an entry that comes whole from elsewhere, its n bytes checked like
 * those of any other.  *k is its key.  ECACHE.  */
int brn_store_put(struct brn_store *s, const void *entry, size_t n,
    struct brn_key *k, burin_error *err);

/* All bytes of the entry of k, verified; free() frees them.  BRN_MISS when
 * there is none that is usable.  */
int brn_store_read(struct brn_store *s, const struct brn_key *k,
    uint8_t **entry, size_t *n);
/* The key and description of n bytes that brn_store_put or _read let pass.  */
struct brn_key brn_entry_key(const void *entry, size_t n);
void brn_entry_desc(const void *entry, size_t n, const void **desc,
    size_t *ndesc);
/* Let everybody read what is in it, nobody else write: for a layer.  */
int brn_store_share(struct brn_store *s, burin_error *err);

/* A directory of this process, for what a compiler leaves about, in path.  It
 * is swept like a temporary file when the process is dead.  */
int brn_store_tempdir(struct brn_store *s, char *path, size_t size,
    burin_error *err);
void brn_store_tempdir_remove(struct brn_store *s, const char *path);
/* Whether n bytes more can be written.  */
int brn_store_has_room(struct brn_store *s, size_t n);

/* Remember for a day that k cannot be made, and why; an entry published under
 * the key ends it.  A store that cannot be written does not remember.  */
void brn_store_fail(struct brn_store *s, const struct brn_key *k,
    const char *why);
/* 1: so it is, and why is in buf.  */
int brn_store_failed(struct brn_store *s, const struct brn_key *k, char *buf,
    size_t size);

/* Short words that are kept with a store, as lines of text: jit/ keeps those
 * who compiled for it.  Adding one that is there does nothing.  */
void brn_store_label(struct brn_store *s, const char *label);
/* All of them in buf, cut at a whole line where it is too small.  */
void brn_store_labels(const struct brn_store *s, char *buf, size_t size);

/* Advisory lock on the shard of k across processes: a descriptor, or -1 when
 * it was not to be had within ms (then work without it).  */
int brn_store_lock(struct brn_store *s, const struct brn_key *k, int ms);
void brn_store_unlock(int lock);

struct brn_store_entry {
	struct brn_key key;
	int64_t bytes, mtime;
	const uint8_t *desc;            /* NULL when not readable */
	size_t ndesc;
	const char *bad;                /* NULL, or why it is not usable */
};
typedef void brn_store_fn(void *ctx, const struct brn_store_entry *e);

/* Every entry in key order; verify: checksums too.  */
int brn_store_each(struct brn_store *s, int verify, brn_store_fn *fn,
    void *ctx, burin_error *err);
/* What a store may hold; negative: no limit.  */
struct brn_limits {
	int64_t bytes, files;
};

/* Remove unusable entries, temporary files older than an hour or of dead
 * processes of this host, failures older than a day, and least recently used
 * entries beyond the limits.  */
int brn_store_gc(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err);
/* The same at most every 20 minutes, without reading what the entries hold,
 * and to nine tenths of a limit that was passed.  */
int brn_store_prune(struct brn_store *s, const struct brn_limits *max,
    int64_t *removed, burin_error *err);
int brn_store_clear(struct brn_store *s, int64_t *removed, burin_error *err);

#endif
