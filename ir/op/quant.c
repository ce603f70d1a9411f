/* SPDX-License-Identifier: Apache-2.0
 *
 * Numbers as small integers: x is scale * (q - zero point).  Scale and zero
 * point are one for the tensor, one for each index of an axis, or, with
 * block_size, one for each run of so many indices (ONNX QuantizeLinear-21).
 */
#include <math.h>

#include "ir/op/op.h"

/* ---- types ---- */

/* Check the sizes of a scale that has one number a block.  */
static int
check_blocks(struct brn_infer *c, const struct brn_type *x,
    const struct brn_type *s, int axis)
{
	int64_t block = brn_attr_int(c->n, "block_size");

	if (block < 1 || s->rank != x->rank)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "scale is neither a scalar nor a vector along axis %d",
		    axis);
	for (int d = 0; d < x->rank; d++) {
		int64_t want = x->dim[d];

		if (brn_is_sym(want) || brn_is_sym(s->dim[d]))
			continue;
		if (d == axis)
			want = want / block + (want % block != 0);
		if (s->dim[d] != want)
			return brn_infer_bad(c, BURIN_ESHAPE, "scale has "
			    "%lld at axis %d, wanted %lld",
			    (long long)s->dim[d], d, (long long)want);
	}
	return BURIN_OK;
}

static int
is_one(const struct brn_type *t)
{
	return brn_type_is_concrete(t) && brn_type_numel(t) == 1;
}

/* Of a vector.  */
static int
may_be_one(const struct brn_type *t)
{
	return t->dim[0] == 1 || brn_is_sym(t->dim[0]);
}

static int
check_scale(struct brn_infer *c)
{
	const struct brn_type *x = brn_infer_in(c, 0), *s = brn_infer_in(c, 1);
	const struct brn_type *zero = brn_infer_in(c, 2);
	int64_t dim;
	int axis, rc;

	if ((rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0)
		return rc;
	if (zero && zero->rank != s->rank && !(is_one(zero) && is_one(s)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "scale and zero point have different shapes");
	for (int d = 0; zero && d < zero->rank && d < s->rank; d++) {
		dim = s->dim[d];
		if ((rc = brn_infer_same_dim(c, &dim, zero->dim[d])) < 0)
			return rc;
	}
	if (s->rank == 0 || (s->rank == 1 && may_be_one(s)))
		return BURIN_OK;
	if ((axis = brn_infer_axis(c, "axis", x->rank)) < 0)
		return axis;
	if (s->rank != 1 || brn_attr_int(c->n, "block_size"))
		return check_blocks(c, x, s, axis);
	dim = x->dim[axis];
	return brn_infer_same_dim(c, &dim, s->dim[0]);
}

/* Whether dtype is an integer of at most so many bytes.  */
static int
is_small(int64_t dtype, size_t bytes)
{
	return dtype > BURIN_F32 && dtype < BURIN_BOOL &&
	    brn_dtype_size((int)dtype) <= bytes;
}

/* The type comes from the zero point, or from output_dtype, where 0 is u8.  */
int
infer_quantize_linear(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *zero = brn_infer_in(c, 2);
	int64_t to = brn_attr_int(c->n, "output_dtype");
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_NUM)) < 0)
		return rc;
	to = zero ? zero->dtype : to ? to : BURIN_U8;
	if (!is_small(to, 2))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "not to an integer of 8 or 16 bits");
	*out = *brn_infer_in(c, 0);
	out->dtype = (int)to;
	return check_scale(c);
}

int
infer_dequantize_linear(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *zero = brn_infer_in(c, 2);

	if (!is_small(brn_infer_in(c, 0)->dtype, 4))
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "not from an integer of 8, 16 or 32 bits");
	if (zero && zero->dtype != brn_infer_in(c, 0)->dtype)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "zero point has another type than input 0");
	*out = *brn_infer_in(c, 0);
	out->dtype = BURIN_F32;
	return check_scale(c);
}

/* ---- values ---- */

/* A tensor as [outer][axis][inner], and how its scales are laid out.  */
struct grid {
	const float *scale;
	const struct brn_tensor *zero;          /* or NULL */
	int64_t outer, axis, inner;
	int64_t run;                    /* indices of the axis a scale, 0: one
	                                   scale for all */
	int64_t runs;                   /* scales along the axis */
	int blocks;                     /* scales for outer and inner, too */
};

static struct grid
grid_of(const struct brn_node *n, const struct brn_tensor *const *in)
{
	const struct brn_type *x = &in[0]->type;
	struct grid g = { .scale = in[1]->data, .zero = brn_opt_in(n, in, 2),
	    .outer = 1, .axis = 1, .inner = brn_numel(in[0]) };
	int axis;

	if (brn_numel(in[1]) == 1 || g.inner == 0)
		return g;
	axis = brn_axis(brn_attr_int(n, "axis"), x->rank);
	g.axis = x->dim[axis];
	g.inner = 1;
	for (int d = 0; d < axis; d++)
		g.outer *= x->dim[d];
	for (int d = axis + 1; d < x->rank; d++)
		g.inner *= x->dim[d];
	g.blocks = in[1]->type.rank > 1;
	g.run = g.blocks ? brn_attr_int(n, "block_size") : 1;
	g.runs = g.blocks ? in[1]->type.dim[axis] : 0;
	return g;
}

/* The index of the scale of element [o][a][i].  */
static int64_t
scale_index(const struct grid *g, int64_t o, int64_t a, int64_t i)
{
	if (!g->run)
		return 0;
	if (!g->blocks)
		return a;
	return (o * g->runs + a / g->run) * g->inner + i;
}

static int64_t
zero_at(const struct grid *g, int64_t at)
{
	return g->zero ? brn_get_int(g->zero, at) : 0;
}

/* Run a statement for each element k, whose scale has index at.  */
#define EACH(g, statement) do { \
	int64_t k = 0; \
\
	for (int64_t o = 0; o < (g)->outer; o++) \
		for (int64_t a = 0; a < (g)->axis; a++) \
			for (int64_t i = 0; i < (g)->inner; i++, k++) { \
				int64_t at = scale_index(g, o, a, i); \
\
				statement; \
			} \
} while (0)

int64_t
brn_quantized(float x, float scale, int64_t zero, int dtype)
{
	int64_t lo = brn_int_min(dtype), hi = brn_int_max(dtype);
	float q = rintf(x / scale);

	if (isnan(q))
		return zero;
	if (q <= (float)(lo - zero))
		return lo;
	return q >= (float)(hi - zero) ? hi : (int64_t)q + zero;
}

BRN_REF(quantize_linear)
{
	struct grid g = grid_of(n, in);

	EACH(&g, brn_set_int(out, k, brn_quantized(
	    (float)brn_get_float(in[0], k), g.scale[at], zero_at(&g, at),
	    out->type.dtype)));
	return BURIN_OK;
}

BRN_REF(dequantize_linear)
{
	struct grid g = grid_of(n, in);
	float *y = out->data;

	EACH(&g, y[k] = (float)(brn_get_int(in[0], k) - zero_at(&g, at)) *
	    g.scale[at]);
	return BURIN_OK;
}
