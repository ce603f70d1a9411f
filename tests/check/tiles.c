/* SPDX-License-Identifier: Apache-2.0
 *
 * Encoder blocks in the tile layout against the refs of the same graph: sizes
 * that do not divide, every form of mask, every instruction set that this
 * machine runs, one thread and several.
 */
#include <math.h>
#include <string.h>

#include "ir/graph/chain.h"
#include "ir/graph/rounds.h"
#include "ir/op/ref.h"
#include "runtime/model.h"
#include "runtime/options.h"
#include "tests/support/build.h"
#include "tests/support/form.h"

enum mask { NONE, KEYS, QUERIES, SHARED, HEADS };

struct block {
	int hidden, heads, inter;
	enum mask mask;
	int act;                /* 0: gelu, 1: tanh form, 2: relu, 3: chain */
	int64_t batch, seq;
};

static const struct block blocks[] = {
	{ 64, 4, 128, KEYS, 0, 1, 16 },
	{ 64, 4, 128, KEYS, 1, 2, 128 },
	{ 64, 2, 96, NONE, 2, 3, 7 },
	{ 48, 3, 64, QUERIES, 0, 2, 17 },
	{ 48, 4, 64, SHARED, 0, 2, 33 },
	{ 60, 6, 50, HEADS, 0, 2, 20 },
	{ 36, 4, 40, KEYS, 0, 3, 1 },
	{ 35, 5, 41, KEYS, 2, 2, 31 },
	{ 160, 2, 64, KEYS, 0, 1, 50 },
	/* Several bands: of a sequence, of three, of parts of one. */
	{ 32, 2, 64, KEYS, 0, 3, 128 },
	{ 48, 3, 64, HEADS, 1, 5, 40 },
	{ 32, 2, 48, QUERIES, 2, 20, 5 },
	{ 32, 4, 48, KEYS, 0, 1, 310 },
	{ 35, 5, 48, QUERIES, 0, 2, 260 },
	/* Narrow tiles, and tiles of several batches. */
	{ 64, 4, 128, KEYS, 0, 1, 1 },
	{ 35, 5, 41, HEADS, 1, 1, 1 },
	{ 64, 4, 128, QUERIES, 1, 1, 3 },
	{ 36, 4, 40, NONE, 2, 1, 4 },
	{ 35, 5, 41, QUERIES, 0, 2, 2 },
	{ 32, 4, 48, HEADS, 0, 3, 5 },
	{ 36, 4, 40, KEYS, 2, 40, 1 },
	{ 48, 3, 64, HEADS, 0, 20, 3 },
	/* A chain: all widths of tiles, several blocks, bands. */
	{ 35, 5, 41, NONE, 3, 1, 1 },
	{ 36, 4, 40, NONE, 3, 1, 3 },
	{ 64, 4, 133, NONE, 3, 2, 17 },
	{ 32, 4, 48, KEYS, 3, 1, 310 },
};

/* [rows][cols] with a quarter of its 16 x 1 blocks.  */
static struct brn_node *
pruned(struct brn_graph *g, int rows, int cols, uint64_t seed)
{
	struct brn_node *n = weight(g, "w", rows, cols, seed);
	float *w = n->value->data;

	for (int i = 0; i < rows; i++)
		for (int j = 0; j < cols; j++) {
			uint64_t s = (uint64_t)(i / 16 * cols + j + 1) * seed;

			if (suite_below(&s, 4))
				w[i * cols + j] = 0;
		}
	return n;
}

static struct brn_node *
dense(struct brn_graph *g, struct brn_node *x, int rows, int cols,
    uint64_t seed)
{
	return OP(g, dense, x, pruned(g, rows, cols, seed),
	    vector(g, "b", rows, 1, seed + 1));
}

static struct brn_node *
norm(struct brn_graph *g, struct brn_node *x, int n, uint64_t seed)
{
	return OP(g, layer_norm, x, vector(g, "g", n, 1, seed),
	    vector(g, "b", n, 1, seed + 1));
}

