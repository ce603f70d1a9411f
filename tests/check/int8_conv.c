/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions on integers: against the same file in fp32, which dequantizes,
 * over windows, layouts of weights, types and zero points, and what follows.
 * All numbers are so few bits long that both are exact; with other scales
 * results differ by a step at most.  The parts that are not kernels: one
 * instruction set like the other.
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "jit/target.h"
#include "runtime/native/image_bytes.h"
#include "runtime/native/native.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MOST = 1 << 16 };

static char dir[4096], path[4200];
static burin_error err;

static void
setup(void)
{
	suite_tmpdir(dir, sizeof dir);
	snprintf(path, sizeof path, "%s/model.onnx", dir);
	setenv("BURIN_CACHE_DIR", dir, 1);
	chmod(dir, 0700);
}

static void
teardown(void)
{
	suite_rmdir(dir);
}

/* ---- models -------------------------------------------------------------- */

struct image {
	int batch, channels, h, w, out, kernel, stride, pad, dilation, group;
	int pruned;
};

static const struct image images[] = {
	/* 1 x 1: tiles that end in the middle, one pixel, odd channels. */
	{ 1, 32, 7, 7, 64, 1, 1, 0, 1, 1, 0 },
	{ 2, 33, 5, 9, 47, 1, 1, 0, 1, 1, 1 },
	{ 3, 16, 1, 1, 32, 1, 1, 0, 1, 1, 0 },
	{ 1, 40, 16, 16, 48, 1, 1, 0, 1, 1, 1 },
	{ 2, 24, 13, 15, 33, 1, 2, 0, 1, 1, 0 },
	{ 1, 24, 13, 14, 32, 1, 3, 0, 1, 1, 1 },
	{ 1, 6, 5, 5, 16, 1, 1, 1, 1, 1, 0 },
	/* k x k; rows of more than 64 bytes. */
	{ 1, 3, 30, 30, 16, 7, 2, 3, 1, 1, 0 },
	{ 2, 20, 14, 14, 36, 3, 1, 1, 1, 1, 1 },
	{ 1, 16, 9, 70, 32, 3, 1, 1, 1, 1, 1 },
	{ 1, 3, 9, 150, 32, 3, 2, 1, 1, 1, 0 },
	{ 1, 16, 9, 7, 32, 3, 1, 2, 2, 1, 1 },
	{ 1, 5, 11, 10, 7, 3, 2, 2, 2, 1, 0 },
	{ 1, 8, 3, 3, 32, 3, 1, 0, 1, 1, 0 },
	{ 1, 16, 1, 1, 17, 3, 1, 1, 1, 1, 0 },
	{ 1, 16, 9, 9, 32, 3, 1, 1, 1, 2, 0 },
	/* Depthwise: as many groups as channels. */
	{ 1, 16, 14, 14, 16, 3, 1, 1, 1, 16, 0 },
	{ 2, 21, 15, 13, 21, 3, 2, 1, 1, 21, 0 },
	{ 1, 8, 9, 70, 8, 5, 1, 2, 1, 8, 0 },
	{ 1, 6, 20, 11, 6, 3, 1, 2, 2, 6, 0 },
	{ 1, 7, 8, 8, 7, 1, 1, 0, 1, 7, 0 },
	{ 2, 5, 1, 1, 5, 3, 3, 1, 1, 5, 0 },
};

