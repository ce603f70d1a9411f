/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers of a brn_finish.
 */
#include "runtime/native/finish.h"

#include <math.h>

/* The largest |v| of a row's sums, of all rows.  */
static double
largest(const struct brn_finish *f, int64_t rows)
{
	double most = 0;

	for (int64_t r = 0; r < rows; r++)
		most = fmax(most, 0x1p31 * (double)fabsf(f->scale[r]) +
		    (double)fabsf(f->add[r]));
	return most;
}

/* The limits of results.  Those of bytes are the bytes that they round to,
 * since rounding keeps the order.  */
static void
set_last(struct brn_finish *f, const struct brn_quant *y, float lo, float hi)
{
	f->last_lo = lo;
	f->last_hi = hi;
	f->byte_lo = 0;
	f->byte_hi = 255;
	if (!f->y_type)
		return;
	f->zero = y->zero;
	f->byte_lo = (uint8_t)brn_quant_byte(y, (double)lo);
	f->byte_hi = (uint8_t)brn_quant_byte(y, (double)hi);
	f->flip = (uint8_t)brn_byte_offset(f->y_type);
}

/* What comes before a residual: limits, and rounding to steps of mid.  */
static void
set_early(struct brn_finish *f, const struct brn_quant *mid, int clips,
    float lo, float hi, float y_unit)
{
	f->rounds = mid->scale != 0;
	f->is_early = clips || f->rounds;
	f->lo = clips ? lo : -INFINITY;
	f->hi = clips ? hi : INFINITY;
	f->step = 1;
	if (f->rounds) {
		float least = (float)-mid->zero, most = (float)(255 -
		    mid->zero);

		f->lo = fminf(fmaxf(f->lo / mid->scale, least), most);
		f->hi = fminf(fmaxf(f->hi / mid->scale, least), most);
		f->step = mid->scale * y_unit;
	} else if (clips) {
		f->lo *= y_unit;
		f->hi *= y_unit;
	}
}

static void
set_residual(struct brn_finish *f, const struct brn_quant *q, float y_unit)
{
	if (f->residual_type == BURIN_F32) {
		f->unit = y_unit;
	} else if (f->residual_type) {
		f->unit = q->scale * y_unit;
		f->residual_flip = (uint8_t)brn_byte_offset(f->residual_type);
		f->more = (float)-q->zero * f->unit;
	}
}

static void
set_rows(struct brn_finish *f, const struct brn_finish_of *of, float unit)
{
	float more = f->is_early ? 0 : f->more;

	for (int64_t r = 0; r < of->rows; r++) {
		f->offset[r] = of->sum[r] * of->quant.x.zero;
		f->scale[r] = of->step[r] * of->quant.x.scale * unit;
		f->add[r] = (of->bias ? of->bias[r] * unit : 0) + more;
	}
}

void
brn_finish_set(struct brn_finish *f, const struct brn_finish_of *of)
{
	const struct brn_conv_quant *q = &of->quant;
	const struct brn_epilogue *e = &of->epilogue;
	float unit = q->y_type ? 1 / q->y.scale : 1;
	int clips = e->act == BRN_ACT_clip;
	int early = clips && !e->act_last && (of->residual_type ||
	    q->mid.scale != 0);
	int late = clips && !early;
	double most;

	f->y_type = q->y_type;
	f->residual_type = of->residual_type;
	set_early(f, &q->mid, early, e->lo, e->hi, unit);
	set_last(f, &q->y, late ? e->lo : -INFINITY, late ? e->hi : INFINITY);
	set_residual(f, &q->residual, unit);
	set_rows(f, of, f->rounds ? 1 / q->mid.scale : unit);
	most = f->is_early ? (double)(fmaxf(-f->lo, f->hi) * f->step) :
	    largest(f, of->rows);
	f->is_large = f->residual_type == BURIN_F32 ||
	    !(most + 512 * (double)f->unit < 0x1p30);
}
