/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of running: a small model through the refs as it is, and through
 * passes, plan and native code.  What the refs can run the runtime can, and
 * the results are the same, as far as rounding lets them.
 */
#include "tests/fuzz/fuzz.h"

#include "ir/graph/list.h"
#include "ir/op/infer.h"
#include "ir/graph/iter.h"
#include "ir/onnx/import.h"
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

enum { MAX_NUMEL = 1 << 14, MAX_OUT = 32 };

#define NUDGE 1e-5

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

static const char *
terminated(struct fuzz_graph *g)
{
	brn_buf_u8(&g->text, 0);
	g->text.n--;
	return (const char *)g->text.p;
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

/* The graph, or NULL: the model cannot be imported.  */
static struct brn_graph *
import(struct fuzz_graph *m)
{
	struct brn_graph *g;
	burin_error err;

	if (onnx_text_import(terminated(m), NULL, 0, &g, &err) < 0)
		return NULL;
	fuzz_write_text(g);
	if (g->nin == m->nin && g->nout <= MAX_OUT)
		return g;
	brn_graph_free(g);
	return NULL;
}

/* Run g.  0: it is too large to try.  */
static int
run_graph(struct brn_graph *g, const struct brn_tensor *in, struct result *r)
{
	memset(r, 0, sizeof *r);
	if (!is_small(g, in))
		return 0;
	r->nout = g->nout;
	r->arena = brn_arena_new();
	r->rc = r->arena ? brn_ref_graph(g, in, r->out, r->arena, &r->err) :
	    -1;
	return 1;
}

/* Run number k of the model.  0: it cannot be imported or is too large.  */
static int
run_ref(struct fuzz_graph *m, int k, struct result *r)
{
	struct brn_graph *g = import(m);
	int done = g && run_graph(g, m->in[k], r);

	brn_graph_free(g);
	return done;
}

/* ---- mutations ----------------------------------------------------------- */

enum { MUTATE_TRIES = 4, MUTATE_MOST = 4096 };

/* Whether the model can be imported and its shapes fit in the first run.  */
static int
is_runnable(const uint8_t *p, size_t n)
{
	struct brn_type type[FUZZ_INPUTS];
	struct fuzz_graph m;
	struct brn_shapes *s;
	struct brn_graph *g;
	burin_error err;
	int rc = -1;

	fuzz_graph_make(&m, p, n, 0, 0);
	g = import(&m);
	for (int i = 0; g && i < g->nin; i++)
		type[i] = m.in[0][i].type;
	if (g)
		rc = brn_infer(g, type, &s, &err);
	if (rc == 0)
		brn_shapes_free(s);
	brn_graph_free(g);
	fuzz_graph_free(&m);
	return rc == 0 || rc == BURIN_EUNSUPPORTED;
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
start(struct fuzz_graph *g, struct machine *k, burin_error *err)
{
	static const char *const opts[][2] = { { "compile", "off" },
		{ "threads", "1" }, { "verify", "1" } };
	size_t n;
	uint8_t *p = onnx_text_bytes(terminated(g), &n);
	int rc = 0;

	k->o = burin_options_new();
	for (int i = 0; k->o && i < BRN_COUNT(opts) && rc == 0; i++)
		rc = burin_options_set(k->o, opts[i][0], opts[i][1], err);
	if (rc == 0)
		rc = burin_model_load_memory(p, n, NULL, k->o, &k->m, err);
	free(p);
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

static int
is_near(double a, double b, double by)
{
	if (isnan(a) || isnan(b))
		return isnan(a) && isnan(b);
	return a == b || fabs(a - b) <= by;
}

static double
fmax_nan(double a, double b)
{
	return isnan(a) || a > b ? a : b;
}

/* What element i of the result is off by when all numbers are a little off.  A
 * step of one element, by Sign or Greater, is one of others after a product, so
 * all may be off as far as the one that is off most.  */
static double
shake(const struct result *want, const struct result *near, int64_t i)
{
	double w = brn_get_float(&want->out[0], i), most = 0;

	for (int k = 0; k < 2; k++) {
		double v = near[k].rc == 0 && brn_numel(&near[k].out[0]) ==
		    brn_numel(&want->out[0]) ?
		    brn_get_float(&near[k].out[0], i) : NAN;

		if (!(fabs(v - w) <= most))
			most = fabs(v - w);
	}
	return most;
}

static int
is_wild(struct fuzz_graph *g, int nth)
{
	struct fuzz_graph all;
	struct result r;
	int wild = g->wild;

	fuzz_graph_make(&all, g->p, g->n, 0, 1);
	if (!wild && run_ref(&all, nth, &r)) {
		for (int k = 0; r.rc == 0 && k < r.nout; k++)
			for (int64_t i = 0; i < brn_numel(&r.out[k]); i++)
				wild |= !(fabs(brn_get_float(&r.out[k], i)) <
				    1e8);
		brn_arena_free(r.arena);
	}
	fuzz_graph_free(&all);
	return wild;
}

/* Differences are no fault where the result hangs on the last bit.  */
static int
is_excused(const struct fuzz_graph *m, int nth, const struct result *want,
    const struct brn_tensor *got)
{
	struct fuzz_graph g[2];
	struct result near[2];
	double most = 0;
	int ok = 1;

	for (int k = 0; k < 2; k++) {
		fuzz_graph_make(&g[k], m->p, m->n, k ? -NUDGE : NUDGE, 0);
		if (!run_ref(&g[k], nth, &near[k]))
			near[k].rc = -1;
	}
	for (int64_t i = 0; i < brn_numel(got); i++)
		most = fmax_nan(most, shake(want, near, i));
	for (int64_t i = 0; i < brn_numel(got) && ok; i++) {
		double w = brn_get_float(&want->out[0], i);

		ok = isnan(most) || is_near(brn_get_float(got, i), w,
		    1e-4 * (1 + fabs(w)) + 50 * most);
	}
	for (int k = 0; k < 2; k++) {
		brn_arena_free(near[k].arena);
		fuzz_graph_free(&g[k]);
	}
	return ok;
}

static void
compare(struct fuzz_graph *g, int nth, const struct result *want,
    const burin_output *out)
{
	const struct brn_tensor *w = &want->out[0];
	struct brn_tensor got = { .data = (void *)out->data };
	int same = 1;

	got.type.dtype = out->dtype;
	got.type.rank = out->rank;
	memcpy(got.type.dim, out->dims, sizeof got.type.dim);
	must(brn_type_equal(&got.type, &w->type), g, "another type");
	for (int64_t i = 0; i < brn_numel(w) && same; i++) {
		double v = brn_get_float(w, i);

		same = is_near(brn_get_float(&got, i), v,
		    1e-5 * (1 + fabs(v)));
	}
	must(same || is_excused(g, nth, want, &got) || is_wild(g, nth), g,
	    "another result");
}

/* Run the model and its graph with the inputs of run nth.  */
static void
try_run(struct fuzz_graph *g, int nth, struct brn_graph *ref,
    struct machine *k)
{
	struct result want;
	burin_error err = k->err;
	int rc = k->rc;

	if (!run_graph(ref, g->in[nth], &want))
		return;
	if (rc == 0)
		rc = run(g, nth, k, &err);
	/* A session gives no sequence.  */
	must(rc == 0 || want.rc < 0 || brn_is_list(&want.out[0].type), g,
	    err.msg);
	if (rc == 0 && want.rc == 0)
		compare(g, nth, &want, &k->out);
	brn_arena_free(want.arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct machine k = { 0 };
	struct fuzz_graph g;
	struct brn_graph *ref;

	fuzz_graph_make(&g, p, n, 0, 0);
	ref = import(&g);
	if (ref) {
		k.rc = start(&g, &k, &k.err);
		for (int i = 0; i < g.nrun; i++)
			try_run(&g, i, ref, &k);
		stop(&k);
	}
	brn_graph_free(ref);
	fuzz_graph_free(&g);
	return 0;
}