static struct brn_node *
mask_input(struct brn_graph *g, const struct block *b)
{
	switch (b->mask) {
	case NONE:
		return NULL;
	case KEYS:
		return input(g, "mask", 4, BATCH, 1, 1, SEQ);
	case QUERIES:
		return input(g, "mask", 4, BATCH, 1, SEQ, SEQ);
	case SHARED:
		return input(g, "mask", 2, SEQ, SEQ);
	case HEADS:
		return input(g, "mask", 4, BATCH, b->heads, SEQ, SEQ);
	}
	return NULL;
}

/* ((x + vector) * number - x) / vector.  */
static struct brn_node *
chain(struct brn_graph *g, struct brn_node *x, int features)
{
	static const int64_t steps[] = { BRN_CHAIN_add, BRN_CHAIN_mul,
	    BRN_CHAIN_sub, BRN_CHAIN_div };
	struct brn_node *by = vector(g, "by", features, 1, 31), *n;

	for (int i = 0; i < features; i++)
		((float *)by->value->data)[i] += 2;
	n = OP(g, chain, x, vector(g, "v", features, 1, 29), scalar(g, 0.5f),
	    x, by);
	ck_assert_int_eq(brn_attr_set_ints(g, n, "steps", steps, 4), 0);
	return n;
}

static struct brn_node *
activation(struct brn_graph *g, struct brn_node *x, const struct block *b)
{
	int act = b->act;

	if (act == 3)
		return chain(g, x, b->inter);
	if (act == 2)
		return OP(g, relu, x);
	return set_int(g, OP(g, gelu, x), "tanh", act);
}

/* a + d; with chains d + vector + a, which has few enough operands for a band.
 */
static struct brn_node *
residual(struct brn_graph *g, struct brn_node *a, struct brn_node *d,
    const struct block *b)
{
	static const int64_t steps[] = { BRN_CHAIN_add, BRN_CHAIN_add };
	struct brn_node *n;

	if (b->act != 3)
		return OP(g, add, a, d);
	n = OP(g, chain, d, vector(g, "v", b->hidden, 1, 37), a);
	ck_assert_int_eq(brn_attr_set_ints(g, n, "steps", steps, 2), 0);
	return n;
}

static struct brn_graph *
encoder(const struct block *b)
{
	struct brn_graph *g = build_graph();
	int h = b->hidden;
	struct brn_node *x = input(g, "x", 3, BATCH, SEQ, h);
	struct brn_node *in[4] = { dense(g, x, h, h, 3), dense(g, x, h, h, 5),
	    dense(g, x, h, h, 7), mask_input(g, b) };
	struct brn_node *a, *f;

	a = build_node(g, BRN_OP_attention, in, in[3] ? 4 : 3);
	set_int(g, a, "heads", b->heads);
	set_float(g, a, "scale", 1 / sqrtf((float)(h / b->heads)));
	a = norm(g, OP(g, add, dense(g, a, h, h, 11), x), h, 13);
	f = activation(g, dense(g, a, b->inter, h, 17), b);
	f = norm(g, residual(g, a, dense(g, f, h, b->inter, 19), b), h, 23);
	output(g, "y", f);
	output(g, "a", a);
	return g;
}

/* Masks keep some keys out, the last ones above all.  */
static void
fill(struct brn_tensor *t, uint64_t seed, int is_mask)
{
	int64_t keys = t->type.dim[t->type.rank - 1];

	suite_fill(t->data, brn_numel(t), seed);
	for (int64_t i = 0; is_mask && i < brn_numel(t); i++) {
		float *v = (float *)t->data + i;

		*v = i % keys > keys * 3 / 4 || *v > 0.7f ? -10000 : 0;
		if (i % keys == 0)
			*v = 0;
	}
}

static int64_t
size_of(const struct brn_graph *g, const struct block *b, int64_t dim)
{
	if (!brn_is_sym(dim))
		return dim;
	return strcmp(g->sym[dim - BRN_SYM(0)], "batch") ? b->seq : b->batch;
}

static void
make_inputs(const struct brn_graph *g, const struct block *b,
    struct brn_arena *arena, struct brn_tensor *in)
{
	for (int i = 0; i < g->nin; i++) {
		struct brn_type *t = &in[i].type;

		*t = g->in[i].type;
		for (int d = 0; d < t->rank; d++)
			t->dim[d] = size_of(g, b, t->dim[d]);
		in[i].data = brn_arena_alloc(arena,
		    (size_t)brn_numel(&in[i]), sizeof (float));
		fill(&in[i], 41, !strcmp(g->in[i].name, "mask"));
	}
}

