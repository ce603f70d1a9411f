/* SPDX-License-Identifier: Apache-2.0
 *
 * What the printer and the reader of graphs share.  The format is specified in
 * ir/README.md.
 */
#ifndef BRN_TEXT_H
#define BRN_TEXT_H

#include "ir/graph/graph.h"

#include <locale.h>

/* The first line is this and the number of the opset.  */
#define BRN_TEXT_MAGIC "burin graph 1 opset "

/* Numbers are written and read in the C locale, whatever the caller has set
 * for this thread.  Give back to brn_text_end what brn_text_begin returned.  */
locale_t brn_text_begin(void);
void brn_text_end(locale_t old);

/* Append s; control characters, backslashes and the characters of also become
 * \xx, two hexadecimal digits.  */
void brn_text_escape(struct brn_buf *b, const char *s, const char *also);

/* The bits of the NaN that is written "nan"; others are written "#bits".  */
#define BRN_TEXT_NAN UINT32_C(0x7fc00000)

/* Value files: values that are too many for the text are the file
 * DIR/values/NAME, the bytes as in memory, NAME a hash of them.  */
enum { BRN_VALUES_INLINE = 256, BRN_VALUES_NAME = 17 };

/* Write n bytes at p unless the file is there, and tell its name.  EIO.  */
int brn_values_write(const char *dir, const void *p, size_t n,
    char name[BRN_VALUES_NAME], burin_error *err);
/* Read a file of n bytes into p; dir may be NULL.  EIO, or EFORMAT when the
 * file has another size or its bytes another hash.  */
int brn_values_read(const char *dir, const char *name, void *p, size_t n,
    burin_error *err);

#endif
