/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading: file -> graph -> passes -> layers -> kernels.
 */
#include "runtime/model.h"

#include <stdlib.h>
#include <string.h>

#include "ir/infer.h"
#include "ir/onnx.h"
#include "jit/cost.h"
#include "passes/pass.h"
#include "runtime/options.h"

struct burin_model *
brn_model_ref(struct burin_model *m)
{
	atomic_fetch_add(&m->refs, 1);
	return m;
}

void
burin_model_free(burin_model *m)
{
	if (!m || atomic_fetch_sub(&m->refs, 1) > 1)
		return;
	for (int i = 0; i < m->nlayer; i++)
		brn_layer_clear(&m->layer[i]);
	free(m->layer);
	brn_graph_free(m->graph);
	brn_arena_free(m->arena);
	free(m);
}

/* A graph with no more than its owner.  */
static struct burin_model *
model_new(struct brn_graph *g, enum brn_isa isa)
{
	struct burin_model *m = brn_alloc(1, sizeof *m);

	if (!m) {
		brn_graph_free(g);
		return NULL;
	}
	m->refs = 1;
	m->isa = isa;
	m->graph = g;
	m->arena = brn_arena_new();
	if (!m->arena) {
		burin_model_free(m);
		return NULL;
	}
	return m;
}

static void
value_info(const struct brn_graph *g, const struct brn_value *v,
    const struct brn_type *t, burin_value_info *out)
{
	out->name = v->name;
	out->dtype = (enum burin_dtype)t->dtype;
	out->rank = t->rank;
	for (int i = 0; i < t->rank; i++) {
		int64_t d = t->dim[i];

		out->dims[i] = brn_is_sym(d) ? -1 : d;
		if (brn_is_sym(d) && d - BRN_SYM(0) < g->nsym)
			out->dim_names[i] = g->sym[d - BRN_SYM(0)];
	}
}

/* What burin.h tells of the file, before passes change the graph.  */
static int
describe_file(struct burin_model *m, burin_error *err)
{
	struct brn_graph *g = m->graph;
	int n = 0;

	for (int i = 0; i < g->nnode; i++)
		n += g->node[i]->op == BRN_OP_unsupported;
	m->in = brn_arena_alloc(m->arena, (size_t)g->nin, sizeof *m->in);
	m->out = brn_arena_alloc(m->arena, (size_t)g->nout, sizeof *m->out);
	m->op = brn_arena_alloc(m->arena, (size_t)g->nopcount, sizeof *m->op);
	m->unsupported = brn_arena_alloc(m->arena, (size_t)n,
	    sizeof *m->unsupported);
	if (!m->in || !m->out || !m->op || !m->unsupported)
		return brn_nomem(err);
	for (m->nop = 0; m->nop < g->nopcount; m->nop++)
		m->op[m->nop] = (burin_op_info){ g->opcount[m->nop].name,
		    g->opcount[m->nop].count };
	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *u = g->node[i];

		if (u->op != BRN_OP_unsupported)
			continue;
		m->unsupported[m->nunsupported] = brn_arena_printf(m->arena,
		    "%s (node '%s', opset %d)", u->onnx_op, u->name, u->opset);
		if (!m->unsupported[m->nunsupported++])
			return brn_nomem(err);
	}
	return 0;
}

static double
cost(int64_t rows, int64_t cols, int bh, int bw, int64_t nblk,
    const void *ctx)
{
	const struct burin_model *m = ctx;

	return brn_cost(m->isa, rows, cols, bh, bw, nblk);
}

static int
rewrite(struct burin_model *m, const struct burin_options *o,
    burin_error *err)
{
	struct brn_graph *g = m->graph;
	struct brn_pass_opts po = {
		.sparse = o->sparse,
		.verify = o->verify,
		.dump_dir = o->dump,
		.cost = cost,
		.cost_ctx = m,
	};
	int rc = brn_passes_run(g, &po, err);

	if (rc == 0)
		rc = brn_infer_types(g, err);
	if (rc < 0)
		return rc;
	for (int i = 0; i < g->nin; i++)
		value_info(g, &g->in[i], &g->in[i].node->type, &m->in[i]);
	for (int i = 0; i < g->nout; i++)
		value_info(g, &g->out[i], &g->out[i].node->type, &m->out[i]);
	return 0;
}

