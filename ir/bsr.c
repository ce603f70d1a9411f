/* SPDX-License-Identifier: Apache-2.0
 *
 * Block-sparse matrices from dense ones and back.
 */
#include "ir/bsr.h"

#include <stdlib.h>
#include <string.h>

/* Where a block lies in its matrix, which it may reach beyond.  */
struct block {
	int64_t at, ld;         /* offset of its first element, row stride */
	int nr, nc;             /* rows and cols inside the matrix */
};

static struct block
block_at(int64_t rows, int64_t cols, int bh, int bw, int64_t br, int64_t bc)
{
	int64_t r = br * bh, c = bc * bw;

	return (struct block){
		.at = r * cols + c,
		.ld = cols,
		.nr = (int)(rows - r < bh ? rows - r : bh),
		.nc = (int)(cols - c < bw ? cols - c : bw),
	};
}

/* NaN != 0 and -0.0 == 0, as wanted.  */
static int
block_has_nonzero(const float *w, struct block k)
{
	for (int r = 0; r < k.nr; r++)
		for (int c = 0; c < k.nc; c++)
			if (w[k.at + r * k.ld + c] != 0)
				return 1;
	return 0;
}

static int64_t
blocks_along(int64_t n, int b)
{
	return n / b + (n % b != 0);
}

int64_t
brn_bsr_count(const float *w, int64_t rows, int64_t cols, int bh, int bw)
{
	int64_t nbr = blocks_along(rows, bh), nbc = blocks_along(cols, bw);
	int64_t n = 0;

	for (int64_t br = 0; br < nbr; br++)
		for (int64_t bc = 0; bc < nbc; bc++)
			n += block_has_nonzero(w, block_at(rows, cols, bh, bw,
			    br, bc));
	return n;
}

int64_t
brn_count_nonzero(const float *w, int64_t n)
{
	int64_t nz = 0;

	for (int64_t i = 0; i < n; i++)
		nz += w[i] != 0;
	return nz;
}

void
brn_bsr_free(struct brn_bsr *b)
{
	if (!b)
		return;
	free(b->rowptr);
	free(b->colidx);
	free(b->vals);
	free(b);
}

/* Mark in has[] the blocks of a block row that hold a nonzero.  Goes along the
 * rows: w is read once and in order.  */
static void
mark_block_row(const struct brn_bsr *b, const float *w, int32_t br,
    uint8_t *has)
{
	int64_t r = (int64_t)br * b->bh, end = r + b->bh;

	for (; r < end && r < b->rows; r++) {
		const float *row = w + r * b->cols;

		if (b->bw == 1)
			for (int64_t c = 0; c < b->cols; c++)
				has[c] |= row[c] != 0;
		else
			for (int64_t c = 0; c < b->cols; c++)
				has[c / b->bw] |= row[c] != 0;
	}
}

/* Count the marked blocks of each block row; their sum.  */
static int64_t
count_marked(struct brn_bsr *b, const uint8_t *has)
{
	int64_t n = 0;

	for (int32_t br = 0; br < b->nbrow; br++) {
		for (int32_t bc = 0; bc < b->nbcol; bc++)
			n += *has++;
		b->rowptr[br + 1] = (int32_t)n;
	}
	return n;
}

static void
fill_block_row(struct brn_bsr *b, const float *w, int32_t br,
    const uint8_t *has)
{
	int32_t n = b->rowptr[br];

	for (int32_t bc = 0; bc < b->nbcol; bc++) {
		struct block k = block_at(b->rows, b->cols, b->bh, b->bw,
		    br, bc);
		float *v = b->vals + (size_t)n * b->bh * b->bw;

		if (!has[bc])
			continue;
		for (int r = 0; r < k.nr; r++)
			for (int c = 0; c < k.nc; c++)
				v[r * b->bw + c] = w[k.at + r * k.ld + c];
		b->colidx[n++] = bc;
	}
}

/* rowptr, colidx and vals, with a byte for every block in has[].  */
static int
fill(struct brn_bsr *b, const float *w, uint8_t *has, int keep_all)
{
	size_t row = (size_t)b->nbcol;

	b->rowptr = brn_alloc((size_t)b->nbrow + 1, sizeof *b->rowptr);
	if (!b->rowptr)
		return -1;
	if (keep_all)
		memset(has, 1, row * (size_t)b->nbrow);
	for (int32_t br = 0; !keep_all && br < b->nbrow; br++)
		mark_block_row(b, w, br, has + (size_t)br * row);
	b->nblk = (int32_t)count_marked(b, has);
	b->colidx = brn_alloc((size_t)b->nblk, sizeof *b->colidx);
	b->vals = brn_alloc((size_t)b->nblk, sizeof *b->vals * (size_t)b->bh *
	    (size_t)b->bw);
	if (!b->colidx || !b->vals)
		return -1;
	for (int32_t br = 0; br < b->nbrow; br++)
		fill_block_row(b, w, br, has + (size_t)br * row);
	return 0;
}

