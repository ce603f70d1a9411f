/* SPDX-License-Identifier: Apache-2.0
 *
 * A claim must not make anything worse.  So the nodes are loaded by burin as
 * they would be run, shapes are tried, and the predicted times of the layers
 * have the last word.
 */
#include "hosts/ort/claim.h"

#include "hosts/ort/gain.h"
#include "hosts/ort/model.h"
#include "hosts/ort/split.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What comes of an attempt.  */
enum verdict { CLAIMED, NO_GAIN, UNFIT };

struct attempt {
	struct claims *claims;
	const struct graph *g;
	struct OrtEpGraphSupportInfo *info;
	const bool *in;
	struct model m;
	burin_model *model;
	char why[sizeof ((burin_error *)NULL)->msg];
};

__attribute__((format(printf, 3, 4)))
static void
tell(const struct claims *c, int level, const char *fmt, ...)
{
	char line[1200];
	struct OrtStatus *status;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	status = c->api->Logger_LogMessage(c->logger, level, line, __FILE__,
	    __LINE__, "GetCapability");
	if (status)
		c->api->ReleaseStatus(status);
}

/* ---- does it run? -------------------------------------------------------- */

#define ONES { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }
enum { NUM_ONES = 16 };

/* NUM_ONES ones of a type.  NULL for floats: a scale that a run gives may be
 * one that burin does not support.  */
static const void *
ones_of(enum burin_dtype dtype)
{
	static const int8_t bytes[NUM_ONES] = ONES;
	static const int16_t i16[NUM_ONES] = ONES;
	static const int32_t i32[NUM_ONES] = ONES;
	static const int64_t i64[NUM_ONES] = ONES;

	switch (dtype) {
	case BURIN_U8: case BURIN_I8: case BURIN_BOOL:
		return bytes;
	case BURIN_U16: case BURIN_I16:
		return i16;
	case BURIN_U32: case BURIN_I32:
		return i32;
	case BURIN_U64: case BURIN_I64:
		return i64;
	default:
		return NULL;
	}
}

/* Inputs of the model with dim for every size that is not known.  Small ones
 * may decide shapes, as a number of steps does: they are 1 everywhere.  */
static void
guess_inputs(const burin_model *m, burin_tensor *in, size_t nin, int64_t dim)
{
	for (size_t i = 0; i < nin; i++) {
		const burin_value_info *v = burin_model_input(m, i);
		int64_t n = 1;

		in[i] = (burin_tensor){ .name = v->name, .dtype = v->dtype,
		    .rank = v->rank };
		for (int k = 0; k < v->rank; k++) {
			in[i].dims[k] = v->dims[k] < 0 ? dim : v->dims[k];
			n = n > NUM_ONES ? n : n * in[i].dims[k];
		}
		in[i].nbytes = SIZE_MAX;
		if (n <= NUM_ONES)
			in[i].data = ones_of(v->dtype);
	}
}

/* Types of outputs must be those that ONNX Runtime has found.  A type that only
 * a run tells is compared then (run.c).  */
static bool
same_types(struct attempt *a, const burin_output *out, size_t nout)
{
	struct OrtStatus *status;
	struct type t;

	for (size_t i = 0; i < nout; i++) {
		status = graph_type(a->g, &a->m.out.v[i], &t);
		if (status)
			a->claims->api->ReleaseStatus(status);
		else if (!out[i].dtype || t.dtype == (int)out[i].dtype)
			continue;
		snprintf(a->why, sizeof a->why, "output '%s' has type %d, "
		    "wanted %d", out[i].name, out[i].dtype, t.dtype);
		return false;
	}
	return true;
}

/* Shapes that work out for some size will do so for others.  */
static bool
try_shapes(struct attempt *a, burin_session *s)
{
	static const int64_t guesses[] = { 8, 1, 32, 48, 64, 224, 640 };
	size_t nin = burin_model_num_inputs(a->model), nout = a->m.out.n;
	burin_tensor *in = calloc(nin + 1, sizeof *in);
	burin_output *out = calloc(nout + 1, sizeof *out);
	burin_error err = { 0, "out of memory" };
	bool good = false;
	int rc = -1;

	for (size_t i = 0; out && i < nout; i++)
		out[i].name = a->m.out.v[i].name;
	for (size_t i = 0; in && out && rc < 0 &&
	    i < sizeof guesses / sizeof *guesses; i++) {
		guess_inputs(a->model, in, nin, guesses[i]);
		rc = burin_session_shapes(s, in, nin, out, nout, &err);
	}
	if (rc < 0)
		snprintf(a->why, sizeof a->why, "%s", err.msg);
	else
		good = same_types(a, out, nout);
	free(in);
	free(out);
	return good;
}

