/* SPDX-License-Identifier: Apache-2.0
 *
 * burin warm: load each model once, so that the cache has its kernels.
 */
#include "tools/cli.h"
#include "tools/load.h"
#include "tools/report.h"

#include <stdio.h>

/* Compile for one model and report; a kernel that failed is an error here.  */
static int
warm(struct cli *c, const char *path, json_t *list)
{
	burin_model *m;
	burin_stats st;
	int code;

	if ((code = load_model(c, path, &m)) != CLI_GO)
		return code;
	burin_model_stats(m, &st);
	burin_model_free(m);
	if (c->json) {
		json_array_append_new(list, json_pack("{s:o, s:o}",
		    "model", report_string(path),
		    "compile", report_compile(&st)));
	} else {
		printf("%s: ", path);
		report_compile_line(&st);
	}
	return st.failed ? CLI_IO : CLI_OK;
}

int
verb_warm(struct cli *c)
{
	const struct cli_option own[] = {
		{ .name = "jobs", .arg = "N", .set = cli_set_key,
		  .help = "compiling processes, default one a core" },
		{ .name = NULL },
	};
	json_t *list;
	int code, worst = CLI_OK;

	burin_options_set(c->options, "warm", "1", NULL);
	burin_options_set(c->options, "retry", "1", NULL);
	if ((code = cli_parse(c, own)) != CLI_GO)
		return code;
	list = json_array();
	for (int i = 0; i < c->argc; i++)
		if ((code = warm(c, c->argv[i], list)) > worst)
			worst = code;
	if (!c->json)
		json_decref(list);
	else if ((code = report_json(json_pack("{s:o}", "models", list))))
		return code;
	return worst;
}
