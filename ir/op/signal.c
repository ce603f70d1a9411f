/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops of signals: windows, mel_weight_matrix, dft, stft; and det.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;

/* The number that input i holds, in *v.  0: not known.  */
static int
number(struct brn_infer *c, int i, int64_t *v)
{
	const struct brn_tensor *t = brn_infer_val(c, i, NULL);

	if (!t || brn_numel(t) != 1)
		return 0;
	*v = brn_get_int(t, 0);
	return 1;
}

/* Dimension *dim is the number that input i holds, plus more.  */
static int
size_of(struct brn_infer *c, int i, int64_t more, int64_t *dim)
{
	int64_t v;

	if (!number(c, i, &v))
		*dim = brn_infer_new_dim(c);
	else if (v + more < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "size %lld",
		    (long long)v);
	else
		*dim = v + more;
	return BURIN_OK;
}

static int
output_dtype(const struct brn_infer *c)
{
	const struct brn_attr *a = brn_attr(c->n, "output_datatype");

	return a ? (int)a->i : BURIN_F32;
}

/* ---- windows ---- */

static int
infer_window(struct brn_infer *c, struct brn_type *out)
{
	int rc = brn_infer_dtype(c, 0, BRN_SET_INT);

	*out = (struct brn_type){ output_dtype(c), 1, { 0 } };
	return rc < 0 ? rc : size_of(c, 0, 0, &out->dim[0]);
}

/* a[0] - a[1] cos + a[2] cos of twice the angle.  */
static int
fill_window(const struct brn_node *n, struct brn_tensor *out, const double *a)
{
	int64_t count = brn_numel(out);
	int64_t last = brn_attr_int(n, "periodic") ? count : count - 1;

	for (int64_t i = 0; i < count; i++) {
		double x = last ? 2 * PI * (double)i / (double)last : 0;

		brn_set_float(out, i, a[0] - a[1] * cos(x) +
		    a[2] * cos(2 * x));
	}
	return BURIN_OK;
}

#define WINDOW(name, ...) \
int \
infer_##name##_window(struct brn_infer *c, struct brn_type *out) \
{ \
	return infer_window(c, out); \
} \
BRN_REF(name##_window) \
{ \
	static const double a[3] = { __VA_ARGS__ }; \
\
	return fill_window(n, out, a); \
}

WINDOW(hann, 0.5, 0.5, 0)
WINDOW(hamming, 25.0 / 46, 21.0 / 46, 0)
WINDOW(blackman, 0.42, 0.5, 0.08)

/* ---- mel_weight_matrix ---- */

int
infer_mel_weight_matrix(struct brn_infer *c, struct brn_type *out)
{
	int64_t length = 0;
	int rc;

	for (int i = 0; i < 5; i++)
		if ((rc = brn_infer_dtype(c, i, i < 3 ? BRN_SET_INT :
		    BRN_SET_F32)) < 0 ||
		    (rc = brn_infer_one_element(c, i)) < 0)
			return rc;
	*out = (struct brn_type){ output_dtype(c), 2, { 0 } };
	if ((rc = size_of(c, 0, 0, &out->dim[1])) < 0)
		return rc;
	out->dim[0] = number(c, 1, &length) ? length / 2 + 1 :
	    brn_infer_new_dim(c);
	return length < 0 ? brn_infer_bad(c, BURIN_ESHAPE,
	    "dft_length %lld", (long long)length) : BURIN_OK;
}

/* The bin in which the edge i of bands + 2 lies that are even in mel.  */
static double
edge(const struct brn_tensor *const *in, int64_t i, int64_t bands)
{
	double low = 2595 * log10(1 + brn_get_float(in[3], 0) / 700);
	double high = 2595 * log10(1 + brn_get_float(in[4], 0) / 700);
	double mel = low + (double)i * (high - low) / (double)(bands + 2);
	double hz = 700 * (pow(10, mel / 2595) - 1);

	return floor((brn_get_float(in[1], 0) + 1) * hz /
	    brn_get_float(in[2], 0));
}

BRN_REF(mel_weight_matrix)
{
	int64_t bins = out->type.dim[0], bands = out->type.dim[1];

	for (int64_t b = 0; b < bands; b++) {
		double low = edge(in, b, bands), mid = edge(in, b + 1, bands);
		double high = edge(in, b + 2, bands);

		for (int64_t i = 0; i < bins; i++) {
			double x = (double)i, v = 0;

			if (x >= low && x <= mid)
				v = mid > low ? (x - low) / (mid - low) :
				    x == mid;
			else if (x >= mid && x < high)
				v = (high - x) / (high - mid);
			brn_set_float(out, i * bands + b, v);
		}
	}
	return BURIN_OK;
}

/* ---- dft ---- */

/* Transforms of one length.  */
struct dft {
	int64_t n;
	double *cos, *sin;              /* [n], of whole turns */
	double *re, *im;                /* [n], what is transformed */
	double scale;
};

static void
dft_clear(struct dft *d)
{
	free(d->cos);
}

static int
dft_init(struct dft *d, int64_t n, int inverse)
{
	*d = (struct dft){ .n = n, .scale = inverse ? 1 / (double)n : 1 };
	d->cos = brn_alloc(4 * (size_t)n, sizeof *d->cos);
	if (!d->cos)
		return -1;
	d->sin = d->cos + n;
	d->re = d->sin + n;
	d->im = d->re + n;
	for (int64_t i = 0; i < n; i++) {
		double turn = 2 * PI * (double)i / (double)n;

		d->cos[i] = cos(turn);
		d->sin[i] = inverse ? sin(turn) : -sin(turn);
	}
	return 0;
}

/* Bin k of what is in re and im.  */
static void
dft_bin(const struct dft *d, int64_t k, double *re, double *im)
{
	double a = 0, b = 0;
	int64_t t = 0;

	for (int64_t i = 0; i < d->n; i++) {
		a += d->re[i] * d->cos[t] - d->im[i] * d->sin[t];
		b += d->re[i] * d->sin[t] + d->im[i] * d->cos[t];
		t += k;
		t -= t >= d->n ? d->n : 0;
	}
	*re = a * d->scale;
	*im = b * d->scale;
}

/* The axis of x along which it is transformed; 1: it is not known.  */
static int
dft_axis(struct brn_infer *c, int64_t *axis)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	const struct brn_type *a = brn_infer_in(c, 2);

	*axis = -2;
	if (a && !number(c, 2, axis))
		return 1;
	*axis = brn_axis(*axis, x->rank);
	return *axis < 0 || *axis == x->rank - 1 ? brn_infer_bad(c,
	    BURIN_ESHAPE, "no axis of a signal") : 0;
}

