/* SPDX-License-Identifier: Apache-2.0
 *
 * The exports of burin-jit.so, and the table of emitters.
 */
#include "jit/emit/module.h"

#include <link.h>
#include <string.h>

#include "jit/emit/emit.h"
#include "jit/generator.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT brn_module_compile_fn burin_jit_compile;
EXPORT brn_module_compiler_id_fn burin_jit_compiler_id;

static brn_emit_fn *const emitters[BRN_NUM_KERNELS] = {
#define EMIT_0(name) NULL
#define EMIT_1(name) brn_emit_##name
#define EMIT_2(name) EMIT_1(name)
#define EMIT_3(name) EMIT_1(name)
#define KERNEL(name, tier, what) [BRN_KERNEL_##name] = EMIT_##tier(name),
#include "jit/kernels.def"
#undef EMIT_0
#undef EMIT_1
#undef EMIT_2
#undef EMIT_3
};

/* The build-id of the shared object that holds an address.  */
struct object {
	ElfW(Addr) addr;
	char id[BRN_COMPILER_ID_MAX];
};

static int
holds(const struct dl_phdr_info *o, ElfW(Addr) addr)
{
	for (int i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];
		ElfW(Addr) at = o->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_LOAD && addr >= at &&
		    addr < at + h->p_memsz)
			return 1;
	}
	return 0;
}

static int
find_id(struct dl_phdr_info *o, size_t size, void *ctx)
{
	struct object *w = ctx;

	(void)size;
	if (!holds(o, w->addr))
		return 0;
	for (int i = 0; i < o->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &o->dlpi_phdr[i];

		if (h->p_type == PT_NOTE && brn_compiler_id_notes(
		    (const void *)(o->dlpi_addr + h->p_vaddr), h->p_memsz,
		    w->id) == 0)
			return 1;
	}
	brn_compiler_id_file(o->dlpi_name, w->id);
	return 1;
}

const char *
burin_jit_compiler_id(void)
{
	static struct object w;

	w.addr = (ElfW(Addr))&gcc_jit_context_acquire;
	dl_iterate_phdr(find_id, &w);
	return w.id;
}

static int
check_origin(const struct brn_spec *s, burin_error *err)
{
	const char *id = burin_jit_compiler_id();

	if (*s->compiler && strcmp(s->compiler, id) != 0)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "libgccjit: is '%s', the kernel is for '%s'", id,
		    s->compiler);
	if (strcmp(s->generator, BRN_GENERATOR) != 0)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "generator: is '%s', the kernel is for '%s'",
		    BRN_GENERATOR, s->generator);
	if (!emitters[s->kernel])
		return brn_fail(err, BURIN_EJIT,
		    "kernel %s: is part of the library, not compiled",
		    brn_kernels[s->kernel].name);
	return 0;
}

static int
emit(struct brn_gcc *g, const struct brn_spec *s, burin_error *err)
{
	struct brn_plan plan;
	int rc = brn_plan_make(s, &plan, err);

	if (rc < 0)
		return rc;
	rc = emitters[s->kernel](g, s, &plan, err);
	brn_plan_clear(&plan);
	return rc;
}

static int
compile(const struct brn_spec *s, const char *path, double *emit_ms,
    burin_error *err)
{
	double start = brn_now_ms();
	struct brn_gcc g;
	int rc;

	if ((rc = check_origin(s, err)) < 0 ||
	    (rc = brn_kernel_check(s, err)) < 0 ||
	    (rc = brn_gcc_open(&g, s->isa, err)) < 0)
		return rc;
	rc = emit(&g, s, err);
	if (emit_ms)
		*emit_ms = brn_now_ms() - start;
	if (rc == 0)
		rc = brn_gcc_finish(&g, path, err);
	brn_gcc_close(&g);
	return rc;
}

int
burin_jit_compile(const void *spec, size_t n, const char *path,
    double *emit_ms, burin_error *err)
{
	struct brn_arena *arena = brn_arena_new();
	struct brn_spec s;
	int rc;

	if (!arena)
		return brn_nomem(err);
	rc = brn_spec_decode(spec, n, arena, &s, err);
	if (rc == 0)
		rc = compile(&s, path, emit_ms, err);
	brn_arena_free(arena);
	return rc;
}
