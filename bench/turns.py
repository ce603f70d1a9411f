# SPDX-License-Identifier: Apache-2.0
"""Time burin and ONNX Runtime on one file: both are loaded in this process,
stay warm, and take samples in turn, so that other load on the machine affects
both.  Used by the ort_*.py but ort_flow.py and ort_host.py, and by layouts.py.
"""

import os
import statistics
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "peers"))
import systems                                          # noqa: E402


def find_burin(command):
    """Set BURIN_LIB, BURIN_CC and BURIN_JIT_MODULE, unless they are set, to
    the files in the build folder of command."""
    build = os.path.dirname(os.path.abspath(command))
    for key, file in (("LIB", ".libs/libburin.so"), ("CC", "burin-cc"),
                      ("JIT_MODULE", ".libs/burin-jit.so")):
        os.environ.setdefault(f"BURIN_{key}", f"{build}/{file}")


def sample(call, count):
    """Milliseconds of one call, averaged over count.  One call before them is
    not timed: the other systems have replaced what was in the CPU caches."""
    call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) * 1e3 / count


def medians(calls, rounds, least_ms=0):
    """Median milliseconds of each call; a sample consists of as many calls as
    take least_ms."""
    counts = [max(1, int(least_ms / sample(c, 1))) for c in calls]
    samples = [[sample(c, n) for c, n in zip(calls, counts)]
               for _ in range(rounds)]
    return [statistics.median(s) for s in zip(*samples)]


def compare(path, inputs, outputs, rounds, least_ms=0, variants=({},)):
    """[milliseconds of ONNX Runtime, of burin with each variant of options],
    and the largest difference of the first output relative to its largest
    element."""
    ort = systems.onnxruntime(path, inputs, 1, None, outputs)
    made = [systems.burin(path, inputs, 1, None, outputs, **v)
            for v in variants]
    want, got = ort["run"](), made[0]["run"]()
    error = np.abs(got.astype(np.float64) - want).max(initial=0)
    error /= max(np.abs(want.astype(np.float64)).max(initial=0), 1e-30)
    calls = [m["call"] for m in (ort, *made)]
    return medians(calls, rounds, least_ms), float(error)
