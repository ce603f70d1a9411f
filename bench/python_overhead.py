# SPDX-License-Identifier: Apache-2.0
"""What the Python package adds to a run of the library, and to the start of a
program.  For the interpreter of an environment that has the package:

    build/python.d/venv/bin/python bench/python_overhead.py [--rounds 30]

The library's own time is that of burin_run with structs that are ready, which
has one call of ctypes in it.  The models do next to nothing.  Samples of both
are taken in turn; medians are printed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "python",
                                "tests"))
import burin                                            # noqa: E402
import onnx_file                                        # noqa: E402
from burin._library import lib                          # noqa: E402

CALLS = 1000


def sums(count):
    """x0 + ... to y, as a model of this many inputs."""
    names = [f"x{i}" for i in range(count)]
    return onnx_file.model(
        [onnx_file.node("Sum", names, ["y"])],
        [(n, np.float32, ("n",)) for n in names],
        [("y", np.float32, ("n",))])


def microseconds(call):
    """Of processor time, which other programs lengthen least."""
    start = time.process_time()
    for _ in range(CALLS):
        call()
    return (time.process_time() - start) * 1e6 / CALLS


def bare(session, feed):
    """burin_run alone, with the structs of a run that was."""
    pool = session._pool
    runner = pool.take()
    pool.give(runner)
    c = next(iter(runner._calls.values()))
    y = np.empty_like(next(iter(feed.values())))
    for o in c.each_output:
        o.buffer = y.__array_interface__["data"][0]
    arguments = (runner.handle, c.inputs, len(c.inputs), c.outputs,
                 len(c.outputs), runner._err)
    return lambda y=y: lib.run(*arguments)


def run_overhead(count, rounds):
    feed = {f"x{i}": np.ones(4, np.float32) for i in range(count)}
    with burin.InferenceSession(sums(count)) as s:
        s.run(None, feed)
        library = bare(s, feed)
        samples = [(microseconds(library),
                    microseconds(lambda: s.run(None, feed)))
                   for _ in range(rounds)]
    low, high = map(statistics.median, zip(*samples))
    print(f"{count} inputs: library {low:.1f} us, Python {high:.1f} us, "
          f"added {high - low:.1f} us")


def import_time(rounds):
    code = ("import time, numpy; t = time.process_time(); import burin; "
            "print(time.process_time() - t)")
    times = [float(subprocess.run([sys.executable, "-c", code], check=True,
                                  capture_output=True, text=True).stdout)
             for _ in range(rounds)]
    print(f"import beyond numpy: {statistics.median(times) * 1e3:.1f} ms")


def main():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--rounds", type=int, default=30)
    rounds = p.parse_args().rounds
    for count in (1, 3, 8):
        run_overhead(count, rounds)
    import_time(rounds)


if __name__ == "__main__":
    main()
