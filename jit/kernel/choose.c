/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing a kernel: for a layer whose pattern is there, and for the shape of a
 * layer that might be stored.
 */
#include "jit/kernel/choose.h"

#include <math.h>

void
brn_choose_first(struct brn_spec *s)
{
	for (int k = 0; k < BRN_NUM_KERNELS; k++) {
		s->kernel = (enum brn_kernel_id)k;
		if (brn_kernel_fits(s) && (s->compiler[0] ||
		    brn_kernels[k].tier == 0) &&
		    !brn_kernel_ops(s->kernel)->only_if_faster)
			return;
	}
}

/* Predicted nanoseconds of a tile.  HUGE_VAL: the kernel of s is not worth it
 * for those rows.  */
static double
predict(const struct brn_spec *s, const struct brn_row_stats *rows)
{
	struct brn_cost n;

	if (!brn_kernel_count(s, rows, &n))
		return HUGE_VAL;
	return brn_cost_sum(&n, brn_cost_rates(s->isa));
}

/* May kernel k replace the one of s, which is not tier 0?  */
static int
may_replace(const struct brn_spec *s, int k)
{
	struct brn_spec other = *s;

	other.kernel = (enum brn_kernel_id)k;
	return k != (int)s->kernel && brn_kernels[k].tier > 0 &&
	    brn_kernel_fits(&other);
}

/* The plan of kernel k, which fits s.  1: it does not suit the pattern.  */
static int
plan_as(const struct brn_spec *s, int k, struct brn_spec *as,
    struct brn_plan *out, burin_error *err)
{
	int rc;

	*as = *s;
	as->kernel = (enum brn_kernel_id)k;
	rc = brn_plan_make(as, out, err);
	return rc == BURIN_EUNSUPPORTED ? 1 : rc;
}

/* Replace the kernel of s, planned as p, by k if that is faster.  */
static int
replace_if_faster(struct brn_spec *s, int k, struct brn_plan *p,
    burin_error *err)
{
	struct brn_spec other;
	struct brn_plan plan;
	int rc = plan_as(s, k, &other, &plan, err);

	if (rc != 0)
		return rc < 0 ? rc : BURIN_OK;
	if (predict(&other, &plan.rows) * BRN_COST_GAIN <
	    predict(s, &p->rows)) {
		brn_plan_clear(p);
		*p = plan;
		*s = other;
	} else {
		brn_plan_clear(&plan);
	}
	return BURIN_OK;
}

/* Give s kernel `want`.  1: it cannot be.  */
static int
choose_wanted(struct brn_spec *s, int want, struct brn_plan *out,
    burin_error *err)
{
	struct brn_spec as;
	int rc;

	if (!s->compiler[0] || !may_replace(s, want))
		return 1;
	if ((rc = plan_as(s, want, &as, out, err)) == 0)
		*s = as;
	return rc;
}

int
brn_choose(struct brn_spec *s, int want, struct brn_plan *out,
    burin_error *err)
{
	struct brn_plan p;
	int rc;

	brn_choose_first(s);
	if (want != BRN_NO_KERNEL &&
	    (rc = choose_wanted(s, want, out, err)) <= 0)
		return rc;
	if ((rc = brn_plan_make(s, &p, err)) < 0)
		return rc;
	for (int k = 0; k < BRN_NUM_KERNELS && want == BRN_NO_KERNEL &&
	    brn_kernels[s->kernel].tier > 0; k++)
		if (brn_kernel_ops((enum brn_kernel_id)k)->only_if_faster &&
		    may_replace(s, k) &&
		    (rc = replace_if_faster(s, k, &p, err)) < 0) {
			brn_plan_clear(&p);
			return rc;
		}
	*out = p;
	return BURIN_OK;
}

/* ---- a shape ---------------------------------------------------------- */

/* The spec of a layer without its pattern.  It has a compiler: estimates are
 * for the machine that compiles.  More blocks than a layer can have are as many
 * as it can, which only tier 0 takes.  */
static struct brn_spec
spec_of(enum brn_isa isa, const struct brn_layer_shape *l)
{
	int64_t nbrow = l->rows / l->bh + (l->rows % l->bh != 0);
	int64_t nbcol = l->cols / l->bw + (l->cols % l->bw != 0);
	struct brn_spec s = { .isa = isa,
	    .elem = (enum brn_elem)l->elem, .bh = l->bh, .bw = l->bw,
	    .nbrow = (int32_t)nbrow, .nbcol = (int32_t)nbcol,
	    .nblk = (int32_t)(l->nblk < INT32_MAX ? l->nblk : INT32_MAX),
	    .compiler = "?" };

	brn_choose_first(&s);
	return s;
}

/* Why no kernel of a higher preference than that of s is taken.  */
static const char *
limit_of(const struct brn_spec *s)
{
	for (int k = 0; k < BRN_NUM_KERNELS; k++) {
		const struct brn_kernel_ops *ops =
		    brn_kernel_ops((enum brn_kernel_id)k);
		const char *limit = ops->limit ? ops->limit(s) : NULL;

		if (limit)
			return limit;
	}
	return NULL;
}

/* Time for 1 to 16 tokens: weights, each in multiples of what one of a dense
 * layer takes, the worst that was measured for 1, 4 and 16 tokens (NOTES.md).
 * Few tokens read weights once, and the lower blocks are, the fewer of them a
 * vector holds.  Integers have the factors of fp32: their own were not
 * measured.  */
static double
few_tokens_time(const struct brn_spec *s)
{
	static const struct {
		int bh;
		double time;
	} by_height[] = { { 16, 1.15 }, { 8, 2 }, { 4, 2.6 }, { 2, 4.5 } };
	double w = (double)s->nblk * s->bh * s->bw;

	if (brn_spec_is_full(s))
		return w;
	for (int i = 0; i < BRN_COUNT(by_height); i++)
		if (s->bh >= by_height[i].bh)
			return w * by_height[i].time;
	return w * (s->bw % 4 ? 4.7 : 3.4);
}

struct brn_estimate
brn_estimate(enum brn_isa isa, const struct brn_layer_shape *l)
{
	struct brn_spec s = spec_of(isa, l);
	struct brn_estimate e = { predict(&s, NULL), (int)s.kernel,
	    limit_of(&s), few_tokens_time(&s) };

	if (!l->rows_grouped || brn_kernels[s.kernel].tier == 0)
		return e;
	for (int k = 0; k < BRN_NUM_KERNELS; k++) {
		struct brn_spec other = s;
		double t;

		other.kernel = (enum brn_kernel_id)k;
		if (!brn_kernel_ops(other.kernel)->only_if_faster ||
		    !may_replace(&s, k))
			continue;
		t = predict(&other, l->rows_grouped);
		if (t * BRN_COST_GAIN < e.time) {
			e.time = t;
			e.kernel = k;
		}
	}
	return e;
}
