/* SPDX-License-Identifier: Apache-2.0
 *
 * Redis through hiredis, MACs through libsodium.  The value of burin:v1:<key>
 * is crypto_auth(key || entry) || entry.  The MAC covers the key, so an entry
 * cannot be returned for another key.
 *
 * hiredis has a timeout for each read.  Here the deadline is that of the whole
 * request, so that a server which sends single bytes is given up, too.
 */
#include "cache/remote.h"

#ifdef HAVE_REMOTE

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_MS 50
#define REQUEST_MS 200
#define MAX_SECRET 4096
#define MIN_SECRET 16

/* Set once a request has failed; the process then sends no more.  */
static atomic_int gave_up;

struct brn_remote {
	redisContext *c;
	uint8_t secret[crypto_auth_KEYBYTES];
	char host[256], password[256];
	int port, database;
};

static int
give_up(struct brn_remote *r, const char *why, burin_error *err)
{
	gave_up = 1;
	return brn_fail(err, BURIN_ECACHE, "redis %s: %s", r->host, why);
}

/* ---- secret and address ----------------------------------------------- */

static int
read_secret(struct brn_remote *r, const char *path, burin_error *err)
{
	uint8_t text[MAX_SECRET];
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (!path)
		return brn_fail(err, BURIN_ECACHE,
		    "cache_remote: needs cache_remote_key");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", path,
		    strerror(errno));
	if (fstat(fd, &st) == 0 && (st.st_uid == geteuid() || !st.st_uid) &&
	    !(st.st_mode & (S_IRWXO | S_IWGRP)))
		n = read(fd, text, sizeof text);
	close(fd);
	if (n < MIN_SECRET)
		return brn_fail(err, BURIN_ECACHE, "%s: wanted %d bytes or "
		    "more that others cannot read", path, MIN_SECRET);
	crypto_generichash(r->secret, sizeof r->secret, text, (size_t)n, NULL,
	    0);
	sodium_memzero(text, sizeof text);
	return BURIN_OK;
}

/* redis://[:password@]host[:port][/database] */
static int
parse(struct brn_remote *r, const char *url, burin_error *err)
{
	static const char scheme[] = "redis://";
	const char *p = url + sizeof scheme - 1, *at, *end;
	int n;

	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return brn_fail(err, BURIN_ECACHE, "cache_remote: wanted "
		    "redis://[:password@]host[:port][/database]");
	at = strrchr(p, '@');
	if (at) {
		p += *p == ':';
		snprintf(r->password, sizeof r->password, "%.*s",
		    (int)(at - p), p);
		p = at + 1;
	}
	n = (int)strcspn(p, ":/");
	snprintf(r->host, sizeof r->host, "%.*s", n, p);
	end = p + n;
	r->port = *end == ':' ? atoi(end + 1) : 6379;
	end = strchr(end, '/');
	r->database = end ? atoi(end + 1) : 0;
	if (!r->host[0] || r->port < 1 || r->port > 65535)
		return brn_fail(err, BURIN_ECACHE,
		    "cache_remote: wanted "
		    "a host and a port from 1 to 65535");
	return BURIN_OK;
}

/* ---- requests --------------------------------------------------------- */

static int
wait_for(redisContext *c, short events, double end)
{
	struct pollfd p = { .fd = c->fd, .events = events };
	double left = end - brn_now_ms();

	return left > 0 && poll(&p, 1, (int)left + 1) > 0;
}

/* Send the appended command and read its reply.  NULL: *err is set.  */
static redisReply *
get_reply(struct brn_remote *r, burin_error *err)
{
	double end = brn_now_ms() + REQUEST_MS;
	void *reply = NULL;
	int done = 0;

	while (!done)
		if (!wait_for(r->c, POLLOUT, end) ||
		    redisBufferWrite(r->c, &done) != REDIS_OK) {
			give_up(r, "no answer", err);
			return NULL;
		}
	for (;;) {
		if (redisGetReplyFromReader(r->c, &reply) != REDIS_OK) {
			give_up(r, "answer is not of the Redis protocol", err);
			return NULL;
		}
		if (reply)
			return reply;
		if (!wait_for(r->c, POLLIN, end) ||
		    redisBufferRead(r->c) != REDIS_OK) {
			give_up(r, "no answer", err);
			return NULL;
		}
	}
}

static int
is_error(const redisReply *a)
{
	return a->type == REDIS_REPLY_ERROR;
}

/* Send the appended command; only an error in its reply matters.  */
static int
send_command(struct brn_remote *r, burin_error *err)
{
	redisReply *a = get_reply(r, err);
	int rc = BURIN_OK;

	if (!a)
		return err->code;
	if (is_error(a))
		rc = give_up(r, a->str, err);
	freeReplyObject(a);
	return rc;
}

static int
connect_to(struct brn_remote *r, burin_error *err)
{
	struct timeval t = { 0, CONNECT_MS * 1000 };
	int flags, rc = BURIN_OK;

	r->c = redisConnectWithTimeout(r->host, r->port, t);
	if (!r->c || r->c->err)
		return give_up(r, r->c ? r->c->errstr : "no memory", err);
	flags = fcntl(r->c->fd, F_GETFL);
	fcntl(r->c->fd, F_SETFL, flags | O_NONBLOCK);
	fcntl(r->c->fd, F_SETFD, FD_CLOEXEC);
	r->c->flags &= ~REDIS_BLOCK;
	if (r->password[0]) {
		redisAppendCommand(r->c, "AUTH %s", r->password);
		rc = send_command(r, err);
	}
	if (rc == 0 && r->database) {
		redisAppendCommand(r->c, "SELECT %d", r->database);
		rc = send_command(r, err);
	}
	return rc;
}