/* What follows the convolution z, and which layer that makes.  */
static const char *const ends[] = {
	"node y = Relu(z)\n",
	"node b = QuantizeLinear(z,qs,qz)\nnode y = Cast(b) to=1\n",
	"node v = Relu(z)\nnode b = QuantizeLinear(v,qs,qz)\n"
	"node y = DequantizeLinear(b,qs,qz)\n",
	"node b = QuantizeLinear(z,ms,qz)\nnode v = DequantizeLinear(b,ms,qz)\n"
	"node s = Add(v,rd)\nnode t = Relu(s)\n"
	"node c = QuantizeLinear(t,qs,qz)\nnode y = Cast(c) to=1\n",
	"node b = QuantizeLinear(z,ms,qz)\nnode v = DequantizeLinear(b,ms,qz)\n"
	"node s = Add(r,v)\nnode c = QuantizeLinear(s,qs,qz)\n"
	"node y = DequantizeLinear(c,qs,qz)\n",
	"node s = Add(z,r)\nnode t = Clip(s,lo,hi)\nnode y = Neg(t)\n",
	"node s = Add(rd,z)\nnode c = QuantizeLinear(s,qs,qz)\n"
	"node y = Cast(c) to=1\n",
	"node y = LeakyRelu(z) alpha=0.25f\n",
	"node b = QuantizeLinear(z,qs,qz)\nnode d = DequantizeLinear(b,qs,qz)\n"
	"node p = MaxPool(d) kernel_shape=[3,3] pads=[1,1,1,1]\n"
	"node y = Neg(p)\n",
};

/* Types and zero points of x and of what follows.  */
static const struct type {
	const char *name;
	int x, y;
} types[] = {
	{ "uint8", 117, 0 }, { "uint8", 255, 130 }, { "uint8", 0, 255 },
	{ "int8", -128, -128 }, { "int8", 127, 3 }, { "int8", 5, 127 },
};

struct text {
	char s[1 << 19];
	size_t n;
};

static void add(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	t->n += (size_t)vsnprintf(t->s + t->n, sizeof t->s - t->n, fmt, ap);
	va_end(ap);
	ck_assert_uint_lt(t->n, sizeof t->s);
}

static void
add_weight(struct text *t, const struct image *m)
{
	int each = m->channels / m->group, cols = each * m->kernel * m->kernel;
	uint64_t seed = (uint64_t)(m->out * 100 + cols);

	add(t, "init w int8 [%d,%d,%d,%d] raw", m->out, each, m->kernel,
	    m->kernel);
	for (int i = 0; i < m->out * cols; i++) {
		uint64_t at = (uint64_t)(i / cols / 16 * 7919 + i % cols);
		int v = (int)suite_below(&seed, 256) - 128;

		add(t, " %d", m->pruned && suite_below(&at, 4) ? 0 : v);
	}
	add(t, "\ninit ws float [%d] raw", m->out);
	for (int i = 0; i < m->out; i++)
		add(t, " %.9g", ldexp(1, -5 - i % 3));
	add(t, "\ninit wz int8 [%d] raw", m->out);
	for (int i = 0; i < m->out; i++)
		add(t, " 0");
	add(t, "\ninit bias float [%d] raw", m->out);
	for (int i = 0; i < m->out; i++)
		add(t, " %.9g", (i % 40 - 20) / 8.0);
	add(t, "\n");
}

/* unit: the scale of x; others are multiples of it.  */
static void
write_file(const struct image *m, const struct type *type, double unit,
    const char *end)
{
	static struct text t;

	t.n = 0;
	add(&t, "opset 13\ninput x float [%d,%d,%d,%d]\ninput r float "
	    "[?,?,?,?]\noutput y\n", m->batch, m->channels, m->h, m->w);
	add_weight(&t, m);
	add(&t, "init xs float [] raw %.9g\ninit xz %s [] raw %d\n", unit,
	    type->name, type->x);
	add(&t, "init ms float [] raw %.9g\ninit qs float [] raw %.9g\n"
	    "init qz %s [] raw %d\n", 8 * unit, 16 * unit, type->name,
	    type->y);
	add(&t, "init lo float [] raw -1\ninit hi float [] raw 6\n"
	    "node xq = QuantizeLinear(x,xs,xz)\n"
	    "node rq = QuantizeLinear(r,ms,xz)\n"
	    "node rd = DequantizeLinear(rq,ms,xz)\n"
	    "node xd = DequantizeLinear(xq,xs,xz)\n"
	    "node wd = DequantizeLinear(w,ws,wz) axis=0\n"
	    "node z = Conv(xd,wd,bias) pads=[%d,%d,%d,%d] strides=[%d,%d] "
	    "dilations=[%d,%d] group=%d\n", m->pad, m->pad, m->pad, m->pad,
	    m->stride, m->stride, m->dilation, m->dilation, m->group);
	add(&t, "%s", end);
	onnx_text_write(t.s, path);
}

