/* SPDX-License-Identifier: Apache-2.0
 *
 * Which table of native ops is this machine's.
 */
#include "runtime/native/native.h"

#include "runtime/native/planes.h"

extern const struct brn_native brn_native_table_generic;
#ifdef __x86_64__
extern const struct brn_native brn_native_table_sse2, brn_native_table_avx2,
    brn_native_table_avx512;
#endif

const struct brn_native *
brn_native(enum brn_isa isa)
{
#ifdef __x86_64__
	if (isa == BRN_ISA_avx512)
		return &brn_native_table_avx512;
	if (isa == BRN_ISA_avx2)
		return &brn_native_table_avx2;
	if (isa == BRN_ISA_sse2)
		return &brn_native_table_sse2;
#endif
	(void)isa;
	return &brn_native_table_generic;
}

int64_t
brn_tiled_scratch(const struct brn_node *n, const struct brn_type *const *type)
{
	struct brn_planes g;

	/* A head of a tile of queries, and its scores.  */
	if (n->op == BRN_OP_attention)
		return (brn_tiles_of(type[0]).features /
		    brn_attr_int(n, "heads") + brn_tiles_of(type[1]).per *
		    BRN_TILE) * BRN_TILE;
	if (n->op != BRN_OP_depthwise && n->op != BRN_OP_max_pool &&
	    n->op != BRN_OP_average_pool)
		return 0;
	if (!brn_planes_of(n, type[0], &g))
		return 0;
	return 2 * brn_image_phases(&g);
}
