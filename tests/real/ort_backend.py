# SPDX-License-Identifier: Apache-2.0
"""Check the execution provider against ONNX's backend tests: with claim=all
each result of a model of which it claims nodes must be the expected one.
Prints TAP.

    ort_backend.py BUILD WORK
    ort_backend.py BUILD --from NAME    run tests from NAME on, for the former
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import numpy_helper

import ort_ep

DATA = os.path.join(os.path.dirname(onnx.__file__), "backend/test/data")
KINDS = ("node", "simple", "pytorch-converted", "pytorch-operator")
# Results are random.
NOT_DEFINED = {f"node/test_bernoulli{kind}{expanded}"
               for kind in ("", "_double", "_seed")
               for expanded in ("", "_expanded")}
LEAST = 1100                    # tests of which nodes are claimed


def names():
    return [f"{kind}/{name}" for kind in KINDS
            for name in sorted(os.listdir(os.path.join(DATA, kind)))]


def read(path, info):
    """A tensor; None for sequences and optional values."""
    if not info.type.startswith("tensor("):
        return None
    with open(path, "rb") as f:
        return numpy_helper.to_array(onnx.TensorProto.FromString(f.read()))


def read_all(folder, kind, infos):
    return [read(os.path.join(folder, f"{kind}_{i}.pb"), info)
            for i, info in enumerate(infos)]


def differs(got, want):
    if got.shape != want.shape or got.dtype != want.dtype:
        return f"{got.dtype}{got.shape}, wanted {want.dtype}{want.shape}"
    if got.dtype.kind not in "biuf":
        return None if np.array_equal(got, want) else "other values"
    loose = 1e-2 if got.dtype == np.float16 else 1e-3
    if np.allclose(got, want, rtol=loose, atol=1e-5, equal_nan=True):
        return None
    return f"off by {np.abs(got.astype(float) - want.astype(float)).max()}"


def problem_of(folder, session):
    for case in sorted(os.listdir(folder)):
        if not case.startswith("test_data_set_"):
            continue
        case = os.path.join(folder, case)
        ins = read_all(case, "input", session.get_inputs())
        outs = read_all(case, "output", session.get_outputs())
        got = session.run(None, dict(zip(
            (i.name for i in session.get_inputs()), ins)))
        for a, b in zip(got, outs):
            wrong = b is not None and differs(np.asarray(a), b)
            if wrong:
                return wrong
    return None


def check(name):
    """"skip", "ok", or what is wrong."""
    folder = os.path.join(DATA, name)
    path = os.path.join(folder, "model.onnx")
    try:
        session = ort_ep.session_of(path, {"claim": "all"}, optimize=False)
    except Exception as e:
        try:
            ort_ep.session_of(path, None, optimize=False)
        except Exception:
            return "skip"       # ONNX Runtime does not load it either
        return f"{type(e).__name__}: {e}"
    if not ort_ep.claimed(session) or name in NOT_DEFINED:
        return "skip"
    if any(v.type == "tensor(bfloat16)"
           for v in session.get_inputs() + session.get_outputs()):
        return "skip"           # the Python package has no such arrays
    try:
        return problem_of(folder, session) or "ok"
    except Exception as e:
        return f"{type(e).__name__}: {e}"


def child(build, first):
    ort_ep.register(build)
    ort.set_default_logger_severity(4)
    every = names()
    for name in every[every.index(first):]:
        print(name, end="\t", flush=True)
        print(check(name).replace("\n", " "), flush=True)


def results(build):
    """(name, result) of each; a crash is one."""
    every = names()
    at = 0
    while at < len(every):
        run = subprocess.run([sys.executable, __file__, build, "--from",
                              every[at]], capture_output=True, text=True)
        for line in run.stdout.splitlines():
            name, _, result = line.partition("\t")
            yield name, result or f"died: {run.returncode}"
            at += 1
        if not run.stdout:
            raise RuntimeError(run.stderr)


def main(build, *args):
    if args[0] == "--from":
        return child(build, args[1])
    print("1..2", flush=True)
    done = list(results(build))
    wrong = [d for d in done if d[1] not in ("ok", "skip")]
    good = sum(result == "ok" for _, result in done)
    print(f"{'not ok' if wrong else 'ok'} - ONNX's backend tests that the "
          f"provider claims")
    for name, result in wrong:
        print(f"# {name}: {result}")
    print(f"{'ok' if good >= LEAST else 'not ok'} - they are many")
    print(f"# {good} of {len(done)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
