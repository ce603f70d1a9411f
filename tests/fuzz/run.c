/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of running: a small model through the refs as it is, and through
 * passes, plan and native code.  What the refs can run the runtime can, and
 * the results are the same, as far as rounding lets them.
 */
#include "tests/fuzz/fuzz.h"

#include "ir/graph/iter.h"
#include "ir/graph/list.h"
#include "ir/onnx/import.h"
#include "ir/op/infer.h"
#include "ir/op/op.h"
#include "ir/op/ref.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/graph.h"
#include "tests/fuzz/wire.h"
#include "tests/support/onnx_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t mutate(uint8_t *p, size_t n, size_t max, uint64_t *seed);

const struct fuzz_target fuzz_target = {
	.name = "run",
	.max = 512,
	.mutate = mutate,
};

/* With more elements, attention of a token a row takes seconds in the refs.  */
enum { MAX_NUMEL = 1 << 12, MAX_OUT = 32 };

struct result {
	struct brn_arena *arena;
	int nout, rc;
	struct brn_tensor out[MAX_OUT];
	burin_error err;
};

static void
must(int ok, const struct fuzz_graph *g, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%.*s%s\n", (int)g->text.n, (const char *)g->text.p,
	    what);
	abort();
}

/* ---- a model ------------------------------------------------------------- */

struct trial {
	struct fuzz_graph m;
	uint8_t *file;                  /* of size bytes */
	size_t size;
	struct brn_graph *g;            /* NULL: it cannot be imported */
};

static void
trial_make(struct trial *t, const uint8_t *p, size_t n)
{
	burin_error err;

	fuzz_graph_make(&t->m, p, n);
	brn_buf_u8(&t->m.text, 0);
	t->m.text.n--;
	t->file = onnx_text_bytes((const char *)t->m.text.p, &t->size);
	if (brn_onnx_import(t->file, t->size, NULL, "m", 0, &t->g, &err) < 0)
		t->g = NULL;
	if (!t->g)
		return;
	fuzz_write_text(t->g);
	if (t->g->nin == t->m.nin && t->g->nout <= MAX_OUT)
		return;
	brn_graph_free(t->g);
	t->g = NULL;
}

static void
trial_free(struct trial *t)
{
	brn_graph_free(t->g);
	free(t->file);
	fuzz_graph_free(&t->m);
	memset(t, 0, sizeof *t);
}

/* ---- refs ---------------------------------------------------------------- */

/* Whether a node whose shape depends on data is as large as its inputs at
 * most, and not as large as the numbers in them.  */
static int
is_bounded(enum brn_op op)
{
	static const enum brn_op not[] = { BRN_OP_expand, BRN_OP_tile,
	    BRN_OP_range, BRN_OP_constant_of_shape, BRN_OP_one_hot, BRN_OP_pad,
	    BRN_OP_resize, BRN_OP_col2im, BRN_OP_center_crop_pad,
	    BRN_OP_hann_window, BRN_OP_hamming_window, BRN_OP_blackman_window,
	    BRN_OP_mel_weight_matrix, BRN_OP_dft, BRN_OP_stft,
	    BRN_OP_max_unpool, BRN_OP_matmul, BRN_OP_gather,
	    BRN_OP_einsum, BRN_OP_conv_transpose };

	for (int i = 0; i < BRN_COUNT(not); i++)
		if (op == not[i])
			return 0;
	return 1;
}

/* Whether shapes are small, as far as they are known, and outputs tensors; or
 * there is an error.  */
static int
is_small(const struct brn_graph *g, const struct brn_tensor *in)
{
	struct brn_type type[FUZZ_INPUTS];
	struct brn_shapes *s;
	burin_error err;
	int ok;

	for (int i = 0; i < g->nin; i++)
		type[i] = in[i].type;
	ok = brn_infer_open(g, type, NULL, &s, &err) == 0;
	if (!ok)
		return 1;
	for (int i = 0; i < g->nnode && ok; i++) {
		int64_t n = brn_type_numel(&s->type[i]);

		ok = n < 0 ? is_bounded(g->node[i]->op) : n <= MAX_NUMEL;
	}
	for (int i = 0; i < g->nout; i++)
		ok &= !brn_is_list(&s->type[g->out[i].node->id]);
	brn_shapes_free(s);
	return ok;
}

/* Run g.  0: it is too large to try.  */
static int
run_graph(struct brn_graph *g, const struct brn_tensor *in,
    const struct brn_ref_watch *watch, struct result *r)
{
	memset(r, 0, sizeof *r);
	if (!is_small(g, in))
		return 0;
	r->nout = g->nout;
	r->arena = brn_arena_new();
	r->rc = r->arena ? brn_ref_graph_watched(g, in, r->out, r->arena,
	    watch, &r->err) : -1;
	return 1;
}

