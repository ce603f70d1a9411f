/* SPDX-License-Identifier: Apache-2.0
 *
 * Einsum.  An equation is "ij,jk->ik", "...ii->...i", or "bhid,bhjd", where the
 * result has the labels that occur once, in alphabetic order.  The ref is two
 * nested walks: over the labels of the result, and over those that are summed.
 */
#include "ir/op/op.h"

#include "ir/op/einsum.h"

enum { MAX_TEXT = 128 };

/* The labels of one operand, or of the result.  */
struct term {
	const char *s;                  /* its text, n characters */
	int n;
	int more;                       /* dimensions that "..." stands for */
	char label[BRN_MAX_RANK];       /* one a dimension */
	int nlabel;
};

/* Set the labels of a term.  Those of an ellipsis are digits that count its
 * dimensions from the last.  */
static const char *
spell(struct term *t)
{
	t->nlabel = 0;
	for (int i = 0; i < t->n; i++) {
		int dots = t->s[i] == '.', k = dots ? t->more : 1;

		if (t->nlabel + k > BRN_MAX_RANK)
			return "a term has too many labels";
		if (dots && (i + 2 >= t->n || memcmp(t->s + i, "...", 3)))
			return "'.' is no part of '...'";
		for (; k > 0; k--)
			t->label[t->nlabel++] = dots ? (char)('0' + k - 1) :
			    t->s[i];
		i += dots ? 2 : 0;
	}
	return NULL;
}

static int
find(const char *labels, int n, char c)
{
	for (int i = 0; i < n; i++)
		if (labels[i] == c)
			return i;
	return -1;
}

static const char *
add_label(struct brn_einsum *e, char c)
{
	if (find(e->label, e->nlabel, c) >= 0)
		return NULL;
	if (e->nlabel == BRN_MAX_RANK)
		return "the equation has too many labels";
	e->label[e->nlabel++] = c;
	return NULL;
}

/* Add the labels of a result that the equation leaves out: the ellipsis, then
 * the labels that occur once.  */
static const char *
implied(struct brn_einsum *e, const struct term *t, int n, int more)
{
	const char *bad = NULL;

	for (int k = more; k > 0 && !bad; k--)
		bad = add_label(e, (char)('0' + k - 1));
	for (int c = 'A'; c <= 'z' && !bad; c++) {
		int times = 0;

		for (int i = 0; i < n; i++)
			for (int d = 0; d < t[i].nlabel; d++)
				times += t[i].label[d] == c;
		if (times == 1)
			bad = add_label(e, (char)c);
	}
	return bad;
}

static const char *
parse_terms(const char *text, int n, const int *rank, struct term *t,
    int *more)
{
	const char *s = text, *bad;

	*more = 0;
	for (int i = 0; i < n; i++) {
		int letters;

		t[i].s = s;
		t[i].n = (int)strcspn(s, ",-");
		letters = t[i].n - (memchr(s, '.', (size_t)t[i].n) ? 3 : 0);
		t[i].more = rank[i] - letters;
		if (t[i].more < 0 || (t[i].more && letters == t[i].n))
			return "a term does not fit the rank of its operand";
		if ((bad = spell(&t[i])) != NULL)
			return bad;
		if (t[i].more > *more)
			*more = t[i].more;
		s += t[i].n;
		if (i + 1 < n ? *s != ',' : *s == ',')
			return "not as many terms as operands";
		s += *s == ',';
	}
	return NULL;
}

static const char *
result(struct brn_einsum *e, const char *arrow, const struct term *t, int n,
    int more)
{
	struct term out = { .s = arrow + 2, .more = more };
	const char *bad;

	if (!*arrow)
		return implied(e, t, n, more);
	if (memcmp(arrow, "->", 2))
		return "'-' is no part of '->'";
	out.n = (int)strlen(out.s);
	if ((bad = spell(&out)) != NULL)
		return bad;
	for (int d = 0; d < out.nlabel && !bad; d++) {
		if (find(e->label, e->nlabel, out.label[d]) >= 0)
			return "the result has a label twice";
		bad = add_label(e, out.label[d]);
	}
	return bad;
}

const char *
brn_einsum_parse(const struct brn_node *n, const int *rank,
    struct brn_einsum *e)
{
	const struct brn_attr *a = brn_attr(n, "equation");
	struct term t[BRN_EINSUM_MAX];
	char text[MAX_TEXT + 1] = "";
	const char *bad, *arrow;
	int more;

	*e = (struct brn_einsum){ 0 };
	if (!a || a->nints > MAX_TEXT || n->nin > BRN_EINSUM_MAX)
		return "the equation is too long";
	for (int i = 0; i < a->nints; i++)
		text[i] = (char)a->ints[i];
	arrow = text + strcspn(text, "-");
	if ((bad = parse_terms(text, n->nin, rank, t, &more)) != NULL ||
	    (bad = result(e, arrow, t, n->nin, more)) != NULL)
		return bad;
	e->nout = e->nlabel;
	for (int i = 0; i < n->nin; i++)
		for (int d = 0; d < t[i].nlabel; d++) {
			if ((bad = add_label(e, t[i].label[d])) != NULL)
				return bad;
			e->of[i][d] = find(e->label, e->nlabel,
			    t[i].label[d]);
		}
	return NULL;
}

