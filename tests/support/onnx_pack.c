/* SPDX-License-Identifier: Apache-2.0
 *
 * Models as text, serialised, written and imported.
 */
#include "tests/support/onnx_text.h"

#include <stdio.h>
#include <stdlib.h>

static void
must(int ok)
{
	if (ok)
		return;
	perror("model as text");
	abort();
}

uint8_t *
onnx_text_pack(const Onnx__ModelProto *m, size_t *n)
{
	uint8_t *p;

	*n = onnx__model_proto__get_packed_size(m);
	p = malloc(*n + 1);
	must(p != NULL);
	must(onnx__model_proto__pack(m, p) == *n);
	return p;
}

uint8_t *
onnx_text_bytes(const char *text, size_t *n)
{
	Onnx__ModelProto *m = onnx_text_model(text);
	uint8_t *p = onnx_text_pack(m, n);

	onnx__model_proto__free_unpacked(m, NULL);
	return p;
}

void
onnx_text_write(const char *text, const char *path)
{
	size_t n;
	uint8_t *p = onnx_text_bytes(text, &n);
	FILE *f = fopen(path, "wb");

	must(f != NULL);
	must(fwrite(p, 1, n, f) == n);
	must(fclose(f) == 0);
	free(p);
}

int
onnx_text_import(const char *text, const char *dir, int keep,
    struct brn_graph **out, burin_error *err)
{
	size_t n;
	uint8_t *p = onnx_text_bytes(text, &n);
	int rc = brn_onnx_import(p, n, dir, "m", keep, out, err);

	free(p);
	return rc;
}

int
onnx_text_import_model(const Onnx__ModelProto *m, struct brn_graph **out,
    burin_error *err)
{
	size_t n;
	uint8_t *p = onnx_text_pack(m, &n);
	int rc = brn_onnx_import(p, n, NULL, "m", 0, out, err);

	free(p);
	return rc;
}
