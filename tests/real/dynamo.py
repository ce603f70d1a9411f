# SPDX-License-Identifier: Apache-2.0
"""Writes the BertModel of export.py in the form that PyTorch's newer exporter
gives it for opset 20: the nodes of tests/models/bert-dynamo-20.onnx, which it
made of a small one, with other sizes.

    dynamo.py FOLDER OUT.onnx
"""

import sys

import numpy as np
from onnx import TensorProto, numpy_helper

import export

MOST = np.iinfo(np.int64).max


class Writer(export.Writer):
    opset, ir_version = 20, 10

    def const(self, value, dtype):
        array = np.array(value, dtype)
        name = f"val_{dtype.__name__}_{array.tolist()}"
        self.inits[name] = numpy_helper.from_array(array, name)
        return name

    def dense(self, name, x):
        w = self.init(f"{name}.t", self.weights[f"{name}.weight"].T)
        return self.node("Add", self.node("MatMul", x, w),
                         self.weight(f"{name}.bias"))

    def layer_norm(self, name, x, eps):
        return self.node("LayerNormalization", x, self.weight(
            f"{name}.weight"), self.weight(f"{name}.bias"), axis=-1,
            epsilon=eps, stash_type=1)

    def gelu(self, x):
        return self.node("Gelu", x, approximate="none")

    def size(self, x, axis):
        return self.node("Shape", x, start=axis, end=axis + 1)

    def part(self, x, start, end):
        return self.node("Slice", x, self.i64([start]), self.i64([end]))

    def concat(self, *parts):
        return self.node("Concat", *parts, axis=0)


def embeddings(w, eps):
    pre = "embeddings"
    w.batch, w.seq = (w.size("token_type_ids", i) for i in range(2))
    ids = w.node("Slice", w.weight(f"{pre}.position_ids"), w.i64([0]), w.seq,
                 w.i64([1]), w.i64([1]))
    x = w.node("Add", *(w.node(
        "Gather", w.weight(f"{pre}.{what}_embeddings.weight"), ids_, axis=0)
        for what, ids_ in (("word", "input_ids"),
                           ("token_type", "token_type_ids"))))
    x = w.node("Add", x, w.node("Gather", w.weight(
        f"{pre}.position_embeddings.weight"), ids, axis=0))
    return w.layer_norm(f"{pre}.LayerNorm", x, eps)


def padding(w):
    mask = w.node("Unsqueeze", "attention_mask", w.i64([1, 2]))
    mask = w.node("Expand", mask,
                  w.concat(w.batch, w.i64([1]), w.seq, w.seq))
    mask = w.node("Sub", w.f32(1), w.node("Cast", mask,
                                          to=TensorProto.FLOAT))
    return w.node("Where", w.node("Cast", mask, to=TensorProto.BOOL),
                  w.f32(np.finfo(np.float32).min), mask)


def turned(w, k):
    """The last two axes of k change places, by way of three dimensions."""
    shape = w.node("Shape", k, start=0)
    size, seq = w.part(shape, -1, MOST), w.part(shape, -2, -1)
    first = w.part(shape, -MOST - 1, -2)
    k = w.node("Reshape", k, w.concat(w.i64([-1]), seq, size), allowzero=0)
    k = w.node("Transpose", k, perm=[0, 2, 1])
    return w.node("Reshape", k, w.concat(first, size, seq), allowzero=0)


def attention(w, pre, x, mask, config):
    heads = config["num_attention_heads"]
    size = config["hidden_size"] // heads
    root = w.f32(size ** -0.25)

    def split(what):
        y = w.dense(f"{pre}.self.{what}", x)
        shape = w.concat(w.batch, w.i64([-1]), w.i64([heads]), w.i64([size]))
        y = w.node("Reshape", y, shape, allowzero=1)
        return w.node("Transpose", y, perm=[0, 2, 1, 3])

    q, k, v = split("query"), split("key"), split("value")
    p = w.node("MatMul", w.node("Mul", q, root),
               w.node("Mul", turned(w, k), root))
    p = w.node("Softmax", w.node("Add", p, mask), axis=-1)
    y = w.node("Transpose", w.node("MatMul", p, v), perm=[0, 2, 1, 3])
    y = w.node("Reshape", y, w.concat(w.batch, w.seq, w.i64([heads * size])),
               allowzero=1)
    y = w.dense(f"{pre}.output.dense", y)
    return w.layer_norm(f"{pre}.output.LayerNorm", w.node("Add", y, x),
                        config["layer_norm_eps"])


def build(weights, config):
    w = Writer(weights)
    eps = config["layer_norm_eps"]
    x = embeddings(w, eps)
    mask = padding(w)
    for i in range(config["num_hidden_layers"]):
        pre = f"encoder.layer.{i}"
        x = attention(w, f"{pre}.attention", x, mask, config)
        x = export.feed_forward(w, pre, x, eps)
    w.finish(x, export.pooler(w, x))
    return w


if __name__ == "__main__":
    export.main(*sys.argv[1:], build=build)
