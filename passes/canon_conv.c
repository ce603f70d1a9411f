/* SPDX-License-Identifier: Apache-2.0
 *
 * Convolutions with constant weights become layers.  BatchNormalization, and
 * Mul and Add with a constant by channel, that follow go into weight and bias:
 *
 *	batch_norm(conv(x, w))  ->  dense_conv(x, w', b')
 *	conv_transpose(x, w)    ->  fold_taps(dense_conv(x, w'), b')
 *
 * The weight becomes a matrix [out][channels * taps].  With one filter a
 * channel the layer is depthwise, [channels][taps].  Other groups become a
 * matrix with zeros between the groups, which bsr_dense stores as blocks; where
 * that would be large, a layer each, of a split of x.  A transposed convolution
 * becomes a 1 x 1 layer [out * taps][channels], which computes all taps of all
 * channels, and fold_taps, which adds them up.  Convolutions with very large
 * windows stay, and transposed ones with one channel a group.
 */
#include "passes/pass.h"

#include <math.h>
#include <stdlib.h>

#include "ir/op/window.h"
#include "passes/rewrite.h"

/* The zeros between groups multiply the size of a weight by the number of
 * groups: most elements that it may have then.  Beyond that each group is a
 * layer of its own.  */
#define MOST_EXPANDED (INT64_C(1) << 26)

struct conv {
	struct brn_graph *g;
	struct brn_node *n;             /* op conv or conv_transpose */
	struct brn_node *root;          /* the last node that it replaces */
	int64_t out, each, taps, group; /* each: input channels of a group */
	int64_t first;                  /* filter of the weight */
	double *scale, *shift;          /* [out] */
};

static int
is_const_f32(const struct brn_node *n)
{
	return brn_is_const(n) && n->value->type.dtype == BURIN_F32;
}

static int
has_constants(const struct brn_node *n)
{
	return is_const_f32(n->in[1]) && brn_numel(n->in[1]->value) > 0 &&
	    (n->nin < 3 || !n->in[2] || is_const_f32(n->in[2])) &&
	    n->in[0]->type.rank == n->in[1]->value->type.rank;
}

static int
fits_one_matrix(const struct brn_tensor *w, int64_t group)
{
	return group >= 1 && brn_numel(w) <= MOST_EXPANDED / group;
}

static int
is_transposed_layer(const struct brn_node *n)
{
	struct brn_window win;
	const char *why;
	int64_t group;

	if (n->op != BRN_OP_conv_transpose || !has_constants(n))
		return 0;
	group = brn_attr_int(n, "group");
	return (group == 1 || (n->in[1]->value->type.dim[0] > group &&
	    fits_one_matrix(n->in[1]->value, group))) &&
	    brn_window_transposed(n, &n->in[0]->type,
	    &n->in[1]->value->type, &win, &why) == 0 && win.n <= 3;
}

static int
is_layer(const struct brn_node *n)
{
	const struct brn_type *w;
	struct brn_window win;
	const char *why;

	if (n->op != BRN_OP_conv || !has_constants(n))
		return 0;
	w = &n->in[1]->value->type;
	return brn_window_of(n, &n->in[0]->type, w, &win, &why) == 0 &&
	    brn_window_is_small(&win) && brn_attr_int(n, "group") >= 1;
}

/* Is c a constant with one number, or one a channel, of an image of that
 * rank?  */
static int
is_by_channel(const struct brn_node *c, int rank, int64_t channels)
{
	const struct brn_type *t = &c->type;
	int at = t->rank - (rank - 1);

	if (!is_const_f32(c) || t->rank > rank)
		return 0;
	for (int d = 0; d < t->rank; d++)
		if (t->dim[d] != 1 && (d != at || t->dim[d] != channels))
			return 0;
	return 1;
}

static double
element(const struct brn_node *c, int64_t i)
{
	return (double)((const float *)c->value->data)
	    [brn_numel(c->value) == 1 ? 0 : i];
}

static int
fold_batch_norm(struct conv *k, const struct brn_node *u)
{
	double eps = (double)brn_attr_float(u, "epsilon");

	for (int i = 1; i < 5; i++)
		if (!is_const_f32(u->in[i]))
			return 0;
	for (int64_t i = 0; i < k->out; i++) {
		double s = element(u->in[1], i) /
		    sqrt(element(u->in[4], i) + eps);

		k->scale[i] *= s;
		k->shift[i] = (k->shift[i] - element(u->in[3], i)) * s +
		    element(u->in[2], i);
	}
	return 1;
}

/* Fold u, the only user of k->root, into scale and shift.  0: it stays.  */
static int
fold_user(struct conv *k, const struct brn_node *u)
{
	const struct brn_node *c;

	if (u->op == BRN_OP_batch_norm)
		return u->in[0] == k->root && fold_batch_norm(k, u);
	if (u->op != BRN_OP_add && u->op != BRN_OP_mul)
		return 0;
	c = u->in[u->in[0] == k->root];
	if (!is_by_channel(c, k->n->in[1]->type.rank, k->out))
		return 0;
	for (int64_t i = 0; i < k->out; i++)
		if (u->op == BRN_OP_add) {
			k->shift[i] += element(c, i);
		} else {
			k->scale[i] *= element(c, i);
			k->shift[i] *= element(c, i);
		}
	return 1;
}

