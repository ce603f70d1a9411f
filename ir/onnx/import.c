/* SPDX-License-Identifier: Apache-2.0
 *
 * A model file into a graph: its inputs and initializers become leaves, then
 * its nodes are added in the order of the file.  That order must be
 * topological, so a cycle is found as an input that no node has made yet.
 */
#include "ir/onnx/import.h"

#include "ir/onnx/body.h"
#include "ir/onnx/constant.h"
#include "ir/onnx/contrib.h"
#include "ir/onnx/file.h"
#include "ir/onnx/inline.h"
#include "ir/onnx/node.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/scope.h"
#include "ir/onnx/unpack.h"
#include "ir/op/infer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPSET_MIN = 1,
	OPSET_MAX = 25,
	MAX_PORTS = 1024,       /* inputs, outputs: each may name symbols */
	MAX_DOMAINS = 256,
};

/* ---- the model ----------------------------------------------------------- */

static int
check_model(struct brn_onnx_import *im)
{
	const struct Onnx__ModelProto *m = im->m;

	if (m->n_opset_import > MAX_DOMAINS)
		return brn_fail(im->err, BURIN_EFORMAT,
		    "%s: %zu operator sets, wanted at most %d", im->src.file,
		    m->n_opset_import, MAX_DOMAINS);
	im->g->opset = brn_onnx_opset(m, NULL);
	if (!im->g->opset)
		return brn_fail(im->err, BURIN_EFORMAT,
		    "%s: no opset of the default domain", im->src.file);
	if (im->g->opset < OPSET_MIN || im->g->opset > OPSET_MAX)
		return brn_fail(im->err, BURIN_EUNSUPPORTED,
		    "%s: opset %d, wanted %d to %d", im->src.file,
		    im->g->opset, OPSET_MIN, OPSET_MAX);
	if (m->graph->n_input > MAX_PORTS || m->graph->n_output > MAX_PORTS)
		return brn_fail(im->err, BURIN_EUNSUPPORTED,
		    "%s: %zu inputs and %zu outputs, wanted at most %d",
		    im->src.file, m->graph->n_input, m->graph->n_output,
		    MAX_PORTS);
	im->g->name = brn_arena_strdup(im->g->arena,
	    m->graph->name ? m->graph->name : "");
	return im->g->name ? 0 : brn_nomem(im->err);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The name in counts: of other domains domain.operator.  */
static const char *
op_name(struct brn_onnx_import *im, const struct Onnx__NodeProto *np)
{
	const char *type = np->op_type ? np->op_type : "";

	if (brn_onnx_is_default(np->domain))
		return brn_arena_strdup(im->g->arena, type);
	return brn_arena_printf(im->g->arena, "%s.%s", np->domain, type);
}

static int
count_ops(struct brn_onnx_import *im)
{
	struct brn_graph *g = im->g;
	size_t n = im->m->graph->n_node;
	const char **names = brn_arena_alloc(g->arena, n, sizeof *names);
	struct brn_opcount *c = brn_arena_alloc(g->arena, n, sizeof *c);

	if (!names || !c)
		return brn_nomem(im->err);
	for (size_t i = 0; i < n; i++) {
		names[i] = op_name(im, im->m->graph->node[i]);
		if (!names[i])
			return brn_nomem(im->err);
	}
	if (n)
		qsort(names, n, sizeof *names, by_name);
	g->opcount = c;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(names[i], names[i - 1]))
			c[g->nopcount++].name = names[i];
		c[g->nopcount - 1].count++;
	}
	return 0;
}

/* ---- inputs and outputs -------------------------------------------------- */

/* The name of a dimension of symbolic size; equal names are equal sizes.  NULL:
 * a size unlike any other.  Paddle writes "?" and -1 for all unknown sizes.  */
static const char *
dim_name(const struct Onnx__TensorShapeProto__Dimension *d)
{
	if (d->value_case !=
	    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ||
	    !d->dim_param || !*d->dim_param || !strcmp(d->dim_param, "?"))
		return NULL;
	return d->dim_param;
}

