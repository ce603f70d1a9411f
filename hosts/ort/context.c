/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/ort/context.h"

#include "hosts/ort/model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char source[] = "BurinExecutionProvider";

enum { PATH_ROOM = 4096, FILE_ROOM = PATH_ROOM + 64 };

__attribute__((format(printf, 2, 3)))
static struct OrtStatus *
fail(const struct ort_api *api, const char *fmt, ...)
{
	char line[FILE_ROOM + 128] = "burin: ";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + 7, sizeof line - 7, fmt, ap);
	va_end(ap);
	return api->CreateStatus(ORT_EP_FAIL, line);
}

/* ---- paths --------------------------------------------------------------- */

static struct OrtStatus *
too_long(const struct ort_api *api, const char *path)
{
	return fail(api, "%.80s...: path is too long", path);
}

static size_t
folder_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

/* Where ONNX Runtime writes the EPContext model: by option, else beside the
 * model, "_ctx.onnx" in place of its suffix.  */
static struct OrtStatus *
context_path(const struct ort_api *api, const struct settings *s,
    const struct OrtGraph *graph, char path[PATH_ROOM])
{
	const char *model = "", *name, *dot;
	size_t n;
	int k;

	if (s->context_path && *s->context_path) {
		k = snprintf(path, PATH_ROOM, "%s", s->context_path);
		return k < PATH_ROOM ? NULL : too_long(api, path);
	}
	ORT_TRY(api->Graph_GetModelPath(graph, &model));
	if (!*model)
		return fail(api, "ep.context_enable=1 for a model in memory "
		    "wants ep.context_file_path");
	name = model + folder_length(model);
	dot = strrchr(name, '.');
	n = dot ? (size_t)(dot - model) : strlen(model);
	k = snprintf(path, PATH_ROOM, "%.*s_ctx.onnx", (int)n, model);
	return k < PATH_ROOM ? NULL : too_long(api, path);
}

/* The folder of fused node i: "model_ctx.burin-0" for model_ctx.onnx.  */
static struct OrtStatus *
context_folder(const struct ort_api *api, const char *path, size_t i,
    char folder[PATH_ROOM])
{
	size_t n = strlen(path);
	int k;

	if (n > 5 && !strcmp(path + n - 5, ".onnx"))
		n -= 5;
	k = snprintf(folder, PATH_ROOM, "%.*s.burin-%zu", (int)n, path, i);
	return k < PATH_ROOM ? NULL : too_long(api, path);
}

/* ---- writing ------------------------------------------------------------- */

static struct OrtStatus *
write_file(const struct ort_api *api, const char *folder, const char *name,
    const void *data, size_t size)
{
	char path[FILE_ROOM];
	FILE *f;
	bool good;

	snprintf(path, sizeof path, "%s/%.60s", folder, name);
	f = fopen(path, "wbe");
	if (!f)
		return fail(api, "%s: %s", path, strerror(errno));
	good = fwrite(data, 1, size, f) == size;
	good &= !fclose(f);
	return good ? NULL : fail(api, "%s: %s", path, strerror(errno));
}

static struct OrtStatus *
write_model(const struct ort_api *api, const struct model *m,
    const char *folder)
{
	ORT_TRY(write_file(api, folder, "model.onnx", m->bytes.p,
	    m->bytes.n));
	for (size_t i = 0; i < m->nblob; i++)
		ORT_TRY(write_file(api, folder, m->blob[i].name,
		    m->blob[i].data, m->blob[i].size));
	return NULL;
}

/* Remove the weights, from number n on, of a model that was here before.  */
static void
remove_weights(const char *folder, size_t n)
{
	char path[FILE_ROOM];

	do
		snprintf(path, sizeof path, "%s/%zu", folder, n++);
	while (!unlink(path));
}

static struct OrtStatus *
write_graph(const struct ort_api *api, const struct OrtGraph *graph,
    const char *folder)
{
	bool *all = NULL;
	struct model m = { 0 };
	struct graph g;
	struct OrtStatus *status = graph_read(api, graph, &g);

	if (!status && !(all = malloc(g.n + 1)))
		status = ort_nomem(api);
	if (!status) {
		memset(all, true, g.n);
		status = model_write(&g, all, &m);
	}
	if (!status)
		status = write_model(api, &m, folder);
	if (!status)
		remove_weights(folder, m.nblob);
	model_free(&m);
	graph_free(&g);
	free(all);
	return status;
}

/* Remove the kernels of a model that was here before.  */
static int
remove_kernels(const struct settings *s, const char *path, burin_error *err)
{
	burin_options *o;
	int64_t n;
	int rc;

	if (access(path, F_OK) < 0)
		return 0;
	if ((rc = settings_options(s, 0, &o, err)) < 0)
		return rc;
	if ((rc = burin_options_set(o, "cache_dir", path, err)) == 0)
		rc = burin_cache_clear(o, &n, err);
	burin_options_free(o);
	return rc;
}