static void
free_result(struct result *r)
{
	for (int i = 0; i < r->nout; i++)
		if (brn_is_list(&r->out[i].type) && r->out[i].data)
			brn_list_drop(brn_list_of(&r->out[i]));
	brn_arena_free(r->arena);
}

/* ---- mutations ----------------------------------------------------------- */

enum { MUTATE_TRIES = 4, MUTATE_MOST = 4096 };

/* The last model that mutate made, which is most likely the next to be run.  */
static struct {
	struct trial t;
	uint8_t p[MUTATE_MOST];
	size_t n;
} kept;

/* Whether the model can be imported and its shapes fit in the first run.  */
static int
is_runnable(const uint8_t *p, size_t n)
{
	struct trial *t = &kept.t;
	struct brn_type type[FUZZ_INPUTS];
	struct brn_shapes *s;
	burin_error err;
	int rc = -1;

	trial_free(t);
	trial_make(t, p, n);
	memcpy(kept.p, p, n);
	kept.n = n;
	for (int i = 0; t->g && i < t->g->nin; i++)
		type[i] = t->m.in[0][i].type;
	if (t->g)
		rc = brn_infer(t->g, type, &s, &err);
	if (rc == 0)
		brn_shapes_free(s);
	return rc == 0 || rc == BURIN_EUNSUPPORTED;
}

/* The model of the n bytes.  */
static void
take_trial(struct trial *t, const uint8_t *p, size_t n)
{
	if (kept.t.file && kept.n == n && !memcmp(kept.p, p, n)) {
		*t = kept.t;
		t->m.p = p;
		memset(&kept.t, 0, sizeof kept.t);
	} else {
		trial_make(t, p, n);
	}
}

/* One of four times any change, else one after which the model still runs, if
 * such a change is found in a few tries.  */
static size_t
mutate(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	uint8_t q[MUTATE_MOST];
	size_t size = n;

	max = max < sizeof q ? max : sizeof q;
	if (n == 0 || n > max || fuzz_random(seed) % 4 == 0)
		return fuzz_bytes(p, n, max, seed);
	for (int i = 0; i < MUTATE_TRIES; i++) {
		memcpy(q, p, n);
		size = fuzz_records(q, n, max, seed);
		if (is_runnable(q, size))
			break;
	}
	memcpy(p, q, size);
	return size;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	uint64_t state = seed + 1;

	return mutate(p, n, max, &state);
}

/* ---- the runtime --------------------------------------------------------- */

struct machine {
	burin_options *o;
	burin_model *m;
	burin_session *s;
	burin_output out;
	int rc;                         /* of loading the model */
	burin_error err;
};

static int
start(const struct trial *t, struct machine *k, burin_error *err)
{
	static const char *const opts[][2] = { { "compile", "off" },
		{ "threads", "1" }, { "verify", "1" } };
	int rc = 0;

	k->o = burin_options_new();
	for (int i = 0; k->o && i < BRN_COUNT(opts) && rc == 0; i++)
		rc = burin_options_set(k->o, opts[i][0], opts[i][1], err);
	if (rc == 0)
		rc = burin_model_load_memory(t->file, t->size, NULL, k->o,
		    &k->m, err);
	return rc < 0 ? rc : burin_session_new(k->m, k->o, &k->s, err);
}

static int
run(const struct fuzz_graph *g, int nth, struct machine *k, burin_error *err)
{
	burin_tensor in[FUZZ_INPUTS] = { { 0 } };

	for (int i = 0; i < g->nin; i++) {
		const struct brn_type *t = &g->in[nth][i].type;

		in[i] = (burin_tensor){
			.name = burin_model_input(k->m, (size_t)i)->name,
			.dtype = (enum burin_dtype)t->dtype,
			.rank = t->rank, .data = g->in[nth][i].data,
			.nbytes = FUZZ_NUMEL * 8,
		};
		memcpy(in[i].dims, t->dim, sizeof in[i].dims);
	}
	k->out = (burin_output){ .name = burin_model_output(k->m, 0)->name };
	return burin_run(k->s, in, (size_t)g->nin, &k->out, 1, err);
}

static void
stop(struct machine *k)
{
	burin_session_free(k->s);
	burin_model_free(k->m);
	burin_options_free(k->o);
}

/* ---- the same? ----------------------------------------------------------- */

/* Noise in all floats of a run of the refs, as rounding would make it, but 100
 * times as large: where that changes the result much more, rounding may, too.
 * It reaches what a change of the inputs does not: rows that rounding alone
 * makes different (LayerNorm), numbers that should be equal (Unique) or 1
 * (Asin), and what is left where large numbers cancel.  */
#define NOISE 1e-5
enum { NOISY_RUNS = 3 };

struct noise {
	struct brn_arena *arena;
	uint64_t state;
	int wild;               /* a number was huge, infinite or NaN */
};

/* A number in (-NOISE, NOISE).  */
static double
any_noise(struct noise *k)
{
	return ((double)(fuzz_random(&k->state) % 2001) - 1000) * NOISE / 1001;
}

