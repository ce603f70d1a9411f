/* SPDX-License-Identifier: Apache-2.0
 *
 * A thin layer over libgccjit.  Emitters check no errors: an error sticks to
 * the context, and brn_gcc_finish returns it.  Statements are appended to the
 * block `at`, which loops change.  A brn_rv is an expression that is evaluated
 * anew at each use; a local is evaluated once.
 *
 * Part of the module only.
 */
#ifndef BRN_GCC_H
#define BRN_GCC_H

#include <libgccjit.h>

#include "jit/spec.h"

typedef gcc_jit_rvalue *brn_rv;
typedef gcc_jit_lvalue *brn_lv;

enum brn_arg {
#define ARG(type, kind, name) BRN_ARG_##name,
	BRN_KERNEL_ARGS(ARG)
#undef ARG
	BRN_NUM_ARGS
};

struct brn_gcc {
	gcc_jit_context *ctxt;
	gcc_jit_function *fn;           /* the kernel */
	gcc_jit_param *param;           /* its struct brn_kernel_args */
	gcc_jit_field *field[BRN_NUM_ARGS];
	gcc_jit_block *at;
	gcc_jit_type *i32, *i64, *u16, *u32;
	gcc_jit_type *f32, *vec;
	int lanes;                      /* of vec */
	int nname;                      /* locals so far, for unique names */
};

/* A context with the flags of isa and an empty kernel function.  EJIT.  */
int brn_gcc_open(struct brn_gcc *g, enum brn_isa isa, burin_error *err);
/* End the function, compile it to a shared object at path.  EJIT.  */
int brn_gcc_finish(struct brn_gcc *g, const char *path, burin_error *err);
void brn_gcc_close(struct brn_gcc *g);

brn_rv brn_gcc_arg(struct brn_gcc *g, enum brn_arg a);
brn_rv brn_gcc_int(struct brn_gcc *g, int64_t v);
brn_rv brn_gcc_get(brn_lv v);
brn_rv brn_gcc_add(struct brn_gcc *g, brn_rv a, brn_rv b);
brn_rv brn_gcc_mul(struct brn_gcc *g, brn_rv a, int64_t b);
brn_rv brn_gcc_div(struct brn_gcc *g, brn_rv a, int64_t b);
brn_rv brn_gcc_cast(struct brn_gcc *g, brn_rv v, gcc_jit_type *t);
gcc_jit_type *brn_gcc_ptr(gcc_jit_type *t);

/* A new local with the type of its first value.  */
brn_lv brn_gcc_local(struct brn_gcc *g, const char *name, brn_rv init);
/* A local array of n vectors; returns the address of the first one.  */
brn_rv brn_gcc_array(struct brn_gcc *g, const char *name, int n);
void brn_gcc_set(struct brn_gcc *g, brn_lv to, brn_rv v);
/* Keep a vector in a register: GCC would fold its load into each use.  */
void brn_gcc_keep(struct brn_gcc *g, brn_lv v);
/* p[i] and p + i; i counts elements.  */
brn_lv brn_gcc_at(struct brn_gcc *g, brn_rv p, brn_rv i);
brn_rv brn_gcc_offset(struct brn_gcc *g, brn_rv p, brn_rv i);
/* Prefetch the line at p into L1.  */
void brn_gcc_prefetch(struct brn_gcc *g, brn_rv p);
/* A constant array of elem; returns the address of its first element.  data is
 * copied; nbytes is a multiple of 8.  It is written in words of 8 bytes,
 * because the assembler takes time for each word.  */
brn_rv brn_gcc_table(struct brn_gcc *g, const char *name, gcc_jit_type *elem,
    const void *data, size_t nbytes);

/* Dot products with groups of D columns of x.  A vector of 16 groups counts as
 * brn_gcc's vec.
 *
 * The order that interleaves two lines of bf16.  Groups: those at x[0]; with an
 * order, those of the lines at x[0] and x[1], or at x[0] and after it.  Groups
 * of n tiles of a quad, of the columns at x (jit/abi.h).  The group of weights
 * at w in all lanes.  acc += groups * w, which may be such a vector.  */
brn_lv brn_gcc_group_order(struct brn_gcc *g);
brn_lv brn_gcc_groups(struct brn_gcc *g, const brn_lv *x, brn_lv order);
void brn_gcc_quad(struct brn_gcc *g, const brn_lv x[BRN_QUAD], int n,
    brn_lv out[BRN_QUAD]);
brn_lv brn_gcc_splat_group(struct brn_gcc *g, brn_lv w);
void brn_gcc_dot(struct brn_gcc *g, enum brn_elem e, brn_lv acc, brn_lv groups,
    brn_lv w, int is_splat);

/* All lanes the same; acc += a * b.  */
brn_rv brn_gcc_splat(struct brn_gcc *g, brn_rv scalar);
void brn_gcc_fma(struct brn_gcc *g, brn_lv acc, brn_rv a, brn_rv b);

/* if (limit < v) v = limit */
void brn_gcc_min(struct brn_gcc *g, brn_lv v, brn_rv limit);

/* while (a op b) { }, if (a op b) { }: the body is what is emitted until
 * wend.  */
struct brn_loop {
	gcc_jit_block *head, *done;
};
struct brn_loop brn_gcc_while(struct brn_gcc *g, brn_rv a,
    enum gcc_jit_comparison op, brn_rv b);
struct brn_loop brn_gcc_if(struct brn_gcc *g, brn_rv a,
    enum gcc_jit_comparison op, brn_rv b);
void brn_gcc_wend(struct brn_gcc *g, struct brn_loop l);

/* Add assembly text; call a function that it defines, once for each name.  The
 * function returns nothing and ends with vzeroupper.  */
void brn_gcc_asm(struct brn_gcc *g, const char *text);
void brn_gcc_call(struct brn_gcc *g, const char *name, brn_rv *arg, int n);

#endif
