/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution and pooling, a plane at a time, in blocks of four rows
 * by 16 columns of results.  3 x 3 and 5 x 5 windows read the plane itself
 * ("direct"); others read its phases (runtime/native/planes.h), which fit L1 or
 * L2.
 */
#include <math.h>
#include <string.h>

#include "runtime/native/direct_window.h"

#define DIRECT(name, of, how) \
	static void \
	name(const struct job *j, int64_t plane, const float *x, \
	    const float *fills, float *y) \
	{ \
		of(j, plane, x, fills, y, how); \
	}
DIRECT(weigh_3, direct_weigh, 3)
DIRECT(weigh_5, direct_weigh, 5)
DIRECT(weigh_step_2, direct_step_2, 0)
DIRECT(max_step_2, direct_step_2, 1)

/* Floats before and behind a plane that lines may read.  */
enum { MARGIN = 48 };

/* Planes at the ends of the tensor are copied, to have margins; scratch begins
 * with the row of padding.  */
static void
run_direct(const struct job *j, int64_t plane, float *scratch)
{
	int64_t size = j->g.y.in * j->g.x.in, row = j->g.x.in + 2 * MARGIN;
	const float *x = brn_f32(j->c->in[0]) + plane * size;
	float *y = (float *)j->c->out->data +
	    plane * j->g.y.out * j->g.x.out;

	if (plane * size < MARGIN || (j->nplane - plane - 1) * size < MARGIN)
		x = memcpy(scratch + row + MARGIN, x,
		    (size_t)size * sizeof *y);
	j->direct(j, plane, x, scratch + MARGIN, y);
	if (j->finish)
		j->finish(j, plane, y);
}

/* DO(name, initial accumulator, accumulator after tap t of line v) */
#define DO(name, first, each) \
	static void \
	name(const struct job *j, int64_t plane, const float *x, \
	    int64_t row, float *y) \
	{ \
		int64_t channel = plane % j->channels; \
		const float *w = brn_f32(j->c->in[j->c->n->nin > 1]) + \
		    channel * j->ntap; \
		vec lo = splat(j->epilogue.lo); \
		vec hi = splat(j->epilogue.hi); \
		int one = is_one_row(j); \
		int64_t next = one ? BRN_TILE : j->g.pitch; \
		int64_t wide = one ? ROWS * BRN_TILE : BRN_TILE; \
	\
		(void)w; \
		x += row * j->g.pitch; \
		for (int64_t c = (j->g.x.out - 1) / wide * wide; c >= 0; \
		    c -= wide) { \
			struct block b = filled(splat(first)); \
	\
			for (int64_t t = 0; t < j->ntap; t++) { \
				const float *from = x + j->tap[t] + c; \
	\
				for (int r = 0; r < ROWS; r++) \
					for (int i = 0; i < BRN_LINE; i++) { \
						vec v = load(from + r * \
						    next, i); \
						vec acc = b.v[r][i]; \
	\
						b.v[r][i] = each; \
					} \
			} \
			if (j->epilogue.act == BRN_ACT_clip) \
				clip(&b, lo, hi); \
			if (one) \
				store_in_row(j, &b, c, y); \
			else \
				store(j, &b, row, c, y); \
		} \
	}
DO(weigh_any, bias_of(j, channel), acc + v * w[t])
DO(max_any, -INFINITY, larger(acc, v))
DO(sum_any, 0, acc + v)

/* ---- planes -------------------------------------------------------------- */

static void
make_phases(const struct job *j, int64_t plane, float *to)
{
	const struct brn_planes *g = &j->g;

	if (plane < j->nplane)
		BRN_FOR_ISA(brn_phases)(g, brn_f32(j->c->in[0]) + plane *
		    brn_planes_in(g), to, j->fill);
}

