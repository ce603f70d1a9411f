/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers on images against the refs of the graph before any pass: odd sizes,
 * one pixel, strides, padding, dilation, groups, block-sparse weights, every
 * activation; every instruction set that this machine runs, one thread and
 * several, with compiled kernels and without.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/onnx/import.h"
#include "ir/op/ref.h"
#include "passes/pass.h"
#include "runtime/model.h"
#include "runtime/options.h"
#include "tests/support/build.h"

/* What follows the convolution.  */
enum end {
	BARE, BIAS, NORM, NORM_RELU6, ADD, ADD_RELU, RELU_ADD, SWISH,
	HARD_SWISH, HARD_SIGMOID_MUL, LEAKY, GELU, SCALED,
	/* Instead of it. */
	MAX_POOL, AVERAGE, AVERAGE_ALL, GLOBAL, GLOBAL_MAX,
	TRANSPOSED, TRANSPOSED_NORM,
};

struct image {
	int batch, channels, h, w;      /* w 0: one spatial dimension, h */
	int out, kh, kw, stride, pad, dilation, group;
	enum end end;
	int ceil_mode;
	int depth, kd;                  /* of volumes, else 0 */
};

static const struct image images[] = {
	/* 1 x 1: tiles that end in the middle, one pixel, odd channels. */
	{ 1, 32, 7, 7, 64, 1, 1, 1, 0, 1, 1, BARE, 0 },
	{ 2, 33, 5, 9, 47, 1, 1, 1, 0, 1, 1, NORM_RELU6, 0 },
	{ 3, 16, 1, 1, 32, 1, 1, 1, 0, 1, 1, BIAS, 0 },
	{ 2, 21, 2, 2, 37, 1, 1, 1, 0, 1, 1, RELU_ADD, 0 },
	{ 1, 40, 16, 16, 16, 1, 1, 1, 0, 1, 1, ADD, 0 },
	{ 1, 24, 14, 14, 35, 1, 1, 2, 0, 1, 1, ADD_RELU, 0 },
	{ 2, 24, 13, 15, 33, 1, 1, 3, 0, 1, 1, RELU_ADD, 0 },
	{ 1, 8, 5, 5, 16, 1, 1, 1, 1, 1, 1, SWISH, 0 },
	{ 1, 64, 33, 0, 48, 1, 1, 1, 0, 1, 1, LEAKY, 0 },
	{ 1, 300, 6, 6, 700, 1, 1, 1, 0, 1, 1, BIAS, 0 },
	/* k x k. */
	{ 1, 3, 17, 19, 32, 3, 3, 2, 1, 1, 1, NORM_RELU6, 0 },
	{ 1, 3, 30, 30, 16, 7, 7, 2, 3, 1, 1, NORM, 0 },
	{ 2, 20, 14, 14, 36, 3, 3, 1, 1, 1, 1, ADD_RELU, 0 },
	{ 1, 16, 9, 7, 32, 3, 3, 1, 1, 2, 1, HARD_SWISH, 0 },
	{ 1, 16, 8, 8, 32, 3, 3, 1, 0, 1, 1, HARD_SIGMOID_MUL, 0 },
	{ 1, 16, 7, 9, 33, 3, 3, 1, 1, 1, 1, GELU, 0 },
	{ 1, 16, 8, 8, 32, 5, 3, 1, 3, 1, 1, SCALED, 0 },
	{ 1, 16, 11, 10, 32, 3, 3, 2, 2, 2, 1, BIAS, 0 },
	{ 1, 16, 3, 3, 32, 3, 3, 1, 0, 1, 1, RELU_ADD, 0 },
	{ 1, 16, 1, 1, 17, 3, 3, 1, 1, 1, 1, BARE, 0 },
	{ 1, 16, 41, 0, 24, 5, 1, 2, 2, 1, 1, NORM, 0 },
	{ 0, 16, 4, 4, 24, 3, 3, 1, 1, 1, 1, BIAS, 0 },
	/* Padding that whole windows fall into. */
	{ 1, 16, 20, 33, 32, 3, 3, 1, 12, 12, 1, RELU_ADD, 0 },
	{ 1, 8, 3, 20, 24, 3, 3, 1, 40, 2, 1, BIAS, 0 },
	/* Long and wide windows, sequences with a last dimension of one. */
	{ 1, 3, 300, 0, 8, 200, 1, 7, 3, 1, 1, BIAS, 0 },
	{ 1, 5, 700, 0, 8, 3, 1, 1, 300, 300, 1, NORM_RELU6, 0 },
	{ 1, 3, 6, 90, 4, 1, 65, 1, 32, 1, 1, BARE, 0 },
	{ 1, 5, 61, 1, 9, 9, 1, 2, 0, 3, 1, RELU_ADD, 0 },
	{ 2, 5, 150, 1, 5, 20, 1, 1, 0, 1, 5, NORM_RELU6, 0 },
	{ 1, 5, 16, 0, 5, 3, 1, 1, 1, 1, 5, BIAS, 0 },
	{ 1, 5, 64, 0, 5, 9, 1, 1, 4, 1, 5, GELU, 0 },
	{ 1, 5, 131, 0, 5, 40, 1, 3, 9, 2, 5, BIAS, 0 },
	{ 1, 4, 140, 0, 4, 4, 1, 1, 1, 1, 1, MAX_POOL, 0 },
	{ 1, 4, 90, 1, 4, 5, 1, 2, 0, 1, 1, AVERAGE, 0 },
	/* Groups. */
	{ 1, 32, 9, 9, 64, 3, 3, 1, 1, 1, 2, NORM_RELU6, 0 },
	{ 1, 12, 6, 6, 24, 3, 3, 2, 1, 1, 12, BIAS, 0 },
	{ 2, 19, 15, 13, 19, 3, 3, 1, 1, 1, 19, NORM_RELU6, 0 },
	{ 1, 19, 15, 14, 19, 3, 3, 2, 1, 1, 19, SWISH, 0 },
	{ 2, 5, 37, 70, 5, 3, 3, 2, 1, 1, 5, NORM_RELU6, 0 },
	{ 1, 3, 16, 33, 3, 3, 3, 2, 0, 1, 3, BIAS, 0 },
	{ 3, 4, 1, 2, 4, 3, 3, 2, 1, 1, 4, BARE, 0 },
	{ 1, 3, 7, 7, 3, 3, 3, 2, 2, 1, 3, BIAS, 0 },
	{ 1, 7, 7, 7, 7, 5, 5, 2, 2, 1, 7, HARD_SWISH, 0 },
	{ 1, 7, 9, 5, 7, 3, 3, 1, 1, 1, 7, GELU, 0 },
	{ 1, 6, 18, 37, 6, 5, 5, 1, 2, 1, 6, NORM_RELU6, 0 },
	{ 1, 4, 3, 2, 4, 3, 3, 1, 1, 1, 4, BIAS, 0 },
	{ 1, 5, 12, 12, 5, 3, 3, 1, 2, 2, 5, ADD_RELU, 0 },
	{ 1, 4, 1, 1, 4, 3, 3, 1, 1, 1, 4, BARE, 0 },
	{ 1, 6, 35, 0, 6, 3, 1, 1, 1, 1, 6, LEAKY, 0 },
	/* Poolings. */
	{ 1, 5, 13, 13, 5, 3, 3, 2, 1, 1, 1, MAX_POOL, 0 },
	{ 2, 3, 41, 37, 3, 3, 3, 2, 1, 1, 1, MAX_POOL, 0 },
	{ 2, 3, 12, 14, 3, 2, 2, 2, 0, 1, 1, MAX_POOL, 1 },
	{ 1, 3, 11, 11, 3, 3, 3, 2, 0, 1, 1, MAX_POOL, 1 },
	{ 1, 2, 8, 9, 2, 3, 3, 1, 0, 2, 1, MAX_POOL, 0 },
	{ 1, 3, 35, 0, 3, 3, 1, 2, 1, 1, 1, MAX_POOL, 0 },
	{ 1, 5, 13, 13, 5, 3, 3, 2, 1, 1, 1, AVERAGE, 1 },
	{ 1, 5, 13, 12, 5, 3, 3, 2, 1, 1, 1, AVERAGE_ALL, 1 },
	{ 1, 3, 7, 7, 3, 7, 7, 1, 0, 1, 1, AVERAGE, 0 },
	{ 2, 5, 7, 7, 5, 1, 1, 1, 0, 1, 1, GLOBAL, 0 },
	{ 2, 5, 7, 3, 5, 1, 1, 1, 0, 1, 1, GLOBAL_MAX, 0 },
	/* Transposed. */
	{ 1, 24, 9, 11, 16, 2, 2, 2, 0, 1, 1, TRANSPOSED, 0 },
	{ 2, 17, 5, 6, 9, 3, 3, 2, 1, 1, 1, TRANSPOSED_NORM, 0 },
	{ 1, 8, 21, 0, 4, 4, 1, 2, 1, 1, 1, TRANSPOSED_NORM, 0 },
	{ 1, 40, 4, 4, 8, 5, 3, 3, 2, 2, 1, TRANSPOSED, 0 },
	{ 0, 4, 3, 3, 2, 2, 2, 2, 0, 1, 1, TRANSPOSED, 0 },
	{ 2, 8, 5, 6, 12, 4, 4, 2, 1, 1, 4, TRANSPOSED_NORM, 0 },
	{ 1, 6, 9, 0, 6, 3, 1, 2, 0, 1, 6, TRANSPOSED, 0 },
	/* Volumes. */
	{ 2, 9, 7, 9, 20, 3, 3, 1, 1, 1, 1, NORM_RELU6, 0, 5, 3 },
	{ 1, 3, 13, 11, 33, 5, 3, 2, 1, 1, 1, RELU_ADD, 0, 6, 3 },
	{ 1, 17, 6, 5, 16, 1, 1, 1, 0, 1, 1, GELU, 0, 7, 1 },
	{ 1, 8, 6, 5, 19, 1, 1, 1, 0, 1, 1, BIAS, 0, 9, 3 },
	{ 1, 8, 9, 5, 18, 3, 3, 1, 2, 2, 2, ADD_RELU, 0, 8, 2 },
	{ 1, 4, 1, 1, 9, 3, 3, 1, 1, 1, 1, BARE, 0, 1, 3 },
	{ 1, 4, 3, 1, 9, 3, 1, 1, 0, 1, 1, BIAS, 0, 5, 3 },
	{ 2, 5, 7, 18, 5, 3, 3, 1, 1, 1, 5, NORM_RELU6, 0, 6, 3 },
	{ 1, 5, 7, 9, 5, 3, 3, 2, 1, 1, 5, SWISH, 0, 6, 1 },
	{ 1, 3, 9, 8, 3, 3, 3, 2, 1, 1, 1, MAX_POOL, 0, 7, 2 },
	{ 1, 3, 9, 8, 3, 2, 2, 2, 0, 1, 1, MAX_POOL, 1, 5, 3 },
	{ 2, 3, 9, 8, 3, 3, 3, 2, 1, 1, 1, AVERAGE, 0, 7, 2 },
	{ 1, 3, 9, 8, 3, 3, 3, 2, 1, 1, 1, AVERAGE_ALL, 1, 7, 3 },
	{ 1, 6, 5, 4, 5, 2, 2, 2, 0, 1, 1, TRANSPOSED, 0, 3, 2 },
	{ 2, 6, 5, 4, 4, 3, 4, 2, 1, 1, 2, TRANSPOSED_NORM, 0, 3, 3 },
};

