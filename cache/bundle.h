/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries on their way from one store to another, in one file: an archive of
 * what a store has, v1/<hh>/<key>.so, in the format that the end of its name
 * says (.tar, .tar.zst, .tar.gz, .tar.xz).  Needs libarchive; without it
 * bundles are refused.
 */
#ifndef BRN_BUNDLE_H
#define BRN_BUNDLE_H

#include "cache/key.h"

struct brn_bundle;

/* Written beside path, and in its place when it is closed well.  */
int brn_bundle_create(const char *path, struct brn_bundle **out,
    burin_error *err);
int brn_bundle_add(struct brn_bundle *b, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err);
/* keep 0: leave no file.  b is gone in any case.  */
int brn_bundle_close(struct brn_bundle *b, int keep, burin_error *err);

/* Called with each file that has the name of an entry, unchecked.  */
typedef int brn_bundle_fn(void *ctx, const void *entry, size_t n,
    burin_error *err);
/* Stops at the first error.  */
int brn_bundle_each(const char *path, brn_bundle_fn *fn, void *ctx,
    burin_error *err);

#endif
