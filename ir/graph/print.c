/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph as text: the same graph gives the same bytes, and brn_graph_read
 * makes the same graph of them.  One line a node,
 *
 *	%4 = dense(%0, %2, _) {trans_w=1} f32[batch,64]  # encoder/query
 *
 * _ is an input that is not given.
 */
#include "ir/graph/graph.h"

#include "ir/graph/iter.h"
#include "ir/graph/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printer {
	struct brn_buf *b;
	const struct brn_graph *g;
	const char *dir;        /* of value files; NULL: all values inline */
	int rc;
	burin_error *err;
};

locale_t
brn_text_begin(void)
{
	/* The C locale is a constant of libc: nothing to free.  */
	return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

void
brn_text_end(locale_t old)
{
	uselocale(old);
}

void
brn_text_escape(struct brn_buf *b, const char *s, const char *also)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || *s == '\\' || *s == 0x7f ||
		    strchr(also, *s))
			brn_buf_printf(b, "\\%02x", (unsigned char)*s);
		else
			brn_buf_u8(b, (uint8_t)*s);
}

/* The fewest digits that read back as v.  */
static void
print_float(struct brn_buf *b, float v)
{
	uint32_t bits;
	char s[32];

	memcpy(&bits, &v, sizeof bits);
	if (isnan(v) && bits != BRN_TEXT_NAN) {
		brn_buf_printf(b, "#%08" PRIx32, bits);
		return;
	}
	for (int digits = 6; digits <= 9; digits++) {
		snprintf(s, sizeof s, "%.*g", digits, (double)v);
		if (strtof(s, NULL) == v)
			break;
	}
	brn_buf_printf(b, "%s", s);
}

static void
print_element(struct brn_buf *b, const struct brn_tensor *t, int64_t i)
{
	if (t->type.dtype == BURIN_F32)         /* a double has other NaNs */
		print_float(b, ((const float *)t->data)[i]);
	else if (brn_dtype_is_float(t->type.dtype))
		print_float(b, (float)brn_get_float(t, i));
	else
		brn_buf_printf(b, "%" PRId64, brn_get_int(t, i));
}

static void
print_value_file(struct printer *p, const struct brn_tensor *t, size_t n)
{
	char name[BRN_VALUES_NAME] = "";

	if (p->rc == 0)
		p->rc = brn_values_write(p->dir, t->data, n, name, p->err);
	brn_buf_printf(p->b, "@%s", name);
}

static void
print_values(struct printer *p, const struct brn_tensor *t)
{
	int64_t n = brn_numel(t);

	brn_buf_printf(p->b, "[");
	if (p->dir && n > BRN_VALUES_INLINE)
		print_value_file(p, t, (size_t)n *
		    brn_dtype_size(t->type.dtype));
	else
		for (int64_t i = 0; i < n; i++) {
			if (i)
				brn_buf_u8(p->b, ' ');
			print_element(p->b, t, i);
		}
	brn_buf_printf(p->b, "]");
}

static void
print_type(struct printer *p, const struct brn_type *t)
{
	brn_type_print(p->b, t, p->g->sym, p->g->nsym);
}

/* One integer has a comma behind it, none is a comma: a list.  */
static void
print_ints(struct brn_buf *b, const int64_t *v, int n)
{
	for (int i = 0; i < n; i++)
		brn_buf_printf(b, "%s%" PRId64, i ? "," : "", v[i]);
	if (n < 2)
		brn_buf_printf(b, ",");
}

/* With a point, an exponent, or letters, so that it is no integer.  */
static void
print_float_attr(struct brn_buf *b, float v)
{
	size_t at = b->n;

	print_float(b, v);
	brn_buf_u8(b, 0);
	if (b->fail)
		return;
	b->n--;
	if (!strpbrk((const char *)b->p + at, ".en#"))
		brn_buf_printf(b, ".0");
}

static void
print_attrs(struct printer *p, const struct brn_node *n)
{
	if (!n->nattr)
		return;
	brn_buf_printf(p->b, " {");
	for (int i = 0; i < n->nattr; i++) {
		const struct brn_attr *a = &n->attr[i];

		brn_buf_printf(p->b, "%s%s=", i ? " " : "", a->name);
		if (a->t) {
			print_values(p, a->t);
			print_type(p, &a->t->type);
		} else if (a->ints) {
			print_ints(p->b, a->ints, a->nints);
		} else if (a->f != 0 || signbit(a->f)) {
			print_float_attr(p->b, a->f);
		} else {
			brn_buf_printf(p->b, "%" PRId64, a->i);
		}
	}
	brn_buf_printf(p->b, "}");
}

static void
print_bsr(struct printer *p, const struct brn_bsr *m)
{
	struct brn_tensor rowptr = { { BURIN_I32, 1, { m->nbrow + 1 } },
	    m->rowptr };
	struct brn_tensor colidx = { { BURIN_I32, 1, { m->nblk } },
	    m->colidx };
	struct brn_tensor vals = { { m->ints ? BURIN_I8 : BURIN_F32, 3,
	    { m->nblk, m->bw, m->bh } }, m->vals };

	if (m->ints)
		vals.data = m->ints;
	brn_buf_printf(p->b, " %dx%d ", m->bh, m->bw);
	print_values(p, &rowptr);
	print_values(p, &colidx);
	print_values(p, &vals);
}

