# SPDX-License-Identifier: Apache-2.0
"""burin, sparse and dense, beside ONNX Runtime on the same file, one thread.

    ort.py BURIN MODEL [BATCHxSEQUENCE]...

Runs in the environment that make check-real leaves in tests/real.d/venv. The
three take turns, ROUNDS times; the median of the medians is printed.
"""

import json
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime as ort

ROUNDS, ITERS = 3, 20


def run_ort(session, batch, seq):
    """Median milliseconds."""
    feed = {i.name: np.ones((batch, seq), np.int64)
            for i in session.get_inputs()}
    session.run(None, feed)
    times = []
    for _ in range(ITERS):
        start = time.perf_counter()
        session.run(None, feed)
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def run_burin(command, model, names, batch, seq, *more):
    args = [f"--shape={name}={batch}x{seq}" for name in names]
    out = subprocess.run(
        [command, "bench", model, *args, "--threads=1", f"--iters={ITERS}",
         "--json", *more], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)["latency_ms"]["median"]


def main(command, model, *shapes):
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model, options,
                                   providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    print(f"{'tokens':>10}{'onnxruntime':>14}{'dense':>10}{'sparse':>10}  ms")
    for shape in shapes or ("1x128",):
        batch, seq = map(int, shape.split("x"))
        rounds = [(run_ort(session, batch, seq),
                   run_burin(command, model, names, batch, seq, "--dense"),
                   run_burin(command, model, names, batch, seq))
                  for _ in range(ROUNDS)]
        a, b, c = (statistics.median(r) for r in zip(*rounds))
        print(f"{shape:>10}{a:14.2f}{b:10.2f}{c:10.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
