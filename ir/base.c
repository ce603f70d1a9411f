/* SPDX-License-Identifier: Apache-2.0
 *
 * Errors, checked sizes, arena, bytes.  Every allocation of the library goes
 * through may_alloc(), so that a test can let any of them fail.
 */
#include "ir/base.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static atomic_long fail_in = -1;
static atomic_int fail_once, has_failed;

void
brn_alloc_fail_at(long n)
{
	atomic_store(&fail_once, 0);
	atomic_store(&fail_in, n);
}

void
brn_alloc_fail_once(long n)
{
	atomic_store(&has_failed, 0);
	atomic_store(&fail_in, n);
	atomic_store(&fail_once, 1);
}

int
brn_alloc_has_failed(void)
{
	return atomic_load(&has_failed);
}

static int
may_alloc(void)
{
	long n = atomic_load(&fail_in);

	if (n < 0)
		return 1;
	if (n == 0) {
		atomic_store(&has_failed, 1);
		if (atomic_load(&fail_once))
			atomic_store(&fail_in, -1);
		return 0;
	}
	atomic_store(&fail_in, n - 1);
	return 1;
}

int
brn_fail(burin_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	for (char *p = err->msg; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
	err->code = code;
	return code;
}

int
brn_nomem(burin_error *err)
{
	return brn_fail(err, BURIN_ENOMEM, "out of memory");
}

int
brn_mul(size_t a, size_t b, size_t *out)
{
	return __builtin_mul_overflow(a, b, out) ? -1 : 0;
}

int
brn_add(size_t a, size_t b, size_t *out)
{
	return __builtin_add_overflow(a, b, out) ? -1 : 0;
}

void *
brn_alloc(size_t n, size_t size)
{
	size_t total;

	if (brn_mul(n, size, &total) < 0 || total > PTRDIFF_MAX || !may_alloc())
		return NULL;
	return calloc(total ? total : 1, 1);
}

/* From HUGE_PAGE bytes on, pages of 2 MiB: weights are hundreds of megabytes,
 * and the faults of small pages cost more than reading them.  The rest behind
 * the last whole huge page is in small pages, as it is not worth another.  */
enum { HUGE_PAGE = 2 << 20, POPULATE_BYTES = 64 << 10 };

/* Map the small pages of p [n] in one call: the caller fills them all, and a
 * fault for each costs twice as much.  Kernels before 5.14 refuse it, which
 * changes nothing.  */
static void
populate(char *p, size_t n)
{
#ifdef MADV_POPULATE_WRITE
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t skip = -(uintptr_t)p % page;

	if (n >= POPULATE_BYTES && n > skip)
		madvise(p + skip, n - skip, MADV_POPULATE_WRITE);
#else
	(void)p;
	(void)n;
#endif
}

void *
brn_alloc_aligned(size_t nbytes)
{
	size_t align = nbytes < HUGE_PAGE ? 64 : HUGE_PAGE;
	size_t huge = nbytes & ~(size_t)(HUGE_PAGE - 1);
	void *p;

	if (nbytes > PTRDIFF_MAX - HUGE_PAGE || !may_alloc() ||
	    posix_memalign(&p, align, nbytes ? nbytes : 1))
		return NULL;
	if (huge)
		madvise(p, huge, MADV_HUGEPAGE);
	populate((char *)p + huge, nbytes - huge);
	return p;
}

void *
brn_realloc(void *p, size_t n, size_t size)
{
	size_t total;

	if (brn_mul(n, size, &total) < 0 || total > PTRDIFF_MAX || !may_alloc())
		return NULL;
	return realloc(p, total ? total : 1);
}

/* A chunk holds small things one after the other, or one large or owned
 * thing.  */
struct chunk {
	struct chunk *next;
	void *own;
	size_t used, size;
	max_align_t data[];
};

struct brn_arena {
	struct chunk *head;
};

enum { CHUNK = 16384, ALIGN = _Alignof(max_align_t) };

struct brn_arena *
brn_arena_new(void)
{
	return brn_alloc(1, sizeof (struct brn_arena));
}

void
brn_arena_free(struct brn_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->head, *next; c; c = next) {
		next = c->next;
		free(c->own);
		free(c);
	}
	free(a);
}

