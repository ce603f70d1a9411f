/* SPDX-License-Identifier: Apache-2.0
 *
 * Tests of passes as files.
 */
#include "tests/support/pass_file.h"

#include <errno.h>
#include <string.h>

#include "ir/graph/read.h"

static char *
read_text(const char *path)
{
	FILE *f = fopen(path, "r");
	enum { MOST = 1 << 20 };
	char *text = malloc(MOST);
	size_t n;

	ck_assert_msg(f && text, "%s: %s", path, strerror(errno));
	n = fread(text, 1, MOST - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

const struct brn_pass_info *
pass_file_pass(const char *name)
{
	for (int i = 0; i < brn_npasses; i++)
		if (!strcmp(brn_passes[i].name, name))
			return &brn_passes[i];
	ck_abort_msg("no pass %s", name);
	return NULL;
}

struct brn_estimate
pass_file_estimate(const struct brn_layer_shape *l, const void *ctx)
{
	(void)ctx;
	return (struct brn_estimate){ (double)l->nblk * (l->bh * l->bw + 16),
	    BRN_NO_KERNEL, NULL, 0 };
}

/* "pass NAME OPTION..."  */
static void
read_head(struct pass_file *f)
{
	char line[256], *save, *word;

	ck_assert_msg(!strncmp(f->text, "pass ", 5), "%s: wanted 'pass'",
	    f->path);
	snprintf(line, sizeof line, "%.*s",
	    (int)strcspn(f->text + 5, "\n"), f->text + 5);
	word = strtok_r(line, " ", &save);
	f->pass = strcmp(word, "all") ? pass_file_pass(word) : NULL;
	f->opts = (struct brn_pass_opts){ .sparse = 1, .verify = 1 };
	while ((word = strtok_r(NULL, " ", &save))) {
		if (!strcmp(word, "rows=on"))
			f->opts.rows = 1;
		else if (!strcmp(word, "sparse=off"))
			f->opts.sparse = 0;
		else if (!strcmp(word, "quantize=file"))
			f->opts.quantize = BRN_QUANTIZE_FILE;
		else if (!strcmp(word, "quantize=all"))
			f->opts.quantize = BRN_QUANTIZE_ALL;
		else if (!strcmp(word, "fp32_layers=b"))
			f->opts.fp32_layers = "b";
		else if (!strcmp(word, "narrow=file"))
			f->opts.narrow = BRN_QUANTIZE_FILE;
		else if (!strcmp(word, "narrow=all"))
			f->opts.narrow = BRN_QUANTIZE_ALL;
		else if (!strcmp(word, "cost=blocks"))
			f->opts.estimate = pass_file_estimate;
		else
			ck_abort_msg("%s: unknown option %s", f->path, word);
	}
}

/* Where the line MARK ends.  */
static size_t
find(const struct pass_file *f, const char *mark)
{
	const char *at = strstr(f->text, mark);

	ck_assert_msg(at, "%s: no line '%.*s'", f->path,
	    (int)strcspn(mark, "\n"), mark);
	return (size_t)(at - f->text) + strlen(mark);
}

void
pass_file_read(struct pass_file *f, const char *name)
{
	static const char after[] = "---- after\n";
	burin_error err;
	size_t from;

	memset(f, 0, sizeof *f);
	snprintf(f->path, sizeof f->path, "%s/tests/passes/%s",
	    suite_srcdir(), name);
	f->text = read_text(f->path);
	read_head(f);
	from = find(f, "---- before\n");
	f->head = find(f, after);
	suite_ok(brn_graph_read(f->text + from, f->head - from - strlen(after),
	    NULL, f->path, 1, &f->graph, &err), err);
}

void
pass_file_free(struct pass_file *f)
{
	brn_graph_free(f->graph);
	free(f->text);
}

int
pass_file_run(struct pass_file *f)
{
	burin_error err;
	int changed = 1;

	if (f->pass)
		suite_ok(brn_pass_run(f->pass, f->graph, &f->opts, &changed,
		    &err), err);
	else
		suite_ok(brn_passes_run(f->graph, &f->opts, &err), err);
	return changed;
}

void
pass_file_told(struct brn_buf *b, const struct brn_graph *g)
{
	for (int i = 0; i < g->nnode; i++) {
		const struct brn_node *n = g->node[i];
		const struct brn_choice *choice = brn_report_choice(g, n);
		const char *why = brn_report_why_unfused(g, n);

		if (choice)
			brn_buf_printf(b, "%s: %s\n", n->name, choice->why);
		if (why)
			brn_buf_printf(b, "%s: %s\n", n->name, why);
	}
}

struct brn_graph *
pass_file_graph(const char *name)
{
	struct pass_file f;

	pass_file_read(&f, name);
	free(f.text);
	return f.graph;
}
