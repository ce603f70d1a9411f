/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing in a process that may have a limit of file sizes (RLIMIT_FSIZE): a
 * write beyond it would end the process by SIGXFSZ, so it is not tried.  Files
 * in memory (memfd) have the same limit.
 */
#ifndef BRN_FILE_H
#define BRN_FILE_H

#include "ir/base.h"

/* Whether the limit allows a file of n bytes.  */
int brn_file_may_have(uint64_t n);

/* Write all n bytes at the offset of fd.  -1: errno says why, EFBIG beyond the
 * limit.  */
int brn_file_write(int fd, const void *p, size_t n);

#endif
