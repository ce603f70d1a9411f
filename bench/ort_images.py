# SPDX-License-Identifier: Apache-2.0
"""Time burin and ONNX Runtime on convolutional networks, one thread.

    ort_images.py BURIN MODEL[@SPARSITY]... [--size 1x3x224x224] [--rounds N]

Each MODEL is measured as it is, or with @0.9 after `burin prune --block 16x1
--sparsity 0.9`; ONNX Runtime gets the same file. Both stay loaded and run in
turn for N rounds (turns.py). Printed are medians in milliseconds, their ratio,
and the largest difference relative to the largest result.
"""

import argparse
import os
import subprocess
import tempfile

import numpy as np
import onnx

import turns


def pruned(o, path, sparsity, folder):
    to = f"{folder}/pruned.onnx"
    only = ["--only", o.only] if o.only else []
    subprocess.run([o.burin, "prune", path, "-o", to, "--block", "16x1",
                    "--sparsity", sparsity, *only],
                   check=True, capture_output=True)
    return to


def measure(o, spec, folder):
    path, _, sparsity = spec.partition("@")
    if sparsity:
        path = pruned(o, path, sparsity, folder)
    graph = onnx.load(path, load_external_data=False).graph
    weights = {w.name for w in graph.initializer}
    name = next(i.name for i in graph.input if i.name not in weights)
    dims = [int(d) for d in o.size.split("x")]
    x = np.random.default_rng(1).standard_normal(dims).astype(np.float32)
    (a, b), error = turns.compare(path, {name: x}, [graph.output[0].name],
                                  o.rounds)
    label = os.path.basename(spec)
    print(f"| {label:28} | {a:8.2f} | {b:8.2f} | {a / b:5.2f} x "
          f"| {error:.1e} |", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("models", nargs="+")
    p.add_argument("--size", default="1x3x224x224")
    p.add_argument("--rounds", type=int, default=50)
    p.add_argument("--only", help="passed to burin prune")
    o = p.parse_args()
    turns.find_burin(o.burin)
    print("| network | ONNX Runtime | burin | faster | difference |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for spec in o.models:
            measure(o, spec, folder)


if __name__ == "__main__":
    main()
