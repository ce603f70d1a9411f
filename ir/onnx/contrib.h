/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX operators that become nodes of other operators: the table.
 */
#ifndef BRN_ONNX_CONTRIB_H
#define BRN_ONNX_CONTRIB_H

#include "ir/onnx/state.h"

brn_onnx_expander brn_onnx_expand;

#endif
