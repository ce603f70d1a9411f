/* SPDX-License-Identifier: Apache-2.0
 *
 * The geometry of windows: how many positions they have, and the element under
 * each of their taps.
 */
#include "ir/op/window.h"

#include "ir/op/op.h"

/* The largest stride, dilation, padding, size of an image or number of taps:
 * products of two of them do not overflow.  */
#define MOST INT32_MAX

/* Attribute name as count numbers, none below least; dflt where it is absent.
 * -1: it is something else.  */
static int
ints(const struct brn_node *n, const char *name, int count, int64_t least,
    int64_t dflt, int64_t *out)
{
	const struct brn_attr *a = brn_attr(n, name);

	if (a && a->nints != count)
		return -1;
	for (int i = 0; i < count; i++) {
		out[i] = a ? a->ints[i] : dflt;
		if (out[i] < least || out[i] > MOST)
			return -1;
	}
	return 0;
}

static int
set_kernel(const struct brn_node *n, const struct brn_type *w,
    struct brn_window *o)
{
	int64_t taps = 1;

	if (w ? w->rank != o->n + 2 : !brn_attr(n, "kernel_shape") ||
	    ints(n, "kernel_shape", o->n, 1, 1, o->kernel) < 0)
		return -1;
	for (int i = 0; i < o->n; i++) {
		if (w)
			o->kernel[i] = w->dim[i + 2];
		if (o->kernel[i] < 1 || o->kernel[i] > MOST / taps)
			return -1;
		taps *= o->kernel[i];
	}
	return 0;
}

static int
set_in(const struct brn_type *x, struct brn_window *o)
{
	for (int i = 0; i < o->n; i++) {
		o->in[i] = x->dim[i + 2];
		if (o->in[i] > MOST)
			return -1;
	}
	return 0;
}

/* All of *o from the attributes and the sizes of x and w, except out and the
 * padding that auto_pad asks for.  */
static int
read_attrs(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *w, struct brn_window *o, const char **why)
{
	int64_t pads[2 * BRN_MAX_RANK];
	int explicit = brn_attr_int(n, "auto_pad") == BRN_PAD_explicit;

	*o = (struct brn_window){ .n = x->rank - 2 };
	*why = "wanted [batch, channels, spatial..]";
	if (o->n < 1)
		return -1;
	*why = "image is too large";
	if (set_in(x, o) < 0)
		return -1;
	*why = "kernel does not fit";
	if (set_kernel(n, w, o) < 0)
		return -1;
	*why = "strides or dilations do not fit";
	if (ints(n, "strides", o->n, 1, 1, o->stride) < 0 ||
	    ints(n, "dilations", o->n, 1, 1, o->dilation) < 0)
		return -1;
	*why = "pads do not fit";
	if (explicit && ints(n, "pads", 2 * o->n, 0, 0, pads) < 0)
		return -1;
	for (int i = 0; i < o->n; i++) {
		o->pad[i] = explicit ? pads[i] : 0;
		o->pad_end[i] = explicit ? pads[o->n + i] : 0;
	}
	return 0;
}

static int64_t
span(const struct brn_window *o, int i)
{
	return (o->kernel[i] - 1) * o->dilation[i] + 1;
}

/* Split the padding of an axis: the odd one is at the end, or with lower at the
 * start.  */
static void
set_same(struct brn_window *o, int i, int64_t all, int lower)
{
	all = all > 0 ? all : 0;
	o->pad[i] = lower ? all - all / 2 : all / 2;
	o->pad_end[i] = all - o->pad[i];
}

static int
set_out(struct brn_window *o, int i, int64_t auto_pad, int ceil_mode)
{
	int64_t s = o->stride[i], room;
	int same = auto_pad == BRN_PAD_same_upper ||
	    auto_pad == BRN_PAD_same_lower;

	if (brn_is_sym(o->in[i])) {
		o->out[i] = s == 1 && (same ||
		    o->pad[i] + o->pad_end[i] == span(o, i) - 1) ?
		    o->in[i] : -1;
		return 0;
	}
	if (same) {
		o->out[i] = o->in[i] / s + (o->in[i] % s != 0);
		set_same(o, i, (o->out[i] - 1) * s + span(o, i) - o->in[i],
		    auto_pad == BRN_PAD_same_lower);
		return 0;
	}
	room = o->in[i] + o->pad[i] + o->pad_end[i] - span(o, i);
	if (room < 0)
		return -1;
	o->out[i] = room / s + 1 + (ceil_mode && room % s);
	/* A window that begins in the padding at the end has nothing to say. */
	if (ceil_mode && (o->out[i] - 1) * s >= o->in[i] + o->pad[i])
		o->out[i]--;
	return 0;
}

