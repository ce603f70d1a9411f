/* SPDX-License-Identifier: Apache-2.0
 *
 * A cache that machines share, in Redis.  Its entries are code from elsewhere:
 * each travels with a MAC under a secret that all who may write to it share,
 * and one without is not looked at.  Nothing here waits for long, and after
 * the first failure nothing is asked any more in this process.
 */
#ifndef BRN_REMOTE_H
#define BRN_REMOTE_H

#include "cache/key.h"

struct brn_remote;

/* url "redis://[:password@]host[:port][/number]", key_file: at least 16 bytes
 * that others cannot read.  ECACHE: cannot be used, or could not once;
 * EUNSUPPORTED: built without.  */
int brn_remote_open(const char *url, const char *key_file,
    struct brn_remote **out, burin_error *err);
void brn_remote_close(struct brn_remote *r);            /* NULL is fine */

/* 0: the bytes of an entry with a valid MAC, free() frees them.  1: not there.
 * ECACHE: what is there is not to be trusted, or nobody answers.  */
int brn_remote_get(struct brn_remote *r, const struct brn_key *k,
    uint8_t **entry, size_t *n, burin_error *err);
int brn_remote_put(struct brn_remote *r, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err);

#endif
