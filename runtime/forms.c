/* SPDX-License-Identifier: Apache-2.0
 *
 * Forms that are the same for every instruction set (layers, whose code is
 * their kernel, aliases, bodies and refs), and the choice among all forms.
 */
#include "runtime/forms.h"

#include "ir/graph/list.h"
#include "ir/op/ref.h"
#include "runtime/conv.h"
#include "runtime/layer.h"
#include "runtime/plan.h"
#include "runtime/recurrent.h"

/* ---- layers on tiles ----------------------------------------------------- */

/* Operand 3 of a layer; NULL: none.  */
static const float *
residual_of(const struct brn_call *c)
{
	return c->n->nin > 3 && c->in[3] ? c->in[3]->data : NULL;
}

/* Floats of x and y in tiles, where these cannot be used as they are: in rows,
 * or of a size that is not whole blocks.  */
static void
packed_sizes(const struct brn_call *c, int64_t *x, int64_t *y)
{
	const struct brn_layer *l = c->layer;
	struct brn_tiles t = brn_tiles_of(c->type[0]);
	int64_t ntile = t.n;

	*x = *y = 0;
	if (!c->n->in[0]->tiles || brn_layer_packs_tiles(l, t.width))
		*x = brn_layer_xt_size(l, ntile) +
		    brn_layer_quant_size(&l->quant, ntile);
	if (!c->n->tiles || brn_layer_unpacks_tiles(l, t.width))
		*y = brn_layer_yt_size(l, ntile);
}

static struct brn_room
room_dense(const struct brn_call *c)
{
	int64_t x, y;

	packed_sizes(c, &x, &y);
	return (struct brn_room){ x + y, 0 };
}

static int
run_dense(const struct brn_call *c)
{
	int64_t x, y;
	struct brn_layer_run r = {
		.layer = c->layer,
		.native = c->native,
		.threads = c->threads,
		.tiles = brn_tiles_of(c->type[0]),
		.x = c->in[0]->data,
		.y = c->out->data,
		.residual = residual_of(c),
		.x_tiles = c->n->in[0]->tiles,
		.y_tiles = c->n->tiles,
		.has_xt = c->x_is_packed,
	};

	packed_sizes(c, &x, &y);
	r.xt = c->shared;
	r.yt = c->shared + x;
	if (r.tiles.n)
		brn_layer_run(&r);
	return 0;
}

/* ---- layers on images ---------------------------------------------------- */

static struct brn_room
room_conv(const struct brn_call *c)
{
	struct brn_room r;

	brn_conv_sizes(c->layer, c->type[0], &r.shared, &r.thread);
	return r;
}

static int
run_conv(const struct brn_call *c)
{
	struct brn_conv v = {
		.layer = c->layer,
		.native = c->native,
		.threads = c->threads,
		.x = c->in[0]->data,
		.y = c->out->data,
		.y_type = c->out->type.dtype,
		.phases = c->shared,
		.scratch = c->scratch,
		.scratch_size = c->scratch_size,
	};

	if (c->n->nin > 3 && c->in[3]) {
		v.residual = c->in[3]->data;
		v.residual_type = c->in[3]->type.dtype;
	}
	brn_conv(&v, &c->in[0]->type);
	return 0;
}

/* ---- recurrent ----------------------------------------------------------- */

static struct brn_room
room_recurrent(const struct brn_call *c)
{
	return (struct brn_room){ brn_recurrent_room(c), 0 };
}

static int
run_recurrent(const struct brn_call *c)
{
	return brn_recurrent(c);
}

/* A convolution of bytes is left to the ref where the machine has no product of
 * them.  */
static int
takes_layer(const struct brn_call *c)
{
	return c->layer && (c->type[0]->dtype == BURIN_F32 ||
	    c->layer->spec.elem == BRN_ELEM_i8);
}

