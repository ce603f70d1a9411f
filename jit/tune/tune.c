/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of tuning: entries of the cache like others, whose payload is text:
 *
 *	16x1 t1_tile 4230117
 *	dense t1_full 80514000
 *	end
 *
 * that is block, fastest kernel, picoseconds a tile.  Records are not trusted:
 * a line is ignored unless it names a candidate and a kernel.
 */
#include "jit/tune/tune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jit/compiler.h"
#include "jit/generator.h"
#include "jit/get/layers.h"
#include "jit/get/trace.h"
#include "jit/kernel/cost.h"
#include "jit/spec.h"

#define MAGIC "burin tuning 1\n"

enum { MAX_TEXT = 4096 };

struct record {
	struct brn_key key;
	char *text;             /* "": there is no record */
	int kept;               /* it is in a cache */
};

struct brn_tune {
	struct brn_jit_opts o;
	enum brn_isa isa;
	int measure, sealed;
	int opened;             /* layers are open */
	struct brn_cache_layers layers;
	int n;
	struct record *record;
};

int
brn_tune_new(const struct brn_jit_opts *o, enum brn_isa isa, int measure,
    struct brn_tune **out, burin_error *err)
{
	struct brn_tune *t = brn_alloc(1, sizeof *t);

	if (!t)
		return brn_nomem(err);
	t->o = *o;
	t->isa = isa;
	t->measure = measure && brn_isa_runs(isa) && *brn_compiler_id() &&
	    o->mode != BRN_JIT_off;
	*out = t;
	return BURIN_OK;
}

void
brn_tune_seal(struct brn_tune *t)
{
	brn_cache_layers_close(&t->layers);
	t->sealed = 1;
}

void
brn_tune_free(struct brn_tune *t)
{
	if (!t)
		return;
	brn_tune_seal(t);
	for (int i = 0; i < t->n; i++)
		free(t->record[i].text);
	free(t->record);
	free(t);
}

const struct brn_key *
brn_tune_key(const struct brn_tune *t, int i)
{
	for (int k = 0; k < t->n; k++)
		if (t->record[k].kept && i-- == 0)
			return &t->record[k].key;
	return NULL;
}

/* ---- text of a record ------------------------------------------------- */

static void
apply_line(const char *line, struct brn_candidate *c, int n)
{
	char block[20], kernel[20];
	long long ps;
	int k;

	if (sscanf(line, "%19s %19s %lld", block, kernel, &ps) != 3 ||
	    ps <= 0 || (k = brn_kernel_parse(kernel)) < 0 ||
	    brn_kernels[k].tier == 0)
		return;
	for (int i = 0; i < n; i++) {
		char name[30];

		snprintf(name, sizeof name, "%dx%d", c[i].bh, c[i].bw);
		if (strcmp(c[i].dense ? "dense" : name, block) != 0)
			continue;
		c[i].kernel = k;
		c[i].measured = (double)ps / 1e3;
	}
}

static void
apply_record(const char *text, struct brn_candidate *c, int n)
{
	for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
		char line[80];

		snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
		apply_line(line, c, n);
	}
}

static void
write_record(const struct brn_candidate *c, int n, struct brn_buf *out)
{
	for (int i = 0; i < n; i++) {
		char name[30];

		if (c[i].measured <= 0)
			continue;
		snprintf(name, sizeof name, "%dx%d", c[i].bh, c[i].bw);
		brn_buf_printf(out, "%s %s %lld\n", c[i].dense ? "dense" :
		    name, brn_kernels[c[i].kernel].name,
		    (long long)(c[i].measured * 1e3) + 1);
	}
	brn_buf_printf(out, "end\n");
}

/* ---- records in the cache --------------------------------------------- */

static void
describe_record(const struct brn_tune *t, const struct brn_matrix *w,
    uint64_t mask, struct brn_buf *out)
{
	brn_buf_printf(out, MAGIC "tuning: %lld x %lld, %s\n"
	    "generator: %s\ncompiler: %s\nprocessor: %s\ntokens: %d\n"
	    "mask: %016llx\n", (long long)w->rows, (long long)w->cols,
	    brn_isas[t->isa].name, BRN_GENERATOR, brn_compiler_id(),
	    brn_cpu_name(), BRN_COST_TOKENS, (unsigned long long)mask);
}

int
brn_tune_describe(const void *desc, size_t n, int all, struct brn_buf *out)
{
	size_t magic = strlen(MAGIC);
	const char *p = (const char *)desc + magic, *end;

	if (n <= magic || memcmp(desc, MAGIC, magic) != 0)
		return 0;
	n -= magic;
	end = all ? NULL : memchr(p, '\n', n);
	brn_buf_printf(out, "%.*s", (int)(end ? end - p : (ptrdiff_t)n), p);
	return 1;
}

