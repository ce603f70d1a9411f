/* SPDX-License-Identifier: Apache-2.0
 *
 * A team of threads, over pthreadpool.  One caller at a time.
 */
#ifndef BRN_THREADS_H
#define BRN_THREADS_H

#include <stddef.h>

struct brn_threads;

/* n threads, at most four a core, the caller being one of them; 0 for one a
 * core that this process may use.  NULL without memory.  */
struct brn_threads *brn_threads_new(int n);
void brn_threads_free(struct brn_threads *t);           /* NULL is fine */
int brn_threads_count(const struct brn_threads *t);

/* fn(ctx, i) for i from 0 to n, on all threads; returns when all are done.
 * With one thread it is a plain loop.  */
typedef void brn_task_fn(void *ctx, size_t i);
void brn_parallel(struct brn_threads *t, size_t n, brn_task_fn *fn, void *ctx);

/* Let the threads sleep until there is work again.  Without it they spin after
 * work, ready for more, for tens of milliseconds.  */
void brn_threads_rest(struct brn_threads *t);

#endif
