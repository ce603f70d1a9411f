/* SPDX-License-Identifier: Apache-2.0
 *
 * The caches of a batch: one to write to, and read-only layers under it.
 */
#ifndef BRN_STORES_H
#define BRN_STORES_H

#include "cache/store.h"

#define BRN_MAX_LAYERS 8
#define BRN_MAX_LABELS 16

struct brn_stores {
	struct brn_store *rw;           /* NULL: none that can be used */
	int n;                          /* of store[], rw first */
	struct brn_store *store[1 + BRN_MAX_LAYERS];
	/* Compilers that made what is in them.  */
	int nlabel;
	char label[BRN_MAX_LABELS][64];
};

/* dir NULL: the default; layers "dir:dir" or NULL.  What cannot be used is left
 * out, and tell(ctx, why) called for it.  */
void brn_stores_open(struct brn_stores *s, const char *dir,
    const char *layers, void (*tell)(void *ctx, const char *why), void *ctx);
void brn_stores_close(struct brn_stores *s);

#endif
