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
int brn_entries_path(const char *dir, char *buf, size_t size,
    burin_error *err);

#endif
