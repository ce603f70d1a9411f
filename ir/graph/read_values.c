/* SPDX-License-Identifier: Apache-2.0
 *
 * Types, values and attributes in the text of a graph.
 */
#include "ir/graph/reader.h"

#include "ir/graph/iter.h"
#include "ir/graph/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_SYMS = 1 << 20,
	MAX_NAMED = 1 << 13,            /* symbols in line sym */
	MAX_ATTRS = 32,                 /* of a node */
};

/* ---- types --------------------------------------------------------------- */

/* A symbol as brn_sym_print writes it: by name, or with name NULL by number. */
static int
read_symbol(struct brn_reader *r, const char **name, int64_t *i)
{
	int rc;

	*name = NULL;
	if (brn_words_take(&r->w, "?"))
		return brn_words_int(&r->w, "symbol", 0, MAX_SYMS, i);
	if (!brn_words_take(&r->w, "'"))
		return brn_words_text(&r->w, " ,]", r->g->arena, name);
	if ((rc = brn_words_text(&r->w, "'", r->g->arena, name)) < 0)
		return rc;
	return brn_words_must(&r->w, "'");
}

static int
read_dim(struct brn_reader *r, int64_t *out)
{
	const char *name;
	int64_t i = 0;
	int rc;

	if (r->w.p < r->w.end && *r->w.p >= '0' && *r->w.p <= '9')
		return brn_words_int(&r->w, "dimension", 0, INT64_MAX, out);
	if ((rc = read_symbol(r, &name, &i)) < 0)
		return rc;
	if (name)
		while (i < r->g->nsym && (!r->g->sym[i] ||
		    strcmp(r->g->sym[i], name) != 0))
			i++;
	if (name && i == r->g->nsym)
		return brn_words_bad(&r->w, "symbol '%.40s' is not in line sym",
		    name);
	*out = BRN_SYM(i);
	return 0;
}

static int
read_dtype(struct brn_reader *r, int *out)
{
	struct brn_words at = r->w;
	char name[8];
	int rc;

	*out = 0;
	if (brn_words_take(&r->w, "?"))
		return 0;
	if ((rc = brn_words_name(&r->w, "a type", name, sizeof name)) < 0)
		return rc;
	for (int d = 1; d < 64; d++)
		if (brn_dtype_size(d) && !strcmp(brn_dtype_name(d), name)) {
			*out = d;
			return 0;
		}
	return brn_words_want(&at, "a type");
}

int
brn_read_type(struct brn_reader *r, struct brn_type *t)
{
	int rc;

	*t = (struct brn_type){ .rank = -1 };
	if ((rc = read_dtype(r, &t->dtype)) < 0 ||
	    (rc = brn_words_must(&r->w, "[")) < 0 ||
	    brn_words_take(&r->w, "..]"))
		return rc;
	for (t->rank = 0; !brn_words_take(&r->w, "]"); t->rank++) {
		if (t->rank == BRN_MAX_RANK)
			return brn_words_bad(&r->w, "more than %d dimensions",
			    BRN_MAX_RANK);
		if ((t->rank && (rc = brn_words_must(&r->w, ",")) < 0) ||
		    (rc = read_dim(r, &t->dim[t->rank])) < 0)
			return rc;
	}
	return 0;
}

/* "sym batch ?1 seq": symbols by number.  */
int
brn_read_symbols(struct brn_reader *r)
{
	while (brn_words_take(&r->w, " ")) {
		int n = r->g->nsym, rc;
		const char *name;
		int64_t i = n;

		if ((rc = read_symbol(r, &name, &i)) < 0)
			return rc;
		if (n == MAX_NAMED || i != n)
			return brn_words_bad(&r->w, "wanted symbol %d of at "
			    "most %d", n, MAX_NAMED);
		if (!brn_graph_sym(r->g, name))
			return brn_nomem(r->w.err);
		if (r->g->nsym == n)
			return brn_words_bad(&r->w, "symbol '%.40s' occurs "
			    "twice", name);
	}
	return 0;
}

/* ---- values -------------------------------------------------------------- */

/* "[1 2 3]", whose elements are read when their type is known.  */
int
brn_skip_values(struct brn_reader *r, struct brn_words *values)
{
	const char *end;
	int rc;

	if ((rc = brn_words_must(&r->w, "[")) < 0)
		return rc;
	end = memchr(r->w.p, ']', (size_t)(r->w.end - r->w.p));
	if (!end)
		return brn_words_want(&r->w, "values and ']'");
	*values = r->w;
	values->end = end;
	r->w.p = end + 1;
	return 0;
}

static int
read_elements(struct brn_words *w, struct brn_tensor *t, int64_t n)
{
	int is_float = t->type.dtype == BURIN_F32, rc;

	for (int64_t i = 0; i < n; i++) {
		struct brn_number v;

		if ((i && (rc = brn_words_must(w, " ")) < 0) ||
		    (rc = brn_words_number(w, &v)) < 0)
			return rc;
		if (is_float) {
			((float *)t->data)[i] = v.f;
			continue;
		}
		brn_set_int(t, i, v.i);
		if (v.is_float || (brn_get_int(t, i) != v.i))
			return brn_words_bad(w, "element %lld does not fit "
			    "type %s", (long long)i,
			    brn_dtype_name(t->type.dtype));
	}
	if (w->p < w->end)
		return brn_words_bad(w, "more than %lld elements",
		    (long long)n);
	return 0;
}

