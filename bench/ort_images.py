# SPDX-License-Identifier: Apache-2.0
"""burin beside ONNX Runtime on convolutional networks, one thread.

    ort_images.py BURIN MODEL[@SPARSITY]... [--size 1x3x224x224] [--rounds N]

Each MODEL is measured as it is, or with @0.9 after `burin prune --block 16x1
--sparsity 0.9`; ONNX Runtime gets the same file. The two take turns, ROUNDS
times; the medians of the medians, their ratio, and the largest difference of
the results relative to the largest result are printed.
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime as ort


def run_ort(session, feed, iters):
    session.run(None, feed)
    times = []
    for _ in range(iters):
        start = time.perf_counter()
        session.run(None, feed)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def run_burin(command, model, name, size, iters):
    out = subprocess.run(
        [command, "bench", model, f"--shape={name}={size}", "--threads=1",
         f"--iters={iters}", "--json"],
        check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["latency_ms"]["median"]


def difference(command, model, name, feed, want, folder):
    np.save(f"{folder}/x.npy", feed)
    subprocess.run([command, "run", model, f"--input={name}={folder}/x.npy",
                    f"--output-dir={folder}"], check=True,
                   capture_output=True)
    got = np.load(f"{folder}/{want[0]}.npy")
    return np.abs(got - want[1]).max() / np.abs(want[1]).max()


def measure(o, spec, folder):
    path, _, sparsity = spec.partition("@")
    if sparsity:
        pruned = f"{folder}/pruned.onnx"
        subprocess.run([o.burin, "prune", path, "-o", pruned,
                        "--block", "16x1", "--sparsity", sparsity] +
                       (["--only", o.only] if o.only else []),
                       check=True, capture_output=True)
        path = pruned
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options,
                                   providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    dims = [int(d) for d in o.size.split("x")]
    x = np.random.default_rng(1).standard_normal(dims).astype(np.float32)
    want = session.get_outputs()[0].name, session.run(None, {name: x})[0]
    error = difference(o.burin, path, name, x, want, folder)
    rounds = [(run_ort(session, {name: x}, o.iters),
               run_burin(o.burin, path, name, o.size, o.iters))
              for _ in range(o.rounds)]
    a, b = (statistics.median(r) for r in zip(*rounds))
    label = os.path.basename(spec)
    print(f"| {label:28} | {a:8.2f} | {b:8.2f} | {a / b:5.2f} x "
          f"| {error:.1e} |", flush=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("models", nargs="+")
    p.add_argument("--size", default="1x3x224x224")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--iters", type=int, default=15)
    p.add_argument("--only", help="as of burin prune")
    o = p.parse_args()
    print("| network | ONNX Runtime | burin | faster | difference |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for spec in o.models:
            measure(o, spec, folder)


if __name__ == "__main__":
    main()
