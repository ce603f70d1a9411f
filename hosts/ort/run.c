/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX Runtime may call Compute from any number of threads.  A session of
 * burin belongs to one at a time, so each call takes one from a list, or makes
 * one: there are as many as there were calls at once.
 */
#include "hosts/ort/run.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A session and what it is called with.  */
struct lane {
	struct lane *next;
	burin_session *session;
	burin_tensor *in;
	burin_output *out;
	bool *open;                     /* its shape is known after the run */
};

struct run {
	struct OrtNodeComputeInfo info; /* first */
	const struct ort_api *api;
	burin_model *model;
	burin_options *options;
	size_t nin, nout;
	size_t *place;                  /* [nin]: which input of the node */
	const char **out;               /* [nout]: in the order of the node */
	struct profile *profile;        /* NULL: none */
	pthread_mutex_t lock;           /* free, options */
	struct lane *free;
};

/* ---- lanes --------------------------------------------------------------- */

static void
lane_free(struct lane *l)
{
	if (!l)
		return;
	burin_session_free(l->session);
	free(l->in);
	free(l->out);
	free(l->open);
	free(l);
}

static struct OrtStatus *
lane_new(struct run *r, struct lane **out)
{
	struct lane *l = calloc(1, sizeof *l);
	burin_error err;

	if (!l)
		return ort_nomem(r->api);
	l->in = calloc(r->nin + 1, sizeof *l->in);
	l->out = calloc(r->nout + 1, sizeof *l->out);
	l->open = calloc(r->nout + 1, sizeof *l->open);
	if (!l->in || !l->out || !l->open) {
		lane_free(l);
		return ort_nomem(r->api);
	}
	if (burin_session_new(r->model, r->options, &l->session, &err) < 0) {
		lane_free(l);
		return ort_burin(r->api, &err);
	}
	for (size_t i = 0; i < r->nin; i++)
		l->in[i].name = burin_model_input(r->model, i)->name;
	for (size_t i = 0; i < r->nout; i++)
		l->out[i].name = r->out[i];
	*out = l;
	return NULL;
}

static struct OrtStatus *
lane_get(struct run *r, struct lane **out)
{
	struct OrtStatus *status = NULL;

	pthread_mutex_lock(&r->lock);
	*out = r->free;
	if (*out)
		r->free = (*out)->next;
	else
		status = lane_new(r, out);
	pthread_mutex_unlock(&r->lock);
	return status;
}

static void
lane_put(struct run *r, struct lane *l)
{
	pthread_mutex_lock(&r->lock);
	l->next = r->free;
	r->free = l;
	pthread_mutex_unlock(&r->lock);
}

/* ---- a call -------------------------------------------------------------- */

static struct OrtStatus *
set_input(const struct run *r, const struct OrtKernelContext *context,
    size_t i, burin_tensor *in)
{
	static const char none[1];
	struct graph g = { .api = r->api };
	const struct OrtValue *value = NULL;
	struct type t;

	ORT_TRY(r->api->KernelContext_GetInput(context, r->place[i],
	    &value));
	if (!value)
		return r->api->CreateStatus(ORT_INVALID_ARGUMENT,
		    "burin: an input is missing");
	ORT_TRY(graph_tensor(&g, value, &t, &in->data, &in->nbytes));
	in->dtype = (enum burin_dtype)t.dtype;
	in->rank = t.rank;
	memcpy(in->dims, t.dim, sizeof in->dims);
	in->data = in->data ? in->data : none;
	return NULL;
}

/* Does a run decide the shape?  */
static bool
is_open(const burin_output *out)
{
	for (int d = 0; d < out->rank; d++)
		if (out->dims[d] < 0)
			return true;
	return out->rank < 0;
}