int
brn_bsr_from_dense(const float *w, int64_t rows, int64_t cols, int bh, int bw,
    int keep_all, struct brn_bsr **out, burin_error *err)
{
	int64_t nbr = blocks_along(rows, bh), nbc = blocks_along(cols, bw);
	struct brn_bsr *b;
	uint8_t *has;
	int rc;

	/* Kernels count padded rows and cols in 32 bits, indices included. */
	if (rows < 0 || cols < 0 || nbr > (INT32_MAX - 1) / bh ||
	    nbc > INT32_MAX / bw || (nbr && nbc > INT32_MAX / nbr))
		return brn_fail(err, BURIN_ESHAPE,
		    "weight is %lldx%lld, too large for blocks of %dx%d",
		    (long long)rows, (long long)cols, bh, bw);
	b = brn_alloc(1, sizeof *b);
	has = brn_alloc((size_t)nbr, (size_t)nbc);
	if (b)
		*b = (struct brn_bsr){ rows, cols, bh, bw, (int32_t)nbr,
		    (int32_t)nbc, 0, NULL, NULL, NULL };
	rc = b && has ? fill(b, w, has, keep_all) : -1;
	free(has);
	if (rc < 0) {
		brn_bsr_free(b);
		return brn_nomem(err);
	}
	*out = b;
	return 0;
}

void
brn_bsr_to_dense(const struct brn_bsr *b, float *w)
{
	memset(w, 0, (size_t)b->rows * (size_t)b->cols * sizeof *w);
	for (int32_t br = 0; br < b->nbrow; br++)
		for (int32_t i = b->rowptr[br]; i < b->rowptr[br + 1]; i++) {
			struct block k = block_at(b->rows, b->cols, b->bh,
			    b->bw, br, b->colidx[i]);
			const float *v = b->vals + (size_t)i * b->bh * b->bw;

			for (int r = 0; r < k.nr; r++)
				memcpy(w + k.at + r * k.ld, v + r * b->bw,
				    (size_t)k.nc * sizeof *v);
		}
}

double
brn_bsr_density(const struct brn_bsr *b)
{
	double all = (double)b->nbrow * b->nbcol;

	return all > 0 ? b->nblk / all : 0;
}

static int
check_block_row(const struct brn_bsr *b, int32_t br, burin_error *err)
{
	int32_t lo = b->rowptr[br], hi = b->rowptr[br + 1];

	if (lo < 0 || hi < lo || hi > b->nblk)
		return brn_fail(err, BURIN_EFORMAT,
		    "bsr: rowptr of block row %d is %d..%d, wanted within "
		    "0..%d", br, lo, hi, b->nblk);
	for (int32_t i = lo; i < hi; i++)
		if (b->colidx[i] < 0 || b->colidx[i] >= b->nbcol ||
		    (i > lo && b->colidx[i] <= b->colidx[i - 1]))
			return brn_fail(err, BURIN_EFORMAT,
			    "bsr: colidx[%d] of block row %d is %d, wanted "
			    "ascending below %d", i, br, b->colidx[i],
			    b->nbcol);
	return 0;
}

int
brn_bsr_check(const struct brn_bsr *b, burin_error *err)
{
	int rc;

	if (b->bh < 1 || b->bw < 1 ||
	    b->nbrow != blocks_along(b->rows, b->bh) ||
	    b->nbcol != blocks_along(b->cols, b->bw))
		return brn_fail(err, BURIN_EFORMAT,
		    "bsr: %dx%d blocks of %dx%d do not make %lldx%lld",
		    b->nbrow, b->nbcol, b->bh, b->bw, (long long)b->rows,
		    (long long)b->cols);
	if (b->rowptr[0] != 0 || b->rowptr[b->nbrow] != b->nblk)
		return brn_fail(err, BURIN_EFORMAT,
		    "bsr: rowptr ends at %d, wanted %d blocks",
		    b->rowptr[b->nbrow], b->nblk);
	for (int32_t br = 0; br < b->nbrow; br++)
		if ((rc = check_block_row(b, br, err)) < 0)
			return rc;
	return 0;
}
