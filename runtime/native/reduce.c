/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions of f32 over any axes.  Adjacent axes of one kind, kept or reduced,
 * are a group; the leading kept ones number the rows, and a row goes through
 * the others once, in the order of x.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

/* How elements are accumulated.  */
struct reducer {
	float start;
	float (*run)(const float *x, int64_t n);        /* all of them */
	/* y[i] = acc of y[i] and x[i] */
	void (*add)(const float *x, float *y, int64_t n);
	/* The same of x that are results of run.  */
	void (*join)(const float *x, float *y, int64_t n);
};

/* ACC(name, start, clause of omp, v of element x, acc after v, whether that
 * misses a NaN).  The result of anything with NaN is NaN.  */
#define ACCS(ACC) \
	ACC(sum,    0,         +:acc,   x,        acc + v,           0) \
	ACC(l1,     0,         +:acc,   fabsf(x), acc + v,           0) \
	ACC(square, 0,         +:acc,   x * x,    acc + v,           0) \
	ACC(prod,   1,         *:acc,   x,        acc * v,           0) \
	ACC(max,    -INFINITY, max:acc, x,        v > acc ? v : acc, 1) \
	ACC(min,    INFINITY,  min:acc, x,        v < acc ? v : acc, 1)

#define PRAGMA(x) _Pragma(#x)
#define ACC(name, start, clause, map, expr, misses) \
	static float \
	run_##name(const float *p, int64_t n) \
	{ \
		float acc = start; \
		int nan = 0; \
	\
		PRAGMA(omp simd reduction(clause) reduction(|:nan)) \
		for (int64_t i = 0; i < n; i++) { \
			float x = p[i], v = map; \
	\
			nan |= misses && v != v; \
			acc = expr; \
		} \
		return nan ? NAN : acc; \
	} \
	static void \
	add_##name(const float *p, float *restrict y, int64_t n) \
	{ \
		for (int64_t i = 0; i < n; i++) { \
			float x = p[i], v = map, acc = y[i]; \
	\
			y[i] = misses && v != v ? v : expr; \
		} \
	}
ACCS(ACC)
#undef ACC

static const struct reducer
    sums = { 0, run_sum, add_sum, add_sum },
    magnitudes = { 0, run_l1, add_l1, add_sum },
    squares = { 0, run_square, add_square, add_sum },
    products = { 1, run_prod, add_prod, add_prod },
    largest = { -INFINITY, run_max, add_max, add_max },
    smallest = { INFINITY, run_min, add_min, add_min };

struct reduce {
	struct brn_job job;             /* rows: outer */
	const struct reducer *how;
	int ngroup;
	int64_t dim[BRN_MAX_RANK];
	int64_t from[BRN_MAX_RANK];     /* floats of x from one to the next */
	int64_t to[BRN_MAX_RANK];       /* of the result; 0: reduced */
	int64_t nx, ny;                 /* floats of a row */
	int64_t count;                  /* elements that make one */
	float scale;                    /* of the result */
	float (*last)(float);           /* of each element, or NULL */
};

/* Groups d and on.  */
static void
reduce_groups(const struct reduce *k, int d, const float *x, float *y)
{
	int64_t n = k->dim[d];

	if (d < k->ngroup - 1) {
		for (int64_t i = 0; i < n; i++)
			reduce_groups(k, d + 1, x + i * k->from[d],
			    y + i * k->to[d]);
	} else if (k->to[d]) {
		k->how->add(x, y, n);
	} else {
		float v = k->how->run(x, n);

		k->how->join(&v, y, 1);
	}
}

enum { SHORT = 8, BLOCK = 256 };

/* Rows of a few elements: all first elements, all second ones, and so on.  */
static void
reduce_short_rows(const struct reduce *k, const float *x, float *y,
    int64_t rows)
{
	float column[BLOCK];

	for (int64_t n; rows > 0; rows -= n, x += n * k->nx, y += n) {
		n = rows < BLOCK ? rows : BLOCK;
		for (int64_t c = 0; c < k->nx; c++) {
			for (int64_t r = 0; r < n; r++)
				column[r] = x[r * k->nx + c];
			k->how->add(column, y, n);
		}
	}
}

