/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution and poolings: a plane at a time is put into phases
 * (runtime/native/planes.h), which are small enough for the first or second
 * cache;
 * then blocks of four rows by 16 columns of results go through all taps.
 */
#include <math.h>
#include <string.h>

#include "runtime/native/isa.h"
#include "runtime/conv.h"

enum { ROWS = BRN_IMAGE_ROWS };

typedef brn_vec vec;

/* Results of ROWS rows, BRN_TILE columns of each.  */
struct block {
	vec v[ROWS][BRN_LINE];
};

/* A plane x that is read as it is; fills is a row of fill.  */
struct job;
typedef void near_fn(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y);

/* Planes of one node.  */
struct job {
	const struct brn_tiled *a;
	struct brn_planes g;
	int64_t tap[BRN_WINDOW_TAPS * BRN_WINDOW_TAPS];
	int64_t ntap, nplane, channels;
	float fill;
	/* The rows from row on, whose phases are x, of plane to y.  */
	void (*run)(const struct job *j, int64_t plane, const float *x,
	    int64_t row, float *y);
	void (*finish)(const struct job *j, int64_t plane, float *y);
	struct brn_epilogue epilogue;
	near_fn *near;                  /* in place of run, or NULL */
	int nthread;
};

/* ---- blocks -------------------------------------------------------------- */

static inline vec
load(const float *x, int i)
{
	return *(const vec *)(x + i * BRN_LANES);
}

/* Let v be in a register: GCC would load it anew for every use.  */
#if defined(__AVX512F__)
#define HOLD(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__)
#define HOLD(v) __asm__("" : "+x"(v))
#else
#define HOLD(v) (void)(v)
#endif

static inline vec
splat(float f)
{
	return f - (vec){ 0 };
}

static inline vec
choose(brn_ivec mask, vec a, vec b)
{
	return (vec)((mask & (brn_ivec)a) | (~mask & (brn_ivec)b));
}

/* NaN stays.  */
static inline vec
larger(vec a, vec b)
{
	return choose((a > b) | (a != a), a, b);
}

static inline __attribute__((always_inline)) void
clip(struct block *b, vec lo, vec hi)
{
	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < BRN_LINE; i++)
			b->v[r][i] = brn_clip(b->v[r][i], lo, hi);
}

/* The first n of a line.  */
static inline __attribute__((always_inline)) void
put_some(float *y, const vec v[BRN_LINE], int64_t n)
{
#if BRN_LANES == 16
	_mm512_mask_storeu_ps(y, (__mmask16)((1u << n) - 1), (__m512)v[0]);
#else
	vec line[BRN_LINE];

	for (int i = 0; i < BRN_LINE; i++)
		line[i] = v[i];
	memcpy(y, line, (size_t)n * sizeof *y);
#endif
}

/* Columns from c on.  A line that is longer than what is left of its row runs
 * over into rows that come later: blocks go from the last column to the first,
 * and from the first row to the last.  */
static inline __attribute__((always_inline)) void
store(const struct job *j, const struct block *b, int64_t row, int64_t c,
    float *y)
{
	int64_t nrow = j->g.y.out, ncol = j->g.x.out;
	int64_t left = ncol - c < BRN_TILE ? ncol - c : BRN_TILE;

#pragma GCC unroll 4
	for (int r = 0; r < ROWS; r++) {
		int64_t at = (row + r) * ncol + c;

		if (at + BRN_TILE <= nrow * ncol)
			for (int i = 0; i < BRN_LINE; i++)
				*(vec *)(y + at + i * BRN_LANES) = b->v[r][i];
		else if (row + r < nrow)
			put_some(y + at, b->v[r], left);
	}
}

static inline int64_t
last_columns(const struct job *j)
{
	return (j->g.x.out - 1) / BRN_TILE * BRN_TILE;
}

static inline struct block
filled(vec v)
{
	struct block b;

	for (int r = 0; r < ROWS; r++)
		for (int i = 0; i < BRN_LINE; i++)
			b.v[r][i] = v;
	return b;
}

