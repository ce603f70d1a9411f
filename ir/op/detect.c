/* SPDX-License-Identifier: Apache-2.0
 *
 * Ops of detectors, and unique: sizes of their results depend on data.
 */
#include "ir/op/op.h"

#include <math.h>
#include <stdlib.h>

/* ---- nms ---- */

struct box {
	float y0, x0, y1, x1;
};

struct candidate {
	float score;
	int64_t i;
};

/* What a class has: boxes, scores, and what is chosen of them.  */
struct nms {
	const float *box;               /* [n][4] */
	int64_t n, most;
	float iou, least;
	int center;                     /* boxes are center and size */
	struct candidate *c;            /* [n] */
	int64_t *chosen;                /* [n] */
};

static struct box
box_of(const struct nms *s, int64_t i)
{
	const float *b = s->box + 4 * i;

	if (s->center)
		return (struct box){ b[1] - b[3] / 2, b[0] - b[2] / 2,
		    b[1] + b[3] / 2, b[0] + b[2] / 2 };
	return (struct box){ fminf(b[0], b[2]), fminf(b[1], b[3]),
	    fmaxf(b[0], b[2]), fmaxf(b[1], b[3]) };
}

static float
area(const struct box *b)
{
	return (b->y1 - b->y0) * (b->x1 - b->x0);
}

static int
overlap(const struct nms *s, int64_t i, int64_t j)
{
	struct box a = box_of(s, i), b = box_of(s, j);
	float h = fminf(a.y1, b.y1) - fmaxf(a.y0, b.y0);
	float w = fminf(a.x1, b.x1) - fmaxf(a.x0, b.x0);
	float both = h > 0 && w > 0 ? h * w : 0;

	return both > 0 && area(&a) > 0 && area(&b) > 0 &&
	    both / (area(&a) + area(&b) - both) > s->iou;
}

static int
by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return x->score < y->score ? 1 : -1;
	return x->i < y->i ? -1 : x->i > y->i;
}

/* How many boxes of a class are chosen, the best first.  */
static int64_t
choose(struct nms *s, const float *score, int filter)
{
	int64_t n = 0, found = 0;

	for (int64_t i = 0; i < s->n; i++)
		if (filter ? score[i] > s->least : score[i] == score[i])
			s->c[n++] = (struct candidate){ score[i], i };
	if (n)
		qsort(s->c, (size_t)n, sizeof *s->c, by_score);
	for (int64_t i = 0; i < n && found < s->most; i++) {
		int good = 1;

		for (int64_t k = 0; k < found && good; k++)
			good = !overlap(s, s->c[i].i, s->chosen[k]);
		if (good)
			s->chosen[found++] = s->c[i].i;
	}
	return found;
}

static double
number(const struct brn_tensor *t, double dflt)
{
	return t && brn_numel(t) ? brn_get_float(t, 0) : dflt;
}

/* Choose boxes of all batches and classes; out, unless NULL, gets them as far
 * as it has room.  Their number, or -1 without memory.  */
static int64_t
nms(const struct brn_node *n, const struct brn_tensor *const *in,
    struct brn_tensor *out)
{
	int64_t classes = in[1]->type.dim[1], found = 0;
	const struct brn_tensor *least = in[4];
	struct nms s = { .n = in[0]->type.dim[1],
	    .most = in[2] && brn_numel(in[2]) ? brn_get_int(in[2], 0) : 0,
	    .iou = (float)number(in[3], 0), .least = (float)number(least, 0),
	    .center = brn_attr_int(n, "center_point_box") != 0 };
	int64_t batches = in[0]->type.dim[0] * classes;

	s.c = brn_alloc((size_t)s.n, sizeof *s.c);
	s.chosen = brn_alloc((size_t)s.n, sizeof *s.chosen);
	for (int64_t k = 0; s.c && s.chosen && s.n && k < batches; k++) {
		const float *scores = in[1]->data;
		int64_t some;

		s.box = (const float *)in[0]->data + k / classes * s.n * 4;
		some = choose(&s, scores + k * s.n, least != NULL);
		if (out && found + some > out->type.dim[0]) {
			found = out->type.dim[0] + 1;
			break;
		}
		for (int64_t i = 0; out && i < some; i++) {
			int64_t at = 3 * (found + i);

			brn_set_int(out, at, k / classes);
			brn_set_int(out, at + 1, k % classes);
			brn_set_int(out, at + 2, s.chosen[i]);
		}
		found += some;
	}
	if (!s.c || !s.chosen)
		found = -1;
	free(s.c);
	free(s.chosen);
	return found;
}

/* All inputs, if those that are given have values.  */
static int
all_values(const struct brn_infer *c, const struct brn_tensor **in, int n)
{
	for (int i = 0; i < n; i++) {
		in[i] = brn_infer_val(c, i, NULL);
		if (i < c->n->nin && c->n->in[i] && !in[i])
			return 0;
	}
	return 1;
}

