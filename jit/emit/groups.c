/* SPDX-License-Identifier: Apache-2.0
 *
 * Groups of x are loaded, or made of D lines.
 */
#include "jit/emit/groups.h"

#include "jit/kernel/dot_groups.h"
#include "jit/kernel/t1.h"

/* Room for the groups of a block row, where it takes several passes.  */
static void
make_room(struct brn_groups *q, const struct brn_spec *s)
{
	int64_t most = 0;

	for (int32_t b = 0; b < s->nbrow; b++) {
		int64_t n = brn_dot_groups_in_row(s, b);

		most = n > most ? n : most;
	}
	if (most == 0)
		return;
	q->keeps_all = most <= BRN_KEPT_GROUPS;
	q->kept = brn_gcc_array(q->g, "groups", BRN_QUAD *
	    (int)(q->keeps_all ? most : BRN_KEPT_GROUPS));
}

void
brn_groups_init(struct brn_groups *q, struct brn_gcc *g,
    const struct brn_spec *s)
{
	*q = (struct brn_groups){
		.g = g,
		.is_quad = s->elem == BRN_ELEM_i8,
		.stride = s->elem == BRN_ELEM_i8 ? 1 :
		    (int64_t)s->nbcol * s->bw,
	};
	q->interleaved = q->is_quad && brn_dot_groups_aligned(s);
	if (!q->is_quad)
		q->order = brn_gcc_group_order(g);
	else if (!q->interleaved && brn_t1_passes(s, BRN_QUAD) > 1)
		make_room(q, s);
}

/* Vector i after x.  */
static brn_lv
groups_at(const struct brn_groups *q, const struct brn_group_x *x, int64_t i)
{
	brn_lv line[BRN_MAX_DOT] = { NULL };

	for (int k = 0; k < BRN_MAX_DOT && x->at[k]; k++)
		line[k] = brn_gcc_at(q->g, brn_gcc_get(x->at[k]),
		    brn_gcc_int(q->g, i));
	return brn_gcc_groups(q->g, line, q->order);
}

static brn_lv
kept_at(const struct brn_groups *q, const struct brn_group_x *x, int i)
{
	return brn_gcc_at(q->g, brn_gcc_get(x->kept), brn_gcc_int(q->g, i));
}

/* n tiles of the columns at x.  */
static void
unpack_quad(const struct brn_groups *q, const struct brn_group_x *x, int n,
    brn_lv *out)
{
	brn_lv line[BRN_QUAD];

	for (int k = 0; k < BRN_QUAD; k++)
		line[k] = brn_gcc_at(q->g, brn_gcc_get(x->at[k]),
		    brn_gcc_int(q->g, 0));
	brn_gcc_quad(q->g, line, n, out);
	for (int i = 0; i < n && x->kept; i++)
		brn_gcc_set(q->g, kept_at(q, x, i), brn_gcc_get(out[i]));
}

void
brn_groups_load(const struct brn_groups *q, const struct brn_group_x *x,
    int64_t i, int n, brn_lv *out)
{
	if (x->source == BRN_KEPT)
		for (int k = 0; k < n; k++)
			out[k] = brn_gcc_groups(q->g, (brn_lv[]){
			    kept_at(q, x, k) }, NULL);
	else if (q->is_quad && !q->interleaved)
		unpack_quad(q, x, n, out);
	else
		for (int k = 0; k < n; k++)
			out[k] = groups_at(q, x, i + k * q->stride);
}
