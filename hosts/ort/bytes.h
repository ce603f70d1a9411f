/* SPDX-License-Identifier: Apache-2.0
 *
 * A growing string of bytes, and protobuf messages in it.
 */
#ifndef BURIN_ORT_BYTES_H
#define BURIN_ORT_BYTES_H

#include <stddef.h>
#include <stdint.h>

/* Sticky: after a failed allocation fail is set and nothing is put; ask once,
 * at the end.  */
struct bytes {
	uint8_t *p;
	size_t n, room;
	int fail;
};

void bytes_put(struct bytes *b, const void *p, size_t n);

/* Fields of the message that is being written, by number.  */
void bytes_int(struct bytes *b, int field, int64_t v);
void bytes_float(struct bytes *b, int field, float v);
void bytes_data(struct bytes *b, int field, const void *p, size_t n);
void bytes_text(struct bytes *b, int field, const char *s);

/* A field that is a message: what is put between open and close is in it.
 * close takes what open returned.  */
size_t bytes_open(struct bytes *b, int field);
void bytes_close(struct bytes *b, size_t start);

#endif
