/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN, GRU and LSTM, one direction: x W^T is given, R h is computed here, step
 * by step.
 *
 * The result has one row of (1 + states) * hidden elements for each step and
 * batch: y, then with states the h and the c that the step leaves.  y is zero
 * beyond the length of a sequence, the states stay there as they are.  With
 * reverse, steps go from the last to the first.
 */
#include "ir/op/recurrent.h"

#include <stdlib.h>

#include "ir/op/op.h"

/* ---- the cell ---- */

int
brn_cell_gates(enum brn_cell_kind kind)
{
	return kind == BRN_CELL_lstm ? 4 : kind == BRN_CELL_gru ? 3 : 1;
}

int
brn_cell_nfn(enum brn_cell_kind kind)
{
	return kind == BRN_CELL_lstm ? 3 : kind == BRN_CELL_gru ? 2 : 1;
}

void
brn_cell_defaults(enum brn_cell_kind kind, struct brn_cell_fn *fn)
{
	for (int i = 0; i < BRN_CELL_FNS; i++)
		fn[i] = (struct brn_cell_fn){ .act = kind == BRN_CELL_rnn ||
		    i ? BRN_CELL_tanh : BRN_CELL_sigmoid };
}

/* Attribute activations: [functions][act, alpha, beta].  */
static void
read_activations(const struct brn_tensor *t, struct brn_cell_fn *fn, int n)
{
	const float *v = t->data;

	for (int i = 0; i < n && 3 * i + 2 < brn_numel(t); i++, v += 3)
		if (v[0] >= 0 && v[0] < BRN_NUM_CELL_ACTS)
			fn[i] = (struct brn_cell_fn){
			    (enum brn_cell_act)v[0], v[1], v[2] };
}

struct brn_cell
brn_cell_of(const struct brn_node *n)
{
	const struct brn_attr *fn = brn_attr(n, "activations");
	const struct brn_attr *clip = brn_attr(n, "clip");
	struct brn_cell c = {
		.kind = (enum brn_cell_kind)brn_attr_int(n, "cell"),
		.reset_first = !brn_attr_int(n, "linear_before_reset"),
		.input_forget = brn_attr_int(n, "input_forget") != 0,
		.clip = clip ? clip->f : INFINITY,
	};

	brn_cell_defaults(c.kind, c.fn);
	if (fn)
		read_activations(fn->t, c.fn, brn_cell_nfn(c.kind));
	return c;
}

/* ---- types ---- */

/* Input i, where given, is a matrix of these sizes.  */
static int
check_state(struct brn_infer *c, int i, const char *name, int64_t batch,
    int64_t hidden)
{
	const struct brn_type *t = brn_infer_in(c, i);
	int rc;

	if (!t)
		return BURIN_OK;
	if (t->rank != 2 || (!brn_is_sym(t->dim[0]) && !brn_is_sym(batch) &&
	    t->dim[0] != batch) || (!brn_is_sym(t->dim[1]) &&
	    !brn_is_sym(hidden) && t->dim[1] != hidden))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%s is not [batch][hidden]", name);
	if ((rc = brn_infer_same_dim(c, &batch, t->dim[0])) < 0)
		return rc;
	return brn_infer_same_dim(c, &hidden, t->dim[1]);
}

static int
check_vector(struct brn_infer *c, int i, const char *name, int64_t n)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (!t || (t->rank == 1 && (brn_is_sym(t->dim[0]) || brn_is_sym(n) ||
	    t->dim[0] == n)))
		return BURIN_OK;
	return brn_infer_bad(c, BURIN_ESHAPE, "%s is no vector of %lld", name,
	    (long long)n);
}

static int
check_types(struct brn_infer *c)
{
	for (int i = 0; i < c->n->nin; i++) {
		int set = i == BRN_IN_lengths ? BRN_SET_INT : BRN_SET_F32, rc;

		if (brn_infer_in(c, i) &&
		    (rc = brn_infer_dtype(c, i, set)) < 0)
			return rc;
	}
	return BURIN_OK;
}

