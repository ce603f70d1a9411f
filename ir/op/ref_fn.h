/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of refs share: ref_<name> for every row of ops.def, and the
 * head of such a function.
 */
#ifndef BRN_REF_FN_H
#define BRN_REF_FN_H

#include "ir/graph/iter.h"
#include "ir/op/ref.h"

#include <string.h>

#define OP(name, onnx, lo, hi, flags) brn_ref_fn ref_##name;
#include "ir/ops.def"

#define BRN_UNUSED __attribute__((unused))

/* Not every op looks at all of these.  */
#define BRN_REF(name) \
int \
ref_##name(BRN_UNUSED const struct brn_node *n, \
    BRN_UNUSED const struct brn_tensor *const *in, \
    BRN_UNUSED struct brn_tensor *out, BRN_UNUSED burin_error *err)

/* The bytes of all elements.  */
static inline size_t
brn_tensor_bytes(const struct brn_tensor *t)
{
	return (size_t)brn_numel(t) * brn_dtype_size(t->type.dtype);
}

/* The same elements in the same order.  */
static inline int
brn_copy_elems(const struct brn_tensor *in, struct brn_tensor *out)
{
	if (brn_tensor_bytes(out))
		memcpy(out->data, in->data, brn_tensor_bytes(out));
	return BURIN_OK;
}

/* Input i, NULL when absent.  */
static inline const struct brn_tensor *
brn_opt_in(const struct brn_node *n, const struct brn_tensor *const *in, int i)
{
	return i < n->nin ? in[i] : NULL;
}

/* The shape of t as two: the dimensions in the set stay in *inner, the others
 * in *outer; the rest is 1.  Walks over both, one inside the other, visit all
 * of t.  */
void brn_split_shape(const struct brn_type *t, int set,
    struct brn_type *outer, struct brn_type *inner);

#endif
