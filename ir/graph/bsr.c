/* SPDX-License-Identifier: Apache-2.0
 *
 * Block-sparse matrices from dense ones and back.
 */
#include "ir/graph/bsr.h"

#include <stdlib.h>
#include <string.h>

/* A block in its matrix, beyond whose edges it may reach.  */
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

/* -0.0 is zero, NaN is not.  */
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
	free(b->ints);
	free(b);
}

void
brn_bsr_forget(struct brn_bsr *b)
{
	free(b->vals);
	free(b->ints);
	b->vals = NULL;
	b->ints = NULL;
}

/* Whether one of n floats is not zero: the OR of their bits, but for the signs,
 * is not 0.  */
static int
any_nonzero(const float *p, int64_t n)
{
	typedef uint32_t lanes __attribute__((vector_size(16), aligned(4),
	    may_alias));
	lanes all = { 0 };
	uint32_t u = 0;
	int64_t i = 0;

	for (; i + 4 <= n; i += 4)
		all |= *(const lanes *)(p + i);
	for (; i < n; i++)
		u |= p[i] != 0 ? 2 : 0;
	u |= all[0] | all[1] | all[2] | all[3];
	return u << 1 != 0;
}

static int
any_nonzero_int(const int8_t *p, int64_t n)
{
	typedef uint64_t word __attribute__((aligned(1), may_alias));
	typedef uint32_t half __attribute__((aligned(1), may_alias));
	uint64_t all = 0;
	int64_t i = 0;

	for (; i + 8 <= n; i += 8)
		all |= *(const word *)(p + i);
	for (; i + 4 <= n; i += 4)
		all |= *(const half *)(p + i);
	for (; i < n; i++)
		all |= (uint8_t)p[i];
	return all != 0;
}

/* Mark the blocks that n elements from `at` on lie in, so many in each.  */
static void
mark_line(const struct brn_matrix *m, int64_t at, int64_t n, int along,
    uint8_t *to)
{
	if (!m->ints && along == 1) {
		for (int64_t k = 0; k < n; k++)
			to[k] |= m->w[at + k] != 0;
		return;
	}
	for (int64_t k = 0; k < n; k += along) {
		int64_t len = n - k < along ? n - k : along;

		*to++ |= (uint8_t)(m->ints ?
		    any_nonzero_int(m->ints + at + k, len) :
		    any_nonzero(m->w + at + k, len));
	}
}

/* The same of the bits of a line; 1 << shift elements are in a block, at most
 * 64.  */
static void
mark_bits(const uint64_t *bits, int64_t words, int shift, uint8_t *to)
{
	uint64_t block = UINT64_MAX >> (64 - (1 << shift));

	for (int64_t k = 0; k < words; k++)
		for (uint64_t w = bits[k]; w; ) {
			int b = __builtin_ctzll(w) >> shift;

			to[(k * 64 >> shift) + b] = 1;
			w &= ~(block << (b << shift));
		}
}

/* Mark in has[] the blocks that hold a nonzero, in the order in which m is
 * stored, by rows or by columns of blocks.  */
static void
mark_blocks(const struct brn_bsr *b, const struct brn_matrix *m, uint8_t *has)
{
	int64_t lines = m->trans ? m->cols : m->rows;
	int64_t line = m->trans ? m->rows : m->cols;
	int along = m->trans ? b->bh : b->bw, across = m->trans ? b->bw : b->bh;
	int64_t blocks = m->trans ? b->nbrow : b->nbcol;
	int64_t words = brn_bit_words(line);
	int by_bits = m->bits && along <= 64 && (along & (along - 1)) == 0;

	for (int64_t i = 0; i < lines; i++) {
		uint8_t *to = has + i / across * blocks;

		if (by_bits)
			mark_bits(m->bits + i * words, words,
			    __builtin_ctz((unsigned)along), to);
		else
			mark_line(m, i * line, line, along, to);
	}
}

/* Set rowptr from the marked blocks; their number.  */
static int64_t
count_marked(struct brn_bsr *b, int trans, const uint8_t *has)
{
	int64_t n = 0;

	memset(b->rowptr, 0, ((size_t)b->nbrow + 1) * sizeof *b->rowptr);
	if (trans)
		for (int32_t bc = 0; bc < b->nbcol; bc++)
			for (int32_t br = 0; br < b->nbrow; br++)
				b->rowptr[br + 1] += *has++;
	else
		for (int32_t br = 0; br < b->nbrow; br++)
			for (int32_t bc = 0; bc < b->nbcol; bc++)
				b->rowptr[br + 1] += *has++;
	for (int32_t br = 0; br < b->nbrow; br++) {
		n += b->rowptr[br + 1];
		b->rowptr[br + 1] = (int32_t)n;
	}
	return n;
}

/* Copy n bytes, of which the compiler knows the usual numbers.  */
static void
copy(char *to, const char *from, size_t n)
{
	if (n == 4)
		memcpy(to, from, 4);
	else if (n == 16)
		memcpy(to, from, 16);
	else if (n == 64)
		memcpy(to, from, 64);
	else
		memcpy(to, from, n);
}

/* Copy a block that lies row by row at w.  */
#define TURN(type, k, ld, w, high, v) \
	for (int r = 0; r < (k).nr; r++) \
		for (int c = 0; c < (k).nc; c++) \
			((type *)(v))[c * (high) + r] = \
			    ((const type *)(w))[r * (ld) + c]

