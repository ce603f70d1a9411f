/* SPDX-License-Identifier: Apache-2.0
 *
 * One function for each operator that the table of attributes does not bring
 * to the normal form.
 */
#include "ir/onnx/convert.h"

#include "ir/onnx/attr.h"
#include "ir/onnx/constant.h"
#include "ir/onnx/onnx.pb-c.h"
#include "ir/op/resize.h"

#include <limits.h>

static int
set_int(struct brn_onnx_node *n, const char *name, int64_t v)
{
	if (brn_attr_set_int(n->im->g, n->node, name, v) < 0)
		return brn_nomem(n->im->err);
	return 0;
}

/* ---- attributes ---------------------------------------------------------- */

/* An element type, as the number that burin has for it.  */
static int
convert_dtype(struct brn_onnx_node *n, const char *name)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, name, BRN_ATTR_INT, &a);
	int dtype = rc > 0 && a->i > 0 && a->i < INT_MAX ?
	    brn_onnx_dtype((int)a->i) : 0;

	if (rc <= 0)
		return rc;
	if (!dtype)
		return brn_onnx_bad(n, "%s is %lld", name, (long long)a->i);
	rc = set_int(n, name, dtype);
	return rc < 0 ? rc : 1;
}

static int
convert_cast(struct brn_onnx_node *n)
{
	int rc = convert_dtype(n, "to");

	return rc == 0 ? brn_onnx_bad(n, "attribute 'to' is missing") : rc;
}

static int
convert_output_datatype(struct brn_onnx_node *n)
{
	return convert_dtype(n, "output_datatype");
}

/* Before opset 16 regions are not moved by half a pixel.  */
static int
convert_roi_align(struct brn_onnx_node *n)
{
	return n->im->g->opset < 16 ? set_int(n, "coordinates", 1) : 0;
}

static int
convert_eye_like(struct brn_onnx_node *n)
{
	return convert_dtype(n, "dtype");
}

/* Softmax-13 and later: along axis, default -1.  Before: x as a matrix whose
 * columns are the dimensions from axis on, default 1.  For axis -1 both mean
 * the same.  */
static int
convert_softmax(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, "axis", BRN_ATTR_INT, &a);
	int old = n->im->g->opset < 13;
	int64_t axis = rc > 0 ? a->i : old ? 1 : -1;

	if (rc < 0 || axis == -1)
		return rc;
	if ((rc = set_int(n, "axis", axis)) < 0 || !old)
		return rc;
	return set_int(n, "coerce2d", 1);
}

/* Attribute index is set per output, in node.c.  */
static int
convert_split(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(n, "num_outputs", BRN_ATTR_INT, &a);

	if (rc > 0 && a->i != (int64_t)n->np->n_output)
		return brn_onnx_bad(n, "%zu outputs, num_outputs is %lld",
		    n->np->n_output, (long long)a->i);
	return rc < 0 ? rc : set_int(n, "nout", (int64_t)n->np->n_output);
}

/* The characters of the equation, without blanks, as integers.  */
static int
convert_einsum(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int64_t text[128];
	int rc = brn_onnx_attr(n, "equation", BRN_ATTR_STRING, &a), len = 0;

	if (rc == 0)
		return brn_onnx_bad(n, "attribute 'equation' is missing");
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < a->s.len; i++) {
		if (a->s.data[i] == ' ')
			continue;
		if (len == BRN_COUNT(text))
			return brn_onnx_bad(n, "the equation is too long");
		text[len++] = a->s.data[i];
	}
	if (brn_attr_set_ints(n->im->g, n->node, "equation", text, len) < 0)
		return brn_nomem(n->im->err);
	return 0;
}

/* Before opset 7 a slope of one dimension is one a channel.  */
static int
convert_prelu(struct brn_onnx_node *n)
{
	return n->im->g->opset < 7 ? set_int(n, "channels", 1) : 0;
}

static int
is_resize_10(const struct brn_onnx_node *n)
{
	return n->op == BRN_OP_resize && n->im->g->opset < 11;
}

