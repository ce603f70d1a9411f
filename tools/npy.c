/* SPDX-License-Identifier: Apache-2.0
 *
 * A file is read completely before its header is parsed, so that no size in the
 * header leads to an allocation.  The header is a Python dict with three keys:
 * {'descr': '<f4', 'fortran_order': False, 'shape': (1, 128), }
 */
#include "tools/npy.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_LEN 6
#define HEADER_ALIGN 64

static const struct {
	const char *descr, *name;
	enum burin_dtype dtype;
	size_t size;
} types[] = {
	{ "<f4", "float32", BURIN_F32,  4 },
	{ "<i4", "int32",   BURIN_I32,  4 },
	{ "<i8", "int64",   BURIN_I64,  8 },
	{ "|b1", "bool",    BURIN_BOOL, 1 },
	{ "|u1", "uint8",   BURIN_U8,   1 },
	{ "|i1", "int8",    BURIN_I8,   1 },
	{ "<u2", "uint16",  BURIN_U16,  2 },
	{ "<i2", "int16",   BURIN_I16,  2 },
	{ "<u4", "uint32",  BURIN_U32,  4 },
	{ "<u8", "uint64",  BURIN_U64,  8 },
	{ "<f2", "float16", BURIN_F16,  2 },
	{ "<f8", "float64", BURIN_F64,  8 },
	{ "<V2", "bfloat16", BURIN_BF16, 2 },
};

#define NUM_TYPES (sizeof types / sizeof *types)

/* A header while it is parsed; the path is for messages.  */
struct header {
	const char *path;
	const char *at, *end;
	char descr[16];
	int fortran;
	int rank;               /* -1: no shape found yet */
	int64_t dims[BURIN_MAX_RANK];
};

static int fail(burin_error *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int
fail(burin_error *err, int code, const char *fmt, ...)
{
	va_list ap;

	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof err->msg, fmt, ap);
	va_end(ap);
	return code;
}

static size_t
type_index(enum burin_dtype dtype)
{
	size_t i = 0;

	while (i + 1 < NUM_TYPES && types[i].dtype != dtype)
		i++;
	return i;
}

size_t
npy_dtype_size(enum burin_dtype dtype)
{
	return types[type_index(dtype)].size;
}

const char *
npy_dtype_name(enum burin_dtype dtype)
{
	return types[type_index(dtype)].name;
}

int64_t
npy_nbytes(enum burin_dtype dtype, int rank, const int64_t *dims)
{
	int64_t n = (int64_t)npy_dtype_size(dtype);

	for (int i = 0; i < rank; i++)
		if (dims[i] < 0 || __builtin_mul_overflow(n, dims[i], &n))
			return -1;
	return n;
}

/* ---- reading ------------------------------------------------------------ */

static int
read_all(const char *path, char **data, size_t *size, burin_error *err)
{
	FILE *f = fopen(path, "rb");
	size_t room = 1 << 16, n = 0;
	char *buf = NULL, *more;

	if (!f)
		return fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
	do {
		more = n == room || !buf ? realloc(buf, room *= 2) : buf;
		if (!more)
			goto nomem;
		buf = more;
		n += fread(buf + n, 1, room - n, f);
	} while (!feof(f) && !ferror(f));
	if (ferror(f)) {
		fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
		goto out;
	}
	fclose(f);
	*data = buf;
	*size = n;
	return BURIN_OK;
nomem:
	fail(err, BURIN_ENOMEM, "%s: %s", path, strerror(ENOMEM));
out:
	fclose(f);
	free(buf);
	return err->code;
}

static void
skip_space(struct header *h)
{
	while (h->at < h->end && strchr(" \t\n", *h->at) && *h->at)
		h->at++;
}

/* Skip c, if it is the next character after spaces; whether it was.  */
static int
accept(struct header *h, char c)
{
	skip_space(h);
	if (h->at == h->end || *h->at != c)
		return 0;
	h->at++;
	return 1;
}

