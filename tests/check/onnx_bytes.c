/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX files as bytes: what is malformed is named by its place, and no bytes
 * whatever crash, hang, or take unbounded memory.
 */
#include "tests/support/onnx_text.h"

#include "ir/onnx/scan.h"
#include "tests/support/suite.h"

#include <dirent.h>
#include <string.h>

/* ---- a small writer of the wire format ----------------------------------- */

static void
varint(struct brn_buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		brn_buf_u8(b, (uint8_t)(v | 0x80));
	brn_buf_u8(b, (uint8_t)v);
}

static void
tag(struct brn_buf *b, int field, int wire)
{
	varint(b, (uint64_t)field << 3 | (uint64_t)wire);
}

static void
sized(struct brn_buf *b, int field, const void *p, size_t n)
{
	tag(b, field, 2);
	varint(b, n);
	brn_buf_put(b, p, n);
}

/* opset 13, one scalar initializer and output w, whose data is data.  */
static void
model(struct brn_buf *b, const struct brn_buf *data)
{
	struct brn_buf t = { 0 }, g = { 0 };

	brn_buf_put(&t, (uint8_t[]){ 0x08, 2, 0x10, 1 }, 4);
	sized(&t, 8, "w", 1);
	brn_buf_put(&t, data->p, data->n);
	sized(&g, 5, t.p, t.n);
	sized(&g, 12, (uint8_t[]){ 0x0a, 1, 'w' }, 3);
	sized(b, 7, g.p, g.n);
	sized(b, 8, (uint8_t[]){ 0x10, 13 }, 2);
	brn_buf_free(&t);
	brn_buf_free(&g);
}

static void
import(const struct brn_buf *b, int code, const char *msg)
{
	struct brn_graph *g = NULL;
	burin_error err = { 0 };

	ck_assert(!b->fail);
	ck_assert_int_eq(brn_onnx_import(b->p, b->n, NULL, "m", 0, &g, &err),
	    code);
	ck_assert_str_eq(err.msg, msg);
	brn_graph_free(g);
}

START_TEST(repeated_numbers_may_be_packed_or_not)
{
	for (int packed = 0; packed < 2; packed++) {
		static const float v[] = { 1.5f, -2 };
		struct brn_buf data = { 0 }, b = { 0 };
		struct brn_graph *g;
		burin_error err;

		if (packed)
			sized(&data, 4, v, sizeof v);
		for (int i = 0; i < 2 && !packed; i++) {
			tag(&data, 4, 5);
			brn_buf_put(&data, &v[i], sizeof *v);
		}
		model(&b, &data);
		suite_ok(brn_onnx_import(b.p, b.n, NULL, "m", 0, &g, &err),
		    err);
		ck_assert_mem_eq(g->node[0]->value->data, v, sizeof v);
		brn_graph_free(g);
		brn_buf_free(&data);
		brn_buf_free(&b);
	}
}
END_TEST

#define BYTES(s) s, sizeof s - 1

static const struct {
	const char *bytes;
	size_t n;
	const char *msg;
} faults[] = {
	{ BYTES(""), "m: model without a graph" },
	{ BYTES("\x08\x08"), "m: model without a graph" },
	{ BYTES("\x08"), "m: byte 1 (ir_version): number is cut off" },
	{ BYTES("\x88"), "m: byte 0 (model): number is cut off" },
	{ BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
	  "m: byte 1 (ir_version): number is longer than ten bytes" },
	{ BYTES("\x00\x00"), "m: byte 0 (model): wrong field number" },
	{ BYTES("\x80\x80\x80\x80\x10\x00"),
	  "m: byte 0 (model): wrong field number" },
	{ BYTES("\x0b"), "m: byte 1 (ir_version): wrong wire type" },
	{ BYTES("\x0a\x00"), "m: byte 1 (ir_version): wrong wire type" },
	{ BYTES("\xf3\x01"), "m: byte 2 (unknown field): unknown wire type" },
	{ BYTES("\xf6\x01"), "m: byte 2 (unknown field): unknown wire type" },
	{ BYTES("\xf1\x01\x01"),
	  "m: byte 2 (unknown field): value is cut off" },
	{ BYTES("\xf5\x01\x01"),
	  "m: byte 2 (unknown field): value is cut off" },
	{ BYTES("\xf2\x01\x05\x01"),
	  "m: byte 3 (unknown field): value is cut off" },
	{ BYTES("\x12\x05" "abc"),
	  "m: byte 2 (producer_name): string is cut off" },
	{ BYTES("\x3a\xff\xff\xff\xff\x0f"),
	  "m: byte 1 (graph): value is 2 GiB or more" },
	{ BYTES("\x3a\x04\x12\x01g"), "m: byte 2 (graph): message is cut off" },
	{ BYTES("\x3a\x03\x0a\x05\x00"),
	  "m: byte 4 (graph.node): message is cut off" },
	{ BYTES("\x3a\x00\x3a\x00"),
	  "m: byte 3 (graph): field is given twice" },
	{ BYTES("\x08\x01\x08\x01"),
	  "m: byte 3 (ir_version): field is given twice" },
	{ BYTES("\x3a\x05\x12\x03" "a\xff" "b"),
	  "m: byte 5 (graph.name): name is not UTF-8" },
	{ BYTES("\x3a\x04\x12\x02\xc0\x80"),
	  "m: byte 4 (graph.name): name is not UTF-8" },
	{ BYTES("\x3a\x05\x12\x03\xed\xa0\x80"),
	  "m: byte 4 (graph.name): name is not UTF-8" },
	{ BYTES("\x3a\x03\x12\x01\xc3"),
	  "m: byte 4 (graph.name): name is not UTF-8" },
	{ BYTES("\x3a\x05\x12\x03" "a\nb"),
	  "m: byte 5 (graph.name): name holds a control character" },
	{ BYTES("\x3a\x05\x12\x03" "a\0b"),
	  "m: byte 4 (graph.name): string holds a zero byte" },
	{ BYTES("\x32\x03" "a\0b"),
	  "m: byte 2 (doc_string): string holds a zero byte" },
	/* graph.initializer.float_data of five bytes, .dims of a cut varint */
	{ BYTES("\x3a\x09\x2a\x07\x22\x05" "12345"),
	  "m: byte 6 (graph.initializer.float_data): values are cut off" },
	{ BYTES("\x3a\x05\x2a\x03\x0a\x01\x80"),
	  "m: byte 6 (graph.initializer.dims): number is cut off" },
	{ BYTES("\x3a\x05\x2a\x03\x0a\x02\x01"),
	  "m: byte 6 (graph.initializer.dims): values are cut off" },
};

