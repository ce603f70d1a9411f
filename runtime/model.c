/* SPDX-License-Identifier: Apache-2.0
 *
 * A model: graph to net to kernels, and the facts that burin.h gives about it.
 */
#include "runtime/model.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/graph/estimate.h"
#include "ir/graph/list.h"
#include "jit/kernel/cost.h"
#include "passes/pass.h"

struct burin_model *
brn_model_ref(struct burin_model *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

struct brn_net *
brn_model_net(struct burin_model *m)
{
	struct brn_net *n;

	pthread_mutex_lock(&m->lock);
	n = brn_net_ref(m->net);
	pthread_mutex_unlock(&m->lock);
	return n;
}

void
burin_model_free(burin_model *m)
{
	if (!m || atomic_fetch_sub(&m->refs, 1) > 1)
		return;
	brn_jit_end(m->task);
	for (int i = 0; i < m->nlayer; i++)
		brn_jit_release(m->layer[i].kernel);
	brn_net_free(m->net);
	brn_tune_free(m->tune);
	brn_arena_free(m->arena);
	pthread_mutex_destroy(&m->lock);
	free(m);
}

/* A model without a net.  */
static struct burin_model *
model_new(const struct burin_options *o)
{
	struct burin_model *m = brn_alloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->refs = 1;
	m->options = (struct burin_options){ .sparse = o->sparse,
	    .isa = o->isa, .precision = o->precision, .keep = o->keep,
	    .verify = o->verify, .warm = o->warm,
	    .max_memory = o->max_memory, .max_load_ms = o->max_load_ms,
	    .max_load_work = o->max_load_work };
	pthread_mutex_init(&m->lock, NULL);
	m->arena = brn_arena_new();
	if (m->arena)
		return m;
	burin_model_free(m);
	return NULL;
}

/* ---- facts ------------------------------------------------------------ */

/* Replace *s by a copy that lives as long as the model.  */
static int
keep_string(struct burin_model *m, const char **s, burin_error *err)
{
	if (!*s)
		return 0;
	*s = brn_arena_strdup(m->arena, *s);
	return *s ? 0 : brn_nomem(err);
}

static int
value_info(struct burin_model *m, const struct brn_graph *g,
    const struct brn_value *v, burin_value_info *out, burin_error *err)
{
	const struct brn_type *t = &v->node->type;
	int rc;

	if (brn_is_list(t) && !m->options.keep)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "output '%s': is a sequence", v->name);
	out->name = v->name;
	out->dtype = (enum burin_dtype)t->dtype;
	out->rank = t->rank;
	for (int i = 0; i < t->rank; i++) {
		int64_t d = t->dim[i];

		out->dims[i] = brn_is_sym(d) ? -1 : d;
		if (brn_is_sym(d) && d - BRN_SYM(0) < g->nsym)
			out->dim_names[i] = g->sym[d - BRN_SYM(0)];
		if ((rc = keep_string(m, &out->dim_names[i], err)) < 0)
			return rc;
	}
	return keep_string(m, &out->name, err);
}

/* In g and in the graphs in it.  */
static int
count_unsupported(const struct brn_graph *g)
{
	int n = 0;

	for (int i = 0; i < g->nnode; i++) {
		n += g->node[i]->op == BRN_OP_unsupported;
		for (int k = 0; k < g->node[i]->nbody; k++)
			n += count_unsupported(g->node[i]->body[k].g);
	}
	return n;
}

/* Add those of g and of the graphs in it to m->unsupported.  */
static int
list_unsupported(struct burin_model *m, const struct brn_graph *g,
    burin_error *err)
{
	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *u = g->node[i];
		int rc = 0;

		for (int k = 0; k < u->nbody && rc == 0; k++)
			rc = list_unsupported(m, u->body[k].g, err);
		if (rc < 0)
			return rc;
		if (u->op != BRN_OP_unsupported)
			continue;
		m->unsupported[m->nunsupported] = brn_arena_printf(m->arena,
		    "%s (node '%s', opset %d)", u->onnx_op, u->name, u->opset);
		if (!m->unsupported[m->nunsupported++])
			return brn_nomem(err);
	}
	return 0;
}

static int
describe_unsupported(struct burin_model *m, const struct brn_graph *g,
    burin_error *err)
{
	int n = count_unsupported(g);

	m->unsupported = brn_arena_alloc(m->arena, (size_t)n,
	    sizeof *m->unsupported);
	return m->unsupported ? list_unsupported(m, g, err) : brn_nomem(err);
}

