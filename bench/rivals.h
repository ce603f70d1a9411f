/* SPDX-License-Identifier: Apache-2.0
 *
 * What other libraries take for a layer, where configure found them.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "bench/layer.h"

struct bench_rivals {
	double openblas;        /* nanoseconds a call, of the dense layer */
	double libxsmm;         /* of the sparse one */
};

/* One thread.  0 where there is none: not configured in, or not made for such
 * a layer.  ENOMEM, or EINVAL for a mask that there is not.  */
int bench_rivals(const struct bench_cell *c, struct bench_rivals *out,
    burin_error *err);

#endif
