/* SPDX-License-Identifier: Apache-2.0
 *
 * Every native op against its ref, on every instruction set that this machine
 * runs, over shapes with edges; tiles and back; the memory of a plan.
 */
#include <string.h>

#include "ir/op/infer.h"
#include "ir/graph/iter.h"
#include "ir/op/ref.h"
#include "runtime/lifetimes.h"
#include "tests/support/form.h"

#define MAX_DIM 4

/* One op on inputs of these shapes; a dim of -1 ends a shape.  ints marks the
 * input that holds indices below its bound.  rel is the largest error,
 * relative to 1 + |wanted|.  */
struct op_case {
	enum brn_op op;
	int nin;
	int64_t dim[3][MAX_DIM + 1];
	double rel;
	const char *attr;
	int64_t value;
	int64_t perm[MAX_DIM];          /* transpose */
	int ids_below;                  /* gather */
	int bools;                      /* input 0 is bool */
	int axes;                       /* a bit each: input 1 of a reduction */
	int declined;                   /* the native form leaves it to ref */
	int integers;                   /* type of input 0 or of the result */
	int all;                        /* of all inputs: few values */
};

#define S(...) { __VA_ARGS__, -1 }
#define UNARY(name, rel) \
	{ BRN_OP_##name, 1, { S(3, 5, 7) }, rel }, \
	{ BRN_OP_##name, 1, { S(1) }, rel }, \
	{ BRN_OP_##name, 1, { S(0, 4) }, rel }, \
	{ BRN_OP_##name, 1, { S(16389) }, rel }
#define BINARY(name) \
	{ BRN_OP_##name, 2, { S(2, 3, 5), S(2, 3, 5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(2, 3, 5), S(5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(5), S(2, 3, 5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(2, 3, 5), S(1) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(1), S(16401) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(2, 4, 3, 5), S(2, 1, 1, 5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(2, 1, 3, 1), S(1, 4, 1, 5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(3, 1), S(1, 4) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(2, 3, 1), S(2, 3, 5) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(4, 1, 1), S(4, 6, 1) }, 1e-6 }, \
	{ BRN_OP_##name, 2, { S(0, 3), S(3) }, 1e-6 }

#define INTEGERS(name) \
	{ BRN_OP_##name, 2, { S(40, 1), S(1, 460) }, 0, .all = BURIN_I64 }, \
	{ BRN_OP_##name, 2, { S(3, 50), S(50) }, 0, .all = BURIN_I32 }, \
	{ BRN_OP_##name, 2, { S(1), S(33) }, 0, .all = BURIN_I32 }, \
	{ BRN_OP_##name, 2, { S(33), S(33) }, 0, .all = BURIN_I8 }, \
	{ BRN_OP_##name, 2, { S(33), S(33) }, 0, .all = BURIN_I16, \
	    .declined = 1 }

#define COMPARE(name) \
	BINARY(name), \
	{ BRN_OP_##name, 2, { S(40, 1), S(1, 460) }, 0, .all = BURIN_I64 }, \
	{ BRN_OP_##name, 2, { S(3, 50), S(50) }, 0, .all = BURIN_I32 }, \
	{ BRN_OP_##name, 2, { S(33), S(33) }, 0, .all = BURIN_I64 }, \
	{ BRN_OP_##name, 2, { S(33), S(33) }, 0, .all = BURIN_I8 }, \
	{ BRN_OP_##name, 2, { S(33), S(33) }, 0, .all = BURIN_I16, \
	    .declined = 1 }

#define LOGIC(name) \
	{ BRN_OP_##name, 2, { S(40, 1), S(1, 460) }, 0, .all = BURIN_BOOL }, \
	{ BRN_OP_##name, 2, { S(3, 50), S(50) }, 0, .all = BURIN_BOOL }, \
	{ BRN_OP_##name, 2, { S(33), S(1) }, 0, .all = BURIN_BOOL }

#define QUANTIZE(type) \
	{ BRN_OP_quantize_linear, 3, { S(7, 33), S(1), S(1) }, 0, \
	    .integers = type }, \
	{ BRN_OP_quantize_linear, 3, { S(0, 3), { -1 }, { -1 } }, 0, \
	    .integers = type }, \
	{ BRN_OP_dequantize_linear, 3, { S(16401), S(1), S(1) }, 0, \
	    .integers = type }, \
	{ BRN_OP_dequantize_linear, 2, { S(5, 7), { -1 } }, 0, \
	    .integers = type }
#define REDUCE(name) \
	{ BRN_OP_reduce_##name, 1, { S(3, 5, 7) }, 1e-5 }, \
	{ BRN_OP_reduce_##name, 2, { S(7, 40, 60) }, 1e-5, .axes = 4 }, \
	{ BRN_OP_reduce_##name, 2, { S(7, 40, 60) }, 1e-5, .axes = 2 }, \
	{ BRN_OP_reduce_##name, 2, { S(7, 40, 60) }, 1e-5, "keepdims", 0, \
	    .axes = 3 }, \
	{ BRN_OP_reduce_##name, 2, { S(4, 3, 5) }, 1e-5, .axes = 5 }, \
	{ BRN_OP_reduce_##name, 2, { S(4, 3, 5, 2) }, 1e-5, .axes = 10 }, \
	{ BRN_OP_reduce_##name, 2, { S(3, 4, 1, 6) }, 1e-5, .axes = 9 }, \
	{ BRN_OP_reduce_##name, 2, { S(70, 9, 3) }, 1e-5, .axes = 4 }, \
	{ BRN_OP_reduce_##name, 2, { S(4, 1) }, 1e-5, .axes = 2 }, \
	{ BRN_OP_reduce_##name, 2, { S(4, 0, 5) }, 0, .axes = 2, \
	    .declined = 1 }

static const struct op_case cases[] = {
	UNARY(erf, 1e-6), UNARY(exp, 2e-6), UNARY(relu, 0),
	UNARY(sigmoid, 1e-6), UNARY(sqrt, 1e-6), UNARY(tanh, 1e-6),
	UNARY(gelu, 1e-6), UNARY(abs, 0), UNARY(ceil, 0), UNARY(cos, 1e-6),
	UNARY(floor, 0), UNARY(log, 1e-6), UNARY(neg, 0),
	UNARY(reciprocal, 1e-6), UNARY(round, 0), UNARY(sin, 1e-6),
	UNARY(softplus, 1e-6), UNARY(clip, 0), UNARY(elu, 1e-6),
	UNARY(leaky_relu, 1e-6), UNARY(hard_sigmoid, 1e-6),
	UNARY(hard_swish, 1e-6), UNARY(softsign, 1e-6), UNARY(swish, 1e-6),
	{ BRN_OP_clip, 3, { S(9, 5), S(1), S(1) }, 0 },
	{ BRN_OP_where, 3, { S(9, 5), S(9, 5), S(1) }, 0, .bools = 1 },
	{ BRN_OP_where, 3, { S(1, 1), S(70, 240), S(70, 240) }, 0,
	    .bools = 1 },
	{ BRN_OP_where, 3, { S(9, 5), S(5), S(1) }, 0, .bools = 1 },
	{ BRN_OP_where, 3, { S(1, 1, 70, 50), S(2, 3, 70, 50), S(1) }, 0,
	    .bools = 1 },
	{ BRN_OP_where, 3, { S(5), S(1), S(2, 9, 5) }, 0, .bools = 1 },
	{ BRN_OP_where, 3, { S(1, 1), S(5), S(9, 5) }, 0, .bools = 1 },
	{ BRN_OP_where, 3, { S(9, 1), S(9, 5), S(1) }, 0, .bools = 1 },
	{ BRN_OP_where, 3, { S(0, 5), S(5), S(1) }, 0, .bools = 1 },
	{ BRN_OP_cast, 1, { S(240, 70) }, 0, "to", BURIN_F32 },
	{ BRN_OP_cast, 1, { S(9) }, 0, "to", BURIN_I32 },
	{ BRN_OP_cast, 1, { S(9) }, 0, "to", BURIN_U64, .declined = 1 },
	{ BRN_OP_cast, 1, { S(9, 7) }, 0, "to", BURIN_F32, .bools = 1 },
	REDUCE(sum), REDUCE(mean), REDUCE(max), REDUCE(min), REDUCE(l1),
	REDUCE(l2), REDUCE(sum_square), REDUCE(prod),
	{ BRN_OP_gelu, 1, { S(9, 31) }, 1e-6, "tanh", 1 },
	BINARY(add), BINARY(sub), BINARY(mul), BINARY(div), BINARY(max),
	BINARY(min), BINARY(pow), BINARY(sum), BINARY(mean),
	INTEGERS(add), INTEGERS(sub), INTEGERS(mul), INTEGERS(max),
	INTEGERS(min),
	{ BRN_OP_max, 3, { S(9), S(3, 9), S(9) }, 0 },
	{ BRN_OP_min, 3, { S(3, 1), S(9), S(2, 3, 9) }, 0 },
	{ BRN_OP_sum, 3, { S(1), S(5, 1), S(16401) }, 1e-6 },
	{ BRN_OP_mean, 3, { S(7, 9), S(7, 9), S(7, 9) }, 1e-6 },
	{ BRN_OP_sum, 1, { S(9) }, 0, .declined = 1 },
	COMPARE(equal), COMPARE(greater), COMPARE(greater_equal),
	COMPARE(less), COMPARE(less_equal), LOGIC(and), LOGIC(or), LOGIC(xor),
	{ BRN_OP_prelu, 2, { S(2, 3, 5), S(3, 1) }, 1e-6 },
	{ BRN_OP_prelu, 2, { S(17, 1000), S(1) }, 1e-6 },
	{ BRN_OP_prelu, 2, { S(2, 3, 5), S(3) }, 0, "channels", 1,
	    .declined = 1 },
	{ BRN_OP_layer_norm, 2, { S(4, 1), S(1) }, 0, "index", 1,
	    .declined = 1 },
	{ BRN_OP_softmax, 1, { S(3, 2, 129) }, 1e-6 },
	{ BRN_OP_softmax, 1, { S(40, 17) }, 1e-6, "axis", 1 },
	{ BRN_OP_softmax, 1, { S(7) }, 1e-6 },
	{ BRN_OP_softmax, 1, { S(3, 0) }, 1e-6 },
	{ BRN_OP_softmax, 1, { S(4, 6, 5) }, 1e-6, "axis", 1 },
	{ BRN_OP_softmax, 1, { S(5, 3, 70) }, 1e-6, "axis", 1 },
	{ BRN_OP_softmax, 1, { S(200, 3) }, 1e-6, "axis", 1 },
	{ BRN_OP_softmax, 1, { S(7, 129) }, 1e-6, "axis", 0 },
	{ BRN_OP_log_softmax, 1, { S(5, 3, 70) }, 1e-5, "axis", 1 },
	{ BRN_OP_log_softmax, 1, { S(200, 3) }, 1e-5, "axis", 1 },
	{ BRN_OP_layer_norm, 3, { S(2, 9, 64), S(64), S(64) }, 1e-5 },
	{ BRN_OP_layer_norm, 2, { S(500, 47), S(47) }, 1e-5 },
	{ BRN_OP_layer_norm, 3, { S(4, 6, 5), S(6, 5), S(6, 5) }, 1e-5,
	    "axis", 1 },
	{ BRN_OP_layer_norm, 3, { S(4, 6, 5), S(5), S(5) }, 1e-5, "axis", 1,
	    .declined = 1 },
	{ BRN_OP_matmul, 2, { S(5, 7), S(7, 3) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(2, 3, 9, 16), S(2, 3, 16, 70) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(2, 3, 4, 8), S(8, 33) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(4, 8), S(3, 2, 8, 32) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(2, 1, 6, 5), S(1, 3, 5, 64) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(200, 20), S(20, 200) }, 1e-5 },
	{ BRN_OP_matmul, 2, { S(3, 0), S(0, 4) }, 0 },
	{ BRN_OP_matmul, 2, { S(8), S(8, 3) }, 1e-5 },
	{ BRN_OP_transpose, 1, { S(5, 9) }, 0, .perm = { 1, 0 } },
	{ BRN_OP_transpose, 1, { S(131, 67) }, 0, .perm = { 1, 0 } },
	{ BRN_OP_transpose, 1, { S(2, 35, 3, 33) }, 0,
	    .perm = { 0, 2, 3, 1 } },
	{ BRN_OP_transpose, 1, { S(70, 3, 130) }, 0, .perm = { 2, 0, 1 } },
	{ BRN_OP_transpose, 1, { S(2, 7, 3, 5) }, 0,
	    .perm = { 0, 2, 1, 3 } },
	{ BRN_OP_transpose, 1, { S(2, 7, 3, 5) }, 0,
	    .perm = { 3, 1, 0, 2 } },
	{ BRN_OP_transpose, 1, { S(4, 0, 3) }, 0, .perm = { 2, 1, 0 } },
	{ BRN_OP_gather, 2, { S(11, 6), S(2, 9) }, 0, .ids_below = 11 },
	{ BRN_OP_gather, 2, { S(3), S(5) }, 0, .ids_below = 3 },
	{ BRN_OP_gather, 2, { S(4, 6), S(3) }, 0, "axis", 1, .ids_below = 6 },
	{ BRN_OP_gather, 2, { S(5, 7, 3), S(2, 4) }, 0, "axis", 1,
	    .ids_below = 7 },
	QUANTIZE(BURIN_U8), QUANTIZE(BURIN_I8), QUANTIZE(BURIN_U16),
	QUANTIZE(BURIN_I16),
	{ BRN_OP_quantize_linear, 2, { S(2, 3, 4), S(3) }, 0,
	    .integers = BURIN_U8 },
	{ BRN_OP_dequantize_linear, 2, { S(2, 3, 4), S(3) }, 0,
	    .integers = BURIN_U8 },
};

static int
rank_of(const int64_t *dim)
{
	int n = 0;

	while (dim[n] >= 0)
		n++;
	return n;
}

struct setup {
	struct brn_graph *g;
	struct brn_node *n;
	struct brn_tensor in[3], want, got;
	const struct brn_tensor *pin[3];
};

static void
set_attrs(struct setup *s, const struct op_case *c, int rank)
{
	if (c->attr)
		brn_attr_set_int(s->g, s->n, c->attr, c->value);
	if (c->op == BRN_OP_transpose)
		brn_attr_set_ints(s->g, s->n, "perm", c->perm, rank);
}

static int
dtype_of(const struct op_case *c, int i)
{
	if (c->all)
		return c->all;
	if (c->ids_below || c->axes)
		return i == 1 ? BURIN_I64 : BURIN_F32;
	if (c->bools && i == 0)
		return BURIN_BOOL;
	if (i == 2 || (i == 0 && c->op == BRN_OP_dequantize_linear))
		return c->integers ? c->integers : BURIN_F32;
	return BURIN_F32;
}

static void
make_input(struct setup *s, const struct op_case *c, int i)
{
	struct brn_type *t = &s->in[i].type;
	uint64_t seed = 77 + (uint64_t)i;
	int64_t n;

	if (c->axes && i == 1) {
		*t = (struct brn_type){ BURIN_I64, 1,
		    { __builtin_popcount((unsigned)c->axes) } };
		s->in[i].data = brn_arena_alloc(s->g->arena, 8, 8);
		for (int d = 0, k = 0; d < MAX_DIM; d++)
			if (c->axes & 1 << d)
				((int64_t *)s->in[i].data)[k++] = d;
		s->pin[i] = &s->in[i];
		return;
	}
	t->rank = rank_of(c->dim[i]);
	t->dtype = dtype_of(c, i);
	memcpy(t->dim, c->dim[i], (size_t)t->rank * sizeof *t->dim);
	n = brn_numel(&s->in[i]);
	s->in[i].data = brn_arena_alloc(s->g->arena, (size_t)n + 1, 8);
	for (int64_t k = 0; k < n; k++) {
		if (c->all == BURIN_BOOL)
			((uint8_t *)s->in[i].data)[k] =
			    (uint8_t)suite_below(&seed, 3);
		else if (c->all)
			brn_set_int(&s->in[i], k, suite_below(&seed, 5) - 2);
		else if (t->dtype == BURIN_I64)
			((int64_t *)s->in[i].data)[k] = suite_below(&seed,
			    2 * c->ids_below) - c->ids_below;
		else if (t->dtype == BURIN_BOOL)
			((uint8_t *)s->in[i].data)[k] =
			    suite_float(&seed) > 0;
		else if (t->dtype != BURIN_F32)
			brn_set_int(&s->in[i], k, suite_below(&seed, 99999));
		else if (c->op == BRN_OP_sqrt || c->op == BRN_OP_log ||
		    (c->op == BRN_OP_pow && i == 0))
			((float *)s->in[i].data)[k] =
			    fabsf(suite_float(&seed));
		else
			((float *)s->in[i].data)[k] = 3 * suite_float(&seed);
	}
	/* Divisors away from zero. */
	if (c->op == BRN_OP_div && i == 1)
		for (int64_t k = 0; k < n; k++)
			((float *)s->in[i].data)[k] += 4;
	s->pin[i] = &s->in[i];
}

static void
make_case(struct setup *s, const struct op_case *c)
{
	struct brn_node *in[3];
	struct brn_shapes *shapes;
	burin_error err;

	*s = (struct setup){ .g = brn_graph_new() };
	s->g->in = brn_arena_alloc(s->g->arena, 3, sizeof *s->g->in);
	for (int i = 0; i < c->nin; i++) {
		make_input(s, c, i);
		in[i] = c->axes && i ? brn_graph_constant(s->g, "axes",
		    &s->in[i].type, s->in[i].data) :
		    brn_graph_add(s->g, BRN_OP_input, "x", NULL, 0);
		s->g->in[i] = (struct brn_value){ "x", in[i],
		    s->in[i].type };
	}
	s->g->nin = c->axes ? 1 : c->nin;
	s->n = brn_graph_add(s->g, c->op, "op", in, c->nin);
	set_attrs(s, c, s->in[0].type.rank);
	suite_ok(brn_infer(s->g, NULL, &shapes, &err), err);
	s->want.type = s->got.type = shapes->type[s->n->id];
	brn_shapes_free(shapes);
	s->want.data = brn_arena_alloc(s->g->arena,
	    (size_t)brn_numel(&s->want) + 1, 8);
	s->got.data = brn_arena_alloc(s->g->arena,
	    (size_t)brn_numel(&s->want) + 1, 8);
	suite_ok(brn_ref[c->op](s->n, s->pin, &s->want, &err), err);
}

static void
compare(const struct setup *s, const struct op_case *c, enum brn_isa isa)
{
	for (int64_t i = 0; i < brn_numel(&s->want); i++) {
		double got = brn_get_float(&s->got, i);
		double want = brn_get_float(&s->want, i);

		ck_assert_msg(fabs(got - want) <= c->rel * (1 + fabs(want)),
		    "%s %s [%lld] is %.9g, wanted %.9g", brn_isas[isa].name,
		    brn_ops[c->op].name, (long long)i, got, want);
	}
}

/* Whether there is work for several threads, which are dear to start: a task
 * has 16384 elements or more.  */
static int
is_shared(const struct setup *s)
{
	int64_t n = brn_numel(&s->want);

	for (int i = 0; i < COUNT(s->pin); i++)
		if (s->pin[i] && brn_numel(s->pin[i]) > n)
			n = brn_numel(s->pin[i]);
	return n > 16384;
}

START_TEST(native_matches_ref)
{
	const struct op_case *c = &cases[_i];
	struct setup s;

	make_case(&s, c);
	for (int n = 1; n <= 1 + is_shared(&s); n++) {
		struct brn_threads *t = brn_threads_new(n);

		for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
			if (!brn_isa_runs(isa))
				continue;
			ck_assert_int_eq(form_try(isa, s.n, s.pin, &s.got, t),
			    c->declined ? FORM_NONE : 0);
			if (!c->declined)
				compare(&s, c, isa);
		}
		brn_threads_free(t);
	}
	brn_graph_free(s.g);
}
END_TEST

/* Some powers are products.  */
START_TEST(powers_are_what_ref_says)
{
	static const float power[] = { 2, 3, -1, 0.5f, 0 };
	struct op_case c = { BRN_OP_pow, 2, { S(3, 37), S(1) }, 1e-6 };
	struct brn_threads *t = brn_threads_new(1);
	struct setup s;
	burin_error err;

	make_case(&s, &c);
	*(float *)s.in[1].data = power[_i];
	suite_ok(brn_ref[c.op](s.n, s.pin, &s.want, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		ck_assert_int_eq(form_try(isa, s.n, s.pin, &s.got, t), 0);
		compare(&s, &c, isa);
	}
	brn_graph_free(s.g);
	brn_threads_free(t);
}
END_TEST

/* Ops of one input, each of which is tried on numbers of every size.  */
static const enum brn_op unary[] = {
	BRN_OP_abs, BRN_OP_ceil, BRN_OP_clip, BRN_OP_cos, BRN_OP_elu,
	BRN_OP_erf, BRN_OP_exp, BRN_OP_floor, BRN_OP_gelu,
	BRN_OP_hard_sigmoid, BRN_OP_hard_swish, BRN_OP_leaky_relu, BRN_OP_log,
	BRN_OP_neg, BRN_OP_reciprocal, BRN_OP_relu, BRN_OP_round,
	BRN_OP_sigmoid, BRN_OP_sin, BRN_OP_softplus, BRN_OP_softsign,
	BRN_OP_sqrt, BRN_OP_swish, BRN_OP_tanh,
};

static const float extremes[] = {
	0, -0.0f, 1e-45f, -1e-45f, 1e-40f, -1e-40f, FLT_MIN, -FLT_MIN, 1e-20f,
	-1e-20f, 1e-8f, -1e-8f, 1e-5f, -1e-5f, 1e-3f, -1e-3f, 0.1f, -0.1f,
	0.5f, -0.5f, 1, -1, 1.5f, -1.5f, 2.5f, -2.5f, 5, -5, 9, -9, 12.34f,
	-12.34f, 17, -17, 30, -30, 60, -60, 86, -86, 88.8f, -88.8f, 95, -95,
	104, -104, 1e3f, -1e3f, 8388609, -8388609, 1e9f, -1e9f, 1e20f, -1e20f,
	FLT_MAX, -FLT_MAX, INFINITY, -INFINITY, NAN, 1, 2, 3, 4,
};

/* Relative to what is wanted, but for gelu, which is 1 + erf and has lost the
 * digits of small results; and numbers close to FLT_MIN may be 0.  */
static int
is_near(enum brn_op op, double got, double want)
{
	double small = op == BRN_OP_gelu ? 4e-7 : 100 * (double)FLT_MIN;

	if (isnan(want) || isinf(want))
		return isnan(want) ? isnan(got) : got == want;
	if (want == 0 && got == 0)
		return !signbit(got) == !signbit(want);
	return fabs(got - want) <= 4 * (double)FLT_EPSILON * fabs(want) +
	    small;
}

/* All inputs of the case have the extremes.  */
static void
try_extremes(const struct op_case *c)
{
	struct brn_threads *t = brn_threads_new(1);
	struct setup s;
	burin_error err;

	make_case(&s, c);
	for (int i = 0; i < c->nin; i++)
		memcpy(s.in[i].data, extremes, sizeof extremes);
	suite_ok(brn_ref[c->op](s.n, s.pin, &s.want, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		ck_assert_int_eq(form_try(isa, s.n, s.pin, &s.got, t), 0);
		for (int64_t i = 0; i < brn_numel(&s.want); i++) {
			double got = brn_get_float(&s.got, i);
			double want = brn_get_float(&s.want, i);

			ck_assert_msg(is_near(c->op, got, want),
			    "%s %s of number %lld is %.9g, wanted %.9g",
			    brn_isas[isa].name, brn_ops[c->op].name,
			    (long long)i, got, want);
		}
	}
	brn_graph_free(s.g);
	brn_threads_free(t);
}

START_TEST(extremes_are_what_ref_says)
{
	struct op_case c = { unary[_i], 1, { S(COUNT(extremes)) }, 0 };

	try_extremes(&c);
}
END_TEST

START_TEST(extremes_of_two_are_what_ref_says)
{
	static const enum brn_op op[] = { BRN_OP_add, BRN_OP_sub, BRN_OP_mul,
	    BRN_OP_div, BRN_OP_max, BRN_OP_min, BRN_OP_pow };
	struct op_case c = { op[_i], 2, { S(COUNT(extremes), 1),
	    S(COUNT(extremes)) }, 0 };

	try_extremes(&c);
}
END_TEST

START_TEST(padding_is_what_ref_says)
{
	static const int64_t all[][6] = { { 0, 1, 2, 0, 3, 1 },
	    { 0, -1, 40, 1, 0, -2 }, { 2, 0, -4, 0, 0, 50 }, { 0 } };
	struct op_case c = { BRN_OP_pad, 1, { S(3, 5, 7) }, 0 };
	struct brn_tensor pads = { { BURIN_I64, 1, { 6 } },
	    (void *)(uintptr_t)all[_i] };
	struct brn_threads *t = brn_threads_new(1);
	struct brn_graph *g = brn_graph_new();
	struct brn_tensor x = { { BURIN_F32, 3, { 3, 5, 7 } }, NULL };
	const struct brn_tensor *in[] = { &x, &pads };
	struct brn_node *node[2] = { brn_graph_add(g, BRN_OP_input, "x", NULL,
	    0), brn_graph_constant(g, "pads", &pads.type, pads.data) };
	struct setup s = { .g = g, .n = brn_graph_add(g, BRN_OP_pad, "pad",
	    node, 2) };
	burin_error err;

	x.data = brn_arena_alloc(g->arena, 105, sizeof (float));
	suite_fill(x.data, 105, 9);
	s.want.type = x.type;
	for (int d = 0; d < 3; d++)
		s.want.type.dim[d] += all[_i][d] + all[_i][d + 3];
	s.got.type = s.want.type;
	s.want.data = brn_arena_alloc(g->arena, (size_t)brn_numel(&s.want), 4);
	s.got.data = brn_arena_alloc(g->arena, (size_t)brn_numel(&s.want), 4);
	suite_ok(brn_ref[BRN_OP_pad](s.n, in, &s.want, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		ck_assert_int_eq(form_try(isa, s.n, in, &s.got, t), 0);
		compare(&s, &c, isa);
	}
	brn_graph_free(g);
	brn_threads_free(t);
}
END_TEST

START_TEST(softmax_of_masked_keys_is_zero)
{
	struct op_case c = { BRN_OP_softmax, 1, { S(1, 20) }, 0 };
	struct brn_threads *t = brn_threads_new(1);
	struct setup s;

	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		make_case(&s, &c);
		for (int i = 0; i < 20; i++)
			((float *)s.in[0].data)[i] = i < 2 ? 1 : -INFINITY;
		ck_assert_int_eq(form_try(isa, s.n, s.pin, &s.got, t), 0);
		ck_assert_float_eq(((float *)s.got.data)[0], 0.5f);
		ck_assert_float_eq(((float *)s.got.data)[19], 0);
		brn_graph_free(s.g);
	}
	brn_threads_free(t);
}
END_TEST

/* Two of the rows have NaN, of which one row ends with it.  */
START_TEST(largest_of_what_is_no_number_is_none)
{
	static const int axes[] = { 1, 2, 3 };
	struct op_case c = { _i % 2 ? BRN_OP_reduce_max : BRN_OP_reduce_min,
	    2, { S(5, 37) }, 0, .axes = axes[_i / 2] };
	struct brn_threads *t = brn_threads_new(1);
	struct setup s;
	burin_error err;

	make_case(&s, &c);
	((float *)s.in[0].data)[2 * 37 - 1] = NAN;
	((float *)s.in[0].data)[3 * 37 + 5] = NAN;
	suite_ok(brn_ref[c.op](s.n, s.pin, &s.want, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		ck_assert_int_eq(form_try(isa, s.n, s.pin, &s.got, t), 0);
		for (int64_t i = 0; i < brn_numel(&s.want); i++) {
			double want = brn_get_float(&s.want, i);
			double got = brn_get_float(&s.got, i);

			ck_assert(isnan(want) ? isnan(got) : got == want);
		}
	}
	brn_graph_free(s.g);
	brn_threads_free(t);
}
END_TEST

/* The ref names the index.  */
START_TEST(gather_out_of_range_is_an_error)
{
	struct op_case c = { BRN_OP_gather, 2, { S(3, 4), S(2) }, 0,
	    .ids_below = 3 };
	struct brn_threads *t = brn_threads_new(1);
	struct setup s;

	make_case(&s, &c);
	((int64_t *)s.in[1].data)[1] = 3;
	ck_assert_int_eq(form_try(BRN_ISA_generic, s.n, s.pin, &s.got, t),
	    BURIN_ESHAPE);
	brn_graph_free(s.g);
	brn_threads_free(t);
}
END_TEST

static const struct { int64_t batch, tokens, features, padded; } tiles[] = {
	{ 1, 1, 1, 1 }, { 1, 16, 16, 16 }, { 3, 17, 3, 4 }, { 2, 31, 37, 48 },
	{ 4, 5, 64, 64 }, { 1, 200, 7, 7 }, { 1, 48, 0, 16 },
	{ 1, 1, 37, 48 }, { 1, 3, 37, 48 }, { 2, 2, 5, 5 }, { 20, 3, 7, 8 },
};

/* Every token and feature is in its place, the rest is zero.  */
static void
check_tiles(const struct brn_tiles *l, const float *x, const float *t,
    int64_t fp)
{
	int64_t w = l->width;

	for (int64_t i = 0; i < l->n * w; i++) {
		int64_t tile = i / w, token = tile % l->per * w + i % w;
		int64_t row = tile / l->per * l->tokens + token;

		for (int64_t k = 0; k < fp; k++)
			ck_assert_float_eq(t[(tile * fp + k) * w + i % w],
			    token < l->tokens && k < l->features ?
			    x[row * l->features + k] : 0);
	}
}

START_TEST(tiles_and_back_is_the_same)
{
	struct brn_type type = { BURIN_F32, 3, { tiles[_i].batch,
	    tiles[_i].tokens, tiles[_i].features } };
	struct brn_tiles l = brn_tiles_of(&type);
	int64_t n = brn_type_numel(&type), fp = tiles[_i].padded;
	float *x = malloc((size_t)(n + 1) * sizeof *x);
	float *y = malloc((size_t)(n + 1) * sizeof *y);
	float *t = malloc((size_t)(l.n * fp * 16) * sizeof *t);

	suite_fill(x, n, 5);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		memset(t, 0xff, (size_t)(l.n * fp * 16) * sizeof *t);
		memset(y, 0, (size_t)n * sizeof *y);
		brn_native(isa)->to_tiles(&l, x, t, fp, 0, l.n);
		check_tiles(&l, x, t, fp);
		brn_native(isa)->from_tiles(&l, t, fp, y, 0, l.n);
		ck_assert_int_eq(memcmp(x, y, (size_t)n * sizeof *x), 0);
	}
	free(x);
	free(y);
	free(t);
}
END_TEST

START_TEST(memory_of_the_living_does_not_overlap)
{
	struct brn_interval v[200];
	uint64_t seed = 9;
	size_t total, sum = 0;
	burin_error err;

	for (int i = 0; i < COUNT(v); i++) {
		v[i] = (struct brn_interval){ i, i + (int)suite_below(&seed,
		    9), (size_t)suite_below(&seed, 5000), 0 };
		sum += v[i].size;
	}
	suite_ok(brn_lifetimes_assign(v, COUNT(v), &total, &err), err);
	ck_assert_uint_lt(total, sum / 8);
	for (int i = 0; i < COUNT(v); i++) {
		ck_assert_uint_eq(v[i].at % 64, 0);
		ck_assert_uint_le(v[i].at + v[i].size, total);
		for (int k = 0; k < i; k++)
			if (v[k].to >= v[i].from)
				ck_assert(v[k].at + v[k].size <= v[i].at ||
				    v[i].at + v[i].size <= v[k].at);
	}
}
END_TEST

static Suite *
native_suite(void)
{
	Suite *s = suite_create("native");
	TCase *tc = suite_case(s, "ops", 60);

	tcase_add_loop_test(tc, native_matches_ref, 0, COUNT(cases));
	tcase_add_test(tc, softmax_of_masked_keys_is_zero);
	tcase_add_loop_test(tc, powers_are_what_ref_says, 0, 5);
	tcase_add_loop_test(tc, extremes_are_what_ref_says, 0, COUNT(unary));
	tcase_add_loop_test(tc, extremes_of_two_are_what_ref_says, 0, 7);
	tcase_add_loop_test(tc, padding_is_what_ref_says, 0, 4);
	tcase_add_loop_test(tc, largest_of_what_is_no_number_is_none, 0, 6);
	tcase_add_test(tc, gather_out_of_range_is_an_error);
	tc = suite_case(s, "layout", 60);
	tcase_add_loop_test(tc, tiles_and_back_is_the_same, 0, COUNT(tiles));
	tcase_add_test(tc, memory_of_the_living_does_not_overlap);
	return s;
}

SUITE_MAIN(native_suite)
