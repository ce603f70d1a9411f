/* SPDX-License-Identifier: Apache-2.0
 *
 * BURIN_TRACE=1 (secure_getenv): a line an event on descriptor 2.  Without it
 * the library is mute.
 */
#ifndef BRN_TRACE_H
#define BRN_TRACE_H

#include "ir/base.h"

int brn_trace_on(void);
/* One line, written at once, so that those of threads do not mix.  */
void brn_trace(const char *fmt, ...) BRN_PRINTF(1, 2);

#endif
