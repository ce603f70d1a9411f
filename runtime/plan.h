/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan: the steps that run a model for one tuple of input shapes.  Every size
 * is known, every value that depends on shapes only is computed, each step has
 * its form, and all intermediate tensors share one block of memory by their
 * lifetimes.
 */
#ifndef BRN_PLAN_H
#define BRN_PLAN_H

#include "ir/op/infer.h"
#include "runtime/bands.h"
#include "runtime/net.h"

struct brn_plan {
	struct brn_plan *next;          /* of the session, latest first */
	struct brn_net *net;            /* a reference */
	struct brn_shapes *shapes;      /* owns known values and the arena of
	                                   everything below but memory */
	struct brn_type *in_type;       /* [graph->nin] */
	int by_data;                    /* made for what the inputs hold, not
	                                   for their types only */
	struct brn_tensor *val;         /* [nnode] in the layout of the node;
	                                   data NULL: not computed.  A value
	                                   that only its own stretch reads has
	                                   the tiles of one band */
	int nstep;
	struct brn_step *step;
	int nbands;
	struct brn_bands *bands;
	char *memory;                   /* all intermediate tensors, and: */
	size_t memory_size;
	float *shared, *scratch;        /* brn_call's, for any step */
	int64_t scratch_size;
	void **copy;                    /* [graph->nout], of outputs that are
	                                   not in memory; NULL: none yet */
};

struct brn_plan_opts {
	int by_data;            /* for what the inputs hold as well
	                           (brn_infer_data) */
	int nthread;
	int64_t max_memory;     /* bytes; 0: no limit */
};

/* For runs with inputs of the types of in.  ESHAPE, EUNSUPPORTED, ENOMEM, also
 * for a plan that would be larger than it may be.  */
int brn_plan_new(struct brn_net *m, const struct brn_tensor *in,
    const struct brn_plan_opts *o, struct brn_plan **out, burin_error *err);
/* Whether it was made for this net and such inputs.  */
int brn_plan_fits(const struct brn_plan *p, const struct brn_net *m,
    const struct brn_tensor *in);
void brn_plan_free(struct brn_plan *p);                 /* NULL is fine */

/* Whether at is in memory of the plan, where outputs are lent from.  */
int brn_plan_owns(const struct brn_plan *p, const void *at);
/* Copy the value of output i of the graph to copy[i].  ENOMEM.  */
int brn_plan_copy(struct brn_plan *p, int i, burin_error *err);

static inline size_t
brn_value_bytes(const struct brn_tensor *v)
{
	return (size_t)brn_numel(v) * brn_dtype_size(v->type.dtype);
}

/* Run; val[] of the graph's inputs must point to the caller's data.  */
int brn_plan_run(struct brn_plan *p, const struct brn_net *m,
    struct brn_threads *t, int profile, burin_error *err);

#endif
