/* SPDX-License-Identifier: Apache-2.0
 *
 * Graphs as text: what is read is what was written, dumps of passes are enough
 * to go on from, and a text that is wrong is an error that names the line.
 */
#include <math.h>
#include <string.h>

#include "ir/graph/read.h"
#include "ir/onnx/import.h"
#include "ir/op/infer.h"
#include "passes/pass.h"
#include "tests/support/build.h"
#include "tests/support/pass_file.h"

/* ---- files --------------------------------------------------------------- */

static char *
file_text(const char *dir, const char *name, size_t *n)
{
	enum { MOST = 1 << 20 };
	char path[1024], *text = malloc(MOST);
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "r");
	ck_assert_msg(f && text, "%s: cannot be read", path);
	*n = fread(text, 1, MOST - 1, f);
	text[*n] = '\0';
	fclose(f);
	return text;
}

static struct brn_graph *
read_back(const char *dir, const char *name)
{
	struct brn_graph *g;
	burin_error err;
	size_t n;
	char *text = file_text(dir, name, &n);

	suite_ok(brn_graph_read(text, n, dir, name, 1, &g, &err), err);
	free(text);
	return g;
}

static void
same_files(const char *a, const char *b, const char *name)
{
	size_t na, nb;
	char *ta = file_text(a, name, &na), *tb = file_text(b, name, &nb);

	ck_assert_msg(na == nb && !memcmp(ta, tb, na), "%s differs in %s and "
	    "%s", name, a, b);
	free(ta);
	free(tb);
}

/* ---- dumps --------------------------------------------------------------- */

static const char *const models[] = {
	"bert-dynamo-20", "bert-torchscript-11", "encoder", "forms_21",
	"forms_9", "mobilenet_v1", "mobilenet_v2", "recurrent", "resnet50",
	"tensors", "unsupported",
};

/* The pass makes of the dump before it what it has made of the graph; large
 * values are the same when the names of their files are.  */
START_TEST(dump_is_the_graph)
{
	struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	struct brn_graph *g, *h;
	char path[1024], dir[2][512], name[64] = "start.txt";
	burin_error err;
	int changed;

	snprintf(path, sizeof path, "%s/tests/models/%s.onnx", suite_srcdir(),
	    models[_i]);
	suite_ok(brn_onnx_import_file(path, 1, &g, &err), err);
	suite_tmpdir(dir[0], sizeof dir[0]);
	suite_tmpdir(dir[1], sizeof dir[1]);
	suite_ok(brn_graph_save(g, dir[0], name, &err), err);
	for (int i = 0; i < brn_npasses; i++) {
		h = read_back(dir[0], name);
		suite_ok(brn_graph_save(h, dir[1], name, &err), err);
		same_files(dir[0], dir[1], name);
		o.dump_dir = dir[0];
		suite_ok(brn_pass_run(&brn_passes[i], g, &o, &changed, &err),
		    err);
		o.dump_dir = dir[1];
		suite_ok(brn_pass_run(&brn_passes[i], h, &o, &changed, &err),
		    err);
		brn_graph_free(h);
		snprintf(name, sizeof name, "%02d-%s.txt", i + 1,
		    brn_passes[i].name);
		same_files(dir[0], dir[1], name);
	}
	brn_graph_free(g);
	suite_rmdir(dir[0]);
	suite_rmdir(dir[1]);
}
END_TEST

/* ---- single values ------------------------------------------------------- */

static struct brn_graph *
again(const struct brn_graph *g)
{
	struct brn_buf b = { 0 }, c = { 0 };
	struct brn_graph *h;
	burin_error err;

	brn_graph_print(&b, g);
	suite_ok(brn_graph_read(b.p, b.n, NULL, "t", 1, &h, &err), err);
	brn_graph_print(&c, h);
	ck_assert_msg(b.n == c.n && !memcmp(b.p, c.p, b.n),
	    "%.1000s\n%.1000s", (char *)b.p, (char *)c.p);
	brn_buf_free(&b);
	brn_buf_free(&c);
	return h;
}

START_TEST(every_float_stays_what_it_is)
{
	uint32_t bits[4096] = { 0, 0x80000000, 1, 0x007fffff, 0x00800000,
	    0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000,
	    0x7f800001, 0x3dcccccd };
	struct brn_type t = { BURIN_F32, 1, { COUNT(bits) } };
	struct brn_graph *g = build_graph(), *h;
	uint64_t seed = 5;

	for (int i = 12; i < COUNT(bits); i++)
		bits[i] = (uint32_t)(suite_random(&seed) >> 32);
	output(g, "y", brn_graph_constant(g, "w", &t, bits));
	h = again(g);
	ck_assert_mem_eq(h->node[0]->value->data, bits, sizeof bits);
	brn_graph_free(g);
	brn_graph_free(h);
}
END_TEST

