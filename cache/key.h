/* SPDX-License-Identifier: Apache-2.0
 *
 * A key: XXH3-128 of a description, in canonical byte order.  The key selects
 * the file; the description stored in the entry decides whether it is used.
 */
#ifndef BRN_KEY_H
#define BRN_KEY_H

#include "ir/base.h"

struct brn_key {
	uint8_t b[16];
};

#define BRN_KEY_HEX 33          /* with the NUL */
#define BRN_NAME_MAX 160        /* bytes of a file name in a store, with it */

struct brn_key brn_key_of(const void *p, size_t n);
int brn_key_equal(const struct brn_key *a, const struct brn_key *b);
void brn_key_hex(const struct brn_key *k, char hex[BRN_KEY_HEX]);
/* Parse 32 lower-case hex digits.  0, or -1 if hex is anything else.  */
int brn_key_parse(const char *hex, struct brn_key *out);

#endif