/* A dimension of a declared type: a size, or a symbol.  */
static int
dim_of(struct brn_onnx_import *im,
    const struct Onnx__TensorShapeProto__Dimension *d, const char *what,
    int64_t *out)
{
	if (d->value_case ==
	    ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
	    d->dim_value != -1) {
		if (d->dim_value < 0)
			return brn_fail(im->err, BURIN_EFORMAT,
			    "%s: dimension is %lld, wanted 0 or more", what,
			    (long long)d->dim_value);
		*out = d->dim_value;
		return 0;
	}
	*out = brn_graph_sym(im->g, dim_name(d));
	return *out ? 0 : brn_nomem(im->err);
}

/* The declared type; dtype 0 and rank -1 when there is none.  */
static int
type_of(struct brn_onnx_import *im, const struct Onnx__ValueInfoProto *v,
    const char *what, struct brn_type *t)
{
	const struct Onnx__TypeProto *p = v->type;
	const struct Onnx__TensorShapeProto *s;
	int rc = 0;

	*t = (struct brn_type){ .rank = -1 };
	if (!p || p->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
		return 0;
	t->dtype = brn_onnx_port_dtype(p->tensor_type->elem_type);
	s = p->tensor_type->shape;
	if (!s)
		return 0;
	if (s->n_dim > BRN_MAX_RANK)
		return brn_fail(im->err, BURIN_EUNSUPPORTED,
		    "%s: rank %zu, wanted at most %d", what, s->n_dim,
		    BRN_MAX_RANK);
	t->rank = (int)s->n_dim;
	for (size_t i = 0; i < s->n_dim && rc == 0; i++)
		rc = dim_of(im, s->dim[i], what, &t->dim[i]);
	return rc;
}

static const char *
declared_name(const struct Onnx__ValueInfoProto *v)
{
	const struct Onnx__TypeProto *p = v->type;

	if (!p || p->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE)
		return "no tensor";
	return brn_onnx_dtype_name(p->tensor_type->elem_type);
}

/* A cast behind *n, between the dtype of a port and f32.  */
static int
add_cast(struct brn_onnx_import *im, const char *name, int dtype,
    struct brn_node **n)
{
	*n = brn_graph_add(im->g, BRN_OP_cast, name, n, 1);
	if (!*n || brn_attr_set_int(im->g, *n, "to", dtype) < 0)
		return brn_nomem(im->err);
	return 0;
}

static int
is_computed(int dtype)
{
	return dtype == BURIN_F32 || !brn_dtype_is_float(dtype);
}

/* keep: the model will not be run, so its inputs may have any type.  */
static int
add_input(struct brn_onnx_import *im, const struct Onnx__ValueInfoProto *v,
    struct brn_onnx_name *name, int keep)
{
	struct brn_graph *g = im->g;
	struct brn_value *in = &g->in[g->nin];
	char what[512];
	int rc;

	snprintf(what, sizeof what, "%s: input '%s'", im->src.file, v->name);
	if ((rc = type_of(im, v, what, &in->type)) < 0)
		return rc;
	if (!in->type.dtype && !keep)
		return brn_fail(im->err, BURIN_EUNSUPPORTED,
		    "%s: type %s is not supported", what, declared_name(v));
	in->node = brn_graph_add(g, BRN_OP_input, v->name, NULL, 0);
	if (!in->node)
		return brn_nomem(im->err);
	in->name = in->node->name;
	in->node->type = in->type;
	name->node = in->node;
	g->nin++;
	return is_computed(in->type.dtype) ? 0 :
	    add_cast(im, v->name, BURIN_F32, &name->node);
}

static int
add_inputs(struct brn_onnx_import *im, int keep)
{
	const struct Onnx__GraphProto *gp = im->m->graph;
	int rc = 0;

	im->g->in = brn_arena_alloc(im->g->arena, gp->n_input,
	    sizeof *im->g->in);
	if (!im->g->in)
		return brn_nomem(im->err);
	for (size_t i = 0; i < gp->n_input && rc == 0; i++) {
		struct brn_onnx_name *v = brn_onnx_find(&im->names,
		    gp->input[i]->name);

		if (v->origin == BRN_ONNX_INPUT)
			rc = add_input(im, gp->input[i], v, keep);
	}
	return rc;
}

static int
add_output(struct brn_onnx_import *im, const struct Onnx__ValueInfoProto *v)
{
	struct brn_value *out = &im->g->out[im->g->nout];
	const char *s = v->name ? v->name : "";
	struct brn_onnx_name *name = brn_onnx_find(&im->names, s);
	char what[512];
	int rc;

	snprintf(what, sizeof what, "%s: output '%s'", im->src.file, s);
	if (!name || !name->node)
		return brn_fail(im->err, BURIN_EFORMAT, "%s: made by nobody",
		    what);
	for (int i = 0; i < im->g->nout; i++)
		if (!strcmp(im->g->out[i].name, s))
			return brn_fail(im->err, BURIN_EFORMAT,
			    "%s: listed twice", what);
	if ((rc = type_of(im, v, what, &out->type)) < 0)
		return rc;
	out->node = name->node;
	out->name = brn_arena_strdup(im->g->arena, s);
	if (!out->name)
		return brn_nomem(im->err);
	im->g->nout++;
	return is_computed(out->type.dtype) ? 0 :
	    add_cast(im, s, out->type.dtype, &out->node);
}

static int
add_outputs(struct brn_onnx_import *im)
{
	const struct Onnx__GraphProto *gp = im->m->graph;
	int rc = 0;

	if (!gp->n_output)
		return brn_fail(im->err, BURIN_EFORMAT,
		    "%s: graph without outputs", im->src.file);
	im->g->out = brn_arena_alloc(im->g->arena, gp->n_output,
	    sizeof *im->g->out);
	if (!im->g->out)
		return brn_nomem(im->err);
	for (size_t i = 0; i < gp->n_output && rc == 0; i++)
		rc = add_output(im, gp->output[i]);
	return rc;
}

/* ---- all of it ----------------------------------------------------------- */

struct listing {
	char msg[sizeof ((burin_error *)NULL)->msg];
	size_t n, room;
	int total, shown;
};

/* Append n to the list if it fits.  After one that did not, nodes are only
 * counted.  */
static void
list_node(struct listing *l, const struct brn_node *n)
{
	int len;

	if (l->shown == l->total++) {
		len = snprintf(l->msg + l->n, l->room - l->n,
		    "%s%s (node '%s', opset %d)", l->n ? ", " : "",
		    n->onnx_op, n->name, n->opset);
		if ((size_t)len < l->room - l->n) {
			l->n += (size_t)len;
			l->shown++;
		}
	}
	l->msg[l->n] = 0;
}

/* Those of g and of the graphs in it, without inputs (leaf) or with.  */
static void
list_nodes(struct listing *l, const struct brn_graph *g, int leaf)
{
	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *n = g->node[i];

		if (n->op == BRN_OP_unsupported && leaf == !n->nin)
			list_node(l, n);
		for (int k = 0; k < n->nbody; k++)
			list_nodes(l, n->body[k].g, leaf);
	}
}

