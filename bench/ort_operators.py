# SPDX-License-Identifier: Apache-2.0
"""Time single operators in burin and in ONNX Runtime, one thread.

    ort_operators.py BURIN [--only REGEX] [--rounds N] [--out FILE.md]
        [--above RATIO]
    ort_operators.py BURIN --missing SRCDIR/ir/ops.def

Each operator is a model of one node, at sizes that occur in MobileNetV1 and V2
and ResNet-50 at 224x224, BERT-base at 1x128, and PP-OCRv4, and then at shapes
of other real files: along the first, a middle and the last axis, with short
runs, of all types, broadcast from every side, of 1 to 6 dimensions. Weights are
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

RANDOM = np.random.default_rng(1)


class Case:
    """A model of one node.  what describes sizes and attributes in the table;
    inputs and weights are shapes or arrays.  after are (operator, names of its
    inputs, attributes) of nodes behind it, each with one output, z and its
    number; only the last one's output is an output of the model."""

    def __init__(self, op, what, inputs, weights=(), outputs=1, opset=20,
                 after=(), **attributes):
        self.opset = opset
        self.name = f"{op} {what}"
        self.inputs = {f"x{i}": value(x) for i, x in enumerate(inputs)}
        self.weights = [value(w) for w in weights]
        self.outputs = [f"y{i}" for i in range(outputs)]
        names = [*self.inputs] + [
            "" if w is None else f"w{i}" for i, w in enumerate(self.weights)]
        if op == "SequenceEmpty":
            names = []
        self.node = helper.make_node(op, names, self.outputs, **attributes)
        self.nodes = [self.node] + [
            helper.make_node(o, x, [f"z{i}"], **a)
            for i, (o, x, a) in enumerate(after)]
        if after:
            self.outputs = [f"z{len(after) - 1}"]

    def write(self, path):
        kind = helper.np_dtype_to_tensor_dtype
        graph = helper.make_graph(
            self.nodes, "operator",
            [helper.make_tensor_value_info(n, kind(x.dtype), x.shape)
             for n, x in self.inputs.items()],
            [helper.make_empty_tensor_value_info(y) for y in self.outputs],
            [numpy_helper.from_array(w, f"w{i}")
             for i, w in enumerate(self.weights) if w is not None] +
            [numpy_helper.from_array(np.array(1), "at")] * (
                "at" in [x for n in self.nodes for x in n.input]))
        save(helper.make_model(graph, ir_version=10, opset_imports=[
            helper.make_opsetid("", self.opset)]), path)


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


FLOATS = (1, 64, 56, 56)


def of_type(dtype, shape, high=100):
    """Numbers from 1 to high, or of both truth values."""
    if dtype == "bool":
        return RANDOM.random(shape) < .5
    return (RANDOM.random(shape) * (high - 1) + 1).astype(dtype)


def along(op, shape, **attributes):
    """A node for the first, a middle and the last axis, all long enough."""
    for axis, where in ((0, "first"), (1, "middle"), (2, "last")):
        yield Case(op, f"{where} of {'x'.join(map(str, shape))}", [shape],
                   axis=axis, **attributes)


def unaries():
    for op in ("Abs", "Acos", "Acosh", "Asin", "Asinh", "Atan", "Atanh",
               "Ceil", "Celu", "Cos", "Cosh", "Elu", "Erf", "Exp", "Floor",
               "Gelu", "HardSigmoid", "HardSwish", "IsInf", "IsNaN",
               "LeakyRelu", "Log", "Mish", "Neg", "Reciprocal", "Relu",
               "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
               "Softplus", "Softsign", "Sqrt", "Tan", "Tanh",
               "ThresholdedRelu"):
        x = value(FLOATS) * np.float32(.9) + (op == "Acosh")
        yield Case(op, "64x56x56", [x.astype(np.float32)])
    for dtype in ("int32", "int64"):
        for op in ("Abs", "Neg", "Sign"):
            yield Case(op, f"{dtype} 64x56x56", [of_type(dtype, FLOATS)])
        yield Case("Clip", f"{dtype} 64x56x56", [of_type(dtype, FLOATS)],
                   [np.array(7, dtype), np.array(50, dtype)])
    yield Case("Not", "64x56x56", [of_type("bool", FLOATS)])
    yield Case("BitwiseNot", "uint8 64x56x56", [of_type("uint8", FLOATS)])