static void
same_attr(const struct brn_attr *a, const struct brn_attr *b)
{
	ck_assert_str_eq(a->name, b->name);
	ck_assert(a->i == b->i && !memcmp(&a->f, &b->f, 4));
	ck_assert_int_eq(a->nints, b->nints);
	ck_assert(!a->ints == !b->ints);
	if (a->nints)
		ck_assert_mem_eq(a->ints, b->ints, (size_t)a->nints * 8);
}

START_TEST(attributes_keep_their_kind)
{
	static const int64_t ints[] = { INT64_MIN, 5, INT64_MAX };
	struct brn_graph *g = build_graph(), *h;
	struct brn_node *n = OP(g, lrn, input(g, "x", 1, 4));

	set_int(g, n, "size", INT64_MIN);
	set_float(g, n, "alpha", 6);
	set_float(g, n, "beta", -0.0f);
	set_float(g, n, "bias", 1e30f);
	n = OP(g, elu, n);
	set_float(g, n, "alpha", NAN);
	n = OP(g, conv_transpose, n, n);
	brn_attr_set_ints(g, n, "strides", ints, 3);
	brn_attr_set_ints(g, n, "pads", ints, 1);
	brn_attr_set_ints(g, n, "dilations", ints, 0);
	output(g, "y", n);
	h = again(g);
	for (int k = 0; k < g->nnode; k++)
		for (int i = 0; i < g->node[k]->nattr; i++)
			same_attr(&g->node[k]->attr[i], &h->node[k]->attr[i]);
	brn_graph_free(g);
	brn_graph_free(h);
}
END_TEST

/* No name can be taken for something else.  */
START_TEST(names_may_hold_anything)
{
	static const char *const names[] = { "", " ", "?1", "1", "a]b", "'",
		"\\", "a,b c", "\n", "# x", "caf\xc3\xa9", "  # y tiles" };
	struct brn_graph *g = build_graph(), *h;
	struct brn_node *x = brn_graph_add(g, BRN_OP_input, "x", NULL, 0);

	x->type = (struct brn_type){ .dtype = BURIN_F32, .rank = 2 };
	x->type.dim[0] = brn_graph_sym(g, names[_i]);
	x->type.dim[1] = brn_graph_sym(g, NULL);
	g->in[g->nin++] = (struct brn_value){ names[_i], x, x->type };
	output(g, names[_i], named(OP(g, unsupported, x), names[_i]));
	g->node[1]->onnx_op = names[_i];
	g->node[1]->type = x->type;
	h = again(g);
	ck_assert_str_eq(h->sym[0], names[_i]);
	ck_assert_str_eq(h->in[0].name, names[_i]);
	ck_assert_str_eq(h->out[0].name, names[_i]);
	ck_assert_str_eq(h->node[1]->name, names[_i]);
	ck_assert_str_eq(h->node[1]->onnx_op, names[_i]);
	ck_assert(h->node[0]->type.dim[1] == BRN_SYM(1));
	brn_graph_free(g);
	brn_graph_free(h);
}
END_TEST

/* ---- faults -------------------------------------------------------------- */

#define HEAD "burin graph 1 opset 21\nsym batch\nin %0 x\n%0 = input f32[2]\n"

