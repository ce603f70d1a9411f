/* SPDX-License-Identifier: Apache-2.0
 *
 * A line is "burin[pid] ms: event", with milliseconds of the monotonic clock.
 */
#include "jit/get/trace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int on;

static void
ask(void)
{
	const char *v = secure_getenv("BURIN_TRACE");

	on = v && v[0] && strcmp(v, "0") != 0;
}

int
brn_trace_on(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, ask);
	return on;
}

void
brn_trace(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n, m;

	if (!brn_trace_on())
		return;
	n = snprintf(line, sizeof line, "burin[%ld] %.3f: ", (long)getpid(),
	    brn_now_ms());
	va_start(ap, fmt);
	m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);
	va_end(ap);
	n += m < 0 ? 0 : m;
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	line[n++] = '\n';
	(void)!write(2, line, (size_t)n);
}
