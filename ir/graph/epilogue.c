/* SPDX-License-Identifier: Apache-2.0
 *
 * Epilogues as attributes, and what they mean, in double.
 */
#include "ir/graph/epilogue.h"

#include <math.h>

struct brn_epilogue
brn_epilogue_of(const struct brn_node *n)
{
	return (struct brn_epilogue){
		.act = (enum brn_act)brn_attr_int(n, "act"),
		.lo = brn_attr_float(n, "act_min"),
		.hi = brn_attr_float(n, "act_max"),
		.act_last = brn_attr_int(n, "act_last") != 0,
	};
}

int
brn_epilogue_set(struct brn_graph *g, struct brn_node *n,
    const struct brn_epilogue *e)
{
	if (brn_attr_set_int(g, n, "act", e->act) < 0 ||
	    (e->act_last && brn_attr_set_int(g, n, "act_last", 1) < 0) ||
	    (e->lo != 0 && brn_attr_set_float(g, n, "act_min", e->lo) < 0) ||
	    (!(isinf(e->hi) && e->hi > 0) &&
	    brn_attr_set_float(g, n, "act_max", e->hi) < 0))
		return -1;
	return 0;
}

static double
activate(const struct brn_epilogue *e, double x)
{
	double lo = (double)e->lo, hi = (double)e->hi;

	switch (e->act) {
	case BRN_ACT_none:
		break;
	case BRN_ACT_clip:
		x = x < lo ? lo : x;
		return x > hi ? hi : x;
	case BRN_ACT_leaky_relu:
		return x < 0 ? lo * x : x;
	case BRN_ACT_hard_swish:
		return x * fmax(0, fmin(1, x / 6 + 0.5));
	case BRN_ACT_swish:
		return x / (1 + exp(-x));
	case BRN_ACT_gelu:
		return x / 2 * (1 + erf(x / sqrt(2)));
	case BRN_ACT_gelu_tanh:
		return x / 2 * (1 + tanh(0.79788456080286536 *
		    (x + 0.044715 * x * x * x)));
	case BRN_ACT_tanh:
		return tanh(x);
	}
	return x;
}

double
brn_epilogue_apply(const struct brn_epilogue *e, double x, double residual)
{
	return e->act_last ? activate(e, x + residual) :
	    activate(e, x) + residual;
}
