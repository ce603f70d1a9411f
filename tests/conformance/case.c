/* SPDX-License-Identifier: Apache-2.0
 *
 * One ONNX backend test case.  The model is imported twice: by the public
 * interface, with all that makes it fast, and as the plain graph that the refs
 * run, which is what the fast path must agree with.
 */
#include "tests/conformance/case.h"

#include "ir/graph/iter.h"
#include "ir/onnx/import.h"
#include "ir/onnx/tensor.h"
#include "ir/onnx/unpack.h"
#include "ir/op/ref.h"
#include "ir/onnx/onnx.pb-c.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TENSORS = 64, MAX_PATH = 1024 };

struct test {
	const char *folder;
	struct Onnx__ModelProto *proto;
	burin_model *model;
	burin_session *session;
	struct brn_graph *graph;
	double rtol, atol;
	burin_error *err;
};

/* The files of one direction of a data set.  */
struct tensors {
	int n;
	burin_tensor t[MAX_TENSORS];
};

static struct brn_tensor
view(const burin_tensor *t)
{
	struct brn_tensor v = { { t->dtype, t->rank, { 0 } },
	    (void *)t->data };

	memcpy(v.type.dim, t->dims, sizeof v.type.dim);
	return v;
}

/* ---- files --------------------------------------------------------------- */

static int
decode(struct Onnx__TensorProto *p, burin_tensor *t, const char *what,
    burin_error *err)
{
	struct brn_onnx_source src = { .file = what };
	int dtype = p->data_type, rc;
	struct brn_type type;
	void *data;

	if ((rc = brn_onnx_bytes(&src, p, what, &type, &data, err)) < 0)
		return rc;
	t->data = data;
	t->dtype = (enum burin_dtype)dtype;
	t->rank = type.rank;
	memcpy(t->dims, type.dim, sizeof t->dims);
	t->nbytes = (size_t)brn_type_numel(&type) * brn_dtype_size(dtype);
	return BURIN_OK;
}

static int
read_tensor(const char *path, burin_tensor *t, const char *what,
    burin_error *err)
{
	struct brn_onnx_map map;
	struct Onnx__TensorProto *p;
	int rc;

	*t = (burin_tensor){ .name = "" };
	if ((rc = brn_onnx_map(path, &map, err)) < 0)
		return rc;
	rc = brn_onnx_map_all(&map, what, err);
	p = rc < 0 ? NULL : onnx__tensor_proto__unpack(NULL, map.n, map.p);
	brn_onnx_unmap(&map);
	if (rc < 0)
		return rc;
	if (!p)
		return brn_fail(err, BURIN_EFORMAT, "%s: is no tensor", what);
	rc = decode(p, t, what, err);
	onnx__tensor_proto__free_unpacked(p, NULL);
	return rc;
}

/* All of SET/KIND_0.pb, SET/KIND_1.pb, ..; kind is input or output.  */
static int
read_tensors(const char *set, const char *kind, struct tensors *out,
    burin_error *err)
{
	char path[MAX_PATH + 64], what[64];
	int rc;

	for (out->n = 0; out->n < MAX_TENSORS; out->n++) {
		snprintf(what, sizeof what, "%s_%d.pb", kind, out->n);
		snprintf(path, sizeof path, "%s/%s", set, what);
		if (access(path, F_OK) != 0)
			break;
		if ((rc = read_tensor(path, &out->t[out->n], what, err)) < 0)
			return rc;
	}
	return BURIN_OK;
}

static void
free_tensors(struct tensors *ts)
{
	for (int i = 0; i < ts->n; i++)
		free((void *)ts->t[i].data);
}

/* ---- comparing ----------------------------------------------------------- */

static int
is_close(const struct test *t, double got, double want)
{
	if (got == want || (isnan(got) && isnan(want)))
		return 1;
	return fabs(got - want) <= t->atol + t->rtol * fabs(want);
}

static int
compare(const struct test *t, const char *how, const burin_tensor *got,
    const burin_tensor *want)
{
	struct brn_tensor g = view(got), w = view(want);
	int64_t n = brn_numel(&w);

	if (!brn_type_equal(&g.type, &w.type)) {
		struct brn_buf b = { 0 };

		brn_type_print(&b, &g.type, NULL, 0);
		brn_buf_printf(&b, ", wanted ");
		brn_type_print(&b, &w.type, NULL, 0);
		brn_fail(t->err, BURIN_ESHAPE, "%s: output '%s' is %s", how,
		    want->name, (const char *)b.p);
		brn_buf_free(&b);
		return BURIN_ESHAPE;
	}
	for (int64_t i = 0; i < n; i++) {
		double a = brn_get_float(&g, i), b = brn_get_float(&w, i);

		if (!is_close(t, a, b))
			return brn_fail(t->err, BURIN_ESHAPE, "%s: output "
			    "'%s' is %.6g at [%lld], wanted %.6g", how,
			    want->name, a, (long long)i, b);
	}
	return BURIN_OK;
}

/* ---- running ------------------------------------------------------------- */

static int
compare_output(const struct test *t, const burin_output *got,
    const burin_tensor *want)
{
	burin_tensor g = { .dtype = got->dtype, .rank = got->rank,
	    .data = got->data };

	memcpy(g.dims, got->dims, sizeof g.dims);
	return compare(t, "run", &g, want);
}

