/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors of ONNX files: every type and way of storing, sparse ones, and
 * external data, which must not lead out of the model's folder.
 */
#include "tests/support/onnx_text.h"

#include "ir/graph/half.h"
#include "ir/onnx/tensor.h"
#include "tests/support/suite.h"

#include <math.h>
#include <string.h>
#include <sys/stat.h>

static int
import_init(const char *statement, const char *dir, struct brn_graph **g,
    burin_error *err)
{
	char text[512];

	snprintf(text, sizeof text, "opset 13\noutput w\n%s", statement);
	return onnx_text_import(text, dir, 0, g, err);
}

/* The only node of g, as a line without its end.  */
static void
line_of(const struct brn_graph *g, char *out, size_t size)
{
	struct brn_buf b = { 0 };
	const char *s;

	ck_assert_int_eq(g->nnode, 1);
	brn_graph_print(&b, g);
	s = strstr((char *)b.p, "constant ") + strlen("constant ");
	snprintf(out, size, "%.*s", (int)strcspn(s, "#") - 2, s);
	brn_buf_free(&b);
}

static const struct {
	const char *init, *line;
} stored[] = {
	{ "init w float [2] raw 1 -0.5", "[1 -0.5] f32[2]" },
	{ "init w float [2,1] typed 1 -0.5", "[1 -0.5] f32[2,1]" },
	{ "init w float [] raw 3", "[3] f32[]" },
	{ "init w float [] typed 3", "[3] f32[]" },
	{ "init w float [0] raw", "[] f32[0]" },
	{ "init w float [3,0] typed", "[] f32[3,0]" },
	{ "init w float16 [2] raw 0x3c00 0xc000", "[1 -2] f32[2]" },
	{ "init w float16 [3] typed 0x3c00 0xc000 0x7bff",
	  "[1 -2 65504] f32[3]" },
	{ "init w bfloat16 [2] raw 0x3f80 0xc000", "[1 -2] f32[2]" },
	{ "init w bfloat16 [2] typed 0x3f80 0xff80", "[1 -inf] f32[2]" },
	{ "init w double [3] raw 0.5 -1e300 1e300",
	  "[0.5 -3.4028235e+38 3.4028235e+38] f32[3]" },
	{ "init w double [3] typed -inf inf 1e-300", "[-inf inf 0] f32[3]" },
	{ "init w double [1] raw nan", "[nan] f32[1]" },
	{ "init w int32 [2] raw -1 7", "[-1 7] i32[2]" },
	{ "init w int32 [2] typed -1 7", "[-1 7] i32[2]" },
	{ "init w int64 [2] raw -1 0x7fffffffffffffff",
	  "[-1 9223372036854775807] i64[2]" },
	{ "init w int64 [1] typed -5", "[-5] i64[1]" },
	{ "init w uint8 [2] typed 255 7", "[255 7] u8[2]" },
	{ "init w int8 [2] typed -128 7", "[-128 7] i8[2]" },
	{ "init w uint16 [2] typed 65535 7", "[65535 7] u16[2]" },
	{ "init w int16 [2] raw -32768 7", "[-32768 7] i16[2]" },
	{ "init w uint32 [3] typed 4294967295 7 8",
	  "[4294967295 7 8] u32[3]" },
	{ "init w uint32 [2] raw 4294967295 7", "[4294967295 7] u32[2]" },
	{ "init w uint64 [2] typed 0x7fffffffffffffff 7",
	  "[9223372036854775807 7] u64[2]" },
	{ "init w bool [3] raw 0 1 2", "[0 1 1] bool[3]" },
	{ "init w bool [3] typed 1 0 256", "[1 0 0] bool[3]" },
	{ "sparse w float [2,3] 5 6 at [2,2] 0 1 1 2",
	  "[0 5 0 0 0 6] f32[2,3]" },
	{ "sparse w float [2,3] 5 6 at [2] 1 5", "[0 5 0 0 0 6] f32[2,3]" },
	{ "sparse w int64 [4] 9 at [1,1] 3", "[0 0 0 9] i64[4]" },
	{ "sparse w float16 [2] 0x3c00 at [1] 0", "[1 0] f32[2]" },
	{ "sparse w float [3] at [0] ", "[0 0 0] f32[3]" },
	{ "sparse w float [0] at [0,1] ", "[] f32[0]" },
};

