/* SPDX-License-Identifier: Apache-2.0
 *
 * The pass of few.c, included there once for each kind of lanes.  Wanted:
 *
 *	NAME(f)    f with the kind's name in it
 *	VEC        an accumulator
 *	W(p, j)    vector j of the weights, or biases, at p
 *	X(p, t)    what they are multiplied with: of the tokens at p, vector t
 *	MAC(a, b, c)    a + b * c
 *
 * No guard: each inclusion makes other functions.
 */

static inline __attribute__((always_inline)) void
NAME(column)(VEC *acc, const struct kind z, const float *w, const float *x)
{
	VEC wv[MAX_VECS];

#pragma GCC unroll 8
	for (int j = 0; j < z.nv; j++)
		wv[j] = W(w, j);
#pragma GCC unroll 8
	for (int t = 0; t < z.nt; t++)
#pragma GCC unroll 8
		for (int j = 0; j < z.nv; j++)
			acc[t * z.nv + j] = MAC(acc[t * z.nv + j], wv[j],
			    X(x, t));
}

/* z.abreast block rows from p->brow on: first the blocks that all of them
 * have, in turn, because a sum waits for its last FMA; then what some have
 * more.  z is a constant wherever this is inlined.  */
static inline __attribute__((always_inline)) void
NAME(pass)(const struct pass *p, const struct kind z, const int64_t bw,
    const int64_t stride)
{
	const int64_t bh = p->a->bh;
	struct row row[MAX_ABREAST];
	VEC acc[MAX_ABREAST][MAX_ACC];
	int32_t all = INT32_MAX;

#pragma GCC unroll 8
	for (int i = 0; i < z.abreast; i++) {
		row[i] = row_at(p, i, bw);
		if (row[i].n < all)
			all = row[i].n;
#pragma GCC unroll 16
		for (int j = 0; j < z.nv * z.nt; j++)
			if (row[i].bias)
				acc[i][j] = W(row[i].bias, j % z.nv);
			else
				acc[i][j] = (VEC){ 0 };
	}
	for (int32_t k = 0; k < all; k++) {
		const float *x[MAX_ABREAST];

#pragma GCC unroll 8
		for (int i = 0; i < z.abreast; i++)
			x[i] = p->x + row[i].col[k] * bw * stride;
		for (int64_t c = 0; c < bw; c++)
#pragma GCC unroll 8
			for (int i = 0; i < z.abreast; i++) {
				NAME(column)(acc[i], z, row[i].w,
				    x[i] + c * stride);
				if (z.ahead)
					__builtin_prefetch(row[i].w + AHEAD,
					    0, 0);
				row[i].w += bh;
			}
	}
#pragma GCC unroll 8
	for (int i = 0; i < z.abreast; i++)
		for (int32_t k = all; k < row[i].n; k++) {
			const float *x = p->x + row[i].col[k] * bw * stride;

			for (int64_t c = 0; c < bw; c++) {
				NAME(column)(acc[i], z, row[i].w,
				    x + c * stride);
				row[i].w += bh;
			}
		}
#pragma GCC unroll 8
	for (int i = 0; i < z.abreast; i++)
		store(p, i, z, (const float *)acc[i]);
}