static int
run_session(const struct test *t, const struct tensors *in,
    const struct tensors *want)
{
	burin_output got[MAX_TENSORS] = { { 0 } };
	burin_tensor given[MAX_TENSORS];
	size_t nin = 0;
	int rc;

	/* What is an initializer is no input of a burin_model.  */
	for (int i = 0; i < in->n; i++)
		for (size_t k = 0; k < burin_model_num_inputs(t->model); k++)
			if (!strcmp(in->t[i].name,
			    burin_model_input(t->model, k)->name))
				given[nin++] = in->t[i];
	for (int i = 0; i < want->n; i++)
		got[i].name = want->t[i].name;
	if ((rc = burin_run(t->session, given, nin, got, (size_t)want->n,
	    t->err)) < 0)
		return rc;
	for (int i = 0; i < want->n; i++)
		if ((rc = compare_output(t, &got[i], &want->t[i])) < 0)
			return rc;
	return BURIN_OK;
}

static int
ref_outputs(const struct test *t, const struct brn_tensor *in,
    const struct tensors *want, struct brn_arena *arena)
{
	struct brn_tensor got[MAX_TENSORS];
	int rc = brn_ref_graph(t->graph, in, got, arena, t->err);

	for (int i = 0; rc == BURIN_OK && i < want->n; i++) {
		burin_tensor g = { .rank = got[i].type.rank,
		    .dtype = (enum burin_dtype)got[i].type.dtype,
		    .data = got[i].data };

		memcpy(g.dims, got[i].type.dim, sizeof g.dims);
		rc = compare(t, "ref", &g, &want->t[i]);
	}
	return rc;
}

static int
run_ref(const struct test *t, const struct tensors *in,
    const struct tensors *want)
{
	struct brn_tensor given[MAX_TENSORS];
	struct brn_arena *arena;
	int rc;

	for (int k = 0; k < t->graph->nin; k++)
		for (int i = 0; i < in->n; i++)
			if (!strcmp(in->t[i].name, t->graph->in[k].name))
				given[k] = view(&in->t[i]);
	arena = brn_arena_new();
	if (!arena)
		return brn_nomem(t->err);
	rc = ref_outputs(t, given, want, arena);
	brn_arena_free(arena);
	return rc;
}

/* Files are numbered as the model lists its inputs and outputs.  */
static int
name_tensors(const struct test *t, struct tensors *in, struct tensors *out)
{
	const struct Onnx__GraphProto *g = t->proto->graph;

	if ((size_t)in->n > g->n_input || (size_t)out->n != g->n_output)
		return brn_fail(t->err, BURIN_EFORMAT, "%d files of inputs "
		    "and %d of outputs for %zu and %zu", in->n, out->n,
		    g->n_input, g->n_output);
	for (int i = 0; i < in->n; i++)
		in->t[i].name = g->input[i]->name;
	for (int i = 0; i < out->n; i++)
		out->t[i].name = g->output[i]->name;
	return BURIN_OK;
}

static int
run_set(const struct test *t, const char *set)
{
	struct tensors in = { 0 }, want = { 0 };
	int rc;

	if ((rc = read_tensors(set, "input", &in, t->err)) == BURIN_OK &&
	    (rc = read_tensors(set, "output", &want, t->err)) == BURIN_OK &&
	    (rc = name_tensors(t, &in, &want)) == BURIN_OK &&
	    (rc = run_session(t, &in, &want)) == BURIN_OK)
		rc = run_ref(t, &in, &want);
	free_tensors(&in);
	free_tensors(&want);
	return rc;
}

/* ---- the case ------------------------------------------------------------ */

/* data.json, where there is one, may have "rtol" and "atol".  */
static void
read_tolerance(struct test *t)
{
	char path[MAX_PATH];
	json_error_t err;
	json_t *j;

	t->rtol = 1e-3;
	t->atol = 1e-7;
	snprintf(path, sizeof path, "%s/data.json", t->folder);
	j = json_load_file(path, 0, &err);
	json_unpack(j, "{s?F, s?F}", "rtol", &t->rtol, "atol", &t->atol);
	json_decref(j);
}

static int
load(struct test *t)
{
	char path[MAX_PATH];
	struct brn_onnx_map map, bytes;
	int rc;

	snprintf(path, sizeof path, "%s/model.onnx", t->folder);
	if ((rc = brn_onnx_map(path, &map, t->err)) < 0)
		return rc;
	bytes = (struct brn_onnx_map){ map.p, map.n, -1 };
	if ((rc = brn_onnx_map_all(&map, path, t->err)) == 0 &&
	    (rc = brn_onnx_unpack(&bytes, "model", &t->proto, t->err)) == 0 &&
	    (rc = brn_onnx_import(map.p, map.n, t->folder, "model", 0,
	    &t->graph, t->err)) == 0 &&
	    (rc = burin_model_load_memory(map.p, map.n, t->folder, NULL,
	    &t->model, t->err)) == 0)
		rc = burin_session_new(t->model, NULL, &t->session, t->err);
	brn_onnx_unmap(&map);
	return rc;
}

static int
run_sets(const struct test *t)
{
	char set[MAX_PATH];
	int rc = BURIN_OK;

	for (int i = 0; rc == BURIN_OK; i++) {
		snprintf(set, sizeof set, "%s/test_data_set_%d", t->folder, i);
		if (access(set, F_OK) != 0)
			return i ? rc : brn_fail(t->err, BURIN_EIO,
			    "no test_data_set_0");
		rc = run_set(t, set);
	}
	return rc;
}

int
conformance_case(const char *folder, burin_error *err)
{
	struct test t = { .folder = folder, .err = err };
	int rc;

	read_tolerance(&t);
	rc = load(&t);
	if (rc == BURIN_OK)
		rc = run_sets(&t);
	burin_session_free(t.session);
	burin_model_free(t.model);
	brn_graph_free(t.graph);
	brn_onnx_model_free(t.proto);
	return rc;
}
