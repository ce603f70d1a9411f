/* SPDX-License-Identifier: Apache-2.0
 *
 * Pruned copies of ONNX files.
 */
#ifndef BRN_ONNX_PRUNE_H
#define BRN_ONNX_PRUNE_H

#include "ir/base.h"

/* burin_prune; *nlayers is the number of matrices that were pruned.  */
int brn_onnx_prune(const char *in_path, const char *out_path,
    const burin_prune_spec *spec, int *nlayers, burin_error *err);

#endif
