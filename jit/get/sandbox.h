/* SPDX-License-Identifier: Apache-2.0
 *
 * What burin-cc gives up before it reads a request.  It loads a compiler of a
 * million lines and feeds it descriptions; what goes wrong there shall not
 * leave the store.  Reading is not restricted: compilers are installed
 * anywhere.
 */
#ifndef BRN_SANDBOX_H
#define BRN_SANDBOX_H

/* For this process and those it starts: no new privileges; limits of memory,
 * file size and core files; writing only below the directory of the descriptor
 * dir and to /dev/null; signals only among themselves; no sockets, no tracing
 * of processes, no mounts, no kernel interfaces that a compiler has no use for.
 * Returns 1, or 0 if the kernel lacks a part of that: the others hold all the
 * same.  */
int brn_sandbox_enter(int dir);

/* Allow seconds more of processor time, from now.  */
void brn_sandbox_allow(int seconds);

#endif
