/* SPDX-License-Identifier: Apache-2.0
 *
 * A fuzz target is a file tests/fuzz/<name>.c that defines fuzz_target and the
 * function that libFuzzer calls.  Linked with libFuzzer or AFL++ it is a
 * fuzzer, linked with main.c a test that replays its corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

extern const struct fuzz_target {
	const char *name;               /* of tests/fuzz/corpus/<name> */
	const char *more, *suffix;      /* more seed files: folder in the source
	                                   tree and suffix; or NULL */
	size_t max;                     /* bytes */
	/* Mutates the input; fuzz_bytes is one.  */
	size_t (*mutate)(uint8_t *p, size_t n, size_t max, uint64_t *seed);
} fuzz_target;

/* Must return for all inputs; a failure ends the process.  */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Called by libFuzzer to mutate an input.  */
size_t LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max,
    unsigned seed);

#endif
