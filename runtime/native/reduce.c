/* SPDX-License-Identifier: Apache-2.0
 *
 * Reductions over any axes, of f32, i32 and i64.  Adjacent axes of one kind,
 * kept or reduced, are a group; the leading kept ones number the rows, and a
 * row goes through the others once, in the order of x.
 */
#include <math.h>

#include "ir/graph/iter.h"
#include "runtime/native/job.h"

/* How elements of a type are accumulated.  */
struct reducer {
	int64_t size;                                   /* of an element */
	void (*begin)(void *y, int64_t n);              /* y[i] = acc of none */
	/* y[0] = acc of y[0] and all of x */
	void (*run)(const void *x, void *y, int64_t n);
	/* y[i] = acc of y[i] and x[i] */
	void (*add)(const void *x, void *y, int64_t n);
};

/* ACC(name, type, start, clause of omp, v of element x, acc after v, whether v
 * is a NaN that this misses, NaN).  The result of anything with NaN is NaN;
 * sums and products of integers wrap.  */
#define NEVER(v) 0
#define IS_NAN(v) ((v) != (v))
#define FLOATS(ACC) \
	ACC(sum,    float, 0, +:acc, x,        acc + v, NEVER, 0) \
	ACC(l1,     float, 0, +:acc, fabsf(x), acc + v, NEVER, 0) \
	ACC(square, float, 0, +:acc, x * x,    acc + v, NEVER, 0) \
	ACC(prod,   float, 1, *:acc, x,        acc * v, NEVER, 0) \
	ACC(max, float, -INFINITY, max:acc, x, v > acc ? v : acc, IS_NAN, NAN) \
	ACC(min, float, INFINITY,  min:acc, x, v < acc ? v : acc, IS_NAN, NAN)
