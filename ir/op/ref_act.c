/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the activations and functions of acts.def, computed in double.
 */
#include "ir/op/ref_fn.h"

#include <math.h>

static double
softplus(double x)
{
	return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* x cut to [0, 1]; NaN stays.  */
static double
unit(double x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double
parameter(const struct brn_node *n, const char *name)
{
	return name ? (double)brn_attr_float(n, name) : 0;
}

#define ACT(name, attr_a, attr_b, expr) \
static double \
f_##name(double x, BRN_UNUSED double a, BRN_UNUSED double b) \
{ \
	return expr; \
} \
BRN_REF(name) \
{ \
	double a = parameter(n, attr_a); \
	double b = parameter(n, attr_b); \
	int64_t count = brn_numel(out); \
\
	for (int64_t i = 0; i < count; i++) \
		brn_set_float(out, i, \
		    f_##name(brn_get_float(in[0], i), a, b)); \
	return BURIN_OK; \
}
#include "ir/op/acts.def"

BRN_REF(isinf)
{
	int down = brn_attr_int(n, "detect_negative") != 0;
	int up = brn_attr_int(n, "detect_positive") != 0;
	int64_t count = brn_numel(out);

	for (int64_t i = 0; i < count; i++) {
		double x = brn_get_float(in[0], i);

		brn_set_int(out, i, isinf(x) && (x < 0 ? down : up));
	}
	return BURIN_OK;
}
