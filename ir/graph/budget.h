/* SPDX-License-Identifier: Apache-2.0
 *
 * What loading a model may take: time, and work.  Everything that a file can
 * ask for many times spends from one budget, which the graph of a model and the
 * graphs in its nodes share: nodes of inference, values, passes, what passes
 * make, layers.  It ends with the load; plans and runs spend nothing.
 *
 * A unit of work is a byte that is touched, as often as it takes part in a
 * multiplication: 1 to 2 ns where the refs do it.
 */
#ifndef BRN_BUDGET_H
#define BRN_BUDGET_H

#include "burin.h"

#include <stddef.h>
#include <stdint.h>

struct brn_graph;

struct brn_budget {
	int over;                       /* the load is: nothing is counted */
	double end_ms;                  /* of the load (brn_now_ms); 0: never */
	double work;                    /* units that are left */
	double values;                  /* bytes, for values that fold_constants
	                                   would compute; not part of work */
};

/* Work of a load, as max_load_work has it, and beyond that for a byte of the
 * file: models take 150 to 600 of that, those of bytes, which become floats,
 * the most.  */
#define BRN_LOAD_WORK (INT64_C(16) << 30)
#define BRN_WORK_PER_BYTE 4096.
/* What values may touch, in bytes: enough to transpose and cast every
 * weight.  */
#define BRN_VALUE_BYTES (64. * (1 << 20))
#define BRN_VALUES_PER_BYTE 32.
/* The work of making a byte of a constant or of blocks.  */
#define BRN_WORK_OF_MAKING 32.
/* A kernel that has to be compiled.  */
#define BRN_WORK_OF_KERNEL (16. * (1 << 20))
/* A node, each time that a pass or inference comes by.  */
#define BRN_WORK_OF_NODE 256.

/* The budget before anything is known of the file.  */
void brn_budget_init(struct brn_budget *b);
/* Bytes of the file were read.  */
void brn_budget_read(struct brn_budget *b, size_t bytes);
/* What the options of a load say, which began at t0: ms milliseconds, 0: any
 * time; work beyond that for the file, 0: any.  */
void brn_budget_limit(struct brn_budget *b, double t0, int64_t ms,
    int64_t work);
/* How many kernels there is work for, at least 1; INT64_MAX: any number.  */
int64_t brn_budget_kernels(const struct brn_budget *b);
/* Of bytes that the values of one inference may touch, those that all of a load
 * together have left; then take what was used.  Once they are spent values are
 * left to runs, which is no error.  */
double brn_budget_values(const struct brn_budget *b, double bytes);
void brn_budget_take_values(struct brn_budget *b, double bytes);
/* From here on nothing is counted.  */
void brn_budget_end(struct brn_budget *b);

/* Take work from the budget of g.  EUNSUPPORTED: there is not enough, or the
 * time is over.  */
int brn_spend(const struct brn_graph *g, double work, burin_error *err);
/* The same where no error can be returned: the next brn_spend fails.  */
void brn_spend_later(const struct brn_graph *g, double work);

#endif