static bool
runs(struct attempt *a)
{
	burin_session *s;
	burin_error err;
	bool good;

	for (size_t i = 0; i < burin_model_num_inputs(a->model); i++)
		if (burin_model_input(a->model, i)->rank < 0) {
			snprintf(a->why, sizeof a->why, "input '%s' has no "
			    "known rank",
			    burin_model_input(a->model, i)->name);
			return false;
		}
	if (burin_session_new(a->model, NULL, &s, &err) < 0) {
		snprintf(a->why, sizeof a->why, "%s", err.msg);
		return false;
	}
	good = try_shapes(a, s);
	burin_session_free(s);
	return good;
}

/* ---- does it pay? -------------------------------------------------------- */

bool
claims_compiled(const struct claims *c, const burin_model *m)
{
	burin_stats st;

	burin_model_stats(m, &st, sizeof st);
	if (st.failed)
		tell(c, ORT_LOG_WARNING, "%d of %d kernels were not compiled: "
		    "%s", st.failed, st.kernels, st.note);
	return !st.failed;
}

static bool
pays(struct attempt *a)
{
	if (!claims_compiled(a->claims, a->model)) {
		snprintf(a->why, sizeof a->why, "kernels were not compiled");
		return false;
	}
	return gain_predict(a->model, a->why, sizeof a->why);
}

/* ---- one claim ----------------------------------------------------------- */

static int
load(struct attempt *a, int look)
{
	burin_options *o;
	burin_error err;
	int rc = settings_options(a->claims->settings, look, &o, &err);

	if (rc == 0) {
		rc = burin_model_load_parts(a->m.bytes.p, a->m.bytes.n,
		    a->m.blob, a->m.nblob, o, &a->model, &err);
		burin_options_free(o);
	}
	if (rc < 0)
		snprintf(a->why, sizeof a->why, "%s", err.msg);
	return rc;
}

/* Put the nodes of a on both lists; the model goes to ours.  */
static struct OrtStatus *
put_claim(struct attempt *a, size_t *count)
{
	static const struct OrtNodeFusionOptions fusion = {
		.version = ORT_VERSION, .drop_constant_initializers = true,
	};
	const struct ort_api *api = a->claims->api;
	const struct OrtNode **nodes = calloc(a->g->n + 1, sizeof (void *));
	struct claim *c = calloc(1, sizeof *c);
	struct OrtStatus *status;

	*count = 0;
	for (size_t i = 0; nodes && i < a->g->n; i++)
		if (a->in[i])
			nodes[(*count)++] = a->g->node[i].node;
	status = nodes && c ? api->ep->AddNodesToFuse(a->info, nodes, *count,
	    &fusion) : ort_nomem(api);
	free(nodes);
	if (status) {
		free(c);
		return status;
	}
	*c = (struct claim){ a->claims->first, a->model };
	a->claims->first = c;
	a->model = NULL;
	return NULL;
}

static struct OrtStatus *
judge(struct attempt *a, enum verdict *verdict)
{
	bool all = a->claims->settings->claim == CLAIM_ALL;
	size_t count;

	*verdict = UNFIT;
	ORT_TRY(model_write(a->g, a->in, &a->m));
	if (!a->m.out.n || load(a, 0) < 0 || !runs(a)) {
		tell(a->claims, ORT_LOG_INFO, "not claimed: %s", a->why);
		return NULL;
	}
	*verdict = pays(a) || all ? CLAIMED : NO_GAIN;
	if (*verdict == NO_GAIN) {
		tell(a->claims, ORT_LOG_INFO, "not claimed: %s", a->why);
		return NULL;
	}
	ORT_TRY(put_claim(a, &count));
	tell(a->claims, ORT_LOG_INFO, "claimed %zu of %zu nodes: %s", count,
	    a->g->n, a->why);
	return NULL;
}

/* Claim the nodes of in[], if it can be done and pays.  */
static struct OrtStatus *
try_claim(struct claims *c, const struct graph *g,
    struct OrtEpGraphSupportInfo *info, const bool *in, enum verdict *verdict)
{
	struct attempt *a = calloc(1, sizeof *a);
	struct OrtStatus *status;

	if (!a)
		return ort_nomem(c->api);
	*a = (struct attempt){ .claims = c, .g = g, .info = info, .in = in };
	status = judge(a, verdict);
	burin_model_free(a->model);
	model_free(&a->m);
	free(a);
	return status;
}

/* ---- parts of a graph ---------------------------------------------------- */

/* Is the line, "Op (node 'name', opset 13)", about the name?  */
static bool
is_about(const char *line, const char *name)
{
	const char *at = strstr(line, "(node '");
	size_t n = strlen(name);

	return at && !strncmp(at + 7, name, n) &&
	    !strncmp(at + 7 + n, "', opset ", 9);
}

