/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes to the bytes of an ONNX model that keep its fields whole: bytes
 * changed at random rarely get past the lengths of a protobuf.
 */
#ifndef FUZZ_WIRE_H
#define FUZZ_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Change the n bytes at p, which has room for max, a little.  The new number
 * of bytes.  The same seed makes the same change.  */
size_t fuzz_wire(uint8_t *p, size_t n, size_t max, uint64_t *seed);

/* The same without a look at what the bytes mean.  */
size_t fuzz_bytes(uint8_t *p, size_t n, size_t max, uint64_t *seed);

/* xorshift64*; *state is not 0.  */
static inline uint64_t
fuzz_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545f4914f6cdd1d) >> 11;
}

#endif