/* Parse a Python string without escapes, truncated to size.  */
static int
string(struct header *h, char *buf, size_t size)
{
	size_t n = 0;
	char quote;

	skip_space(h);
	if (h->at == h->end || (*h->at != '\'' && *h->at != '"'))
		return 0;
	quote = *h->at++;
	for (; h->at < h->end && *h->at != quote; h->at++)
		if (n + 1 < size)
			buf[n++] = *h->at;
	buf[n] = '\0';
	return accept(h, quote);
}

static int
boolean(struct header *h, int *v)
{
	size_t left;

	skip_space(h);
	left = (size_t)(h->end - h->at);
	*v = left >= 4 && !memcmp(h->at, "True", 4);
	if (!*v && (left < 5 || memcmp(h->at, "False", 5)))
		return 0;
	h->at += *v ? 4 : 5;
	return 1;
}

static int
integer(struct header *h, int64_t *v)
{
	const char *start;

	skip_space(h);
	start = h->at;
	for (*v = 0; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++)
		if (__builtin_mul_overflow(*v, 10, v) ||
		    __builtin_add_overflow(*v, *h->at - '0', v))
			return 0;
	return h->at > start;
}

/* Parse a shape: (), (3,) or (1, 128).  */
static int
shape(struct header *h)
{
	int n = 0;

	if (!accept(h, '('))
		return 0;
	while (!accept(h, ')')) {
		if (n == BURIN_MAX_RANK || !integer(h, &h->dims[n++]))
			return 0;
		if (accept(h, ','))
			continue;
		if (!accept(h, ')'))
			return 0;
		break;
	}
	h->rank = n;
	return 1;
}

static int
entry(struct header *h)
{
	char key[16];

	if (!string(h, key, sizeof key) || !accept(h, ':'))
		return 0;
	if (!strcmp(key, "descr"))
		return string(h, h->descr, sizeof h->descr);
	if (!strcmp(key, "fortran_order"))
		return boolean(h, &h->fortran);
	return !strcmp(key, "shape") && shape(h);
}

static int
parse(struct header *h, burin_error *err)
{
	int ok = accept(h, '{');

	while (ok && !accept(h, '}')) {
		ok = entry(h);
		if (ok && !accept(h, ',')) {
			ok = accept(h, '}');
			break;
		}
	}
	if (!ok || !*h->descr || h->rank < 0)
		return fail(err, BURIN_EFORMAT, "%s: the .npy header is not "
		    "understood: wanted descr, fortran_order and shape, rank "
		    "at most %d", h->path, BURIN_MAX_RANK);
	if (h->fortran)
		return fail(err, BURIN_EFORMAT, "%s: the array is in Fortran "
		    "order: wanted C order (numpy.ascontiguousarray)",
		    h->path);
	return BURIN_OK;
}

/* Find the header in the n bytes at data; h->end is the start of elements.  */
static int
find_header(struct header *h, const char *data, size_t n, burin_error *err)
{
	const unsigned char *u = (const unsigned char *)data;
	size_t at = 10, len;

	if (n < at || memcmp(data, MAGIC, MAGIC_LEN))
		return fail(err, BURIN_EFORMAT, "%s: not a .npy file", h->path);
	if (u[6] < 1 || u[6] > 3)
		return fail(err, BURIN_EFORMAT,
		    "%s: .npy version %d: wanted 1 to 3", h->path, u[6]);
	len = u[8] | (size_t)u[9] << 8;
	if (u[6] > 1) {
		at = 12;
		if (n < at)
			len = n;
		else
			len |= (size_t)u[10] << 16 | (size_t)u[11] << 24;
	}
	if (n < at || len > n - at)
		return fail(err, BURIN_EFORMAT,
		    "%s: the file ends in its header", h->path);
	h->at = data + at;
	h->end = h->at + len;
	return BURIN_OK;
}