struct how {
	enum brn_isa isa;
	const char *jit, *threads, *cache;
};

/* Takes g; its layers are run by kernels whose names begin so.  */
static void
run_model(struct brn_graph *g, const struct brn_tensor *in, struct how h,
    const char *kernel, burin_output *out)
{
	burin_options *o = burin_options_new();
	burin_tensor view[BUILD_MAX_PORTS];
	burin_session *s;
	burin_model *m;
	burin_error err;
	int nin = g->nin, nout = g->nout;

	for (int i = 0; i < nin; i++) {
		view[i] = (burin_tensor){ g->in[i].name, BURIN_F32,
		    in[i].type.rank, .data = in[i].data,
		    .nbytes = (size_t)brn_numel(&in[i]) * sizeof (float) };
		memcpy(view[i].dims, in[i].type.dim, sizeof view[i].dims);
	}
	suite_ok(burin_options_set(o, "jit", h.jit, &err), err);
	suite_ok(burin_options_set(o, "cache_dir", h.cache, &err), err);
	suite_ok(burin_options_set(o, "isa", brn_isas[h.isa].name, &err), err);
	suite_ok(burin_options_set(o, "threads", h.threads, &err), err);
	suite_ok(burin_options_set(o, "verify", "1", &err), err);
	suite_ok(brn_graph_sweep(g, &err), err);
	suite_ok(brn_model_new(g, o, 0, &m, &err), err);
	suite_ok(burin_session_new(m, o, &s, &err), err);
	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		ck_assert_mem_eq(burin_model_layer(m, i)->kernel, kernel,
		    strlen(kernel));
	suite_ok(burin_run(s, view, (size_t)nin, out, (size_t)nout, &err),
	    err);
	burin_session_free(s);
	burin_model_free(m);
	burin_options_free(o);
}

static void
compare(const struct brn_tensor *want, const burin_output *got,
    const char *isa)
{
	const float *a = want->data, *b = got->data;

	for (int64_t i = 0; i < brn_numel(want); i++)
		ck_assert_msg(fabsf(a[i] - b[i]) <= 2e-5f * (1 + fabsf(a[i])),
		    "%s: %s[%lld] is %.8g, wanted %.8g", isa, got->name,
		    (long long)i, (double)b[i], (double)a[i]);
}

START_TEST(tiles_compute_what_the_graph_says)
{
	const struct block *b = &blocks[_i];
	struct brn_graph *g = encoder(b);
	struct brn_tensor in[2], want[2];
	size_t size = (size_t)(b->batch * b->seq * b->hidden) * sizeof (float);
	float *y[2][2];
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	make_inputs(g, b, g->arena, in);
	suite_ok(brn_ref_graph(g, in, want, g->arena, &err), err);
	for (int i = 0; i < 4; i++)
		y[i / 2][i % 2] = brn_arena_alloc(g->arena, size, 1);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		for (int i = 0; brn_isa_runs(isa) && i < 2; i++) {
			burin_output out[2] = {
				{ "y", y[i][0], size },
				{ "a", y[i][1], size },
			};

			run_model(encoder(b), in, (struct how){ isa, "off",
			    i ? "3" : "1", "" }, "t0.", out);
			compare(&want[0], &out[0], brn_isas[isa].name);
			compare(&want[1], &out[1], brn_isas[isa].name);
		}
		ck_assert_int_eq(memcmp(y[0][0], y[1][0], size), 0);
	}
	brn_graph_free(g);
}
END_TEST

/* Queries and keys of unlike numbers of tokens.  */
static const struct { int64_t batch, queries, keys; } crosses[] = {
	{ 1, 1, 1 }, { 1, 1, 40 }, { 1, 4, 17 }, { 1, 40, 1 }, { 1, 40, 3 },
	{ 2, 1, 40 }, { 3, 2, 5 }, { 30, 1, 2 }, { 2, 20, 3 }, { 20, 3, 20 },
	{ 5, 3, 1 },
};