static int
is_scaled(const struct conv *k)
{
	for (int64_t o = 0; o < k->out; o++)
		if (k->scale[o] != 1)
			return 1;
	return 0;
}

/* The weight as a matrix, scaled.  NULL: no memory.  */
static struct brn_node *
matrix_of(const struct conv *k, int64_t groups)
{
	const struct brn_tensor *w = k->n->in[1]->value;
	int64_t size = k->each * k->taps, cols = size * groups;
	struct brn_type t = { BURIN_F32, 2, { k->out, cols } };
	struct brn_node *n;
	float *to;

	n = brn_graph_constant(k->g, k->n->in[1]->name, &t, NULL);
	if (!n)
		return NULL;
	to = n->value->data;
	for (int64_t o = 0; o < k->out; o++)
		for (int64_t i = 0; i < size; i++)
			to[o * cols + o / (k->out / groups) * size + i] =
			    (float)(k->scale[o] *
			    (double)((const float *)w->data)[(k->first + o) *
			    size + i]);
	return n;
}

/* The same matrix for all layers with the same whole weight, as far as nothing
 * is folded into it: a file can name a weight any number of times.  */
static struct brn_node *
weight_of(struct brn_rewrite *r, const struct conv *k)
{
	int depthwise = k->group == k->out && k->each == 1;
	int64_t groups = depthwise ? 1 : k->group;
	struct brn_node **memo = &r->memo[2 * k->n->in[1]->id + (groups > 1)];
	struct brn_node *n;

	if (is_scaled(k) || k->out != k->n->in[1]->type.dim[0])
		return matrix_of(k, groups);
	if (*memo && (*memo)->type.dim[1] == k->each * k->taps * groups)
		return *memo;
	n = matrix_of(k, groups);
	return *memo = n;
}

/* The same of a transposed convolution, [channels][out of a group][taps].  */
static struct brn_node *
transposed_weight_of(struct conv *k)
{
	const struct brn_tensor *w = k->n->in[1]->value;
	int64_t channels = w->type.dim[0], rows = k->out * k->taps;
	int64_t many = channels / k->group, size = rows / k->group;
	struct brn_type t = { BURIN_F32, 2, { rows, channels } };
	struct brn_node *n = brn_graph_constant(k->g, k->n->in[1]->name, &t,
	    NULL);

	for (int64_t r = 0; n && r < rows; r++)
		for (int64_t i = 0; i < many; i++) {
			int64_t c = r / size * many + i;

			((float *)n->value->data)[r * channels + c] =
			    (float)(k->scale[r / k->taps] *
			    (double)((const float *)w->data)[c * size +
			    r % size]);
		}
	return n;
}

static struct brn_node *
bias_of(struct conv *k)
{
	struct brn_type t = { BURIN_F32, 1, { k->out } };
	struct brn_node *n = brn_graph_constant(k->g, k->n->name, &t, NULL);

	for (int64_t i = 0; n && i < k->out; i++)
		((float *)n->value->data)[i] = (float)k->shift[i];
	return n;
}

static int
copy_attrs(struct conv *k, struct brn_node *l)
{
	static const char *const ints[] = { "strides", "dilations", "pads",
		"output_padding", "output_shape" };
	const struct brn_type *w = &k->n->in[1]->value->type;
	int64_t auto_pad = brn_attr_int(k->n, "auto_pad");

	if (brn_attr_set_ints(k->g, l, "kernel_shape", w->dim + 2,
	    w->rank - 2) < 0)
		return -1;
	for (int i = 0; i < BRN_COUNT(ints); i++) {
		const struct brn_attr *a = brn_attr(k->n, ints[i]);

		if (a && brn_attr_set_ints(k->g, l, a->name, a->ints,
		    a->nints) < 0)
			return -1;
	}
	return auto_pad ? brn_attr_set_int(k->g, l, "auto_pad", auto_pad) : 0;
}

/* The layer over x.  NULL: no memory.  */
static struct brn_node *
layer_of(struct brn_rewrite *r, struct conv *k, struct brn_node *x)
{
	struct brn_node *in[3] = { x, NULL, NULL }, *l;
	int bias = k->root != k->n || (k->n->nin > 2 && k->n->in[2]);
	int depthwise = k->group == k->out && k->each == 1;

	in[1] = weight_of(r, k);
	if (bias)
		in[2] = bias_of(k);
	if (!in[1] || (bias && !in[2]))
		return NULL;
	l = brn_graph_add(k->g, depthwise && k->group > 1 ?
	    BRN_OP_depthwise : BRN_OP_dense_conv, k->n->name, in,
	    bias ? 3 : 2);
	return l && copy_attrs(k, l) == 0 ? l : NULL;
}