int
brn_remote_open(const char *url, const char *key_file,
    struct brn_remote **out, burin_error *err)
{
	struct brn_remote *r;
	int rc;

	if (gave_up)
		return brn_fail(err, BURIN_ECACHE,
		    "cache_remote: did not answer an earlier request");
	if (sodium_init() < 0 || !(r = brn_alloc(1, sizeof *r)))
		return brn_nomem(err);
	if ((rc = parse(r, url, err)) < 0 ||
	    (rc = read_secret(r, key_file, err)) < 0 ||
	    (rc = connect_to(r, err)) < 0) {
		brn_remote_close(r);
		return rc;
	}
	*out = r;
	return BURIN_OK;
}

void
brn_remote_close(struct brn_remote *r)
{
	if (!r)
		return;
	if (r->c)
		redisFree(r->c);
	sodium_memzero(r, sizeof *r);
	free(r);
}

/* ---- entries ---------------------------------------------------------- */

static void
mac_of(const struct brn_remote *r, const struct brn_key *k, const void *entry,
    size_t n, uint8_t mac[crypto_auth_BYTES])
{
	crypto_auth_hmacsha512256_state s;

	crypto_auth_hmacsha512256_init(&s, r->secret, sizeof r->secret);
	crypto_auth_hmacsha512256_update(&s, k->b, sizeof k->b);
	crypto_auth_hmacsha512256_update(&s, entry, n);
	crypto_auth_hmacsha512256_final(&s, mac);
}

/* Check the MAC of the reply a and copy its entry.  */
static int
copy_checked(const struct brn_remote *r, const struct brn_key *k,
    const redisReply *a, uint8_t **entry, size_t *n, burin_error *err)
{
	uint8_t mac[crypto_auth_BYTES];
	const uint8_t *p = (const uint8_t *)a->str;

	if (a->type == REDIS_REPLY_NIL)
		return 1;
	if (a->type != REDIS_REPLY_STRING || a->len <= sizeof mac)
		return brn_fail(err, BURIN_ECACHE,
		    "redis %s: value is not an entry", r->host);
	mac_of(r, k, p + sizeof mac, a->len - sizeof mac, mac);
	if (sodium_memcmp(mac, p, sizeof mac) != 0)
		return brn_fail(err, BURIN_ECACHE, "redis %s: wrong MAC",
		    r->host);
	*entry = brn_alloc_aligned(a->len - sizeof mac);
	if (!*entry)
		return brn_nomem(err);
	*n = a->len - sizeof mac;
	memcpy(*entry, p + sizeof mac, *n);
	return BURIN_OK;
}

int
brn_remote_get(struct brn_remote *r, const struct brn_key *k,
    uint8_t **entry, size_t *n, burin_error *err)
{
	char hex[BRN_KEY_HEX];
	redisReply *a;
	int rc;

	if (gave_up)
		return brn_fail(err, BURIN_ECACHE, "redis %s: did not answer "
		    "an earlier request", r->host);
	brn_key_hex(k, hex);
	redisAppendCommand(r->c, "GET burin:v1:%s", hex);
	if (!(a = get_reply(r, err)))
		return err->code;
	if (is_error(a))
		rc = give_up(r, a->str, err);
	else
		rc = copy_checked(r, k, a, entry, n, err);
	freeReplyObject(a);
	return rc;
}

int
brn_remote_put(struct brn_remote *r, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	char hex[BRN_KEY_HEX];
	uint8_t *p;

	if (gave_up)
		return brn_fail(err, BURIN_ECACHE, "redis %s: did not answer "
		    "an earlier request", r->host);
	p = brn_alloc(n + crypto_auth_BYTES, 1);
	if (!p)
		return brn_nomem(err);
	mac_of(r, k, entry, n, p);
	memcpy(p + crypto_auth_BYTES, entry, n);
	brn_key_hex(k, hex);
	redisAppendCommand(r->c, "SET burin:v1:%s %b", hex, p,
	    n + crypto_auth_BYTES);
	free(p);
	return send_command(r, err);
}

#else

static int
missing(burin_error *err)
{
	return brn_fail(err, BURIN_EUNSUPPORTED,
	    "cache_remote: built without --with-remote");
}

int
brn_remote_open(const char *url, const char *key_file,
    struct brn_remote **out, burin_error *err)
{
	(void)url, (void)key_file, (void)out;
	return missing(err);
}

void
brn_remote_close(struct brn_remote *r)
{
	(void)r;
}

int
brn_remote_get(struct brn_remote *r, const struct brn_key *k,
    uint8_t **entry, size_t *n, burin_error *err)
{
	(void)r, (void)k, (void)entry, (void)n;
	return missing(err);
}

int
brn_remote_put(struct brn_remote *r, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	(void)r, (void)k, (void)entry, (void)n;
	return missing(err);
}

#endif