def casts():
    kinds = ("float32", "float16", "uint8", "int8", "int32", "int64", "bool",
             "float64")
    for a in kinds:
        for b in kinds:
            if a != b:
                yield Case("Cast", f"{a} to {b} of 224x224x3",
                           [of_type(a, (1, 224, 224, 3))],
                           to=helper.np_dtype_to_tensor_dtype(np.dtype(b)))


def binaries():
    sides = (("of one shape", FLOATS, FLOATS), ("and one", FLOATS, (1,)),
             ("one and", (1,), FLOATS), ("by channel", FLOATS, (64, 1, 1)),
             ("channels and", (64, 1, 1), FLOATS),
             ("by row", FLOATS, (56, 1)), ("by column", FLOATS, (56,)),
             ("rows and columns", (64, 56, 1), (64, 1, 56)),
             ("six dimensions", (2, 1, 8, 1, 14, 7), (1, 3, 8, 5, 1, 7)))
    for what, a, b in sides:
        for op in ("Add", "Div", "Max", "Pow"):
            yield Case(op, f"float {what}", [a, b])
        for op in ("Add", "Mul", "Equal", "Less"):
            yield Case(op, f"int64 {what}", [of_type("int64", a, 9),
                                             of_type("int64", b, 9)])
        yield Case("Where", f"bool and float {what}",
                   [of_type("bool", a), b, value((1,))])
    for op in ("Sub", "Div", "Mod", "Min", "Max", "Add", "Greater"):
        yield Case(op, "int32", [of_type("int32", FLOATS)] * 2)
        yield Case(op, "int64", [of_type("int64", FLOATS)] * 2)
    yield Case("Mod", "float", [FLOATS] * 2, fmod=1)
    for op in ("BitwiseAnd", "BitwiseOr", "BitwiseXor"):
        yield Case(op, "int32", [of_type("int32", FLOATS)] * 2)
    yield Case("Or", "bool", [of_type("bool", FLOATS)] * 2)
    yield Case("Equal", "bool", [of_type("bool", FLOATS)] * 2)
    yield Case("Where", "int64", [of_type("bool", FLOATS),
                                  *[of_type("int64", FLOATS)] * 2])
    yield Case("PRelu", "by channel", [FLOATS], [(64, 1, 1)])


def reductions():
    for op in ("Max", "Min", "Mean", "Sum", "Prod", "L1", "L2", "LogSum",
               "LogSumExp", "SumSquare"):
        for axes, shape in ((ints(0), (64, 3136)), (ints(1), (8, 64, 392)),
                            (ints(-1), (256, 784)), (ints(-1), (196, 100, 3)),
                            (ints(0, 2), (16, 64, 196)), (None, (8, 64, 392))):
            which = "all" if axes is None else ",".join(map(str, axes))
            yield Case(f"Reduce{op}", f"{which} of "
                       f"{'x'.join(map(str, shape))}", [shape],
                       [] if axes is None else [axes])
    for dtype in ("int32", "int64"):
        for op in ("Max", "Sum"):
            yield Case(f"Reduce{op}", f"{dtype} of 256x784",
                       [of_type(dtype, (256, 784))], [ints(-1)])
    for op in ("ArgMax", "ArgMin"):
        yield from along(op, (64, 56, 56))
    yield Case("ArgMax", "of 196x100x3", [(196, 100, 3)], axis=2)
    for axis in (0, 1, 2):
        yield Case("CumSum", f"axis {axis} of 64x56x56", [FLOATS[1:]],
                   [np.array(axis, np.int64)])


def normalisations():
    for op in ("Softmax", "LogSoftmax", "Hardmax"):
        yield from along(op, (64, 56, 56))
        yield Case(op, "middle of 1x16x4x2100", [(1, 16, 4, 2100)], axis=1)
        yield Case(op, "last of 4x2100x16", [(1, 4, 2100, 16)], axis=3)
        yield Case(op, "last of 20000x3", [(20000, 3)], axis=1)
    yield Case("LayerNormalization", "last two of 32x56x56", [(32, 56, 56)],
               [(56, 56), (56, 56)], axis=1)
    yield Case("InstanceNormalization", "64x56x56", [FLOATS], [(64,)] * 2)
    yield Case("MeanVarianceNormalization", "64x56x56", [FLOATS],
               axes=[0, 2, 3])
    yield Case("LRN", "64x56x56", [FLOATS], size=5)
    yield Case("BatchNormalization", "of rows 512x256", [(512, 256)],
               [(256,)] * 4)


