# SPDX-License-Identifier: Apache-2.0
"""Check that burin and ONNX Runtime give the same results for models with a
padding mask, unpruned and pruned.  Prints TAP.

    check.py BURIN FOLDER MODEL...
"""

import os
import sys

import onnxruntime as ort

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "../../tests/real"))

import compare      # noqa: E402

SHAPES = ((1, 128), (3, 50))
PRUNED = (None, ("16x1", 0.9))


def main(command, folder, *models):
    tap = compare.Tap(len(models) * len(PRUNED) * (len(SHAPES) + 1))
    ort.set_default_logger_severity(3)
    for original in models:
        for pruned in PRUNED:
            model = compare.variant(command, original, pruned, folder)
            label = (f"{os.path.basename(original)} "
                     f"{' at '.join(map(str, pruned or ['dense']))}")
            tap.point(f"{label}: kernels compile",
                      compare.kernels(command, model, pruned))
            session = ort.InferenceSession(
                model, providers=["CPUExecutionProvider"])
            for batch, seq in SHAPES:
                tap.point(f"{label}: {batch}x{seq} tokens", compare.compare(
                    command, model, session, (batch, seq), folder))
    print(f"{tap.n - tap.bad} passed, {tap.bad} failed")
    return tap.bad > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
