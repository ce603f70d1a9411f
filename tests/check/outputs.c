/* SPDX-License-Identifier: Apache-2.0
 *
 * The outputs of burin_run: copied and lent, used again in a loop, over updates
 * and over more shapes than a session keeps plans for; values that are inputs
 * or constants; what is refused.  Linked with the shared library.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

/* k is the constant of file 0 or 1; dims is known from the shape of x.  */
#define MODEL(k) \
	"opset 13\n" \
	"input x float [n,2]\n" \
	"output y\noutput same\noutput flat\noutput again\noutput k\n" \
	"output dims\n" \
	"init c float [3] raw " k "\n" \
	"init line int64 [1] raw -1\n" \
	"node y = Add(x,x)\n" \
	"node same = Identity(x)\n" \
	"node flat = Reshape(x,line)\n" \
	"node again = Identity(y)\n" \
	"node k = Identity(c)\n" \
	"node dims = Shape(x)\n"

enum { Y, SAME, FLAT, AGAIN, K, DIMS, NOUT, MAX_N = 40, PLANS = 16 };

static char dir[4096], path[2][4200];
static burin_error err;

static void
setup(void)
{
	static const char *const text[2] = { MODEL("1 2 3"), MODEL("4 5 6") };

	suite_tmpdir(dir, sizeof dir);
	for (int i = 0; i < 2; i++) {
		snprintf(path[i], sizeof path[i], "%s/%d.onnx", dir, i);
		onnx_text_write(text[i], path[i]);
	}
	setenv("BURIN_CACHE_DIR", dir, 1);
	setenv("BURIN_COMPILE", "off", 1);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

struct rig {
	burin_model *m;
	burin_session *s;
	float x[2 * MAX_N];
	burin_tensor in;
	burin_output out[NOUT];
};

static void
feed(struct rig *r, int n)
{
	for (int i = 0; i < 2 * n; i++)
		r->x[i] = (float)(100 * n + i);
	r->in = (burin_tensor){ "x", BURIN_F32, 2, { n, 2 }, r->x,
	    (size_t)n * 8 };
}

static void
rig_init(struct rig *r, int n)
{
	static const char *const name[NOUT] = { "y", "same", "flat", "again",
	    "k", "dims" };

	*r = (struct rig){ .m = suite_load(path[0], NULL, NULL) };
	r->s = suite_session(r->m, "1");
	feed(r, n);
	for (int i = 0; i < NOUT; i++)
		r->out[i].name = name[i];
}

static void
rig_clear(struct rig *r)
{
	burin_session_free(r->s);
	burin_model_free(r->m);
}

static int
run(struct rig *r)
{
	return burin_run(r->s, &r->in, 1, r->out, NOUT, &err);
}

/* The outputs are those of feed(n) with the constants of a file.  */
static void
check(const struct rig *r, int n, int file)
{
	const burin_output *o = r->out;
	const float *y = o[Y].data, *k = o[K].data;
	const int64_t *dims = o[DIMS].data;

	ck_assert_int_eq(o[Y].rank, 2);
	ck_assert_int_eq(o[Y].dims[0], n);
	ck_assert_int_eq(o[FLAT].rank, 1);
	ck_assert_int_eq(o[FLAT].dims[0], 2 * n);
	for (int i = Y; i <= AGAIN; i++) {
		const float *v = o[i].data;
		int twice = i == Y || i == AGAIN;

		ck_assert_int_eq(o[i].dtype, BURIN_F32);
		ck_assert_uint_eq(o[i].nbytes, (size_t)n * 8);
		for (int j = 0; j < 2 * n; j++)
			ck_assert(v[j] == (float)(100 * n + j) * (twice ? 2 :
			    1));
	}
	ck_assert_ptr_nonnull(y);
	for (int i = 0; i < 3; i++)
		ck_assert(k[i] == (float)(1 + i + 3 * file));
	ck_assert_int_eq(o[DIMS].dtype, BURIN_I64);
	ck_assert_int_eq(dims[0], n);
	ck_assert_int_eq(dims[1], 2);
}

/* ---- used again -------------------------------------------------------- */

/* Sizes that grow, shrink, and are more than a session keeps plans for.  */
static int
size_of_round(int i)
{
	static const int sizes[] = { 2, 9, 1, MAX_N, 3 };

	return i < COUNT(sizes) ? sizes[i] : 1 + i * 7 % MAX_N;
}

enum { ROUNDS = 2 * MAX_N };

START_TEST(lent_outputs_are_used_again)
{
	struct rig r;

	rig_init(&r, 1);
	for (int i = 0; i < ROUNDS; i++) {
		int n = size_of_round(i);

		feed(&r, n);
		if (i % 8 == 7)
			suite_ok(burin_model_update(r.m, path[i / 8 % 2],
			    &err), err);
		suite_ok(run(&r), err);
		check(&r, n, i < 8 ? 0 : (i - 7) / 8 % 2);
		for (int k = 0; k < NOUT; k++)
			ck_assert_ptr_null(r.out[k].buffer);
	}
	rig_clear(&r);
}
END_TEST

START_TEST(buffers_are_used_again)
{
	static float room[NOUT][2 * MAX_N];
	struct rig r;

	rig_init(&r, 1);
	for (int k = 0; k < NOUT; k++) {
		r.out[k].buffer = room[k];
		r.out[k].room = sizeof room[k];
	}
	for (int i = 0; i < ROUNDS; i++) {
		feed(&r, size_of_round(i));
		if (i == ROUNDS / 2)
			suite_ok(burin_model_update(r.m, path[1], &err), err);
		suite_ok(run(&r), err);
		check(&r, size_of_round(i), i >= ROUNDS / 2);
		for (int k = 0; k < NOUT; k++) {
			ck_assert_ptr_eq(r.out[k].data, room[k]);
			ck_assert_ptr_eq(r.out[k].buffer, room[k]);
			ck_assert_uint_eq(r.out[k].room, sizeof room[k]);
		}
	}
	rig_clear(&r);
}
END_TEST

static float *
run_into(struct rig *r, float *buffer)
{
	burin_output y = { .name = "y", .buffer = buffer, .room = 64 };

	suite_ok(burin_run(r->s, &r->in, 1, &y, 1, &err), err);
	ck_assert_ptr_eq(y.data, buffer);
	return buffer;
}

/* What the session lent stays as it is when the buffer is written instead.  */
START_TEST(aligned_buffers_are_written_without_a_copy)
{
	static _Alignas(64) float x[16], room[32];
	const float *lent;
	struct rig r;

	rig_init(&r, 8);
	suite_ok(run(&r), err);
	lent = r.out[Y].data;
	ck_assert(lent[0] == 1600);
	r.in.data = x;
	x[0] = 1;
	ck_assert(run_into(&r, room)[0] == 2);
	ck_assert(lent[0] == 1600);
	x[0] = 2;
	ck_assert(run_into(&r, room + 1)[0] == 4);
	ck_assert(lent[0] == 4);
	ck_assert(run_into(&r, x)[0] == 4);
	ck_assert(run_into(&r, x)[0] == 8);
	ck_assert(lent[0] == 8);
	/* Not a multiple of 64 bytes: a form may write beyond it.  */
	r.in.dims[0] = 7;
	room[14] = 77;
	ck_assert(run_into(&r, room)[0] == 16);
	ck_assert(room[14] == 77);
	feed(&r, 8);
	suite_ok(run(&r), err);
	check(&r, 8, 0);
	ck_assert_ptr_eq(r.out[Y].data, lent);
	rig_clear(&r);
}
END_TEST

/* A caller who does what he must not hurts this run only.  */
START_TEST(lent_memory_is_neither_input_nor_constant)
{
	struct rig r;

	rig_init(&r, 3);
	for (int round = 0; round < 3; round++) {
		feed(&r, 3);
		suite_ok(run(&r), err);
		memset(r.x, 0xff, sizeof r.x);
		check(&r, 3, 0);
		for (int k = 0; k < NOUT; k++)
			memset((void *)r.out[k].data, 0xff, r.out[k].nbytes);
	}
	rig_clear(&r);
}
END_TEST

/* ---- how long outputs are lent ------------------------------------------- */

START_TEST(only_a_run_ends_what_is_lent)
{
	burin_output shape = { .name = "y" };
	struct rig r;
	int n = 5;

	rig_init(&r, n);
	suite_ok(run(&r), err);
	suite_ok(burin_model_update(r.m, path[1], &err), err);
	for (int i = 1; i <= 2 * PLANS; i++) {
		feed(&r, i);
		suite_ok(burin_session_shapes(r.s, &r.in, 1, &shape, 1, &err),
		    err);
		ck_assert_uint_eq(shape.nbytes, (size_t)i * 8);
	}
	check(&r, n, 0);
	ck_assert_ptr_nonnull(burin_session_step(r.s, 0));
	burin_model_free(r.m);
	r.m = NULL;
	check(&r, n, 0);
	feed(&r, n);
	suite_ok(run(&r), err);
	check(&r, n, 1);
	rig_clear(&r);
}
END_TEST

static atomic_int stop;

static void *
keep_updating(void *m)
{
	for (int i = 0; !stop; i++)
		if (burin_model_update(m, path[i % 2], NULL) < 0)
			return m;
	return NULL;
}

START_TEST(updates_leave_what_is_lent)
{
	pthread_t thread;
	struct rig r;
	void *failed;

	rig_init(&r, 1);
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_updating, r.m), 0);
	for (int i = 0; i < 10 * ROUNDS; i++) {
		int n = size_of_round(i % ROUNDS), file;

		feed(&r, n);
		suite_ok(run(&r), err);
		file = *(const float *)r.out[K].data > 1;
		usleep(100);
		check(&r, n, file);
	}
	stop = 1;
	pthread_join(thread, &failed);
	ck_assert_ptr_null(failed);
	rig_clear(&r);
}
END_TEST