/* Set block v to that of matrix w, whose elements have so many bytes.  */
static void
fill_block(const struct brn_bsr *b, const struct brn_matrix *m, int32_t br,
    int32_t bc, const char *w, size_t size, char *v)
{
	struct block k = block_at(b->rows, b->cols, b->bh, b->bw, br, bc);
	int64_t at = m->trans ? (int64_t)bc * b->bw * m->rows +
	    (int64_t)br * b->bh : k.at;

	if (k.nr < b->bh || k.nc < b->bw)
		memset(v, 0, (size_t)b->bh * (size_t)b->bw * size);
	w += (size_t)at * size;
	if (!m->trans && size == 1)
		TURN(int8_t, k, m->cols, w, b->bh, v);
	else if (!m->trans)
		TURN(float, k, m->cols, w, b->bh, v);
	else
		for (int c = 0; c < k.nc; c++)
			copy(v + (size_t)(c * b->bh) * size, w +
			    (size_t)(c * m->rows) * size, (size_t)k.nr * size);
}

/* Block columns a pass over a matrix that is stored column by column: reading
 * follows its columns, and each block row gets up to so many blocks at once.
 */
enum { BAND_BLOCKS = 8 };

/* Set colidx and values.  next [nbrow] is the next free block of a block row.
 */
static void
fill_blocks(const struct brn_bsr *b, const struct brn_matrix *m,
    const uint8_t *has, int32_t *next)
{
	int32_t band = m->trans ? BAND_BLOCKS : b->nbcol;
	size_t size = m->ints ? sizeof *b->ints : sizeof *b->vals;
	size_t block = (size_t)b->bh * (size_t)b->bw * size;
	const void *w = m->ints ? (const void *)m->ints : m->w;
	char *out = m->ints ? (char *)b->ints : (char *)b->vals;
	int64_t row = m->trans ? 1 : b->nbcol, col = m->trans ? b->nbrow : 1;

	memcpy(next, b->rowptr, (size_t)b->nbrow * sizeof *next);
	for (int32_t c0 = 0; c0 < b->nbcol; c0 += band) {
		int32_t c1 = b->nbcol - c0 < band ? b->nbcol : c0 + band;

		for (int32_t br = 0; br < b->nbrow; br++)
			for (int32_t bc = c0; bc < c1; bc++) {
				if (!has[br * row + bc * col])
					continue;
				fill_block(b, m, br, bc, w, size,
				    out + (size_t)next[br] * block);
				b->colidx[next[br]++] = bc;
			}
	}
}

/* Allocate and set rowptr, colidx and values.  has[] has a byte for every
 * block, next[] a number for every block row.  -1: no memory.  */
static int
fill(struct brn_bsr *b, const struct brn_matrix *m, int keep_all,
    uint8_t *has, int32_t *next)
{
	size_t n;

	b->rowptr = brn_alloc((size_t)b->nbrow + 1, sizeof *b->rowptr);
	if (!b->rowptr)
		return -1;
	if (keep_all)
		memset(has, 1, (size_t)b->nbcol * (size_t)b->nbrow);
	else
		mark_blocks(b, m, has);
	b->nblk = (int32_t)count_marked(b, m->trans, has);
	b->colidx = brn_alloc((size_t)b->nblk, sizeof *b->colidx);
	n = (size_t)b->nblk * (size_t)b->bh * (size_t)b->bw;
	if (m->ints)
		b->ints = brn_alloc_aligned(n * sizeof *b->ints);
	else
		b->vals = brn_alloc_aligned(n * sizeof *b->vals);
	if (!b->colidx || (!b->vals && !b->ints))
		return -1;
	fill_blocks(b, m, has, next);
	return 0;
}

int
brn_bsr_from_dense(const struct brn_matrix *m, int bh, int bw, int keep_all,
    struct brn_bsr **out, burin_error *err)
{
	int64_t nbr = blocks_along(m->rows, bh);
	int64_t nbc = blocks_along(m->cols, bw);
	struct brn_bsr *b;
	int32_t *next;
	uint8_t *has;
	int rc;

	/* Kernels count padded rows and cols in 32 bits, indices included. */
	if (m->rows < 0 || m->cols < 0 || nbr > (INT32_MAX - 1) / bh ||
	    nbc > INT32_MAX / bw || (nbr && nbc > INT32_MAX / nbr))
		return brn_fail(err, BURIN_ESHAPE,
		    "weight is %lldx%lld, too large for blocks of %dx%d",
		    (long long)m->rows, (long long)m->cols, bh, bw);
	b = brn_alloc(1, sizeof *b);
	has = brn_alloc((size_t)nbr, (size_t)nbc);
	next = brn_alloc((size_t)nbr, sizeof *next);
	if (b)
		*b = (struct brn_bsr){ m->rows, m->cols, bh, bw, (int32_t)nbr,
		    (int32_t)nbc, 0, NULL, NULL, NULL, NULL };
	rc = b && has && next ? fill(b, m, keep_all, has, next) : -1;
	free(has);
	free(next);
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
				for (int c = 0; c < k.nc; c++)
					w[k.at + r * k.ld + c] =
					    v[c * b->bh + r];
		}
}

double
brn_bsr_bytes(const struct brn_bsr *b)
{
	double size = b->ints ? sizeof *b->ints : sizeof *b->vals;

	return ((double)b->bh * b->bw * size + sizeof *b->colidx) * b->nblk +
	    (double)b->nbrow * sizeof *b->rowptr;
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
