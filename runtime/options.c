/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of option keys; values from calls and from the environment.
 */
#include "runtime/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/base.h"
#include "ir/graph/budget.h"
#include "jit/get/jit.h"

enum kind { WORDS, COUNT, BYTES, STRING, ISA };

/* The words a key takes, separated by |; the value is the position, from 0.
 * The words of isa are those of jit/target.h.  */
static const struct key {
	const char *name;
	size_t at;
	enum kind kind;
	const char *words;
} keys[] = {
#define AT(field) offsetof(struct burin_options, field)
	{ "sparse",           AT(sparse), WORDS, "off|auto" },
	{ "jit",              AT(jit), WORDS, "off|worker|inprocess" },
	{ "compile",          AT(compile), WORDS, "off|sync|async" },
	{ "jobs",             AT(jobs), COUNT },
	{ "retry",            AT(retry), WORDS, "0|1" },
	{ "warm",             AT(warm), WORDS, "0|1" },
	{ "tune",             AT(tune), WORDS, "0|1" },
	{ "cache_dir",        AT(cache_dir), STRING },
	{ "cache_ro",         AT(cache_ro), STRING },
	{ "cache_remote",     AT(cache_remote), STRING },
	{ "cache_remote_key", AT(cache_remote_key), STRING },
	{ "cache_max_bytes",  AT(cache_max_bytes), BYTES },
	{ "cache_max_files",  AT(cache_max_files), BYTES },
	{ "max_kernels",      AT(max_kernels), BYTES },
	{ "max_memory",       AT(max_memory), BYTES },
	{ "max_load_ms",      AT(max_load_ms), BYTES },
	{ "max_load_work",    AT(max_load_work), BYTES },
	{ "isa",              AT(isa), ISA },
	{ "precision",        AT(precision), WORDS, "auto|fp32|bf16|int8" },
	{ "fp32_layers",      AT(fp32_layers), STRING },
	{ "threads",          AT(threads), COUNT },
	{ "sessions",         AT(sessions), COUNT },
	{ "pin",              AT(pin), WORDS, "0|1" },
	{ "loop_steps",       AT(loop_steps), BYTES },
	{ "loop_bytes",       AT(loop_bytes), BYTES },
	{ "unsupported",      AT(keep), WORDS, "refuse|keep" },
	{ "verify",           AT(verify), WORDS, "0|1" },
	{ "dump",             AT(dump), STRING },
#undef AT
};

/* The position of value among words, or -1.  */
static int
word_index(const char *words, const char *value)
{
	size_t n = strlen(value);

	for (int i = 0; words; i++) {
		const char *end = strchr(words, '|');
		size_t len = end ? (size_t)(end - words) : strlen(words);

		if (n == len && !memcmp(words, value, n))
			return i;
		words = end ? end + 1 : NULL;
	}
	return -1;
}

static int
set_string(char **field, const char *value, burin_error *err)
{
	char *copy = brn_alloc(strlen(value) + 1, 1);

	if (!copy)
		return brn_nomem(err);
	strcpy(copy, value);
	free(*field);
	*field = copy;
	return 0;
}

static int
set_isa(int *field, const char *value, burin_error *err)
{
	int isa = brn_isa_parse(value);

	if (isa < 0)
		return brn_fail(err, BURIN_EINVAL, "isa: '%s' is not known, "
		    "wanted auto, avx512, avx2, sse2 or generic", value);
	*field = isa;
	return 0;
}

static int
set_number(int *field, const char *key, const char *value, burin_error *err)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(value, &end, 10);
	if (!isdigit((unsigned char)*value) || *end || errno || v > 4096)
		return brn_fail(err, BURIN_EINVAL,
		    "%s: '%s' is no number from 0 to 4096", key, value);
	*field = (int)v;
	return 0;
}

/* A number with an optional unit: K, M, G are powers of 1024.  */
static int
set_bytes(int64_t *field, const char *key, const char *value,
    burin_error *err)
{
	static const char units[] = "KMG";
	const char *unit;
	int shift = 0;
	long long v;
	char *end;

	errno = 0;
	v = strtoll(value, &end, 10);
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		shift = 10 * (int)(unit - units + 1);
		end++;
	}
	if (!isdigit((unsigned char)*value) || *end || errno ||
	    v > INT64_MAX >> shift)
		return brn_fail(err, BURIN_EINVAL, "%s: '%s' is no number "
		    "with or without K, M or G", key, value);
	*field = v << shift;
	return 0;
}

