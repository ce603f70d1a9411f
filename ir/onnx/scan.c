/* SPDX-License-Identifier: Apache-2.0
 *
 * The walk over the wire format, driven by the descriptors that protoc-c
 * made, so that it knows every message of the schema without a table of its
 * own.  It reads each byte of structure once and allocates nothing.
 */
#include "ir/onnx/scan.h"

#include "ir/onnx/onnx.pb-c.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scan {
	const uint8_t *p;
	size_t at, end;                 /* of the innermost message */
	const char *file;
	size_t nmessage, nfield;
	burin_error *err;
};

/* The position of the walk: the chain of fields from the model inwards.  */
struct level {
	const struct level *up;
	const ProtobufCMessageDescriptor *d;
	const char *field;
	int depth;
};

static void
put_path(struct brn_buf *b, const struct level *l)
{
	if (!l)
		return;
	put_path(b, l->up);
	if (l->field)
		brn_buf_printf(b, "%s%s", l->up ? "." : "", l->field);
}

static int
scan_fault(struct scan *s, const struct level *l, size_t at, const char *what)
{
	struct brn_buf b = { 0 };
	int rc;

	put_path(&b, l);
	rc = brn_fail(s->err, BURIN_EFORMAT, "%s: byte %zu (%s): %s", s->file,
	    at, b.p && b.n ? (char *)b.p : "model", what);
	brn_buf_free(&b);
	return rc;
}

/* At most ten bytes, in bounds.  */
static int
varint(struct scan *s, const struct level *l, uint64_t *out)
{
	size_t start = s->at;
	uint64_t v = 0;

	for (int shift = 0; shift < 70; shift += 7) {
		if (s->at == s->end)
			return scan_fault(s, l, start, "number is cut off");
		v |= (uint64_t)(s->p[s->at] & 0x7f) << shift;
		if (!(s->p[s->at++] & 0x80)) {
			*out = v;
			return 0;
		}
	}
	return scan_fault(s, l, start, "number is longer than ten bytes");
}

static int
skip_bytes(struct scan *s, const struct level *l, size_t n)
{
	if (n > s->end - s->at)
		return scan_fault(s, l, s->at, "value is cut off");
	s->at += n;
	return 0;
}

static int
wire_of(ProtobufCType t)
{
	switch (t) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_SFIXED32:
		return PROTOBUF_C_WIRE_TYPE_32BIT;
	case PROTOBUF_C_TYPE_DOUBLE:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
		return PROTOBUF_C_WIRE_TYPE_64BIT;
	default:
		return PROTOBUF_C_WIRE_TYPE_VARINT;
	}
}

