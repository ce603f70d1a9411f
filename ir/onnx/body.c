/* SPDX-License-Identifier: Apache-2.0
 *
 * A body becomes a graph of its own (ir/onnx/scope.h).
 */
#include "ir/onnx/body.h"

#include <stdlib.h>
#include <string.h>

#include "ir/graph/list.h"
#include "ir/onnx/attr.h"
#include "ir/onnx/constant.h"
#include "ir/onnx/convert.h"
#include "ir/onnx/inline.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/scope.h"
#include "ir/op/infer.h"

/* ---- a body -------------------------------------------------------------- */

/* The type of input k of the body gp.  given: that of the value that it first
 * has, in which the number of dimensions may change from step to step, unless
 * the file declares it.  Floats are f32 inside of a graph.  */
static struct brn_type
formal_type(const struct Onnx__GraphProto *gp, size_t k,
    const struct brn_type *given)
{
	const struct Onnx__TypeProto *p = gp->input[k]->type;
	const struct Onnx__TypeProto__Tensor *t = p && p->value_case ==
	    ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? p->tensor_type : NULL;
	struct brn_type out = { .rank = -1 };

	out.dtype = given && given->dtype ? given->dtype : t ?
	    brn_onnx_dtype(t->elem_type) : 0;
	if (brn_is_list(&out))
		out.rank = 0;
	else if (t && t->shape && t->shape->n_dim <= BRN_MAX_RANK)
		out.rank = (int)t->shape->n_dim;
	for (int d = 0; d < out.rank; d++)
		out.dim[d] = BRN_SYM(0);
	return out;
}

/* What the inputs of a body are given first: for each the type, or one with
 * dtype 0 where it is not known.  */
static int
formal_types(struct brn_onnx_node *n, struct brn_type *t)
{
	const struct brn_shapes *s;
	int rc, loop = n->op == BRN_OP_loop;

	if ((rc = brn_onnx_known(n->im, &s)) < 0)
		return rc;
	for (int k = 0; k < n->nin; k++)
		t[k] = n->in[k] ? s->type[n->in[k]->id] :
		    (struct brn_type){ .rank = -1 };
	if (loop) {
		t[0] = (struct brn_type){ BURIN_I64, 0, { 0 } };
		t[1] = (struct brn_type){ BURIN_BOOL, 0, { 0 } };
	}
	return 0;
}

enum { MAX_IDENTITIES = 16 };

/* Whether a loop's body returns its input k as it is: a value that TensorFlow
 * carries, as it does with weights, though no step changes it.  */
static int
is_kept(const struct brn_onnx_node *n, const struct Onnx__GraphProto *gp,
    size_t k)
{
	const char *s = n->op == BRN_OP_loop && k >= 2 && k < gp->n_input &&
	    k - 1 < gp->n_output ? gp->output[k - 1]->name : NULL;

	for (int i = 0; s && i < MAX_IDENTITIES; i++) {
		struct brn_onnx_name *v = brn_onnx_find(&n->im->names, s);
		const struct Onnx__NodeProto *np;

		if (v && v->origin == BRN_ONNX_INPUT)
			return !strcmp(s, gp->input[k]->name);
		if (!v || v->origin != BRN_ONNX_NODE ||
		    (size_t)v->index >= gp->n_node)
			return 0;
		np = gp->node[v->index];
		s = !strcmp(np->op_type ? np->op_type : "", "Identity") &&
		    np->n_input == 1 ? np->input[0] : NULL;
	}
	return 0;
}

/* What the body reads as its input k, which is input, but for a constant that
 * is kept: the layers of the body need its values.  */
static struct brn_node *
value_of_formal(struct brn_onnx_node *n, const struct Onnx__GraphProto *gp,
    size_t k, struct brn_node *input)
{
	const struct brn_node *c = k < (size_t)n->nin ? n->in[k] : NULL;

	if (!brn_is_const(c) || !is_kept(n, gp, k))
		return input;
	return brn_graph_constant(n->im->g, c->name, &c->value->type,
	    c->value->data);
}