static float
bias_of(const struct job *j, int64_t channel)
{
	const struct brn_tensor *b = j->a->n->nin > 2 ? j->a->in[2] : NULL;

	return b ? brn_f32(b)[channel] : 0;
}

/* Which lanes of a line from column c on, step apart, are in the image.  */
static inline brn_ivec
inside(const struct job *j, int64_t c, int step)
{
	brn_ivec at = step * brn_lanes + (int32_t)c;

	return (at >= 0) & (at < (int32_t)j->g.x.in);
}

/* k x k taps that lie side by side, padded by k / 2, on the plane itself: what
 * is beyond its columns is masked, beyond its rows is the row fills.  A line of
 * x serves all rows of the block that it is in the window of.  */
struct near {
	vec w[25], bias, lo, hi;
	const float *from[2 * ROWS + 1];
};

static inline __attribute__((always_inline)) void
near_init(struct near *n, const struct job *j, int64_t plane, const int ntap)
{
	int64_t c = plane % j->channels;

	for (int t = 0; t < ntap; t++)
		n->w[t] = splat(brn_f32(j->a->in[1])[c * ntap + t]);
	n->bias = splat(bias_of(j, c));
	n->lo = splat(j->epilogue.lo);
	n->hi = splat(j->epilogue.hi);
}

/* The lines of x that rows from row on want, nrow of them.  */
static inline __attribute__((always_inline)) void
near_rows(struct near *n, const struct job *j, const float *x,
    const float *fills, int64_t row, const int nrow)
{
	int64_t first = row * j->g.y.stride - j->g.y.pad;

#pragma GCC unroll 16
	for (int dy = 0; dy < nrow; dy++)
		n->from[dy] = first + dy < 0 || first + dy >= j->g.y.in ?
		    fills : x + (first + dy) * j->g.x.in;
}

static inline __attribute__((always_inline)) void
near_store(const struct near *n, const struct job *j, struct block *b,
    int64_t row, int64_t c, float *y)
{
	if (j->epilogue.act == BRN_ACT_clip)
		clip(b, n->lo, n->hi);
	store(j, b, row, c, y);
}

/* The taps of column dx of the window.  */
static inline __attribute__((always_inline)) void
near_column(const struct near *n, const struct job *j, struct block *b,
    int64_t c, const int dx, const int k)
{
#pragma GCC unroll 4
	for (int i = 0; i < BRN_LINE; i++) {
		int64_t at = c + dx - k / 2 + i * BRN_LANES;
		brn_ivec in = inside(j, at, 1);

#pragma GCC unroll 8
		for (int dy = 0; dy < k + ROWS - 1; dy++) {
			vec v = load(n->from[dy] + at, 0);

			if (dx != k / 2)
				v = (vec)((brn_ivec)v & in);
			HOLD(v);
#pragma GCC unroll 4
			for (int r = 0; r < ROWS; r++)
				if (dy >= r && dy - r < k)
					b->v[r][i] += v * n->w[(dy - r) * k +
					    dx];
		}
	}
}

static inline __attribute__((always_inline)) void
weigh_near(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y, const int k)
{
	struct near n;

	near_init(&n, j, plane, k * k);
	for (int64_t row = 0; row < j->g.y.out; row += ROWS) {
		near_rows(&n, j, x, fills, row, k + ROWS - 1);
		for (int64_t c = last_columns(j); c >= 0; c -= BRN_TILE) {
			struct block b = filled(n.bias);

#pragma GCC unroll 8
			for (int dx = 0; dx < k; dx++)
				near_column(&n, j, &b, c, dx, k);
			near_store(&n, j, &b, row, c, y);
		}
	}
}

/* Every second element from x on, and those between them.  */
static inline __attribute__((always_inline)) void
take_apart(const float *x, vec *even, vec *odd)
{
	vec a = load(x, 0), b = load(x, 1);

	*even = __builtin_shuffle(a, b, 2 * brn_lanes);
	*odd = __builtin_shuffle(a, b, 2 * brn_lanes + 1);
}

/* Line i of a block from column c on, all taps; of a row x, v[dx] is what meets
 * column dx of the window.  */
