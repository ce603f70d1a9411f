/* SPDX-License-Identifier: Apache-2.0
 *
 * Fuzzing of what burin-cc compiles: any bytes as a description of a kernel
 * that is well formed, for every kernel, block shape, element type and
 * instruction set.  What is decoded and fits is compiled and can be loaded.
 * Without the module (make fuzz builds none) nothing is compiled, unless
 * BURIN_JIT_MODULE names one.
 */
#include "tests/fuzz/fuzz.h"

#include "cache/key.h"
#include "jit/emit/module.h"
#include "jit/get/load.h"
#include "jit/kernel/kernel.h"
#include "tests/fuzz/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const struct fuzz_target fuzz_target = {
	.name = "emit",
	.max = 64,
	.mutate = fuzz_bytes,
};

/* One description of SHARE is compiled, all with LONG: it takes 50 ms.  */
enum { HEAD = 8, MOST = 12, SHARE = 16 };

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* Index arrays of a pattern: bit i of the bytes says whether block i is
 * stored.  */
struct mask {
	int32_t rowptr[MOST + 1], colidx[MOST * MOST];
};

static void
read_mask(struct brn_bsr *b, struct mask *m, const uint8_t *p, size_t n)
{
	b->rowptr = m->rowptr;
	b->colidx = m->colidx;
	for (int32_t r = 0; r < b->nbrow; r++) {
		for (int32_t c = 0; c < b->nbcol; c++) {
			size_t i = (size_t)(r * b->nbcol + c);

			if (n && p[i / 8 % n] >> i % 8 & 1)
				m->colidx[b->nblk++] = c;
		}
		m->rowptr[r + 1] = b->nblk;
	}
}

static void
read_spec(const uint8_t *p, size_t n, struct brn_bsr *b, struct mask *m,
    struct brn_spec *s)
{
	static const int sizes[] = { 1, 2, 3, 4, 8, 16, 32, 5 };
	uint8_t h[HEAD] = { 0 };
	size_t nhead = n < HEAD ? n : HEAD;

	if (nhead)
		memcpy(h, p, nhead);
	*b = (struct brn_bsr){ .bh = sizes[h[0] % 8], .bw = sizes[h[1] % 8],
	    .nbrow = 1 + h[2] % MOST, .nbcol = 1 + h[3] % MOST };
	b->rows = (int64_t)b->nbrow * b->bh;
	b->cols = (int64_t)b->nbcol * b->bw;
	read_mask(b, m, p + nhead, n - nhead);
	brn_spec_init(s, b, h[4] % 2 ? BRN_EPI_BIAS : 0, BRN_ISA_generic,
	    brn_compiler_id());
	s->isa = (enum brn_isa)(h[5] % BRN_NUM_ISAS);
	s->elem = (enum brn_elem)(h[6] % BRN_NUM_ELEMS);
	s->kernel = (enum brn_kernel_id)(h[7] % BRN_NUM_KERNELS);
}

static void
compile(const struct brn_spec *s, const struct brn_buf *desc)
{
	brn_module_compile_fn *module;
	brn_kernel_fn *fn;
	burin_error err;
	char path[64];
	void *handle;
	int fd;

	if ((!getenv("LONG") && brn_key_of(desc->p, desc->n).b[0] % SHARE) ||
	    !*s->compiler || brn_load_module(&module, &err) < 0)
		return;
	fd = memfd_create("emit", MFD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	must(module(desc->p, desc->n, path, NULL, &err) == 0, err.msg);
	if (brn_isa_runs(s->isa)) {
		must(brn_load(fd, &handle, &fn, &err) == 0, err.msg);
		brn_unload(handle);
	}
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct brn_arena *a = brn_arena_new();
	struct brn_buf desc = { 0 };
	struct brn_spec s, back;
	struct mask m = { 0 };
	struct brn_plan plan;
	struct brn_bsr b;
	burin_error err;

	read_spec(p, n, &b, &m, &s);
	brn_spec_encode(&s, &desc);
	must(a && brn_spec_decode(desc.p, desc.n, a, &back, &err) == 0,
	    err.msg);
	if (brn_kernel_check(&back, &err) == 0 &&
	    brn_plan_make(&back, &plan, &err) == 0) {
		if (brn_kernels[back.kernel].tier > 0)
			compile(&back, &desc);
		brn_plan_clear(&plan);
	}
	brn_buf_free(&desc);
	brn_arena_free(a);
	return 0;
}
