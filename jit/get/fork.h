/* SPDX-License-Identifier: Apache-2.0
 *
 * The locks of this folder across fork.  A forking thread takes all of them
 * first, in this order, so that the child does not find one locked by a thread
 * that it does not have.  fork may so wait for a kernel that is being loaded,
 * or compiled in this process.
 */
#ifndef BRN_FORK_H
#define BRN_FORK_H

#include <pthread.h>

enum brn_fork_lock {
	BRN_FORK_module,
	BRN_FORK_compile,
	BRN_FORK_load,
	BRN_FORK_table,
	BRN_FORK_total,
	BRN_NUM_FORK_LOCKS
};

/* Guard the lock m from now on; call this before m is first taken, once or more
 * often.  child (NULL: none) is called in a child before m is unlocked.  */
void brn_fork_guard(enum brn_fork_lock l, pthread_mutex_t *m,
    void (*child)(void));

/* The calling thread enters (1) or leaves (0) the compiler, which forks itself:
 * the locks, one of which this thread holds, are then left alone.  */
void brn_fork_in_compiler(int in);

#endif
