/* SPDX-License-Identifier: Apache-2.0
 *
 * Mutations of an ONNX model that keep the lengths of its protobuf fields
 * consistent; random changes of bytes rarely get past the parser.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Mutate the n bytes at p, a buffer of max bytes, and return the new number of
 * bytes.  The same seed makes the same change.  */
size_t fuzz_wire(uint8_t *p, size_t n, size_t max, uint64_t *seed);

/* Mutate bytes without regard to fields.  */
size_t fuzz_bytes(uint8_t *p, size_t n, size_t max, uint64_t *seed);

/* xorshift64*; *state must not be 0.  */
static inline uint64_t
fuzz_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

#endif
