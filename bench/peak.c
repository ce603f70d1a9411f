/* SPDX-License-Identifier: Apache-2.0
 *
 * Independent chains of multiply-adds: enough of them to hide the latency, few
 * enough for the registers of every instruction set.  Compilers do not reorder
 * floating-point arithmetic, so the loop runs as written.
 */
#include "bench/peak.h"

#include "ir/base.h"

#include <stdlib.h>
#include <string.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { CHAINS = 12, STEPS = 200000, RUNS = 20 };

static volatile float factor = 0.5f, sink;

#define PEAK(name, bytes, attribute) \
	typedef float vec_##name __attribute__((vector_size(bytes))); \
	attribute static void \
	name(void) \
	{ \
		vec_##name a[CHAINS], m = factor - (vec_##name){ 0 }; \
		\
		for (int i = 0; i < CHAINS; i++) \
			a[i] = m + (float)i; \
		for (int n = 0; n < STEPS; n++) { \
			_Pragma("GCC unroll 12") \
			for (int i = 0; i < CHAINS; i++) \
				a[i] = a[i] * m + m; \
		} \
		for (int i = 0; i < CHAINS; i++) \
			sink = a[i][0]; \
	}

#ifdef __x86_64__
PEAK(avx512, 64, __attribute__((target("avx512f"))))
PEAK(avx2, 32, __attribute__((target("avx2,fma"))))

__attribute__((target("avx512f,avx512bf16"))) static void
bf16(void)
{
	__m512 a[CHAINS];
	__m512bh m = (__m512bh)_mm512_set1_ps(factor);

	for (int i = 0; i < CHAINS; i++)
		a[i] = _mm512_set1_ps((float)i);
	for (int n = 0; n < STEPS; n++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			a[i] = _mm512_dpbf16_ps(a[i], m, m);
	}
	for (int i = 0; i < CHAINS; i++)
		sink = a[i][0];
}

__attribute__((target("avx512f,avx512vnni"))) static void
i8(void)
{
	__m512i a[CHAINS], m = _mm512_set1_epi32((int)(factor * 4));

	for (int i = 0; i < CHAINS; i++)
		a[i] = _mm512_set1_epi32(i);
	for (int n = 0; n < STEPS; n++) {
#pragma GCC unroll 12
		for (int i = 0; i < CHAINS; i++)
			a[i] = _mm512_dpbusd_epi32(a[i], m, m);
	}
	for (int i = 0; i < CHAINS; i++)
		sink = (float)_mm512_reduce_add_epi32(a[i]);
}
#endif
PEAK(plain, 16, )

double
bench_peak(enum brn_elem e)
{
	void (*run)(void) = plain;
	double best = 0, lanes = 4, ops;

#ifdef __x86_64__
	if (brn_isa_runs(BRN_ISA_avx512))
		run = avx512, lanes = 16;
	else if (brn_isa_runs(BRN_ISA_avx2))
		run = avx2, lanes = 8;
	if (e == BRN_ELEM_bf16)
		run = bf16;
	else if (e == BRN_ELEM_i8)
		run = i8;
#endif
	ops = 2 * lanes * brn_elems[e].dot * CHAINS * STEPS;
	for (int i = 0; i < RUNS; i++) {
		double t = brn_now_ms(), rate;

		run();
		t = brn_now_ms() - t;
		rate = ops / t / 1e6;
		best = rate > best ? rate : best;
	}
	return best;
}

enum { READ_BYTES = 256 << 20, READ_RUNS = 5, READ_LINES = 4, AHEAD = 64 };

typedef long line __attribute__((vector_size(64)));

/* Read READ_BYTES from p on with the widest loads there are: two of 16 bytes a
 * cycle would be slower than memory.  Lines are prefetched AHEAD, as kernels
 * for few tokens do.  */
#define READ(name, attribute) \
	attribute static void \
	name(const line *p) \
	{ \
		line sum[READ_LINES] = { 0 }; \
		\
		for (int i = 0; i < READ_BYTES / (int)sizeof *p; \
		    i += READ_LINES) { \
			_Pragma("GCC unroll 4") \
			for (int k = 0; k < READ_LINES; k++) { \
				__builtin_prefetch(p + i + k + AHEAD, 0, 2); \
				sum[k] |= p[i + k]; \
			} \
		} \
		sum[0] |= sum[1] | sum[2] | sum[3]; \
		sink = (float)sum[0][0]; \
	}

#ifdef __x86_64__
READ(read_avx512, __attribute__((target("avx512f"))))
READ(read_avx2, __attribute__((target("avx2"))))
#endif
READ(read_plain, )

double
bench_read(void)
{
	void (*run)(const line *) = read_plain;
	line *p = brn_alloc_aligned(READ_BYTES);
	double best = 0;

	if (!p)
		return 0;
#ifdef __x86_64__
	if (brn_isa_runs(BRN_ISA_avx512))
		run = read_avx512;
	else if (brn_isa_runs(BRN_ISA_avx2))
		run = read_avx2;
#endif
	memset(p, 1, READ_BYTES);
	for (int i = 0; i < READ_RUNS; i++) {
		double t = brn_now_ms(), rate;

		run(p);
		t = brn_now_ms() - t;
		rate = READ_BYTES / t / 1e6;
		best = rate > best ? rate : best;
	}
	free(p);
	return best;
}
