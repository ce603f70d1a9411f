/* SPDX-License-Identifier: Apache-2.0
 *
 * A hash table under one mutex; what takes long (compiling, dlopen, dlclose)
 * happens outside of it.
 */
#include "jit/table.h"

#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jit/load.h"

#define NBUCKET 256

struct brn_slot {
	struct brn_kernel kernel;       /* what others see of it */
	struct brn_slot *next;
	struct brn_key key;
	int refs;
	int listed;                     /* in the table */
	int settled;
	void *handle;
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
add(const struct brn_key *k, const void *desc, size_t ndesc)
{
	struct brn_slot *s;
	size_t n;

	if (brn_add(sizeof *s, ndesc, &n) < 0 || !(s = brn_alloc(n, 1)))
		return NULL;
	s->key = *k;
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

int
brn_table_claim(const struct brn_key *k, const void *desc, size_t ndesc,
    struct brn_slot **out)
{
	struct brn_slot *s;
	int rc;

	pthread_mutex_lock(&lock);
	s = find(k, desc, ndesc);
	if (s) {
		s->refs++;
		rc = s->settled ? BRN_CLAIM_ready : BRN_CLAIM_pending;
	} else {
		s = add(k, desc, ndesc);
		rc = s ? BRN_CLAIM_mine : -1;
	}
	pthread_mutex_unlock(&lock);
	if (rc >= 0)
		*out = s;
	return rc;
}

void
brn_table_settle(struct brn_slot *s, const struct brn_kernel *k, void *handle)
{
	pthread_mutex_lock(&lock);
	s->kernel = *k;
	s->handle = handle;
	s->settled = 1;
	if (!handle)
		unlist(s);
	pthread_cond_broadcast(&settled);
	pthread_mutex_unlock(&lock);
}

int
brn_table_wait(struct brn_slot *s)
{
	pthread_mutex_lock(&lock);
	while (!s->settled)
		pthread_cond_wait(&settled, &lock);
	pthread_mutex_unlock(&lock);
	return s->handle != NULL;
}

struct brn_kernel *
brn_table_kernel(struct brn_slot *s)
{
	return &s->kernel;
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
