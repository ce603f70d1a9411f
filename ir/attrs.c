/* SPDX-License-Identifier: Apache-2.0
 *
 * ir/attrs.def is read twice: for the list of each op, and for the table of
 * these lists.
 */
#include "ir/attrs.h"

#include <math.h>
#include <string.h>

#define ROW(role_, type_, absence_, name_, ...) \
	{ .name = #name_, .role = BRN_ATTR_##role_, \
	  .type = BRN_ATTR_##type_, .absence = BRN_ATTR_##absence_, \
	  __VA_ARGS__ },
#define WORDS(...) \
	.word = (const char *const[]){ __VA_ARGS__, NULL }

#define OF(op) static const struct brn_attr_info attrs_##op[] = {
#define END { .name = NULL } };
#define AS(op, other)
#define INT(name, dflt) \
	ROW(COPIED, INT, DEFAULT, name, .i = dflt, .file = #name)
#define FLOAT(name, dflt) \
	ROW(COPIED, FLOAT, DEFAULT, name, .f = (float)dflt, .file = #name)
#define ALWAYS(name, type) ROW(COPIED, type, ALWAYS, name, .file = #name)
#define MAYBE(name, type, text) ROW(COPIED, type, MAYBE, name, .file = #name)
#define WORD(name, attr, ...) \
	ROW(WORD, INT, DEFAULT, name, .file = #attr, WORDS(__VA_ARGS__))
#define MADE_INT(name, dflt) ROW(MADE, INT, DEFAULT, name, .i = dflt)
#define MADE_ALWAYS(name, type) ROW(MADE, type, ALWAYS, name, .file = NULL)
#define MADE_MAYBE(name, type, text) ROW(MADE, type, MAYBE, name, .file = NULL)
#define INPUT(name, type, k) \
	ROW(INPUT, type, MAYBE, name, .i = k, .file = #name)
#define DROP(name, type) ROW(DROP, type, MAYBE, name, .file = #name)
#define ONLY(name, value) \
	ROW(ONLY, INT, MAYBE, name, .i = value, .file = #name)
#define ONLY_WORD(name, value) \
	ROW(ONLY, STRING, MAYBE, name, .file = #name, WORDS(value))
#define NOT_WORD(name, value) \
	ROW(NOT, STRING, MAYBE, name, .file = #name, WORDS(value))
#define READ(name, type) ROW(READ, type, MAYBE, name, .file = #name)
#include "ir/attrs.def"

#undef OF
#undef END
#undef AS
#undef INT
#undef FLOAT
#undef ALWAYS
#undef MAYBE
#undef WORD
#undef MADE_INT
#undef MADE_ALWAYS
#undef MADE_MAYBE
#undef INPUT
#undef DROP
#undef ONLY
#undef ONLY_WORD
#undef NOT_WORD
#undef READ
#define OF(op) [BRN_OP_##op] = attrs_##op,
#define END
#define AS(op, other) [BRN_OP_##op] = attrs_##other,
#define INT(...)
#define FLOAT(...)
#define ALWAYS(...)
#define MAYBE(...)
#define WORD(...)
#define MADE_INT(...)
#define MADE_ALWAYS(...)
#define MADE_MAYBE(...)
#define INPUT(...)
#define DROP(...)
#define ONLY(...)
#define ONLY_WORD(...)
#define NOT_WORD(...)
#define READ(...)
static const struct brn_attr_info *const lists[BRN_NUM_OPS] = {
#include "ir/attrs.def"
};

const struct brn_attr_info *
brn_attrs_of(enum brn_op op)
{
	static const struct brn_attr_info none = { .name = NULL };

	return lists[op] ? lists[op] : &none;
}

const struct brn_attr_info *
brn_attr_info(enum brn_op op, const char *name)
{
	for (const struct brn_attr_info *a = brn_attrs_of(op); a->name; a++)
		if (a->role <= BRN_ATTR_MADE && !strcmp(a->name, name))
			return a;
	return NULL;
}
