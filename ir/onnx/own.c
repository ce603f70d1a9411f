/* SPDX-License-Identifier: Apache-2.0
 *
 * What single ops need beyond the table of attributes: which forms of them
 * burin cannot run, and the attributes that change their type or meaning on
 * the way to the normal form.
 */
#include "ir/onnx/node.h"

#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define FLOAT ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
#define FLOATS ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
#define INT ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
#define INTS ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
#define SPARSE ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__SPARSE_TENSOR
#define STRING ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING
#define TENSOR ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR

/* ---- forms that are not supported ---------------------------------------- */

static int
no(struct brn_onnx_call *c, const char *what, const char *form)
{
	c->why = brn_arena_printf(c->im->g->arena, "%s%s", what, form);
	return c->why ? 1 : brn_nomem(c->im->err);
}

/* One output is all that a node of ours has.  */
static int
uses_more_outputs(const struct brn_onnx_call *c)
{
	for (size_t k = 1; k < c->np->n_output; k++) {
		struct brn_onnx_name *v = brn_onnx_find(&c->im->names,
		    c->np->output[k]);

		if (v && v->uses)
			return 1;
	}
	return 0;
}

/* The dtype in attribute "to".  */
static int
cast_to(struct brn_onnx_call *c, int *to)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "to", INT, &a);

	if (rc == 0)
		return brn_onnx_bad(c, "attribute 'to' is missing");
	if (rc < 0)
		return rc;
	*to = a->i < 0 || a->i > INT_MAX ? -1 : (int)a->i;
	return 0;
}

static int
refuse_cast(struct brn_onnx_call *c)
{
	int to, rc = cast_to(c, &to);

	if (rc < 0 || brn_onnx_dtype(to))
		return rc;
	return no(c, "Cast to ", brn_onnx_dtype_name(to));
}

static int
refuse_value(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	const char *what = c->op == BRN_OP_constant ? "Constant of " :
	    "ConstantOfShape of ";
	int type = 0, rc;

	if ((rc = brn_onnx_attr(c, "value", TENSOR, &a)) < 0)
		return rc;
	if (rc)
		type = a->t->data_type;
	else if ((rc = brn_onnx_attr(c, "sparse_value", SPARSE, &a)) < 0)
		return rc;
	else if (rc)
		type = a->sparse_tensor->values ?
		    a->sparse_tensor->values->data_type : 0;
	else
		return 0;
	return brn_onnx_dtype(type) ? 0 :
	    no(c, what, brn_onnx_dtype_name(type));
}

static int
refuse_constant(struct brn_onnx_call *c)
{
	const char *name = c->np->n_attribute == 1 ?
	    c->np->attribute[0]->name : NULL;

	if (!name)
		return brn_onnx_bad(c, "%zu attributes, wanted one value",
		    c->np->n_attribute);
	if (!strncmp(name, "value_string", strlen("value_string")))
		return no(c, "Constant of string", "");
	return refuse_value(c);
}

static int
refuse_dropout(struct brn_onnx_call *c)
{
	double training = 0;

	if (c->nin > 2 && c->in[2] &&
	    (!brn_const_scalar(c->in[2], &training) || training != 0))
		return no(c, "Dropout in training mode", "");
	return 0;
}

/* What is not done of Attention: the scores as an output, lengths of keys, and
 * a limit of scores that masks may or may not pass.  */
static int
refuse_mha(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	struct brn_onnx_name *v = c->np->n_output < 4 ? NULL :
	    brn_onnx_find(&c->im->names, c->np->output[3]);
	int rc = brn_onnx_attr(c, "softcap", FLOAT, &a);

	if (rc < 0)
		return rc;
	if (rc && a->f != 0 && c->nin > 3 && c->in[3])
		return no(c, "Attention with softcap and a mask", "");
	if (v && v->uses)
		return no(c, "Attention with scores as an output", "");
	if (c->nin > 6 && c->in[6])
		return no(c, "Attention with lengths of keys", "");
	return 0;
}

