/* SPDX-License-Identifier: Apache-2.0
 *
 * One ONNX backend test case: a folder with model.onnx and test_data_set_*,
 * each with input_<i>.pb and output_<i>.pb.
 */
#ifndef CONFORMANCE_CASE_H
#define CONFORMANCE_CASE_H

#include "burin.h"

/* Every data set of the folder through a session and through the refs; what
 * comes out must be what the files say: type, shape, elements.  BURIN_OK, or
 * *err says in one line that does not depend on the folder's place what is
 * not supported, or what is not as it should be.  */
int conformance_case(const char *folder, burin_error *err);

#endif
