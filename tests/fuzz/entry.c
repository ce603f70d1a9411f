/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of what a cache holds: entries as they are, entries whose checksum
 * is right all the same, and descriptions of kernels, which burin-cc also gets.
 */
#include "tests/fuzz/fuzz.h"

#include "cache/entry.h"
#include "jit/kernel/kernel.h"
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

static void
try_plan(const struct brn_spec *s)
{
	struct brn_plan plan;
	burin_error err;

	if (brn_kernel_check(s, &err) < 0 || brn_plan_make(s, &plan, &err) < 0)
		return;
	must(plan.grain > 0);
	brn_plan_clear(&plan);
}

/* What is read must be what was written.  */
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
		try_plan(&s);
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
