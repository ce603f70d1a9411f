/* SPDX-License-Identifier: Apache-2.0
 *
 * The directories of a store and the file names in them.  A directory is used
 * only if this user owns it and nobody else can write to it.  Each level is
 * checked through the descriptor that is used afterwards.
 *
 * Private to cache/.
 */
#ifndef BRN_SHARD_H
#define BRN_SHARD_H

#include "cache/key.h"

#define BRN_NUM_SHARDS 256
#define BRN_FAILURE_AGE 86400           /* seconds until a failure expires */

struct brn_store {
	char *dir;                      /* absolute */
	int v1;                         /* descriptor of <dir>/v1 */
	int readonly;
	int parent;                     /* of a scratch store: descriptor of
	                                   the directory it is in; else -1 */
};

/* Whether mtime is less than seconds before or after now.  A time further in
 * the future counts as old, since the clock may have been set back.  */
int brn_is_recent(int64_t mtime, int64_t seconds);

enum brn_dir_use {
	BRN_DIR_write,          /* must exist and be owned by this user */
	BRN_DIR_make,           /* like write; created with 0700 if absent */
	BRN_DIR_read,           /* root may own it, too */
};

/* Open the directory name in at and check its owner and mode.  Returns a
 * descriptor, or -1 and *why: a few static words, or NULL if the directory is
 * absent.  */
int brn_dir_open(int at, const char *name, enum brn_dir_use use,
    const char **why);

/* brn_dir_open for shard i of s, the directory "00" to "ff".  make: create it
 * if absent.  */
int brn_shard_open(const struct brn_store *s, int i, int make,
    const char **why);

void brn_entry_name(const struct brn_key *k, char name[BRN_NAME_MAX]);
/* Whether name is the file name of an entry; if so, *k is its key.  */
int brn_name_is_entry(const char *name, struct brn_key *k);

/* The name of the file that records that k could not be compiled.  */
void brn_failure_name(const struct brn_key *k, char name[BRN_NAME_MAX]);
int brn_name_is_failure(const char *name);

/* The n-th name of a temporary file of this process.  */
void brn_temp_name(unsigned n, char name[BRN_NAME_MAX]);
/* Create a temporary file in dirfd and write its name to name.  Returns a
 * descriptor, or -1 with errno set.  */
int brn_temp_make(int dirfd, char name[BRN_NAME_MAX]);
int brn_name_is_temp(const char *name);
/* Whether the process that made the temporary file is known to be dead.  */
int brn_temp_is_dead(const char *name);

/* Remove the directory name in dirfd and everything in it.  Symbolic links are
 * removed, not followed.  */
void brn_dir_remove(int dirfd, const char *name);

#endif
