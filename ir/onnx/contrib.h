/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX operators that become nodes of other operators: the table.
 */
#ifndef BRN_ONNX_CONTRIB_H
#define BRN_ONNX_CONTRIB_H

#include "ir/onnx/state.h"

brn_onnx_expander brn_onnx_expand;

/* Row i of the table, for fuzzing: a name with its domain, the least and the
 * largest number of inputs, and the attributes in a string of words.  0: there
 * is none.  */
struct brn_onnx_expansion {
	const char *domain, *op;
	int lo, hi;
	const char *attrs;
};
int brn_onnx_expansion(int i, struct brn_onnx_expansion *out);

#endif