/* The attributes as the ref relies on them.  */
static int
check_cell(struct brn_infer *c)
{
	int64_t kind = brn_attr_int(c->n, "cell");
	int64_t states = brn_attr_int(c->n, "states");
	const struct brn_attr *fn = brn_attr(c->n, "activations");
	const float *v = fn ? fn->t->data : NULL;
	int nfn;

	if (kind < 0 || kind >= BRN_NUM_CELLS || states < 0 ||
	    states > 1 + (kind == BRN_CELL_lstm))
		return brn_infer_bad(c, BURIN_ESHAPE, "cell or states out of "
		    "range");
	if (!fn)
		return BURIN_OK;
	nfn = brn_cell_nfn((enum brn_cell_kind)kind);
	if (fn->t->type.dtype != BURIN_F32 || brn_numel(fn->t) != 3 * nfn)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "activations are not [%d][3]", nfn);
	for (int i = 0; i < nfn; i++)
		if (!(v[3 * i] >= 0 && v[3 * i] < BRN_NUM_CELL_ACTS))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "an activation that is none");
	return BURIN_OK;
}

/* The inputs of sizes that follow from hidden.  */
static int
check_sizes(struct brn_infer *c, int64_t gates, int64_t hidden)
{
	const struct brn_type *x = brn_infer_in(c, 0), *r = brn_infer_in(c, 1);
	int64_t all, three, batch = x->dim[1];
	int rc;

	if (__builtin_mul_overflow(hidden, gates, &all) ||
	    __builtin_mul_overflow(hidden, 3, &three) ||
	    (!brn_is_sym(x->dim[2]) && x->dim[2] != all) ||
	    (!brn_is_sym(r->dim[0]) && r->dim[0] != all))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "W and R are not of %lld gates of one size",
		    (long long)gates);
	if ((rc = check_vector(c, BRN_IN_bias, "B", all)) < 0 ||
	    (rc = check_state(c, BRN_IN_h0, "initial_h", batch, hidden)) < 0 ||
	    (rc = check_state(c, BRN_IN_c0, "initial_c", batch, hidden)) < 0)
		return rc;
	return check_vector(c, BRN_IN_peephole, "P", three);
}

int
infer_recurrent(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0), *r = brn_infer_in(c, 1);
	int64_t hidden, gates, states = brn_attr_int(c->n, "states");
	int rc;

	if ((rc = check_types(c)) < 0 || (rc = check_cell(c)) < 0)
		return rc;
	if (x->rank != 3 || r->rank != 2)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "not x [steps][batch][inputs], R [gates][hidden]");
	gates = brn_cell_gates((enum brn_cell_kind)brn_attr_int(c->n, "cell"));
	hidden = r->dim[1];
	if ((rc = check_vector(c, BRN_IN_lengths, "sequence_lens",
	    x->dim[1])) < 0 || (!brn_is_sym(hidden) &&
	    (rc = check_sizes(c, gates, hidden)) < 0))
		return rc;
	*out = *x;
	out->dim[2] = hidden;
	if (brn_is_sym(hidden) && states)
		out->dim[2] = brn_infer_new_dim(c);
	else if (states && __builtin_mul_overflow(hidden, 1 + states,
	    &out->dim[2]))
		return brn_infer_bad(c, BURIN_ESHAPE, "R is too large");
	return BURIN_OK;
}

/* A dot product for each gate.  */
BRN_WORK(recurrent)
{
	return (double)brn_infer_in(c, 0)->dim[2];
}

/* ---- values ---- */

struct recurrent {
	struct brn_cell cell;
	int64_t steps, batch, hidden, all;      /* all gates */
	int reverse;
	int64_t states;
	const float *gates, *r, *bias, *p;
	double *h, *c;                  /* state of one sequence */
	double *pre;                    /* [all] gates of a step */
	double *rh;                     /* [all] R h + bias */
	float *out;
};

