/* SPDX-License-Identifier: Apache-2.0
 *
 * Counting what kernels do, and the sum.  Of caches it knows one thing: whether
 * the x that a pass goes through again and again stays in L1.  Other machines
 * than the one of the table differ by about one factor, which changes no
 * comparison.
 */
#include "jit/kernel/cost.h"

#include <math.h>

#include "jit/kernel/t1.h"
#include "jit/kernel/t2_groups.h"
#include "jit/kernel/t3_unrolled.h"

/* Bytes of L1, all of which x never has.  */
enum { L1 = 32 << 10 };

/* How sharply the longest term wins.  */
static const double power = 4;

static const struct brn_cost table[BRN_NUM_ISAS] = {
#define COST(isa, ...) [BRN_ISA_##isa] = { { __VA_ARGS__ } },
#include "jit/kernel/cost.def"
};

static double
weights(const struct brn_spec *s)
{
	return (double)s->nblk * s->bh * s->bw;
}

static double
padded_rows(const struct brn_spec *s)
{
	return (double)s->nbrow * s->bh;
}

static double
padded_cols(const struct brn_spec *s)
{
	return (double)s->nbcol * s->bw;
}

/* A pass loads a vector of x for all its rows and a weight for all its tiles;
 * block rows go through the same x one after another.  */
static void
count_t1_tile(const struct brn_spec *s, double *n)
{
	int nx = brn_t1_nx(s, brn_t1_tiles(s));
	int passes = brn_t1_passes(s, nx);
	int nvec = brn_t1_nvec(s->isa);
	double w = weights(s), x = w * nvec * passes / s->bh;
	double bytes = padded_cols(s) * nx / nvec * BRN_TILE * 4;

	n[BRN_COST_fma] = w * nvec;
	n[BRN_COST_load] = x + w * nvec / nx / 2;
	n[BRN_COST_line] = bytes > L1 ? x : 0;
	n[BRN_COST_code] = 2.0 * s->nblk / brn_t1_group(s);
	n[BRN_COST_row] = padded_rows(s) * nvec;
}

static void
count_t1_full(const struct brn_spec *s, double *n)
{
	count_t1_tile(s, n);
	n[BRN_COST_code] = 0;
}

/* A panel loads a line of x for all the rows that want it; of its weights half
 * are broadcast, half come four at a time and are shuffled.  The slice of x
 * comes from L2 for every chunk of code, accumulators wait in y.  */
static void
count_t3(const struct brn_spec *s, double *n)
{
	double w = weights(s), rows = brn_t3_rows(s);
	double slices = ceil(padded_cols(s) / BRN_T3_SLICE);
	double density = s->nblk / ((double)s->nbrow * s->nbcol);
	double lines = padded_rows(s) / (rows * s->bh) * padded_cols(s) *
	    (1 - pow(1 - density, rows));
	double chunks = w * BRN_T3_FMA / BRN_T3_CHUNK;
	double slice = fmin(padded_cols(s), BRN_T3_SLICE);

	n[BRN_COST_fma] = w;
	n[BRN_COST_load] = lines + w * 3 / 8;
	n[BRN_COST_line] = chunks * slice;
	n[BRN_COST_code] = w * BRN_T3_FMA / (BRN_COST_TOKENS / BRN_TILE);
	n[BRN_COST_row] = padded_rows(s) * slices;
}

/* Tier 1 with blocks of each height, n of whose weights are w.  */
static void
count_alike(const struct brn_spec *s, const int64_t *w, double *n)
{
	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++) {
		struct brn_spec part = *s;
		double more[BRN_NUM_COSTS];

		part.bh = s->bh * brn_alike_rows(h);
		part.nblk = (int32_t)(w[h] / part.bh / s->bw);
		count_t1_tile(&part, more);
		for (int i = 0; i < BRN_NUM_COSTS; i++)
			n[i] += i == BRN_COST_row ? 0 : more[i];
	}
	n[BRN_COST_row] = padded_rows(s) * brn_t1_nvec(s->isa);
}

