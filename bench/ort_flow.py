# SPDX-License-Identifier: Apache-2.0
"""Time a step of Loop, Scan and If beyond its body, in burin and in ONNX
Runtime, one thread.

    ort_flow.py BURIN [--steps N] [--rounds N]

A step adds to a vector of 8.  What a step costs is the time of a model with N
steps, less that of one step, by N - 1; what the body costs is that of a chain
of N Adds, less one Add.  Both systems stay loaded and run in turn (turns.py).
Printed are medians in microseconds a step.
"""

import argparse
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

import turns

WIDTH = 8
ONE = np.ones((1, WIDTH), np.float32)


def vector(name, *dims):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT,
                                         dims or (1, WIDTH))


def scalar(name, dtype):
    return helper.make_tensor_value_info(name, dtype, ())


def model(path, nodes, initializers=()):
    g = helper.make_graph(
        nodes, "flow", [vector("x")], [vector("y")],
        [numpy_helper.from_array(np.asarray(v), k)
         for k, v in initializers] + [numpy_helper.from_array(ONE, "one")])
    save(helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)],
                           ir_version=8), path)


def chain(path, n):
    names = ["x", *(f"v{i}" for i in range(1, n)), "y"]
    model(path, [helper.make_node("Add", [a, "one"], [b])
                 for a, b in zip(names, names[1:])])


def loop(path, n):
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]),
         helper.make_node("Add", ["v", "one"], ["w"])], "body",
        [scalar("i", TensorProto.INT64), scalar("c", TensorProto.BOOL),
         vector("v")],
        [scalar("d", TensorProto.BOOL), vector("w")])
    model(path, [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)],
          [("n", np.int64(n))])


def scan(path, n):
    body = helper.make_graph(
        [helper.make_node("Add", ["v", "s"], ["w"])], "body",
        [vector("v"), vector("s")], [vector("w")])
    model(path, [helper.make_node("Scan", ["x", "all"], ["y"], body=body,
                                  num_scan_inputs=1)],
          [("all", np.ones((n, 1, WIDTH), np.float32))])


def branches(path, n):
    """A chain of Ifs on data."""
    nodes, names = [], ["x", *(f"v{i}" for i in range(1, n)), "y"]
    nodes.append(helper.make_node("ReduceSum", ["x"], ["sum"], keepdims=0))
    nodes.append(helper.make_node("Less", ["sum", "limit"], ["c"]))
    for k, (a, b) in enumerate(zip(names, names[1:])):
        then, other = (
            helper.make_graph([helper.make_node(op, [a, "one"], [f"{op}{k}"])],
                              op, [], [vector(f"{op}{k}")])
            for op in ("Add", "Sub"))
        nodes.append(helper.make_node("If", ["c"], [b], then_branch=then,
                                      else_branch=other))
    model(path, nodes, [("limit", np.float32(1e9))])


def a_step(make, folder, o):
    """Microseconds of a step in ONNX Runtime and burin."""
    times = []
    for n in (1, o.steps):
        path = f"{folder}/{make.__name__}{n}.onnx"
        make(path, n)
        ms, error = turns.compare(path, {"x": ONE}, ["y"], o.rounds, 1)
        if error > 1e-6:
            raise RuntimeError(f"{path}: results differ by {error}")
        times.append(ms)
    return [(b - a) * 1e3 / (o.steps - 1) for a, b in zip(*times)]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--steps", type=int, default=200)
    p.add_argument("--rounds", type=int, default=15)
    o = p.parse_args()
    turns.find_burin(o.burin)
    print("| step | ONNX Runtime us | burin us | burin beyond its body us |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        bare = a_step(chain, folder, o)
        for make in (chain, loop, scan, branches):
            a, b = a_step(make, folder, o)
            print(f"| {make.__name__} | {a:.2f} | {b:.2f} | "
                  f"{b - bare[1]:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
