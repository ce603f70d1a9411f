/* SPDX-License-Identifier: Apache-2.0
 *
 * A tensor: element type, shape, and row-major data or none.  A dimension is a
 * size, or a symbol for a size that the caller of a session decides ("batch").
 * Symbols are numbered by the graph; they may also stand as elements of int64
 * tensors, which is how a Shape travels through shape arithmetic before the
 * size is known.
 */
#ifndef BRN_TENSOR_H
#define BRN_TENSOR_H

#include "ir/base.h"

#define BRN_MAX_RANK BURIN_MAX_RANK

/* Symbol i as a dimension: far below any size or index.  */
#define BRN_SYM(i) (INT64_MIN + (int64_t)(i))

static inline int
brn_is_sym(int64_t d)
{
	return d < INT64_MIN / 2;
}

/* The bit of a dtype that makes it a list of tensors: ir/graph/list.h.  */
enum { BRN_LIST = 64 };

struct brn_type {
	int dtype;                      /* enum burin_dtype; 0: not known */
	int rank;                       /* -1: not known */
	int64_t dim[BRN_MAX_RANK];
};

struct brn_tensor {
	struct brn_type type;
	void *data;                     /* borrowed or owned: its holder says */
};

/* The integer types: X(suffix of BURIN_, C type, name, least, greatest).  */
#define BRN_INT_DTYPES(X) \
	X(U8,  uint8_t,  "u8",  0,         UINT8_MAX) \
	X(I8,  int8_t,   "i8",  INT8_MIN,  INT8_MAX) \
	X(U16, uint16_t, "u16", 0,         UINT16_MAX) \
	X(I16, int16_t,  "i16", INT16_MIN, INT16_MAX) \
	X(I32, int32_t,  "i32", INT32_MIN, INT32_MAX) \
	X(I64, int64_t,  "i64", INT64_MIN, INT64_MAX) \
	X(U32, uint32_t, "u32", 0,         UINT32_MAX) \
	X(U64, uint64_t, "u64", 0,         INT64_MAX)

size_t brn_dtype_size(int dtype);               /* 0: no such type */
const char *brn_dtype_name(int dtype);          /* "f32" */
int brn_dtype_is_float(int dtype);
/* Least and greatest value of an integer type or of bool; of u64 the greatest
 * that fits an int64.  */
int64_t brn_int_min(int dtype);
int64_t brn_int_max(int dtype);

/* Whether the rank is known and every dimension is a size.  */
int brn_type_is_concrete(const struct brn_type *t);
int brn_type_equal(const struct brn_type *a, const struct brn_type *b);
/* Number of elements, checked; -1 when it overflows or is not concrete.  A
 * tensor without elements may have at most BRN_MOST_EMPTY if its sizes of 0 are
 * left out: loops over its other sizes end, and their products do not
 * overflow.  */
#define BRN_MOST_EMPTY INT32_MAX
int64_t brn_type_numel(const struct brn_type *t);
/* Size in bytes, checked; EFORMAT names what.  */
int brn_type_bytes(const struct brn_type *t, const char *what, size_t *out,
    burin_error *err);
/* Row-major strides in elements.  */
void brn_type_strides(const struct brn_type *t, int64_t stride[BRN_MAX_RANK]);
/* Symbol i: its name, in quotes when it is no plain word, or "?3".  sym may be
 * NULL.  */
void brn_sym_print(struct brn_buf *b, int64_t i, const char *const *sym,
    int nsym);
/* "f32[2,batch]"; "?[..]" is an unknown type.  */
void brn_type_print(struct brn_buf *b, const struct brn_type *t,
    const char *const *sym, int nsym);

static inline int64_t
brn_numel(const struct brn_tensor *t)
{
	return brn_type_numel(&t->type);
}

#endif
