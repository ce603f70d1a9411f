/* SPDX-License-Identifier: Apache-2.0
 *
 * Specs to canonical bytes and back.  The order of fields is in README.md; who
 * changes it increments FORMAT.  Decoding trusts nothing: the bytes come from a
 * pipe or from a file.
 */
#include "jit/spec.h"

#include <stdio.h>
#include <string.h>

#include "jit/generator.h"

#define MAGIC "burin kernel"

enum { FORMAT = 2 };

int
brn_spec_is_full(const struct brn_spec *s)
{
	return s->nblk > 0 && s->nblk == (int64_t)s->nbrow * s->nbcol;
}

const struct brn_kernel_info brn_kernels[BRN_NUM_KERNELS] = {
#define KERNEL(name, tier, what) [BRN_KERNEL_##name] = { #name, what, tier },
#include "jit/kernels.def"
};

int
brn_kernel_parse(const char *name)
{
	for (int i = 0; i < BRN_NUM_KERNELS; i++)
		if (strcmp(brn_kernels[i].name, name) == 0)
			return i;
	return -1;
}

void
brn_spec_init(struct brn_spec *s, const struct brn_bsr *b, unsigned epilogue,
    enum brn_isa isa, const char *compiler)
{
	*s = (struct brn_spec){ .kernel = BRN_KERNEL_t0, .isa = isa,
	    .epilogue = epilogue, .bh = b->bh, .bw = b->bw,
	    .nbrow = b->nbrow, .nbcol = b->nbcol, .nblk = b->nblk,
	    .rowptr = b->rowptr, .colidx = b->colidx };
	snprintf(s->compiler, sizeof s->compiler, "%s", compiler);
	snprintf(s->generator, sizeof s->generator, "%s", BRN_GENERATOR);
}

/* ---- to bytes --------------------------------------------------------- */

static void
put_indices(struct brn_buf *out, const int32_t *p, int64_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	brn_buf_put(out, p, (size_t)n * sizeof *p);
#else
	for (int64_t i = 0; i < n; i++)
		brn_buf_u32(out, (uint32_t)p[i]);
#endif
}

void
brn_spec_encode(const struct brn_spec *s, struct brn_buf *out)
{
	brn_buf_str(out, MAGIC);
	brn_buf_u32(out, FORMAT);
	brn_buf_str(out, s->generator);
	brn_buf_str(out, s->compiler);
	brn_buf_str(out, brn_kernels[s->kernel].name);
	brn_buf_str(out, brn_isas[s->isa].name);
	brn_buf_str(out, brn_elems[s->elem].name);
	brn_buf_u32(out, s->epilogue);
	brn_buf_u32(out, (uint32_t)s->bh);
	brn_buf_u32(out, (uint32_t)s->bw);
	brn_buf_u32(out, (uint32_t)s->nbrow);
	brn_buf_u32(out, (uint32_t)s->nbcol);
	brn_buf_u32(out, (uint32_t)s->nblk);
	if (brn_spec_is_full(s))
		return;
	put_indices(out, s->rowptr, (int64_t)s->nbrow + 1);
	put_indices(out, s->colidx, s->nblk);
}

/* ---- and back --------------------------------------------------------- */

/* The bytes that are not read yet.  Past the end every
 * field is zero, and bad stays set.  */
struct reader {
	const uint8_t *p;
	size_t n;
	int bad;
};

static uint32_t
get_u32(struct reader *r)
{
	uint32_t v;

	if (r->n < 4) {
		r->bad = 1;
		r->n = 0;
		return 0;
	}
	v = r->p[0] | (uint32_t)r->p[1] << 8 | (uint32_t)r->p[2] << 16 |
	    (uint32_t)r->p[3] << 24;
	r->p += 4;
	r->n -= 4;
	return v;
}

/* A count or size: at most INT32_MAX.  */
static int32_t
get_i32(struct reader *r)
{
	uint32_t v = get_u32(r);

	if (v <= INT32_MAX)
		return (int32_t)v;
	r->bad = 1;
	return 0;
}

static void
get_str(struct reader *r, char *out, size_t size)
{
	uint32_t n = get_u32(r);

	*out = '\0';
	if (n >= size || n > r->n || memchr(r->p, 0, n)) {
		r->bad = 1;
		return;
	}
	memcpy(out, r->p, n);
	out[n] = '\0';
	r->p += n;
	r->n -= n;
}

static int
isa_by_name(const char *name)
{
	return strcmp(name, "auto") == 0 ? -1 : brn_isa_parse(name);
}

