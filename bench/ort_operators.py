# SPDX-License-Identifier: Apache-2.0
"""Time single operators in burin and in ONNX Runtime, one thread.

    ort_operators.py BURIN [--only REGEX] [--rounds N] [--out FILE.md]

Each operator is a model of one node, at sizes that occur in MobileNetV1 and V2
and ResNet-50 at 224x224, BERT-base at 1x128, and PP-OCRv4. Weights are
constants. Both systems stay loaded and run in turn (turns.py); outputs are not
copied out of their buffers. Printed are medians in microseconds, burin's time
as a multiple of ONNX Runtime's, and the largest difference relative to the
largest result.
"""

import argparse
import os
import re
import sys
import tempfile

import numpy as np
from onnx import helper, numpy_helper, save

import turns

OPSET = 20
RANDOM = np.random.default_rng(1)


class Case:
    """A model of one node.  what describes sizes and attributes in the table;
    inputs and weights are shapes or arrays."""

    def __init__(self, op, what, inputs, weights=(), outputs=1, **attributes):
        self.name = f"{op} {what}"
        self.inputs = {f"x{i}": value(x) for i, x in enumerate(inputs)}
        self.weights = [value(w) for w in weights]
        self.outputs = [f"y{i}" for i in range(outputs)]
        names = [*self.inputs] + [
            "" if w is None else f"w{i}" for i, w in enumerate(self.weights)]
        self.node = helper.make_node(op, names, self.outputs, **attributes)

    def write(self, path):
        kind = helper.np_dtype_to_tensor_dtype
        graph = helper.make_graph(
            [self.node], "operator",
            [helper.make_tensor_value_info(n, kind(x.dtype), x.shape)
             for n, x in self.inputs.items()],
            [helper.make_empty_tensor_value_info(y) for y in self.outputs],
            [numpy_helper.from_array(w, f"w{i}")
             for i, w in enumerate(self.weights) if w is not None])
        save(helper.make_model(graph, ir_version=9, opset_imports=[
            helper.make_opsetid("", OPSET)]), path)


def value(x):
    """x itself if it is an array; random numbers in [0.1, 1.1), valid for
    Sqrt and Pow, if it is a shape."""
    if x is None or isinstance(x, np.ndarray):
        return x
    return (RANDOM.random(x) + .1).astype(np.float32)


def ints(*x):
    return np.array(x, np.int64)


def one(x):
    return np.array(x, np.float32)