static void
print_op(struct printer *p, const struct brn_node *n)
{
	if (n->op == BRN_OP_unsupported) {
		brn_buf_printf(p->b, "?%d:", n->opset);
		brn_text_escape(p->b, n->onnx_op, "(");
	} else {
		brn_buf_printf(p->b, "%s", brn_ops[n->op].name);
	}
	if (brn_ops[n->op].flags & BRN_LEAF)
		return;
	brn_buf_printf(p->b, "(");
	for (int i = 0; i < n->nin; i++) {
		brn_buf_printf(p->b, i ? ", " : "");
		if (n->in[i])
			brn_buf_printf(p->b, "%%%d", n->in[i]->id);
		else
			brn_buf_printf(p->b, "_");
	}
	brn_buf_printf(p->b, ")");
}

static void
print_node(struct printer *p, const struct brn_node *n)
{
	brn_buf_printf(p->b, "%%%d = ", n->id);
	print_op(p, n);
	print_attrs(p, n);
	if (n->op == BRN_OP_constant) {
		brn_buf_printf(p->b, " ");
		print_values(p, n->value);
	}
	if (n->op == BRN_OP_bsr)
		print_bsr(p, n->bsr);
	brn_buf_printf(p->b, " ");
	print_type(p, &n->type);
	if (n->tiles)
		brn_buf_printf(p->b, " tiles");
	if (n->name[0]) {
		brn_buf_printf(p->b, "  # ");
		brn_text_escape(p->b, n->name, "");
	}
	brn_buf_printf(p->b, "\n");
}

/* All up to the last one with a name: they get the same numbers again.  */
static void
print_symbols(struct printer *p)
{
	int n = p->g->nsym;

	while (n && !p->g->sym[n - 1])
		n--;
	if (!n)
		return;
	brn_buf_printf(p->b, "sym");
	for (int i = 0; i < n; i++) {
		brn_buf_printf(p->b, " ");
		brn_sym_print(p->b, i, p->g->sym, p->g->nsym);
	}
	brn_buf_printf(p->b, "\n");
}

/* An input is what its node is, unless the file declares it as something else;
 * an output has a declared type or none.  */
static void
print_port(struct printer *p, const char *what, const struct brn_value *v,
    int has_type)
{
	brn_buf_printf(p->b, "%s %%%d", what, v->node->id);
	if (has_type) {
		brn_buf_printf(p->b, ":");
		print_type(p, &v->type);
	}
	brn_buf_printf(p->b, " ");
	brn_text_escape(p->b, v->name, "");
	brn_buf_printf(p->b, "\n");
}

static int
print(struct printer *p)
{
	const struct brn_graph *g = p->g;
	locale_t old = brn_text_begin();

	brn_buf_printf(p->b, BRN_TEXT_MAGIC "%d\n", g->opset);
	print_symbols(p);
	for (int i = 0; i < g->nin; i++)
		print_port(p, "in", &g->in[i], !brn_type_equal(&g->in[i].type,
		    &g->in[i].node->type));
	for (int i = 0; i < g->nnode; i++)
		print_node(p, g->node[i]);
	for (int i = 0; i < g->nout; i++)
		print_port(p, "out", &g->out[i], g->out[i].type.rank >= 0 ||
		    g->out[i].type.dtype);
	brn_text_end(old);
	return p->rc;
}

void
brn_graph_print(struct brn_buf *b, const struct brn_graph *g)
{
	print(&(struct printer){ .b = b, .g = g });
}

static int
write_text(FILE *f, const struct brn_graph *g, const char *dir,
    const char *path, burin_error *err)
{
	struct brn_buf b = { 0 };
	int rc = print(&(struct printer){ &b, g, dir, 0, err });

	if (rc == 0 && b.fail)
		rc = brn_nomem(err);
	else if (rc == 0 && fwrite(b.p, 1, b.n, f) != b.n)
		rc = brn_fail(err, BURIN_EIO, "%s: %s", path,
		    strerror(errno));
	brn_buf_free(&b);
	return rc;
}

int
brn_graph_save(const struct brn_graph *g, const char *dir, const char *name,
    burin_error *err)
{
	struct brn_buf path = { 0 };
	const char *s;
	FILE *f = NULL;
	int rc;

	brn_buf_printf(&path, "%s/%s", dir, name);
	s = (const char *)path.p;
	if (!s)
		return brn_nomem(err);
	f = fopen(s, "w");
	rc = f ? write_text(f, g, dir, s, err) : -1;
	if (!f || (fclose(f) != 0 && rc == 0))
		rc = brn_fail(err, BURIN_EIO, "%s: %s", s, strerror(errno));
	brn_buf_free(&path);
	return rc;
}