static int
get_head(struct reader *r, struct brn_spec *s, burin_error *err)
{
	char magic[20], kernel[20], isa[20], elem[20];
	uint32_t format;
	int k, i, e;

	get_str(r, magic, sizeof magic);
	format = get_u32(r);
	if (r->bad || strcmp(magic, MAGIC) != 0 || format != FORMAT)
		return brn_fail(err, BURIN_EFORMAT,
		    "spec: not a description of a kernel, format %d", FORMAT);
	get_str(r, s->generator, sizeof s->generator);
	get_str(r, s->compiler, sizeof s->compiler);
	get_str(r, kernel, sizeof kernel);
	get_str(r, isa, sizeof isa);
	get_str(r, elem, sizeof elem);
	k = brn_kernel_parse(kernel);
	i = isa_by_name(isa);
	e = brn_elem_parse(elem);
	if (r->bad || k < 0 || i < 0 || e < 0)
		return brn_fail(err, BURIN_EFORMAT, "spec: unknown kernel "
		    "'%s', instruction set '%s' or element type '%s'",
		    kernel, isa, elem);
	s->kernel = (enum brn_kernel_id)k;
	s->isa = (enum brn_isa)i;
	s->elem = (enum brn_elem)e;
	return 0;
}

/* Padded rows and cols stay below 2^31.  */
static int
get_sizes(struct reader *r, struct brn_spec *s, burin_error *err)
{
	s->epilogue = get_u32(r);
	s->bh = get_i32(r);
	s->bw = get_i32(r);
	s->nbrow = get_i32(r);
	s->nbcol = get_i32(r);
	s->nblk = get_i32(r);
	if (r->bad || s->epilogue & ~(unsigned)BRN_EPI_BIAS ||
	    s->bh < 1 || s->bw < 1 ||
	    (int64_t)s->bh * s->nbrow > INT32_MAX ||
	    (int64_t)s->bw * s->nbcol > INT32_MAX ||
	    s->nblk > (int64_t)s->nbrow * s->nbcol)
		return brn_fail(err, BURIN_EFORMAT,
		    "spec: %d blocks of %dx%d in %dx%d, epilogue %u",
		    s->nblk, s->bh, s->bw, s->nbrow, s->nbcol, s->epilogue);
	return 0;
}

static int32_t *
get_indices(struct reader *r, struct brn_arena *arena, int64_t n)
{
	int32_t *p = brn_arena_alloc(arena, (size_t)n, sizeof *p);

	for (int64_t i = 0; p && i < n; i++)
		p[i] = get_i32(r);
	return p;
}

/* The index arrays, unless the pattern is full; nothing may follow.  */
static int
get_pattern(struct reader *r, struct brn_spec *s, struct brn_arena *arena,
    burin_error *err)
{
	int64_t n = brn_spec_is_full(s) ? 0 :
	    (int64_t)s->nbrow + 1 + s->nblk;
	struct brn_bsr b = { 0 };

	if ((int64_t)r->n != 4 * n)
		return brn_fail(err, BURIN_EFORMAT,
		    "spec: pattern has %zu bytes, wanted %lld", r->n,
		    4 * (long long)n);
	if (n == 0)
		return 0;
	b = (struct brn_bsr){ (int64_t)s->bh * s->nbrow,
	    (int64_t)s->bw * s->nbcol, s->bh, s->bw, s->nbrow, s->nbcol,
	    s->nblk, NULL, NULL, NULL, NULL };
	b.rowptr = get_indices(r, arena, (int64_t)s->nbrow + 1);
	b.colidx = get_indices(r, arena, s->nblk);
	if (!b.rowptr || !b.colidx)
		return brn_nomem(err);
	s->rowptr = b.rowptr;
	s->colidx = b.colidx;
	return r->bad ? brn_fail(err, BURIN_EFORMAT,
	    "spec: an index is negative") : brn_bsr_check(&b, err);
}

int
brn_spec_decode(const void *p, size_t n, struct brn_arena *arena,
    struct brn_spec *out, burin_error *err)
{
	struct reader r = { p, n, 0 };
	struct brn_spec s = { 0 };
	int rc;

	if ((rc = get_head(&r, &s, err)) < 0 ||
	    (rc = get_sizes(&r, &s, err)) < 0 ||
	    (rc = get_pattern(&r, &s, arena, err)) < 0)
		return rc;
	*out = s;
	return 0;
}

void
brn_spec_describe(const struct brn_spec *s, struct brn_buf *out)
{
	double all = (double)s->nbrow * s->nbcol;

	brn_buf_printf(out, "%s %dx%d %lldx%lld density %.2g %s%s%s%s",
	    brn_kernels[s->kernel].name, s->bh, s->bw,
	    (long long)s->bh * s->nbrow, (long long)s->bw * s->nbcol,
	    all > 0 ? s->nblk / all : 0, brn_isas[s->isa].name,
	    s->elem ? " " : "", s->elem ? brn_elems[s->elem].name : "",
	    s->epilogue & BRN_EPI_BIAS ? " bias" : "");
}
