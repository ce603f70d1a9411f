/* SPDX-License-Identifier: Apache-2.0
 *
 * Claims, caches, statistics.  compile_missing.c has the part that compiles.
 */
#include "jit/get/batch.h"

#include "cache/path.h"
#include "jit/builtin/t0.h"
#include "jit/get/fork.h"
#include "jit/get/load.h"
#include "jit/get/trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- counting --------------------------------------------------------- */

void
brn_batch_count(struct brn_batch *b, enum brn_counter c, int n)
{
	pthread_mutex_lock(&b->lock);
	*(int *)((char *)&b->st + c) += n;
	pthread_mutex_unlock(&b->lock);
}

static void
add_reject(burin_stats *st, const char *why, int n)
{
	for (int i = 0; i < BURIN_MAX_REJECTS; i++) {
		struct burin_reject *r = &st->rejects[i];

		if (r->why && strcmp(r->why, why) != 0)
			continue;
		r->why = why;
		r->count += n;
		return;
	}
}

void
brn_batch_reject(struct brn_batch *b, const char *why)
{
	pthread_mutex_lock(&b->lock);
	add_reject(&b->st, why, 1);
	pthread_mutex_unlock(&b->lock);
	brn_trace("reject: %s", why);
}

static void
add_note(burin_stats *st, const char *text)
{
	size_t n = strlen(st->note);

	snprintf(st->note + n, sizeof st->note - n, "%s%.*s", n ? "; " : "",
	    (int)sizeof st->note, text);
}

void
brn_batch_note(struct brn_batch *b, const char *text)
{
	pthread_mutex_lock(&b->lock);
	add_note(&b->st, text);
	pthread_mutex_unlock(&b->lock);
	brn_trace("note: %s", text);
}

/* Sum over all batches that have ended.  */
static pthread_mutex_t total_lock = PTHREAD_MUTEX_INITIALIZER;
static burin_stats total;

static void
watch_forks(void)
{
	brn_fork_guard(BRN_FORK_total, &total_lock, NULL);
}

static void
add_counters(burin_stats *to, const burin_stats *st)
{
	to->kernels += st->kernels;
	to->compiled += st->compiled;
	to->disk_hits += st->disk_hits;
	to->memory_hits += st->memory_hits;
	to->failed += st->failed;
	to->readonly_hits += st->readonly_hits;
	to->remote_hits += st->remote_hits;
	to->misses += st->misses;
	to->evicted += st->evicted;
	to->unsandboxed += st->unsandboxed;
	to->ms += st->ms;
	to->wait_ms += st->wait_ms;
	to->compile_ms += st->compile_ms;
	to->publish_ms += st->publish_ms;
	to->emit_ms += st->emit_ms;
	to->assemble_ms += st->assemble_ms;
	to->load_us += st->load_us;
}

void
brn_batch_report(struct brn_batch *b)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const burin_stats *st = &b->st;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&total_lock);
	add_counters(&total, st);
	if (!total.note[0])
		memcpy(total.note, st->note, sizeof total.note);
	for (int i = 0; i < BURIN_MAX_REJECTS && st->rejects[i].why; i++)
		add_reject(&total, st->rejects[i].why, st->rejects[i].count);
	pthread_mutex_unlock(&total_lock);
}

void
brn_batch_total(burin_stats *st)
{
	pthread_mutex_lock(&total_lock);
	*st = total;
	pthread_mutex_unlock(&total_lock);
}

/* ---- settle ----------------------------------------------------------- */

static void
set_code(const struct brn_spec *s, enum brn_kernel_id kernel, enum brn_isa isa,
    brn_kernel_fn *fn, struct brn_code *out)
{
	out->fn = fn;
	snprintf(out->name, sizeof out->name, "%s.%dx%d.%s%s%s",
	    brn_kernels[kernel].name, s->bh, s->bw, brn_isas[isa].name,
	    s->elem ? "." : "", s->elem ? brn_elems[s->elem].name : "");
}