static inline __attribute__((always_inline)) void
step_line(const struct near *n, const struct job *j, struct block *b,
    int64_t c, const int i, const int max)
{
	int64_t at = 2 * (c + i * BRN_LANES) - j->g.x.pad;

#pragma GCC unroll 16
	for (int dy = 0; dy < 2 * ROWS + 1; dy++) {
		vec v[3], none;

		take_apart(n->from[dy] + at, &v[0], &none);
		take_apart(n->from[dy] + at + 1, &v[1], &v[2]);
#pragma GCC unroll 4
		for (int dx = 0; dx < 3; dx++)
			v[dx] = choose(inside(j, at + dx, 2), v[dx],
			    splat(j->fill));
		if (max)
			v[0] = larger(larger(v[0], v[1]), v[2]);
#pragma GCC unroll 4
		for (int r = 0; r < ROWS; r++) {
			int tap = (dy - 2 * r) * 3;
			vec *acc = &b->v[r][i];

			if (tap < 0 || tap > 6)
				continue;
			*acc = max ? larger(*acc, v[0]) : *acc +
			    v[0] * n->w[tap];
#pragma GCC unroll 2
			for (int dx = 1; dx < 3 && !max; dx++)
				*acc += v[dx] * n->w[tap + dx];
		}
	}
}

/* The same for 3 x 3 taps that step by two: the elements of a row that meet a
 * tap lie two apart.  Weighed and summed up, or the largest.  */
static inline __attribute__((always_inline)) void
near_step(const struct job *j, int64_t plane, const float *x,
    const float *fills, float *y, const int max)
{
	struct near n = { .bias = splat(j->fill) };

	if (!max)
		near_init(&n, j, plane, 9);
	for (int64_t row = 0; row < j->g.y.out; row += ROWS) {
		near_rows(&n, j, x, fills, row, 2 * ROWS + 1);
		for (int64_t c = last_columns(j); c >= 0; c -= BRN_TILE) {
			struct block b = filled(n.bias);

#pragma GCC unroll 4
			for (int i = 0; i < BRN_LINE; i++)
				step_line(&n, j, &b, c, i, max);
			near_store(&n, j, &b, row, c, y);
		}
	}
}

#define NEAR(name, of, how) \
	static void \
	name(const struct job *j, int64_t plane, const float *x, \
	    const float *fills, float *y) \
	{ \
		of(j, plane, x, fills, y, how); \
	}
NEAR(weigh_3, weigh_near, 3)
NEAR(weigh_5, weigh_near, 5)
NEAR(weigh_step, near_step, 0)
NEAR(largest_step, near_step, 1)

/* Around a plane that is read as it is: what lines reach beyond it.  */
enum { MARGIN = 48 };

/* Planes at the ends of the tensor are copied to have a margin; scratch begins
 * with the row of fill.  */
static void
run_near(const struct job *j, int64_t plane, float *scratch)
{
	int64_t size = j->g.y.in * j->g.x.in, row = j->g.x.in + 2 * MARGIN;
	const float *x = brn_f32(j->a->in[0]) + plane * size;
	float *y = (float *)j->a->out->data +
	    plane * j->g.y.out * j->g.x.out;

	if (plane * size < MARGIN || (j->nplane - plane - 1) * size < MARGIN)
		x = memcpy(scratch + row + MARGIN, x,
		    (size_t)size * sizeof *y);
	j->near(j, plane, x, scratch + MARGIN, y);
	if (j->finish)
		j->finish(j, plane, y);
}

