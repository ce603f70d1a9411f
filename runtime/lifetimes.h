/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets for tensors that live from one step to another, such that no two
 * that live at the same time overlap: first fit in the order of birth.
 */
#ifndef BRN_MEMORY_H
#define BRN_MEMORY_H

#include "ir/base.h"

struct brn_interval {
	int from, to;           /* first and last step of its life */
	size_t size;            /* bytes */
	size_t at;              /* result: a multiple of 64 */
};

/* v[] in order of from.  *total is the size of the block.  ENOMEM.  */
int brn_memory_assign(struct brn_interval *v, int n, size_t *total,
    burin_error *err);

#endif
