/* SPDX-License-Identifier: Apache-2.0
 *
 * Unpacking without copying weights twice.  protobuf-c copies every byte that
 * it unpacks, so the raw_data of large initializers is left out of what it
 * gets, and put into the message afterwards, straight from the file.  Lengths
 * of the messages around change, so they are written from the inside out:
 * tensor, graph, model.
 */
#include "ir/onnx/unpack.h"

#include "ir/onnx/onnx.pb-c.h"
#include "ir/onnx/scan.h"
#include "ir/onnx/skim.h"

#include <stdlib.h>
#include <string.h>

/* The bytes of a model without its large weights, of which brn_onnx_skim has
 * read nothing.  */
struct strip {
	struct brn_buf bytes;   /* for protobuf-c */
	struct brn_buf raw;     /* one struct raw for each initializer */
};

struct raw {
	const uint8_t *p;       /* NULL: it is in strip.bytes */
	size_t n;
};

/* A field of a message that is known to be well formed.  */
struct field {
	const uint8_t *start, *body, *end;      /* tag; contents; next field */
	uint64_t tag;
};

static uint64_t
varint(const uint8_t **p)
{
	uint64_t v = 0;
	int shift = 0;

	for (; **p & 0x80; shift += 7)
		v |= (uint64_t)(*(*p)++ & 0x7f) << shift;
	return v | (uint64_t)*(*p)++ << shift;
}

static struct field
next_field(const uint8_t *p)
{
	struct field f = { .start = p };
	uint64_t n;

	f.tag = varint(&p);
	switch (f.tag & 7) {
	case 0:
		f.body = p;
		varint(&p);
		break;
	case 1:
		f.body = p;
		p += 8;
		break;
	case 5:
		f.body = p;
		p += 4;
		break;
	default:
		n = varint(&p);
		f.body = p;
		p += n;
	}
	f.end = p;
	return f;
}

static void
put_varint(struct brn_buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		brn_buf_u8(b, (uint8_t)(v | 0x80));
	brn_buf_u8(b, (uint8_t)v);
}

static void
put_message(struct brn_buf *b, uint64_t tag, const struct brn_buf *message)
{
	put_varint(b, tag);
	put_varint(b, message->n);
	brn_buf_put(b, message->p, message->n);
	if (message->fail) {
		brn_buf_free(b);
		b->fail = 1;
	}
}

static void
strip_tensor(const struct field *t, struct brn_buf *graph,
    struct brn_buf *raws)
{
	struct raw raw = { 0 };
	struct brn_buf out = { 0 };

	for (const uint8_t *p = t->body; p < t->end;) {
		struct field f = next_field(p);

		p = f.end;
		if (f.tag == BRN_ONNX_TENSOR_RAW_DATA &&
		    f.end - f.body >= BRN_ONNX_LARGE_RAW)
			raw = (struct raw){ f.body,
			    (size_t)(f.end - f.body) };
		else
			brn_buf_put(&out, f.start, (size_t)(f.end - f.start));
	}
	put_message(graph, t->tag, &out);
	brn_buf_put(raws, &raw, sizeof raw);
	brn_buf_free(&out);
}

static void
strip_graph(const struct field *g, struct strip *s)
{
	struct brn_buf out = { 0 };

	for (const uint8_t *p = g->body; p < g->end;) {
		struct field f = next_field(p);

		p = f.end;
		if (f.tag == BRN_ONNX_GRAPH_INITIALIZER)
			strip_tensor(&f, &out, &s->raw);
		else
			brn_buf_put(&out, f.start, (size_t)(f.end - f.start));
	}
	put_message(&s->bytes, g->tag, &out);
	brn_buf_free(&out);
}

/* -1: no memory.  */
static int
strip_model(const struct brn_onnx_map *map, struct strip *s)
{
	const uint8_t *p = map->p, *end = p + map->n;

	while (p < end) {
		struct field f = next_field(p);

		p = f.end;
		if (f.tag == BRN_ONNX_MODEL_GRAPH)
			strip_graph(&f, s);
		else
			brn_buf_put(&s->bytes, f.start,
			    (size_t)(f.end - f.start));
	}
	return s->bytes.fail || s->raw.fail ? -1 : 0;
}

static void *
pb_alloc(void *failed, size_t n)
{
	void *p = n < 4096 ? brn_alloc(n, 1) : brn_alloc_aligned(n);

	if (!p)
		*(int *)failed = 1;
	return p;
}

static void
pb_free(void *unused, void *p)
{
	(void)unused;
	free(p);
}

/* Put the weights that were left out into the message.  */
static int
restore(const struct brn_onnx_map *map, struct Onnx__ModelProto *m,
    const struct strip *s, const char *file, burin_error *err)
{
	const struct raw *raw = (const void *)s->raw.p;
	size_t n = s->raw.n / sizeof *raw;

	if (n && (!m->graph || m->graph->n_initializer != n))
		return brn_fail(err, BURIN_EFORMAT, "%s: not an ONNX model",
		    file);
	for (size_t i = 0; i < n; i++) {
		struct Onnx__TensorProto *t = m->graph->initializer[i];
		int rc;

		if (!raw[i].p)
			continue;
		t->raw_data.data = brn_alloc_aligned(raw[i].n);
		if (!t->raw_data.data)
			return brn_nomem(err);
		t->has_raw_data = 1;
		t->raw_data.len = raw[i].n;
		if ((rc = brn_onnx_map_copy(map, raw[i].p, raw[i].n, file,
		    t->raw_data.data, err)) < 0)
			return rc;
	}
	return 0;
}

int
brn_onnx_unpack(const struct brn_onnx_map *map, const char *file,
    struct Onnx__ModelProto **out, burin_error *err)
{
	int failed = 0, rc;
	ProtobufCAllocator mem = { pb_alloc, pb_free, &failed };
	struct Onnx__ModelProto *m;
	struct strip s = { 0 };

	if ((rc = brn_onnx_skim(map, file, err)) < 0 ||
	    (rc = brn_onnx_scan(map->p, map->n, file, err)) < 0)
		return rc;
	if (strip_model(map, &s) < 0)
		failed = 1;
	m = failed ? NULL : onnx__model_proto__unpack(&mem, s.bytes.n,
	    s.bytes.p);
	if (failed)
		rc = brn_nomem(err);
	else if (!m)
		rc = brn_fail(err, BURIN_EFORMAT, "%s: not an ONNX model",
		    file);
	brn_onnx_map_drop(map);
	if (rc == 0)
		rc = restore(map, m, &s, file, err);
	brn_buf_free(&s.bytes);
	brn_buf_free(&s.raw);
	if (rc == 0 && !m->graph)
		rc = brn_fail(err, BURIN_EFORMAT,
		    "%s: model without a graph", file);
	if (rc < 0) {
		brn_onnx_model_free(m);
		return rc;
	}
	*out = m;
	return 0;
}

void
brn_onnx_model_free(struct Onnx__ModelProto *m)
{
	ProtobufCAllocator mem = { pb_alloc, pb_free, NULL };

	if (m)
		onnx__model_proto__free_unpacked(m, &mem);
}
