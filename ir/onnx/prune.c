/* SPDX-License-Identifier: Apache-2.0
 *
 * A pruned copy of a model file.  Weights are changed in the protobuf message,
 * not in a graph, so that all other fields stay as they were.
 *
 * Orientation: a dense layer's weight is [N output features, K input
 * features] and blocks are bh x bw of that.  MatMul and Gemm hold it as
 * [K, N], where the same block is bw x bh; transB and each Transpose on the
 * way to the initializer turn it around once more (weights.c).
 */
#include "ir/onnx/prune.h"

#include "ir/graph/iter.h"
#include "ir/onnx/blocks.h"
#include "ir/onnx/file.h"
#include "ir/onnx/tensor.h"
#include "ir/onnx/unpack.h"
#include "ir/onnx/weights.h"
#include "ir/onnx/onnx.pb-c.h"

#include <ctype.h>
#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct prune {
	const burin_prune_spec *spec;
	struct Onnx__ModelProto *m;
	struct brn_onnx_layers *layers; /* a list */
	struct brn_onnx_source src;
	regex_t *only;
	char *done;             /* by stream */
	int nlayer;
	burin_error *err;
};

/* ---- which weights ------------------------------------------------------- */

static int
is_wanted(const struct prune *p, const struct brn_onnx_weight *w)
{
	return !p->only || !regexec(p->only, w->layer, 0, NULL, 0) ||
	    (w->name && !regexec(p->only, w->name, 0, NULL, 0));
}

static void
report_left(const struct prune *p, const struct brn_onnx_weight *w)
{
	if (p->spec->left)
		p->spec->left(p->spec->ctx, w->layer, w->why);
}

/* Whether the weight is to be pruned; if not, the caller of burin_prune is told
 * why.  */
static int
is_pruned(struct prune *p, struct brn_onnx_weight *w)
{
	if (!*w->why && w->tied && !p->spec->tied)
		snprintf(w->why, sizeof w->why, "its weight '%.64s' is tied: "
		    "used outside of layers, too", w->name);
	if (*w->why)
		report_left(p, w);
	return !*w->why;
}

/* ---- pruning ------------------------------------------------------------- */

/* t, of one number or n, as n numbers of dtype.  The tensor stays as it is.  */
static int
expand(struct prune *p, struct Onnx__TensorProto *t, int dtype, int64_t n,
    const struct brn_onnx_weight *w, void **out)
{
	struct brn_tensor from, to = { { dtype, 1, { n } }, NULL };
	char what[512];
	int64_t count;
	int rc;

	snprintf(what, sizeof what, "%s: weight '%s'", p->src.file, w->name);
	p->src.shared = 1;
	rc = brn_onnx_tensor(&p->src, t, what, &from.type, &from.data, p->err);
	p->src.shared = 0;
	if (rc < 0)
		return rc;
	count = brn_numel(&from);
	if (count != 1 && count != n)
		rc = brn_fail(p->err, BURIN_EFORMAT, "%s: its scale or zero "
		    "point has %lld elements, wanted 1 or %lld", what,
		    (long long)count, (long long)n);
	else if (!(*out = to.data = brn_alloc((size_t)n, 4)))
		rc = brn_nomem(p->err);
	for (int64_t i = 0; rc == 0 && i < n; i++) {
		int64_t k = count == 1 ? 0 : i;

		if (dtype == BURIN_F32)
			brn_set_float(&to, i, brn_get_float(&from, k));
		else
			brn_set_int(&to, i, brn_get_int(&from, k));
	}
	free(from.data);
	return rc;
}

static int
zero_blocks(struct prune *p, const struct brn_onnx_weight *w,
    struct brn_onnx_matrix *m)
{
	void *scale = NULL, *zero = NULL;
	int rc = 0;

	if (w->scale)
		rc = expand(p, w->scale, BURIN_F32, m->dim[m->axis], w,
		    &scale);
	if (rc == 0 && w->zero)
		rc = expand(p, w->zero, BURIN_I32, m->dim[m->axis], w, &zero);
	m->scale = scale;
	m->zero = zero;
	if (rc == 0)
		rc = brn_onnx_zero_blocks(m, p->spec, w->stream, p->err);
	free(scale);
	free(zero);
	return rc;
}