static void
set_tier_0(const struct brn_spec *s, struct brn_code *out)
{
	enum brn_isa isa = brn_isa_runs(s->isa) ? s->isa : brn_isa_detect();

	set_code(s, BRN_KERNEL_t0, isa, brn_tier_0(s, isa), out);
}

static void
settle_item(struct brn_item *it, const struct brn_code *code, void *handle)
{
	brn_table_settle(it->slot, code, handle);
	it->open = 0;
}

/* The first failure becomes the note.  */
static void
count_failure(struct brn_batch *b, const char *why)
{
	pthread_mutex_lock(&b->lock);
	if (b->st.failed++ == 0)
		add_note(&b->st, why);
	pthread_mutex_unlock(&b->lock);
}

void
brn_batch_fail(struct brn_batch *b, struct brn_item *it, const char *why)
{
	count_failure(b, why);
	if (brn_trace_on()) {
		char hex[BRN_KEY_HEX];

		brn_key_hex(&it->key, hex);
		brn_trace("fail %s: %s", hex, why);
	}
	settle_item(it, NULL, NULL);
}

/* ---- claim ------------------------------------------------------------ */

int
brn_batch_init(struct brn_batch *b, const struct brn_jit_opts *o, int n,
    burin_error *err)
{
	memset(b, 0, sizeof *b);
	b->o = *o;
	if (brn_is_privileged()) {
		/* The caller would choose what runs with our rights.  */
		b->o.mode = BRN_JIT_off;
		b->o.remote = NULL;
	}
	b->n = n;
	b->stopfd = -1;
	pthread_mutex_init(&b->lock, NULL);
	b->item = brn_alloc((size_t)n + 1, sizeof *b->item);
	b->job = brn_alloc((size_t)n + 1, sizeof *b->job);
	b->item_of = brn_alloc((size_t)n + 1, sizeof *b->item_of);
	if (b->item && b->job && b->item_of)
		return BURIN_OK;
	brn_batch_clear(b);
	return brn_nomem(err);
}

void
brn_batch_clear(struct brn_batch *b)
{
	for (int i = 0; b->item && i < b->n; i++)
		brn_buf_free(&b->item[i].desc);
	brn_cache_layers_close(&b->layers);
	brn_remote_close(b->remote);
	if (b->stopfd >= 0)
		close(b->stopfd);
	pthread_mutex_destroy(&b->lock);
	free(b->item);
	free(b->job);
	free(b->item_of);
}

static int
is_first(const struct brn_batch *b, int i)
{
	for (int j = 0; j < i; j++)
		if (b->item[j].slot == b->item[i].slot)
			return 0;
	return 1;
}

/* Settle an item that needs no compiler, or that none would help.  */
static void
settle_uncompiled(struct brn_batch *b, struct brn_item *it)
{
	const struct brn_spec *s = &it->spec;
	struct brn_code t0;

	if (!s->compiler[0]) {
		brn_batch_fail(b, it, "libgccjit: not known here");
	} else if (brn_kernels[s->kernel].tier == 0) {
		set_tier_0(s, &t0);
		settle_item(it, &t0, NULL);
	} else if ((!brn_isa_runs(s->isa) ||
	    !brn_elem_runs(s->elem, s->isa)) && !b->o.warm) {
		brn_batch_fail(b, it, "isa: not of this machine");
	}
}

int
brn_batch_claim(struct brn_batch *b, int i, const struct brn_spec *spec,
    burin_error *err)
{
	struct brn_item *it = &b->item[i];
	struct brn_code t0;
	int rc;

	it->spec = *spec;
	brn_spec_encode(spec, &it->desc);
	if (it->desc.fail)
		return brn_nomem(err);
	it->key = brn_key_of(it->desc.p, it->desc.n);
	set_tier_0(spec, &t0);
	rc = brn_table_claim(&it->key, it->desc.p, it->desc.n, &t0,
	    &it->slot);
	if (rc < 0)
		return brn_nomem(err);
	it->claim = (enum brn_claim)rc;
	it->first = is_first(b, i);
	brn_batch_count(b, BRN_COUNT_kernels, it->first);
	it->open = it->claim == BRN_CLAIM_mine;
	if (it->open)
		settle_uncompiled(b, it);
	else if (it->claim == BRN_CLAIM_ready)
		brn_batch_count(b, BRN_COUNT_memory_hits, it->first);
	return BURIN_OK;
}

