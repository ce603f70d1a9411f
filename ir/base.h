/* SPDX-License-Identifier: Apache-2.0
 *
 * What every folder needs: errors, checked sizes, an arena, bytes.
 */
#ifndef BRN_BASE_H
#define BRN_BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "burin.h"

#define BRN_COUNT(a) ((int)(sizeof (a) / sizeof *(a)))
#define BRN_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Write the one line that says what is wrong, and return code.  Called where
 * the fault is known; everyone above passes the code on unchanged.  The text
 * is made fit for one line: control characters become '?'.  */
int brn_fail(burin_error *err, int code, const char *fmt, ...)
    BRN_PRINTF(3, 4);
int brn_nomem(burin_error *err);

/* Checked arithmetic for sizes that come from a file or a caller: -1 on
 * overflow, else 0 and the result in *out.  */
int brn_mul(size_t a, size_t b, size_t *out);
int brn_add(size_t a, size_t b, size_t *out);

/* n elements of size bytes, zeroed; NULL when too big or no memory.  The one
 * door to the heap for all that is not in an arena: free() frees it.  */
void *brn_alloc(size_t n, size_t size);
/* 64-byte aligned, not zeroed; free() frees it.  */
void *brn_alloc_aligned(size_t nbytes);
/* Like reallocarray, through the same door.  */
void *brn_realloc(void *p, size_t n, size_t size);

/* For tests: let the n-th allocation from now fail, and all after it; a
 * negative n lets none fail.  */
void brn_alloc_fail_at(long n);
/* Only the n-th.  brn_alloc_has_failed tells whether it was reached.  */
void brn_alloc_fail_once(long n);
int brn_alloc_has_failed(void);

/* Everything in an arena dies with it; nothing in it is freed alone.  */
struct brn_arena;
struct brn_arena *brn_arena_new(void);
void brn_arena_free(struct brn_arena *a);               /* NULL is fine */
void *brn_arena_alloc(struct brn_arena *a, size_t n, size_t size); /* zeroed */
char *brn_arena_strdup(struct brn_arena *a, const char *s);
char *brn_arena_printf(struct brn_arena *a, const char *fmt, ...)
    BRN_PRINTF(2, 3);
/* Free p with the arena (p from brn_alloc or brn_alloc_aligned).  On failure p
 * is freed at once and -1 returned.  */
int brn_arena_own(struct brn_arena *a, void *p);

/* A growing string of bytes.  Sticky: after a failed allocation it stays
 * empty and fail is set; ask once, at the end.  */
struct brn_buf {
	uint8_t *p;
	size_t n, cap;
	int fail;
};

void brn_buf_put(struct brn_buf *b, const void *p, size_t n);
void brn_buf_u8(struct brn_buf *b, uint8_t v);
void brn_buf_u32(struct brn_buf *b, uint32_t v);        /* little-endian */
void brn_buf_u64(struct brn_buf *b, uint64_t v);
void brn_buf_str(struct brn_buf *b, const char *s);     /* u32 length, bytes */
void brn_buf_printf(struct brn_buf *b, const char *fmt, ...)
    BRN_PRINTF(2, 3);
void brn_buf_free(struct brn_buf *b);

/* All n bytes to a file or pipe.  -1: errno says why.  */
int brn_write_all(int fd, const void *p, size_t n);

/* Milliseconds of the monotonic clock.  */
double brn_now_ms(void);

#endif
