/* SPDX-License-Identifier: Apache-2.0
 *
 * Running loop and scan.  A value that goes from step to step is kept in two
 * buffers, of which one is read while the other is written: the body may return
 * any of its inputs in any place.
 */
#include "ir/op/flow_run.h"

#include <stdlib.h>

#include "ir/op/op.h"

/* ---- values of steps ----------------------------------------------------- */

/* A value that goes from step to step.  */
struct carried {
	struct brn_tensor t;
	struct brn_list *list;          /* t is a list: its slot */
	void *buf[2];
	size_t room[2];
	int at;                         /* t is in buf[at], or not in one yet */
};

/* A value that is gathered from all steps.  */
struct gathered {
	struct brn_type type;           /* of a step; dtype 0: none yet */
	char *buf;
	size_t n, room;
	int64_t steps;
};

static int
too_large(const struct brn_flow *f)
{
	return brn_fail(f->err, BURIN_EUNSUPPORTED, "node '%s': the results of "
	    "its steps are more than %lld bytes (loop_bytes)", f->n->name,
	    (long long)f->b->bytes);
}

/* Room for n bytes at *p, whose first keep are kept.  */
static int
grow(struct brn_flow *f, void **p, size_t *room, size_t n, size_t keep)
{
	size_t want = n < 2 * *room ? 2 * *room : n;
	void *q;

	if (*p && n <= *room)
		return 0;
	f->bytes += (int64_t)(n - *room);
	if (n > (size_t)f->b->bytes || f->bytes > f->b->bytes)
		return too_large(f);
	q = brn_alloc_aligned(want);
	if (!q)
		return brn_nomem(f->err);
	if (keep)
		memcpy(q, *p, keep);
	free(*p);
	*p = q;
	*room = want;
	return 0;
}

static int
changes(const struct brn_flow *f, int64_t step, int k,
    const struct brn_type *is, const struct brn_type *was)
{
	struct brn_buf b = { 0 };
	int rc;

	brn_buf_printf(&b, "node '%s': step %lld: result %d of its body is ",
	    f->n->name, (long long)step, k);
	brn_type_print(&b, is, NULL, 0);
	brn_buf_printf(&b, ", was ");
	brn_type_print(&b, was, NULL, 0);
	rc = b.fail ? brn_nomem(f->err) :
	    brn_fail(f->err, BURIN_ESHAPE, "%s", (const char *)b.p);
	brn_buf_free(&b);
	return rc;
}

static int
count_step(struct brn_flow *f)
{
	if ((*f->b->steps)-- > 0)
		return 0;
	*f->b->steps = 0;
	return brn_fail(f->err, BURIN_EUNSUPPORTED, "node '%s': more steps "
	    "than a run may have (loop_steps)", f->n->name);
}

static int
start_carried(struct brn_flow *f, struct carried *c, const struct brn_tensor *t)
{
	(void)f;
	c->t = *t;
	if (!brn_is_list(&t->type))
		return 0;
	c->list = brn_list_ref(brn_list_of(t));
	c->t.data = &c->list;
	return 0;
}

/* The next value of c is v, output k of the body.  */
static int
carry(struct brn_flow *f, struct carried *c, int64_t step, int k)
{
	const struct brn_tensor *v = &f->to[k];
	int next = !c->at, rc;
	size_t n = brn_tensor_bytes(v);

	if (v->type.dtype != c->t.type.dtype)
		return changes(f, step, k, &v->type, &c->t.type);
	if (brn_is_list(&v->type)) {
		struct brn_list *l = brn_list_ref(brn_list_of(v));

		brn_list_drop(c->list);
		c->list = l;
		return 0;
	}
	if (v->data == c->t.data) {
		c->t.type = v->type;
		return 0;
	}
	if ((rc = grow(f, &c->buf[next], &c->room[next], n, 0)) < 0)
		return rc;
	if (n)
		memcpy(c->buf[next], v->data, n);
	c->t = (struct brn_tensor){ v->type, c->buf[next] };
	c->at = next;
	return 0;
}

/* Add the last value of c to the results, and free c.  */
static int
end_carried(struct brn_flow *f, struct carried *c, int rc)
{
	if (rc == 0 && !c->list && c->t.data == c->buf[c->at]) {
		rc = brn_flow_add(f, brn_item_wrap(&c->t, 1));
		c->buf[c->at] = NULL;
	} else if (rc == 0) {
		rc = brn_flow_add(f, brn_item_copy(&c->t));
	}
	brn_list_drop(c->list);
	free(c->buf[0]);
	free(c->buf[1]);
	return rc;
}