/* One line of all unsupported operators, then initializers of unsupported
 * types; as many as the message has room for.  */
static int
list_unsupported(struct brn_onnx_import *im)
{
	struct listing l = { .room = sizeof l.msg };
	size_t used = strlen(im->src.file) + 48;

	l.room -= used < l.room / 2 ? used : l.room / 2;
	for (int leaf = 0; leaf < 2; leaf++)
		list_nodes(&l, im->g, leaf);
	if (!l.total)
		return 0;
	if (l.shown == l.total)
		return brn_fail(im->err, BURIN_EUNSUPPORTED,
		    "%s: unsupported: %s", im->src.file, l.msg);
	return brn_fail(im->err, BURIN_EUNSUPPORTED,
	    "%s: unsupported: %s%sand %d more", im->src.file, l.msg,
	    l.shown ? " " : "", l.total - l.shown);
}

static int
read_model(struct brn_onnx_import *im, int keep)
{
	struct Onnx__GraphProto *gp = im->m->graph;
	int rc;

	if ((rc = check_model(im)) < 0 ||
	    (rc = count_ops(im)) < 0 ||
	    (rc = brn_onnx_names_init(&im->names, gp, im->src.file,
	    im->err)) < 0 ||
	    (rc = brn_onnx_functions_init(im)) < 0 ||
	    (rc = add_inputs(im, keep)) < 0 ||
	    (rc = brn_onnx_initializers(im, gp)) < 0)
		return rc;
	for (size_t i = 0; i < gp->n_node; i++)
		if ((rc = brn_onnx_add_node(im, gp->node[i], (int)i)) < 0)
			return rc;
	if ((rc = add_outputs(im)) < 0)
		return rc;
	return keep ? 0 : list_unsupported(im);
}