int
brn_window_of(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *w, struct brn_window *o, const char **why)
{
	int64_t auto_pad = brn_attr_int(n, "auto_pad");
	const struct brn_attr *a = brn_attr(n, "ceil_mode");
	int ceil_mode = a && a->i;	/* of pools only */

	if (read_attrs(n, x, w, o, why) < 0)
		return -1;
	*why = "the window is larger than what it slides over";
	for (int i = 0; i < o->n; i++)
		if (set_out(o, i, auto_pad, ceil_mode) < 0)
			return -1;
	return 0;
}

int
brn_window_transposed(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *w, struct brn_window *o, const char **why)
{
	int64_t auto_pad = brn_attr_int(n, "auto_pad");
	int64_t more[BRN_MAX_RANK], shape[BRN_MAX_RANK];
	int given = brn_attr(n, "output_shape") != NULL;

	if (read_attrs(n, x, w, o, why) < 0)
		return -1;
	*why = "output_padding or output_shape do not fit";
	if (ints(n, "output_padding", o->n, 0, 0, more) < 0 ||
	    (given && ints(n, "output_shape", o->n, 1, 1, shape) < 0))
		return -1;
	for (int i = 0; i < o->n; i++) {
		int64_t full = o->in[i];

		if (brn_is_sym(full)) {
			o->out[i] = given ? shape[i] : -1;
			continue;
		}
		full = (full - 1) * o->stride[i] + more[i] + span(o, i);
		if (!given && auto_pad != BRN_PAD_same_upper &&
		    auto_pad != BRN_PAD_same_lower) {
			o->out[i] = full - o->pad[i] - o->pad_end[i];
		} else {
			o->out[i] = given ? shape[i] :
			    o->in[i] * o->stride[i];
			/* ONNX: the odd one at the end for SAME_UPPER. */
			set_same(o, i, full - o->out[i],
			    auto_pad != BRN_PAD_same_upper);
		}
		if (o->out[i] < 0)
			return -1;
	}
	return 0;
}

/* Multiply *product by n.  0: it is above `most`.  */
static int
product_below(int64_t *product, int64_t n, int64_t most)
{
	return n <= most && (*product *= n) <= most;
}

int
brn_window_is_small(const struct brn_window *w)
{
	int64_t taps = 1, pad = 1, reach = 1;

	if (w->n > 3)
		return 0;
	for (int i = 0; i < w->n; i++)
		if (w->kernel[i] > BRN_WINDOW_TAPS ||
		    !product_below(&taps, w->kernel[i], BRN_WINDOW_ALL_TAPS) ||
		    w->pad[i] >= BRN_WINDOW_PAD ||
		    !product_below(&pad, w->pad[i] + 1, BRN_WINDOW_PAD) ||
		    !product_below(&reach, span(w, i), BRN_WINDOW_REACH))
			return 0;
	return 1;
}

int64_t
brn_window_ntap(const struct brn_window *w)
{
	int64_t n = 1;

	for (int i = 0; i < w->n; i++)
		n *= w->kernel[i];
	return n;
}

int64_t
brn_window_plane(const struct brn_window *w)
{
	int64_t n = 1;

	for (int i = 0; i < w->n; i++)
		n *= w->in[i];
	return n;
}

int64_t
brn_window_tap(const struct brn_window *w, const int64_t *at, int64_t tap,
    int *beyond)
{
	int64_t off = 0, size = 1;
	int padding = 0, far = 0;

	for (int i = w->n - 1; i >= 0; i--) {
		int64_t x = at[i] * w->stride[i] - w->pad[i] +
		    tap % w->kernel[i] * w->dilation[i];

		tap /= w->kernel[i];
		padding |= x < 0 || x >= w->in[i];
		far |= x >= w->in[i] + w->pad_end[i];
		off += x * size;
		size *= w->in[i];
	}
	if (beyond)
		*beyond = far;
	return padding ? -1 : off;
}

struct brn_plane_list
brn_plane_list_of(const struct brn_type *t)
{
	if (brn_type_numel(t) == 0)
		return (struct brn_plane_list){ 0, 0, 0 };
	return (struct brn_plane_list){ t->dim[0], t->dim[1],
	    brn_product(t, 2, t->rank) };
}

void
brn_walk_plane(struct brn_iter *it, const struct brn_type *t)
{
	struct brn_type plane = { t->dtype, t->rank - 2, { 0 } };

	for (int d = 2; d < t->rank; d++)
		plane.dim[d - 2] = t->dim[d];
	brn_iter_init(it, &plane);
}
