/* SPDX-License-Identifier: Apache-2.0
 *
 * Each role of a row in ir/attrs.def has its function here.
 */
#include "ir/onnx/attr.h"

#include "ir/onnx/onnx.pb-c.h"

#include <string.h>

/* Strings of a file that messages show are cut to this many bytes.  */
enum { SHOWN = 40 };

/* ---- values of a type ---------------------------------------------------- */

static const char *
type_name(enum brn_attr_type type)
{
	switch (type) {
	case BRN_ATTR_INT:
		return "an int";
	case BRN_ATTR_FLOAT:
		return "a float";
	case BRN_ATTR_STRING:
		return "a string";
	case BRN_ATTR_INTS:
		return "ints";
	case BRN_ATTR_FLOATS:
		return "floats";
	case BRN_ATTR_STRINGS:
		return "strings";
	case BRN_ATTR_TENSOR:
		return "a tensor";
	case BRN_ATTR_GRAPH:
		return "a graph";
	case BRN_ATTR_SPARSE_TENSOR:
		return "a sparse tensor";
	}
	return "";
}

/* Whether a has a value of the type.  Writers may leave out zeros, and very
 * old ones the type.  */
static int
is_type(const struct Onnx__AttributeProto *a, enum brn_attr_type type)
{
	int typed = a->has_type && a->type;

	if (typed && (int)a->type != (int)type)
		return 0;
	switch (type) {
	case BRN_ATTR_INT:
		return typed || a->has_i;
	case BRN_ATTR_FLOAT:
		return typed || a->has_f;
	case BRN_ATTR_STRING:
		return typed || a->has_s;
	case BRN_ATTR_INTS:
		return typed || a->n_ints;
	case BRN_ATTR_FLOATS:
		return typed || a->n_floats;
	case BRN_ATTR_STRINGS:
		return typed || a->n_strings;
	case BRN_ATTR_TENSOR:
		return a->t != NULL;
	case BRN_ATTR_GRAPH:
		return a->g != NULL;
	case BRN_ATTR_SPARSE_TENSOR:
		return a->sparse_tensor != NULL;
	}
	return 0;
}

int
brn_onnx_attr(const struct brn_onnx_node *n, const char *name,
    enum brn_attr_type type, struct Onnx__AttributeProto **out)
{
	for (size_t i = 0; i < n->np->n_attribute; i++) {
		struct Onnx__AttributeProto *a = n->np->attribute[i];

		if (!a->name || strcmp(a->name, name))
			continue;
		if (a->ref_attr_name || !is_type(a, type))
			return brn_onnx_bad(n, "attribute '%s' is not %s",
			    name, type_name(type));
		*out = a;
		return 1;
	}
	return 0;
}

/* ---- which attributes an op has ------------------------------------------ */

static int
has_row(enum brn_op op, const char *name)
{
	const struct brn_attr_info *r = brn_attrs_of(op);

	for (; r->name; r++)
		if (r->file && !strcmp(r->file, name))
			return 1;
	return 0;
}

int
brn_onnx_attrs_check(const struct brn_onnx_node *n)
{
	for (size_t i = 0; i < n->np->n_attribute; i++) {
		const char *name = n->np->attribute[i]->name;

		if (!name || !has_row(n->op, name))
			return brn_onnx_bad(n, "unknown attribute '%s'",
			    name ? name : "");
	}
	return 0;
}

/* The position of the string in a list that ends with NULL, or -1.  */
static int
find_word(const char *const *word, const struct Onnx__AttributeProto *a)
{
	for (int i = 0; word[i]; i++)
		if (strlen(word[i]) == a->s.len &&
		    !memcmp(word[i], a->s.data, a->s.len))
			return i;
	return -1;
}

/* The value of a is one that r says is unsupported.  */
static int
is_refused(const struct brn_attr_info *r,
    const struct Onnx__AttributeProto *a)
{
	if (r->word)
		return (r->role == BRN_ATTR_NOT) ==
		    (find_word(r->word, a) >= 0);
	return a->i != r->i;
}

int
brn_onnx_attrs_refuse(struct brn_onnx_node *n)
{
	const struct brn_attr_info *r = brn_attrs_of(n->op);
	struct Onnx__AttributeProto *a;
	int rc = 0;

	for (; r->name && rc >= 0; r++) {
		if (r->role != BRN_ATTR_ONLY && r->role != BRN_ATTR_NOT)
			continue;
		rc = brn_onnx_attr(n, r->file, r->type, &a);
		if (rc > 0 && is_refused(r, a))
			rc = brn_onnx_unsupported(n, "%s with %s",
			    n->np->op_type, r->role == BRN_ATTR_NOT ?
			    r->word[0] : r->file);
	}
	return rc < 0 ? rc : 0;
}

