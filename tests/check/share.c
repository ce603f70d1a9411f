/* SPDX-License-Identifier: Apache-2.0
 *
 * burin_session_share: a decoder's present in the buffer of its past.  Every
 * step of a shared session computes what one that copies does, and writes the
 * new tokens only.  Linked with the shared library.
 */
#include <string.h>

#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { BATCH = 2, HEADS = 3, DEPTH = 5, ROOM = 9, FLOATS = BATCH * HEADS *
    ROOM * DEPTH };

/* Attention to keys that are the values, too.  */
#define HEAD \
	"opset 17\n" \
	"input q float [2,3,s,5]\ninput x float [2,3,s,5]\n" \
	"input past float [2,3,p,5]\ninput past_v float [2,3,p,5]\n" \
	"output y\noutput present\noutput present_v\n"
#define NODES \
	"node present = Concat(past,x) axis=2\n" \
	"node present_v = Concat(past_v,x) axis=-2\n" \
	"node t = Transpose(present) perm=[0,1,3,2]\n" \
	"node s = MatMul(q,t)\nnode p = Softmax(s) axis=-1\n" \
	"node y = MatMul(p,present_v)\n"

static char dir[4096], path[4200];
static burin_error err;
static burin_model *model;

static void
load(const char *text)
{
	onnx_text_write(text, path);
	suite_ok(burin_model_load(path, NULL, &model, &err), err);
}

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/m.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	load(HEAD NODES);
}

static void
teardown(void)
{
	burin_model_free(model);
	suite_rmdir(dir);
}

static burin_session *
session(int64_t capacity)
{
	burin_session *s;

	suite_ok(burin_session_new(model, NULL, &s, &err), err);
	if (capacity) {
		suite_ok(burin_session_share(s, "past", "present", capacity,
		    &err), err);
		suite_ok(burin_session_share(s, "past_v", "present_v",
		    capacity, &err), err);
	}
	return s;
}

/* A step: new tokens behind a past.  */
struct step {
	float q[FLOATS], x[FLOATS];
	burin_tensor in[4];
	burin_output out[3];
};

static burin_tensor
tensor(const char *name, int64_t tokens, const float *data, size_t floats)
{
	return (burin_tensor){ name, BURIN_F32, 4, { BATCH, HEADS, tokens,
	    DEPTH }, data, floats * sizeof *data };
}

static void
set_step(struct step *t, int64_t new, int64_t past, const float *k,
    const float *v)
{
	suite_fill(t->q, FLOATS, (uint64_t)past + 1);
	suite_fill(t->x, FLOATS, (uint64_t)past + 2);
	t->in[0] = tensor("q", new, t->q, FLOATS);
	t->in[1] = tensor("x", new, t->x, FLOATS);
	t->in[2] = tensor("past", past, k, FLOATS);
	t->in[3] = tensor("past_v", past, v, FLOATS);
	t->out[0] = (burin_output){ .name = "y" };
	t->out[1] = (burin_output){ .name = "present" };
	t->out[2] = (burin_output){ .name = "present_v" };
}

static int
run(burin_session *s, struct step *t)
{
	return burin_run(s, t->in, 4, t->out, 3, &err);
}

/* Element d of token t of head h, with heads of so many tokens.  */
static float
at(const float *p, int64_t h, int64_t t, int64_t room)
{
	return p[(h * room + t) * DEPTH + (h + t) % DEPTH];
}

