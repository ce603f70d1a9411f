/* SPDX-License-Identifier: Apache-2.0
 *
 * The graphs are compared node by node: both are in topological order and come
 * from the same passes, so equal nodes have the same place.
 */
#include "ir/graph/compare.h"

#include <string.h>

static int
differ(const struct brn_node *n, const char *what, burin_error *err)
{
	return brn_fail(err, BURIN_ESHAPE, "node '%s': %s differs", n->name,
	    what);
}

static int
differ_type(const struct brn_node *n, const struct brn_type *found,
    const struct brn_type *wanted, burin_error *err)
{
	struct brn_buf f = { 0 }, w = { 0 };
	int rc;

	brn_type_print(&f, found, NULL, 0);
	brn_type_print(&w, wanted, NULL, 0);
	rc = brn_fail(err, BURIN_ESHAPE, "node '%s': is %s, wanted %s",
	    n->name, f.p ? (const char *)f.p : "?",
	    w.p ? (const char *)w.p : "?");
	brn_buf_free(&f);
	brn_buf_free(&w);
	return rc;
}

static int
same_data(const struct brn_tensor *a, const struct brn_tensor *b)
{
	size_t n = (size_t)brn_numel(a) * brn_dtype_size(a->type.dtype);

	/* Values that layers have packed are gone.  */
	return a->type.dtype == BURIN_F32 || n == 0 || !a->data || !b->data ||
	    memcmp(a->data, b->data, n) == 0;
}

static int
same_tensor(const struct brn_tensor *a, const struct brn_tensor *b)
{
	if (!a || !b)
		return a == b;
	return brn_type_equal(&a->type, &b->type) && same_data(a, b);
}

static int
same_attr(const struct brn_attr *a, const struct brn_attr *b)
{
	return strcmp(a->name, b->name) == 0 && a->i == b->i &&
	    memcmp(&a->f, &b->f, sizeof a->f) == 0 && a->nints == b->nints &&
	    (!a->nints || memcmp(a->ints, b->ints,
	    (size_t)a->nints * sizeof *a->ints) == 0) &&
	    same_tensor(a->t, b->t);
}

static int
check_attrs(const struct brn_node *a, const struct brn_node *b,
    burin_error *err)
{
	if (a->nattr != b->nattr)
		return differ(a, "number of attributes", err);
	for (int i = 0; i < a->nattr; i++)
		if (!same_attr(&a->attr[i], &b->attr[i]))
			return brn_fail(err, BURIN_ESHAPE, "node '%s': "
			    "attribute '%s' differs", a->name,
			    a->attr[i].name);
	return 0;
}

static int
check_operands(const struct brn_node *a, const struct brn_node *b,
    burin_error *err)
{
	if (a->nin != b->nin)
		return brn_fail(err, BURIN_ESHAPE, "node '%s': has %d "
		    "operands, wanted %d", a->name, b->nin, a->nin);
	for (int i = 0; i < a->nin; i++)
		if ((a->in[i] ? a->in[i]->id : -1) !=
		    (b->in[i] ? b->in[i]->id : -1))
			return brn_fail(err, BURIN_ESHAPE,
			    "node '%s': operand %d is another node", a->name,
			    i);
	return 0;
}

/* Fail with the first block row whose blocks differ.  */
static int
check_mask(const struct brn_node *n, const struct brn_bsr *a,
    const struct brn_bsr *b, burin_error *err)
{
	if (a->rows != b->rows || a->cols != b->cols || a->bh != b->bh ||
	    a->bw != b->bw)
		return brn_fail(err, BURIN_ESHAPE, "node '%s': is %lldx%lld "
		    "in blocks of %dx%d, wanted %lldx%lld in %dx%d", n->name,
		    (long long)b->rows, (long long)b->cols, b->bh, b->bw,
		    (long long)a->rows, (long long)a->cols, a->bh, a->bw);
	for (int32_t r = 0; r < a->nbrow; r++) {
		int32_t na = a->rowptr[r + 1] - a->rowptr[r];
		int32_t nb = b->rowptr[r + 1] - b->rowptr[r];

		if (na != nb || memcmp(a->colidx + a->rowptr[r],
		    b->colidx + b->rowptr[r],
		    (size_t)na * sizeof *a->colidx) != 0)
			return brn_fail(err, BURIN_ESHAPE, "node '%s': other "
			    "blocks of %dx%d are zero, first in block row %d",
			    n->name, a->bh, a->bw, r);
	}
	return 0;
}

static int
check_node(const struct brn_node *a, const struct brn_node *b,
    burin_error *err)
{
	int rc;

	if (a->op != b->op)
		return brn_fail(err, BURIN_ESHAPE, "node '%s': is %s, wanted "
		    "%s", a->name, brn_ops[b->op].name, brn_ops[a->op].name);
	if ((rc = check_operands(a, b, err)) < 0 ||
	    (rc = check_attrs(a, b, err)) < 0)
		return rc;
	if (!brn_type_equal(&a->type, &b->type))
		return differ_type(a, &b->type, &a->type, err);
	if (a->nbody != b->nbody)
		return differ(a, "number of bodies", err);
	for (int i = 0; i < a->nbody; i++)
		if ((rc = brn_graph_same(a->body[i].g, b->body[i].g, err)) < 0)
			return rc;
	if (a->bsr && b->bsr)
		return check_mask(a, a->bsr, b->bsr, err);
	if (!same_tensor(a->value, b->value))
		return differ(a, "constant", err);
	return 0;
}

static int
check_values(const char *what, const struct brn_value *a,
    const struct brn_value *b, int n, burin_error *err)
{
	for (int i = 0; i < n; i++)
		if (strcmp(a[i].name, b[i].name) != 0 ||
		    a[i].node->id != b[i].node->id)
			return brn_fail(err, BURIN_ESHAPE, "%s %d: is '%s', "
			    "wanted '%s'", what, i, b[i].name, a[i].name);
	return 0;
}

int
brn_graph_same(const struct brn_graph *a, const struct brn_graph *b,
    burin_error *err)
{
	int n = a->nnode < b->nnode ? a->nnode : b->nnode, rc;

	if (a->nin != b->nin || a->nout != b->nout)
		return brn_fail(err, BURIN_ESHAPE, "model has %d inputs and "
		    "%d outputs, wanted %d and %d", b->nin, b->nout, a->nin,
		    a->nout);
	for (int i = 0; i < n; i++)
		if ((rc = check_node(a->node[i], b->node[i], err)) < 0)
			return rc;
	if (a->nnode != b->nnode)
		return brn_fail(err, BURIN_ESHAPE,
		    "model has %d nodes, wanted %d", b->nnode, a->nnode);
	if ((rc = check_values("input", a->in, b->in, a->nin, err)) < 0)
		return rc;
	return check_values("output", a->out, b->out, a->nout, err);
}
