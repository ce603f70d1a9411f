/* SPDX-License-Identifier: Apache-2.0
 *
 * Pools: many threads, the queue, deadlines, memory of all sessions, cores.
 */
#include <pthread.h>
#include <string.h>

#include "ir/base.h"
#include "runtime/cores.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

/* y = x w + x w, for as many rows as are given.  */
#define MODEL \
	"opset 13\n" \
	"input x float [n,4]\n" \
	"output y\n" \
	"init w float [4,4] raw 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" \
	"node p = MatMul(x,w)\n" \
	"node y = Add(p,p)\n"

/* A loop without an end.  */
#define ENDLESS \
	"opset 13\n" \
	"input x float [n,4]\n" \
	"output y\n" \
	"init yes bool [] raw 1\n" \
	"graph body\n" \
	"input i int64 []\ninput c bool []\ninput v float [?,4]\n" \
	"output c\noutput w\n" \
	"node w = Neg(v)\n" \
	"end\n" \
	"node y = Loop(,yes,x) body=@body\n"

enum { WIDTH = 4, MAX_ROWS = 4096, NTHREAD = 8, FAR = 20000 /* ms */ };

static char dir[4096], path[4200];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/m.onnx", dir);
	onnx_text_write(MODEL, path);
	setenv("BURIN_CACHE_DIR", dir, 1);
	setenv("BURIN_COMPILE", "off", 1);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* A pool of its own model.  options is "key=value key=value".  */
static burin_pool *
make(const char *options)
{
	burin_options *o = burin_options_new();
	burin_model *m = suite_load(path, NULL, NULL);
	char words[200], *save, *word;
	burin_pool *p;

	snprintf(words, sizeof words, "%s", options);
	for (word = strtok_r(words, " ", &save); word;
	    word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		suite_ok(burin_options_set(o, word, value, &err), err);
	}
	suite_ok(burin_pool_new(m, o, &p, &err), err);
	burin_options_free(o);
	burin_model_free(m);
	return p;
}

struct job {
	float x[WIDTH * MAX_ROWS], y[WIDTH * MAX_ROWS];
	burin_tensor in;
	burin_output out;
};

static struct job *
job_new(int64_t rows, float value)
{
	struct job *j = calloc(1, sizeof *j);

	ck_assert_ptr_nonnull(j);
	for (int64_t i = 0; i < rows * WIDTH; i++)
		j->x[i] = value + (float)i;
	j->in = (burin_tensor){ "x", BURIN_F32, 2, { rows, WIDTH }, j->x,
	    sizeof j->x };
	j->out = (burin_output){ .name = "y", .buffer = j->y,
	    .room = sizeof j->y };
	return j;
}

static void
job_check(const struct job *j)
{
	for (int64_t i = 0; i < j->in.dims[0]; i++)
		for (int c = 0; c < WIDTH; c++) {
			double sum = 0;

			for (int k = 0; k < WIDTH; k++)
				sum += 2. * (double)j->x[i * WIDTH + k] *
				    (k * WIDTH + c + 1);
			suite_near(j->y[i * WIDTH + c], sum, 1e-5 * sum);
		}
}

static burin_pool_info
look(burin_pool *p)
{
	burin_pool_info now;

	burin_pool_stats(p, &now, sizeof now);
	return now;
}

/* Until n threads are in the queue.  */
static void
wait_for_queue(burin_pool *p, int n)
{
	while (look(p).waiting != n)
		usleep(1000);
}

/* ---- many threads ------------------------------------------------------ */

struct client {
	burin_pool *p;
	int number;
	int rc;
};

static void *
many_runs(void *ctx)
{
	struct client *c = ctx;

	for (int i = 0; i < 50; i++) {
		struct job *j = job_new(1 + (c->number + i) % 5,
		    (float)(100 * c->number + i));
		burin_error own;

		c->rc = burin_pool_run(c->p, &j->in, 1, &j->out, 1, -1, &own);
		if (c->rc < 0)
			return NULL;
		job_check(j);
		free(j);
	}
	return NULL;
}

