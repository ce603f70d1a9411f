/* SPDX-License-Identifier: Apache-2.0
 *
 * Attention on tiles with products of 16-bit integers, against the ref: sizes
 * that do not divide, every form of mask, sums as large as they can be, numbers
 * that are none, and integers of a quantized file.  Where the processor has no
 * such products, this tests attention in fp32.
 */
#include <math.h>
#include <string.h>

#include "ir/graph/rounds.h"
#include "ir/op/ref.h"
#include "tests/support/build.h"
#include "tests/support/form.h"

enum mask { NONE, KEYS, QUERIES, HEADS };
enum { MAX_THREADS = 3 };

struct shape {
	int64_t heads, depth, width, batch, queries, keys;
	enum mask mask;
};

static const struct shape shapes[] = {
	{ 12, 64, 64, 1, 128, 128, NONE },
	{ 2, 64, 64, 2, 128, 128, KEYS },
	{ 1, 1, 1, 1, 17, 1, NONE },
	{ 3, 1, 5, 2, 18, 2, KEYS },
	{ 2, 7, 3, 1, 33, 17, QUERIES },
	{ 4, 8, 20, 2, 40, 31, HEADS },
	{ 1, 128, 16, 1, 17, 300, KEYS },
	{ 1, 128, 128, 2, 50, 40, HEADS },
	{ 2, 33, 37, 1, 64, 15, NONE },
	{ 2, 16, 16, 3, 100, 7, QUERIES },
	{ 1, 8, 8, 1, 17, 2048, KEYS },
	/* Too few queries, and too many keys: in fp32.  */
	{ 2, 16, 16, 1, 16, 40, NONE },
	{ 1, 4, 4, 1, 17, 2049, NONE },
};

/* The node, and operands in rows and in tiles.  */
struct setup {
	struct brn_attr attr[4];
	struct brn_node n;
	struct brn_tensor row[4], tile[3];
	const struct brn_tensor *rows[4], *tiles[4];
	const struct brn_type *type[4];
	struct brn_tensor want, out, got;       /* out: tiles */
	struct brn_arena *arena;
};

static void
allocate(struct setup *s, struct brn_tensor *t, int64_t a, int64_t b,
    int64_t c)
{
	t->type = (struct brn_type){ BURIN_F32, 3, { a, b, c } };
	t->data = brn_arena_alloc(s->arena, (size_t)(a * b * c),
	    sizeof (float));
}

static void
allocate_tiles(struct setup *s, struct brn_tensor *t,
    const struct brn_type *rows)
{
	struct brn_type y = brn_tiles_type(rows);

	allocate(s, t, y.dim[0], y.dim[1], y.dim[2]);
}

static void
set_mask(struct setup *s, const struct shape *h)
{
	int64_t heads = h->mask == HEADS ? h->heads : 1;
	int64_t queries = h->mask == KEYS ? 1 : h->queries;
	int64_t n = h->batch * heads * queries * h->keys;
	uint64_t seed = 7;
	float *m;

	allocate(s, &s->row[3], h->batch, heads, queries * h->keys);
	s->row[3].type = (struct brn_type){ BURIN_F32, 4, { h->batch, heads,
	    queries, h->keys } };
	m = s->row[3].data;
	for (int64_t i = 0; i < n; i++)
		m[i] = i % h->keys == 0 ? 0 : i % h->keys > h->keys * 3 / 4 ||
		    suite_below(&seed, 4) == 0 ? -10000 : 0.5f;
}

static void
set_up(struct setup *s, const struct shape *h)
{
	float scale = 1 / sqrtf((float)h->depth);

	*s = (struct setup){ .attr = { { .name = "heads", .i = h->heads },
	    { .name = "narrow", .i = 1 }, { .name = "scale", .f = scale },
	    { .name = "nan_to_zero" } }, .arena = brn_arena_new() };
	s->n = (struct brn_node){ .op = BRN_OP_attention, .name = "a",
	    .nin = h->mask == NONE ? 3 : 4, .nattr = 4, .attr = s->attr,
	    .tiles = 1 };
	allocate(s, &s->row[0], h->batch, h->queries, h->heads * h->depth);
	allocate(s, &s->row[1], h->batch, h->keys, h->heads * h->depth);
	allocate(s, &s->row[2], h->batch, h->keys, h->heads * h->width);
	allocate(s, &s->want, h->batch, h->queries, h->heads * h->width);
	if (h->mask != NONE)
		set_mask(s, h);
	s->got = s->want;
	s->got.data = brn_arena_alloc(s->arena, (size_t)brn_numel(&s->want),
	    sizeof (float));
	allocate_tiles(s, &s->out, &s->want.type);
	for (int i = 0; i < 4; i++) {
		s->rows[i] = s->tiles[i] = &s->row[i];
		s->type[i] = &s->row[i].type;
	}
	for (int i = 0; i < 3; i++) {
		suite_fill(s->row[i].data, brn_numel(&s->row[i]),
		    (uint64_t)i + 3);
		allocate_tiles(s, &s->tile[i], s->type[i]);
		s->tiles[i] = &s->tile[i];
	}
}