/* Group number i of k as a layer over its part of x.  */
static struct brn_node *
group_layer(struct brn_rewrite *r, const struct conv *k, int64_t i)
{
	int64_t each = k->out / k->group;
	struct conv part = { k->g, k->n, k->root, each, k->each, k->taps, 1,
	    i * each, k->scale + i * each, k->shift + i * each };
	struct brn_node *x = k->n->in[0], *l;
	struct brn_node *s = brn_graph_add(k->g, BRN_OP_split, x->name, &x, 1);

	if (!s || brn_attr_set_int(k->g, s, "axis", 1) < 0 ||
	    brn_attr_set_int(k->g, s, "nout", k->group) < 0 ||
	    brn_attr_set_int(k->g, s, "index", i) < 0)
		return NULL;
	s->type = x->type;
	s->type.dim[1] = k->each;
	l = layer_of(r, &part, s);
	if (l) {
		l->type = k->n->type;
		l->type.dim[1] = each;
	}
	return l;
}

static struct brn_node *
layer_by_group(struct brn_rewrite *r, const struct conv *k)
{
	struct brn_node **part = brn_alloc((size_t)k->group, sizeof *part);
	struct brn_node *l = NULL;
	int64_t i = 0;

	while (part && i < k->group && (part[i] = group_layer(r, k, i)))
		i++;
	if (part && i == k->group)
		l = brn_graph_add(k->g, BRN_OP_concat, k->n->name, part,
		    (int)i);
	free(part);
	return l && brn_attr_set_int(k->g, l, "axis", 1) == 0 ? l : NULL;
}

static int
make_layer(struct brn_rewrite *r, struct conv *k, burin_error *err)
{
	int depthwise = k->group == k->out && k->each == 1;
	int split = !depthwise &&
	    !fits_one_matrix(k->n->in[1]->value, k->group);

	return brn_rewrite_as(r, k->root, split ? layer_by_group(r, k) :
	    layer_of(r, k, k->n->in[0]), err);
}

static int
make_transposed(struct brn_rewrite *r, struct conv *k, burin_error *err)
{
	static const int64_t ones[] = { 1, 1, 1 };
	struct brn_node *in[2] = { k->n->in[0], transposed_weight_of(k) };
	int bias = k->root != k->n || (k->n->nin > 2 && k->n->in[2]);
	struct brn_node *l, *f;

	if (!in[1])
		return brn_nomem(err);
	l = brn_graph_add(k->g, BRN_OP_dense_conv, k->n->name, in, 2);
	if (!l || brn_attr_set_ints(k->g, l, "kernel_shape", ones,
	    k->n->type.rank - 2) < 0)
		return brn_nomem(err);
	l->type = k->n->in[0]->type;
	l->type.dim[1] = k->out * k->taps;
	in[0] = l;
	if (bias && !(in[1] = bias_of(k)))
		return brn_nomem(err);
	f = brn_graph_add(k->g, BRN_OP_fold_taps, k->n->name, in, 1 + bias);
	if (!f || copy_attrs(k, f) < 0)
		return brn_nomem(err);
	return brn_rewrite_as(r, k->root, f, err);
}

static int
convert_conv(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	const struct brn_type *w = &n->in[1]->value->type;
	int turned = n->op == BRN_OP_conv_transpose;
	struct conv k = { .g = r->g, .n = n, .root = n,
	    .out = w->dim[turned], .each = w->dim[!turned],
	    .group = brn_attr_int(n, "group") };
	int rc;

	k.taps = brn_numel(n->in[1]->value) / (k.out * k.each);
	k.out *= turned ? k.group : 1;
	k.scale = brn_alloc((size_t)k.out * 2, sizeof *k.scale);
	if (!k.scale)
		return brn_nomem(err);
	k.shift = k.scale + k.out;
	for (int64_t i = 0; i < k.out; i++) {
		k.scale[i] = 1;
		k.shift[i] = n->nin > 2 && n->in[2] ? element(n->in[2], i) : 0;
	}
	while (r->uses[k.root->id] == 1 && r->user[k.root->id] &&
	    fold_user(&k, r->user[k.root->id]))
		k.root = r->user[k.root->id];
	rc = turned ? make_transposed(r, &k, err) : make_layer(r, &k, err);
	free(k.scale);
	return rc;
}

static int
canon_conv_visit(struct brn_rewrite *r, struct brn_node *n, burin_error *err)
{
	return is_layer(n) || is_transposed_layer(n) ?
	    convert_conv(r, n, err) : BURIN_OK;
}

int
brn_pass_canon_conv(struct brn_graph *g, const struct brn_pass_opts *o,
    int *changed, burin_error *err)
{
	(void)o;
	return brn_rewrite_each(g, canon_conv_visit, changed, err);
}
