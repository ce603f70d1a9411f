/* SPDX-License-Identifier: Apache-2.0
 *
 * A request alone runs on its own memory: inputs are read where they lie, and
 * outputs are computed where Triton sends them from.  The inputs of a batch are
 * put one behind the other, and its outputs cut into those of each request.
 */
#include "hosts/triton/execute.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct buffer {
	char *p;
	size_t room;
};

/* What an instance has for the requests that it is at.  */
struct instance {
	const struct model *m;
	burin_session *session;
	size_t nin, nout;
	burin_tensor *in;
	struct buffer *joined;          /* [nin]: inputs in several parts */
	burin_output *out;
};

/* A request, and its answer.  */
struct job {
	triton_request *request;
	triton_response *response;
	triton_error *error;
	int64_t rows;                   /* of a batch */
};

struct times {
	uint64_t start, compute_start, compute_end;
};

void
instance_free(struct instance *s)
{
	if (!s)
		return;
	burin_session_free(s->session);
	for (size_t i = 0; s->joined && i < s->nin; i++)
		free(s->joined[i].p);
	free(s->joined);
	free(s->in);
	free(s->out);
	free(s);
}

triton_error *
instance_new(const struct model *m, struct instance **out)
{
	struct instance *s = calloc(1, sizeof *s);
	burin_error err;

	if (!s)
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	s->m = m;
	s->nin = burin_model_num_inputs(m->burin);
	s->nout = burin_model_num_outputs(m->burin);
	s->in = calloc(s->nin + 1, sizeof *s->in);
	s->joined = calloc(s->nin + 1, sizeof *s->joined);
	s->out = calloc(s->nout + 1, sizeof *s->out);
	if (!s->in || !s->joined || !s->out) {
		instance_free(s);
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	}
	if (burin_session_new(m->burin, m->options, &s->session, &err) < 0) {
		instance_free(s);
		return error_of_burin(&err);
	}
	for (size_t i = 0; i < s->nin; i++)
		s->in[i].name = burin_model_input(m->burin, i)->name;
	*out = s;
	return NULL;
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- inputs ------------------------------------------------------------ */

static triton_error *
make_room(struct buffer *b, size_t size)
{
	char *p;

	if (size <= b->room)
		return NULL;
	p = realloc(b->p, size);
	if (!p)
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	b->p = p;
	b->room = size;
	return NULL;
}

/* Part i of an input; *size: its bytes.  */
static triton_error *
part_of(triton_input *in, const char *name, uint32_t i, const void **data,
    uint64_t *size)
{
	int memory = TRITON_CPU;
	int64_t id = 0;

	TRY(TRITONBACKEND_InputBuffer(in, i, data, size, &memory, &id));
	return memory == TRITON_GPU ? error_of(TRITON_UNSUPPORTED,
	    "burin: input '%s' is in the memory of a GPU", name) : NULL;
}

/* Type and dims of input i of a request, and how it lies in memory.  */
static triton_error *
look_at_input(const struct instance *s, size_t i, triton_request *r,
    burin_tensor *t, triton_input **in, uint32_t *parts)
{
	const int64_t *dims;
	uint64_t size;
	uint32_t rank;
	int type;

	t->name = s->in[i].name;
	TRY(TRITONBACKEND_RequestInput(r, t->name, in));
	TRY(TRITONBACKEND_InputProperties(*in, NULL, &type, &dims, &rank,
	    &size, parts));
	t->dtype = (enum burin_dtype)dtype_of_triton(type);
	if (rank > BURIN_MAX_RANK)
		return error_of(TRITON_INVALID_ARG, "burin: input '%s' has "
		    "%u dimensions", t->name, rank);
	t->rank = (int)rank;
	memcpy(t->dims, dims, rank * sizeof *dims);
	t->nbytes = size;
	return NULL;
}

/* Copy all parts of an input of size bytes to to.  */
static triton_error *
copy_parts(triton_input *in, const char *name, uint32_t parts, uint64_t size,
    char *to)
{
	for (uint32_t k = 0; k < parts; k++) {
		const void *data;
		uint64_t n;

		TRY(part_of(in, name, k, &data, &n));
		if (n > size)
			return error_of(TRITON_INVALID_ARG, "burin: input "
			    "'%s' has more bytes than its shape", name);
		if (n)
			memcpy(to, data, n);
		to += n;
		size -= n;
	}
	return size ? error_of(TRITON_INVALID_ARG, "burin: input '%s' has "
	    "fewer bytes than its shape", name) : NULL;
}

static triton_error *
set_input(struct instance *s, size_t i, triton_request *r)
{
	burin_tensor *t = &s->in[i];
	triton_input *in;
	uint32_t parts;
	uint64_t size;

	TRY(look_at_input(s, i, r, t, &in, &parts));
	if (parts == 1) {
		TRY(part_of(in, t->name, 0, &t->data, &size));
		t->nbytes = size;
		return NULL;
	}
	TRY(make_room(&s->joined[i], t->nbytes + 1));
	t->data = s->joined[i].p;
	return copy_parts(in, t->name, parts, t->nbytes, s->joined[i].p);
}

/* ---- outputs ----------------------------------------------------------- */

/* Put the outputs that a request asks for into s->out; *n: how many.  */
static triton_error *
name_outputs(struct instance *s, triton_request *r, size_t *n)
{
	uint32_t count;

	TRY(TRITONBACKEND_RequestOutputCount(r, &count));
	if (count > s->nout)
		return error_of(TRITON_INVALID_ARG, "burin: %u outputs are "
		    "asked for, the model has %zu", count, s->nout);
	for (uint32_t i = 0; i < count; i++) {
		s->out[i] = (burin_output){ .name = NULL };
		TRY(TRITONBACKEND_RequestOutputName(r, i, &s->out[i].name));
	}
	*n = count;
	return NULL;
}

/* Memory of the answer for an output with these dims.  */
static triton_error *
get_room(triton_response *response, const burin_output *o,
    const int64_t *dims, size_t size, void **data)
{
	int memory = TRITON_CPU;
	triton_output *out;
	int64_t id = 0;

	TRY(TRITONBACKEND_ResponseOutput(response, &out, o->name,
	    dtype_to_triton(o->dtype), dims, (uint32_t)o->rank));
	TRY(TRITONBACKEND_OutputBuffer(out, data, size, &memory, &id));
	return memory == TRITON_GPU ? error_of(TRITON_UNSUPPORTED, "burin: "
	    "output '%s' is wanted in the memory of a GPU", o->name) : NULL;
}

/* Does a run decide the shape?  */
static int
is_open(const burin_output *o)
{
	for (int d = 0; d < o->rank; d++)
		if (o->dims[d] < 0)
			return 1;
	return o->rank < 0;
}

/* Let a run write output o to the answer, if its shape is known.  */
static triton_error *
place_output(struct job *j, burin_output *o)
{
	if (is_open(o) || !o->nbytes)
		return NULL;
	o->room = o->nbytes;
	return get_room(j->response, o, o->dims, o->nbytes, &o->buffer);
}

/* Copy rows [first, first + j->rows) of what a run has lent, all rows if first
 * is negative, to the answer.  */
static triton_error *
copy_output(struct job *j, const burin_output *o, int64_t first)
{
	int64_t dims[BURIN_MAX_RANK];
	size_t size = o->nbytes, at = 0;
	void *data;

	memcpy(dims, o->dims, sizeof dims);
	if (first >= 0) {
		size_t row = o->dims[0] ? o->nbytes / (size_t)o->dims[0] : 0;

		dims[0] = j->rows;
		size = row * (size_t)j->rows;
		at = row * (size_t)first;
	}
	TRY(get_room(j->response, o, dims, size, &data));
	if (size)
		memcpy(data, (const char *)o->data + at, size);
	return NULL;
}

/* ---- one request ------------------------------------------------------- */

static triton_error *
run(struct instance *s, size_t nout, struct times *t)
{
	burin_error err;
	int rc;

	t->compute_start = now_ns();
	rc = burin_run(s->session, s->in, s->nin, s->out, nout, &err);
	t->compute_end = now_ns();
	return rc < 0 ? error_of_burin(&err) : NULL;
}

static triton_error *
run_alone(struct instance *s, struct job *j, struct times *t)
{
	burin_error err;
	size_t nout;

	for (size_t i = 0; i < s->nin; i++)
		TRY(set_input(s, i, j->request));
	TRY(name_outputs(s, j->request, &nout));
	if (burin_session_shapes(s->session, s->in, s->nin, s->out, nout,
	    &err) < 0)
		return error_of_burin(&err);
	for (size_t i = 0; i < nout; i++)
		TRY(place_output(j, &s->out[i]));
	TRY(run(s, nout, t));
	for (size_t i = 0; i < nout; i++)
		if (!s->out[i].buffer)
			TRY(copy_output(j, &s->out[i], -1));
	return NULL;
}

/* ---- a batch ----------------------------------------------------------- */

static int
same_outputs(triton_request *a, triton_request *b)
{
	uint32_t na, nb;

	if (TRITONBACKEND_RequestOutputCount(a, &na) ||
	    TRITONBACKEND_RequestOutputCount(b, &nb) || na != nb)
		return 0;
	for (uint32_t i = 0; i < na; i++) {
		const char *x, *y;

		if (TRITONBACKEND_RequestOutputName(a, i, &x) ||
		    TRITONBACKEND_RequestOutputName(b, i, &y) ||
		    strcmp(x, y))
			return 0;
	}
	return 1;
}

/* Add input i of a request to the dims of the batch.  0: it does not fit.  */
static int
add_dims(struct instance *s, size_t i, struct job *j, int is_first)
{
	burin_tensor t, *all = &s->in[i];
	triton_input *in;
	uint32_t parts;

	if (look_at_input(s, i, j->request, &t, &in, &parts) || t.rank < 1 ||
	    (i > 0 && t.dims[0] != j->rows))
		return 0;
	j->rows = t.dims[0];
	if (is_first) {
		*all = t;
		return 1;
	}
	if (t.rank != all->rank || t.dtype != all->dtype || memcmp(t.dims + 1,
	    all->dims + 1, (size_t)(t.rank - 1) * sizeof *t.dims))
		return 0;
	all->dims[0] += t.dims[0];
	all->nbytes += t.nbytes;
	return 1;
}

/* Can the requests run as one?  s->in has its types then, without data.  */
static int
is_batch(struct instance *s, struct job *j, uint32_t n)
{
	if (n < 2 || !s->m->max_batch || !s->nin)
		return 0;
	for (uint32_t k = 0; k < n; k++) {
		if (k && !same_outputs(j[0].request, j[k].request))
			return 0;
		for (size_t i = 0; i < s->nin; i++)
			if (!add_dims(s, i, &j[k], k == 0))
				return 0;
	}
	return 1;
}

static triton_error *
join_input(struct instance *s, size_t i, struct job *j, uint32_t n)
{
	burin_tensor t;
	triton_input *in;
	uint32_t parts;
	char *to;

	TRY(make_room(&s->joined[i], s->in[i].nbytes + 1));
	s->in[i].data = to = s->joined[i].p;
	for (uint32_t k = 0; k < n; k++) {
		TRY(look_at_input(s, i, j[k].request, &t, &in, &parts));
		TRY(copy_parts(in, t.name, parts, t.nbytes, to));
		to += t.nbytes;
	}
	return NULL;
}

static triton_error *
run_batch(struct instance *s, struct job *j, uint32_t n, struct times *t)
{
	int64_t rows = s->in[0].dims[0], first = 0;
	size_t nout;

	for (size_t i = 0; i < s->nin; i++)
		TRY(join_input(s, i, j, n));
	TRY(name_outputs(s, j[0].request, &nout));
	TRY(run(s, nout, t));
	for (size_t i = 0; i < nout; i++)
		if (s->out[i].rank < 1 || s->out[i].dims[0] != rows)
			return error_of(TRITON_INVALID_ARG, "burin: output "
			    "'%s' has no row for each row of the batch: set "
			    "max_batch_size to 0", s->out[i].name);
	for (uint32_t k = 0; k < n; first += j[k++].rows)
		for (size_t i = 0; i < nout && !j[k].error; i++)
			j[k].error = copy_output(&j[k], &s->out[i], first);
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

static void
answer(triton_instance *t, struct job *j, const struct times *at)
{
	int is_good = !j->error;

	if (j->response)
		TRITONSERVER_ErrorDelete(TRITONBACKEND_ResponseSend(
		    j->response, TRITON_RESPONSE_FINAL, j->error));
	TRITONSERVER_ErrorDelete(TRITONBACKEND_ModelInstanceReportStatistics(
	    t, j->request, is_good, at->start, at->compute_start,
	    at->compute_end, now_ns()));
	TRITONSERVER_ErrorDelete(TRITONBACKEND_RequestRelease(j->request,
	    TRITON_RELEASE_ALL));
	TRITONSERVER_ErrorDelete(j->error);
}

static void
report_batch(triton_instance *t, int64_t rows, const struct times *at)
{
	TRITONSERVER_ErrorDelete(
	    TRITONBACKEND_ModelInstanceReportBatchStatistics(t,
	    (uint64_t)rows, at->start, at->compute_start, at->compute_end,
	    now_ns()));
}

static struct times
times_now(void)
{
	uint64_t t = now_ns();

	return (struct times){ t, t, t };
}

static void
execute_alone(struct instance *s, triton_instance *t, struct job *j)
{
	struct times at = times_now();

	if (!j->error)
		j->error = run_alone(s, j, &at);
	if (!j->error)
		report_batch(t, s->m->max_batch && s->nin &&
		    s->in[0].rank > 0 ? s->in[0].dims[0] : 1, &at);
	answer(t, j, &at);
}

static void
execute_batch(struct instance *s, triton_instance *t, struct job *j,
    uint32_t n)
{
	struct times at = times_now();
	triton_error *e = run_batch(s, j, n, &at);

	if (e) {
		/* One of them may be at fault: which, they show alone.  */
		TRITONSERVER_ErrorDelete(e);
		for (uint32_t k = 0; k < n; k++)
			execute_alone(s, t, &j[k]);
		return;
	}
	report_batch(t, s->in[0].dims[0], &at);
	for (uint32_t k = 0; k < n; k++)
		answer(t, &j[k], &at);
}

void
instance_execute(struct instance *s, triton_instance *t,
    triton_request **requests, uint32_t n)
{
	struct job *j = calloc(n, sizeof *j), one;
	int is_good = 1;

	for (uint32_t k = 0; j && k < n; k++) {
		j[k].request = requests[k];
		j[k].error = TRITONBACKEND_ResponseNew(&j[k].response,
		    requests[k]);
		is_good &= !j[k].error;
	}
	if (j && is_good && is_batch(s, j, n)) {
		execute_batch(s, t, j, n);
	} else {
		for (uint32_t k = 0; k < n; k++) {
			one = (struct job){ .request = requests[k] };
			if (!j)
				one.error = TRITONBACKEND_ResponseNew(
				    &one.response, requests[k]);
			execute_alone(s, t, j ? &j[k] : &one);
		}
	}
	free(j);
}
