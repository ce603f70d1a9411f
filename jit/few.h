/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of the kernels of tier 1, for tiles of which few tokens are wanted.
 */
#ifndef BRN_FEW_H
#define BRN_FEW_H

#include "jit/gcc.h"

/* If a->tokens says few, and block rows of s are whole vectors: code that does
 * all and leaves the kernel.  offs and rowptr are the tables of tier 1, offs
 * counts unit bytes.  */
struct brn_few {
	const struct brn_spec *s;
	brn_rv offs, rowptr;
	int unit;
};
void brn_emit_few(struct brn_gcc *g, const struct brn_few *f);

#endif
