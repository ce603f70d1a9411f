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
	for (int i = 0; i < n->nbody; i++)
		brn_net_free(n->body[i]);
	free(n->body);
	free(n->body_of);
	free(n->layer_of);
	if (!n->root) {
		for (int i = 0; i < n->nlayer; i++)
			brn_layer_clear(&n->layer[i]);
		free(n->layer);
		brn_graph_free(n->graph);
	}
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

/* Run the passes over g and over the graphs in it.  Those are read with the
 * types that their passes infer, so they come first; only g is dumped.  */
static int
rewrite(struct brn_graph *g, const struct brn_pass_opts *o, burin_error *err)
{
	struct brn_pass_opts inside = *o;
	int rc = 0;

	inside.dump_dir = NULL;
	for (int i = 0; i < g->nnode && rc == 0; i++)
		for (int k = 0; k < g->node[i]->nbody && rc == 0; k++)
			rc = rewrite(g->node[i]->body[k].g, &inside, err);
	if (rc == 0)
		rc = brn_passes_run(g, o, err);
	return rc < 0 ? rc : brn_infer_types(g, err);
}

/* Which layers the passes quantize.  */
static enum brn_quantize
quantize(const struct brn_net *n, const struct burin_options *o)
{
	if (n->target.quantized != BRN_ELEM_i8)
		return BRN_QUANTIZE_NONE;
	return o->precision == BRN_PRECISION_int8 ? BRN_QUANTIZE_ALL :
	    o->precision == BRN_PRECISION_auto ? BRN_QUANTIZE_FILE :
	    BRN_QUANTIZE_NONE;
}

/* Which attention they may compute on 16-bit integers, which is more exact than
 * bf16.  */
static enum brn_quantize
narrow(const struct brn_net *n, const struct burin_options *o)
{
	int bf16 = o->precision == BRN_PRECISION_bf16 ||
	    o->precision == BRN_PRECISION_bf16_always;

	return bf16 && n->target.quantized == BRN_ELEM_i8 ? BRN_QUANTIZE_ALL :
	    quantize(n, o);
}

/* Only fp32 is timed.  */
static int
rewrite_all(struct brn_net *n, const struct burin_options *o,
    burin_error *err)
{
	struct brn_pass_opts po = {
		.sparse = o->sparse,
		.quantize = quantize(n, o),
		.narrow = narrow(n, o),
		.fp32_layers = o->fp32_layers,
		.verify = o->verify,
		.dump_dir = o->dump,
		.estimate = estimate,
		.look_up = n->target.elem == BRN_ELEM_f32 ? look_up : NULL,
		.ctx = n,
	};

	return rewrite(n->graph, &po, err);
}

/* The weight of layer n as a kernel reads it, in bytes.  */
static double
packed_bytes(const struct brn_node *n)
{
	const struct brn_node *w = n->in[1];

	return w->op == BRN_OP_bsr ? brn_bsr_bytes(w->bsr) :
	    (double)brn_numel(w->value) *
	    (double)brn_dtype_size(w->value->type.dtype);
}

/* Constants, blocks, and the weights of layers once more, as kernels read
 * them, of g and of the graphs in it.  */
static double
bytes_of_all(const struct brn_graph *g)
{
	double n = brn_graph_bytes(g);

	for (int i = 0; i < g->nnode; i++) {
		if (brn_is_layer(g->node[i]))
			n += packed_bytes(g->node[i]);
		for (int k = 0; k < g->node[i]->nbody; k++)
			n += bytes_of_all(g->node[i]->body[k].g);
	}
	return n;
}

