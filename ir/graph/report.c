/* SPDX-License-Identifier: Apache-2.0
 *
 * A table by the serial numbers of nodes.
 */
#include "ir/graph/report.h"

#include <string.h>

struct brn_report_entry {
	const struct brn_choice *choice;
	const char *unfused;
};

/* Room for the entries of all nodes, twice as much as before.  */
static int
grow(struct brn_graph *g)
{
	struct brn_report *r = &g->report;
	int cap = 2 * g->nserial;
	struct brn_report_entry *e = brn_arena_alloc(g->arena, (size_t)cap,
	    sizeof *e);

	if (!e)
		return -1;
	if (r->n)
		memcpy(e, r->entry, (size_t)r->n * sizeof *e);
	r->entry = e;
	r->n = cap;
	return 0;
}

/* The entry of n to write; NULL: no memory.  */
static struct brn_report_entry *
entry_of(struct brn_graph *g, const struct brn_node *n)
{
	if (n->serial >= g->report.n && grow(g) < 0) {
		g->report.fail = 1;
		return NULL;
	}
	return &g->report.entry[n->serial];
}

void
brn_report_choose(struct brn_graph *g, const struct brn_node *layer,
    const struct brn_choice *c)
{
	struct brn_report_entry *e = entry_of(g, layer);

	if (e)
		e->choice = c;
}

const struct brn_choice *
brn_report_choice(const struct brn_graph *g, const struct brn_node *layer)
{
	return layer->serial < g->report.n ?
	    g->report.entry[layer->serial].choice : NULL;
}

void
brn_report_unfused(struct brn_graph *g, const struct brn_node *n,
    const char *why)
{
	struct brn_report_entry *e = entry_of(g, n);

	if (e)
		e->unfused = why;
}

const char *
brn_report_why_unfused(const struct brn_graph *g, const struct brn_node *n)
{
	return n->serial < g->report.n ? g->report.entry[n->serial].unfused :
	    NULL;
}
