/* SPDX-License-Identifier: Apache-2.0
 *
 * Models as text, the small things: words, numbers, tensors.  All memory is
 * from malloc, as the free function of protobuf-c expects it.
 */
#ifndef ONNX_WORDS_H
#define ONNX_WORDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/onnx/onnx.pb-c.h"

#define WORDS_COUNT(a) ((int)(sizeof (a) / sizeof *(a)))

/* Not Check's: the program that writes the models has no runner.  */
static inline void
must(int ok, const char *what, const char *at)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %.60s\n", what, at);
	abort();
}

static const struct {
	const char *name;
	int type, size;
} types[] = {
	{ "float",    1,  4 },
	{ "uint8",    2,  1 },
	{ "int8",     3,  1 },
	{ "uint16",   4,  2 },
	{ "int16",    5,  2 },
	{ "int32",    6,  4 },
	{ "int64",    7,  8 },
	{ "string",   8,  1 },
	{ "bool",     9,  1 },
	{ "float16",  10, 2 },
	{ "double",   11, 8 },
	{ "uint32",   12, 4 },
	{ "uint64",   13, 8 },
	{ "complex64", 14, 8 },
	{ "bfloat16", 16, 2 },
	{ "odd",      99, 1 },
};

static inline int
row_of(const char *name, size_t n)
{
	for (int i = 0; i < WORDS_COUNT(types); i++)
		if (strlen(types[i].name) == n &&
		    !strncmp(types[i].name, name, n))
			return i;
	must(0, "no type", name);
	return 0;
}

static inline void *
get(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size);

	must(p != NULL, "no memory or file", "");
	return p;
}

static inline char *
copy(const char *s, size_t n)
{
	char *p = get(n + 1, 1);

	return memcpy(p, s, n);
}

/* Append p to the n pointers at *list.  */
#define APPEND(list, n, p) \
	((list) = grow((list), (n)), (list)[(n)++] = (p))

static inline void *
grow(void *list, size_t n)
{
	list = realloc(list, (n + 1) * sizeof (void *));
	must(list != NULL, "no memory or file", "");
	return list;
}

/* ---- words --------------------------------------------------------------- */

static inline void
blanks(const char **s)
{
	*s += strspn(*s, " \t");
}

static inline int
is_next(const char **s, const char *word)
{
	size_t n = strlen(word);

	blanks(s);
	if (strncmp(*s, word, n))
		return 0;
	*s += n;
	return 1;
}

static inline void
expect(const char **s, const char *word)
{
	must(is_next(s, word), word, *s);
}

/* Up to one of the characters in end, which stays; '' is empty.  */
static inline char *
word(const char **s, const char *end)
{
	size_t n;
	char *p;

	if (is_next(s, "''"))
		return copy("", 0);
	n = strcspn(*s, end);
	p = copy(*s, n);
	*s += n;
	return p;
}

static inline int
at_end(const char **s)
{
	blanks(s);
	return **s == '\n' || **s == 0;
}

static inline int
type_row(const char **s)
{
	size_t n;
	int row;

	blanks(s);
	n = strcspn(*s, " [\n");
	row = row_of(*s, n);
	*s += n;
	return row;
}

/* "[2,3]" */
static inline size_t
numbers(const char **s, int64_t **out)
{
	size_t n = 0;

	expect(s, "[");
	*out = get(64, sizeof **out);
	while (!is_next(s, "]")) {
		char *end;

		(*out)[n++] = strtoll(*s, &end, 0);
		must(end != *s && n < 64, "no number", *s);
		*s = end;
		is_next(s, ",");
	}
	return n;
}

/* ---- tensors ------------------------------------------------------------- */

