/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts/ort/gain.h"

#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <stdio.h>
#include <string.h>

/* A claim must bring the time of the layers down to this share of what ONNX
 * Runtime is predicted to take, since the two also differ outside of layers. */
#define MOST_TIME 0.8

/* Time that ONNX Runtime takes for a layer, relative to the prediction for the
 * same layer dense in burin, by measurement (NOTES.md).  */
#define HOST_FLOATS 1.0         /* neither has integers */
#define HOST_INTEGERS 1.3       /* both compute on integers */
#define HOST_ROUNDED 1.0        /* ... and quantize between layers, which is
				   next to free there only */
#define HOST_ALONE 0.25         /* ONNX Runtime alone has integers */
#define HOST_ALONE_ROUNDED 0.1
#define HOST_AMX 0.2            /* both, and it has AMX: not measured, by the
				   ratio of peaks */

static double
time_of(const burin_candidate_info *k)
{
	return k->measured_us > 0 ? k->measured_us : k->predicted_us;
}

/* Microseconds, predicted or measured, of layers that have a prediction.  */
struct times {
	double burin, dense, host;      /* as decided, dense, by the host */
	double weights;                 /* of layers that have a prediction */
	double others, others_host;     /* times the factor of the host */
	size_t sparse;
};

/* What the file has as integers, and how the host computes it.  */
struct integers {
	bool any;               /* weights that burin has as floats */
	bool rounded;           /* also between layers */
	bool amx;
};

static bool
has_amx(void)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d >> 25 & 1;
#else
	return false;
#endif
}

/* How many nodes of an operator the model has.  */
static size_t
count_op(const burin_model *m, const char *name)
{
	for (size_t i = 0; i < burin_model_num_ops(m); i++)
		if (!strcmp(burin_model_op(m, i)->name, name))
			return (size_t)burin_model_op(m, i)->count;
	return 0;
}

static bool
on_integers(const burin_layer_info *l)
{
	return !strcmp(l->precision, "int8");
}

/* Integers that are multiplied outside of layers, and activations that are
 * quantized anywhere, cost burin more than ONNX Runtime.  */
static struct integers
find_integers(const burin_model *m)
{
	size_t layers = 0;

	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		layers += on_integers(burin_model_layer(m, i));
	return (struct integers){
		.any = burin_model_num_dequantized(m) > 0,
		.rounded = count_op(m, "QuantizeLinear") ||
		    count_op(m, "MatMulInteger") > layers,
		.amx = has_amx(),
	};
}

static double
host_factor(const struct integers *n, const burin_layer_info *l)
{
	if (!on_integers(l) && !n->any)
		return HOST_FLOATS;
	if (!on_integers(l))
		return n->rounded ? HOST_ALONE_ROUNDED : HOST_ALONE;
	return n->amx ? HOST_AMX : n->rounded ? HOST_ROUNDED : HOST_INTEGERS;
}

static void
add_layer(const burin_model *m, size_t layer, const struct integers *n,
    struct times *t)
{
	const burin_layer_info *l = burin_model_layer(m, layer);
	double weights = (double)l->rows * (double)l->cols;
	double chosen = 0, best = 0, factor = host_factor(n, l);

	for (size_t i = 0; i < l->ncandidates; i++) {
		const burin_candidate_info *k = burin_model_candidate(m,
		    layer, i);

		if (k->chosen)
			chosen = time_of(k);
		if (k->dense && (best == 0 || time_of(k) < best))
			best = time_of(k);
	}
	best = best > 0 ? best : chosen;
	t->burin += chosen;
	t->dense += best;
	t->host += best * factor;
	if (l->ncandidates) {
		t->weights += weights;
	} else {
		t->others += weights;
		t->others_host += weights * factor;
	}
	t->sparse += !strcmp(l->decision, "sparse");
}

/* Layers that were dense without question have no predicted time: they take as
 * long for a weight as the others would dense.  */
static void
add_others(struct times *t)
{
	double rate = t->weights > 0 ? t->dense / t->weights : 1;

	t->burin += t->others * rate;
	t->host += t->others_host * rate;
}

bool
gain_predict(const burin_model *m, char *why, size_t size)
{
	size_t n = burin_model_num_layers(m);
	struct integers integers = find_integers(m);
	struct times t = { 0 };

	for (size_t i = 0; i < n; i++)
		add_layer(m, i, &integers, &t);
	add_others(&t);
	snprintf(why, size, "%zu layers, %zu sparse, predicted %.0f us, of "
	    "ONNX Runtime %.0f us", n, t.sparse, t.burin, t.host);
	return n && t.burin <= t.host * MOST_TIME;
}