/* Length of the well-formed UTF-8 sequence at p, 0 if it is none.  */
static size_t
utf8(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = *p < 0x80 ? 1 : *p < 0xc0 ? 0 : *p < 0xe0 ? 2 :
	    *p < 0xf0 ? 3 : *p < 0xf8 ? 4 : 0;
	uint32_t c;

	if (len <= 1)
		return len;
	if (len > n)
		return 0;
	c = *p & (0x7f >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	return len;
}

/* Free text is kept as it is; everything else is a name, which messages,
 * listings and JSON will show.  */
static int
is_text(const ProtobufCMessageDescriptor *d, const char *field)
{
	return d == &onnx__string_string_entry_proto__descriptor ||
	    !strcmp(field, "doc_string") ||
	    !strncmp(field, "producer_", strlen("producer_"));
}

static int
check_string(struct scan *s, const struct level *l, size_t n)
{
	const uint8_t *p = s->p + s->at;
	int text = is_text(l->d, l->field);

	if (n > s->end - s->at)
		return scan_fault(s, l, s->at, "string is cut off");
	if (n && memchr(p, 0, n))
		return scan_fault(s, l, s->at, "string holds a zero byte");
	for (size_t i = 0, len; i < n && !text; i += len) {
		len = utf8(p + i, n - i);
		if (!len)
			return scan_fault(s, l, s->at + i, "name is not UTF-8");
		if (p[i] < 0x20 || p[i] == 0x7f)
			return scan_fault(s, l, s->at + i,
			    "name holds a control character");
	}
	s->at += n;
	return 0;
}

static int
check_packed(struct scan *s, const struct level *l, int wire, size_t n)
{
	size_t unit = wire == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 8, outer;
	uint64_t v;
	int rc = 0;

	if (n > s->end - s->at)
		return scan_fault(s, l, s->at, "values are cut off");
	if (wire != PROTOBUF_C_WIRE_TYPE_VARINT) {
		if (n % unit)
			return scan_fault(s, l, s->at, "values are cut off");
		s->at += n;
		return 0;
	}
	outer = s->end;
	s->end = s->at + n;
	while (s->at < s->end && rc == 0)
		rc = varint(s, l, &v);
	s->end = outer;
	return rc;
}

static int scan_message(struct scan *s, const struct level *l);

static int
scan_inner(struct scan *s, const struct level *up,
    const ProtobufCFieldDescriptor *f, size_t n)
{
	struct level l = { up, f->descriptor, NULL, up->depth + 1 };
	size_t outer = s->end;
	int rc;

	if (n > s->end - s->at)
		return scan_fault(s, up, s->at, "message is cut off");
	if (l.depth > BRN_ONNX_DEPTH)
		return scan_fault(s, up, s->at, "messages are nested too deep");
	if (++s->nmessage > BRN_ONNX_MESSAGES)
		return scan_fault(s, up, s->at, "file holds too many messages");
	s->end = s->at + n;
	rc = scan_message(s, &l);
	s->end = outer;
	return rc;
}

/* A value with a length: string, bytes, message, or packed numbers.  */
static int
scan_sized(struct scan *s, const struct level *l,
    const ProtobufCFieldDescriptor *f)
{
	size_t start = s->at;
	uint64_t n;
	int rc = varint(s, l, &n);

	if (rc < 0)
		return rc;
	if (n > INT_MAX)
		return scan_fault(s, l, start, "value is 2 GiB or more");
	if (!f)
		return skip_bytes(s, l, n);
	if (f->type == PROTOBUF_C_TYPE_MESSAGE)
		return scan_inner(s, l, f, n);
	if (f->type == PROTOBUF_C_TYPE_STRING)
		return check_string(s, l, n);
	if (f->type == PROTOBUF_C_TYPE_BYTES)
		return skip_bytes(s, l, n);
	return check_packed(s, l, wire_of(f->type), n);
}

/* f is NULL for a field that the schema does not have.  */
static int
scan_value(struct scan *s, const struct level *l,
    const ProtobufCFieldDescriptor *f, int wire)
{
	uint64_t v;

	if (f && wire != wire_of(f->type) &&
	    !(wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED &&
	    f->label == PROTOBUF_C_LABEL_REPEATED))
		return scan_fault(s, l, s->at, "wrong wire type");
	switch (wire) {
	case PROTOBUF_C_WIRE_TYPE_VARINT:
		return varint(s, l, &v);
	case PROTOBUF_C_WIRE_TYPE_64BIT:
		return skip_bytes(s, l, 8);
	case PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED:
		return scan_sized(s, l, f);
	case PROTOBUF_C_WIRE_TYPE_32BIT:
		return skip_bytes(s, l, 4);
	default:
		return scan_fault(s, l, s->at, "unknown wire type");
	}
}

/* A singular field that is given twice is refused: readers of protobuf differ
 * in how they merge the two, and no writer writes them.  seen has one bit for
 * each field.  */
static int
check_twice(struct scan *s, const struct level *l,
    const ProtobufCFieldDescriptor *f, uint64_t *seen)
{
	size_t i = (size_t)(f - l->d->fields);
	uint64_t bit = (uint64_t)1 << i % 64;

	if (f->label == PROTOBUF_C_LABEL_REPEATED)
		return 0;
	if (*seen & bit)
		return scan_fault(s, l, s->at, "field is given twice");
	*seen |= bit;
	return 0;
}

static int
scan_field(struct scan *s, struct level *l, uint64_t *seen)
{
	const ProtobufCFieldDescriptor *f;
	size_t start = s->at;
	uint64_t tag;
	int rc = varint(s, l, &tag);

	if (rc < 0)
		return rc;
	if (tag >> 3 == 0 || tag >> 3 >= (uint64_t)1 << 29)
		return scan_fault(s, l, start, "wrong field number");
	if (++s->nfield > BRN_ONNX_FIELDS)
		return scan_fault(s, l, start, "file holds too many fields");
	f = protobuf_c_message_descriptor_get_field(l->d,
	    (unsigned)(tag >> 3));
	l->field = f ? f->name : "unknown field";
	if (f && (rc = check_twice(s, l, f, seen)) < 0)
		return rc;
	return scan_value(s, l, f, (int)(tag & 7));
}

static int
scan_message(struct scan *s, const struct level *outer)
{
	uint64_t seen = 0;
	int rc = 0;

	while (s->at < s->end && rc == 0) {
		struct level l = *outer;

		rc = scan_field(s, &l, &seen);
	}
	return rc;
}

int
brn_onnx_scan(const void *data, size_t size, const char *file,
    burin_error *err)
{
	struct scan s = { data, 0, size, file, 0, 0, err };
	struct level top = { NULL, &onnx__model_proto__descriptor, NULL, 0 };

	return scan_message(&s, &top);
}