START_TEST(tensor_is_read_however_it_is_stored)
{
	struct brn_graph *g;
	burin_error err;
	char got[256];

	suite_ok(import_init(stored[_i].init, NULL, &g, &err), err);
	suite_ok(brn_graph_verify(g, &err), err);
	line_of(g, got, sizeof got);
	ck_assert_str_eq(got, stored[_i].line);
	brn_graph_free(g);
}
END_TEST

#define W "m: initializer 'w': "
#define HUGE "4611686018427387904"

static const struct {
	const char *init;
	int code;
	const char *msg;
} faults[] = {
	{ "init w float [3] raw 1 2", BURIN_EFORMAT,
	  W "has 8 bytes of data, its shape wants 12" },
	{ "init w float [1] typed 1 2", BURIN_EFORMAT,
	  W "has 8 bytes of data, its shape wants 4" },
	{ "init w float [1] raw", BURIN_EFORMAT,
	  W "has 0 bytes of data, its shape wants 4" },
	{ "init w float16 [1] typed 1 2", BURIN_EFORMAT,
	  W "has 4 bytes of data, its shape wants 2" },
	{ "init w float [0] raw 1", BURIN_EFORMAT,
	  W "has 4 bytes of data, its shape wants 0" },
	{ "init w float [-2,-2] raw 1 2 3 4", BURIN_EFORMAT,
	  W "dimension 0 is -2, wanted 0 or more" },
	{ "init w float [" HUGE "," HUGE "] raw 1", BURIN_EFORMAT,
	  W "shape has more bytes than memory can hold" },
	{ "init w float [" HUGE "," HUGE ",0] raw", BURIN_EFORMAT,
	  W "shape has more bytes than memory can hold" },
	{ "init w int64 [" HUGE "] raw 1", BURIN_EFORMAT,
	  W "shape has more bytes than memory can hold" },
	{ "init w float [1,1,1,1,1,1,1,1,1] raw 1", BURIN_EUNSUPPORTED,
	  W "rank 9, wanted at most 8" },
	{ "init w complex64 [1] raw 1", BURIN_EUNSUPPORTED,
	  "m: unsupported: initializer of complex64 (node 'w', opset 13)" },
	{ "init w odd [1] raw 1", BURIN_EUNSUPPORTED,
	  "m: unsupported: initializer of unknown type (node 'w', "
	  "opset 13)" },
	{ "sparse w complex64 [1] 1 at [1] 0", BURIN_EUNSUPPORTED,
	  "m: unsupported: initializer of complex64 (node 'w', opset 13)" },
	{ "sparse w float [1000000000000] 1 at [1] 0", BURIN_EUNSUPPORTED,
	  W "4000000000000 bytes when made dense, 1073741824 are left of "
	  "what a model may have" },
	{ "sparse w float [" HUGE "," HUGE "] 1 at [1] 0", BURIN_EFORMAT,
	  W "shape has no size that fits memory" },
	{ "sparse w float [-1] 1 at [1] 0", BURIN_EFORMAT,
	  W "dimension 0 is -1, wanted 0 or more" },
	{ "sparse w float [1,1,1,1,1,1,1,1,1] 1 at [1] 0",
	  BURIN_EUNSUPPORTED, W "rank 9, wanted at most 8" },
	{ "sparse w float [4] 1 at [1] 4", BURIN_EFORMAT,
	  W "index 0 is outside the shape" },
	{ "sparse w float [4] 1 at [1] -1", BURIN_EFORMAT,
	  W "index 0 is outside the shape" },
	{ "sparse w float [2,2] 1 2 at [2,2] 0 0 0 2", BURIN_EFORMAT,
	  W "index 1 is outside the shape" },
	{ "sparse w float [0] 1 at [1] 0", BURIN_EFORMAT,
	  W "index 0 is outside the shape" },
	{ "sparse w float [4] 1 2 at [2] 1 1", BURIN_EFORMAT,
	  W "index 1 is not above the one before it" },
	{ "sparse w float [4] 1 2 at [1] 1", BURIN_EFORMAT,
	  W "shape of the indices is not [2] or [2,1]" },
	{ "sparse w float [2,2] 1 at [1,1] 1", BURIN_EFORMAT,
	  W "shape of the indices is not [1] or [1,2]" },
	{ "sparse w float [4] 1 at [2] 1", BURIN_EFORMAT,
	  W "has 8 bytes of data, its shape wants 16" },
};