static int
gather(struct brn_flow *f, struct gathered *s, int64_t step, int k)
{
	const struct brn_tensor *v = &f->to[k];
	size_t n = brn_tensor_bytes(v);
	int rc;

	if (!s->steps)
		s->type = v->type;
	if (!brn_type_equal(&s->type, &v->type))
		return changes(f, step, k, &v->type, &s->type);
	if (brn_is_list(&v->type) || v->type.rank == BRN_MAX_RANK)
		return brn_fail(f->err, BURIN_EUNSUPPORTED, "node '%s': "
		    "result %d of its body cannot be gathered", f->n->name, k);
	rc = grow(f, (void **)&s->buf, &s->room, s->n + n, s->n);
	if (rc < 0)
		return rc;
	if (n)
		memcpy(s->buf + s->n, v->data, n);
	s->n += n;
	s->steps++;
	return 0;
}

/* Without a step the type is that of the body, and what it does not say is
 * 0.  */
static void
type_of_none(struct gathered *s, const struct brn_type *body)
{
	s->type = *body;
	if (s->type.rank < 0 || s->type.rank == BRN_MAX_RANK)
		s->type.rank = 0;
	for (int d = 0; d < s->type.rank; d++)
		if (brn_is_sym(s->type.dim[d]))
			s->type.dim[d] = 0;
}

/* Put the steps of s into axis of t, the last first if backward.  */
static void
place_steps(const struct gathered *s, struct brn_tensor *t, int axis,
    int backward)
{
	size_t size = brn_dtype_size(t->type.dtype);
	size_t outer = (size_t)brn_product(&s->type, 0, axis);
	size_t inner = (size_t)brn_product(&s->type, axis, s->type.rank) *
	    size;
	size_t steps = (size_t)s->steps;
	const char *from = s->buf;

	for (size_t i = 0; i < steps && inner; i++)
		for (size_t o = 0; o < outer; o++, from += inner)
			memcpy((char *)t->data + inner * (o * steps +
			    (backward ? steps - 1 - i : i)), from, inner);
}

/* Add what s has gathered to the results, and free s.  */
static int
end_gathered(struct brn_flow *f, struct gathered *s, int64_t axis, int backward)
{
	struct brn_tensor t = { { s->type.dtype, s->type.rank + 1, { 0 } },
	    s->buf };
	int a = brn_axis(axis, t.type.rank), rc = 0;
	struct brn_item *i;

	for (int d = 0; d < t.type.rank && a >= 0; d++)
		t.type.dim[d] = d == a ? s->steps :
		    s->type.dim[d - (d > a)];
	if (a < 0 || !brn_dtype_size(t.type.dtype)) {
		rc = brn_fail(f->err, BURIN_ESHAPE,
		    "node '%s': result %d has no axis %lld", f->n->name,
		    f->list->n, (long long)axis);
	} else if (a == 0 && !backward && s->buf) {
		s->buf = NULL;
		return brn_flow_add(f, brn_item_wrap(&t, 1));
	} else if ((i = brn_item_new(&t.type))) {
		place_steps(s, &i->t, a, backward);
		rc = brn_flow_add(f, i);
	} else {
		rc = brn_nomem(f->err);
	}
	free(s->buf);
	return rc;
}

/* ---- loop ---------------------------------------------------------------- */

struct loop {
	struct brn_flow *f;
	int ncarried, ngathered;
	struct carried *c;
	struct gathered *s;
};

static int
loop_init(struct loop *l, struct brn_flow *f)
{
	int rc = 0;

	l->f = f;
	l->ncarried = brn_num_carried(f->n);
	l->ngathered = f->n->body->g->nout - l->ncarried -
	    (f->n->op == BRN_OP_loop);
	l->c = brn_alloc((size_t)l->ncarried, sizeof *l->c);
	l->s = brn_alloc((size_t)l->ngathered, sizeof *l->s);
	if (!l->c || !l->s)
		rc = brn_nomem(f->err);
	return rc;
}

/* Take what the body has returned, from output first on.  */
static int
loop_take(struct loop *l, int64_t step, int first)
{
	int rc = 0;

	for (int i = 0; i < l->ncarried && rc == 0; i++)
		rc = carry(l->f, &l->c[i], step, first + i);
	for (int i = 0; i < l->ngathered && rc == 0; i++)
		rc = gather(l->f, &l->s[i], step, first + l->ncarried + i);
	return rc;
}

static int
ints_at(const struct brn_node *n, const char *name, int i)
{
	const struct brn_attr *a = brn_attr(n, name);

	return a && i < a->nints ? (int)a->ints[i] : 0;
}

