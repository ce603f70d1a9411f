/* SPDX-License-Identifier: Apache-2.0
 *
 * A fuzz target is a file tests/fuzz_<name>.c with the function that libFuzzer
 * calls, and fuzz_target.  Linked with libFuzzer or AFL++ it is a fuzzer, with
 * tests/fuzz/main.c a test that replays its corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

extern const struct fuzz_target {
	const char *name;               /* of tests/fuzz/<name> */
	const char *more, *suffix;      /* files to begin with, below the
	                                   source tree; or NULL */
	size_t max;                     /* bytes */
	/* A small change, as fuzz_bytes makes it.  */
	size_t (*mutate)(uint8_t *p, size_t n, size_t max, uint64_t *seed);
} fuzz_target;

/* Must return, whatever the bytes: a fault ends the process.  */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* For libFuzzer.  */
size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max,
    unsigned seed);

#endif