/* Facts about the file, taken before passes change the graph.  */
static int
describe_file(struct burin_model *m, const struct brn_graph *g,
    burin_error *err)
{
	int rc;

	m->opset = g->opset;
	m->op = brn_arena_alloc(m->arena, (size_t)g->nopcount, sizeof *m->op);
	if (!m->op)
		return brn_nomem(err);
	for (; m->nop < g->nopcount; m->nop++) {
		burin_op_info *op = &m->op[m->nop];

		*op = (burin_op_info){ g->opcount[m->nop].name,
		    g->opcount[m->nop].count };
		if ((rc = keep_string(m, &op->name, err)) < 0)
			return rc;
	}
	return describe_unsupported(m, g, err);
}

/* Patterns that passes did not fuse, with reasons.  */
static int
describe_unfused(struct burin_model *m, burin_error *err)
{
	const struct brn_graph *g = m->net->graph;
	int n = 0;

	for (int i = 0; i < g->nnode; i++)
		n += brn_report_why_unfused(g, g->node[i]) != NULL;
	m->unfused = brn_arena_alloc(m->arena, (size_t)n, sizeof *m->unfused);
	if (!m->unfused)
		return brn_nomem(err);
	for (int i = 0; i < g->nnode; i++) {
		const char *why = brn_report_why_unfused(g, g->node[i]);

		if (!why)
			continue;
		m->unfused[m->nunfused] = brn_arena_printf(m->arena,
		    "node '%s': %s", g->node[i]->name, why);
		if (!m->unfused[m->nunfused++])
			return brn_nomem(err);
	}
	return 0;
}

/* Inputs and outputs, after passes: they may have inferred more of the
 * types.  */
static int
describe_values(struct burin_model *m, burin_error *err)
{
	const struct brn_graph *g = m->net->graph;
	int rc = 0;

	m->in = brn_arena_alloc(m->arena, (size_t)g->nin, sizeof *m->in);
	m->out = brn_arena_alloc(m->arena, (size_t)g->nout, sizeof *m->out);
	if (!m->in || !m->out)
		return brn_nomem(err);
	for (; rc == 0 && m->nin < g->nin; m->nin++)
		rc = value_info(m, g, &g->in[m->nin], &m->in[m->nin], err);
	for (; rc == 0 && m->nout < g->nout; m->nout++)
		rc = value_info(m, g, &g->out[m->nout], &m->out[m->nout],
		    err);
	return rc;
}

/* Nanoseconds of a tile to microseconds of BRN_COST_TOKENS tokens.  */
static double
micros(double ns)
{
	return ns * (BRN_COST_TOKENS / BRN_TILE) / 1e3;
}

static const char *
kernel_name(int kernel)
{
	return kernel == BRN_NO_KERNEL ? NULL : brn_kernels[kernel].name;
}

static int
describe_candidates(struct burin_model *m, const struct brn_choice *c,
    struct brn_layer_told *l, burin_error *err)
{
	burin_candidate_info *out;

	if (!c || !c->ncand)
		return 0;
	out = brn_arena_alloc(m->arena, (size_t)c->ncand, sizeof *out);
	if (!out)
		return brn_nomem(err);
	for (int i = 0; i < c->ncand; i++) {
		const struct brn_candidate *k = &c->cand[i];

		out[i] = (burin_candidate_info){ k->bh, k->bw, k->dense,
		    k->dense ? !c->sparse : c->sparse && k->bh == c->bh &&
		    k->bw == c->bw, k->density, kernel_name(k->kernel),
		    micros(k->predicted), micros(k->measured) };
	}
	l->candidate = out;
	l->before.ncandidates = (size_t)c->ncand;
	return 0;
}

static int
describe_layers(struct burin_model *m, burin_error *err)
{
	const struct brn_net *n = m->net;

	m->layer = brn_arena_alloc(m->arena, (size_t)n->nlayer,
	    sizeof *m->layer);
	if (!m->layer)
		return brn_nomem(err);
	for (int i = 0; i < n->nlayer; i++) {
		struct brn_layer_told *l = &m->layer[i];
		struct brn_kernel *k = n->layer[i].kernel;
		char hex[BRN_KEY_HEX];
		struct brn_key key;
		int rc;

		l->before = n->layer[i].info;
		key = brn_kernel_key(k);
		brn_key_hex(&key, hex);
		l->before.key = hex;
		if ((rc = keep_string(m, &l->before.key, err)) < 0 ||
		    (rc = keep_string(m, &l->before.name, err)) < 0 ||
		    (rc = keep_string(m, &l->before.why, err)) < 0 ||
		    (rc = describe_candidates(m, n->layer[i].choice, l,
		    err)) < 0)
			return rc;
		l->after = l->before;
		l->before.kernel = brn_kernel_name(k, 0);
		l->after.kernel = brn_kernel_name(k, 1);
		l->kernel = brn_jit_ref(k);
		m->nlayer++;
	}
	return 0;
}

