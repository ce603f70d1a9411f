/* SPDX-License-Identifier: Apache-2.0
 *
 * Time of a layer in other libraries, those of them that configure found.
 */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "bench/layer.h"

struct bench_rivals {
	double openblas;        /* ns a call of the dense layer */
	double libxsmm;         /* ns a call of the sparse layer */
};

/* Time the layer of c on one thread.  A time is 0 if the library was not found,
 * or cannot run such a layer.  ENOMEM; EINVAL: the mask is unknown.  */
int bench_rivals(const struct bench_cell *c, struct bench_rivals *out,
    burin_error *err);

#endif
