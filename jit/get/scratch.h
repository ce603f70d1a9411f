/* SPDX-License-Identifier: Apache-2.0
 *
 * A temporary store for when the cache cannot be used: a private directory
 * under $TMPDIR, /tmp, /dev/shm or /var/tmp.
 */
#ifndef BRN_SCRATCH_H
#define BRN_SCRATCH_H

#include "cache/store.h"

/* The store is closed and removed by brn_store_close_scratch.  */
int brn_scratch_open(struct brn_store **out, burin_error *err);

#endif