static struct brn_graph *
cross(int i)
{
	struct brn_graph *g = build_graph();
	int64_t batch = crosses[i].batch;
	struct brn_node *x = input(g, "x", 3, batch, crosses[i].queries, 24);
	struct brn_node *k = input(g, "k", 3, batch, crosses[i].keys, 24);
	struct brn_node *a = OP(g, attention, dense(g, x, 24, 24, 3),
	    dense(g, k, 24, 24, 5), dense(g, k, 36, 24, 7));

	set_int(g, a, "heads", 2);
	set_float(g, a, "scale", .3f);
	output(g, "y", dense(g, a, 24, 36, 11));
	return g;
}

START_TEST(queries_and_keys_may_have_unlike_tiles)
{
	struct brn_graph *g = cross(_i);
	struct brn_tensor in[2], want;
	static float y[2000];
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	make_inputs(g, NULL, g->arena, in);
	suite_ok(brn_ref_graph(g, in, &want, g->arena, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		burin_output out = { "y", y, sizeof y };

		if (!brn_isa_runs(isa))
			continue;
		memset(y, 0, sizeof y);
		run_model(cross(_i), in, (struct how){ isa, "off", "2", "" },
		    "t0.", &out);
		compare(&want, &out, brn_isas[isa].name);
	}
	brn_graph_free(g);
}
END_TEST

/* Rounded Q, K and V, as a quantized file has them: scores are multiples of
 * 1/128, exact in any order, so that both round them alike.  A layer_norm of
 * the result, with a rounded variance.  */
static struct brn_graph *
rounded(int i)
{
	static const float rounds[] = { 0.0625f, 128, 0.125f, 100, 0.25f, 140,
	    1 / 255.f, 0, 0.125f, 128, 0.125f, 128, 0.125f, 128 };
	static const struct brn_tensor t = { { BURIN_F32, 2,
	    { BRN_SCORE_ROUNDS, 2 } }, (void *)rounds };
	static const float norm_rounds[] = { 0.05f, 0, 0.0625f, 7 };
	static const struct brn_tensor norm_t = { { BURIN_F32, 2,
	    { BRN_NORM_ROUNDS, 2 } }, (void *)norm_rounds };
	struct brn_graph *g = build_graph();
	int64_t batch = crosses[i].batch;
	struct brn_node *in[] = {
		input(g, "x", 3, batch, crosses[i].queries, 24),
		input(g, "k", 3, batch, crosses[i].keys, 24),
		input(g, "mask", 4, batch, 1, 1, crosses[i].keys), NULL };
	struct brn_node *a;

	in[3] = in[2];
	in[2] = in[1];
	a = build_node(g, BRN_OP_attention, in, 4);
	set_int(g, a, "heads", 2);
	set_float(g, a, "scale", .5f);
	ck_assert_int_eq(brn_attr_set_tensor(g, a, "rounds", &t), 0);
	a = norm(g, a, 24, 3);
	set_float(g, a, "epsilon", 1);
	ck_assert_int_eq(brn_attr_set_tensor(g, a, "rounds", &norm_t), 0);
	output(g, "y", a);
	return g;
}

START_TEST(values_inside_are_rounded)
{
	struct brn_graph *g = rounded(_i);
	struct brn_tensor in[3], want;
	static float y[2000];
	burin_error err;

	suite_ok(brn_graph_sweep(g, &err), err);
	make_inputs(g, NULL, g->arena, in);
	for (int i = 0; i < 2; i++)
		for (int64_t j = 0; j < brn_numel(&in[i]); j++) {
			float *v = (float *)in[i].data + j;

			*v = rintf(*v * 16) / 8;
		}
	suite_ok(brn_ref_graph(g, in, &want, g->arena, &err), err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		burin_output out = { "y", y, sizeof y };

		if (!brn_isa_runs(isa))
			continue;
		memset(y, 0, sizeof y);
		run_model(rounded(_i), in, (struct how){ isa, "off", "2", "" },
		    "t0.", &out);
		compare(&want, &out, brn_isas[isa].name);
	}
	brn_graph_free(g);
}
END_TEST

/* Of the 600 rows one in three has the same columns.  */
static struct brn_graph *
grouped(void)
{
	struct brn_graph *g = build_graph();
	struct brn_node *w = weight(g, "w", 600, 100, 3);
	float *v = w->value->data;
	struct brn_node *y;

	for (int i = 0; i < 600 * 100; i++)
		if (i / 100 % 3 ? i % 600 != 7 : i % 100 % 4 != 1)
			v[i] = 0;
	y = OP(g, dense, input(g, "x", 3, BATCH, SEQ, 100), w,
	    vector(g, "b", 600, 1, 5));
	output(g, "y", OP(g, relu, y));
	return g;
}

/* What threads share, and what is done to y while it is in the cache, is cut
 * where rows do not change places.  */
START_TEST(rows_with_the_same_columns_are_computed_together)
{
	static const struct block b = { .batch = 1, .seq = 20 };
	struct brn_graph *g = grouped();
	char dir[256];
	struct how h = { brn_isa_detect(), "inprocess", NULL, dir };
	static const char *const threads[] = { "1", "2", "3" };
	struct brn_tensor in, want;
	static float y[600 * 20];
	burin_error err;

	suite_tmpdir(dir, sizeof dir);
	suite_ok(brn_graph_sweep(g, &err), err);
	make_inputs(g, &b, g->arena, &in);
	suite_ok(brn_ref_graph(g, &in, &want, g->arena, &err), err);
	for (int i = 0; i < COUNT(threads); i++) {
		burin_output out = { "y", y, sizeof y };

		memset(y, 0, sizeof y);
		h.threads = threads[i];
		run_model(grouped(), &in, h, "t2.", &out);
		compare(&want, &out, threads[i]);
	}
	suite_rmdir(dir);
	brn_graph_free(g);
}
END_TEST

/* By both forms: 0 with erf, 1 with tanh.  */
static long double
gelu(long double x, int form)
{
	if (form)
		return x / (1 + expl(-sqrtl(8 / acosl(-1)) *
		    (x + 0.044715L * x * x * x)));
	return x * erfcl(-x * sqrtl(0.5L)) / 2;
}

/* Floats of both signs up to 12, some steps apart, so that every exponent and
 * every segment of a table has many.  */
enum {
	STEP = 7993,
	UPTO = 0x41400000,
	GELUS = 2 * (UPTO / STEP + 1) / 16 * 16,
};

START_TEST(gelu_is_within_its_bound)
{
	const struct brn_epilogue e = { _i ? BRN_ACT_gelu_tanh :
	    BRN_ACT_gelu, 0, 0, 0 };
	float *x = malloc(GELUS * sizeof *x), *y = malloc(GELUS * sizeof *y);
	long double *want = malloc(GELUS * sizeof *want);

	for (uint32_t i = 0; i < GELUS; i++) {
		uint32_t bits = i / 2 * STEP | i << 31;

		memcpy(&x[i], &bits, sizeof bits);
		want[i] = gelu(x[i], _i);
	}
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		long double most = isa == BRN_ISA_avx512 ? 2.5e-7L : 6e-7L;

		if (!brn_isa_runs(isa))
			continue;
		memcpy(y, x, GELUS * sizeof *y);
		brn_native(isa)->epilogue(y, NULL, GELUS, &e);
		for (int i = 0; i < GELUS; i++)
			ck_assert_msg(fabsl(y[i] - want[i]) <=
			    most * fabsl(x[i]) + FLT_MIN,
			    "%s: gelu(%.9g) is %.9g, wanted %.9Lg",
			    brn_isas[isa].name, (double)x[i], (double)y[i],
			    want[i]);
	}
	free(x);
	free(y);
	free(want);
}
END_TEST

