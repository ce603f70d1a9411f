/* SPDX-License-Identifier: Apache-2.0
 *
 * The environment of a worker.  That of the host could choose another
 * assembler, another linker or a library to load, so nothing of it is passed on
 * but the variables of burin.
 */
#ifndef BRN_ENVIRONMENT_H
#define BRN_ENVIRONMENT_H

#include <limits.h>

#include "ir/base.h"

#define BRN_MAX_VARIABLES 16

struct brn_environment {
	char *list[BRN_MAX_VARIABLES + 1];      /* for execve */
	int n;
	char text[8 * PATH_MAX];
};

/* A fixed PATH, LC_ALL=C, COMPILER_PATH with the folders of as and ld, and what
 * the host says of the module, of libgccjit and of tracing.  EJIT: as or ld is
 * missing, or the text is too long.  */
int brn_environment_make(struct brn_environment *e, burin_error *err);

/* Whether the compiler can run in this process without ending it: it does that
 * when as or ld is not found by COMPILER_PATH and PATH, and when a file grows
 * beyond RLIMIT_FSIZE.  EJIT: the error names what is missing.  */
int brn_environment_check(burin_error *err);

#endif
