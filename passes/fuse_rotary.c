/* SPDX-License-Identifier: Apache-2.0
 *
 * Rotary position embedding, spelled out, becomes one node:
 *
 *	x * c + concat(-hi, lo) * s     x [batch, heads, seq, size]
 *
 * with lo and hi the halves of x, cut by Slice or Split, and c and s the cos
 * and sin of concat(a, a), angles [batch, seq, size / 2], with factors, as
 * [batch, 1, seq, size]; or rows of tables [positions, size] whose halves are
 * the same, gathered by positions [batch, seq].  cos and sin of a, and halves
 * of tables, are made once for all layers.  Where x is split into heads, the
 * embedding goes in front of that, so that fuse_mha finds whole features.
 */
#include "passes/pass.h"

#include <string.h>

#include "passes/builder.h"
#include "passes/heads.h"

static const int by_head[] = { 0, 2, 1, 3 };

struct rotary {
	struct brn_node *x, *cos, *sin; /* cos, sin [batch, 1, seq, size] */
	struct brn_match m;
};

static int
accept(struct rotary *p, const struct brn_node *n, enum brn_op op)
{
	return n->op == op && brn_match_add(&p->m, n);
}

static int
is_last_axis(double axis)
{
	return axis == -1 || axis == 3;
}

/* Is n elements from to to of the last axis of x?  */
static int
is_slice(const struct brn_node *n, double from, double to, double size)
{
	double start, end, axis, by = 1;

	return n->op == BRN_OP_slice && n->nin >= 4 && n->in[3] &&
	    brn_const_scalar(n->in[1], &start) && start == from &&
	    brn_const_scalar(n->in[2], &end) &&
	    (end == to || (to == size && end > to)) &&
	    brn_const_scalar(n->in[3], &axis) && is_last_axis(axis) &&
	    (n->nin == 4 || !n->in[4] || brn_const_scalar(n->in[4], &by)) &&
	    by == 1;
}

/* Is n the first (0) or second half of the last axis of p->x?  */
static int
is_half(struct rotary *p, const struct brn_node *n, int second)
{
	int64_t size = p->x->type.dim[3];
	double half = (double)size / 2;

	if (n->in[0] != p->x || size % 2 || !brn_match_add(&p->m, n))
		return 0;
	if (n->op == BRN_OP_split)
		return is_last_axis((double)brn_attr_int(n, "axis")) &&
		    brn_attr_int(n, "nout") == 2 &&
		    brn_attr_int(n, "index") == second &&
		    n->type.dim[3] * 2 == size;
	return is_slice(n, second ? half : 0, second ? (double)size : half,
	    (double)size);
}

/* Is n concat(-hi, lo) of p->x?  */
static int
is_turned(struct rotary *p, const struct brn_node *n)
{
	return accept(p, n, BRN_OP_concat) && n->nin == 2 &&
	    is_last_axis((double)brn_attr_int(n, "axis")) &&
	    accept(p, n->in[0], BRN_OP_neg) &&
	    is_half(p, n->in[0]->in[0], 1) && is_half(p, n->in[1], 0);
}

/* Match x * c and turned(x) * s, in any order of operands.  */
static int
read_products(struct rotary *p, struct brn_node *a, struct brn_node *b)
{
	if (!accept(p, a, BRN_OP_mul) || !accept(p, b, BRN_OP_mul))
		return 0;
	for (int k = 0; k < 4; k++) {
		struct rotary try = *p;

		try.x = a->in[k & 1];
		try.cos = a->in[!(k & 1)];
		try.sin = b->in[!(k >> 1)];
		if (try.x->type.rank == 4 && try.x->type.dim[3] > 1 &&
		    is_turned(&try, b->in[k >> 1])) {
			*p = try;
			return 1;
		}
	}
	return 0;
}

/* The angles a, if n is op(concat(a, a)) with factors, as [batch, 1, seq,
 * size]; else NULL.  */
