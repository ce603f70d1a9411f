/* SPDX-License-Identifier: Apache-2.0
 *
 * The cells of RNN, GRU and LSTM.  Those with their usual activations take one
 * pass over the units; others go gate by gate.
 */
#include <math.h>

#include "runtime/native/cell.h"
#include "runtime/native/isa.h"
#include "runtime/native/tanh.h"

#if defined(__x86_64__) && defined(__GLIBC__)
__attribute__((simd("notinbranch"), const)) float expf(float);
__attribute__((simd("notinbranch"), const)) float expm1f(float);
__attribute__((simd("notinbranch"), const)) float log1pf(float);
#endif

/* NaN stays.  */
static inline float
sigmoid(float x)
{
	return x != x ? x : brn_sigmoidf(x);
}

static inline float
tanh_of(float x)
{
	return x != x ? x : brn_tanhf(x);
}

/* ---- gate by gate ---- */

/* ACT(name, expression of v, a and b) */
#define ACTS(ACT) \
	ACT(sigmoid, sigmoid(v)) \
	ACT(tanh, tanh_of(v)) \
	ACT(relu, v < 0 ? 0 : v) \
	ACT(affine, a * v + b) \
	ACT(leaky_relu, v < 0 ? a * v : v) \
	ACT(thresholded_relu, v > a ? v : 0) \
	ACT(scaled_tanh, a * tanh_of(b * v)) \
	ACT(hard_sigmoid, brn_clipf(a * v + b, 0, 1)) \
	ACT(elu, v < 0 ? a * expm1f(v) : v) \
	ACT(softsign, v / (1 + fabsf(v))) \
	ACT(softplus, (v > 0 ? v : 0) + log1pf(expf(-fabsf(v))))

#define ACT(name, expr) \
	static void \
	act_##name(float *y, int64_t n, float a, float b) \
	{ \
		(void)a; \
		(void)b; \
		for (int64_t i = 0; i < n; i++) { \
			float v = y[i]; \
	\
			y[i] = expr; \
		} \
	}
ACTS(ACT)
#undef ACT

static void
activate(float *y, int64_t n, const struct brn_cell_fn *f)
{
	switch (f->act) {
#define ACT(name, expr) \
	case BRN_CELL_##name: \
		act_##name(y, n, f->alpha, f->beta); \
		break;
	ACTS(ACT)
#undef ACT
	case BRN_NUM_CELL_ACTS:
		break;
	}
}

/* y = activation fn of clip(y + x).  x NULL: nothing is added.  */
static void
gate(const struct brn_cell_step *s, int fn, float *y, const float *x)
{
	float clip = s->cell->clip;

	for (int64_t i = 0; x && i < s->n; i++)
		y[i] += x[i];
	for (int64_t i = 0; clip < INFINITY && i < s->n; i++)
		y[i] = brn_clipf(y[i], -clip, clip);
	activate(y, s->n, &s->cell->fn[fn]);
}

static void
step_rnn(const struct brn_cell_step *s)
{
	for (int64_t i = 0; i < s->n; i++)
		s->h_new[i] = s->z[i];
	gate(s, 0, s->h_new, s->x);
}

static void
step_gru(const struct brn_cell_step *s)
{
	int64_t n = s->n;
	float *z = s->z, *r = z + n, *v = r + n;
	const float *h = s->h;
	float *out = s->h_new;

	if (!s->cell->reset_first) {
		gate(s, 0, z, s->x);
		gate(s, 0, r, s->x + n);
		for (int64_t i = 0; i < n; i++)
			v[i] *= r[i];
	}
	gate(s, 1, v, s->x + 2 * n);
	for (int64_t i = 0; i < n; i++)
		out[i] = (1 - z[i]) * v[i] + z[i] * h[i];
}

/* y += p * c.  */
static void
peep(const struct brn_cell_step *s, float *y, int gate_of_p, const float *c)
{
	const float *p = s->p + gate_of_p * s->n;

	for (int64_t i = 0; i < s->n; i++)
		y[i] += p[i] * c[i];
}

