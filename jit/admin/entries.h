/* SPDX-License-Identifier: Apache-2.0
 *
 * The cache for its administrator: entries described as kernels and records.
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
/* Import the entries of an archive or of another cache; *n is how many.  Each
 * is checked as on loading.  */
int brn_entries_import(const char *dir, const char *path, int64_t *n,
    burin_error *err);
/* Export the entries of nkey keys (keys NULL: all) to an archive, if path has
 * the name of one, else to a directory that can serve as a layer.  */
int brn_entries_export(const char *dir, const char *layers,
    const char *const *keys, size_t nkey, const char *path,
    burin_error *err);
/* Write lines "name: text" about the entry or failure of a key, which may be
 * given by its first digits.  EINVAL: no key begins so, or several do.  */
int brn_entries_explain(const char *dir, const char *layers, const char *key,
    struct brn_buf *out, burin_error *err);
int brn_entries_path(const char *dir, char *buf, size_t size,
    burin_error *err);

#endif
