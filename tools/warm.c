/* SPDX-License-Identifier: Apache-2.0
 *
 * burin warm: compile the kernels of each model for each instruction set into
 * the cache, and with --export copy them out.
 */
#include "tools/cli.h"
#include "tools/load.h"
#include "tools/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct warm {
	struct cli *cli;
	const char *isas;       /* separated by commas */
	const char *export;     /* --export or NULL */
	json_t *list;
	size_t nkey;
	char **key;
};

static void
add_key(struct warm *w, const char *key)
{
	w->key = cli_grow(w->key, w->nkey + 1, sizeof *w->key);
	w->key[w->nkey] = cli_alloc(strlen(key) + 1, 1);
	strcpy(w->key[w->nkey++], key);
}

/* Add the keys of the kernels and of the tuning records of m.  */
static void
add_keys(struct warm *w, const burin_model *m)
{
	const char *key;

	for (size_t i = 0; i < burin_model_num_layers(m); i++)
		add_key(w, burin_model_layer(m, i)->key);
	for (size_t i = 0; (key = burin_model_tuning(m, i)); i++)
		add_key(w, key);
}

/* Compile the kernels of one model and report; CLI_IO if one failed.  */
static int
warm(struct warm *w, const char *path)
{
	burin_model *m;
	burin_stats st;
	int code;

	if ((code = load_model(w->cli, path, &m)) != CLI_GO)
		return code;
	burin_model_stats(m, &st, sizeof st);
	add_keys(w, m);
	if (w->cli->json) {
		json_array_append_new(w->list, json_pack("{s:o, s:s, s:o}",
		    "model", report_string(path),
		    "isa", burin_model_isa(m),
		    "compile", report_compile(&st)));
	} else {
		printf("%s: ", path);
		if (w->isas)
			printf("%s: ", burin_model_isa(m));
		report_compile_line(&st);
	}
	burin_model_free(m);
	return st.failed ? CLI_IO : CLI_OK;
}

static int
warm_all(struct warm *w)
{
	int code, worst = CLI_OK;

	for (int i = 0; i < w->cli->argc; i++)
		if ((code = warm(w, w->cli->argv[i])) > worst)
			worst = code;
	return worst;
}

static int
each_isa(struct warm *w)
{
	char *list = cli_alloc(strlen(w->isas) + 1, 1), *save, *isa;
	int code = CLI_OK, worst = CLI_OK;
	burin_error err;

	strcpy(list, w->isas);
	for (isa = strtok_r(list, ",", &save); isa && code != CLI_USAGE;
	    isa = strtok_r(NULL, ",", &save)) {
		if (burin_options_set(w->cli->options, "isa", isa, &err) < 0)
			code = cli_status(&err);
		else
			code = warm_all(w);
		worst = code > worst ? code : worst;
	}
	free(list);
	return worst;
}

static int
set_tune(struct cli *c, const struct cli_option *o, const char *arg)
{
	burin_error err;

	(void)o, (void)arg;
	if (burin_options_set(c->options, "tune", "1", &err) < 0)
		return cli_status(&err);
	return CLI_GO;
}

static int
export(const struct warm *w)
{
	burin_error err;

	if (burin_cache_export(w->cli->options,
	    (const char *const *)w->key, w->nkey, w->export, &err) < 0)
		return cli_status(&err);
	return CLI_OK;
}

static int
run(struct warm *w)
{
	int code = w->isas ? each_isa(w) : warm_all(w);

	if (code == CLI_OK && w->export)
		code = export(w);
	return code;
}

int
verb_warm(struct cli *c)
{
	struct warm w = { .cli = c };
	const struct cli_option own[] = {
		{ .name = "jobs", .arg = "N", .set = cli_set_key,
		  .help = "compiling processes, default one a core" },
		{ .name = "isa", .arg = "ISA,...", .set = cli_set_text,
		  .to = &w.isas, .help = "for these, even if they do not run "
		  "here" },
		{ .name = "tune", .set = set_tune,
		  .help = "time the best few candidates of each layer" },
		{ .name = "export", .arg = "OUT", .set = cli_set_text,
		  .to = &w.export, .help = "copy the kernels to OUT.tar.zst or "
		  "a directory" },
		{ .name = NULL },
	};
	int code, shown;

	burin_options_set(c->options, "warm", "1", NULL);
	burin_options_set(c->options, "retry", "1", NULL);
	if ((code = cli_parse(c, own)) != CLI_GO)
		return code;
	w.list = json_array();
	code = run(&w);
	if (!c->json)
		json_decref(w.list);
	else if ((shown = report_json(json_pack("{s:o}", "models", w.list))))
		code = shown;
	for (size_t i = 0; i < w.nkey; i++)
		free(w.key[i]);
	free(w.key);
	return code;
}
