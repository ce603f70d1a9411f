/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of the files that define ops, a family of ops a file.  A row of
 * ops.def needs
 *
 *	infer_<name>    the type of the result, from types and values of the
 *	                inputs
 *	ref_<name>      the elements of the result; its head is BRN_REF(name)
 *	work_<work>     what an element costs; its head is BRN_WORK(work).  Ops
 *	                that cost the same name the same function.
 *
 * Below are their declarations and the helpers that several families use.
 *
 * An input of unknown type never reaches infer_<name>, except the first input
 * of reshape and shape.
 */
#ifndef BRN_OP_H
#define BRN_OP_H

#include "ir/graph/iter.h"
#include "ir/op/infer.h"
#include "ir/op/ref.h"

#include <string.h>

/* A slice [0, of) of a table of more than 1 row: symbol cut is min(of, rows).
 * Where cut and of broadcast, the result is of.  */
struct brn_cut {
	struct brn_cut *next;
	int64_t cut, of;
};

/* An inference under way.  */
struct brn_infer {
	const struct brn_graph *g;
	const struct brn_node *n;       /* the node whose type is asked for */
	struct brn_shapes *s;           /* types and values of nodes before n */
	uint8_t *vague;                 /* [nodes]; 1: an unsupported node is
	                                   among those that it depends on */
	int room;                       /* of the arrays, in nodes */
	const struct brn_tensor *in;    /* inputs of the graph; NULL: only their
	                                   types are known */
	int nsym;                       /* symbols in use */
	struct brn_cut *cuts;
	const struct brn_tensor *split_sizes;   /* of the last split, or NULL */
	int64_t *split_end;             /* and where each of its pieces ends */
	int open;                       /* shapes may depend on data */
	int concrete;                   /* every input has sizes, no symbols,
	                                   and so must every result */
	const struct brn_type *given;   /* [nodes], see brn_infer_open; NULL */
	double budget;                  /* bytes that values may still touch */
	burin_error *err;
};

/* Set *out to the type of the result of c->n.  ESHAPE: sizes do not fit;
 * EUNSUPPORTED: the op does not take a type.  */
typedef int brn_infer_fn(struct brn_infer *c, struct brn_type *out);

#define OP(name, onnx, lo, hi, work, flags) brn_infer_fn infer_##name;
#include "ir/ops.def"

/* How many multiplications the ref of c->n takes for one element of a result
 * of type out; the types of c and out have sizes, no symbols.  An estimate
 * within a small factor, finite, so that the work of a load can be bounded.
 * Whatever takes as long as a multiplication counts as one.  */
typedef double brn_work_fn(const struct brn_infer *c,
    const struct brn_type *out);
#define OP(name, onnx, lo, hi, work, flags) brn_work_fn work_##work;
#include "ir/ops.def"

/* Of arguments that not every op reads.  */
#define BRN_UNUSED __attribute__((unused))

/* The head of work_<name>.  */
#define BRN_WORK(name) \
double \
work_##name(BRN_UNUSED const struct brn_infer *c, \
    BRN_UNUSED const struct brn_type *out)

/* For estimates: all multiplications divided by the elements of out; the
 * product of dimensions [from, to) of t.  */
double brn_work_per_element(double all, const struct brn_type *out);
double brn_work_product(const struct brn_type *t, int from, int to);

/* Fail with a line that shows the node and the types of its inputs.  */
int brn_infer_bad(struct brn_infer *c, int code, const char *fmt, ...)
    BRN_PRINTF(3, 4);

/* EUNSUPPORTED: the result would have more than BRN_MAX_RANK dimensions.  */
int brn_infer_too_many_dims(struct brn_infer *c);

/* Input i; NULL when absent.  */
const struct brn_type *brn_infer_in(const struct brn_infer *c, int i);
/* The value of input i; NULL when absent or not known.  *sym, unless NULL, gets
 * whether it holds symbols; with sym NULL such a value counts as not known.  */
const struct brn_tensor *brn_infer_val(const struct brn_infer *c, int i,
    int *sym);

/* A new symbol: a size of which nothing is known.  */
int64_t brn_infer_new_dim(struct brn_infer *c);

/* The new symbol min(of, rows), rows being above 1, in *out: struct brn_cut.
 */
int brn_infer_cut(struct brn_infer *c, int64_t of, int64_t *out);

/* Sets of element types; brn_infer_dtype fails unless input i has one of set.
 */
