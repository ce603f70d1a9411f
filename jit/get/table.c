/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash table under one mutex, which is never held while compiling or in
 * dlopen and dlclose.
 */
#include "jit/get/table.h"

#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "jit/get/fork.h"
#include "jit/get/load.h"

#define NBUCKET 256

enum state { UNCLAIMED, CLAIMED, MADE, FAILED };

struct brn_slot {
	struct brn_kernel kernel;       /* the handle that callers have */
	struct brn_slot *next;
	struct brn_key key;
	int refs;
	int listed;                     /* is in its bucket */
	enum state state;
	void *handle;
	struct brn_code code[2];        /* tier 0, and its own */
	size_t ndesc;
	uint8_t desc[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t settled = PTHREAD_COND_INITIALIZER;
static struct brn_slot *bucket[NBUCKET];

static struct brn_slot *
find(const struct brn_key *k, const void *desc, size_t ndesc)
{
	struct brn_slot *s = bucket[k->b[0]];

	while (s && (!brn_key_equal(&s->key, k) || s->ndesc != ndesc ||
	    memcmp(s->desc, desc, ndesc) != 0))
		s = s->next;
	return s;
}

static struct brn_slot *
add(const struct brn_key *k, const void *desc, size_t ndesc,
    const struct brn_code *tier_0)
{
	struct brn_slot *s;
	size_t n;

	if (brn_add(sizeof *s, ndesc, &n) < 0 || !(s = brn_alloc(n, 1)))
		return NULL;
	s->key = *k;
	s->code[0] = *tier_0;
	s->kernel.code = tier_0->fn;
	s->kernel.name = s->code[0].name;
	s->refs = 1;
	s->listed = 1;
	s->ndesc = ndesc;
	memcpy(s->desc, desc, ndesc);
	s->next = bucket[k->b[0]];
	bucket[k->b[0]] = s;
	return s;
}

static void
unlist(struct brn_slot *s)
{
	struct brn_slot **p = &bucket[s->key.b[0]];

	if (!s->listed)
		return;
	while (*p != s)
		p = &(*p)->next;
	*p = s->next;
	s->listed = 0;
}

/* What the slot is to the caller, who claims it if nobody has.  Called under
 * lock.  */
static enum brn_claim
state_for_caller(struct brn_slot *s)
{
	switch (s->state) {
	case MADE:
		return BRN_CLAIM_ready;
	case FAILED:
		return BRN_CLAIM_failed;
	case CLAIMED:
		return BRN_CLAIM_pending;
	default:
		s->state = CLAIMED;
		return BRN_CLAIM_mine;
	}
}

/* ---- fork ------------------------------------------------------------- */

/* The threads that had claimed kernels are not in the child.  */
static void
in_child(void)
{
	for (int i = 0; i < NBUCKET; i++)
		for (struct brn_slot *s = bucket[i]; s; s = s->next)
			if (s->state == CLAIMED)
				s->state = UNCLAIMED;
	settled = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
}

static void
watch_forks(void)
{
	brn_fork_guard(BRN_FORK_table, &lock, in_child);
}

/* ---- slots ------------------------------------------------------------ */

int
brn_table_claim(const struct brn_key *k, const void *desc, size_t ndesc,
    const struct brn_code *tier_0, struct brn_slot **out)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct brn_slot *s;
	int rc;

	pthread_once(&once, watch_forks);
	pthread_mutex_lock(&lock);
	s = find(k, desc, ndesc);
	if (s)
		s->refs++;
	else
		s = add(k, desc, ndesc, tier_0);
	rc = s ? (int)state_for_caller(s) : -1;
	pthread_mutex_unlock(&lock);
	if (rc >= 0)
		*out = s;
	return rc;
}

void
brn_table_settle(struct brn_slot *s, const struct brn_code *code,
    void *handle)
{
	pthread_mutex_lock(&lock);
	if (code) {
		s->code[1] = *code;
		atomic_store_explicit(&s->kernel.name, s->code[1].name,
		    memory_order_release);
		atomic_store_explicit(&s->kernel.code, code->fn,
		    memory_order_release);
	}
	s->handle = handle;
	s->state = code ? MADE : FAILED;
	if (!code)
		unlist(s);
	pthread_cond_broadcast(&settled);
	pthread_mutex_unlock(&lock);
}

void
brn_table_abandon(struct brn_slot *s)
{
	pthread_mutex_lock(&lock);
	s->state = UNCLAIMED;
	pthread_cond_broadcast(&settled);
	pthread_mutex_unlock(&lock);
}

enum brn_claim
brn_table_wait(struct brn_slot *s, const atomic_int *stop)
{
	enum brn_claim c;

	pthread_mutex_lock(&lock);
	while ((c = state_for_caller(s)) == BRN_CLAIM_pending &&
	    !(stop && *stop))
		pthread_cond_wait(&settled, &lock);
	pthread_mutex_unlock(&lock);
	return c == BRN_CLAIM_pending ? BRN_CLAIM_stopped : c;
}

void
brn_table_wake(void)
{
	pthread_mutex_lock(&lock);
	pthread_cond_broadcast(&settled);
	pthread_mutex_unlock(&lock);
}

int
brn_kernel_is_made(const struct brn_kernel *k)
{
	const struct brn_slot *s = (const struct brn_slot *)k;

	return atomic_load_explicit(&k->name, memory_order_acquire) !=
	    s->code[0].name;
}

const char *
brn_kernel_name(const struct brn_kernel *k, int made)
{
	return ((const struct brn_slot *)k)->code[made].name;
}

struct brn_key
brn_kernel_key(const struct brn_kernel *k)
{
	return ((const struct brn_slot *)k)->key;
}

struct brn_kernel *
brn_table_kernel(struct brn_slot *s)
{
	return &s->kernel;
}

struct brn_kernel *
brn_table_ref(struct brn_kernel *k)
{
	pthread_mutex_lock(&lock);
	((struct brn_slot *)k)->refs++;
	pthread_mutex_unlock(&lock);
	return k;
}

void
brn_table_release(struct brn_kernel *k)
{
	struct brn_slot *s = (struct brn_slot *)k;

	if (!s)
		return;
	_Static_assert(offsetof(struct brn_slot, kernel) == 0, "the cast");
	pthread_mutex_lock(&lock);
	if (--s->refs > 0) {
		pthread_mutex_unlock(&lock);
		return;
	}
	unlist(s);
	pthread_mutex_unlock(&lock);
	brn_unload(s->handle);
	free(s);
}