def moves():
    for dtype in ("float32", "uint8", "int64", "bool", "float16"):
        x = [of_type(dtype, FLOATS)]
        yield Case("Transpose", f"{dtype} to last", x, perm=[0, 2, 3, 1])
        yield Case("Transpose", f"{dtype} rows and columns", x,
                   perm=[0, 1, 3, 2])
        yield Case("Transpose", f"{dtype} to first", x, perm=[3, 0, 1, 2])
        yield Case("Concat", f"{dtype} last of one", [of_type(
            dtype, (1, 196, 100, 1))] * 3, axis=3)
        yield Case("Concat", f"{dtype} middle", x * 2, axis=1)
        yield Case("Slice", f"{dtype} every second column", x,
                   [ints(0), ints(56), ints(3), ints(2)])
        yield Case("Slice", f"{dtype} backwards", x,
                   [ints(-1), ints(-100), ints(2), ints(-1)])
        yield Case("Split", f"{dtype} channels", x, [ints(32, 32)], 2, axis=1)
        yield Case("Split", f"{dtype} columns", x, [ints(28, 28)], 2, axis=3)
        yield Case("Expand", f"{dtype} by channel",
                   [of_type(dtype, (1, 64, 1, 1))], [ints(1, 64, 56, 56)])
        yield Case("Tile", f"{dtype} 1x2x1x2", x, [ints(1, 2, 1, 2)])
        yield Case("Gather", f"{dtype} rows of the last axis", [
            of_type(dtype, (64, 3136))], [RANDOM.integers(0, 3136, 1000)],
            axis=1)
        yield Case("Gather", f"{dtype} of the first axis", [
            of_type(dtype, (3136, 64))], [RANDOM.integers(0, 3136, 1000)],
            axis=0)
        yield Case("Gather", f"{dtype} of a middle axis",
                   [of_type(dtype, (8, 512, 49))],
                   [RANDOM.integers(0, 512, 256)], axis=1)
        yield Case("Pad", f"{dtype} columns", x,
                   [ints(0, 0, 1, 1, 0, 0, 1, 1)])
    yield Case("Concat", "time of 128x19x1 and 128x150x1",
               [(1, 128, 19, 1), (1, 128, 150, 1)], axis=2)
    yield Case("Transpose", "six dimensions", [(1, 8, 8, 8, 8, 48)],
               perm=[0, 1, 3, 2, 4, 5])
    yield Case("Transpose", "window of a Swin", [(1, 8, 7, 8, 7, 96)],
               perm=[0, 1, 3, 2, 4, 5])
    yield Case("Gather", "one of the first axis", [(3, 128, 768)],
               [np.array(1)], axis=0)
    yield Case("Gather", "int32 ids", [(3136, 64)],
               [RANDOM.integers(0, 3136, 1000).astype(np.int32)], axis=0)
    yield Case("GatherElements", "last of 64x3136", [(64, 3136)],
               [RANDOM.integers(0, 3136, (64, 3136))], axis=1)
    yield Case("GatherND", "1000 rows", [(3136, 64)],
               [RANDOM.integers(0, 3136, (1000, 1))])
    yield Case("ScatterND", "1000 rows", [(3136, 64)],
               [RANDOM.permutation(3136)[:1000].reshape(1000, 1), (1000, 64)])
    yield Case("ScatterElements", "first of 512x512", [(512, 512)],
               [RANDOM.integers(0, 512, (64, 512)), (64, 512)], axis=0)
    yield Case("DepthToSpace", "64x56x56", [FLOATS], blocksize=2)
    yield Case("DepthToSpace", "CRD 64x56x56", [FLOATS], blocksize=2,
               mode="CRD")
    yield Case("SpaceToDepth", "64x56x56", [FLOATS], blocksize=2)
    yield Case("Trilu", "12x128x128", [(12, 128, 128)])
    yield Case("OneHot", "1000 of 100", [RANDOM.integers(0, 100, 1000)],
               [np.array(100), np.array([0, 1], np.float32)])
    yield Case("ReverseSequence", "64x32x98", [(64, 32, 98)],
               [np.full(32, 50)], time_axis=0, batch_axis=1)
    yield Case("Compress", "64x56x56", [FLOATS], [RANDOM.random(64) < .5],
               axis=1)
    yield Case("NonZero", "64x3136", [RANDOM.random((64, 3136)).round(0)
                                      .astype(np.float32)])
    for mode in ("reflect", "edge"):
        yield Case("Pad", f"{mode} 64x56x56", [FLOATS],
                   [ints(0, 0, 3, 3, 0, 0, 3, 3)], mode=mode)
    for k, axis, shape in ((5, 1, (64, 3136)), (300, 1, (1, 8400)),
                           (8400, 1, (1, 8400)), (5, 1, (8, 64, 392))):
        yield Case("TopK", f"{k} of {'x'.join(map(str, shape))}, axis {axis}",
                   [shape], [ints(k)], 2, axis=axis)


