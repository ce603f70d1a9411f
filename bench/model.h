/* SPDX-License-Identifier: Apache-2.0
 *
 * Write ONNX files from C, node by node.  Names of values are strings that live
 * as long as the model.
 *
 * Errors are sticky: after a failed allocation every call does nothing and
 * returns "", and model_write fails with ENOMEM.  Only its result needs a
 * check.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

enum { MODEL_F32 = 1, MODEL_I64 = 7 };

struct model;

struct model *model_new(int opset, uint64_t seed);      /* NULL: no memory */
void model_free(struct model *m);                       /* NULL is fine */
/* 0, or -1 with errno set.  */
int model_write(const struct model *m, const char *path);

/* Set the prefix of the names of the following nodes: "/encoder/layer.0".  */
void model_scope(struct model *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* dims is a list of names or numbers separated by commas: "batch_size,128".  */
const char *model_input(struct model *m, const char *name, int dtype,
    const char *dims);
void model_output(struct model *m, const char *name, const char *value,
    int dtype, const char *dims);

/* An initializer of n0 x n1 floats (n1 = 0: a vector of n0), uniform in
 * [mean - spread, mean + spread).  */
const char *model_weight(struct model *m, const char *name, int64_t n0,
    int64_t n1, const double mean_spread[2]);

/* The elements of the last model_weight; NULL after a failure.  */
float *model_last_weight(struct model *m);
/* A number in [-1, 1) by xorshift64*; the state *x must not be 0.  */
double model_uniform(uint64_t *x);

/* Add a node and return the name of its one output.  The list of inputs ends
 * with NULL; "" is an absent input.  */
const char *model_node(struct model *m, const char *op, ...)
    __attribute__((sentinel));
/* Add an attribute to the last node.  */
void model_attr_int(struct model *m, const char *name, int64_t v);
void model_attr_float(struct model *m, const char *name, float v);
void model_attr_ints(struct model *m, const char *name, const int64_t *v,
    int n);

/* Constant nodes: a float scalar, an int64 scalar, an int64 vector.  */
const char *model_f32(struct model *m, float v);
const char *model_i64(struct model *m, int64_t v);
const char *model_ints(struct model *m, const int64_t *v, int n);

#endif
