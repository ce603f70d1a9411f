/* SPDX-License-Identifier: Apache-2.0
 *
 * The socket is never waited for but by poll with what is left of the deadline.
 * OpenSSL reads and writes memory, not the socket, for the same reason, and
 * because its writes to a closed socket would raise SIGPIPE.
 */
#include "cache/redis.h"

#ifdef HAVE_REMOTE

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef HAVE_TLS
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#endif

#define CONNECT_MS 50
#define REQUEST_MS 200                  /* the TLS handshake takes one */
#define MAX_LINE 512
#define CHUNK 65536

struct brn_redis {
	int fd;
	char host[256];
	double end;                     /* of the request */
	uint8_t *buf;                   /* the reply so far */
	size_t n, cap;
#ifdef HAVE_TLS
	SSL *ssl;                       /* NULL: none */
	BIO *in, *out;                  /* bytes from and for the socket */
#endif
};

static int
redis_fail(const struct brn_redis *r, const char *why, burin_error *err)
{
	return brn_fail(err, BURIN_ECACHE, "redis %s: %s", r->host, why);
}

/* ---- the socket ------------------------------------------------------- */

/* Wait until the socket is ready.  0, or -1 at the deadline.  */
static int
wait_for(const struct brn_redis *r, short events)
{
	struct pollfd p = { .fd = r->fd, .events = events };
	double left = r->end - brn_now_ms();
	int rc;

	if (left <= 0)
		return -1;
	rc = poll(&p, 1, (int)left + 1);
	return rc > 0 || (rc < 0 && errno == EINTR) ? 0 : -1;
}

static int
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
socket_send(const struct brn_redis *r, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = send(r->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (got < 0 && !would_block())
			return -1;
		if (got < 0 && wait_for(r, POLLOUT) < 0)
			return -1;
		p += got > 0 ? got : 0;
		n -= got > 0 ? (size_t)got : 0;
	}
	return 0;
}

/* Receive 1 to n bytes.  -1: the deadline, an error, or the end.  */
static ssize_t
socket_receive(const struct brn_redis *r, void *p, size_t n)
{
	while (wait_for(r, POLLIN) == 0) {
		ssize_t got = recv(r->fd, p, n, MSG_DONTWAIT);

		if (got > 0)
			return got;
		if (got == 0 || !would_block())
			return -1;
	}
	return -1;
}

static int
connect_one(struct brn_redis *r, const struct addrinfo *a)
{
	int e = 0;
	socklen_t n = sizeof e;

	r->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, a->ai_protocol);
	if (r->fd < 0)
		return -1;
	if (connect(r->fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno == EINPROGRESS && wait_for(r, POLLOUT) == 0 &&
	    getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &e, &n) == 0 && e == 0)
		return 0;
	if (e)
		errno = e;
	else if (errno == EINPROGRESS)
		errno = ETIMEDOUT;
	e = errno;
	close(r->fd);
	r->fd = -1;
	errno = e;
	return -1;
}

static int
connect_socket(struct brn_redis *r, int port, burin_error *err)
{
	struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *list;
	char service[16];
	int rc;

	snprintf(service, sizeof service, "%d", port);
	rc = getaddrinfo(r->host, service, &hint, &list);
	if (rc != 0)
		return redis_fail(r, gai_strerror(rc), err);
	r->end = brn_now_ms() + CONNECT_MS;
	rc = -1;
	for (struct addrinfo *a = list; a && rc < 0; a = a->ai_next)
		rc = connect_one(r, a);
	freeaddrinfo(list);
	return rc == 0 ? BURIN_OK : redis_fail(r, strerror(errno), err);
}

/* ---- TLS -------------------------------------------------------------- */

#ifdef HAVE_TLS

/* Send what OpenSSL has written.  */
static int
tls_flush(struct brn_redis *r)
{
	uint8_t chunk[4096];
	int n;

	while ((n = BIO_read(r->out, chunk, sizeof chunk)) > 0)
		if (socket_send(r, chunk, (size_t)n) < 0)
			return -1;
	return 0;
}

