# SPDX-License-Identifier: Apache-2.0
"""Compare the two layouts that an image can have between 1x1 convolutions:
planes, and tiles of 16 pixels, in which pixels are tokens.

    layouts.py BURIN [--layers N] [--rounds N]

A chain of N layers is written twice: as convolutions of an image, which burin
keeps in planes, and as matrix products of as many tokens, which it keeps in
tiles. Both compute the same and run in turn (turns.py). Printed are
microseconds a layer and the largest difference relative to the largest result.
"""

import argparse
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

import turns

SIZES = ((112, 16, 96), (56, 24, 144), (28, 32, 192), (14, 64, 384),
         (7, 160, 960))


def weights(narrow, wide, n, zeros):
    """n matrices [rows, cols], alternately narrow to wide and wide to narrow;
    the share zeros of their 16x1 blocks is zero."""
    random = np.random.default_rng(1)
    for i in range(n):
        rows, cols = (narrow, wide) if i % 2 else (wide, narrow)
        keep = random.random((-(-rows // 16), cols)) >= zeros
        w = random.standard_normal((rows, cols)) * cols ** -.5
        yield (w * np.repeat(keep, 16, 0)[:rows]).astype(np.float32)


def model(path, op, shape, matrices):
    nodes, constants, x = [], [], "x"
    for i, w in enumerate(matrices):
        w = w[:, :, None, None] if op == "Conv" else w.T.copy()
        constants.append(numpy_helper.from_array(w, f"w{i}"))
        nodes.append(helper.make_node(op, [x, f"w{i}"], [f"y{i}"]))
        x = f"y{i}"
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        nodes, "chain", [given],
        [helper.make_empty_tensor_value_info(x)], constants)
    save(helper.make_model(graph, ir_version=8, opset_imports=[
        helper.make_opsetid("", 17)]), path)
    return x


def measure(o, folder, size, narrow, wide, zeros):
    image = np.random.default_rng(2).standard_normal(
        (1, narrow, size, size)).astype(np.float32)
    tokens = image.reshape(1, narrow, -1).transpose(0, 2, 1).copy()
    made = []
    for op, x in (("Conv", image), ("MatMul", tokens)):
        path = f"{folder}/{op}.onnx"
        y = model(path, op, x.shape, weights(narrow, wide, o.layers, zeros))
        made.append(turns.systems.burin(path, {"x": x}, 1, None, [y]))
    a = made[0]["run"]()[0].reshape(narrow, -1)
    b = made[1]["run"]()[0].T
    planes, tiles = (1e3 * t / o.layers for t in turns.medians(
        [m["call"] for m in made], o.rounds))
    print(f"| {narrow} and {wide} at {size} | {zeros:.0%} | {planes:.1f} "
          f"| {tiles:.1f} | {np.abs(a - b).max() / np.abs(a).max():.0e} |",
          flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--layers", type=int, default=8)
    p.add_argument("--rounds", type=int, default=40)
    o = p.parse_args()
    turns.find_burin(o.burin)
    print("| channels | zeros | planes us | tiles us | difference |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for zeros in (0, .9):
            for size in SIZES:
                measure(o, folder, *size, zeros)


if __name__ == "__main__":
    main()
