# SPDX-License-Identifier: Apache-2.0
"""Small models for ort_ep.py."""

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper


def save(path, nodes, inputs, outputs, weights=(), external=False, opset=17):
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info(*i) for i in inputs],
        [helper.make_tensor_value_info(*o) for o in outputs],
        [numpy_helper.from_array(a, n) for n, a in weights])
    model = helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", opset)])
    onnx.save(model, path, save_as_external_data=external, size_threshold=0,
              location="weights.bin")
    return path


def pruned(rng, rows, cols):
    """A weight of which 8 % of the 16x1 blocks are left."""
    left = np.repeat(rng.random((rows, cols // 16)) < 0.08, 16, axis=1)
    return (rng.standard_normal((rows, cols)) * left * 0.1).astype(np.float32)


def dense(rng, *shape):
    return (rng.standard_normal(shape) * 0.05).astype(np.float32)


def mlp(path, external=False):
    """Two pruned layers."""
    rng = np.random.default_rng(1)
    return save(path, [
        helper.make_node("MatMul", ["x", "w1"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w2"], ["y"]),
    ], [("x", T.FLOAT, ["n", 512])], [("y", T.FLOAT, ["n", 512])],
        [("w1", pruned(rng, 512, 2048)), ("w2", pruned(rng, 2048, 512))],
        external)


def two_parts(path):
    """Pruned layers before and behind an LpNormalization, which burin
    lacks; the sum at the end goes around it."""
    rng = np.random.default_rng(2)
    return save(path, [
        helper.make_node("MatMul", ["x", "w1"], ["a"]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MatMul", ["b", "w2"], ["c"]),
        helper.make_node("LpNormalization", ["c"], ["f"]),
        helper.make_node("MatMul", ["f", "w3"], ["g"]),
        helper.make_node("Relu", ["g"], ["h"]),
        helper.make_node("MatMul", ["h", "w4"], ["i"]),
        helper.make_node("Add", ["i", "c"], ["y"]),
    ], [("x", T.FLOAT, ["n", 2, 512])], [("y", T.FLOAT, ["n", 2, 512])], [
        ("w1", pruned(rng, 512, 2048)), ("w2", pruned(rng, 2048, 512)),
        ("w3", pruned(rng, 512, 2048)), ("w4", pruned(rng, 2048, 512))])


def body(path, then="Add"):
    """Pruned layers whose output only the bodies of an If use, and a constant
    that both need; then: what one body does."""
    rng = np.random.default_rng(3)
    float_out = helper.make_tensor_value_info("z", T.FLOAT, ["n", 512])
    bodies = {
        key: helper.make_graph([
            helper.make_node(op, ["a", "s"][:1 + (op in ("Add", "Sub"))],
                             ["z"])], key, [], [float_out])
        for key, op in (("then_branch", then), ("else_branch", "Sub"))}
    return save(path, [
        helper.make_node("MatMul", ["x", "w1"], ["b"]),
        helper.make_node("Add", ["b", "s"], ["d"]),
        helper.make_node("MatMul", ["d", "w2"], ["a"]),
        helper.make_node("If", ["c"], ["y"], **bodies),
    ], [("x", T.FLOAT, ["n", 512]), ("c", T.BOOL, [])],
        [("y", T.FLOAT, ["n", 512])],
        [("w1", pruned(rng, 512, 512)), ("w2", pruned(rng, 512, 512)),
         ("s", dense(rng, 512))])


def loop(path):
    """A pruned layer in the body of a Loop, run n times, whose states are
    gathered: how many there are is known after the run.  An If is in it."""
    rng = np.random.default_rng(4)
    value = helper.make_tensor_value_info
    branch = {
        key: helper.make_graph([helper.make_node(op, ["b"], ["c"])], key, [],
                               [value("c", T.FLOAT, ["k", 512])])
        for key, op in (("then_branch", "Tanh"), ("else_branch", "Neg"))}
    body = helper.make_graph([
        helper.make_node("MatMul", ["a", "w"], ["m"]),
        helper.make_node("Add", ["m", "s"], ["b"]),
        helper.make_node("Less", ["i", "two"], ["first"]),
        helper.make_node("If", ["first"], ["next"], **branch),
        helper.make_node("Identity", ["next"], ["each"]),
        helper.make_node("Identity", ["go"], ["on"]),
    ], "body", [value("i", T.INT64, []), value("go", T.BOOL, []),
                value("a", T.FLOAT, ["k", 512])],
        [value("on", T.BOOL, []), value("next", T.FLOAT, ["k", 512]),
         value("each", T.FLOAT, ["k", 512])],
        [numpy_helper.from_array(pruned(rng, 512, 512), "w"),
         numpy_helper.from_array(np.array(2, np.int64), "two")])
    return save(path, [
        helper.make_node("Add", ["x", "s"], ["y"]),
        helper.make_node("Loop", ["n", "", "y"], ["last", "all"], body=body),
    ], [("x", T.FLOAT, ["k", 512]), ("n", T.INT64, [])],
        [("last", T.FLOAT, ["k", 512]), ("all", T.FLOAT, None)],
        [("s", dense(rng, 512))])


def lstm(path):
    """Attributes that are lists of strings and of numbers."""
    rng = np.random.default_rng(5)
    return save(path, [helper.make_node(
        "LSTM", ["x", "w", "r"], ["y"], hidden_size=32,
        activations=["HardSigmoid", "LeakyRelu", "Tanh"],
        activation_alpha=[0.3, 0.1], activation_beta=[0.4])],
        [("x", T.FLOAT, ["n", 2, 16])], [("y", T.FLOAT, None)],
        [("w", dense(rng, 1, 128, 16)), ("r", dense(rng, 1, 128, 32))])


def forms(path):
    """Attributes of each type, inputs left out, and values of many types."""
    node = helper.make_node
    value = numpy_helper.from_array(np.array([2.5], np.float32))
    return save(path, [
        node("LeakyRelu", ["x"], ["a"], alpha=0.25),
        node("Softmax", ["a"], ["b"], axis=1),
        node("AveragePool", ["b"], ["c"], kernel_shape=[3, 3],
             auto_pad="SAME_UPPER"),
        node("Clip", ["c", "", "most"], ["d"]),
        node("Shape", ["d"], ["shape"]),
        node("ConstantOfShape", ["shape"], ["e"], value=value),
        node("Add", ["d", "e"], ["f"]),
        node("Cast", ["f"], ["half_out"], to=T.FLOAT16),
        node("Greater", ["f", "most"], ["bool_out"]),
        node("Cast", ["bool_out"], ["g"], to=T.INT32),
        node("Add", ["g", "ints"], ["int_out"]),
        node("Cast", ["half"], ["h"], to=T.FLOAT),
        node("Mul", ["h", "scalar"], ["float_out"]),
    ], [("x", T.FLOAT, ["n", 4, 8, 8]), ("half", T.FLOAT16, ["k"]),
        ("ints", T.INT32, [1]), ("scalar", T.FLOAT, [])], [
        ("half_out", T.FLOAT16, None), ("bool_out", T.BOOL, None),
        ("int_out", T.INT32, None), ("float_out", T.FLOAT, None)],
        [("most", np.array(0.06, np.float32))])
