/* SPDX-License-Identifier: Apache-2.0
 *
 * Making a net: run the passes over a graph, then make its layers.
 */
#include "runtime/net.h"

#include <stdlib.h>

#include "ir/graph/weight.h"
#include "ir/op/infer.h"
#include "jit/kernel/choose.h"
#include "passes/pass.h"

struct brn_net *
brn_net_ref(struct brn_net *n)
{
	atomic_fetch_add(&n->refs, 1);
	return n;
}

void
brn_net_free(struct brn_net *n)
{
	if (!n || atomic_fetch_sub(&n->refs, 1) > 1)
		return;
	for (int i = 0; i < n->nlayer; i++)
		brn_layer_clear(&n->layer[i]);
	free(n->layer);
	free(n->layer_of);
	brn_graph_free(n->graph);
	free(n);
}

static struct brn_estimate
estimate(const struct brn_layer_shape *l, const void *ctx)
{
	struct brn_layer_target t = ((const struct brn_net *)ctx)->target;
	struct brn_layer_shape as = *l;

	as.elem = (int)(l->quantized ? t.quantized : t.elem);
	return brn_estimate(t.isa, &as);
}

static int
look_up(const struct brn_matrix *w, uint64_t mask, struct brn_candidate *c,
    int n, const void *ctx, burin_error *err)
{
	return brn_tune_look_up(((const struct brn_net *)ctx)->tune, w, mask,
	    c, n, err);
}

enum brn_elem
brn_net_elem(const struct burin_options *o)
{
	int always = o->precision == BRN_PRECISION_bf16_always;

	return (always || (o->precision == BRN_PRECISION_bf16 &&
	    brn_elem_pays(BRN_ELEM_bf16))) &&
	    brn_elem_runs(BRN_ELEM_bf16, (enum brn_isa)o->isa) ?
	    BRN_ELEM_bf16 : BRN_ELEM_f32;
}

/* Only fp32 is timed.  */
static int
rewrite(struct brn_net *n, const struct burin_options *o, burin_error *err)
{
	struct brn_pass_opts po = {
		.sparse = o->sparse,
		.quantize = n->target.quantized != BRN_ELEM_i8 ?
		    BRN_QUANTIZE_NONE : o->precision == BRN_PRECISION_int8 ?
		    BRN_QUANTIZE_ALL : o->precision == BRN_PRECISION_auto ?
		    BRN_QUANTIZE_FILE : BRN_QUANTIZE_NONE,
		.verify = o->verify,
		.dump_dir = o->dump,
		.estimate = estimate,
		.look_up = n->target.elem == BRN_ELEM_f32 ? look_up : NULL,
		.ctx = n,
	};
	int rc = brn_passes_run(n->graph, &po, err);

	return rc < 0 ? rc : brn_infer_types(n->graph, err);
}

/* The bytes of the constants and blocks of a graph.  */
static double
graph_bytes(const struct brn_graph *g)
{
	double n = 0;

	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *c = g->node[i];

		if (brn_is_const(c))
			n += (double)brn_numel(c->value) *
			    (double)brn_dtype_size(c->value->type.dtype);
		else if (c->op == BRN_OP_bsr)
			n += brn_bsr_bytes(c->bsr);
	}
	return n;
}

/* Constants, blocks, and the weights of layers once more, as kernels read
 * them.  */
static int
check_memory(const struct brn_graph *g, const struct burin_options *o,
    burin_error *err)
{
	double n = graph_bytes(g);

	for (int i = 0; o->max_memory && i < g->nnode; i++) {
		const struct brn_node *w;

		if (!brn_is_layer(g->node[i]))
			continue;
		w = g->node[i]->in[1];
		n += w->op == BRN_OP_bsr ? brn_bsr_bytes(w->bsr) :
		    (double)brn_numel(w->value) * sizeof (float);
	}
	if (!o->max_memory || n <= (double)o->max_memory)
		return 0;
	return brn_fail(err, BURIN_ENOMEM, "weights take about %.0f bytes, "
	    "max_memory is %lld", n, (long long)o->max_memory);
}