static int
read_value_file(struct brn_reader *r, struct brn_words *w, void *p,
    size_t bytes)
{
	const char *name;
	int rc;

	if ((rc = brn_words_text(w, "", r->g->arena, &name)) < 0)
		return rc;
	r->values_left -= bytes;
	brn_budget_read(r->g->budget, bytes);
	return brn_values_read(r->dir, name, p, bytes, r->w.err);
}

/* Data for t, from brn_alloc_aligned.  */
int
brn_read_values(struct brn_reader *r, struct brn_words *w, struct brn_tensor *t)
{
	int is_file = brn_words_take(w, "@"), rc;
	size_t left = (size_t)(w->end - w->p), bytes;

	if (brn_dtype_is_float(t->type.dtype) && t->type.dtype != BURIN_F32)
		return brn_words_bad(w, "constant is %s, wanted f32, an "
		    "integer or bool", brn_dtype_name(t->type.dtype));
	if ((rc = brn_type_bytes(&t->type, r->w.file, &bytes, w->err)) < 0)
		return brn_words_bad(w, "constant has no size that fits "
		    "memory");
	if (is_file && bytes > r->values_left)
		return brn_words_bad(w, "more than 16 GiB in value files");
	if (!is_file && (size_t)brn_numel(t) > (left + 1) / 2)
		return brn_words_bad(w, "constant has fewer than the %lld "
		    "elements of its type", (long long)brn_numel(t));
	t->data = brn_alloc_aligned(bytes);
	if (!t->data)
		return brn_nomem(w->err);
	rc = is_file ? read_value_file(r, w, t->data, bytes) :
	    read_elements(w, t, brn_numel(t));
	if (rc < 0) {
		free(t->data);
		t->data = NULL;
	}
	return rc;
}

/* ---- attributes ---------------------------------------------------------- */

static int
read_ints(struct brn_reader *r, struct brn_node *n, const char *name, int64_t v)
{
	size_t most = 2;
	int64_t *ints;
	int k = 1, rc;

	for (const char *s = r->w.p; s < r->w.end && *s != ' '; s++)
		most += *s == ',';
	ints = brn_arena_alloc(r->g->arena, most, sizeof *ints);
	if (!ints)
		return brn_nomem(r->w.err);
	for (*ints = v; r->w.p < r->w.end && *r->w.p != ' ' &&
	    *r->w.p != '}'; k++)
		if ((k > 1 && (rc = brn_words_must(&r->w, ",")) < 0) ||
		    (rc = brn_words_int(&r->w, "attribute", INT64_MIN,
		    INT64_MAX, &ints[k])) < 0)
			return rc;
	rc = brn_attr_set_ints(r->g, n, name, ints, k);
	return rc < 0 ? brn_nomem(r->w.err) : 0;
}

static int
read_number(struct brn_reader *r, struct brn_node *n, const char *name)
{
	struct brn_number v;
	int rc = brn_words_number(&r->w, &v);

	if (rc < 0)
		return rc;
	if (!v.is_float && brn_words_take(&r->w, ","))
		return read_ints(r, n, name, v.i);
	rc = v.is_float ? brn_attr_set_float(r->g, n, name, v.f) :
	    brn_attr_set_int(r->g, n, name, v.i);
	return rc < 0 ? brn_nomem(r->w.err) : 0;
}

static int
read_tensor(struct brn_reader *r, struct brn_node *n, const char *name)
{
	struct brn_tensor *t = brn_arena_alloc(r->g->arena, 1, sizeof *t);
	struct brn_words values;
	int rc;

	if (!t)
		return brn_nomem(r->w.err);
	if ((rc = brn_skip_values(r, &values)) < 0 ||
	    (rc = brn_read_type(r, &t->type)) < 0 ||
	    (rc = brn_read_values(r, &values, t)) < 0)
		return rc;
	if (brn_arena_own(r->g->arena, t->data) < 0 ||
	    brn_attr_set_tensor(r->g, n, name, t) < 0)
		return brn_nomem(r->w.err);
	return 0;
}

static int
read_attr(struct brn_reader *r, struct brn_node *n)
{
	char name[64];
	int rc;

	if ((rc = brn_words_name(&r->w, "an attribute", name,
	    sizeof name)) < 0 || (rc = brn_words_must(&r->w, "=")) < 0)
		return rc;
	if (n->nattr == MAX_ATTRS || brn_attr(n, name))
		return brn_words_bad(&r->w, "attribute %s occurs twice, or is "
		    "one of more than %d", name, MAX_ATTRS);
	if (brn_words_take(&r->w, ","))
		return brn_attr_set_ints(r->g, n, name, NULL, 0) < 0 ?
		    brn_nomem(r->w.err) : 0;
	if (r->w.p < r->w.end && *r->w.p == '[')
		return read_tensor(r, n, name);
	return read_number(r, n, name);
}

int
brn_read_attrs(struct brn_reader *r, struct brn_node *n)
{
	int rc;

	if (!brn_words_take(&r->w, " {"))
		return 0;
	do {
		if ((rc = read_attr(r, n)) < 0)
			return rc;
	} while (brn_words_take(&r->w, " "));
	return brn_words_must(&r->w, "}");
}