/* DO(name, before the first tap, with tap t of line v) */
#define DO(name, first, each) \
	static void \
	name(const struct job *j, int64_t plane, const float *x, \
	    int64_t row, float *y) \
	{ \
		int64_t channel = plane % j->channels; \
		const float *w = brn_f32(j->a->in[j->a->n->nin > 1]) + \
		    channel * j->ntap; \
		vec lo = splat(j->epilogue.lo); \
		vec hi = splat(j->epilogue.hi); \
	\
		(void)w; \
		x += row * j->g.pitch; \
		for (int64_t c = last_columns(j); c >= 0; c -= BRN_TILE) { \
			struct block b = filled(splat(first)); \
	\
			for (int64_t t = 0; t < j->ntap; t++) { \
				const float *from = x + j->tap[t] + c; \
	\
				for (int r = 0; r < ROWS; r++) \
					for (int i = 0; i < BRN_LINE; i++) { \
						vec v = load(from + r * \
						    j->g.pitch, i); \
						vec acc = b.v[r][i]; \
	\
						b.v[r][i] = each; \
					} \
			} \
			if (j->epilogue.act == BRN_ACT_clip) \
				clip(&b, lo, hi); \
			store(j, &b, row, c, y); \
		} \
	}
DO(weigh_any, bias_of(j, channel), acc + v * w[t])
DO(largest, -INFINITY, larger(acc, v))
DO(add_up, 0, acc + v)

/* ---- planes -------------------------------------------------------------- */

static void
put_phases(const struct job *j, int64_t plane, float *to)
{
	const struct brn_planes *g = &j->g;

	if (plane < j->nplane)
		BRN_FOR_ISA(brn_phases)(g, brn_f32(j->a->in[0]) + plane *
		    g->y.in * g->x.in, to, j->fill);
}

static void
run_plane(const struct job *j, int64_t plane, const float *x)
{
	const struct brn_planes *g = &j->g;
	float *y = (float *)j->a->out->data + plane * g->y.out * g->x.out;

	for (int64_t r = 0; r < g->y.out; r += ROWS)
		j->run(j, plane, x, r, y);
	if (j->finish)
		j->finish(j, plane, y);
}

/* The phases of the next plane are made before those of this one are read:
 * what has just been written in pieces is slow to read in others.  */
static void
run_thread(void *ctx, size_t thread)
{
	const struct job *j = ctx;
	int64_t size = brn_image_phases(&j->g);
	float *now = j->a->scratch + (int64_t)thread * j->a->scratch_size;
	float *next = now + size;
	int64_t nfill = j->g.x.in + 2 * MARGIN;

	if (j->near) {
		for (int64_t i = 0; i < nfill; i++)
			now[i] = j->fill;
		for (int64_t p = (int64_t)thread; p < j->nplane;
		    p += j->nthread)
			run_near(j, p, now);
		return;
	}
	put_phases(j, (int64_t)thread, now);
	for (int64_t p = (int64_t)thread; p < j->nplane; p += j->nthread) {
		float *t = next;

		put_phases(j, p + j->nthread, next);
		run_plane(j, p, now);
		next = now;
		now = t;
	}
}

static int
job_init(struct job *j, const struct brn_tiled *a)
{
	*j = (struct job){ .a = a,
	    .nthread = brn_threads_count(a->threads) };
	if (a->in[0]->type.dtype != BURIN_F32 ||
	    !brn_planes_of(a->n, &a->in[0]->type, &j->g))
		return BRN_DECLINED;
	j->ntap = j->g.y.kernel * j->g.x.kernel;
	for (int64_t t = 0; t < j->ntap; t++)
		j->tap[t] = brn_planes_tap(&j->g, t);
	j->channels = a->out->type.dim[1];
	j->nplane = a->out->type.dim[0] * j->channels;
	if (!j->g.npos)
		j->nplane = 0;
	return 0;
}

static int
job_run(struct job *j)
{
	brn_parallel(j->a->threads, (size_t)j->nthread, run_thread, j);
	return 0;
}

/* What cannot be done while positions are stored.  */
static void
finish_depthwise(const struct job *j, int64_t plane, float *y)
{
	(void)plane;
	BRN_FOR_ISA(brn_epilogue)(y, NULL, j->g.y.out * j->g.x.out,
	    &j->epilogue);
}