static void
tear_down(struct setup *s)
{
	brn_arena_free(s->arena);
}

/* By the form of isa: s->got.  */
static void
run(struct setup *s, enum brn_isa isa, int threads)
{
	struct brn_call c = { .n = &s->n, .in = s->tiles, .out = &s->out,
	    .type = s->type, .threads = brn_threads_new(threads) };
	struct brn_tiles l = brn_tiles_of(&s->got.type);

	for (int i = 0; i < 3; i++) {
		struct brn_tiles x = brn_tiles_of(s->type[i]);

		brn_native(isa)->to_tiles(&x, s->row[i].data, s->tile[i].data,
		    x.features, 0, x.n);
	}
	ck_assert_int_eq(form_run(isa, form_of(isa, &c), &c), 0);
	brn_native(isa)->from_tiles(&l, s->out.data, l.features, s->got.data,
	    0, l.n);
	brn_threads_free(c.threads);
}

/* Differences are at most bound.  */
static void
compare(struct setup *s, double bound, const char *isa)
{
	const float *want = s->want.data, *got = s->got.data;
	double dot = 0, a = 0, b = 0;

	for (int64_t i = 0; i < brn_numel(&s->want); i++) {
		double w = (double)want[i], g = (double)got[i];

		ck_assert_msg(fabs(w - g) <= bound,
		    "%s: [%lld] is %.8g, wanted %.8g", isa, (long long)i, g,
		    w);
		dot += w * g;
		a += w * w;
		b += g * g;
	}
	ck_assert_msg(dot >= (1 - 5e-6) * sqrt(a * b),
	    "%s: the cosine is %.9g", isa, dot / sqrt(a * b));
}

static void
check(struct setup *s, double bound)
{
	burin_error err;
	size_t size = (size_t)brn_numel(&s->got) * sizeof (float);
	void *one = brn_arena_alloc(s->arena, size, 1);

	suite_ok(brn_ref[BRN_OP_attention](&s->n, s->rows, &s->want, &err),
	    err);
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		run(s, isa, 1);
		compare(s, bound, brn_isas[isa].name);
		memcpy(one, s->got.data, size);
		run(s, isa, MAX_THREADS);
		ck_assert_int_eq(memcmp(one, s->got.data, size), 0);
	}
}

/* Values are up to 1, vectors as long as their depth.  */
START_TEST(products_are_as_exact_as_16_bits)
{
	struct setup s;

	set_up(&s, &shapes[_i]);
	check(&s, 2e-4);
	tear_down(&s);
}
END_TEST

static void
scale(struct brn_tensor *t, float by)
{
	for (int64_t i = 0; i < brn_numel(t); i++)
		((float *)t->data)[i] *= by;
}

/* All that counts is the product of q and k, and v relative to its largest.  */
START_TEST(sizes_of_numbers_do_not_matter)
{
	static const float by[][3] = { { 1e15f, 1e-15f, 1 }, { 1e-17f, 1e17f,
	    1 }, { 1, 1, 1e15f }, { 1, 1, 1e-15f }, { 30, 1, 1 } };
	const float *b = by[_i];
	struct setup s;

	set_up(&s, &shapes[1]);
	for (int i = 0; i < 3; i++)
		scale(&s.row[i], b[i]);
	check(&s, 2e-3 * (double)b[2]);
	tear_down(&s);
}
END_TEST

static void
fill(struct brn_tensor *t, float v)
{
	for (int64_t i = 0; i < brn_numel(t); i++)
		((float *)t->data)[i] = v;
}

/* Every integer is as large as it gets: equal scores and values, and one score
 * above all others.  */
START_TEST(sums_do_not_overflow)
{
	static const struct shape most = { 1, 32, 4, 1, 17, 2048, NONE };
	struct setup s;

	set_up(&s, &most);
	for (int sign = -1; sign <= 1; sign += 2) {
		fill(&s.row[0], 1);
		fill(&s.row[1], (float)sign);
		fill(&s.row[2], (float)sign * 3);
		check(&s, 1e-3);
		for (int d = 0; d < most.depth; d++)
			((float *)s.row[1].data)[5 * most.depth + d] = 2;
		check(&s, 1e-3);
	}
	tear_down(&s);
}
END_TEST

