/* SPDX-License-Identifier: Apache-2.0
 *
 * Outputs in the buffers of inputs.
 */
#include "runtime/share.h"

#include <stdlib.h>

/* Is n the past in in with new tokens behind it?  */
static int
is_present(const struct brn_node *n, const struct brn_node *in)
{
	int64_t index = n->op == BRN_OP_mha ? brn_attr_int(n, "index") : 0;

	return index && n->nin > 5 && n->in[index + 3] == in;
}

/* Does user read past as a past only, or only its shape?  */
static int
reads_past(const struct brn_node *user, const struct brn_node *past)
{
	if (brn_ops[user->op].flags & BRN_SHAPE)
		return 1;
	for (int i = 0; i < user->nin; i++)
		if (user->in[i] == past && (user->op != BRN_OP_mha || i < 4))
			return 0;
	return 1;
}

/* Outputs of g that are n.  */
static int
count_outputs(const struct brn_graph *g, const struct brn_node *n)
{
	int count = 0;

	for (int i = 0; i < g->nout; i++)
		count += g->out[i].node == n;
	return count;
}

/* Inputs of user that are n and of which it reads more than the shape.  */
static int
reads(const struct brn_node *user, const struct brn_node *n)
{
	int count = 0;

	for (int i = 0; i < user->nin; i++)
		count += user->in[i] == n;
	return brn_ops[user->op].flags & BRN_SHAPE ? 0 : count;
}

static int
is_good(const struct brn_graph *g, const struct brn_node *in,
    const struct brn_node *out)
{
	int presents = 0;

	if (!is_present(out, in) || count_outputs(g, in) ||
	    count_outputs(g, out) != 1)
		return 0;
	for (int i = 0; i < g->nnode; i++) {
		if (!reads_past(g->node[i], in) || reads(g->node[i], out))
			return 0;
		presents += is_present(g->node[i], in);
	}
	return presents == 1;
}

static int
check(const struct brn_graph *g, const struct brn_share *s, burin_error *err)
{
	if (s->in < g->nin && s->out < g->nout &&
	    is_good(g, g->in[s->in].node, g->out[s->out].node))
		return 0;
	return brn_fail(err, BURIN_EUNSUPPORTED, "output '%s' is not input "
	    "'%s' with new tokens behind it, or they have other uses",
	    s->out < g->nout ? g->out[s->out].name : "?",
	    s->in < g->nin ? g->in[s->in].name : "?");
}

int
brn_shares_add(struct brn_shares *s, const struct brn_graph *g,
    const struct brn_share *new, burin_error *err)
{
	struct brn_share *v;
	int rc = check(g, new, err);

	if (rc < 0)
		return rc;
	if (brn_share_of_input(s, new->in))
		return brn_fail(err, BURIN_EINVAL, "input '%s' is shared "
		    "already", g->in[new->in].name);
	v = brn_alloc((size_t)s->n + 1, sizeof *v);
	if (!v)
		return brn_nomem(err);
	for (int i = 0; i < s->n; i++)
		v[i] = s->v[i];
	v[s->n++] = *new;
	free(s->v);
	s->v = v;
	return 0;
}

int
brn_shares_check(const struct brn_shares *s, const struct brn_graph *g,
    burin_error *err)
{
	int rc = 0;

	for (int i = 0; i < s->n && rc == 0; i++)
		rc = check(g, &s->v[i], err);
	return rc;
}

const struct brn_share *
brn_share_of_input(const struct brn_shares *s, int i)
{
	for (int k = 0; s && k < s->n; k++)
		if (s->v[k].in == i)
			return &s->v[k];
	return NULL;
}

const struct brn_share *
brn_share_of_output(const struct brn_shares *s, int i)
{
	for (int k = 0; s && k < s->n; k++)
		if (s->v[k].out == i)
			return &s->v[k];
	return NULL;
}

int64_t
brn_share_capacity(const struct brn_shares *s, const struct brn_graph *g,
    const struct brn_node *n)
{
	for (int k = 0; s && k < s->n; k++)
		if (g->in[s->v[k].in].node == n ||
		    g->out[s->v[k].out].node == n)
			return s->v[k].capacity;
	return 0;
}

size_t
brn_share_bytes(const struct brn_share *s, const struct brn_type *t)
{
	return (size_t)(t->dim[0] * t->dim[1] * s->capacity * t->dim[3]) *
	    brn_dtype_size(t->dtype);
}