static void
run_reduce(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct reduce *k = (const struct reduce *)j;
	const float *x = brn_f32(j->in[0]) + r0 * k->nx;
	float *y = (float *)j->out->data + r0 * k->ny;
	int64_t n = (r1 - r0) * k->ny;

	for (int64_t i = 0; i < n; i++)
		y[i] = k->how->start;
	if (k->ny == 1 && k->nx < SHORT)
		reduce_short_rows(k, x, y, r1 - r0);
	else
		for (int64_t r = 0; r < r1 - r0; r++)
			reduce_groups(k, 0, x + r * k->nx, y + r * k->ny);
	for (int64_t i = 0; i < n; i++)
		y[i] *= k->scale;
	for (int64_t i = 0; i < n && k->last; i++)
		y[i] = k->last(y[i]);
}

/* Put one more dimension before the groups, which are found from the last to
 * the first.  from and to are the floats behind it.  */
static void
add_dim(struct reduce *k, int64_t dim, int kept, int64_t from, int64_t to)
{
	int g = k->ngroup - 1;

	if (dim == 1)
		return;
	if (g >= 0 && (k->to[g] != 0) == kept) {
		k->dim[g] *= dim;
		return;
	}
	k->dim[++g] = dim;
	k->from[g] = from;
	k->to[g] = kept ? to : 0;
	k->ngroup++;
}

/* Turn the groups round, and make the first the rows if it is kept.  */
static void
split_rows(struct reduce *k)
{
	struct reduce all = *k;
	int first = k->ngroup > 0 && all.to[k->ngroup - 1] != 0;

	k->job.rows = first ? all.dim[k->ngroup - 1] : 1;
	k->ngroup -= first;
	for (int g = 0; g < k->ngroup; g++) {
		k->dim[g] = all.dim[k->ngroup - 1 - g];
		k->from[g] = all.from[k->ngroup - 1 - g];
		k->to[g] = all.to[k->ngroup - 1 - g];
	}
	if (k->ngroup == 0) {           /* nothing is reduced */
		k->dim[0] = k->from[0] = 1;
		k->to[0] = 0;
		k->ngroup = 1;
	}
	k->nx /= k->job.rows;
	k->ny /= k->job.rows;
}

/* The sizes of *k; 0: the axes are not known, or there are no elements.  */
static int
set_sizes(struct reduce *k, const struct brn_call *c)
{
	const struct brn_tensor *axes = c->n->nin > 1 ? c->in[1] : NULL;
	const struct brn_type *x = &c->in[0]->type;
	int set;

	if (axes && brn_numel(axes) && !axes->data)
		return 0;
	set = brn_axes(axes, x->rank);
	if (!set && brn_attr_int(c->n, "noop_with_empty_axes"))
		return 0;
	if (!set)
		set = (1 << x->rank) - 1;
	k->nx = k->ny = 1;
	for (int d = x->rank - 1; d >= 0; d--) {
		int kept = !(set & 1 << d);

		add_dim(k, x->dim[d], kept, k->nx, k->ny);
		k->nx *= x->dim[d];
		k->ny *= kept ? x->dim[d] : 1;
	}
	if (k->nx == 0)
		return 0;
	k->count = k->nx / k->ny;
	split_rows(k);
	k->job.cols = k->nx;
	return 1;
}

int
BRN_FOR_ISA(brn_takes_reduce)(const struct brn_call *c)
{
	struct reduce k = { 0 };

	return brn_is_f32(c->in[0]) && set_sizes(&k, c);
}

#define ROWS_REDUCE(name, reducer, factor, of) \
	int \
	BRN_FOR_ISA(brn_rows_reduce_##name)(const struct brn_call *c) \
	{ \
		struct reduce k = { .job = brn_job_of(c, run_reduce), \
		    .how = &reducer, .last = of }; \
	\
		set_sizes(&k, c); \
		k.scale = factor; \
		return brn_job_run(&k.job, c->threads); \
	}
ROWS_REDUCE(sum, sums, 1, NULL)
ROWS_REDUCE(mean, sums, 1 / (float)k.count, NULL)
ROWS_REDUCE(max, largest, 1, NULL)
ROWS_REDUCE(min, smallest, 1, NULL)
ROWS_REDUCE(prod, products, 1, NULL)
ROWS_REDUCE(l1, magnitudes, 1, NULL)
ROWS_REDUCE(l2, squares, 1, sqrtf)
ROWS_REDUCE(log_sum, sums, 1, logf)
ROWS_REDUCE(sum_square, squares, 1, NULL)
