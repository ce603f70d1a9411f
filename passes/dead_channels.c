/* SPDX-License-Identifier: Apache-2.0
 *
 * Bits tell which weights are zero, so that only weights that change are read
 * more than once.
 */
#include "passes/dead_channels.h"

#include <stdlib.h>
#include <string.h>

/* Mark the lines without a bit.  */
static void
mark_lines(const uint64_t *bits, int64_t lines, int64_t words,
    unsigned char *zero)
{
	for (int64_t i = 0; i < lines; i++, bits += words) {
		int64_t k = 0;

		while (k < words && !bits[k])
			k++;
		zero[i] = k == words;
	}
}

/* Mark the n places in a line where no line has a bit.  */
static void
mark_places(const uint64_t *bits, int64_t lines, int64_t n,
    unsigned char *zero)
{
	int64_t words = brn_bit_words(n);

	for (int64_t k = 0; k < words; k++) {
		uint64_t any = 0;

		for (int64_t i = 0; i < lines && any != UINT64_MAX; i++)
			any |= bits[i * words + k];
		for (int64_t b = 0; b < 64 && k * 64 + b < n; b++)
			zero[k * 64 + b] = !(any >> b & 1);
	}
}

void
brn_channels_mark(struct brn_channels *c, const struct brn_weight_bits *w,
    int axis, int state)
{
	if (axis)
		mark_places(w->bits, w->lines, w->n, c->zero);
	else
		mark_lines(w->bits, w->lines, brn_bit_words(w->n), c->zero);
	for (int64_t i = 0; i < c->n; i++)
		if (c->zero[i])
			c->state[i] = (unsigned char)state;
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

/* Copy the kept bits of a line: bit b goes to place[b], -1 is removed.  */
static void
copy_bits(const uint64_t *from, int64_t words, const int32_t *place,
    uint64_t *to)
{
	for (int64_t k = 0; k < words; k++)
		for (uint64_t w = from[k]; w; w &= w - 1) {
			int32_t at = place[k * 64 + __builtin_ctzll(w)];

			if (at >= 0)
				to[at / 64] |= UINT64_C(1) << at % 64;
		}
}

/* The places of kept channels; NULL: no memory.  */
static int32_t *
places(const struct brn_channels *c)
{
	int32_t *place = brn_alloc((size_t)c->n, sizeof *place), next = 0;
	int64_t size = c->n / c->units;

	for (int64_t i = 0; place && i < c->n; i++)
		place[i] = c->removed[i / size] ? -1 : next++;
	return place;
}

int
brn_channels_compact_bits(const struct brn_channels *c,
    const struct brn_weight_bits *w, int axis, struct brn_weight_bits *out,
    burin_error *err)
{
	int64_t kept = c->n / c->units * c->nkept, words = brn_bit_words(w->n);
	int32_t *place = places(c);
	uint64_t *to;

	out->lines = axis ? w->lines : kept;
	out->n = axis ? kept : w->n;
	to = out->bits = brn_alloc((size_t)out->lines *
	    (size_t)brn_bit_words(out->n), sizeof *to);
	for (int64_t i = 0; place && to && i < w->lines; i++) {
		const uint64_t *from = w->bits + i * words;

		if (!axis && place[i] < 0)
			continue;
		if (axis)
			copy_bits(from, words, place, to);
		else
			memcpy(to, from, (size_t)words * sizeof *to);
		to += brn_bit_words(out->n);
	}
	free(place);
	if (place && out->bits)
		return BURIN_OK;
	free(out->bits);
	out->bits = NULL;
	return brn_nomem(err);
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
