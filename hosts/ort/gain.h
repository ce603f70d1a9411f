/* SPDX-License-Identifier: Apache-2.0
 *
 * Whether a model is faster in burin than in ONNX Runtime, by the predicted
 * times of its layers.
 */
#ifndef BURIN_ORT_GAIN_H
#define BURIN_ORT_GAIN_H

#include "burin.h"

#include <stdbool.h>

/* why gets both predictions as a line.  */
bool gain_predict(const burin_model *m, char *why, size_t size);

#endif
