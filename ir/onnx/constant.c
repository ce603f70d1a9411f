/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors of the file as constants of the graph, which owns their data.
 */
#include "ir/onnx/constant.h"

#include "ir/onnx/attr.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/sparse.h"

#include <stdio.h>

/* ---- initializers -------------------------------------------------------- */

static int
add_unsupported(struct brn_onnx_import *im, struct brn_onnx_name *v,
    int data_type)
{
	v->node = brn_graph_add(im->g, BRN_OP_unsupported, v->s, NULL, 0);
	if (!v->node)
		return brn_nomem(im->err);
	v->node->onnx_op = brn_arena_printf(im->g->arena, "initializer of %s",
	    brn_onnx_dtype_name(data_type));
	v->node->opset = im->g->opset;
	return v->node->onnx_op ? 0 : brn_nomem(im->err);
}

/* One of t and s is NULL.  */
static int
add_initializer(struct brn_onnx_import *im, struct Onnx__TensorProto *t,
    struct Onnx__SparseTensorProto *s)
{
	const struct Onnx__TensorProto *head = t ? t : s->values;
	struct brn_onnx_name *v = brn_onnx_find(&im->names, head->name);
	struct brn_type type;
	char what[512];
	void *data;
	int rc;

	if (!brn_onnx_dtype(head->data_type))
		return add_unsupported(im, v, head->data_type);
	snprintf(what, sizeof what, "%s: initializer '%s'", im->src.file,
	    head->name);
	rc = t ? brn_onnx_tensor(&im->src, t, what, &type, &data, im->err) :
	    brn_onnx_sparse(&im->src, s, what, &type, &data, im->err);
	if (rc < 0)
		return rc;
	v->node = brn_graph_constant_own(im->g, head->name, &type, data);
	return v->node ? 0 : brn_nomem(im->err);
}

int
brn_onnx_initializers(struct brn_onnx_import *im, struct Onnx__GraphProto *g)
{
	int rc = 0;

	for (size_t i = 0; i < g->n_initializer && rc == 0; i++)
		rc = add_initializer(im, g->initializer[i], NULL);
	for (size_t i = 0; i < g->n_sparse_initializer && rc == 0; i++)
		rc = add_initializer(im, NULL, g->sparse_initializer[i]);
	return rc;
}

/* ---- Constant ------------------------------------------------------------ */

/* A tensor attribute, dense or sparse, as a constant.  */
static int
constant_tensor(struct brn_onnx_node *n, struct Onnx__AttributeProto *a,
    int sparse)
{
	struct brn_onnx_import *im = n->im;
	struct brn_type type;
	char what[512];
	void *data;
	int rc;

	snprintf(what, sizeof what, "%s: node '%s'", im->src.file, n->name);
	rc = sparse ? brn_onnx_sparse(&im->src, a->sparse_tensor, what, &type,
	    &data, im->err) :
	    brn_onnx_tensor(&im->src, a->t, what, &type, &data, im->err);
	if (rc < 0)
		return rc;
	n->node = brn_graph_constant_own(im->g, n->name, &type, data);
	return n->node ? 0 : brn_nomem(im->err);
}

/* A scalar (rank 0) or a vector of count elements.  */
static int
constant_list(struct brn_onnx_node *n, int dtype, int rank, const void *v,
    size_t count)
{
	struct brn_type type = { dtype, rank, { (int64_t)count } };

	n->node = brn_graph_constant(n->im->g, n->name, &type, v);
	return n->node ? 0 : brn_nomem(n->im->err);
}

int
brn_onnx_constant(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc;

	if ((rc = brn_onnx_attr(n, "value", BRN_ATTR_TENSOR, &a)) != 0)
		return rc < 0 ? rc : constant_tensor(n, a, 0);
	if ((rc = brn_onnx_attr(n, "sparse_value", BRN_ATTR_SPARSE_TENSOR,
	    &a)) != 0)
		return rc < 0 ? rc : constant_tensor(n, a, 1);
	if ((rc = brn_onnx_attr(n, "value_float", BRN_ATTR_FLOAT, &a)) != 0)
		return rc < 0 ? rc : constant_list(n, BURIN_F32, 0, &a->f, 0);
	if ((rc = brn_onnx_attr(n, "value_floats", BRN_ATTR_FLOATS, &a)) != 0)
		return rc < 0 ? rc : constant_list(n, BURIN_F32, 1, a->floats,
		    a->n_floats);
	if ((rc = brn_onnx_attr(n, "value_int", BRN_ATTR_INT, &a)) != 0)
		return rc < 0 ? rc : constant_list(n, BURIN_I64, 0, &a->i, 0);
	if ((rc = brn_onnx_attr(n, "value_ints", BRN_ATTR_INTS, &a)) < 0)
		return rc;
	return constant_list(n, BURIN_I64, 1, a->ints, a->n_ints);
}

/* ---- ConstantOfShape ----------------------------------------------------- */

int
brn_onnx_fill_value(struct brn_onnx_node *n)
{
	struct brn_onnx_import *im = n->im;
	struct Onnx__AttributeProto *a;
	struct brn_tensor *t;
	char what[512];
	int rc = brn_onnx_attr(n, "value", BRN_ATTR_TENSOR, &a);

	if (rc <= 0)
		return rc;
	t = brn_arena_alloc(im->g->arena, 1, sizeof *t);
	if (!t)
		return brn_nomem(im->err);
	snprintf(what, sizeof what, "%s: node '%s'", im->src.file, n->name);
	if ((rc = brn_onnx_tensor(&im->src, a->t, what, &t->type, &t->data,
	    im->err)) < 0)
		return rc;
	if (brn_arena_own(im->g->arena, t->data) < 0)
		return brn_nomem(im->err);
	if (brn_numel(t) != 1)
		return brn_onnx_bad(n, "value has %lld elements, wanted one",
		    (long long)brn_numel(t));
	if (brn_attr_set_tensor(im->g, n->node, "value", t) < 0)
		return brn_nomem(im->err);
	return 0;
}
