/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading a model from a file or from memory, as ONNX or as text.
 */
#include "runtime/model.h"

#include <stdlib.h>

#include "ir/graph/read.h"
#include "ir/onnx/file.h"
#include "ir/onnx/import.h"
#include "ir/op/infer.h"

/* A file, or bytes and where their external data is.  */
struct source {
	const char *path;
	const void *data;
	size_t size;
	const char *dir;
	const burin_blob *blob; /* [nblob] instead of dir */
	size_t nblob;
};

/* Read a graph as text.  Types in the text are not trusted: they are inferred
 * anew and verified.  */
static int
read_text(const struct source *f, int keep, struct brn_graph **out,
    burin_error *err)
{
	struct brn_graph *g;
	int rc = brn_graph_read(f->data, f->size, f->dir,
	    f->path ? f->path : "memory", keep, &g, err);

	if (rc < 0)
		return rc;
	if ((rc = brn_infer_types(g, err)) < 0 ||
	    (rc = brn_graph_verify(g, err)) < 0)
		brn_graph_free(g);
	else
		*out = g;
	return rc;
}

static int
read_file(const char *path, int keep, struct brn_graph **out,
    burin_error *err)
{
	struct brn_onnx_map map;
	int rc = brn_onnx_map(path, &map, err), is_text;
	char *dir;

	if (rc < 0)
		return rc;
	dir = brn_onnx_folder(path);
	is_text = brn_graph_is_text(map.p, map.n);
	if (!dir)
		rc = brn_nomem(err);
	else if (is_text && (rc = brn_onnx_map_all(&map, path, err)) == 0)
		rc = read_text(&(struct source){ path, map.p, map.n, dir },
		    keep, out, err);
	brn_onnx_unmap(&map);
	free(dir);
	return is_text || rc < 0 ? rc :
	    brn_onnx_import_file(path, keep, out, err);
}

static int
read_source(const struct source *f, int keep, struct brn_graph **out,
    burin_error *err)
{
	if (f->path)
		return read_file(f->path, keep, out, err);
	if (f->blob)
		return brn_onnx_import_parts(f->data, f->size, f->blob,
		    f->nblob, keep, out, err);
	if (brn_graph_is_text(f->data, f->size))
		return read_text(f, keep, out, err);
	return brn_onnx_import(f->data, f->size, f->dir, "memory", keep, out,
	    err);
}

static int
load(const struct source *f, const burin_options *o, burin_model **out,
    burin_error *err)
{
	struct burin_options own;
	struct brn_graph *g;
	double t0 = brn_now_ms();
	int rc = brn_options_use(&o, &own, err);

	if (rc == 0)
		rc = read_source(f, o->keep, &g, err);
	if (rc == 0) {
		brn_budget_limit(g->budget, t0, o->max_load_ms,
		    o->max_load_work);
		rc = brn_model_new(g, o, t0, out, err);
	}
	brn_options_clear(&own);
	return rc;
}

int
burin_model_load(const char *path, const burin_options *o, burin_model **out,
    burin_error *err)
{
	burin_error own;

	err = err ? err : &own;
	if (!path || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_load: argument is NULL");
	return load(&(struct source){ .path = path }, o, out, err);
}

int
burin_model_load_memory(const void *data, size_t size,
    const char *external_dir, const burin_options *o, burin_model **out,
    burin_error *err)
{
	burin_error own;

	err = err ? err : &own;
	if (!data || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_load_memory: argument is NULL");
	return load(&(struct source){ .data = data, .size = size,
	    .dir = external_dir }, o, out, err);
}

int
burin_model_load_parts(const void *data, size_t size, const burin_blob *blobs,
    size_t nblob, const burin_options *o, burin_model **out, burin_error *err)
{
	burin_error own;

	err = err ? err : &own;
	if (!data || (!blobs && nblob) || !out)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_model_load_parts: argument is NULL");
	for (size_t i = 0; i < nblob; i++)
		if (!blobs[i].name || !blobs[i].data)
			return brn_fail(err, BURIN_EINVAL,
			    "burin_model_load_parts: blob %zu has no %s", i,
			    blobs[i].name ? "data" : "name");
	return load(&(struct source){ .data = data, .size = size,
	    .blob = blobs, .nblob = nblob }, o, out, err);
}