/* The number of uses of each node.  NULL: no memory.  */
static int *
count_uses(const struct brn_graph *g)
{
	int *uses = brn_alloc((size_t)g->nnode, sizeof *uses);

	for (int i = 0; uses && i < g->nnode; i++)
		for (int k = 0; k < g->node[i]->nin; k++)
			if (g->node[i]->in[k])
				uses[g->node[i]->in[k]->id]++;
	for (int i = 0; uses && i < g->nout; i++)
		uses[g->out[i].node->id]++;
	return uses;
}

/* An earlier layer with the weight of n, read the same way round; NULL: there
 * is none.  */
static const struct brn_layer *
layer_like(const struct brn_net *net, const struct brn_node *n)
{
	for (int i = 0; i < net->nlayer; i++) {
		const struct brn_node *m = net->layer[i].node;

		if (m->in[1] == n->in[1] && m->op == n->op &&
		    brn_weight_is_transposed(m) == brn_weight_is_transposed(n))
			return &net->layer[i];
	}
	return NULL;
}

/* Make the next layer.  The values of its weight are freed once all layers that
 * use it have packed it.  */
static int
make_layer(struct brn_net *net, struct brn_node *n, int *uses,
    burin_error *err)
{
	struct brn_layer *l = &net->layer[net->nlayer];
	int rc = brn_layer_init(l, n, brn_report_choice(net->graph, n),
	    net->target, layer_like(net, n), err);

	if (rc < 0)
		return rc;
	net->layer_of[n->id] = net->nlayer++;
	if (l->spec.elem == BRN_ELEM_i8 && net->graph->ndequant > 0)
		net->graph->ndequant--;
	if (--uses[n->in[1]->id] == 0 && n->in[1]->op != BRN_OP_bsr)
		brn_graph_forget(n->in[1]);
	return 0;
}

static int
make_layers(struct brn_net *net, burin_error *err)
{
	struct brn_graph *g = net->graph;
	int *uses = count_uses(g);
	int n = 0, rc = 0;

	net->layer_of = brn_alloc((size_t)g->nnode, sizeof *net->layer_of);
	for (int i = 0; i < g->nnode; i++)
		n += brn_is_layer(g->node[i]);
	net->layer = brn_alloc((size_t)n, sizeof *net->layer);
	if (!uses || !net->layer_of || !net->layer)
		rc = brn_nomem(err);
	for (int i = 0; rc == 0 && i < g->nnode; i++) {
		net->layer_of[i] = -1;
		if (brn_is_layer(g->node[i]) &&
		    (rc = brn_graph_check_time(g, err)) == 0)
			rc = make_layer(net, g->node[i], uses, err);
	}
	free(uses);
	return rc;
}

int
brn_net_new(struct brn_graph *g, const struct burin_options *o,
    struct brn_tune *tune, struct brn_net **out, burin_error *err)
{
	struct brn_net *n = brn_alloc(1, sizeof *n);
	int rc;

	if (!n) {
		brn_graph_free(g);
		return brn_nomem(err);
	}
	n->refs = 1;
	n->target = (struct brn_layer_target){ (enum brn_isa)o->isa,
	    brn_net_elem(o), brn_elem_runs(BRN_ELEM_i8,
	    (enum brn_isa)o->isa) ? BRN_ELEM_i8 : BRN_ELEM_f32 };
	n->tune = tune;
	n->graph = g;
	if ((rc = check_memory(g, o, err)) < 0 ||
	    (rc = rewrite(n, o, err)) < 0 ||
	    (rc = check_memory(g, o, err)) < 0 ||
	    (rc = make_layers(n, err)) < 0) {
		brn_net_free(n);
		return rc;
	}
	n->end_ms = g->end_ms;
	g->end_ms = 0;          /* plans may take as long as they like */
	*out = n;
	return 0;
}