int
brn_onnx_refuse(struct brn_onnx_call *c)
{
	const char *type = c->np->op_type;

	if (!brn_onnx_is_default(c->np->domain)) {
		c->why = brn_arena_printf(c->im->g->arena, "%s.%s",
		    c->np->domain, type);
		return c->why ? 1 : brn_nomem(c->im->err);
	}
	if (!(brn_ops[c->op].flags & BRN_MULTI) && uses_more_outputs(c))
		return no(c, type, c->op == BRN_OP_unsupported ? "" :
		    " with several outputs");
	switch (c->op) {
	case BRN_OP_unsupported:
		return no(c, type, "");
	case BRN_OP_cast:
		return refuse_cast(c);
	case BRN_OP_mha:
		return refuse_mha(c);
	case BRN_OP_dropout:
		return refuse_dropout(c);
	case BRN_OP_constant:
		return refuse_constant(c);
	case BRN_OP_constant_of_shape:
		return refuse_value(c);
	default:
		return brn_onnx_image_refuse(c);
	}
}

/* ---- attributes that change ---------------------------------------------- */

static int
set_int(struct brn_onnx_call *c, const char *name, int64_t v)
{
	if (brn_attr_set_int(c->im->g, c->node, name, v) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

/* Softmax-13 and later: along axis, default -1.  Before: x as a matrix whose
 * columns are the dimensions from axis on, default 1.  */
static int
finish_softmax(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "axis", INT, &a);
	int old = c->im->g->opset < 13;
	int64_t axis = rc > 0 ? a->i : old ? 1 : -1;

	if (rc < 0 || axis == -1)
		return rc < 0 ? rc : 0;
	if ((rc = set_int(c, "axis", axis)) < 0 || !old)
		return rc;
	return set_int(c, "coerce2d", 1);
}

static int
finish_gelu(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "approximate", STRING, &a);

	if (rc <= 0 || (a->s.len == 4 && !memcmp(a->s.data, "none", 4)))
		return rc < 0 ? rc : 0;
	if (a->s.len != 4 || memcmp(a->s.data, "tanh", 4))
		return brn_onnx_bad(c,
		    "attribute 'approximate' is not none or tanh");
	return set_int(c, "tanh", 1);
}

static int
finish_cast(struct brn_onnx_call *c)
{
	int to, rc = cast_to(c, &to);

	return rc < 0 ? rc : set_int(c, "to", brn_onnx_dtype(to));
}

static int
finish_split(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "num_outputs", INT, &a);

	if (rc > 0 && a->i != (int64_t)c->np->n_output)
		return brn_onnx_bad(c, "%zu outputs, num_outputs is %lld",
		    c->np->n_output, (long long)a->i);
	if (rc < 0)
		return rc;
	return set_int(c, "nout", (int64_t)c->np->n_output);
}

/* The constant that a tensor of the file is.  */
static int
constant(struct brn_onnx_call *c, const struct brn_type *type, void *data)
{
	c->node = brn_graph_constant_own(c->im->g, c->name, type, data);
	return c->node ? 0 : brn_nomem(c->im->err);
}

static int
finish_constant_of_shape(struct brn_onnx_call *c)
{
	struct brn_onnx_import *im = c->im;
	struct Onnx__AttributeProto *a;
	struct brn_tensor *t;
	char what[512];
	int rc = brn_onnx_attr(c, "value", TENSOR, &a);

	if (rc <= 0)
		return rc;
	t = brn_arena_alloc(im->g->arena, 1, sizeof *t);
	if (!t)
		return brn_nomem(im->err);
	snprintf(what, sizeof what, "%s: node '%s'", im->src.file, c->name);
	if ((rc = brn_onnx_tensor(&im->src, a->t, what, &t->type, &t->data,
	    im->err)) < 0)
		return rc;
	if (brn_arena_own(im->g->arena, t->data) < 0)
		return brn_nomem(im->err);
	if (brn_numel(t) != 1)
		return brn_onnx_bad(c, "value has %lld elements, wanted one",
		    (long long)brn_numel(t));
	if (brn_attr_set_tensor(im->g, c->node, "value", t) < 0)
		return brn_nomem(im->err);
	return 0;
}