/* All results, unless rc says that there are none, and free what is left.  */
static int
loop_end(struct loop *l, int first, int rc)
{
	const struct brn_node *n = l->f->n;
	int scan = n->op == BRN_OP_scan;

	for (int i = 0; l->c && i < l->ncarried; i++)
		rc = end_carried(l->f, &l->c[i], rc);
	for (int i = 0; l->s && i < l->ngathered; i++) {
		struct gathered *s = &l->s[i];

		if (rc < 0) {
			free(s->buf);
			continue;
		}
		if (!s->steps)
			type_of_none(s, brn_body_type(n, 0,
			    first + l->ncarried + i));
		rc = end_gathered(l->f, s, scan ?
		    ints_at(n, "scan_output_axes", i) : 0, scan &&
		    ints_at(n, "scan_output_directions", i));
	}
	free(l->c);
	free(l->s);
	return rc;
}

/* The number of iterations at most; negative: an error.  */
static int64_t
trip_count(struct brn_flow *f)
{
	const struct brn_tensor *m = f->in[0];
	int64_t n;

	if (!m)
		return INT64_MAX;
	if (brn_numel(m) != 1 || brn_dtype_is_float(m->type.dtype) ||
	    brn_is_list(&m->type))
		return brn_fail(f->err, BURIN_ESHAPE,
		    "node '%s': the trip count is not one integer",
		    f->n->name);
	n = brn_get_int(m, 0);
	return n < 0 ? 0 : n;
}

/* A number or a condition as input k of the body, which may want a vector.  */
static struct brn_tensor
single(const struct brn_flow *f, int k, int dtype, void *data)
{
	const struct brn_type *t = &f->n->body->g->in[k].type;
	struct brn_tensor v = { { dtype, t->rank == 1, { 1 } }, data };

	return v;
}

static int
loop_steps(struct loop *l, int64_t count, uint8_t go)
{
	struct brn_flow *f = l->f;
	int rc = 0;

	for (int64_t i = 0; i < count && go && rc == 0; i++) {
		if ((rc = count_step(f)) < 0)
			break;
		f->from[0] = single(f, 0, BURIN_I64, &i);
		f->from[1] = single(f, 1, BURIN_BOOL, &go);
		for (int k = 0; k < l->ncarried; k++)
			f->from[2 + k] = l->c[k].t;
		if ((rc = brn_flow_body(f, 0)) < 0 ||
		    (rc = loop_take(l, i, 1)) < 0)
			break;
		rc = brn_flow_truth(f, &f->to[0], "the condition of its body");
		go = rc > 0;
		rc = rc < 0 ? rc : 0;
	}
	return rc;
}

int
brn_flow_loop(struct brn_flow *f)
{
	struct loop l;
	int rc = loop_init(&l, f), go = 1;
	int64_t count = 0;

	if (rc == 0 && (count = trip_count(f)) < 0)
		rc = (int)count;
	if (rc == 0 && f->in[1] && (go = brn_flow_truth(f, f->in[1],
	    "the condition")) < 0)
		rc = go;
	for (int i = 0; rc == 0 && i < l.ncarried; i++)
		rc = start_carried(f, &l.c[i], f->in[2 + i]);
	brn_flow_bind(f, 0);
	if (rc == 0)
		rc = loop_steps(&l, count, (uint8_t)go);
	return loop_end(&l, 1, rc);
}

/* ---- scan ---------------------------------------------------------------- */

/* An input that is scanned: a step has one index of its axis.  */
struct scanned {
	struct brn_tensor x;
	int axis, backward;
	struct brn_tensor step;
	char *buf;                      /* of a step; NULL: a part of x is one
	                                   as it is */
};

static int
start_scanned(struct brn_flow *f, struct scanned *s, const struct brn_tensor *x,
    int k)
{
	size_t n;
	int rc;

	s->x = *x;
	s->axis = brn_axis(ints_at(f->n, "scan_input_axes", k), x->type.rank);
	s->backward = ints_at(f->n, "scan_input_directions", k);
	if (s->axis < 0)
		return brn_fail(f->err, BURIN_ESHAPE,
		    "node '%s': scan input %d has no axis %d", f->n->name, k,
		    ints_at(f->n, "scan_input_axes", k));
	s->step.type = (struct brn_type){ x->type.dtype, x->type.rank - 1,
	    { 0 } };
	for (int d = 0; d < s->step.type.rank; d++)
		s->step.type.dim[d] = x->type.dim[d + (d >= s->axis)];
	if (s->axis == 0)
		return 0;
	if ((rc = brn_type_bytes(&s->step.type, f->n->name, &n, f->err)) < 0)
		return rc;
	s->buf = brn_alloc_aligned(n);
	return s->buf ? 0 : brn_nomem(f->err);
}

static const struct brn_tensor *
step_of(struct scanned *s, int64_t i, int64_t count)
{
	size_t outer = (size_t)brn_product(&s->x.type, 0, s->axis);
	size_t inner = (size_t)brn_product(&s->x.type, s->axis + 1,
	    s->x.type.rank) * brn_dtype_size(s->x.type.dtype);
	size_t at = (size_t)(s->backward ? count - 1 - i : i);
	char *x = s->x.data;

	s->step.data = s->buf ? s->buf : x + at * inner;
	for (size_t o = 0; s->buf && inner && o < outer; o++)
		memcpy(s->buf + o * inner, x + (o * (size_t)count + at) *
		    inner, inner);
	return &s->step;
}