static const struct brn_form layers[] = {
#define FORM(op, layout, takes, room, flags)
#define LAYER(op, layout, run, flags) \
	{ BRN_OP_##op, BRN_LAYOUT_##layout, run_##run, takes_layer, \
	    room_##run, flags, "" },
#include "runtime/native/forms.def"
};

/* ---- alias, ref ---------------------------------------------------------- */

static int
run_alias(const struct brn_call *c)
{
	c->out->data = c->in[0]->data;
	return 0;
}

/* The k-th result of a node with bodies, where that has it.  */
static int
run_result(const struct brn_call *c)
{
	int k = (int)brn_attr_int(c->n, "index");
	const struct brn_tensor *t = &brn_list_of(c->in[0])->item[k]->t;

	if (!brn_type_equal(&t->type, &c->out->type))
		return brn_fail(c->err, BURIN_ESHAPE, "node '%s': result %d "
		    "has another type than its bodies have when loaded",
		    c->n->name, k);
	c->out->data = t->data;
	return 0;
}

static int
takes_result(const struct brn_call *c)
{
	return c->n->op == BRN_OP_result;
}

/* Plans know forms, so the code that runs plans comes with the run.  */
static int
run_bodies(const struct brn_call *c)
{
	return c->run->bodies(c);
}

static int
takes_bodies(const struct brn_call *c)
{
	return brn_ops[c->n->op].flags & BRN_BODIES;
}

static int
takes_alias(const struct brn_call *c)
{
	return brn_ops[c->n->op].flags & BRN_ALIAS;
}

static int
run_ref(const struct brn_call *c)
{
	return brn_ref[c->n->op](c->n, c->in, c->out, c->err);
}

static int
takes_all(const struct brn_call *c)
{
	(void)c;
	return 1;
}

static struct brn_room
room_none(const struct brn_call *c)
{
	(void)c;
	return (struct brn_room){ 0, 0 };
}

/* Of any op.  A ref reads rows.  */
static const struct brn_form others[] = {
	{ BRN_NUM_OPS, BRN_LAYOUT_any, run_alias, takes_alias, room_none, 0,
	    "alias" },
	{ BRN_NUM_OPS, BRN_LAYOUT_rows, run_result, takes_result, room_none,
	    0, "alias" },
	{ BRN_NUM_OPS, BRN_LAYOUT_rows, run_bodies, takes_bodies,
	    room_none, 0, "bodies" },
	{ BRN_NUM_OPS, BRN_LAYOUT_rows, run_ref, takes_all, room_none, 0,
	    "ref" },
};

/* ---- the choice ---------------------------------------------------------- */

const struct brn_form *
brn_form_at(enum brn_isa isa, int i)
{
	const struct brn_native *native = brn_native(isa);

	if (i < BRN_COUNT(layers))
		return &layers[i];
	i -= BRN_COUNT(layers);
	if (i < native->nform)
		return &native->form[i];
	i -= native->nform;
	return i < BRN_COUNT(others) ? &others[i] : NULL;
}

/* Operands in tiles, or a result.  */
static int
is_on_tiles(const struct brn_node *n)
{
	return n->tiles || (n->nin > 0 && n->in[0] && n->in[0]->tiles);
}

/* Are the tiles of all operands rows as well?  */
static int
is_one_token(const struct brn_call *c)
{
	for (int i = 0; i < c->n->nin; i++)
		if (c->n->in[i] && c->n->in[i]->tiles &&
		    brn_tiles_of(c->type[i]).width > 1)
			return 0;
	return 1;
}

static int
fits(const struct brn_form *f, const struct brn_call *c)
{
	if (f->op != c->n->op && f->op != BRN_NUM_OPS)
		return 0;
	if (f->layout == BRN_LAYOUT_tiles && !is_on_tiles(c->n))
		return 0;
	if ((f->layout == BRN_LAYOUT_rows || f->layout == BRN_LAYOUT_planes) &&
	    is_on_tiles(c->n) && !is_one_token(c))
		return 0;
	return f->takes(c);
}

const struct brn_form *
brn_form_find(enum brn_isa isa, const struct brn_call *c)
{
	const struct brn_form *f;

	for (int i = 0; (f = brn_form_at(isa, i)); i++)
		if (fits(f, c))
			return f;
	return NULL;
}