static void
run_plane(const struct job *j, int64_t plane, const float *x)
{
	const struct brn_planes *g = &j->g;
	float *y = (float *)j->c->out->data + plane * brn_planes_out(g);

	for (int64_t z = 0; z < g->z.out; z++)
		for (int64_t r = 0; r < g->y.out; r += ROWS)
			j->run(j, plane, x + z * g->slice, r,
			    y + z * g->y.out * g->x.out);
	if (j->finish)
		j->finish(j, plane, y);
}

/* The phases of the next plane are made before those of this one are read:
 * loads that span several recent stores would wait until these leave the store
 * buffer.  */
static void
run_thread(void *ctx, size_t thread)
{
	const struct job *j = ctx;
	int64_t size = brn_image_phases(&j->g);
	float *now = j->c->scratch + (int64_t)thread * j->c->scratch_size;
	float *next = now + size;
	int64_t nfill = j->g.x.in + 2 * MARGIN;

	if (j->direct) {
		for (int64_t i = 0; i < nfill; i++)
			now[i] = j->fill;
		for (int64_t p = (int64_t)thread; p < j->nplane;
		    p += j->nthread)
			run_direct(j, p, now);
		return;
	}
	make_phases(j, (int64_t)thread, now);
	for (int64_t p = (int64_t)thread; p < j->nplane; p += j->nthread) {
		float *t = next;

		make_phases(j, p + j->nthread, next);
		run_plane(j, p, now);
		next = now;
		now = t;
	}
}

static void
job_init(struct job *j, const struct brn_call *c)
{
	*j = (struct job){ .c = c,
	    .nthread = brn_threads_count(c->threads) };
	brn_planes_of(c->n, &c->in[0]->type, &j->g);
	j->ntap = brn_planes_ntap(&j->g);
	for (int64_t t = 0; t < j->ntap; t++)
		j->tap[t] = brn_planes_tap(&j->g, t);
	j->channels = c->out->type.dim[1];
	j->nplane = c->out->type.dim[0] * j->channels;
	if (!j->g.npos)
		j->nplane = 0;
}

static int
job_run(struct job *j)
{
	brn_parallel(j->c->threads, (size_t)j->nthread, run_thread, j);
	return 0;
}

/* f32, a small window.  */
static int
takes_window(const struct brn_call *c)
{
	struct brn_planes g;

	return brn_is_f32(c->in[0]) &&
	    brn_planes_of(c->n, &c->in[0]->type, &g);
}

/* Phases of two planes: more than a plane with its margins needs.  */
struct brn_room
BRN_FOR_ISA(brn_room_window)(const struct brn_call *c)
{
	struct brn_planes g;

	if (!brn_planes_of(c->n, &c->in[0]->type, &g))
		return (struct brn_room){ 0, 0 };
	if (!brn_is_f32(c->in[0]))
		return BRN_FOR_ISA(brn_room_window_bytes)(c);
	return (struct brn_room){ 0, 2 * brn_image_phases(&g) };
}

/* An activation that is not a limit, once the plane is stored.  */
static void
activate_plane(const struct job *j, int64_t plane, float *y)
{
	(void)plane;
	BRN_FOR_ISA(brn_epilogue)(y, NULL, brn_planes_out(&j->g),
	    &j->epilogue);
}

/* k where direct_weigh takes the k x k window, 2 where direct_step_2 does, else
 * 0.  */