static int
add_formal(struct brn_onnx_node *n, struct brn_onnx_scope *s,
    const struct Onnx__GraphProto *gp, size_t k, const struct brn_type *given)
{
	struct brn_onnx_import *im = n->im;
	struct brn_onnx_name *v = brn_onnx_find(&im->names,
	    gp->input[k]->name);
	struct brn_type t = formal_type(gp, k, given);

	if (v->origin != BRN_ONNX_INPUT)
		return brn_onnx_bad(n, "input '%s' of its body is an "
		    "initializer", gp->input[k]->name);
	if (n->op == BRN_OP_loop && k < 2) {
		t.rank = t.rank == 1;
		t.dim[0] = 1;
	}
	v->node = brn_onnx_add_input(s, gp->input[k]->name, t);
	if (v->node)
		v->node = value_of_formal(n, gp, k, v->node);
	return v->node ? 0 : brn_nomem(im->err);
}

static int
add_outputs(struct brn_onnx_node *n, struct brn_graph *g,
    const struct Onnx__GraphProto *gp)
{
	g->out = brn_arena_alloc(g->arena, gp->n_output, sizeof *g->out);
	if (!g->out)
		return brn_nomem(n->im->err);
	for (size_t k = 0; k < gp->n_output; k++) {
		struct brn_value *out = &g->out[g->nout];
		const char *s = gp->output[k]->name;
		int rc = brn_onnx_value(n->im, s ? s : "", NULL, &out->node);

		if (rc < 0)
			return rc;
		if (!out->node)
			return brn_onnx_bad(n, "output '%s' of its body is "
			    "made by nobody", s ? s : "");
		if (is_kept(n, gp, k + 1))      /* nothing is copied then */
			out->node = g->in[k + 1].node;
		out->name = brn_arena_strdup(g->arena, s);
		out->type = (struct brn_type){ .rank = -1 };
		if (!out->name)
			return brn_nomem(n->im->err);
		g->nout++;
	}
	return 0;
}

/* Inputs, nodes and outputs of gp into the graph of im->scope.  */
static int
read_graph(struct brn_onnx_node *n, struct Onnx__GraphProto *gp,
    const struct brn_type *given)
{
	struct brn_onnx_import *im = n->im;
	int rc = 0;

	for (size_t k = 0; k < gp->n_input && rc == 0; k++)
		rc = add_formal(n, im->scope, gp, k, given ? &given[k] :
		    NULL);
	if (rc == 0)
		rc = brn_onnx_initializers(im, gp);
	for (size_t i = 0; i < gp->n_node && rc == 0; i++)
		rc = brn_onnx_add_inside(im, gp->node[i], (int)i);
	return rc < 0 ? rc : add_outputs(n, im->g, gp);
}

/* read_graph with the names and the prefix of the body.  */
static int
read_inside(struct brn_onnx_node *n, struct Onnx__GraphProto *gp,
    const struct brn_type *given, struct brn_onnx_scope *s)
{
	struct brn_onnx_import *im = n->im;
	struct brn_onnx_names around = im->names;
	struct brn_onnx_names inside = { .up = &around, .g = s->g };
	struct brn_onnx_scope *scope = im->scope;
	const char *prefix = im->prefix;
	int rc = brn_onnx_names_init(&inside, gp, im->src.file, im->err);

	if (rc < 0)
		return rc;
	s->g->opset = im->g->opset;
	s->g->name = brn_arena_strdup(s->g->arena, gp->name ? gp->name : "");
	im->prefix = brn_arena_printf(s->g->arena, "%s/", n->name);
	im->names = inside;
	im->scope = s;
	im->g = s->g;
	rc = s->g->name && im->prefix ? read_graph(n, gp, given) :
	    brn_nomem(im->err);
	brn_onnx_names_free(&im->names);
	im->names = around;
	im->scope = scope;
	im->g = scope->g;
	im->prefix = prefix;
	return rc;
}