def quantised():
    for dtype in ("uint8", "int8"):
        zero = np.array(3, dtype)
        yield Case("QuantizeLinear", f"{dtype} 64x56x56", [FLOATS],
                   [one(.01), zero])
        yield Case("DequantizeLinear", f"{dtype} 64x56x56",
                   [of_type(dtype, FLOATS)], [one(.01), zero])
        zero = np.full(64, 3, dtype)
        yield Case("QuantizeLinear", f"{dtype} by channel", [FLOATS],
                   [(64,), zero], axis=1)
        yield Case("DequantizeLinear", f"{dtype} by channel",
                   [of_type(dtype, FLOATS)], [(64,), zero], axis=1)
    yield Case("DynamicQuantizeLinear", "128x768", [(128, 768)], [], 3)
    yield Case("MatMulInteger", "128x768 to 768",
               [of_type("uint8", (128, 768))], [of_type("int8", (768, 768))])


def attentions():
    for rule, a, b in (("bhqd,bhkd->bhqk", (1, 12, 128, 64),
                        (1, 12, 128, 64)),
                       ("bhqk,bkhd->bqhd", (1, 12, 128, 128),
                        (1, 128, 12, 64)),
                       ("bchw,bkc->bkhw", (1, 64, 28, 28), (1, 32, 64)),
                       ("ij,jk->ik", (128, 256), (256, 128)),
                       ("bi,bi->b", (512, 392), (512, 392)),
                       ("ijk->kji", (64, 56, 56), None)):
        yield Case("Einsum", rule, [a] if b is None else [a, b], equation=rule)
    yield Case("MatMul", "a vector", [(768,), (768, 768)])
    yield Case("MatMul", "batches of small ones", [(2000, 4, 4),
                                                   (2000, 4, 4)])
    yield Case("MatMul", "a tall and thin one", [(3136, 64), (64, 8)])
    yield Case("Gemm", "both transposed", [(256, 128), (64, 256)], transA=1,
               transB=1)


