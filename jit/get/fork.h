/* SPDX-License-Identifier: Apache-2.0
 *
 * The locks of this folder across fork: a child must not find one of them
 * locked by a thread that it has not.  Whoever forks takes all of them, in
 * this order, and so may wait for a kernel to be loaded or, inside the
 * process, compiled.
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

/* From now on; child (NULL: none) is called in a child before it is unlocked.
 * To be called before the lock is first taken; again does nothing.  */
void brn_fork_guard(enum brn_fork_lock l, pthread_mutex_t *m,
    void (*child)(void));

/* The calling thread is (1) or no longer is (0) in the compiler, which forks
 * by itself and must not wait then for who waits for it.  */
void brn_fork_in_compiler(int in);

#endif