START_TEST(many_threads_share_few_sessions)
{
	burin_pool *p = make("sessions=2");
	struct client c[NTHREAD];
	pthread_t t[NTHREAD];

	for (int i = 0; i < NTHREAD; i++) {
		c[i] = (struct client){ p, i, -1 };
		ck_assert_int_eq(pthread_create(&t[i], NULL, many_runs,
		    &c[i]), 0);
	}
	for (int i = 0; i < NTHREAD; i++) {
		pthread_join(t[i], NULL);
		ck_assert_int_eq(c[i].rc, 0);
	}
	ck_assert_int_le(look(p).made, 2);
	ck_assert_int_eq(look(p).busy, 0);
	burin_pool_free(p);
}
END_TEST

START_TEST(sessions_are_made_when_needed)
{
	burin_pool *p = make("sessions=3");
	burin_session *a, *b;

	ck_assert_int_eq(look(p).sessions, 3);
	ck_assert_int_eq(look(p).made, 1);
	for (int i = 0; i < 3; i++) {
		suite_ok(burin_pool_take(p, 0, &a, &err), err);
		burin_pool_give(p, a);
	}
	ck_assert_int_eq(look(p).made, 1);
	suite_ok(burin_pool_take(p, 0, &a, &err), err);
	suite_ok(burin_pool_take(p, 0, &b, &err), err);
	ck_assert_ptr_ne(a, b);
	ck_assert_int_eq(look(p).made, 2);
	ck_assert_int_eq(look(p).busy, 2);
	burin_pool_give(p, a);
	burin_pool_give(p, b);
	burin_pool_free(p);
}
END_TEST

/* ---- the queue --------------------------------------------------------- */

static int order[NTHREAD];
static int norder;

static void *
queue_up(void *ctx)
{
	struct client *c = ctx;
	burin_session *s;
	burin_error own;

	c->rc = burin_pool_take(c->p, FAR, &s, &own);
	if (c->rc < 0)
		return NULL;
	order[norder++] = c->number;    /* one session: one thread at a time */
	burin_pool_give(c->p, s);
	return NULL;
}

START_TEST(first_come_first_served)
{
	burin_pool *p = make("sessions=1");
	struct client c[NTHREAD];
	pthread_t t[NTHREAD];
	burin_session *s;

	norder = 0;
	suite_ok(burin_pool_take(p, 0, &s, &err), err);
	for (int i = 0; i < NTHREAD; i++) {
		c[i] = (struct client){ p, i, -1 };
		ck_assert_int_eq(pthread_create(&t[i], NULL, queue_up,
		    &c[i]), 0);
		wait_for_queue(p, i + 1);
	}
	burin_pool_give(p, s);
	for (int i = 0; i < NTHREAD; i++) {
		pthread_join(t[i], NULL);
		ck_assert_int_eq(c[i].rc, 0);
		ck_assert_int_eq(order[i], i);
	}
	burin_pool_free(p);
}
END_TEST

START_TEST(a_wait_ends)
{
	burin_pool *p = make("sessions=1");
	struct client c = { p, 0, -1 };
	struct job *j = job_new(1, 1);
	burin_session *s, *other;
	pthread_t t;

	suite_ok(burin_pool_take(p, 0, &s, &err), err);
	ck_assert_int_eq(burin_pool_take(p, 0, &other, &err), BURIN_ETIMEOUT);
	ck_assert_int_eq(burin_pool_take(p, 20, &other, &err),
	    BURIN_ETIMEOUT);
	ck_assert_str_eq(err.msg,
	    "all 1 sessions of the pool were in use for 20 ms");
	ck_assert_int_eq(burin_pool_run(p, &j->in, 1, &j->out, 1, 20, &err),
	    BURIN_ETIMEOUT);
	/* Who gives up between others takes nobody's place.  */
	ck_assert_int_eq(pthread_create(&t, NULL, queue_up, &c), 0);
	wait_for_queue(p, 1);
	ck_assert_int_eq(burin_pool_take(p, 20, &other, &err),
	    BURIN_ETIMEOUT);
	ck_assert_int_eq(look(p).waiting, 1);
	burin_pool_give(p, s);
	pthread_join(t, NULL);
	ck_assert_int_eq(c.rc, 0);
	suite_ok(burin_pool_run(p, &j->in, 1, &j->out, 1, FAR, &err), err);
	job_check(j);
	free(j);
	burin_pool_free(p);
}
END_TEST

