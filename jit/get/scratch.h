/* SPDX-License-Identifier: Apache-2.0
 *
 * A temporary store for when the cache cannot be used: a private directory
 * under $TMPDIR, /tmp, /dev/shm or /var/tmp, removed when it is closed.
 */
#ifndef BRN_SCRATCH_H
#define BRN_SCRATCH_H

#include "cache/store.h"

struct brn_scratch {
	struct brn_store *store;
	char dir[256];
};

int brn_scratch_open(struct brn_scratch *t, burin_error *err);
void brn_scratch_close(struct brn_scratch *t);

#endif