/* Keys of the tuning records that the model used.  */
static int
describe_tunings(struct burin_model *m, burin_error *err)
{
	const struct brn_key *key;
	char hex[BRN_KEY_HEX];
	int n = 0, rc = 0;

	while (brn_tune_key(m->tune, n))
		n++;
	m->tuning = brn_arena_alloc(m->arena, (size_t)n, sizeof *m->tuning);
	if (!m->tuning)
		return brn_nomem(err);
	while (rc == 0 && (key = brn_tune_key(m->tune, m->ntuning))) {
		brn_key_hex(key, hex);
		m->tuning[m->ntuning] = hex;
		rc = keep_string(m, &m->tuning[m->ntuning++], err);
	}
	return rc;
}

/* ---- kernels ---------------------------------------------------------- */

static int
set_jit(struct burin_model *m, const struct burin_options *o,
    burin_error *err)
{
	struct brn_jit_opts *out = &m->jit;
	int rc;

	*out = (struct brn_jit_opts){
		.mode = o->compile == BRN_COMPILE_off ? BRN_JIT_off :
		    (enum brn_jit_mode)o->jit,
		.wait = o->compile != BRN_COMPILE_async || o->warm,
		.cache_dir = o->cache_dir,
		.cache_ro = o->cache_ro,
		.remote = o->cache_remote,
		.remote_key = o->cache_remote_key,
		.limits = brn_options_limits(o),
		.jobs = o->jobs,
		.max_kernels = o->max_kernels,
		.retry = o->retry,
		.warm = o->warm,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	if ((rc = keep_string(m, &out->cache_dir, err)) < 0 ||
	    (rc = keep_string(m, &out->cache_ro, err)) < 0 ||
	    (rc = keep_string(m, &out->remote, err)) < 0)
		return rc;
	if ((rc = keep_string(m, &out->remote_key, err)) < 0)
		return rc;
	return brn_tune_new(out, (enum brn_isa)o->isa, o->tune, &m->tune,
	    err);
}

/* Wait for kernels to the end of loading.  What is not compiled by then is
 * compiled in the background.  */
static void
wait_for_kernels(struct burin_model *m, double end_ms)
{
	double left = end_ms - brn_now_ms();

	brn_jit_wait(m->task, left < 1 ? 0 : left > INT_MAX ? INT_MAX :
	    (int)left);
}

static int
get_kernels(struct burin_model *m, burin_error *err)
{
	struct brn_net *n = m->net;
	int timed = n->end_ms > 0 && m->jit.wait && !m->jit.warm;
	struct brn_spec *spec = brn_alloc((size_t)n->nlayer, sizeof *spec);
	struct brn_kernel **k = brn_alloc((size_t)n->nlayer, sizeof (void *));
	int rc = spec && k ? 0 : brn_nomem(err);

	for (int i = 0; rc == 0 && i < n->nlayer; i++)
		spec[i] = n->layer[i].spec;
	if (timed)
		m->jit.wait = 0;
	m->jit.work_kernels = n->kernels;
	if (rc == 0)
		rc = brn_jit_start(&m->jit, spec, n->nlayer, k, &m->task, err);
	for (int i = 0; rc == 0 && i < n->nlayer; i++)
		n->layer[i].kernel = k[i];
	if (rc == 0 && timed)
		wait_for_kernels(m, n->end_ms);
	free(spec);
	free(k);
	return rc;
}

/* ---- load ------------------------------------------------------------- */

/* The list is needed again when weights are updated.  */
static int
keep_fp32_layers(struct burin_model *m, const struct burin_options *o,
    burin_error *err)
{
	if (!o->fp32_layers)
		return 0;
	m->options.fp32_layers = brn_arena_strdup(m->arena, o->fp32_layers);
	return m->options.fp32_layers ? 0 : brn_nomem(err);
}

int
brn_model_new(struct brn_graph *g, const struct burin_options *o, double t0,
    burin_model **out, burin_error *err)
{
	struct burin_model *m = model_new(o);
	int rc = m ? describe_file(m, g, err) : brn_nomem(err);

	if (rc < 0 || (rc = set_jit(m, o, err)) < 0 ||
	    (rc = keep_fp32_layers(m, o, err)) < 0)
		brn_graph_free(g);
	else
		rc = brn_net_new(g, o, m->tune, &m->net, err);
	if (rc < 0 || (rc = describe_values(m, err)) < 0 ||
	    (rc = describe_unfused(m, err)) < 0 ||
	    (rc = get_kernels(m, err)) < 0 ||
	    (rc = describe_layers(m, err)) < 0 ||
	    (rc = describe_tunings(m, err)) < 0) {
		burin_model_free(m);
		return rc;
	}
	m->ndequant = m->net->graph->ndequant;
	brn_tune_seal(m->tune);
	m->load_ms = brn_now_ms() - t0;
	*out = m;
	return 0;
}

const char *
burin_model_isa(const burin_model *m)
{
	return brn_isas[m->options.isa].name;
}

int
burin_model_opset(const burin_model *m)
{
	return m->opset;
}

size_t
burin_model_num_inputs(const burin_model *m)
{
	return (size_t)m->nin;
}

size_t
burin_model_num_outputs(const burin_model *m)
{
	return (size_t)m->nout;
}

size_t
burin_model_num_ops(const burin_model *m)
{
	return (size_t)m->nop;
}

size_t
burin_model_num_layers(const burin_model *m)
{
	return (size_t)m->nlayer;
}

size_t
burin_model_num_unfused(const burin_model *m)
{
	return (size_t)m->nunfused;
}

size_t
burin_model_num_unsupported(const burin_model *m)
{
	return (size_t)m->nunsupported;
}

size_t
burin_model_num_dequantized(const burin_model *m)
{
	return (size_t)m->ndequant;
}

const char *
burin_model_tuning(const burin_model *m, size_t i)
{
	return i < (size_t)m->ntuning ? m->tuning[i] : NULL;
}

const burin_value_info *
burin_model_input(const burin_model *m, size_t i)
{
	return i < burin_model_num_inputs(m) ? &m->in[i] : NULL;
}

const burin_value_info *
burin_model_output(const burin_model *m, size_t i)
{
	return i < burin_model_num_outputs(m) ? &m->out[i] : NULL;
}

const burin_op_info *
burin_model_op(const burin_model *m, size_t i)
{
	return i < burin_model_num_ops(m) ? &m->op[i] : NULL;
}

const burin_layer_info *
burin_model_layer(const burin_model *m, size_t i)
{
	const struct brn_layer_told *l = &m->layer[i];

	if (i >= burin_model_num_layers(m))
		return NULL;
	return brn_kernel_is_made(l->kernel) ? &l->after : &l->before;
}

const burin_candidate_info *
burin_model_candidate(const burin_model *m, size_t layer, size_t i)
{
	const struct brn_layer_told *l = &m->layer[layer];

	if (layer >= burin_model_num_layers(m) || i >= l->before.ncandidates)
		return NULL;
	return &l->candidate[i];
}

const char *
burin_model_unsupported(const burin_model *m, size_t i)
{
	return i < burin_model_num_unsupported(m) ? m->unsupported[i] : NULL;
}

const char *
burin_model_unfused(const burin_model *m, size_t i)
{
	return i < burin_model_num_unfused(m) ? m->unfused[i] : NULL;
}

/* Why layers are fp32 though another precision was asked for.  */
static void
note_precision(const struct burin_options *o, burin_stats *st)
{
	int bf16 = o->precision == BRN_PRECISION_bf16;
	int runs = brn_elem_runs(bf16 ? BRN_ELEM_bf16 : BRN_ELEM_i8,
	    (enum brn_isa)o->isa);

	if ((bf16 && brn_net_elem(o) == BRN_ELEM_f32) ||
	    (o->precision == BRN_PRECISION_int8 && !runs))
		snprintf(st->note, sizeof st->note, "precision: %s is %s; "
		    "layers are fp32", bf16 ? "bf16" : "int8", runs ?
		    "slower than fp32 on this processor" :
		    "not to be had with this instruction set and processor");
}

/* That no layer has a name in fp32_layers.  */
static void
note_fp32_layers(const burin_model *m, burin_stats *st)
{
	const char *globs = m->options.fp32_layers;

	for (int i = 0; i < m->nlayer; i++)
		if (brn_is_listed(globs, m->layer[i].before.name))
			return;
	if (globs && *globs)
		snprintf(st->note, sizeof st->note, "fp32_layers: no layer has "
		    "such a name");
}

void
burin_model_stats(const burin_model *m, burin_stats *out, size_t size)
{
	burin_stats st;

	brn_jit_stats(m->task, &st);
	if (!*st.note)
		note_precision(&m->options, &st);
	if (!*st.note)
		note_fp32_layers(m, &st);
	st.load_ms = m->load_ms;
	brn_give(out, size, &st, sizeof st);
}

int
burin_model_wait(burin_model *m, int ms)
{
	return brn_jit_wait(m->task, ms);
}