/* Keys of kernels and of what was measured, in an array to be freed.  */
static const char **
list_keys(const burin_model *m, size_t *n)
{
	size_t layers = burin_model_num_layers(m), more = 0;
	const char **keys;

	while (burin_model_tuning(m, more))
		more++;
	*n = 0;
	keys = calloc(layers + more + 1, sizeof *keys);
	for (size_t i = 0; keys && i < layers; i++)
		keys[(*n)++] = burin_model_layer(m, i)->key;
	for (size_t i = 0; keys && i < more; i++)
		keys[(*n)++] = burin_model_tuning(m, i);
	return keys;
}

static struct OrtStatus *
write_kernels(const struct ort_api *api, const struct settings *s,
    burin_model *m, const char *folder)
{
	char path[FILE_ROOM];
	burin_options *o;
	burin_error err;
	const char **keys;
	size_t n;
	int rc;

	burin_model_wait(m, -1);
	if (settings_options(s, 0, &o, &err) < 0)
		return ort_burin(api, &err);
	snprintf(path, sizeof path, "%s/kernels", folder);
	keys = list_keys(m, &n);
	rc = remove_kernels(s, path, &err);
	if (rc == 0 && keys && n)
		rc = burin_cache_export(o, keys, n, path, &err);
	burin_options_free(o);
	if (!keys)
		return ort_nomem(api);
	free(keys);
	return rc < 0 ? ort_burin(api, &err) : NULL;
}

/* ---- the node ------------------------------------------------------------ */

struct attributes {
	size_t n;
	struct OrtOpAttr *a[8];
};

static struct OrtStatus *
add_text(const struct ort_api *api, struct attributes *a, const char *name,
    const char *text)
{
	return api->CreateOpAttr(name, text, (int)strlen(text),
	    ORT_ATTR_STRING, &a->a[a->n++]);
}

static struct OrtStatus *
add_int(const struct ort_api *api, struct attributes *a, const char *name,
    int64_t value)
{
	return api->CreateOpAttr(name, &value, 1, ORT_ATTR_INT,
	    &a->a[a->n++]);
}

static struct OrtStatus *
add_attributes(const struct ort_api *api, struct attributes *a,
    const char *folder, const char *name)
{
	ORT_TRY(add_int(api, a, "main_context", 1));
	ORT_TRY(add_int(api, a, "embed_mode", 0));
	ORT_TRY(add_text(api, a, "ep_cache_context",
	    folder + folder_length(folder)));
	ORT_TRY(add_text(api, a, "source", source));
	ORT_TRY(add_text(api, a, "ep_sdk_version", burin_version()));
	return add_text(api, a, "partition_name", name);
}

/* Names of inputs and outputs, and room to get them.  */
struct ports {
	size_t nin, nout;
	const struct OrtValueInfo **info;
	const char **name;
};

static struct OrtStatus *
read_ports(const struct ort_api *api, const struct OrtNode *fused,
    struct ports *p)
{
	ORT_TRY(api->Node_GetNumInputs(fused, &p->nin));
	ORT_TRY(api->Node_GetNumOutputs(fused, &p->nout));
	p->info = calloc(p->nin + p->nout + 1, sizeof *p->info);
	p->name = calloc(p->nin + p->nout + 1, sizeof *p->name);
	if (!p->info || !p->name)
		return ort_nomem(api);
	ORT_TRY(api->Node_GetInputs(fused, p->info, p->nin));
	ORT_TRY(api->Node_GetOutputs(fused, p->info + p->nin, p->nout));
	for (size_t i = 0; i < p->nin + p->nout; i++) {
		p->name[i] = "";
		if (p->info[i])
			ORT_TRY(api->GetValueInfoName(p->info[i],
			    &p->name[i]));
	}
	return NULL;
}

static struct OrtStatus *
make_node(const struct ort_api *api, const struct OrtNode *fused,
    const char *folder, struct OrtNode **out)
{
	const struct OrtModelEditorApi *editor = api->GetModelEditorApi();
	struct attributes a = { 0 };
	struct ports p = { 0 };
	const char *name = "";
	struct OrtStatus *status = api->Node_GetName(fused, &name);

	if (!status)
		status = read_ports(api, fused, &p);
	if (!status)
		status = add_attributes(api, &a, folder, name);
	if (!status)
		status = editor->CreateNode("EPContext", "com.microsoft", name,
		    p.name, p.nin, p.name + p.nin, p.nout, a.a, a.n, out);
	for (size_t i = 0; i < a.n; i++)        /* NULL: taken */
		if (a.a[i])
			api->ReleaseOpAttr(a.a[i]);
	free(p.info);
	free(p.name);
	return status;
}

struct OrtStatus *
context_write(const struct ort_api *api, const struct settings *s,
    const struct fused *f, struct OrtNode **out)
{
	char path[PATH_ROOM], folder[PATH_ROOM];

	if (s->context_embed)
		return fail(api, "ep.context_embed_mode=1: compiled kernels "
		    "are only loaded from files, wanted 0");
	ORT_TRY(context_path(api, s, f->graph, path));
	ORT_TRY(context_folder(api, path, f->i, folder));
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return fail(api, "%s: %s", folder, strerror(errno));
	ORT_TRY(write_graph(api, f->graph, folder));
	ORT_TRY(write_kernels(api, s, f->model, folder));
	return make_node(api, f->node, folder, out);
}

