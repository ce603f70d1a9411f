/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantized models on integers: against the same model in fp32, which
 * dequantizes, over the forms that files have, layouts, sizes and numbers of
 * tokens; precision=int8 within the bounds of its rounding; the parts that are
 * not kernels on every instruction set; steps of rows.
 */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "ir/graph/step.h"
#include "jit/target.h"
#include "runtime/native/native.h"
#include "tests/support/onnx_text.h"
#include "tests/support/suite.h"

enum { MAX_TOKENS = 2 * 37, MAX_SIZE = 80 };

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

static int
is_here(void)
{
	return brn_elem_runs(BRN_ELEM_i8, brn_isa_detect());
}

/* ---- models -------------------------------------------------------------- */

/* A layer of w [cols][rows], pruned in blocks of rows if they divide.  */
struct net {
	int rows, cols, pruned;
	float w[MAX_SIZE * MAX_SIZE];           /* integers */
	float scale[MAX_SIZE];
};

static void
net_fill(struct net *n, int rows, int cols, int pruned)
{
	uint64_t seed = (uint64_t)(rows * 100 + cols);

	*n = (struct net){ rows, cols, pruned, { 0 }, { 0 } };
	for (int i = 0; i < rows * cols; i++) {
		uint64_t at = (uint64_t)(i / rows * 31 + i % rows / 16);
		int keep = !pruned || suite_below(&at, 4) == 0;

		n->w[i] = keep ? (float)(suite_below(&seed, 256) - 128) : 0;
	}
	for (int i = 0; i < rows; i++)
		n->scale[i] = 0.01f + 0.001f * (float)i;
}

struct text {
	char s[1 << 17];
	size_t n;
};

static void
add(struct text *t, const char *s)
{
	t->n += (size_t)snprintf(t->s + t->n, sizeof t->s - t->n, "%s", s);
	ck_assert_uint_lt(t->n, sizeof t->s);
}

/* n numbers, plus v.  */
static void
add_numbers(struct text *t, const float *p, int n, int v)
{
	char s[32];

	for (int i = 0; i < n; i++) {
		snprintf(s, sizeof s, " %.9g", (double)p[i] + v);
		add(t, s);
	}
	add(t, "\n");
}

static void
add_init(struct text *t, const char *name, const char *shape, const float *p,
    int n, int v)
{
	char s[80];

	snprintf(s, sizeof s, "init %s %s raw", name, shape);
	add(t, s);
	add_numbers(t, p, n, v);
}

/* The forms that files have; w is with zero point v.  */
static const struct file {
	const char *wtype;
	int v;
	const char *inits, *nodes;
} files[] = {
	/* onnxruntime.quantization, dynamic. */
	{ "int8", 0, "",
	  "node q,s,z = DynamicQuantizeLinear(x)\n"
	  "node p = MatMulInteger(q,w,z,wz)\n"
	  "node f = Cast(p) to=1\n"
	  "node sc = Mul(s,ws)\n"
	  "node m = Mul(f,sc)\n"
	  "node y = Add(m,b)\n" },
	/* SparseML: u8 weights, zero point 128. */
	{ "uint8", 128, "init s float [] raw 0.03\ninit z uint8 [] raw 120\n",
	  "node q = QuantizeLinear(x,s,z)\n"
	  "node p = MatMulInteger(q,w,z,wz)\n"
	  "node f = Cast(p) to=1\n"
	  "node sc = Mul(s,ws)\n"
	  "node m = Mul(f,sc)\n"
	  "node y = Add(m,b)\n" },
	/* QDQ. */
	{ "int8", 0, "init s float [] raw 0.03\ninit z uint8 [] raw 120\n",
	  "node q = QuantizeLinear(x,s,z)\n"
	  "node d = DequantizeLinear(q,s,z)\n"
	  "node wd = DequantizeLinear(w,ws,wzs) axis=1\n"
	  "node m = MatMul(d,wd)\n"
	  "node y = Add(m,b)\n" },
	/* QDQ of s8, with an activation and a residual behind. */
	{ "int8", 0, "init s float [] raw 0.025\ninit z int8 [] raw -7\n",
	  "node q = QuantizeLinear(x,s,z)\n"
	  "node d = DequantizeLinear(q,s,z)\n"
	  "node wd = DequantizeLinear(w,ws,wzs) axis=1\n"
	  "node m = MatMul(d,wd)\n"
	  "node n = Add(m,b)\n"
	  "node r = Relu(n)\n"
	  "node y = Add(r,n)\n" },
};

