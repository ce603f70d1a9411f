/* SPDX-License-Identifier: Apache-2.0
 *
 * The length of a message stands before it and is known only at its end, so
 * room for the longest form is left there: five bytes, of which all but the
 * last say that more follow.
 */
#include "hosts/ort/bytes.h"

#include <stdlib.h>
#include <string.h>

enum { VARINT = 0, LENGTH = 2, FIXED32 = 5 };   /* wire types */
enum { LONGEST = 5 };

void
bytes_put(struct bytes *b, const void *p, size_t n)
{
	size_t room = b->room ? b->room : 4096;
	uint8_t *q;

	if (b->fail || !n)
		return;
	while (room - b->n < n && room < SIZE_MAX / 2)
		room *= 2;
	if (room != b->room) {
		q = room - b->n < n ? NULL : realloc(b->p, room);
		if (!q) {
			b->fail = 1;
			return;
		}
		b->p = q;
		b->room = room;
	}
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

static void
put_varint(struct bytes *b, uint64_t v)
{
	uint8_t out[10];
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	bytes_put(b, out, n);
}

static void
put_tag(struct bytes *b, int field, int wire)
{
	put_varint(b, (uint64_t)(field << 3 | wire));
}

void
bytes_int(struct bytes *b, int field, int64_t v)
{
	put_tag(b, field, VARINT);
	put_varint(b, (uint64_t)v);
}

void
bytes_float(struct bytes *b, int field, float v)
{
	put_tag(b, field, FIXED32);
	bytes_put(b, &v, sizeof v);
}

void
bytes_data(struct bytes *b, int field, const void *p, size_t n)
{
	put_tag(b, field, LENGTH);
	put_varint(b, n);
	bytes_put(b, p, n);
}

void
bytes_text(struct bytes *b, int field, const char *s)
{
	bytes_data(b, field, s, strlen(s));
}

size_t
bytes_open(struct bytes *b, int field)
{
	static const uint8_t none[LONGEST];

	put_tag(b, field, LENGTH);
	bytes_put(b, none, sizeof none);
	return b->n;
}

void
bytes_close(struct bytes *b, size_t start)
{
	uint64_t n = b->n - start;

	if (b->fail)
		return;
	b->fail = n >> (7 * LONGEST) != 0;
	for (int i = 0; i < LONGEST; i++, n >>= 7)
		b->p[start - LONGEST + (size_t)i] = (uint8_t)((n & 0x7f) |
		    (i < LONGEST - 1 ? 0x80 : 0));
}
