/* SPDX-License-Identifier: Apache-2.0
 *
 * Einsum's equation: "ij,jk->ik", "...ii->...i", "bhid,bhjd" (the result has
 * the labels that occur once, in alphabetic order).
 */
#include "ir/op/einsum.h"

#include <string.h>

enum { MAX_TEXT = 128 };

struct term {
	const char *s;
	int n;                          /* characters */
	int more;                       /* dimensions of its ellipsis */
	char label[BRN_MAX_RANK];       /* spelled out */
	int nlabel;
};

/* The labels of a term, an ellipsis as the digits that count its dimensions
 * from the last.  */
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

/* What the result has when it is not said: ellipsis, then what occurs once. */
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
