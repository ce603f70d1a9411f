/* SPDX-License-Identifier: Apache-2.0
 *
 * A plan: the steps that run a model for one tuple of input shapes.  Every size
 * is known, every value that depends on shapes only is computed, each step has
 * its form, and all intermediate tensors share one block of memory by their
 * lifetimes.
 *
 * Where shapes depend on data, a plan is the first of several stages: its steps
 * are those whose shapes are known; what they compute decides the shapes of the
 * next stage (runtime/stages.c).
 */
#ifndef BRN_PLAN_H
#define BRN_PLAN_H

#include <stdatomic.h>

#include "ir/graph/list.h"
#include "ir/op/infer.h"
#include "runtime/bands.h"
#include "runtime/net.h"
#include "runtime/share.h"

enum brn_plan_how {
	BRN_BY_TYPES,                   /* inputs of these types */
	BRN_BY_DATA,                    /* of these values (brn_infer_data) */
	BRN_IN_STAGES,                  /* of these types, in stages */
};

/* What a run has, for all plans and the bodies in them.  */
struct brn_run {
	struct brn_threads *threads;
	int profile;
	const atomic_int *cancel;       /* not 0: stop */
	int (*bodies)(const struct brn_call *c);        /* runtime/flow.h */
	int64_t steps;                  /* of loops, that are left */
	int64_t bytes;                  /* that a loop may gather */
	struct brn_memory *account;     /* of the plans of bodies */
	double deadline;                /* in brn_now_ms; 0: none */
};

/* The memory of all plans of a session, or of all sessions of a pool, those of
 * stages and of bodies too.  */
struct brn_memory {
	int64_t most;                   /* bytes; 0: no limit */
	_Atomic int64_t used;
	/* Free a plan of a session that is not in use; 0: there is none.  NULL
	 * for one session alone.  */
	int (*reclaim)(void *ctx);
	void *ctx;
};

/* An output that a run can write to the caller's buffer: node `id` computes it,
 * in `home` without a buffer.  home NULL: it is an input, a constant, or in a
 * list.  */
struct brn_direct {
	int id;
	void *home;
};

struct brn_plan {
	struct brn_plan *next;          /* of the session, latest first */
	struct brn_net *net;            /* a reference */
	struct brn_shapes *shapes;      /* owns known values and the arena of
	                                   everything below but memory */
	struct brn_type *in_type;       /* [graph->nin] */
	enum brn_plan_how how;
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
	size_t counted;                 /* bytes in account: memory, copy */
	float *shared, *scratch;        /* brn_call's, for any step */
	int64_t scratch_size;
	int nlist;
	struct brn_list **list;         /* values that are lists, of the last
	                                   run */
	void **copy;                    /* [graph->nout], of outputs that are
	                                   not in memory; NULL: none yet */
	struct brn_direct *direct;      /* [graph->nout] */
	int nthread;
	struct brn_memory *account;     /* that memory is counted in; NULL:
	                                   none */
	const struct brn_shares *shares;        /* of the session; NULL: none */
	/* Stages.  Those after one are in a list, latest first.  */
	struct brn_plan *before, *after;
	struct brn_plan *ran;           /* of after, in the last run; NULL:
	                                   none */
	int nopen;
	const struct brn_node **open;   /* their inputs are computed and decide
	                                   their shapes */
	struct brn_type *open_type;     /* [nopen], of the last run */
	struct brn_type *given;         /* [nnode], for brn_infer_open: shapes
	                                   that stages before decided.  NULL:
	                                   first stage */
	char *done;                     /* [nnode] computed in stages before;
	                                   NULL: first stage */
	int nimport;
	int *import;                    /* ids of inputs of the graph and of
	                                   values of stages before that this
	                                   or a later one reads */
};

/* Size bytes for p, which its account has until p is freed; the caller frees
 * them.  NULL: the account has no room, or there is no memory (ENOMEM).  */
void *brn_plan_alloc(struct brn_plan *p, size_t size, burin_error *err);
/* Whether it was made for this net and such inputs.  */
int brn_plan_fits(const struct brn_plan *p, const struct brn_net *m,
    const struct brn_tensor *in);
/* With all stages after it.  NULL is fine.  */
void brn_plan_free(struct brn_plan *p);
/* Free all plans of the list but the first n, which were used last; 0: there
 * are no others.  */
int brn_plan_keep(struct brn_plan **list, int n);

/* Whether at is in memory of the plan or of a stage before it, where outputs
 * are lent from.  */
int brn_plan_owns(const struct brn_plan *p, const void *at);
/* Copy the value of output i of the graph to copy[i].  ENOMEM.  */
int brn_plan_copy(struct brn_plan *p, int i, burin_error *err);

static inline size_t
brn_value_bytes(const struct brn_tensor *v)
{
	return (size_t)brn_numel(v) * brn_dtype_size(v->type.dtype);
}

/* Run this stage; val[] of the graph's inputs must point to the caller's data.
 */
int brn_plan_run(struct brn_plan *p, struct brn_run *r, burin_error *err);
/* Drop the lists of the last run.  */
void brn_plan_drop_lists(struct brn_plan *p);

#endif