static int
rank_of(const struct image *k)
{
	return k->depth ? 5 : k->w ? 4 : 3;
}

static void
set_window(struct brn_graph *g, struct brn_node *n, const struct image *k)
{
	int64_t s = k->stride, e = k->dilation, p = k->pad;
	int64_t stride[] = { s, s, s }, dilation[] = { e, e, e };
	int64_t pad[] = { p, p, p, p, p, p };
	int64_t kernel[] = { k->kd, k->kh, k->kw };
	int d = rank_of(k) - 2;

	brn_attr_set_ints(g, n, "strides", stride, d);
	brn_attr_set_ints(g, n, "dilations", dilation, d);
	brn_attr_set_ints(g, n, "pads", pad, 2 * d);
	if (k->ceil_mode)
		set_int(g, n, "ceil_mode", 1);
	if (n->op == BRN_OP_conv || n->op == BRN_OP_conv_transpose)
		set_int(g, n, "group", k->group);
	else
		brn_attr_set_ints(g, n, "kernel_shape", kernel +
		    !k->depth, d);
}

/* Three of four blocks of 16 x 1 are zero.  */
static struct brn_node *
kernel_of(struct brn_graph *g, const struct image *k, int pruned)
{
	struct brn_type t = { BURIN_F32, rank_of(k), { k->out, k->channels /
	    k->group, k->kd, k->kh, k->kw } };
	int64_t cols = k->channels / k->group * k->kh * k->kw *
	    (k->depth ? k->kd : 1);
	struct brn_node *n;
	float *w;

	if (!k->depth) {
		t.dim[2] = k->kh;
		t.dim[3] = k->kw;
	}
	n = brn_graph_constant(g, "w", &t, NULL);
	w = n->value->data;

	suite_fill(w, k->out * cols, 3);
	for (int64_t i = 0; pruned && i < k->out * cols; i++) {
		uint64_t seed = (uint64_t)(i / cols / 16 * cols + i % cols) *
		    2654435761u + 1;

		if (suite_below(&seed, 4))
			w[i] = 0;
	}
	return n;
}