static int
direct_window(const struct job *j)
{
	const struct brn_phases *d[] = { &j->g.y, &j->g.x };
	int64_t k = d[0]->kernel, step = d[0]->stride;

	if (j->g.z.in > 1 || j->g.z.kernel > 1)
		return 0;
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

/* The ref does residuals, which no pass makes.  */
int
BRN_FOR_ISA(brn_takes_depthwise)(const struct brn_call *c)
{
	return !brn_is_f32(c->in[0]) ?
	    BRN_FOR_ISA(brn_takes_depthwise_bytes)(c) :
	    takes_window(c) && !(c->n->nin > 3 && c->in[3]);
}

int
BRN_FOR_ISA(brn_planes_depthwise)(const struct brn_call *c)
{
	static direct_fn *const weigh[] = { [2] = weigh_step_2,
	    [3] = weigh_3, [5] = weigh_5 };
	struct job j;

	if (!brn_is_f32(c->in[0]))
		return BRN_FOR_ISA(brn_depthwise_bytes)(c);
	job_init(&j, c);
	j.direct = weigh[direct_window(&j)];
	j.run = weigh_any;
	j.epilogue = brn_epilogue_of(c->n);
	if (j.epilogue.act != BRN_ACT_none && j.epilogue.act != BRN_ACT_clip)
		j.finish = activate_plane;
	return job_run(&j);
}

int
BRN_FOR_ISA(brn_takes_max_pool)(const struct brn_call *c)
{
	if (brn_attr(c->n, "index"))
		return BRN_FOR_ISA(brn_takes_max_index)(c);
	return takes_window(c) || BRN_FOR_ISA(brn_takes_max_pool_bytes)(c);
}

int
BRN_FOR_ISA(brn_planes_max_pool)(const struct brn_call *c)
{
	struct job j;

	if (brn_attr(c->n, "index"))
		return BRN_FOR_ISA(brn_max_index)(c);
	if (!brn_is_f32(c->in[0]))
		return BRN_FOR_ISA(brn_max_pool_bytes)(c);
	job_init(&j, c);
	if (direct_window(&j) == 2)
		j.direct = max_step_2;
	j.run = max_any;
	j.fill = -INFINITY;
	return job_run(&j);
}

/* How many elements the window of result i of direction d covers, pad and
 * pad_end of them padding that counts.  */
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

/* Divide results from to past of a row by what their windows cover: rows rows
 * of count() columns.  */
static void
divide(const struct job *j, float *y, int64_t from, int64_t past,
    int64_t rows, const int64_t pad[2])
{
	for (int64_t c = from; c < past; c++)
		y[c] /= (float)(rows * count(&j->g.x, c, pad[0], pad[1]));
}

/* The same for direction d, the last but `last` - 1 of w, all: its padding
 * counts.  */
static int64_t
covered(const struct brn_phases *d, int64_t i, const struct brn_window *w,
    int last, int all)
{
	int k = w->n - last;

	return k < 0 ? 1 : count(d, i, all ? w->pad[k] : 0,
	    all ? w->pad_end[k] : 0);
}

static void
divide_plane(const struct job *j, int64_t plane, float *y)
{
	const struct brn_phases *d = &j->g.x;
	struct brn_window w;
	const char *why;
	int all = brn_attr_int(j->c->n, "count_include_pad") != 0;
	/* Windows from first to past lie inside the row. */
	int64_t end = d->in + d->pad - (d->kernel - 1) * d->dilation;
	int64_t first = (d->pad + d->stride - 1) / d->stride, past = 0, pad[2];

	(void)plane;
	brn_window_of(j->c->n, &j->c->in[0]->type, NULL, &w, &why);
	pad[0] = all ? w.pad[w.n - 1] : 0;
	pad[1] = all ? w.pad_end[w.n - 1] : 0;
	first = first < d->out ? first : d->out;
	if (end > 0)
		past = (end + d->stride - 1) / d->stride;
	past = past > d->out ? d->out : past < first ? first : past;
	for (int64_t i = 0; i < j->g.z.out * j->g.y.out; i++, y += d->out) {
		int64_t rows = covered(&j->g.z, i / j->g.y.out, &w, 3, all) *
		    covered(&j->g.y, i % j->g.y.out, &w, 2, all);
		float by = (float)(rows * d->kernel);

		divide(j, y, 0, first, rows, pad);
		for (int64_t c = first; c < past; c++)
			y[c] /= by;
		divide(j, y, past, d->out, rows, pad);
	}
}

int
BRN_FOR_ISA(brn_takes_average_pool)(const struct brn_call *c)
{
	return takes_window(c);
}

int
BRN_FOR_ISA(brn_planes_average_pool)(const struct brn_call *c)
{
	struct job j;

	job_init(&j, c);
	j.run = sum_any;
	j.finish = divide_plane;
	return job_run(&j);
}
