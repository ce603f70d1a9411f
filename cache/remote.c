/* SPDX-License-Identifier: Apache-2.0
 *
 * MACs through libsodium.  The value of burin:v1:<key> is
 * crypto_auth(key || entry) || entry.  The MAC covers the key, so an entry
 * cannot be returned for another key.
 */
#include "cache/remote.h"

#ifdef HAVE_REMOTE

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cache/path.h"
#include "cache/redis.h"

#define MAX_SECRET 4096
#define MIN_SECRET 16

/* Set once a request has failed; the process then sends no more.  */
static atomic_int gave_up;

struct brn_remote {
	struct brn_redis *redis;
	struct brn_redis_address address;
	uint8_t secret[crypto_auth_KEYBYTES];
	char password[256];
	int database;
};

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
	/* Opening a FIFO would wait for a writer.  */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return brn_fail(err, BURIN_ECACHE, "%s: %s", path,
		    strerror(errno));
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    brn_is_trusted_owner(st.st_uid) &&
	    !(st.st_mode & (S_IRWXO | S_IWGRP)))
		n = read(fd, text, sizeof text);
	close(fd);
	if (n < MIN_SECRET)
		return brn_fail(err, BURIN_ECACHE, "%s: wanted a file of "
		    "%d bytes or more that others cannot read", path,
		    MIN_SECRET);
	crypto_generichash(r->secret, sizeof r->secret, text, (size_t)n, NULL,
	    0);
	sodium_memzero(text, sizeof text);
	return BURIN_OK;
}

/* redis[s]://[:password@]host[:port][/database] */
static int
parse(struct brn_remote *r, const char *url, burin_error *err)
{
	const char *p = url, *at, *end;
	int n;

	r->address.tls = strncmp(url, "rediss://", 9) == 0;
	if (!r->address.tls && strncmp(url, "redis://", 8) != 0)
		return brn_fail(err, BURIN_ECACHE, "cache_remote: wanted "
		    "redis://[:password@]host[:port][/database] or rediss://");
	p += r->address.tls ? 9 : 8;
	at = strrchr(p, '@');
	if (at) {
		p += *p == ':';
		snprintf(r->password, sizeof r->password, "%.*s",
		    (int)(at - p), p);
		p = at + 1;
	}
	n = (int)strcspn(p, ":/");
	snprintf(r->address.host, sizeof r->address.host, "%.*s", n, p);
	end = p + n;
	r->address.port = *end == ':' ? atoi(end + 1) : 6379;
	end = strchr(end, '/');
	r->database = end ? atoi(end + 1) : 0;
	if (!r->address.host[0] || r->address.port < 1 ||
	    r->address.port > 65535)
		return brn_fail(err, BURIN_ECACHE,
		    "cache_remote: wanted "
		    "a host and a port from 1 to 65535");
	return BURIN_OK;
}

/* ---- requests --------------------------------------------------------- */

/* Ask for two words, or three if the last has bytes.  The first failure is the
 * last request.  */
static int
ask(struct brn_remote *r, const char *verb, const char *what,
    struct brn_redis_word more, struct brn_redis_reply *reply,
    burin_error *err)
{
	struct brn_redis_word word[] = {
		{ verb, strlen(verb) }, { what, strlen(what) }, more,
	};
	int rc;

	if (gave_up)
		return brn_fail(err, BURIN_ECACHE, "redis %s: did not answer "
		    "an earlier request", r->address.host);
	rc = brn_redis_ask(r->redis, word, more.p ? 3 : 2, reply, err);
	gave_up |= rc < 0;
	return rc;
}

static int
connect_to(struct brn_remote *r, burin_error *err)
{
	struct brn_redis_word none = { NULL, 0 };
	struct brn_redis_reply reply;
	char number[16];
	int rc = brn_redis_open(&r->address, &r->redis, err);

	gave_up |= rc < 0;
	if (rc == 0 && r->password[0])
		rc = ask(r, "AUTH", r->password, none, &reply, err);
	snprintf(number, sizeof number, "%d", r->database);
	if (rc == 0 && r->database)
		rc = ask(r, "SELECT", number, none, &reply, err);
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
	brn_redis_close(r->redis);
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

/* Check the MAC of the value a and copy its entry.  */
static int
copy_checked(const struct brn_remote *r, const struct brn_key *k,
    const struct brn_redis_reply *a, uint8_t **entry, size_t *n,
    burin_error *err)
{
	uint8_t mac[crypto_auth_BYTES];

	if (a->n <= sizeof mac)
		return brn_fail(err, BURIN_ECACHE,
		    "redis %s: value is not an entry", r->address.host);
	mac_of(r, k, a->p + sizeof mac, a->n - sizeof mac, mac);
	if (sodium_memcmp(mac, a->p, sizeof mac) != 0)
		return brn_fail(err, BURIN_ECACHE, "redis %s: wrong MAC",
		    r->address.host);
	*entry = brn_alloc_aligned(a->n - sizeof mac);
	if (!*entry)
		return brn_nomem(err);
	*n = a->n - sizeof mac;
	memcpy(*entry, a->p + sizeof mac, *n);
	return BURIN_OK;
}

static void
name_of(const struct brn_key *k, char name[BRN_KEY_HEX + 16])
{
	char hex[BRN_KEY_HEX];

	brn_key_hex(k, hex);
	sprintf(name, "burin:v1:%s", hex);
}

int
brn_remote_get(struct brn_remote *r, const struct brn_key *k,
    uint8_t **entry, size_t *n, burin_error *err)
{
	struct brn_redis_word none = { NULL, 0 };
	struct brn_redis_reply a;
	char name[BRN_KEY_HEX + 16];
	int rc;

	name_of(k, name);
	if ((rc = ask(r, "GET", name, none, &a, err)) < 0)
		return rc;
	return a.p ? copy_checked(r, k, &a, entry, n, err) : 1;
}

int
brn_remote_put(struct brn_remote *r, const struct brn_key *k,
    const void *entry, size_t n, burin_error *err)
{
	struct brn_redis_reply a;
	char name[BRN_KEY_HEX + 16];
	uint8_t *p;
	int rc;

	if (n > BRN_REDIS_MAX_VALUE - crypto_auth_BYTES)
		return brn_fail(err, BURIN_ECACHE, "redis %s: %zu bytes are "
		    "too many", r->address.host, n);
	p = brn_alloc(n + crypto_auth_BYTES, 1);
	if (!p)
		return brn_nomem(err);
	mac_of(r, k, entry, n, p);
	memcpy(p + crypto_auth_BYTES, entry, n);
	name_of(k, name);
	rc = ask(r, "SET", name, (struct brn_redis_word){ p,
	    n + crypto_auth_BYTES }, &a, err);
	free(p);
	return rc;
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
