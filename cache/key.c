/* SPDX-License-Identifier: Apache-2.0
 *
 * XXH3-128 with seed 0, in canonical (big-endian) byte order, so that a key
 * is the same on every machine.  Not cryptographic: see cache/README.md.
 */
#include "cache/key.h"

#include <string.h>
#include <xxhash.h>

struct brn_key
brn_key_of(const void *p, size_t n)
{
	XXH128_canonical_t c;
	struct brn_key k;

	XXH128_canonicalFromHash(&c, XXH3_128bits(p, n));
	memcpy(k.b, c.digest, sizeof k.b);
	return k;
}

int
brn_key_equal(const struct brn_key *a, const struct brn_key *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void
brn_key_hex(const struct brn_key *k, char hex[BRN_KEY_HEX])
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < sizeof k->b; i++) {
		hex[2 * i] = digit[k->b[i] >> 4];
		hex[2 * i + 1] = digit[k->b[i] & 15];
	}
	hex[2 * sizeof k->b] = 0;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
brn_key_parse(const char *hex, struct brn_key *out)
{
	struct brn_key k;

	for (size_t i = 0; i < sizeof k.b; i++) {
		int hi = nibble(hex[2 * i]);
		int lo = hi < 0 ? -1 : nibble(hex[2 * i + 1]);

		if (lo < 0)
			return -1;
		k.b[i] = (uint8_t)(hi << 4 | lo);
	}
	if (hex[2 * sizeof k.b])
		return -1;
	*out = k;
	return 0;
}
