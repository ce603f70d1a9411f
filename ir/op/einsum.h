/* SPDX-License-Identifier: Apache-2.0
 *
 * The equation of Einsum as numbered labels, those of the result first.
 */
#ifndef BRN_EINSUM_H
#define BRN_EINSUM_H

#include "ir/graph/graph.h"

#define BRN_EINSUM_MAX 3        /* operands */

struct brn_einsum {
	int nlabel, nout;               /* the first nout are in the result */
	char label[BRN_MAX_RANK];       /* a letter, or '0'.. for an ellipsis */
	/* Which label dimension d of operand i has.  */
	int of[BRN_EINSUM_MAX][BRN_MAX_RANK];
};

/* Parse the equation of n (attribute equation: its characters) for operands of
 * these ranks.  NULL, or what is wrong with it.  */
const char *brn_einsum_parse(const struct brn_node *n, const int *rank,
    struct brn_einsum *e);

#endif
