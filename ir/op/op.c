/* SPDX-License-Identifier: Apache-2.0
 *
 * Helpers of the files in which ops are defined.
 */
#include "ir/op/op.h"

#include <stdio.h>

#include "ir/op/window.h"

int
brn_infer_bad(struct brn_infer *c, int code, const char *fmt, ...)
{
	char why[256];
	struct brn_buf b = { 0 };
	va_list ap;
	int rc;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	brn_buf_printf(&b, "node '%s': %s(", c->n->name,
	    brn_ops[c->n->op].name);
	for (int i = 0; i < c->n->nin && i < 8; i++) {
		if (i)
			brn_buf_printf(&b, ", ");
		if (c->n->in[i])
			brn_type_print(&b, brn_infer_in(c, i), c->g->sym,
			    c->g->nsym);
		else
			brn_buf_printf(&b, "_");
	}
	brn_buf_printf(&b, "%s): %s", c->n->nin > 8 ? ", .." : "", why);
	rc = b.fail ? brn_nomem(c->err) :
	    brn_fail(c->err, code, "%s", (const char *)b.p);
	brn_buf_free(&b);
	return rc;
}

int
brn_infer_too_many_dims(struct brn_infer *c)
{
	return brn_infer_bad(c, BURIN_EUNSUPPORTED,
	    "more than %d dimensions", BRN_MAX_RANK);
}

const struct brn_type *
brn_infer_in(const struct brn_infer *c, int i)
{
	if (i >= c->n->nin || !c->n->in[i])
		return NULL;
	return &c->s->type[c->n->in[i]->id];
}

const struct brn_tensor *
brn_infer_val(const struct brn_infer *c, int i, int *sym)
{
	int id = i < c->n->nin && c->n->in[i] ? c->n->in[i]->id : -1;

	if (id < 0 || (!sym && c->s->sym[id]))
		return NULL;
	if (sym)
		*sym = c->s->sym[id];
	return c->s->val[id];
}

int64_t
brn_infer_new_dim(struct brn_infer *c)
{
	return BRN_SYM(c->nsym++);
}

int
brn_infer_cut(struct brn_infer *c, int64_t of, int64_t *out)
{
	struct brn_cut *k = brn_arena_alloc(c->s->arena, 1, sizeof *k);

	if (!k)
		return brn_nomem(c->err);
	*k = (struct brn_cut){ c->cuts, brn_infer_new_dim(c), of };
	c->cuts = k;
	*out = k->cut;
	return BURIN_OK;
}

static int
is_cut(const struct brn_infer *c, int64_t cut, int64_t of)
{
	for (const struct brn_cut *k = c->cuts; k; k = k->next)
		if (k->cut == cut && k->of == of)
			return 1;
	return 0;
}

static int
set_of(int dtype)
{
	return dtype & BRN_LIST ? 0 : dtype == BURIN_F32 ? BRN_SET_F32 :
	    brn_dtype_is_float(dtype) ? BRN_SET_PORT :
	    dtype == BURIN_U64 ? BRN_SET_U64 :
	    dtype == BURIN_BOOL ? BRN_SET_BOOL : BRN_SET_INT;
}

int
brn_infer_dtype(struct brn_infer *c, int i, int set)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (!t)
		return brn_infer_bad(c, BURIN_EFORMAT, "input %d is absent", i);
	if (set_of(t->dtype) & set)
		return BURIN_OK;
	return brn_infer_bad(c, BURIN_EUNSUPPORTED,
	    "not supported for the type of input %d", i);
}

int
brn_infer_all_f32(struct brn_infer *c)
{
	int rc = BURIN_OK;

	for (int i = 0; i < c->n->nin && rc == BURIN_OK; i++)
		if (c->n->in[i])
			rc = brn_infer_dtype(c, i, BRN_SET_F32);
	return rc;
}

int
brn_infer_vector(struct brn_infer *c, int i, int64_t dim)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (!t)
		return BURIN_OK;
	if (t->rank != 1)
		return brn_infer_bad(c, BURIN_ESHAPE, "input %d is no vector",
		    i);
	return brn_infer_same_dim(c, &dim, t->dim[0]);
}

int
brn_infer_one_element(struct brn_infer *c, int i)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (t && brn_type_is_concrete(t) && brn_type_numel(t) != 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d is no scalar", i);
	return BURIN_OK;
}

int
brn_infer_scalar(struct brn_infer *c, int i)
{
	const struct brn_type *t = brn_infer_in(c, i);

	if (t && t->dtype != brn_infer_in(c, 0)->dtype)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d has another type than input 0", i);
	return brn_infer_one_element(c, i);
}

/* A symbol beside a size other than 1 can only be that size, or 1.  */
static int
broadcast_dim(struct brn_infer *c, int64_t *a, int64_t b)
{
	if (*a == b || b == 1 || is_cut(c, b, *a))
		return BURIN_OK;
	if (*a == 1 || (brn_is_sym(*a) && !brn_is_sym(b)) ||
	    is_cut(c, *a, b))
		*a = b;
	else if (brn_is_sym(*a))
		*a = brn_infer_new_dim(c);
	else if (!brn_is_sym(b))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "shapes do not broadcast");
	return BURIN_OK;
}

