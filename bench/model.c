/* SPDX-License-Identifier: Apache-2.0
 *
 * The protobuf structs are built with malloc throughout, so that the free
 * function protobuf-c generates takes the whole tree down.
 */
#include "bench/model.h"

#include "ir/onnx/onnx.pb-c.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIM(kind) ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_##kind

struct model {
	Onnx__ModelProto *proto;
	uint64_t rng;
	int fail;
	char scope[128];
};

/* Zeroed memory, or NULL and the sticky failure.  */
static void *
zalloc(struct model *m, size_t n, size_t size)
{
	void *p = m->fail ? NULL : calloc(n ? n : 1, size);

	if (!p)
		m->fail = 1;
	return p;
}

static char *
text(struct model *m, const char *s)
{
	char *p = zalloc(m, strlen(s) + 1, 1);

	return p ? strcpy(p, s) : NULL;
}

/* Append item to the n pointers at *list.  On failure item is lost; that is a
 * leak in a program about to end.  */
static void
append(struct model *m, void *list, size_t *n, void *item)
{
	void ***at = list, **more;

	if (m->fail)
		return;
	/* Double the capacity whenever *n is a power of two.  */
	if ((*n & (*n - 1)) == 0) {
		more = realloc(*at, (*n ? *n * 2 : 1) * sizeof **at);
		if (!more) {
			m->fail = 1;
			return;
		}
		*at = more;
	}
	(*at)[(*n)++] = item;
}

static Onnx__GraphProto *
graph(const struct model *m)
{
	return m->proto->graph;
}

/* The IR version that was released with an opset.  */
static int
ir_version(int opset)
{
	static const int of[] = { 4, 5, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10 };

	return of[opset < 9 ? 0 : opset > 21 ? 12 : opset - 9];
}

struct model *
model_new(int opset, uint64_t seed)
{
	struct model *m = calloc(1, sizeof *m);
	Onnx__OperatorSetIdProto *set;

	if (!m)
		return NULL;
	m->rng = seed ? seed : 1;
	m->proto = zalloc(m, 1, sizeof *m->proto);
	if (!m->proto)
		goto fail;
	onnx__model_proto__init(m->proto);
	m->proto->has_ir_version = 1;
	m->proto->ir_version = ir_version(opset);
	m->proto->producer_name = text(m, "burin-bench");
	m->proto->graph = zalloc(m, 1, sizeof *m->proto->graph);
	set = zalloc(m, 1, sizeof *set);
	if (m->fail) {
		free(set);
		goto fail;
	}
	onnx__graph_proto__init(graph(m));
	graph(m)->name = text(m, "main_graph");
	onnx__operator_set_id_proto__init(set);
	set->domain = text(m, "");
	set->has_version = 1;
	set->version = opset;
	append(m, &m->proto->opset_import, &m->proto->n_opset_import, set);
	return m;
fail:
	model_free(m);
	return NULL;
}

void
model_free(struct model *m)
{
	if (!m)
		return;
	if (m->proto)
		onnx__model_proto__free_unpacked(m->proto, NULL);
	free(m);
}

struct file {
	ProtobufCBuffer base;
	FILE *f;
};

static void
write_bytes(ProtobufCBuffer *b, size_t n, const uint8_t *p)
{
	fwrite(p, 1, n, ((struct file *)b)->f);
}

int
model_write(const struct model *m, const char *path)
{
	struct file file = { { write_bytes }, NULL };
	int bad;

	if (m->fail) {
		errno = ENOMEM;
		return -1;
	}
	file.f = fopen(path, "wb");
	if (!file.f)
		return -1;
	onnx__model_proto__pack_to_buffer(m->proto, &file.base);
	bad = ferror(file.f);
	return fclose(file.f) || bad ? -1 : 0;
}

void
model_scope(struct model *m, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(m->scope, sizeof m->scope, fmt, ap);
	va_end(ap);
}

