/* SPDX-License-Identifier: Apache-2.0
 *
 * The nodes of a body are read in place of the node that stands for them, with
 * a table of names of their own.  A small file can ask for more nodes than
 * there is memory, so the nodes and names that are put in are counted, and the
 * depth of calls; recursion is an error, as in ONNX.
 */
#include "ir/onnx/inline.h"

#include "ir/graph/iter.h"
#include "ir/onnx/attr.h"
#include "ir/onnx/constant.h"
#include "ir/onnx/node.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/scope.h"
#include "ir/op/infer.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 64,                 /* calls in calls */
	MAX_INLINED = 1 << 20,          /* nodes, arguments and results */
	DEFAULTS = 11,                  /* field of FunctionProto, ONNX 1.13 */
};

/* A function being inlined, and the node that calls it.  */
struct brn_onnx_frame {
	const struct Onnx__FunctionProto *f;
	const struct Onnx__NodeProto *np;
	const struct brn_onnx_frame *up;
};

/* ---- functions ----------------------------------------------------------- */

static const char *
domain_of(const char *s)
{
	return brn_onnx_is_default(s) ? "" : s;
}

static int
by_name(const void *a, const void *b)
{
	const struct Onnx__FunctionProto *f = *(Onnx__FunctionProto *const *)a;
	const struct Onnx__FunctionProto *g = *(Onnx__FunctionProto *const *)b;
	int c = strcmp(domain_of(f->domain), domain_of(g->domain));

	return c ? c : strcmp(f->name ? f->name : "", g->name ? g->name : "");
}

int
brn_onnx_functions_init(struct brn_onnx_import *im)
{
	size_t n = im->m->n_functions;

	im->function = brn_arena_alloc(im->g->arena, n,
	    sizeof *im->function);
	if (!im->function)
		return brn_nomem(im->err);
	if (!n)
		return 0;
	memcpy(im->function, im->m->functions, n * sizeof *im->function);
	qsort(im->function, n, sizeof *im->function, by_name);
	for (size_t i = 1; i < n; i++)
		if (by_name(&im->function[i - 1], &im->function[i]) == 0)
			return brn_fail(im->err, BURIN_EFORMAT,
			    "%s: function '%s' is defined twice", im->src.file,
			    im->function[i]->name);
	return 0;
}

static const struct Onnx__FunctionProto *
function_of(const struct brn_onnx_node *n)
{
	struct Onnx__FunctionProto key = { .name = n->np->op_type,
	    .domain = n->np->domain }, *k = &key, **f;

	if (!n->im->m->n_functions)
		return NULL;
	f = bsearch(&k, n->im->function, n->im->m->n_functions,
	    sizeof *n->im->function, by_name);
	return f ? *f : NULL;
}

/* The field with the values of attributes that a call leaves out came after
 * the schema that we were built with.  */
static int
has_defaults(const struct Onnx__FunctionProto *f)
{
	for (unsigned i = 0; i < f->base.n_unknown_fields; i++)
		if (f->base.unknown_fields[i].tag == DEFAULTS)
			return 1;
	return 0;
}

/* ---- attributes ---------------------------------------------------------- */

static const char *
reference(const struct Onnx__AttributeProto *a)
{
	return a->ref_attr_name && *a->ref_attr_name ? a->ref_attr_name : NULL;
}

/* 1 and in *out the caller's value of a, which refers to an attribute of the
 * caller; 0: the caller does not give it.  */
static int
argument(const struct brn_onnx_frame *frame,
    const struct Onnx__AttributeProto *a, struct Onnx__AttributeProto *out)
{
	for (size_t i = 0; i < frame->np->n_attribute; i++) {
		const struct Onnx__AttributeProto *given =
		    frame->np->attribute[i];

		if (!given->name || strcmp(given->name, reference(a)))
			continue;
		*out = *given;
		out->name = a->name;
		return 1;
	}
	return 0;
}

/* Replace *np by one whose attributes are those of the caller where they refer
 * to them; those that the caller does not give are left out.  */
