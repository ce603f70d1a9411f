/* SPDX-License-Identifier: Apache-2.0
 *
 * Scale and zero point of a range.
 */
#include "ir/graph/x_quant.h"

#include <math.h>

void
brn_quant_of_range(float lo, float hi, float *scale, int32_t *zero)
{
	float at;

	lo = lo < 0 ? lo : 0;
	hi = hi > 0 ? hi : 0;
	*scale = hi == lo ? 1 : (hi - lo) / 255;
	at = rintf(-lo / *scale);
	*zero = at < 255 ? (int32_t)at : 255;
}
