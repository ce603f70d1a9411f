/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of values by name.
 */
#include "ir/onnx/names.h"

#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* By name; of equal ones in the order of enum brn_onnx_origin, so that an
 * input comes after its initializer.  */
static int
compare(const void *a, const void *b)
{
	const struct brn_onnx_name *x = a, *y = b;
	int c = strcmp(x->s, y->s);

	return c ? c : (int)x->origin - (int)y->origin;
}

static int
put(struct brn_onnx_names *names, const char *s, enum brn_onnx_origin origin,
    size_t index, const char *file, burin_error *err)
{
	static const char *const what[] = {
		"initializer", "sparse initializer", "input", "node",
	};

	if (!s || !*s)
		return brn_fail(err, BURIN_EFORMAT, "%s: %s %zu has no name",
		    file, what[origin], index);
	names->v[names->n++] = (struct brn_onnx_name){ .s = s,
	    .origin = origin, .index = (int)index };
	return 0;
}

/* An output without a name has no users: it gets no entry.  */
static void
put_outputs(struct brn_onnx_names *names, const struct Onnx__NodeProto *np,
    size_t index)
{
	for (size_t k = 0; k < np->n_output; k++)
		if (*np->output[k])
			names->v[names->n++] = (struct brn_onnx_name){
			    .s = np->output[k], .origin = BRN_ONNX_NODE,
			    .index = (int)index, .out = (int)k };
}

static void
put_nodes(struct brn_onnx_names *names, Onnx__NodeProto *const *node,
    size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_outputs(names, node[i], i);
}

static int
put_graph(struct brn_onnx_names *names, const struct Onnx__GraphProto *g,
    const char *file, burin_error *err)
{
	int rc = 0;

	for (size_t i = 0; i < g->n_initializer && rc == 0; i++)
		rc = put(names, g->initializer[i]->name, BRN_ONNX_INITIALIZER,
		    i, file, err);
	for (size_t i = 0; i < g->n_sparse_initializer && rc == 0; i++) {
		const struct Onnx__TensorProto *v =
		    g->sparse_initializer[i]->values;

		rc = put(names, v ? v->name : NULL, BRN_ONNX_SPARSE, i, file,
		    err);
	}
	for (size_t i = 0; i < g->n_input && rc == 0; i++)
		rc = put(names, g->input[i]->name, BRN_ONNX_INPUT, i, file,
		    err);
	put_nodes(names, g->node, g->n_node);
	return rc;
}

/* Names are unique, but for inputs that only declare an initializer: those
 * are dropped.  */
static int
unique(struct brn_onnx_names *names, const char *file, burin_error *err)
{
	int n = 0;

	qsort(names->v, (size_t)names->n, sizeof *names->v, compare);
	for (int i = 0; i < names->n; i++) {
		struct brn_onnx_name *v = &names->v[i];

		if (n == 0 || strcmp(names->v[n - 1].s, v->s)) {
			names->v[n++] = *v;
			continue;
		}
		if (v->origin != BRN_ONNX_INPUT ||
		    names->v[i - 1].origin > BRN_ONNX_SPARSE)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s: value '%s' is made twice", file, v->s);
	}
	names->n = n;
	return 0;
}

static void
count(struct brn_onnx_names *names, const char *s)
{
	struct brn_onnx_name *v = s ? brn_onnx_find(names, s) : NULL;

	if (v)
		v->uses++;
}

/* A graph inside may use what is made around it.  How deep they are nested is
 * bounded by the scan of the file.  */
static void
count_nodes(struct brn_onnx_names *names, Onnx__NodeProto *const *node,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < node[i]->n_input; k++)
			count(names, node[i]->input[k]);
		for (size_t k = 0; k < node[i]->n_attribute; k++) {
			const struct Onnx__GraphProto *g =
			    node[i]->attribute[k]->g;

			if (!g)
				continue;
			count_nodes(names, g->node, g->n_node);
			for (size_t j = 0; j < g->n_output; j++)
				count(names, g->output[j]->name);
		}
	}
}

/* An empty table with room for n names and the outputs of nodes.  */
static int
make_room(struct brn_onnx_names *names, size_t n,
    Onnx__NodeProto *const *node, size_t n_node, burin_error *err)
{
	for (size_t i = 0; i < n_node; i++)
		n += node[i]->n_output;
	*names = (struct brn_onnx_names){ .up = names->up, .g = names->g };
	names->v = brn_alloc(n, sizeof *names->v);
	return names->v ? 0 : brn_nomem(err);
}

int
brn_onnx_names_init(struct brn_onnx_names *names,
    const struct Onnx__GraphProto *g, const char *file, burin_error *err)
{
	int rc = make_room(names, g->n_initializer + g->n_sparse_initializer +
	    g->n_input, g->node, g->n_node, err);

	if (rc < 0)
		return rc;
	if ((rc = put_graph(names, g, file, err)) < 0 ||
	    (rc = unique(names, file, err)) < 0) {
		brn_onnx_names_free(names);
		return rc;
	}
	count_nodes(names, g->node, g->n_node);
	for (size_t i = 0; i < g->n_output; i++)
		count(names, g->output[i]->name);
	return 0;
}

int
brn_onnx_names_function(struct brn_onnx_names *names,
    const struct Onnx__FunctionProto *f, const char *file, burin_error *err)
{
	int rc = make_room(names, f->n_input, f->node, f->n_node, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < f->n_input && rc == 0; i++)
		rc = put(names, f->input[i], BRN_ONNX_INPUT, i, file, err);
	put_nodes(names, f->node, f->n_node);
	if (rc < 0 || (rc = unique(names, file, err)) < 0) {
		brn_onnx_names_free(names);
		return rc;
	}
	count_nodes(names, f->node, f->n_node);
	for (size_t i = 0; i < f->n_output; i++)
		count(names, f->output[i]);
	return 0;
}

void
brn_onnx_names_free(struct brn_onnx_names *names)
{
	free(names->v);
	*names = (struct brn_onnx_names){ 0 };
}

static int
by_name(const void *key, const void *elem)
{
	return strcmp(key, ((const struct brn_onnx_name *)elem)->s);
}

struct brn_onnx_name *
brn_onnx_find_in(const struct brn_onnx_names *names, const char *s,
    struct brn_graph **g)
{
	struct brn_onnx_name *v = NULL;

	for (; names && !v; names = names->up) {
		*g = names->g;
		v = bsearch(s, names->v, (size_t)names->n, sizeof *names->v,
		    by_name);
	}
	return v;
}

struct brn_onnx_name *
brn_onnx_find(const struct brn_onnx_names *names, const char *s)
{
	struct brn_graph *g;

	return brn_onnx_find_in(names, s, &g);
}