int
brn_batch_count_open(const struct brn_batch *b)
{
	int n = 0;

	for (int i = 0; i < b->n; i++)
		n += b->item[i].open;
	return n;
}

void
brn_batch_wait(struct brn_batch *b)
{
	for (int i = 0; i < b->n; i++) {
		struct brn_item *it = &b->item[i];

		if (!it->slot || it->claim != BRN_CLAIM_pending)
			continue;
		switch (brn_table_wait(it->slot, &b->stop)) {
		case BRN_CLAIM_mine:
			it->claim = BRN_CLAIM_mine;
			it->open = 1;
			break;
		case BRN_CLAIM_stopped:
			break;
		case BRN_CLAIM_failed:
			it->claim = BRN_CLAIM_failed;
			if (it->first)
				count_failure(b,
				    "kernel: another thread failed");
			break;
		default:
			it->claim = BRN_CLAIM_ready;
			brn_batch_count(b, BRN_COUNT_memory_hits, it->first);
			break;
		}
	}
}

void
brn_batch_abandon(struct brn_batch *b)
{
	for (int i = 0; i < b->n; i++)
		if (b->item[i].open) {
			brn_table_abandon(b->item[i].slot);
			b->item[i].open = 0;
		}
}

/* ---- disk ------------------------------------------------------------- */

static void
count_hit(struct brn_batch *b, const struct brn_store *s,
    const struct brn_item *it, double us)
{
	char hex[BRN_KEY_HEX];

	pthread_mutex_lock(&b->lock);
	b->st.load_us += us;
	pthread_mutex_unlock(&b->lock);
	if (!brn_trace_on())
		return;
	brn_key_hex(&it->key, hex);
	brn_trace("hit %s %s %.0f us", hex, brn_store_dir(s), us);
}

/* Settle it with the artifact in fd; with the option warm, as being there.  */
static int
load_fd(struct brn_batch *b, struct brn_item *it, int fd, burin_error *why)
{
	struct brn_code code;
	brn_kernel_fn *fn;
	void *handle;
	int rc;

	if (b->o.warm) {
		settle_item(it, NULL, NULL);
		return BURIN_OK;
	}
	rc = brn_load(fd, &handle, &fn, why);
	if (rc < 0)
		return rc;
	set_code(&it->spec, it->spec.kernel, it->spec.isa, fn, &code);
	settle_item(it, &code, handle);
	return BURIN_OK;
}

/* Settle it with the entry that s has for a key, which may be the key for
 * another compiler.  */
static int
load_from(struct brn_batch *b, struct brn_store *s, struct brn_item *it,
    const struct brn_key *key, const struct brn_buf *desc, burin_error *why)
{
	double start = brn_now_ms();
	const char *word;
	int fd, rc;

	why->msg[0] = 0;
	if (brn_store_get(s, key, desc->p, desc->n, &fd, &word)) {
		if (word) {
			brn_fail(why, BURIN_ECACHE, "%s: entry has: %s",
			    brn_store_dir(s), word);
			brn_batch_reject(b, word);
		}
		return 0;
	}
	rc = load_fd(b, it, fd, why);
	close(fd);
	if (rc < 0) {
		brn_batch_reject(b, "cannot be loaded");
		return 0;
	}
	count_hit(b, s, it, (brn_now_ms() - start) * 1e3);
	return 1;
}

int
brn_batch_load(struct brn_batch *b, struct brn_store *s, struct brn_item *it,
    burin_error *why)
{
	return load_from(b, s, it, &it->key, &it->desc, why);
}