/* The graphs of a node, and the inputs that it has for them.  */
struct flow {
	struct brn_onnx_node *n;
	int nbody;
	struct brn_body body[2];
	struct brn_node **in;
	int nin, room;
};

static int
add_in(struct flow *f, struct brn_node *in)
{
	if (f->nin == BRN_MAX_IN)
		return brn_onnx_bad(f->n, "its bodies read more than %d "
		    "values", BRN_MAX_IN);
	if (brn_onnx_grow(f->n->im->g, &f->in, sizeof *f->in, f->nin,
	    &f->room) < 0)
		return brn_nomem(f->n->im->err);
	f->in[f->nin++] = in;
	return 0;
}

/* What the graph of s reads of the graph around it becomes inputs of the
 * node, in the order of the inputs of that graph.  */
static int
add_captured(struct flow *f, const struct brn_onnx_scope *s)
{
	int rc = 0;

	for (int i = 0; i < s->nouter && rc == 0; i++)
		if (s->inner[i]->op == BRN_OP_input)
			rc = add_in(f, s->outer[i]);
	return rc;
}

static int
infer_body(struct brn_onnx_import *im, struct brn_graph *g)
{
	burin_error err;
	int rc = brn_infer_types(g, &err);

	return rc < 0 ? brn_fail(im->err, rc, "%s: %s", im->src.file,
	    err.msg) : rc;
}

/* The body that attribute name has.  */
static int
add_body(struct flow *f, const char *name, const struct brn_type *given)
{
	struct brn_onnx_node *n = f->n;
	struct brn_onnx_scope s = { .up = n->im->scope };
	struct brn_body *b = &f->body[f->nbody];
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, name, BRN_ATTR_GRAPH, &a);

	if (rc <= 0)
		return rc < 0 ? rc : brn_onnx_bad(n,
		    "attribute '%s' is missing", name);
	if ((rc = brn_onnx_count_inside(n, a->g->n_node + a->g->n_output +
	    a->g->n_input + a->g->n_initializer +
	    a->g->n_sparse_initializer)) < 0)
		return rc;
	if (a->g->n_input != (size_t)(given ? n->nin : 0))
		return brn_onnx_bad(n, "its body has %zu inputs, wanted %d",
		    a->g->n_input, given ? n->nin : 0);
	if (!(s.g = brn_graph_new()))
		return brn_nomem(n->im->err);
	s.g->budget = n->im->g->budget;
	*b = (struct brn_body){ s.g, (int)a->g->n_input, f->nin };
	f->nbody++;
	rc = read_inside(n, a->g, given, &s);
	brn_follow_free(s.follow);
	if (rc == 0)
		rc = add_captured(f, &s);
	return rc < 0 ? rc : infer_body(n->im, s.g);
}

/* ---- the node ------------------------------------------------------------ */

/* Each output that is used is a result of the node.  */
static int
add_results(struct brn_onnx_node *n, struct brn_node *flow)
{
	struct brn_graph *g = n->im->g;

	for (size_t k = 0; k < n->np->n_output; k++) {
		struct brn_node *r;

		if (!*n->np->output[k] || !brn_onnx_is_used(n, k))
			continue;
		r = brn_graph_add(g, BRN_OP_result, n->name, &flow, 1);
		if (!r || brn_attr_set_int(g, r, "index", (int64_t)k) < 0)
			return brn_nomem(n->im->err);
		brn_onnx_bind(n, k, r);
	}
	return 0;
}

