/* SPDX-License-Identifier: Apache-2.0
 *
 * A pruned copy of a model file.  Weights are changed in the protobuf message,
 * not in a graph, so that all other fields stay as they were.
 *
 * Orientation: a dense layer's weight is [N output features, K input
 * features] and blocks are bh x bw of that.  MatMul and Gemm hold it as
 * [K, N], where the same block is bw x bh; transB and each Transpose on the
 * way to the initializer turn it around once more.
 */
#include "ir/onnx/prune.h"

#include "ir/onnx/blocks.h"
#include "ir/onnx/file.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/state.h"
#include "ir/onnx/unpack.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct prune {
	const burin_prune_spec *spec;
	struct Onnx__ModelProto *m;
	struct brn_onnx_names names;
	struct brn_onnx_source src;
	regex_t *only;
	char *done;             /* initializers pruned, by stream */
	int nlayer;
	burin_error *err;
};

/* The weight of a dense layer.  */
struct weight {
	const char *layer, *name;
	struct Onnx__TensorProto *t;
	int stored_nk;          /* else [K, N] */
	size_t stream;          /* number of its initializer; Constant nodes
	                           count on from there */
};

/* ---- finding weights ----------------------------------------------------- */

static int
is_op(const struct Onnx__NodeProto *np, const char *type)
{
	return np->op_type && !strcmp(np->op_type, type) &&
	    brn_onnx_is_default(np->domain);
}

static struct Onnx__AttributeProto *
find_attr(const struct Onnx__NodeProto *np, const char *name)
{
	for (size_t i = 0; i < np->n_attribute; i++)
		if (np->attribute[i]->name &&
		    !strcmp(np->attribute[i]->name, name))
			return np->attribute[i];
	return NULL;
}

/* A Transpose of a matrix that swaps its axes; without perm it does.  */
static int
swaps_axes(const struct Onnx__NodeProto *np)
{
	struct Onnx__AttributeProto *a = find_attr(np, "perm");

	return !a || (a->n_ints == 2 && a->ints[0] == 1);
}

/* The tensor behind a value, through nodes that pass a matrix on unchanged or
 * transposed.  The nodes of a file may form a circle, so steps are counted.  */
static int
find_tensor(const struct prune *p, const char *value, struct weight *w)
{
	struct Onnx__GraphProto *g = p->m->graph;

	for (int step = 0; step < 16; step++) {
		struct brn_onnx_name *v = brn_onnx_find(&p->names, value);
		struct Onnx__NodeProto *np;
		struct Onnx__AttributeProto *a;

		if (!v)
			return 0;
		w->name = v->s;
		w->stream = (size_t)v->index;
		if (v->origin == BRN_ONNX_INITIALIZER) {
			w->t = g->initializer[v->index];
			return 1;
		}
		if (v->origin != BRN_ONNX_NODE)
			return 0;
		np = g->node[v->index];
		w->stream += g->n_initializer;
		if (is_op(np, "Constant")) {
			a = find_attr(np, "value");
			w->t = a ? a->t : NULL;
			return w->t != NULL;
		}
		if (!np->n_input || !(is_op(np, "Transpose") ||
		    is_op(np, "Identity") || is_op(np, "Cast")))
			return 0;
		if (is_op(np, "Transpose") && swaps_axes(np))
			w->stored_nk = !w->stored_nk;
		value = np->input[0];
	}
	return 0;
}

/* Whether t, the weight of a convolution or not, can be pruned.  A
 * convolution's is [out][in][kernel..], which is [out][in * taps].  */
static int
is_weight(const struct Onnx__TensorProto *t, int conv)
{
	if (conv ? t->n_dims < 3 : t->n_dims != 2)
		return 0;
	for (size_t d = 0; d < t->n_dims; d++)
		if (t->dims[d] <= 0)
			return 0;
	return brn_onnx_dtype(t->data_type) == BURIN_F32;
}

/* Whether np is a layer with a weight that can be pruned.  Convolutions of
 * several groups are left alone.  */
static int
find_weight(const struct prune *p, const struct Onnx__NodeProto *np,
    struct weight *w)
{
	struct Onnx__AttributeProto *trans = find_attr(np, "transB");
	struct Onnx__AttributeProto *group = find_attr(np, "group");
	int conv = is_op(np, "Conv");

	if (!(is_op(np, "MatMul") || is_op(np, "Gemm") || conv) ||
	    np->n_input < 2 || (conv && group && group->i != 1))
		return 0;
	w->layer = np->name && *np->name ? np->name :
	    np->n_output ? np->output[0] : "";
	w->stored_nk = conv || (is_op(np, "Gemm") && trans && trans->i);
	return find_tensor(p, np->input[1], w) && is_weight(w->t, conv);
}

static int
is_wanted(const struct prune *p, const struct weight *w)
{
	return !p->only || !regexec(p->only, w->layer, 0, NULL, 0) ||
	    !regexec(p->only, w->name, 0, NULL, 0);
}

/* ---- pruning ------------------------------------------------------------- */

static int
prune_weight(struct prune *p, const struct weight *w)
{
	struct brn_onnx_matrix m = { .data_type = w->t->data_type };
	struct brn_type type;
	char what[512];
	void *data;
	int rc;

	snprintf(what, sizeof what, "%s: weight '%s'", p->src.file, w->name);
	if ((rc = brn_onnx_bytes(&p->src, w->t, what, &type, &data,
	    p->err)) < 0)
		return rc;
	m.dim[0] = type.dim[0];
	m.dim[1] = brn_type_numel(&type) / type.dim[0];
	for (int d = 0; d < 2; d++) {
		m.block[d] = (d == 0) == w->stored_nk ? p->spec->bh :
		    p->spec->bw;
	}
	m.data = data;
	rc = brn_onnx_zero_blocks(&m, p->spec, w->stream, p->err);
	brn_onnx_put_back(w->t, &type, data);
	return rc;
}

