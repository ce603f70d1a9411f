# SPDX-License-Identifier: Apache-2.0
"""Time burin, sparse and dense, and ONNX Runtime on the same file, one thread.

    ort.py BURIN MODEL [BATCHxSEQUENCE]...

Needs the Python environment that make check-real leaves in tests/real.d/venv.
The three run in turn (turns.py); medians in milliseconds are printed.
"""

import sys

import numpy as np
import onnxruntime as ort

import turns

ROUNDS = 30


def main(command, model, *shapes):
    turns.find_burin(command)
    session = ort.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    outputs = [session.get_outputs()[0].name]
    del session
    print(f"{'tokens':>10}{'onnxruntime':>14}{'dense':>10}{'sparse':>10}  ms")
    for shape in shapes or ("1x128",):
        ones = np.ones([int(n) for n in shape.split("x")], np.int64)
        times, _ = turns.compare(model, {n: ones for n in names}, outputs,
                                 ROUNDS, variants=({"sparse": "off"}, {}))
        print(f"{shape:>10}{times[0]:14.2f}{times[1]:10.2f}{times[2]:10.2f}",
              flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
