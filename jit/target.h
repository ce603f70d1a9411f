/* SPDX-License-Identifier: Apache-2.0
 *
 * Instruction sets and element types: what kernels have to know of each, and
 * which of them this machine runs (CPUID, and XGETBV: the system must save the
 * registers too).
 */
#ifndef BRN_TARGET_H
#define BRN_TARGET_H

/* Worst to best; a machine that runs one runs all before it.
 * TARGET(name, processors, float lanes a vector, vector registers, accumulators
 * of a pass of tier 1, GCC flags)
 */
#define BRN_TARGETS(TARGET) \
	TARGET(generic, any,  4, 16,  8, "") \
	TARGET(sse2,    x86,  4, 16,  8, "-march=x86-64") \
	TARGET(avx2,    x86,  8, 16, 12, "-march=x86-64-v3") \
	TARGET(avx512,  x86, 16, 32, 16, \
	    "-march=x86-64-v4 -mprefer-vector-width=512")

/* x, if code for these processors is part of this build; else NULL.  */
#define BRN_ONLY_any(x) x
#ifdef __x86_64__
#define BRN_ONLY_x86(x) x
#else
#define BRN_ONLY_x86(x) 0
#endif

enum brn_isa {
#define TARGET(name, ...) BRN_ISA_##name,
	BRN_TARGETS(TARGET)
#undef TARGET
	BRN_NUM_ISAS
};

struct brn_isa_info {
	const char *name;
	int lanes, nreg, nacc;
	const char *flags;              /* separated by spaces */
};
extern const struct brn_isa_info brn_isas[BRN_NUM_ISAS];

enum brn_isa brn_isa_detect(void);              /* the best one here */
int brn_isa_runs(enum brn_isa isa);             /* here */
/* The processor's brand string and signature, which tell machines apart.
 * Static text.  */
const char *brn_cpu_name(void);
/* By name, "auto" for the best; -1: unknown.  */
int brn_isa_parse(const char *name);

/* Element types of x and of the weights in kernels.  Sums, bias and y are fp32;
 * with i8, where x is u8 and the weights are i8, sums and y are i32.
 * ELEM(name, columns that a multiply-add takes at once: its dot width)
 */
#define BRN_ELEMS(ELEM) \
	ELEM(f32,  1) \
	ELEM(bf16, 2) \
	ELEM(i8,   4)

enum brn_elem {
#define ELEM(name, ...) BRN_ELEM_##name,
	BRN_ELEMS(ELEM)
#undef ELEM
	BRN_NUM_ELEMS
};

struct brn_elem_info {
	const char *name;
	int dot;
};
extern const struct brn_elem_info brn_elems[BRN_NUM_ELEMS];

int brn_elem_parse(const char *name);           /* -1: unknown */
/* Has this machine the instructions, with isa?  bf16 needs avx512 and
 * AVX512_BF16; i8 needs avx512 and AVX512_VNNI.  */
int brn_elem_runs(enum brn_elem e, enum brn_isa isa);
/* Are they faster than fp32 on this processor?  */
int brn_elem_pays(enum brn_elem e);

#endif