static struct brn_node *
positive(struct brn_graph *g, int n)
{
	struct brn_node *v = vector(g, "var", n, 1, 21);

	for (int i = 0; i < n; i++)
		((float *)v->value->data)[i] += 1.5f;
	return v;
}

static struct brn_node *
by_channel(struct brn_graph *g, const struct image *k, uint64_t seed)
{
	struct brn_type t = { BURIN_F32, rank_of(k) - 1, { k->out, 1, 1, 1 } };
	struct brn_node *n = brn_graph_constant(g, "c", &t, NULL);

	suite_fill(n->value->data, k->out, seed);
	return n;
}

static struct brn_node *
hard_gate(struct brn_graph *g, struct brn_node *y)
{
	return OP(g, clip, OP(g, add, y, scalar(g, 3)), scalar(g, 0),
	    scalar(g, 6));
}

static struct brn_node *
norm(struct brn_graph *g, const struct image *k, struct brn_node *y)
{
	return OP(g, batch_norm, y, vector(g, "s", k->out, 1, 11),
	    vector(g, "b", k->out, 1, 12), vector(g, "m", k->out, 1, 13),
	    positive(g, k->out));
}

static struct brn_node *
finish(struct brn_graph *g, const struct image *k, struct brn_node *y,
    struct brn_node *r)
{
	struct brn_node *h;

