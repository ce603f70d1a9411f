/* SPDX-License-Identifier: Apache-2.0
 *
 * Slow replacements of GCC built-ins that Clang lacks.  configure --enable-fuzz
 * includes this file before every source of the fuzzers.
 */
#ifndef FUZZ_CLANG_H
#define FUZZ_CLANG_H

#define __builtin_shuffle(a, b, ...) ({ \
	__typeof__(+(a)) a_ = (a), b_ = (b), r_; \
	__typeof__(__VA_ARGS__) m_ = (__VA_ARGS__); \
	int n_ = sizeof a_ / sizeof a_[0]; \
	for (int i_ = 0; i_ < n_; i_++) \
		r_[i_] = m_[i_] < n_ ? a_[m_[i_]] : b_[m_[i_] - n_]; \
	r_; })

#endif
