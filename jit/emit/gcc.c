/* SPDX-License-Identifier: Apache-2.0
 *
 * The calls of libgccjit.  Options were chosen by measurement, see
 * jit/NOTES.md.
 */
#include "jit/emit/gcc.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PARAMS = 5 };

/* No option with a string value but -march: libgccjit frees the string with the
 * context and reads it again in the next one (seen with -falign-loops=32).  */
static const char *const cc1_options[] = {
	"-fno-asynchronous-unwind-tables",
	"-fno-strict-aliasing",
	"-fno-math-errno",
	"-ffp-contract=fast",
	"-fexpensive-optimizations",    /* makes FMAs of products and sums */
	"-falign-loops",
};

/* Kernels call nothing: no libc, no libgcc, no start files.  */
static const char *const driver_options[] = {
	"-nostdlib",
	"-Wl,-s,--build-id=none,-z,noexecstack",
};

static void
set_options(gcc_jit_context *c, const char *flags)
{
	char split[100], *save;

	gcc_jit_context_set_bool_print_errors_to_stderr(c, 0);
	gcc_jit_context_set_int_option(c,
	    GCC_JIT_INT_OPTION_OPTIMIZATION_LEVEL, 1);
	for (int i = 0; i < BRN_COUNT(cc1_options); i++)
		gcc_jit_context_add_command_line_option(c, cc1_options[i]);
	for (int i = 0; i < BRN_COUNT(driver_options); i++)
		gcc_jit_context_add_driver_option(c, driver_options[i]);
	snprintf(split, sizeof split, "%s", flags);
	for (char *o = strtok_r(split, " ", &save); o;
	    o = strtok_r(NULL, " ", &save))
		gcc_jit_context_add_command_line_option(c, o);
}

static gcc_jit_type *
arg_type(struct brn_gcc *g, const char *kind)
{
	if (strcmp(kind, "PTR_F32") == 0)
		return gcc_jit_type_get_pointer(g->f32);
	if (strcmp(kind, "PTR_I32") == 0)
		return gcc_jit_type_get_pointer(g->i32);
	return g->i64;
}

/* void burin_kernel(const struct brn_kernel_args *a) */
static void
open_kernel(struct brn_gcc *g)
{
	static const char *const name[] = {
#define ARG(type, kind, name) #name,
		BRN_KERNEL_ARGS(ARG)
#undef ARG
	};
	static const char *const kind[] = {
#define ARG(type, kind, name) #kind,
		BRN_KERNEL_ARGS(ARG)
#undef ARG
	};
	gcc_jit_context *c = g->ctxt;
	gcc_jit_struct *args;

	for (int i = 0; i < BRN_NUM_ARGS; i++)
		g->field[i] = gcc_jit_context_new_field(c, NULL,
		    arg_type(g, kind[i]), name[i]);
	args = gcc_jit_context_new_struct_type(c, NULL, "args", BRN_NUM_ARGS,
	    g->field);
	g->param = gcc_jit_context_new_param(c, NULL,
	    gcc_jit_type_get_pointer(gcc_jit_struct_as_type(args)), "a");
	g->fn = gcc_jit_context_new_function(c, NULL,
	    GCC_JIT_FUNCTION_EXPORTED,
	    gcc_jit_context_get_type(c, GCC_JIT_TYPE_VOID), BRN_KERNEL_SYMBOL,
	    1, &g->param, 0);
	g->at = gcc_jit_function_new_block(g->fn, NULL);
}

int
brn_gcc_open(struct brn_gcc *g, enum brn_isa isa, burin_error *err)
{
	gcc_jit_context *c = gcc_jit_context_acquire();

	*g = (struct brn_gcc){ .ctxt = c, .lanes = brn_isas[isa].lanes };
	if (!c)
		return brn_fail(err, BURIN_EJIT, "libgccjit: no context");
	set_options(c, brn_isas[isa].flags);
	g->i32 = gcc_jit_context_get_int_type(c, 4, 1);
	g->i64 = gcc_jit_context_get_int_type(c, 8, 1);
	g->u16 = gcc_jit_context_get_int_type(c, 2, 0);
	g->u32 = gcc_jit_context_get_int_type(c, 4, 0);
	g->f32 = gcc_jit_context_get_type(c, GCC_JIT_TYPE_FLOAT);
	g->vec = gcc_jit_type_get_vector(g->f32, (size_t)g->lanes);
	open_kernel(g);
	return 0;
}

