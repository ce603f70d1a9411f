/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving outputs to the caller.  Inputs of the caller and constants of the
 * model are lent as copies; other values are lent where the plan computed
 * them, or computed in the caller's buffer.
 */
#include "runtime/outputs.h"

#include <string.h>

/* Of memory of a plan: its address and its size are multiples, and a form may
 * write up to the next one.  */
enum { ALIGNMENT = 64 };

int
brn_value_find(const struct brn_value *v, int n, size_t hint,
    const char *name)
{
	if (!name)
		return -1;
	if (hint < (size_t)n && !strcmp(v[hint].name, name))
		return (int)hint;
	for (int i = 0; i < n; i++)
		if (!strcmp(v[i].name, name))
			return i;
	return -1;
}

/* The index in g->out of the k-th requested output, which exists.  */
static int
index_of(const struct brn_graph *g, const burin_output *out, size_t k)
{
	return brn_value_find(g->out, g->nout, k, out[k].name);
}

int
brn_outputs_check(const struct brn_graph *g, const struct brn_shares *s,
    const burin_output *out, size_t n, burin_error *err)
{
	for (size_t k = 0; k < n; k++) {
		int i = index_of(g, out, k);

		if (i < 0)
			return brn_fail(err, BURIN_EINVAL,
			    "output '%s': the model has none of that name",
			    out[k].name ? out[k].name : "");
		if (out[k].buffer && brn_share_of_output(s, i))
			return brn_fail(err, BURIN_EINVAL, "output '%s': has "
			    "a buffer, and shares that of an input",
			    out[k].name);
	}
	return 0;
}

void
brn_outputs_describe(const struct brn_plan *p, burin_output *out, size_t n)
{
	const struct brn_graph *g = p->net->graph;

	for (size_t k = 0; k < n; k++) {
		int i = index_of(g, out, k);
		const struct brn_tensor *v = &p->val[g->out[i].node->id];
		const struct brn_share *share =
		    brn_share_of_output(p->shares, i);

		out[k].data = NULL;
		out[k].dtype = (enum burin_dtype)v->type.dtype;
		out[k].rank = v->type.rank;
		for (int d = 0; d < BRN_MAX_RANK; d++)
			out[k].dims[d] = brn_is_sym(v->type.dim[d]) ? -1 :
			    v->type.dim[d];
		out[k].nbytes = !brn_type_is_concrete(&v->type) ? 0 :
		    share ? brn_share_bytes(share, &v->type) :
		    brn_value_bytes(v);
	}
}

static int
overlap(const void *a, size_t na, const void *b, size_t nb)
{
	uintptr_t x = (uintptr_t)a, y = (uintptr_t)b;

	return na && nb && (x < y ? y - x < na : x - y < nb);
}

int
brn_outputs_fit(const burin_output *out, size_t n, burin_error *err)
{
	for (size_t k = 0; k < n; k++) {
		if ((int)out[k].dtype & BRN_LIST)
			return brn_fail(err, BURIN_EUNSUPPORTED,
			    "output '%s': is a sequence", out[k].name);
		if (out[k].buffer && out[k].room < out[k].nbytes)
			return brn_fail(err, BURIN_EROOM,
			    "output '%s': has room for %zu bytes, needs %zu",
			    out[k].name, out[k].room, out[k].nbytes);
	}
	for (size_t k = 1; k < n; k++)
		for (size_t j = 0; out[k].buffer && j < k; j++)
			if (overlap(out[j].buffer, out[j].buffer ?
			    out[j].nbytes : 0, out[k].buffer, out[k].nbytes))
				return brn_fail(err, BURIN_EINVAL, "outputs "
				    "'%s' and '%s': their buffers overlap",
				    out[j].name, out[k].name);
	return 0;
}

static int
overlaps_input(const struct brn_plan *p, const burin_output *out)
{
	const struct brn_graph *g = p->net->graph;

	for (int i = 0; i < g->nin; i++) {
		const struct brn_tensor *v = &p->val[g->in[i].node->id];
		const struct brn_share *s = brn_share_of_input(p->shares, i);

		if (overlap(out->buffer, out->nbytes, v->data, s ?
		    brn_share_bytes(s, &v->type) : brn_value_bytes(v)))
			return 1;
	}
	return 0;
}

/* Is no other of the n outputs the value of the k-th?  */
static int
is_only_one(const struct brn_plan *p, const burin_output *out, size_t n,
    size_t k)
{
	const struct brn_graph *g = p->net->graph;
	int id = p->direct[index_of(g, out, k)].id;

	for (size_t j = 0; j < n; j++) {
		const struct brn_direct *d = &p->direct[index_of(g, out, j)];

		if (j != k && d->home && d->id == id)
			return 0;
	}
	return 1;
}

void
brn_outputs_place(struct brn_plan *p, const burin_output *out, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		const struct brn_direct *d;

		if (!out[k].buffer || !out[k].nbytes ||
		    out[k].nbytes % ALIGNMENT ||
		    (uintptr_t)out[k].buffer % ALIGNMENT)
			continue;
		d = &p->direct[index_of(p->net->graph, out, k)];
		if (d->home && is_only_one(p, out, n, k) &&
		    !overlaps_input(p, &out[k]))
			p->val[d->id].data = out[k].buffer;
	}
}

void
brn_outputs_replace(struct brn_plan *p)
{
	for (int i = 0; i < p->net->graph->nout; i++)
		if (p->direct[i].home)
			p->val[p->direct[i].id].data = p->direct[i].home;
}

/* Does the buffer of another output overlap the value of the k-th?  */
static int
is_written_over(const burin_output *out, size_t n, size_t k,
    const void *data)
{
	for (size_t j = 0; j < n; j++)
		if (j != k && out[j].buffer && overlap(out[j].buffer,
		    out[j].nbytes, data, out[k].nbytes))
			return 1;
	return 0;
}

int
brn_outputs_give(struct brn_plan *p, burin_output *out, size_t n,
    burin_error *err)
{
	const struct brn_graph *g = p->net->graph;
	int rc;

	/* Values that a buffer would overwrite are copied first.  */
	for (size_t k = 0; k < n; k++) {
		int i = index_of(g, out, k);
		const void *data = p->val[g->out[i].node->id].data;

		if (!brn_share_of_output(p->shares, i) &&
		    !brn_plan_owns(p, data) && (!out[k].buffer ||
		    is_written_over(out, n, k, data))) {
			if ((rc = brn_plan_copy(p, i, err)) < 0)
				return rc;
			data = p->copy[i];
		}
		out[k].data = data;
	}
	for (size_t k = 0; k < n; k++) {
		if (!out[k].buffer)
			continue;
		if (out[k].nbytes && out[k].data != out[k].buffer)
			memmove(out[k].buffer, out[k].data, out[k].nbytes);
		out[k].data = out[k].buffer;
	}
	return 0;
}
