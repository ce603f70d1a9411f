/* SPDX-License-Identifier: Apache-2.0
 *
 * Find the fields of a model by protobuf-c's descriptors.  Change, remove or
 * repeat one, or replace it by another field of its type, and then correct the
 * lengths of the messages that contain it.
 */
#include "tests/fuzz/wire.h"

#include "ir/onnx/onnx.pb-c.h"

#include <string.h>

enum { MAX_FIELDS = 4096, MAX_DEPTH = 32, MAX_PIECE = 4096 };

struct field {
	const ProtobufCFieldDescriptor *f;
	int up;                         /* containing field, or -1 */
	int wire;
	size_t at, len_at, body, end;   /* tag, length, value, end */
};

struct fields {
	const uint8_t *p;
	int n;
	struct field v[MAX_FIELDS];
};

/* ---- finding fields ------------------------------------------------------ */

static int
varint(const uint8_t *p, size_t *at, size_t end, uint64_t *out)
{
	*out = 0;
	for (int shift = 0; shift < 64 && *at < end; shift += 7) {
		uint8_t b = p[(*at)++];

		*out |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			return 1;
	}
	return 0;
}

/* Find the value of f after its tag; 0 if there is none.  */
static int
measure(const uint8_t *p, struct field *f, size_t where)
{
	static const size_t fixed[8] = { [1] = 8, [5] = 4 };
	uint64_t v = fixed[f->wire];
	size_t at = f->len_at;

	if (f->wire != 1 && f->wire != 5 && !varint(p, &at, where, &v))
		return 0;
	f->body = f->wire == 2 ? at : f->len_at;
	if (f->wire == 0)
		v = at - f->len_at;
	if (f->wire > 2 && f->wire != 5)
		return 0;
	if (v > where - f->body)
		return 0;
	f->end = f->body + v;
	return 1;
}

static void
find(struct fields *s, const ProtobufCMessageDescriptor *d, size_t at,
    size_t end, int up, int depth)
{
	while (at < end && s->n < MAX_FIELDS) {
		struct field *f = &s->v[s->n];
		int self = s->n;
		uint64_t tag;

		*f = (struct field){ .up = up, .at = at };
		if (!varint(s->p, &at, end, &tag))
			return;
		f->wire = (int)(tag & 7);
		f->len_at = at;
		if (!measure(s->p, f, end))
			return;
		f->f = protobuf_c_message_descriptor_get_field(d,
		    (unsigned)(tag >> 3));
		at = f->end;
		s->n++;
		if (f->f && f->f->type == PROTOBUF_C_TYPE_MESSAGE &&
		    f->wire == 2 && depth < MAX_DEPTH)
			find(s, f->f->descriptor, f->body, f->end, self,
			    depth + 1);
	}
}

/* ---- changing bytes ------------------------------------------------------ */

