/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of cases of check_ops: inputs, attributes and the result as text
 * (tests/support/text.h), or the name of an error code.
 */
#ifndef OP_CASES_H
#define OP_CASES_H

#include "ir/graph/graph.h"

#define OP_CASE_INPUTS 9

struct op_case {
	const char *fact;
	enum brn_op op;
	const char *attr;
	const char *in[OP_CASE_INPUTS];
	const char *want;
};

extern const struct op_case op_cases[];
extern const int op_ncases;

#endif