/* ---- running ------------------------------------------------------------- */

static float x[MOST], r[MOST], y[2][MOST];

static int
size_of(const struct image *m, int in)
{
	return (in + 2 * m->pad - m->dilation * (m->kernel - 1) - 1) /
	    m->stride + 1;
}

struct how {
	const char *precision, *jit, *threads;
};

/* The number of elements of y.  */
static int64_t
run(const struct how *h, const struct image *m, float *to)
{
	burin_options *o = burin_options_new();
	burin_model *model;
	burin_session *s;
	int oh = size_of(m, m->h), ow = size_of(m, m->w);
	int64_t n = m->batch * m->out * oh * ow;
	burin_tensor in[2] = {
		{ "x", BURIN_F32, 4, { m->batch, m->channels, m->h, m->w }, x,
		    (size_t)(m->batch * m->channels * m->h * m->w) * 4 },
		{ "r", BURIN_F32, 4, { m->batch, m->out, oh, ow }, r,
		    (size_t)n * 4 },
	};
	burin_output out = { .name = "y", .buffer = to,
	    .room = (size_t)n * 4 };

	ck_assert_int_le(n, MOST);
	suite_ok(burin_options_set(o, "precision", h->precision, &err), err);
	suite_ok(burin_options_set(o, "jit", h->jit, &err), err);
	suite_ok(burin_model_load(path, o, &model, &err), err);
	burin_options_free(o);
	if (!strcmp(h->precision, "auto") && m->group < m->out &&
	    brn_elem_runs(BRN_ELEM_i8, brn_isa_detect()))
		ck_assert_str_eq(burin_model_layer(model, 0)->precision,
		    "int8");
	s = suite_session(model, h->threads);
	suite_ok(burin_run(s, in, 2, &out, 1, &err), err);
	burin_session_free(s);
	burin_model_free(model);
	return n;
}

/* Numbers of a few bits, in units.  */
static void
fill(float *p, double unit, uint64_t seed)
{
	for (int i = 0; i < MOST; i++)
		p[i] = (float)((double)(suite_below(&seed, 640) - 320) / 2 *
		    unit);
	p[1] = 1e9f;
	p[2] = -1e9f;
}

static const struct how hows[] = {
	{ "auto", "worker", "1" }, { "auto", "off", "1" },
	{ "auto", "worker", "3" },
};

START_TEST(results_are_those_of_fp32)
{
	const struct image *m = &images[_i / COUNT(ends)];
	int end = _i % COUNT(ends);
	const struct type *type = &types[_i % COUNT(types)];
	int64_t n;

	fill(x, 0.0625, 3);
	fill(r, 0.5, 4);
	write_file(m, type, 0.0625, ends[end]);
	n = run(&(struct how){ "fp32", "off", "1" }, m, y[1]);
	for (int k = 0; k < COUNT(hows); k++) {
		memset(y[0], 0xff, sizeof y[0]);
		run(&hows[k], m, y[0]);
		for (int64_t i = 0; i < n; i++)
			ck_assert_msg(y[0][i] == y[1][i], "%d: %.9g, wanted "
			    "%.9g", (int)i, (double)y[0][i],
			    (double)y[1][i]);
	}
}
END_TEST

