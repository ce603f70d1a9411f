/* SPDX-License-Identifier: Apache-2.0
 *
 * What ops on images need beyond the table of attributes: attributes that are
 * words become numbers, older forms of Resize the latest one.
 */
#include "ir/onnx/node.h"

#include "ir/onnx/onnx.pb-c.h"
#include "ir/op/resize.h"

#include <string.h>

/* The words of an attribute in the order of the enum of its numbers; the one
 * that is 0 is not written to the node.  */
static const struct words {
	enum brn_op op;
	const char *attr, *name;        /* in the file, on the node */
	const char *word[6];
} words[] = {
	{ BRN_OP_conv, "auto_pad", "auto_pad",
	  { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" } },
	{ BRN_OP_conv_transpose, "auto_pad", "auto_pad",
	  { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" } },
	{ BRN_OP_max_pool, "auto_pad", "auto_pad",
	  { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" } },
	{ BRN_OP_average_pool, "auto_pad", "auto_pad",
	  { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" } },
	{ BRN_OP_lp_pool, "auto_pad", "auto_pad",
	  { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID" } },
	{ BRN_OP_depth_to_space, "mode", "crd", { "DCR", "CRD" } },
	{ BRN_OP_pad, "mode", "mode",
	  { "constant", "reflect", "edge", "wrap" } },
	{ BRN_OP_resize, "mode", "mode", { "nearest", "linear", "cubic" } },
	{ BRN_OP_resize, "coordinate_transformation_mode", "coordinates",
	  { "half_pixel", "pytorch_half_pixel", "align_corners",
	    "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize" } },
	{ BRN_OP_resize, "nearest_mode", "nearest",
	  { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil" } },
};

/* The number of the word that the node has, 0 without it; -1 and EFORMAT.  */
static int
number(const struct brn_onnx_call *c, const struct words *w, int *out)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, w->attr,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, &a);

	*out = 0;
	if (rc <= 0)
		return rc;
	for (int i = 0; i < BRN_COUNT(w->word) && w->word[i]; i++)
		if (strlen(w->word[i]) == a->s.len &&
		    !memcmp(w->word[i], a->s.data, a->s.len)) {
			*out = i;
			return 0;
		}
	return brn_onnx_bad(c, "attribute '%s' is '%.*s'", w->attr,
	    (int)(a->s.len < 40 ? a->s.len : 40), (char *)a->s.data);
}

static int
set_int(struct brn_onnx_call *c, const char *name, int64_t v)
{
	if (v && brn_attr_set_int(c->im->g, c->node, name, v) < 0)
		return brn_nomem(c->im->err);
	return 0;
}

/* Upsample, and Resize-10: scales are input 1, and pixels have no middle.  */
static int
is_old_resize(const struct brn_onnx_call *c)
{
	return c->op == BRN_OP_resize && (c->im->g->opset < 11 ||
	    !strcmp(c->np->op_type, "Upsample"));
}

/* An attribute that is an int, dflt without it.  */
static int
int_attr(const struct brn_onnx_call *c, const char *name, int64_t dflt,
    int64_t *out)
{
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, name,
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT, &a);

	*out = rc > 0 ? a->i : dflt;
	return rc < 0 ? rc : 0;
}

static int
no(struct brn_onnx_call *c, const char *form)
{
	c->why = form;
	return 1;
}

/* Sizes are what they say, the default policy.  */
static int
stretches(struct brn_onnx_call *c)
{
	static const char dflt[] = "stretch";
	struct Onnx__AttributeProto *a;
	int rc = brn_onnx_attr(c, "keep_aspect_ratio_policy",
	    ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING, &a);

	if (rc <= 0 || (a->s.len == strlen(dflt) &&
	    !memcmp(a->s.data, dflt, a->s.len)))
		return rc < 0 ? rc : 0;
	return no(c, "Resize with keep_aspect_ratio_policy");
}

int
brn_onnx_image_refuse(struct brn_onnx_call *c)
{
	int64_t v;
	int rc;

	switch (c->op) {
	case BRN_OP_batch_norm:
		if ((rc = int_attr(c, "training_mode", 0, &v)) < 0)
			return rc;
		if (v)
			return no(c, "BatchNormalization in training mode");
		if ((rc = int_attr(c, "spatial", 1, &v)) < 0)
			return rc;
		return v ? 0 : no(c, "BatchNormalization with spatial 0");
	case BRN_OP_resize:
		if ((rc = int_attr(c, "antialias", 0, &v)) < 0)
			return rc;
		if (v)
			return no(c, "Resize with antialias");
		return stretches(c);
	default:
		return 0;
	}
}

int
brn_onnx_image_inputs(struct brn_onnx_call *c)
{
	if (!is_old_resize(c))
		return 0;
	/* Upsample-7 has its scales as an attribute, input 2 by now.  */
	if (c->nin == 3 && !c->in[1] && c->np->n_input == 1)
		return 0;
	if (c->nin != 2)
		return brn_onnx_bad(c, "%d inputs, wanted 2", c->nin);
	c->in[2] = c->in[1];
	c->in[1] = NULL;
	c->nin = 3;
	return 0;
}

/* Of old ones, which know no attribute of the kind.  */
static int
finish_old_resize(struct brn_onnx_call *c)
{
	int rc = set_int(c, "coordinates", BRN_RESIZE_asymmetric);

	return rc < 0 ? rc : set_int(c, "nearest", BRN_RESIZE_simple);
}

int
brn_onnx_image_finish(struct brn_onnx_call *c)
{
	int rc = is_old_resize(c) ? finish_old_resize(c) : 0;

	for (int i = 0; i < BRN_COUNT(words) && rc == 0; i++) {
		int v;

		if (words[i].op != c->op || (is_old_resize(c) &&
		    strcmp(words[i].attr, "mode")))
			continue;
		rc = number(c, &words[i], &v);
		if (rc == 0)
			rc = set_int(c, words[i].name, v);
	}
	return rc;
}
