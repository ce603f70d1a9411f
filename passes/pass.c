/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs passes.  Around each: types before it, a sweep after it, then the check
 * and the dump that the options ask for.
 */
#include "passes/pass.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/op/infer.h"

const struct brn_pass_info brn_passes[] = {
#define PASS(name, what) { #name, what, brn_pass_##name },
#include "passes/passes.def"
};
const int brn_npasses = BRN_COUNT(brn_passes);

static int
write_file(const char *path, const struct brn_buf *b, burin_error *err)
{
	FILE *f = fopen(path, "w");
	int bad;

	if (!f)
		return brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	bad = fwrite(b->p, 1, b->n, f) != b->n;
	bad |= fclose(f) != 0;
	if (bad)
		return brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	return BURIN_OK;
}

static int
dump(const struct brn_pass_info *p, const struct brn_graph *g,
    const char *dir, burin_error *err)
{
	struct brn_buf path = { 0 }, text = { 0 };
	int rc;

	brn_buf_printf(&path, "%s/%02d-%s.txt", dir, (int)(p - brn_passes) + 1,
	    p->name);
	brn_buf_u8(&path, 0);
	brn_graph_print(&text, g);
	if (path.fail || text.fail)
		rc = brn_nomem(err);
	else
		rc = write_file((const char *)path.p, &text, err);
	brn_buf_free(&path);
	brn_buf_free(&text);
	return rc;
}

int
brn_pass_run(const struct brn_pass_info *p, struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	int n = 0, rc;

	if ((rc = brn_infer_types(g, err)) < 0)
		return rc;
	if ((rc = p->run(g, o, &n, err)) < 0)
		return rc;
	if (g->report.fail)
		return brn_nomem(err);
	if ((rc = brn_graph_sweep(g, err)) < 0)
		return rc;
	if (o->verify && (rc = brn_graph_verify(g, err)) < 0)
		return rc;
	if (o->dump_dir && (rc = dump(p, g, o->dump_dir, err)) < 0)
		return rc;
	*changed = n;
	return BURIN_OK;
}

int
brn_passes_run(struct brn_graph *g, const struct brn_pass_opts *o,
    burin_error *err)
{
	for (int i = 0; i < brn_npasses; i++) {
		int changed, rc;

		rc = brn_pass_run(&brn_passes[i], g, o, &changed, err);
		if (rc < 0)
			return rc;
	}
	return brn_infer_types(g, err);
}
