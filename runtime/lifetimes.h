/* SPDX-License-Identifier: Apache-2.0
 *
 * Offsets in one block for tensors that live from one step to another: tensors
 * that live at the same time do not overlap.  First fit, in order of birth.
 */
#ifndef BRN_LIFETIMES_H
#define BRN_LIFETIMES_H

#include "ir/base.h"

struct brn_interval {
	int from, to;           /* first and last step that use it */
	size_t size;            /* bytes */
	size_t at;              /* result: offset, a multiple of 64 */
};

/* v[] in order of from.  *total is the size of the block.  ENOMEM.  */
int brn_lifetimes_assign(struct brn_interval *v, int n, size_t *total,
    burin_error *err);

#endif