static void
step_lstm(const struct brn_cell_step *s)
{
	int64_t n = s->n;
	float *i = s->z, *o = i + n, *f = o + n, *g = f + n;

	if (s->p) {
		peep(s, i, 0, s->c);
		peep(s, f, 2, s->c);
	}
	gate(s, 0, i, s->x);
	gate(s, 1, g, s->x + 3 * n);
	if (!s->cell->input_forget)
		gate(s, 0, f, s->x + 2 * n);
	for (int64_t k = 0; s->cell->input_forget && k < n; k++)
		f[k] = 1 - i[k];
	for (int64_t k = 0; k < n; k++)
		s->c_new[k] = f[k] * s->c[k] + i[k] * g[k];
	if (s->p)
		peep(s, o, 1, s->c_new);
	gate(s, 0, o, s->x + n);
	for (int64_t k = 0; k < n; k++)
		s->h_new[k] = s->c_new[k];
	activate(s->h_new, n, &s->cell->fn[2]);
	for (int64_t k = 0; k < n; k++)
		s->h_new[k] *= o[k];
}

/* ---- the usual cells ---- */

static int
is_usual(const struct brn_cell_step *s)
{
	const struct brn_cell *c = s->cell;
	struct brn_cell_fn fn[BRN_CELL_FNS];

	brn_cell_defaults(c->kind, fn);
	for (int i = 0; i < brn_cell_nfn(c->kind); i++)
		if (c->fn[i].act != fn[i].act)
			return 0;
	return c->clip == INFINITY && !c->input_forget && !s->p;
}

static void
usual_lstm(const struct brn_cell_step *s)
{
	int64_t n = s->n;
	const float *restrict x = s->x, *restrict z = s->z;
	const float *restrict c = s->c;
	float *restrict c_new = s->c_new, *restrict h_new = s->h_new;

	/* More arrays than GCC checks for overlap by itself.  */
#pragma omp simd
	for (int64_t k = 0; k < n; k++) {
		float i = sigmoid(x[k] + z[k]);
		float o = sigmoid(x[n + k] + z[n + k]);
		float f = sigmoid(x[2 * n + k] + z[2 * n + k]);
		float g = tanh_of(x[3 * n + k] + z[3 * n + k]);
		float v = f * c[k] + i * g;

		c_new[k] = v;
		h_new[k] = o * tanh_of(v);
	}
}

/* Of a GRU that multiplies R h.  */
static void
usual_gru(const struct brn_cell_step *s)
{
	int64_t n = s->n;
	const float *restrict x = s->x, *restrict z = s->z;
	const float *restrict h = s->h;
	float *restrict h_new = s->h_new;

	for (int64_t k = 0; k < n; k++) {
		float u = sigmoid(x[k] + z[k]);
		float r = sigmoid(x[n + k] + z[n + k]);
		float v = tanh_of(x[2 * n + k] + r * z[2 * n + k]);

		h_new[k] = v + u * (h[k] - v);
	}
}

/* ---- */

void
BRN_FOR_ISA(brn_cell_reset)(const struct brn_cell_step *s)
{
	int64_t n = s->n;

	gate(s, 0, s->z, s->x);
	gate(s, 0, s->z + n, s->x + n);
	for (int64_t i = 0; i < n; i++)
		s->h_new[i] = s->z[n + i] * s->h[i];
}

void
BRN_FOR_ISA(brn_cell_step)(const struct brn_cell_step *s)
{
	int usual = is_usual(s);

	if (s->cell->kind == BRN_CELL_rnn)
		step_rnn(s);
	else if (s->cell->kind == BRN_CELL_lstm)
		(usual ? usual_lstm : step_lstm)(s);
	else
		(usual && !s->cell->reset_first ? usual_gru : step_gru)(s);
}
