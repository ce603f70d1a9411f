/* SPDX-License-Identifier: Apache-2.0
 *
 * The nodes of a BERT encoder, in the order and form in which PyTorch exports
 * them for the opset.
 */
#include "bench/bert.h"
#include "bench/masks.h"
#include "bench/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

struct bert {
	struct model *m;
	const struct bert_spec *s;
	const char *ids, *mask, *types, *positions;
	struct masks masks;
	int layer;              /* index of the layer being written */
};

static const char *
unsqueeze(const struct bert *b, const char *x, int64_t axis)
{
	const char *out;

	if (b->s->opset >= 13) {
		const char *axes = model_ints(b->m, &axis, 1);

		return model_node(b->m, "Unsqueeze", x, axes, NULL);
	}
	out = model_node(b->m, "Unsqueeze", x, NULL);
	model_attr_ints(b->m, "axes", &axis, 1);
	return out;
}

static const char *
reduce_mean(const struct bert *b, const char *x)
{
	int64_t axis = -1;
	const char *out;

	if (b->s->opset >= 18) {
		const char *axes = model_ints(b->m, &axis, 1);

		return model_node(b->m, "ReduceMean", x, axes, NULL);
	}
	out = model_node(b->m, "ReduceMean", x, NULL);
	model_attr_ints(b->m, "axes", &axis, 1);
	return out;
}

/* Dimension i of x, as a scalar.  */
static const char *
size_of(const struct bert *b, const char *x, int64_t i)
{
	const char *shape = model_node(b->m, "Shape", x, NULL);
	const char *index = model_i64(b->m, i);
	const char *out = model_node(b->m, "Gather", shape, index, NULL);

	model_attr_int(b->m, "axis", 0);
	return out;
}

/* A weight [n0][n1] whose product has the variance of its input.  */
static const char *
matrix(const struct bert *b, const char *name, int64_t n0, int64_t n1)
{
	return model_weight(b->m, name, n0, n1,
	    (double[2]){ 0, sqrt(3.0 / (double)n0) });
}

static const char *
vector(const struct bert *b, const char *name, int64_t n, double mean)
{
	return model_weight(b->m, name, n, 0, (double[2]){ mean, 0.1 });
}

static const char *
layer_norm(const struct bert *b, const char *scope, const char *x)
{
	struct model *m = b->m;
	const char *scale, *shift, *mean, *d, *var;
	char name[96];

	model_scope(m, "/%s/LayerNorm", scope);
	snprintf(name, sizeof name, "%s.LayerNorm.weight", scope);
	scale = vector(b, name, b->s->hidden, 1);
	snprintf(name, sizeof name, "%s.LayerNorm.bias", scope);
	shift = vector(b, name, b->s->hidden, 0);
	if (b->s->opset >= 17) {
		x = model_node(m, "LayerNormalization", x, scale, shift, NULL);
		model_attr_int(m, "axis", -1);
		model_attr_float(m, "epsilon", 1e-12f);
		return x;
	}
	mean = reduce_mean(b, x);
	d = model_node(m, "Sub", x, mean, NULL);
	var = model_node(m, "Pow", d, model_f32(m, 2), NULL);
	var = reduce_mean(b, var);
	var = model_node(m, "Add", var, model_f32(m, 1e-12f), NULL);
	d = model_node(m, "Div", d, model_node(m, "Sqrt", var, NULL), NULL);
	d = model_node(m, "Mul", d, scale, NULL);
	return model_node(m, "Add", d, shift, NULL);
}

static const char *
gelu(const struct bert *b, const char *x)
{
	struct model *m = b->m;
	const char *t;

	if (b->s->opset >= 20)
		return model_node(m, "Gelu", x, NULL);
	t = model_node(m, "Div", x, model_f32(m, 1.41421354f), NULL);
	t = model_node(m, "Erf", t, NULL);
	t = model_node(m, "Add", t, model_f32(m, 1), NULL);
	t = model_node(m, "Mul", x, t, NULL);
	return model_node(m, "Mul", t, model_f32(m, 0.5f), NULL);
}