int
brn_gcc_finish(struct brn_gcc *g, const char *path, burin_error *err)
{
	const char *why;

	gcc_jit_block_end_with_void_return(g->at, NULL);
	gcc_jit_context_compile_to_file(g->ctxt,
	    GCC_JIT_OUTPUT_KIND_DYNAMIC_LIBRARY, path);
	why = gcc_jit_context_get_first_error(g->ctxt);
	return why ? brn_fail(err, BURIN_EJIT, "libgccjit: %s", why) : 0;
}

void
brn_gcc_close(struct brn_gcc *g)
{
	if (g->ctxt)
		gcc_jit_context_release(g->ctxt);
	g->ctxt = NULL;
}

brn_rv
brn_gcc_arg(struct brn_gcc *g, enum brn_arg a)
{
	return gcc_jit_lvalue_as_rvalue(gcc_jit_rvalue_dereference_field(
	    gcc_jit_param_as_rvalue(g->param), NULL, g->field[a]));
}

brn_rv
brn_gcc_int(struct brn_gcc *g, int64_t v)
{
	return gcc_jit_context_new_rvalue_from_long(g->ctxt, g->i64, v);
}

brn_rv
brn_gcc_get(brn_lv v)
{
	return gcc_jit_lvalue_as_rvalue(v);
}

static brn_rv
binary(struct brn_gcc *g, enum gcc_jit_binary_op op, brn_rv a, brn_rv b)
{
	return gcc_jit_context_new_binary_op(g->ctxt, NULL, op,
	    gcc_jit_rvalue_get_type(a), a, b);
}

brn_rv
brn_gcc_add(struct brn_gcc *g, brn_rv a, brn_rv b)
{
	return binary(g, GCC_JIT_BINARY_OP_PLUS, a, b);
}

brn_rv
brn_gcc_mul(struct brn_gcc *g, brn_rv a, int64_t b)
{
	return binary(g, GCC_JIT_BINARY_OP_MULT, a, brn_gcc_int(g, b));
}

brn_rv
brn_gcc_div(struct brn_gcc *g, brn_rv a, int64_t b)
{
	return binary(g, GCC_JIT_BINARY_OP_DIVIDE, a, brn_gcc_int(g, b));
}

brn_rv
brn_gcc_cast(struct brn_gcc *g, brn_rv v, gcc_jit_type *t)
{
	return gcc_jit_context_new_cast(g->ctxt, NULL, v, t);
}

gcc_jit_type *
brn_gcc_ptr(gcc_jit_type *t)
{
	return gcc_jit_type_get_pointer(t);
}

brn_lv
brn_gcc_local(struct brn_gcc *g, const char *name, brn_rv init)
{
	char unique[40];
	brn_lv v;

	snprintf(unique, sizeof unique, "%s_%d", name, g->nname++);
	v = gcc_jit_function_new_local(g->fn, NULL,
	    gcc_jit_rvalue_get_type(init), unique);
	brn_gcc_set(g, v, init);
	return v;
}

void
brn_gcc_set(struct brn_gcc *g, brn_lv to, brn_rv v)
{
	gcc_jit_block_add_assignment(g->at, NULL, to, v);
}

void
brn_gcc_keep(struct brn_gcc *g, brn_lv v)
{
#ifdef __x86_64__
	gcc_jit_extended_asm *nothing = gcc_jit_block_add_extended_asm(g->at,
	    NULL, "");

	gcc_jit_extended_asm_add_output_operand(nothing, NULL, "+v", v);
#else
	(void)g, (void)v;
#endif
}

/* out = the text with its inputs %1, %2 and %3; each has a letter of `in` for
 * its constraint.  What is written before all inputs are read needs "=&v".  */
static void
add_asm(struct brn_gcc *g, const char *text, const char *how, brn_lv out,
    const char *in, brn_lv *arg)
{
	gcc_jit_extended_asm *a = gcc_jit_block_add_extended_asm(g->at, NULL,
	    text);

	gcc_jit_extended_asm_add_output_operand(a, NULL, how, out);
	for (int i = 0; in[i]; i++)
		gcc_jit_extended_asm_add_input_operand(a, NULL,
		    in[i] == 'm' ? "m" : "v", brn_gcc_get(arg[i]));
}

static brn_lv
new_vector(struct brn_gcc *g, const char *name)
{
	char unique[40];

	snprintf(unique, sizeof unique, "%s_%d", name, g->nname++);
	return gcc_jit_function_new_local(g->fn, NULL, g->vec, unique);
}