/* A chunk with room for size bytes.  Large ones go behind the head, so that
 * the head's room is not lost.  */
static struct chunk *
chunk_for(struct brn_arena *a, size_t size)
{
	struct chunk *c = a->head;
	size_t room = size > CHUNK / 4 ? size : CHUNK, total;

	if (c && c->size - c->used >= size)
		return c;
	if (brn_add(sizeof *c, room, &total) < 0 || !(c = brn_alloc(1, total)))
		return NULL;
	c->size = room;
	if (room == CHUNK || !a->head) {
		c->next = a->head;
		a->head = c;
	} else {
		c->next = a->head->next;
		a->head->next = c;
	}
	return c;
}

void *
brn_arena_alloc(struct brn_arena *a, size_t n, size_t size)
{
	struct chunk *c;
	size_t total;
	void *p;

	if (brn_mul(n, size, &total) < 0 ||
	    brn_add(total, ALIGN - 1, &total) < 0)
		return NULL;
	total &= ~(size_t)(ALIGN - 1);
	c = chunk_for(a, total);
	if (!c)
		return NULL;
	p = (char *)c->data + c->used;
	c->used += total;
	return p;
}

char *
brn_arena_strdup(struct brn_arena *a, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = brn_arena_alloc(a, n, 1);

	return p ? memcpy(p, s, n) : NULL;
}

char *
brn_arena_printf(struct brn_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	p = n < 0 ? NULL : brn_arena_alloc(a, (size_t)n + 1, 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}

int
brn_arena_own(struct brn_arena *a, void *p)
{
	struct chunk *c = brn_alloc(1, sizeof *c);

	if (!c) {
		free(p);
		return -1;
	}
	c->own = p;
	if (a->head) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		a->head = c;
	}
	return 0;
}

static uint8_t *
buf_room(struct brn_buf *b, size_t n)
{
	size_t need, cap;
	void *p;

	if (b->fail)
		return NULL;
	if (brn_add(b->n, n, &need) < 0)
		goto fail;
	if (need > b->cap || !b->p) {
		cap = need < 256 ? 256 : need + need / 2;
		p = brn_realloc(b->p, cap, 1);
		if (!p)
			goto fail;
		b->p = p;
		b->cap = cap;
	}
	b->n = need;
	return b->p + need - n;
fail:
	brn_buf_free(b);
	b->fail = 1;
	return NULL;
}

void
brn_buf_put(struct brn_buf *b, const void *p, size_t n)
{
	uint8_t *to = buf_room(b, n);

	if (to && n)
		memcpy(to, p, n);
}

void
brn_buf_u8(struct brn_buf *b, uint8_t v)
{
	brn_buf_put(b, &v, 1);
}

static void
put_le(struct brn_buf *b, uint64_t v, int nbytes)
{
	uint8_t le[8];

	for (int i = 0; i < nbytes; i++)
		le[i] = (uint8_t)(v >> 8 * i);
	brn_buf_put(b, le, (size_t)nbytes);
}

void
brn_buf_u32(struct brn_buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void
brn_buf_u64(struct brn_buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void
brn_buf_str(struct brn_buf *b, const char *s)
{
	size_t n = strlen(s);

	brn_buf_u32(b, (uint32_t)n);
	brn_buf_put(b, s, n);
}

void
brn_buf_printf(struct brn_buf *b, const char *fmt, ...)
{
	va_list ap;
	uint8_t *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	to = n < 0 ? NULL : buf_room(b, (size_t)n + 1);
	if (!to)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n--;         /* the NUL stays, uncounted: p is also a C string */
}

void
brn_buf_free(struct brn_buf *b)
{
	free(b->p);
	*b = (struct brn_buf){ 0 };
}

int
brn_write_all(int fd, const void *p, size_t n)
{
	const char *from = p;

	while (n > 0) {
		ssize_t put = write(fd, from, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		from += put;
		n -= (size_t)put;
	}
	return 0;
}

double
brn_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
