# SPDX-License-Identifier: Apache-2.0
"""Time LSTM and GRU in burin and in ONNX Runtime, one thread.

    ort_recurrent.py BURIN [--only REGEX] [--rounds N] [--block 16x1]
                           [--sparsity 0.9] [--out FILE.md]

Each model is one layer with as many inputs as hidden units, whose W and R are
dense or pruned at random.  Both systems run the same file in turn, each after a
call that is not timed.  Printed are medians of processor time in microseconds,
which other load on the machine disturbs least, how many times faster burin is,
and the largest difference relative to the largest result.
"""

import argparse
import os
import re
import statistics
import sys
import tempfile
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

import turns

GATES = {"GRU": 3, "LSTM": 4}
RANDOM = np.random.default_rng(1)


def weight(rows, cols, block, sparsity):
    """One direction; whole blocks are zero."""
    w = RANDOM.standard_normal((rows, cols)) / np.sqrt(cols)
    keep = RANDOM.random((-(-rows // block[0]), -(-cols // block[1])))
    w *= np.kron(keep >= sparsity, np.ones(block))[:rows, :cols]
    return w[None].astype(np.float32)


def write(path, op, hidden, batch, steps, block, sparsity):
    """A model; its input."""
    n = GATES[op] * hidden
    attrs = {"linear_before_reset": 1} if op == "GRU" else {}
    node = helper.make_node(op, ["x", "w", "r", "b"], ["y"],
                            hidden_size=hidden, **attrs)
    b = RANDOM.standard_normal((1, 2 * n)).astype(np.float32) * .1
    graph = helper.make_graph(
        [node], "recurrent", [helper.make_tensor_value_info(
            "x", TensorProto.FLOAT, [steps, batch, hidden])],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(weight(n, hidden, block, sparsity), "w"),
         numpy_helper.from_array(weight(n, hidden, block, sparsity), "r"),
         numpy_helper.from_array(b, "b")])
    save(helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", 20)]), path)
    return {"x": RANDOM.standard_normal(
        (steps, batch, hidden)).astype(np.float32)}


def cases(sparsity):
    for op in GATES:
        for hidden in (128, 256, 512, 1024):
            for batch in (1, 8):
                for steps in (1, 100):
                    for s in (0, sparsity):
                        yield op, hidden, batch, steps, s


def sample(call, count):
    """Microseconds of a call, the mean of count."""
    call()
    start = time.process_time_ns()
    for _ in range(count):
        call()
    return (time.process_time_ns() - start) / 1e3 / count


def measure(path, feed, rounds):
    """Microseconds of ONNX Runtime and of burin, and the difference."""
    made = [f(path, feed, 1, None, ["y"])
            for f in (turns.systems.onnxruntime, turns.systems.burin)]
    want, got = (m["run"]().astype(np.float64) for m in made)
    calls = [m["call"] for m in made]
    counts = [max(1, int(2000 / sample(c, 1))) for c in calls]
    times = [[sample(c, n) for c, n in zip(calls, counts)]
             for _ in range(rounds)]
    return ([statistics.median(t) for t in zip(*times)],
            np.abs(got - want).max() / np.abs(want).max())


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--only", default="")
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--block", default="16x1")
    p.add_argument("--sparsity", type=float, default=.9)
    p.add_argument("--out")
    a = p.parse_args()
    turns.find_burin(a.burin)
    block = tuple(map(int, a.block.split("x")))
    lines = ["| layer | ONNX Runtime us | burin us | faster | difference |",
             "|---|---|---|---|---|"]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "m.onnx")
        for op, hidden, batch, steps, sparsity in cases(a.sparsity):
            name = (f"{op} {hidden}, batch {batch}, {steps} steps, " +
                    (f"{a.block} {sparsity:g}" if sparsity else "dense"))
            if not re.search(a.only, name):
                continue
            feed = write(path, op, hidden, batch, steps, block, sparsity)
            (ort, us), error = measure(path, feed, a.rounds)
            lines.append(f"| {name} | {ort:.1f} | {us:.1f} | "
                         f"{ort / us:.2f} | {error:.1e} |")
            print(lines[-1], flush=True)
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
