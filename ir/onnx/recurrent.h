/* SPDX-License-Identifier: Apache-2.0
 *
 * RNN, GRU and LSTM, each direction by itself: a layer for x W^T of all steps
 * at once, and a recurrent node for the rest.
 */
#ifndef BRN_ONNX_RECURRENT_H
#define BRN_ONNX_RECURRENT_H

#include "ir/onnx/expand.h"

#define BRN_RECURRENT_ATTRS "activation_alpha activation_beta activations " \
    "clip direction hidden_size layout "

brn_expand_fn brn_expand_rnn;           /* opsets 7 to 22 */
brn_expand_fn brn_expand_gru;
brn_expand_fn brn_expand_lstm;
brn_expand_fn brn_expand_dynamic_quantize_lstm;         /* com.microsoft */

#endif
