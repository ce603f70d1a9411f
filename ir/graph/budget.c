/* SPDX-License-Identifier: Apache-2.0
 *
 * Work and time that loading a model may take.
 */
#include "ir/graph/budget.h"

#include "ir/graph/graph.h"

#include <math.h>

void
brn_budget_init(struct brn_budget *b)
{
	*b = (struct brn_budget){ .work = (double)BRN_LOAD_WORK,
		.values = BRN_VALUE_BYTES };
}

void
brn_budget_read(struct brn_budget *b, size_t bytes)
{
	b->work += BRN_WORK_PER_BYTE * (double)bytes;
	b->values += BRN_VALUES_PER_BYTE * (double)bytes;
}

void
brn_budget_limit(struct brn_budget *b, double t0, int64_t ms, int64_t work)
{
	b->end_ms = ms ? t0 + (double)ms : 0;
	b->work += work ? (double)(work - BRN_LOAD_WORK) : HUGE_VAL;
}

int64_t
brn_budget_kernels(const struct brn_budget *b)
{
	double n = b->work / BRN_WORK_OF_KERNEL;

	return n < 1 ? 1 : n < 1e18 ? (int64_t)n : INT64_MAX;
}

double
brn_budget_values(const struct brn_budget *b, double bytes)
{
	return b->over ? bytes : fmin(b->values, bytes);
}

void
brn_budget_take_values(struct brn_budget *b, double bytes)
{
	if (!b->over)
		b->values -= bytes;
}

void
brn_budget_end(struct brn_budget *b)
{
	b->over = 1;
	b->end_ms = 0;
}

void
brn_spend_later(const struct brn_graph *g, double work)
{
	if (!g->budget->over)
		g->budget->work -= work;
}

int
brn_spend(const struct brn_graph *g, double work, burin_error *err)
{
	struct brn_budget *b = g->budget;

	if (b->over)
		return BURIN_OK;
	b->work -= work;
	if (b->work < 0)
		return brn_fail(err, BURIN_EUNSUPPORTED,
		    "loading takes more work than max_load_work and the size "
		    "of the file allow");
	if (b->end_ms == 0 || brn_now_ms() < b->end_ms)
		return BURIN_OK;
	return brn_fail(err, BURIN_EUNSUPPORTED,
	    "loading takes longer than max_load_ms");
}
