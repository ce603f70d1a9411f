/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything between the sparse layers, made for the machine: the same files
 * are compiled once for each instruction set (BRN_ISA), and brn_native() picks
 * the set at run time.  An op without a row here, or a case that its function
 * declines, runs on its ref.
 */
#ifndef BRN_NATIVE_H
#define BRN_NATIVE_H

#include "ir/graph/epilogue.h"
#include "jit/target.h"
#include "runtime/native/layout.h"
#include "runtime/threads.h"

#define BRN_DECLINED 1

/* Compute n as brn_ref_fn does, on all threads, or do nothing and return
 * BRN_DECLINED.  Results do not depend on the number of threads.  */
typedef int brn_native_fn(const struct brn_node *n,
    const struct brn_tensor *const *in, struct brn_tensor *out,
    struct brn_threads *t);

/* A node whose value is tiles, or from_tiles: type[i] is the logical type of
 * in[i], of out where i is nin.  scratch has scratch_size floats a thread.  */
struct brn_tiled {
	const struct brn_node *n;
	const struct brn_tensor *const *in;
	struct brn_tensor *out;
	const struct brn_type *type[BRN_MAX_RANK];
	int64_t batch0;                 /* the first, for what is not tiles */
	struct brn_threads *threads;
	float *scratch;
	int64_t scratch_size;
};
typedef void brn_tiled_fn(const struct brn_tiled *a);

/* Apply e to the n floats of y; residual NULL: nothing is added.  */
typedef void brn_epilogue_fn(float *y, const float *residual, int64_t n,
    const struct brn_epilogue *e);

/* A node on images that needs scratch: BRN_DECLINED as above.  */
typedef int brn_image_fn(const struct brn_tiled *a);

/* These are for runtime/conv.h.  */
struct brn_gather;
struct brn_planes;
struct brn_scatter;

struct brn_native {
	brn_to_tiles_fn *to_tiles;
	brn_from_tiles_fn *from_tiles;
	brn_epilogue_fn *epilogue;
	brn_native_fn *op[BRN_NUM_OPS];
	brn_tiled_fn *tiled[BRN_NUM_OPS];
	brn_image_fn *image[BRN_NUM_OPS];
	void (*phases)(const struct brn_planes *g, const float *x, float *to,
	    float fill);
	void (*gather)(const struct brn_gather *a, float *to);
	void (*scatter)(const struct brn_scatter *a, float *y,
	    const float *residual);
};

const struct brn_native *brn_native(enum brn_isa isa);

/* Floats of scratch that n needs for each thread.  */
int64_t brn_tiled_scratch(const struct brn_node *n,
    const struct brn_type *const *type);

#endif
