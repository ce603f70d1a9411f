/* SPDX-License-Identifier: Apache-2.0
 *
 * f16, bf16 and f64, which files and callers may have and burin does not
 * compute with: converted to f32 and back, to the nearest, ties to even.
 * Halves are bit patterns.
 */
#ifndef BRN_HALF_H
#define BRN_HALF_H

#include <stdint.h>

float brn_f16_to_f32(uint16_t h);
float brn_bf16_to_f32(uint16_t h);
uint16_t brn_f32_to_f16(float f);
uint16_t brn_f32_to_bf16(float f);

/* A finite double stays finite: a mask of -DBL_MAX that became -inf would make
 * NaN of a row that is masked as a whole.  */
float brn_f64_to_f32(double d);

#endif