static int
find_dtype(const struct header *h, enum burin_dtype *dtype, burin_error *err)
{
	for (size_t i = 0; i < NUM_TYPES; i++)
		if (!strcmp(h->descr, types[i].descr)) {
			*dtype = types[i].dtype;
			return BURIN_OK;
		}
	return fail(err, BURIN_EFORMAT, "%s: elements are '%s': wanted '<f4' "
	    "or another little-endian type", h->path, h->descr);
}

/* Parse header and elements in the n bytes at data.  */
static int
decode(const char *path, const char *data, size_t n, burin_tensor *t,
    burin_error *err)
{
	struct header h = { .path = path, .rank = -1 };
	const char *elements;
	enum burin_dtype dtype = BURIN_F32;
	int64_t want;
	size_t have;
	void *copy;
	int rc;

	if ((rc = find_header(&h, data, n, err)) < 0)
		return rc;
	elements = h.end;
	have = n - (size_t)(elements - data);
	if ((rc = parse(&h, err)) < 0)
		return rc;
	if ((rc = find_dtype(&h, &dtype, err)) < 0)
		return rc;
	want = npy_nbytes(dtype, h.rank, h.dims);
	if (want < 0)
		return fail(err, BURIN_EFORMAT, "%s: the shape has more "
		    "elements than fit into memory", path);
	if ((uint64_t)want != have)
		return fail(err, BURIN_EFORMAT, "%s: %zu bytes of elements: "
		    "the shape wants %lld", path, have, (long long)want);
	copy = malloc(have ? have : 1);
	if (!copy)
		return fail(err, BURIN_ENOMEM, "%s: %s", path,
		    strerror(ENOMEM));
	memcpy(copy, elements, have);
	t->data = copy;
	t->nbytes = have;
	t->dtype = dtype;
	t->rank = h.rank;
	memcpy(t->dims, h.dims, sizeof t->dims);
	return BURIN_OK;
}

int
npy_read(const char *path, burin_tensor *t, burin_error *err)
{
	size_t n = 0;
	char *data = NULL;
	int rc;

	if ((rc = read_all(path, &data, &n, err)) < 0)
		return rc;
	rc = decode(path, data, n, t, err);
	free(data);
	return rc;
}

/* ---- writing ------------------------------------------------------------ */

/* Write the header of version 1, padded with spaces to a multiple of 64 bytes.
 * Returns its length.  */
static size_t
make_header(const burin_tensor *t, char *buf, size_t size)
{
	size_t n = MAGIC_LEN + 4, len;

	n += (size_t)snprintf(buf + n, size - n,
	    "{'descr': '%s', 'fortran_order': False, 'shape': (",
	    types[type_index(t->dtype)].descr);
	for (int i = 0; i < t->rank; i++)
		n += (size_t)snprintf(buf + n, size - n, "%lld%s",
		    (long long)t->dims[i],
		    i + 1 < t->rank ? ", " : i ? "" : ",");
	n += (size_t)snprintf(buf + n, size - n, "), }");
	while ((n + 1) % HEADER_ALIGN)
		buf[n++] = ' ';
	buf[n++] = '\n';
	len = n - MAGIC_LEN - 4;
	memcpy(buf, MAGIC "\x01", MAGIC_LEN + 2);
	buf[8] = (char)(len & 0xff);
	buf[9] = (char)(len >> 8);
	return n;
}

int
npy_write(const char *path, const burin_tensor *t, burin_error *err)
{
	char header[512];
	size_t n = make_header(t, header, sizeof header);
	int64_t nbytes = npy_nbytes(t->dtype, t->rank, t->dims);
	FILE *f = fopen(path, "wb");
	int ok;

	if (!f)
		return fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
	ok = fwrite(header, 1, n, f) == n;
	ok = ok && fwrite(t->data, 1, (size_t)nbytes, f) == (size_t)nbytes;
	if (fclose(f) || !ok)
		return fail(err, BURIN_EIO, "%s: %s", path, strerror(errno));
	return BURIN_OK;
}

