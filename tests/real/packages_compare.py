# SPDX-License-Identifier: Apache-2.0
"""Check that burin and ONNX Runtime give the same results for the files of
packages.py, as they come and pruned, with two sizes each.  Prints TAP.

    packages_compare.py BURIN WORK FOLDER

WORK is for temporary files; the packages are in FOLDER, or are installed
there.
"""

import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

import compare
import packages

RTOL, ATOL = 1e-3, 1e-4


def wrong(name, got, want, other):
    """None, or a line about the first wrong element.  other: what ONNX Runtime
    gives when it rounds differently; burin may be as far away."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return (f"{name}: {got.dtype}{list(got.shape)}, wanted "
                f"{want.dtype}{list(want.shape)}")
    if want.dtype.kind != "f":
        return None if (got == want).all() else f"{name} differs"
    off = np.abs(got.astype(np.float64) - want)
    most = ATOL + RTOL * np.abs(want).max(initial=0)
    most += 2 * np.abs(other.astype(np.float64) - want).max(initial=0)
    if np.all(off <= most):
        return None
    return f"{name}: off by {off.max()}, at most {most} wanted"


def shifted(path, work):
    """The model with its vectors of floats, scales of normalizations among
    them, off by 1e-6: how far results are from its own says what rounding does,
    which in int8 may be much."""
    model, random = onnx.load(path), np.random.default_rng(1)
    for w in model.graph.initializer:
        a = numpy_helper.to_array(w)
        if a.dtype == np.float32 and a.ndim == 1 and a.size > 1:
            a = a * (1 + 1e-6 * random.standard_normal(a.shape))
            w.CopyFrom(numpy_helper.from_array(a.astype(np.float32), w.name))
    to = os.path.join(work, "shifted.onnx")
    onnx.save(model, to)
    return to


def problems(command, path, sizes, work, quantized):
    plain = compare.session_of(path, False)
    other = compare.session_of(shifted(path, work) if quantized else path)
    inputs = packages.feed(plain, sizes)
    names = [o.name for o in plain.get_outputs()]
    try:
        out = compare.run_burin(command, path, inputs,
                                os.path.join(work, "io"))
    except RuntimeError as e:
        return [str(e)]
    return [p for p in map(
        wrong, names,
        (np.load(os.path.join(out, n.replace("/", "_") + ".npy"))
         for n in names),
        plain.run(None, inputs),
        other.run(None, inputs)) if p]


def variants(command, file, path, work):
    """The file as it comes, and pruned."""
    yield "dense", path
    if file.prune:
        yield "pruned", compare.variant(command, path, ("16x1", 0.9), work)


def main(command, work, folder):
    ort.set_default_logger_severity(3)
    packages.install(folder)
    tap = compare.Tap(sum(len(f.sizes) * (1 + f.prune)
                          for f in packages.FILES))
    for file in packages.FILES:
        for kind, path in variants(command, file, file.find(folder), work):
            for i, sizes in enumerate(file.sizes):
                tap.point(f"{file.name} {kind}: size {i + 1}",
                          problems(command, path, sizes, work,
                                   file.quantized))


if __name__ == "__main__":
    main(*sys.argv[1:])
