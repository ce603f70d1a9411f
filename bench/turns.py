# SPDX-License-Identifier: Apache-2.0
"""burin and ONNX Runtime on one file, side by side: both are loaded in this
process and stay warm, and take samples in turn, so that what else the machine
does meets both.  For ort.py, ort_images.py and ort_operators.py.
"""

import os
import statistics
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "peers"))
import systems                                          # noqa: E402


def find_burin(command):
    """What is beside a command in a build folder, unless it is said."""
    build = os.path.dirname(os.path.abspath(command))
    for key, file in (("LIB", ".libs/libburin.so"), ("CC", "burin-cc"),
                      ("JIT_MODULE", ".libs/burin-jit.so")):
        os.environ.setdefault(f"BURIN_{key}", f"{build}/{file}")


def sample(call, count):
    """Milliseconds of one call, the first left out: the others have had the
    caches."""
    call()
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) * 1e3 / count


def medians(calls, rounds, least_ms=0):
    """Median milliseconds of each; least_ms is what one sample takes, in as
    many calls as that needs."""
    counts = [max(1, int(least_ms / sample(c, 1))) for c in calls]
    samples = [[sample(c, n) for c, n in zip(calls, counts)]
               for _ in range(rounds)]
    return [statistics.median(s) for s in zip(*samples)]


def compare(path, inputs, outputs, rounds, least_ms=0, variants=({},)):
    """Milliseconds of ONNX Runtime, and of burin with each variant of its
    options, and the largest difference of the first output relative to its
    largest element."""
    ort = systems.onnxruntime(path, inputs, 1, None, outputs)
    made = [systems.burin(path, inputs, 1, None, outputs, **v)
            for v in variants]
    want, got = ort["run"](), made[0]["run"]()
    error = np.abs(got.astype(np.float64) - want).max(initial=0)
    error /= max(np.abs(want.astype(np.float64)).max(initial=0), 1e-30)
    calls = [m["call"] for m in (ort, *made)]
    return medians(calls, rounds, least_ms), float(error)