	switch (k->end) {
	case NORM:
	case TRANSPOSED_NORM:
		return norm(g, k, y);
	case NORM_RELU6:
		return OP(g, clip, norm(g, k, y), scalar(g, 0),
		    scalar(g, 6));
	case ADD:
		return OP(g, add, y, r);
	case ADD_RELU:
		return OP(g, relu, OP(g, add, r, norm(g, k, y)));
	case RELU_ADD:
		return OP(g, add, OP(g, relu, y), r);
	case SWISH:
		return OP(g, mul, y, OP(g, sigmoid, y));
	case HARD_SWISH:
		return OP(g, div, OP(g, mul, y, hard_gate(g, y)),
		    scalar(g, 6));
	case HARD_SIGMOID_MUL:
		h = OP(g, hard_sigmoid, y);
		set_float(g, h, "alpha", 1.0f / 6);
		return OP(g, mul, h, y);
	case LEAKY:
		return set_float(g, OP(g, leaky_relu, y), "alpha", 0.1f);
	case GELU:
		return OP(g, gelu, y);
	case SCALED:
		return OP(g, relu, OP(g, add, by_channel(g, k, 5), OP(g, mul,
		    y, by_channel(g, k, 6))));
	default:
		return y;
	}
}

static struct brn_node *
image_op(struct brn_graph *g, const struct image *k, struct brn_node *x,
    int pruned)
{
	struct image turned = *k;
	struct brn_node *y;

	switch (k->end) {
	case TRANSPOSED:
	case TRANSPOSED_NORM:
		turned.channels = k->out;
		turned.out = k->channels;
		y = OP(g, conv_transpose, x, kernel_of(g, &turned, pruned),
		    vector(g, "b", k->out, 1, 7));
		break;
	case MAX_POOL:
		y = OP(g, max_pool, x);
		break;
	case AVERAGE:
	case AVERAGE_ALL:
		y = set_int(g, OP(g, average_pool, x), "count_include_pad",
		    k->end == AVERAGE_ALL);
		break;
	case GLOBAL:
		return OP(g, global_average_pool, x);
	case GLOBAL_MAX:
		return OP(g, global_max_pool, x);
	case BARE:
		y = OP(g, conv, x, kernel_of(g, k, pruned));
		break;
	default:
		y = OP(g, conv, x, kernel_of(g, k, pruned),
		    vector(g, "b", k->out, 1, 7));
		break;
	}
	set_window(g, y, k);
	return y;
}