/* After a call that returned rc: do what it waits for.  -1: it has failed.  */
static int
tls_continue(struct brn_redis *r, int rc)
{
	uint8_t chunk[4096];
	ssize_t n;

	if (SSL_get_error(r->ssl, rc) != SSL_ERROR_WANT_READ ||
	    tls_flush(r) < 0 ||
	    (n = socket_receive(r, chunk, sizeof chunk)) < 0)
		return -1;
	return BIO_write(r->in, chunk, (int)n) == n ? 0 : -1;
}

/* Who the certificate must be for: an address or a name.  */
static int
set_peer(SSL *ssl, const char *host)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(param, host))
		return 0;
	return SSL_set1_host(ssl, host) &&
	    SSL_set_tlsext_host_name(ssl, host) ? 0 : -1;
}

/* The certificates of the system, or of $SSL_CERT_FILE and $SSL_CERT_DIR.  */
static SSL *
tls_new(const char *host)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;

	if (c && SSL_CTX_set_default_verify_paths(c) &&
	    SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION)) {
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
		ssl = SSL_new(c);
	}
	SSL_CTX_free(c);
	if (ssl && set_peer(ssl, host) < 0) {
		SSL_free(ssl);
		ssl = NULL;
	}
	return ssl;
}

static int
tls_open(struct brn_redis *r, burin_error *err)
{
	int rc;

	r->end = brn_now_ms() + REQUEST_MS;
	r->ssl = tls_new(r->host);
	if (!r->ssl)
		return brn_nomem(err);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	if (!r->in || !r->out) {
		BIO_free(r->in);
		BIO_free(r->out);
		return brn_nomem(err);
	}
	SSL_set_bio(r->ssl, r->in, r->out);
	while ((rc = SSL_connect(r->ssl)) != 1)
		if (tls_continue(r, rc) < 0)
			return redis_fail(r, SSL_get_verify_result(r->ssl) ==
			    X509_V_OK ? "no TLS" :
			    X509_verify_cert_error_string(
			    SSL_get_verify_result(r->ssl)), err);
	return tls_flush(r) < 0 ? redis_fail(r, "no TLS", err) : BURIN_OK;
}

static int
tls_send(struct brn_redis *r, const uint8_t *p, size_t n)
{
	size_t done;
	int rc;

	while ((rc = SSL_write_ex(r->ssl, p, n, &done)) != 1)
		if (tls_continue(r, rc) < 0)
			return -1;
	return tls_flush(r);
}

static ssize_t
tls_receive(struct brn_redis *r, void *p, size_t n)
{
	int rc;

	while ((rc = SSL_read(r->ssl, p, (int)n)) <= 0)
		if (tls_continue(r, rc) < 0)
			return -1;
	return rc;
}

#endif

/* ---- requests --------------------------------------------------------- */

static int
send_bytes(struct brn_redis *r, const uint8_t *p, size_t n)
{
#ifdef HAVE_TLS
	if (r->ssl)
		return tls_send(r, p, n);
#endif
	return socket_send(r, p, n);
}

static ssize_t
receive_bytes(struct brn_redis *r, void *p, size_t n)
{
#ifdef HAVE_TLS
	if (r->ssl)
		return tls_receive(r, p, n);
#endif
	return socket_receive(r, p, n);
}

/* The number of a line "$<number>\r\n": -1, or 0 to the largest value; -2: it
 * is none.  */
static long
parse_size(const uint8_t *line, size_t n)
{
	long v = 0;

	if (n == 3 && line[1] == '-' && line[2] == '1')
		return -1;
	if (n < 2 || n > 10)
		return -2;
	for (size_t i = 1; i < n; i++) {
		if (line[i] < '0' || line[i] > '9')
			return -2;
		v = 10 * v + (line[i] - '0');
	}
	return v <= (long)BRN_REDIS_MAX_VALUE ? v : -2;
}

/* Look at the reply so far.  1: it is complete, 0: more is to come, -1: it is
 * not a reply that is read here.  */
