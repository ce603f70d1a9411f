/* SPDX-License-Identifier: Apache-2.0
 *
 * Each of the two weights is scanned once.  -0.0 is zero, NaN is not.
 */
#include "passes/dead_channels.h"

#include <stdlib.h>
#include <string.h>

/* Mark the columns of zeros.  The scan ends as soon as none is left.  */
static void
mark_cols(const struct brn_tensor *w, unsigned char *zero)
{
	int64_t rows = w->type.dim[0], cols = w->type.dim[1], left = cols;
	const float *p = w->data;

	memset(zero, 1, (size_t)cols);
	for (int64_t r = 0; r < rows && left; r++, p += cols) {
		left = 0;
		for (int64_t k = 0; k < cols; k++) {
			zero[k] &= p[k] == 0;
			left += zero[k];
		}
	}
}

static void
mark_rows(const struct brn_tensor *w, unsigned char *zero)
{
	int64_t rows = w->type.dim[0], cols = w->type.dim[1];
	const float *p = w->data;

	for (int64_t r = 0; r < rows; r++, p += cols) {
		int64_t k = 0;

		while (k < cols && p[k] == 0)
			k++;
		zero[r] = k == cols;
	}
}

/* Set the state of channels whose weights in w are all zero.  */
static void
mark(struct brn_channels *c, const struct brn_tensor *w, int axis, int state)
{
	if (axis)
		mark_cols(w, c->zero);
	else
		mark_rows(w, c->zero);
	for (int64_t i = 0; i < c->n; i++)
		if (c->zero[i])
			c->state[i] = (unsigned char)state;
}

void
brn_channels_mark_constant(struct brn_channels *c, const struct brn_tensor *w,
    int axis)
{
	mark(c, w, axis, BRN_CHANNEL_CONSTANT);
}

void
brn_channels_mark_unread(struct brn_channels *c, const struct brn_tensor *w,
    int axis)
{
	mark(c, w, axis, BRN_CHANNEL_UNREAD);
}

int
brn_channels_init(struct brn_channels *c, int64_t n, int64_t units,
    burin_error *err)
{
	*c = (struct brn_channels){ .n = n, .units = units, .nkept = units };
	c->state = brn_alloc((size_t)n, sizeof *c->state);
	c->zero = brn_alloc((size_t)n, sizeof *c->zero);
	c->value = brn_alloc((size_t)n, sizeof *c->value);
	c->removed = brn_alloc((size_t)units, sizeof *c->removed);
	c->folded = brn_alloc((size_t)n, sizeof *c->folded);
	if (!c->state || !c->zero || !c->value || !c->removed || !c->folded)
		return brn_nomem(err);
	return BURIN_OK;
}

void
brn_channels_free(struct brn_channels *c)
{
	free(c->state);
	free(c->zero);
	free(c->value);
	free(c->removed);
	free(c->folded);
}

static int
all_removable(const struct brn_channels *c, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		if (c->state[i] == BRN_CHANNEL_LIVE)
			return 0;
	return 1;
}

static void
list_folded(struct brn_channels *c)
{
	int64_t size = c->n / c->units;

	c->nfolded = 0;
	for (int64_t i = 0; i < c->n; i++)
		if (c->removed[i / size] && c->value[i] != 0 &&
		    c->state[i] == BRN_CHANNEL_CONSTANT)
			c->folded[c->nfolded++] = i;
}

void
brn_channels_remove(struct brn_channels *c, int64_t group)
{
	int64_t size = c->n / c->units;

	memset(c->removed, 0, (size_t)c->units);
	c->nkept = c->units;
	for (int64_t u = 0; u < c->units; u += group) {
		int64_t n = c->units - u < group ? c->units - u : group;

		if (!all_removable(c, u * size, (u + n) * size))
			continue;
		memset(c->removed + u, 1, (size_t)n);
		c->nkept -= n;
	}
	if (!c->nkept) {
		c->removed[0] = 0;
		c->nkept = 1;
	}
	list_folded(c);
}

/* Copy the kept ones of units pieces of that many floats each, neighbours
 * together.  Returns the end of the copy.  */
static float *
copy_kept(const struct brn_channels *c, const float *from, int64_t piece,
    float *to)
{
	int64_t u = 0, end;

	while (u < c->units) {
		if (c->removed[u]) {
			u++;
			continue;
		}
		for (end = u + 1; end < c->units && !c->removed[end]; end++)
			;
		memcpy(to, from + u * piece,
		    (size_t)((end - u) * piece) * sizeof *to);
		to += (end - u) * piece;
		u = end;
	}
	return to;
}

int
brn_channels_compact(const struct brn_channels *c, const struct brn_tensor *w,
    int axis, struct brn_tensor *out, burin_error *err)
{
	int64_t lines = axis ? w->type.dim[0] : 1;
	int64_t line = brn_numel(w) / lines;
	float *to;

	out->type = w->type;
	out->type.dim[axis] = w->type.dim[axis] / c->units * c->nkept;
	out->data = brn_alloc_aligned((size_t)brn_numel(out) * sizeof *to);
	if (!out->data)
		return brn_nomem(err);
	to = out->data;
	for (int64_t i = 0; i < lines; i++)
		to = copy_kept(c, (const float *)w->data + i * line,
		    line / c->units, to);
	return BURIN_OK;
}

void
brn_channels_add_bias(const struct brn_channels *c, const struct brn_tensor *w,
    int axis, float *bias)
{
	int64_t rows = w->type.dim[!axis];
	int64_t row = axis ? c->n : 1, feature = axis ? 1 : rows;
	const float *p = w->data;

	for (int64_t r = 0; r < rows; r++, p += row) {
		double s = (double)bias[r];

		for (int64_t k = 0; k < c->nfolded; k++)
			s += (double)p[c->folded[k] * feature] *
			    (double)c->value[c->folded[k]];
		bias[r] = (float)s;
	}
}
