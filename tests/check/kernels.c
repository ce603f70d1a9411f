/* SPDX-License-Identifier: Apache-2.0
 *
 * Every kernel against a product in double precision: tier 0 of every
 * instruction set that runs here, the kernel for few tokens, and those that are
 * compiled, over block shapes, patterns and ranges of tiles and block rows.
 * Then what the machine code of tiers 1 and 3 must look like.
 */
#include "jit/builtin/i8.h"
#include "jit/get/load.h"
#include "tests/support/probe.h"

static const struct block {
	int bh, bw;
} blocks[] = {
	{ 1, 1 }, { 2, 1 }, { 4, 1 }, { 8, 1 }, { 16, 1 }, { 32, 1 },
	{ 4, 4 }, { 8, 8 }, { 16, 16 }, { 32, 32 },
	{ 1, 4 }, { 1, 8 }, { 1, 16 },
	{ 3, 5 }, { 24, 1 }, { 5, 1 }, { 1, 70 },
};

enum { NBLOCK = COUNT(blocks), NCASE = NBLOCK * BRN_NUM_ISAS };

/* Case i of a loop: a block shape and an instruction set; 0: not here.  */
static int
pick(int i, struct block *b, enum brn_isa *isa)
{
	*b = blocks[i % NBLOCK];
	*isa = (enum brn_isa)(i / NBLOCK);
	return brn_isa_runs(*isa);
}

START_TEST(tier_0_computes_the_product)
{
	struct block b;
	enum brn_isa isa;

	if (!pick(_i, &b, &isa))
		return;
	for (enum pattern p = 0; p < NUM_PATTERNS; p++) {
		struct brn_spec s;
		struct probe q;

		probe_init(&q, b.bh, b.bw, p, (_i + (int)p) % 2);
		probe_spec(&q, isa, "", BRN_NO_KERNEL, &s);
		probe_kernel(&q, brn_t0(isa), 1);
		probe_free(&q);
	}
}
END_TEST

/* With the bits of tier 0, with weights packed for few tokens and without.  */
START_TEST(few_tokens_compute_the_product)
{
	struct block b;
	enum brn_isa isa;

	if (!pick(_i, &b, &isa))
		return;
	for (int i = 0; i < 2 * NUM_PATTERNS; i++) {
		struct brn_spec s;
		struct probe q;

		probe_init(&q, b.bh, b.bw, (enum pattern)(i / 2), (_i + i) % 2);
		probe_spec(&q, isa, "", BRN_NO_KERNEL, &s);
		if (i % 2) {
			brn_few_weights_free(q.few);
			q.few = NULL;
		}
		probe_few(&q, isa);
		probe_few_packed(&q, isa, brn_few_tokens(isa));
		probe_few_packed(&q, isa, brn_few_tokens_in_l2(isa));
		probe_free(&q);
	}
}
END_TEST

/* Several windows of rows and panels of features, more than there is room.  */
START_TEST(few_tokens_of_many_rows_and_features)
{
	static const struct {
		struct block b;
		enum pattern p;
		int64_t size[2];
	} many[] = {
		{ { 1, 1 }, SOME, { 131, 4500 } },
		{ { 1, 4 }, SOME, { 61, 2300 } },
		{ { 3, 5 }, SOME, { 61, 2300 } },
		{ { 1, 1 }, FAR, { 3, 33000 } },
		{ { 4, 1 }, FAR, { 8, 33000 } },
	};
	struct brn_spec s;
	struct probe q;

	for (int i = 0; i < COUNT(many) && brn_isa_runs((enum brn_isa)_i);
	    i++) {
		probe_init_sized(&q, many[i].b.bh, many[i].b.bw, many[i].p, 1,
		    many[i].size);
		probe_spec(&q, (enum brn_isa)_i, "", BRN_NO_KERNEL, &s);
		probe_few(&q, (enum brn_isa)_i);
		probe_few_packed(&q, (enum brn_isa)_i,
		    brn_few_tokens((enum brn_isa)_i));
		probe_free(&q);
	}
}
END_TEST

