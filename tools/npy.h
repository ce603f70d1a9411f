/* SPDX-License-Identifier: Apache-2.0
 *
 * NumPy's .npy files, versions 1 to 3: every type of burin.h (bfloat16, which
 * NumPy has not, as "V2"), little-endian, C order.  Other types, byte orders
 * and Fortran order are refused by name, not converted.  Also single elements.
 */
#ifndef NPY_H
#define NPY_H

#include "burin.h"

/* Fill t but for its name; free((void *)t->data) frees it.
 * Errors: EIO, EFORMAT, ENOMEM.  */
int npy_read(const char *path, burin_tensor *t, burin_error *err);

/* EIO when not all could be written.  */
int npy_write(const char *path, const burin_tensor *t, burin_error *err);

/* Elements of a shape, times the size of one; -1 when it does not fit.  */
int64_t npy_nbytes(enum burin_dtype dtype, int rank, const int64_t *dims);

size_t npy_dtype_size(enum burin_dtype dtype);
const char *npy_dtype_name(enum burin_dtype dtype);     /* "float32" */
int npy_is_float(enum burin_dtype dtype);

/* Element i of a tensor of any type.  npy_set is for data that may be written,
 * as that of npy_read.  */
double npy_get(const burin_tensor *t, size_t i);
void npy_set(const burin_tensor *t, size_t i, double v);

#endif
