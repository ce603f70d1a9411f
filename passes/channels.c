/* SPDX-License-Identifier: Apache-2.0
 *
 * One look at each of the two weights says what is dead.  -0.0 is zero, NaN is
 * not.
 */
#include "passes/channels.h"

#include <stdlib.h>
#include <string.h>

/* The columns of zeros in w; the scan ends where none can be
 * left.  */
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

/* The features that have nothing but zeros in w are dead in that way.  */
static void
mark(struct brn_channels *c, const struct brn_tensor *w, int axis, int dead)
{
	if (axis)
		mark_cols(w, c->zero);
	else
		mark_rows(w, c->zero);
	for (int64_t i = 0; i < c->n; i++)
		if (c->zero[i])
			c->dead[i] = (unsigned char)dead;
}

void
brn_channels_made_by(struct brn_channels *c, const struct brn_tensor *w,
    int axis)
{
	mark(c, w, axis, BRN_FIXED);
}

void
brn_channels_read_by(struct brn_channels *c, const struct brn_tensor *w,
    int axis)
{
	mark(c, w, axis, BRN_UNREAD);
}

int
brn_channels_init(struct brn_channels *c, int64_t n, int64_t units,
    burin_error *err)
{
	*c = (struct brn_channels){ .n = n, .units = units, .left = units };
	c->dead = brn_alloc((size_t)n, sizeof *c->dead);
	c->zero = brn_alloc((size_t)n, sizeof *c->zero);
	c->value = brn_alloc((size_t)n, sizeof *c->value);
	c->gone = brn_alloc((size_t)units, sizeof *c->gone);
	c->felt = brn_alloc((size_t)n, sizeof *c->felt);
	if (!c->dead || !c->zero || !c->value || !c->gone || !c->felt)
		return brn_nomem(err);
	return BURIN_OK;
}

void
brn_channels_free(struct brn_channels *c)
{
	free(c->dead);
	free(c->zero);
	free(c->value);
	free(c->gone);
	free(c->felt);
}

static int
all_dead(const struct brn_channels *c, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to; i++)
		if (c->dead[i] == BRN_ALIVE)
			return 0;
	return 1;
}

static void
list_felt(struct brn_channels *c)
{
	int64_t size = c->n / c->units;

	c->nfelt = 0;
	for (int64_t i = 0; i < c->n; i++)
		if (c->gone[i / size] && c->dead[i] == BRN_FIXED &&
		    c->value[i] != 0)
			c->felt[c->nfelt++] = i;
}

void
brn_channels_drop(struct brn_channels *c, int64_t group)
{
	int64_t size = c->n / c->units;

	memset(c->gone, 0, (size_t)c->units);
	c->left = c->units;
	for (int64_t u = 0; u < c->units; u += group) {
		int64_t n = c->units - u < group ? c->units - u : group;

		if (!all_dead(c, u * size, (u + n) * size))
			continue;
		memset(c->gone + u, 1, (size_t)n);
		c->left -= n;
	}
	if (!c->left) {
		c->gone[0] = 0;
		c->left = 1;
	}
	list_felt(c);
}

/* Copy what stays of units pieces of that many floats each, a run of
 * neighbours at a time.  */
static float *
copy_left(const struct brn_channels *c, const float *from, int64_t piece,
    float *to)
{
	int64_t u = 0, end;

	while (u < c->units) {
		if (c->gone[u]) {
			u++;
			continue;
		}
		for (end = u + 1; end < c->units && !c->gone[end]; end++)
			;
		memcpy(to, from + u * piece,
		    (size_t)((end - u) * piece) * sizeof *to);
		to += (end - u) * piece;
		u = end;
	}
	return to;
}

int
brn_channels_cut(const struct brn_channels *c, const struct brn_tensor *w,
    int axis, struct brn_tensor *out, burin_error *err)
{
	int64_t lines = axis ? w->type.dim[0] : 1;
	int64_t line = brn_numel(w) / lines;
	float *to;

	out->type = w->type;
	out->type.dim[axis] = w->type.dim[axis] / c->units * c->left;
	out->data = brn_alloc_aligned((size_t)brn_numel(out) * sizeof *to);
	if (!out->data)
		return brn_nomem(err);
	to = out->data;
	for (int64_t i = 0; i < lines; i++)
		to = copy_left(c, (const float *)w->data + i * line,
		    line / c->units, to);
	return BURIN_OK;
}

void
brn_channels_fold(const struct brn_channels *c, const struct brn_tensor *w,
    int axis, float *sum)
{
	int64_t rows = w->type.dim[!axis];
	int64_t row = axis ? c->n : 1, feature = axis ? 1 : rows;
	const float *p = w->data;

	for (int64_t r = 0; r < rows; r++, p += row) {
		double s = (double)sum[r];

		for (int64_t k = 0; k < c->nfelt; k++)
			s += (double)p[c->felt[k] * feature] *
			    (double)c->value[c->felt[k]];
		sum[r] = (float)s;
	}
}
