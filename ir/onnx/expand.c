/* SPDX-License-Identifier: Apache-2.0
 *
 * The helpers of expand.h.
 */
#include "ir/onnx/expand.h"

#include "ir/graph/iter.h"
#include "ir/onnx/attr.h"
#include "ir/onnx/convert.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/scope.h"
#include "ir/op/infer.h"

#include <stdio.h>

void
brn_cannot(struct brn_expand *e, const char *fmt, ...)
{
	char what[128];
	va_list ap;

	if (brn_expand_stopped(e))
		return;
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	e->rc = brn_onnx_unsupported(e->n, "%s %s", e->n->np->op_type, what);
}

int
brn_expand_stopped(const struct brn_expand *e)
{
	return e->rc < 0 || e->n->why;
}

static void
check_memory(struct brn_expand *e, int ok)
{
	if (!ok && e->rc == 0)
		e->rc = brn_nomem(e->n->im->err);
}

/* ---- what the node has ---- */

struct brn_node *
brn_arg(const struct brn_expand *e, int k)
{
	return k < e->n->nin ? e->n->in[k] : NULL;
}

int
brn_wants(const struct brn_expand *e, size_t k)
{
	return brn_onnx_is_used(e->n, k);
}

static struct Onnx__AttributeProto *
attribute(struct brn_expand *e, const char *name, enum brn_attr_type type)
{
	struct Onnx__AttributeProto *a;
	int rc = e->rc < 0 ? e->rc : brn_onnx_attr(e->n, name, type, &a);

	if (rc < 0)
		e->rc = rc;
	return rc > 0 ? a : NULL;
}

int64_t
brn_arg_int(struct brn_expand *e, const char *name, int64_t dflt)
{
	const struct Onnx__AttributeProto *a = attribute(e, name,
	    BRN_ATTR_INT);

	return a ? a->i : dflt;
}

float
brn_arg_float(struct brn_expand *e, const char *name, float dflt)
{
	const struct Onnx__AttributeProto *a = attribute(e, name,
	    BRN_ATTR_FLOAT);

	return a ? a->f : dflt;
}

int
brn_arg_ints(struct brn_expand *e, const char *name, int64_t *v, int n)
{
	const struct Onnx__AttributeProto *a = attribute(e, name,
	    BRN_ATTR_INTS);

	for (int i = 0; a && i < n && (size_t)i < a->n_ints; i++)
		v[i] = a->ints[i];
	return a ? (int)a->n_ints : 0;
}

int
brn_arg_floats(struct brn_expand *e, const char *name, float *v, int n)
{
	const struct Onnx__AttributeProto *a = attribute(e, name,
	    BRN_ATTR_FLOATS);

	for (int i = 0; a && i < n && (size_t)i < a->n_floats; i++)
		v[i] = a->floats[i];
	return a ? (int)a->n_floats : 0;
}

const char *
brn_arg_string(struct brn_expand *e, const char *name)
{
	const struct Onnx__AttributeProto *a = attribute(e, name,
	    BRN_ATTR_STRING);
	const char *s = a ? brn_arena_printf(e->n->im->g->arena, "%.*s",
	    (int)a->s.len, a->s.data) : "";

	check_memory(e, s != NULL);
	return s ? s : "";
}

const struct brn_type *
brn_known_type(struct brn_expand *e, const struct brn_node *n)
{
	static const struct brn_type unknown = { .rank = -1 };
	const struct brn_shapes *s;

	if (brn_expand_stopped(e) || !n)
		return &unknown;
	e->rc = brn_onnx_known(e->n->im, &s);
	return e->rc < 0 ? &unknown : &s->type[n->id];
}

/* ---- what it becomes ---- */

static const char *
name_of(struct brn_expand *e)
{
	const char *s = e->n->name;

	if (e->part)
		s = brn_arena_printf(e->n->im->g->arena, "%s.%s", s, e->part);
	check_memory(e, s != NULL);
	return s;
}

struct brn_node *
brn_put(struct brn_expand *e, enum brn_op op, struct brn_node *const *in,
    int nin)
{
	const char *name = name_of(e);
	struct brn_node *n;

	while (nin > brn_ops[op].lo && !in[nin - 1])
		nin--;
	if (brn_expand_stopped(e))
		return NULL;
	n = brn_graph_add(e->n->im->g, op, name, in, nin);
	check_memory(e, n != NULL);
	return n;
}

struct brn_node *
brn_put_converted(struct brn_expand *e, enum brn_op op,
    struct brn_node *const *in, int nin)
{
	struct brn_onnx_node *n = e->n;

	n->op = op;
	n->node = brn_put(e, op, in, nin);
	if (n->node && e->rc == 0)
		e->rc = brn_onnx_convert_attrs(n);
	return n->node;
}

struct brn_node *
brn_put_cast(struct brn_expand *e, struct brn_node *x, int dtype)
{
	struct brn_node *n = BRN_PUT(e, cast, x);

	brn_put_int(e, n, "to", dtype);
	return n;
}

struct brn_node *
brn_put_scalar(struct brn_expand *e, int dtype, double v)
{
	struct brn_type type = { .dtype = dtype };
	const char *name = name_of(e);
	struct brn_node *n;

	if (brn_expand_stopped(e))
		return NULL;
	n = brn_graph_constant(e->n->im->g, name, &type, NULL);
	check_memory(e, n != NULL);
	if (n)
		brn_set_float(n->value, 0, v);
	return n;
}

struct brn_node *
brn_put_floats(struct brn_expand *e, const float *v, int n)
{
	struct brn_type type = { BURIN_F32, 1, { n } };
	const char *name = name_of(e);
	struct brn_node *node;

	if (brn_expand_stopped(e))
		return NULL;
	node = brn_graph_constant(e->n->im->g, name, &type, v);
	check_memory(e, node != NULL);
	return node;
}

struct brn_node *
brn_put_ints(struct brn_expand *e, const int64_t *v, int n)
{
	const char *name = name_of(e);
	struct brn_node *node;

	if (brn_expand_stopped(e))
		return NULL;
	node = brn_graph_ints(e->n->im->g, name, v, n);
	check_memory(e, node != NULL);
	return node;
}

void
brn_put_int(struct brn_expand *e, struct brn_node *n, const char *name,
    int64_t v)
{
	if (n)
		check_memory(e, brn_attr_set_int(e->n->im->g, n, name, v) == 0);
}

void
brn_put_float(struct brn_expand *e, struct brn_node *n, const char *name,
    float v)
{
	if (n)
		check_memory(e,
		    brn_attr_set_float(e->n->im->g, n, name, v) == 0);
}

void
brn_put_split(struct brn_expand *e, struct brn_node *x, int64_t axis,
    const int64_t *size, struct brn_node **out, int n)
{
	struct brn_node *sizes = brn_put_ints(e, size, n);

	for (int i = 0; i < n; i++) {
		out[i] = BRN_PUT(e, split, x, sizes);
		if (axis)
			brn_put_int(e, out[i], "axis", axis);
		brn_put_int(e, out[i], "nout", n);
		brn_put_int(e, out[i], "index", i);
	}
}