static int
load_from_layers(struct brn_batch *b, struct brn_item *it,
    const struct brn_key *key, const struct brn_buf *desc)
{
	burin_error why;

	for (int i = 0; i < b->layers.n; i++) {
		struct brn_store *s = b->layers.store[i];

		if (!load_from(b, s, it, key, desc, &why))
			continue;
		brn_batch_count(b, BRN_COUNT_disk_hits, 1);
		brn_batch_count(b, BRN_COUNT_readonly_hits,
		    brn_store_is_readonly(s));
		return 1;
	}
	return 0;
}

/* Settle it with a kernel that another compiler made: this machine may have
 * none, or a newer one than the machine that filled the cache.  */
static int
load_other_compilers(struct brn_batch *b, struct brn_item *it)
{
	struct brn_spec other = it->spec;
	int found = 0;

	for (int i = 0; i < b->layers.nlabel && !found && !b->o.warm; i++) {
		struct brn_buf desc = { 0 };
		struct brn_key key;

		if (!strcmp(b->layers.label[i], it->spec.compiler))
			continue;
		strcpy(other.compiler, b->layers.label[i]);
		brn_spec_encode(&other, &desc);
		key = brn_key_of(desc.p, desc.n);
		found = !desc.fail && load_from_layers(b, it, &key, &desc);
		brn_buf_free(&desc);
	}
	return found;
}

static void
note_layer(void *ctx, const char *why)
{
	brn_batch_note(ctx, why);
}

/* ---- the remote cache ------------------------------------------------- */

static void
open_remote(struct brn_batch *b)
{
	const char *url = b->o.remote;
	burin_error err;

	b->o.remote = NULL;     /* once */
	if (url && *url && brn_remote_open(url, b->o.remote_key, &b->remote,
	    &err) < 0)
		brn_batch_note(b, err.msg);
}

/* Put the remote entry into the cache, which checks it like any other, and load
 * it from there.  */
static int
load_remote(struct brn_batch *b, struct brn_item *it)
{
	burin_error why;
	struct brn_key k;
	uint8_t *entry;
	size_t n;
	int rc;

	if (!b->remote || !b->layers.rw)
		return 0;
	rc = brn_remote_get(b->remote, &it->key, &entry, &n, &why);
	if (rc == 0) {
		rc = brn_store_put(b->layers.rw, entry, n, &k, &why);
		free(entry);
	}
	if (rc < 0) {
		brn_batch_reject(b, "remote");
		brn_trace("remote: %s", why.msg);
	}
	if (rc != 0 || !load_from(b, b->layers.rw, it, &it->key, &it->desc,
	    &why))
		return 0;
	brn_batch_count(b, BRN_COUNT_remote_hits, 1);
	return 1;
}

void
brn_batch_upload(struct brn_batch *b)
{
	burin_error err;
	uint8_t *entry;
	size_t n;

	for (int i = 0; b->remote && i < b->n && !b->stop; i++) {
		const struct brn_item *it = &b->item[i];

		if (!it->compiled || !b->layers.rw || brn_store_read(
		    b->layers.rw, &it->key, &entry, &n) != BURIN_OK)
			continue;
		if (brn_remote_put(b->remote, &it->key, entry, n, &err) < 0)
			brn_trace("remote: %s", err.msg);
		free(entry);
	}
}

void
brn_batch_search(struct brn_batch *b)
{
	int first = !b->opened;

	if (brn_batch_count_open(b) == 0)
		return;
	if (first)
		brn_cache_layers_open(&b->layers, b->o.cache_dir, b->o.cache_ro,
		    note_layer, b);
	b->opened = 1;
	for (int i = 0; i < b->n; i++) {
		struct brn_item *it = &b->item[i];

		if (!it->open)
			continue;
		if (load_from_layers(b, it, &it->key, &it->desc))
			continue;
		open_remote(b);
		if (!load_remote(b, it) &&
		    !(first && load_other_compilers(b, it)))
			brn_batch_count(b, BRN_COUNT_misses, 1);
	}
}
