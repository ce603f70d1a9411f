/* SPDX-License-Identifier: Apache-2.0
 *
 * Refs of the losses: x has classes in dimension 1, labels name one for each of
 * the other places.
 */
#include "ir/op/ref_fn.h"

#include <math.h>

/* Attribute reduction.  */
enum { MEAN, SUM, NONE };

struct loss {
	const struct brn_node *n;
	const float *x, *weight;
	int64_t classes, step;          /* from class to class */
	int log_softmax;                /* x is not log probabilities yet */
};

/* The log probability of the class at x[at], one of those from x[first] on. */
static double
log_prob(const struct loss *l, int64_t first, int64_t at)
{
	double max = -INFINITY, sum = 0;

	if (!l->log_softmax)
		return (double)l->x[at];
	for (int64_t c = 0; c < l->classes; c++)
		max = fmax(max, (double)l->x[first + c * l->step]);
	for (int64_t c = 0; c < l->classes; c++)
		sum += exp((double)l->x[first + c * l->step] - max);
	return (double)l->x[at] - max - log(sum);
}

/* All log probabilities, the second output.  */
static int
log_probs(const struct loss *l, struct brn_tensor *out)
{
	int64_t count = brn_numel(out);

	for (int64_t i = 0; i < count; i++) {
		int64_t c = i / l->step % l->classes;

		brn_set_float(out, i, log_prob(l, i - c * l->step, i));
	}
	return BURIN_OK;
}

static int
loss(const struct loss *l, const struct brn_tensor *labels,
    struct brn_tensor *out, burin_error *err)
{
	const struct brn_attr *ignore = brn_attr(l->n, "ignore_index");
	int64_t how = brn_attr_int(l->n, "reduction");
	int64_t count = brn_numel(labels);
	double sum = 0, weights = 0;

	for (int64_t i = 0; i < count; i++) {
		int64_t c = brn_get_int(labels, i);
		int64_t first = i / l->step * l->step * l->classes +
		    i % l->step;
		int skip = ignore && c == ignore->i;
		double w = 0, v = 0;

		if (!skip && (c < 0 || c >= l->classes))
			return brn_fail(err, BURIN_ESHAPE,
			    "node '%s': class %lld, wanted below %lld",
			    l->n->name, (long long)c, (long long)l->classes);
		if (!skip) {
			w = l->weight ? (double)l->weight[c] : 1;
			v = -w * log_prob(l, first, first + c * l->step);
		}
		weights += w;
		sum += v;
		if (how == NONE)
			brn_set_float(out, i, v);
	}
	if (how != NONE)
		brn_set_float(out, 0, how == MEAN ? sum / weights : sum);
	return BURIN_OK;
}

static struct loss
loss_of(const struct brn_node *n, const struct brn_tensor *const *in)
{
	const struct brn_tensor *w = brn_opt_in(n, in, 2);
	struct loss l = { .n = n, .x = in[0]->data, .step = 1,
	    .weight = w ? w->data : NULL, .classes = in[0]->type.dim[1] };

	for (int d = 2; d < in[0]->type.rank; d++)
		l.step *= in[0]->type.dim[d];
	return l;
}

BRN_REF(nll_loss)
{
	struct loss l = loss_of(n, in);

	return loss(&l, in[1], out, err);
}

BRN_REF(sce_loss)
{
	struct loss l = loss_of(n, in);

	l.log_softmax = 1;
	return brn_attr_int(n, "index") ? log_probs(&l, out) :
	    loss(&l, in[1], out, err);
}
