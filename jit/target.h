/* SPDX-License-Identifier: Apache-2.0
 *
 * Instruction sets that kernels are made for, worst to best; what this machine
 * can run (CPUID and XGETBV: the system must save the registers too).
 */
#ifndef BRN_TARGET_H
#define BRN_TARGET_H

/* TARGET(name, float lanes a vector, vector registers, GCC flags) */
#define BRN_TARGETS(TARGET) \
	TARGET(generic, 4, 16, "") \
	TARGET(sse2,    4, 16, "-march=x86-64") \
	TARGET(avx2,    8, 16, "-march=x86-64-v3") \
	TARGET(avx512, 16, 32, "-march=x86-64-v4 -mprefer-vector-width=512")

enum brn_isa {
#define TARGET(name, lanes, nreg, flags) BRN_ISA_##name,
	BRN_TARGETS(TARGET)
#undef TARGET
	BRN_NUM_ISAS
};

struct brn_isa_info {
	const char *name;
	int lanes, nreg;
	const char *flags;              /* separated by spaces */
};
extern const struct brn_isa_info brn_isas[BRN_NUM_ISAS];

/* Each has all of those before it.  */
enum brn_isa brn_isa_detect(void);              /* the best one here */
int brn_isa_runs(enum brn_isa isa);             /* here */
/* What this processor calls itself, with its signature: for telling machines
 * apart.  Static text.  */
const char *brn_cpu_name(void);
/* By name, "auto" for the best; -1: unknown.  */
int brn_isa_parse(const char *name);

#endif
