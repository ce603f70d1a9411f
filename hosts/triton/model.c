/* SPDX-License-Identifier: Apache-2.0
 *
 * Configurations are JSON here: Triton has made them of config.pbtxt, or of
 * nothing if there is none, and takes them back completed.
 */
#include "hosts/triton/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Requests in a batch, where the configuration leaves that to the backend.
 * Triton's backend for ONNX Runtime has the same default.  */
enum { DEFAULT_BATCH = 4 };

static const struct {
	int dtype;
	const char *word;
} types[] = {
#define X(dtype, word) { dtype, word },
	TRITON_TYPE_MAP(X)
#undef X
};

enum { NTYPE = sizeof types / sizeof *types };

int
dtype_of_triton(int type)
{
	return type >= 0 && type < NTYPE ? types[type].dtype : 0;
}

int
dtype_to_triton(int dtype)
{
	int i = 0;

	while (i < NTYPE && types[i].dtype != dtype)
		i++;
	return i < NTYPE ? i : 0;
}

/* ---- errors ------------------------------------------------------------ */

triton_error *
error_of(int code, const char *format, ...)
{
	char line[1200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof line, format, ap);
	va_end(ap);
	return TRITONSERVER_ErrorNew(code, line);
}

triton_error *
error_of_burin(const burin_error *err)
{
	int code = TRITON_INTERNAL;

	if (err->code == BURIN_EINVAL || err->code == BURIN_ESHAPE)
		code = TRITON_INVALID_ARG;
	else if (err->code == BURIN_EUNSUPPORTED)
		code = TRITON_UNSUPPORTED;
	else if (err->code == BURIN_ENOMEM || err->code == BURIN_ETIMEOUT)
		code = TRITON_UNAVAILABLE;
	return error_of(code, "burin: %s", err->msg);
}

/* ---- the model --------------------------------------------------------- */

static triton_error *
set_option(struct model *m, const char *key, const json_t *parameter)
{
	const char *value = json_string_value(json_object_get(parameter,
	    "string_value"));
	burin_error err;

	if (!value)
		return error_of(TRITON_INVALID_ARG, "burin: parameter '%s' "
		    "has no string_value", key);
	if (!strcmp(key, "warm") || !strcmp(key, "unsupported"))
		return error_of(TRITON_INVALID_ARG, "burin: parameter '%s' "
		    "has no use in a server", key);
	return burin_options_set(m->options, key, value, &err) < 0 ?
	    error_of_burin(&err) : NULL;
}

static triton_error *
set_options(struct model *m, json_t *config)
{
	json_t *parameter;
	const char *key;

	m->options = burin_options_new();
	if (!m->options)
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	json_object_foreach(json_object_get(config, "parameters"), key,
	    parameter)
		TRY(set_option(m, key, parameter));
	return NULL;
}

/* The file of this version.  */
static triton_error *
path_of(triton_model *t, const json_t *config, char *path, size_t size)
{
	const char *folder, *file = json_string_value(json_object_get(config,
	    "default_model_filename"));
	uint64_t version;
	int kind, n;

	TRY(TRITONBACKEND_ModelRepository(t, &kind, &folder));
	TRY(TRITONBACKEND_ModelVersion(t, &version));
	if (kind != TRITON_FILESYSTEM)
		return error_of(TRITON_UNSUPPORTED, "burin: the model "
		    "repository is not a folder");
	n = snprintf(path, size, "%s/%llu/%s", folder,
	    (unsigned long long)version, file && *file ? file :
	    "model.onnx");
	return n < 0 || (size_t)n >= size ? error_of(TRITON_INVALID_ARG,
	    "burin: the path of model '%s' is too long", folder) : NULL;
}