static int
set_word(int *field, const struct key *k, const char *value, burin_error *err)
{
	int word = word_index(k->words, value);

	if (word < 0)
		return brn_fail(err, BURIN_EINVAL,
		    "%s: '%s' is not one of %s", k->name, value, k->words);
	*field = word;
	return 0;
}

static int
set(struct burin_options *o, const char *name, const char *value,
    burin_error *err)
{
	for (int i = 0; i < BRN_COUNT(keys); i++) {
		const struct key *k = &keys[i];
		void *field = (char *)o + k->at;

		if (strcmp(k->name, name))
			continue;
		switch (k->kind) {
		case STRING:
			return set_string(field, value, err);
		case ISA:
			return set_isa(field, value, err);
		case COUNT:
			return set_number(field, name, value, err);
		case BYTES:
			return set_bytes(field, name, value, err);
		default:
			return set_word(field, k, value, err);
		}
	}
	return brn_fail(err, BURIN_EINVAL, "%s: no such option", name);
}

/* The name of the environment variable of a key: BURIN_<KEY>.  */
static const char *
from_environment(const char *key)
{
	char var[64] = "BURIN_";
	size_t n = strlen(var);

	for (; *key && n + 1 < sizeof var; key++)
		var[n++] = (char)toupper((unsigned char)*key);
	var[n] = '\0';
	return secure_getenv(var);
}

void
brn_options_init(struct burin_options *o)
{
	*o = (struct burin_options){
		.sparse = 1,
		.jit = BRN_JIT_worker,
		.compile = BRN_COMPILE_sync,
		.cache_max_bytes = INT64_C(1) << 30,
		.cache_max_files = 16384,
		.max_kernels = 4096,
		.max_load_work = BRN_LOAD_WORK,
		.isa = brn_isa_detect(),
		.threads = 1,
		.loop_steps = INT64_C(1) << 26,
		.loop_bytes = INT64_C(1) << 32,
	};
	for (int i = 0; i < BRN_COUNT(keys) && !o->bad.code; i++) {
		const char *value = from_environment(keys[i].name);

		if (value && *value)
			set(o, keys[i].name, value, &o->bad);
	}
}

void
brn_options_clear(struct burin_options *o)
{
	for (int i = 0; i < BRN_COUNT(keys); i++)
		if (keys[i].kind == STRING)
			free(*(char **)((char *)o + keys[i].at));
	*o = (struct burin_options){ 0 };
}

static int64_t
limit(int64_t n)
{
	return n ? n : -1;
}

struct brn_limits
brn_options_limits(const struct burin_options *o)
{
	return (struct brn_limits){ limit(o->cache_max_bytes),
	    limit(o->cache_max_files) };
}

int
brn_options_use(const burin_options **o, struct burin_options *own,
    burin_error *err)
{
	*own = (struct burin_options){ 0 };
	if (!*o) {
		brn_options_init(own);
		*o = own;
	}
	if ((*o)->bad.code) {
		*err = (*o)->bad;
		return err->code;
	}
	if (!brn_isa_runs((*o)->isa) && !(*o)->warm)
		return brn_fail(err, BURIN_EINVAL,
		    "isa: this machine cannot run %s",
		    brn_isas[(*o)->isa].name);
	return 0;
}

burin_options *
burin_options_new(void)
{
	burin_options *o = brn_alloc(1, sizeof *o);

	if (o)
		brn_options_init(o);
	return o;
}

void
burin_options_free(burin_options *o)
{
	if (!o)
		return;
	brn_options_clear(o);
	free(o);
}

int
burin_options_set(burin_options *o, const char *key, const char *value,
    burin_error *err)
{
	burin_error own;

	err = err ? err : &own;
	if (!o || !key || !value)
		return brn_fail(err, BURIN_EINVAL,
		    "burin_options_set: argument is NULL");
	return set(o, key, value, err);
}

void
burin_options_set_progress(burin_options *o, burin_progress_fn *fn, void *ctx)
{
	o->progress = fn;
	o->progress_ctx = ctx;
}
