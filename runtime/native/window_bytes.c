/* SPDX-License-Identifier: Apache-2.0
 *
 * Depthwise convolution on integers and max_pool of bytes, a plane at a time:
 * from its phases (runtime/native/planes.h), 64 positions at a time.
 */
#include "runtime/native/finish_tiles.h"
#include "runtime/native/planes.h"

enum {
	DOT = 4,
	MARGIN = 128,           /* bytes behind phases that loads may reach */
};

/* Taps that meet byte at + i of a phase, or none: -1.  */
struct run {
	int64_t at, tap[DOT];
};

/* One node.  */
struct job {
	const struct brn_call *c;
	struct brn_planes g;
	int64_t channels, nplane, ntap;
	int64_t size;                   /* bytes of an element of y */
	uint8_t fill, flip;             /* of padding; XORed with x */
	int nthread, nrun;
	/* All positions of a plane, those that are no results too, from its
	 * phases x to y.  */
	void (*run)(const struct job *j, int64_t plane, const uint8_t *x,
	    char *y);
	struct brn_finish finish;       /* of depthwise, as run */
	struct run runs[BRN_WINDOW_ALL_TAPS];
	int64_t tap[BRN_WINDOW_ALL_TAPS];       /* of max_pool */
};

/* ---- planes -------------------------------------------------------------- */

static void
make_phases(const struct job *j, int64_t plane, uint8_t *to)
{
	const struct brn_planes *g = &j->g;

	if (plane < j->nplane)
		BRN_FOR_ISA(brn_phases_bytes)(g, (const uint8_t *)
		    j->c->in[0]->data + plane * g->y.in * g->x.in, to,
		    j->fill);
}

static void
run_plane(const struct job *j, int64_t plane, const uint8_t *x, char *all)
{
	const struct brn_planes *g = &j->g;
	int64_t row = g->x.out * j->size, pitch = g->pitch * j->size;
	char *y = (char *)j->c->out->data + plane * g->y.out * row;
	int64_t nrow = g->y.out;

	if (g->pitch == g->x.out) {
		j->run(j, plane, x, y);
		return;
	}
	j->run(j, plane, x, all);
	for (int64_t r = 0; r < nrow; r++)
		copy_bytes(y + r * row, all + r * pitch, row);
}

/* Bytes of the phases of a plane.  */
static int64_t
phases_size(const struct brn_planes *g)
{
	return (brn_planes_size(g) + 63) / 64 * 64 + MARGIN;
}

/* The phases of the next plane are made first, as in depthwise_pool.c.  */
static void
run_thread(void *ctx, size_t thread)
{
	const struct job *j = ctx;
	uint8_t *now = (uint8_t *)(j->c->scratch + (int64_t)thread *
	    j->c->scratch_size), *next = now + phases_size(&j->g);
	char *all = (char *)next + phases_size(&j->g);

	make_phases(j, (int64_t)thread, now);
	for (int64_t p = (int64_t)thread; p < j->nplane; p += j->nthread) {
		uint8_t *t = next;

		make_phases(j, p + j->nthread, next);
		run_plane(j, p, now, all);
		next = now;
		now = t;
	}
}

static void
job_init(struct job *j, const struct brn_call *c)
{
	int dtype = c->in[0]->type.dtype;

	*j = (struct job){ .c = c, .flip = (uint8_t)brn_byte_offset(dtype),
	    .size = (int64_t)brn_dtype_size(c->out->type.dtype),
	    .nthread = brn_threads_count(c->threads) };
	brn_planes_of(c->n, &c->in[0]->type, &j->g);
	j->channels = c->out->type.dim[1];
	j->nplane = j->g.npos ? c->out->type.dim[0] * j->channels : 0;
	j->ntap = j->g.y.kernel * j->g.x.kernel;
}

/* By thread, phases of two planes, and all positions of a plane of f32; shared,
 * four numbers a channel of a depthwise.  */
struct brn_room
BRN_FOR_ISA(brn_room_window_bytes)(const struct brn_call *c)
{
	int depthwise = c->n->op == BRN_OP_depthwise;
	struct brn_planes g;

	if (!brn_planes_of(c->n, &c->in[0]->type, &g))
		return (struct brn_room){ 0, 0 };
	return (struct brn_room){ depthwise ? 4 * c->in[1]->type.dim[0] : 0,
	    phases_size(&g) / 2 + g.npos + BRN_QUAD_POS };
}

