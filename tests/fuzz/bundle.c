/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of bundles: archives of entries.
 */
#include "tests/fuzz/fuzz.h"

#include "cache/bundle.h"
#include "cache/entry.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/wire.h"

const struct fuzz_target fuzz_target = {
	.name = "bundle",
	.max = 1 << 13,
	.mutate = fuzz_bytes,
};

static int
look_at(void *ctx, const void *entry, size_t n, burin_error *err)
{
	struct brn_entry e;

	(void)ctx, (void)err;
	brn_entry_read(entry, n, &e);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	burin_error err = { 0 };
	int rc = brn_bundle_each(fuzz_file(p, n), look_at, NULL, &err);

	if (rc < 0 && (err.code != rc || !err.msg[0]))
		abort();
	return 0;
}
