/* SPDX-License-Identifier: Apache-2.0
 *
 * A claim must not make anything worse.  So the nodes are loaded by burin as
 * they would be run, shapes are tried, and the predicted times of the layers
 * have the last word.
 */
#include "hosts/ort/claim.h"

#include "hosts/ort/model.h"
#include "hosts/ort/split.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A claim must bring the time that the layers take dense down to this share,
 * since burin and ONNX Runtime differ also in what has no zeros.  burin has
 * integer weights as floats, which take four times as long as integers do in
 * ONNX Runtime.  */
#define MOST_TIME 0.8
#define MOST_TIME_INTEGER 0.2

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

/* Inputs of the model with dim for every size that is not known.  */
static void
guess_inputs(const burin_model *m, burin_tensor *in, size_t nin, int64_t dim)
{
	for (size_t i = 0; i < nin; i++) {
		const burin_value_info *v = burin_model_input(m, i);

		in[i] = (burin_tensor){ .name = v->name, .dtype = v->dtype,
		    .rank = v->rank };
		for (int k = 0; k < v->rank; k++)
			in[i].dims[k] = v->dims[k] < 0 ? dim : v->dims[k];
		in[i].nbytes = SIZE_MAX;
	}
}

/* The host makes room for outputs before a run, so their shapes must be known
 * then.  */
static bool
known_shapes(struct attempt *a, const burin_output *out, size_t nout)
{
	for (size_t i = 0; i < nout; i++)
		for (int d = 0; d < out[i].rank || out[i].rank < 0; d++) {
			if (out[i].rank >= 0 && out[i].dims[d] >= 0)
				continue;
			snprintf(a->why, sizeof a->why, "output '%s': its "
			    "shape depends on data", out[i].name);
			return false;
		}
	return true;
}

/* Types of outputs must be those that ONNX Runtime has found.  */
static bool
same_types(struct attempt *a, const burin_output *out, size_t nout)
{
	struct OrtStatus *status;
	struct type t;

	for (size_t i = 0; i < nout; i++) {
		status = graph_type(a->g, &a->m.out.v[i], &t);
		if (status)
			a->claims->api->ReleaseStatus(status);
		else if (t.dtype == (int)out[i].dtype)
			continue;
		snprintf(a->why, sizeof a->why, "output '%s' has type %d, "
		    "wanted %d", out[i].name, out[i].dtype, t.dtype);
		return false;
	}
	return true;
}

/* Shapes that work out for some size will do so for others.  Those that depend
 * on data never do here, where there is none.  */
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
		good = known_shapes(a, out, nout) &&
		    same_types(a, out, nout);
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

static double
time_of(const burin_candidate_info *k)
{
	return k->measured_us > 0 ? k->measured_us : k->predicted_us;
}

struct times {
	double as_is, dense;    /* microseconds of layers, as decided, dense */
	double known, unknown;  /* weights of those layers, and of others */
};

static void
add_layer(const burin_model *m, size_t layer, struct times *t)
{
	const burin_layer_info *l = burin_model_layer(m, layer);
	double weights = (double)l->rows * (double)l->cols;
	double chosen = 0, best = 0;

	for (size_t i = 0; i < l->ncandidates; i++) {
		const burin_candidate_info *k = burin_model_candidate(m,
		    layer, i);

		if (k->chosen)
			chosen = time_of(k);
		if (k->dense && (best == 0 || time_of(k) < best))
			best = time_of(k);
	}
	t->as_is += chosen;
	t->dense += best > 0 ? best : chosen;
	*(l->ncandidates ? &t->known : &t->unknown) += weights;
}

/* Rounding of activations, as a model with QuantizeLinear wants it, is work of
 * its own for burin and next to none for kernels on integers.  */
static bool
rounds(const burin_model *m)
{
	for (size_t i = 0; i < burin_model_num_ops(m); i++)
		if (!strcmp(burin_model_op(m, i)->name, "QuantizeLinear"))
			return true;
	return false;
}

/* Layers that were dense without question have no predicted time: they take as
 * long for a weight as the others would dense.  */
static bool
pays(struct attempt *a)
{
	size_t n = burin_model_num_layers(a->model);
	struct times t = { 0 };
	double rest, most;
	burin_stats st;

	for (size_t i = 0; i < n; i++)
		add_layer(a->model, i, &t);
	if (t.dense <= 0) {
		snprintf(a->why, sizeof a->why, "%zu layers, none is sparse",
		    n);
		return false;
	}
	if (rounds(a->model)) {
		snprintf(a->why, sizeof a->why, "activations are quantized");
		return false;
	}
	burin_model_stats(a->model, &st, sizeof st);
	if (st.failed) {
		snprintf(a->why, sizeof a->why, "%d of %d kernels were not "
		    "compiled: %s", st.failed, st.kernels, st.note);
		tell(a->claims, ORT_LOG_WARNING, "%s", a->why);
		return false;
	}
	rest = t.unknown * t.dense / t.known;
	most = burin_model_num_dequantized(a->model) ? MOST_TIME_INTEGER :
	    MOST_TIME;
	snprintf(a->why, sizeof a->why, "%zu layers, predicted %.0f us, all "
	    "dense %.0f us", n, t.as_is + rest, t.dense + rest);
	return t.as_is + rest <= (t.dense + rest) * most;
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

static void
refuse_unsupported(struct graph *g, const burin_model *m)
{
	size_t lines = burin_model_num_unsupported(m);
	char buf[24];

	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < lines && !g->node[i].refused; k++)
			g->node[i].refused = is_about(
			    burin_model_unsupported(m, k),
			    model_node_name(g, i, buf));
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
