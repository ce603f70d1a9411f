/* SPDX-License-Identifier: Apache-2.0
 *
 * Shapes that depend on what nodes compute: each run has the sizes of its data,
 * whatever ran before; buffers that are too small; what a session keeps.
 * Linked with the shared library.
 */
#include <string.h>

#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

/* The rows of x whose first element is above 0, and from them what needs a
 * second and a third stage.  sum does not depend on their number.  */
static const char text[] = "opset 13\n"
    "input x float [n,2]\n"
    "output rows\noutput sum\noutput count\noutput steps\noutput twice\n"
    "init zero float [1] raw 0\n"
    "init first int64 [1] raw 0\n"
    "init scalar int64 [] raw 0\n"
    "init one int64 [] raw 1\n"
    "node column = Gather(x,first) axis=1\n"
    "node above = Greater(column,zero)\n"
    "node flat = Squeeze(above,axis)\n"
    "init axis int64 [1] raw 1\n"
    "node rows = Compress(x,flat) axis=0\n"
    "node sum = ReduceSum(x) keepdims=0\n"
    "node shape = Shape(rows)\n"
    "node count = Gather(shape,scalar)\n"
    "node steps = Range(scalar,count,one)\n"
    "node odd = Mod(steps,two)\n"
    "init two int64 [] raw 2\n"
    "node is_odd = Cast(odd) to=9\n"
    "node some = Compress(rows,is_odd) axis=0\n"
    "node twice = Add(some,some)\n";

enum { ROWS, SUM, COUNT_, STEPS, TWICE, NOUT, MAX_N = 50 };

static char dir[4096];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
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
rig_init(struct rig *r)
{
	static const char *const names[] = { "rows", "sum", "count", "steps",
	    "twice" };
	char file[4200];

	*r = (struct rig){ 0 };
	snprintf(file, sizeof file, "%s/rows.onnx", dir);
	onnx_text_write(text, file);
	r->m = suite_load(file, NULL, NULL);
	r->s = suite_session(r->m, "1");
	r->in = (burin_tensor){ "x", BURIN_F32, 2, { 0, 2 }, r->x, 0 };
	for (int i = 0; i < NOUT; i++)
		r->out[i].name = names[i];
}

static void
rig_clear(struct rig *r)
{
	burin_session_free(r->s);
	burin_model_free(r->m);
}

/* n rows, of which every step-th is chosen, from row 0 on.  */
static void
feed(struct rig *r, int n, int step)
{
	r->in.dims[0] = n;
	r->in.nbytes = (size_t)n * 8;
	for (int i = 0; i < n; i++) {
		r->x[2 * i] = i % step == 0 ? 1 : -1;
		r->x[2 * i + 1] = (float)i;
	}
}

static void
check(const struct rig *r, int n, int step)
{
	const burin_output *o = r->out;
	const float *rows = o[ROWS].data, *twice = o[TWICE].data;
	const int64_t *count = o[COUNT_].data, *steps = o[STEPS].data;
	int chosen = (n + step - 1) / step;
	float sum = 0;

	for (int i = 0; i < 2 * n; i++)
		sum += r->x[i];
	ck_assert(fabsf(*(const float *)o[SUM].data - sum) < 1e-3f);
	ck_assert_int_eq(*count, chosen);
	ck_assert_int_eq(o[ROWS].dims[0], chosen);
	ck_assert_uint_eq(o[ROWS].nbytes, (size_t)chosen * 8);
	ck_assert_int_eq(o[STEPS].dims[0], chosen);
	ck_assert_int_eq(o[TWICE].dims[0], chosen / 2);
	for (int i = 0; i < chosen; i++) {
		ck_assert(rows[2 * i + 1] == (float)(i * step));
		ck_assert_int_eq(steps[i], i);
	}
	for (int i = 0; i < chosen / 2; i++)
		ck_assert(twice[2 * i + 1] ==
		    (float)(2 * (2 * i + 1) * step));
}

/* More kinds of data than a stage keeps those after it for, some twice.  */
START_TEST(each_run_has_the_sizes_of_its_data)
{
	struct rig r;

	rig_init(&r);
	for (int i = 0; i < 120; i++) {
		int n = 1 + i * 7 % MAX_N, step = 1 + i * 5 % 23;

		if (i % 3 == 2)
			n = 40;
		feed(&r, n, step);
		suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
		check(&r, n, step);
	}
	rig_clear(&r);
}
END_TEST