/* ---- reading ------------------------------------------------------------- */

/* A text or number of a node, to be freed; NULL: it has none of this type.  */
static struct OrtStatus *
get_attribute(const struct ort_api *api, const struct OrtNode *node,
    const char *name, int type, void **out)
{
	const struct OrtOpAttr **list;
	struct OrtStatus *status;
	const char *have;
	size_t n = 0;
	int is;

	*out = NULL;
	ORT_TRY(api->Node_GetNumAttributes(node, &n));
	list = calloc(n + 1, sizeof (void *));
	if (!list)
		return ort_nomem(api);
	status = api->Node_GetAttributes(node, list, n);
	for (size_t i = 0; i < n && !status && !*out; i++) {
		status = api->OpAttr_GetName(list[i], &have);
		if (!status)
			status = api->OpAttr_GetType(list[i], &is);
		if (!status && is == type && !strcmp(have, name))
			status = graph_attr(api, list[i], type, out, &n);
	}
	free(list);
	return status;
}

static struct OrtStatus *
is_ours(const struct ort_api *api, const struct node *n, bool *ours)
{
	void *text;
	struct OrtStatus *status;

	*ours = false;
	if (strcmp(n->op, "EPContext"))
		return NULL;
	status = get_attribute(api, n->node, "source", ORT_ATTR_STRING, &text);
	*ours = !status && text && !strcmp(text, source);
	free(text);
	return status;
}

/* The folder that a node names, which is beside the model's file.  */
static struct OrtStatus *
find_folder(struct claims *c, const struct graph *g, const char *named,
    char folder[PATH_ROOM])
{
	const char *model = "";
	int k;

	ORT_TRY(c->api->Graph_GetModelPath(g->graph, &model));
	if (!*model && c->settings->context_path)
		model = c->settings->context_path;
	if (!*model)
		return fail(c->api, "an EPContext model in memory wants "
		    "ep.context_file_path");
	if (!*named || *named == '.' || strpbrk(named, "/:"))
		return fail(c->api, "EPContext names '%.80s', wanted a folder "
		    "beside the model", named);
	k = snprintf(folder, PATH_ROOM, "%.*s%s",
	    (int)folder_length(model), model, named);
	return k < PATH_ROOM ? NULL : too_long(c->api, folder);
}

static struct OrtStatus *
load_folder(struct claims *c, const char *folder, burin_model **m)
{
	char path[FILE_ROOM];
	burin_options *o;
	burin_error err;
	int rc;

	snprintf(path, sizeof path, "%s/kernels", folder);
	if (settings_with_cache(c->settings, path, &o, &err) < 0)
		return ort_burin(c->api, &err);
	snprintf(path, sizeof path, "%s/model.onnx", folder);
	rc = burin_model_load(path, o, m, &err);
	burin_options_free(o);
	return rc < 0 ? ort_burin(c->api, &err) : NULL;
}

static struct OrtStatus *
load_node(struct claims *c, const struct graph *g, const struct node *n,
    burin_model **m)
{
	char folder[PATH_ROOM];
	struct OrtStatus *status;
	void *named, *embed;

	ORT_TRY(get_attribute(c->api, n->node, "embed_mode", ORT_ATTR_INT,
	    &embed));
	status = get_attribute(c->api, n->node, "ep_cache_context",
	    ORT_ATTR_STRING, &named);
	if (!status && (!named || !embed || *(int64_t *)embed != 0))
		status = fail(c->api, "node '%.80s': EPContext with embed_mode "
		    "0 is wanted", n->name);
	if (!status)
		status = find_folder(c, g, named, folder);
	if (!status)
		status = load_folder(c, folder, m);
	free(named);
	free(embed);
	return status;
}

struct OrtStatus *
context_claim(struct claims *c, const struct graph *g,
    struct OrtEpGraphSupportInfo *info, bool *found)
{
	bool ours;

	*found = false;
	for (size_t i = 0; i < g->n; i++) {
		ORT_TRY(is_ours(c->api, &g->node[i], &ours));
		if (!ours)
			continue;
		*found = true;
		ORT_TRY(c->api->ep->AddNodesToFuse(info, &g->node[i].node, 1,
		    NULL));
	}
	return NULL;
}

struct OrtStatus *
context_load(struct claims *c, const struct OrtGraph *graph, burin_model **m)
{
	struct OrtStatus *status;
	bool ours = false;
	struct graph g;
	size_t n = 0;

	*m = NULL;
	ORT_TRY(c->api->Graph_GetNumNodes(graph, &n));
	if (n != 1)
		return NULL;
	status = graph_read(c->api, graph, &g);
	if (!status)
		status = is_ours(c->api, &g.node[0], &ours);
	if (!status && ours)
		status = load_node(c, &g, &g.node[0], m);
	if (*m)
		claims_compiled(c, *m);
	graph_free(&g);
	return status;
}