/* With scales of many bits sums next to a half may go to either side.  */
START_TEST(any_scale_is_within_a_step)
{
	const struct image *m = &images[_i];
	double unit = 0.0473;
	int64_t n, off = 0;

	fill(x, unit, 3);
	fill(r, unit, 4);
	write_file(m, &types[_i % COUNT(types)], unit, ends[2]);
	n = run(&(struct how){ "fp32", "off", "1" }, m, y[1]);
	run(&hows[0], m, y[0]);
	for (int64_t i = 0; i < n; i++) {
		suite_near((double)y[0][i], (double)y[1][i], 16.01 * unit);
		off += y[0][i] != y[1][i];
	}
	ck_assert_int_le(off, 1 + n / 100);
}
END_TEST

/* ---- parts --------------------------------------------------------------- */

enum { ROWS = 5 };

static const struct brn_planes *
planes_of(int kernel, int stride, int pad, int w, struct brn_planes *g)
{
	struct brn_graph *graph = brn_graph_new();
	struct brn_node *n = brn_graph_add(graph, BRN_OP_depthwise, "n", NULL,
	    0);
	struct brn_type t = { BURIN_U8, 4, { 1, 1, 9, w } };
	int64_t k[2] = { kernel, kernel }, s[2] = { stride, stride };
	int64_t p[4] = { pad, pad, pad, pad };

	ck_assert(brn_attr_set_ints(graph, n, "kernel_shape", k, 2) == 0 &&
	    brn_attr_set_ints(graph, n, "strides", s, 2) == 0 &&
	    brn_attr_set_ints(graph, n, "pads", p, 4) == 0);
	ck_assert(brn_planes_of(n, &t, g));
	brn_graph_free(graph);
	return g;
}

static const struct geometry {
	int kernel, stride, pad, w;
} geometries[] = {
	{ 1, 1, 0, 12 }, { 3, 1, 1, 13 }, { 3, 2, 1, 70 }, { 3, 3, 1, 150 },
	{ 3, 1, 1, 150 },
};

START_TEST(phases_are_those_of_floats)
{
	const struct geometry *c = &geometries[_i / BRN_NUM_ISAS];
	enum brn_isa isa = (enum brn_isa)(_i % BRN_NUM_ISAS);
	static uint8_t from[MOST], got[MOST];
	static float want[MOST];
	struct brn_planes g;

	if (!brn_isa_runs(isa))
		return;
	planes_of(c->kernel, c->stride, c->pad, c->w, &g);
	for (int i = 0; i < 9 * c->w; i++)
		x[i] = from[i] = (uint8_t)(i * 37 % 251);
	brn_native(BRN_ISA_generic)->phases(&g, x, want, 252);
	memset(got, 253, sizeof got);
	brn_native(isa)->phases_bytes(&g, from, got, 252);
	for (int i = 0; i < brn_planes_size(&g); i++)
		ck_assert_float_eq((float)got[i], want[i]);
	ck_assert_uint_eq(got[brn_planes_size(&g)], 253);
}
END_TEST

/* Tile and token of position p of a quad with n of them.  */
static int
tile_at(int p, int n)
{
	return n > 48 ? p / 4 % 4 : p / 16;
}

static int
token_at(int p, int n)
{
	return n > 48 ? p / 16 * 4 + p % 4 : p % 16;
}

/* Positions of two quads, the second of which has few or many.  */
static const int positions[] = { 69, 64 + 50, 128 };

START_TEST(lines_are_gathered)
{
	static uint8_t src[MOST], to[2 * 4096];
	static const int64_t from[] = { 3, 50, 200, 100, 7 };
	static const int32_t col[] = { 0, 1, 2, 3, 6 };
	enum brn_isa isa = (enum brn_isa)(_i / 6);
	struct brn_gather_bytes a = { src, from, col, 5, 4096,
	    positions[_i / 2 % 3], _i % 2, 0x80 };

	if (!brn_isa_runs(isa))
		return;
	for (int i = 0; i < MOST; i++)
		src[i] = (uint8_t)(i * 37 % 251);
	brn_native(isa)->gather_bytes(&a, to);
	for (int k = 0; k < 5; k++)
		for (int p = 0; p < a.npos; p++) {
			int n = (int)a.npos - p / 64 * 64;
			int t = tile_at(p % 64, n), l = token_at(p % 64, n);
			int at = a.grouped ? col[k] / 4 * 256 + t * 64 +
			    l * 4 + col[k] % 4 :
			    col[k] * 64 + l / 4 * 16 + t * 4 + l % 4;

			ck_assert_uint_eq(to[at + p / 64 * 4096],
			    src[from[k] + p] ^ 0x80);
		}
}
END_TEST

