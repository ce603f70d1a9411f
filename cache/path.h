/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may own what is used, and the way to a directory.  Whoever can rename a
 * directory above the cache can put another one in its place, so the way is
 * walked with descriptors, component by component, and each is checked.
 */
#ifndef BRN_PATH_H
#define BRN_PATH_H

#include <sys/types.h>

#include "ir/base.h"

/* Whether this program has rights that its caller lacks: set-uid, set-gid or
 * with capabilities (AT_SECURE).  What the caller owns is then not trusted.  */
int brn_is_privileged(void);

/* Whether uid is root or, unless brn_is_privileged, the effective user.  */
int brn_is_trusted_owner(uid_t uid);

enum brn_path_flag {
	BRN_PATH_MAKE = 1,      /* create what is missing with mode 0700 */
	BRN_PATH_PARENT = 2,    /* check the last directory like those above */
};

/* Open the directory path, absolute, as a descriptor with O_PATH.  Symbolic
 * links are followed if a trusted owner made them.  Every directory above the
 * last one must have a trusted owner, or that of "/", and may be writable by
 * others only if it is sticky.  ECACHE: the error names the directory that is
 * missing or refused.  */
int brn_path_open(const char *path, int flags, burin_error *err);

#endif
