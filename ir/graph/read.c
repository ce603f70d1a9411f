/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the text of a graph, line by line.  Memory is bounded by the size of
 * the text and of the value files: a constant is allocated only when its
 * elements are there.
 */
#include "ir/graph/read.h"

#include "ir/graph/reader.h"
#include "ir/graph/text.h"

#include <stdlib.h>
#include <string.h>

enum {
	MAX_NODES = 1 << 20,
	MAX_BLOCK = 4096,               /* rows or columns */
};

/* ---- nodes --------------------------------------------------------------- */

/* An op of ops.def, or "?13:NonZero" for one that burin does not know.  */
static int
read_op(struct brn_reader *r, struct brn_node *n)
{
	struct brn_words at = r->w;
	char name[64];
	int64_t opset;
	int rc;

	if (brn_words_take(&r->w, "?")) {
		n->op = BRN_OP_unsupported;
		if ((rc = brn_words_int(&r->w, "opset", 0, INT32_MAX,
		    &opset)) < 0 || (rc = brn_words_must(&r->w, ":")) < 0 ||
		    (rc = brn_words_text(&r->w, "(", r->g->arena,
		    &n->onnx_op)) < 0)
			return rc;
		n->opset = (int)opset;
		return r->keep ? 0 : brn_fail(r->w.err, BURIN_EUNSUPPORTED,
		    "%s:%d: unsupported: %s", r->w.file, r->w.line,
		    n->onnx_op);
	}
	if ((rc = brn_words_name(&r->w, "an op", name, sizeof name)) < 0)
		return rc;
	for (int i = 0; i < BRN_NUM_OPS; i++)
		if (i != BRN_OP_unsupported && !strcmp(brn_ops[i].name, name)) {
			n->op = (enum brn_op)i;
			return 0;
		}
	r->w = at;
	return brn_words_bad(&r->w, "unknown op '%s'", name);
}

/* Operands are nodes of the lines above.  */
static int
read_inputs(struct brn_reader *r, struct brn_node *n)
{
	size_t most = (size_t)(r->w.end - r->w.p) / 2 + 1;
	int rc;

	n->in = brn_arena_alloc(r->g->arena, most, sizeof *n->in);
	if (!n->in)
		return brn_nomem(r->w.err);
	if ((rc = brn_words_must(&r->w, "(")) < 0)
		return rc;
	while (!brn_words_take(&r->w, ")")) {
		int64_t i;

		if (n->nin && (rc = brn_words_must(&r->w, ", ")) < 0)
			return rc;
		if (brn_words_take(&r->w, "_")) {
			n->nin++;
			continue;
		}
		if ((rc = brn_words_must(&r->w, "%")) < 0 ||
		    (rc = brn_words_int(&r->w, "operand", 0, n->id - 1,
		    &i)) < 0)
			return rc;
		n->in[n->nin++] = r->g->node[i];
	}
	return 0;
}

static int
read_type_and_name(struct brn_reader *r, struct brn_node *n)
{
	int rc;

	if ((rc = brn_words_must(&r->w, " ")) < 0 ||
	    (rc = brn_read_type(r, &n->type)) < 0)
		return rc;
	n->tiles = brn_words_take(&r->w, " tiles");
	if (brn_words_take(&r->w, "  # "))
		return brn_words_text(&r->w, "", r->g->arena, &n->name);
	return 0;
}

static int
read_constant(struct brn_reader *r, struct brn_node *n)
{
	struct brn_words values;
	int rc;

	n->value = brn_arena_alloc(r->g->arena, 1, sizeof *n->value);
	if (!n->value)
		return brn_nomem(r->w.err);
	if ((rc = brn_words_must(&r->w, " ")) < 0 ||
	    (rc = brn_skip_values(r, &values)) < 0 ||
	    (rc = read_type_and_name(r, n)) < 0)
		return rc;
	n->value->type = n->type;
	return brn_read_values(r, &values, n->value);
}

static int
read_ints32(struct brn_reader *r, struct brn_words *w, int64_t n,
    int32_t **out)
{
	struct brn_tensor t = { { BURIN_I32, 1, { n } }, NULL };
	int rc = brn_read_values(r, w, &t);

	*out = t.data;
	return rc;
}

/* Rows, columns and blocks of the type and of the text.  */
static int
size_bsr(struct brn_reader *r, const struct brn_type *t, struct brn_bsr *m)
{
	if ((t->dtype != BURIN_F32 && t->dtype != BURIN_I8) || t->rank != 2 ||
	    !brn_type_is_concrete(t))
		return brn_words_bad(&r->w, "type is not that of a matrix of "
		    "f32 or i8");
	m->rows = t->dim[0];
	m->cols = t->dim[1];
	if (m->rows > INT32_MAX - MAX_BLOCK || m->cols > INT32_MAX - MAX_BLOCK)
		return brn_words_bad(&r->w, "matrix is too large");
	m->nbrow = (int32_t)((m->rows + m->bh - 1) / m->bh);
	m->nbcol = (int32_t)((m->cols + m->bw - 1) / m->bw);
	return 0;
}