/* The fifth line and what is said of it.  */
static const struct {
	const char *line, *error;
} faults[] = {
	{ "%1 = foo(%0) f32[2]", "t:5: unknown op 'foo'" },
	{ "%2 = relu(%0) f32[2]", "t:5: node is 2, wanted 1 to 1" },
	{ "%1 = relu(%1) f32[2]", "t:5: operand is 1, wanted 0 to 0" },
	{ "%1 = relu(%0 %0) f32[2]", "t:5: wanted ', ', found ' %0) f32[2]'" },
	{ "%1 = relu(%0)", "t:5: wanted ' ', found the end of the line" },
	{ "%1 = relu() f32[2]",
	  "t: node '': relu has 0 inputs, wanted 1 to 1" },
	{ "%1 = relu(_) f32[2]", "t: node '': input 0 is absent, relu needs "
	  "it" },
	{ "%1 = relu(%0) f33[2]", "t:5: wanted a type, found 'f33[2]'" },
	{ "%1 = relu(%0) f32[seq]", "t:5: symbol 'seq' is not in line sym" },
	{ "%1 = relu(%0) f32[-2]", "t:5: symbol '-2' is not in line sym" },
	{ "%1 = relu(%0) f32[1,1,1,1,1,1,1,1,1]",
	  "t:5: more than 8 dimensions" },
	{ "%1 = relu(%0) f32[99999999999999999999]",
	  "t:5: wanted dimension, found '99999999999999999999..'" },
	{ "%1 = relu(%0) f32[2] x", "t:5: wanted the end of the line, found "
	  "' x'" },
	{ "%1 = relu(%0) {a=1 a=2} f32[2]",
	  "t:5: attribute a occurs twice, or is one of more than 32" },
	{ "%1 = add(%0, %0) {into=2} f32[2]", "t: node '': attribute "
	  "'into' is 2, wanted 0 to 1" },
	{ "%1 = relu(%0) {a=x} f32[2]", "t:5: wanted a number, found "
	  "'x} f32[2]'" },
	{ "%1 = relu(%0) {a=1,2.5} f32[2]", "t:5: wanted ',', found "
	  "'.5} f32[2]'" },
	{ "%1 = relu(%0) f32[2] tiles", "t: node '': relu like this has no "
	  "form on tiles" },
	{ "%1 = relu(%0) f32[2]  # \\4", "t:5: wanted two hexadecimal digits "
	  "behind a backslash, found '4'" },
	{ "%1 = constant [1 2] f32[3]", "t:5: constant has fewer than the 3 "
	  "elements of its type" },
	{ "%1 = constant [1 2 3] f32[2]", "t:5: more than 2 elements" },
	{ "%1 = constant [1 x] f32[2]", "t:5: wanted a number, found 'x'" },
	{ "%1 = constant [1 300] u8[2]", "t:5: element 1 does not fit type "
	  "u8" },
	{ "%1 = constant [1.5] i64[]", "t:5: element 0 does not fit type "
	  "i64" },
	{ "%1 = constant [1 f32", "t:5: wanted values and ']', found "
	  "'1 f32'" },
	{ "%1 = constant [1] f32[batch]", "t:5: constant has no size that "
	  "fits memory" },
	{ "%1 = constant [1] f16[]", "t:5: constant is f16, wanted f32, an "
	  "integer or bool" },
	{ "%1 = constant [] f32[3000000000,4000000000,5000000000]",
	  "t:5: constant has no size that fits memory" },
	{ "%1 = constant [@00] f32[2]", "values/00: no folder for value files "
	  "is given" },
	{ "%1 = bsr 0x1 [0][][] f32[0,2]",
	  "t:5: rows of a block is 0, wanted 1 to 4096" },
	{ "%1 = bsr 1x1 [0 1 2][0 5][1 2] f32[2,2]", "t: bsr: colidx[1] of "
	  "block row 1 is 5, wanted ascending below 2" },
	{ "%1 = bsr 1x1 [0 1][0][1] f32[2,2]",
	  "t:5: constant has fewer than the 3 elements of its type" },
	{ "%1 = bsr 1x1 [0 1 -2][0 1][1 2] f32[2,2]",
	  "t:5: rowptr ends at -2" },
	{ "%1 = bsr 1x1 [0 0][][] f32[1,2]\nout %1 y",
	  "t: output 'y': is in blocks, wanted rows" },
	{ "%1 = bsr 1x1 [0 0][][] f32[1,2]\n%2 = relu(%1) f32[1,2]",
	  "t: node '': input 0 of relu is a bsr" },
	{ "%1 = input f32[2]", "t: wanted each input in one line 'in'" },
	{ "in %0 z", "t: wanted each input in one line 'in'" },
	{ "in %1 z\n%1 = relu(%0) f32[2]", "t: 'z' is no input" },
	{ "out %3 y", "t: 'y' is node 3 of 1" },
	{ "sym batch", "t:5: symbol 'batch' occurs twice" },
	{ "sym ?7", "t:5: wanted symbol 1 of at most 8192" },
	{ "hello", "t:5: wanted %, in, out, sym or #, found 'hello'" },
	{ "%1 = ?13:NonZero(%0) i64[2]", "t:5: unsupported: NonZero" },
};

