/* SPDX-License-Identifier: Apache-2.0
 *
 * Bundles: an archive of entries under the paths they have in a store,
 * v1/<hh>/<key>.so, to copy them from one store to another.  The suffix of the
 * file name gives the format (.tar, .tar.zst, .tar.gz, .tar.xz).  Without
 * libarchive at build time every function returns EUNSUPPORTED.
 */
#ifndef BRN_BUNDLE_H
#define BRN_BUNDLE_H

#include "cache/key.h"

struct brn_bundle;

/* Start a bundle.  It is written to a temporary file beside path, which
 * brn_bundle_close renames to path.  */
int brn_bundle_create(const char *path, struct brn_bundle **out,
    burin_error *err);
int brn_bundle_add(struct brn_bundle *b, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err);
/* Finish and free b, also on error.  keep 0: remove the file instead of
 * renaming it to path.  */
int brn_bundle_close(struct brn_bundle *b, int keep, burin_error *err);

/* Receives one file whose name is that of an entry; its bytes are
 * unchecked.  */
typedef int brn_bundle_fn(void *ctx, const void *entry, size_t n,
    burin_error *err);
/* Call fn for each entry of the bundle at path; stops at the first error.  */
int brn_bundle_each(const char *path, brn_bundle_fn *fn, void *ctx,
    burin_error *err);

#endif