/* ---- attributes that become inputs --------------------------------------- */

static struct brn_node *
constant_from_attr(struct brn_onnx_node *n, const struct brn_attr_info *r,
    const struct Onnx__AttributeProto *a)
{
	struct brn_graph *g = n->im->g;
	struct brn_type scalar = { BURIN_F32, 0, { 0 } };
	const char *name = brn_arena_printf(g->arena, "%s.%s", n->name,
	    r->name);

	if (!name)
		return NULL;
	if (r->type == BRN_ATTR_FLOAT)
		return brn_graph_constant(g, name, &scalar, &a->f);
	if (r->type == BRN_ATTR_INT)
		return brn_graph_ints(g, name, &a->i, 1);
	return brn_graph_ints(g, name, a->ints, (int)a->n_ints);
}

static int
attr_to_input(struct brn_onnx_node *n, const struct brn_attr_info *r)
{
	struct Onnx__AttributeProto *a;
	int k = (int)r->i, rc = brn_onnx_attr(n, r->file, r->type, &a);

	if (rc <= 0)
		return rc;
	if (n->in[k])
		return brn_onnx_bad(n,
		    "'%s' is given as an attribute and as an input", r->name);
	n->in[k] = constant_from_attr(n, r, a);
	if (!n->in[k])
		return brn_nomem(n->im->err);
	if (n->nin <= k)
		n->nin = k + 1;
	return 0;
}

int
brn_onnx_attrs_to_inputs(struct brn_onnx_node *n)
{
	const struct brn_attr_info *r = brn_attrs_of(n->op);
	int rc = 0;

	for (; r->name && rc == 0; r++)
		if (r->role == BRN_ATTR_INPUT)
			rc = attr_to_input(n, r);
	return rc;
}

/* ---- attributes that stay ------------------------------------------------ */

/* EFORMAT that lists the words.  */
static int
bad_word(struct brn_onnx_node *n, const struct brn_attr_info *r,
    const struct Onnx__AttributeProto *a)
{
	const char *all = r->word[0];

	for (int i = 1; r->word[i] && all; i++)
		all = brn_arena_printf(n->im->g->arena, "%s, %s", all,
		    r->word[i]);
	if (!all)
		return brn_nomem(n->im->err);
	return brn_onnx_bad(n, "attribute '%s' is '%.*s', wanted one of %s",
	    r->file, (int)(a->s.len < SHOWN ? a->s.len : SHOWN),
	    (const char *)a->s.data, all);
}

static int
copy_int(struct brn_onnx_node *n, const struct brn_attr_info *r, int64_t v)
{
	if (r->absence == BRN_ATTR_DEFAULT && v == r->i)
		return 0;
	return brn_attr_set_int(n->im->g, n->node, r->name, v);
}

static int
copy_float(struct brn_onnx_node *n, const struct brn_attr_info *r, float v)
{
	if (r->absence == BRN_ATTR_DEFAULT && v == r->f)
		return 0;
	return brn_attr_set_float(n->im->g, n->node, r->name, v);
}

static int
copy_attr(struct brn_onnx_node *n, const struct brn_attr_info *r)
{
	int is_word = r->role == BRN_ATTR_WORD, word, rc;
	struct Onnx__AttributeProto *a;

	rc = brn_onnx_attr(n, r->file, is_word ? BRN_ATTR_STRING : r->type,
	    &a);
	if (rc == 0 && r->absence == BRN_ATTR_ALWAYS)
		return brn_onnx_bad(n, "attribute '%s' is missing", r->file);
	if (rc <= 0)
		return rc;
	if (is_word) {
		word = find_word(r->word, a);
		if (word < 0)
			return bad_word(n, r, a);
		rc = copy_int(n, r, word);
	} else if (r->type == BRN_ATTR_FLOAT) {
		rc = copy_float(n, r, a->f);
	} else if (r->type == BRN_ATTR_INTS) {
		rc = brn_attr_set_ints(n->im->g, n->node, r->name, a->ints,
		    (int)a->n_ints);
	} else {
		rc = copy_int(n, r, a->i);
	}
	return rc < 0 ? brn_nomem(n->im->err) : 0;
}

int
brn_onnx_attrs_copy(struct brn_onnx_node *n)
{
	const struct brn_attr_info *r = brn_attrs_of(n->op);
	int rc = 0;

	for (; r->name && rc == 0; r++)
		if (r->role == BRN_ATTR_COPIED || r->role == BRN_ATTR_WORD)
			rc = copy_attr(n, r);
	return rc;
}
