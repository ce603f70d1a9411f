/* SPDX-License-Identifier: Apache-2.0
 *
 * Layers, dense and convolutional, take over the activation and the residual
 * add that follow them, in the order in which they stand:
 *
 *	gelu(dense(x, w, b)) + r       ->  dense(x, w, b, r) {act=gelu}
 *	relu(dense_conv(x, w, b) + r)  ->  dense_conv(x, w, b, r)
 *	                                   {act=clip act_last=1}
 *
 * Convolutions on integers also take over the conversions behind them, and give
 * or take bytes:
 *
 *	quantize(conv(q, w, b))        ->  conv(q, w, b) {y_type y_scale y_zero}
 *	dequantize(quantize(conv(q)))  ->  conv(q) {mid_scale mid_zero}
 *	conv(q) + dequantize(r)        ->  conv(q, .., r) {r_scale r_zero}
 *
 * The report says of an activation or an add behind a layer why it stayed.
 */
#include "passes/pass.h"

#include <math.h>
#include <string.h>

#include "ir/graph/epilogue.h"
#include "ir/op/image.h"
#include "passes/quant_step.h"
#include "passes/rewrite.h"

/* The limits of a Clip.  0: not constant.  */
static int
read_limits(const struct brn_node *clip, struct brn_epilogue *e)
{
	double lo = -INFINITY, hi = INFINITY;

	if (clip->nin > 1 && clip->in[1] &&
	    !brn_const_scalar(clip->in[1], &lo))
		return 0;
	if (clip->nin > 2 && clip->in[2] &&
	    !brn_const_scalar(clip->in[2], &hi))
		return 0;
	e->lo = (float)lo;
	e->hi = (float)hi;
	return 1;
}

/* What n does to its input 0, as an epilogue; act none: no layer can.  */
static struct brn_epilogue
epilogue_of_op(const struct brn_node *n)
{
	struct brn_epilogue e = { BRN_ACT_none, 0, INFINITY, 0 };

	switch (n->op) {
	case BRN_OP_relu:
		e.act = BRN_ACT_clip;
		break;
	case BRN_OP_clip:
		if (read_limits(n, &e))
			e.act = BRN_ACT_clip;
		break;
	case BRN_OP_leaky_relu:
		e.act = BRN_ACT_leaky_relu;
		e.lo = brn_attr_float(n, "alpha");
		break;
	case BRN_OP_hard_swish:
		e.act = BRN_ACT_hard_swish;
		break;
	case BRN_OP_swish:
		if (brn_attr_float(n, "alpha") == 1)
			e.act = BRN_ACT_swish;
		break;
	case BRN_OP_gelu:
		e.act = brn_attr_int(n, "tanh") ? BRN_ACT_gelu_tanh :
		    BRN_ACT_gelu;
		break;
	case BRN_OP_tanh:
		e.act = BRN_ACT_tanh;
		break;
	default:
		break;
	}
	return e;
}

static int
has_residual(const struct brn_node *l)
{
	return l->nin > 3 && l->in[3];
}

/* Can convolution l do what n does?  tanh is faster as a node of its own, which
 * has vector code.  On integers there is only clip; what is rounded is clipped
 * only after a residual is added.  */
static int
conv_takes(const struct brn_node *l, const struct brn_node *n)
{
	if (n->op == BRN_OP_tanh || l->type.dtype != BURIN_F32)
		return 0;
	if (n->op == BRN_OP_add || !brn_attr(l, "x_quant"))
		return 1;
	return epilogue_of_op(n).act == BRN_ACT_clip &&
	    (!brn_attr(l, "mid_scale") || has_residual(l));
}

/* The node that now computes v, if it is a layer that can do what n does, else
 * NULL.  */
static struct brn_node *
layer_of(const struct brn_rewrite *r, const struct brn_node *n,
    struct brn_node *v)
{
	struct brn_node *l = brn_rewrite_now(r, v);

	if (l->op == BRN_OP_dense || l->op == BRN_OP_bsr_dense)
		return l;
	return brn_is_image_layer(l) && conv_takes(l, n) ? l : NULL;
}

/* Replace n by a layer like l, with this residual unless it is NULL.  l itself
 * stays as it is: other matches may look at it until the rewrite ends.  NULL:
 * no memory.  */
static struct brn_node *
extend_layer(struct brn_rewrite *r, struct brn_node *n,
    const struct brn_node *l, struct brn_node *residual)
{
	struct brn_node *in[BRN_MAX_LAYER_IN] = { NULL }, *new;
	int nin = residual && l->nin < 4 ? 4 : l->nin;

	memcpy(in, l->in, (size_t)l->nin * sizeof *in);
	if (residual)
		in[3] = residual;
	new = brn_graph_add(r->g, l->op, l->name, in, nin);
	if (!new)
		return NULL;
	new->nattr = l->nattr;
	new->attr = l->attr;
	new->type = n->type;
	brn_report_choose(r->g, new, brn_report_choice(r->g, l));
	brn_rewrite_to(r, n, new);
	return new;
}

static int
fuse_act(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = layer_of(r, n, n->in[0]);
	struct brn_epilogue e = epilogue_of_op(n);

	if (!l || r->uses[n->in[0]->id] != 1 || brn_attr(l, "act"))
		return BURIN_OK;
	e.act_last = has_residual(l);
	l = extend_layer(r, n, l, NULL);
	if (!l || brn_epilogue_set(r->g, l, &e) < 0)
		return brn_nomem(err);
	return BURIN_OK;
}

/* Replace add by l with the residual r; by one on integers with the bytes that
 * r is dequantized from.  */