/* src: where the model comes from; its limits are set here.  */
static int
import_map(const struct brn_onnx_map *map, const struct brn_onnx_source *src,
    int keep, struct brn_graph **out, burin_error *err)
{
	static brn_onnx_expander *const expanders[] = {
		brn_onnx_inline, brn_onnx_add_flow, brn_onnx_expand, NULL };
	struct brn_onnx_scope top = { 0 };
	struct brn_onnx_import im = { .src = *src, .expander = expanders,
	    .scope = &top, .err = err };
	int rc = brn_onnx_unpack(map, src->file, &im.m, err);

	if (rc < 0)
		return rc;
	im.src.extern_left = BRN_ONNX_MAX_EXTERN;
	im.src.sparse_left = BRN_ONNX_MAX_SPARSE;
	im.src.copy_left = BRN_ONNX_MAX_COPIES;
	im.g = top.g = im.names.g = brn_graph_new();
	if (im.g)
		brn_budget_read(im.g->budget, map->n);
	rc = im.g ? read_model(&im, keep) : brn_nomem(err);
	brn_onnx_names_free(&im.names);
	brn_follow_free(top.follow);
	brn_onnx_model_free(im.m);
	if (rc < 0) {
		brn_graph_free(im.g);
		return rc;
	}
	brn_budget_read(im.g->budget, BRN_ONNX_MAX_EXTERN - im.src.extern_left);
	*out = im.g;
	return 0;
}

int
brn_onnx_import(const void *data, size_t size, const char *dir,
    const char *name, int keep, struct brn_graph **out, burin_error *err)
{
	struct brn_onnx_map map = { (void *)data, size, -1 };
	struct brn_onnx_source src = { .file = name, .dir = dir };

	return import_map(&map, &src, keep, out, err);
}

int
brn_onnx_import_parts(const void *data, size_t size, const burin_blob *blobs,
    size_t nblob, int keep, struct brn_graph **out, burin_error *err)
{
	struct brn_onnx_map map = { (void *)data, size, -1 };
	struct brn_onnx_source src = { .file = "memory", .blob = blobs,
	    .nblob = nblob };

	return import_map(&map, &src, keep, out, err);
}

int
brn_onnx_import_file(const char *path, int keep, struct brn_graph **out,
    burin_error *err)
{
	struct brn_onnx_map map;
	char *dir = brn_onnx_folder(path);
	struct brn_onnx_source src = { .file = path, .dir = dir };
	int rc;

	if (!dir)
		return brn_nomem(err);
	rc = brn_onnx_map(path, &map, err);
	if (rc == 0) {
		rc = import_map(&map, &src, keep, out, err);
		brn_onnx_unmap(&map);
	}
	free(dir);
	return rc;
}
