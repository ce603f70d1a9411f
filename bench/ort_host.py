# SPDX-License-Identifier: Apache-2.0
"""Time burin inside of ONNX Runtime, one thread: its execution provider against
ONNX Runtime's own in the same process, and against `burin bench`, which has no
host around it.

    ort_host.py BURIN MODEL[:BATCHxSEQUENCE]...

Needs the Python environment that make check-real leaves in tests/real.d/venv.
All take samples in turn; medians in milliseconds are printed: a run, and making
a session with a warm kernel cache, which for `burin bench` is loading.
"""

import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np
import onnxruntime as ort

ROUNDS = 3
NAME, CPU = "BurinExecutionProvider", "CPUExecutionProvider"


def session(model, providers):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(model, options, providers=providers)


def sizes(value, shape):
    """Of an input; open ones are those of shape in turn, then 1."""
    left = list(shape)
    return [d if isinstance(d, int) else left.pop(0) if left else 1
            for d in value.shape]


def filled(value, dims):
    """As burin bench fills inputs."""
    rng = np.random.default_rng(0)
    if "int" not in value.type:
        return rng.standard_normal(dims).astype(np.float32)
    if "mask" in value.name:
        return np.ones(dims, np.int64)
    if "type" in value.name or "segment" in value.name:
        return np.zeros(dims, np.int64)
    return rng.integers(0, 100, dims)


def milliseconds(call, count):
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) * 1e3 / count


def median_run(call):
    """Of single runs that take half a second together."""
    count = max(5, int(500 / milliseconds(call, 2)))
    return statistics.median(milliseconds(call, 1) for _ in range(count))


def bench(command, model, feed):
    """(run, load)"""
    shapes = [f"--shape={n}={'x'.join(map(str, a.shape))}"
              for n, a in feed.items()]
    out = json.loads(subprocess.run(
        [command, "bench", "--json", "--iters=30", *shapes, model],
        check=True, capture_output=True, text=True).stdout)
    return out["latency_ms"]["median"], out["load_ms"]


def one(command, model, shape):
    feed, made = None, {}
    runs = {"cpu": [], "ep": [], "bench": []}
    starts = {"cpu": [], "ep": [], "bench": []}
    for _ in range(ROUNDS):
        for key, providers in (("cpu", [CPU]), ("ep", [NAME, CPU])):
            start = time.perf_counter()
            made[key] = session(model, providers)
            starts[key].append((time.perf_counter() - start) * 1e3)
            feed = feed or {i.name: filled(i, sizes(i, shape))
                            for i in made[key].get_inputs()}
            runs[key].append(median_run(
                lambda s=made[key]: s.run(None, feed)))
        run, load = bench(command, model, feed)
        runs["bench"].append(run)
        starts["bench"].append(load)
    got, want = (made[k].run(None, feed)[0].ravel().astype(float)
                 for k in ("ep", "cpu"))
    cosine = got @ want / np.linalg.norm(got) / np.linalg.norm(want)
    return ([statistics.median(runs[k]) for k in runs] +
            [statistics.median(starts[k]) for k in starts], cosine)


def main(command, *models):
    build = os.path.dirname(os.path.abspath(command))
    ort.set_default_logger_severity(3)
    ort.register_execution_provider_library(
        "burin", os.path.join(build, ".libs/burin-ort.so"))
    print(f"{'run:':>32}{'ort':>9}{'ep':>9}{'bench':>9}{'ort/ep':>8}"
          f"{'ep-bench':>10}   start:{'ort':>7}{'ep':>7}{'load':>7}   cosine")
    for text in models:
        model, _, shape = text.partition(":")
        shape = [int(n) for n in (shape or "1x128").split("x")]
        t, cosine = one(command, model, shape)
        print(f"{os.path.basename(text)[-31:]:>32}{t[0]:9.3f}{t[1]:9.3f}"
              f"{t[2]:9.3f}{t[0] / t[1]:8.2f}{(t[1] - t[2]) * 1e3:7.0f} us"
              f"{t[3]:16.0f}{t[4]:7.0f}{t[5]:7.0f}   {cosine:.6f}",
              flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
