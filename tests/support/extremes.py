# SPDX-License-Identifier: Apache-2.0
"""Write extreme_cases.def, rows of op_cases: what ONNX's reference evaluator
(onnx.reference) computes from extreme values and odd shapes.

    extremes.py > tests/support/extreme_cases.def

A value that is left out of a row, because burin's result differs on purpose,
is in LEFT_OUT with the reason.
"""

import sys
import warnings

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 21
INF, NAN, MOST = np.inf, np.nan, np.finfo(np.float32).max
TINY, NORMAL = 1e-45, np.finfo(np.float32).tiny
FLOATS = [0., -0., TINY, -1e-40, NORMAL, -NORMAL, .5, -.5, 1, -1, 1.5, 2.5,
          -2.5, 20, -20, 88.8, -104, MOST, -MOST, INF, -INF, NAN, 3]
WORDS = {
    np.float32: "f32", np.uint8: "u8", np.int8: "i8", np.uint16: "u16",
    np.int16: "i16", np.int32: "i32", np.int64: "i64", np.bool_: "bool",
    np.uint32: "u32", np.uint64: "u64",
}
INTEGERS = (np.uint8, np.int8, np.int32, np.int64)
FINITE = [v for v in FLOATS if np.isfinite(v) and abs(v) < 1e30]

# Operator: the values, and why burin's result differs from the evaluator's.
LEFT_OUT = {
    "Softplus": (lambda v: abs(v) > 15,
                 "the evaluator computes log(exp(x) + 1), burin log1p"),
    "Mish": (lambda v: abs(v) > 15, "the same, times x"),
    "Elu": (lambda v: abs(v) < .1, "the evaluator computes exp(x) - 1, burin "
            "expm1"),
    "Selu": (lambda v: abs(v) < .1 or v in (MOST, INF),
             "the same; the evaluator adds both halves of 0 times infinity"),
    "Celu": (lambda v: abs(v) < .1, "the same"),
    "Gelu": (lambda v: v in (-MOST, -INF, -2.5), "the evaluator multiplies "
             "infinity by 0, and rounds 1 + erf"),
    "Relu": (lambda v: v == 0, "the evaluator loses the sign of -0"),
    "Asinh": (lambda v: abs(v) < .1, "denormals, half a unit"),
    "Shrink": (np.isnan, "the evaluator keeps NaN, ONNX's text gives 0"),
    "Sign": (lambda v: v == 0 or np.isnan(v), "burin keeps -0 and NaN, ONNX "
             "does not say"),
    "HardSwish": (lambda v: v in (-INF, -MOST), "0 times infinity"),
}


def left_out(op):
    return LEFT_OUT.get(op, (lambda v: False, ""))[0]


def grid(values, dtype=np.float32):
    return np.array(values).astype(dtype)


def text(x):
    x = np.asarray(x)
    word = WORDS[x.dtype.type]
    dims = ",".join(map(str, x.shape))
    show = (lambda v: f"{v:.9g}") if x.dtype == np.float32 else (
        lambda v: str(int(v)))
    return f"{word}[{dims}]" + "".join(" " + show(v) for v in x.ravel())


def quoted(s, indent):
    """A C string, over several lines where it is long."""
    lines, line = [], ""
    for word in s.split(" "):
        if len(line) + len(word) > 60:
            lines.append(line)
            line = ""
        line += word + " "
    lines.append(line[:-1])
    return f"\n{indent}".join(f'"{v}"' for v in lines)


def evaluate(op, inputs, attributes):
    names = [f"x{i}" if x is not None else "" for i, x in enumerate(inputs)]
    kind = helper.np_dtype_to_tensor_dtype
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], **attributes)], "g",
        [helper.make_tensor_value_info(n, kind(x.dtype), x.shape)
         for n, x in zip(names, inputs) if n],
        [helper.make_empty_tensor_value_info("y")])
    model = helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", OPSET)])
    feeds = {n: x for n, x in zip(names, inputs) if n}
    return ReferenceEvaluator(model).run(None, feeds)[0]


