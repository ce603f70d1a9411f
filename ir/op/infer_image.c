/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference rules of the ops on images: [batch, channels, spatial..].
 */
#include "ir/op/op.h"

#include <math.h>

#include "ir/op/pad.h"
#include "ir/op/resize.h"
#include "ir/op/window.h"

static int
pad_dim(struct brn_infer *c, int64_t *dim, int64_t a, int64_t b, int mode)
{
	int64_t d = *dim;

	if (brn_is_sym(d)) {
		*dim = a || b ? brn_infer_new_dim(c) : d;
		return BURIN_OK;
	}
	if (a < -BRN_PAD_MOST || a > BRN_PAD_MOST || b < -BRN_PAD_MOST ||
	    b > BRN_PAD_MOST || d + a + b < 0 ||
	    (mode == BRN_PAD_reflect && (a >= d || b >= d) &&
	    (a > 0 || b > 0)) || (mode != BRN_PAD_constant && d == 0 &&
	    (a > 0 || b > 0)))
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "size %lld is padded by %lld and %lld", (long long)d,
		    (long long)a, (long long)b);
	*dim = d + a + b;
	return BURIN_OK;
}

int
infer_pad(struct brn_infer *c, struct brn_type *out)
{
	const struct brn_tensor *pads = brn_infer_val(c, 1, NULL);
	const struct brn_tensor *axes = brn_infer_val(c, 3, NULL);
	int mode = (int)brn_attr_int(c->n, "mode", BRN_PAD_constant);
	int n = brn_infer_in(c, 0)->rank, set, known, rc;

	*out = *brn_infer_in(c, 0);
	if ((rc = brn_infer_dtype(c, 1, BRN_SET_INT)) < 0 ||
	    (rc = brn_infer_scalar(c, 2)) < 0 ||
	    (rc = brn_infer_axes(c, 3, out->rank, &set, &known)) < 0)
		return rc;
	if (!pads || !known) {
		for (int d = 0; d < out->rank; d++)
			out->dim[d] = brn_infer_new_dim(c);
		return BURIN_OK;
	}
	if (axes)
		n = (int)brn_numel(axes);
	if (brn_numel(pads) != 2 * n)
		return brn_infer_bad(c, BURIN_ESHAPE,
		    "%lld numbers in pads, wanted %d",
		    (long long)brn_numel(pads), 2 * n);
	for (int i = 0; i < n; i++) {
		int d = axes ? brn_axis(brn_get_int(axes, i), out->rank) : i;

		rc = pad_dim(c, &out->dim[d], brn_get_int(pads, i),
		    brn_get_int(pads, n + i), mode);
		if (rc < 0)
			return rc;
	}
	return BURIN_OK;
}