int
infer_dft(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int onesided = brn_attr_int(c->n, "onesided") != 0;
	int64_t axis, length;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_one_element(c, 1)) < 0 ||
	    (rc = brn_infer_one_element(c, 2)) < 0)
		return rc;
	if (x->rank < 2 || (!brn_is_sym(x->dim[x->rank - 1]) &&
	    (x->dim[x->rank - 1] < 1 || x->dim[x->rank - 1] > 2)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the last dimension is not 1 or 2");
	if (onesided && brn_attr_int(c->n, "inverse"))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "inverse and one-sided");
	*out = *x;
	out->dim[x->rank - 1] = 2;
	rc = dft_axis(c, &axis);
	if (rc > 0)
		for (int d = 0; d < x->rank - 1; d++)
			out->dim[d] = brn_infer_new_dim(c);
	if (rc)
		return rc < 0 ? rc : BURIN_OK;
	length = x->dim[axis];
	if (brn_infer_in(c, 1) && !number(c, 1, &length))
		length = brn_infer_new_dim(c);
	if (!brn_is_sym(length) && length < 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "length %lld",
		    (long long)length);
	out->dim[axis] = !onesided ? length : brn_is_sym(length) ?
	    brn_infer_new_dim(c) : length / 2 + 1;
	return BURIN_OK;
}

/* Every bin takes the whole length.  */
BRN_WORK(dft)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	double most = 1;

	for (int d = 0; d < x->rank; d++)
		most = fmax(most, (double)x->dim[d]);
	for (int d = 0; d < out->rank; d++)
		most = fmax(most, (double)out->dim[d] * 2);
	return 2 * most;
}

/* Where a line of a signal [outer, n, inner, 1 or 2] is.  */
struct signal {
	const float *x;
	int64_t n, inner;
	int parts;
};

static void
read_line(struct dft *d, const struct signal *s, int64_t outer, int64_t inner)
{
	for (int64_t i = 0; i < d->n; i++) {
		const float *x = s->x + ((outer * s->n + i) * s->inner +
		    inner) * s->parts;

		d->re[i] = i < s->n ? (double)x[0] : 0;
		d->im[i] = i < s->n && s->parts == 2 ? (double)x[1] : 0;
	}
}

BRN_REF(dft)
{
	const struct brn_type *t = &in[0]->type;
	const struct brn_tensor *given = brn_opt_in(n, in, 2);
	const struct brn_tensor *length = brn_opt_in(n, in, 1);
	int axis = brn_axis(given ? brn_get_int(given, 0) : -2, t->rank);
	struct signal s = { in[0]->data, t->dim[axis],
	    brn_product(t, axis + 1, t->rank - 1), (int)t->dim[t->rank - 1] };
	int64_t outer = brn_product(t, 0, axis), bins = out->type.dim[axis];
	float *y = out->data;
	struct dft d;

	if (dft_init(&d, length ? brn_get_int(length, 0) : s.n,
	    brn_attr_int(n, "inverse") != 0) < 0)
		return brn_nomem(err);
	for (int64_t o = 0; o < outer; o++)
		for (int64_t i = 0; i < s.inner; i++) {
			read_line(&d, &s, o, i);
			for (int64_t k = 0; k < bins; k++) {
				double re, im;
				int64_t at = ((o * bins + k) * s.inner + i) *
				    2;

				dft_bin(&d, k, &re, &im);
				y[at] = (float)re;
				y[at + 1] = (float)im;
			}
		}
	dft_clear(&d);
	return BURIN_OK;
}