def row(fact, op, inputs, attr="", name=None, **attributes):
    """Print one case; attr are the attributes of burin's node."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = evaluate(op, inputs, attributes)
    shown = ['"_"' if x is None else quoted(text(x), "    ") for x in inputs]
    print(f'{{ "extremes: {fact}",\n  OP({name or op.lower()}), "{attr}",')
    print("  { " + ",\n    ".join(shown) + " },")
    print("  " + quoted(text(want), "  ") + " },")


def unaries():
    for op, name in (
            ("Abs", 0), ("Acos", 0), ("Acosh", 0), ("Asin", 0), ("Asinh", 0),
            ("Atan", 0), ("Atanh", 0), ("Ceil", 0), ("Celu", 0), ("Cosh", 0),
            ("Elu", 0), ("Erf", 0), ("Exp", 0), ("Floor", 0), ("Gelu", 0),
            ("HardSigmoid", "hard_sigmoid"), ("HardSwish", "hard_swish"),
            ("IsInf", 0), ("IsNaN", 0), ("LeakyRelu", "leaky_relu"),
            ("Log", 0), ("Mish", 0), ("Neg", 0), ("Reciprocal", 0),
            ("Relu", 0), ("Round", 0), ("Selu", 0), ("Shrink", 0),
            ("Sigmoid", 0), ("Sign", 0), ("Sinh", 0), ("Softplus", 0),
            ("Softsign", 0), ("Sqrt", 0), ("Tanh", 0),
            ("ThresholdedRelu", "thresholded_relu")):
        values = [v for v in FLOATS if not left_out(op)(v)]
        row(op, op, [grid(values)], name=name or None)
    small = [v for v in FLOATS if not abs(v) > 1e6 or np.isinf(v)]
    for op in ("Cos", "Sin", "Tan"):
        row(op, op, [grid(small)])
    for dtype in INTEGERS:
        i = np.iinfo(dtype)
        x = np.array([i.min, i.max, 0, 1, i.max - 1], dtype)
        if i.min:
            for op in ("Abs", "Neg", "Sign"):
                row(f"{op} of {WORDS[dtype]}", op, [x])
        row(f"BitwiseNot of {WORDS[dtype]}", "BitwiseNot", [x],
            name="bit_not")
        row(f"Clip of {WORDS[dtype]}", "Clip", [x, np.array(1, dtype),
                                                np.array(9, dtype)])
    row("Clip", "Clip", [grid(FLOATS), np.float32(-1), np.float32(2)])
    row("Clip without a limit", "Clip", [grid(FLOATS), None, np.float32(2)])


def pairs(values):
    a = grid(values)
    return [a[:, None], a[None, :]]


def binaries():
    few = [0., -0., 1e-40, -NORMAL, 1, -2.5, MOST, INF, -INF, NAN]
    for op in ("Add", "Sub", "Mul", "Div", "Equal", "Greater", "Less",
               "GreaterOrEqual", "LessOrEqual", "Max", "Min"):
        name = {"GreaterOrEqual": "greater_equal",
                "LessOrEqual": "less_equal"}.get(op)
        row(op, op, pairs(few), name=name)
    row("PRelu", "PRelu", [grid(few), grid([2])])
    row("Mod of floats", "Mod", pairs([1, -2.5, MOST, INF, NAN, 1e-40]),
        attr="fmod=1", fmod=1)
    row("Pow", "Pow", pairs([0., 1, -2, .5, 3, INF, NAN]))
    for dtype in INTEGERS:
        i, word = np.iinfo(dtype), WORDS[dtype]
        a = np.array([[i.min, i.max, 0, 1, 7, i.max - 1, 100]], dtype).T
        b = np.array([[i.max, 3, 1, 100, 5]], dtype)
        for op in ("Add", "Sub", "Mul", "Mod", "Max", "Min", "Equal",
                   "Less", "Greater"):
            row(f"{op} of {word}", op, [a, b])
        row(f"Mod of {word} as in C", "Mod", [a, b], attr="fmod=1", fmod=1)
        for op in ("And", "Or", "Xor"):
            row(f"Bitwise{op} of {word}", f"Bitwise{op}", [a, b],
                name=f"bit_{op.lower()}")
    for dtype in (np.uint8, np.uint32, np.uint64):
        x = np.array([0, 1, min(np.iinfo(dtype).max, 2 ** 61)], dtype)
        s = np.array([[0], [1], [7]], dtype)
        row(f"BitShift of {WORDS[dtype]}", "BitShift", [x, s],
            attr="direction=1", name="bit_shift", direction="LEFT")
        row(f"BitShift of {WORDS[dtype]} down", "BitShift", [x, s],
            attr="direction=0", name="bit_shift", direction="RIGHT")
    row("Where", "Where", [np.array([[True], [False]]), grid([NAN, INF, 0]),
                           grid([-0., 1e-40, -INF])])


def lines():
    """Ops along axes; rows with each special value, of an odd length."""
    x = grid([[1, 2, NAN, 3, -1], [INF, 1, 2, INF, 0], [-INF, 1, 0, 2, -1],
              [MOST, MOST, 1, -MOST, 0], [1e-40, TINY, 0, -0., -1e-40],
              [2, 2, 1, 2, 1]])
    for op, name in (("Max", "max"), ("Min", "min"), ("Sum", "sum"),
                     ("Mean", "mean"), ("L1", "l1"), ("Prod", "prod"),
                     ("SumSquare", "sum_square"), ("L2", "l2")):
        rows = x if op in ("Max", "Min") else x[[0, 1, 2, 5]]
        row(f"Reduce{op}", f"Reduce{op}", [rows, np.array([1])],
            name=f"reduce_{name}")
        row(f"Reduce{op} of an axis before", f"Reduce{op}",
            [x[[5, 2]], np.array([0])], name=f"reduce_{name}")
        row(f"Reduce{op} of nothing", f"Reduce{op}",
            [np.zeros((2, 3), np.float32), np.zeros(0, np.int64)],
            attr="noop_with_empty_axes=1", name=f"reduce_{name}",
            noop_with_empty_axes=1)
    row("ReduceLogSumExp", "ReduceLogSumExp", [x[[0, 2, 4, 5]],
                                               np.array([1])],
        name="reduce_log_sum_exp")
    for op in ("Max", "Min"):
        y = x[3:]
        for last in (0, 1):
            row(f"Arg{op} {last}", f"Arg{op}", [y], name=f"arg{op.lower()}",
                attr=f"axis=1 select_last_index={last}", axis=1,
                select_last_index=last)
            row(f"Arg{op} {last} of rows", f"Arg{op}", [y],
                name=f"arg{op.lower()}",
                attr=f"axis=0 select_last_index={last}", axis=0,
                select_last_index=last)
    for exclusive in (0, 1):
        for reverse in (0, 1):
            row(f"CumSum {exclusive} {reverse}", "CumSum",
                [x[[0, 1, 2, 5]], np.array(1)], exclusive=exclusive,
                reverse=reverse,
                attr=f"exclusive={exclusive} reverse={reverse}")
    for op, name in (("Softmax", None), ("LogSoftmax", "log_softmax")):
        y = x[[0, 3, 4, 5]] if op == "Softmax" else x[[0, 4, 5]]
        row(op, op, [y], name=name)
        row(f"{op} of rows", op, [y], name=name, attr="axis=0", axis=0)
        row(f"{op} of one", op, [x[:, :1][[3, 4]]], name=name)
    for dtype in (np.int32, np.int64):
        i = np.iinfo(dtype)
        z = np.array([[i.min, 1, 2], [i.max, -1, 3]], dtype)
        for op in ("Max", "Min", "Sum", "Prod"):
            row(f"Reduce{op} of {WORDS[dtype]}", f"Reduce{op}",
                [z, np.array([1])], name=f"reduce_{op.lower()}")


def casts():
    floats = [v for v in FLOATS if abs(v) < 100]
    for dtype in INTEGERS[1:] + (np.bool_,):
        to = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        row(f"Cast to {WORDS[dtype]}", "Cast", [grid(floats)],
            attr=f"to={to}", to=to)
        back = np.array([0, 1, np.iinfo(dtype).max, np.iinfo(dtype).min],
                        dtype) if dtype != np.bool_ else np.array([True])
        row(f"Cast of {WORDS[dtype]}", "Cast", [back],
            attr=f"to={TensorProto.FLOAT}", to=TensorProto.FLOAT)


def shapes():
    """Sizes of 0 and 1, and odd ones."""
    for shape in ((0,), (1,), (2, 0, 3), (1, 1, 1), (3, 5, 7)):
        x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape) - 3
        for op in ("Relu", "Neg"):
            row(f"{op} of {shape}", op, [x])
        row(f"Add of {shape} and one", "Add", [x, grid([1.5])])
        row(f"Transpose of {shape}", "Transpose", [x])
        row(f"Concat of {shape}", "Concat", [x, x], attr="axis=-1", axis=-1)
        row(f"CumSum of {shape}", "CumSum", [x, np.array(-1)])
        row(f"ReduceSum of {shape}", "ReduceSum",
            [x, np.array([len(shape) - 1])], name="reduce_sum")
    row("MatMul of nothing", "MatMul", [np.zeros((2, 0), np.float32),
                                        np.zeros((0, 3), np.float32)])
    a = (np.arange(21, dtype=np.float32) - 9).reshape(3, 7)
    row("MatMul of odd sizes", "MatMul", [a, a.T.copy()])
    row("MatMul of a vector", "MatMul", [a[0], a.T.copy()])
    row("MatMul and a vector", "MatMul", [a, a[1]])
    row("MatMul of integers", "MatMul", [a.astype(np.int32),
                                         a.T.astype(np.int32)])


def main():
    print("/* SPDX-License-Identifier: Apache-2.0\n *\n * Rows of op_cases: "
          "extreme values and odd shapes.  Written by extremes.py; the\n * "
          "results are those of ONNX's reference evaluator.\n */")
    for make in (unaries, binaries, lines, casts, shapes):
        make()


if __name__ == "__main__":
    sys.exit(main())
