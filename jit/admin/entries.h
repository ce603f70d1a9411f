/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache as people see it: its entries, described as kernels.
 */
#ifndef BRN_ENTRIES_H
#define BRN_ENTRIES_H

#include "cache/store.h"

/* As burin_cache_each, _gc, _clear and _path; dir NULL: the default.  */
int brn_entries_each(const char *dir, int verify, burin_cache_fn *fn,
    void *ctx, burin_error *err);
int brn_entries_gc(const char *dir, const struct brn_limits *max, int64_t *n,
    burin_error *err);
int brn_entries_clear(const char *dir, int64_t *n, burin_error *err);
/* Entries from an archive or another cache into this one, n of them.  Each is
 * checked like one that is found.  */
int brn_entries_import(const char *dir, const char *path, int64_t *n,
    burin_error *err);
/* The entries of nkey keys (keys NULL: all) into an archive, when path has the
 * name of one, or into a directory that is a layer then.  */
int brn_entries_export(const char *dir, const char *layers,
    const char *const *keys, size_t nkey, const char *path,
    burin_error *err);
/* Lines "name: text" about the entry or failure of a key, of which the first
 * digits are enough.  EINVAL: there is none, or more than one.  */
int brn_entries_explain(const char *dir, const char *layers, const char *key,
    struct brn_buf *out, burin_error *err);
int brn_entries_path(const char *dir, char *buf, size_t size,
    burin_error *err);

#endif
