/* SPDX-License-Identifier: Apache-2.0
 *
 * Weight values in the order in which kernels of tiers 2 and 3 stream them.
 */
#include "jit/get/jit.h"

#include "jit/kernel/t2_groups.h"
#include "jit/kernel/t3_unrolled.h"

#include <stdlib.h>

static int
pack_t2(const struct brn_spec *s, const float *vals, float **out,
    burin_error *err)
{
	struct brn_t2 t;
	int rc = brn_t2_make(s, &t, err);

	if (rc < 0)
		return rc;
	*out = brn_alloc_aligned((size_t)t.at[BRN_ALIKE_HEIGHTS] *
	    sizeof **out);
	if (*out)
		brn_t2_pack(s, &t, vals, *out);
	brn_t2_clear(&t);
	return *out ? 0 : brn_nomem(err);
}

int
brn_pack_stream(const struct brn_spec *s, const float *vals, float **out,
    burin_error *err)
{
	size_t n = (size_t)s->nblk * (size_t)s->bh * (size_t)s->bw;
	struct brn_t3 t;
	int rc;

	*out = NULL;
	if (s->kernel == BRN_KERNEL_t2)
		return pack_t2(s, vals, out, err);
	if (s->kernel != BRN_KERNEL_t3)
		return 0;
	if ((rc = brn_t3_make(s, &t, err)) < 0)
		return rc;
	*out = brn_alloc_aligned(n * sizeof **out);
	for (size_t i = 0; *out && i < n; i++)
		(*out)[t.fma[i].at] = vals[t.fma[i].val];
	brn_t3_clear(&t);
	return *out ? 0 : brn_nomem(err);
}