/* k when weigh_near takes k x k taps, 2 when near_step takes them, else 0.  */
static int
near(const struct job *j)
{
	const struct brn_phases *d[] = { &j->g.y, &j->g.x };
	int64_t k = d[0]->kernel, step = d[0]->stride;

	for (int i = 0; i < 2; i++)
		if (d[i]->kernel != k || d[i]->stride != step ||
		    d[i]->dilation != 1 || d[i]->pad > k / 2 ||
		    d[i]->in > INT32_MAX / 4)
			return 0;
	/* Padding behind a row, which lines reach into, is not in pad. */
	if (step == 2 && k == 3)
		return 2 * j->g.x.out <= j->g.x.in + 2 ? 2 : 0;
	for (int i = 0; i < 2; i++)
		if (d[i]->pad != k / 2 || d[i]->in != d[i]->out)
			return 0;
	return step == 1 && (k == 3 || k == 5) ? (int)k : 0;
}

int
BRN_FOR_ISA(brn_image_depthwise)(const struct brn_tiled *a)
{
	static near_fn *const weigh[] = { [2] = weigh_step, [3] = weigh_3,
	    [5] = weigh_5 };
	struct job j;

	if (job_init(&j, a))
		return BRN_DECLINED;
	j.near = weigh[near(&j)];
	j.run = weigh_any;
	j.epilogue = brn_epilogue_of(a->n);
	if (a->n->nin > 3 && a->in[3])
		return BRN_DECLINED;
	if (j.epilogue.act != BRN_ACT_none && j.epilogue.act != BRN_ACT_clip)
		j.finish = finish_depthwise;
	return job_run(&j);
}

int
BRN_FOR_ISA(brn_image_max_pool)(const struct brn_tiled *a)
{
	struct job j;

	if (brn_attr(a->n, "index") || job_init(&j, a))
		return BRN_DECLINED;
	if (near(&j) == 2)
		j.near = largest_step;
	j.run = largest;
	j.fill = -INFINITY;
	return job_run(&j);
}

/* How many elements a window meets at result i of direction d; with its
 * padding when that counts.  */
static int64_t
count(const struct brn_phases *d, int64_t i, int64_t pad, int64_t pad_end)
{
	int64_t n = 0;

	for (int64_t t = 0; t < d->kernel; t++) {
		int64_t at = i * d->stride - d->pad + t * d->dilation;

		n += at >= -pad && at < d->in + pad_end;
	}
	return n;
}

/* y /= how many elements its windows meet in rows rows, for results from to
 * past of a row.  */
static void
divide(const struct job *j, float *y, int64_t from, int64_t past,
    int64_t rows, const int64_t pad[2])
{
	for (int64_t c = from; c < past; c++)
		y[c] /= (float)(rows * count(&j->g.x, c, pad[0], pad[1]));
}

static void
finish_average(const struct job *j, int64_t plane, float *y)
{
	const struct brn_phases *d = &j->g.x;
	struct brn_window w;
	const char *why;
	int all = brn_attr_int(j->a->n, "count_include_pad") != 0;
	/* Windows from first to past lie inside the row. */
	int64_t end = d->in + d->pad - (d->kernel - 1) * d->dilation;
	int64_t first = (d->pad + d->stride - 1) / d->stride, past = 0, pad[2];

	(void)plane;
	brn_window_of(j->a->n, &j->a->in[0]->type, NULL, &w, &why);
	pad[0] = all ? w.pad[w.n - 1] : 0;
	pad[1] = all ? w.pad_end[w.n - 1] : 0;
	first = first < d->out ? first : d->out;
	if (end > 0)
		past = (end + d->stride - 1) / d->stride;
	past = past > d->out ? d->out : past < first ? first : past;
	for (int64_t r = 0; r < j->g.y.out; r++, y += d->out) {
		int64_t rows = w.n < 2 ? 1 : count(&j->g.y, r,
		    all ? w.pad[0] : 0, all ? w.pad_end[0] : 0);
		float by = (float)(rows * d->kernel);

		divide(j, y, 0, first, rows, pad);
		for (int64_t c = first; c < past; c++)
			y[c] /= by;
		divide(j, y, past, d->out, rows, pad);
	}
}

int
BRN_FOR_ISA(brn_image_average_pool)(const struct brn_tiled *a)
{
	struct job j;

	if (job_init(&j, a))
		return BRN_DECLINED;
	j.run = add_up;
	j.finish = finish_average;
	return job_run(&j);
}