/* ---- stft ---- */

int
infer_stft(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *w = brn_infer_in(c, 2);
	int64_t step, length = w && w->rank == 1 ? w->dim[0] : -1, last;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_one_element(c, 1)) < 0 ||
	    (rc = brn_infer_one_element(c, 3)) < 0)
		return rc;
	if (x->rank != 3 && x->rank != 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "a signal has three dimensions");
	last = x->rank == 3 ? x->dim[2] : 1;
	if (!brn_is_sym(last) && last != 1 && last != 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "the last dimension is not 1 or 2");
	*out = (struct brn_type){ BURIN_F32, 4, { x->dim[0],
	    brn_infer_new_dim(c), brn_infer_new_dim(c), 2 } };
	if (brn_infer_in(c, 3) && !number(c, 3, &length))
		return BURIN_OK;
	if (brn_is_sym(length) || !number(c, 1, &step) ||
	    brn_is_sym(x->dim[1]))
		return BURIN_OK;
	if (step < 1 || length < 1 || length > x->dim[1] ||
	    (w && !brn_is_sym(w->dim[0]) && w->dim[0] != length))
		return brn_infer_bad(c, BURIN_ESHAPE, "frames of %lld, a step "
		    "of %lld", (long long)length, (long long)step);
	out->dim[1] = (x->dim[1] - length) / step + 1;
	out->dim[2] = brn_attr_int(c->n, "onesided") ? length / 2 + 1 :
	    length;
	return BURIN_OK;
}

BRN_REF(stft)
{
	const struct brn_tensor *w = brn_opt_in(n, in, 2);
	const struct brn_tensor *given = brn_opt_in(n, in, 3);
	const int64_t *dim = out->type.dim;
	int parts = in[0]->type.rank == 3 ? (int)in[0]->type.dim[2] : 1;
	int64_t step = brn_get_int(in[1], 0), samples = in[0]->type.dim[1];
	float *y = out->data;
	struct dft d;

	if (dft_init(&d, given ? brn_get_int(given, 0) : w->type.dim[0],
	    0) < 0)
		return brn_nomem(err);
	if (step < 0 || (dim[1] && d.n + (dim[1] - 1) * step > samples)) {
		dft_clear(&d);
		return brn_ref_bad(n, err, "frames behind the signal");
	}
	for (int64_t f = 0; f < dim[0] * dim[1]; f++) {
		const float *x = (const float *)in[0]->data + (f / dim[1] *
		    samples + f % dim[1] * step) * parts;

		for (int64_t i = 0; i < d.n; i++) {
			double by = w ? brn_get_float(w, i) : 1;

			d.re[i] = (double)x[i * parts] * by;
			d.im[i] = parts == 2 ? (double)x[i * parts + 1] * by :
			    0;
		}
		for (int64_t k = 0; k < dim[2]; k++, y += 2) {
			double re, im;

			dft_bin(&d, k, &re, &im);
			y[0] = (float)re;
			y[1] = (float)im;
		}
	}
	dft_clear(&d);
	return BURIN_OK;
}

/* ---- det ---- */

int
infer_det(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int rc = brn_infer_dtype(c, 0, BRN_SET_F32), r = x->rank;
	int64_t dim;

	if (rc < 0)
		return rc;
	if (r < 2)
		return brn_infer_bad(c, BURIN_ESHAPE, "x is no matrix");
	*out = *x;
	out->rank -= 2;
	dim = x->dim[r - 1];
	return brn_infer_same_dim(c, &dim, x->dim[r - 2]);
}

BRN_WORK(det)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	double n = (double)x->dim[x->rank - 1];

	return n * n * n;
}

/* The determinant of a [n][n], which is lost, by elimination.  */
static double
determinant(double *a, int64_t n)
{
	double det = 1;

	for (int64_t k = 0; k < n; k++) {
		int64_t best = k;

		for (int64_t i = k + 1; i < n; i++)
			if (fabs(a[i * n + k]) > fabs(a[best * n + k]))
				best = i;
		for (int64_t j = 0; j < n && best != k; j++) {
			double moved = a[k * n + j];

			a[k * n + j] = a[best * n + j];
			a[best * n + j] = moved;
		}
		det *= best == k ? a[k * n + k] : -a[k * n + k];
		if (a[k * n + k] == 0)
			return 0;
		for (int64_t i = k + 1; i < n; i++) {
			double by = a[i * n + k] / a[k * n + k];

			for (int64_t j = k; j < n; j++)
				a[i * n + j] -= by * a[k * n + j];
		}
	}
	return det;
}

BRN_REF(det)
{
	int64_t dim = in[0]->type.dim[in[0]->type.rank - 1];
	int64_t size = dim * dim, count = brn_numel(out);
	double *a = brn_alloc((size_t)size, sizeof *a);

	if (!a)
		return brn_nomem(err);
	for (int64_t m = 0; m < count; m++) {
		for (int64_t i = 0; i < size; i++)
			a[i] = brn_get_float(in[0], m * size + i);
		brn_set_float(out, m, determinant(a, dim));
	}
	free(a);
	return BURIN_OK;
}