START_TEST(fault_is_named_by_its_place)
{
	struct brn_buf b = { .p = (uint8_t *)faults[_i].bytes,
		.n = faults[_i].n };

	import(&b, BURIN_EFORMAT, faults[_i].msg);
}
END_TEST

START_TEST(free_text_may_hold_anything)
{
	struct brn_buf b = { 0 }, data = { 0 };

	sized(&data, 4, (float[]){ 1, 2 }, 8);
	sized(&data, 12, "line\nline\xff", 10);
	model(&b, &data);
	sized(&b, 6, "\r\n\t", 3);
	sized(&b, 14, (uint8_t[]){ 0x0a, 2, 'k', '\n', 0x12, 1, 0xfe }, 7);
	import(&b, BURIN_OK, "");
	brn_buf_free(&b);
	brn_buf_free(&data);
}
END_TEST

/* graph.value_info.type.sequence_type.elem_type.sequence_type... */
static void
nest(struct brn_buf *b, int depth)
{
	struct brn_buf inner = { 0 }, outer;

	for (int i = depth; i > 0; i--) {
		static const int field[] = { 4, 1 };
		int f = i == 1 ? 7 : i == 2 ? 13 : i == 3 ? 2 : field[i % 2];

		outer = (struct brn_buf){ 0 };
		sized(&outer, f, inner.p, inner.n);
		brn_buf_free(&inner);
		inner = outer;
	}
	*b = inner;
}

START_TEST(nesting_has_a_limit)
{
	struct brn_buf b;
	burin_error err;

	nest(&b, BRN_ONNX_DEPTH);
	suite_ok(brn_onnx_scan(b.p, b.n, "m", &err), err);
	brn_buf_free(&b);
	for (int depth = BRN_ONNX_DEPTH + 1; depth < 20000; depth *= 4) {
		nest(&b, depth);
		ck_assert_int_eq(brn_onnx_scan(b.p, b.n, "m", &err),
		    BURIN_EFORMAT);
		ck_assert_ptr_nonnull(strstr(err.msg,
		    "sequence_type.elem_type"));
		brn_buf_free(&b);
	}
}
END_TEST

/* count times the bytes unit must fail, one less must not.  */
static void
check_limit(const char *unit, size_t n, size_t count, const char *what)
{
	struct brn_buf b = { 0 };
	burin_error err;

	for (size_t i = 1; i < count; i++)
		brn_buf_put(&b, unit, n);
	suite_ok(brn_onnx_scan(b.p, b.n, "m", &err), err);
	brn_buf_put(&b, unit, n);
	ck_assert_int_eq(brn_onnx_scan(b.p, b.n, "m", &err), BURIN_EFORMAT);
	ck_assert_ptr_nonnull(strstr(err.msg, what));
	brn_buf_free(&b);
}

START_TEST(number_of_messages_and_fields_has_a_limit)
{
	check_limit("\x72\x00", 2, BRN_ONNX_MESSAGES + 1,
	    "(metadata_props): file holds too many messages");
	check_limit("\xf0\x01\x00", 3, BRN_ONNX_FIELDS + 1,
	    "(model): file holds too many fields");
}
END_TEST

