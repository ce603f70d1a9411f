/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of onnx_expand.h.
 */
#include "ir/onnx/expand.h"

#include "ir/op/infer.h"
#include "ir/graph/iter.h"
#include "ir/onnx/onnx.pb-c.h"

#include <stdio.h>

#define FLOAT ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
#define FLOATS ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
#define INT ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT
#define INTS ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS
#define STRING ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING

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
	e->c->why = brn_arena_printf(e->c->im->g->arena, "%s %s",
	    e->c->np->op_type, what);
	if (!e->c->why)
		e->rc = brn_nomem(e->c->im->err);
}

int
brn_expand_stopped(const struct brn_expand *e)
{
	return e->rc < 0 || e->c->why;
}

static void
check(struct brn_expand *e, int ok)
{
	if (!ok && e->rc == 0)
		e->rc = brn_nomem(e->c->im->err);
}

/* ---- what the node has ---- */

struct brn_node *
brn_arg(const struct brn_expand *e, int k)
{
	return k < e->c->nin ? e->c->in[k] : NULL;
}

int
brn_wants(const struct brn_expand *e, size_t k)
{
	const struct Onnx__NodeProto *np = e->c->np;
	const struct brn_onnx_name *v = k < np->n_output ?
	    brn_onnx_find(&e->c->im->names, np->output[k]) : NULL;

	return v && v->uses;
}

static struct Onnx__AttributeProto *
attribute(struct brn_expand *e, const char *name, int type)
{
	struct Onnx__AttributeProto *a;
	int rc = e->rc < 0 ? e->rc : brn_onnx_attr(e->c, name, type, &a);

	if (rc < 0)
		e->rc = rc;
	return rc > 0 ? a : NULL;
}

int64_t
brn_arg_int(struct brn_expand *e, const char *name, int64_t dflt)
{
	const struct Onnx__AttributeProto *a = attribute(e, name, INT);

	return a ? a->i : dflt;
}

float
brn_arg_float(struct brn_expand *e, const char *name, float dflt)
{
	const struct Onnx__AttributeProto *a = attribute(e, name, FLOAT);

	return a ? a->f : dflt;
}

int
brn_arg_ints(struct brn_expand *e, const char *name, int64_t *v, int n)
{
	const struct Onnx__AttributeProto *a = attribute(e, name, INTS);

	for (int i = 0; a && i < n && (size_t)i < a->n_ints; i++)
		v[i] = a->ints[i];
	return a ? (int)a->n_ints : 0;
}

int
brn_arg_floats(struct brn_expand *e, const char *name, float *v, int n)
{
	const struct Onnx__AttributeProto *a = attribute(e, name, FLOATS);

	for (int i = 0; a && i < n && (size_t)i < a->n_floats; i++)
		v[i] = a->floats[i];
	return a ? (int)a->n_floats : 0;
}

const char *
brn_arg_string(struct brn_expand *e, const char *name)
{
	const struct Onnx__AttributeProto *a = attribute(e, name, STRING);
	const char *s = a ? brn_arena_printf(e->c->im->g->arena, "%.*s",
	    (int)a->s.len, a->s.data) : "";

	check(e, s != NULL);
	return s ? s : "";
}

const struct brn_type *
brn_known_type(struct brn_expand *e, const struct brn_node *n)
{
	static const struct brn_type unknown = { .rank = -1 };
	const struct brn_shapes *s;

	if (brn_expand_stopped(e) || !n)
		return &unknown;
	e->rc = brn_onnx_known(e->c->im, &s);
	return e->rc < 0 ? &unknown : &s->type[n->id];
}

/* ---- what it becomes ---- */

static const char *
name_of(struct brn_expand *e)
{
	const char *s = e->c->name;

	if (e->part)
		s = brn_arena_printf(e->c->im->g->arena, "%s.%s", s, e->part);
	check(e, s != NULL);
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
	n = brn_graph_add(e->c->im->g, op, name, in, nin);
	check(e, n != NULL);
	return n;
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
	n = brn_graph_constant(e->c->im->g, name, &type, NULL);
	check(e, n != NULL);
	if (n)
		brn_set_float(n->value, 0, v);
	return n;
}

struct brn_node *
brn_put_ints(struct brn_expand *e, const int64_t *v, int n)
{
	const char *name = name_of(e);
	struct brn_node *node;

	if (brn_expand_stopped(e))
		return NULL;
	node = brn_graph_ints(e->c->im->g, name, v, n);
	check(e, node != NULL);
	return node;
}

void
brn_put_int(struct brn_expand *e, struct brn_node *n, const char *name,
    int64_t v)
{
	if (n)
		check(e, brn_attr_set_int(e->c->im->g, n, name, v) == 0);
}

void
brn_put_float(struct brn_expand *e, struct brn_node *n, const char *name,
    float v)
{
	if (n)
		check(e, brn_attr_set_float(e->c->im->g, n, name, v) == 0);
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