/* The characters of the equation that are no blanks.  */
static int
finish_einsum(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int64_t text[128];
	int rc = brn_onnx_attr(c, "equation", STRING, &a), n = 0;

	if (rc == 0)
		return brn_onnx_bad(c, "attribute 'equation' is missing");
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < a->s.len; i++) {
		if (a->s.data[i] == ' ')
			continue;
		if (n == BRN_COUNT(text))
			return brn_onnx_bad(c, "the equation is too long");
		text[n++] = a->s.data[i];
	}
	if (brn_attr_set_ints(c->im->g, c->node, "equation", text, n) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

static int
finish_eye_like(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "dtype", INT, &a);
	int dtype = rc > 0 && a->i > 0 && a->i < INT_MAX ?
	    brn_onnx_dtype((int)a->i) : 0;

	if (rc <= 0)
		return rc;
	return dtype ? set_int(c, "dtype", dtype) :
	    brn_onnx_bad(c, "dtype is %lld", (long long)a->i);
}

/* Before opset 7 a slope of one dimension is one a channel.  */
static int
finish_prelu(struct brn_onnx_call *c)
{
	return c->im->g->opset < 7 ? set_int(c, "channels", 1) : 0;
}

int
brn_onnx_finish(struct brn_onnx_call *c)
{
	switch (c->op) {
	case BRN_OP_softmax:
	case BRN_OP_log_softmax:
	case BRN_OP_hardmax:
		return finish_softmax(c);
	case BRN_OP_einsum:
		return finish_einsum(c);
	case BRN_OP_eye_like:
		return finish_eye_like(c);
	case BRN_OP_prelu:
		return finish_prelu(c);
	case BRN_OP_gelu:
		return finish_gelu(c);
	case BRN_OP_cast:
		return finish_cast(c);
	case BRN_OP_split:
		return finish_split(c);
	case BRN_OP_constant_of_shape:
		return finish_constant_of_shape(c);
	default:
		return brn_onnx_image_finish(c);
	}
}

/* ---- Constant ------------------------------------------------------------ */

static int
constant_tensor(struct brn_onnx_call *c, struct Onnx__AttributeProto *a,
    int sparse)
{
	struct brn_onnx_import *im = c->im;
	struct brn_type type;
	char what[512];
	void *data;
	int rc;

	snprintf(what, sizeof what, "%s: node '%s'", im->src.file, c->name);
	rc = sparse ? brn_onnx_sparse(&im->src, a->sparse_tensor, what, &type,
	    &data, im->err) :
	    brn_onnx_tensor(&im->src, a->t, what, &type, &data, im->err);
	return rc < 0 ? rc : constant(c, &type, data);
}

/* A scalar (rank 0) or a vector.  */
static int
constant_list(struct brn_onnx_call *c, int dtype, int rank, const void *v,
    size_t n)
{
	struct brn_type type = { dtype, rank, { (int64_t)n } };

	c->node = brn_graph_constant(c->im->g, c->name, &type, v);
	return c->node ? 0 : brn_nomem(c->im->err);
}

int
brn_onnx_constant(struct brn_onnx_call *c)
{
	struct Onnx__AttributeProto *a;
	int rc;

	if ((rc = brn_onnx_attr(c, "value", TENSOR, &a)) != 0)
		return rc < 0 ? rc : constant_tensor(c, a, 0);
	if ((rc = brn_onnx_attr(c, "sparse_value", SPARSE, &a)) != 0)
		return rc < 0 ? rc : constant_tensor(c, a, 1);
	if ((rc = brn_onnx_attr(c, "value_float", FLOAT, &a)) != 0)
		return rc < 0 ? rc : constant_list(c, BURIN_F32, 0, &a->f, 0);
	if ((rc = brn_onnx_attr(c, "value_floats", FLOATS, &a)) != 0)
		return rc < 0 ? rc : constant_list(c, BURIN_F32, 1, a->floats,
		    a->n_floats);
	if ((rc = brn_onnx_attr(c, "value_int", INT, &a)) != 0)
		return rc < 0 ? rc : constant_list(c, BURIN_I64, 0, &a->i, 0);
	if ((rc = brn_onnx_attr(c, "value_ints", INTS, &a)) < 0)
		return rc;
	return constant_list(c, BURIN_I64, 1, a->ints, a->n_ints);
}