/* *data: memory of ONNX Runtime for an output; NULL: nobody wants it.  */
static struct OrtStatus *
get_room(const struct run *r, struct OrtKernelContext *context, size_t i,
    const burin_output *out, void **data)
{
	struct OrtValue *value = NULL;
	size_t size = 0;

	*data = NULL;
	ORT_TRY(r->api->KernelContext_GetOutput(context, i, out->dims,
	    (size_t)out->rank, &value));
	if (!value)
		return NULL;
	ORT_TRY(r->api->GetTensorSizeInBytes(value, &size));
	if (size != out->nbytes)
		return r->api->CreateStatus(ORT_EP_FAIL,
		    "burin: an output has another type than ONNX Runtime "
		    "expects");
	return r->api->GetTensorMutableData(value, data);
}

/* ONNX Runtime allocates an output when its shape is known.  If that is only
 * after the run, burin has lent the output, and it is copied.  */
static struct OrtStatus *
set_output(const struct run *r, struct OrtKernelContext *context, size_t i,
    burin_output *out)
{
	out->buffer = NULL;
	if (is_open(out))
		return NULL;
	out->room = out->nbytes;
	return get_room(r, context, i, out, &out->buffer);
}

static struct OrtStatus *
copy_output(const struct run *r, struct OrtKernelContext *context, size_t i,
    const burin_output *out)
{
	void *to;

	ORT_TRY(get_room(r, context, i, out, &to));
	if (to && out->nbytes)
		memcpy(to, out->data, out->nbytes);
	return NULL;
}

static struct OrtStatus *
run_session(const struct run *r, struct lane *l)
{
	bool profile = profile_is_on(r->profile);
	int64_t start = profile ? profile_now() : 0;
	burin_error err;

	burin_session_profile(l->session, profile);
	if (burin_run(l->session, l->in, r->nin, l->out, r->nout, &err) < 0)
		return ort_burin(r->api, &err);
	if (profile)
		profile_add(r->profile, l->session, start);
	return NULL;
}

static struct OrtStatus *
call(const struct run *r, struct lane *l, struct OrtKernelContext *context)
{
	burin_error err;

	for (size_t i = 0; i < r->nin; i++)
		ORT_TRY(set_input(r, context, i, &l->in[i]));
	if (burin_session_shapes(l->session, l->in, r->nin, l->out, r->nout,
	    &err) < 0)
		return ort_burin(r->api, &err);
	for (size_t i = 0; i < r->nout; i++)
		l->open[i] = is_open(&l->out[i]);
	for (size_t i = 0; i < r->nout; i++)
		ORT_TRY(set_output(r, context, i, &l->out[i]));
	ORT_TRY(run_session(r, l));
	for (size_t i = 0; i < r->nout; i++)
		if (l->open[i])
			ORT_TRY(copy_output(r, context, i, &l->out[i]));
	return NULL;
}

static struct OrtStatus *
create_state(struct OrtNodeComputeInfo *info,
    struct OrtNodeComputeContext *context, void **state)
{
	(void)context;
	*state = info;
	return NULL;
}

static struct OrtStatus *
compute(struct OrtNodeComputeInfo *info, void *state,
    struct OrtKernelContext *context)
{
	struct run *r = state;
	struct OrtStatus *status;
	struct lane *l;

	(void)info;
	ORT_TRY(lane_get(r, &l));
	status = call(r, l, context);
	lane_put(r, l);
	return status;
}

static void
release_state(struct OrtNodeComputeInfo *info, void *state)
{
	(void)info;
	(void)state;
}

/* ---- the node ------------------------------------------------------------ */

/* Names of n infos of the fused node, which live as long as its graph.  */
static struct OrtStatus *
get_names(const struct ort_api *api, const struct OrtValueInfo **infos,
    const char **name, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		name[i] = "";
		if (infos[i])
			ORT_TRY(api->GetValueInfoName(infos[i], &name[i]));
	}
	return NULL;
}