/* Take what a count costs from the budget, if that has it.  */
static int
can_pay(struct brn_infer *c, double cost)
{
	if (cost > c->budget)
		return 0;
	c->budget -= cost;
	return 1;
}

int
infer_nms(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_type *b = brn_infer_in(c, 0), *s = brn_infer_in(c, 1);
	const struct brn_tensor *in[5];
	int64_t dim, n;
	int rc;

	if ((rc = brn_infer_dtype(c, 0, BRN_SET_F32)) < 0 ||
	    (rc = brn_infer_dtype(c, 1, BRN_SET_F32)) < 0)
		return rc;
	if (b->rank != 3 || s->rank != 3)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "boxes and scores have three dimensions");
	*out = (struct brn_type){ BURIN_I64, 2, { 0, 3 } };
	dim = b->dim[0];
	if ((rc = brn_infer_same_dim(c, &dim, s->dim[0])) < 0)
		return rc;
	dim = b->dim[1];
	if ((rc = brn_infer_same_dim(c, &dim, s->dim[2])) < 0)
		return rc;
	dim = 4;
	if ((rc = brn_infer_same_dim(c, &dim, b->dim[2])) < 0)
		return rc;
	n = all_values(c, in, 5) && can_pay(c, (double)brn_numel(in[1]) *
	    (double)in[1]->type.dim[2]) ? nms(c->n, in, NULL) : -2;
	if (n == -1)
		return brn_nomem(c->err);
	out->dim[0] = n < 0 ? brn_infer_new_dim(c) : n;
	return BURIN_OK;
}

BRN_REF(nms)
{
	const struct brn_tensor *all[5];
	int64_t found;

	for (int i = 0; i < 5; i++)
		all[i] = brn_opt_in(n, in, i);
	found = nms(n, all, out);
	if (found < 0)
		return brn_nomem(err);
	return found == out->type.dim[0] ? BURIN_OK : brn_ref_bad(n, err,
	    "not the %lld boxes that were counted",
	    (long long)out->type.dim[0]);
}

/* ---- unique ---- */

/* The elements of x, or its slices along an axis.  */
struct slices {
	const struct brn_tensor *x;
	int64_t n, outer, inner;
};

struct slice {
	const struct slices *of;
	int64_t i;
};

/* What is unique: k slices, each by its first place.  */
struct uniques {
	int64_t k;
	int64_t *first, *count;         /* [k] */
	int64_t *inverse;               /* [n] */
};

static struct slices
slices_of(const struct brn_node *n, const struct brn_tensor *x)
{
	const struct brn_attr *a = brn_attr(n, "axis");
	int rank = x->type.rank, axis = a ? brn_axis(a->i, rank) : 0;

	if (!a)
		return (struct slices){ x, brn_numel(x), 1, 1 };
	return (struct slices){ x, x->type.dim[axis],
	    brn_product(&x->type, 0, axis),
	    brn_product(&x->type, axis + 1, rank) };
}

static int
compare_elements(const struct brn_tensor *x, int64_t a, int64_t b)
{
	if (x->type.dtype == BURIN_F32) {
		double p = brn_get_float(x, a), q = brn_get_float(x, b);

		if (p != p || q != q)
			return (p != p) - (q != q);
		return (p > q) - (p < q);
	} else {
		int64_t p = brn_get_int(x, a), q = brn_get_int(x, b);

		if (x->type.dtype == BURIN_U64)
			return ((uint64_t)p > (uint64_t)q) -
			    ((uint64_t)p < (uint64_t)q);
		return (p > q) - (p < q);
	}
}

static int
compare_values(const struct slice *a, const struct slice *b)
{
	const struct slices *s = a->of;
	int c = 0;

	for (int64_t o = 0; o < s->outer; o++)
		for (int64_t i = 0; i < s->inner && !c; i++)
			c = compare_elements(s->x,
			    (o * s->n + a->i) * s->inner + i,
			    (o * s->n + b->i) * s->inner + i);
	return c;
}

static int
compare_slices(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int c = compare_values(x, y);

	return c ? c : x->i < y->i ? -1 : x->i > y->i;
}

/* Unique slices in the order of their first places.  */
static void
by_place(struct uniques *u, int64_t n, int64_t *rank)
{
	int64_t k = 0, *first = u->first;

	for (int64_t g = 0; g < u->k; g++)
		rank[g] = -1;
	for (int64_t i = 0; i < n; i++) {
		int64_t g = u->inverse[i];

		if (rank[g] < 0)
			rank[g] = k++;
		u->inverse[i] = rank[g];
	}
	for (int64_t g = 0; g < u->k; g++)
		u->count[g] = 0;
	for (int64_t i = n - 1; i >= 0; i--) {
		first[u->inverse[i]] = i;
		u->count[u->inverse[i]]++;
	}
}