enum {
	BRN_SET_F32 = 1,
	BRN_SET_INT = 2,
	BRN_SET_BOOL = 4,
	BRN_SET_PORT = 8,               /* f16, bf16, f64: cast only */
	BRN_SET_NUM = BRN_SET_F32 | BRN_SET_INT,
	BRN_SET_U64 = 16,               /* ops that wrap or move */
	BRN_SET_BITS = BRN_SET_INT | BRN_SET_U64,
	BRN_SET_WRAP = BRN_SET_NUM | BRN_SET_U64,
	BRN_SET_ANY = BRN_SET_WRAP | BRN_SET_BOOL,
};
int brn_infer_dtype(struct brn_infer *c, int i, int set);
/* All inputs that are given are f32.  */
int brn_infer_all_f32(struct brn_infer *c);
/* Input i, where given, is a vector of size dim.  */
int brn_infer_vector(struct brn_infer *c, int i, int64_t dim);
/* Input i, where given, has one element.  */
int brn_infer_one_element(struct brn_infer *c, int i);
/* The same, of the type of input 0.  */
int brn_infer_scalar(struct brn_infer *c, int i);

/* The shape of out becomes what it and t broadcast to.  */
int brn_infer_broadcast(struct brn_infer *c, struct brn_type *out,
    const struct brn_type *t);
/* *a and b are the same size; *a becomes b where b is known and *a not.  */
int brn_infer_same_dim(struct brn_infer *c, int64_t *a, int64_t b);

/* The integer attribute name as an axis of [0, rank), or an error.  */
int brn_infer_axis(struct brn_infer *c, const char *name, int rank);
/* The axes that input i lists, as bits in *set; *known is 0 without a value.
 */
int brn_infer_axes(struct brn_infer *c, int i, int rank, int *set,
    int *known);
/* The shape that input i lists, of sizes not below lowest, into rank and dim of
 * out.  A size not known is a new symbol; rank -1: their number is not known.
 */
int brn_infer_dims(struct brn_infer *c, int i, int64_t lowest,
    struct brn_type *out);

/* The spatial sizes of out, [batch, channels, spatial..], from a window; new
 * symbols for those not known.  */
struct brn_window;
void brn_infer_spatial(struct brn_infer *c, const struct brn_window *w,
    struct brn_type *out);

/* ---- refs ---- */

#define OP(name, onnx, lo, hi, work, flags) brn_ref_fn ref_##name;
#include "ir/ops.def"

/* The head of ref_<name>.  */
#define BRN_REF(name) \
int \
ref_##name(BRN_UNUSED const struct brn_node *n, \
    BRN_UNUSED const struct brn_tensor *const *in, \
    BRN_UNUSED struct brn_tensor *out, BRN_UNUSED burin_error *err)

/* Fail with ESHAPE and a line that names the node.  */
int brn_ref_bad(const struct brn_node *n, burin_error *err, const char *fmt,
    ...) BRN_PRINTF(3, 4);

/* The size of all elements in bytes.  */
static inline size_t
brn_tensor_bytes(const struct brn_tensor *t)
{
	return (size_t)brn_numel(t) * brn_dtype_size(t->type.dtype);
}

/* Copy all elements; both have equally many, of one type.  */
static inline int
brn_copy_all(const struct brn_tensor *in, struct brn_tensor *out)
{
	if (brn_tensor_bytes(out))
		memcpy(out->data, in->data, brn_tensor_bytes(out));
	return BURIN_OK;
}

/* Input i, NULL when absent.  */
static inline const struct brn_tensor *
brn_opt_in(const struct brn_node *n, const struct brn_tensor *const *in, int i)
{
	return i < n->nin ? in[i] : NULL;
}

/* Element i of from becomes element at of to, of any type.  */
static inline void
brn_copy_elem(struct brn_tensor *to, int64_t at, const struct brn_tensor *from,
    int64_t i)
{
	size_t size = brn_dtype_size(to->type.dtype);

	memcpy((char *)to->data + (size_t)at * size,
	    (const char *)from->data + (size_t)i * size, size);
}

/* The product of dimensions [from, to) of t.  Where t has no elements the
 * other sizes may be too large: it wraps.  */
static inline int64_t
brn_product(const struct brn_type *t, int from, int to)
{
	uint64_t n = 1;

	for (int d = from; d < to; d++)
		n *= (uint64_t)t->dim[d];
	return (int64_t)n;
}

/* All axes of [axis, rank), as a set of bits.  */
static inline int
brn_axes_from(int axis, int rank)
{
	return ((1 << rank) - 1) & ~((1 << axis) - 1);
}

static inline int
brn_is_f32(const struct brn_tensor *t)
{
	return t->type.dtype == BURIN_F32;
}

/* The integer that quantize_linear makes of x: rounds half to even; NaN gives
 * the zero point.  */
int64_t brn_quantized(float x, float scale, int64_t zero, int dtype);

/* The larger of two; NaN is larger than all.  */
static inline double
brn_max_nan(double a, double b)
{
	return a != a || a > b ? a : b;
}

/* Two shapes of the rank of t: *inner has its dimensions in the set, *outer the
 * others, both are 1 elsewhere.  Nested walks over both visit all of t.  */
void brn_split_shape(const struct brn_type *t, int set,
    struct brn_type *outer, struct brn_type *inner);

/* Walk over shape, which is that of x with some dimensions 1; the operand is
 * x.  */
void brn_walk(struct brn_iter *it, const struct brn_type *shape,
    const struct brn_tensor *x);

#endif
