/* SPDX-License-Identifier: Apache-2.0
 *
 * A kernel as an object: what the library has to know of it to choose it, call
 * it and pack weights for it.  jit/kernels.def lists the kernels; the file of
 * a kernel in this folder defines its object, and nothing else asks which
 * kernel it has to do with.
 */
#ifndef BRN_KERNEL_H
#define BRN_KERNEL_H

#include "ir/graph/row_groups.h"
#include "jit/kernel/cost.h"
#include "jit/spec.h"

/* What a kernel derives from a pattern before it can be emitted, packed for,
 * called or counted.  It follows from the spec alone: the library and the
 * module make the same plan.  */
struct brn_plan {
	int32_t grain;                  /* block rows: a call begins and ends
	                                   at multiples of it */
	struct brn_row_stats rows;      /* weights by group size, where the
	                                   kernel groups rows; else zeros */
	void *own;                      /* the kernel's; see its header */
	void (*free_own)(void *own);    /* NULL: nothing to free */
};

struct brn_kernel_ops {
	/* The kernel is not taken because it fits, but only where it is
	 * predicted to be faster.  */
	int only_if_faster;
	/* Can it run s?  By sizes, block shape, number of blocks and
	 * instruction set; the index arrays may be NULL.  */
	int (*fits)(const struct brn_spec *s);
	/* Why it does not fit though it would be the fastest: its code, or the
	 * time to compile it, would exceed a limit.  NULL: no such reason.  A
	 * NULL function: there is no limit.  */
	const char *(*limit)(const struct brn_spec *s);
	/* Add the operations of a tile to n; s has at least one block.  rows
	 * (NULL: not known) is that of its plan, or of the layer if s is a
	 * mere shape.  0: the kernel would not be worth it for these rows.  */
	int (*count)(const struct brn_spec *s,
	    const struct brn_row_stats *rows, struct brn_cost *n);
	/* Fill out, which has grain 1 and is else zero.  EUNSUPPORTED when the
	 * pattern does not suit the kernel; ENOMEM.  A NULL function: the plan
	 * stays like that.  */
	int (*plan)(const struct brn_spec *s, struct brn_plan *out,
	    burin_error *err);
	/* Write the weights, vals of the brn_bsr or the dot groups of i8, to
	 * out in the order in which the kernel streams them: as many words of
	 * 4 bytes.  ENOMEM.  A NULL function: the kernel reads vals, or the dot
	 * groups.  */
	int (*pack)(const struct brn_spec *s, const struct brn_plan *p,
	    const void *vals, void *out, burin_error *err);
};

#define KERNEL(name, tier, what) \
	extern const struct brn_kernel_ops brn_kernel_##name;
#include "jit/kernels.def"

/* Does the kernel of s fit it?  */
int brn_kernel_fits(const struct brn_spec *s);
/* The same for a spec from outside.  EFORMAT.  */
int brn_kernel_check(const struct brn_spec *s, burin_error *err);
const struct brn_kernel_ops *brn_kernel_ops(enum brn_kernel_id k);

/* The plan of the kernel of s, which fits; its pattern is there unless it is
 * full.  EUNSUPPORTED, ENOMEM.  */
int brn_plan_make(const struct brn_spec *s, struct brn_plan *out,
    burin_error *err);
void brn_plan_clear(struct brn_plan *p);

/* Operations of a tile.  0: see count.  */
int brn_kernel_count(const struct brn_spec *s,
    const struct brn_row_stats *rows, struct brn_cost *out);

/* vals once more as the kernel of s streams them, the argument `stream`; the
 * caller frees it.  NULL when the kernel reads vals.  vals is needed in any
 * case: tier 0 reads it, and runs until the kernel is compiled.  With bf16 and
 * i8 the stream is the dot groups (dot_groups.h), which tier 0 reads, too, and
 * behind them the same as the kernel streams them, if it has an order of its
 * own; scale is for i8.  ENOMEM.  */
int brn_pack_stream(const struct brn_spec *s, const struct brn_plan *p,
    const float *vals, const float *scale, void **out, burin_error *err);

/* The same of i8 from integers.  */
int brn_pack_ints(const struct brn_spec *s, const struct brn_plan *p,
    const int8_t *ints, void **out, burin_error *err);

#endif
