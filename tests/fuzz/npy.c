/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the reader of .npy files.
 */
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/file.h"
#include "tests/fuzz/wire.h"
#include "tools/npy.h"

#include <stdlib.h>

const struct fuzz_target fuzz_target = {
	.name = "npy",
	.max = 512,
	.mutate = fuzz_bytes,
};

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	burin_tensor t = { 0 };
	burin_error err = { 0 };
	int rc = npy_read(fuzz_file(p, n), &t, &err);

	if (rc < 0 && (err.code != rc || !err.msg[0]))
		abort();
	if (rc == 0 && npy_nbytes(t.dtype, t.rank, t.dims) !=
	    (int64_t)t.nbytes)
		abort();
	free((void *)t.data);
	return 0;
}