/* All of what is masked and counts nothing.  */
START_TEST(rows_without_keys_are_nan_or_zero)
{
	static const struct shape h = { 2, 16, 16, 1, 20, 20, QUERIES };
	struct setup s;

	set_up(&s, &h);
	fill(&s.row[3], 0);
	for (int i = 0; i < 20; i++)
		((float *)s.row[3].data)[3 * 20 + i] = -INFINITY;
	s.attr[3].i = _i;
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		if (!brn_isa_runs(isa))
			continue;
		run(&s, isa, 1);
		for (int i = 0; i < 20 * 32; i++) {
			float y = ((float *)s.got.data)[i];

			ck_assert(i / 32 != 3 ? isfinite(y) : _i ? y == 0 :
			    isnan(y));
		}
	}
	tear_down(&s);
}
END_TEST

/* All keys with one mask that is as low as it gets: as without a mask.  */
START_TEST(lowest_mask_of_all_keys_is_none)
{
	static const struct shape h = { 2, 16, 16, 1, 20, 20, QUERIES };
	struct setup s;

	set_up(&s, &h);
	fill(&s.row[3], -FLT_MAX);
	check(&s, 1e-4);
	tear_down(&s);
}
END_TEST

/* In q, k or v of the second head: that head has NaN.  */
START_TEST(what_is_no_number_stays_none)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	static const struct shape h = { 2, 16, 16, 1, 20, 20, NONE };
	struct setup s;
	float *at;

	set_up(&s, &h);
	at = (float *)s.row[_i / 3].data + 7 * 32 + 20;
	*at = bad[_i % 3];
	for (int isa = 0; isa < BRN_NUM_ISAS; isa++) {
		int nan = 0;

		if (!brn_isa_runs(isa))
			continue;
		run(&s, isa, 1);
		for (int i = 0; i < 20 * 32; i++) {
			float y = ((float *)s.got.data)[i];

			ck_assert(isfinite(y) || i % 32 >= 16);
			nan += !isfinite(y);
		}
		ck_assert(nan > 0);
	}
	tear_down(&s);
}
END_TEST

/* The scales of scores, relative to those before: the same integers again, or
 * others.  */
static const struct { float scaled, masked, zero; } roundings[] = {
	{ 1, 1, 128 }, { 1.25f, 1, 128 }, { 1, .75f, 128 }, { 1, 1, 120 },
	{ 0, 1, 128 }, { 1, 0, 128 }, { 0, 0, 128 },
};

/* Sums are exact, so that both round scores alike; a probability next to a half
 * may be one step off.  */
START_TEST(integers_of_a_file_are_used)
{
	const struct shape *h = &shapes[_i / (int)COUNT(roundings)];
	int r = _i % (int)COUNT(roundings);
	float scale = 1 / sqrtf((float)h->depth), product = 1 / 16.f;
	float by = product * scale * (roundings[r].scaled ?
	    roundings[r].scaled : 1);
	float rounds[] = { product, 128, product * scale * roundings[r].scaled,
	    roundings[r].zero, by * roundings[r].masked, 128, 1 / 255.f, 0,
	    1 / 128.f, 128, 1 / 128.f, 127, 1 / 128.f, 3 };
	struct brn_tensor t = { { BURIN_F32, 2, { BRN_SCORE_ROUNDS, 2 } },
	    rounds };
	struct setup s;

	set_up(&s, h);
	for (int i = 0; i < 3; i++)
		for (int64_t j = 0; j < brn_numel(&s.row[i]); j++) {
			float *v = (float *)s.row[i].data + j;
			float zero = rounds[2 * (BRN_ROUND_Q + i) + 1];

			*v = fminf(fmaxf(rintf(*v * 128), -zero),
			    255 - zero) / 128;
		}
	s.attr[1] = (struct brn_attr){ .name = "rounds", .t = &t };
	check(&s, 1.01 / 255);
	tear_down(&s);
}
END_TEST

static Suite *
attention_suite(void)
{
	Suite *s = suite_create("attention_int16");
	TCase *tc = suite_case(s, "attention", 60);

	tcase_add_loop_test(tc, products_are_as_exact_as_16_bits, 0,
	    COUNT(shapes));
	tcase_add_loop_test(tc, integers_of_a_file_are_used, 0,
	    COUNT(shapes) * COUNT(roundings));
	tcase_add_loop_test(tc, sizes_of_numbers_do_not_matter, 0, 5);
	tcase_add_test(tc, sums_do_not_overflow);
	tcase_add_loop_test(tc, rows_without_keys_are_nan_or_zero, 0, 2);
	tcase_add_test(tc, lowest_mask_of_all_keys_is_none);
	tcase_add_loop_test(tc, what_is_no_number_stays_none, 0, 9);
	return s;
}

SUITE_MAIN(attention_suite)
