/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors and attributes as text, for tables of cases:
 *
 *	"f32[2,3] 1 2 3 -inf nan 6"     "i64[0]"        "bool[] 1"
 *	"axis=-1 epsilon=0.5f perm=1,0 value:i64[1] 7"
 *
 * A single number is the value of all elements.  An attribute is a float if it
 * ends in f, a list if it contains a comma, and a tensor after a colon, which
 * must be the last attribute.
 */
#ifndef TEXT_H
#define TEXT_H

#include <string.h>

#include "ir/graph/graph.h"
#include "ir/graph/iter.h"
#include "tests/support/suite.h"

static inline int
text_dtype(const char *name, size_t n)
{
	for (int i = 1; i <= BURIN_BF16; i++)
		if (strlen(brn_dtype_name(i)) == n &&
		    !strncmp(brn_dtype_name(i), name, n))
			return i;
	ck_abort_msg("unknown element type: %s", name);
	return 0;
}

/* Parse the type at *s and advance *s.  A letter is a symbolic dimension of
 * g.  */
static inline struct brn_type
text_type(struct brn_graph *g, const char **s)
{
	size_t n = strcspn(*s, "[");
	struct brn_type t = { .dtype = text_dtype(*s, n) };

	for (*s += n + 1; **s != ']'; *s += **s == ',') {
		char name[2] = { **s, 0 }, *end;

		if (strchr("0123456789", **s)) {
			t.dim[t.rank++] = strtoll(*s, &end, 10);
			*s = end;
		} else {
			t.dim[t.rank++] = brn_graph_sym(g, name);
			++*s;
		}
	}
	++*s;
	return t;
}

static inline void
text_set(struct brn_tensor *t, int64_t i, const char *s, char **end)
{
	if (brn_dtype_is_float(t->type.dtype))
		brn_set_float(t, i, (double)strtof(s, end));
	else
		brn_set_int(t, i, strtoll(s, end, 10));
}

/* A tensor in the arena of g.  */
static inline struct brn_tensor *
text_tensor(struct brn_graph *g, const char *s)
{
	struct brn_tensor *t = brn_arena_alloc(g->arena, 1, sizeof *t);
	int64_t n, given = 0;
	char *end = NULL;

	ck_assert_ptr_nonnull(t);
	t->type = text_type(g, &s);
	n = brn_numel(t);
	t->data = brn_arena_alloc(g->arena, (size_t)n,
	    brn_dtype_size(t->type.dtype));
	ck_assert_ptr_nonnull(t->data);
	for (int64_t i = 0; i < n; i++) {
		text_set(t, i, s, &end);
		ck_assert_msg(end != s, "wanted a number: %s", s);
		if (end[strspn(end, " ")]) {
			s = end;
			given++;
		}
	}
	ck_assert_msg(n == 0 || given == 0 || given == n - 1,
	    "wanted %d elements, the last ones are: %s", (int)n, s);
	return t;
}

static inline void
text_ints(struct brn_graph *g, struct brn_node *n, const char *name, char *v)
{
	int64_t ints[16];
	int k = 0;

	for (char *p = strtok(v, ","); p; p = strtok(NULL, ","))
		ints[k++] = strtoll(p, NULL, 10);
	ck_assert_int_eq(brn_attr_set_ints(g, n, name, ints, k), 0);
}

/* Add the attributes in s to n.  */
static inline void
text_attrs(struct brn_graph *g, struct brn_node *n, const char *s)
{
	char word[64], value[64];
	int used;

	while (sscanf(s, " %63[a-zA-Z0-9_]%n", word, &used) == 1) {
		s += used;
		if (*s == ':') {
			ck_assert_int_eq(brn_attr_set_tensor(g, n, word,
			    text_tensor(g, s + 1)), 0);
			return;
		}
		ck_assert_int_eq(sscanf(s, "=%63s%n", value, &used), 1);
		s += used;
		if (strchr(value, ','))
			text_ints(g, n, word, value);
		else if (strchr(value, 'f'))
			brn_attr_set_float(g, n, word, strtof(value, NULL));
		else
			brn_attr_set_int(g, n, word, strtoll(value, NULL, 10));
	}
}

#endif
