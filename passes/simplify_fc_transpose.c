/* SPDX-License-Identifier: Apache-2.0
 *
 * A transposed weight becomes a constant of its own.  The weight itself is
 * left alone, since it may have other users (a tied embedding), and however
 * many layers share it, it is transposed once.
 */
#include "passes/pass.h"

#include <stdlib.h>

#include "passes/rewrite.h"

/* Few columns at a time: each is a row of dst that is written along, and rows
 * of a power of two share the lines of a cache of few ways.  The rows of src
 * stay in the cache until all of their columns are done.  */
enum { ROWS = 64, COLS = 8 };

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
transpose(const float *src, int64_t rows, int64_t cols, float *dst)
{
	for (int64_t r0 = 0; r0 < rows; r0 += ROWS)
		for (int64_t c0 = 0; c0 < cols; c0 += COLS) {
			int64_t r1 = least(r0 + ROWS, rows);
			int64_t c1 = least(c0 + COLS, cols);

			for (int64_t r = r0; r < r1; r++)
				for (int64_t c = c0; c < c1; c++)
					dst[c * rows + r] = src[r * cols + c];
		}
}

static struct brn_node *
transposed(struct brn_graph *g, const struct brn_node *w)
{
	int64_t rows = w->value->type.dim[0], cols = w->value->type.dim[1];
	struct brn_type t = { BURIN_F32, 2, { cols, rows } };
	float *data = brn_alloc_aligned((size_t)(rows * cols) * sizeof *data);

	if (!data)
		return NULL;
	transpose(w->value->data, rows, cols, data);
	return brn_graph_constant_own(g, w->name, &t, data);
}

/* The constant under a stack of transposes; *flips is their number.  NULL:
 * none.  */
static struct brn_node *
source(struct brn_node *w, int *flips)
{
	for (*flips = 0; brn_is_matrix_transpose(w); ++*flips)
		w = w->in[0];
	return *flips && brn_is_const_matrix(w) ? w : NULL;
}

int
brn_pass_simplify_fc_transpose(struct brn_graph *g,
    const struct brn_pass_opts *o, int *changed, burin_error *err)
{
	struct brn_node **memo; /* by id of the weight */
	int end = g->nnode, count = 0, rc = BURIN_OK;

	(void)o;
	memo = brn_alloc((size_t)end + 1, sizeof *memo);
	if (!memo)
		return brn_nomem(err);
	for (int i = 0; i < end; i++) {
		struct brn_node *n = g->node[i], *w;
		int flips;

		if (n->op != BRN_OP_dense || !(w = source(n->in[1], &flips)))
			continue;
		if (flips % 2) {
			if (!memo[w->id])
				memo[w->id] = transposed(g, w);
			w = memo[w->id];
		}
		if (!w) {
			rc = brn_nomem(err);
			break;
		}
		n->in[1] = w;
		count++;
	}
	free(memo);
	if (count && rc == BURIN_OK)
		rc = brn_graph_sort(g, err);
	if (rc == BURIN_OK)
		*changed += count;
	return rc;
}
