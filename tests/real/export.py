# SPDX-License-Identifier: Apache-2.0
"""Writes a BertModel that comes as a safetensors file as ONNX, opset 13:
LayerNorm and GELU spelled out, as exports of that time have them.

    export.py FOLDER OUT.onnx       FOLDER holds config.json, model.safetensors
"""

import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def load_safetensors(path):
    """Eight bytes of length, a JSON index, then the data."""
    with open(path, "rb") as f:
        blob = f.read()
    n = int.from_bytes(blob[:8], "little")
    types = {"F32": np.float32, "I64": np.int64}
    tensors = {}
    for name, t in json.loads(blob[8:8 + n]).items():
        if name != "__metadata__":
            lo, hi = t["data_offsets"]
            data = np.frombuffer(blob[8 + n + lo:8 + n + hi],
                                 types[t["dtype"]])
            tensors[name] = data.reshape(t["shape"])
    return tensors


class Writer:
    """Nodes in order; every method returns the name of a value."""

    opset, ir_version = 13, 7

    def __init__(self, weights):
        self.weights = weights
        self.nodes = []
        self.inits = {}
        self.scope = ""

    def node(self, op, *inputs, **attrs):
        name = f"{self.scope}/{op}_{len(self.nodes)}"
        out = f"{name}_output_0"
        self.nodes.append(helper.make_node(op, list(inputs), [out], name=name,
                                           **attrs))
        return out

    def init(self, name, array):
        self.inits[name] = numpy_helper.from_array(
            np.ascontiguousarray(array), name)
        return name

    def weight(self, name):
        return self.init(name, self.weights[name])

    def const(self, value, dtype):
        array = np.array(value, dtype)
        return self.node("Constant", value=numpy_helper.from_array(array))

    def f32(self, value):
        return self.const(value, np.float32)

    def i64(self, value):
        return self.const(value, np.int64)

    def dense(self, name, x):
        self.scope = "/" + name.replace(".", "/")
        w = self.init(f"{name}.matmul", self.weights[f"{name}.weight"].T)
        y = self.node("MatMul", x, w)
        return self.node("Add", self.weight(f"{name}.bias"), y)

    def layer_norm(self, name, x, eps):
        self.scope = "/" + name.replace(".", "/")
        mean = self.node("ReduceMean", x, axes=[-1])
        d = self.node("Sub", x, mean)
        var = self.node("ReduceMean", self.node("Pow", d, self.f32(2)),
                        axes=[-1])
        std = self.node("Sqrt", self.node("Add", var, self.f32(eps)))
        y = self.node("Mul", self.node("Div", d, std),
                      self.weight(f"{name}.weight"))
        return self.node("Add", y, self.weight(f"{name}.bias"))

    def gelu(self, x):
        y = self.node("Erf", self.node("Div", x, self.f32(np.sqrt(2))))
        y = self.node("Mul", x, self.node("Add", y, self.f32(1)))
        return self.node("Mul", y, self.f32(0.5))

    def size(self, x, axis):
        size = self.node("Gather", self.node("Shape", x), self.i64(axis),
                         axis=0)
        return self.node("Unsqueeze", size, self.i64([0]))

    def finish(self, x, y):
        self.nodes += [
            helper.make_node("Identity", [x], ["last_hidden_state"]),
            helper.make_node("Identity", [y], ["pooler_output"])]

    def reshape(self, x, rest):
        shape = self.node("Concat", self.size(x, 0), self.size(x, 1),
                          self.i64(rest), axis=0)
        return self.node("Reshape", x, shape)


def embeddings(w, eps):
    pre = "embeddings"
    w.scope = "/embeddings"
    end = w.size("input_ids", 1)
    ids = w.node("Slice", w.weight(f"{pre}.position_ids"), w.i64([0]), end,
                 w.i64([1]), w.i64([1]))
    x = w.node("Gather", w.weight(f"{pre}.word_embeddings.weight"),
               "input_ids")
    types = w.node("Gather", w.weight(f"{pre}.token_type_embeddings.weight"),
                   "token_type_ids")
    x = w.node("Add", x, types)
    x = w.node("Add", x, w.node(
        "Gather", w.weight(f"{pre}.position_embeddings.weight"), ids))
    return w.layer_norm(f"{pre}.LayerNorm", x, eps)


def attention(w, pre, x, mask, config):
    heads = config["num_attention_heads"]
    size = config["hidden_size"] // heads

    def split(what, perm):
        y = w.dense(f"{pre}.self.{what}", x)
        return w.node("Transpose", w.reshape(y, [heads, size]), perm=perm)

    q = split("query", [0, 2, 1, 3])
    k = split("key", [0, 2, 3, 1])
    v = split("value", [0, 2, 1, 3])
    w.scope = "/" + pre.replace(".", "/") + "/self"
    p = w.node("Div", w.node("MatMul", q, k), w.f32(np.sqrt(size)))
    p = w.node("Softmax", w.node("Add", p, mask), axis=-1)
    y = w.node("Transpose", w.node("MatMul", p, v), perm=[0, 2, 1, 3])
    y = w.dense(f"{pre}.output.dense", w.reshape(y, [heads * size]))
    return w.layer_norm(f"{pre}.output.LayerNorm", w.node("Add", y, x),
                        config["layer_norm_eps"])


def feed_forward(w, pre, x, eps):
    y = w.gelu(w.dense(f"{pre}.intermediate.dense", x))
    y = w.dense(f"{pre}.output.dense", y)
    return w.layer_norm(f"{pre}.output.LayerNorm", w.node("Add", y, x), eps)


def pooler(w, x):
    w.scope = "/pooler"
    first = w.node("Gather", x, w.i64(0), axis=1)
    y = w.node("Gemm", first, w.weight("pooler.dense.weight"),
               w.weight("pooler.dense.bias"), transB=1)
    return w.node("Tanh", y)


def build(weights, config):
    w = Writer(weights)
    eps = config["layer_norm_eps"]
    mask = w.node("Unsqueeze", "attention_mask", w.i64([1]))
    mask = w.node("Unsqueeze", mask, w.i64([2]))
    mask = w.node("Cast", mask, to=TensorProto.FLOAT)
    mask = w.node("Mul", w.node("Sub", w.f32(1), mask), w.f32(-10000))
    x = embeddings(w, eps)
    for i in range(config["num_hidden_layers"]):
        pre = f"encoder.layer.{i}"
        x = attention(w, f"{pre}.attention", x, mask, config)
        x = feed_forward(w, pre, x, eps)
    w.finish(x, pooler(w, x))
    return w


def value(name, dtype, *dims):
    return helper.make_tensor_value_info(name, dtype, dims)


def main(folder, out, build=build):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    w = build(load_safetensors(os.path.join(folder, "model.safetensors")),
              config)
    hidden = config["hidden_size"]
    inputs = [value(name, TensorProto.INT64, "batch_size", "sequence_length")
              for name in ("input_ids", "attention_mask", "token_type_ids")]
    outputs = [value("last_hidden_state", TensorProto.FLOAT, "batch_size",
                     "sequence_length", hidden),
               value("pooler_output", TensorProto.FLOAT, "batch_size", hidden)]
    graph = helper.make_graph(w.nodes, "bert", inputs, outputs,
                              list(w.inits.values()))
    model = helper.make_model(
        graph, ir_version=w.ir_version,
        opset_imports=[helper.make_opsetid("", w.opset)])
    onnx.checker.check_model(model)
    onnx.save(model, out)


if __name__ == "__main__":
    main(*sys.argv[1:])