/* ---- any output, any number of times ------------------------------------- */

START_TEST(an_output_may_be_asked_for_twice)
{
	float y[2], k[3];
	burin_output out[] = { { .name = "y" }, { "y", y, sizeof y },
		{ "k", k, sizeof k }, { .name = "k" }, { .name = "y" } };
	struct rig r;

	rig_init(&r, 1);
	suite_ok(burin_run(r.s, &r.in, 1, out, 5, &err), err);
	ck_assert_mem_eq(out[0].data, y, sizeof y);
	ck_assert_mem_eq(out[4].data, y, sizeof y);
	ck_assert_mem_eq(out[3].data, k, sizeof k);
	ck_assert(y[0] == 200 && k[2] == 3);
	suite_ok(burin_run(r.s, &r.in, 1, NULL, 0, &err), err);
	rig_clear(&r);
}
END_TEST

START_TEST(outputs_of_no_bytes_have_data)
{
	float nothing;
	struct rig r;

	rig_init(&r, 0);
	for (int lend = 0; lend < 2; lend++) {
		r.in.data = lend ? NULL : r.x;
		for (int k = 0; k < K; k++)
			r.out[k].buffer = lend ? NULL : &nothing;
		suite_ok(run(&r), err);
		check(&r, 0, 0);
		for (int k = 0; k < NOUT; k++)
			ck_assert_ptr_nonnull(r.out[k].data);
	}
	rig_clear(&r);
}
END_TEST