def windows():
    for c, k, size, how in (
            (128, (20, 1), (169, 1), {}), (128, (1, 20), (1, 169), {}),
            (64, (5, 5), (28, 28), {}), (64, (31, 31), (56, 56), {}),
            (64, (1, 7), (56, 56), {}), (64, (3, 3), (56, 56),
                                         {"dilations": [4, 4]})):
        yield Case("Conv", f"depthwise {k[0]}x{k[1]} {c} at {size[0]}x"
                   f"{size[1]}{' dilated' * bool(how)}", [(1, c, *size)],
                   [(c, 1, *k)], group=c, **how)
    for what, x, w, how in (
            ("1-D 80 to 256, 3", (1, 80, 300), (256, 80, 3), {}),
            ("1-D 1 to 64, 400 by 160", (1, 1, 16000), (64, 1, 400),
             {"strides": [160]}),
            ("1-D dilation 512", (1, 32, 4000), (32, 32, 3),
             {"dilations": [512]}),
            ("wide 1x65", (1, 16, 16, 256), (16, 16, 1, 65), {}),
            ("3x3 in 8 groups", (1, 64, 28, 28), (64, 8, 3, 3),
             {"group": 8}),
            ("3-D 3x3x3", (1, 8, 16, 28, 28), (16, 8, 3, 3, 3), {})):
        yield Case("Conv", what, [x], [w], **how)
    yield Case("ConvTranspose", "4x4 64 to 32 at 28, stride 2",
               [(1, 64, 28, 28)], [(64, 32, 4, 4)], strides=[2, 2],
               pads=[1] * 4)
    yield Case("ConvTranspose", "1-D 64 to 32, 16 by 8", [(1, 64, 200)],
               [(64, 32, 16)], strides=[8])
    for op in ("MaxPool", "AveragePool", "LpPool"):
        yield Case(op, "3x3 64 at 56", [FLOATS], kernel_shape=[3, 3],
                   pads=[1] * 4)
        yield Case(op, "1-D 4 by 4", [(1, 64, 3136)], kernel_shape=[4],
                   strides=[4])
        yield Case(op, "13x13 64 at 20", [(1, 64, 20, 20)],
                   kernel_shape=[13, 13], pads=[6] * 4)
        yield Case(f"Global{op}", "64 at 56", [FLOATS])
    for mode in ("nearest", "linear", "cubic"):
        yield Case("Resize", f"{mode} 64 at 28 to 56", [(1, 64, 28, 28)],
                   [None, one([1, 1, 2, 2])], mode=mode)
        yield Case("Resize", f"{mode} 3 at 300x400 to 224",
                   [(1, 3, 300, 400)], [None, None, ints(1, 3, 224, 224)],
                   mode=mode)
    yield Case("GridSample", "64 at 28", [(1, 64, 28, 28), (1, 28, 28, 2)])


def shapes():
    """Operators that copy, choose or make elements, or only shapes."""
    for op in ("Identity", "Dropout", "Flatten", "Shape", "Size"):
        yield Case(op, "64x56x56", [FLOATS])
    yield Case("Squeeze", "64x56x56", [FLOATS], [ints(0)])
    yield Case("Unsqueeze", "64x56x56", [FLOATS], [ints(0)])
    yield Case("CastLike", "float to int32", [FLOATS], [np.array(1, np.int32)])
    yield Case("ConstantOfShape", "64x56x56", [ints(*FLOATS)])
    yield Case("Range", "0 to 10000", [np.array(0), np.array(10000),
                                       np.array(1)])
    yield Case("EyeLike", "512x512", [(512, 512)])
    yield Case("CenterCropPad", "3x300x400 to 224", [(3, 300, 400)],
               [ints(224, 224)], axes=[1, 2])
    yield Case("Col2Im", "16 of 3x3 at 28", [(1, 144, 784)],
               [ints(28, 28), ints(3, 3)], pads=[1] * 4)
    yield Case("MaxUnpool", "64 at 28", [
        (1, 64, 28, 28), np.arange(0, 64 * 56 * 56, 4).reshape(1, 64, 28, 28)],
        kernel_shape=[2, 2], strides=[2, 2])
    yield Case("Unique", "of 10000", [of_type("int64", (10000,))])
    x = of_type("uint8", FLOATS)
    yield Case("BitShift", "uint8", [x, x % np.uint8(8)], direction="LEFT")
    for op in ("GreaterOrEqual", "LessOrEqual"):
        for dtype in ("float32", "int32", "int64"):
            yield Case(op, dtype, [of_type(dtype, FLOATS)] * 2)
    yield Case("Xor", "bool", [of_type("bool", FLOATS)] * 2)


def networks():
    """Parts of networks that are operators of newer opsets, and losses."""
    heads = (1, 12, 128, 64)
    yield Case("Attention", "12 heads of 128x64", [heads] * 3, opset=23)
    yield Case("RMSNormalization", "128x768", [(1, 128, 768)], [(768,)],
               opset=23)
    yield Case("RotaryEmbedding", "12 heads of 128x64",
               [heads, (1, 128, 32), (1, 128, 32)], opset=23)
    yield Case("Swish", "64x56x56", [FLOATS], opset=24)
    yield Case("GroupNormalization", "64x56x56 in 8", [FLOATS], [(64,)] * 2,
               num_groups=8, opset=21)
    labels = RANDOM.integers(0, 1000, 64)
    for op in ("NegativeLogLikelihoodLoss", "SoftmaxCrossEntropyLoss"):
        yield Case(op, "64 of 1000", [(64, 1000), labels])
    corner = RANDOM.random((1, 1000, 2)) * 100
    boxes = np.concatenate([corner, corner + 20], 2).astype(np.float32)
    yield Case("NonMaxSuppression", "1000 boxes", [boxes, (1, 1, 1000)],
               [ints(100), one([.5])])
    rois = np.concatenate([corner[0, :100], corner[0, :100] + 20], 1) / 4
    yield Case("RoiAlign", "100 of 256 at 28", [
        (1, 256, 28, 28), rois.astype(np.float32), np.zeros(100, np.int64)],
        output_height=7, output_width=7)


