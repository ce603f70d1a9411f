/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight values in the order in which kernels stream them.
 */
#include "jit/jit.h"

float *
brn_pack_vals(const struct brn_bsr *b)
{
	int bh = b->bh, bw = b->bw;
	size_t n = (size_t)b->nblk * (size_t)bh * (size_t)bw;
	float *out = brn_alloc_aligned(n * sizeof *out), *to = out;
	const float *v = b->vals;

	for (int32_t i = 0; out && i < b->nblk; i++, v += bh * bw)
		for (int c = 0; c < bw; c++)
			for (int r = 0; r < bh; r++)
				*to++ = v[r * bw + c];
	return out;
}
