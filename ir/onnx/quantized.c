/* SPDX-License-Identifier: Apache-2.0
 *
 * Operators on small integers become those on floats with conversions around
 * them, which passes make layers on integers of.  Integer products that end as
 * integers stay so.
 */
#include "ir/onnx/quantized.h"

#include "ir/onnx/attention.h"

/* Quantized x, its scale and its zero point.  */
struct bytes {
	struct brn_node *q, *scale, *zero;
};

/* DynamicQuantizeLinear-11: the range of x, extended to include 0, is mapped to
 * 0 .. 255.  An empty range has scale 1, as in ONNX Runtime.  */
static struct bytes
quantize_range(struct brn_expand *e, struct brn_node *x)
{
	struct brn_node *lo, *hi, *range, *scale;
	struct brn_node *zero = brn_put_scalar(e, BURIN_F32, 0);
	struct bytes b;

	lo = BRN_PUT(e, reduce_min, x);
	hi = BRN_PUT(e, reduce_max, x);
	brn_put_int(e, lo, "keepdims", 0);
	brn_put_int(e, hi, "keepdims", 0);
	lo = BRN_PUT(e, min, lo, zero);
	hi = BRN_PUT(e, max, hi, zero);
	range = BRN_PUT(e, sub, hi, lo);
	scale = BRN_PUT(e, div, range, brn_put_scalar(e, BURIN_F32, 255));
	b.scale = BRN_PUT(e, where, BRN_PUT(e, equal, range, zero),
	    brn_put_scalar(e, BURIN_F32, 1), scale);
	b.zero = BRN_PUT(e, quantize_linear, BRN_PUT(e, neg, lo), b.scale);
	b.q = BRN_PUT(e, quantize_linear, x, b.scale, b.zero);
	return b;
}

void
brn_expand_dynamic_quantize(struct brn_expand *e)
{
	struct bytes b = quantize_range(e, brn_arg(e, 0));

	e->out[0] = b.q;
	e->out[1] = b.scale;
	e->out[2] = b.zero;
}

/* Input k minus its zero point (input zero), as dtype.  column: a vector of
 * zero points is one for each row.  */
static struct brn_node *
minus_zero_point(struct brn_expand *e, int k, int zero, int dtype, int column)
{
	struct brn_node *x = brn_put_cast(e, brn_arg(e, k), dtype), *z;

	if (!brn_arg(e, zero))
		return x;
	z = brn_put_cast(e, brn_arg(e, zero), dtype);
	if (column && brn_known_type(e, z)->rank == 1)
		z = BRN_PUT(e, unsqueeze, z, BRN_INTS(e, 1));
	return BRN_PUT(e, sub, x, z);
}

void
brn_expand_matmul_integer(struct brn_expand *e)
{
	struct brn_node *a = minus_zero_point(e, 0, 2, BURIN_I32, 1);
	struct brn_node *b = minus_zero_point(e, 1, 3, BURIN_I32, 0);

	e->out[0] = BRN_PUT(e, matmul, a, b);
}

/* b dequantized; along axis where it has several scales.  */
static struct brn_node *
dequantized(struct brn_expand *e, struct bytes b, int axis)
{
	struct brn_node *x = BRN_PUT(e, dequantize_linear, b.q, b.scale,
	    b.zero);

	if (axis != 1)
		brn_put_int(e, x, "axis", axis);
	return x;
}

/* Input k with its scale and zero point, which are the next two inputs.  */
static struct bytes
three(const struct brn_expand *e, int k)
{
	return (struct bytes){ brn_arg(e, k), brn_arg(e, k + 1),
	    brn_arg(e, k + 2) };
}

/* x quantized; inputs k and k + 1 are the scale and zero point.  */
static struct brn_node *
quantized(struct brn_expand *e, struct brn_node *x, int k)
{
	return BRN_PUT(e, quantize_linear, x, brn_arg(e, k),
	    brn_arg(e, k + 1));
}