/* The number of outputs fits the bodies.  */
static int
check_outputs(const struct flow *f)
{
	struct brn_onnx_node *n = f->n;
	int loop = n->op == BRN_OP_loop, scan = n->op == BRN_OP_scan;
	int x = scan ? (int)brn_attr_int(n->node, "num_scan_inputs") : 0;
	int carried = f->body->nformal - 2 * loop - x;

	if (scan && (x < 1 || carried < 0))
		return brn_onnx_bad(n, "num_scan_inputs is %d of %d inputs",
		    x, n->nin);
	for (int k = 0; k < f->nbody; k++) {
		int have = f->body[k].g->nout - loop;

		if ((size_t)(have < 0 ? 0 : have) < n->np->n_output ||
		    have < carried)
			return brn_onnx_bad(n, "its body has %d outputs, "
			    "which are too few", f->body[k].g->nout);
	}
	return 0;
}

/* The node itself, which takes the bodies.  */
static int
add_node(struct flow *f)
{
	struct brn_onnx_node *n = f->n;
	struct brn_graph *g = n->im->g;
	struct brn_body *body = brn_arena_alloc(g->arena, (size_t)f->nbody,
	    sizeof *body);
	int rc;

	n->node = body ? brn_graph_add(g, n->op, n->name, f->in, f->nin) :
	    NULL;
	if (!n->node)
		return brn_nomem(n->im->err);
	memcpy(body, f->body, (size_t)f->nbody * sizeof *body);
	n->node->body = body;
	n->node->nbody = f->nbody;
	f->nbody = 0;
	if ((rc = brn_onnx_convert_attrs(n)) < 0)
		return rc;
	f->nbody = n->node->nbody;
	rc = check_outputs(f);
	f->nbody = 0;
	return rc < 0 ? rc : add_results(n, n->node);
}

/* Bodies of loops have the node's inputs as theirs.  */
static int
add_loop_body(struct flow *f)
{
	struct brn_onnx_node *n = f->n;
	struct brn_type *t = brn_alloc((size_t)n->nin, sizeof *t);
	int rc = t ? formal_types(n, t) : brn_nomem(n->im->err);

	if (rc == 0)
		rc = add_body(f, "body", t);
	free(t);
	return rc;
}

/* Scan-8 has lengths before its other inputs.  */
static int
drop_lengths(struct brn_onnx_node *n)
{
	if (n->nin < 1 || n->in[0])
		return brn_onnx_unsupported(n, "Scan with sequence_lens");
	n->nin--;
	memmove(n->in, n->in + 1, (size_t)n->nin * sizeof *n->in);
	return 0;
}

static int
check_inputs(const struct brn_onnx_node *n)
{
	int loop = n->op == BRN_OP_loop;

	if (n->nin < (loop ? 2 : 1))
		return brn_onnx_bad(n, "%d inputs, wanted %d or more", n->nin,
		    loop ? 2 : 1);
	for (int k = 2 * loop; k < n->nin; k++)
		if (!n->in[k])
			return brn_onnx_bad(n, "input %d is not given", k);
	return 0;
}

int
brn_onnx_add_flow(struct brn_onnx_node *n)
{
	struct flow f = { .n = n };
	int rc = 0;

	if (n->op != BRN_OP_if && n->op != BRN_OP_loop && n->op != BRN_OP_scan)
		return 0;
	if (n->op == BRN_OP_scan && n->im->g->opset < 9 &&
	    ((rc = drop_lengths(n)) < 0 || n->why))
		return rc;
	if ((rc = check_inputs(n)) < 0 ||
	    (rc = brn_onnx_attrs_check(n)) < 0)
		return rc;
	for (int k = 0; k < n->nin && rc == 0; k++)
		rc = add_in(&f, n->in[k]);
	if (rc == 0 && n->op == BRN_OP_if) {
		rc = add_body(&f, "then_branch", NULL);
		if (rc == 0)
			rc = add_body(&f, "else_branch", NULL);
	} else if (rc == 0) {
		rc = add_loop_body(&f);
	}
	if (rc == 0)
		rc = add_node(&f);
	for (int k = 0; k < f.nbody; k++)
		brn_graph_free(f.body[k].g);
	return rc < 0 ? rc : 1;
}
