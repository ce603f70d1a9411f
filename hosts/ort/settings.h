/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of the provider: those of burin, and "claim".
 */
#ifndef BURIN_ORT_SETTINGS_H
#define BURIN_ORT_SETTINGS_H

#include "hosts/ort/graph.h"

enum claim_mode { CLAIM_AUTO, CLAIM_ALL, CLAIM_NONE };

struct settings {
	enum claim_mode claim;
	bool context;           /* ep.context_enable, .._file_path ("": none),
	                           .._embed_mode */
	char *context_path;
	bool context_embed;
	size_t n;
	char **key, **value;
};

/* Those of a session.  s is to be freed also after an error.  */
struct OrtStatus *settings_read(const struct ort_api *api,
    const struct OrtSessionOptions *session, struct settings *s);
void settings_free(struct settings *s);

/* As burin takes them.  look: for a model that is only looked at, of which
 * nothing is compiled and which may have unsupported operators.  */
int settings_options(const struct settings *s, int look, burin_options **out,
    burin_error *err);
/* For a model whose kernels are in a folder: one more cache_ro.  */
int settings_with_cache(const struct settings *s, const char *folder,
    burin_options **out, burin_error *err);

#endif
