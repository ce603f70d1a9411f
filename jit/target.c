/* SPDX-License-Identifier: Apache-2.0
 *
 * What this machine runs.  An instruction set counts when the processor has
 * every feature that GCC may use with the flags in target.h, and the system
 * saves its registers (XCR0); a hypervisor may hide either.
 */
#include "jit/target.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

const struct brn_isa_info brn_isas[BRN_NUM_ISAS] = {
#define TARGET(name, processors, lanes, nreg, nacc, flags) \
	[BRN_ISA_##name] = { #name, lanes, nreg, nacc, flags },
	BRN_TARGETS(TARGET)
#undef TARGET
};

const struct brn_elem_info brn_elems[BRN_NUM_ELEMS] = {
#define ELEM(name, dot) [BRN_ELEM_##name] = { #name, dot },
	BRN_ELEMS(ELEM)
#undef ELEM
};

#ifdef __x86_64__

enum reg { EAX, EBX, ECX, EDX };

/* Bits of a register of a CPUID leaf.  */
struct feature {
	unsigned leaf;
	enum reg reg;
	unsigned mask;
};

/* Bits of XCR0: the registers that the system saves.  */
enum { XCR0_AVX = 0x06, XCR0_AVX512 = 0xe6 };

/* What an instruction set needs beyond the one before it.  */
static const struct needs {
	struct feature feature[4];      /* mask 0: no more */
	unsigned xcr0;
} needs[BRN_NUM_ISAS] = {
	[BRN_ISA_avx2] = { {            /* x86-64-v3 */
		{ 1, ECX, bit_SSE3 | bit_SSSE3 | bit_FMA | bit_CMPXCHG16B |
		    bit_SSE4_1 | bit_SSE4_2 | bit_MOVBE | bit_POPCNT |
		    bit_OSXSAVE | bit_AVX | bit_F16C },
		{ 7, EBX, bit_BMI | bit_AVX2 | bit_BMI2 },
		{ 0x80000001, ECX, bit_LAHF_LM | bit_LZCNT },
	}, XCR0_AVX },
	[BRN_ISA_avx512] = { {          /* x86-64-v4 */
		{ 7, EBX, bit_AVX512F | bit_AVX512DQ | bit_AVX512CD |
		    bit_AVX512BW | bit_AVX512VL },
	}, XCR0_AVX512 },
};

static int
has_features(const struct needs *n)
{
	for (const struct feature *f = n->feature; f->mask; f++) {
		unsigned r[4];

		if (!__get_cpuid_count(f->leaf, 0, &r[EAX], &r[EBX], &r[ECX],
		    &r[EDX]) || (r[f->reg] & f->mask) != f->mask)
			return 0;
	}
	return 1;
}

/* Only to be asked when CPUID says OSXSAVE.  */
static int
system_saves(unsigned mask)
{
	unsigned lo, hi;

	if (!mask)
		return 1;
	__asm__ ("xgetbv" : "=a" (lo), "=d" (hi) : "c" (0));
	return (lo & mask) == mask;
}

static int
runs(enum brn_isa isa)
{
	for (int i = 0; i <= (int)isa; i++)
		if (!has_features(&needs[i]) || !system_saves(needs[i].xcr0))
			return 0;
	return 1;
}

/* What an element type needs beyond avx512.  */
static int
has_instructions(enum brn_elem e)
{
	unsigned r[4];

	if (e == BRN_ELEM_i8)
		return __get_cpuid_count(7, 0, &r[EAX], &r[EBX], &r[ECX],
		    &r[EDX]) && r[ECX] & bit_AVX512VNNI;
	return __get_cpuid_count(7, 1, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) &&
	    r[EAX] & bit_AVX512BF16;
}

/* VDPBF16PS has the rate of an FMA on AMD, from Zen 4 on, and a quarter of it
 * on Intel (measured on Emerald Rapids), where so twice the products take twice
 * the time.  */
static int
has_fast_bf16(void)
{
	unsigned r[4] = { 0 };

	__get_cpuid(0, &r[EAX], &r[EBX], &r[ECX], &r[EDX]);
	return r[EBX] == signature_AMD_ebx && r[ECX] == signature_AMD_ecx &&
	    r[EDX] == signature_AMD_edx;
}

/* The brand string comes in three parts of 16 bytes.  */
static void
read_cpu_name(char name[64])
{
	unsigned r[13] = { 0 }, sig[4] = { 0 };

	for (unsigned i = 0; i < 3; i++)
		__get_cpuid(0x80000002 + i, &r[4 * i], &r[4 * i + 1],
		    &r[4 * i + 2], &r[4 * i + 3]);
	__get_cpuid(1, &sig[0], &sig[1], &sig[2], &sig[3]);
	snprintf(name, 64, "%.48s %08x", (const char *)r, sig[0]);
}

#else

static int
runs(enum brn_isa isa)
{
	return isa == BRN_ISA_generic;
}

static int
has_instructions(enum brn_elem e)
{
	(void)e;
	return 0;
}

static int
has_fast_bf16(void)
{
	return 0;
}

static void
read_cpu_name(char name[64])
{
	strcpy(name, "unknown");
}

#endif

static char cpu_name[64];

static void
set_cpu_name(void)
{
	read_cpu_name(cpu_name);
}

const char *
brn_cpu_name(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_cpu_name);
	return cpu_name;
}

/* CPUID traps to the hypervisor of a virtual machine, so it is asked once.  */
enum brn_isa
brn_isa_detect(void)
{
	static atomic_int known = -1;
	int isa = known;

	if (isa >= 0)
		return (enum brn_isa)isa;
	for (isa = BRN_NUM_ISAS - 1; !runs((enum brn_isa)isa); isa--)
		;
	known = isa;
	return (enum brn_isa)isa;
}

int
brn_isa_runs(enum brn_isa isa)
{
	return isa <= brn_isa_detect();
}

int
brn_isa_parse(const char *name)
{
	if (strcmp(name, "auto") == 0)
		return (int)brn_isa_detect();
	for (int i = 0; i < BRN_NUM_ISAS; i++)
		if (strcmp(name, brn_isas[i].name) == 0)
			return i;
	return -1;
}

int
brn_elem_parse(const char *name)
{
	for (int i = 0; i < BRN_NUM_ELEMS; i++)
		if (strcmp(brn_elems[i].name, name) == 0)
			return i;
	return -1;
}

/* Asked once, as above: attention asks in every run.  */
static int
has_instructions_here(enum brn_elem e)
{
	static atomic_int known[BRN_NUM_ELEMS];

	if (!known[e])
		known[e] = has_instructions(e) ? 1 : -1;
	return known[e] > 0;
}

int
brn_elem_runs(enum brn_elem e, enum brn_isa isa)
{
	return e == BRN_ELEM_f32 || (isa == BRN_ISA_avx512 &&
	    brn_isa_runs(isa) && has_instructions_here(e));
}

int
brn_elem_pays(enum brn_elem e)
{
	return e != BRN_ELEM_bf16 || has_fast_bf16();
}