static int
make_layers(struct burin_model *m, burin_error *err)
{
	struct brn_graph *g = m->graph;
	int n = 0;

	m->layer_of = brn_arena_alloc(m->arena, (size_t)g->nnode,
	    sizeof *m->layer_of);
	for (int i = 0; i < g->nnode; i++)
		n += brn_is_layer(g->node[i]);
	m->layer = brn_alloc((size_t)n, sizeof *m->layer);
	if (!m->layer_of || !m->layer)
		return brn_nomem(err);
	for (int i = 0; i < g->nnode; i++) {
		int rc;

		m->layer_of[i] = -1;
		if (!brn_is_layer(g->node[i]))
			continue;
		rc = brn_layer_init(&m->layer[m->nlayer], g->node[i], err);
		if (rc < 0)
			return rc;
		m->layer_of[i] = m->nlayer++;
	}
	return 0;
}

static int
get_kernels(struct burin_model *m, const struct burin_options *o,
    burin_error *err)
{
	struct brn_jit_opts jo = {
		.mode = (enum brn_jit_mode)o->jit,
		.cache_dir = o->cache_dir,
		.jobs = o->jobs,
		.progress = o->progress,
		.progress_ctx = o->progress_ctx,
	};
	struct brn_spec *spec = brn_alloc((size_t)m->nlayer, sizeof *spec);
	struct brn_kernel **k = brn_alloc((size_t)m->nlayer, sizeof (void *));
	int rc = BURIN_ENOMEM;

	if (spec && k) {
		for (int i = 0; i < m->nlayer; i++)
			brn_layer_describe(&m->layer[i], m->isa, &spec[i]);
		rc = brn_jit_get(&jo, spec, m->nlayer, k, &m->stats, err);
	} else {
		brn_nomem(err);
	}
	for (int i = 0, got = rc == 0; got && i < m->nlayer; i++) {
		int r = brn_layer_set_kernel(&m->layer[i], k[i], m->isa, err);

		rc = rc < 0 ? rc : r;
	}
	free(spec);
	free(k);
	return rc;
}

int
brn_model_new(struct brn_graph *g, const struct burin_options *o, double t0,
    burin_model **out, burin_error *err)
{
	struct burin_model *m = model_new(g, (enum brn_isa)o->isa);
	int rc;

	if (!m)
		return brn_nomem(err);
	if ((rc = describe_file(m, err)) < 0 ||
	    (rc = rewrite(m, o, err)) < 0 ||
	    (rc = make_layers(m, err)) < 0 ||
	    (rc = get_kernels(m, o, err)) < 0) {
		burin_model_free(m);
		return rc;
	}
	m->stats.load_ms = brn_now_ms() - t0;
	*out = m;
	return 0;
}

int
burin_model_load(const char *path, const burin_options *o, burin_model **out,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	struct brn_graph *g;
	double t0 = brn_now_ms();
	int rc;

	err = err ? err : &own_err;
	if (!path || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_load: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_onnx_import_file(path, o->keep, &g, err);
	if (rc == 0)
		rc = brn_model_new(g, o, t0, out, err);
	brn_options_clear(&own);
	return rc;
}

int
burin_model_load_memory(const void *data, size_t size,
    const char *external_dir, const burin_options *o, burin_model **out,
    burin_error *err)
{
	burin_error own_err;
	struct burin_options own;
	struct brn_graph *g;
	double t0 = brn_now_ms();
	int rc;

	err = err ? err : &own_err;
	if (!data || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_load_memory: argument is NULL");
	rc = brn_options_use(&o, &own, err);
	if (rc == 0)
		rc = brn_onnx_import(data, size, external_dir, "memory",
		    o->keep, &g, err);
	if (rc == 0)
		rc = brn_model_new(g, o, t0, out, err);
	brn_options_clear(&own);
	return rc;
}

const char *
burin_model_isa(const burin_model *m)
{
	return brn_isas[m->isa].name;
}

int
burin_model_opset(const burin_model *m)
{
	return m->graph->opset;
}

size_t
burin_model_num_inputs(const burin_model *m)
{
	return (size_t)m->graph->nin;
}

size_t
burin_model_num_outputs(const burin_model *m)
{
	return (size_t)m->graph->nout;
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
burin_model_num_unsupported(const burin_model *m)
{
	return (size_t)m->nunsupported;
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
	return i < burin_model_num_layers(m) ? &m->layer[i].info : NULL;
}

const char *
burin_model_unsupported(const burin_model *m, size_t i)
{
	return i < burin_model_num_unsupported(m) ? m->unsupported[i] : NULL;
}

void
burin_model_stats(const burin_model *m, burin_stats *out)
{
	*out = m->stats;
}
