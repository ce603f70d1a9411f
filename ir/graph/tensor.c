/* SPDX-License-Identifier: Apache-2.0
 *
 * Element types and shapes.
 */
#include "ir/graph/tensor.h"

#include "ir/graph/text.h"

static const struct {
	int dtype;
	size_t size;
	const char *name;
	int64_t min, max;               /* of integers */
} dtypes[] = {
	{ BURIN_F32,  4, "f32",  0, 0 },
	{ BURIN_F16,  2, "f16",  0, 0 },
	{ BURIN_F64,  8, "f64",  0, 0 },
	{ BURIN_BF16, 2, "bf16", 0, 0 },
	{ BURIN_BOOL, 1, "bool", 0, 1 },
#define X(dtype, ctype, name, min, max) \
	{ BURIN_##dtype, sizeof (ctype), name, min, max },
	BRN_INT_DTYPES(X)
#undef X
};

/* The body of a function: a field of the row of a type.  */
#define ROW(dtype_, field, none) \
	for (int i = 0; i < BRN_COUNT(dtypes); i++) \
		if (dtypes[i].dtype == (dtype_)) \
			return dtypes[i].field; \
	return none

size_t
brn_dtype_size(int dtype)
{
	if (dtype & BRN_LIST)
		return sizeof (void *);
	ROW(dtype, size, 0);
}

const char *
brn_dtype_name(int dtype)
{
	if (dtype & BRN_LIST)
		return "list";
	ROW(dtype, name, "?");
}

int
brn_dtype_is_float(int dtype)
{
	return dtype == BURIN_F32 || dtype == BURIN_F16 ||
	    dtype == BURIN_F64 || dtype == BURIN_BF16;
}

int64_t
brn_int_min(int dtype)
{
	ROW(dtype, min, 0);
}

int64_t
brn_int_max(int dtype)
{
	ROW(dtype, max, 0);
}

int
brn_type_is_concrete(const struct brn_type *t)
{
	if (t->rank < 0 || !brn_dtype_size(t->dtype))
		return 0;
	for (int i = 0; i < t->rank; i++)
		if (brn_is_sym(t->dim[i]))
			return 0;
	return 1;
}

int
brn_type_equal(const struct brn_type *a, const struct brn_type *b)
{
	if (a->dtype != b->dtype || a->rank != b->rank)
		return 0;
	for (int i = 0; i < a->rank; i++)
		if (a->dim[i] != b->dim[i])
			return 0;
	return 1;
}

int64_t
brn_type_numel(const struct brn_type *t)
{
	int64_t n = 1;
	int zero = 0;

	if (t->rank < 0)
		return -1;
	for (int i = 0; i < t->rank; i++) {
		if (t->dim[i] < 0)
			return -1;
		if (t->dim[i] == 0)
			zero = 1;
		else if (__builtin_mul_overflow(n, t->dim[i], &n))
			return -1;
	}
	if (zero)
		return n > BRN_MOST_EMPTY ? -1 : 0;
	return n;
}

int
brn_type_bytes(const struct brn_type *t, const char *what, size_t *out,
    burin_error *err)
{
	int64_t n = brn_type_numel(t);
	size_t size = brn_dtype_size(t->dtype), bytes;

	if (n < 0 || !size || brn_mul((size_t)n, size, &bytes) < 0 ||
	    bytes > PTRDIFF_MAX)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: shape has no size that fits memory", what);
	*out = bytes;
	return 0;
}

void
brn_type_strides(const struct brn_type *t, int64_t stride[BRN_MAX_RANK])
{
	int64_t s = 1;

	for (int i = t->rank - 1; i >= 0; i--) {
		stride[i] = s;
		s *= t->dim[i];
	}
}

/* A name of letters, digits and _ only that no number and no ? starts.  */
static int
is_word(const char *s)
{
	if (*s >= '0' && *s <= '9')
		return 0;
	for (; *s == '_' || (*s >= '0' && *s <= '9') ||
	    (*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z'); s++)
		;
	return *s == 0;
}

void
brn_sym_print(struct brn_buf *b, int64_t i, const char *const *sym, int nsym)
{
	if (!sym || i >= nsym || !sym[i]) {
		brn_buf_printf(b, "?%lld", (long long)i);
	} else if (sym[i][0] && is_word(sym[i])) {
		brn_buf_printf(b, "%s", sym[i]);
	} else {
		brn_buf_printf(b, "'");
		brn_text_escape(b, sym[i], "'");
		brn_buf_printf(b, "'");
	}
}

void
brn_type_print(struct brn_buf *b, const struct brn_type *t,
    const char *const *sym, int nsym)
{
	brn_buf_printf(b, "%s", brn_dtype_name(t->dtype));
	if (t->rank < 0) {
		brn_buf_printf(b, "[..]");
		return;
	}
	brn_buf_printf(b, "[");
	for (int i = 0; i < t->rank; i++) {
		if (i)
			brn_buf_printf(b, ",");
		if (brn_is_sym(t->dim[i]))
			brn_sym_print(b, t->dim[i] - BRN_SYM(0), sym, nsym);
		else
			brn_buf_printf(b, "%lld", (long long)t->dim[i]);
	}
	brn_buf_printf(b, "]");
}