/* One after another until no token more has room.  */
START_TEST(steps_are_those_of_a_session_that_copies)
{
	static const int64_t new[] = { 3, 1, 1, 2, 2 };
	static float shared[2][FLOATS], copied[2][FLOATS];
	burin_session *s = session(ROOM), *c = session(0);
	struct step a, b;
	int64_t past = 0;

	for (int i = 0; i < COUNT(new); i++) {
		int64_t all = past + new[i];

		set_step(&a, new[i], past, shared[0], shared[1]);
		set_step(&b, new[i], past, copied[0], copied[1]);
		suite_ok(run(s, &a), err);
		suite_ok(run(c, &b), err);
		ck_assert_mem_eq(a.out[0].data, b.out[0].data,
		    b.out[0].nbytes);
		for (int k = 0; k < 2; k++) {
			ck_assert_ptr_eq(a.out[k + 1].data, shared[k]);
			ck_assert_int_eq(a.out[k + 1].dims[2], all);
			ck_assert_uint_eq(a.out[k + 1].nbytes,
			    sizeof shared[k]);
			for (int h = 0; h < BATCH * HEADS; h++)
				for (int64_t t = 0; t < all; t++)
					ck_assert(at(shared[k], h, t, ROOM) ==
					    at(b.out[k + 1].data, h, t, all));
			memcpy(copied[k], b.out[k + 1].data,
			    b.out[k + 1].nbytes);
		}
		past = all;
	}
	set_step(&a, 1, past, shared[0], shared[1]);
	ck_assert_int_eq(run(s, &a), BURIN_EINVAL);
	ck_assert_ptr_nonnull(strstr(err.msg, "room for 9 tokens"));
	burin_session_free(s);
	burin_session_free(c);
}
END_TEST

/* A step with lengths; q and x are whole features.  */
static int
run_lengths(burin_session *s, struct step *t, const burin_tensor more[2])
{
	burin_tensor in[] = { t->in[0], t->in[1], t->in[2], t->in[3], more[0],
	    more[1] };

	for (int i = 0; i < 2; i++) {
		in[i].rank = 3;
		in[i].dims[1] = 1;
		in[i].dims[2] = HEADS * DEPTH;
		in[i].nbytes = BATCH * HEADS * DEPTH * sizeof (float);
	}
	return burin_run(s, in, 6, t->out, 3, &err);
}

/* Sequences of two lengths; the past of both has all the room there is.  */
START_TEST(lengths_decide_where_tokens_go)
{
	static float shared[2][FLOATS], copied[2][FLOATS];
	static const int32_t last[] = { 4, 2 }, total = 5;
	struct step a, b;
	burin_session *s, *c;
	burin_tensor more[] = { { "last", BURIN_I32, 1, { BATCH }, last,
	    sizeof last }, { "total", BURIN_I32, 0, { 0 }, &total,
	    sizeof total } };

	burin_model_free(model);
	load("opset 17\nopset 1 com.microsoft\n"
	    "input q float [2,1,15]\ninput x float [2,1,15]\n"
	    "input past float [2,3,9,5]\ninput past_v float [2,3,9,5]\n"
	    "input last int32 [2]\ninput total int32 []\n"
	    "output y\noutput present\noutput present_v\n"
	    "node y,present,present_v = com.microsoft.GroupQueryAttention("
	    "q,x,x,past,past_v,last,total) num_heads=3 kv_num_heads=3\n");
	s = session(ROOM);
	c = session(0);
	for (int k = 0; k < 2; k++) {
		suite_fill(shared[k], FLOATS, (uint64_t)k + 9);
		memcpy(copied[k], shared[k], sizeof copied[k]);
	}
	set_step(&a, 1, ROOM, shared[0], shared[1]);
	set_step(&b, 1, ROOM, copied[0], copied[1]);
	ck_assert_int_eq(run_lengths(s, &a, more), 0);
	ck_assert_int_eq(run_lengths(c, &b, more), 0);
	ck_assert_mem_eq(a.out[0].data, b.out[0].data, b.out[0].nbytes);
	for (int k = 0; k < 2; k++) {
		ck_assert_ptr_eq(a.out[k + 1].data, shared[k]);
		ck_assert_mem_eq(shared[k], b.out[k + 1].data,
		    sizeof shared[k]);
		for (int64_t h = 0; h < BATCH * HEADS; h++)
			for (int64_t t = 0; t < ROOM; t++)
				ck_assert_int_eq(at(shared[k], h, t, ROOM) !=
				    at(copied[k], h, t, ROOM),
				    t == last[h / HEADS]);
	}
	burin_session_free(s);
	burin_session_free(c);
}
END_TEST

