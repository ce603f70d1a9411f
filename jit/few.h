/* SPDX-License-Identifier: Apache-2.0
 *
 * Part of kernels whose lanes are tokens, for tiles of which few are wanted.
 */
#ifndef BRN_FEW_H
#define BRN_FEW_H

#include "jit/tables.h"

enum { BRN_FEW = 4 };           /* tokens; more are done as a tile */

/* If a->tokens says few: code that does all and leaves the kernel.  tables is
 * NULL when the pattern is full.  */
void brn_emit_few(struct brn_gcc *g, const struct brn_spec *s,
    const struct brn_tables *tables);

#endif