static void
log_load(const char *path, const burin_model *m)
{
	const burin_layer_info *l;
	burin_stats st;
	char line[1024];
	int sparse = 0, all = 0;

	for (; (l = burin_model_layer(m, (size_t)all)); all++)
		sparse += !strcmp(l->decision, "sparse");
	burin_model_stats(m, &st, sizeof st);
	snprintf(line, sizeof line, "burin: %.600s: %d of %d layers sparse, "
	    "%d kernels compiled, %d cached, loaded in %.0f ms%s%s", path,
	    sparse, all, st.compiled, st.disk_hits + st.memory_hits,
	    st.load_ms, *st.note ? ": " : "", st.note);
	TRITONSERVER_ErrorDelete(TRITONSERVER_LogMessage(st.failed ?
	    TRITON_LOG_WARN : TRITON_LOG_INFO, "burin", 0, line));
}

static triton_error *
load(triton_model *t, struct model *m, json_t *config)
{
	char path[4096];
	burin_error err;

	TRY(set_options(m, config));
	TRY(path_of(t, config, path, sizeof path));
	if (burin_model_load(path, m->options, &m->burin, &err) < 0)
		return error_of_burin(&err);
	log_load(path, m->burin);
	return NULL;
}

/* ---- completing -------------------------------------------------------- */

typedef const burin_value_info *port_fn(const burin_model *m, size_t i);

/* Is the first dimension of all inputs and outputs open, and of all inputs the
 * same?  */
static int
has_batch(const burin_model *m)
{
	const burin_value_info *v, *first = burin_model_input(m, 0);

	if (!first || first->rank < 1 || !first->dim_names[0])
		return 0;
	for (size_t i = 0; (v = burin_model_input(m, i)); i++)
		if (v->rank < 1 || v->dims[0] >= 0 || !v->dim_names[0] ||
		    strcmp(v->dim_names[0], first->dim_names[0]))
			return 0;
	for (size_t i = 0; (v = burin_model_output(m, i)); i++)
		if (v->rank < 1 || v->dims[0] >= 0)
			return 0;
	return 1;
}

/* Inputs or outputs as a configuration has them: without the dimension of the
 * batch if there is one.  */
static json_t *
list_ports(const burin_model *m, port_fn *port, int is_batched)
{
	json_t *list = json_array();
	const burin_value_info *v;

	for (size_t i = 0; (v = port(m, i)); i++) {
		json_t *dims = json_array();

		for (int d = is_batched; d < v->rank; d++)
			json_array_append_new(dims, json_integer(v->dims[d]));
		json_array_append_new(list, json_pack("{s:s, s:s, s:o}",
		    "name", v->name, "data_type",
		    types[dtype_to_triton(v->dtype)].word, "dims", dims));
	}
	return list;
}

static int
is_empty(const json_t *config, const char *key)
{
	return json_array_size(json_object_get(config, key)) == 0;
}

static void
complete(json_t *config, const burin_model *m)
{
	json_t *batch = json_object_get(config, "max_batch_size");

	if (is_empty(config, "input") && is_empty(config, "output") &&
	    json_integer_value(batch) == 0 && has_batch(m)) {
		json_object_set_new(config, "max_batch_size",
		    json_integer(DEFAULT_BATCH));
		if (!json_object_get(config, "sequence_batching"))
			json_object_set_new(config, "dynamic_batching",
			    json_object());
		batch = json_object_get(config, "max_batch_size");
	}
	if (is_empty(config, "input"))
		json_object_set_new(config, "input", list_ports(m,
		    burin_model_input, json_integer_value(batch) > 0));
	if (is_empty(config, "output"))
		json_object_set_new(config, "output", list_ports(m,
		    burin_model_output, json_integer_value(batch) > 0));
}

/* ---- checking ---------------------------------------------------------- */

