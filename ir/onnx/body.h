/* SPDX-License-Identifier: Apache-2.0
 *
 * If on data, Loop and Scan, with their graphs.
 */
#ifndef BRN_ONNX_BODY_H
#define BRN_ONNX_BODY_H

#include "ir/onnx/state.h"

brn_onnx_expander brn_onnx_add_flow;

#endif
