/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening the layers.
 */
#include "jit/get/layers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
has_label(const struct brn_cache_layers *s, const char *label)
{
	for (int i = 0; i < s->nlabel; i++)
		if (!strcmp(s->label[i], label))
			return 1;
	return 0;
}

static void
add_labels(struct brn_cache_layers *s, const struct brn_store *store)
{
	char text[2048], *save, *line;

	brn_store_labels(store, text, sizeof text);
	for (line = strtok_r(text, "\n", &save); line;
	    line = strtok_r(NULL, "\n", &save))
		if (s->nlabel < BRN_MAX_LABELS &&
		    strlen(line) < sizeof s->label[0] && !has_label(s, line))
			strcpy(s->label[s->nlabel++], line);
}

static void
add(struct brn_cache_layers *s, struct brn_store *store)
{
	s->store[s->n++] = store;
	add_labels(s, store);
}

void
brn_cache_layers_open(struct brn_cache_layers *s, const char *dir,
    const char *layers, void (*tell)(void *ctx, const char *why), void *ctx)
{
	struct brn_store *store;
	burin_error err;
	char name[4096];

	*s = (struct brn_cache_layers){ 0 };
	if (brn_store_open(dir, &s->rw, &err) < 0)
		tell(ctx, err.msg);
	else
		add(s, s->rw);
	while (layers && *layers) {
		size_t n = strcspn(layers, ":");

		snprintf(name, sizeof name, "%.*s", (int)n, layers);
		layers += n + (layers[n] == ':');
		if (!n || n >= sizeof name || s->n > BRN_MAX_LAYERS)
			continue;
		if (brn_store_open_readonly(name, &store, &err) < 0)
			tell(ctx, err.msg);
		else
			add(s, store);
	}
}

void
brn_cache_layers_close(struct brn_cache_layers *s)
{
	for (int i = 0; i < s->n; i++)
		brn_store_close(s->store[i]);
	*s = (struct brn_cache_layers){ 0 };
}