static int
parse_reply(const struct brn_redis *r, struct brn_redis_reply *reply)
{
	size_t max = r->n < MAX_LINE ? r->n : MAX_LINE, line;
	const uint8_t *end = max ? memmem(r->buf, max, "\r\n", 2) : NULL;
	long size;

	if (max && !memchr("+-$", r->buf[0], 3))
		return -1;
	if (!end)
		return max == MAX_LINE ? -1 : 0;
	line = (size_t)(end - r->buf);
	*reply = (struct brn_redis_reply){ NULL, line };
	if (r->buf[0] != '$')
		return r->n == line + 2 ? 1 : -1;
	size = parse_size(r->buf, line);
	if (size < 0)
		return size == -1 && r->n == line + 2 ? 1 : -1;
	reply->p = end + 2;
	reply->n = (size_t)size;
	if (r->n < line + 2 + reply->n + 2)
		return 0;
	return r->n == line + 2 + reply->n + 2 &&
	    memcmp(reply->p + reply->n, "\r\n", 2) == 0 ? 1 : -1;
}

/* Room for CHUNK more bytes of the reply.  */
static int
make_room(struct brn_redis *r)
{
	void *p;

	if (r->cap - r->n >= CHUNK)
		return 0;
	p = brn_realloc(r->buf, 2 * r->cap + CHUNK, 1);
	if (!p)
		return -1;
	r->buf = p;
	r->cap = 2 * r->cap + CHUNK;
	return 0;
}

static int
read_reply(struct brn_redis *r, struct brn_redis_reply *reply,
    burin_error *err)
{
	int done = 0;

	for (r->n = 0; done == 0; done = parse_reply(r, reply)) {
		ssize_t got;

		if (make_room(r) < 0)
			return brn_nomem(err);
		got = receive_bytes(r, r->buf + r->n, CHUNK);
		if (got < 0)
			return redis_fail(r, "no answer", err);
		r->n += (size_t)got;
	}
	if (done < 0)
		return redis_fail(r, "answer is not of the Redis protocol",
		    err);
	if (r->buf[0] == '-')
		return brn_fail(err, BURIN_ECACHE, "redis %s: %.*s", r->host,
		    (int)reply->n - 1, (const char *)r->buf + 1);
	return BURIN_OK;
}

int
brn_redis_ask(struct brn_redis *r, const struct brn_redis_word *word, int n,
    struct brn_redis_reply *reply, burin_error *err)
{
	struct brn_buf b = { 0 };
	int rc;

	r->end = brn_now_ms() + REQUEST_MS;
	brn_buf_printf(&b, "*%d\r\n", n);
	for (int i = 0; i < n; i++) {
		brn_buf_printf(&b, "$%zu\r\n", word[i].n);
		brn_buf_put(&b, word[i].p, word[i].n);
		brn_buf_put(&b, "\r\n", 2);
	}
	if (b.fail)
		rc = brn_nomem(err);
	else if (send_bytes(r, b.p, b.n) < 0)
		rc = redis_fail(r, "no answer", err);
	else
		rc = read_reply(r, reply, err);
	brn_buf_free(&b);
	return rc;
}

int
brn_redis_open(const struct brn_redis_address *a, struct brn_redis **out,
    burin_error *err)
{
	struct brn_redis *r = brn_alloc(1, sizeof *r);
	int rc;

	if (!r)
		return brn_nomem(err);
	strcpy(r->host, a->host);
	rc = connect_socket(r, a->port, err);
	if (rc == 0 && a->tls)
#ifdef HAVE_TLS
		rc = tls_open(r, err);
#else
		rc = brn_fail(err, BURIN_EUNSUPPORTED, "cache_remote: rediss: "
		    "built without --with-remote=tls");
#endif
	if (rc < 0) {
		brn_redis_close(r);
		return rc;
	}
	*out = r;
	return BURIN_OK;
}

void
brn_redis_close(struct brn_redis *r)
{
	if (!r)
		return;
#ifdef HAVE_TLS
	SSL_free(r->ssl);
#endif
	if (r->fd >= 0)
		close(r->fd);
	free(r->buf);
	free(r);
}

#endif