static void
count_t2(const struct brn_spec *s, double *n)
{
	int64_t w[BRN_ALIKE_HEIGHTS];
	struct brn_t2 t;
	burin_error err;

	if (!s->rowptr || brn_t2_make(s, &t, &err) < 0) {
		count_t1_tile(s, n);
		return;
	}
	brn_t2_weights(&t, w);
	brn_t2_clear(&t);
	count_alike(s, w, n);
}

/* Like tier 1, a row at a time.  */
static void
count_t0(const struct brn_spec *s, double *n)
{
	count_t1_tile(s, n);
	n[BRN_COST_load] += weights(s) * brn_t1_nvec(s->isa);
}

void
brn_cost_count(const struct brn_spec *s, struct brn_cost *out)
{
	static void (*const count[BRN_NUM_KERNELS])(const struct brn_spec *,
	    double *) = {
#define KERNEL(name, tier, what) [BRN_KERNEL_##name] = count_##name,
#include "jit/kernels.def"
	};

	*out = (struct brn_cost){ { 0 } };
	if (s->nblk > 0)
		count[s->kernel](s, out->term);
	else
		out->term[BRN_COST_row] = padded_rows(s) *
		    brn_t1_nvec(s->isa);
}

double
brn_cost_sum(const struct brn_cost *count, const struct brn_cost *ns)
{
	double longest = 0, t = 0;

	for (int i = 0; i < BRN_NUM_COSTS; i++) {
		double x = count->term[i] * ns->term[i];

		if (i <= BRN_COST_line)
			longest += pow(x, power);
		else
			t += x;
	}
	return pow(longest, 1 / power) + t;
}

static double
predict(const struct brn_spec *s)
{
	struct brn_cost count;

	brn_cost_count(s, &count);
	return brn_cost_sum(&count, &table[s->isa]);
}

/* Its kernel is the first that fits.  */
static struct brn_spec
spec_of(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk)
{
	int64_t nbrow = rows / bh + (rows % bh != 0);
	int64_t nbcol = cols / bw + (cols % bw != 0);
	struct brn_spec s = { .isa = isa, .bh = bh, .bw = bw,
	    .nbrow = (int32_t)nbrow, .nbcol = (int32_t)nbcol,
	    .nblk = (int32_t)nblk };

	/* More than there can be a layer of: tier 0 turns it down.  */
	s.kernel = BRN_KERNEL_t0;
	for (int k = 0; k < BRN_NUM_KERNELS && nblk <= INT32_MAX; k++)
		if (brn_kernels[k].fits(&s)) {
			s.kernel = (enum brn_kernel_id)k;
			break;
		}
	return s;
}

double
brn_cost(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk, enum brn_kernel_id *kernel)
{
	struct brn_spec s = spec_of(isa, rows, cols, bh, bw, nblk);

	*kernel = s.kernel;
	return predict(&s);
}

const char *
brn_cost_limit(enum brn_isa isa, int64_t rows, int64_t cols, int bh, int bw,
    int64_t nblk)
{
	struct brn_spec s = spec_of(isa, rows, cols, bh, bw, nblk);

	return brn_spec_limit(&s);
}

double
brn_cost_alike(enum brn_isa isa, int64_t rows, int64_t cols,
    const int64_t *weights)
{
	struct brn_cost count = { { 0 } };
	struct brn_spec s;
	int64_t all = 0;

	for (int h = 0; h < BRN_ALIKE_HEIGHTS; h++)
		all += weights[h];
	s = spec_of(isa, rows, cols, 1, 1, all);
	if (brn_kernels[s.kernel].tier == 0 || !brn_t2_pays(weights))
		return HUGE_VAL;
	count_alike(&s, weights, count.term);
	return brn_cost_sum(&count, &table[isa]);
}

void
brn_cost_prefer(struct brn_spec *s)
{
	struct brn_spec t2 = *s;

	if (brn_kernels[s->kernel].tier == 0)
		return;
	brn_spec_prefer(&t2, "t2");
	if (t2.kernel != s->kernel && predict(&t2) * BRN_COST_GAIN < predict(s))
		*s = t2;
}