brn_rv
brn_gcc_array(struct brn_gcc *g, const char *name, int n)
{
	brn_lv v = gcc_jit_function_new_local(g->fn, NULL,
	    gcc_jit_context_new_array_type(g->ctxt, NULL, g->vec, n), name);

	return gcc_jit_lvalue_get_address(brn_gcc_at(g, brn_gcc_get(v),
	    brn_gcc_int(g, 0)), NULL);
}

brn_lv
brn_gcc_group_order(struct brn_gcc *g)
{
	uint16_t order[BRN_TILE * 2];
	brn_lv v = new_vector(g, "order"), table;

	for (int i = 0; i < BRN_TILE * 2; i++)
		order[i] = (uint16_t)(i % 2 * BRN_TILE + i / 2);
	table = brn_gcc_at(g, brn_gcc_table(g, "order", g->f32, order,
	    sizeof order), brn_gcc_int(g, 0));
	add_asm(g, "vmovdqu64 %1, %0", "=v", v, "m", &table);
	return v;
}

static brn_lv
load_bits(struct brn_gcc *g, brn_lv at)
{
	brn_lv v = new_vector(g, "x");

	add_asm(g, "vmovdqa64 %1, %0", "=v", v, "m", &at);
	return v;
}

brn_lv
brn_gcc_groups(struct brn_gcc *g, const brn_lv *x, brn_lv order)
{
	brn_lv v = order ? new_vector(g, "groups") : load_bits(g, x[0]);

	if (order && !x[1])
		add_asm(g, "vpermw %1, %2, %0", "=v", v, "mv",
		    (brn_lv[]){ x[0], order });
	else if (order)
		add_asm(g, "vmovdqa64 %1, %t0\n\t"
		    "vinserti64x4 $1, %2, %0, %0\n\tvpermw %0, %3, %0",
		    "=&v", v, "mmv", (brn_lv[]){ x[0], x[1], order });
	return v;
}

static brn_lv
unpack(struct brn_gcc *g, const char *text, brn_lv a, brn_lv b)
{
	brn_lv v = new_vector(g, "part");

	add_asm(g, text, "=v", v, "vv", (brn_lv[]){ a, b });
	return v;
}

/* Unpacking bytes, then words.  The low halves are the first two tiles.  */
void
brn_gcc_quad(struct brn_gcc *g, const brn_lv x[BRN_QUAD], int n,
    brn_lv out[BRN_QUAD])
{
	brn_lv l[BRN_QUAD], p[2];

	for (int k = 0; k < BRN_QUAD; k++)
		l[k] = load_bits(g, x[k]);
	for (int t = 0; t < n; t++) {
		for (int k = 0; k < 2 && t % 2 == 0; k++)
			p[k] = unpack(g, t < 2 ? "vpunpcklbw %2, %1, %0" :
			    "vpunpckhbw %2, %1, %0", l[2 * k], l[2 * k + 1]);
		out[t] = unpack(g, t % 2 ? "vpunpckhwd %2, %1, %0" :
		    "vpunpcklwd %2, %1, %0", p[0], p[1]);
	}
}

brn_lv
brn_gcc_splat_group(struct brn_gcc *g, brn_lv w)
{
	brn_lv v = new_vector(g, "w");

	add_asm(g, "vpbroadcastd %1, %0", "=v", v, "m", &w);
	return v;
}

void
brn_gcc_dot(struct brn_gcc *g, enum brn_elem e, brn_lv acc, brn_lv groups,
    brn_lv w, int is_splat)
{
	static const char *const text[2][2] = {
		{ "vdpbf16ps %2%{1to16%}, %1, %0", "vdpbf16ps %2, %1, %0" },
		{ "vpdpbusd %2%{1to16%}, %1, %0", "vpdpbusd %2, %1, %0" },
	};

	add_asm(g, text[e == BRN_ELEM_i8][is_splat], "+v", acc,
	    is_splat ? "vv" : "vm", (brn_lv[]){ groups, w });
}

brn_lv
brn_gcc_at(struct brn_gcc *g, brn_rv p, brn_rv i)
{
	return gcc_jit_context_new_array_access(g->ctxt, NULL, p, i);
}

brn_rv
brn_gcc_offset(struct brn_gcc *g, brn_rv p, brn_rv i)
{
	return gcc_jit_lvalue_get_address(brn_gcc_at(g, p, i), NULL);
}

void
brn_gcc_prefetch(struct brn_gcc *g, brn_rv p)
{
	gcc_jit_function *f = gcc_jit_context_get_builtin_function(g->ctxt,
	    "__builtin_prefetch");

	p = brn_gcc_cast(g, p, brn_gcc_ptr(gcc_jit_type_get_const(
	    gcc_jit_context_get_type(g->ctxt, GCC_JIT_TYPE_VOID))));
	gcc_jit_block_add_eval(g->at, NULL, gcc_jit_context_new_call(g->ctxt,
	    NULL, f, 1, &p));
}