static struct brn_node *
angles(struct brn_node *n, enum brn_op op, double *factor)
{
	struct brn_node *x;
	double axis;

	if (n->op != BRN_OP_unsqueeze || n->type.rank != 4 ||
	    !brn_const_scalar(n->in[1], &axis) || axis != 1)
		return NULL;
	for (n = n->in[0]; (x = brn_unscaled(n, factor)); n = x)
		;
	if (n->op != op || n->in[0]->op != BRN_OP_concat)
		return NULL;
	n = n->in[0];
	axis = (double)brn_attr_int(n, "axis");
	return n->nin == 2 && n->in[0] == n->in[1] &&
	    (axis == -1 || axis == 2) && n->type.rank == 3 ? n->in[0] : NULL;
}

/* Is n a table whose halves are the same?  */
static int
is_doubled(const struct brn_node *n)
{
	int64_t size = n->type.rank == 2 ? n->type.dim[1] : 1;
	const float *row;

	if (!brn_is_const_matrix(n) || size < 2 || size % 2)
		return 0;
	row = n->value->data;
	for (int64_t i = 0; i < n->type.dim[0]; i++, row += size)
		if (memcmp(row, row + size / 2, (size_t)size / 2 *
		    sizeof *row) != 0)
			return 0;
	return 1;
}

/* The Gather of rows of a table, or of its first rows, if n is that as [batch,
 * 1, seq, size]; else NULL.  */
static struct brn_node *
gathered(struct brn_node *n)
{
	const struct brn_node *table;
	double axis;

	if (n->op != BRN_OP_unsqueeze || n->type.rank != 4 ||
	    !brn_const_scalar(n->in[1], &axis) || axis != 1)
		return NULL;
	n = n->in[0];
	if (n->op != BRN_OP_gather || brn_attr_int(n, "axis") != 0 ||
	    n->in[1]->type.rank != 2)
		return NULL;
	table = n->in[0];
	if (table->op == BRN_OP_slice && table->nin > 3 && table->in[3] &&
	    brn_const_scalar(table->in[3], &axis) && axis == 0)
		table = table->in[0];
	return is_doubled(table) ? n : NULL;
}

/* The first half of a table of which both are the same; memo is by the id of
 * the table.  NULL: no memory.  */
static struct brn_node *
put_half_table(struct brn_graph *g, const struct brn_node *table,
    struct brn_node **memo)
{
	struct brn_type t = table->type;
	const float *x = table->value->data;
	struct brn_node *half;

	if (memo[table->id])
		return memo[table->id];
	t.dim[1] /= 2;
	half = brn_graph_constant(g, table->name, &t, NULL);
	for (int64_t i = 0; half && i < t.dim[0]; i++)
		memcpy((float *)half->value->data + i * t.dim[1],
		    x + 2 * i * t.dim[1], (size_t)t.dim[1] * sizeof *x);
	return memo[table->id] = half;
}

/* gather with the first half of its table.  NULL: no memory.  */
static struct brn_node *
put_gathered(struct brn_builder *m, const struct brn_node *gather,
    struct brn_node **memo)
{
	const struct brn_node *slice = gather->in[0];
	struct brn_type t = gather->type;
	struct brn_node *half, *in[5];

	if (slice->op != BRN_OP_slice) {
		half = put_half_table(m->g, slice, memo);
	} else if (!(half = memo[slice->id])) {
		in[0] = put_half_table(m->g, slice->in[0], memo);
		for (int i = 1; i < slice->nin; i++)
			in[i] = slice->in[i];
		half = in[0] ? brn_graph_add(m->g, BRN_OP_slice, slice->name,
		    in, slice->nin) : NULL;
		if (!half)
			return NULL;
		half->type = slice->type;
		half->type.dim[1] /= 2;
		memo[slice->id] = half;
	}
	t.dim[2] /= 2;
	return half ? brn_build(m, BRN_OP_gather, &t, half, gather->in[1]) :
	    NULL;
}

