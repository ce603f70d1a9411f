/* SPDX-License-Identifier: Apache-2.0
 *
 * Choosing blocks of a matrix, by norm or at random, and zeroing them.
 */
#include "ir/onnx/blocks.h"

#include "ir/graph/half.h"
#include "ir/onnx/tensor.h"
#include "ir/onnx/onnx.pb-c.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct block {
	double norm;
	int64_t at;             /* in row-major order of blocks */
};

static size_t
element_size(const struct brn_onnx_matrix *m)
{
	switch (m->data_type) {
	case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
		return 4;
	case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
		return 8;
	case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
	case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
		return 1;
	default:
		return 2;
	}
}

size_t
brn_onnx_matrix_size(const struct brn_onnx_matrix *m)
{
	return (size_t)(m->dim[0] * m->dim[1]) * element_size(m);
}

/* What integer q, element i, stands for.  */
static double
real(const struct brn_onnx_matrix *m, int64_t i, int q)
{
	int64_t k = m->axis ? i % m->dim[1] : i / m->dim[1];

	return (double)(q - (m->zero ? m->zero[k] : 0)) *
	    (m->scale ? (double)m->scale[k] : 1);
}

static double
element(const struct brn_onnx_matrix *m, int64_t i)
{
	const uint8_t *p = (const uint8_t *)m->data +
	    (size_t)i * element_size(m);
	uint16_t h;
	double d;
	float f;

	switch (m->data_type) {
	case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
		memcpy(&f, p, sizeof f);
		return f;
	case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
		memcpy(&d, p, sizeof d);
		return d;
	case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
		return real(m, i, *(const int8_t *)p);
	case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8:
		return real(m, i, *p);
	}
	memcpy(&h, p, sizeof h);
	return m->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ?
	    brn_f16_to_f32(h) : brn_bf16_to_f32(h);
}

static int64_t
blocks_along(const struct brn_onnx_matrix *m, int d)
{
	return m->dim[d] / m->block[d] + (m->dim[d] % m->block[d] != 0);
}

/* The range of indices of a block along one dimension: first, last + 1.  */
static void
block_range(const struct brn_onnx_matrix *m, int d, int64_t i, int64_t out[2])
{
	int64_t left;

	out[0] = i * m->block[d];
	left = m->dim[d] - out[0];
	out[1] = out[0] + (left < m->block[d] ? left : m->block[d]);
}

static double
norm_of(const struct brn_onnx_matrix *m, int64_t at)
{
	int64_t nb = blocks_along(m, 1), r[2], c[2];
	double sum = 0;

	block_range(m, 0, at / nb, r);
	block_range(m, 1, at % nb, c);
	for (int64_t i = r[0]; i < r[1]; i++)
		for (int64_t k = c[0]; k < c[1]; k++) {
			double v = element(m, i * m->dim[1] + k);

			sum += v * v;
		}
	return isnan(sum) ? INFINITY : sum;
}

static void
zero_block(const struct brn_onnx_matrix *m, int64_t at)
{
	int64_t nb = blocks_along(m, 1), r[2], c[2];
	size_t size = element_size(m);

	block_range(m, 0, at / nb, r);
	block_range(m, 1, at % nb, c);
	for (int64_t i = r[0]; i < r[1]; i++)
		memset((uint8_t *)m->data +
		    (size_t)(i * m->dim[1] + c[0]) * size, 0,
		    (size_t)(c[1] - c[0]) * size);
	if (!m->zero)
		return;
	for (int64_t i = r[0]; i < r[1]; i++)
		for (int64_t k = c[0]; k < c[1]; k++)
			((uint8_t *)m->data)[i * m->dim[1] + k] =
			    (uint8_t)m->zero[m->axis ? k : i];
}

static int
compare(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	if (x->norm != y->norm)
		return x->norm < y->norm ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static uint64_t
splitmix(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Move a random choice of k blocks to the front.  */
static void
shuffle(struct block *b, int64_t n, int64_t k, uint64_t seed, uint64_t stream)
{
	uint64_t state = splitmix(&seed) + stream;

	state = splitmix(&state);
	for (int64_t i = 0; i < k; i++) {
		unsigned __int128 wide = splitmix(&state);
		int64_t j = i + (int64_t)(wide * (uint64_t)(n - i) >> 64);
		struct block t = b[i];

		b[i] = b[j];
		b[j] = t;
	}
}

int
brn_onnx_zero_blocks(const struct brn_onnx_matrix *m,
    const burin_prune_spec *spec, uint64_t stream, burin_error *err)
{
	int64_t n = blocks_along(m, 0) * blocks_along(m, 1);
	int64_t k = llround(spec->sparsity * (double)n);
	struct block *b = brn_alloc((size_t)n, sizeof *b);

	if (!b)
		return brn_nomem(err);
	for (int64_t i = 0; i < n; i++)
		b[i] = (struct block){
			.norm = spec->random ? 0 : norm_of(m, i), .at = i };
	if (spec->random)
		shuffle(b, n, k, spec->seed, stream);
	else
		qsort(b, (size_t)n, sizeof *b, compare);
	for (int64_t i = 0; i < k; i++)
		zero_block(m, b[i].at);
	free(b);
	return 0;
}
