/* SPDX-License-Identifier: Apache-2.0
 *
 * A connection to Redis, as much of it as cache/remote.c needs: one command
 * after the other, each with a deadline from its start to the last byte of its
 * reply.  A reply is a status, an error, or a string; anything else, or more
 * than was asked for, is refused before it is read.
 *
 * Private to cache/.
 */
#ifndef BRN_REDIS_H
#define BRN_REDIS_H

#include "ir/base.h"

#define BRN_REDIS_MAX_VALUE ((size_t)64 << 20)  /* bytes of a string */

struct brn_redis;

struct brn_redis_address {
	char host[256];
	int port;
	int tls;        /* the certificate of host is verified */
};

/* Connect.  ECACHE: it did not answer in time, or the certificate is not
 * valid; EUNSUPPORTED: tls in a build without OpenSSL.  */
int brn_redis_open(const struct brn_redis_address *a, struct brn_redis **out,
    burin_error *err);
void brn_redis_close(struct brn_redis *r);              /* NULL is fine */

struct brn_redis_word {
	const void *p;
	size_t n;
};

/* A string has p; for a status, and for a string that is not there, p is
 * NULL.  */
struct brn_redis_reply {
	const uint8_t *p;       /* valid until the next call */
	size_t n;
};

/* Send a command of n words and read the reply.  ECACHE: no reply in time, one
 * that is none of the above, or an error.  The connection is then to be
 * closed.  */
int brn_redis_ask(struct brn_redis *r, const struct brn_redis_word *word,
    int n, struct brn_redis_reply *reply, burin_error *err);

#endif
