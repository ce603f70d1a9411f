/* SPDX-License-Identifier: Apache-2.0
 *
 * ONNX Runtime keeps what a program gives a provider in the options of the
 * session, each key after "ep.", the provider's name in lower case, and ".".
 */
#include "hosts/ort/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char prefix[] = "ep.burinexecutionprovider.";

static struct OrtStatus *
set_claim(const struct ort_api *api, const char *value, struct settings *s)
{
	static const char *const modes[] = {
		[CLAIM_AUTO] = "auto", [CLAIM_ALL] = "all",
		[CLAIM_NONE] = "none",
	};
	char line[128];

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		if (!strcmp(value, modes[i])) {
			s->claim = (enum claim_mode)i;
			return NULL;
		}
	snprintf(line, sizeof line, "burin: option claim is '%.40s', wanted "
	    "auto, all or none", value);
	return api->CreateStatus(ORT_INVALID_ARGUMENT, line);
}

static struct OrtStatus *
set(const struct ort_api *api, const char *key, const char *value,
    struct settings *s)
{
	char line[128];

	if (!strcmp(key, "claim"))
		return set_claim(api, value, s);
	if (!strcmp(key, "warm") || !strcmp(key, "unsupported")) {
		snprintf(line, sizeof line, "burin: option %s has no use in "
		    "an execution provider", key);
		return api->CreateStatus(ORT_INVALID_ARGUMENT, line);
	}
	s->key[s->n] = strdup(key);
	s->value[s->n] = strdup(value);
	s->n++;
	return s->key[s->n - 1] && s->value[s->n - 1] ? NULL : ort_nomem(api);
}

/* What a program asks of EPContext models.  */
static struct OrtStatus *
set_context(const struct ort_api *api, const char *key, const char *value,
    struct settings *s)
{
	if (!strcmp(key, "ep.context_enable")) {
		s->context = !strcmp(value, "1");
	} else if (!strcmp(key, "ep.context_embed_mode")) {
		s->context_embed = !strcmp(value, "1");
	} else if (!strcmp(key, "ep.context_file_path")) {
		free(s->context_path);
		s->context_path = strdup(value);
		return s->context_path ? NULL : ort_nomem(api);
	}
	return NULL;
}

static struct OrtStatus *
read_pairs(const struct ort_api *api, const struct OrtKeyValuePairs *pairs,
    struct settings *s)
{
	const char *const *key, *const *value;
	const size_t skip = sizeof prefix - 1;
	size_t n = 0;

	api->GetKeyValuePairs(pairs, &key, &value, &n);
	s->key = calloc(n + 1, sizeof *s->key);
	s->value = calloc(n + 1, sizeof *s->value);
	if (!s->key || !s->value)
		return ort_nomem(api);
	for (size_t i = 0; i < n; i++)
		ORT_TRY(strncmp(key[i], prefix, skip) ?
		    set_context(api, key[i], value[i], s) :
		    set(api, key[i] + skip, value[i], s));
	return NULL;
}

struct OrtStatus *
settings_read(const struct ort_api *api,
    const struct OrtSessionOptions *session, struct settings *s)
{
	struct OrtKeyValuePairs *pairs = NULL;
	struct OrtStatus *status;
	burin_options *o;
	burin_error err;

	*s = (struct settings){ 0 };
	ORT_TRY(api->GetSessionOptionsConfigEntries(session, &pairs));
	status = read_pairs(api, pairs, s);
	api->ReleaseKeyValuePairs(pairs);
	if (status)
		return status;
	if (settings_options(s, 0, &o, &err) < 0)
		return ort_burin(api, &err);
	burin_options_free(o);
	return NULL;
}

void
settings_free(struct settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->key[i]);
		free(s->value[i]);
	}
	free(s->key);
	free(s->value);
	free(s->context_path);
}

int
settings_options(const struct settings *s, int look, burin_options **out,
    burin_error *err)
{
	burin_options *o = burin_options_new();
	int rc = 0;

	if (!o) {
		*err = (burin_error){ BURIN_ENOMEM, "out of memory" };
		return BURIN_ENOMEM;
	}
	for (size_t i = 0; i < s->n && rc == 0; i++)
		rc = burin_options_set(o, s->key[i], s->value[i], err);
	/* Variables of the environment may have set both otherwise.  */
	if (rc == 0)
		rc = burin_options_set(o, "unsupported",
		    look ? "keep" : "refuse", err);
	if (rc == 0)
		rc = burin_options_set(o, "warm", "0", err);
	if (rc == 0 && look)
		rc = burin_options_set(o, "compile", "off", err);
	if (rc < 0)
		burin_options_free(o);
	else
		*out = o;
	return rc;
}

/* Of the session, else of the environment; NULL: none.  */
static const char *
cache_layers(const struct settings *s)
{
	const char *layers = getenv("BURIN_CACHE_RO");

	for (size_t i = 0; i < s->n; i++)
		if (!strcmp(s->key[i], "cache_ro"))
			layers = s->value[i];
	return layers && *layers ? layers : NULL;
}

int
settings_with_cache(const struct settings *s, const char *folder,
    burin_options **out, burin_error *err)
{
	const char *layers = cache_layers(s);
	size_t size = strlen(folder) + (layers ? strlen(layers) : 0) + 2;
	char *all = malloc(size);
	burin_options *o = NULL;
	int rc;

	if (!all) {
		*err = (burin_error){ BURIN_ENOMEM, "out of memory" };
		return BURIN_ENOMEM;
	}
	snprintf(all, size, "%s%s%s", folder, layers ? ":" : "",
	    layers ? layers : "");
	rc = settings_options(s, 0, &o, err);
	if (rc == 0 && (rc = burin_options_set(o, "cache_ro", all, err)) < 0)
		burin_options_free(o);
	if (rc == 0)
		*out = o;
	free(all);
	return rc;
}