static size_t
put_varint(uint8_t *p, uint64_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* Replace [from, to) of the *n bytes by new; 0 if there is no space.  */
static int
splice(uint8_t *p, size_t *n, size_t max, const size_t at[2],
    const uint8_t *new, size_t size)
{
	if (*n - (at[1] - at[0]) + size > max)
		return 0;
	memmove(p + at[0] + size, p + at[1], *n - at[1]);
	memcpy(p + at[0], new, size);
	*n = *n - (at[1] - at[0]) + size;
	return 1;
}

/* Add by to the length of each message that contains a field, innermost
 * first.  */
static size_t
mend(uint8_t *p, size_t n, size_t max, const struct fields *s, int up,
    ptrdiff_t by)
{
	for (; up >= 0; up = s->v[up].up) {
		const struct field *f = &s->v[up];
		size_t at[2] = { f->len_at, f->body }, size;
		uint8_t len[10];

		size = put_varint(len, (uint64_t)((ptrdiff_t)(f->end -
		    f->body) + by));
		if (!splice(p, &n, max, at, len, size))
			return n;
		by += (ptrdiff_t)size - (ptrdiff_t)(at[1] - at[0]);
	}
	return n;
}

static const uint64_t numbers[] = {
	0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 16, 21, 64, 127, 128, 255, 1024, 65536,
	INT32_MAX, (uint64_t)1 << 32, INT64_MAX, (uint64_t)INT64_MIN,
	(uint64_t)-1, (uint64_t)-2, (uint64_t)-3, (uint64_t)INT32_MIN,
	(uint64_t)1 << 62, (uint64_t)1 << 40,
};

size_t
fuzz_bytes(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	size_t at = n ? fuzz_random(seed) % n : 0, k;

	switch (n ? fuzz_random(seed) % 6 : 4) {
	case 0:
		p[at] ^= (uint8_t)(1u << fuzz_random(seed) % 8);
		return n;
	case 1:
		p[at] = (uint8_t)fuzz_random(seed);
		return n;
	case 2:
		p[at] = (uint8_t)numbers[fuzz_random(seed) % 28];
		return n;
	case 3:                         /* remove a piece */
		k = fuzz_random(seed) % (n - at) + 1;
		memmove(p + at, p + at + k, n - at - k);
		return n - k;
	case 4:
		if (n == max)
			return n;
		memmove(p + at + 1, p + at, n - at);
		p[at] = (uint8_t)fuzz_random(seed);
		return n + 1;
	default:                        /* repeat a piece */
		k = fuzz_random(seed) % (n - at) + 1;
		memmove(p + fuzz_random(seed) % (n - k + 1), p + at, k);
		return n;
	}
}

/* Under libFuzzer use its own mutations, which know the constants with which
 * the code compares.  */
size_t LLVMFuzzerMutate(uint8_t *p, size_t n, size_t max)
    __attribute__((weak));

static size_t
any_bytes(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	return LLVMFuzzerMutate ? LLVMFuzzerMutate(p, n, max) :
	    fuzz_bytes(p, n, max, seed);
}

/* Write another value for f to out.  */
static size_t
new_value(const uint8_t *p, const struct field *f, uint8_t *out,
    uint64_t *seed)
{
	size_t n = f->end - f->body;

	if (f->wire == 0 && fuzz_random(seed) % 4)
		return put_varint(out, numbers[fuzz_random(seed) % 28]);
	if (f->wire == 0)
		return put_varint(out, fuzz_random(seed));
	n = n < MAX_PIECE / 2 ? n : MAX_PIECE / 2;
	memcpy(out, p + f->body, n);
	if (f->wire == 2)
		return any_bytes(out, n, MAX_PIECE - 16, seed);
	if (n)
		out[fuzz_random(seed) % n] = (uint8_t)fuzz_random(seed);
	return n;
}

/* A random field that is valid in the place of f; may be f itself.  */
static const struct field *
of_its_kind(const struct fields *s, const struct field *f, uint64_t *seed)
{
	for (int i = 0; i < 16; i++) {
		const struct field *o = &s->v[fuzz_random(seed) %
		    (uint64_t)s->n];

		if (o->f && f->f && o->f->descriptor == f->f->descriptor &&
		    o->f->type == f->f->type && o->wire == f->wire &&
		    o->end - o->body < MAX_PIECE - 16)
			return o;
	}
	return f;
}

/* Write the bytes that replace a field to out.  */
static size_t
piece(const struct fields *s, const struct field *f, uint8_t *out,
    size_t where[2], uint64_t *seed)
{
	uint8_t value[MAX_PIECE];
	size_t n = 0, size;

	where[0] = f->len_at;
	where[1] = f->end;
	switch (fuzz_random(seed) % 8) {
	case 0:                         /* remove it */
		where[0] = f->at;
		return 0;
	case 1:                         /* repeat it */
		where[0] = where[1] = f->at;
		size = f->end - f->at;
		size = size < MAX_PIECE ? size : 0;
		memcpy(out, s->p + f->at, size);
		return size;
	case 2:
	case 3:
		f = of_its_kind(s, f, seed);
		size = f->end - f->body;
		size = size < MAX_PIECE - 16 ? size : MAX_PIECE - 16;
		memcpy(value, s->p + f->body, size);
		break;
	default:
		size = new_value(s->p, f, value, seed);
	}
	if (f->wire == 2)
		n = put_varint(out, size);
	memcpy(out + n, value, size);
	return n + size;
}

size_t
fuzz_wire(uint8_t *p, size_t n, size_t max, uint64_t *seed)
{
	static struct fields s;
	uint8_t new[MAX_PIECE];
	size_t at[2], size;
	const struct field *f;

	s.p = p;
	s.n = 0;
	find(&s, &onnx__model_proto__descriptor, 0, n, -1, 0);
	if (!s.n || fuzz_random(seed) % 8 == 0)
		return any_bytes(p, n, max, seed);
	f = &s.v[fuzz_random(seed) % (uint64_t)s.n];
	size = piece(&s, f, new, at, seed);
	if (!splice(p, &n, max, at, new, size))
		return n;
	return mend(p, n, max, &s, f->up, (ptrdiff_t)size -
	    (ptrdiff_t)(at[1] - at[0]));
}
