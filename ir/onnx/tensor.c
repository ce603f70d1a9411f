/* SPDX-License-Identifier: Apache-2.0
 *
 * Tensors of a file, in three steps: external data becomes raw data; raw or
 * typed data is moved out of the message, without a copy; types that burin does
 * not compute in are converted.
 */
#include "ir/onnx/tensor.h"

#include "ir/graph/half.h"
#include "ir/onnx/file.h"
#include "ir/onnx/onnx.pb-c.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "raw_data is little-endian and taken as it is");

enum field {
	NONE, FLOAT_DATA, INT32_DATA, INT64_DATA, UINT64_DATA, DOUBLE_DATA
};

/* size: bytes of an element in raw_data; typed: the field that holds it when
 * raw_data does not.  */
static const struct storage {
	const char *name;
	int dtype;
	size_t size;
	enum field typed;
} storages[] = {
	[0]  = { "undefined",  0,          0,  NONE },
	[1]  = { "float",      BURIN_F32,  4,  FLOAT_DATA },
	[2]  = { "uint8",      BURIN_U8,   1,  INT32_DATA },
	[3]  = { "int8",       BURIN_I8,   1,  INT32_DATA },
	[4]  = { "uint16",     BURIN_U16,  2,  INT32_DATA },
	[5]  = { "int16",      BURIN_I16,  2,  INT32_DATA },
	[6]  = { "int32",      BURIN_I32,  4,  INT32_DATA },
	[7]  = { "int64",      BURIN_I64,  8,  INT64_DATA },
	[8]  = { "string",     0,          0,  NONE },
	[9]  = { "bool",       BURIN_BOOL, 1,  INT32_DATA },
	[10] = { "float16",    BURIN_F32,  2,  INT32_DATA },
	[11] = { "double",     BURIN_F32,  8,  DOUBLE_DATA },
	[12] = { "uint32",     BURIN_U32,  4,  UINT64_DATA },
	[13] = { "uint64",     BURIN_U64,  8,  UINT64_DATA },
	[14] = { "complex64",  0,          8,  NONE },
	[15] = { "complex128", 0,          16, NONE },
	[16] = { "bfloat16",   BURIN_F32,  2,  INT32_DATA },
};

static const struct storage *
storage_of(int data_type)
{
	static const struct storage other = { "unknown type", 0, 0, NONE };

	if (data_type < 0 || data_type >= BRN_COUNT(storages))
		return &other;
	return &storages[data_type];
}

int
brn_onnx_dtype(int data_type)
{
	return storage_of(data_type)->dtype;
}

int
brn_onnx_port_dtype(int data_type)
{
	switch (data_type) {
	case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16:
	case ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16:
	case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
		return data_type;
	default:
		return brn_onnx_dtype(data_type);
	}
}

const char *
brn_onnx_dtype_name(int data_type)
{
	return storage_of(data_type)->name;
}

static int
shape_of(const struct Onnx__TensorProto *t, const char *what,
    struct brn_type *type, burin_error *err)
{
	if (t->n_dims > BRN_MAX_RANK)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: rank %zu, wanted at most %d", what, t->n_dims,
		    BRN_MAX_RANK);
	type->dtype = brn_onnx_dtype(t->data_type);
	type->rank = (int)t->n_dims;
	for (size_t i = 0; i < t->n_dims; i++) {
		if (t->dims[i] < 0)
			return brn_fail(err, BURIN_EFORMAT,
			    "%s: dimension %zu is %lld, wanted 0 or more",
			    what, i, (long long)t->dims[i]);
		type->dim[i] = t->dims[i];
	}
	return 0;
}

/* The number of bytes that t has as raw_data.  */
static int
raw_size(const struct Onnx__TensorProto *t, const char *what,
    const struct brn_type *type, size_t *out, burin_error *err)
{
	int64_t n = brn_type_numel(type);

	if (n < 0 || brn_mul((size_t)n, storage_of(t->data_type)->size, out) <
	    0 || *out > PTRDIFF_MAX / 8)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: shape has more bytes than memory can hold", what);
	return 0;
}

/* ---- external data ------------------------------------------------------- */

static int
decimal(const char *s, const char *key, const char *what, uint64_t *out,
    burin_error *err)
{
	uint64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			break;
	if (*p || p == s || v > INT64_MAX)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: external data has %s '%s', wanted a number", what,
		    key, s);
	*out = v;
	return 0;
}