/* ---- runs -------------------------------------------------------------- */

START_TEST(a_run_ends_at_its_deadline)
{
	struct job *j = job_new(1, 0);
	burin_session *s;
	burin_pool *p;

	onnx_text_write(ENDLESS, path);
	p = make("sessions=1");
	ck_assert_int_eq(burin_pool_run(p, &j->in, 1, &j->out, 1, 50, &err),
	    BURIN_ETIMEOUT);
	ck_assert_ptr_nonnull(strstr(err.msg, "deadline has passed after"));
	suite_ok(burin_pool_take(p, 0, &s, &err), err);
	burin_session_deadline(s, 0);
	ck_assert_int_eq(burin_run(s, &j->in, 1, &j->out, 1, &err),
	    BURIN_ETIMEOUT);
	ck_assert_ptr_null(j->out.data);
	burin_pool_give(p, s);
	burin_pool_free(p);
	free(j);
}
END_TEST

START_TEST(a_deadline_is_no_session_s_next_time)
{
	burin_pool *p = make("sessions=1");
	struct job *j = job_new(2, 3);
	burin_session *s;

	suite_ok(burin_pool_take(p, 0, &s, &err), err);
	burin_session_deadline(s, 0);
	ck_assert_int_eq(burin_run(s, &j->in, 1, &j->out, 1, &err),
	    BURIN_ETIMEOUT);
	burin_session_profile(s, 1);
	burin_pool_give(p, s);
	suite_ok(burin_pool_run(p, &j->in, 1, &j->out, 1, -1, &err), err);
	job_check(j);
	free(j);
	burin_pool_free(p);
}
END_TEST

START_TEST(wrong_calls_are_refused)
{
	burin_pool *p = make("sessions=1"), *none;
	burin_model *m = suite_load(path, NULL, NULL);
	struct job *j = job_new(1, 1);
	burin_session *s, *alone = suite_session(m, "1");

	ck_assert_int_eq(burin_pool_new(NULL, NULL, &none, &err),
	    BURIN_EINVAL);
	ck_assert_int_eq(burin_pool_take(NULL, 0, &s, &err), BURIN_EINVAL);
	ck_assert_int_eq(burin_pool_run(p, NULL, 1, &j->out, 1, 0, &err),
	    BURIN_EINVAL);
	j->out.buffer = NULL;
	ck_assert_int_eq(burin_pool_run(p, &j->in, 1, &j->out, 1, 0, &err),
	    BURIN_EINVAL);
	ck_assert_str_eq(err.msg,
	    "output 'y': has no buffer, and a pool lends none");
	suite_ok(burin_pool_take(p, 0, &s, &err), err);
	ck_assert_int_eq(burin_session_share(s, "x", "y", 9, &err),
	    BURIN_EINVAL);
	burin_pool_give(p, alone);      /* of no pool: nothing happens */
	ck_assert_int_eq(look(p).busy, 1);
	burin_pool_give(p, s);
	burin_pool_free(p);
	burin_pool_free(NULL);
	burin_session_free(alone);
	burin_model_free(m);
	free(j);
}
END_TEST

START_TEST(a_model_that_cannot_run_has_no_pool)
{
	burin_model *m = suite_load(path, "warm", "1");
	burin_pool *p;

	ck_assert_int_eq(burin_pool_new(m, NULL, &p, &err), BURIN_EINVAL);
	burin_model_free(m);
}
END_TEST

/* ---- memory ------------------------------------------------------------ */