void
brn_expand_qlinear_matmul(struct brn_expand *e)
{
	struct brn_node *a = dequantized(e, three(e, 0), -2);
	struct brn_node *b = dequantized(e, three(e, 3), -1);

	e->out[0] = quantized(e, BRN_PUT(e, matmul, a, b), 6);
}

/* The bias has the scale of x times the scale of w, as the products have.  */
void
brn_expand_qlinear_conv(struct brn_expand *e)
{
	struct brn_node *in[3] = { dequantized(e, three(e, 0), 1),
	    dequantized(e, three(e, 3), 0) }, *b;

	if ((b = brn_arg(e, 8))) {
		in[2] = BRN_PUT(e, dequantize_linear, b, BRN_PUT(e, mul,
		    brn_arg(e, 1), brn_arg(e, 4)));
		brn_put_int(e, in[2], "axis", 0);
	}
	e->out[0] = quantized(e, brn_put_converted(e, BRN_OP_conv, in, 3), 6);
}

/* The weight of a ConvInteger minus its zero points: one for all, or one for
 * each output channel.  */
static struct brn_node *
weight_minus_zero_points(struct brn_expand *e)
{
	struct brn_node *w = brn_put_cast(e, brn_arg(e, 1), BURIN_F32), *z;
	int rank = brn_known_type(e, w)->rank;
	int64_t axes[BRN_MAX_RANK];

	if (!brn_arg(e, 3))
		return w;
	z = brn_put_cast(e, brn_arg(e, 3), BURIN_F32);
	for (int i = 1; i < rank; i++)
		axes[i - 1] = i;
	if (rank > 1 && brn_known_type(e, z)->rank == 1)
		z = BRN_PUT(e, unsqueeze, z, brn_put_ints(e, axes, rank - 1));
	return BRN_PUT(e, sub, w, z);
}

/* Computed in f32, which is exact for integers up to 2^24; larger sums are
 * rounded.  */
void
brn_expand_conv_integer(struct brn_expand *e)
{
	struct brn_node *in[] = { minus_zero_point(e, 0, 2, BURIN_F32, 0),
	    weight_minus_zero_points(e) };
	struct brn_node *sum = brn_put_converted(e, BRN_OP_conv, in, 2);

	e->out[0] = brn_put_cast(e, sum, BURIN_I32);
}

/* ---- products of ONNX Runtime ---- */

static struct brn_node *
plus(struct brn_expand *e, struct brn_node *x, struct brn_node *bias)
{
	return bias ? BRN_PUT(e, add, x, bias) : x;
}

/* x, w, the scale of w, its zero point, bias.  */
void
brn_expand_dynamic_quantize_matmul(struct brn_expand *e)
{
	struct brn_node *x = dequantized(e, quantize_range(e, brn_arg(e, 0)),
	    1);
	struct brn_node *w = dequantized(e, three(e, 1), -1);

	e->out[0] = plus(e, BRN_PUT(e, matmul, x, w), brn_arg(e, 4));
}

/* a, b, their scales, their zero points, bias.  */
void
brn_expand_matmul_integer_to_float(struct brn_expand *e)
{
	struct bytes a = { brn_arg(e, 0), brn_arg(e, 2), brn_arg(e, 4) };
	struct bytes b = { brn_arg(e, 1), brn_arg(e, 3), brn_arg(e, 5) };
	struct brn_node *x = dequantized(e, a, -2);

	e->out[0] = plus(e, BRN_PUT(e, matmul, x, dequantized(e, b, -1)),
	    brn_arg(e, 6));
}

/* The bias, input 6, has the scale of the products; without input 7 the result
 * is f32.  */