static int
bind_attrs(struct brn_onnx_import *im, struct Onnx__NodeProto **np)
{
	const struct Onnx__NodeProto *old = *np;
	struct Onnx__AttributeProto *attr;
	struct Onnx__NodeProto *new;
	size_t n = old->n_attribute, refs = 0;

	for (size_t i = 0; im->frame && i < n; i++)
		refs += reference(old->attribute[i]) != NULL;
	if (!refs)
		return 0;
	new = brn_arena_alloc(im->g->arena, 1, sizeof *new);
	attr = brn_arena_alloc(im->g->arena, refs, sizeof *attr);
	if (!new || !attr)
		return brn_nomem(im->err);
	*new = *old;
	new->n_attribute = 0;
	new->attribute = brn_arena_alloc(im->g->arena, n,
	    sizeof *new->attribute);
	if (!new->attribute)
		return brn_nomem(im->err);
	for (size_t i = 0; i < n; i++) {
		struct Onnx__AttributeProto *a = old->attribute[i];

		if (reference(a) && argument(im->frame, a, attr))
			new->attribute[new->n_attribute++] = attr++;
		else if (!reference(a))
			new->attribute[new->n_attribute++] = a;
	}
	*np = new;
	return 0;
}

int
brn_onnx_add_inside(struct brn_onnx_import *im, struct Onnx__NodeProto *np,
    int index)
{
	int rc = bind_attrs(im, &np);

	return rc < 0 ? rc : brn_onnx_add_node(im, np, index);
}

/* ---- bodies -------------------------------------------------------------- */

/* A function or a graph.  */
struct body {
	Onnx__NodeProto **node;
	size_t n_node;
	size_t n_output;
	struct Onnx__GraphProto *g;             /* or */
	const struct Onnx__FunctionProto *f;
};

static const char *
output_name(const struct body *b, size_t k)
{
	const char *s = b->g ? b->g->output[k]->name : b->f->output[k];

	return s ? s : "";
}

int
brn_onnx_count_inside(struct brn_onnx_node *n, size_t count)
{
	if (count > MAX_INLINED - n->im->inlined)
		return brn_fail(n->im->err, BURIN_EUNSUPPORTED,
		    "%s: node '%s' (%s): functions come to more than %d nodes",
		    n->im->src.file, n->name, n->np->op_type, MAX_INLINED);
	n->im->inlined += count;
	return 0;
}

/* Count the nodes and names of the body.  */
static int
check_size(struct brn_onnx_node *n, const struct body *b)
{
	size_t count = b->n_node + b->n_output + n->np->n_input + 1;
	int rc;

	count += b->g ? b->g->n_initializer + b->g->n_sparse_initializer :
	    b->f->n_input;
	if ((rc = brn_onnx_count_inside(n, count)) < 0)
		return rc;
	if (n->np->n_output > b->n_output)
		return brn_onnx_bad(n, "%zu outputs, its body has %zu",
		    n->np->n_output, b->n_output);
	return 0;
}

/* The names of the arguments stand for the inputs of the caller.  */
static void
bind_arguments(struct brn_onnx_node *n, const struct Onnx__FunctionProto *f)
{
	for (size_t k = 0; k < f->n_input; k++) {
		struct brn_onnx_name *v = brn_onnx_find(&n->im->names,
		    f->input[k]);

		v->node = (int)k < n->nin ? n->in[k] : NULL;
		v->absent = !v->node;
	}
}

/* Add the nodes of the body; out[k] is then output k of the caller.  */
static int
read_body(struct brn_onnx_node *n, const struct body *b,
    struct brn_node **out)
{
	struct brn_onnx_import *im = n->im;
	int rc = 0;

	if (b->f)
		bind_arguments(n, b->f);
	else
		rc = brn_onnx_initializers(im, b->g);
	for (size_t i = 0; i < b->n_node && rc == 0; i++)
		rc = brn_onnx_add_inside(im, b->node[i], (int)i);
	for (size_t k = 0; k < n->np->n_output && rc == 0; k++) {
		rc = brn_onnx_value(im, output_name(b, k), NULL, &out[k]);
		if (rc < 0)
			return rc;
		if (!out[k] && *n->np->output[k])
			return brn_onnx_bad(n, "output '%s' of its body is "
			    "made by nobody", output_name(b, k));
	}
	return rc;
}

/* read_body with a table of names for the body.  */
static int
read_in_scope(struct brn_onnx_node *n, const struct body *b,
    struct brn_node **out)
{
	struct brn_onnx_import *im = n->im;
	struct brn_onnx_names around = im->names, inside = { 0 };
	const char *prefix = im->prefix;
	int rc;