static struct OrtStatus *
find_input(struct run *r, size_t i, const char *const *name, size_t n)
{
	const char *want = burin_model_input(r->model, i)->name;
	char line[256];

	for (size_t k = 0; k < n; k++)
		if (!strcmp(name[k], want)) {
			r->place[i] = k;
			return NULL;
		}
	snprintf(line, sizeof line, "burin: the fused node has no input "
	    "'%.160s'", want);
	return r->api->CreateStatus(ORT_FAIL, line);
}

/* The model's name for an output of the node.  */
static struct OrtStatus *
find_output(struct run *r, size_t i, const char *name)
{
	char line[256];

	for (size_t k = 0; k < burin_model_num_outputs(r->model); k++) {
		r->out[i] = burin_model_output(r->model, k)->name;
		if (!strcmp(r->out[i], name))
			return NULL;
	}
	snprintf(line, sizeof line, "burin: the fused node has an output "
	    "'%.160s' that its nodes do not make", name);
	return r->api->CreateStatus(ORT_FAIL, line);
}

/* infos and names have room for n: the node's inputs or outputs.  */
static struct OrtStatus *
match(struct run *r, const struct OrtNode *fused, size_t nin,
    const struct OrtValueInfo **infos, const char **names)
{
	ORT_TRY(r->api->Node_GetInputs(fused, infos, nin));
	ORT_TRY(get_names(r->api, infos, names, nin));
	for (size_t i = 0; i < r->nin; i++)
		ORT_TRY(find_input(r, i, names, nin));
	ORT_TRY(r->api->Node_GetOutputs(fused, infos, r->nout));
	ORT_TRY(get_names(r->api, infos, names, r->nout));
	for (size_t i = 0; i < r->nout; i++)
		ORT_TRY(find_output(r, i, names[i]));
	return NULL;
}

static struct OrtStatus *
match_ports(struct run *r, const struct OrtNode *fused)
{
	const struct OrtValueInfo **infos;
	struct OrtStatus *status;
	const char **names;
	size_t nin = 0, most;

	ORT_TRY(r->api->Node_GetNumInputs(fused, &nin));
	ORT_TRY(r->api->Node_GetNumOutputs(fused, &r->nout));
	most = (nin > r->nout ? nin : r->nout) + 1;
	r->place = calloc(r->nin + 1, sizeof *r->place);
	r->out = calloc(r->nout + 1, sizeof *r->out);
	infos = calloc(most, sizeof *infos);
	names = calloc(most, sizeof *names);
	status = r->place && r->out && infos && names ?
	    match(r, fused, nin, infos, names) : ort_nomem(r->api);
	free(infos);
	free(names);
	return status;
}

void
run_free(struct OrtNodeComputeInfo *info)
{
	struct run *r = (struct run *)info;

	if (!r)
		return;
	for (struct lane *l = r->free, *next; l; l = next) {
		next = l->next;
		lane_free(l);
	}
	burin_model_free(r->model);
	burin_options_free(r->options);
	profile_free(r->profile);
	pthread_mutex_destroy(&r->lock);
	free(r->place);
	free(r->out);
	free(r);
}

struct OrtStatus *
run_new(const struct ort_api *api, const struct settings *s,
    const struct OrtNode *fused, burin_model *model,
    struct profile *profile, struct OrtNodeComputeInfo **out)
{
	struct run *r = calloc(1, sizeof *r);
	struct OrtStatus *status;
	burin_error err;

	if (!r) {
		burin_model_free(model);
		return ort_nomem(api);
	}
	*r = (struct run){
		.info = { ORT_VERSION, create_state, compute, release_state },
		.api = api, .model = model,
		.nin = burin_model_num_inputs(model),
		.profile = profile ? profile_ref(profile) : NULL,
	};
	pthread_mutex_init(&r->lock, NULL);
	status = settings_options(s, 0, &r->options, &err) < 0 ?
	    ort_burin(api, &err) : match_ports(r, fused);
	if (status)
		run_free(&r->info);
	else
		*out = &r->info;
	return status;
}