static void
ignore(void *ctx, const char *why)
{
	(void)ctx, (void)why;
}

/* Read a record, which counts only with its last line.  */
static int
read_record(struct brn_store *s, const struct brn_key *k,
    const struct brn_buf *desc, char text[MAX_TEXT])
{
	const char *why;
	ssize_t n;
	char *end;
	int fd;

	text[0] = '\0';
	if (brn_store_get(s, k, desc->p, desc->n, &fd, &why))
		return 0;
	n = pread(fd, text, MAX_TEXT - 1, 0);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	end = strstr(text, "\nend\n");
	if (!end)
		return 0;
	end[1] = '\0';
	return 1;
}

static void
find_record(struct brn_tune *t, const struct brn_key *k,
    const struct brn_buf *desc, char text[MAX_TEXT])
{
	if (!t->opened)
		brn_cache_layers_open(&t->layers, t->o.cache_dir,
		    t->o.cache_ro, ignore, NULL);
	t->opened = 1;
	for (int i = 0; i < t->layers.n; i++)
		if (read_record(t->layers.store[i], k, desc, text))
			return;
	text[0] = '\0';
}

/* Store a record.  0: the cache does not take it, and only this process has
 * it.  */
static int
publish_record(struct brn_tune *t, const struct brn_key *k,
    const struct brn_buf *desc, const struct brn_buf *text)
{
	struct brn_store *s = t->layers.rw;
	struct brn_temp tmp;
	burin_error err;

	if (!s || brn_store_temp(s, k, &tmp, &err) < 0)
		return 0;
	if (brn_store_temp_write(&tmp, text->p, text->n) < 0)
		brn_store_temp_remove(&tmp);
	else if (brn_store_publish(s, k, &tmp, desc->p, desc->n, &err) < 0)
		brn_trace("tune: %s", err.msg);
	else
		return 1;
	return 0;
}

static int
add_record(struct brn_tune *t, const struct brn_key *k, const char *text,
    int kept)
{
	struct record *r = brn_realloc(t->record, (size_t)t->n + 1,
	    sizeof *r);

	if (!r)
		return -1;
	t->record = r;
	r[t->n].key = *k;
	r[t->n].kept = kept;
	r[t->n].text = strdup(text);
	if (!r[t->n].text)
		return -1;
	t->n++;
	return 0;
}

static const char *
known_record(const struct brn_tune *t, const struct brn_key *k)
{
	for (int i = 0; i < t->n; i++)
		if (brn_key_equal(&t->record[i].key, k))
			return t->record[i].text;
	return t->sealed ? "" : NULL;
}

static int
is_tunable(const struct brn_tune *t, const struct brn_candidate *c, int n)
{
	for (int i = 0; i < n; i++)
		if (c[i].bh * c[i].bw == 1 && !c[i].dense)
			return t->measure && c[i].density > 0 &&
			    c[i].density < 1;
	return 0;
}

static int
apply_or_measure(struct brn_tune *t, const struct brn_matrix *w,
    const struct brn_buf *desc, struct brn_candidate *c, int n,
    burin_error *err)
{
	struct brn_key k = brn_key_of(desc->p, desc->n);
	const char *known = known_record(t, &k);
	struct brn_buf made = { 0 };
	char text[MAX_TEXT];
	int rc = 0;

	if (known) {
		apply_record(known, c, n);
		return 0;
	}
	find_record(t, &k, desc, text);
	if (text[0] || !is_tunable(t, c, n)) {
		apply_record(text, c, n);
		return add_record(t, &k, text, text[0] != '\0') < 0 ?
		    brn_nomem(err) : 0;
	}
	if ((rc = brn_tune_measure(&t->o, t->isa, w, c, n, err)) < 0)
		return rc;
	write_record(c, n, &made);
	if (made.fail || add_record(t, &k, (const char *)made.p,
	    publish_record(t, &k, desc, &made)) < 0)
		rc = brn_nomem(err);
	brn_buf_free(&made);
	return rc;
}

int
brn_tune_look_up(struct brn_tune *t, const struct brn_matrix *w,
    uint64_t mask, struct brn_candidate *c, int n, burin_error *err)
{
	struct brn_buf desc = { 0 };
	int rc;

	describe_record(t, w, mask, &desc);
	rc = desc.fail ? brn_nomem(err) :
	    apply_or_measure(t, w, &desc, c, n, err);
	brn_buf_free(&desc);
	return rc;
}
