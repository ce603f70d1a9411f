/* SPDX-License-Identifier: Apache-2.0
 *
 * jansson accepts only UTF-8 and finite numbers; paths and results may be
 * neither.
 */
#include "tools/report.h"

#include "tools/cli.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION 9

json_t *
report_string(const char *s)
{
	json_t *j;
	char *clean;

	if (!s)
		return json_null();
	j = json_string(s);
	if (j)
		return j;
	clean = strdup(s);
	if (!clean)
		return NULL;
	for (unsigned char *p = (unsigned char *)clean; *p; p++)
		if (*p >= 0x80)
			*p = '?';
	j = json_string(clean);
	free(clean);
	return j;
}

json_t *
report_real(double v)
{
	return isfinite(v) ? json_real(v) : json_null();
}

json_t *
report_shape(int rank, const int64_t *dims)
{
	json_t *j = json_array();

	for (int i = 0; i < rank; i++)
		json_array_append_new(j, json_integer(dims[i]));
	return j;
}

json_t *
report_layer(const burin_layer_info *l)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:[i,i], s:o, s:o, s:o, s:o, "
	    "s:o}",
	    "name", report_string(l->name), "op", report_string(l->op),
	    "rows", (json_int_t)l->rows, "cols", (json_int_t)l->cols,
	    "block", l->bh, l->bw, "density", report_real(l->density),
	    "nonzero_fraction", report_real(l->nonzero_fraction),
	    "decision", report_string(l->decision),
	    "why", report_string(l->why),
	    "precision", report_string(l->precision));
}

/* Sums over kernels, which exceed the wall time if several are compiled in
 * parallel.  */
static json_t *
report_phases(const burin_stats *st)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}",
	    "wait", report_real(st->wait_ms),
	    "emit", report_real(st->emit_ms),
	    "gcc", report_real(st->compile_ms - st->emit_ms -
	    st->assemble_ms),
	    "assemble", report_real(st->assemble_ms),
	    "publish", report_real(st->publish_ms),
	    "load", report_real(st->load_us * 1e-3));
}

json_t *
report_compile(const burin_stats *st)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:o, s:o, s:o}",
	    "kernels", st->kernels, "compiled", st->compiled,
	    "disk_hits", st->disk_hits, "memory_hits", st->memory_hits,
	    "failed", st->failed, "unsandboxed", st->unsandboxed,
	    "ms", report_real(st->ms),
	    "phases_ms", report_phases(st),
	    "note", report_string(*st->note ? st->note : NULL));
}

int
report_json(json_t *j)
{
	if (!j)
		return cli_fail(CLI_IO, "%s", strerror(ENOMEM));
	json_dumpf(j, stdout, JSON_INDENT(2) |
	    JSON_REAL_PRECISION(PRECISION));
	putchar('\n');
	json_decref(j);
	return CLI_OK;
}

const char *
report_dims(int rank, const int64_t *dims, char buf[256])
{
	int n = 0;

	if (rank == 0)
		return "scalar";
	for (int i = 0; i < rank; i++)
		n += snprintf(buf + n, 256 - (size_t)n, "%s%lld", i ? "x" : "",
		    (long long)dims[i]);
	return buf;
}

void
report_compile_line(const burin_stats *st)
{
	printf("%d kernels: %d compiled, %d from disk, %d from memory, "
	    "%d failed; %.1f ms\n", st->kernels, st->compiled, st->disk_hits,
	    st->memory_hits, st->failed, st->ms);
}
