/* SPDX-License-Identifier: Apache-2.0
 *
 * How a kernel is called.  One struct, so that a new argument changes no
 * signature; emitters build the same struct from BRN_KERNEL_ARGS.
 *
 * y = x * w^T + bias for whole tiles of 16 tokens and whole block rows:
 *
 *	x    [tile][cols padded to bw][16]      64-byte aligned
 *	y    [tile][rows padded to bh][16]      64-byte aligned
 *	vals [block][bw][bh]: each block column by column, blocks in the order
 *	     of colidx, padded with zeros to whole blocks
 *	stream  the same values as brn_pack_stream has them, or NULL
 *	bias [rows padded to bh]; NULL without BRN_EPI_BIAS
 *
 * What is padding in x must be zero in the features, anything in the tokens.
 * Of each tile the first `tokens` tokens are wanted, the others may come out
 * as anything.  A kernel writes every y of its tiles and block rows, padding
 * included, and calls nothing.  Tiles may be split between threads freely,
 * block rows at multiples of the kernel's grain: the result does not depend on
 * it.
 */
#ifndef BRN_ABI_H
#define BRN_ABI_H

#include <stdint.h>

#define BRN_TILE 16                     /* tokens a tile */

struct brn_ones;                        /* jit/builtin/few_tokens.h */

/* ARG(C type, kind for emitters, name) */
#define BRN_KERNEL_ARGS(ARG) \
	ARG(const float *,   PTR_F32, x) \
	ARG(const float *,   PTR_F32, vals) \
	ARG(const float *,   PTR_F32, stream) \
	ARG(const float *,   PTR_F32, bias) \
	ARG(float *,         PTR_F32, y) \
	ARG(int64_t,         I64,     tile0)    /* first tile */ \
	ARG(int64_t,         I64,     tile1)    /* past the last */ \
	ARG(int64_t,         I64,     brow0)    /* first block row */ \
	ARG(int64_t,         I64,     brow1)    /* past the last */ \
	ARG(int64_t,         I64,     tokens)   /* of a tile; 0: 16 */ \
	ARG(const int32_t *, PTR_I32, rowptr)   /* T0 only: brn_bsr's */ \
	ARG(const int32_t *, PTR_I32, colidx) \
	ARG(int64_t,         I64,     bh) \
	ARG(int64_t,         I64,     bw) \
	ARG(int64_t,         I64,     nbrow) \
	ARG(int64_t,         I64,     nbcol) \
	ARG(const struct brn_ones *, PTR_I32, ones)     /* few tokens only */

struct brn_kernel_args {
#define ARG(type, kind, name) type name;
	BRN_KERNEL_ARGS(ARG)
#undef ARG
};

typedef void brn_kernel_fn(const struct brn_kernel_args *a);

/* Epilogue bits.  */
enum { BRN_EPI_BIAS = 1 };

#endif