static double
activate(const struct brn_cell_fn *f, double x)
{
	double a = (double)f->alpha, b = (double)f->beta;

	(void)a;
	(void)b;
	switch (f->act) {
#define ACT(name, onnx, nparam, alpha, beta, value) \
	case BRN_CELL_##name: \
		return value;
	BRN_CELL_ACTS(ACT)
#undef ACT
	case BRN_NUM_CELL_ACTS:
		break;
	}
	return x;
}

static double
gate(const struct recurrent *k, int fn, double x)
{
	double clip = (double)k->cell.clip;

	x = x < -clip ? -clip : x > clip ? clip : x;
	return activate(&k->cell.fn[fn], x);
}

/* rh[from..to) = R h + bias.  */
static void
multiply(const struct recurrent *k, int64_t from, int64_t to)
{
	for (int64_t g = from; g < to; g++) {
		const float *row = k->r + g * k->hidden;
		double sum = k->bias ? (double)k->bias[g] : 0;

		for (int64_t j = 0; j < k->hidden; j++)
			sum += (double)row[j] * k->h[j];
		k->rh[g] = sum;
	}
}

static void
step_rnn(struct recurrent *k, const float *x)
{
	multiply(k, 0, k->all);
	for (int64_t j = 0; j < k->hidden; j++)
		k->h[j] = gate(k, 0, (double)x[j] + k->rh[j]);
}

static void
step_gru(struct recurrent *k, const float *x)
{
	int64_t n = k->hidden;
	double *z = k->pre, *r = z + n, *old = r + n;

	multiply(k, 0, k->all);
	for (int64_t j = 0; j < n; j++) {
		z[j] = gate(k, 0, (double)x[j] + k->rh[j]);
		r[j] = gate(k, 0, (double)x[n + j] + k->rh[n + j]);
		old[j] = k->h[j];
	}
	if (k->cell.reset_first) {
		for (int64_t j = 0; j < n; j++)
			k->h[j] *= r[j];
		multiply(k, 2 * n, 3 * n);
	}
	for (int64_t j = 0; j < n; j++) {
		double rh = k->rh[2 * n + j], v;

		if (!k->cell.reset_first)
			rh *= r[j];
		v = gate(k, 1, (double)x[2 * n + j] + rh);
		k->h[j] = (1 - z[j]) * v + z[j] * old[j];
	}
}

static void
step_lstm(struct recurrent *k, const float *x)
{
	int64_t n = k->hidden;

	multiply(k, 0, k->all);
	for (int64_t j = 0; j < k->all; j++)
		k->pre[j] = (double)x[j] + k->rh[j];
	for (int64_t j = 0; j < n; j++) {
		const float *p = k->p ? k->p + j : NULL;
		double i = k->pre[j], o = k->pre[n + j], f = k->pre[2 * n + j];

		if (p) {
			i += (double)p[0] * k->c[j];
			f += (double)p[2 * n] * k->c[j];
		}
		i = gate(k, 0, i);
		f = k->cell.input_forget ? 1 - i : gate(k, 0, f);
		k->c[j] = f * k->c[j] + i * gate(k, 1, k->pre[3 * n + j]);
		if (p)
			o += (double)p[n] * k->c[j];
		k->h[j] = gate(k, 0, o) * activate(&k->cell.fn[2], k->c[j]);
	}
}

static void
step(struct recurrent *k, const float *x)
{
	if (k->cell.kind == BRN_CELL_rnn)
		step_rnn(k, x);
	else if (k->cell.kind == BRN_CELL_gru)
		step_gru(k, x);
	else
		step_lstm(k, x);
}

/* The row of step t of sequence b: y and the states; y is zero where the
 * sequence has ended.  */