static void
write_file(const struct file *f, const struct net *n)
{
	static struct text t;
	static const float zero[MAX_SIZE];
	char s[80];

	t.n = 0;
	add(&t, "opset 13\n");
	snprintf(s, sizeof s, "input x float [?,?,%d]\noutput y\n", n->cols);
	add(&t, s);
	snprintf(s, sizeof s, "%s [%d,%d]", f->wtype, n->cols, n->rows);
	add_init(&t, "w", s, n->w, n->rows * n->cols, f->v);
	snprintf(s, sizeof s, "float [%d]", n->rows);
	add_init(&t, "ws", s, n->scale, n->rows, 0);
	add_init(&t, "b", s, n->scale, n->rows, 1);
	snprintf(s, sizeof s, "%s [%d]", f->wtype, n->rows);
	add_init(&t, "wzs", s, zero, n->rows, f->v);
	snprintf(s, sizeof s, "%s []", f->wtype);
	add_init(&t, "wz", s, zero, 1, f->v);
	add(&t, f->inits);
	add(&t, f->nodes);
	onnx_text_write(t.s, path);
}

/* The same weight in fp32.  */
static void
write_floats(const struct net *n)
{
	static struct text t;
	char s[80];

	t.n = 0;
	add(&t, "opset 13\n");
	snprintf(s, sizeof s, "input x float [?,?,%d]\noutput y\n", n->cols);
	add(&t, s);
	snprintf(s, sizeof s, "float [%d,%d]", n->cols, n->rows);
	add_init(&t, "w", s, n->w, n->rows * n->cols, 0);
	add(&t, "node y = MatMul(x,w)\n");
	onnx_text_write(t.s, path);
}

struct how {
	const char *precision, *key, *value, *threads;
	int64_t batch, tokens;
};

static void
set(burin_options *o, const char *key, const char *value)
{
	if (key)
		suite_ok(burin_options_set(o, key, value, &err), err);
}

static burin_model *
load(const struct how *h)
{
	burin_options *o = burin_options_new();
	burin_model *m;

	set(o, "precision", h->precision);
	set(o, h->key, h->value);
	suite_ok(burin_model_load(path, o, &m, &err), err);
	burin_options_free(o);
	return m;
}

static void
run(burin_model *m, const struct how *h, const struct net *n, const float *x,
    float *y)
{
	burin_session *s = suite_session(m, h->threads ? h->threads : "1");
	int64_t rows = h->batch * h->tokens;
	burin_tensor in = { "x", BURIN_F32, 3, { h->batch, h->tokens, n->cols },
	    x, (size_t)(rows * n->cols) * sizeof *x };
	burin_output out = { .name = "y", .buffer = y,
	    .room = (size_t)(rows * n->rows) * sizeof *y };

	suite_ok(burin_run(s, &in, 1, &out, 1, &err), err);
	burin_session_free(s);
}

static void
load_and_run(struct how h, const struct net *n, const float *x, float *y)
{
	burin_model *m = load(&h);

	run(m, &h, n, x, y);
	burin_model_free(m);
}

static float x[MAX_TOKENS * MAX_SIZE], y[2][MAX_TOKENS * MAX_SIZE];
static struct net net;

static void
check_equal(int64_t n, float bound)
{
	for (int64_t i = 0; i < n; i++)
		if (!(fabsf(y[0][i] - y[1][i]) <= bound))
			ck_abort_msg("%d: %.9g, wanted %.9g", (int)i,
			    (double)y[0][i], (double)y[1][i]);
}