static int
takes_window(const struct brn_call *c)
{
	struct brn_planes g;

	return (c->in[0]->type.dtype == BURIN_U8 ||
	    c->in[0]->type.dtype == BURIN_I8) && c->in[0]->type.rank <= 4 &&
	    brn_planes_of(c->n, &c->in[0]->type, &g);
}

/* ---- max_pool ------------------------------------------------------------ */

typedef uint8_t bytes
    __attribute__((vector_size(BRN_QUAD_POS), aligned(1)));

static inline void
store_some(char *to, const bytes *v, int64_t n)
{
	if (n >= BRN_QUAD_POS)
		*(bytes *)to = *v;
	else
		copy_bytes(to, (const char *)v, n);
}

/* Bytes XORed with flip are ordered as u8.  */
static void
run_max(const struct job *j, int64_t plane, const uint8_t *x, char *y)
{
	const bytes flip = j->flip - (bytes){ 0 };
	int64_t npos = j->g.npos;

	(void)plane;
	for (int64_t p = 0; p < npos; p += BRN_QUAD_POS) {
		bytes most = { 0 };

		for (int64_t t = 0; t < j->ntap; t++) {
			bytes v = *(const bytes *)(x + p + j->tap[t]) ^ flip;
			bytes more = (bytes)(v > most);

			most = (v & more) | (most & ~more);
		}
		most ^= flip;
		store_some(y + p, &most, npos - p);
	}
}

int
BRN_FOR_ISA(brn_takes_max_pool_bytes)(const struct brn_call *c)
{
	return takes_window(c);
}

int
BRN_FOR_ISA(brn_max_pool_bytes)(const struct brn_call *c)
{
	struct job j;

	job_init(&j, c);
	for (int64_t t = 0; t < j.ntap; t++)
		j.tap[t] = brn_planes_tap(&j.g, t);
	j.fill = j.flip;
	j.run = run_max;
	brn_parallel(c->threads, (size_t)j.nthread, run_thread, &j);
	return 0;
}

/* ---- depthwise ----------------------------------------------------------- */

#ifdef __AVX512BW__
#define VNNI __attribute__((target("avx512vnni")))

/* The tap that is next to position at, from it on, of those not used; -1.  */
static int64_t
first_tap(const struct brn_planes *g, const char *used, int64_t ntap)
{
	int64_t first = -1;

	for (int64_t t = 0; t < ntap; t++)
		if (!used[t] && (first < 0 || brn_planes_tap(g, t) <
		    brn_planes_tap(g, first)))
			first = t;
	return first;
}

static void
find_runs(struct job *j)
{
	int64_t ntap = j->ntap, first;
	char used[BRN_WINDOW_ALL_TAPS] = { 0 };

	while ((first = first_tap(&j->g, used, ntap)) >= 0) {
		struct run *r = &j->runs[j->nrun++];

		*r = (struct run){ brn_planes_tap(&j->g, first),
		    { -1, -1, -1, -1 } };
		for (int64_t t = 0; t < ntap; t++) {
			int64_t d = brn_planes_tap(&j->g, t) - r->at;

			if (!used[t] && d >= 0 && d < DOT && r->tap[d] < 0) {
				r->tap[d] = t;
				used[t] = 1;
			}
		}
	}
}

static const int8_t *
weights_of(const struct job *j, int64_t channel)
{
	return (const int8_t *)j->c->in[1]->data + channel * j->ntap;
}

/* The sums of the weights follow the three arrays of finish.  */
static void
set_finish(struct job *j)
{
	const struct brn_call *c = j->c;
	const struct brn_tensor *bias = c->in[2];
	int32_t *sum = (int32_t *)(void *)c->shared + 3 * j->channels;

	for (int64_t i = 0; i < j->channels; i++) {
		sum[i] = 0;
		for (int64_t t = 0; t < j->ntap; t++)
			sum[i] += weights_of(j, i)[t];
	}
	j->finish.offset = sum - 3 * j->channels;
	j->finish.scale = c->shared + j->channels;
	j->finish.add = c->shared + 2 * j->channels;
	brn_finish_set(&j->finish, &(struct brn_finish_of){
	    brn_epilogue_of(c->n), brn_conv_quant_of(c->n), 0, j->channels,
	    sum, brn_f32(c->in[4]), bias ? brn_f32(bias) : NULL });
}

/* Sums of the 64 positions from x on, as the four tiles of a plain quad.  The
 * bytes of each position that a run meets are brought together by a shuffle.
 * nrun and flips are constants where they are known.  */
