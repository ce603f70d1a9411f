/* SPDX-License-Identifier: Apache-2.0
 *
 * The error of a refused model has no space for all unsupported operators, so
 * the file is loaded once more for inspection, to list them.
 */
#include "tools/load.h"

#include <stdio.h>
#include <unistd.h>

static void
show_progress(void *ctx, int done, int total)
{
	(void)ctx;
	if (done < total)
		fprintf(stderr, "\rburin: compiling kernels: %d of %d", done,
		    total);
	else
		fputs("\r\033[K", stderr);
	fflush(stderr);
}

static void
list_unsupported(const char *path, const burin_error *refused)
{
	burin_options *o = burin_options_new();
	burin_model *m;

	if (!o || burin_options_set(o, "unsupported", "keep", NULL) < 0 ||
	    burin_options_set(o, "jit", "off", NULL) < 0 ||
	    burin_model_load(path, o, &m, NULL) < 0) {
		cli_status(refused);
		burin_options_free(o);
		return;
	}
	if (burin_model_num_unsupported(m) == 0)
		cli_status(refused);    /* refused for another reason */
	for (size_t i = 0; i < burin_model_num_unsupported(m); i++)
		cli_fail(CLI_UNSUPPORTED, "%s: unsupported: %s", path,
		    burin_model_unsupported(m, i));
	burin_model_free(m);
	burin_options_free(o);
}

static void
report_failed(const char *path, const burin_stats *st)
{
	if (st->failed)
		cli_fail(CLI_GO, "%s: %d of %d kernels are not compiled, "
		    "slower ones run instead: %s", path, st->failed,
		    st->kernels, st->note);
	else if (*st->note)
		cli_fail(CLI_GO, "%s: %s", path, st->note);
}

int
load_model(struct cli *c, const char *path, burin_model **out)
{
	burin_error err;
	burin_stats st;

	if (isatty(STDERR_FILENO))
		burin_options_set_progress(c->options, show_progress, NULL);
	if (burin_model_load(path, c->options, out, &err) < 0) {
		if (err.code != BURIN_EUNSUPPORTED)
			return cli_status(&err);
		list_unsupported(path, &err);
		return CLI_UNSUPPORTED;
	}
	burin_model_stats(*out, &st, sizeof st);
	report_failed(path, &st);
	return CLI_GO;
}