/* The residual is an image of its own, made by a bare 1 x 1 of x so that it
 * has the shape of the result.  */
static struct brn_graph *
build(const struct image *k, int pruned)
{
	struct brn_graph *g = build_graph();
	struct brn_node *x = k->depth ?
	    input(g, "x", 5, BATCH, k->channels, k->depth, k->h, k->w) :
	    k->w ? input(g, "x", 4, BATCH, k->channels, k->h, k->w) :
	    input(g, "x", 3, BATCH, k->channels, k->h);
	struct brn_node *y = image_op(g, k, x, pruned), *r = NULL;

	if (k->end == ADD || k->end == ADD_RELU || k->end == RELU_ADD) {
		struct image bare = *k;

		bare.end = BARE;
		r = OP(g, tanh, image_op(g, &bare, x, !pruned));
	}
	output(g, "y", finish(g, k, y, r));
	return g;
}

struct setting {
	enum brn_isa isa;
	const char *threads, *jit;
};

/* What has a fast form takes it.  */
static void
check_steps(const burin_session *s)
{
	static const char *const fast[] = { "dense_conv", "bsr_conv",
	    "depthwise", "max_pool", "average_pool", "global_average_pool",
	    "global_max_pool", "fold_taps", "conv_transpose" };
	const burin_step_info *step;

	for (size_t i = 0; (step = burin_session_step(s, i)); i++) {
		ck_assert_str_ne(step->op, "conv");
		for (int k = 0; k < COUNT(fast); k++)
			ck_assert(strcmp(step->op, fast[k]) ||
			    strcmp(step->kernel, "ref"));
	}
}

/* Takes g.  */
static void
run(struct brn_graph *g, const struct setting *s, const struct brn_tensor *x,
    burin_output *out)
{
	burin_options *o = burin_options_new();
	burin_tensor in = { g->in[0].name, BURIN_F32, x->type.rank,
	    .data = x->data,
	    .nbytes = (size_t)brn_numel(x) * sizeof (float) };
	burin_session *session;
	burin_model *m;
	burin_error err;

	memcpy(in.dims, x->type.dim, sizeof in.dims);
	suite_ok(burin_options_set(o, "jit", s->jit, &err), err);
	suite_ok(burin_options_set(o, "isa", brn_isas[s->isa].name, &err),
	    err);
	suite_ok(burin_options_set(o, "threads", s->threads, &err), err);
	suite_ok(burin_options_set(o, "verify", "1", &err), err);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_model_new(g, o, 0, &m, &err), err);
	suite_ok(burin_session_new(m, o, &session, &err), err);
	suite_ok(burin_run(session, &in, 1, out, 1, &err), err);
	check_steps(session);
	burin_session_free(session);
	burin_model_free(m);
	burin_options_free(o);
}