static int
extern_of(const struct Onnx__TensorProto *t, const char *what,
    struct brn_onnx_extern *x, int *sized, burin_error *err)
{
	uint64_t size = 0;
	int rc = 0;

	for (size_t i = 0; i < t->n_external_data && rc == 0; i++) {
		const char *key = t->external_data[i]->key;
		const char *v = t->external_data[i]->value;

		if (!key || !v)
			continue;
		if (!strcmp(key, "location"))
			x->location = v;
		if (!strcmp(key, "offset"))
			rc = decimal(v, key, what, &x->offset, err);
		if (!strcmp(key, "length")) {
			rc = decimal(v, key, what, &size, err);
			*sized = 1;
		}
	}
	if (rc < 0)
		return rc;
	if (!x->location)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: external data without a location", what);
	x->size = size;
	return 0;
}

static void
drop_extern(struct Onnx__TensorProto *t)
{
	for (size_t i = 0; i < t->n_external_data; i++)
		onnx__string_string_entry_proto__free_unpacked(
		    t->external_data[i], NULL);
	free(t->external_data);
	t->external_data = NULL;
	t->n_external_data = 0;
	t->has_data_location = 0;
	t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT;
}

int
brn_onnx_embed(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, burin_error *err)
{
	struct brn_onnx_extern x = { .dir = src->dir, .blob = src->blob,
	    .nblob = src->nblob };
	struct brn_type type = { 0 };
	int sized = 0, rc;
	void *data;

	if (t->data_location != ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL)
		return 0;
	if ((rc = extern_of(t, what, &x, &sized, err)) < 0)
		return rc;
	if (!sized && !storage_of(t->data_type)->size)
		return brn_fail(err, BURIN_EUNSUPPORTED, "%s: external data "
		    "of %s without a length", what,
		    brn_onnx_dtype_name(t->data_type));
	if (!sized && ((rc = shape_of(t, what, &type, err)) < 0 ||
	    (rc = raw_size(t, what, &type, &x.size, err)) < 0))
		return rc;
	if (x.size > src->extern_left)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: %zu bytes of external data, %zu are left of what a "
		    "model may have", what, x.size, src->extern_left);
	if ((rc = brn_onnx_extern_read(&x, what, &data, err)) < 0)
		return rc;
	src->extern_left -= x.size;
	free(t->raw_data.data);
	t->raw_data = (ProtobufCBinaryData){ x.size, data };
	t->has_raw_data = 1;
	drop_extern(t);
	return 0;
}

/* ---- data in the message ------------------------------------------------- */

/* The typed field of a supported type: its length, and its array with the
 * message left without it.  */
static size_t
typed_count(const struct Onnx__TensorProto *t)
{
	switch (storage_of(t->data_type)->typed) {
	case FLOAT_DATA:
		return t->n_float_data;
	case INT32_DATA:
		return t->n_int32_data;
	case INT64_DATA:
		return t->n_int64_data;
	case UINT64_DATA:
		return t->n_uint64_data;
	default:
		return t->n_double_data;
	}
}

#define TAKE(field) (p = t->field, t->field = NULL, t->n_##field = 0)

static void *
take_typed(struct Onnx__TensorProto *t)
{
	void *p;

	switch (storage_of(t->data_type)->typed) {
	case FLOAT_DATA:
		TAKE(float_data);
		return p;
	case INT32_DATA:
		TAKE(int32_data);
		return p;
	case INT64_DATA:
		TAKE(int64_data);
		return p;
	case UINT64_DATA:
		TAKE(uint64_data);
		return p;
	default:
		TAKE(double_data);
		return p;
	}
}

static void *
take_raw(struct Onnx__TensorProto *t)
{
	void *p = t->raw_data.data;

	t->raw_data = (ProtobufCBinaryData){ 0 };
	t->has_raw_data = 0;
	return p;
}

/* Narrow n elements in place: int32_data and uint64_data hold smaller types,
 * too.  */
static void
narrow(void *data, size_t n, size_t size, size_t wide)
{
	uint8_t *to = data;

	for (size_t i = 0; i < n && size < wide; i++)
		memmove(to + i * size, to + i * wide, size);
}