START_TEST(bad_tensor_is_named)
{
	struct brn_graph *g;
	burin_error err = { 0 };

	ck_assert_int_eq(import_init(faults[_i].init, NULL, &g, &err),
	    faults[_i].code);
	ck_assert_str_eq(err.msg, faults[_i].msg);
}
END_TEST

static void
must_fail(const Onnx__ModelProto *m, const char *msg)
{
	struct brn_graph *g;
	burin_error err;

	ck_assert_int_eq(onnx_text_import_model(m, &g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg, msg);
}

/* What text cannot say.  */
START_TEST(odd_sparse_tensor_is_named)
{
	Onnx__ModelProto *m = onnx_text_model("opset 13\noutput w\n"
	    "sparse w float [2] 1 at [1] 0");
	Onnx__SparseTensorProto *s = m->graph->sparse_initializer[0];
	int32_t zero = 0;

	s->indices->data_type = 6;
	s->indices->int32_data = &zero;
	s->indices->n_int32_data = 1;
	must_fail(m, W "indices are i32, wanted i64");
	s->indices->int32_data = NULL;
	s->indices->n_int32_data = 0;
	s->indices->data_type = 7;
	s->values->n_dims = 0;
	must_fail(m, W "values have rank 0, wanted 1");
	onnx__tensor_proto__free_unpacked(s->indices, NULL);
	s->indices = NULL;
	must_fail(m, W "sparse tensor without indices");
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

START_TEST(every_half_is_exact)
{
	for (uint32_t h = 0; h < 0x10000; h++) {
		int exp = h >> 10 & 31, frac = h & 0x3ff;
		double want = exp == 0 ? ldexp(frac, -24) :
		    exp < 31 ? ldexp(1024 + frac, exp - 25) :
		    frac ? NAN : INFINITY;
		float got = brn_f16_to_f32((uint16_t)h);

		ck_assert_int_eq(!signbit(got), h < 0x8000);
		if (isnan(want)) {
			ck_assert(isnan(got));
			ck_assert(isnan(brn_f16_to_f32(brn_f32_to_f16(got))));
			continue;
		}
		ck_assert(fabsf(got) == want);
		ck_assert_int_eq(brn_f32_to_f16(got), h);
	}
}
END_TEST

START_TEST(halves_are_rounded_to_even)
{
	static const struct {
		float f;
		uint16_t f16, bf16;
	} k[] = {
		{ 1 + 0x1p-11f, 0x3c00, 0x3f80 },       /* ties */
		{ 1 + 0x3p-11f, 0x3c02, 0x3f80 },
		{ 1 + 0x1p-8f,  0x3c04, 0x3f80 },
		{ 1 + 0x3p-8f,  0x3c0c, 0x3f82 },
		{ 65519.99f,    0x7bff, 0x4780 },
		{ -65520,       0xfc00, 0xc780 },
		{ 0x3p-26f,     0x0001, 0x3340 },
		{ 0x1p-25f,     0x0000, 0x3300 },
		{ FLT_MAX,      0x7c00, 0x7f80 },
		{ -0.0f,        0x8000, 0x8000 },
	};

	for (int i = 0; i < COUNT(k); i++) {
		ck_assert_int_eq(brn_f32_to_f16(k[i].f), k[i].f16);
		ck_assert_int_eq(brn_f32_to_bf16(k[i].f), k[i].bf16);
	}
}
END_TEST

START_TEST(segment_is_refused)
{
	Onnx__ModelProto *m = onnx_text_model("opset 13\noutput w\n"
	    "init w float [1] raw 1");
	Onnx__TensorProto__Segment seg = ONNX__TENSOR_PROTO__SEGMENT__INIT;
	struct brn_graph *g;
	burin_error err;

	m->graph->initializer[0]->segment = &seg;
	ck_assert_int_eq(onnx_text_import_model(m, &g, &err),
	    BURIN_EUNSUPPORTED);
	ck_assert_str_eq(err.msg, W "segments are not supported");
	m->graph->initializer[0]->segment = NULL;
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

/* ---- external data ------------------------------------------------------- */

static char tmp[256];

static void
put_file(const char *name, const void *p, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", tmp, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	fclose(f);
}

/* tmp/secret and the model's folder tmp/model, with w.bin, sub/w.bin, a
 * FIFO, and links of all kinds.  */
static void
make_folders(void)
{
	static const float w[] = { 1, 2, 3, 4 };
	static const char *const links[][2] = {
		{ "../secret", "model/out" }, { "w.bin", "model/link" },
		{ "..", "model/up" }, { "sub", "model/subs" },
	};
	char path[512];

	suite_tmpdir(tmp, sizeof tmp);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", tmp,
		    i ? "model/sub" : "model");
		ck_assert_int_eq(mkdir(path, 0700), 0);
	}
	put_file("secret", w, sizeof w);
	put_file("model/w.bin", w, sizeof w);
	put_file("model/sub/w.bin", w + 2, 2 * sizeof *w);
	for (int i = 0; i < COUNT(links); i++) {
		snprintf(path, sizeof path, "%s/%s", tmp, links[i][1]);
		ck_assert_int_eq(symlink(links[i][0], path), 0);
	}
	snprintf(path, sizeof path, "%s/model/fifo", tmp);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void
remove_folders(void)
{
	suite_rmdir(tmp);
}

static const struct {
	const char *init, *line;
} outside[] = {
	{ "init w float [4] extern location=w.bin", "[1 2 3 4] f32[4]" },
	{ "init w float [2] extern location=w.bin offset=4",
	  "[2 3] f32[2]" },
	{ "init w float [2] extern location=w.bin offset=8 length=8 "
	  "checksum=abc", "[3 4] f32[2]" },
	{ "init w float [2] extern location=sub/w.bin", "[3 4] f32[2]" },
	{ "init w float16 [1] extern location=w.bin offset=2 length=2",
	  "[1.875] f32[1]" },
	{ "init w float [0] extern location=w.bin offset=16", "[] f32[0]" },
};

START_TEST(external_data_is_read)
{
	char dir[512], got[256];
	struct brn_graph *g;
	burin_error err;

	snprintf(dir, sizeof dir, "%s/model", tmp);
	suite_ok(import_init(outside[_i].init, dir, &g, &err), err);
	line_of(g, got, sizeof got);
	ck_assert_str_eq(got, outside[_i].line);
	brn_graph_free(g);
}
END_TEST

#define INSIDE " is not a path inside the model's folder"
#define LINK " goes through a link or a file, wanted a plain path"

static const struct {
	const char *what;
	int code;
	const char *msg;
} escapes[] = {
	{ "location=../secret", BURIN_EFORMAT, "'../secret'" INSIDE },
	{ "location=/etc/passwd", BURIN_EFORMAT, "'/etc/passwd'" INSIDE },
	{ "location=sub/../../secret", BURIN_EFORMAT,
	  "'sub/../../secret'" INSIDE },
	{ "location=sub/..", BURIN_EFORMAT, "'sub/..'" INSIDE },
	{ "location=sub//w.bin", BURIN_EFORMAT, "'sub//w.bin'" INSIDE },
	{ "location=sub/", BURIN_EFORMAT, "'sub/'" INSIDE },
	{ "location=''", BURIN_EFORMAT, "''" INSIDE },
	{ "location=out", BURIN_EFORMAT, "'out'" LINK },
	{ "location=link", BURIN_EFORMAT, "'link'" LINK },
	{ "location=up/secret", BURIN_EFORMAT, "'up/secret'" LINK },
	{ "location=subs/w.bin", BURIN_EFORMAT, "'subs/w.bin'" LINK },
	{ "location=w.bin/x", BURIN_EFORMAT, "'w.bin/x'" LINK },
	{ "location=none", BURIN_EIO, "'none': No such file or directory" },
	{ "location=w.bin offset=9", BURIN_EFORMAT,
	  "'w.bin' has 16 bytes, wanted 8 from 9" },
	{ "location=w.bin offset=9223372036854775807", BURIN_EFORMAT,
	  "'w.bin' has 16 bytes, wanted 8 from 9223372036854775807" },
	{ "location=w.bin length=17", BURIN_EFORMAT,
	  "'w.bin' has 16 bytes, wanted 17 from 0" },
	{ "location=w.bin offset=-4", BURIN_EFORMAT,
	  "has offset '-4', wanted a number" },
	{ "location=w.bin offset=''", BURIN_EFORMAT,
	  "has offset '', wanted a number" },
	{ "location=w.bin length=99999999999999999999", BURIN_EFORMAT,
	  "has length '99999999999999999999', wanted a number" },
	{ "offset=0", BURIN_EFORMAT, "without a location" },
};

START_TEST(external_data_stays_in_the_folder)
{
	char dir[512], init[256], want[256];
	struct brn_graph *g;
	burin_error err = { 0 };

	snprintf(dir, sizeof dir, "%s/model", tmp);
	snprintf(init, sizeof init, "init w float [2] extern %s",
	    escapes[_i].what);
	snprintf(want, sizeof want, W "external data %s", escapes[_i].msg);
	ck_assert_int_eq(import_init(init, dir, &g, &err), escapes[_i].code);
	ck_assert_str_eq(err.msg, want);
}
END_TEST

START_TEST(external_data_that_is_no_file_does_not_hang)
{
	static const char *const odd[] = {
		"init w float [1] extern location=fifo",
		"init w float [1] extern location=sub",
	};
	char dir[512];
	struct brn_graph *g;
	burin_error err;

	snprintf(dir, sizeof dir, "%s/model", tmp);
	for (int i = 0; i < COUNT(odd); i++) {
		ck_assert_int_eq(import_init(odd[i], dir, &g, &err),
		    BURIN_EIO);
		ck_assert_str_eq(err.msg, W "not a regular file");
	}
}
END_TEST

START_TEST(external_data_needs_a_folder)
{
	struct brn_graph *g;
	burin_error err;

	ck_assert_int_eq(import_init("init w float [1] extern location=w.bin",
	    NULL, &g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg,
	    W "external data 'w.bin', but the model has no folder");
}
END_TEST

static const struct {
	const char *what, *line, *msg;
} blobs[] = {
	{ "location=a", "[1 2] f32[2]", NULL },
	{ "location=b offset=4", "[4 5] f32[2]", NULL },
	{ "location=a offset=1", NULL,
	  "'a' has 8 bytes, wanted 8 from 1" },
	{ "location=w.bin", NULL, "'w.bin' is no blob" },
};

START_TEST(external_data_is_read_from_blobs)
{
	static const float a[] = { 1, 2 }, b[] = { 3, 4, 5 };
	static const burin_blob two[] = {
		{ "a", a, sizeof a }, { "b", b, sizeof b },
	};
	char text[256], got[256];
	struct brn_graph *g;
	burin_error err = { 0 };
	uint8_t *p;
	size_t n;
	int rc;

	snprintf(text, sizeof text, "opset 13\noutput w\n"
	    "init w float [2] extern %s", blobs[_i].what);
	p = onnx_text_bytes(text, &n);
	rc = brn_onnx_import_parts(p, n, two, 2, 0, &g, &err);
	free(p);
	if (blobs[_i].line) {
		suite_ok(rc, err);
		line_of(g, got, sizeof got);
		ck_assert_str_eq(got, blobs[_i].line);
		brn_graph_free(g);
		return;
	}
	ck_assert_int_eq(rc, BURIN_EFORMAT);
	snprintf(text, sizeof text, "memory: initializer 'w': external data "
	    "%s", blobs[_i].msg);
	ck_assert_str_eq(err.msg, text);
}
END_TEST

/* Length says more than shape and type do: no read of what is not wanted.  */
START_TEST(external_length_must_fit_the_shape)
{
	char dir[512];
	struct brn_graph *g;
	burin_error err;

	snprintf(dir, sizeof dir, "%s/model", tmp);
	ck_assert_int_eq(import_init("init w float [2] extern location=w.bin "
	    "length=16", dir, &g, &err), BURIN_EFORMAT);
	ck_assert_str_eq(err.msg,
	    W "has 16 bytes of data, its shape wants 8");
}
END_TEST

START_TEST(external_data_has_a_limit)
{
	Onnx__ModelProto *m = onnx_text_model("opset 13\noutput w\n"
	    "init v float [4] extern location=w.bin\n"
	    "init w float [4] extern location=w.bin");
	char dir[512];
	struct brn_onnx_source src = { .file = "m", .dir = dir,
	    .extern_left = 31 };
	burin_error err;

	snprintf(dir, sizeof dir, "%s/model", tmp);
	suite_ok(brn_onnx_embed(&src, m->graph->initializer[0], "v", &err),
	    err);
	ck_assert_int_eq(brn_onnx_embed(&src, m->graph->initializer[1], "w",
	    &err), BURIN_EUNSUPPORTED);
	ck_assert_str_eq(err.msg, "w: 16 bytes of external data, 15 are left "
	    "of what a model may have");
	onnx__model_proto__free_unpacked(m, NULL);
}
END_TEST

START_TEST(file_finds_its_data_beside_it)
{
	char path[512];
	struct brn_graph *g;
	burin_error err;

	snprintf(path, sizeof path, "%s/model/m.onnx", tmp);
	onnx_text_write("opset 13\noutput w\n"
	    "init w float [4] extern location=w.bin", path);
	suite_ok(brn_onnx_import_file(path, 0, &g, &err), err);
	brn_graph_free(g);
	ck_assert_int_eq(chdir(tmp), 0);
	ck_assert_int_eq(chdir("model"), 0);
	suite_ok(brn_onnx_import_file("m.onnx", 0, &g, &err), err);
	brn_graph_free(g);
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
	char path[512];
	struct brn_graph *g;
	burin_error err;

	ck_assert_int_eq(brn_onnx_import_file("/none/m.onnx", 0, &g, &err),
	    BURIN_EIO);
	ck_assert_str_eq(err.msg, "/none/m.onnx: No such file or directory");
	ck_assert_int_eq(brn_onnx_import_file("/", 0, &g, &err), BURIN_EIO);
	ck_assert_str_eq(err.msg, "/: not a regular file");
	put_file("empty", "", 0);
	snprintf(path, sizeof path, "%s/empty", tmp);
	ck_assert_int_eq(brn_onnx_import_file(path, 0, &g, &err),
	    BURIN_EFORMAT);
	ck_assert_str_eq(err.msg + strlen(tmp), "/empty: file is empty");
}
END_TEST

static Suite *
data_suite(void)
{
	Suite *s = suite_create("onnx_data");
	TCase *tc = suite_case(s, "tensors", 60);

	tcase_add_loop_test(tc, tensor_is_read_however_it_is_stored, 0,
	    COUNT(stored));
	tcase_add_loop_test(tc, bad_tensor_is_named, 0, COUNT(faults));
	tcase_add_test(tc, odd_sparse_tensor_is_named);
	tcase_add_test(tc, every_half_is_exact);
	tcase_add_test(tc, halves_are_rounded_to_even);
	tcase_add_test(tc, segment_is_refused);
	tc = suite_case(s, "external", 60);
	tcase_add_checked_fixture(tc, make_folders, remove_folders);
	tcase_add_loop_test(tc, external_data_is_read, 0, COUNT(outside));
	tcase_add_loop_test(tc, external_data_stays_in_the_folder, 0,
	    COUNT(escapes));
	tcase_add_test(tc, external_data_that_is_no_file_does_not_hang);
	tcase_add_test(tc, external_data_needs_a_folder);
	tcase_add_loop_test(tc, external_data_is_read_from_blobs, 0,
	    COUNT(blobs));
	tcase_add_test(tc, external_length_must_fit_the_shape);
	tcase_add_test(tc, external_data_has_a_limit);
	tcase_add_test(tc, file_finds_its_data_beside_it);
	tcase_add_test(tc, what_is_no_file_is_named);
	return s;
}

SUITE_MAIN(data_suite)