static int
prune_weight(struct prune *p, const struct brn_onnx_weight *w)
{
	struct brn_onnx_matrix m = { .data_type = w->t->data_type,
	    .axis = w->axis == 1 };
	struct brn_type type;
	int64_t dirs = 1;
	char what[512];
	void *data;
	int rc;

	snprintf(what, sizeof what, "%s: weight '%s'", p->src.file, w->name);
	if ((rc = brn_onnx_bytes(&p->src, w->t, what, &type, &data,
	    p->err)) < 0)
		return rc;
	if (w->recurrent)
		dirs = type.dim[0];
	m.dim[0] = type.dim[w->recurrent];
	m.dim[1] = brn_type_numel(&type) / dirs / m.dim[0];
	for (int d = 0; d < 2; d++) {
		m.block[d] = (d == 0) == w->stored_nk ? p->spec->bh :
		    p->spec->bw;
	}
	for (int64_t d = 0; d < dirs && rc == 0; d++) {
		m.data = (char *)data + brn_onnx_matrix_size(&m) * (size_t)d;
		rc = zero_blocks(p, w, &m);
	}
	brn_onnx_put_back(w->t, &type, data);
	return rc;
}

/* The weights of a node of l.  */
static int
prune_node(struct prune *p, const struct brn_onnx_layers *l,
    const struct Onnx__NodeProto *np)
{
	int rc = 0;

	for (int k = 0; k < BRN_ONNX_WEIGHTS && rc == 0; k++) {
		struct brn_onnx_weight w;

		if (!brn_onnx_layer(l, np, k, &w) ||
		    !is_wanted(p, &w) || !is_pruned(p, &w) ||
		    p->done[w.stream])
			continue;
		rc = prune_weight(p, &w);
		p->done[w.stream] = 1;
		p->nlayer++;
	}
	return rc;
}

static int
prune_all(struct prune *p)
{
	size_t streams;
	int rc = brn_onnx_layers_new(p->m->graph, p->src.file, &p->layers,
	    &streams, p->err);

	if (rc < 0)
		return rc;
	p->done = brn_alloc(streams, 1);
	if (!p->done)
		return brn_nomem(p->err);
	for (const struct brn_onnx_layers *l = p->layers; l; l = l->next)
		for (size_t i = 0; i < l->g->n_node && rc == 0; i++)
			rc = prune_node(p, l, l->g->node[i]);
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

/* External data of every tensor, wherever it is in the message.  */
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

	if ((rc = prune_all(p)) < 0 ||
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

/* regcomp copies what is repeated, and copies of copies fill the memory;
 * regexec tries all ways to match a part that is referred to.  */
enum { MOST_PATTERN = 256, MOST_REPEATS = 256 };

/* The largest number of the interval that p begins with, "{4}" or "{1,4}"; 1
 * for none.  */
static long
repeats_at(const char *p)
{
	long least = 1, most = 0;

	if (*p != '{' || sscanf(p, "{%ld,%ld", &least, &most) < 1)
		return 1;
	most = most > least ? most : least;
	return most < 1 ? 1 : most < MOST_REPEATS ? most : MOST_REPEATS + 1;
}

static int
check_only(const char *only, burin_error *err)
{
	size_t n = strlen(only);
	long repeats = 1;

	if (n > MOST_PATTERN)
		return brn_fail(err, BURIN_EINVAL,
		    "pattern of %zu bytes, wanted at most %d", n,
		    MOST_PATTERN);
	for (const char *p = only; *p; p++) {
		if (*p == '\\' && isdigit((unsigned char)p[1]))
			return brn_fail(err, BURIN_EINVAL, "pattern '%s': "
			    "references (\\%c) are not taken", only, p[1]);
		repeats *= repeats_at(p);
		if (repeats > MOST_REPEATS)
			return brn_fail(err, BURIN_EINVAL, "pattern '%s': "
			    "more than %d repetitions", only, MOST_REPEATS);
	}
	return 0;
}

static int
compile_only(struct prune *p, regex_t *re)
{
	char why[128];
	int rc;

	if (!p->spec->only)
		return 0;
	if ((rc = check_only(p->spec->only, p->err)) < 0)
		return rc;
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
		.src = { in_path, dir, INT_MAX, 0, BRN_ONNX_MAX_COPIES, 0 } };
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
	brn_onnx_layers_free(p.layers);
	brn_onnx_model_free(p.m);
	free(dir);
	return rc;
}