START_TEST(gelu_of_what_is_no_number)
{
	const struct brn_epilogue e = { _i ? BRN_ACT_gelu_tanh :
	    BRN_ACT_gelu, 0, 0, 0 };

	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		float y[16] = { NAN, -NAN, INFINITY, -INFINITY, FLT_MAX,
		    -FLT_MAX, 0, -0.0f };

		if (!brn_isa_runs(isa))
			continue;
		brn_native(isa)->epilogue(y, NULL, 16, &e);
		ck_assert(isnan(y[0]) && isnan(y[1]));
		ck_assert(y[2] == INFINITY && (isnan(y[3]) || y[3] == 0));
		ck_assert(y[4] >= FLT_MAX * (1 - 6e-7f));
		ck_assert(fabsf(y[5]) <= FLT_MAX * 6e-7f);
		ck_assert(y[6] == 0 && y[7] == 0);
	}
}
END_TEST

/* What attention makes of scores x [16]: probabilities p [16][16 queries].  */
static void
probabilities(enum brn_isa isa, float *x, float *p)
{
	struct brn_type key = { BURIN_F32, 3, { 1, 16, 1 } };
	struct brn_type value = { BURIN_F32, 3, { 1, 16, 16 } };
	float one[16], unit[256] = { 0 };
	struct brn_tensor in[] = { { .type = key, .data = one },
	    { .type = key, .data = x }, { .type = value, .data = unit } };
	const struct brn_tensor *const ins[] = { &in[0], &in[1], &in[2] };
	struct brn_tensor out = { .type = value, .data = p };
	struct brn_attr heads = { .name = "heads", .i = 1 };
	struct brn_node n = { .op = BRN_OP_attention, .nin = 3, .nattr = 1,
	    .attr = &heads, .tiles = 1 };
	const struct brn_type *type[] = { &key, &key, &value };
	struct brn_call c = { .n = &n, .in = ins, .out = &out, .type = type,
	    .threads = brn_threads_new(1) };
	const struct brn_form *f = form_of(isa, &c);

	for (int i = 0; i < 16; i++)
		one[i] = unit[i * 17] = 1;
	ck_assert_ptr_nonnull(f);
	ck_assert_str_eq(f->word, "tiles");
	ck_assert_int_eq(form_run(isa, f, &c), 0);
	brn_threads_free(c.threads);
}

