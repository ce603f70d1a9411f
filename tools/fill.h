/* SPDX-License-Identifier: Apache-2.0
 *
 * Values for an input that the user did not give.  The same seed and shape give
 * the same values on every machine.
 */
#ifndef FILL_H
#define FILL_H

#include "burin.h"

enum fill_mode { FILL_random, FILL_zeros, FILL_ones, FILL_NUM };

extern const char *const fill_names[FILL_NUM];

/* Fill t->data.  Random values depend on name and type:
 *	name contains "mask"            1: nothing is masked
 *	name contains "type", "segment" 0
 *	other integers                  0 to 99, which are ids in any vocabulary
 *	floats                          normal, mean 0, deviation 1
 *	bools                           0 or 1
 */
void fill_tensor(burin_tensor *t, enum fill_mode mode, uint64_t seed);

#endif