/* x * w + bias; w is [in][out], as exporters store it.  */
static const char *
dense(struct bert *b, const char *scope, enum masks_kind kind, const char *x,
    int64_t in, int64_t out)
{
	char name[96];
	const char *bias, *w;

	model_scope(b->m, "/%s", scope);
	snprintf(name, sizeof name, "%s.weight", scope);
	w = matrix(b, name, in, out);
	if (b->s->masks && model_last_weight(b->m))
		masks_apply(&b->masks, b->layer, kind,
		    model_last_weight(b->m), in, out);
	snprintf(name, sizeof name, "%s.bias", scope);
	bias = vector(b, name, out, 0);
	x = model_node(b->m, "MatMul", x, w, NULL);
	return model_node(b->m, "Add", bias, x, NULL);
}

/* Reshape x to [batch][sequence] followed by the n sizes.  */
static const char *
reshape(const struct bert *b, const char *x, const int64_t *size, int n)
{
	const char *batch = unsqueeze(b, size_of(b, x, 0), 0);
	const char *seq = unsqueeze(b, size_of(b, x, 1), 0);
	const char *rest = model_ints(b->m, size, n);
	const char *shape = model_node(b->m, "Concat", batch, seq, rest, NULL);

	model_attr_int(b->m, "axis", 0);
	return model_node(b->m, "Reshape", x, shape, NULL);
}

static const char *
transpose(const struct bert *b, const char *x, const int64_t perm[4])
{
	const char *out = model_node(b->m, "Transpose", x, NULL);

	model_attr_ints(b->m, "perm", perm, 4);
	return out;
}

/* Query, key or value of all heads, transposed by perm.  */
static const char *
heads(struct bert *b, const char *scope, const char *what,
    const char *x, const int64_t perm[4])
{
	int64_t size[2] = { b->s->heads, b->s->hidden / b->s->heads };
	char name[96];

	snprintf(name, sizeof name, "%s.%s", scope, what);
	x = dense(b, name, MASKS_OUT, x, b->s->hidden, b->s->hidden);
	return transpose(b, reshape(b, x, size, 2), perm);
}

static const char *
attention(struct bert *b, const char *scope, const char *x)
{
	static const int64_t to_heads[4] = { 0, 2, 1, 3 };
	static const int64_t to_keys[4] = { 0, 2, 3, 1 };
	int64_t hidden = b->s->hidden;
	float scale = sqrtf((float)(hidden / b->s->heads));
	struct model *m = b->m;
	const char *q, *k, *v, *p;

	q = heads(b, scope, "query", x, to_heads);
	k = heads(b, scope, "key", x, to_keys);
	v = heads(b, scope, "value", x, to_heads);
	model_scope(m, "/%s", scope);
	p = model_node(m, "MatMul", q, k, NULL);
	p = model_node(m, "Div", p, model_f32(m, scale), NULL);
	p = model_node(m, "Add", p, b->mask, NULL);
	p = model_node(m, "Softmax", p, NULL);
	model_attr_int(m, "axis", b->s->opset >= 13 ? -1 : 3);
	p = model_node(m, "MatMul", p, v, NULL);
	return reshape(b, transpose(b, p, to_heads), &hidden, 1);
}

static const char *
residual(const struct bert *b, const char *scope, const char *x,
    const char *of)
{
	x = model_node(b->m, "Add", x, of, NULL);
	return layer_norm(b, scope, x);
}

static const char *
layer(struct bert *b, int i, const char *x)
{
	int hidden = b->s->hidden, inter = b->s->inter;
	char scope[64];
	const char *y;

	b->layer = i;
	snprintf(scope, sizeof scope, "encoder.layer.%d.attention.self", i);
	y = attention(b, scope, x);
	snprintf(scope, sizeof scope, "encoder.layer.%d.attention.output", i);
	y = dense(b, scope, MASKS_IN, y, hidden, hidden);
	x = residual(b, scope, y, x);
	snprintf(scope, sizeof scope, "encoder.layer.%d.intermediate", i);
	y = gelu(b, dense(b, scope, MASKS_FFN, x, hidden, inter));
	snprintf(scope, sizeof scope, "encoder.layer.%d.output", i);
	y = dense(b, scope, MASKS_FFN, y, inter, hidden);
	return residual(b, scope, y, x);
}

