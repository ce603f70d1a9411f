/* SPDX-License-Identifier: Apache-2.0
 *
 * How a kernel is called.  The arguments are one struct, so that a new one
 * changes no signature; emitters build the same struct from BRN_KERNEL_ARGS.
 *
 * y = x * w^T + bias for whole tiles of 16 tokens and whole block rows:
 *
 *	x    [tile][cols padded to bw][16]      64-byte aligned
 *	y    [tile][rows padded to bh][16]      64-byte aligned
 *	vals [block][bw][bh]: each block column by column, blocks in the order
 *	     of colidx, padded with zeros to whole blocks
 *	stream  the same values in the order of the kernel, as brn_pack_stream
 *	     packs them, or NULL
 *	few  the same values as brn_few_weights_pack packs them, or NULL
 *	bias [rows padded to bh]; NULL without BRN_EPI_BIAS
 *
 * With other element types than f32 a tile of x still begins every 64 bytes for
 * each column, and stream has the weights, as brn_pack_dot_groups packs them,
 * and behind them the same in the order of the kernel, if it has one.
 * bf16: x is lines of 16 bf16, 32 bytes, and one more of zeros after the last;
 * y and bias are fp32.  i8: x is u8, and y i32 without bias.  The x of four
 * tiles, a quad, is together, at the place of the first one:
 *
 *	[col][4][4 tiles][4]              token 4 * i + j is in [i][tile][j]
 *	[col / 4][4 tiles][16][4]         where brn_dot_groups_aligned
 *
 * so that unpacking the lines of any four columns gives the four columns of
 * each token side by side.  Columns that are padding, and tiles that the last
 * quad lacks, may be anything.
 *
 * Few tokens may come packed: x and y are [feature][stride], where stride is 1,
 * 4 or 8, and not less than `tokens`; 8 without the argument `few` only.  A
 * "tile" then has stride tokens.  In i8 only one token may (brn_one_i8).
 *
 * In x, features that are padding must be zero; tokens that are padding may be
 * anything.  Of each tile the first `tokens` tokens are wanted; a kernel may
 * write anything for the others.  A kernel writes every y of its tiles and
 * block rows, padding included, and calls nothing.  Work may be split anywhere
 * between tiles (i8: quads), and between block rows at multiples of the
 * kernel's grain (struct brn_plan): results do not depend on the split.
 */
#ifndef BRN_ABI_H
#define BRN_ABI_H

#include <stdint.h>

#define BRN_TILE 16                     /* tokens a tile */
#define BRN_QUAD 4                      /* tiles whose x in u8 is together */
#define BRN_FEW_TOKENS 4                /* up to so many wanted tokens,
	                                   jit/builtin/few_tokens.h is called
	                                   in place of the kernel */

struct brn_few_weights;                 /* jit/builtin/few_weights.h */

/* ARG(C type, kind for emitters, name) */
#define BRN_KERNEL_ARGS(ARG) \
	ARG(const void *,    PTR_F32, x) \
	ARG(const float *,   PTR_F32, vals) \
	ARG(const void *,    PTR_F32, stream) \
	ARG(const float *,   PTR_F32, bias) \
	ARG(float *,         PTR_F32, y) \
	ARG(int64_t,         I64,     tile0)    /* first tile */ \
	ARG(int64_t,         I64,     tile1)    /* past the last */ \
	ARG(int64_t,         I64,     brow0)    /* first block row */ \
	ARG(int64_t,         I64,     brow1)    /* past the last */ \
	ARG(int64_t,         I64,     tokens)   /* of a tile; 0: 16 */ \
	/* Tier 0 and few tokens only, as in brn_bsr: */ \
	ARG(const int32_t *, PTR_I32, rowptr) \
	ARG(const int32_t *, PTR_I32, colidx) \
	ARG(int64_t,         I64,     bh) \
	ARG(int64_t,         I64,     bw) \
	ARG(int64_t,         I64,     nbrow) \
	ARG(int64_t,         I64,     nbcol) \
	ARG(const struct brn_few_weights *, PTR_I32, few) \
	/* Few tokens only: */ \
	ARG(int64_t,         I64,     stride)   /* packed x and y; 0: tiles */

struct brn_kernel_args {
#define ARG(type, kind, name) type name;
	BRN_KERNEL_ARGS(ARG)
#undef ARG
};

typedef void brn_kernel_fn(const struct brn_kernel_args *a);

#define BRN_KERNEL_SYMBOL "burin_kernel"        /* the export of an artifact */

/* Epilogue bits.  */
enum { BRN_EPI_BIAS = 1 };

#endif