/* A line that is about no node of g is about one in a body: whose, it does not
 * tell.  */
static void
refuse_unsupported(struct graph *g, const burin_model *m)
{
	bool inside = false;
	char buf[24];

	for (size_t k = 0; k < burin_model_num_unsupported(m); k++) {
		bool found = false;

		for (size_t i = 0; i < g->n; i++)
			if (is_about(burin_model_unsupported(m, k),
			    model_node_name(g, i, buf)))
				found = g->node[i].refused = true;
		inside |= !found;
	}
	for (size_t i = 0; i < g->n && inside; i++)
		g->node[i].refused |= g->node[i].nbody > 0;
}

/* Find out which nodes burin does not support.  */
static struct OrtStatus *
look(struct claims *c, struct graph *g, const bool *all)
{
	struct attempt *a = calloc(1, sizeof *a);
	struct OrtStatus *status;

	if (!a)
		return ort_nomem(c->api);
	*a = (struct attempt){ .claims = c, .g = g, .in = all };
	status = model_write(g, all, &a->m);
	if (!status && load(a, 1) == 0) {
		refuse_unsupported(g, a->model);
	} else if (!status) {
		tell(c, ORT_LOG_INFO, "not claimed: %s", a->why);
		for (size_t i = 0; i < g->n; i++)
			g->node[i].refused = true;
	}
	burin_model_free(a->model);
	model_free(&a->m);
	free(a);
	return status;
}

/* A part without weights has no layer.  */
static struct OrtStatus *
has_weights(const struct graph *g, const bool *in, bool *out)
{
	bool constant = false;

	*out = false;
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; in[i] && k < g->node[i].nin; k++) {
			const struct value *v = &g->node[i].in[k];
			struct type t;

			if (!*v->name)
				continue;
			ORT_TRY(g->api->ValueInfo_IsConstantInitializer(
			    v->info, &constant));
			if (!constant)
				continue;
			ORT_TRY(graph_type(g, v, &t));
			*out |= t.rank >= 2;
		}
	return NULL;
}

static struct OrtStatus *
claim_parts(struct claims *c, const struct graph *g,
    struct OrtEpGraphSupportInfo *info, long *part, bool *in)
{
	enum verdict verdict;
	bool weights;
	long nparts;

	ORT_TRY(split(g, part, &nparts));
	for (long p = 0; p < nparts; p++) {
		for (size_t i = 0; i < g->n; i++)
			in[i] = part[i] == p;
		ORT_TRY(has_weights(g, in, &weights));
		if (weights)
			ORT_TRY(try_claim(c, g, info, in, &verdict));
	}
	return NULL;
}

/* All of g, else parts; part[] and in[] have room for its nodes.  */
static struct OrtStatus *
claim_most(struct claims *c, struct graph *g,
    struct OrtEpGraphSupportInfo *info, long *part, bool *in)
{
	enum verdict verdict = UNFIT;
	bool whole = true;

	for (size_t i = 0; i < g->n; i++) {
		in[i] = true;
		whole &= !g->node[i].refused;
	}
	if (whole)
		ORT_TRY(try_claim(c, g, info, in, &verdict));
	if (verdict != UNFIT)
		return NULL;
	ORT_TRY(look(c, g, in));
	for (size_t i = 0; i < g->n; i++)
		if (g->node[i].refused)
			return claim_parts(c, g, info, part, in);
	return NULL;
}

struct OrtStatus *
claims_make(struct claims *c, struct graph *g,
    struct OrtEpGraphSupportInfo *info)
{
	long *part = calloc(g->n + 1, sizeof *part);
	bool *in = calloc(g->n + 1, sizeof *in);
	struct OrtStatus *status = part && in ?
	    claim_most(c, g, info, part, in) : ort_nomem(c->api);

	free(part);
	free(in);
	return status;
}

/* ---- the list ------------------------------------------------------------ */

void
claims_free(struct claims *c)
{
	for (struct claim *k = c->first, *next; k; k = next) {
		next = k->next;
		burin_model_free(k->model);
		free(k);
	}
	c->first = NULL;
}

static bool
makes(const burin_model *m, const char *output)
{
	for (size_t i = 0; i < burin_model_num_outputs(m); i++)
		if (!strcmp(burin_model_output(m, i)->name, output))
			return true;
	return false;
}

burin_model *
claims_take(struct claims *c, const char *output)
{
	for (struct claim **at = &c->first; *at; at = &(*at)->next)
		if (makes((*at)->model, output)) {
			struct claim *k = *at;
			burin_model *m = k->model;

			*at = k->next;
			free(k);
			return m;
		}
	return NULL;
}
