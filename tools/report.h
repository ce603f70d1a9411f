/* SPDX-License-Identifier: Apache-2.0
 *
 * What more than one verb reports, as JSON and for people.  JSON functions
 * return NULL without memory, which json_pack and report_json understand.
 */
#ifndef REPORT_H
#define REPORT_H

#include "burin.h"

#include <jansson.h>

/* JSON values for what jansson refuses: null for NULL and numbers that are
 * not finite, '?' for bytes of a path that is not UTF-8.  */
json_t *report_string(const char *s);
json_t *report_real(double v);
json_t *report_shape(int rank, const int64_t *dims);

json_t *report_layer(const burin_layer_info *l);
json_t *report_compile(const burin_stats *st);

/* Print to stdout and free.  CLI_OK, CLI_IO without memory.  */
int report_json(json_t *j);

/* "1x128", "scalar".  */
const char *report_dims(int rank, const int64_t *dims, char buf[256]);
/* One line: how many kernels, where they came from.  */
void report_compile_line(const burin_stats *st);

#endif
