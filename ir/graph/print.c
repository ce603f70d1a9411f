/* SPDX-License-Identifier: Apache-2.0
 *
 * A graph as text: the same graph gives the same bytes.  One line a node,
 *
 *	%4 = dense(%0, %2, _) {axis=1} f32[batch,64]  # encoder/query
 *
 * _ is an input that is not given; constants show their first elements and,
 * when there are more, a hash of all of them.
 */
#include "ir/graph/graph.h"

#include "ir/graph/iter.h"
#include "ir/graph/report.h"

#include <inttypes.h>

static void
print_element(struct brn_buf *b, const struct brn_tensor *t, int64_t i)
{
	if (brn_dtype_is_float(t->type.dtype))
		brn_buf_printf(b, "%.9g", brn_get_float(t, i));
	else
		brn_buf_printf(b, "%" PRId64, brn_get_int(t, i));
}

/* FNV-1a: enough to tell constants apart in a dump.  */
static uint32_t
fingerprint(const void *p, size_t n)
{
	const uint8_t *s = p;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * 16777619u;
	return h;
}

static void
print_tensor(struct brn_buf *b, const struct brn_tensor *t)
{
	int64_t n = brn_numel(t);

	brn_buf_printf(b, "[");
	for (int64_t i = 0; i < n && i < 8; i++) {
		if (i)
			brn_buf_printf(b, " ");
		print_element(b, t, i);
	}
	if (n > 8)
		brn_buf_printf(b, " .. #%08x", fingerprint(t->data,
		    (size_t)n * brn_dtype_size(t->type.dtype)));
	brn_buf_printf(b, "]");
}

static void
print_attrs(struct brn_buf *b, const struct brn_node *n)
{
	if (!n->nattr)
		return;
	brn_buf_printf(b, " {");
	for (int i = 0; i < n->nattr; i++) {
		const struct brn_attr *a = &n->attr[i];

		brn_buf_printf(b, "%s%s=", i ? " " : "", a->name);
		if (a->t) {
			print_tensor(b, a->t);
		} else if (a->ints) {
			for (int k = 0; k < a->nints; k++)
				brn_buf_printf(b, "%s%" PRId64, k ? "," : "",
				    a->ints[k]);
		} else if (a->f != 0) {
			brn_buf_printf(b, "%.9g", a->f);
		} else {
			brn_buf_printf(b, "%" PRId64, a->i);
		}
	}
	brn_buf_printf(b, "}");
}

static void
print_node(struct brn_buf *b, const struct brn_graph *g,
    const struct brn_node *n)
{
	const struct brn_choice *choice = brn_report_choice(g, n);

	brn_buf_printf(b, "%%%d = %s", n->id, n->op == BRN_OP_unsupported ?
	    n->onnx_op : brn_ops[n->op].name);
	if (!(brn_ops[n->op].flags & BRN_LEAF)) {
		brn_buf_printf(b, "(");
		for (int i = 0; i < n->nin; i++) {
			brn_buf_printf(b, i ? ", " : "");
			if (n->in[i])
				brn_buf_printf(b, "%%%d", n->in[i]->id);
			else
				brn_buf_printf(b, "_");
		}
		brn_buf_printf(b, ")");
	}
	print_attrs(b, n);
	if (n->op == BRN_OP_constant) {
		brn_buf_printf(b, " ");
		print_tensor(b, n->value);
	}
	if (n->op == BRN_OP_bsr)
		brn_buf_printf(b, " %dx%d nblk=%d", n->bsr->bh, n->bsr->bw,
		    n->bsr->nblk);
	brn_buf_printf(b, " ");
	brn_type_print(b, &n->type, g->sym, g->nsym);
	if (n->tiles)
		brn_buf_printf(b, " tiles");
	if (n->name[0])
		brn_buf_printf(b, "  # %s", n->name);
	if (choice)
		brn_buf_printf(b, "  (%s)", choice->why);
	brn_buf_printf(b, "\n");
}

void
brn_graph_print(struct brn_buf *b, const struct brn_graph *g)
{
	brn_buf_printf(b, "graph opset %d\n", g->opset);
	for (int i = 0; i < g->nin; i++)
		brn_buf_printf(b, "in %%%d %s\n", g->in[i].node->id,
		    g->in[i].name);
	for (int i = 0; i < g->nnode; i++)
		print_node(b, g, g->node[i]);
	for (int i = 0; i < g->nout; i++)
		brn_buf_printf(b, "out %%%d %s\n", g->out[i].node->id,
		    g->out[i].name);
}
