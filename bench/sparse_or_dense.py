# SPDX-License-Identifier: Apache-2.0
"""Check that burin is never slower than its own dense form, one thread.

    sparse_or_dense.py BURIN [--quick] [--only REGEX] [--all]

Models of 1 and of 8 fp32 layers whose weights have a given share of zeros:
scattered, in whole rows, or in 16x1 or 4x4 blocks.  Each runs as burin decides
and with sparse=off, in turn (turns.py), for 1 to 512 tokens.  A model of which
every layer stays dense is not timed.  A row has the times of the decided form
as a share of dense, a column for each number of tokens.  Exit 1: some share is
above 1.03, also when it is measured again.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

import turns

LIMIT = 1.03
ZEROS = (.02, .05, .08, .1, .2, .3, .4, .5, .6, .7, .8, .9, .95, .99)
SIZES = ((256, 256), (512, 512), (768, 768), (768, 3072))
TOKENS = (1, 2, 4, 5, 8, 16, 32, 64, 128, 512)
BLOCKS = {"scattered": (1, 1), "16x1": (16, 1), "4x4": (4, 4)}


def mask(kind, zeros, rows, cols, random):
    """What is kept of a weight [rows, cols]."""
    if kind == "rows":
        return np.repeat(random.random((rows, 1)) >= zeros, cols, 1)
    bh, bw = BLOCKS[kind]
    kept = random.random((rows // bh, cols // bw)) >= zeros
    return kept.repeat(bh, 0).repeat(bw, 1)


def write(path, kind, zeros, size, layers):
    """A chain of MatMul and Relu, from size[0] features to size[1] and back."""
    random = np.random.default_rng(1)
    nodes, weights = [], []
    for i in range(layers):
        cols, rows = size[i % 2], size[1 - i % 2]
        w = random.standard_normal((rows, cols)) / np.sqrt(cols * (1 - zeros))
        w *= mask(kind, zeros, rows, cols, random)
        weights.append(numpy_helper.from_array(
            np.ascontiguousarray(w.T, np.float32), f"w{i}"))
        nodes += [helper.make_node("MatMul", [f"x{i}", f"w{i}"], [f"m{i}"]),
                  helper.make_node("Relu", [f"m{i}"], [f"x{i + 1}"])]
    graph = helper.make_graph(
        nodes, "layers",
        [helper.make_tensor_value_info("x0", TensorProto.FLOAT,
                                       ["tokens", size[0]])],
        [helper.make_empty_tensor_value_info(f"x{layers}")], weights)
    save(helper.make_model(graph, ir_version=9, opset_imports=[
        helper.make_opsetid("", 20)]), path)


def decisions(burin, path):
    """The decided block of each layer; None: dense."""
    made = subprocess.run([burin, "inspect", "--json", path], check=True,
                          capture_output=True, text=True)
    return [None if x["decision"] == "dense" else "x".join(
        map(str, x["block"])) for x in json.loads(made.stdout)["layers"]]


def share(path, size, layers, tokens, rounds):
    """Time as decided / time of dense."""
    x = np.random.default_rng(2).random((tokens, size[0]), np.float32)
    made = [turns.systems.burin(path, {"x0": x}, 1, None, (f"x{layers}",),
                                sparse=s) for s in ("auto", "off")]
    times = turns.medians([m["call"] for m in made], rounds, 1)
    return times[0] / times[1]


def cell(path, size, layers, tokens, rounds):
    """A share above the limit is measured twice more; the least counts."""
    least = share(path, size, layers, tokens, rounds)
    for _ in range(2):
        if least > LIMIT:
            least = min(least, share(path, size, layers, tokens, 2 * rounds))
    return least


def cells(o):
    for kind in (*BLOCKS, "rows"):
        for size in SIZES[1:2] if o.quick else SIZES:
            for zeros in ZEROS[2::3] if o.quick else ZEROS:
                for layers in (1, 8):
                    name = (f"{kind} {size[0]}x{size[1]} {100 * zeros:.0f} % "
                            f"zero, {layers} layer{'s' * (layers > 1)}")
                    if re.search(o.only, name):
                        yield name, (kind, zeros, size, layers)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--quick", action="store_true",
                   help="one size, five shares of zeros, 1, 5, 16, 128 tokens")
    p.add_argument("--only", default="",
                   help="only cells whose name matches REGEX")
    p.add_argument("--all", action="store_true",
                   help="also list cells that stay dense")
    p.add_argument("--rounds", type=int, default=11)
    o = p.parse_args()
    turns.find_burin(o.burin)
    tokens = (1, 5, 16, 128) if o.quick else TOKENS
    slow = 0
    print("| layers | block |", *(f"{m} |" for m in tokens))
    print("|---" * (len(tokens) + 2) + "|")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "layers.onnx")
        for name, (kind, zeros, size, layers) in cells(o):
            write(path, kind, zeros, size, layers)
            made = decisions(o.burin, path)
            if not any(made):
                if o.all:
                    print(f"| {name} | dense |")
                continue
            found = [cell(path, size, layers, m, o.rounds) for m in tokens]
            slow += sum(f > LIMIT for f in found)
            print(f"| {name} | {made[0] or 'dense'} |",
                  *(f"{f:.2f}{'!' * (f > LIMIT)} |" for f in found),
                  flush=True)
    print(f"\n{slow} slower than dense by more than 3 %")
    return slow > 0


if __name__ == "__main__":
    sys.exit(main())
