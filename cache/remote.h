/* SPDX-License-Identifier: Apache-2.0
 *
 * A cache in Redis that several machines share.  Its entries are code from
 * other machines, so each is stored with a MAC under a secret that all writers
 * share; an entry without a valid MAC is not used.  Every request has a
 * deadline, and after the first failure this process sends no more.
 */
#ifndef BRN_REMOTE_H
#define BRN_REMOTE_H

#include "cache/key.h"

struct brn_remote;

/* Connect to url, "redis://[:password@]host[:port][/database]", or rediss://
 * for TLS.  key_file holds the secret: a regular file of 16 bytes or more, not
 * readable by others.  ECACHE: Redis is not reachable, now or earlier in this
 * process, or key_file is not usable; EUNSUPPORTED: built without libsodium, or
 * without TLS.  */
int brn_remote_open(const char *url, const char *key_file,
    struct brn_remote **out, burin_error *err);
void brn_remote_close(struct brn_remote *r);            /* NULL is fine */

/* 0: *entry is an entry with a valid MAC, which the caller frees with free().
 * 1: Redis has no value for k.  ECACHE: the MAC is wrong, or no answer came
 * before the deadline.  */
int brn_remote_get(struct brn_remote *r, const struct brn_key *k,
    uint8_t **entry, size_t *n, burin_error *err);
int brn_remote_put(struct brn_remote *r, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err);

#endif