static triton_error *
check_port(const json_t *j, const burin_value_info *v, int is_batched)
{
	const char *word = json_string_value(json_object_get(j, "data_type"));
	const char *want = types[dtype_to_triton(v->dtype)].word;
	const json_t *dims = json_object_get(j, "dims");
	size_t rank = json_array_size(dims) + (size_t)is_batched;

	if (!word || strcmp(word, want))
		return error_of(TRITON_INVALID_ARG, "burin: '%s' is %s in the "
		    "configuration and %s in the model", v->name,
		    word ? word : "without a type", want);
	if (v->rank >= 0 && rank != (size_t)v->rank)
		return error_of(TRITON_INVALID_ARG, "burin: '%s' has %zu "
		    "dimensions in the configuration, batch included, and %d "
		    "in the model", v->name, rank, v->rank);
	for (size_t d = 0; d < json_array_size(dims); d++) {
		int64_t size = json_integer_value(json_array_get(dims, d));
		int64_t own = v->dims[d + (size_t)is_batched];

		if (size >= 0 && own >= 0 && size != own)
			return error_of(TRITON_INVALID_ARG, "burin: dimension "
			    "%zu of '%s' is %lld in the configuration and "
			    "%lld in the model", d, v->name, (long long)size,
			    (long long)own);
	}
	return NULL;
}

static triton_error *
check_ports(const json_t *list, const char *what, const burin_model *m,
    port_fn *port, int is_batched)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *j = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(j,
		    "name"));
		const burin_value_info *v = NULL;

		for (size_t k = 0; name && (v = port(m, k)); k++)
			if (!strcmp(v->name, name))
				break;
		if (!v)
			return error_of(TRITON_INVALID_ARG, "burin: the model "
			    "has no %s '%s', which the configuration names",
			    what, name ? name : "");
		TRY(check_port(j, v, is_batched));
	}
	return NULL;
}

static triton_error *
check(const json_t *config, struct model *m)
{
	const json_t *in = json_object_get(config, "input");

	m->max_batch = (int)json_integer_value(json_object_get(config,
	    "max_batch_size"));
	if (json_array_size(in) != burin_model_num_inputs(m->burin))
		return error_of(TRITON_INVALID_ARG, "burin: the configuration "
		    "has %zu inputs, the model %zu", json_array_size(in),
		    burin_model_num_inputs(m->burin));
	TRY(check_ports(in, "input", m->burin, burin_model_input,
	    m->max_batch > 0));
	return check_ports(json_object_get(config, "output"), "output",
	    m->burin, burin_model_output, m->max_batch > 0);
}

/* ---- all --------------------------------------------------------------- */

static triton_error *
get_config(triton_model *t, json_t **config)
{
	triton_message *message;
	const char *text;
	size_t size;

	TRY(TRITONBACKEND_ModelConfig(t, 1, &message));
	TRY(TRITONSERVER_MessageSerializeToJson(message, &text, &size));
	*config = json_loadb(text, size, 0, NULL);
	TRITONSERVER_ErrorDelete(TRITONSERVER_MessageDelete(message));
	return *config ? NULL : error_of(TRITON_INTERNAL,
	    "burin: the configuration is not JSON");
}

static triton_error *
set_config(triton_model *t, const json_t *config)
{
	char *text = json_dumps(config, JSON_COMPACT);
	triton_message *message;
	triton_error *e;

	if (!text)
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	e = TRITONSERVER_MessageNewFromSerializedJson(&message, text,
	    strlen(text));
	if (!e) {
		e = TRITONBACKEND_ModelSetConfig(t, 1, message);
		TRITONSERVER_ErrorDelete(TRITONSERVER_MessageDelete(message));
	}
	free(text);
	return e;
}

static triton_error *
set_up(triton_model *t, json_t *config, struct model *m)
{
	bool wanted = false;

	TRY(load(t, m, config));
	TRY(TRITONBACKEND_ModelAutoCompleteConfig(t, &wanted));
	if (wanted) {
		complete(config, m->burin);
		TRY(set_config(t, config));
	}
	return check(config, m);
}

triton_error *
model_new(triton_model *t, struct model **out)
{
	struct model *m = calloc(1, sizeof *m);
	json_t *config = NULL;
	triton_error *e;

	if (!m)
		return error_of(TRITON_UNAVAILABLE, "burin: out of memory");
	e = get_config(t, &config);
	if (!e)
		e = set_up(t, config, m);
	json_decref(config);
	if (e)
		model_free(m);
	else
		*out = m;
	return e;
}

void
model_free(struct model *m)
{
	if (!m)
		return;
	burin_model_free(m->burin);
	burin_options_free(m->options);
	free(m);
}