static const struct size {
	int rows, cols, pruned;
	int64_t batch, tokens;
} sizes[] = {
	{ 16, 16, 0, 1, 16 }, { 1, 1, 0, 1, 1 }, { 7, 5, 0, 1, 9 },
	{ 33, 70, 0, 2, 37 }, { 80, 80, 1, 2, 37 }, { 64, 80, 1, 1, 5 },
	{ 48, 79, 1, 1, 33 }, { 32, 64, 1, 3, 3 }, { 80, 64, 1, 1, 4 },
};

/* Integers give the sums of the dequantized numbers, which fp32 rounds.  */
START_TEST(files_run_in_their_integers)
{
	const struct size *s = &sizes[_i % COUNT(sizes)];
	struct how h = { "fp32", "sparse", _i % 2 ? "auto" : "off", NULL,
	    s->batch, s->tokens };

	net_fill(&net, s->rows, s->cols, s->pruned);
	suite_fill(x, MAX_TOKENS * MAX_SIZE, 3);
	write_file(&files[_i / COUNT(sizes)], &net);
	load_and_run(h, &net, x, y[1]);
	h.precision = "auto";
	for (int k = 0; k < 3; k++) {
		h.threads = k == 1 ? "3" : "1";
		h.key = k == 2 ? "jit" : "sparse";
		h.value = k == 2 ? "off" : h.value;
		load_and_run(h, &net, x, y[0]);
		check_equal(s->batch * s->tokens * s->rows, 2e-4f);
	}
}
END_TEST

START_TEST(layers_say_that_they_are_i8)
{
	struct how h = { "auto", NULL, NULL, NULL, 1, 1 };
	burin_model *m;

	if (!is_here())
		return;
	net_fill(&net, 80, 80, 1);
	write_file(&files[_i], &net);
	m = load(&h);
	ck_assert_uint_eq(burin_model_num_layers(m), 1);
	ck_assert_ptr_nonnull(strstr(burin_model_layer(m, 0)->kernel,
	    ".16x1.avx512.i8"));
	ck_assert_str_eq(burin_model_layer(m, 0)->precision, "int8");
	burin_model_free(m);
}
END_TEST

START_TEST(listed_layers_stay_in_fp32)
{
	struct how h = { "auto", "fp32_layers", NULL, NULL, 1, 1 };
	static const char *const lists[] = { "*", "a,*", "none*" };
	burin_stats st;
	burin_model *m;

	net_fill(&net, 80, 80, 1);
	write_file(&files[0], &net);
	h.value = lists[_i];
	m = load(&h);
	burin_model_stats(m, &st, sizeof st);
	ck_assert_str_eq(burin_model_layer(m, 0)->precision, _i < 2 ||
	    !is_here() ? "fp32" : "int8");
	ck_assert_int_eq(!strcmp(st.note, "fp32_layers: no layer has such a "
	    "name"), _i == 2);
	burin_model_free(m);
}
END_TEST

/* New values of weights that nobody keeps but as kernels read them.  */
START_TEST(integers_are_updated)
{
	struct how h = { "auto", NULL, NULL, NULL, 1, 5 };
	burin_model *m;

	net_fill(&net, 80, 80, _i);
	suite_fill(x, MAX_TOKENS * MAX_SIZE, 3);
	write_file(&files[0], &net);
	m = load(&h);
	for (int i = 0; i < 80 * 80; i++)
		net.w[i] = net.w[i] == 0 ? 0 : net.w[i] > 0 ? 1 : -1;
	for (int i = 0; i < 80; i++)
		net.scale[i] *= 2;
	write_file(&files[0], &net);
	suite_ok(burin_model_update(m, path, &err), err);
	run(m, &h, &net, x, y[0]);
	burin_model_free(m);
	load_and_run(h, &net, x, y[1]);
	check_equal(5 * 80, 0);
}
END_TEST

