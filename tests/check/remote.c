/* SPDX-License-Identifier: Apache-2.0
 *
 * The shared cache: a Redis on loopback, and servers that send wrong data, are
 * slow or do not exist.  In every case each layer must get a correct kernel
 * within the time limits.
 */
#include "jit/get/jit.h"

#include "tests/support/kernels.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

static char url[64], secret[300], other[300];
static pid_t server;
static int port;

static void
write_secret(char path[300], const char *name, const char *text, mode_t mode)
{
	FILE *f;

	snprintf(path, 300, "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* Open a listening socket on a free loopback port and set url to it.  */
static int
listen_on(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	port = ntohs(a.sin_port);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d/1", port);
	return fd;
}

static int
answers(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr = { htonl(INADDR_LOOPBACK) },
	    .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), ok;

	ok = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
	close(fd);
	return ok;
}

static void
setup_remote(void)
{
	setup();
	write_secret(secret, "secret", "sixteen bytes or more", 0600);
	write_secret(other, "other", "another sixteen bytes", 0600);
	opts.remote = url;
	opts.remote_key = secret;
}

/* Start a Redis with one port, of the option: "--port" or "--tls-port".  */
static void
start_redis(const char *option)
{
	char text[16], cert[300], pem[300];
	int fd;

	fd = listen_on();
	close(fd);
	snprintf(text, sizeof text, "%d", port);
	snprintf(cert, sizeof cert, "%s/cert", dir);
	snprintf(pem, sizeof pem, "%s/pem", dir);
	server = fork();
	if (server == 0) {
		fd = open("/dev/null", O_RDWR);
		dup2(fd, 1);
		dup2(fd, 2);
		if (option[2] == 't')
			execlp("redis-server", "redis-server", option, text,
			    "--port", "0", "--tls-cert-file", cert,
			    "--tls-key-file", pem, "--tls-auth-clients", "no",
			    "--bind", "127.0.0.1", "--save", "", "--dir", dir,
			    (char *)NULL);
		execlp("redis-server", "redis-server", option, text, "--bind",
		    "127.0.0.1", "--save", "", "--dir", dir, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && !answers(); i++)
		usleep(20000);
	ck_assert(answers());
}

static void
setup_redis(void)
{
	setup_remote();
	start_redis("--port");
}

static void
teardown_server(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = 0;
	teardown();
}

/* Behave as another machine: an empty cache on disk, the same Redis.  */
static void
become_other_machine(void)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/elsewhere", dir);
	opts.cache_dir = path;
}

START_TEST(machines_share_kernels)
{
	burin_stats st = once();

	expect(&st, NLAYER, 0, 0, 0);
	become_other_machine();
	setenv("BURIN_CC", "/nowhere", 1);
	st = once();
	expect(&st, 0, 0, 0, 0);
	ck_assert_int_eq(st.remote_hits, NLAYER);
	st = once();
	expect(&st, 0, NLAYER, 0, 0);
}
END_TEST

START_TEST(entries_of_another_secret_are_refused)
{
	burin_stats st = once();

	become_other_machine();
	opts.remote_key = other;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	ck_assert_int_eq(st.remote_hits, 0);
	ck_assert_str_eq(st.rejects[0].why, "remote");
	ck_assert_int_eq(st.rejects[0].count, NLAYER);
}
END_TEST

/* Values in Redis are modified by somebody without the secret.  */
START_TEST(changed_entries_are_refused)
{
	static const char *const change[] = {
		"redis.call('SETRANGE', k, 0, 'x')",
		"redis.call('SETRANGE', k, 100, 'xyz')",
		"redis.call('APPEND', k, 'x')",
		"redis.call('SET', k, 'short')",
		"redis.call('SET', k, '')",
		"redis.call('DEL', k) redis.call('LPUSH', k, 'x')",
		"local l = redis.call('KEYS', '*') "
		    "redis.call('SET', k, redis.call('GET', l[1]))",
	};
	burin_stats st = once();
	char command[1024];

	snprintf(command, sizeof command, "redis-cli -p %d -n 1 eval \""
	    "for _, k in ipairs(redis.call('KEYS', '*')) do %s end return 1"
	    "\" 0 >/dev/null", port, change[_i]);
	ck_assert_int_eq(system(command), 0);
	become_other_machine();
	st = once();
	ck_assert_int_eq(st.failed, 0);
	ck_assert_int_le(st.remote_hits, _i == 6);
	ck_assert_int_eq(st.remote_hits + st.compiled, NLAYER);
}
END_TEST

/* Make a certificate for name and its key.  */
static void
make_certificate(const char *name)
{
	char command[1200];

	snprintf(command, sizeof command, "cd %s && openssl req -x509 -nodes "
	    "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -keyout pem "
	    "-out cert -days 2 -subj /CN=test -addext subjectAltName=%s "
	    "2>/dev/null", dir, name);
	ck_assert_int_eq(system(command), 0);
}

static void
setup_tls(void)
{
	setup_remote();
	make_certificate("IP:127.0.0.1");
	start_redis("--tls-port");
	snprintf(url, sizeof url, "rediss://127.0.0.1:%d/1", port);
}

/* By TLS, if the certificate is for this host, and known.  */
START_TEST(machines_share_kernels_by_tls)
{
	char path[300];
	burin_stats st;

	snprintf(path, sizeof path, "%s/cert", dir);
	if (_i != 1)
		setenv("SSL_CERT_FILE", path, 1);
	if (_i == 2)
		snprintf(url, sizeof url, "rediss://localhost:%d/1", port);
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	if (strstr(st.note, "built without"))
		return;
	if (_i) {
		expect_note(&st, _i == 1 ? "self-signed certificate" :
		    "hostname mismatch");
		return;
	}
	become_other_machine();
	st = once();
	ck_assert_int_eq(st.remote_hits, NLAYER);
}
END_TEST

/* ---- bad servers ------------------------------------------------------ */

static void
say_nothing(int fd)
{
	(void)fd;
	pause();
}

static void
drip(int fd)
{
	while (write(fd, "$", 1) == 1)
		usleep(20000);
	pause();
}

static void
endless(int fd)
{
	static char zeros[65536];

	(void)!write(fd, "+OK\r\n$1000000000\r\n", 18);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	pause();
}

static void
nonsense(int fd)
{
	(void)!write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
	pause();
}

static void
refuse(int fd)
{
	(void)!write(fd, "-NOAUTH who are you\r\n", 21);
	pause();
}

/* A general parser would build a tree of what this announces.  */
static void
nest(int fd)
{
	static char deep[1 << 16];

	for (size_t i = 0; i + 4 <= sizeof deep; i += 4)
		memcpy(deep + i, "*1\r\n", 4);
	while (write(fd, deep, sizeof deep) > 0)
		;
	pause();
}

static void
announce(int fd)
{
	(void)!write(fd, "*2147483647\r\n", 13);
	pause();
}

static void
overflow(int fd)
{
	(void)!write(fd, "$99999999999999999999\r\n", 23);
	pause();
}

/* A status, and then one that nobody has asked for.  */
static void
chatter(int fd)
{
	(void)!write(fd, "+OK\r\n+OK\r\n", 10);
	pause();
}

static void
hang_up(int fd)
{
	close(fd);
}

START_TEST(bad_server_costs_one_timeout)
{
	static void (*const serve[])(int) = { NULL, say_nothing, drip,
	    endless, nonsense, refuse, hang_up, nest, announce, overflow,
	    chatter };
	int fd = listen_on(), c;
	double begin;
	burin_stats st;

	if (serve[_i] && (server = fork()) == 0) {
		signal(SIGPIPE, SIG_IGN);
		while ((c = accept(fd, NULL, NULL)) >= 0)
			serve[_i](c);
		_exit(0);
	}
	close(fd);
	opts.remote = NULL;
	once();
	opts.remote = url;
	become_other_machine();
	opts.mode = BRN_JIT_off;
	begin = brn_now_ms();
	st = once();
	expect(&st, 0, 0, 0, NLAYER);
	ck_assert(brn_now_ms() - begin < 2000);
	opts.mode = BRN_JIT_worker;
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
}
END_TEST

START_TEST(wrong_remote_options_are_named)
{
	static const struct { const char *url, *key, *note; } row[] = {
		{ "http://x", "", "wanted redis://" },
		{ "redis://:99999", "", "a host and a port" },
		{ "redis://127.0.0.1", NULL, "needs cache_remote_key" },
		{ "redis://127.0.0.1", "/nowhere/key", "/nowhere/key" },
		{ "redis://127.0.0.1", "short", "that others cannot read" },
		{ "redis://127.0.0.1", "open", "that others cannot read" },
		{ "redis://127.0.0.1", "fifo", "that others cannot read" },
		{ "redis://127.0.0.1", "/dev/zero", "zero: wanted a file" },
	};
	char path[300];
	burin_stats st;

	opts.remote = row[_i].url;
	if (!row[_i].key)
		opts.remote_key = NULL;
	else if (row[_i].key[0] == '/')
		opts.remote_key = row[_i].key;
	else if (row[_i].key[0])
		opts.remote_key = path;
	write_secret(path, "key", _i == 4 ? "x" : "sixteen bytes or more",
	    _i == 5 ? 0644 : 0600);
	if (_i == 6) {
		unlink(path);
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	}
	st = once();
	expect(&st, NLAYER, 0, 0, 0);
	expect_note(&st, row[_i].note);
}
END_TEST

static Suite *
remote_suite(void)
{
	Suite *s = suite_create("remote");
	TCase *tc = suite_case(s, "bad servers", 120);

	tcase_add_checked_fixture(tc, setup_remote, teardown_server);
	tcase_add_loop_test(tc, bad_server_costs_one_timeout, 0, 11);
	tcase_add_loop_test(tc, wrong_remote_options_are_named, 0, 8);

	if (system("redis-server --version >/dev/null 2>&1 && "
	    "redis-cli --version >/dev/null 2>&1") != 0) {
		puts("# no redis-server here: the tests that need one are "
		    "left out");
		return s;
	}
	tc = suite_case(s, "redis", 120);
	tcase_add_checked_fixture(tc, setup_redis, teardown_server);
	tcase_add_test(tc, machines_share_kernels);
	tcase_add_test(tc, entries_of_another_secret_are_refused);
	tcase_add_loop_test(tc, changed_entries_are_refused, 0, 7);
	if (system("openssl version >/dev/null 2>&1") != 0)
		return s;
	tc = suite_case(s, "tls", 120);
	tcase_add_checked_fixture(tc, setup_tls, teardown_server);
	tcase_add_loop_test(tc, machines_share_kernels_by_tls, 0, 3);
	return s;
}

SUITE_MAIN(remote_suite)
