/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the cache: entries, entries with a corrected checksum, and
 * descriptions of kernels, which burin-cc reads as well.
 */
#include "tests/fuzz/fuzz.h"

#include "cache/entry.h"
#include "jit/spec.h"
#include "tests/fuzz/wire.h"

#include <stdlib.h>
#include <string.h>

const struct fuzz_target fuzz_target = {
	.name = "entry",
	.max = 1024,
	.mutate = fuzz_bytes,
};

static void
must(int ok)
{
	if (!ok)
		abort();
}

/* Whatever is accepted must be encoded to the same bytes.  */
static void
try_spec(const uint8_t *p, size_t n)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_buf b = { 0 }, text = { 0 };
	struct brn_spec s;
	burin_error err = { 0 };

	must(a != NULL);
	if (brn_spec_decode(p, n, a, &s, &err) == 0) {
		brn_spec_encode(&s, &b);
		must(b.n == n && !memcmp(b.p, p, n));
		brn_spec_describe(&s, &text);
		must(brn_spec_grain(&s) > 0);
	} else {
		must(err.code == BURIN_EFORMAT || err.code == BURIN_ENOMEM);
	}
	brn_buf_free(&b);
	brn_buf_free(&text);
	brn_arena_free(a);
}

static void
try_entry(const uint8_t *p, size_t n)
{
	struct brn_entry e;

	brn_entry_read(p, n, &e);
	must(!e.bad == (e.desc != NULL));
	if (e.bad)
		return;
	must(e.desc > p && e.desc + e.ndesc + BRN_TRAILER == p + n);
	try_spec(e.desc, e.ndesc);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct brn_key sum;
	uint8_t *q;

	try_spec(p, n);
	try_entry(p, n);
	if (n < BRN_TRAILER)
		return 0;
	q = malloc(n);
	must(q != NULL);
	memcpy(q, p, n);
	sum = brn_key_of(q, n - sizeof sum.b);
	memcpy(q + n - sizeof sum.b, sum.b, sizeof sum.b);
	try_entry(q, n);
	free(q);
	return 0;
}