static void
uniques_clear(struct uniques *u)
{
	free(u->first);
	free(u->count);
	free(u->inverse);
}

/* -1: no memory, and nothing to clear.  */
static int
uniques_find(struct uniques *u, const struct brn_node *node,
    const struct brn_tensor *x)
{
	struct slices s = slices_of(node, x);
	size_t n = (size_t)s.n;
	struct slice *v = brn_alloc(n, sizeof *v);
	int64_t *rank = brn_alloc(n, sizeof *rank);
	int rc = -1;

	u->k = 0;
	u->first = brn_alloc(n, sizeof *u->first);
	u->count = brn_alloc(n, sizeof *u->count);
	u->inverse = brn_alloc(n, sizeof *u->inverse);
	if (!v || !rank || !u->first || !u->count || !u->inverse)
		goto end;
	for (int64_t i = 0; i < s.n; i++)
		v[i] = (struct slice){ &s, i };
	if (n)
		qsort(v, n, sizeof *v, compare_slices);
	for (int64_t i = 0; i < s.n; i++) {
		if (i == 0 || compare_values(&v[i - 1], &v[i])) {
			u->first[u->k] = v[i].i;
			u->count[u->k++] = 0;
		}
		u->inverse[v[i].i] = u->k - 1;
		u->count[u->k - 1]++;
	}
	if (!brn_attr_int(node, "sorted"))
		by_place(u, s.n, rank);
	rc = 0;
end:
	free(v);
	free(rank);
	if (rc < 0)
		uniques_clear(u);
	return rc;
}

/* Output 0 is like x but along the axis, 2 has a place for each slice, the
 * others one for each that is unique.  */
static void
unique_type(const struct brn_infer *c, int axis, int64_t k,
    struct brn_type *out)
{
	const struct brn_type *x = brn_infer_in(c, 0);
	int index = (int)brn_attr_int(c->n, "index");
	int along = brn_attr(c->n, "axis") != NULL;

	*out = (struct brn_type){ BURIN_I64, 1, { k } };
	if (index == 2)
		out->dim[0] = along ? x->dim[axis] : brn_type_numel(x);
	if (index)
		return;
	if (along) {
		*out = *x;
		out->dim[axis] = k;
	}
	out->dtype = x->dtype;
}

int
infer_unique(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *v = brn_infer_val(c, 0, NULL);
	const struct brn_type *x = brn_infer_in(c, 0);
	int axis = 0, rc = brn_infer_dtype(c, 0, BRN_SET_ANY);
	int64_t k = brn_infer_new_dim(c);
	struct uniques u;

	if (rc < 0)
		return rc;
	if (brn_attr(c->n, "axis") &&
	    (axis = brn_axis(brn_attr(c->n, "axis")->i, x->rank)) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "no such axis");
	if (v && can_pay(c, 64 * (double)brn_numel(v))) {
		if (uniques_find(&u, c->n, v) < 0)
			return brn_nomem(c->err);
		k = u.k;
		uniques_clear(&u);
	}
	unique_type(c, axis, k, out);
	if (out->rank == 1 && out->dim[0] == -1)
		out->dim[0] = brn_infer_new_dim(c);
	return BURIN_OK;
}

/* The slices of x that are first of their kind.  */
static void
take_first(const struct slices *s, const struct uniques *u,
    struct brn_tensor *out)
{
	int64_t to = 0;

	for (int64_t o = 0; o < s->outer; o++)
		for (int64_t g = 0; g < u->k; g++)
			for (int64_t i = 0; i < s->inner; i++)
				brn_copy_elem(out, to++, s->x, (o * s->n +
				    u->first[g]) * s->inner + i);
}

/* The dimension of output 0 that slices are counted along.  */
static int
along(const struct brn_node *n, const struct brn_tensor *y)
{
	const struct brn_attr *a = brn_attr(n, "axis");

	return a ? brn_axis(a->i, y->type.rank) : 0;
}

BRN_REF(unique)
{
	int index = (int)brn_attr_int(n, "index");
	struct slices s = slices_of(n, in[0]);
	struct uniques u;
	const int64_t *from;

	if (uniques_find(&u, n, in[0]) < 0)
		return brn_nomem(err);
	if (index != 2 && u.k != out->type.dim[index ? 0 : along(n, out)]) {
		uniques_clear(&u);
		return brn_ref_bad(n, err, "not as many as were counted");
	}
	from = index == 1 ? u.first : index == 2 ? u.inverse : u.count;
	if (index == 0)
		take_first(&s, &u, out);
	else
		memcpy(out->data, from, brn_tensor_bytes(out));
	uniques_clear(&u);
	return BURIN_OK;
}