static void
add_noise(const struct brn_node *n, struct brn_tensor *t, void *ctx)
{
	struct noise *k = ctx;
	size_t bytes = brn_tensor_bytes(t);
	void *copy;

	if (brn_is_list(&t->type) || !brn_dtype_is_float(t->type.dtype))
		return;
	copy = brn_arena_alloc(k->arena, bytes + 1, 1);
	if (!copy)
		abort();
	if (bytes)
		memcpy(copy, t->data, bytes);
	t->data = copy;
	(void)n;
	for (int64_t i = 0; i < brn_numel(t); i++) {
		double v = brn_get_float(t, i);

		k->wild |= !(fabs(v) < 1e8);
		if (v != 0)
			brn_set_float(t, i, v + v * any_noise(k) +
			    any_noise(k) / 8);
	}
}

static int
is_near(double a, double b, double by)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= by;
}

/* How far the outputs are apart; a step of one element, by Sign or Greater, is
 * one of others after a product, so all may be off as far as the one that is
 * off most.  Infinite: there is no telling.  */
static double
distance(const struct brn_tensor *a, const struct brn_tensor *b)
{
	double most = 0;

	if (!brn_type_equal(&a->type, &b->type))
		return INFINITY;
	for (int64_t i = 0; i < brn_numel(a); i++) {
		double v = brn_get_float(a, i), w = brn_get_float(b, i);

		if (isnan(v) && isnan(w))
			continue;
		if (v != w && !(fabs(v - w) <= most))
			most = fabs(v - w);
		if (isnan(most))
			return INFINITY;
	}
	return most;
}

/* How far rounding may move the result of run nth; INFINITY: anywhere.  */
static double
spread(struct trial *t, int nth, const struct result *want)
{
	double most = 0;

	for (int i = 0; i < NOISY_RUNS; i++) {
		struct noise k = { brn_arena_new(), (uint64_t)i + 1,
		    t->m.wild };
		struct brn_ref_watch watch = { add_noise, &k };
		struct result r = { 0 };
		double d = INFINITY;

		if (k.arena && run_graph(t->g, t->m.in[nth], &watch, &r) &&
		    r.rc == 0 && !k.wild)
			d = distance(&want->out[0], &r.out[0]);
		most = d > most ? d : most;
		free_result(&r);
		brn_arena_free(k.arena);
	}
	return most;
}

/* Whether the outputs are the same but for what rounding may do, which is off
 * by at most.  */
static int
is_same(const struct brn_tensor *got, const struct brn_tensor *want, double off)
{
	for (int64_t i = 0; i < brn_numel(want); i++) {
		double w = brn_get_float(want, i), g = brn_get_float(got, i);
		double by = off ? 1e-4 * (1 + fabs(w)) + 50 * off :
		    1e-5 * (1 + fabs(w));

		if (!is_near(g, w, by))
			return 0;
	}
	return 1;
}

static void
compare(struct trial *t, int nth, const struct result *want,
    const burin_output *out)
{
	const struct brn_tensor *w = &want->out[0];
	struct brn_tensor got = { .data = (void *)out->data };
	double off;
	int like;

	got.type.dtype = out->dtype;
	got.type.rank = out->rank;
	memcpy(got.type.dim, out->dims, sizeof got.type.dim);
	like = brn_type_equal(&got.type, &w->type);
	if (like && is_same(&got, w, 0))
		return;
	off = spread(t, nth, want);
	if (got.type.dtype == w->type.dtype && (isinf(off) || (like &&
	    is_same(&got, w, off))))
		return;
	must(like, &t->m, "another type");
	fprintf(stderr, "rounding may move results by %g\n", off);
	for (int64_t i = 0; i < brn_numel(w); i++)
		fprintf(stderr, "[%lld] ref %.9g, run %.9g\n", (long long)i,
		    brn_get_float(w, i), brn_get_float(&got, i));
	must(0, &t->m, "another result");
}

/* Run the model and its graph with the inputs of run nth.  */
static void
try_run(struct trial *t, int nth, struct machine *k)
{
	struct fuzz_graph *g = &t->m;
	struct result want;
	burin_error err = k->err;
	int rc = k->rc;

	if (!run_graph(t->g, g->in[nth], NULL, &want))
		return;
	if (rc == 0)
		rc = run(g, nth, k, &err);
	/* A session gives no sequence.  */
	must(rc == 0 || want.rc < 0 || brn_is_list(&want.out[0].type), g,
	    err.msg);
	if (rc == 0 && want.rc == 0)
		compare(t, nth, &want, &k->out);
	free_result(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct machine k = { 0 };
	struct trial t = { 0 };

	take_trial(&t, p, n);
	if (t.g) {
		k.rc = start(&t, &k, &k.err);
		for (int i = 0; i < t.m.nrun; i++)
			try_run(&t, i, &k);
		stop(&k);
	}
	trial_free(&t);
	return 0;
}
