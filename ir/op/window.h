/* SPDX-License-Identifier: Apache-2.0
 *
 * The geometry that convolutions and poolings share: a window of kernel taps
 * that slides over the spatial dimensions of x [batch, channels, spatial..].
 * It comes from the attributes kernel_shape (or the weight), strides,
 * dilations, pads, auto_pad and ceil_mode; inference, refs and kernels all ask
 * here, so that they cannot differ.
 */
#ifndef BRN_WINDOW_H
#define BRN_WINDOW_H

#include "ir/graph/graph.h"
#include "ir/graph/iter.h"

/* Attribute auto_pad.  */
enum brn_auto_pad {
	BRN_PAD_explicit,
	BRN_PAD_same_upper,
	BRN_PAD_same_lower,
	BRN_PAD_valid,
};

struct brn_window {
	int n;                          /* spatial dimensions */
	int64_t in[BRN_MAX_RANK], out[BRN_MAX_RANK];
	int64_t kernel[BRN_MAX_RANK];
	int64_t stride[BRN_MAX_RANK], dilation[BRN_MAX_RANK];
	int64_t pad[BRN_MAX_RANK];      /* before the first element */
	int64_t pad_end[BRN_MAX_RANK];
};

/* The window of n over x.  Its kernel is the attribute kernel_shape, or the
 * spatial dimensions of the weight w [m, c, kernel..] unless that is NULL.
 * Where a size of x is a symbol, out is the same symbol or -1: not known.
 * 0, or -1: the attributes do not fit, *why says which.  */
int brn_window_of(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *w, struct brn_window *out, const char **why);

/* The same for conv_transpose, whose x is what a convolution would make.  */
int brn_window_transposed(const struct brn_node *n, const struct brn_type *x,
    const struct brn_type *w, struct brn_window *out, const char **why);

/* Whether fast code takes the window: three spatial dimensions at most, in each
 * at most 512 taps, and of all together 1024 taps.  Padding, and the distances
 * from the first to the last tap, are limited by their product over all
 * dimensions, since a padded plane is as large.  */
enum {
	BRN_WINDOW_TAPS = 512,          /* of a dimension */
	BRN_WINDOW_ALL_TAPS = 1024,
	BRN_WINDOW_REACH = 1 << 16,     /* products */
	BRN_WINDOW_PAD = 1 << 15,
};
int brn_window_is_small(const struct brn_window *w);

/* The number of taps; of elements of a plane of x.  */
int64_t brn_window_ntap(const struct brn_window *w);
int64_t brn_window_plane(const struct brn_window *w);

/* The place in its plane of x of the element under tap number tap of the window
 * for position at[n] of the result; -1: padding.  *beyond, unless NULL, gets
 * whether the tap is behind the padding, where ceil_mode may reach.  */
int64_t brn_window_tap(const struct brn_window *w, const int64_t *at,
    int64_t tap, int *beyond);

/* [batch, channels, spatial..] as planes of size elements; none where a size is
 * 0.  */
struct brn_plane_list {
	int64_t batch, channels, size;
};
struct brn_plane_list brn_plane_list_of(const struct brn_type *t);
/* Walk over the spatial positions of t.  */
void brn_walk_plane(struct brn_iter *it, const struct brn_type *t);

#endif