START_TEST(fault_names_the_line)
{
	struct brn_graph *g;
	burin_error err;
	char text[512];
	int rc;

	snprintf(text, sizeof text, "%s%s\n", HEAD, faults[_i].line);
	rc = brn_graph_read(text, strlen(text), NULL, "t", 0, &g, &err);
	ck_assert_msg(rc == BURIN_EFORMAT || rc == BURIN_EUNSUPPORTED,
	    "%s: is read", faults[_i].line);
	ck_assert_str_eq(err.msg, faults[_i].error);
}
END_TEST

START_TEST(other_files_are_no_text)
{
	struct brn_graph *g;
	burin_error err;

	ck_assert(brn_graph_is_text(HEAD, strlen(HEAD)));
	ck_assert(!brn_graph_is_text(HEAD, 8));
	ck_assert_int_eq(brn_graph_read("\x08\x07", 2, NULL, "t", 0, &g,
	    &err), BURIN_EFORMAT);
	ck_assert_int_eq(brn_graph_read("", 0, NULL, "t", 0, &g, &err),
	    BURIN_EFORMAT);
	ck_assert_str_eq(err.msg, "t: is empty");
}
END_TEST

/* ---- value files --------------------------------------------------------- */

/* What is done to the one value file of a text.  */
static void
spoil(int how, const char *path)
{
	FILE *f = fopen(path, how == 0 ? "a" : "r+");
	char other[1100];

	ck_assert_ptr_nonnull(f);
	fputc(1, f);
	fclose(f);
	snprintf(other, sizeof other, "%s.other", path);
	if (how >= 2)
		ck_assert_int_eq(rename(path, other), 0);
	if (how == 3)
		ck_assert_int_eq(symlink(other, path), 0);
}

START_TEST(value_file_is_checked)
{
	static const char *const wanted[] = { "wanted a file of 4000 bytes",
		"holds other values", "No such file", "symbolic link" };
	struct brn_graph *g = build_graph(), *h;
	char dir[512], path[600], *text, *name;
	burin_error err;
	size_t n;

	suite_tmpdir(dir, sizeof dir);
	output(g, "y", weight(g, "w", 10, 100, 1));
	suite_ok(brn_graph_save(g, dir, "g.txt", &err), err);
	brn_graph_free(read_back(dir, "g.txt"));
	text = file_text(dir, "g.txt", &n);
	name = strchr(text, '@') + 1;
	snprintf(path, sizeof path, "%s/values/%.16s", dir, name);
	spoil(_i, path);
	ck_assert_int_lt(brn_graph_read(text, n, dir, "t", 0, &h, &err), 0);
	ck_assert_msg(!strncmp(err.msg, path, strlen(path)) &&
	    strstr(err.msg, wanted[_i]), "%s", err.msg);
	free(text);
	brn_graph_free(g);
	suite_rmdir(dir);
}
END_TEST

START_TEST(no_allocation_may_fail_unseen)
{
	struct brn_graph *g = pass_file_graph("bsr_dense.layers.txt"), *h;
	const struct brn_pass_opts o = { .sparse = 1 };
	struct brn_buf b = { 0 };
	burin_error err;
	int changed, rc = -1;

	suite_ok(brn_pass_run(pass_file_pass("bsr_dense"), g, &o, &changed,
	    &err), err);
	brn_graph_print(&b, g);
	for (long n = 0; rc < 0; n++) {
		brn_alloc_fail_at(n);
		rc = brn_graph_read(b.p, b.n, NULL, "t", 0, &h, &err);
		brn_alloc_fail_at(-1);
		ck_assert_msg(rc == BURIN_OK || rc == BURIN_ENOMEM,
		    "allocation %ld: %d, %s", n, rc, err.msg);
	}
	brn_graph_free(h);
	brn_graph_free(g);
	brn_buf_free(&b);
}
END_TEST

static Suite *
text_suite(void)
{
	Suite *s = suite_create("text");
	TCase *tc = suite_case(s, "dumps", 60);

	tcase_add_loop_test(tc, dump_is_the_graph, 0, COUNT(models));
	tc = suite_case(s, "values", 60);
	tcase_add_test(tc, every_float_stays_what_it_is);
	tcase_add_test(tc, attributes_keep_their_kind);
	tcase_add_loop_test(tc, names_may_hold_anything, 0, 12);
	tc = suite_case(s, "faults", 60);
	tcase_add_loop_test(tc, fault_names_the_line, 0, COUNT(faults));
	tcase_add_test(tc, other_files_are_no_text);
	tcase_add_loop_test(tc, value_file_is_checked, 0, 4);
	tcase_add_test(tc, no_allocation_may_fail_unseen);
	return s;
}

SUITE_MAIN(text_suite)
