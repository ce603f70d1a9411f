/* SPDX-License-Identifier: Apache-2.0
 *
 * First fit over the live intervals, which are kept sorted by offset.
 */
#include "runtime/lifetimes.h"

#include <stdlib.h>
#include <string.h>

/* Remove from live[] the intervals that end before step; returns how many are
 * left.  */
static int
remove_ended(struct brn_interval **live, int n, int step)
{
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (live[i]->to >= step)
			live[kept++] = live[i];
	return kept;
}

/* Give v the offset of the first gap that is large enough; returns its index in
 * live[].  */
static int
first_fit(struct brn_interval **live, int n, struct brn_interval *v)
{
	size_t at = 0;
	int i;

	for (i = 0; i < n; i++) {
		if (live[i]->at - at >= v->size)
			break;
		at = live[i]->at + live[i]->size;
	}
	v->at = at;
	return i;
}

int
brn_lifetimes_assign(struct brn_interval *v, int n, size_t *total,
    burin_error *err)
{
	struct brn_interval **live = brn_alloc((size_t)n, sizeof *live);
	size_t end;
	int nlive = 0, i;

	if (!live)
		return brn_nomem(err);
	*total = 0;
	for (int k = 0; k < n; k++) {
		if (brn_add(v[k].size, 63, &v[k].size) < 0)
			goto nomem;
		v[k].size &= ~(size_t)63;
		nlive = remove_ended(live, nlive, v[k].from);
		i = first_fit(live, nlive, &v[k]);
		memmove(live + i + 1, live + i,
		    (size_t)(nlive - i) * sizeof *live);
		live[i] = &v[k];
		nlive++;
		if (brn_add(v[k].at, v[k].size, &end) < 0)
			goto nomem;
		if (end > *total)
			*total = end;
	}
	free(live);
	return 0;
nomem:
	free(live);
	return brn_nomem(err);
}
