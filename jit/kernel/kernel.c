/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of kernels, and calls through it.
 */
#include "jit/kernel/kernel.h"

#include <stdlib.h>

#include "jit/kernel/dot_groups.h"

static const struct brn_kernel_ops *const kernels[BRN_NUM_KERNELS] = {
#define KERNEL(name, tier, what) [BRN_KERNEL_##name] = &brn_kernel_##name,
#include "jit/kernels.def"
};

const struct brn_kernel_ops *
brn_kernel_ops(enum brn_kernel_id k)
{
	return kernels[k];
}

int
brn_kernel_fits(const struct brn_spec *s)
{
	return kernels[s->kernel]->fits(s);
}

int
brn_kernel_check(const struct brn_spec *s, burin_error *err)
{
	/* Of a full pattern no index arrays come with the bytes.  */
	int lacks_pattern = brn_spec_is_full(s) && !s->rowptr &&
	    s->kernel != BRN_KERNEL_t1_full && s->kernel != BRN_KERNEL_t0;

	if (brn_kernel_fits(s) && !lacks_pattern)
		return BURIN_OK;
	return brn_fail(err, BURIN_EFORMAT,
	    "spec: kernel %s does not fit %d blocks of %dx%d",
	    brn_kernels[s->kernel].name, s->nblk, s->bh, s->bw);
}

int
brn_plan_make(const struct brn_spec *s, struct brn_plan *out,
    burin_error *err)
{
	const struct brn_kernel_ops *k = kernels[s->kernel];
	struct brn_plan p = { .grain = 1 };
	int rc = k->plan ? k->plan(s, &p, err) : BURIN_OK;

	if (rc == 0)
		*out = p;
	return rc;
}

void
brn_plan_clear(struct brn_plan *p)
{
	if (p->free_own)
		p->free_own(p->own);
	*p = (struct brn_plan){ 0 };
}

int
brn_kernel_count(const struct brn_spec *s, const struct brn_row_stats *rows,
    struct brn_cost *out)
{
	*out = (struct brn_cost){ { 0 } };
	if (s->nblk > 0)
		return kernels[s->kernel]->count(s, rows, out);
	out->term[BRN_COST_row] = (double)s->nbrow * s->bh * BRN_TILE /
	    brn_isas[s->isa].lanes;
	return 1;
}

static size_t
dot_groups_bytes(const struct brn_spec *s)
{
	return 4 * (size_t)brn_dot_groups_before(s, s->nbrow) * (size_t)s->bh;
}

/* Room for the dot groups of a layer, twice if its kernel has an order.  */
static int
alloc_dot_groups(const struct brn_spec *s, void **out, burin_error *err)
{
	*out = brn_alloc_aligned(dot_groups_bytes(s) *
	    (kernels[s->kernel]->pack ? 2 : 1));
	return *out ? BURIN_OK : brn_nomem(err);
}

/* Write the dot groups in the order of the kernel behind themselves.  On
 * failure they are freed.  */
static int
reorder_dot_groups(const struct brn_spec *s, const struct brn_plan *p,
    void **groups, burin_error *err)
{
	const struct brn_kernel_ops *k = kernels[s->kernel];
	int rc = k->pack ? k->pack(s, p, *groups, (char *)*groups +
	    dot_groups_bytes(s), err) : BURIN_OK;

	if (rc < 0) {
		free(*groups);
		*groups = NULL;
	}
	return rc;
}

int
brn_pack_ints(const struct brn_spec *s, const struct brn_plan *p,
    const int8_t *ints, void **out, burin_error *err)
{
	int rc = alloc_dot_groups(s, out, err);

	if (rc < 0)
		return rc;
	brn_pack_dot_ints(s, ints, *out);
	return reorder_dot_groups(s, p, out, err);
}

int
brn_pack_stream(const struct brn_spec *s, const struct brn_plan *p,
    const float *vals, const float *scale, void **out, burin_error *err)
{
	const struct brn_kernel_ops *k = kernels[s->kernel];
	size_t n = (size_t)s->nblk * (size_t)s->bh * (size_t)s->bw;
	float *stream;
	int rc;

	*out = NULL;
	if (s->elem != BRN_ELEM_f32) {
		if ((rc = alloc_dot_groups(s, out, err)) < 0)
			return rc;
		brn_pack_dot_groups(s, vals, scale, *out);
		return reorder_dot_groups(s, p, out, err);
	}
	if (!k->pack)
		return BURIN_OK;
	stream = brn_alloc_aligned(n * sizeof *stream);
	if (!stream)
		return brn_nomem(err);
	if ((rc = k->pack(s, p, vals, stream, err)) < 0)
		free(stream);
	else
		*out = stream;
	return rc;
}