/* One score is 0, the others go down to -85.  */
START_TEST(probabilities_are_within_their_bound)
{
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		for (int k = 1; brn_isa_runs(isa) && k < 500; k++) {
			float x[16] = { 0 }, p[256];
			long double sum = 1;

			for (int i = 1; i < 16; i++)
				x[i] = -85.0f * (float)(i * k % 7499) / 7499;
			probabilities(isa, x, p);
			for (int i = 1; i < 16; i++)
				sum += expl(x[i]);
			for (int i = 0; i < 256; i++) {
				long double want = expl(x[i / 16]) / sum;

				ck_assert_msg(fabsl(p[i] - want) <=
				    4e-7L * want, "%s: exp(%.9g) is %.9g, "
				    "wanted %.9Lg", brn_isas[isa].name,
				    (double)x[i / 16], (double)p[i], want);
			}
		}
	}
}
END_TEST

START_TEST(probabilities_of_what_is_no_number)
{
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		float x[16] = { 0, -INFINITY, -FLT_MAX, -88, -200 }, p[256];

		if (!brn_isa_runs(isa))
			continue;
		probabilities(isa, x, p);
		ck_assert(p[16] == 0 && p[32] == 0 && p[64] == 0);
		ck_assert(p[48] >= 0 && p[48] < FLT_MIN);
		x[5] = NAN;
		probabilities(isa, x, p);
		ck_assert(isnan(p[0]) && isnan(p[80]));
	}
}
END_TEST

static Suite *
tiles_suite(void)
{
	Suite *s = suite_create("tiles");
	TCase *tc = suite_case(s, "encoder", 120);

	tcase_add_loop_test(tc, tiles_compute_what_the_graph_says, 0,
	    COUNT(blocks));
	tcase_add_loop_test(tc, queries_and_keys_may_have_unlike_tiles, 0,
	    COUNT(crosses));
	tcase_add_loop_test(tc, values_inside_are_rounded, 0,
	    COUNT(crosses));
	tcase_add_test(tc, rows_with_the_same_columns_are_computed_together);
	tc = suite_case(s, "gelu", 60);
	tcase_add_loop_test(tc, gelu_is_within_its_bound, 0, 2);
	tcase_add_loop_test(tc, gelu_of_what_is_no_number, 0, 2);
	tc = suite_case(s, "softmax", 60);
	tcase_add_test(tc, probabilities_are_within_their_bound);
	tcase_add_test(tc, probabilities_of_what_is_no_number);
	return s;
}

SUITE_MAIN(tiles_suite)
