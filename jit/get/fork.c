/* SPDX-License-Identifier: Apache-2.0
 *
 * One handler of pthread_atfork and a table of locks: several handlers would
 * run in the order of registration, which here depends on who calls first.
 */
#include "jit/get/fork.h"

static struct guard {
	pthread_mutex_t *m;
	void (*child)(void);
} guards[BRN_NUM_FORK_LOCKS];

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static __thread int in_compiler;

void
brn_fork_in_compiler(int in)
{
	in_compiler = in;
}

static void
before(void)
{
	if (in_compiler)
		return;
	pthread_mutex_lock(&table);
	for (int i = 0; i < BRN_NUM_FORK_LOCKS; i++)
		if (guards[i].m)
			pthread_mutex_lock(guards[i].m);
}

static void
unlock(void)
{
	for (int i = BRN_NUM_FORK_LOCKS; i-- > 0;)
		if (guards[i].m)
			pthread_mutex_unlock(guards[i].m);
	pthread_mutex_unlock(&table);
}

static void
in_parent(void)
{
	if (!in_compiler)
		unlock();
}

static void
in_child(void)
{
	if (in_compiler)
		return;
	for (int i = 0; i < BRN_NUM_FORK_LOCKS; i++)
		if (guards[i].child)
			guards[i].child();
	unlock();
}

static void
watch(void)
{
	pthread_atfork(before, in_parent, in_child);
}

void
brn_fork_guard(enum brn_fork_lock l, pthread_mutex_t *m, void (*child)(void))
{
	pthread_once(&once, watch);
	pthread_mutex_lock(&table);
	guards[l] = (struct guard){ m, child };
	pthread_mutex_unlock(&table);
}
