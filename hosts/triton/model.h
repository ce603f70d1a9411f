/* SPDX-License-Identifier: Apache-2.0
 *
 * A version of a model in Triton's repository: its configuration, and the model
 * that burin has loaded.
 */
#ifndef TRITON_MODEL_H
#define TRITON_MODEL_H

#include "burin.h"
#include "hosts/triton/triton_abi.h"

#define TRY(call) \
	do { \
		triton_error *try_ = (call); \
\
		if (try_) \
			return try_; \
	} while (0)

struct model {
	burin_model *burin;
	burin_options *options;         /* the parameters */
	int max_batch;                  /* 0: no batches */
};

/* Load it, complete its configuration, and check that that fits.  */
triton_error *model_new(triton_model *t, struct model **out);
void model_free(struct model *m);               /* NULL is fine */

triton_error *error_of(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
triton_error *error_of_burin(const burin_error *err);
/* 0: burin has no such type.  */
int dtype_of_triton(int type);
int dtype_to_triton(int dtype);

#endif
