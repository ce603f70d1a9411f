/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON and text that more than one verb prints.  Functions that return JSON
 * return NULL if memory is short; json_pack and report_json accept that.
 */
#ifndef REPORT_H
#define REPORT_H

#include "burin.h"

#include <jansson.h>

/* JSON of values that jansson refuses: null for NULL and for numbers that are
 * not finite, '?' for bytes that are not UTF-8.  */
json_t *report_string(const char *s);
json_t *report_real(double v);
json_t *report_shape(int rank, const int64_t *dims);

json_t *report_layer(const burin_layer_info *l);
json_t *report_compile(const burin_stats *st);

/* Print j to stdout and free it.  CLI_OK, or CLI_IO if j is NULL.  */
int report_json(json_t *j);

/* The shape as "1x128" or "scalar", in buf.  */
const char *report_dims(int rank, const int64_t *dims, char buf[256]);
/* Print one line: the number of kernels and where they came from.  */
void report_compile_line(const burin_stats *st);

#endif
