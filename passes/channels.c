/* SPDX-License-Identifier: Apache-2.0
 *
 * One look at each of the two weights says what is dead: a row of zeros makes
 * a feature that is the same for every token, a column of zeros reads none.
 * -0.0 is zero, NaN is not.
 */
#include "passes/channels.h"

#include <stdlib.h>
#include <string.h>

/* The columns of zeros in w; the scan ends where none can be left.  */
static void
mark_unread(const struct brn_tensor *w, unsigned char *dead)
{
	int64_t rows = w->type.dim[0], cols = w->type.dim[1], left = cols;
	const float *p = w->data;

	memset(dead, BRN_UNREAD, (size_t)cols);
	for (int64_t r = 0; r < rows && left; r++, p += cols) {
		left = 0;
		for (int64_t k = 0; k < cols; k++) {
			dead[k] = p[k] != 0 ? BRN_ALIVE : dead[k];
			left += dead[k] != BRN_ALIVE;
		}
	}
}

static int
is_zero(const float *p, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
		if (p[i] != 0)
			return 0;
	return 1;
}

static void
mark_fixed(const struct brn_tensor *w, unsigned char *dead)
{
	int64_t rows = w->type.dim[0], cols = w->type.dim[1];
	const float *p = w->data;

	for (int64_t r = 0; r < rows; r++, p += cols)
		if (dead[r] == BRN_ALIVE && is_zero(p, cols))
			dead[r] = BRN_FIXED;
}

int
brn_channels_init(struct brn_channels *c, const struct brn_tensor *made,
    const struct brn_tensor *read, int64_t units, burin_error *err)
{
	size_t n = (size_t)made->type.dim[0];

	*c = (struct brn_channels){ .n = made->type.dim[0], .units = units,
	    .left = units };
	c->dead = brn_alloc(n, sizeof *c->dead);
	c->value = brn_alloc(n, sizeof *c->value);
	c->gone = brn_alloc((size_t)units, sizeof *c->gone);
	c->felt = brn_alloc(n, sizeof *c->felt);
	if (!c->dead || !c->value || !c->gone || !c->felt)
		return brn_nomem(err);
	mark_unread(read, c->dead);
	mark_fixed(made, c->dead);
	return BURIN_OK;
}

void
brn_channels_free(struct brn_channels *c)
{
	free(c->dead);
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
	for (int64_t u = 0; group && u < c->units; u += group) {
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

/* w with dimension axis cut.  */
static int
begin_cut(const struct brn_channels *c, const struct brn_tensor *w, int axis,
    struct brn_tensor *out, burin_error *err)
{
	out->type = w->type;
	out->type.dim[axis] = w->type.dim[axis] / c->units * c->left;
	out->data = brn_alloc_aligned((size_t)brn_numel(out) * sizeof(float));
	return out->data ? BURIN_OK : brn_nomem(err);
}

int
brn_channels_cut_rows(const struct brn_channels *c, const struct brn_tensor *w,
    struct brn_tensor *out, burin_error *err)
{
	int rc;

	if ((rc = begin_cut(c, w, 0, out, err)) < 0)
		return rc;
	copy_left(c, w->data, brn_numel(w) / c->units, out->data);
	return BURIN_OK;
}

int
brn_channels_cut_cols(const struct brn_channels *c, const struct brn_tensor *w,
    struct brn_tensor *out, burin_error *err)
{
	int64_t rows = w->type.dim[0], cols = w->type.dim[1];
	const float *from = w->data;
	float *to;
	int rc;

	if ((rc = begin_cut(c, w, 1, out, err)) < 0)
		return rc;
	to = out->data;
	for (int64_t r = 0; r < rows; r++, from += cols)
		to = copy_left(c, from, cols / c->units, to);
	return BURIN_OK;
}

void
brn_channels_fold(const struct brn_channels *c, const struct brn_tensor *w,
    float *sum)
{
	const float *p = w->data;

	for (int64_t r = 0; r < w->type.dim[0]; r++, p += c->n) {
		double s = (double)sum[r];

		for (int64_t k = 0; k < c->nfelt; k++)
			s += (double)p[c->felt[k]] *
			    (double)c->value[c->felt[k]];
		sum[r] = (float)s;
	}
}