/* The largest error of precision=int8: x is off by half its scale, of the range
 * of a token, w by half its step.  */
static float
int8_bound(const struct net *n, const float *row, int r)
{
	float lo = 0, hi = 0, most = 0, sw = 0, sx = 0, qx, qw;

	for (int k = 0; k < n->cols; k++) {
		float w = n->w[k * n->rows + r];

		lo = fminf(lo, row[k]);
		hi = fmaxf(hi, row[k]);
		most = fmaxf(most, fabsf(w));
		sw += fabsf(w);
		sx += fabsf(row[k]);
	}
	qx = (hi - lo) / 255 / 2;
	qw = most / 127 / 2;
	return 1.001f * (qx * sw + qw * sx + qx * qw * (float)n->cols) +
	    1e-5f;
}

START_TEST(precision_int8_is_within_its_rounding)
{
	const struct size *s = &sizes[_i];
	struct how h = { "fp32", NULL, NULL, NULL, s->batch, s->tokens };
	int64_t rows = s->batch * s->tokens;
	int differ = 0;

	net_fill(&net, s->rows, s->cols, s->pruned);
	for (int i = 0; i < s->rows * s->cols; i++)
		net.w[i] *= 1 + 0.01f * (float)(i % 7);
	suite_fill(x, MAX_TOKENS * MAX_SIZE, 3);
	write_floats(&net);
	load_and_run(h, &net, x, y[1]);
	h.precision = "int8";
	load_and_run(h, &net, x, y[0]);
	for (int64_t i = 0; i < rows * s->rows; i++) {
		float bound = int8_bound(&net, x + i / s->rows * s->cols,
		    (int)(i % s->rows));

		differ |= y[0][i] != y[1][i];
		if (!(fabsf(y[0][i] - y[1][i]) <= bound))
			ck_abort_msg("%d: %.9g, wanted %.9g within %g", (int)i,
			    (double)y[0][i], (double)y[1][i], (double)bound);
	}
	if (s->rows > 1)
		ck_assert_int_eq(differ, is_here());
}
END_TEST

/* ---- parts --------------------------------------------------------------- */

enum { LINES = 11, NLINE = LINES * BRN_TILE };

/* One element, as ONNX defines it.  */
static int
quantized(float v, float scale, int zero)
{
	double q = nearbyint((double)(v / scale)) + zero;

	return q > 0 ? q < 255 ? (int)q : 255 : 0;
}

static void
fill_tile(float *v, struct brn_tile_quant *q)
{
	suite_fill(v, NLINE, 5);
	for (int l = 0; l < BRN_TILE; l++) {
		q->scale[l] = l < 15 ? 0.001f * (float)(l + 1) : 1e-40f;
		q->zero[l] = l * 17;
		/* Ties, and numbers beyond what fits. */
		v[l] = ((float)l + 0.5f) * q->scale[l];
		v[BRN_TILE + l] = l % 3 ? l % 3 == 1 ? 1e30f : -1e30f :
		    INFINITY;
		v[2 * BRN_TILE + l] = -((float)l + 1.5f) * q->scale[l];
	}
	v[3 * BRN_TILE] = NAN;
}

/* Of a tile, element i.  */
static int
wanted(const float *v, const struct brn_tile_quant *q, int i)
{
	int l = i % BRN_TILE;

	return v[i] == v[i] ? quantized(v[i], q->scale[l], q->zero[l]) :
	    q->zero[l];
}

static void
check_tile(const float *v, const struct brn_tile_quant *q, const void *got,
    enum brn_quant_form form, int n)
{
	for (int i = 0; i < n * BRN_TILE; i++) {
		int l = i % BRN_TILE, want = wanted(v, q, i);

		if (form == BRN_QUANT_FLOATS)
			ck_assert_float_eq(((const float *)got)[i],
			    (float)(want - q->zero[l]) * q->scale[l]);
		else
			ck_assert_int_eq(((const uint8_t *)got)[i], want);
	}
}

