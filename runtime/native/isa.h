/* SPDX-License-Identifier: Apache-2.0
 *
 * For the files that are compiled once for each instruction set: their names
 * and vectors.
 */
#ifndef BRN_NATIVE_ISA_H
#define BRN_NATIVE_ISA_H

#include "runtime/native/native.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif
#include <string.h>

#define BRN_PASTE3(a, b, c) a##b##c
#define BRN_PASTE(a, b, c) BRN_PASTE3(a, b, c)
#define BRN_FOR_ISA(name) BRN_PASTE(name, _, BRN_ISA)

#define LAYER(op, layout, run, flags)
#define FORM(op, layout, takes, room, flags) \
	brn_form_fn BRN_FOR_ISA(brn_##layout##_##op); \
	brn_takes_fn BRN_FOR_ISA(brn_takes_##takes); \
	brn_room_fn BRN_FOR_ISA(brn_room_##room);
#include "runtime/native/forms.def"

/* A line of a tile is BRN_LINE vectors.  */
#ifdef __AVX512F__
#define BRN_LANES 16
#elif defined(__AVX2__)
#define BRN_LANES 8
#else
#define BRN_LANES 4
#endif
#define BRN_LINE (BRN_TILE / BRN_LANES)
typedef float brn_vec
    __attribute__((vector_size(BRN_LANES * 4), aligned(4)));
typedef int32_t brn_ivec
    __attribute__((vector_size(BRN_LANES * 4), aligned(4)));

/* Partial sums of lines, which hide the latency of an addition.  Loops over
 * them must be unrolled: indexed by a variable they would live in memory.  */
enum { BRN_CHAINS = 4 / BRN_LINE };

/* The number of each lane.  */
#if BRN_LANES == 16
static const brn_ivec brn_lanes = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    13, 14, 15 };
#elif BRN_LANES == 8
static const brn_ivec brn_lanes = { 0, 1, 2, 3, 4, 5, 6, 7 };
#else
static const brn_ivec brn_lanes = { 0, 1, 2, 3 };
#endif

/* v clipped to lo .. hi; NaN stays.  */
static inline float
brn_clipf(float v, float lo, float hi)
{
	float above = v < lo ? lo : v;

	return above > hi ? hi : above;
}

/* The same of each lane.  */
static inline brn_vec
brn_clip(brn_vec v, brn_vec lo, brn_vec hi)
{
	brn_ivec out = v < lo;

	v = (brn_vec)((out & (brn_ivec)lo) | (~out & (brn_ivec)v));
	out = v > hi;
	return (brn_vec)((out & (brn_ivec)hi) | (~out & (brn_ivec)v));
}

/* Copy n floats, n < 16.  Inline: a call of memcpy costs more than the copy. */
static inline void
brn_copy_some(float *to, const float *from, int64_t n)
{
#ifdef __AVX512F__
	__mmask16 m = (__mmask16)((1u << n) - 1);

	_mm512_mask_storeu_ps(to, m, _mm512_maskz_loadu_ps(m, from));
#else
	memcpy(to, from, (size_t)n * sizeof *to);
#endif
}

brn_epilogue_fn BRN_FOR_ISA(brn_epilogue);
brn_range_fn BRN_FOR_ISA(brn_range);
brn_quantize_fn BRN_FOR_ISA(brn_quantize);
brn_quantize_quad_fn BRN_FOR_ISA(brn_quantize_quad);
/* n floats at x to bytes, as quantize_linear does.  */
void BRN_FOR_ISA(brn_quantize_u8)(const float *x, uint8_t *y, int64_t n,
    float scale, int zero);
/* The same and back to floats; y may be x.  */
void BRN_FOR_ISA(brn_round)(const float *x, float *y, int64_t n, float scale,
    int zero);
brn_dequantize_fn BRN_FOR_ISA(brn_dequantize);
brn_dequantize_row_fn BRN_FOR_ISA(brn_dequantize_row);
brn_transpose_fn BRN_FOR_ISA(brn_transpose);
void BRN_FOR_ISA(brn_cell_reset)(const struct brn_cell_step *s);
void BRN_FOR_ISA(brn_cell_step)(const struct brn_cell_step *s);
void BRN_FOR_ISA(brn_phases)(const struct brn_planes *g, const float *x,
    float *to, float fill);
void BRN_FOR_ISA(brn_gather)(const struct brn_gather *a, float *to);
void BRN_FOR_ISA(brn_window_product)(const struct brn_window_product *a,
    float *y);
void BRN_FOR_ISA(brn_scatter)(const struct brn_scatter *a, float *y,
    const float *residual);
void BRN_FOR_ISA(brn_phases_bytes)(const struct brn_planes *g,
    const uint8_t *x, uint8_t *to, uint8_t fill);
void BRN_FOR_ISA(brn_gather_bytes)(const struct brn_gather_bytes *a,
    uint8_t *to);
void BRN_FOR_ISA(brn_scatter_bytes)(const struct brn_scatter_bytes *a,
    void *y, const void *residual);
/* depthwise on integers, max_pool of bytes.  */
brn_takes_fn BRN_FOR_ISA(brn_takes_depthwise_bytes);
brn_takes_fn BRN_FOR_ISA(brn_takes_max_pool_bytes);
brn_form_fn BRN_FOR_ISA(brn_depthwise_bytes);
brn_form_fn BRN_FOR_ISA(brn_max_pool_bytes);
brn_room_fn BRN_FOR_ISA(brn_room_window_bytes);
/* max_pool with attribute index.  */
brn_takes_fn BRN_FOR_ISA(brn_takes_max_index);
brn_form_fn BRN_FOR_ISA(brn_max_index);
brn_to_tiles_fn BRN_FOR_ISA(brn_to_tiles);
brn_from_tiles_fn BRN_FOR_ISA(brn_from_tiles);

static inline int
brn_is_f32(const struct brn_tensor *t)
{
	return t->type.dtype == BURIN_F32;
}

static inline const float *
brn_f32(const struct brn_tensor *t)
{
	return t->data;
}

#endif
