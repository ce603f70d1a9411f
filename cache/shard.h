/* SPDX-License-Identifier: Apache-2.0
 *
 * The directories of a store and the names in them.  A directory is used when
 * it is ours and nobody else may write to it, each level checked through the
 * descriptor that is then used.
 *
 * Private to cache/.
 */
#ifndef BRN_SHARD_H
#define BRN_SHARD_H

#include "cache/key.h"

#define BRN_NAME_MAX 160                /* of an entry or a temporary file */
#define BRN_NUM_SHARDS 256
#define BRN_FAILURE_AGE 86400           /* seconds that one counts */

struct brn_store {
	char *dir;                      /* absolute */
	int v1;                         /* <dir>/v1 */
	int readonly;
};

/* Whether a time of the file system is less than seconds away, in either
 * direction: a clock may have been set back.  */
int brn_is_recent(int64_t mtime, int64_t seconds);

enum brn_dir_use {
	BRN_DIR_write,
	BRN_DIR_make,           /* the same, with mode 0700 if it is absent */
	BRN_DIR_read,           /* may also be root's */
};

/* A descriptor of the directory name in at.  -1: *why says in a word, NULL when
 * it is just absent.  */
int brn_dir_open(int at, const char *name, enum brn_dir_use use,
    const char **why);

/* The same for shard i of s, "00" to "ff".  */
int brn_shard_open(const struct brn_store *s, int i, int make,
    const char **why);

void brn_entry_name(const struct brn_key *k, char name[BRN_NAME_MAX]);
/* Whether name is that of an entry; then *k is its key.  */
int brn_name_is_entry(const char *name, struct brn_key *k);

/* That of the file that remembers that k could not be made.  */
void brn_failure_name(const struct brn_key *k, char name[BRN_NAME_MAX]);
int brn_name_is_failure(const char *name);

/* The n-th name of a temporary file of this process.  */
void brn_temp_name(unsigned n, char name[BRN_NAME_MAX]);
/* A new temporary file in dirfd.  A descriptor, or -1 and errno.  */
int brn_temp_make(int dirfd, char name[BRN_NAME_MAX]);
int brn_name_is_temp(const char *name);
/* Whether the process that made a temporary file is known to be dead.  */
int brn_temp_is_dead(const char *name);

/* Remove the directory name in dirfd with all that is in it.  Links are not
 * followed.  */
void brn_dir_remove(int dirfd, const char *name);

#endif
