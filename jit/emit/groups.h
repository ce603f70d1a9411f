/* SPDX-License-Identifier: Apache-2.0
 *
 * The x of tier 1 in groups of the dot width (jit/kernel/dot_groups.h).
 */
#ifndef BRN_EMIT_GROUPS_H
#define BRN_EMIT_GROUPS_H

#include "jit/emit/gcc.h"

enum {
	BRN_MAX_DOT = 4,                /* of brn_elems */
	BRN_KEPT_GROUPS = 128,          /* 32 KB of a quad.  Of the groups after
	                                   these each pass unpacks its own.  */
};

struct brn_groups {
	struct brn_gcc *g;
	int is_quad;                    /* x is in quads: i8 */
	int interleaved;                /* it has the columns of a group side
	                                   by side */
	int64_t stride;                 /* vectors from a tile to the next */
	brn_lv order;                   /* of brn_gcc_groups */
	brn_rv kept;                    /* room for [group][tile] of a block
	                                   row; NULL: none are kept */
	int keeps_all;                  /* there is room for any block row */
};

/* Where a pass gets the groups of a quad.  */
enum brn_group_source { BRN_UNPACK, BRN_UNPACK_AND_KEEP, BRN_KEPT };

/* The x of a step: its first column in the first tile.  Of a group of any
 * columns the others follow, else NULL.  */
struct brn_group_x {
	brn_lv at[BRN_MAX_DOT];
	enum brn_group_source source;
	brn_lv kept;                    /* groups to keep, or that are kept;
	                                   NULL: none */
};

void brn_groups_init(struct brn_groups *q, struct brn_gcc *g,
    const struct brn_spec *s);

/* Load the groups of n tiles, from vector i after x on; those of any columns of
 * a quad are of its first n tiles.  */
void brn_groups_load(const struct brn_groups *q, const struct brn_group_x *x,
    int64_t i, int n, brn_lv *out);

#endif