/* One instruction set like another, for all kinds of results and residuals,
 * whole planes and parts; the numbers are exact.  */
START_TEST(sums_are_scattered_alike)
{
	const struct geometry *c = &geometries[_i % 2];
	int rtype = (int[]){ 0, BURIN_F32, BURIN_U8, BURIN_I8 }[_i / 2 % 4];
	int ytype = (int[]){ 0, BURIN_U8, BURIN_I8 }[_i / 8 % 3];
	static int32_t sums[4 * ROWS * BRN_TILE], of_w[ROWS] = { 3, -4, 0, 9 };
	static char got[2][MOST];
	int32_t offset[ROWS];
	float step[ROWS] = { 0.5f, 0.25f, 1, 2, 0.125f }, scale[ROWS];
	float add_to[ROWS];
	struct brn_planes g;
	struct brn_finish f = { .offset = offset, .scale = scale,
	    .add = add_to };
	struct brn_quad_pieces p;
	struct brn_scatter_bytes a = { &f, &p, sums, ROWS * BRN_TILE, 0, ROWS,
	    0 };

	planes_of(c->kernel, c->stride, c->pad, c->w, &g);
	a.plane = g.y.out * g.x.out;
	brn_finish_set(&f, &(struct brn_finish_of){
	    { BRN_ACT_clip, -1, _i % 2 ? 6 : INFINITY, _i / 24 },
	    { { 0.25f, 3 }, { _i / 8 % 2 ? 0.5f : 0, 9 }, { 0.5f, 128 },
	    { ytype ? 0.25f : 0, 100 }, ytype }, rtype, ROWS, of_w, step,
	    _i % 3 ? step : NULL });
	for (int i = 0; i < COUNT(sums); i++)
		sums[i] = i * 7919 % 1001 - 500;
	for (int i = 0; i < MOST; i++)
		r[i] = (float)(i % 97 - 48) / 4;
	r[3] = NAN;
	r[5] = 1e20f;
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs((enum brn_isa)isa))
			continue;
		memset(got[isa > 0], 1, sizeof got[0]);
		for (int64_t at = 0; at < g.npos; at += BRN_QUAD_POS) {
			p.npos = g.npos - at < BRN_QUAD_POS ? g.npos - at :
			    BRN_QUAD_POS;
			p.n = brn_pieces_find(&g, at, BRN_QUAD, p.piece);
			brn_native((enum brn_isa)isa)->scatter_bytes(&a,
			    got[isa > 0], rtype ? r : NULL);
		}
		if (isa)
			ck_assert_mem_eq(got[0], got[1], MOST);
	}
}
END_TEST

static Suite *
int8_conv_suite(void)
{
	Suite *s = suite_create("int8_conv");
	TCase *tc = suite_case(s, "model", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, results_are_those_of_fp32, 0,
	    COUNT(images) * COUNT(ends));
	tcase_add_loop_test(tc, any_scale_is_within_a_step, 0, COUNT(images));
	tc = suite_case(s, "parts", 60);
	tcase_add_loop_test(tc, phases_are_those_of_floats, 0,
	    COUNT(geometries) * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, lines_are_gathered, 0, 6 * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, sums_are_scattered_alike, 0, 48);
	return s;
}

SUITE_MAIN(int8_conv_suite)
