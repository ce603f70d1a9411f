/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight values in the order in which kernels stream them.
 */
#include "jit/jit.h"

#include "jit/t3.h"

#include <stdlib.h>

/* Block by block, each column by column.  */
static void
pack_blocks(const struct brn_spec *s, const float *v, float *to)
{
	int bh = s->bh, bw = s->bw;

	for (int32_t i = 0; i < s->nblk; i++, v += bh * bw)
		for (int c = 0; c < bw; c++)
			for (int r = 0; r < bh; r++)
				*to++ = v[r * bw + c];
}

static int
pack_t3(const struct brn_spec *s, const float *v, float *to)
{
	burin_error err;
	struct brn_t3 t;

	if (brn_t3_make(s, &t, &err) < 0)
		return -1;
	for (int32_t i = 0; i < t.first[t.npanel * t.nslice]; i++)
		to[t.fma[i].at] = v[t.fma[i].val];
	brn_t3_clear(&t);
	return 0;
}

float *
brn_pack_vals(const struct brn_spec *s, const float *vals)
{
	size_t n = (size_t)s->nblk * (size_t)s->bh * (size_t)s->bw;
	float *out = brn_alloc_aligned(n * sizeof *out);

	if (!out)
		return NULL;
	if (s->kernel != BRN_KERNEL_t3) {
		pack_blocks(s, vals, out);
	} else if (pack_t3(s, vals, out) < 0) {
		free(out);
		return NULL;
	}
	return out;
}
