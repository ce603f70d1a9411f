# SPDX-License-Identifier: Apache-2.0
"""What low precision does to the answers of real models, against fp32 in ONNX
Runtime.  Writes a table in Markdown.

    accuracy.py BURIN sentences=minilm.onnx text=rec.onnx scores=resnet50.onnx

sentences: token ids to embeddings of tokens; the least cosine of the means of
64 sentences.  text: pictures of a line of text to characters (CTC); how many of
12 lines are read the same.  scores: pictures to classes; the largest difference
of a probability, and for how many of 8 pictures the first class is the same.
dynamic is a file whose products onnxruntime.quantization has quantized.
"""

import os
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime as ort

import turns

PRECISIONS = "fp32", "bf16", "int8"
COLUMNS = *PRECISIONS, "dynamic", "dynamic, ONNX Runtime"

# Rows of 5 dots of the digits, the highest bit on the left.
DIGITS = ("0e11131519110e", "040c040404040e", "0e11010204081f",
          "1f02040201110e", "02060a121f0202", "1f101e0101110e",
          "0608101e11110e", "1f010204080808", "0e11110e11110e",
          "0e11110f01020c")


def sentences(session):
    rng = np.random.default_rng(0)
    mask = np.arange(60) < rng.integers(4, 60, (64, 1))
    feed = {"input_ids": rng.integers(1000, 30000, mask.shape) * mask,
            "attention_mask": mask, "token_type_ids": np.zeros(mask.shape)}
    return {i.name: feed[i.name].astype(np.int64)
            for i in session.get_inputs()}


def cosines(feed, want, got):
    mask = feed["attention_mask"][..., None]

    def units(y):
        mean = (y * mask).sum(1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return f"{(units(want) * units(got)).sum(1).min():.5f}"


def drawn(line, height=48, size=5):
    """A line of digits, dark on light, as [height, width]."""
    glyphs = [np.array([[int(g[k:k + 2], 16) >> b & 1 for b in range(5, -1, -1)]
                        for k in range(0, 14, 2)]) for g in
              (DIGITS[int(c)] for c in line)]
    dots = np.kron(np.hstack(glyphs), np.ones((size, size)))
    top = (height - dots.shape[0]) // 2
    page = np.pad(dots, ((top, height - dots.shape[0] - top), (8, 8)))
    soft = sum(np.roll(page, k, a) for a in (0, 1) for k in (-1, 0, 1)) / 6
    return 1 - 2 * soft


def text(session):
    rng = np.random.default_rng(1)
    pages = np.stack([drawn("".join(map(str, rng.integers(0, 10, 9))))
                      for _ in range(12)])
    pages += rng.normal(0, 0.1, pages.shape)
    return {session.get_inputs()[0].name:
            np.stack([pages] * 3, 1).astype(np.float32)}


def read(y):
    """Characters of a CTC output: no repeats, no blanks."""
    best = y.argmax(-1)
    return [c for i, c in enumerate(best)
            if c and (i == 0 or c != best[i - 1])]


def lines(feed, want, got):
    same = sum(read(a) == read(b) for a, b in zip(want, got))
    read_all = sum(len(read(a)) for a in want)
    return f"{same} of {len(want)} ({read_all} characters)"


def pictures(session):
    rng = np.random.default_rng(2)
    x = session.get_inputs()[0]
    coarse = np.kron(rng.random((8, 3, 14, 14)), np.ones((16, 16)))
    page = (coarse - 0.5) * 4 + rng.normal(0, 0.3, coarse.shape)
    if x.shape[-1] == 3:
        page = np.ascontiguousarray(page.transpose(0, 2, 3, 1))
    return {x.name: page.astype(np.float32)}


def classes(feed, want, got):
    def p(y):
        e = np.exp(y - y.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True) if y.min() < 0 else y
    same = (want.argmax(-1) == got.argmax(-1)).sum()
    return f"{np.abs(p(want) - p(got)).max():.1e}, {same} of {len(want)}"


KINDS = {"sentences": (sentences, cosines), "text": (text, lines),
         "scores": (pictures, classes)}


def quantized(path, folder):
    from onnxruntime.quantization import quantize_dynamic
    out = os.path.join(folder, "dynamic.onnx")
    model = onnx.load(path)
    for node in list(model.graph.node):     # it looks for initializers only
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            tensor = model.graph.initializer.add()
            tensor.CopyFrom(node.attribute[0].t)
            tensor.name = node.output[0]
            model.graph.node.remove(node)
    quantize_dynamic(model, out, op_types_to_quantize=["MatMul", "Gemm"])
    return out


def run_ort(path, feed=None):
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, feed)[0] if feed else session


def row(kind, path, folder):
    """A line of the table, and whether bf16 gives the bits of fp32."""
    feed_of, measure = KINDS[kind]
    session = run_ort(path)
    feed, output = feed_of(session), session.get_outputs()[0].name
    dynamic = quantized(path, folder)

    def burin(file, precision):
        return turns.systems.burin(file, feed, 1, None, (output,),
                                   precision=precision)["run"]().copy()

    got = [burin(path, precision) for precision in PRECISIONS]
    same = np.array_equal(got[0], got[1])
    got += [burin(dynamic, "auto"), run_ort(dynamic, feed)]
    want = run_ort(path, feed)
    name = os.path.basename(path).removesuffix(".onnx")
    return (f"| {name}, {kind} | " +
            " | ".join(measure(feed, want, y) for y in got) + " |"), same


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        return next(x.split(":")[1].strip() for x in f
                    if x.startswith("model name"))


def main(argv):
    command, *files = argv
    turns.find_burin(command)
    print(f"# Answers in low precision\n\n`bench/accuracy.py` on {machine()}, "
          f"against fp32 in ONNX Runtime {ort.__version__}; the script says "
          "what is measured. Weights are real.\n")
    print("| model | " + " | ".join(COLUMNS) + " |")
    print("|---" * (1 + len(COLUMNS)) + "|")
    bits = []
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            line, same = row(*file.split("=", 1), folder)
            print(line, flush=True)
            bits.append(same)
    if all(bits):
        print("\nbf16 gives the bits of fp32: it is slower than fp32 on this "
              "processor, and burin takes fp32.")


if __name__ == "__main__":
    main(sys.argv[1:])
