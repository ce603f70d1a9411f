/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the files are that come with the library: the worker and the module.
 */
#ifndef BRN_LOCATE_H
#define BRN_LOCATE_H

#include <limits.h>

#include "ir/base.h"

enum brn_part { BRN_PART_cc, BRN_PART_module };

/* The path of burin-cc or of burin-jit.so, the first of
 *
 *	1. $BURIN_CC, $BURIN_JIT_MODULE (secure_getenv), whatever they name
 *	2. a build tree: burin-cc above the .libs that this code was loaded
 *	   from, burin-jit.so in it
 *	3. the folder that this code was loaded from
 *	4. where it is relative to that folder in an installation, which may
 *	   have been moved as a whole
 *	5. where it was installed
 *
 * that exists.  2 to 4 are passed over in programs with more rights than
 * their caller, and if the file or
 * its folder can be written by others than root and the effective user.  EJIT:
 * there is none; the error tells of one that was passed over.  */
int brn_locate(enum brn_part part, char path[PATH_MAX], burin_error *err);

/* The folders of as and ld, "a:b": $BURIN_BINUTILS (secure_getenv), else those
 * that configure found.  EJIT: the error names the one that is missing.  */
int brn_locate_tools(char folders[2 * PATH_MAX], burin_error *err);

#endif
