/* SPDX-License-Identifier: Apache-2.0
 *
 * Pad: values of its attribute mode in the normal form, and what they mean.
 */
#ifndef BRN_PAD_H
#define BRN_PAD_H

#include <stdint.h>

/* No padding is beyond BRN_PAD_MOST.  */
enum brn_pad_mode {
	BRN_PAD_constant,
	BRN_PAD_reflect,
	BRN_PAD_edge,
	BRN_PAD_wrap,
};
#define BRN_PAD_MOST (INT64_C(1) << 40)

/* The element that is at position i of a padded line of dim elements, where i
 * may be outside [0, dim).  -1: the padding value.  */
static inline int64_t
brn_padded(int64_t i, int64_t dim, enum brn_pad_mode mode)
{
	int64_t period = dim > 1 ? 2 * dim - 2 : 1;

	if (i >= 0 && i < dim)
		return i;
	switch (mode) {
	case BRN_PAD_constant:
		return -1;
	case BRN_PAD_edge:
		return i < 0 ? 0 : dim - 1;
	case BRN_PAD_wrap:
		return (i % dim + dim) % dim;
	case BRN_PAD_reflect:
		if (i > -dim && i < 2 * dim - 1)
			return i < 0 ? -i : 2 * dim - 2 - i;
		i = (i % period + period) % period;
		return i < dim ? i : period - i;
	}
	return -1;
}

#endif