brn_rv
brn_gcc_table(struct brn_gcc *g, const char *name, gcc_jit_type *elem,
    const void *data, size_t nbytes)
{
	gcc_jit_type *t = gcc_jit_context_new_array_type(g->ctxt, NULL,
	    gcc_jit_type_get_const(g->i64), (int)(nbytes / 8));
	brn_lv v = gcc_jit_context_new_global(g->ctxt, NULL,
	    GCC_JIT_GLOBAL_INTERNAL, t, name);

	gcc_jit_global_set_initializer(v, data, nbytes);
	return brn_gcc_cast(g, gcc_jit_lvalue_get_address(brn_gcc_at(g,
	    brn_gcc_get(v), brn_gcc_int(g, 0)), NULL), brn_gcc_ptr(elem));
}

/* The scalar goes through a local: else GCC emits a load for each lane and
 * takes long to find that they are the same.  */
brn_rv
brn_gcc_splat(struct brn_gcc *g, brn_rv scalar)
{
	brn_rv one = brn_gcc_get(brn_gcc_local(g, "s", scalar)), all[16];

	for (int i = 0; i < g->lanes; i++)
		all[i] = one;
	return gcc_jit_context_new_rvalue_from_vector(g->ctxt, NULL, g->vec,
	    (size_t)g->lanes, all);
}

void
brn_gcc_fma(struct brn_gcc *g, brn_lv acc, brn_rv a, brn_rv b)
{
	brn_gcc_set(g, acc, brn_gcc_add(g, brn_gcc_get(acc),
	    binary(g, GCC_JIT_BINARY_OP_MULT, a, b)));
}

/* End the block: go on in a new one if a op b, else in done.  */
static void
branch(struct brn_gcc *g, brn_rv a, enum gcc_jit_comparison op, brn_rv b,
    gcc_jit_block *done)
{
	gcc_jit_block *body = gcc_jit_function_new_block(g->fn, NULL);

	gcc_jit_block_end_with_conditional(g->at, NULL,
	    gcc_jit_context_new_comparison(g->ctxt, NULL, op, a, b), body,
	    done);
	g->at = body;
}

struct brn_loop
brn_gcc_while(struct brn_gcc *g, brn_rv a, enum gcc_jit_comparison op,
    brn_rv b)
{
	struct brn_loop l = {
		gcc_jit_function_new_block(g->fn, NULL),
		gcc_jit_function_new_block(g->fn, NULL),
	};

	gcc_jit_block_end_with_jump(g->at, NULL, l.head);
	g->at = l.head;
	branch(g, a, op, b, l.done);
	return l;
}

struct brn_loop
brn_gcc_if(struct brn_gcc *g, brn_rv a, enum gcc_jit_comparison op, brn_rv b)
{
	gcc_jit_block *done = gcc_jit_function_new_block(g->fn, NULL);

	branch(g, a, op, b, done);
	return (struct brn_loop){ done, done };
}

void
brn_gcc_wend(struct brn_gcc *g, struct brn_loop l)
{
	gcc_jit_block_end_with_jump(g->at, NULL, l.head);
	g->at = l.done;
}

void
brn_gcc_min(struct brn_gcc *g, brn_lv v, brn_rv limit)
{
	struct brn_loop l = brn_gcc_if(g, limit, GCC_JIT_COMPARISON_LT,
	    brn_gcc_get(v));

	brn_gcc_set(g, v, limit);
	brn_gcc_wend(g, l);
}

void
brn_gcc_asm(struct brn_gcc *g, const char *text)
{
	gcc_jit_context_add_top_level_asm(g->ctxt, NULL, text);
}

void
brn_gcc_call(struct brn_gcc *g, const char *name, brn_rv *arg, int n)
{
	gcc_jit_param *param[MAX_PARAMS];
	gcc_jit_function *f;

	for (int i = 0; i < n; i++)
		param[i] = gcc_jit_context_new_param(g->ctxt, NULL,
		    gcc_jit_rvalue_get_type(arg[i]), "p");
	f = gcc_jit_context_new_function(g->ctxt, NULL,
	    GCC_JIT_FUNCTION_IMPORTED,
	    gcc_jit_context_get_type(g->ctxt, GCC_JIT_TYPE_VOID), name, n,
	    param, 0);
	gcc_jit_block_add_eval(g->at, NULL,
	    gcc_jit_context_new_call(g->ctxt, NULL, f, n, arg));
}