static Onnx__TensorShapeProto *
shape(struct model *m, const char *dims)
{
	Onnx__TensorShapeProto *s = zalloc(m, 1, sizeof *s);
	char *copy = text(m, dims), *save, *word, *end;

	if (m->fail)
		goto done;
	onnx__tensor_shape_proto__init(s);
	for (word = strtok_r(copy, ",", &save); word;
	    word = strtok_r(NULL, ",", &save)) {
		Onnx__TensorShapeProto__Dimension *d = zalloc(m, 1, sizeof *d);

		if (!d)
			break;
		onnx__tensor_shape_proto__dimension__init(d);
		d->value_case = DIM(VALUE);
		d->dim_value = strtoll(word, &end, 10);
		if (*end) {
			d->value_case = DIM(PARAM);
			d->dim_param = text(m, word);
		}
		append(m, &s->dim, &s->n_dim, d);
	}
done:
	free(copy);
	return s;
}

static Onnx__ValueInfoProto *
value_info(struct model *m, const char *name, int dtype, const char *dims)
{
	Onnx__ValueInfoProto *v = zalloc(m, 1, sizeof *v);
	Onnx__TypeProto *type = zalloc(m, 1, sizeof *type);
	Onnx__TypeProto__Tensor *t = zalloc(m, 1, sizeof *t);

	if (m->fail) {
		free(v);
		free(type);
		free(t);
		return NULL;
	}
	onnx__value_info_proto__init(v);
	onnx__type_proto__init(type);
	onnx__type_proto__tensor__init(t);
	v->name = text(m, name);
	v->type = type;
	type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
	type->tensor_type = t;
	t->has_elem_type = 1;
	t->elem_type = dtype;
	t->shape = shape(m, dims);
	return v;
}

const char *
model_input(struct model *m, const char *name, int dtype, const char *dims)
{
	Onnx__ValueInfoProto *v = value_info(m, name, dtype, dims);

	append(m, &graph(m)->input, &graph(m)->n_input, v);
	return m->fail ? "" : v->name;
}

static Onnx__NodeProto *
node(struct model *m, const char *op, const char *name, const char *out)
{
	Onnx__NodeProto *n = zalloc(m, 1, sizeof *n);

	if (!n)
		return NULL;
	onnx__node_proto__init(n);
	n->op_type = text(m, op);
	n->name = text(m, name);
	append(m, &n->output, &n->n_output, text(m, out));
	append(m, &graph(m)->node, &graph(m)->n_node, n);
	return m->fail ? NULL : n;
}

void
model_output(struct model *m, const char *name, const char *value, int dtype,
    const char *dims)
{
	Onnx__NodeProto *n = node(m, "Identity", name, name);

	if (n)
		append(m, &n->input, &n->n_input, text(m, value));
	append(m, &graph(m)->output, &graph(m)->n_output,
	    value_info(m, name, dtype, dims));
}

/* "scope/op", with "_1", "_2" ... appended if that name is taken.  */
static void
node_name(const struct model *m, const char *op, char *buf, size_t size)
{
	int n = snprintf(buf, size, "%s/%s", m->scope, op), again = 0;

	for (size_t i = 0; i < graph(m)->n_node; i++) {
		const char *other = graph(m)->node[i]->name;

		again += !strncmp(other, buf, (size_t)n) &&
		    (other[n] == '\0' || other[n] == '_');
	}
	if (again)
		snprintf(buf + n, size - (size_t)n, "_%d", again);
}

const char *
model_node(struct model *m, const char *op, ...)
{
	char name[192], out[208];
	Onnx__NodeProto *n;
	const char *in;
	va_list ap;

	if (m->fail)
		return "";
	node_name(m, op, name, sizeof name);
	snprintf(out, sizeof out, "%s_output_0", name);
	n = node(m, op, name, out);
	if (!n)
		return "";
	va_start(ap, op);
	while ((in = va_arg(ap, const char *)))
		append(m, &n->input, &n->n_input, text(m, in));
	va_end(ap);
	return n->output[0];
}

static Onnx__AttributeProto *
attr(struct model *m, const char *name, int type)
{
	Onnx__AttributeProto *a = zalloc(m, 1, sizeof *a);
	Onnx__NodeProto *n;

	if (!a)
		return NULL;
	onnx__attribute_proto__init(a);
	a->name = text(m, name);
	a->has_type = 1;
	a->type = (Onnx__AttributeProto__AttributeType)type;
	n = graph(m)->node[graph(m)->n_node - 1];
	append(m, &n->attribute, &n->n_attribute, a);
	return m->fail ? NULL : a;
}

