/* SPDX-License-Identifier: Apache-2.0
 *
 * Pad: values of its attribute mode in the normal form.
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

#endif