void
brn_expand_qgemm(struct brn_expand *e)
{
	struct brn_node *in[3] = { dequantized(e, three(e, 0), 1),
	    dequantized(e, three(e, 3), !brn_arg_int(e, "transB", 0)) };
	double alpha = (double)brn_arg_float(e, "alpha", 1);

	if (brn_arg(e, 6))
		in[2] = BRN_PUT(e, mul, brn_put_cast(e, brn_arg(e, 6),
		    BURIN_F32), BRN_PUT(e, mul, brn_arg(e, 1),
		    brn_arg(e, 4)));
	if (in[2] && alpha != 1)
		in[2] = BRN_PUT(e, mul, in[2],
		    brn_put_scalar(e, BURIN_F32, alpha));
	e->out[0] = brn_put_converted(e, BRN_OP_gemm, in, 3);
	if (brn_arg(e, 7))
		e->out[0] = quantized(e, e->out[0], 7);
}

/* x, w, bias, the scales of x and w, mask, zero points of x and w, past.  */
void
brn_expand_qattention(struct brn_expand *e)
{
	struct bytes x = { brn_arg(e, 0), brn_arg(e, 3), brn_arg(e, 6) };
	struct bytes w = { brn_arg(e, 1), brn_arg(e, 4), brn_arg(e, 7) };

	brn_put_packed_attention(e, &(struct brn_packed_attention){
	    dequantized(e, x, 1), dequantized(e, w, 1), brn_arg(e, 2),
	    brn_arg(e, 5), NULL, brn_arg(e, 8) });
}

/* ---- what is between them ---- */

void
brn_expand_qlinear_add(struct brn_expand *e)
{
	e->out[0] = quantized(e, BRN_PUT(e, add,
	    dequantized(e, three(e, 0), 1), dequantized(e, three(e, 3), 1)),
	    6);
}

void
brn_expand_qlinear_mul(struct brn_expand *e)
{
	e->out[0] = quantized(e, BRN_PUT(e, mul,
	    dequantized(e, three(e, 0), 1), dequantized(e, three(e, 3), 1)),
	    6);
}

void
brn_expand_qlinear_sigmoid(struct brn_expand *e)
{
	e->out[0] = quantized(e, BRN_PUT(e, sigmoid,
	    dequantized(e, three(e, 0), 1)), 3);
}

void
brn_expand_qlinear_leaky_relu(struct brn_expand *e)
{
	struct brn_node *x = BRN_PUT(e, leaky_relu,
	    dequantized(e, three(e, 0), 1));

	brn_put_float(e, x, "alpha", brn_arg_float(e, "alpha", 0.01f));
	e->out[0] = quantized(e, x, 3);
}

void
brn_expand_qlinear_softmax(struct brn_expand *e)
{
	int64_t axis = brn_arg_int(e, "axis", -1);
	struct brn_node *x = BRN_PUT(e, softmax,
	    dequantized(e, three(e, 0), 1));

	if (axis != -1 && brn_arg_int(e, "opset", 13) < 13)
		brn_cannot(e, "over several axes");
	brn_put_int(e, x, "axis", axis);
	e->out[0] = quantized(e, x, 3);
}

void
brn_expand_qlinear_average_pool(struct brn_expand *e)
{
	struct brn_node *x = dequantized(e, three(e, 0), 1);

	e->out[0] = quantized(e, brn_put_converted(e, BRN_OP_average_pool, &x,
	    1), 3);
}

void
brn_expand_qlinear_global_average_pool(struct brn_expand *e)
{
	if (brn_arg_int(e, "channels_last", 0))
		brn_cannot(e, "with channels_last");
	e->out[0] = quantized(e, BRN_PUT(e, global_average_pool,
	    dequantized(e, three(e, 0), 1)), 3);
}

/* The scale and zero point of the result come first.  */
void
brn_expand_qlinear_concat(struct brn_expand *e)
{
	struct brn_node *in[BRN_QLINEAR_INPUTS / 3], *x;
	int n = 0;

	for (int k = 2; k < e->n->nin; k += 3)
		in[n++] = dequantized(e, three(e, k), 1);
	x = brn_put(e, BRN_OP_concat, in, n);
	brn_put_int(e, x, "axis", brn_arg_int(e, "axis", 0));
	e->out[0] = quantized(e, x, 0);
}
