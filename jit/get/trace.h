/* SPDX-License-Identifier: Apache-2.0
 *
 * With BURIN_TRACE=1 (secure_getenv) the library writes a line for each event
 * to stderr; else it writes nothing.
 */
#ifndef BRN_TRACE_H
#define BRN_TRACE_H

#include "ir/base.h"

int brn_trace_on(void);
/* A line, in one write, so that lines of threads do not mix.  */
void brn_trace(const char *fmt, ...) BRN_PRINTF(1, 2);

#endif