static int
scan_steps(struct loop *l, struct scanned *x, int nx)
{
	struct brn_flow *f = l->f;
	int64_t count = nx ? x[0].x.type.dim[x[0].axis] : 0;
	int rc = 0;

	for (int k = 1; k < nx; k++)
		if (x[k].x.type.dim[x[k].axis] != count)
			return brn_fail(f->err, BURIN_ESHAPE,
			    "node '%s': scan input %d has %lld steps, wanted "
			    "%lld", f->n->name, k,
			    (long long)x[k].x.type.dim[x[k].axis],
			    (long long)count);
	for (int64_t i = 0; i < count && rc == 0; i++) {
		if ((rc = count_step(f)) < 0)
			break;
		for (int k = 0; k < l->ncarried; k++)
			f->from[k] = l->c[k].t;
		for (int k = 0; k < nx; k++)
			f->from[l->ncarried + k] = *step_of(&x[k], i, count);
		if ((rc = brn_flow_body(f, 0)) == 0)
			rc = loop_take(l, i, 0);
	}
	return rc;
}

/* Scan with the node's inputs in.  */
static int
scan_inputs(struct brn_flow *f, const struct brn_tensor *in)
{
	int nx = (int)brn_attr_int(f->n, "num_scan_inputs"), rc;
	struct scanned *x = brn_alloc((size_t)nx, sizeof *x);
	struct loop l;

	rc = loop_init(&l, f);
	if (rc == 0 && !x)
		rc = brn_nomem(f->err);
	for (int i = 0; rc == 0 && i < l.ncarried; i++)
		rc = start_carried(f, &l.c[i], &in[i]);
	for (int i = 0; rc == 0 && i < nx; i++)
		rc = start_scanned(f, &x[i], &in[l.ncarried + i], i);
	brn_flow_bind(f, 0);
	if (rc == 0)
		rc = scan_steps(&l, x, nx);
	for (int i = 0; x && i < nx; i++)
		free(x[i].buf);
	free(x);
	return loop_end(&l, 0, rc);
}

/* Element i of dimension 0 of t.  */
static struct brn_tensor
part(const struct brn_tensor *t, int64_t i)
{
	struct brn_tensor v = { { t->type.dtype, t->type.rank - 1, { 0 } },
	    NULL };

	memcpy(v.type.dim, t->type.dim + 1,
	    (BRN_MAX_RANK - 1) * sizeof *v.type.dim);
	v.data = (char *)t->data + (size_t)i * brn_tensor_bytes(&v);
	return v;
}

/* Scan each of a batch, as opset 8 does, and gather the results.  */
static int
scan_batch(struct brn_flow *f, struct brn_tensor *in, int nin, int64_t batch)
{
	struct brn_list *results = f->list;
	int nout = f->n->body->g->nout, rc = 0;
	struct gathered *s = brn_alloc((size_t)nout, sizeof *s);

	if (!s)
		return brn_nomem(f->err);
	for (int64_t b = 0; b < batch && rc == 0; b++) {
		f->list = brn_list_new();
		for (int i = 0; i < nin; i++)
			in[i] = part(f->in[i], b);
		rc = f->list ? scan_inputs(f, in) : brn_nomem(f->err);
		for (int k = 0; rc == 0 && k < nout; k++) {
			f->to[k] = f->list->item[k]->t;
			rc = gather(f, &s[k], b, k);
		}
		brn_list_drop(f->list);
	}
	f->list = results;
	for (int k = 0; k < nout; k++)
		if (rc == 0)
			rc = end_gathered(f, &s[k], 0, 0);
		else
			free(s[k].buf);
	free(s);
	return rc;
}

int
brn_flow_scan(struct brn_flow *f)
{
	int nin = f->n->body->nformal, rc = 0;
	int batched = brn_attr(f->n, "batched") != NULL;
	struct brn_tensor *in = brn_alloc((size_t)nin, sizeof *in);
	int64_t batch = -1;

	if (!in)
		return brn_nomem(f->err);
	for (int i = 0; i < nin; i++) {
		in[i] = *f->in[i];
		if (!batched)
			continue;
		if (in[i].type.rank < 1 || (batch >= 0 &&
		    in[i].type.dim[0] != batch))
			rc = brn_fail(f->err, BURIN_ESHAPE, "node '%s': input "
			    "%d has another batch", f->n->name, i);
		else
			batch = in[i].type.dim[0];
	}
	if (rc == 0)
		rc = batched ? scan_batch(f, in, nin, batch) :
		    scan_inputs(f, in);
	free(in);
	return rc;
}