static inline __attribute__((always_inline)) VNNI void
sum_quad(const struct job *j, const uint8_t *x, const int32_t *w,
    const int nrun, const int flips, __m512i acc[BRN_QUAD])
{
	const __m512i low = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 3,
	    1, 2, 3, 4, 2, 3, 4, 5, 3, 4, 5, 6));
	const __m512i high = _mm512_add_epi8(low, _mm512_set1_epi8(4));

	for (int t = 0; t < BRN_QUAD; t++)
		acc[t] = _mm512_setzero_si512();
#pragma GCC unroll 8
	for (int i = 0; i < nrun; i++) {
		const uint8_t *from = x + j->runs[i].at;
		__m512i weight = _mm512_set1_epi32(w[i]);
		__m512i a = _mm512_loadu_si512(from);
		__m512i b = _mm512_loadu_si512(from + 8);

		if (flips) {
			a = _mm512_xor_si512(a, _mm512_set1_epi8(-128));
			b = _mm512_xor_si512(b, _mm512_set1_epi8(-128));
		}
		acc[0] = _mm512_dpbusd_epi32(acc[0], _mm512_shuffle_epi8(a,
		    low), weight);
		acc[1] = _mm512_dpbusd_epi32(acc[1], _mm512_shuffle_epi8(a,
		    high), weight);
		acc[2] = _mm512_dpbusd_epi32(acc[2], _mm512_shuffle_epi8(b,
		    low), weight);
		acc[3] = _mm512_dpbusd_epi32(acc[3], _mm512_shuffle_epi8(b,
		    high), weight);
	}
}

/* The weights of all runs.  */
static void
set_weights(const struct job *j, int64_t channel, int32_t *w)
{
	const int8_t *from = weights_of(j, channel);

	for (int i = 0; i < j->nrun; i++) {
		int8_t four[DOT];

		for (int d = 0; d < DOT; d++)
			four[d] = j->runs[i].tap[d] < 0 ? 0 :
			    from[j->runs[i].tap[d]];
		memcpy(&w[i], four, sizeof four);
	}
}

static inline __attribute__((always_inline)) VNNI void
weigh(const struct job *j, int64_t channel, const uint8_t *x, char *y,
    const int nrun, const int flips)
{
	const struct brn_finish f = j->finish;
	int64_t npos = j->g.npos;
	int32_t w[BRN_WINDOW_ALL_TAPS];
	__m512i acc[BRN_QUAD];

	set_weights(j, channel, w);
	for (int64_t p = 0; p < npos; p += BRN_QUAD_POS) {
		int64_t n = npos - p < BRN_QUAD_POS ? npos - p : BRN_QUAD_POS;

		sum_quad(j, x + p, w, nrun, flips, acc);
		finish_sums(&f, acc, channel, (struct part){ n, 1 },
		    y + p * j->size, NULL);
	}
}

/* Most windows are 3 x 3: three runs without a stride, six with stride 2.  */
static VNNI void
run_weigh(const struct job *j, int64_t plane, const uint8_t *x, char *y)
{
	int64_t channel = plane % j->channels;

	if (j->nrun == 3 && !j->flip)
		weigh(j, channel, x, y, 3, 0);
	else if (j->nrun == 6 && !j->flip)
		weigh(j, channel, x, y, 6, 0);
	else
		weigh(j, channel, x, y, j->nrun, j->flip);
}

int
BRN_FOR_ISA(brn_depthwise_bytes)(const struct brn_call *c)
{
	struct job j;

	job_init(&j, c);
	find_runs(&j);
	set_finish(&j);
	j.fill = (uint8_t)(brn_attr_int(c->n, "x_zero") - j.flip);
	j.run = run_weigh;
	brn_parallel(c->threads, (size_t)j.nthread, run_thread, &j);
	return 0;
}

int
BRN_FOR_ISA(brn_takes_depthwise_bytes)(const struct brn_call *c)
{
	return brn_elem_runs(BRN_ELEM_i8, BRN_ISA_avx512) &&
	    !(c->n->nin > 3 && c->in[3]) && takes_window(c);
}
#else
int
BRN_FOR_ISA(brn_depthwise_bytes)(const struct brn_call *c)
{
	(void)c;
	return 0;
}

/* Without an instruction for the products of bytes the ref does it.  */
int
BRN_FOR_ISA(brn_takes_depthwise_bytes)(const struct brn_call *c)
{
	(void)c;
	return 0;
}
#endif