START_TEST(sizes_may_be_zero)
{
	struct rig r;

	rig_init(&r);
	feed(&r, 0, 1);
	suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
	check(&r, 0, 1);
	feed(&r, 1, 1);
	r.x[0] = -1;
	suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
	ck_assert_int_eq(r.out[ROWS].dims[0], 0);
	ck_assert_ptr_nonnull(r.out[ROWS].data);
	rig_clear(&r);
}
END_TEST

/* What is not known before a run is -1, and what is known is not.  */
START_TEST(shapes_before_a_run_are_open)
{
	struct rig r;

	rig_init(&r);
	feed(&r, 40, 2);
	suite_ok(burin_session_shapes(r.s, &r.in, 1, r.out, NOUT, &err), err);
	ck_assert_int_eq(r.out[ROWS].dtype, BURIN_F32);
	ck_assert_int_eq(r.out[ROWS].rank, 2);
	ck_assert_int_eq(r.out[ROWS].dims[0], -1);
	ck_assert_int_eq(r.out[ROWS].dims[1], 2);
	ck_assert_uint_eq(r.out[ROWS].nbytes, 0);
	ck_assert_int_eq(r.out[SUM].rank, 0);
	ck_assert_uint_eq(r.out[SUM].nbytes, 4);
	rig_clear(&r);
}
END_TEST

START_TEST(too_small_a_buffer_says_what_is_needed)
{
	float buffer[2 * MAX_N];
	struct rig r;

	rig_init(&r);
	for (int round = 0; round < 2; round++) {
		memset(buffer, 0x55, sizeof buffer);
		feed(&r, 10, 2);
		r.out[ROWS].buffer = buffer;
		r.out[ROWS].room = 39;
		ck_assert_int_eq(burin_run(r.s, &r.in, 1, r.out, NOUT, &err),
		    BURIN_EROOM);
		ck_assert_str_eq(err.msg,
		    "output 'rows': has room for 39 bytes, needs 40");
		ck_assert_uint_eq(r.out[ROWS].nbytes, 40);
		ck_assert_int_eq(r.out[ROWS].dims[0], 5);
		ck_assert_ptr_null(r.out[SUM].data);
		for (size_t i = 0; i < sizeof buffer; i++)
			ck_assert_int_eq(((char *)buffer)[i], 0x55);
		r.out[ROWS].room = 40;
		suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
		check(&r, 10, 2);
	}
	rig_clear(&r);
}
END_TEST

/* What a later stage has lent is not to be given back.  */
START_TEST(lent_memory_of_a_stage_is_no_input)
{
	struct rig r;

	rig_init(&r);
	feed(&r, 10, 2);
	suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
	r.in.data = r.out[ROWS].data;
	r.in.dims[0] = 5;
	r.in.nbytes = 40;
	ck_assert_int_eq(burin_run(r.s, &r.in, 1, r.out, NOUT, &err),
	    BURIN_EINVAL);
	rig_clear(&r);
}
END_TEST

/* Every step of all stages, each called once.  */
START_TEST(a_profile_has_the_steps_of_all_stages)
{
	const burin_step_info *step;
	int compress = 0, n = 0;
	struct rig r;

	rig_init(&r);
	burin_session_profile(r.s, 1);
	feed(&r, 10, 2);
	suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
	for (; (step = burin_session_step(r.s, (size_t)n)); n++) {
		ck_assert_int_eq(step->calls, 1);
		compress += !strcmp(step->op, "compress");
	}
	ck_assert_int_eq(compress, 2);
	burin_session_profile(r.s, 1);
	suite_ok(burin_run(r.s, &r.in, 1, r.out, NOUT, &err), err);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(burin_session_step(r.s, (size_t)i)->calls, 1);
	rig_clear(&r);
}
END_TEST

static Suite *
stages_suite(void)
{
	Suite *s = suite_create("stages");
	TCase *tc = suite_case(s, "stages", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_run_has_the_sizes_of_its_data);
	tcase_add_test(tc, sizes_may_be_zero);
	tcase_add_test(tc, shapes_before_a_run_are_open);
	tcase_add_test(tc, too_small_a_buffer_says_what_is_needed);
	tcase_add_test(tc, lent_memory_of_a_stage_is_no_input);
	tcase_add_test(tc, a_profile_has_the_steps_of_all_stages);
	return s;
}

SUITE_MAIN(stages_suite)