/* The three lists of values: rowptr, colidx, blocks.  */
static int
fill_bsr(struct brn_reader *r, struct brn_words list[3], int dtype,
    struct brn_bsr *m)
{
	struct brn_tensor vals = { { dtype, 3, { 0, m->bw, m->bh } }, NULL };
	int rc;

	if ((rc = read_ints32(r, &list[0], (int64_t)m->nbrow + 1,
	    &m->rowptr)) < 0)
		return rc;
	m->nblk = m->rowptr[m->nbrow];
	if (m->nblk < 0)
		return brn_words_bad(&r->w, "rowptr ends at %d", m->nblk);
	if ((rc = read_ints32(r, &list[1], m->nblk, &m->colidx)) < 0)
		return rc;
	vals.type.dim[0] = m->nblk;
	rc = brn_read_values(r, &list[2], &vals);
	if (dtype == BURIN_I8)
		m->ints = vals.data;
	else
		m->vals = vals.data;
	return rc;
}

/* "16x1 [0 1] [3] [1 2 ..]".  */
static int
read_bsr(struct brn_reader *r, struct brn_node *n)
{
	struct brn_words list[3];
	int64_t bh, bw;
	int rc;

	n->bsr = brn_alloc(1, sizeof *n->bsr);
	if (!n->bsr)
		return brn_nomem(r->w.err);
	if ((rc = brn_words_must(&r->w, " ")) < 0 ||
	    (rc = brn_words_block(&r->w, MAX_BLOCK, &bh, &bw)) < 0)
		return rc;
	n->bsr->bh = (int)bh;
	n->bsr->bw = (int)bw;
	if ((rc = brn_words_must(&r->w, " ")) < 0)
		return rc;
	for (int i = 0; i < 3; i++)
		if ((rc = brn_skip_values(r, &list[i])) < 0)
			return rc;
	if ((rc = read_type_and_name(r, n)) < 0 ||
	    (rc = size_bsr(r, &n->type, n->bsr)) < 0)
		return rc;
	return fill_bsr(r, list, n->type.dtype, n->bsr);
}

/* "%4 = add(%2, %3) f32[2]", without the %.  */
static int
read_node(struct brn_reader *r)
{
	struct brn_node *n;
	int64_t id;
	int rc;

	if ((rc = brn_words_int(&r->w, "node", r->g->nnode, r->g->nnode,
	    &id)) < 0 || (rc = brn_words_must(&r->w, " = ")) < 0)
		return rc;
	if (id == MAX_NODES)
		return brn_words_bad(&r->w, "more than %d nodes", MAX_NODES);
	n = brn_graph_add(r->g, BRN_OP_input, "", NULL, 0);
	if (!n)
		return brn_nomem(r->w.err);
	if ((rc = read_op(r, n)) < 0)
		return rc;
	if (!(brn_ops[n->op].flags & BRN_LEAF))
		rc = read_inputs(r, n);
	if (rc < 0 || (rc = brn_read_attrs(r, n)) < 0)
		return rc;
	if (n->op == BRN_OP_constant)
		return read_constant(r, n);
	if (n->op == BRN_OP_bsr)
		return read_bsr(r, n);
	return read_type_and_name(r, n);
}

/* ---- the text ------------------------------------------------------------ */

/* "%3:f32[2] y", without the %.  */
static int
read_port(struct brn_reader *r, struct brn_ports *to)
{
	struct brn_port *p = &to->port[to->n];
	int rc;

	if (to->n == BRN_MAX_PORTS)
		return brn_words_bad(&r->w, "more than %d inputs or outputs",
		    BRN_MAX_PORTS);
	*p = (struct brn_port){ .v.type.rank = -2 };
	if ((rc = brn_words_int(&r->w, "node", 0, MAX_NODES, &p->node)) < 0 ||
	    (brn_words_take(&r->w, ":") &&
	    (rc = brn_read_type(r, &p->v.type)) < 0) ||
	    (rc = brn_words_must(&r->w, " ")) < 0)
		return rc;
	to->n++;
	return brn_words_text(&r->w, "", r->g->arena, &p->v.name);
}

static int
read_head(struct brn_reader *r)
{
	int64_t opset;
	int rc;

	if ((rc = brn_words_must(&r->w, BRN_TEXT_MAGIC)) < 0 ||
	    (rc = brn_words_int(&r->w, "opset", 0, INT32_MAX, &opset)) < 0)
		return rc;
	r->g->opset = (int)opset;
	return 0;
}

static int
read_line(struct brn_reader *r)
{
	if (r->w.line == 1)
		return read_head(r);
	if (brn_words_take(&r->w, "%"))
		return read_node(r);
	if (brn_words_take(&r->w, "in %"))
		return read_port(r, &r->in);
	if (brn_words_take(&r->w, "out %"))
		return read_port(r, &r->out);
	if (brn_words_take(&r->w, "sym"))
		return brn_read_symbols(r);
	if (r->w.p < r->w.end && *r->w.p != '#')
		return brn_words_want(&r->w, "%, in, out, sym or #");
	r->w.p = r->w.end;
	return 0;
}