START_TEST(only_new_tokens_are_written)
{
	static float k[FLOATS], v[FLOATS];
	burin_session *s = session(ROOM);
	struct step t;

	for (int i = 0; i < FLOATS; i++)
		k[i] = v[i] = 7;
	set_step(&t, 2, 3, k, v);
	suite_ok(run(s, &t), err);
	for (int i = 0; i < FLOATS; i++)
		if (i / DEPTH % ROOM < 3 || i / DEPTH % ROOM >= 5)
			ck_assert(k[i] == 7 && v[i] == 7);
	burin_session_free(s);
}
END_TEST

START_TEST(what_does_not_fit_is_refused)
{
	static float k[FLOATS], v[FLOATS];
	burin_session *s = session(ROOM);
	struct step t;

	set_step(&t, 1, 3, k, v);
	t.out[2].buffer = k;
	t.out[2].room = sizeof k;
	ck_assert_int_eq(run(s, &t), BURIN_EINVAL);
	set_step(&t, 1, 3, k, v);
	t.in[2].nbytes -= 4;
	ck_assert_int_eq(run(s, &t), BURIN_EINVAL);
	set_step(&t, 1, ROOM + 1, k, v);
	ck_assert_int_eq(run(s, &t), BURIN_EINVAL);
	set_step(&t, 1, 3, k, v);
	suite_ok(run(s, &t), err);
	ck_assert_int_eq(burin_session_share(s, "past", "present", ROOM, &err),
	    BURIN_EINVAL);              /* it has run */
	burin_session_free(s);
}
END_TEST

START_TEST(names_and_uses_are_checked)
{
	burin_session *s = session(0);

	ck_assert_int_eq(burin_session_share(s, "past", "y", ROOM, &err),
	    BURIN_EUNSUPPORTED);
	ck_assert_int_eq(burin_session_share(s, "q", "present", ROOM, &err),
	    BURIN_EUNSUPPORTED);
	ck_assert_int_eq(burin_session_share(s, "past_v", "present", ROOM,
	    &err), BURIN_EUNSUPPORTED);
	ck_assert_int_eq(burin_session_share(s, "none", "present", ROOM, &err),
	    BURIN_EINVAL);
	ck_assert_int_eq(burin_session_share(s, "past", "none", ROOM, &err),
	    BURIN_EINVAL);
	ck_assert_int_eq(burin_session_share(s, "past", "present", 0, &err),
	    BURIN_EINVAL);
	suite_ok(burin_session_share(s, "past", "present", ROOM, &err), err);
	ck_assert_int_eq(burin_session_share(s, "past", "present", ROOM, &err),
	    BURIN_EINVAL);
	burin_session_free(s);
}
END_TEST

/* The past or the present is also read as a whole.  */
START_TEST(other_uses_are_refused)
{
	static const char *const text[] = {
		HEAD "output z\n" NODES "node z = Neg(past)\n",
		HEAD "output z\n" NODES "node z = Neg(present)\n",
		HEAD "output z\n" NODES "node z = Identity(past)\n",
		HEAD "output z\n" NODES "node z = Identity(present)\n",
	};
	burin_session *s;

	burin_model_free(model);
	load(text[_i]);
	s = session(0);
	ck_assert_int_eq(burin_session_share(s, "past", "present", ROOM, &err),
	    BURIN_EUNSUPPORTED);
	suite_ok(burin_session_share(s, "past_v", "present_v", ROOM, &err),
	    err);
	burin_session_free(s);
}
END_TEST

static Suite *
share_suite(void)
{
	Suite *s = suite_create("share");
	TCase *tc = suite_case(s, "decoder", 20);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, steps_are_those_of_a_session_that_copies);
	tcase_add_test(tc, lengths_decide_where_tokens_go);
	tcase_add_test(tc, only_new_tokens_are_written);
	tcase_add_test(tc, what_does_not_fit_is_refused);
	tcase_add_test(tc, names_and_uses_are_checked);
	tcase_add_loop_test(tc, other_uses_are_refused, 0, 4);
	return s;
}

SUITE_MAIN(share_suite)