int
brn_infer_broadcast(struct brn_infer *c, struct brn_type *out,
    const struct brn_type *t)
{
	int more = t->rank - out->rank, rc;

	for (int d = out->rank - 1; more > 0 && d >= 0; d--)
		out->dim[d + more] = out->dim[d];
	for (int d = 0; d < more; d++)
		out->dim[d] = 1;
	if (more > 0)
		out->rank = t->rank;
	for (int d = 0; d < t->rank; d++) {
		rc = broadcast_dim(c, &out->dim[out->rank - t->rank + d],
		    t->dim[d]);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}

int
brn_infer_same_dim(struct brn_infer *c, int64_t *a, int64_t b)
{
	if (*a == b || brn_is_sym(b))
		return BURIN_OK;
	if (!brn_is_sym(*a))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "size %lld does not fit size %lld", (long long)b,
		    (long long)*a);
	*a = b;
	return BURIN_OK;
}

int
brn_infer_axis(struct brn_infer *c, const char *name, int rank)
{
	int64_t want = brn_attr_int(c->n, name);
	int axis = brn_axis(want, rank);

	if (axis < 0)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%s %lld of %d dimensions", name, (long long)want, rank);
	return axis;
}

int
brn_infer_axes(struct brn_infer *c, int i, int rank, int *set, int *known)
{
	const struct brn_tensor *t = brn_infer_val(c, i, NULL);
	const struct brn_type *type = brn_infer_in(c, i);
	int rc;

	*set = 0;
	*known = !type || t;
	if (!type)
		return BURIN_OK;
	if ((rc = brn_infer_dtype(c, i, BRN_SET_INT)) < 0)
		return rc;
	*set = brn_axes(t, rank);
	/* Of a scalar no axis can be right, and its type tells no ref so. */
	if (*set < 0 || (!t && rank == 0 && brn_type_numel(type) > 0))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "an axis is given twice or is none of %d dimensions",
		    rank);
	return BURIN_OK;
}

int
brn_infer_dims(struct brn_infer *c, int i, int64_t lowest,
    struct brn_type *out)
{
	const struct brn_type *t = brn_infer_in(c, i);
	const struct brn_tensor *val;
	int sym = 0, rc;

	if ((rc = brn_infer_dtype(c, i, BRN_SET_INT)) < 0)
		return rc;
	if (t->rank != 1)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "input %d is no list of sizes", i);
	out->rank = -1;
	if (brn_is_sym(t->dim[0]))
		return BURIN_OK;
	if (t->dim[0] > BRN_MAX_RANK)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED,
		    "more than %d dimensions", BRN_MAX_RANK);
	out->rank = (int)t->dim[0];
	val = brn_infer_val(c, i, &sym);
	for (int d = 0; d < out->rank; d++) {
		int64_t v = val ? brn_get_int(val, d) : brn_infer_new_dim(c);

		if (v < lowest && !((sym || !val) && brn_is_sym(v)))
			return brn_infer_bad(c, BURIN_ESHAPE,
			    "size %lld is wanted", (long long)v);
		out->dim[d] = v;
	}
	return BURIN_OK;
}

void
brn_infer_spatial(struct brn_infer *c, const struct brn_window *w,
    struct brn_type *out)
{
	for (int i = 0; i < w->n; i++)
		out->dim[i + 2] = w->out[i] == -1 ? brn_infer_new_dim(c) :
		    w->out[i];
}

/* ---- work ---- */

double
brn_work_per_element(double all, const struct brn_type *out)
{
	int64_t n = brn_type_numel(out);

	return all / (double)(n > 0 ? n : 1);
}

double
brn_work_product(const struct brn_type *t, int from, int to)
{
	double n = 1;

	for (int d = from; d < to; d++)
		n *= (double)t->dim[d];
	return n;
}

BRN_WORK(none)
{
	return 0;
}

BRN_WORK(one)
{
	return 1;
}

/* An element has a place along each axis to compute.  */
BRN_WORK(rank)
{
	return brn_infer_in(c, 0)->rank + 1;
}

BRN_WORK(inputs)
{
	return c->n->nin;
}

/* Every element of input 0 is looked at once.  */
BRN_WORK(walk)
{
	return 1 + brn_work_per_element(
	    (double)brn_type_numel(brn_infer_in(c, 0)), out);
}

/* ---- refs ---- */

int
brn_ref_bad(const struct brn_node *n, burin_error *err, const char *fmt, ...)
{
	char why[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof why, fmt, ap);
	va_end(ap);
	return brn_fail(err, BURIN_ESHAPE, "node '%s': %s", n->name, why);
}

void
brn_split_shape(const struct brn_type *t, int set, struct brn_type *outer,
    struct brn_type *inner)
{
	*outer = *inner = *t;
	for (int d = 0; d < t->rank; d++)
		if (set & 1 << d)
			outer->dim[d] = 1;
		else
			inner->dim[d] = 1;
}

void
brn_walk(struct brn_iter *it, const struct brn_type *shape,
    const struct brn_tensor *x)
{
	int64_t stride[BRN_MAX_RANK];

	brn_type_strides(&x->type, stride);
	brn_iter_init(it, shape);
	brn_iter_add_strided(it, 0, stride);
}
