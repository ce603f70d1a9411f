/* SPDX-License-Identifier: Apache-2.0
 *
 * The layers of the cache: a store to write to, and read-only stores under it.
 */
#ifndef BRN_CACHE_LAYERS_H
#define BRN_CACHE_LAYERS_H

#include "cache/store.h"

#define BRN_MAX_LAYERS 8
#define BRN_MAX_LABELS 16

struct brn_cache_layers {
	struct brn_store *rw;           /* NULL: none can be used */
	int n;                          /* of store[]; rw is the first */
	struct brn_store *store[1 + BRN_MAX_LAYERS];
	/* The compilers whose kernels are in them.  */
	int nlabel;
	char label[BRN_MAX_LABELS][64];
};

/* Open dir (NULL: the default) and the directories of layers, "dir:dir" or
 * NULL.  For each that cannot be used tell(ctx, why) is called.  */
void brn_cache_layers_open(struct brn_cache_layers *s, const char *dir,
    const char *layers, void (*tell)(void *ctx, const char *why), void *ctx);
void brn_cache_layers_close(struct brn_cache_layers *s);

#endif