	inside.up = b->g ? &around : NULL;
	inside.g = im->g;
	rc = b->g ?
	    brn_onnx_names_init(&inside, b->g, im->src.file, im->err) :
	    brn_onnx_names_function(&inside, b->f, im->src.file, im->err);
	if (rc < 0)
		return rc;
	im->prefix = brn_arena_printf(im->g->arena, "%s/", n->name);
	im->names = inside;
	rc = im->prefix ? read_body(n, b, out) : brn_nomem(im->err);
	brn_onnx_names_free(&im->names);
	im->names = around;
	im->prefix = prefix;
	return rc;
}

/* The nodes of the body in place of n: 1 when they are there.  */
static int
put_body(struct brn_onnx_node *n, const struct body *b)
{
	struct brn_node **out;
	int rc = check_size(n, b);

	if (rc < 0)
		return rc;
	out = brn_alloc(n->np->n_output, sizeof *out);
	if (!out)
		return brn_nomem(n->im->err);
	rc = read_in_scope(n, b, out);
	for (size_t k = 0; k < n->np->n_output && rc == 0; k++)
		brn_onnx_bind(n, k, out[k]);
	free(out);
	return rc < 0 ? rc : 1;
}

/* ---- calls --------------------------------------------------------------- */

static int
check_frames(const struct brn_onnx_node *n,
    const struct Onnx__FunctionProto *f)
{
	int depth = 0;

	for (const struct brn_onnx_frame *p = n->im->frame; p; p = p->up) {
		if (p->f == f)
			return brn_onnx_bad(n, "the function calls itself");
		depth++;
	}
	if (depth >= MAX_DEPTH)
		return brn_fail(n->im->err, BURIN_EUNSUPPORTED, "%s: node "
		    "'%s' (%s): functions are nested deeper than %d",
		    n->im->src.file, n->name, n->np->op_type, MAX_DEPTH);
	return 0;
}

/* The version of the default domain that f is written for.  */
static int
opset_of(const struct Onnx__FunctionProto *f, int dflt)
{
	for (size_t i = 0; i < f->n_opset_import; i++)
		if (brn_onnx_is_default(f->opset_import[i]->domain))
			return (int)f->opset_import[i]->version;
	return dflt;
}

static int
inline_call(struct brn_onnx_node *n, const struct Onnx__FunctionProto *f)
{
	struct brn_onnx_import *im = n->im;
	struct brn_onnx_frame frame = { f, n->np, im->frame };
	struct body b = { f->node, f->n_node, f->n_output, NULL, f };
	int shared = im->src.shared, opset = im->g->opset, rc;

	if ((rc = check_frames(n, f)) < 0)
		return rc;
	if ((size_t)n->nin > f->n_input)
		return brn_onnx_bad(n, "%d inputs, the function has %zu",
		    n->nin, f->n_input);
	if (has_defaults(f))
		return brn_onnx_unsupported(n,
		    "function %s with default attributes", f->name);
	im->frame = &frame;
	im->src.shared = 1;
	im->g->opset = opset_of(f, opset);
	rc = put_body(n, &b);
	im->frame = frame.up;
	im->src.shared = shared;
	im->g->opset = opset;
	return rc;
}

/* ---- If ------------------------------------------------------------------ */

/* 1 and *yes when the condition is known.  */
static int
condition_of(struct brn_onnx_node *n, int *yes)
{
	const struct brn_shapes *s;
	const struct brn_tensor *t;
	int rc, id;

	if (n->nin != 1 || !n->in[0])
		return brn_onnx_bad(n, "%d inputs, wanted 1", n->nin);
	if ((rc = brn_onnx_known(n->im, &s)) < 0)
		return rc;
	id = n->in[0]->id;
	t = s->val[id];
	if (!t || s->sym[id] || brn_numel(t) != 1)
		return 0;
	*yes = brn_get_int(t, 0) != 0;
	return 1;
}

static int
inline_if(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	struct body b = { 0 };
	int yes = 0, rc = condition_of(n, &yes);
	const char *name;

	if (rc <= 0)
		return rc;
	name = yes ? "then_branch" : "else_branch";
	rc = brn_onnx_attr(n, name, BRN_ATTR_GRAPH, &a);
	if (rc <= 0)
		return rc < 0 ? rc : brn_onnx_bad(n,
		    "attribute '%s' is missing", name);
	b = (struct body){ a->g->node, a->g->n_node, a->g->n_output, a->g,
	    NULL };
	return put_body(n, &b);
}

int
brn_onnx_inline(struct brn_onnx_node *n)
{
	const struct Onnx__FunctionProto *f = function_of(n);

	if (f)
		return inline_call(n, f);
	if (n->op == BRN_OP_if)
		return inline_if(n);
	return 0;
}