START_TEST(x_becomes_integers)
{
	enum brn_isa isa = (enum brn_isa)(_i / 2);
	enum brn_quant_form form = (enum brn_quant_form)(_i % 2);
	float v[NLINE + BRN_TILE], got[NLINE + BRN_TILE];
	struct brn_tile_quant q;

	if (!brn_isa_runs(isa))
		return;
	fill_tile(v, &q);
	for (int n = 1; n <= LINES; n++) {
		brn_native(isa)->quantize(v, n, &q, form, got);
		check_tile(v, &q, got, form, n);
		memcpy(got, v, sizeof v);
		brn_native(isa)->quantize(got, n, &q, form, got);
		check_tile(v, &q, got, form, n);
	}
}
END_TEST

/* The bytes of the tiles of a quad are where jit/abi.h says, when x is read
 * where they are written, too.  */
static void
check_quad(enum brn_isa isa, int groups, int ntile, int n)
{
	float v[BRN_QUAD][NLINE], got[BRN_QUAD * NLINE];
	struct brn_tile_quant q[BRN_QUAD];
	struct brn_quad quad = { .quant = q, .ntile = ntile, .groups = groups,
	    .n = n, .to = (uint8_t *)got };

	for (int t = 0; t < ntile; t++) {
		fill_tile(v[t], &q[t]);
		v[t][5 * BRN_TILE + t] = (float)t * q[t].scale[t];
		q[t].zero[3] = t;
		quad.x[t] = got + t * n * BRN_TILE;
		memcpy(got + t * n * BRN_TILE, v[t],
		    (size_t)(n * BRN_TILE) * sizeof *got);
	}
	brn_native(isa)->quantize_quad(&quad);
	for (int i = 0; i < ntile * n * BRN_TILE; i++) {
		int t = i / BRN_TILE / n, k = i / BRN_TILE % n;
		int l = i % BRN_TILE;
		int at = groups ? k / 4 * 256 + t * 64 + l * 4 + k % 4 :
		    k * 64 + l / 4 * 16 + t * 4 + l % 4;

		ck_assert_msg(quad.to[at] == wanted(v[t], &q[t],
		    i % (n * BRN_TILE)), "tile %d of %d, line %d of %d", t,
		    ntile, k, n);
	}
}

START_TEST(x_becomes_quads)
{
	enum brn_isa isa = (enum brn_isa)(_i / 2);

	if (!brn_isa_runs(isa))
		return;
	for (int ntile = 1; ntile <= BRN_QUAD; ntile++)
		for (int n = 1; n <= LINES; n++)
			check_quad(isa, _i % 2, ntile, n);
}
END_TEST

START_TEST(range_is_widened)
{
	float v[NLINE], lo[BRN_TILE], hi[BRN_TILE];

	if (!brn_isa_runs((enum brn_isa)_i))
		return;
	suite_fill(v, NLINE, 9);
	v[5] = NAN;
	for (int n = 0; n <= LINES; n++) {
		for (int l = 0; l < BRN_TILE; l++) {
			lo[l] = -0.25f;
			hi[l] = 0.25f;
		}
		brn_native((enum brn_isa)_i)->range(v, n, lo, hi);
		for (int l = 0; l < BRN_TILE; l++) {
			float least = -0.25f, most = 0.25f;

			for (int f = 0; f < n; f++) {
				least = fminf(least, v[f * BRN_TILE + l]);
				most = fmaxf(most, v[f * BRN_TILE + l]);
			}
			ck_assert_float_eq(lo[l], least);
			ck_assert_float_eq(hi[l], most);
		}
	}
}
END_TEST

