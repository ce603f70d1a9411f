/* SPDX-License-Identifier: Apache-2.0
 *
 * Losses: x has a score for each class in dimension 1, the labels name a class
 * for each place, which is an index of the other dimensions.
 */
#include "ir/op/op.h"

#include <math.h>

/* ---- types ---- */

int
infer_nll_loss(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *t = brn_infer_in(c, 1);
	const struct brn_type *w = brn_infer_in(c, 2);
	int64_t classes = x->rank > 1 ? x->dim[1] : 0;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (w && (rc = brn_infer_dtype(c, 2, BRN_SET_F32)) < 0))
		return rc;
	if (x->rank < 2 || t->rank != x->rank - 1 || (w && w->rank != 1))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not scores [..][classes].., labels [..].., weights");
	for (int d = 0; d < t->rank; d++) {
		int64_t dim = x->dim[d ? d + 1 : 0];

		if ((rc = brn_infer_same_dim(c, &dim, t->dim[d])) < 0)
			return rc;
	}
	if (w && (rc = brn_infer_same_dim(c, &classes, w->dim[0])) < 0)
		return rc;
	*out = *t;
	out->dtype = BURIN_F32;
	if (brn_attr_int(c->n, "reduction") != 2)
		out->rank = 0;
	return BURIN_OK;
}

int
infer_sce_loss(struct brn_infer *c, struct brn_type *out)
{
	int rc = infer_nll_loss(c, out);

	if (rc == BURIN_OK && brn_attr_int(c->n, "index"))
		*out = *brn_infer_in(c, 0);
	return rc;
}

/* A softmax over the classes of each label: three walks over x.  */
BRN_WORK(loss)
{
	return brn_work_per_element(
	    3.0 * (double)brn_type_numel(brn_infer_in(c, 0)), out);
}

/* ---- values ---- */

/* Attribute reduction.  */
enum { MEAN, SUM, NONE };

struct loss {
	const struct brn_node *n;
	const float *x, *weight;
	int64_t classes, step;          /* from class to class */
	int log_softmax;                /* x is not log probabilities yet */
};

/* The log probability of a score x of one place is x - max - log_sum.  */
struct scores {
	double max, log_sum;
};

/* Of the classes from x[first] on.  */
static struct scores
scores_of(const struct loss *l, int64_t first)
{
	struct scores s = { -INFINITY, 0 };
	double sum = 0;

	for (int64_t c = 0; c < l->classes; c++)
		s.max = fmax(s.max, (double)l->x[first + c * l->step]);
	for (int64_t c = 0; c < l->classes; c++)
		sum += exp((double)l->x[first + c * l->step] - s.max);
	s.log_sum = log(sum);
	return s;
}

/* The log probability of class c, one of those from x[first] on.  */
static double
log_prob(const struct loss *l, int64_t first, int64_t c)
{
	double x = (double)l->x[first + c * l->step];
	struct scores s;

	if (!l->log_softmax)
		return x;
	s = scores_of(l, first);
	return x - s.max - s.log_sum;
}

/* Where the classes of place i begin in x.  */
static int64_t
first_class(const struct loss *l, int64_t i)
{
	return i / l->step * l->step * l->classes + i % l->step;
}

/* All log probabilities, the second output.  */
static int
log_probs(const struct loss *l, int64_t places, struct brn_tensor *out)
{
	for (int64_t i = 0; i < places; i++) {
		int64_t first = first_class(l, i);
		struct scores s = scores_of(l, first);

		for (int64_t c = 0; c < l->classes; c++) {
			int64_t at = first + c * l->step;

			brn_set_float(out, at, (double)l->x[at] - s.max -
			    s.log_sum);
		}
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
		int skip = ignore && c == ignore->i;
		double w = 0, v = 0;

		if (!skip && (c < 0 || c >= l->classes))
			return brn_ref_bad(l->n, err,
			    "class %lld, wanted below %lld", (long long)c,
			    (long long)l->classes);
		if (!skip) {
			w = l->weight ? (double)l->weight[c] : 1;
			v = -w * log_prob(l, first_class(l, i), c);
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
	if (brn_attr_int(n, "index"))
		return log_probs(&l, brn_numel(in[1]), out);
	return loss(&l, in[1], out, err);
}