static void
put_row(const struct recurrent *k, int64_t t, int64_t b, int ended)
{
	float *out = k->out + (t * k->batch + b) * (1 + k->states) *
	    k->hidden;

	for (int64_t j = 0; j < k->hidden; j++) {
		out[j] = ended ? 0 : (float)k->h[j];
		if (k->states > 0)
			out[k->hidden + j] = (float)k->h[j];
		if (k->states > 1)
			out[2 * k->hidden + j] = (float)k->c[j];
	}
}

static void
run_sequence(struct recurrent *k, int64_t b, int64_t length)
{
	for (int64_t i = 0; i < k->steps; i++) {
		int64_t t = k->reverse ? k->steps - 1 - i : i;

		if (t < length)
			step(k, k->gates + (t * k->batch + b) * k->all);
		put_row(k, t, b, t >= length);
	}
}

static void
set_state(double *to, const struct brn_tensor *from, int64_t b, int64_t n)
{
	for (int64_t j = 0; j < n; j++)
		to[j] = from ? brn_get_float(from, b * n + j) : 0;
}

int
brn_recurrent_lengths(const struct brn_node *n, const struct brn_tensor *t,
    int64_t steps, burin_error *err)
{
	for (int64_t b = 0; t && b < brn_numel(t); b++) {
		int64_t v = brn_get_int(t, b);

		if (v < 0 || v > steps)
			return brn_fail(err, BURIN_ESHAPE, "node '%s': "
			    "sequence_lens of batch %lld is %lld, wanted 0 to "
			    "%lld", n->name, (long long)b, (long long)v,
			    (long long)steps);
	}
	return BURIN_OK;
}

static int
run_sequences(struct recurrent *k, const struct brn_node *n,
    const struct brn_tensor *const *in, burin_error *err)
{
	const struct brn_tensor *lengths = brn_opt_in(n, in, BRN_IN_lengths);
	int rc = brn_recurrent_lengths(n, lengths, k->steps, err);

	for (int64_t b = 0; b < k->batch && rc == BURIN_OK; b++) {
		set_state(k->h, brn_opt_in(n, in, BRN_IN_h0), b, k->hidden);
		set_state(k->c, brn_opt_in(n, in, BRN_IN_c0), b, k->hidden);
		run_sequence(k, b, lengths ? brn_get_int(lengths, b) :
		    k->steps);
	}
	return rc;
}

static const float *
floats(const struct brn_node *n, const struct brn_tensor *const *in, int i)
{
	const struct brn_tensor *t = brn_opt_in(n, in, i);

	return t ? t->data : NULL;
}

BRN_REF(recurrent)
{
	const struct brn_type *x = &in[0]->type;
	const struct brn_bsr *bsr = n->in[BRN_IN_r]->bsr;
	int64_t hidden = bsr ? bsr->cols : in[BRN_IN_r]->type.dim[1];
	struct recurrent k = { .cell = brn_cell_of(n), .steps = x->dim[0],
	    .batch = x->dim[1], .hidden = hidden, .all = x->dim[2],
	    .reverse = brn_attr_int(n, "reverse") != 0,
	    .states = brn_attr_int(n, "states"), .gates = in[0]->data,
	    .bias = floats(n, in, BRN_IN_bias),
	    .p = floats(n, in, BRN_IN_peephole), .out = out->data };
	float *dense = bsr ? brn_alloc((size_t)k.all * (size_t)hidden,
	    sizeof *dense) : NULL;
	int rc;

	k.h = brn_alloc((size_t)(2 * hidden + 2 * k.all), sizeof *k.h);
	if (!k.h || (bsr && !dense)) {
		rc = brn_nomem(err);
	} else {
		k.c = k.h + hidden;
		k.pre = k.c + hidden;
		k.rh = k.pre + k.all;
		if (bsr)
			brn_bsr_to_dense(bsr, dense);
		k.r = bsr ? dense : in[BRN_IN_r]->data;
		rc = run_sequences(&k, n, in, err);
	}
	free(k.h);
	free(dense);
	return rc;
}