/* Each output is written over the other's input, and the last over its own.  */
START_TEST(buffers_may_be_inputs)
{
	static const char text[] = "opset 13\n"
	    "input a float [n]\ninput b float [n]\ninput c float [n]\n"
	    "output p\noutput q\noutput s\n"
	    "node p = Identity(b)\nnode q = Identity(a)\nnode s = Add(a,c)\n";
	float a[4] = { 1, 2, 3, 4 }, b[4] = { 5, 6, 7, 8 };
	float c[4] = { 10, 20, 30, 40 };
	burin_tensor in[] = {
		{ "a", BURIN_F32, 1, { 4 }, a, sizeof a },
		{ "b", BURIN_F32, 1, { 4 }, b, sizeof b },
		{ "c", BURIN_F32, 1, { 4 }, c, sizeof c },
	};
	burin_output out[] = { { "p", a, sizeof a }, { "q", b, sizeof b },
		{ "s", c, sizeof c }, { .name = "p" } };
	char file[4200];
	burin_model *m;
	burin_session *s;

	snprintf(file, sizeof file, "%s/swap.onnx", dir);
	onnx_text_write(text, file);
	m = suite_load(file, NULL, NULL);
	s = suite_session(m, "1");
	suite_ok(burin_run(s, in, 3, out, 4, &err), err);
	for (int i = 0; i < 4; i++) {
		ck_assert(a[i] == (float)(5 + i) && b[i] == (float)(1 + i));
		ck_assert(c[i] == (float)(11 * (i + 1)));
	}
	ck_assert_mem_eq(out[3].data, a, sizeof a);
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

START_TEST(a_buffer_may_overlap_its_own_value)
{
	float x[6] = { 0, 1, 2, 3, 4, 5 };
	burin_tensor in = { "x", BURIN_F32, 2, { 2, 2 }, x, 16 };
	burin_output out = { "flat", x + 1, 16 };
	struct rig r;

	rig_init(&r, 1);
	suite_ok(burin_run(r.s, &in, 1, &out, 1, &err), err);
	for (int i = 0; i < 6; i++)
		ck_assert(x[i] == (float)(i == 5 ? 5 : i ? i - 1 : 0));
	rig_clear(&r);
}
END_TEST

/* ---- too small ----------------------------------------------------------- */

START_TEST(too_small_a_buffer_says_what_is_needed)
{
	float y[6] = { 7, 7, 7, 7, 7, 7 }, same[6] = { 7, 7, 7, 7, 7, 7 };
	struct rig r;

	rig_init(&r, 1);
	suite_ok(run(&r), err);
	feed(&r, 3);
	r.out[Y].buffer = y;
	r.out[Y].room = sizeof y;
	r.out[SAME].buffer = same;
	r.out[SAME].room = sizeof same - 1;
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(run(&r), BURIN_EROOM);
		ck_assert_str_eq(err.msg, "output 'same': has room for 23 "
		    "bytes, needs 24");
	}
	for (int k = 0; k < NOUT; k++) {
		ck_assert_uint_eq(r.out[k].nbytes, k == K ? 12 : k == DIMS ?
		    16 : 24);
		ck_assert_ptr_null(r.out[k].data);
	}
	ck_assert_int_eq(r.out[SAME].rank, 2);
	ck_assert_int_eq(r.out[SAME].dims[0], 3);
	ck_assert(y[0] == 7 && same[0] == 7);
	r.out[SAME].room++;
	suite_ok(run(&r), err);
	check(&r, 3, 0);
	ck_assert_ptr_eq(r.out[SAME].data, same);
	rig_clear(&r);
}
END_TEST

