/* SPDX-License-Identifier: Apache-2.0
 *
 * The header of the files in which ops are defined, a family of ops a file.
 * For every row of ops.def such a file defines
 *
 *	infer_<name>    the type of node c->n, from the types and values of its
 *	                inputs
 *	ref_<name>      the elements of its result, written BRN_REF(name)
 *	work_<work>     how much an element of it costs, written BRN_WORK(work);
 *	                ops that cost the same name the same function
 *
 * and here are the helpers that several families use.
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

/* Symbol cut is min(of, some size above 1): a table sliced up to of.  Where it
 * broadcasts with of, the result is of.  */
struct brn_cut {
	struct brn_cut *next;
	int64_t cut, of;
};

struct brn_infer {
	const struct brn_graph *g;
	const struct brn_node *n;       /* now */
	struct brn_shapes *s;           /* done up to n */
	uint8_t *vague;                 /* [n]; fed by an unsupported node */
	int room;                       /* the arrays have, in nodes */
	const struct brn_tensor *in;    /* of the graph; NULL: types only */
	int nsym;                       /* symbols in use */
	struct brn_cut *cuts;
	const struct brn_tensor *split_sizes;   /* of the last split, or NULL */
	int64_t *split_end;             /* and where each of its pieces ends */
	int concrete;                   /* every input has its sizes */
	double budget;                  /* what values may still cost */
	burin_error *err;
};

/* Fails with ESHAPE (sizes that do not fit) or EUNSUPPORTED (a type that the
 * op does not take).  */
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

#define BRN_UNUSED __attribute__((unused))

/* The head of work_<name>.  */
#define BRN_WORK(name) \
double \
work_##name(BRN_UNUSED const struct brn_infer *c, \
    BRN_UNUSED const struct brn_type *out)

/* What an estimate is made of: all multiplications divided by the elements of
 * out, and the product of dimensions [from, to) of t.  */
double brn_work_per_element(double all, const struct brn_type *out);
double brn_work_product(const struct brn_type *t, int from, int to);

/* Fail with a line that shows the node and the types of its inputs.  */
int brn_infer_bad(struct brn_infer *c, int code, const char *fmt, ...)
    BRN_PRINTF(3, 4);

/* EUNSUPPORTED: the result would have more than BRN_MAX_RANK dimensions.  */
int brn_infer_too_many_dims(struct brn_infer *c);

/* Input i; NULL when absent.  */
const struct brn_type *brn_infer_in(const struct brn_infer *c, int i);
/* Its value; NULL when absent or not known.  sym: not NULL gets whether it
 * holds symbols; NULL: a value with symbols counts as not known.  */
const struct brn_tensor *brn_infer_val(const struct brn_infer *c, int i,
    int *sym);

/* A size that nothing is known about.  */
int64_t brn_infer_new_dim(struct brn_infer *c);

/* What a slice up to symbol of leaves of two or more: a new symbol, in *out. */
int brn_infer_cut(struct brn_infer *c, int64_t of, int64_t *out);

/* Element types as a set, and whether input i has one of them.  */
enum {
	BRN_SET_F32 = 1,
	BRN_SET_INT = 2,
	BRN_SET_BOOL = 4,
	BRN_SET_PORT = 8,               /* f16, bf16, f64: cast only */
	BRN_SET_NUM = BRN_SET_F32 | BRN_SET_INT,
	BRN_SET_U64 = 16,               /* what wraps or moves only */
	BRN_SET_BITS = BRN_SET_INT | BRN_SET_U64,
	BRN_SET_WRAP = BRN_SET_NUM | BRN_SET_U64,
	BRN_SET_ANY = BRN_SET_WRAP | BRN_SET_BOOL,
};
int brn_infer_dtype(struct brn_infer *c, int i, int set);
/* All inputs that are given are f32.  */
int brn_infer_all_f32(struct brn_infer *c);
/* Input i, where given, is a vector of size dim.  */
int brn_infer_vector(struct brn_infer *c, int i, int64_t dim);
/* An optional input with exactly one element and the type of input 0.  */
int brn_infer_scalar(struct brn_infer *c, int i);

/* The shape of out becomes what it and t broadcast to.  */
int brn_infer_broadcast(struct brn_infer *c, struct brn_type *out,
    const struct brn_type *t);
/* *a and b are the same size: *a becomes the better known one.  */
int brn_infer_same_dim(struct brn_infer *c, int64_t *a, int64_t b);

/* The integer attribute name as an axis of [0, rank), or an error.  */
int brn_infer_axis(struct brn_infer *c, const char *name, int64_t dflt,
    int rank);
/* Input i as a set of axes in *set; *known is 0 when there is no value.  */
int brn_infer_axes(struct brn_infer *c, int i, int rank, int *set,
    int *known);
/* Input i as a shape of sizes not below lowest, into rank and dim of out; new
 * symbols for elements not known, rank -1 when their number is not known.  */
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

/* Not every op looks at all of these.  */
#define BRN_REF(name) \
int \
ref_##name(BRN_UNUSED const struct brn_node *n, \
    BRN_UNUSED const struct brn_tensor *const *in, \
    BRN_UNUSED struct brn_tensor *out, BRN_UNUSED burin_error *err)

/* Fail with ESHAPE and a line that names the node.  */
int brn_ref_bad(const struct brn_node *n, burin_error *err, const char *fmt,
    ...) BRN_PRINTF(3, 4);

/* The bytes of all elements.  */
static inline size_t
brn_tensor_bytes(const struct brn_tensor *t)
{
	return (size_t)brn_numel(t) * brn_dtype_size(t->type.dtype);
}

/* The same elements in the same order.  */
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

/* The larger of two; NaN is larger than all.  */
static inline double
brn_max_nan(double a, double b)
{
	return a != a || a > b ? a : b;
}

/* The shape of t as two: the dimensions in the set stay in *inner, the others
 * in *outer; the rest is 1.  Walks over both, one inside the other, visit all
 * of t.  */
void brn_split_shape(const struct brn_type *t, int set,
    struct brn_type *outer, struct brn_type *inner);

/* Walk over shape, with the elements of x at the strides of x.  */
void brn_walk(struct brn_iter *it, const struct brn_type *shape,
    const struct brn_tensor *x);

#endif