def conv(c, rows, size, kernel=1, stride=1, group=1):
    what = f"{kernel}x{kernel} {c} to {rows} at {size}"
    if group > 1:
        what = f"depthwise {kernel}x{kernel} {c} at {size}"
    w = RANDOM.standard_normal((rows, c // group, kernel, kernel))
    return Case("Conv", what + (f", stride {stride}" if stride > 1 else ""),
                [(1, c, size, size)], [w.astype(np.float32) * .1, (rows,)],
                kernel_shape=[kernel] * 2, strides=[stride] * 2,
                pads=[kernel // 2] * 4, group=group)


def convolutions():
    for c, rows, size in ((32, 64, 112), (128, 128, 56), (256, 256, 28),
                          (512, 512, 14), (1024, 1024, 7), (16, 96, 112),
                          (96, 24, 56), (144, 32, 28), (192, 64, 14),
                          (576, 96, 14), (960, 160, 7), (320, 1280, 7),
                          (64, 256, 56), (2048, 512, 7)):
        yield conv(c, rows, size)
    yield conv(256, 512, 56, 1, 2)
    for c, size, stride in ((64, 56, 1), (128, 28, 1), (256, 14, 1),
                            (512, 7, 1), (128, 56, 2), (256, 28, 2)):
        yield conv(c, c, size, 3, stride)
    yield conv(3, 32, 224, 3, 2)
    yield conv(3, 64, 224, 7, 2)
    for c, size, stride in ((32, 112, 1), (144, 56, 1), (256, 28, 1),
                            (512, 14, 1), (960, 7, 1), (64, 112, 2),
                            (96, 112, 2), (144, 56, 2), (256, 28, 2),
                            (576, 14, 2)):
        yield conv(c, c, size, 3, stride, c)
    yield conv(240, 240, 20, 5, 1, 240)


def images():
    yield Case("MaxPool", "3x3 64 at 112, stride 2", [(1, 64, 112, 112)],
               kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    yield Case("MaxPool", "2x2 200 at 10x160, stride 2", [(1, 200, 10, 160)],
               kernel_shape=[2, 2], strides=[2, 2])
    yield Case("AveragePool", "3x2 480 at 20x80", [(1, 480, 20, 80)],
               kernel_shape=[3, 2], strides=[3, 2])
    for c, size in ((2048, 7), (1280, 7), (96, 80)):
        yield Case("GlobalAveragePool", f"{c} at {size}",
                   [(1, c, size, size)])
    for c, size in ((64, 112), (512, 14)):
        shape = f"{c} at {size}"
        x = [(1, c, size, size)]
        for op in ("Relu", "HardSwish", "HardSigmoid", "Sigmoid"):
            yield Case(op, shape, x)
        yield Case("Clip", shape, x, [one(0.), one(6.)])
        yield Case("BatchNormalization", shape, x, [(c,)] * 4)
        yield Case("Add", f"{shape}, of one shape", x * 2)
        yield Case("Mul", f"{shape}, by channel", x + [(1, c, 1, 1)])
    sizes = ints(1, 96, 40, 40)
    yield Case("Resize", "nearest 96 at 20 to 40", [(1, 96, 20, 20)],
               [None, None, sizes], mode="nearest", nearest_mode="floor",
               coordinate_transformation_mode="asymmetric")
    yield Case("Resize", "linear 96 at 20 to 40", [(1, 96, 20, 20)],
               [None, None, sizes], mode="linear",
               coordinate_transformation_mode="half_pixel")
    yield Case("ConvTranspose", "2x2 24 to 24 at 80, stride 2",
               [(1, 24, 80, 80)], [(24, 24, 2, 2), (24,)],
               kernel_shape=[2, 2], strides=[2, 2])
    yield Case("ConvTranspose", "2x2 24 to 1 at 160, stride 2",
               [(1, 24, 160, 160)], [(24, 1, 2, 2), (1,)],
               kernel_shape=[2, 2], strides=[2, 2])
    yield Case("Concat", "four of 24 at 80", [(1, 24, 80, 80)] * 4, axis=1)
    yield Case("Pad", "64 at 112 by 1", [(1, 64, 112, 112)],
               [ints(0, 0, 1, 1, 0, 0, 1, 1)])
    yield Case("ReduceMean", "96 at 80, of rows and columns",
               [(1, 96, 80, 80)], [ints(2, 3)])


def matrices():
    for rows, cols in ((1000, 1280), (1000, 2048)):
        yield Case("Gemm", f"{cols} to {rows}", [(1, cols)],
                   [(rows, cols), (rows,)], transB=1)
    for rows, cols in ((768, 768), (3072, 768), (768, 3072)):
        yield Case("MatMul", f"1x128 tokens, {cols} to {rows}",
                   [(1, 128, cols)], [(cols, rows)])
    yield Case("MatMul", "12 heads, 128x64 by 64x128",
               [(1, 12, 128, 64), (1, 12, 64, 128)])
    yield Case("MatMul", "12 heads, 128x128 by 128x64",
               [(1, 12, 128, 128), (1, 12, 128, 64)])


def transformers():
    hidden, wide, scores = (1, 128, 768), (1, 128, 3072), (1, 12, 128, 128)
    yield Case("Softmax", "12 heads of 128x128", [scores])
    yield Case("Softmax", "1000", [(1, 1000)])
    yield Case("LayerNormalization", "128x768", [hidden], [(768,)] * 2)
    for op in ("Gelu", "Erf", "Tanh", "Exp"):
        yield Case(op, "128x3072", [wide])
    yield Case("Gelu", "tanh 128x3072", [wide], approximate="tanh")
    yield Case("Tanh", "768", [(1, 768)])
    for op, other in (("Add", (3072,)), ("Mul", one(.5)), ("Div", one(1.4)),
                      ("Sub", one(.5)), ("Pow", one(3.)), ("Pow", one(2.))):
        last = "by a row" if op == "Add" else f"and {other:.2g}"
        yield Case(op, f"128x3072 {last}", [wide], [other])
    yield Case("Add", "128x768, of one shape", [hidden] * 2)
    yield Case("Sub", "128x768 by its tokens", [hidden, (1, 128, 1)])
    yield Case("Div", "128x768 by its tokens", [hidden, (1, 128, 1)])
    yield Case("Add", "scores and their mask", [scores, (1, 1, 1, 128)])
    yield Case("Sqrt", "128", [(1, 128, 1)])
    yield Case("Sqrt", "128x768", [hidden])
    yield Case("ReduceMean", "128x768, of features", [hidden], [ints(-1)])
    yield Case("Transpose", "128x12x64 to heads", [(1, 128, 12, 64)],
               perm=[0, 2, 1, 3])
    yield Case("Transpose", "128x12x64 to keys", [(1, 128, 12, 64)],
               perm=[0, 2, 3, 1])
    yield Case("Transpose", "128x768 to 768x128", [hidden], perm=[0, 2, 1])
    yield Case("Reshape", "128x768 to heads", [hidden], [ints(0, 0, 12, 64)])
    yield Case("Gather", "128 of 30522x768",
               [RANDOM.integers(0, 30522, (1, 128))], axis=0)
    yield Case("Split", "128x2304 in three", [(1, 128, 2304)],
               [ints(768, 768, 768)], 3, axis=2)
    yield Case("Slice", "the first of 128x768", [hidden],
               [ints(0), ints(1), ints(1)])
    yield Case("Slice", "half of 128x3072", [wide],
               [ints(1536), ints(3072), ints(2)])
    yield Case("Concat", "two of 128x768", [hidden] * 2, axis=2)
    mask = RANDOM.random((1, 1, 128, 128)) < .7
    yield Case("Where", "mask and scores", [mask, scores, one(-1e4)])
    for op in ("Sum", "Mean", "Max"):
        yield Case(op, "of three of 128x768", [hidden] * 3)
    yield Case("Greater", "128x768 and 0.5", [hidden], [one(.5)])
    yield Case("Equal", "mask", [RANDOM.integers(0, 2, (1, 1, 128, 128))],
               [ints(0)])
    yield Case("And", "masks", [mask, RANDOM.random((1, 1, 1, 128)) < .9])
    yield Case("Cast", "mask of 128 to float",
               [RANDOM.integers(0, 2, (1, 1, 128, 128))], to=1)
    yield Case("Expand", "mask of 128", [(1, 1, 1, 128)],
               [ints(1, 12, 128, 128)])


def gathered(case):
    """Gather looks up rows of a constant table, which is its first input."""
    if case.node.op_type == "Gather":
        case.weights = [value((30522, 768))]
        case.node.input[:] = ["w0", "x0"]
    return case


def measure(case, o, folder):
    path = f"{folder}/{os.getpid()}.onnx"
    case.write(path)
    return turns.compare(path, case.inputs, case.outputs, o.rounds, 1)


def lines(o, folder):
    yield "| operator | ONNX Runtime us | burin us | burin takes | difference |"
    yield "|---|---|---|---|---|"
    for make in (convolutions, images, matrices, transformers):
        for case in make():
            if not re.search(o.only, case.name):
                continue
            try:
                (a, b), error = measure(gathered(case), o, folder)
                yield (f"| {case.name} | {a * 1e3:.1f} | {b * 1e3:.1f} "
                       f"| {b / a:.2f} x | {error:.0e} |")
            except RuntimeError as e:
                yield f"| {case.name} | | | {e} | |"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--only", default="",
                   help="only cases whose name matches REGEX")
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--out", help="also write the table to FILE.md")
    o = p.parse_args()
    turns.find_burin(o.burin)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for line in lines(o, folder):
            print(line, flush=True)
            table.append(line)
    if o.out:
        with open(o.out, "w", encoding="utf-8") as f:
            print(*table, sep="\n", file=f)


if __name__ == "__main__":
    sys.exit(main())
