/* SPDX-License-Identifier: Apache-2.0
 *
 * How windows over an image are read.  An image stays in planes, [channel]
 * [row][column], which is how ONNX holds it.  For windows that step, or that
 * reach into padding, a plane is copied into its *phases*: phase (fy, fx) has
 * the padded elements (y * sh + fy, x * sw + fx), so that what a tap meets at
 * neighbouring results lies side by side whatever the stride.  Result (oy, ox)
 * is position oy * pitch + ox, and tap t of position p is element p + tap(t) of
 * the phases: one vector load for 16 positions.  Between rows there are a few
 * positions that are no results; they are computed and dropped.  A volume is a
 * plane of slices, one after another: result (oz, oy, ox) is position
 * oz * slice + oy * pitch + ox, and rows between slices are dropped as well.
 *
 *	row 0   0 a b c d 0 e f g h 0 ..      3 x 3, padded by 1: the zero
 *	        |-pitch-| |-pitch-|           between two rows serves both
 */
#ifndef BRN_PLANES_H
#define BRN_PLANES_H

#include "ir/op/window.h"
#include "runtime/native/layout.h"

/* Rows of results that are done together where a plane is done alone.  */
enum { BRN_IMAGE_ROWS = 4 };

/* One direction.  */
struct brn_phases {
	int64_t in, out, kernel, stride, dilation, pad;
	int n;                          /* phases that some tap meets */
	int64_t phase[BRN_WINDOW_TAPS];    /* [n], below stride */
	int of[BRN_WINDOW_TAPS];           /* [kernel]: which phase, */
	int64_t at[BRN_WINDOW_TAPS];       /* and where in it */
};

struct brn_planes {
	struct brn_phases z, y, x;      /* z: of volumes, else of size 1 */
	int64_t pitch, rows;            /* of a slice of a phase */
	int64_t slice;                  /* rows * pitch */
	int64_t npos;                   /* positions, from the first result to
	                                   the last */
	int64_t size;                   /* floats of a phase, with what loads
	                                   of whole tiles may reach */
	int direct;                     /* the plane itself is the phase */
};

/* For n with input x; kernels from attribute kernel_shape.  0: its
 * window is not small (ir/op/window.h).  */
int brn_planes_of(const struct brn_node *n, const struct brn_type *x,
    struct brn_planes *out);

/* Elements *first to *past of the n of phase f in direction d are elements of
 * the image; those before and behind are padding.  */
void brn_planes_part(const struct brn_phases *d, int64_t f, int64_t n,
    int64_t *first, int64_t *past);

/* Floats of all phases of a plane.  */
static inline int64_t
brn_planes_size(const struct brn_planes *g)
{
	return g->size * g->z.n * g->y.n * g->x.n;
}

/* The same for planes that are done alone, in blocks that may reach below the
 * last row, and behind it.  */
static inline int64_t
brn_image_phases(const struct brn_planes *g)
{
	return (brn_planes_size(g) / BRN_TILE + BRN_IMAGE_ROWS * g->pitch /
	    BRN_TILE + 12) * BRN_TILE;
}

/* Where tap t begins in the phases of a plane.  */
static inline int64_t
brn_planes_tap(const struct brn_planes *g, int64_t t)
{
	int64_t tx = t % g->x.kernel, tyz = t / g->x.kernel;
	int64_t ty = tyz % g->y.kernel, tz = tyz / g->y.kernel;

	return (((int64_t)g->z.of[tz] * g->y.n + g->y.of[ty]) * g->x.n +
	    g->x.of[tx]) * g->size + g->z.at[tz] * g->slice +
	    g->y.at[ty] * g->pitch + g->x.at[tx];
}

static inline int64_t
brn_planes_ntap(const struct brn_planes *g)
{
	return g->z.kernel * g->y.kernel * g->x.kernel;
}

/* Elements of a plane of x, and of the result.  */
static inline int64_t
brn_planes_in(const struct brn_planes *g)
{
	return g->z.in * g->y.in * g->x.in;
}

static inline int64_t
brn_planes_out(const struct brn_planes *g)
{
	return g->z.out * g->y.out * g->x.out;
}

/* Slices of a phase.  */
static inline int64_t
brn_planes_nslice(const struct brn_planes *g)
{
	return g->z.out + (g->z.kernel - 1) * g->z.dilation / g->z.stride;
}

/* Is every position a result?  */
static inline int
brn_planes_are_results(const struct brn_planes *g)
{
	return g->pitch == g->x.out &&
	    (g->z.out == 1 || g->rows == g->y.out);
}

static inline int64_t
brn_planes_ntile(const struct brn_planes *g)
{
	return (g->npos + BRN_TILE - 1) / BRN_TILE;
}

/* How many results lie before position p.  */
static inline int64_t
brn_planes_before(const struct brn_planes *g, int64_t p)
{
	int64_t row = p % g->slice / g->pitch, column = p % g->pitch;

	column = row < g->y.out && column < g->x.out ? column : g->x.out;
	row = row < g->y.out ? row : g->y.out - 1;
	return (p / g->slice * g->y.out + row) * g->x.out + column;
}

/* Tiles of a group.  */
enum { BRN_GROUP_MOST = 16, BRN_GROUP_LEAST = 2 };

/* Adjacent results of a group: n of them, at position pos of the group and
 * element at of the plane.  */
struct brn_piece {
	int64_t pos, at, n;
};
enum { BRN_MOST_PIECES = BRN_GROUP_MOST * BRN_TILE + 1 };

/* Write those of a group of ntile tiles from position pos on to piece
 * [BRN_MOST_PIECES], and return their number.  */
int brn_pieces_find(const struct brn_planes *g, int64_t pos, int64_t ntile,
    struct brn_piece *piece);

#endif
