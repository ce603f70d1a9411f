/* SPDX-License-Identifier: Apache-2.0
 *
 * A walk from field to field of model, graph and initializers that reads what
 * it passes.  It trusts no length: where the bytes are no protobuf it stops,
 * and the rest of the file is read, for scan.c to refuse.
 */
#include "ir/onnx/skim.h"

/* Bytes that are read at least; a model is read in order.  */
enum { CHUNK = 16384 };

struct skim {
	const struct brn_onnx_map *m;
	size_t have;            /* all bytes before are read or left out */
	const char *what;
	burin_error *err;
};

struct field {
	uint64_t tag;
	size_t body, end;       /* of the contents */
};

enum level { MODEL, GRAPH, TENSOR };

/* Results of the walk; errors are negative.  */
enum { STOP, GO_ON };

static int
need(struct skim *s, size_t to)
{
	size_t from = s->have;
	int rc;

	if (to <= from)
		return 0;
	if (to - from < CHUNK)
		to = s->m->n - from < CHUNK ? s->m->n : from + CHUNK;
	rc = brn_onnx_map_fill(s->m, from, to, s->what, s->err);
	s->have = to;
	return rc;
}

static int
varint(struct skim *s, size_t *at, size_t end, uint64_t *out)
{
	const uint8_t *p = s->m->p;
	size_t most = end - *at < 10 ? end : *at + 10;
	int rc = need(s, most);

	*out = 0;
	if (rc < 0)
		return rc;
	for (int shift = 0; *at < most; shift += 7) {
		uint8_t b = p[(*at)++];

		*out |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return GO_ON;
	}
	return STOP;
}

static int
next_field(struct skim *s, size_t at, size_t end, struct field *f)
{
	uint64_t n = 0;
	int rc = varint(s, &at, end, &f->tag);

	if (rc != GO_ON)
		return rc;
	f->body = at;
	switch (f->tag & 7) {
	case 0:
		rc = varint(s, &at, end, &n);
		n = 0;
		break;
	case 1:
		n = 8;
		break;
	case 2:
		rc = varint(s, &at, end, &n);
		f->body = at;
		break;
	case 5:
		n = 4;
		break;
	default:
		return STOP;
	}
	if (rc == GO_ON && n > end - at)
		return STOP;
	f->end = at + n;
	return rc;
}

/* Leave the bytes [from, to) out, but for those that have been read.  */
static int
leave_out(struct skim *s, size_t from, size_t to)
{
	int rc = need(s, from);

	if (rc == 0 && s->have < to)
		s->have = to;
	return rc;
}

static int
walk(struct skim *s, size_t at, size_t end, enum level level)
{
	static const uint64_t inner[] = { BRN_ONNX_MODEL_GRAPH,
	    BRN_ONNX_GRAPH_INITIALIZER, BRN_ONNX_TENSOR_RAW_DATA };
	struct field f;
	int rc;

	for (; at < end; at = f.end) {
		if ((rc = next_field(s, at, end, &f)) != GO_ON)
			return rc;
		if (f.tag != inner[level] || (level == TENSOR &&
		    f.end - f.body < BRN_ONNX_LARGE_RAW))
			rc = need(s, f.end);
		else if (level == TENSOR)
			rc = leave_out(s, f.body, f.end);
		else if ((rc = walk(s, f.body, f.end, level + 1)) != GO_ON)
			return rc;
		if (rc < 0)
			return rc;
	}
	return GO_ON;
}

int
brn_onnx_skim(const struct brn_onnx_map *m, const char *what,
    burin_error *err)
{
	struct skim s = { .m = m, .what = what, .err = err };
	int rc = m->fd < 0 ? GO_ON : walk(&s, 0, m->n, MODEL);

	if (rc == STOP)
		rc = need(&s, m->n);
	return rc < 0 ? rc : 0;
}