/* A copy of the nbytes at p into t, as raw data.  */
static int
put_copy(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, const void *p, size_t nbytes, burin_error *err)
{
	void *copy;

	if (nbytes > src->copy_left)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: %zu bytes in a function, %zu are left of what the "
		    "functions of a model may have", what, nbytes,
		    src->copy_left);
	src->copy_left -= nbytes;
	copy = brn_alloc(nbytes ? nbytes : 1, 1);
	if (!copy)
		return brn_nomem(err);
	if (nbytes)
		memcpy(copy, p, nbytes);
	t->raw_data = (ProtobufCBinaryData){ nbytes, copy };
	t->has_raw_data = 1;
	return 0;
}

/* Move the array out of the message.  */
static int
take_data(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, size_t nbytes, void **out, burin_error *err)
{
	size_t size = storage_of(t->data_type)->size, n = typed_count(t);
	int raw = t->has_raw_data && (t->raw_data.len || !n);
	size_t have = raw ? t->raw_data.len : n * size;
	void *p;

	if (have != nbytes)
		return brn_fail(err, BURIN_EFORMAT,
		    "%s: has %zu bytes of data, its shape wants %zu", what,
		    have, nbytes);
	p = raw ? take_raw(t) : take_typed(t);
	if (p && !raw)
		narrow(p, n, size, storage_of(t->data_type)->typed ==
		    UINT64_DATA ? 8 : 4);
	if (!p && !(p = brn_alloc(1, 1)))       /* no elements, no array */
		return brn_nomem(err);
	if (src->shared && put_copy(src, t, what, p, nbytes, err) < 0) {
		free(p);
		return err->code;
	}
	*out = p;
	return 0;
}

int
brn_onnx_bytes(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, struct brn_type *type, void **data, burin_error *err)
{
	struct brn_type ty = { 0 };
	size_t nbytes;
	int rc;

	if (!brn_onnx_dtype(t->data_type))
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: type %s is not supported", what,
		    brn_onnx_dtype_name(t->data_type));
	if (t->segment)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "%s: segments are not supported", what);
	if ((rc = shape_of(t, what, &ty, err)) < 0 ||
	    (rc = raw_size(t, what, &ty, &nbytes, err)) < 0 ||
	    (rc = brn_onnx_embed(src, t, what, err)) < 0 ||
	    (rc = take_data(src, t, what, nbytes, data, err)) < 0)
		return rc;
	*type = ty;
	return 0;
}

void
brn_onnx_put_back(struct Onnx__TensorProto *t, const struct brn_type *type,
    void *data)
{
	size_t n = (size_t)brn_type_numel(type) *
	    storage_of(t->data_type)->size;

	t->raw_data = (ProtobufCBinaryData){ n, data };
	t->has_raw_data = 1;
}

/* n elements of data_type at p as f32.  */
static void
to_f32(int data_type, const void *p, size_t n, float *out)
{
	const double *d = p;
	const uint16_t *h = p;

	for (size_t i = 0; i < n; i++) {
		if (data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
			out[i] = brn_f64_to_f32(d[i]);
		else if (data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16)
			out[i] = brn_f16_to_f32(h[i]);
		else
			out[i] = brn_bf16_to_f32(h[i]);
	}
}

int
brn_onnx_tensor(struct brn_onnx_source *src, struct Onnx__TensorProto *t,
    const char *what, struct brn_type *type, void **data, burin_error *err)
{
	struct brn_type ty;
	void *raw, *wide;
	int rc = brn_onnx_bytes(src, t, what, &ty, &raw, err);
	size_t n = rc < 0 ? 0 : (size_t)brn_type_numel(&ty);

	if (rc < 0)
		return rc;
	for (size_t i = 0; ty.dtype == BURIN_BOOL && i < n; i++)
		((uint8_t *)raw)[i] = ((uint8_t *)raw)[i] != 0;
	if (ty.dtype == BURIN_F32 &&
	    t->data_type != ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT) {
		wide = brn_alloc_aligned(n * sizeof (float));
		if (wide)
			to_f32(t->data_type, raw, n, wide);
		free(raw);
		if (!wide)
			return brn_nomem(err);
		raw = wide;
	}
	*type = ty;
	*data = raw;
	return 0;
}