START_TEST(number_of_ports_and_domains_has_a_limit)
{
	struct brn_buf b = { 0 };

	for (int i = 0; i < 1025; i++)
		brn_buf_printf(&b, "input x%d float [a%d]\n", i, i);
	brn_buf_printf(&b, "opset 13\noutput x0");
	for (int k = 0; k < 2; k++) {
		struct brn_buf bytes = { 0 };

		if (k) {
			b.n = 0;
			for (int i = 0; i < 257; i++)
				brn_buf_printf(&b, "opset 13\n");
		}
		bytes.p = onnx_text_bytes((char *)b.p, &bytes.n);
		import(&bytes, k ? BURIN_EFORMAT : BURIN_EUNSUPPORTED, k ?
		    "m: 257 operator sets, wanted at most 256" :
		    "m: 1025 inputs and 1 outputs, wanted at most 1024");
		brn_buf_free(&bytes);
	}
	brn_buf_free(&b);
}
END_TEST

/* ---- every model of tests/models, damaged -------------------------------- */

enum { MAX_MODELS = 32 };

static struct {
	char name[256];
	uint8_t *p;
	size_t n;
} models[MAX_MODELS];
static int nmodel;
static char dir[512];

static void
read_model(const char *name)
{
	char path[1024];
	FILE *f;

	ck_assert_int_lt(nmodel, MAX_MODELS);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	snprintf(models[nmodel].name, sizeof models[nmodel].name, "%s", name);
	f = fopen(path, "rb");
	models[nmodel].p = malloc(1 << 16);
	ck_assert(f && models[nmodel].p);
	models[nmodel].n = fread(models[nmodel].p, 1, 1 << 16, f);
	/* Whole ones only: larger ones have no byte that these do not. */
	if (feof(f))
		nmodel++;
	else
		free(models[nmodel].p);
	fclose(f);
}

static void
read_models(void)
{
	struct dirent *e;
	DIR *d;

	snprintf(dir, sizeof dir, "%s/tests/models", suite_srcdir());
	d = opendir(dir);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d))) {
		size_t n = strlen(e->d_name);

		if (n > 5 && !strcmp(e->d_name + n - 5, ".onnx"))
			read_model(e->d_name);
	}
	closedir(d);
	ck_assert_int_gt(nmodel, 3);
}

static void
free_models(void)
{
	while (nmodel)
		free(models[--nmodel].p);
}

/* An error, or a graph that holds what graphs promise.  */
static int
survives(const uint8_t *p, size_t n, int keep)
{
	struct brn_graph *g;
	burin_error err = { 0 };
	int rc = brn_onnx_import(p, n, dir, "m", keep, &g, &err);

	if (rc < 0) {
		ck_assert_int_eq(err.code, rc);
		ck_assert_msg(!strncmp(err.msg, "m: ", 3), "%s", err.msg);
		return 0;
	}
	suite_ok(brn_graph_verify(g, &err), err);
	brn_graph_free(g);
	return 1;
}

START_TEST(whole_model_is_read)
{
	for (int i = 0; i < nmodel; i++)
		ck_assert_msg(survives(models[i].p, models[i].n, 1), "%s",
		    models[i].name);
}
END_TEST

START_TEST(truncated_model_is_an_error_or_a_graph)
{
	for (int i = 0; i < nmodel; i++)
		for (size_t n = 0; n < models[i].n; n++) {
			/* A copy, so that one byte too far is seen.  */
			uint8_t *p = malloc(n ? n : 1);

			memcpy(p, models[i].p, n);
			survives(p, n, (int)(n % 2));
			free(p);
		}
}
END_TEST

START_TEST(damaged_model_is_an_error_or_a_graph)
{
	static const uint8_t damage[] = { 0x01, 0x08, 0x80, 0xff };

	for (int i = 0; i < nmodel; i++)
		for (size_t k = 0; k < COUNT(damage) * models[i].n; k++) {
			uint8_t *at = &models[i].p[k / COUNT(damage)];
			uint8_t old = *at;

			*at ^= damage[k % COUNT(damage)];
			survives(models[i].p, models[i].n, (int)(k % 2));
			*at = old;
		}
}
END_TEST

static Suite *
bytes_suite(void)
{
	Suite *s = suite_create("onnx_bytes");
	TCase *tc = suite_case(s, "wire", 60);

	tcase_add_test(tc, repeated_numbers_may_be_packed_or_not);
	tcase_add_loop_test(tc, fault_is_named_by_its_place, 0,
	    COUNT(faults));
	tcase_add_test(tc, free_text_may_hold_anything);
	tc = suite_case(s, "limits", 120);
	tcase_add_test(tc, nesting_has_a_limit);
	tcase_add_test(tc, number_of_messages_and_fields_has_a_limit);
	tcase_add_test(tc, number_of_ports_and_domains_has_a_limit);
	tc = suite_case(s, "damage", 300);
	tcase_add_checked_fixture(tc, read_models, free_models);
	tcase_add_test(tc, whole_model_is_read);
	tcase_add_test(tc, truncated_model_is_an_error_or_a_graph);
	tcase_add_test(tc, damaged_model_is_an_error_or_a_graph);
	return s;
}

SUITE_MAIN(bytes_suite)