static int
add_residual(struct brn_rewrite *rw, struct brn_node *add,
    const struct brn_node *l, struct brn_node *r, burin_error *err)
{
	struct brn_quant q = { 0, 0 };
	struct brn_node *new;

	if (brn_is_image_layer(l) && brn_attr(l, "x_quant") &&
	    brn_match_quant(r, BRN_OP_dequantize_linear, &q))
		r = r->in[0];
	new = extend_layer(rw, add, l, r);
	if (!new || (q.scale &&
	    (brn_attr_set_float(rw->g, new, "r_scale", q.scale) < 0 ||
	    brn_attr_set_int(rw->g, new, "r_zero", q.zero) < 0)))
		return brn_nomem(err);
	return BURIN_OK;
}

/* Of two layers the later one takes the other as its residual, which is
 * computed by then.  */
static int
fuse_residual(struct brn_rewrite *r, struct brn_node *add, burin_error *err)
{
	int later = add->in[1]->id > add->in[0]->id;

	if (add->type.rank < 0 ||
	    !brn_type_equal(&add->in[0]->type, &add->in[1]->type))
		return BURIN_OK;
	for (int i = 0; i < 2; i++) {
		int k = i ? !later : later;
		struct brn_node *l = layer_of(r, add, add->in[k]);

		if (l && r->uses[add->in[k]->id] == 1 && !has_residual(l) &&
		    l->op != BRN_OP_depthwise)
			return add_residual(r, add, l, add->in[!k], err);
	}
	return BURIN_OK;
}

/* The convolution on integers that now computes v, which only one node uses;
 * NULL: there is none.  */
static struct brn_node *
integer_conv(const struct brn_rewrite *r, const struct brn_node *v)
{
	struct brn_node *l = brn_rewrite_now(r, (struct brn_node *)v);
	enum brn_act act;

	if (r->uses[v->id] != 1 || !brn_is_image_layer(l) ||
	    !brn_attr(l, "x_quant"))
		return NULL;
	act = brn_epilogue_of(l).act;
	return act == BRN_ACT_none || act == BRN_ACT_clip ? l : NULL;
}

static int
fuse_quantize(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = integer_conv(r, n->in[0]);
	struct brn_quant q;

	if (!l || l->type.dtype != BURIN_F32 ||
	    !brn_match_quant(n, BRN_OP_quantize_linear, &q))
		return BURIN_OK;
	l = extend_layer(r, n, l, NULL);
	if (!l || brn_attr_set_int(r->g, l, "y_type", n->type.dtype) < 0 ||
	    brn_attr_set_float(r->g, l, "y_scale", q.scale) < 0 ||
	    brn_attr_set_int(r->g, l, "y_zero", q.zero) < 0)
		return brn_nomem(err);
	return BURIN_OK;
}

/* A result that is quantized only to be dequantized stays in floats.  */
static int
fuse_dequantize(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *l = integer_conv(r, n->in[0]);
	struct brn_conv_quant had;
	struct brn_quant q;

	if (!l || l->type.dtype == BURIN_F32 || has_residual(l) ||
	    !brn_match_quant(n, BRN_OP_dequantize_linear, &q))
		return BURIN_OK;
	had = brn_conv_quant_of(l);
	if (had.mid.scale || had.y.scale != q.scale || had.y.zero != q.zero)
		return BURIN_OK;
	l = extend_layer(r, n, l, NULL);
	if (!l || brn_attr_set_float(r->g, l, "mid_scale", q.scale) < 0 ||
	    brn_attr_set_int(r->g, l, "mid_zero", q.zero) < 0)
		return brn_nomem(err);
	brn_attr_drop(l, "y_type");
	brn_attr_drop(l, "y_scale");
	brn_attr_drop(l, "y_zero");
	return BURIN_OK;
}

#define NO "not fused into its layer: "

/* Why n, an activation or an add, did not go into l, which computes v.  */
static const char *
epilogue_reason(const struct brn_rewrite *r, const struct brn_node *n,
    const struct brn_node *v, const struct brn_node *l)
{
	int add = n->op == BRN_OP_add;

	if (add && !brn_type_equal(&n->in[0]->type, &n->in[1]->type))
		return NO "the other operand is not known to have its shape";
	if (r->uses[v->id] != 1)
		return NO "the layer's result has other users";
	if (!add)
		return NO "the layer has an activation already";
	return has_residual(l) ? NO "the layer has a residual already" :
	    NO "a depthwise layer takes no residual";
}

static void
explain_epilogue(const struct brn_rewrite *r, struct brn_node *n)
{
	int nin = n->op == BRN_OP_add ? 2 : 1;

	for (int k = 0; k < nin && !brn_report_why_unfused(r->g, n); k++) {
		struct brn_node *l = layer_of(r, n, n->in[k]);

		if (l)
			brn_report_unfused(r->g, n, epilogue_reason(r, n,
			    n->in[k], l));
	}
}

static int
fuse_epilogue_visit(struct brn_rewrite *r, struct brn_node *n,
    burin_error *err)
{
	int rc;

	if (n->op == BRN_OP_quantize_linear)
		return fuse_quantize(r, n, err);
	if (n->op == BRN_OP_dequantize_linear)
		return fuse_dequantize(r, n, err);
	if (n->op == BRN_OP_add)
		rc = fuse_residual(r, n, err);
	else if (epilogue_of_op(n).act != BRN_ACT_none)
		rc = fuse_act(r, n, err);
	else
		return BURIN_OK;
	if (rc == BURIN_OK && !r->to[n->id])
		explain_epilogue(r, n);
	return rc;
}

int
brn_pass_fuse_epilogue(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse_epilogue_visit, changed, err);
}