static int
prune_all(struct prune *p)
{
	struct Onnx__GraphProto *g = p->m->graph;
	int rc = 0;

	p->done = brn_alloc(g->n_initializer + g->n_node, 1);
	if (!p->done)
		return brn_nomem(p->err);
	for (size_t i = 0; i < g->n_node && rc == 0; i++) {
		struct weight w;

		if (!find_weight(p, g->node[i], &w) || !is_wanted(p, &w) ||
		    p->done[w.stream])
			continue;
		rc = prune_weight(p, &w);
		p->done[w.stream] = 1;
		p->nlayer++;
	}
	return rc;
}

/* ---- the whole file ------------------------------------------------------ */

static int embed_all(struct prune *p, ProtobufCMessage *msg);

static int
embed_one(struct prune *p, ProtobufCMessage *msg)
{
	struct Onnx__TensorProto *t = (struct Onnx__TensorProto *)msg;
	char what[512];

	if (msg->descriptor != &onnx__tensor_proto__descriptor)
		return embed_all(p, msg);
	snprintf(what, sizeof what, "%s: tensor '%s'", p->src.file,
	    t->name ? t->name : "");
	return brn_onnx_embed(&p->src, t, what, p->err);
}

/* The messages in one field of msg.  */
static int
embed_field(struct prune *p, ProtobufCMessage *msg,
    const ProtobufCFieldDescriptor *f)
{
	const char *at = (char *)msg + f->offset;
	const char *quantifier = (char *)msg + f->quantifier_offset;
	ProtobufCMessage *one, **many;
	uint32_t which;
	size_t n;
	int rc = 0;

	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(&n, quantifier, sizeof n);
		memcpy(&many, at, sizeof many);
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = embed_one(p, many[i]);
		return rc;
	}
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		memcpy(&which, quantifier, sizeof which);
		if (which != f->id)
			return 0;
	}
	memcpy(&one, at, sizeof one);
	return one ? embed_one(p, one) : 0;
}

/* Embed the external data of every tensor in the message.  */
static int
embed_all(struct prune *p, ProtobufCMessage *msg)
{
	const ProtobufCMessageDescriptor *d = msg->descriptor;
	int rc = 0;

	for (unsigned i = 0; i < d->n_fields && rc == 0; i++)
		if (d->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			rc = embed_field(p, msg, &d->fields[i]);
	return rc;
}

static int
write_model(struct prune *p, const char *path)
{
	size_t n = onnx__model_proto__get_packed_size(p->m);
	uint8_t *buf;
	int rc;

	if (n > INT_MAX)
		return brn_fail(p->err, BURIN_EUNSUPPORTED,
		    "%s: %zu bytes, wanted less than 2 GiB", path, n);
	buf = brn_alloc(n, 1);
	if (!buf)
		return brn_nomem(p->err);
	onnx__model_proto__pack(p->m, buf);
	rc = brn_onnx_replace(path, buf, n, p->err);
	free(buf);
	return rc;
}

static int
prune_model(struct prune *p, const char *out_path)
{
	int rc;

	if ((rc = brn_onnx_names_init(&p->names, p->m->graph, p->src.file,
	    p->err)) < 0 ||
	    (rc = prune_all(p)) < 0 ||
	    (rc = embed_all(p, &p->m->base)) < 0)
		return rc;
	return write_model(p, out_path);
}

/* Unpack the file; its mapping is not needed after that.  */
static int
read_model(struct prune *p, const char *path)
{
	struct brn_onnx_map map;
	int rc = brn_onnx_map(path, &map, p->err);

	if (rc < 0)
		return rc;
	rc = brn_onnx_unpack(&map, path, &p->m, p->err);
	brn_onnx_unmap(&map);
	return rc;
}

static int
check_spec(const burin_prune_spec *s, burin_error *err)
{
	if (s->bh < 1 || s->bw < 1)
		return brn_fail(err, BURIN_EINVAL,
		    "block %dx%d: wanted at least 1x1", s->bh, s->bw);
	if (!(s->sparsity >= 0 && s->sparsity <= 1))
		return brn_fail(err, BURIN_EINVAL,
		    "sparsity %g: wanted 0 to 1", s->sparsity);
	return 0;
}

static int
compile_only(struct prune *p, regex_t *re)
{
	char why[128];
	int rc;

	if (!p->spec->only)
		return 0;
	rc = regcomp(re, p->spec->only, REG_EXTENDED | REG_NOSUB);
	if (rc) {
		regerror(rc, re, why, sizeof why);
		return brn_fail(p->err, BURIN_EINVAL,
		    "pattern '%s': %s", p->spec->only, why);
	}
	p->only = re;
	return 0;
}

int
brn_onnx_prune(const char *in_path, const char *out_path,
    const burin_prune_spec *spec, int *nlayers, burin_error *err)
{
	char *dir = brn_onnx_folder(in_path);
	struct prune p = { .spec = spec, .err = err,
		.src = { in_path, dir, INT_MAX, 0 } };
	regex_t re;
	int rc;

	if (!dir)
		return brn_nomem(err);
	if ((rc = check_spec(spec, err)) == 0 &&
	    (rc = compile_only(&p, &re)) == 0 &&
	    (rc = read_model(&p, in_path)) == 0)
		rc = prune_model(&p, out_path);
	if (rc == 0)
		*nlayers = p.nlayer;
	if (p.only)
		regfree(p.only);
	free(p.done);
	brn_onnx_names_free(&p.names);
	brn_onnx_model_free(p.m);
	free(dir);
	return rc;
}
