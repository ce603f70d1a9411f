/* SPDX-License-Identifier: Apache-2.0
 *
 * Runs passes.  Around each: types before it, a sweep after it, then the check
 * and the dump that the options ask for.
 */
#include "passes/pass.h"

#include <stdio.h>

#include "ir/op/infer.h"

const struct brn_pass_info brn_passes[] = {
#define PASS(name, looks, what) { #name, what, looks, brn_pass_##name },
#include "passes/passes.def"
};
const int brn_npasses = BRN_COUNT(brn_passes);

static int
dump(const struct brn_pass_info *p, const struct brn_graph *g,
    const char *dir, burin_error *err)
{
	char name[64];

	snprintf(name, sizeof name, "%02d-%s.txt", (int)(p - brn_passes) + 1,
	    p->name);
	return brn_graph_save(g, dir, name, err);
}

/* The pass on a graph whose types are known.  */
static int
run_typed(const struct brn_pass_info *p, struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	double work = p->looks * brn_graph_bytes(g) +
	    BRN_WORK_OF_NODE * g->nnode;
	int rc;

	*changed = 0;
	if ((rc = brn_spend(g, work, err)) < 0 ||
	    (rc = p->run(g, o, changed, err)) < 0)
		return rc;
	if (g->report.fail)
		return brn_nomem(err);
	if ((rc = brn_graph_sweep(g, err)) < 0)
		return rc;
	if (o->verify && (rc = brn_graph_verify(g, err)) < 0)
		return rc;
	if (o->dump_dir && (rc = dump(p, g, o->dump_dir, err)) < 0)
		return rc;
	return BURIN_OK;
}

int
brn_pass_run(const struct brn_pass_info *p, struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	int rc = brn_infer_types(g, err);

	return rc < 0 ? rc : run_typed(p, g, o, changed, err);
}

/* Types are found again only behind passes that changed something: inference
 * takes longer than most passes.  */
int
brn_passes_run(struct brn_graph *g, const struct brn_pass_opts *o,
    burin_error *err)
{
	int changed = 1, rc;

	for (int i = 0; i < brn_npasses; i++) {
		if (changed && (rc = brn_infer_types(g, err)) < 0)
			return rc;
		if ((rc = run_typed(&brn_passes[i], g, o, &changed, err)) < 0)
			return rc;
	}
	return changed ? brn_infer_types(g, err) : BURIN_OK;
}

/* The end of the pattern at g: a comma or the end of the list.  */
static int
is_end(const char *g)
{
	return *g == ',' || *g == '\0';
}

/* Does the pattern at g match all of s?  After a mismatch, the last * takes one
 * character more.  */
static int
matches(const char *g, const char *s)
{
	const char *star = NULL, *from = NULL;

	for (;;) {
		int quoted = *g == '\\' && g[1];

		if (!quoted && *g == '*') {
			star = ++g;
			from = s;
		} else if (!quoted && is_end(g) ? !*s : *s && (*g == '?' ||
		    g[quoted] == *s)) {
			if (!*s)
				return 1;
			g += 1 + quoted;
			s++;
		} else {
			if (!star || !*from)
				return 0;
			g = star;
			s = ++from;
		}
	}
}

int
brn_is_listed(const char *globs, const char *name)
{
	for (const char *g = globs; g && *g; g += *g == ',') {
		if (matches(g, name))
			return 1;
		while (!is_end(g))
			g += *g == '\\' && g[1] ? 2 : 1;
	}
	return 0;
}