static inline void
put_raw(Onnx__TensorProto *t, int row, const char *s, char **end)
{
	size_t size = (size_t)types[row].size, at = t->raw_data.len;
	int64_t i;
	double d;
	float f;

	if ((at & (at - 1)) == 0) {
		t->raw_data.data = realloc(t->raw_data.data, at ? 2 * at :
		    size);
		must(t->raw_data.data != NULL, "no memory or file", "");
	}
	t->raw_data.len += size;
	if (types[row].type == 1) {
		f = strtof(s, end);
		memcpy(t->raw_data.data + at, &f, size);
	} else if (types[row].type == 11) {
		d = strtod(s, end);
		memcpy(t->raw_data.data + at, &d, size);
	} else {
		i = strtoll(s, end, 0);
		memcpy(t->raw_data.data + at, &i, size);
	}
}

#define PUT(field, value) \
	(t->field = realloc(t->field, (t->n_##field + 1) * \
	    sizeof *t->field), t->field[t->n_##field++] = (value))

static inline void
put_typed(Onnx__TensorProto *t, int row, const char *s, char **end)
{
	if (types[row].type == 1)
		PUT(float_data, strtof(s, end));
	else if (types[row].type == 11)
		PUT(double_data, strtod(s, end));
	else if (types[row].type == 7)
		PUT(int64_data, strtoll(s, end, 0));
	else if (types[row].type == 12 || types[row].type == 13)
		PUT(uint64_data, strtoull(s, end, 0));
	else
		PUT(int32_data, (int32_t)strtol(s, end, 0));
}

/* Values up to the end of the line or a character that starts no number.  */
static inline void
values(const char **s, Onnx__TensorProto *t, int row, int typed)
{
	t->has_raw_data = !typed;
	for (;;) {
		char *end;

		blanks(s);
		if (!strchr("-+.0123456789in", **s) || !**s)
			return;
		(typed ? put_typed : put_raw)(t, row, *s, &end);
		must(end != *s, "no number", *s);
		*s = end;
	}
}

/* "float [2,3]" */
static inline Onnx__TensorProto *
tensor(const char **s, int *row)
{
	Onnx__TensorProto *t = get(1, sizeof *t);

	onnx__tensor_proto__init(t);
	*row = type_row(s);
	t->has_data_type = 1;
	t->data_type = types[*row].type;
	t->n_dims = numbers(s, &t->dims);
	return t;
}

static inline void
external(const char **s, Onnx__TensorProto *t)
{
	t->has_data_location = 1;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
	while (!at_end(s)) {
		Onnx__StringStringEntryProto *e = get(1, sizeof *e);

		onnx__string_string_entry_proto__init(e);
		e->key = word(s, "=");
		expect(s, "=");
		e->value = word(s, " \n");
		APPEND(t->external_data, t->n_external_data, e);
	}
}

static inline void
init(const char **s, Onnx__GraphProto *g)
{
	char *name = word(s, " ");
	int row;
	Onnx__TensorProto *t = tensor(s, &row);

	t->name = name;
	if (is_next(s, "extern")) {
		external(s, t);
	} else {
		int typed = is_next(s, "typed");

		if (!typed)
			expect(s, "raw");
		values(s, t, row, typed);
	}
	APPEND(g->initializer, g->n_initializer, t);
}

static inline Onnx__SparseTensorProto *
sparse(const char **s)
{
	Onnx__SparseTensorProto *p = get(1, sizeof *p);
	Onnx__TensorProto *v, *i = get(1, sizeof *i);
	int row;

	onnx__sparse_tensor_proto__init(p);
	v = tensor(s, &row);
	p->dims = v->dims;
	p->n_dims = v->n_dims;
	v->dims = get(1, sizeof *v->dims);
	v->n_dims = 1;
	values(s, v, row, 0);
	v->dims[0] = (int64_t)v->raw_data.len / types[row].size;
	expect(s, "at");
	onnx__tensor_proto__init(i);
	i->has_data_type = 1;
	i->data_type = 7;
	i->n_dims = numbers(s, &i->dims);
	values(s, i, row_of("int64", 5), 1);
	p->values = v;
	p->indices = i;
	return p;
}

static inline void
sparse_init(const char **s, Onnx__GraphProto *g)
{
	char *name = word(s, " ");
	Onnx__SparseTensorProto *p = sparse(s);

	p->values->name = name;
	APPEND(g->sparse_initializer, g->n_sparse_initializer, p);
}

#endif