static int
check_memory(const struct brn_graph *g, const struct burin_options *o,
    burin_error *err)
{
	double n = o->max_memory ? bytes_of_all(g) : 0;

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

/* Free the values of weight w, which all layers that use it have packed.  Those
 * on integers read nothing else.  */
static void
forget_weight(struct brn_net *root, struct brn_node *w)
{
	int read = 0;

	for (int i = 0; i < root->nlayer; i++)
		read |= root->layer[i].node->in[1] == w &&
		    root->layer[i].spec.elem != BRN_ELEM_i8;
	if (w->op != BRN_OP_bsr || !read)
		brn_graph_forget(w);
	for (int i = 0; i < root->nlayer && !read; i++)
		if (root->layer[i].node->in[1] == w && root->layer[i].own)
			brn_bsr_forget(root->layer[i].own);
}

/* Make the next layer.  The values of its weight are freed once all layers that
 * use it have packed it.  */
static int
make_layer(struct brn_net *net, struct brn_node *n, int *uses,
    burin_error *err)
{
	struct brn_net *root = net->root ? net->root : net;
	struct brn_layer *l = &root->layer[root->nlayer];
	const struct brn_layer *like = layer_like(net, n);
	double looks = like ? 1 : BRN_WORK_OF_MAKING;
	struct brn_layer_target t = net->target;
	int rc = brn_spend(net->graph, looks * packed_bytes(n), err);

	if (brn_is_listed(root->fp32_layers, n->name))
		t.elem = BRN_ELEM_f32;
	if (rc < 0 || (rc = brn_layer_init(l, n,
	    brn_report_choice(net->graph, n), t, like, err)) < 0)
		return rc;
	net->layer_of[n->id] = root->nlayer++;
	if (l->spec.elem == BRN_ELEM_i8 && net->graph->ndequant > 0)
		net->graph->ndequant--;
	if (--uses[n->in[1]->id] == 0)
		forget_weight(root, n->in[1]);
	return 0;
}

static int make_layers(struct brn_net *net, burin_error *err);

/* The nets of the graphs in n.  */
static int
make_bodies(struct brn_net *net, const struct brn_node *n, burin_error *err)
{
	int rc = 0;

	net->body_of[n->id] = net->nbody;
	for (int k = 0; k < n->nbody && rc == 0; k++) {
		struct brn_net *b = brn_alloc(1, sizeof *b);

		if (!b)
			return brn_nomem(err);
		net->body[net->nbody++] = b;
		b->refs = 1;
		b->target = net->target;
		b->graph = n->body[k].g;
		b->root = net->root ? net->root : net;
		b->layer = b->root->layer;
		rc = make_layers(b, err);
	}
	return rc;
}

/* Layers and bodies of the net, whose root has room for all layers.  */
static int
make_layers(struct brn_net *net, burin_error *err)
{
	struct brn_graph *g = net->graph;
	int *uses = count_uses(g), nbody = 0, rc = 0;

	for (int i = 0; i < g->nnode; i++)
		nbody += g->node[i]->nbody;
	net->layer_of = brn_alloc((size_t)g->nnode, sizeof *net->layer_of);
	net->body_of = brn_alloc((size_t)g->nnode, sizeof *net->body_of);
	net->body = brn_alloc((size_t)nbody, sizeof (void *));
	if (!uses || !net->layer_of || !net->body_of || !net->body)
		rc = brn_nomem(err);
	for (int i = 0; rc == 0 && i < g->nnode; i++) {
		net->layer_of[i] = net->body_of[i] = -1;
		if (brn_is_layer(g->node[i]))
			rc = make_layer(net, g->node[i], uses, err);
		else if (g->node[i]->nbody)
			rc = make_bodies(net, g->node[i], err);
	}
	free(uses);
	return rc;
}

/* The layers of g and of the graphs in it.  */
static int
count_layers(const struct brn_graph *g)
{
	int n = 0;

	for (int i = 0; i < g->nnode; i++) {
		n += brn_is_layer(g->node[i]);
		for (int k = 0; k < g->node[i]->nbody; k++)
			n += count_layers(g->node[i]->body[k].g);
	}
	return n;
}

static int
make_all_layers(struct brn_net *net, burin_error *err)
{
	size_t n = (size_t)count_layers(net->graph);

	net->layer = brn_alloc(n, sizeof *net->layer);
	return net->layer ? make_layers(net, err) : brn_nomem(err);
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
	n->fp32_layers = o->fp32_layers;
	n->tune = tune;
	n->graph = g;
	if ((rc = check_memory(g, o, err)) < 0 ||
	    (rc = rewrite_all(n, o, err)) < 0 ||
	    (rc = check_memory(g, o, err)) < 0 ||
	    (rc = make_all_layers(n, err)) < 0) {
		brn_net_free(n);
		return rc;
	}
	n->fp32_layers = NULL;
	n->end_ms = g->budget->end_ms;
	n->kernels = brn_budget_kernels(g->budget);
	brn_budget_end(g->budget);
	*out = n;
	return 0;
}
