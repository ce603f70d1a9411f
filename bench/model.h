/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing ONNX files from C, a node at a time.  Names of values are strings
 * that live as long as the model.
 *
 * Sticky: after a failed allocation every call is a no-op that returns "",
 * and model_write says so; ask once, at the end.
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

/* Names of the nodes that follow start with this: "/encoder/layer.0".  */
void model_scope(struct model *m, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* dims are separated by commas, names or numbers: "batch_size,128".  */
const char *model_input(struct model *m, const char *name, int dtype,
    const char *dims);
void model_output(struct model *m, const char *name, const char *value,
    int dtype, const char *dims);

/* An initializer of n0 x n1 (n1 = 0: a vector of n0) floats around mean,
 * uniform within +-spread.  */
const char *model_weight(struct model *m, const char *name, int64_t n0,
    int64_t n1, const double mean_spread[2]);

/* The numbers of the one made last; NULL after a failure.  */
float *model_last_weight(struct model *m);
/* In [-1, 1), by xorshift64*; *x is not 0.  */
double model_uniform(uint64_t *x);

/* A node with one output; inputs end with NULL, "" stands for an absent
 * one.  */
const char *model_node(struct model *m, const char *op, ...)
    __attribute__((sentinel));
/* Attributes of the node made last.  */
void model_attr_int(struct model *m, const char *name, int64_t v);
void model_attr_float(struct model *m, const char *name, float v);
void model_attr_ints(struct model *m, const char *name, const int64_t *v,
    int n);

/* Constant nodes: a float scalar, an int64 scalar, an int64 vector.  */
const char *model_f32(struct model *m, float v);
const char *model_i64(struct model *m, int64_t v);
const char *model_ints(struct model *m, const int64_t *v, int n);

#endif