#define INTEGERS(ACC, bits) \
	ACC(sum##bits,  uint##bits##_t, 0, +:acc, x, acc + v, NEVER, 0) \
	ACC(prod##bits, uint##bits##_t, 1, *:acc, x, acc * v, NEVER, 0) \
	ACC(max##bits,  int##bits##_t, INT##bits##_MIN, max:acc, x, \
	    v > acc ? v : acc, NEVER, 0) \
	ACC(min##bits,  int##bits##_t, INT##bits##_MAX, min:acc, x, \
	    v < acc ? v : acc, NEVER, 0)

#define PRAGMA(x) _Pragma(#x)
#define ACC(name, T, start, clause, map, expr, misses, nan_value) \
	static void \
	begin_##name(void *to, int64_t n) \
	{ \
		T *y = to; \
	\
		for (int64_t i = 0; i < n; i++) \
			y[i] = start; \
	} \
	static inline void \
	join_##name(T *y, T v) \
	{ \
		T acc = *y; \
	\
		*y = misses(v) ? v : expr; \
	} \
	static void \
	run_##name(const void *from, void *to, int64_t n) \
	{ \
		const T *p = from; \
		T *y = to, acc = start, all; \
		int nan = 0; \
	\
		PRAGMA(omp simd reduction(clause) reduction(|:nan)) \
		for (int64_t i = 0; i < n; i++) { \
			T x = p[i], v = map; \
	\
			nan |= misses(v); \
			acc = expr; \
		} \
		all = nan ? nan_value : acc; \
		join_##name(y, all); \
	} \
	static void \
	add_##name(const void *from, void *to, int64_t n) \
	{ \
		const T *p = from; \
		T *restrict y = to; \
	\
		for (int64_t i = 0; i < n; i++) { \
			T x = p[i], v = map; \
	\
			join_##name(&y[i], v); \
		} \
	} \
	static const struct reducer of_##name = { sizeof (T), begin_##name, \
	    run_##name, add_##name };
FLOATS(ACC)
INTEGERS(ACC, 32)
INTEGERS(ACC, 64)
#undef ACC

struct reduce {
	struct brn_job job;             /* rows: outer */
	const struct reducer *how;
	int ngroup;
	int64_t dim[BRN_MAX_RANK];
	int64_t from[BRN_MAX_RANK];     /* elements of x to the next */
	int64_t to[BRN_MAX_RANK];       /* of the result; 0: reduced */
	int64_t nx, ny;                 /* elements of a row */
	int64_t count;                  /* elements that make one */
	int mean;                       /* divide by count at the end */
	float (*last)(float);           /* of each float, or NULL */
};

/* Groups d and on.  */
static void
reduce_groups(const struct reduce *k, int d, const char *x, char *y)
{
	int64_t n = k->dim[d], size = k->how->size;

	if (d < k->ngroup - 1)
		for (int64_t i = 0; i < n; i++)
			reduce_groups(k, d + 1, x + i * k->from[d] * size,
			    y + i * k->to[d] * size);
	else if (k->to[d])
		k->how->add(x, y, n);
	else
		k->how->run(x, y, n);
}

enum { SHORT = 8, BLOCK = 256 };

/* Rows of a few elements: all first elements, all second ones, and so on.  */
#define SHORT_ROWS(T) \
	static void \
	short_rows_##T(const struct reduce *k, const void *from, void *to, \
	    int64_t rows) \
	{ \
		const T *x = from; \
		T *y = to, column[BLOCK]; \
	\
		for (int64_t n; rows > 0; rows -= n, x += n * k->nx, y += n) { \
			n = rows < BLOCK ? rows : BLOCK; \
			for (int64_t c = 0; c < k->nx; c++) { \
				for (int64_t r = 0; r < n; r++) \
					column[r] = x[r * k->nx + c]; \
				k->how->add(column, y, n); \
			} \
		} \
	}
SHORT_ROWS(float)
SHORT_ROWS(int32_t)
SHORT_ROWS(int64_t)

static void
reduce_short_rows(const struct reduce *k, const void *x, void *y, int64_t rows)
{
	if (brn_is_f32(k->job.out))
		short_rows_float(k, x, y, rows);
	else if (k->how->size == 4)
		short_rows_int32_t(k, x, y, rows);
	else
		short_rows_int64_t(k, x, y, rows);
}

/* The mean, and the last function, of n sums.  */
static void
finish(const struct reduce *k, void *to, int64_t n)
{
	float *y = to, scale = 1 / (float)k->count;

	if (k->mean && k->job.out->type.dtype == BURIN_I32)
		for (int64_t i = 0; i < n; i++)
			((int32_t *)to)[i] /= (int32_t)k->count;
	else if (k->mean && k->job.out->type.dtype == BURIN_I64)
		for (int64_t i = 0; i < n; i++)
			((int64_t *)to)[i] /= k->count;
	else if (k->mean)
		for (int64_t i = 0; i < n; i++)
			y[i] *= scale;
	for (int64_t i = 0; i < n && k->last; i++)
		y[i] = k->last(y[i]);
}

static void
run_reduce(const struct brn_job *j, int64_t r0, int64_t r1)
{
	const struct reduce *k = (const struct reduce *)j;
	int64_t size = k->how->size;
	const char *x = (const char *)j->in[0]->data + r0 * k->nx * size;
	char *y = (char *)j->out->data + r0 * k->ny * size;
	int64_t n = (r1 - r0) * k->ny;

	k->how->begin(y, n);
	if (k->ny == 1 && k->nx < SHORT)
		reduce_short_rows(k, x, y, r1 - r0);
	else
		for (int64_t r = 0; r < r1 - r0; r++)
			reduce_groups(k, 0, x + r * k->nx * size,
			    y + r * k->ny * size);
	finish(k, y, n);
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

/* Reducers of an op by type; NULL: none.  */
struct reducers {
	const struct reducer *f32, *i32, *i64;
};

static const struct reducer *
reducer_of(const struct brn_call *c)
{
	static const struct reducers of[BRN_NUM_OPS] = {
		[BRN_OP_reduce_sum] = { &of_sum, &of_sum32, &of_sum64 },
		[BRN_OP_reduce_mean] = { &of_sum, &of_sum32, &of_sum64 },
		[BRN_OP_reduce_max] = { &of_max, &of_max32, &of_max64 },
		[BRN_OP_reduce_min] = { &of_min, &of_min32, &of_min64 },
		[BRN_OP_reduce_prod] = { &of_prod, &of_prod32, &of_prod64 },
		[BRN_OP_reduce_l1] = { &of_l1, NULL, NULL },
		[BRN_OP_reduce_l2] = { &of_square, NULL, NULL },
		[BRN_OP_reduce_log_sum] = { &of_sum, NULL, NULL },
		[BRN_OP_reduce_sum_square] = { &of_square, NULL, NULL },
	};
	const struct reducers *r = &of[c->n->op];
	int dtype = c->in[0]->type.dtype;

	return dtype == BURIN_F32 ? r->f32 : dtype == BURIN_I32 ? r->i32 :
	    dtype == BURIN_I64 ? r->i64 : NULL;
}

int
BRN_FOR_ISA(brn_takes_reduce)(const struct brn_call *c)
{
	struct reduce k = { 0 };

	return reducer_of(c) && set_sizes(&k, c) && k.count <= INT32_MAX;
}

#define ROWS_REDUCE(name, is_mean, of) \
	int \
	BRN_FOR_ISA(brn_rows_reduce_##name)(const struct brn_call *c) \
	{ \
		struct reduce k = { .job = brn_job_of(c, run_reduce), \
		    .how = reducer_of(c), .mean = is_mean, .last = of }; \
	\
		set_sizes(&k, c); \
		return brn_job_run(&k.job, c->threads); \
	}
ROWS_REDUCE(sum, 0, NULL)
ROWS_REDUCE(mean, 1, NULL)
ROWS_REDUCE(max, 0, NULL)
ROWS_REDUCE(min, 0, NULL)
ROWS_REDUCE(prod, 0, NULL)
ROWS_REDUCE(l1, 0, NULL)
ROWS_REDUCE(l2, 0, sqrtf)
ROWS_REDUCE(log_sum, 0, logf)
ROWS_REDUCE(sum_square, 0, NULL)