static int
read_lines(struct brn_reader *r)
{
	int rc;

	while (r->next < r->end) {
		size_t n = (size_t)(r->end - r->next);
		const char *end = memchr(r->next, '\n', n);

		r->w.p = r->next;
		r->w.end = end ? end : r->end;
		r->w.line++;
		r->next = end ? end + 1 : r->end;
		if ((rc = read_line(r)) < 0)
			return rc;
		if (r->w.p < r->w.end)
			return brn_words_want(&r->w, "the end of the line");
	}
	return r->w.line ? 0 : brn_fail(r->w.err, BURIN_EFORMAT,
	    "%s: is empty", r->w.file);
}

static int
resolve(struct brn_reader *r, const struct brn_ports *from,
    struct brn_value **to, int *n)
{
	*to = brn_arena_alloc(r->g->arena, (size_t)from->n, sizeof **to);
	if (!*to)
		return brn_nomem(r->w.err);
	for (; *n < from->n; ++*n) {
		const struct brn_port *p = &from->port[*n];
		struct brn_value *v = &(*to)[*n];

		*v = p->v;
		if (p->node >= r->g->nnode)
			return brn_fail(r->w.err, BURIN_EFORMAT,
			    "%s: '%s' is node %lld of %d", r->w.file, v->name,
			    (long long)p->node, r->g->nnode);
		v->node = r->g->node[p->node];
		if (v->type.rank == -2 && from == &r->in)
			v->type = v->node->type;
		else if (v->type.rank == -2)
			v->type.rank = -1;
	}
	return 0;
}

/* Every input is one port.  */
static int
check_inputs(struct brn_reader *r)
{
	const struct brn_graph *g = r->g;
	int n = 0;

	for (int i = 0; i < g->nnode; i++)
		n += g->node[i]->op == BRN_OP_input;
	for (int i = 0; i < g->nin; i++) {
		if (g->in[i].node->op != BRN_OP_input)
			return brn_fail(r->w.err, BURIN_EFORMAT, "%s: '%s' is "
			    "no input", r->w.file, g->in[i].name);
		for (int k = 0; k < i; k++)
			if (g->in[k].node == g->in[i].node)
				n = -1;
	}
	if (n != g->nin)
		return brn_fail(r->w.err, BURIN_EFORMAT, "%s: wanted each "
		    "input in one line 'in'", r->w.file);
	return 0;
}

/* How often each op occurs, in the order of the table.  */
static int
count_ops(struct brn_graph *g, burin_error *err)
{
	int count[BRN_NUM_OPS] = { 0 };

	g->opcount = brn_arena_alloc(g->arena, BRN_NUM_OPS,
	    sizeof *g->opcount);
	if (!g->opcount)
		return brn_nomem(err);
	for (int i = 0; i < g->nnode; i++)
		count[g->node[i]->op]++;
	for (int i = 0; i < BRN_NUM_OPS; i++)
		if (count[i] && !(brn_ops[i].flags & BRN_LEAF))
			g->opcount[g->nopcount++] = (struct brn_opcount){
			    brn_ops[i].name, count[i] };
	return 0;
}

static int
read_graph(struct brn_reader *r)
{
	burin_error *err = r->w.err, why;
	int rc;

	if ((rc = read_lines(r)) < 0 ||
	    (rc = resolve(r, &r->in, &r->g->in, &r->g->nin)) < 0 ||
	    (rc = resolve(r, &r->out, &r->g->out, &r->g->nout)) < 0 ||
	    (rc = check_inputs(r)) < 0 || (rc = count_ops(r->g, err)) < 0)
		return rc;
	if ((rc = brn_graph_verify(r->g, &why)) < 0)
		return brn_fail(err, rc, "%s: %s", r->w.file, why.msg);
	return 0;
}

int
brn_graph_is_text(const void *data, size_t size)
{
	size_t n = strlen(BRN_TEXT_MAGIC);

	return size >= n && !memcmp(data, BRN_TEXT_MAGIC, n);
}

int
brn_graph_read(const void *data, size_t size, const char *dir,
    const char *name, int keep, struct brn_graph **out, burin_error *err)
{
	struct brn_reader *r = brn_alloc(1, sizeof *r);
	locale_t old;
	int rc;

	if (!r)
		return brn_nomem(err);
	r->w = (struct brn_words){ .file = name, .err = err };
	r->next = data;
	r->end = r->next + size;
	r->dir = dir;
	r->values_left = BRN_MAX_VALUES;
	r->keep = keep;
	r->g = brn_graph_new();
	if (r->g)
		brn_budget_read(r->g->budget, size);
	old = brn_text_begin();
	rc = r->g ? read_graph(r) : brn_nomem(err);
	brn_text_end(old);
	if (rc < 0)
		brn_graph_free(r->g);
	else
		*out = r->g;
	free(r);
	return rc;
}
