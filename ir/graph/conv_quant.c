/* SPDX-License-Identifier: Apache-2.0
 *
 * Quantized convolutions as attributes, and what they mean.
 */
#include "ir/graph/conv_quant.h"

#include <math.h>

#include "ir/graph/x_quant.h"

struct brn_conv_quant
brn_conv_quant_of(const struct brn_node *n)
{
	struct brn_conv_quant q = { { 0, 0 }, { 0, 0 }, { 0, 0 }, { 0, 0 }, 0 };
	int64_t how;

	if ((how = brn_attr_int(n, "x_quant")))
		q.x = (struct brn_quant){ how == BRN_X_FIXED ?
		    brn_attr_float(n, "x_scale") : -1,
		    (int32_t)brn_attr_int(n, "x_zero") };
	q.mid = (struct brn_quant){ brn_attr_float(n, "mid_scale"),
	    (int32_t)brn_attr_int(n, "mid_zero") };
	q.residual = (struct brn_quant){ brn_attr_float(n, "r_scale"),
	    (int32_t)brn_attr_int(n, "r_zero") };
	q.y = (struct brn_quant){ brn_attr_float(n, "y_scale"),
	    (int32_t)brn_attr_int(n, "y_zero") };
	q.y_type = (int)brn_attr_int(n, "y_type");
	return q;
}

static int
is_valid(const struct brn_quant *s)
{
	return s->scale == 0 || (isnormal(s->scale) && s->scale > 0 &&
	    isnormal(1 / s->scale) && s->zero >= 0 && s->zero <= 255);
}

int
brn_conv_quant_is_valid(const struct brn_conv_quant *q)
{
	int bytes = q->y_type == BURIN_U8 || q->y_type == BURIN_I8;

	return is_valid(&q->x) && is_valid(&q->mid) &&
	    is_valid(&q->residual) && is_valid(&q->y) &&
	    (bytes || !q->y_type) && bytes == (q->y.scale != 0) &&
	    (q->x.scale || (!bytes && !q->mid.scale && !q->residual.scale));
}

int
brn_quant_byte(const struct brn_quant *s, double x)
{
	double q = rint(x / (double)s->scale) + s->zero;

	if (isnan(q))
		return s->zero;
	return q < 0 ? 0 : q > 255 ? 255 : (int)q;
}

double
brn_quant_round(const struct brn_quant *s, double x)
{
	return (brn_quant_byte(s, x) - s->zero) * (double)s->scale;
}