START_TEST(memory_is_limited_for_all_sessions)
{
	struct job *j = job_new(MAX_ROWS, 1), *small = job_new(1, 1);
	burin_pool *p = make("sessions=2");
	burin_session *a, *b;
	char options[100];
	int64_t bytes;

	suite_ok(burin_pool_run(p, &j->in, 1, &j->out, 1, -1, &err), err);
	bytes = look(p).bytes;
	ck_assert_int_gt(bytes, 0);
	burin_pool_free(p);
	snprintf(options, sizeof options, "sessions=2 max_memory=%lld",
	    (long long)(bytes + bytes / 2));
	p = make(options);
	suite_ok(burin_pool_take(p, 0, &a, &err), err);
	suite_ok(burin_pool_take(p, 0, &b, &err), err);
	suite_ok(burin_run(a, &j->in, 1, &j->out, 1, &err), err);
	ck_assert_int_eq(burin_run(b, &j->in, 1, &j->out, 1, &err),
	    BURIN_ENOMEM);
	suite_ok(burin_run(b, &small->in, 1, &small->out, 1, &err), err);
	/* The plan of a session that nobody has goes.  */
	burin_pool_give(p, a);
	suite_ok(burin_run(b, &j->in, 1, &j->out, 1, &err), err);
	job_check(j);
	ck_assert_int_le(look(p).bytes, bytes + bytes / 2);
	burin_pool_give(p, b);
	burin_pool_free(p);
	free(j);
	free(small);
}
END_TEST

/* ---- cores ------------------------------------------------------------- */

START_TEST(a_pinned_thread_moves_and_comes_back)
{
	burin_pool *p = make("sessions=2 threads=1 pin=1");
	burin_session *s[2];
	cpu_set_t before, here[2], after;

	CPU_ZERO(&before);
	ck_assert_int_eq(sched_getaffinity(0, sizeof before, &before), 0);
	for (int i = 0; i < 2; i++) {
		suite_ok(burin_pool_take(p, 0, &s[i], &err), err);
		CPU_ZERO(&here[i]);
		sched_getaffinity(0, sizeof here[i], &here[i]);
		ck_assert_int_eq(CPU_COUNT(&here[i]), 1);
	}
	ck_assert_int_eq(CPU_EQUAL(&here[0], &here[1]),
	    CPU_COUNT(&before) == 1);
	for (int i = 2; i-- > 0;)
		burin_pool_give(p, s[i]);
	CPU_ZERO(&after);
	sched_getaffinity(0, sizeof after, &after);
	ck_assert(CPU_EQUAL(&before, &after));
	burin_pool_free(p);
}
END_TEST

static void
write_node(int node, const char *list)
{
	char file[4300];
	FILE *f;

	snprintf(file, sizeof file, "%s/node%d", dir, node);
	ck_assert_int_eq(mkdir(file, 0700), 0);
	snprintf(file, sizeof file, "%s/node%d/cpulist", dir, node);
	f = fopen(file, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "%s\n", list);
	fclose(f);
}

START_TEST(cores_are_listed_by_node)
{
	int core[CPU_SETSIZE], n = brn_cores_list(NULL, core, CPU_SETSIZE);
	int again[CPU_SETSIZE], last = core[n - 1];
	char list[40];

	ck_assert_int_eq(n, brn_cores_count());
	ck_assert_int_eq(brn_cores_list("/nonexistent", again, CPU_SETSIZE),
	    n);
	/* The last core alone is node 0, so it comes first; what no node has
	 * comes at the end.  */
	snprintf(list, sizeof list, "%d,9000-9001", last);
	write_node(0, list);
	write_node(1, "nonsense");
	ck_assert_int_eq(brn_cores_list(dir, again, CPU_SETSIZE), n);
	ck_assert_int_eq(again[0], last);
	ck_assert_int_eq(brn_cores_list(dir, again, 1), 1);
}
END_TEST

static Suite *
pool_suite(void)
{
	Suite *s = suite_create("pool");
	TCase *tc = suite_case(s, "pool", 60);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, many_threads_share_few_sessions);
	tcase_add_test(tc, sessions_are_made_when_needed);
	tcase_add_test(tc, first_come_first_served);
	tcase_add_test(tc, a_wait_ends);
	tcase_add_test(tc, a_run_ends_at_its_deadline);
	tcase_add_test(tc, a_deadline_is_no_session_s_next_time);
	tcase_add_test(tc, wrong_calls_are_refused);
	tcase_add_test(tc, a_model_that_cannot_run_has_no_pool);
	tcase_add_test(tc, memory_is_limited_for_all_sessions);
	tcase_add_test(tc, a_pinned_thread_moves_and_comes_back);
	tcase_add_test(tc, cores_are_listed_by_node);
	return s;
}

SUITE_MAIN(pool_suite)