/* ---- refused ------------------------------------------------------------- */

static float scrap[2 * MAX_N];

static void
spoil(struct rig *r, int how)
{
	switch (how) {
	case 0:
		r->out[Y].buffer = scrap;
		r->out[AGAIN].buffer = scrap + 5;
		r->out[Y].room = r->out[AGAIN].room = sizeof scrap / 2;
		break;
	case 1:
		r->in.data = r->out[Y].data;
		break;
	case 2:
		r->in.data = (const float *)r->out[SAME].data + 1;
		r->in.dims[0]--;
		break;
	case 3:
		r->out[DIMS].buffer = (void *)r->out[FLAT].data;
		r->out[DIMS].room = r->out[FLAT].nbytes;
		break;
	case 4:
		r->out[K].name = "nonsense";
		break;
	case 5:
		r->in.nbytes--;
		break;
	}
}

static const char *const refusals[] = {
	"outputs 'y' and 'again': their buffers overlap",
	"input 'x': is memory that the session has lent",
	"input 'x': is memory that the session has lent",
	"output 'dims': its buffer is memory that the session has lent",
	"output 'nonsense': the model has none of that name",
	"input 'x': has 23 bytes, its shape needs 24",
};

START_TEST(wrong_outputs_are_refused)
{
	struct rig r;

	rig_init(&r, 3);
	suite_ok(run(&r), err);
	spoil(&r, _i);
	ck_assert_int_eq(run(&r), BURIN_EINVAL);
	ck_assert_str_eq(err.msg, refusals[_i]);
	for (int k = 0; k < NOUT; k++) {
		ck_assert_ptr_null(r.out[k].data);
		r.out[k].buffer = NULL;
	}
	r.out[K].name = "k";
	feed(&r, 3);
	suite_ok(run(&r), err);
	check(&r, 3, 0);
	rig_clear(&r);
}
END_TEST

/* ---- shapes before a run ------------------------------------------------- */