/* Additive mask [batch][1][1][seq]: 0 where attention_mask is 1, a large
 * negative number where it is 0.  */
static const char *
extended_mask(const struct bert *b, const char *mask)
{
	float low = b->s->opset >= 14 ? -3.4028234663852886e38f : -10000;
	struct model *m = b->m;
	const char *x;

	mask = unsqueeze(b, unsqueeze(b, mask, 1), 2);
	x = model_node(m, "Cast", mask, NULL);
	model_attr_int(m, "to", MODEL_F32);
	x = model_node(m, "Sub", model_f32(m, 1), x, NULL);
	return model_node(m, "Mul", x, model_f32(m, low), NULL);
}

/* Position ids 0, 1, 2 ... sequence_length - 1.  */
static const char *
positions(const struct bert *b)
{
	int64_t zero = 0, one = 1, row[1024];
	const char *all, *start, *end, *axis, *step;

	for (int i = 0; i < b->s->npos; i++)
		row[i] = i;
	all = unsqueeze(b, model_ints(b->m, row, b->s->npos), 0);
	start = model_ints(b->m, &zero, 1);
	end = unsqueeze(b, size_of(b, b->ids, 1), 0);
	axis = model_ints(b->m, &one, 1);
	step = model_ints(b->m, &one, 1);
	return model_node(b->m, "Slice", all, start, end, axis, step, NULL);
}

static const char *
embedding(const struct bert *b, const char *what, int64_t n, const char *ids)
{
	char name[96];
	const char *w;

	snprintf(name, sizeof name, "embeddings.%s_embeddings.weight", what);
	w = model_weight(b->m, name, n, b->s->hidden, (double[2]){ 0, 1 });
	return model_node(b->m, "Gather", w, ids, NULL);
}

static const char *
embeddings(const struct bert *b)
{
	struct model *m = b->m;
	const char *pos = b->positions ? b->positions : positions(b);
	const char *x, *y;

	model_scope(m, "/embeddings");
	x = embedding(b, "word", b->s->vocab, b->ids);
	y = embedding(b, "token_type", 2, b->types);
	x = model_node(m, "Add", x, y, NULL);
	y = embedding(b, "position", b->s->npos, pos);
	x = model_node(m, "Add", x, y, NULL);
	return layer_norm(b, "embeddings", x);
}

static void
build(struct bert *b)
{
	static const char dims[] = "batch_size,sequence_length";
	struct model *m = b->m;
	char out_dims[64];
	const char *x;

	snprintf(out_dims, sizeof out_dims, "%s,%d", dims, b->s->hidden);
	b->ids = model_input(m, "input_ids", MODEL_I64, dims);
	b->mask = model_input(m, "attention_mask", MODEL_I64, dims);
	b->types = model_input(m, "token_type_ids", MODEL_I64, dims);
	if (b->s->opset < 10)
		b->positions = model_input(m, "position_ids", MODEL_I64, dims);
	b->mask = extended_mask(b, b->mask);
	x = embeddings(b);
	for (int i = 0; i < b->s->layers; i++)
		x = layer(b, i, x);
	model_scope(m, "%s", "");
	model_output(m, "last_hidden_state", x, MODEL_F32, out_dims);
}

int
bert_write(const char *path, const struct bert_spec *s)
{
	struct bert b = { .s = s, .masks = { s->layers, s->heads, s->seed,
	    s->seed ? s->seed : 1 } };
	int rc;

	if (s->layers < 0 || s->heads < 1 || s->hidden < 1 ||
	    s->hidden % s->heads || s->inter < 1 || s->vocab < 1 ||
	    s->npos < 1 || s->npos > 1024 || s->opset < 9 || s->opset > 21) {
		errno = EINVAL;
		return -1;
	}
	b.m = model_new(s->opset, s->seed);
	if (!b.m) {
		errno = ENOMEM;
		return -1;
	}
	build(&b);
	rc = model_write(b.m, path);
	model_free(b.m);
	return rc;
}
