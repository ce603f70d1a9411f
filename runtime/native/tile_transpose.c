/* SPDX-License-Identifier: Apache-2.0
 *
 * Rows to tiles and back: transposes of 4 x 4, which every instruction set does
 * in registers.
 */
#include <string.h>

#include "runtime/native/isa.h"

typedef float v4 __attribute__((vector_size(16), aligned(4)));
typedef int v4i __attribute__((vector_size(16)));

static inline void
transpose_registers(v4 r[4])
{
	v4 a = __builtin_shuffle(r[0], r[1], (v4i){ 0, 4, 1, 5 });
	v4 b = __builtin_shuffle(r[0], r[1], (v4i){ 2, 6, 3, 7 });
	v4 c = __builtin_shuffle(r[2], r[3], (v4i){ 0, 4, 1, 5 });
	v4 d = __builtin_shuffle(r[2], r[3], (v4i){ 2, 6, 3, 7 });

	r[0] = __builtin_shuffle(a, c, (v4i){ 0, 1, 4, 5 });
	r[1] = __builtin_shuffle(a, c, (v4i){ 2, 3, 6, 7 });
	r[2] = __builtin_shuffle(b, d, (v4i){ 0, 1, 4, 5 });
	r[3] = __builtin_shuffle(b, d, (v4i){ 2, 3, 6, 7 });
}

/* b[j][i] = a[i][j] for 4 x 4 elements; lda and ldb are row strides.  */
static inline void
transpose_block(const float *a, int64_t lda, float *b, int64_t ldb)
{
	v4 r[4];

	for (int i = 0; i < 4; i++)
		r[i] = *(const v4 *)(a + i * lda);
	transpose_registers(r);
	for (int i = 0; i < 4; i++)
		*(v4 *)(b + i * ldb) = r[i];
}

void
BRN_FOR_ISA(brn_transpose)(const float *a, int64_t lda, float *b, int64_t ldb,
    int64_t n, int64_t m)
{
	int64_t i = 0, j;

	for (; i + 4 <= n; i += 4) {
		for (j = 0; j + 4 <= m; j += 4)
			transpose_block(a + i * lda + j, lda,
			    b + j * ldb + i, ldb);
		for (; j < m; j++)
			for (int k = 0; k < 4; k++)
				b[j * ldb + i + k] = a[(i + k) * lda + j];
	}
	for (; i < n; i++)
		for (j = 0; j < m; j++)
			b[j * ldb + i] = a[i * lda + j];
}

void
BRN_FOR_ISA(brn_to_tiles)(const struct brn_tiles *l, const float *x, float *t,
    int64_t featuresp, int64_t i0, int64_t i1)
{
	int64_t f = l->features, n;

	for (int64_t i = i0; i < i1; i++) {
		int64_t token = brn_tiles_token(l, i, &n);
		float *to = t + i * featuresp * l->width;

		if (n < l->width)
			memset(to, 0, (size_t)(f * l->width) * sizeof *to);
		if (l->width == 1)
			memcpy(to, x + token * f, (size_t)f * sizeof *to);
		else
			BRN_FOR_ISA(brn_transpose)(x + token * f, f, to,
			    l->width, n, f);
		memset(to + f * l->width, 0,
		    (size_t)((featuresp - f) * l->width) * sizeof *to);
	}
}

void
BRN_FOR_ISA(brn_from_tiles)(const struct brn_tiles *l, const float *t,
    int64_t featuresp, float *y, int64_t i0, int64_t i1)
{
	int64_t f = l->features, n;

	for (int64_t i = i0; i < i1; i++) {
		int64_t token = brn_tiles_token(l, i, &n);

		if (l->width == 1)
			memcpy(y + token * f, t + i * featuresp,
			    (size_t)f * sizeof *y);
		else
			BRN_FOR_ISA(brn_transpose)(t + i * featuresp *
			    l->width, l->width, y + token * f, f, f, n);
	}
}
