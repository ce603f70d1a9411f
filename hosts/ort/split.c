/* SPDX-License-Identifier: Apache-2.0
 *
 * The level of a node is the largest number of borders between supported and
 * refused nodes on a way to it.  A way that leaves a supported node for a
 * refused one and comes back gains two levels, so nodes of one level never
 * have a refused node between them.  Those that are connected are a part.
 */
#include "hosts/ort/split.h"

#include <stdlib.h>

static void
find_levels(const struct graph *g, long *level)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct node *n = &g->node[i];

		level[i] = 0;
		for (size_t k = 0; k < n->nin; k++) {
			long from = graph_maker(g, n->in[k].name), l;

			if (from < 0)
				continue;
			l = level[from] + (g->node[from].refused !=
			    n->refused);
			if (l > level[i])
				level[i] = l;
		}
	}
}

static long
root(long *up, long i)
{
	while (up[i] != i)
		i = up[i] = up[up[i]];
	return i;
}

/* up[]: a tree for each set of connected nodes of one level.  */
static void
connect(const struct graph *g, const long *level, long *up)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct node *n = &g->node[i];

		up[i] = (long)i;
		for (size_t k = 0; k < n->nin && !n->refused; k++) {
			long from = graph_maker(g, n->in[k].name);

			if (from >= 0 && !g->node[from].refused &&
			    level[from] == level[i])
				up[root(up, from)] = root(up, (long)i);
		}
	}
}

struct OrtStatus *
split(const struct graph *g, long *part, long *nparts)
{
	long *level = calloc(g->n + 1, sizeof *level);
	long *up = calloc(g->n + 1, sizeof *up);

	*nparts = 0;
	if (!level || !up) {
		free(level);
		free(up);
		return ort_nomem(g->api);
	}
	find_levels(g, level);
	connect(g, level, up);
	/* level[] is done with: from here on it numbers the trees.  */
	for (size_t i = 0; i < g->n; i++)
		level[i] = -1;
	for (size_t i = 0; i < g->n; i++) {
		long r = root(up, (long)i);

		part[i] = -1;
		if (g->node[i].refused)
			continue;
		if (level[r] < 0)
			level[r] = (*nparts)++;
		part[i] = level[r];
	}
	free(level);
	free(up);
	return NULL;
}
