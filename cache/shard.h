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

struct brn_store {
	char *dir;                      /* absolute */
	int v1;                         /* <dir>/v1 */
};

/* A descriptor of the directory name in at, made with mode 0700 when make is 1
 * and it is absent.  -1: *why says in a word, NULL when it is just absent.  */
int brn_dir_open(int at, const char *name, int make, const char **why);

/* The same for shard i of s, "00" to "ff".  */
int brn_shard_open(const struct brn_store *s, int i, int make,
    const char **why);

void brn_entry_name(const struct brn_key *k, char name[BRN_NAME_MAX]);
/* Whether name is that of an entry; then *k is its key.  */
int brn_name_is_entry(const char *name, struct brn_key *k);

/* The n-th name of a temporary file of this process.  */
void brn_temp_name(unsigned n, char name[BRN_NAME_MAX]);
int brn_name_is_temp(const char *name);
/* Whether the process that made a temporary file is known to be dead.  */
int brn_temp_is_dead(const char *name);

#endif
