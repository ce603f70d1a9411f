/* SPDX-License-Identifier: Apache-2.0
 *
 * The attributes of ops (ir/attrs.def) as lists.
 */
#ifndef BRN_ATTRS_H
#define BRN_ATTRS_H

#include "ir/ops.h"

#include <stdint.h>

/* The numbers are those of AttributeProto.AttributeType in ONNX.  Attributes
 * of nodes are INT, FLOAT, INTS or TENSOR.  */
enum brn_attr_type {
	BRN_ATTR_FLOAT = 1,
	BRN_ATTR_INT = 2,
	BRN_ATTR_STRING = 3,
	BRN_ATTR_TENSOR = 4,
	BRN_ATTR_GRAPH = 5,
	BRN_ATTR_FLOATS = 6,
	BRN_ATTR_INTS = 7,
	BRN_ATTR_STRINGS = 8,
	BRN_ATTR_SPARSE_TENSOR = 11,
};

/* The kinds of rows in ir/attrs.def.  */
enum brn_attr_role {
	/* On nodes.  */
	BRN_ATTR_COPIED,                /* INT, FLOAT, ALWAYS, MAYBE */
	BRN_ATTR_WORD,
	BRN_ATTR_MADE,
	/* In files only.  */
	BRN_ATTR_INPUT,
	BRN_ATTR_DROP,
	BRN_ATTR_ONLY,
	BRN_ATTR_NOT,
	BRN_ATTR_READ,
};

enum brn_attr_absence {                 /* an attribute that is not there */
	BRN_ATTR_DEFAULT,               /* has its default */
	BRN_ATTR_MAYBE,                 /* means something else */
	BRN_ATTR_ALWAYS,                /* is a fault */
};

struct brn_attr_info {
	const char *name;               /* NULL ends a list */
	enum brn_attr_role role;
	enum brn_attr_type type;
	enum brn_attr_absence absence;
	int64_t i;                      /* default; INPUT: which one; ONLY: the
	                                   value that is supported */
	float f;                        /* default */
	const char *file;               /* its name in files; NULL: none */
	const char *const *word;        /* WORD: all; ONLY, NOT: the one that
	                                   is or is not supported; ends with
	                                   NULL */
};

/* The rows of an op; of one without attributes only the end.  */
const struct brn_attr_info *brn_attrs_of(enum brn_op op);

/* The attribute that nodes of the op may have by this name, or NULL.  */
const struct brn_attr_info *brn_attr_info(enum brn_op op, const char *name);

#endif