START_TEST(shapes_are_those_of_a_run)
{
	burin_output shape[NOUT];
	struct rig r;

	rig_init(&r, 1);
	memcpy(shape, r.out, sizeof shape);
	for (int n = 0; n <= MAX_N; n += 8) {
		feed(&r, n);
		r.in.data = NULL;
		r.in.nbytes = 0;
		suite_ok(burin_session_shapes(r.s, &r.in, 1, shape, NOUT,
		    &err), err);
		ck_assert_ptr_null(shape[Y].data);
		feed(&r, n);
		suite_ok(run(&r), err);
		for (int k = 0; k < NOUT; k++) {
			ck_assert_int_eq(shape[k].dtype, r.out[k].dtype);
			ck_assert_int_eq(shape[k].rank, r.out[k].rank);
			ck_assert_uint_eq(shape[k].nbytes, r.out[k].nbytes);
			ck_assert_mem_eq(shape[k].dims, r.out[k].dims,
			    sizeof shape[k].dims);
		}
	}
	r.in.rank = 1;
	ck_assert_int_eq(burin_session_shapes(r.s, &r.in, 1, shape, NOUT,
	    &err), BURIN_ESHAPE);
	ck_assert_int_eq(burin_session_shapes(r.s, NULL, 0, shape, NOUT,
	    &err), BURIN_EINVAL);
	ck_assert_int_eq(shape[Y].dims[0], MAX_N);
	rig_clear(&r);
}
END_TEST

START_TEST(shapes_that_depend_on_data_need_it)
{
	static const char text[] = "opset 13\n"
	    "input x float [6]\ninput dims int64 [2]\n"
	    "output y\nnode y = Reshape(x,dims)\n";
	static const int64_t dims[2][2] = { { 2, 3 }, { 3, -1 } };
	float x[6] = { 0, 1, 2, 3, 4, 5 };
	burin_tensor in[] = { { "x", BURIN_F32, 1, { 6 }, x, sizeof x },
		{ "dims", BURIN_I64, 1, { 2 }, NULL, 0 } };
	burin_output out = { .name = "y" };
	char file[4200];
	burin_model *m;
	burin_session *s;

	snprintf(file, sizeof file, "%s/reshape.onnx", dir);
	onnx_text_write(text, file);
	m = suite_load(file, NULL, NULL);
	s = suite_session(m, "1");
	for (int i = 0; i < 2; i++) {
		in[1].data = NULL;
		ck_assert_int_eq(burin_session_shapes(s, in, 2, &out, 1, &err),
		    BURIN_EUNSUPPORTED);
		ck_assert_str_eq(err.msg, "input 'dims': has no data, and "
		    "shapes depend on it");
		in[1].data = dims[i];
		in[1].nbytes = sizeof dims[i];
		suite_ok(burin_session_shapes(s, in, 2, &out, 1, &err), err);
		ck_assert_int_eq(out.dims[0], 2 + i);
		ck_assert_int_eq(out.dims[1], 3 - i);
		suite_ok(burin_run(s, in, 2, &out, 1, &err), err);
		ck_assert_mem_eq(out.data, x, sizeof x);
	}
	burin_session_free(s);
	burin_model_free(m);
}
END_TEST

static Suite *
outputs_suite(void)
{
	Suite *s = suite_create("outputs");
	TCase *tc = suite_case(s, "outputs", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, lent_outputs_are_used_again);
	tcase_add_test(tc, buffers_are_used_again);
	tcase_add_test(tc, aligned_buffers_are_written_without_a_copy);
	tcase_add_test(tc, lent_memory_is_neither_input_nor_constant);
	tcase_add_test(tc, only_a_run_ends_what_is_lent);
	tcase_add_test(tc, updates_leave_what_is_lent);
	tcase_add_test(tc, an_output_may_be_asked_for_twice);
	tcase_add_test(tc, outputs_of_no_bytes_have_data);
	tcase_add_test(tc, buffers_may_be_inputs);
	tcase_add_test(tc, a_buffer_may_overlap_its_own_value);
	tcase_add_test(tc, too_small_a_buffer_says_what_is_needed);
	tcase_add_loop_test(tc, wrong_outputs_are_refused, 0,
	    COUNT(refusals));
	tcase_add_test(tc, shapes_are_those_of_a_run);
	tcase_add_test(tc, shapes_that_depend_on_data_need_it);
	return s;
}

SUITE_MAIN(outputs_suite)