/* ---- elements ----------------------------------------------------------- */

int
npy_is_float(enum burin_dtype dtype)
{
	return dtype == BURIN_F32 || dtype == BURIN_F16 ||
	    dtype == BURIN_F64 || dtype == BURIN_BF16;
}

static double
half_get(uint16_t h)
{
	int exp = h >> 10 & 31, frac = h & 0x3ff;
	double v = exp == 31 ? (frac ? NAN : INFINITY) :
	    ldexp(exp ? frac + 1024 : frac, (exp ? exp : 1) - 25);

	return h & 0x8000 ? -v : v;
}

static uint16_t
half_set(double v)
{
	double a = fabs(v);
	int exp, bits;

	frexp(a, &exp);
	if (!(a < 65520))
		bits = a != a ? 0x7e00 : 0x7c00;
	else if (exp < -13)
		bits = (int)rint(ldexp(a, 24));
	else
		bits = ((exp + 13) << 10) + (int)rint(ldexp(a, 11 - exp));
	return (uint16_t)(bits | (signbit(v) ? 0x8000 : 0));
}

static double
brain_get(uint16_t h)
{
	uint32_t u = (uint32_t)h << 16;
	float f;

	memcpy(&f, &u, sizeof f);
	return (double)f;
}

static uint16_t
brain_set(double v)
{
	float f = (float)v;
	uint32_t u;

	memcpy(&u, &f, sizeof u);
	return (uint16_t)(u >> 16);
}

double
npy_get(const burin_tensor *t, size_t i)
{
	const void *p = t->data;

	switch (t->dtype) {
	case BURIN_F32:  return (double)((const float *)p)[i];
	case BURIN_F64:  return ((const double *)p)[i];
	case BURIN_F16:  return half_get(((const uint16_t *)p)[i]);
	case BURIN_BF16: return brain_get(((const uint16_t *)p)[i]);
	case BURIN_U8:   return ((const uint8_t *)p)[i];
	case BURIN_I8:   return ((const int8_t *)p)[i];
	case BURIN_U16:  return ((const uint16_t *)p)[i];
	case BURIN_I16:  return ((const int16_t *)p)[i];
	case BURIN_U32:  return ((const uint32_t *)p)[i];
	case BURIN_I32:  return ((const int32_t *)p)[i];
	case BURIN_U64:  return (double)((const uint64_t *)p)[i];
	case BURIN_I64:  return (double)((const int64_t *)p)[i];
	case BURIN_BOOL: return ((const uint8_t *)p)[i];
	}
	return NAN;
}

void
npy_set(const burin_tensor *t, size_t i, double v)
{
	void *p = (void *)t->data;

	switch (t->dtype) {
	case BURIN_F32:  ((float *)p)[i] = (float)v; break;
	case BURIN_F64:  ((double *)p)[i] = v; break;
	case BURIN_F16:  ((uint16_t *)p)[i] = half_set(v); break;
	case BURIN_BF16: ((uint16_t *)p)[i] = brain_set(v); break;
	case BURIN_U8:
	case BURIN_BOOL: ((uint8_t *)p)[i] = (uint8_t)v; break;
	case BURIN_I8:   ((int8_t *)p)[i] = (int8_t)v; break;
	case BURIN_U16:  ((uint16_t *)p)[i] = (uint16_t)v; break;
	case BURIN_I16:  ((int16_t *)p)[i] = (int16_t)v; break;
	case BURIN_U32:  ((uint32_t *)p)[i] = (uint32_t)v; break;
	case BURIN_I32:  ((int32_t *)p)[i] = (int32_t)v; break;
	case BURIN_U64:  ((uint64_t *)p)[i] = (uint64_t)v; break;
	case BURIN_I64:  ((int64_t *)p)[i] = (int64_t)v; break;
	}
}