/* ---- types ---- */

/* The parsed equation, or what is wrong with it.  */
static const char *
parse_node(const struct brn_infer *c, struct brn_einsum *e)
{
	int rank[BRN_EINSUM_MAX];

	for (int i = 0; i < c->n->nin && i < BRN_EINSUM_MAX; i++)
		rank[i] = brn_infer_in(c, i)->rank;
	return brn_einsum_parse(c->n, rank, e);
}

int
infer_einsum(struct brn_infer *c, struct brn_type *out)
{
	struct brn_type all = { BURIN_F32, BRN_MAX_RANK, { 0 } };
	struct brn_einsum e;
	const char *bad;
	int rc;

	for (int i = 0; i < c->n->nin && i < BRN_EINSUM_MAX; i++)
		if ((rc = brn_infer_dtype(c, i, BRN_SET_NUM)) < 0)
			return rc;
	if ((bad = parse_node(c, &e)) != NULL)
		return brn_infer_bad(c, BURIN_EUNSUPPORTED, "%s", bad);
	for (int l = 0; l < e.nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < c->n->nin; i++)
		for (int d = 0; d < brn_infer_in(c, i)->rank; d++) {
			int64_t dim = brn_infer_in(c, i)->dim[d];
			int64_t *to = &all.dim[e.of[i][d]];

			if (*to == 1)
				*to = dim;
			else if (dim != 1 &&
			    (rc = brn_infer_same_dim(c, to, dim)) < 0)
				return rc;
		}
	all.rank = e.nlabel;
	if (brn_type_is_concrete(&all) && brn_type_numel(&all) < 0)
		return brn_infer_bad(c, BURIN_ESHAPE, "too many products");
	*out = all;
	out->dtype = brn_infer_in(c, 0)->dtype;
	out->rank = e.nout;
	return BURIN_OK;
}

/* The size that label l has in the operands; 1 repeats.  */
static int64_t
label_size(const struct brn_infer *c, const struct brn_einsum *e, int l)
{
	int64_t size = 1;

	for (int i = 0; i < c->n->nin; i++)
		for (int d = 0; d < brn_infer_in(c, i)->rank; d++)
			if (e->of[i][d] == l && brn_infer_in(c, i)->dim[d] != 1)
				size = brn_infer_in(c, i)->dim[d];
	return size;
}

/* A product of all operands for each combination of summed labels.  */
BRN_WORK(einsum)
{
	double products = c->n->nin;
	struct brn_einsum e;

	if (parse_node(c, &e))
		return 0;               /* inference refused it */
	for (int l = e.nout; l < e.nlabel; l++)
		products *= (double)label_size(c, &e, l);
	return products;
}

/* ---- values ---- */

/* The two walks.  */
struct sum {
	struct brn_type outer, inner;   /* one dimension a label */
	int64_t stride[BRN_EINSUM_MAX][BRN_MAX_RANK];
};

/* Each operand has a stride for each label: the sum of its strides where the
 * label occurs twice, which is the diagonal; 0 where its dimension is 1.  */
static void
sum_init(struct sum *s, const struct brn_einsum *e, int nin,
    const struct brn_tensor *const *in)
{
	struct brn_type all = { in[0]->type.dtype, e->nlabel, { 0 } };

	*s = (struct sum){ .inner = { 0 } };
	for (int l = 0; l < e->nlabel; l++)
		all.dim[l] = 1;
	for (int i = 0; i < nin; i++) {
		int64_t own[BRN_MAX_RANK];

		brn_type_strides(&in[i]->type, own);
		for (int d = 0; d < in[i]->type.rank; d++) {
			int l = e->of[i][d];

			if (in[i]->type.dim[d] == 1)
				continue;
			all.dim[l] = in[i]->type.dim[d];
			s->stride[i][l] += own[d];
		}
	}
	brn_split_shape(&all, ((1 << e->nlabel) - 1) & ~((1 << e->nout) - 1),
	    &s->outer, &s->inner);
}

BRN_REF(einsum)
{
	int rank[BRN_EINSUM_MAX];
	struct brn_einsum e;
	struct brn_iter o, k;
	struct sum s;

	for (int i = 0; i < n->nin; i++)
		rank[i] = in[i]->type.rank;
	brn_einsum_parse(n, rank, &e);          /* checked by inference */
	sum_init(&s, &e, n->nin, in);
	brn_iter_init(&o, &s.outer);
	for (int i = 0; i < n->nin; i++)
		brn_iter_add_strided(&o, 0, s.stride[i]);
	for (; o.left; brn_iter_next(&o)) {
		double sum = 0;

		brn_iter_init(&k, &s.inner);
		for (int i = 0; i < n->nin; i++)
			brn_iter_add_strided(&k, o.off[i], s.stride[i]);
		for (; k.left; brn_iter_next(&k)) {
			double v = 1;

			for (int i = 0; i < n->nin; i++)
				v *= brn_get_float(in[i], k.off[i]);
			sum += v;
		}
		brn_set_float(out, o.pos, sum);
	}
	return BURIN_OK;
}