/* cos or sin of the angles behind n, [batch, seq, size / 2].  NULL: no
 * memory.  */
static struct brn_node *
put_angles(struct brn_builder *m, enum brn_op op, struct brn_node *a,
    double factor)
{
	struct brn_node *half = brn_build(m, op, &a->type, a, NULL);

	return factor == 1 ? half : brn_build(m, BRN_OP_mul, &a->type, half,
	    brn_build_scalar(m, (float)factor));
}

/* The first half of cos or sin n, [batch, seq, size / 2]; memo is by the ids
 * of nodes.  *out NULL: n is something else.  */
static int
put_half(struct brn_rewrite *r, struct brn_node *n, enum brn_op op,
    struct brn_node **memo, struct brn_node **out, burin_error *err)
{
	struct brn_builder m = { r->g, n->name };
	double factor = 1;
	struct brn_node *a = angles(n, op, &factor);
	const struct brn_node *rows = a ? NULL : gathered(n);

	*out = NULL;
	if (!a && !rows)
		return BURIN_OK;
	if (!memo[n->id])
		memo[n->id] = a ? put_angles(&m, op, a, factor) :
		    put_gathered(&m, rows, memo);
	*out = memo[n->id];
	return *out ? BURIN_OK : brn_nomem(err);
}

static int
is_rotary(const struct brn_rewrite *r, struct brn_node *n, struct rotary *p)
{
	for (int k = 0; k < 2 && n->op == BRN_OP_add; k++) {
		const struct brn_type *x, *c;

		*p = (struct rotary){ 0 };
		if (!read_products(p, n->in[k], n->in[!k]) ||
		    !brn_match_is_closed(&p->m, r, n))
			continue;
		x = &p->x->type;
		c = &p->cos->type;
		return x->dtype == BURIN_F32 && c->rank == 4 &&
		    c->dim[0] == x->dim[0] && c->dim[2] == x->dim[2] &&
		    c->dim[3] == x->dim[3] &&
		    brn_type_equal(c, &p->sin->type);
	}
	return 0;
}

/* rotary(x, cos, sin); of an x that is split into heads, in front of that.  */
static struct brn_node *
put_rotary(struct brn_graph *g, struct brn_node *n, struct rotary *p)
{
	struct brn_builder m = { g, n->name };
	struct brn_node *parts = p->x->nin ? p->x->in[0] : NULL, *y;
	struct brn_node *in[] = { p->x, p->cos, p->sin };
	int whole = brn_is_transpose(p->x, by_head) &&
	    parts->op == BRN_OP_reshape &&
	    brn_is_split(&parts->in[0]->type, &parts->type);

	if (whole)
		in[0] = parts->in[0];
	y = brn_graph_add(g, BRN_OP_rotary, n->name, in, 3);
	if (!y)
		return NULL;
	y->type = in[0]->type;
	if (!whole)
		return y;
	if (brn_attr_set_int(g, y, "num_heads", parts->type.dim[2]) < 0)
		return NULL;
	y = brn_build(&m, BRN_OP_reshape, &parts->type, y, parts->in[1]);
	return brn_build_transpose(&m, y, by_head);
}

static int
fuse(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	struct brn_node *cos, *sin;
	struct rotary p;
	int rc;

	if (!is_rotary(r, n, &p))
		return BURIN_OK;
	if ((rc = put_half(r, p.cos, BRN_OP_cos, r->memo, &cos, err)) < 0 ||
	    (rc = put_half(r, p.sin, BRN_OP_sin, r->memo, &sin, err)) < 0)
		return rc;
	if (!cos || !sin || !brn_type_equal(&cos->type, &sin->type))
		return BURIN_OK;
	p.cos = cos;
	p.sin = sin;
	return brn_rewrite_as(r, n, put_rotary(r->g, n, &p), err);
}

int
brn_pass_fuse_rotary(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, fuse, changed, err);
}