/* Compile the kernel for q to path.  */
static int
compile(const struct brn_spec *s, const char *path, burin_error *err)
{
	brn_module_compile_fn *fn;
	struct brn_buf desc = { 0 };
	int rc;

	suite_ok(brn_load_module(&fn, err), *err);
	brn_spec_encode(s, &desc);
	ck_assert(!desc.fail);
	rc = fn(desc.p, desc.n, path, NULL, err);
	brn_buf_free(&desc);
	return rc;
}

/* A file for an artifact, removed by the caller.  */
static void
temp_file(char *path, size_t size)
{
	int fd;

	suite_tmppath(path, size);
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* The first kernel that fits, or `kernel`.  */
static void
compile_and_probe_as(struct probe *q, enum brn_isa isa, int kernel)
{
	char path[1000];
	brn_kernel_fn *fn;
	struct brn_spec s;
	burin_error err;
	void *handle;
	int fd;

	temp_file(path, sizeof path);
	probe_spec(q, isa, brn_compiler_id(), kernel, &s);
	suite_ok(compile(&s, path, &err), err);
	fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	suite_ok(brn_load(fd, &handle, &fn, &err), err);
	close(fd);
	remove(path);
	probe_kernel(q, fn, q->grain);
	probe_same(q, fn, brn_tier_0(&s, isa));
	brn_unload(handle);
}

static void
compile_and_probe(struct probe *q, enum brn_isa isa)
{
	compile_and_probe_as(q, isa, BRN_NO_KERNEL);
}

START_TEST(compiled_kernel_computes_the_product)
{
	static const enum pattern some[] = { SOME, FULL };
	struct block b;
	enum brn_isa isa;

	if (!pick(_i, &b, &isa))
		return;
	for (int i = 0; i < COUNT(some); i++) {
		struct probe q;

		probe_init(&q, b.bh, b.bw, some[i], (_i + i) % 2);
		compile_and_probe(&q, isa);
		probe_free(&q);
	}
}
END_TEST

START_TEST(compiled_kernel_computes_odd_patterns)
{
	struct probe q;

	probe_init(&q, 4, 1, _i ? ONE : NONE, _i);
	compile_and_probe(&q, brn_isa_detect());
	probe_free(&q);
}
END_TEST

/* With the bits of tier 0 for bf16; for blocks and for dense.  The sums of
 * VDPBF16PS round twice a pair, as those of fp32 do.  */
START_TEST(bf16_computes_the_product)
{
	enum pattern p = (enum pattern)(_i / NBLOCK);
	struct block b = blocks[_i % NBLOCK];
	struct probe q;

	if (!brn_elem_runs(BRN_ELEM_bf16, BRN_ISA_avx512))
		return;
	probe_init(&q, b.bh, b.bw, p, (_i + (int)p) % 2);
	probe_bf16(&q);
	compile_and_probe(&q, BRN_ISA_avx512);
	probe_kernel(&q, brn_t0_bf16, 1);
	probe_free(&q);
}
END_TEST

/* One packed token has the sums of the first of a tile.  */
static void
probe_packed_i8(struct probe *q, const struct brn_spec *s)
{
	int64_t nb = q->b->nbrow;
	struct part tile = { 0, 1, 0, nb };
	float *want;
	int fits = q->b->bh >= 8 && (brn_spec_is_full(s) || q->b->bw == 1 ||
	    q->b->bw % 4 == 0);

	ck_assert_int_eq(brn_one_i8_fits(&(struct brn_kernel_args){
	    .rowptr = q->b->rowptr, .bh = q->b->bh, .bw = q->b->bw,
	    .nbrow = nb, .nbcol = q->b->nbcol }), fits);
	if (!fits)
		return;
	want = probe_floats(q->yrows);
	probe_run(q, brn_tier_0(s, BRN_ISA_avx512), tile);
	for (int64_t i = 0; i < q->yrows; i++)
		want[i] = q->y[i * BRN_TILE];
	q->packed = probe_floats(q->xcols + 4);
	for (int64_t i = 0; i < q->xcols; i++)
		((uint8_t *)q->packed)[i] = (uint8_t)q->x[i * BRN_TILE];
	q->tokens = q->stride = 1;
	probe_run(q, brn_one_i8, tile);
	ck_assert_mem_eq(q->y, want, (size_t)q->yrows * sizeof *want);
	tile.brow0 = tile.brow1 / 2;
	probe_run(q, brn_one_i8, tile);
	ck_assert(tile.brow0 == 0 || probe_is_poison(q->y));
	ck_assert_mem_eq(q->y + q->yrows / nb * tile.brow0, want +
	    q->yrows / nb * tile.brow0, (size_t)(q->yrows / nb *
	    (nb - tile.brow0)) * sizeof *want);
	free(q->packed);
	free(want);
	q->packed = NULL;
	q->tokens = q->stride = 0;
}

/* Sums of integers are exact.  */
START_TEST(i8_computes_the_product)
{
	enum pattern p = (enum pattern)(_i / NBLOCK);
	struct block b = blocks[_i % NBLOCK];
	struct brn_spec s;
	struct probe q;

	if (!brn_elem_runs(BRN_ELEM_i8, BRN_ISA_avx512))
		return;
	probe_init(&q, b.bh, b.bw, p, 0);
	probe_i8(&q);
	compile_and_probe(&q, BRN_ISA_avx512);
	probe_spec(&q, BRN_ISA_avx512, "", BRN_NO_KERNEL, &s);
	probe_kernel(&q, brn_tier_0(&s, BRN_ISA_avx512), 1);
	probe_packed_i8(&q, &s);
	probe_free(&q);
}
END_TEST

/* Several panels and slices; the last of both are not whole.  */
START_TEST(panels_and_slices_make_the_product)
{
	static const struct block tall[] = { { 1, 1 }, { 3, 1 }, { 1, 5 } };
	static const enum pattern some[] = { SOME, FAR, NONE };
	enum brn_isa isa = (enum brn_isa)_i;

	if (!brn_isa_runs(isa))
		return;
	for (int i = 0; i < COUNT(tall) * COUNT(some); i++) {
		struct block b = tall[i % COUNT(tall)];
		struct probe q;

		probe_init_sized(&q, b.bh, b.bw, some[i / COUNT(tall)], i % 2,
		    (int64_t[]){ 59, 1100 });
		compile_and_probe(&q, isa);
		probe_free(&q);
	}
}
END_TEST

/* The same in i8, where four features are one.  */
START_TEST(panels_and_slices_make_the_product_in_i8)
{
	static const struct block wide[] = { { 1, 4 }, { 1, 8 }, { 1, 20 } };
	static const enum pattern some[] = { SOME, FAR, NONE };
	struct block b = wide[_i % COUNT(wide)];
	struct probe q;

	if (!brn_elem_runs(BRN_ELEM_i8, BRN_ISA_avx512))
		return;
	probe_init_sized(&q, b.bh, b.bw, some[_i / COUNT(wide)], 0,
	    (int64_t[]){ 59, 1300 });
	probe_i8(&q);
	compile_and_probe(&q, BRN_ISA_avx512);
	probe_free(&q);
}
END_TEST

/* Block rows of several windows change places; the last is not whole.  */
START_TEST(sorted_panels_make_the_product)
{
	static const struct block tall[] = { { 1, 1 }, { 3, 1 }, { 1, 5 },
	    { 1, 4 } };
	int is_i8 = _i == 3;
	struct block b = tall[_i];
	struct brn_spec s;
	struct probe q;

	if (!brn_elem_runs(is_i8 ? BRN_ELEM_i8 : BRN_ELEM_f32, BRN_ISA_avx512))
		return;
	probe_init_sized(&q, b.bh, b.bw, FEW_ROWS, !is_i8,
	    (int64_t[]){ 430, 31 * b.bw });
	if (is_i8)
		probe_i8(&q);
	probe_spec(&q, BRN_ISA_avx512, brn_compiler_id(), BRN_KERNEL_t3, &s);
	ck_assert_int_eq(q.grain, 28 / b.bh * 7);
	compile_and_probe(&q, BRN_ISA_avx512);
	probe_free(&q);
}
END_TEST

static const struct block small[] = {
	{ 1, 1 }, { 2, 1 }, { 4, 1 }, { 8, 1 }, { 1, 4 }, { 3, 5 },
};

/* Rows in several windows, of which the last is not whole; then fewer.  */
START_TEST(grouped_rows_make_the_product)
{
	struct block b = small[_i % COUNT(small)];
	enum brn_isa isa = (enum brn_isa)(_i / COUNT(small));
	int64_t rows = _i % COUNT(small) ? 30 * b.bh + b.bh / 2 : 430;
	struct probe q;

	if (!brn_isa_runs(isa))
		return;
	probe_init_sized(&q, b.bh, b.bw, GROUPED, _i % 2,
	    (int64_t[]){ rows, 30 * b.bw });
	compile_and_probe_as(&q, isa, BRN_KERNEL_t2);
	probe_free(&q);
}
END_TEST

START_TEST(odd_grouped_rows_make_the_product)
{
	static const struct {
		enum pattern p;
		int64_t size[2];
	} odd[] = {
		{ FEW_ROWS, { 193, 7 } }, { FAR, { 40, 9000 } },
	};
	struct probe q;

	probe_init_sized(&q, 1, 1, odd[_i].p, 1, odd[_i].size);
	compile_and_probe_as(&q, brn_isa_detect(), BRN_KERNEL_t2);
	probe_free(&q);
}
END_TEST

/* Offsets of more than 8191 features need 32 bits.  */
START_TEST(compiled_kernel_reaches_far_features)
{
	struct probe q;

	probe_init_sized(&q, 4, 1, FAR, 1, (int64_t[]){ 8, 9000 });
	compile_and_probe(&q, brn_isa_detect());
	probe_free(&q);
}
END_TEST

/* libgccjit keeps much between contexts; flags are not to be among it.  */
START_TEST(instruction_sets_take_turns_in_a_process)
{
	for (int i = 0; i < 2 * BRN_NUM_ISAS; i++) {
		enum brn_isa isa = (enum brn_isa)(i % BRN_NUM_ISAS);
		struct probe q;

		if (!brn_isa_runs(isa))
			continue;
		probe_init(&q, 4, 1, SOME, i % 2);
		compile_and_probe(&q, isa);
		probe_free(&q);
	}
}
END_TEST

/* ---- the code -------------------------------------------------------- */

/* Output of a command about the artifact of a probe, for reading; NULL when
 * the command is not there.  */
static FILE *
look(const char *command, int bh, int bw, enum brn_isa isa, char path[1000])
{
	static char line[1200];
	burin_error err;
	struct brn_spec s;
	struct probe q;

	snprintf(line, sizeof line, "command -v %.20s >/dev/null", command);
	if (system(line) != 0) {
		fprintf(stderr, "skipped: no %s\n", command);
		return NULL;
	}
	probe_init(&q, bh, bw, SOME, 1);
	temp_file(path, 1000);
	probe_spec(&q, isa, brn_compiler_id(), BRN_NO_KERNEL, &s);
	suite_ok(compile(&s, path, &err), err);
	probe_free(&q);
	snprintf(line, sizeof line, "%s %s", command, path);
	return popen(line, "r");
}

#ifdef __x86_64__

/* What is asked of the passes of a kernel: how many FMAs their loops over
 * blocks have, ascending.  */
static const struct code {
	int bh, bw;
	enum brn_isa isa;
	int nfma[4];
} codes[] = {
	{ 16, 1, BRN_ISA_avx512, { 16, 16 } },
	{ 8, 1, BRN_ISA_avx512, { 8, 16 } },
	{ 4, 1, BRN_ISA_avx512, { 4, 8, 16 } },
	{ 2, 1, BRN_ISA_avx512, { 2, 4, 8 } },
	{ 4, 4, BRN_ISA_avx512, { 16, 32, 64 } },
	{ 16, 1, BRN_ISA_avx2, { 8, 12 } },
	{ 8, 1, BRN_ISA_avx2, { 8, 12, 12 } },
	{ 3, 1, BRN_ISA_avx2, { 6, 12 } },
	{ 2, 1, BRN_ISA_avx2, { 4, 8, 12 } },
};

static int
ascending(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* What was seen since the last jump: where FMAs and uses of the stack are.  */
struct straight {
	long fma[200], stack[200];
	int nfma, nstack;
};

/* How many of n addresses are not below `from`.  */
static int
count_from(const long *at, int n, long from)
{
	int k = 0;

	while (k < n && at[n - 1 - k] >= from)
		k++;
	return k;
}

/* A jump back over FMAs and no other jump closes the loop over blocks: it
 * spills nothing.  */
START_TEST(inner_loops_are_fmas_without_spills)
{
	const struct code *c = &codes[_i];
	char path[1000], line[300];
	FILE *f = look("objdump -d --no-show-raw-insn", c->bh, c->bw, c->isa,
	    path);
	struct straight s = { .nfma = 0 };
	int got[COUNT(c->nfma)] = { 0 }, n = 0, nfma;

	if (!f)
		return;
	while (fgets(line, sizeof line, f)) {
		long at = strtol(line, NULL, 16);
		char *jump = strstr(line, "\tj");

		if (strstr(line, "call"))
			ck_abort_msg("%s", line);
		if (strstr(line, "vfmadd") && s.nfma < COUNT(s.fma))
			s.fma[s.nfma++] = at;
		if (strstr(line, "(%rsp)") && s.nstack < COUNT(s.stack))
			s.stack[s.nstack++] = at;
		if (!jump)
			continue;
		at = strtol(jump + strcspn(jump, " "), NULL, 16);
		nfma = count_from(s.fma, s.nfma, at);
		if (nfma) {
			ck_assert_int_eq(count_from(s.stack, s.nstack, at),
			    0);
			ck_assert_int_lt(n, COUNT(got));
			got[n++] = nfma;
		}
		s.nfma = s.nstack = 0;
	}
	qsort(got, (size_t)n, sizeof *got, ascending);
	for (int i = 0; i < COUNT(got); i++)
		ck_assert_int_eq(got[i], c->nfma[i]);
	pclose(f);
	remove(path);
}
END_TEST

/* From the first FMA to the return that follows there are only straight lines,
 * no call and no stack, and in all an FMA for each weight.  */
START_TEST(tier_3_is_an_fma_a_weight)
{
	int bh = _i ? 3 : 1, nweight, nfma = 0, inside = 0;
	char path[1000], line[300];
	struct probe q;
	FILE *f;

	probe_init(&q, bh, 1, SOME, 1);
	nweight = q.b->nblk * bh;
	probe_free(&q);
	f = look("objdump -d --no-show-raw-insn", bh, 1, BRN_ISA_avx512,
	    path);
	if (!f)
		return;
	while (fgets(line, sizeof line, f)) {
		if (strstr(line, "vfmadd")) {
			inside = 1;
			nfma++;
		} else if (strstr(line, "\tret")) {
			inside = 0;
		}
		ck_assert_msg(!inside || (!strstr(line, "\tcall") &&
		    !strstr(line, "\tj") && !strstr(line, "(%rsp")), "%s",
		    line);
	}
	ck_assert_int_eq(nfma, nweight);
	pclose(f);
	remove(path);
}
END_TEST

START_TEST(lone_weights_are_broadcast_by_the_fma)
{
	char path[1000], line[300];
	FILE *f = look("objdump -d --no-show-raw-insn", 10, 1, BRN_ISA_avx512,
	    path);
	int n = 0;

	if (!f)
		return;
	while (fgets(line, sizeof line, f))
		n += strstr(line, "vfmadd") && strstr(line, "{1to16}");
	ck_assert_int_eq(n, 10);
	pclose(f);
	remove(path);
}
END_TEST

#endif

START_TEST(artifact_exports_the_kernel_and_needs_nothing)
{
	char path[1000], line[300];
	FILE *f = look("readelf -W --dyn-syms", 16, 1, brn_isa_detect(), path);
	int defined = 0;

	if (!f)
		return;
	while (fgets(line, sizeof line, f)) {
		if (!strstr(line, "GLOBAL") && !strstr(line, "WEAK"))
			continue;
		ck_assert_msg(!strstr(line, " UND "), "%s", line);
		ck_assert_msg(strstr(line, BRN_KERNEL_SYMBOL) != NULL, "%s",
		    line);
		defined++;
	}
	ck_assert_int_eq(defined, 1);
	pclose(f);
	remove(path);
}
END_TEST

/* ---- refusals -------------------------------------------------------- */

/* What the module says to the spec of a probe after `change`.  */
static int
compile_changed(void (*change)(struct brn_spec *), const char *path,
    burin_error *err)
{
	brn_module_compile_fn *fn;
	struct brn_buf desc = { 0 };
	struct brn_spec s;
	struct probe q;
	int rc;

	suite_ok(brn_load_module(&fn, err), *err);
	probe_init(&q, 4, 1, SOME, 0);
	brn_spec_init(&s, q.b, 0, brn_isa_detect(), brn_compiler_id());
	brn_choose_first(&s);
	change(&s);
	brn_spec_encode(&s, &desc);
	rc = fn(desc.p, desc.n, path, NULL, err);
	brn_buf_free(&desc);
	probe_free(&q);
	return rc;
}

static void
other_compiler(struct brn_spec *s)
{
	strcpy(s->compiler, "another");
}

static void
other_generator(struct brn_spec *s)
{
	strcpy(s->generator, "another");
}

static void
tier_0(struct brn_spec *s)
{
	s->kernel = BRN_KERNEL_t0;
}

static void
not_full(struct brn_spec *s)
{
	s->kernel = BRN_KERNEL_t1_full;
}

static void
nothing(struct brn_spec *s)
{
	(void)s;
}

START_TEST(module_refuses_what_is_not_its_own)
{
	static const struct {
		void (*change)(struct brn_spec *);
		int code;
		const char *word;
	} refused[] = {
		{ other_compiler, BURIN_EUNSUPPORTED, "libgccjit: is" },
		{ other_generator, BURIN_EUNSUPPORTED, "generator: is" },
		{ tier_0, BURIN_EJIT, "t0: is part of the library" },
		{ not_full, BURIN_EFORMAT, "t1_full does not fit" },
	};
	burin_error err;
	int rc = compile_changed(refused[_i].change, "/nowhere/k.so", &err);

	ck_assert_int_eq(rc, refused[_i].code);
	ck_assert_msg(strstr(err.msg, refused[_i].word) != NULL, "%s",
	    err.msg);
}
END_TEST

START_TEST(path_that_cannot_be_written_is_an_error)
{
	burin_error err;

	ck_assert_int_lt(compile_changed(nothing, "/nowhere/k.so", &err), 0);
	ck_assert_int_gt((int)strlen(err.msg), 0);
}
END_TEST

static Suite *
kernels_suite(void)
{
	Suite *s = suite_create("kernels");
	TCase *tc = suite_case(s, "product", 120);

	tcase_add_loop_test(tc, tier_0_computes_the_product, 0, NCASE);
	tcase_add_loop_test(tc, few_tokens_compute_the_product, 0, NCASE);
	tcase_add_loop_test(tc, few_tokens_of_many_rows_and_features, 0,
	    BRN_NUM_ISAS);
	tcase_add_loop_test(tc, compiled_kernel_computes_the_product, 0, NCASE);
	tcase_add_loop_test(tc, bf16_computes_the_product, 0,
	    NBLOCK * NUM_PATTERNS);
	tcase_add_loop_test(tc, i8_computes_the_product, 0,
	    NBLOCK * NUM_PATTERNS);
	tcase_add_loop_test(tc, panels_and_slices_make_the_product, 0,
	    BRN_NUM_ISAS);
	tcase_add_loop_test(tc, panels_and_slices_make_the_product_in_i8, 0, 9);
	tcase_add_loop_test(tc, sorted_panels_make_the_product, 0, 4);
	tcase_add_loop_test(tc, grouped_rows_make_the_product, 0,
	    COUNT(small) * BRN_NUM_ISAS);
	tcase_add_loop_test(tc, odd_grouped_rows_make_the_product, 0,
	    2);
	tcase_add_loop_test(tc, compiled_kernel_computes_odd_patterns, 0, 2);
	tcase_add_test(tc, compiled_kernel_reaches_far_features);
	tcase_add_test(tc, instruction_sets_take_turns_in_a_process);
	tc = suite_case(s, "code", 60);
#ifdef __x86_64__
	tcase_add_loop_test(tc, inner_loops_are_fmas_without_spills, 0,
	    COUNT(codes));
	tcase_add_loop_test(tc, tier_3_is_an_fma_a_weight, 0, 2);
	tcase_add_test(tc, lone_weights_are_broadcast_by_the_fma);
#endif
	tcase_add_test(tc, artifact_exports_the_kernel_and_needs_nothing);
	tc = suite_case(s, "module", 60);
	tcase_add_loop_test(tc, module_refuses_what_is_not_its_own, 0, 4);
	tcase_add_test(tc, path_that_cannot_be_written_is_an_error);
	return s;
}

SUITE_MAIN(kernels_suite)