def signals():
    for op in ("BlackmanWindow", "HammingWindow", "HannWindow"):
        yield Case(op, "400", [np.array(400)])
    yield Case("MelWeightMatrix", "80 of 400", [
        np.array(80), np.array(400), np.array(16000), one(0.), one(8000.)])
    yield Case("DFT", "400 of 16x400", [(16, 400, 1)])
    yield Case("DFT", "512 of 16x512", [(16, 512, 1)])
    yield Case("STFT", "400 by 160 of 16000", [(1, 16000, 1)],
               [np.array(160), (400,)])
    yield Case("Det", "1000 of 4x4", [(1000, 4, 4)])
    for op in ("RandomNormal", "RandomUniform"):
        yield Case(op, "64x56x56", [], shape=FLOATS)
        yield Case(f"{op}Like", "64x56x56", [FLOATS])
    yield Case("Bernoulli", "64x56x56", [value(FLOATS) / np.float32(1.2)])
    yield Case("Multinomial", "100 of 1000", [(1, 1000)], sample_size=100)


def sequences():
    x = [(64, 56, 56)]
    yield Case("SplitToSequence", "64, SequenceAt", x, axis=0,
               after=[("SequenceAt", ["y0", "at"], {})])
    yield Case("SequenceConstruct", "of four, ConcatFromSequence", x * 4,
               after=[("ConcatFromSequence", ["y0"], {"axis": 1})])
    yield Case("SequenceEmpty", "SequenceInsert, SequenceLength", x,
               after=[("SequenceInsert", ["y0", "x0"], {}),
                      ("SequenceLength", ["z0"], {})])
    yield Case("SequenceConstruct", "SequenceErase, SequenceAt", x * 3,
               after=[("SequenceErase", ["y0", "at"], {}),
                      ("SequenceAt", ["z0", "at"], {})])


# Timed by ort_flow.py.
ELSEWHERE = {"If", "Loop", "Scan"}
FAMILIES = (convolutions, images, matrices, transformers, unaries, casts,
            binaries, reductions, normalisations, moves, quantised, attentions,
            windows, shapes, networks, signals, sequences)


def missing(ops_def):
    """Operators of the op table that no case has."""
    with open(ops_def, encoding="utf-8") as f:
        wanted = set(re.findall(r'^OP\(\w+, *"(\w+)"', f.read(), re.M))
    have = {n.op_type for make in FAMILIES for c in make() for n in c.nodes}
    return sorted(wanted - have - ELSEWHERE)


def gathered(case):
    """Gather looks up rows of a constant table, which is its first input."""
    if case.node.op_type == "Gather" and not case.weights:
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
    for make in FAMILIES:
        for case in make():
            if not re.search(o.only, case.name):
                continue
            try:
                (a, b), error = measure(gathered(case), o, folder)
                if b > o.above * a:
                    yield (f"| {case.name} | {a * 1e3:.1f} | {b * 1e3:.1f} "
                           f"| {b / a:.2f} x | {error:.0e} |")
            except Exception as e:      # either system refuses some types
                yield f"| {case.name} | | | {str(e)[:100]} | |"


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--only", default="",
                   help="only cases whose name matches REGEX")
    p.add_argument("--rounds", type=int, default=15)
    p.add_argument("--above", type=float, default=0, metavar="RATIO",
                   help="only cases in which burin takes longer than RATIO "
                   "times ONNX Runtime")
    p.add_argument("--out", help="also write the table to FILE.md")
    p.add_argument("--missing", metavar="OPS.DEF",
                   help="only list the operators that no case has")
    o = p.parse_args()
    if o.missing:
        print(*missing(o.missing))
        return None
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