void
model_attr_int(struct model *m, const char *name, int64_t v)
{
	Onnx__AttributeProto *a = attr(m, name,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);

	if (!a)
		return;
	a->has_i = 1;
	a->i = v;
}

void
model_attr_float(struct model *m, const char *name, float v)
{
	Onnx__AttributeProto *a = attr(m, name,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);

	if (!a)
		return;
	a->has_f = 1;
	a->f = v;
}

void
model_attr_ints(struct model *m, const char *name, const int64_t *v, int n)
{
	Onnx__AttributeProto *a = attr(m, name,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);

	if (!a)
		return;
	a->ints = zalloc(m, (size_t)n, sizeof *v);
	if (!a->ints)
		return;
	a->n_ints = (size_t)n;
	memcpy(a->ints, v, (size_t)n * sizeof *v);
}

/* A tensor with zeroed raw data, size bytes an element.  Its rank is the number
 * of dims before the first negative one.  */
static Onnx__TensorProto *
tensor(struct model *m, const char *name, int dtype, const int64_t dim[2],
    size_t size)
{
	Onnx__TensorProto *t = zalloc(m, 1, sizeof *t);
	size_t n = 1;

	if (!t)
		return NULL;
	onnx__tensor_proto__init(t);
	if (name)
		t->name = text(m, name);
	t->has_data_type = 1;
	t->data_type = dtype;
	t->dims = zalloc(m, 2, sizeof *t->dims);
	for (int i = 0; i < 2 && dim[i] >= 0 && t->dims; i++) {
		t->dims[t->n_dims++] = dim[i];
		n *= (size_t)dim[i];
	}
	t->has_raw_data = 1;
	t->raw_data.data = zalloc(m, n, size);
	t->raw_data.len = n * size;
	return t;
}

double
model_uniform(uint64_t *x)
{
	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return (double)(*x * UINT64_C(0x2545f4914f6cdd1d) >> 11) /
	    4503599627370496.0 - 1.0;
}

const char *
model_weight(struct model *m, const char *name, int64_t n0, int64_t n1,
    const double mean_spread[2])
{
	int64_t dim[2] = { n0, n1 ? n1 : -1 };
	Onnx__TensorProto *t = tensor(m, name, MODEL_F32, dim, sizeof(float));
	float *p;

	append(m, &graph(m)->initializer, &graph(m)->n_initializer, t);
	if (m->fail)
		return "";
	p = (float *)(void *)t->raw_data.data;
	for (size_t i = 0; i < t->raw_data.len / sizeof *p; i++)
		p[i] = (float)(mean_spread[0] +
		    mean_spread[1] * model_uniform(&m->rng));
	return t->name;
}

float *
model_last_weight(struct model *m)
{
	if (m->fail)
		return NULL;
	return (float *)(void *)graph(m)->initializer[
	    graph(m)->n_initializer - 1]->raw_data.data;
}

static const char *
constant(struct model *m, int dtype, const int64_t dim[2], const void *p,
    size_t size)
{
	const char *name = model_node(m, "Constant", NULL);
	Onnx__AttributeProto *a = m->fail ? NULL : attr(m, "value",
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR);

	if (!a)
		return "";
	a->t = tensor(m, NULL, dtype, dim, size);
	if (m->fail)
		return "";
	memcpy(a->t->raw_data.data, p, a->t->raw_data.len);
	return name;
}

const char *
model_f32(struct model *m, float v)
{
	return constant(m, MODEL_F32, (int64_t[2]){ -1, -1 }, &v, sizeof v);
}

const char *
model_i64(struct model *m, int64_t v)
{
	return constant(m, MODEL_I64, (int64_t[2]){ -1, -1 }, &v, sizeof v);
}

const char *
model_ints(struct model *m, const int64_t *v, int n)
{
	return constant(m, MODEL_I64, (int64_t[2]){ n, -1 }, v, sizeof *v);
}