/* Resize-10 knows one way to place pixels.  */
static int
convert_resize(struct brn_onnx_node *n)
{
	int rc = 0;

	if (is_resize_10(n)) {
		rc = set_int(n, "coordinates", BRN_RESIZE_asymmetric);
		if (rc == 0)
			rc = set_int(n, "nearest", BRN_RESIZE_simple);
	}
	return rc;
}

/* Scan-8 has a batch, and other names.  */
static int
convert_scan(struct brn_onnx_node *n)
{
	struct Onnx__AttributeProto *a;
	int rc;

	if (n->im->g->opset > 8)
		return 0;
	rc = brn_onnx_attr(n, "directions", BRN_ATTR_INTS, &a);
	if (rc > 0 && brn_attr_set_ints(n->im->g, n->node,
	    "scan_input_directions", a->ints, (int)a->n_ints) < 0)
		return brn_nomem(n->im->err);
	return rc < 0 ? rc : set_int(n, "batched", 1);
}

static const struct {
	enum brn_op op;
	int (*convert)(struct brn_onnx_node *n);
} rows[] = {
	{ BRN_OP_bernoulli, convert_eye_like },
	{ BRN_OP_blackman_window, convert_output_datatype },
	{ BRN_OP_cast, convert_cast },
	{ BRN_OP_constant_of_shape, brn_onnx_fill_value },
	{ BRN_OP_einsum, convert_einsum },
	{ BRN_OP_eye_like, convert_eye_like },
	{ BRN_OP_hamming_window, convert_output_datatype },
	{ BRN_OP_hann_window, convert_output_datatype },
	{ BRN_OP_hardmax, convert_softmax },
	{ BRN_OP_log_softmax, convert_softmax },
	{ BRN_OP_mel_weight_matrix, convert_output_datatype },
	{ BRN_OP_multinomial, convert_eye_like },
	{ BRN_OP_prelu, convert_prelu },
	{ BRN_OP_random_normal, convert_eye_like },
	{ BRN_OP_random_normal_like, convert_eye_like },
	{ BRN_OP_random_uniform, convert_eye_like },
	{ BRN_OP_random_uniform_like, convert_eye_like },
	{ BRN_OP_resize, convert_resize },
	{ BRN_OP_roi_align, convert_roi_align },
	{ BRN_OP_scan, convert_scan },
	{ BRN_OP_sequence_empty, convert_eye_like },
	{ BRN_OP_softmax, convert_softmax },
	{ BRN_OP_split, convert_split },
};

int
brn_onnx_convert_attrs(struct brn_onnx_node *n)
{
	int rc = brn_onnx_attrs_copy(n);

	for (int i = 0; i < BRN_COUNT(rows) && rc >= 0; i++)
		if (rows[i].op == n->op)
			rc = rows[i].convert(n);
	return rc < 0 ? rc : 0;
}

/* ---- inputs -------------------------------------------------------------- */

/* The axis of DFT-17 is an attribute, by default 1; since opset 20 it is an
 * input, by default the last of the signal.  */
static int
convert_dft(struct brn_onnx_node *n)
{
	static const int64_t one = 1;
	struct brn_type t = { BURIN_I64, 0, { 0 } };

	if (n->im->g->opset >= 20 || (n->nin > 2 && n->in[2]))
		return 0;
	n->in[2] = brn_graph_constant(n->im->g, n->name, &t, &one);
	n->in[1] = n->nin > 1 ? n->in[1] : NULL;
	n->nin = 3;
	return n->in[2] ? 0 : brn_nomem(n->im->err);
}

/* Resize-10 has x and scales; since Resize-11 roi is between them.  */
int
brn_onnx_convert_inputs(struct brn_onnx_node *n)
{
	if (n->op == BRN_OP_dft)
		return convert_dft(n);
	if (!is_resize_10(n))
		return 0;
	if (n->nin != 2)
		return brn_onnx_bad(n, "%d inputs, wanted 2", n->nin);
	n->in[2] = n->in[1];
	n->in[1] = NULL;
	n->nin = 3;
	return 0;
}
