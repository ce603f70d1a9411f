# SPDX-License-Identifier: Apache-2.0
"""Check that burin and ONNX Runtime give the same results for real models,
unpruned and pruned, for every form of the recurrent operators and in greedy
decoding with a past, and that burin knows the attributes of every operator.
Prints TAP.

    compare.py BURIN WORK           the command, a folder for temporary files
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime as ort

import attributes
import decoder_ops
import decoders
import derive
import models
import recurrent

PRUNED = (None, ("16x1", 0.9), ("32x32", 0.8))
# Models that ONNX Runtime's tools derive from minilm-l6, and their pruning.
DERIVED = ("optimized", "dynamic", "qdq", "dynamic_bytes", "qdq_signed")
DERIVED_PRUNED = (None, ("16x1", 0.9))
# Kinds of decoders, seed and pruning; tokens of each.
DECODERS = [(kind, seed, pruned) for kind in decoders.KINDS
            for seed, pruned in ((0, None), (1, None), (2, ("16x1", 0.5)))]
DECODED = 64


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
    """Standard output; on failure, an exception with standard error."""
    r = subprocess.run([command, *args], capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(f"burin {args[0]}: status {r.returncode}: "
                           f"{r.stderr.strip()}")
    return r.stdout


def run_burin(command, model, feed, folder):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    args = []
    for name, array in feed.items():
        path = os.path.join(folder, f"in-{name.replace('/', '_')}.npy")
        np.save(path, array)
        args += ["--input", f"{name}={path}"]
    out = os.path.join(folder, "out")
    burin(command, "run", model, *args, "--output-dir", out)
    return out


def difference(model, name, got, want):
    """None, or a line about the first wrong element of an output."""
    if got.shape != want.shape or got.dtype != want.dtype:
        return (f"{name}: {got.dtype}{list(got.shape)}, wanted "
                f"{want.dtype}{list(want.shape)}")
    if np.allclose(got, want, rtol=model.rtol, atol=model.atol):
        return None
    d = np.abs(got.astype(np.float64) - want)
    i = np.unravel_index(np.argmax(d), d.shape)
    return f"{name}{list(map(int, i))}: {got[i]}, wanted {want[i]}"


def rounding(model, name, got, want, exact):
    """difference for a quantized model.  There the last bit of a float can
    change a result by a whole step, and ONNX Runtime's own results depend on
    its optimization level.  So burin must be nearer to it than it is to the
    model before quantization."""
    def rms(a, b):
        return float(np.sqrt(np.mean((a - b) ** 2)))
    if got.shape != want.shape or got.dtype != want.dtype:
        return difference(model, name, got, want)
    if rms(got, want) <= rms(want, exact):
        return None
    return f"{name}: off by {rms(got, want)}, quantizing by {rms(want, exact)}"


def compare(burin_run, model, session, shape, exact=None):
    """A list of errors, one line each.  exact is the model before
    quantization, or None."""
    feed = model.feed(session, shape)
    want = session.run(None, feed)
    floats = exact.run(None, feed) if exact else want
    try:
        out = burin_run(feed)
    except RuntimeError as e:
        return [str(e)]
    problems = []
    for o, w, f in zip(session.get_outputs(), want, floats):
        file = re.sub("/", "_", o.name) + ".npy"
        got = np.load(os.path.join(out, file))
        problems.append(rounding(model, o.name, got, w, f) if exact
                        else difference(model, o.name, got, w))
    return [p for p in problems if p]


def kernels(command, model, pruned, known=True):
    """Check that every kernel compiles and, where it is known which are
    pruned, that those layers become sparse."""
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
    if known and bool(sparse) != bool(pruned):
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


def sizes(command, tap, label, model, path, sessions, work):
    """Compare all input sizes; the sessions are those of compare."""
    def burin_run(feed):
        return run_burin(command, path, feed, os.path.join(work, "io"))
    for shape in model.shapes:
        size = "x".join(map(str, shape))
        tap.point(f"{label}: {size}",
                  compare(burin_run, model, sessions[0], shape, *sessions[1:]))


def derived(command, tap, model, kind, pruned, work):
    """Check a derived model, pruned or not."""
    label = f"{model.name} {kind} {' at '.join(map(str, pruned or ['dense']))}"
    path = os.path.join(work, "derived.onnx")
    start = time.monotonic()
    base = variant(command, model.path, pruned, work)
    derive.main(kind, base, path)
    quantized = kind != "optimized"
    problems = kernels(command, path, pruned)
    if not problems and quantized:
        report = json.loads(burin(command, "inspect", path, "--json"))
        if not report["dequantized"] and not any(
                layer["precision"] == "int8" for layer in report["layers"]):
            problems.append("no weight is said to be integers")
    tap.point(f"{label}: kernels compile", problems)
    sessions = [session_of(path, not quantized)]
    if quantized:
        sessions.append(session_of(base))
    sizes(command, tap, label, model, path, sessions, work)
    print(f"# {label}: {time.monotonic() - start:.1f} s")


def original(command, tap, model, pruned, work):
    """Check an original model, pruned or not."""
    label = f"{model.name} {' at '.join(map(str, pruned or ['dense']))}"
    start = time.monotonic()
    try:
        path = variant(command, model.path, pruned, work)
    except RuntimeError as e:
        for _ in range(len(model.shapes) + 1):
            tap.point(label, [str(e)])
        return
    tap.point(f"{label}: kernels compile",
              kernels(command, path, pruned, model.prune))
    sizes(command, tap, label, model, path, [session_of(path)], work)
    print(f"# {label}: {time.monotonic() - start:.1f} s")


def prunings(model):
    return PRUNED if model.prune else (None,)


def recurrent_model(command, tap, model, other, pruned, work):
    """Check a model with recurrent layers, pruned or not; other is the file
    for ONNX Runtime."""
    label = f"{model.name} {' at '.join(map(str, pruned or ['dense']))}"
    path = variant(command, model.path, pruned, work)
    if other == model.path:
        other = path
    sizes(command, tap, label, model, path, [session_of(other)], work)


def recurrent_runs(found):
    """Model, other file and pruning of each run of recurrent_model."""
    for model, other in found:
        yield model, other, None
        if other == model.path:         # integer weights are not pruned
            yield model, other, ("16x1", 0.9)


def operator_forms(command, forms, work):
    """Compare every form of some operators."""
    path, problems = os.path.join(work, "form.onnx"), []
    for name, form in forms:
        onnx.save(form.model, path)
        model = models.Model(name, path, [None], lambda *_: form.feed,
                             rtol=1e-4, atol=1e-5)
        problems += [f"{name}: {p}" for p in compare(
            lambda feed: run_burin(command, path, feed,
                                   os.path.join(work, "io")),
            model, session_of(path), None)]
    return problems


def decode(command, path, kind, seed, work):
    """Greedy decoding of DECODED tokens of two sequences, one padded: the first
    wrong token.  Where two tokens are as likely as rounding decides, a sequence
    ends."""
    session = session_of(path)
    names = [o.name for o in session.get_outputs()]
    feed = decoders.first_feed(
        kind, [(i.name, i.shape) for i in session.get_inputs()], 2, 5,
        np.random.default_rng(seed))

    def burin_run(feed):
        out = run_burin(command, path, feed, os.path.join(work, "io"))
        return {n: np.load(os.path.join(out, f"{n}.npy")) for n in names}
    want, margins = decoders.greedy(
        lambda feed: dict(zip(names, session.run(None, feed))), feed, DECODED)
    got, _ = decoders.greedy(burin_run, feed, DECODED)
    clear = np.logical_and.accumulate(margins > 1e-4, axis=0)
    for step, row in zip(*np.nonzero((got != want) & clear)):
        return [f"token {step} of sequence {row}: {got[step, row]}, wanted "
                f"{want[step, row]}"]
    if clear.mean() < .5:
        return ["most tokens are as likely as others"]
    return []


def decoder(command, tap, kind, seed, pruned, work):
    path = os.path.join(work, "decoder.onnx")
    decoders.KINDS[kind](path, seed=seed)
    path = variant(command, path, pruned, work)
    label = f"{kind} decoder, seed {seed}, {pruned and 'pruned' or 'dense'}"
    try:
        problems = decode(command, path, kind, seed, work)
    except RuntimeError as e:
        problems = [str(e)]
    tap.point(f"{label}: {DECODED} tokens", problems)


def operators_without_a_time():
    """Operators of the op table that the benchmark of operators leaves out."""
    sys.path.insert(0, os.path.join(attributes.ROOT, "bench"))
    import ort_operators
    return ort_operators.missing(
        os.path.join(attributes.ROOT, "ir", "ops.def"))


def main(command, work):
    accepted = models.accepted(work)
    points = sum((len(m.shapes) + 1) * len(prunings(m)) for m in accepted)
    points += (len(DERIVED) * len(DERIVED_PRUNED) *
               (len(accepted[0].shapes) + 1))
    recurrents = list(recurrent_runs(models.recurrent(work)))
    points += sum(len(m.shapes) for m, _, _ in recurrents)
    tap = Tap(points + len(DECODERS) + 4)
    ort.set_default_logger_severity(3)
    for model in accepted:
        for pruned in prunings(model):
            original(command, tap, model, pruned, work)
    for kind in DERIVED:
        for pruned in DERIVED_PRUNED:
            derived(command, tap, accepted[0], kind, pruned, work)
    for run in recurrents:
        recurrent_model(command, tap, *run, work)
    for kind, seed, pruned in DECODERS:
        decoder(command, tap, kind, seed, pruned, work)
    tap.point("recurrent operators in all their forms",
              operator_forms(command, recurrent.forms(), work))
    tap.point("attention of com.microsoft with a past",
              operator_forms(command, decoder_ops.forms(), work))
    tap.point("attributes of ONNX are taken or refused by name",
              attributes.problems(command, work))
    tap.point("each operator is timed by bench/ort_operators.py",
              operators_without_a_time())
    print(f"# {tap.n - tap.bad} passed, {tap.bad} failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
