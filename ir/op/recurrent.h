/* SPDX-License-Identifier: Apache-2.0
 *
 * The cell of a recurrent op: what it computes in a step from its gates and its
 * state.  Of ONNX's RNN, GRU and LSTM, one direction.
 *
 * A step has the gates of ONNX, in its order (LSTM: i o f c; GRU: z r h), each
 * of `hidden` elements:
 *
 *	gates = x W^T + R h + bias
 */
#ifndef BRN_RECURRENT_H
#define BRN_RECURRENT_H

#include "ir/graph/graph.h"

#include <math.h>

enum brn_cell_kind { BRN_CELL_rnn, BRN_CELL_gru, BRN_CELL_lstm, BRN_NUM_CELLS };

/* ACT(name, name in ONNX, parameters, alpha, beta, value), where value is an
 * expression of x, a (alpha) and b (beta).  The defaults of alpha and beta are
 * those of ONNX's operators.  */
#define BRN_CELL_ACTS(ACT) \
	ACT(sigmoid, "Sigmoid", 0, 0, 0, 1 / (1 + exp(-x))) \
	ACT(tanh, "Tanh", 0, 0, 0, tanh(x)) \
	ACT(relu, "Relu", 0, 0, 0, x < 0 ? 0 : x) \
	ACT(affine, "Affine", 2, 1, 0, a * x + b) \
	ACT(leaky_relu, "LeakyRelu", 1, 0.01, 0, x < 0 ? a * x : x) \
	ACT(thresholded_relu, "ThresholdedRelu", 1, 1, 0, x > a ? x : 0) \
	ACT(scaled_tanh, "ScaledTanh", 2, 1, 1, a * tanh(b * x)) \
	ACT(hard_sigmoid, "HardSigmoid", 2, 0.2, 0.5, \
	    a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b) \
	ACT(elu, "Elu", 1, 1, 0, x < 0 ? a * expm1(x) : x) \
	ACT(softsign, "Softsign", 0, 0, 0, x / (1 + fabs(x))) \
	ACT(softplus, "Softplus", 0, 0, 0, \
	    (x > 0 ? x : 0) + log1p(exp(-fabs(x))))

enum brn_cell_act {
#define ACT(name, onnx, nparam, alpha, beta, value) BRN_CELL_##name,
	BRN_CELL_ACTS(ACT)
#undef ACT
	BRN_NUM_CELL_ACTS
};

struct brn_cell_fn {
	enum brn_cell_act act;
	float alpha, beta;
};

enum { BRN_CELL_FNS = 3 };

struct brn_cell {
	enum brn_cell_kind kind;
	int reset_first;                /* GRU: R h of the candidate is made of
	                                   r * h; else r times R h + bias */
	int input_forget;               /* LSTM: f is 1 - i */
	float clip;                     /* of what activations get; INFINITY:
	                                   none */
	struct brn_cell_fn fn[BRN_CELL_FNS];    /* f, g, h of ONNX */
};

/* Gates and activations of a kind of cell.  */
int brn_cell_gates(enum brn_cell_kind kind);
int brn_cell_nfn(enum brn_cell_kind kind);
/* The activations that a cell has unless it is given others.  */
void brn_cell_defaults(enum brn_cell_kind kind, struct brn_cell_fn *fn);

/* From the attributes of a recurrent op.  */
struct brn_cell brn_cell_of(const struct brn_node *n);

/* Inputs of the op; from BRN_IN_bias on they may be absent.  */
enum brn_recurrent_in {
	BRN_IN_gates,                   /* x W^T + bias [steps, batch,
	                                   gates * hidden] */
	BRN_IN_r,                       /* R [gates * hidden, hidden] */
	BRN_IN_bias,                    /* added to R h [gates * hidden] */
	BRN_IN_lengths,                 /* [batch], steps of each sequence */
	BRN_IN_h0,                      /* [batch, hidden] */
	BRN_IN_c0,                      /* the same */
	BRN_IN_peephole,                /* [3 * hidden] of i, o, f */
};

/* ESHAPE, which names the batch, unless all lengths are 0 to steps; t NULL:
 * none are given.  */
int brn_recurrent_lengths(const struct brn_node *n, const struct brn_tensor *t,
    int64_t steps, burin_error *err);

#endif