START_TEST(sums_become_floats)
{
	float sum[NLINE], scale[LINES], bias[LINES];
	struct brn_tile_quant q;
	struct brn_row_quant w = { scale, (int32_t[LINES]){ 0 },
	    _i % 2 ? bias : NULL };
	int32_t in[NLINE], rows[LINES];

	if (!brn_isa_runs((enum brn_isa)(_i / 2)))
		return;
	for (int i = 0; i < NLINE; i++)
		in[i] = i * 7919 % 20011 - 10000;
	memcpy(sum, in, sizeof in);
	for (int f = 0; f < LINES; f++) {
		scale[f] = 0.5f + (float)f;
		bias[f] = (float)f;
		rows[f] = 13 * f - 40;
	}
	for (int l = 0; l < BRN_TILE; l++) {
		q.scale[l] = 0.25f * (float)(l + 1);
		q.zero[l] = l * 17;
	}
	w.sum = rows;
	brn_native((enum brn_isa)(_i / 2))->dequantize(sum, LINES, &q, &w);
	for (int i = 0; i < NLINE; i++) {
		int f = i / BRN_TILE, l = i % BRN_TILE;
		double want = (double)(in[i] - q.zero[l] * rows[f]) *
		    (double)q.scale[l] * (double)scale[f] +
		    (w.bias ? (double)bias[f] : 0);

		suite_near((double)sum[i], want, 1e-6 * fabs(want));
	}
}
END_TEST

/* ---- steps --------------------------------------------------------------- */

START_TEST(step_of_a_row)
{
	static const struct {
		float v[6], step;
	} rows[] = {
		{ { 0 }, 1 },
		{ { 3, -6, 9 }, 3 },
		{ { 2, 3, -128 }, 1 },
		{ { 2, 3, -129 }, 0 },
		{ { 1, 2.5f, 128 }, 0 },
		{ { 0.1f, 0.3f, -0.7f }, 0.1f },
		{ { 0.3f, 0.37f, 12.7f }, 0 },
		{ { 101, 102, 103, 127 }, 1 },
		{ { 1, NAN }, 0 },
		{ { 1, INFINITY }, 0 },
		{ { 1e-44f, 2e-44f }, 0 },
		{ { 0.70711f, 0.57735f, 0.44721f, 0.37796f }, 0 },
	};
	float step = brn_step_of(rows[_i].v, 6, 1);

	suite_near((double)step, (double)rows[_i].step, 1e-6 * (double)step);
}
END_TEST

START_TEST(steps_are_found_again)
{
	uint64_t seed = 77;
	float v[200];

	for (int i = 0; i < 300; i++) {
		float step = expf(suite_float(&seed) * 20), found;
		float most = 0;

		for (int k = 0; k < 200; k++) {
			v[k] = (float)(suite_below(&seed, 255) - 127) * step;
			most = fmaxf(most, fabsf(v[k]));
		}
		found = brn_step_of(v, 200, 1);
		ck_assert_float_gt(found, 0);
		for (int k = 0; k < 200; k++)
			suite_near((double)(rintf(v[k] / found) * found),
			    (double)v[k], 4e-7 * (double)most);
	}
}
END_TEST

static Suite *
int8_suite(void)
{
	Suite *s = suite_create("int8");
	TCase *tc = suite_case(s, "model", 120);

	tcase_add_unchecked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, files_run_in_their_integers, 0,
	    COUNT(files) * COUNT(sizes));
	tcase_add_loop_test(tc, layers_say_that_they_are_i8, 0, COUNT(files));
	tcase_add_loop_test(tc, integers_are_updated, 0, 2);
	tcase_add_loop_test(tc, listed_layers_stay_in_fp32, 0, 3);
	tcase_add_loop_test(tc, precision_int8_is_within_its_rounding, 0,
	    COUNT(sizes));
	tc = suite_case(s, "parts", 60);
	tcase_add_loop_test(tc, x_becomes_integers, 0, 2 * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, x_becomes_quads, 0, 2 * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, range_is_widened, 0, BRN_NUM_ISAS);
	tcase_add_loop_test(tc, sums_become_floats, 0, 2 * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, step_of_a_row, 0, 12);
	tcase_add_test(tc, steps_are_found_again);
	return s;
}

SUITE_MAIN(int8_suite)
