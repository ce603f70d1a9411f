/* SPDX-License-Identifier: Apache-2.0
 *
 * NumPy's .npy files, versions 1 to 3, with every element type of burin.h
 * (bfloat16, which NumPy lacks, as "V2"), little-endian, in C order.  Other
 * types, byte orders and Fortran order are refused, not converted.  Also access
 * to single elements of a tensor.
 */
#ifndef NPY_H
#define NPY_H

#include "burin.h"

/* Fill all of t except its name; the caller frees t->data with
 * free((void *)t->data).
 * Errors: EIO, EFORMAT, ENOMEM.  */
int npy_read(const char *path, burin_tensor *t, burin_error *err);

/* EIO if the file could not be written completely.  */
int npy_write(const char *path, const burin_tensor *t, burin_error *err);

/* Size of a tensor in bytes; -1 if it exceeds an int64_t.  */
int64_t npy_nbytes(enum burin_dtype dtype, int rank, const int64_t *dims);

size_t npy_dtype_size(enum burin_dtype dtype);
const char *npy_dtype_name(enum burin_dtype dtype);     /* "float32" */
int npy_is_float(enum burin_dtype dtype);

/* Element i of a tensor of any type.  npy_set is for data that may be written,
 * as that of npy_read.  */
double npy_get(const burin_tensor *t, size_t i);
void npy_set(const burin_tensor *t, size_t i, double v);

#endif
