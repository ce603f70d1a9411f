/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzz target of the importer and the steps after it: shape inference and
 * passes, with the graph verified after each.
 */
#include "tests/fuzz/fuzz.h"

#include "ir/op/infer.h"
#include "ir/onnx/import.h"
#include "passes/pass.h"
#include "tests/fuzz/file.h"
#include "tests/fuzz/wire.h"

#include <stdlib.h>
#include <string.h>

const struct fuzz_target fuzz_target = {
	.name = "onnx",
	.more = "tests/models",
	.suffix = ".onnx",
	.max = 1 << 14,
	.mutate = fuzz_wire,
};

size_t
LLVMFuzzerCustomMutator(uint8_t *p, size_t n, size_t max, unsigned seed)
{
	uint64_t state = seed + 1;

	for (uint64_t k = fuzz_random(&state) % 3 + 1; k; k--)
		n = fuzz_wire(p, n, max, &state);
	return n;
}

/* Abort if a graph that the importer accepted is not valid.  */
static void
must(int ok)
{
	if (!ok)
		abort();
}

static void
look_at(struct brn_graph *g)
{
	struct brn_buf b = { 0 };

	brn_graph_print(&b, g);
	brn_buf_free(&b);
}

static void
try_graph(struct brn_graph *g, int keep)
{
	const struct brn_pass_opts o = { .sparse = 1, .verify = 1 };
	burin_error err = { 0 };

	must(brn_graph_verify(g, &err) == 0);
	fuzz_write_text(g);
	look_at(g);
	if (brn_infer_types(g, &err) == 0 && !keep) {
		must(brn_passes_run(g, &o, &err) != BURIN_EFORMAT);
		look_at(g);
	}
	brn_graph_free(g);
}

static int
try_import(const uint8_t *p, size_t n, int keep)
{
	struct brn_graph *g;
	burin_error err = { 0 };
	int rc = brn_onnx_import(p, n, NULL, "m", keep, &g, &err);

	if (rc == 0)
		try_graph(g, keep);
	else
		must(err.code == rc && !strncmp(err.msg, "m: ", 3));
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int rc = try_import(p, n, 0);

	if (rc == BURIN_EUNSUPPORTED)
		try_import(p, n, 1);
	return 0;
}
