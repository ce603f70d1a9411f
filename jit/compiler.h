/* SPDX-License-Identifier: Apache-2.0
 *
 * Who compiles here.  A libgccjit is told from every other by its build-id, in
 * hex; one linked without a build-id by "<size>.<mtime>" of its file.  The
 * version number is left out: it says less, and two ways of finding it could
 * disagree.  Library and module must come to the same text, or the module
 * refuses the spec.
 */
#ifndef BRN_COMPILER_H
#define BRN_COMPILER_H

#include <stddef.h>

#define BRN_COMPILER_ID_MAX 64

/* Of the libgccjit of this machine, read from its file without loading it: the
 * one that configure found, or $BURIN_GCCJIT where the module loads another;
 * where there is none, of the one burin was built with, so that a warmed cache
 * still hits.  "" when neither is known.  */
const char *brn_compiler_id(void);

/* Of a libgccjit by its path.  -1: not an ELF file that can be read.  */
int brn_compiler_id_file(const char *path, char id[BRN_COMPILER_ID_MAX]);
/* From n bytes of ELF notes.  -1: no build-id among them.  */
int brn_compiler_id_notes(const void *notes, size_t n,
    char id[BRN_COMPILER_ID_MAX]);

#endif