static void
compare(const struct brn_tensor *want, const burin_output *got,
    const struct setting *s)
{
	const float *a = want->data, *b = got->data;

	ck_assert_int_eq(got->rank, want->type.rank);
	for (int d = 0; d < got->rank; d++)
		ck_assert_int_eq(got->dims[d], want->type.dim[d]);
	for (int64_t i = 0; i < brn_numel(want); i++)
		ck_assert_msg(fabsf(a[i] - b[i]) <= 2e-5f * (1 + fabsf(a[i])),
		    "%s, jit %s: y[%lld] is %.8g, wanted %.8g",
		    brn_isas[s->isa].name, s->jit, (long long)i,
		    (double)b[i], (double)a[i]);
}

/* Takes g.  */
static void
check_setting(struct brn_graph *g, const struct setting *s,
    const struct brn_tensor *x, const struct brn_tensor *want)
{
	size_t size = (size_t)brn_numel(want) * sizeof (float);
	burin_output out = { g->out[0].name, brn_alloc(size, 1), size };
	char name[32];

	snprintf(name, sizeof name, "%s", out.name);
	out.name = name;
	run(g, s, x, &out);
	compare(want, &out, s);
	free(out.buffer);
}

START_TEST(images_are_what_the_graph_says)
{
	const struct image *k = &images[_i / 2];
	struct brn_graph *g = build(k, _i % 2);
	struct brn_tensor x = { g->in[0].type, NULL }, want;
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	x.type.dim[0] = k->batch;
	x.data = brn_arena_alloc(g->arena, (size_t)brn_numel(&x),
	    sizeof (float));
	suite_fill(x.data, brn_numel(&x), 41);
	suite_ok(brn_ref_graph(g, &x, &want, g->arena, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++)
		for (int t = 0; brn_isa_runs(isa) && t < 2; t++)
			check_setting(build(k, _i % 2), &(struct setting){
			    isa, t ? "3" : "1", "off" }, &x, &want);
	check_setting(build(k, _i % 2), &(struct setting){ brn_isa_detect(),
	    "1", "worker" }, &x, &want);
	brn_graph_free(g);
}
END_TEST

/* bench/models/cnn.py --small writes them.  */
static const char *const nets[] = { "mobilenet_v1", "mobilenet_v2",
	"resnet50" };

static struct brn_graph *
import(const char *name)
{
	struct brn_graph *g;
	char path[512];
	burin_error err;

	snprintf(path, sizeof path, "%s/tests/models/%s.onnx",
	    getenv("SRCDIR"), name);
	suite_ok(brn_onnx_import_file(path, 0, &g, &err), err);
	return g;
}

START_TEST(networks_compute_what_the_file_says)
{
	struct brn_graph *g = import(nets[_i]);
	struct brn_tensor x = { g->in[0].type, NULL }, want;
	burin_error err;

	x.type.dim[0] = 2;
	x.data = brn_arena_alloc(g->arena, (size_t)brn_numel(&x),
	    sizeof (float));
	suite_fill(x.data, brn_numel(&x), 41);
	suite_ok(brn_ref_graph(g, &x, &want, g->arena, &err), err);
	check_setting(import(nets[_i]), &(struct setting){ brn_isa_detect(),
	    "2", "off" }, &x, &want);
	brn_graph_free(g);
}
END_TEST

/* Everything between the layers went into them.  */
START_TEST(networks_are_layers_and_little_else)
{
	static const enum brn_op gone[] = { BRN_OP_conv, BRN_OP_batch_norm,
	    BRN_OP_relu, BRN_OP_clip, BRN_OP_add };
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g = import(nets[_i]);
	burin_error err;

	suite_ok(brn_passes_run(g, &o, &err), err);
	for (int i = 0; i < COUNT(gone); i++)
		ck_assert_int_eq(count_ops(g, gone[i]), 0);
	brn_graph_free(g);
}
END_TEST

static Suite *
conv_suite(void)
{
	Suite *s = suite_create("conv");
	TCase *tc = suite_case(s, "images", 120);

	tcase_add_loop_test(tc, images_are_what_the_graph_says, 0,
	    2 * COUNT(images));
	tc = suite_case(s, "networks", 120);
	tcase_add_loop_test(tc, networks_compute_what_the_file_says, 0,
	    COUNT(nets));
	tcase_add_loop_test(tc, networks_are_layers_and_little_else, 0,
	    COUNT(nets));
	return s;
}

SUITE_MAIN(conv_suite)
