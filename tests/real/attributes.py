# SPDX-License-Identifier: Apache-2.0
"""Every attribute that ONNX's schemas give the operators burin knows, opset 7
to 25: burin takes it, or refuses it as unsupported with the operator's name.
An attribute written with its default computes what the model without it does.
Behind an operator that is unsupported no other error comes up.

    attributes.py BURIN WORK        burin's command, a folder to work in
"""

import os
import re
import subprocess
import sys

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, defs, helper

UNSUPPORTED = 3                 # exit status
FIRST, LAST = 7, 25
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def i64(*v):
    return np.array(v, np.int64)


def f32(*shape):
    return np.linspace(-1, 1, int(np.prod(shape)), dtype=np.float32).reshape(
        shape)


IMAGE = f32(1, 4, 4, 4)
BITS = np.array([[1, 2, 3, 4]], np.uint8)
BOOLS = np.array([[True, False, True, True]])
CODES = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
SCALE, ZERO = np.float32(0.5), np.uint8(3)
VECTOR = f32(4)

# Inputs of operators for which IMAGE in every place will not do; the first one
# is fed, others are initializers.
INPUTS = {
    "And": [BOOLS, BOOLS], "Or": [BOOLS, BOOLS], "Xor": [BOOLS, BOOLS],
    "Not": [BOOLS],
    "BitShift": [BITS, BITS], "BitwiseAnd": [BITS, BITS],
    "BitwiseNot": [BITS], "BitwiseOr": [BITS, BITS],
    "BitwiseXor": [BITS, BITS],
    "Where": [BOOLS, f32(1, 4), f32(1, 4)],
    "Attention": [f32(1, 2, 3, 4)] * 3,
    "BatchNormalization": [IMAGE] + [VECTOR] * 3 + [VECTOR ** 2],
    "InstanceNormalization": [IMAGE, VECTOR, VECTOR],
    "GroupNormalization": [IMAGE, f32(4), f32(4)],
    "LayerNormalization": [IMAGE, f32(4)],
    "RMSNormalization": [IMAGE, f32(4)],
    "Conv": [IMAGE, f32(4, 4, 1, 1)],
    "ConvTranspose": [IMAGE, f32(4, 4, 1, 1)],
    "ConvInteger": [CODES, CODES[:, :, :2, :2]],
    "QLinearConv": [CODES, SCALE, ZERO, CODES[:, :, :2, :2], SCALE, ZERO,
                    SCALE, ZERO],
    "MatMulInteger": [CODES, CODES],
    "QLinearMatMul": [CODES, SCALE, ZERO, CODES, SCALE, ZERO, SCALE, ZERO],
    "QuantizeLinear": [IMAGE, SCALE], "DequantizeLinear": [CODES, SCALE],
    "Gemm": [f32(4, 4), f32(4, 4)],
    "MatMul": [f32(4, 4), f32(4, 4)],
    "Einsum": [f32(4, 4)],
    "Compress": [IMAGE, np.array([True])],
    "ConstantOfShape": [i64(2, 3)],
    "CumSum": [IMAGE, np.array(1, np.int64)],
    "Dropout": [IMAGE],
    "Expand": [IMAGE, i64(1, 4, 4, 4)],
    "EyeLike": [f32(3, 3)],
    "Gather": [IMAGE, i64(0)], "GatherElements": [f32(2, 2), i64(0, 0, 0, 0)
                                                  .reshape(2, 2)],
    "GatherND": [f32(2, 2), i64(0, 0).reshape(2, 1)],
    "NegativeLogLikelihoodLoss": [f32(2, 3), i64(1, 2)],
    "SoftmaxCrossEntropyLoss": [f32(2, 3), i64(1, 2)],
    "OneHot": [i64(1, 2), np.array(4, np.int64), f32(2)],
    "Pad": [IMAGE, i64(0, 0, 1, 0, 0, 0, 0, 1)],
    "Range": [np.array(0, np.int64), np.array(5, np.int64),
              np.array(1, np.int64)],
    "Reshape": [IMAGE, i64(4, 16)],
    "Resize": [IMAGE, np.zeros(0, np.float32),
               np.array([1, 1, 2, 2], np.float32)],
    "ReverseSequence": [f32(4, 2), i64(1, 3)],
    "RotaryEmbedding": [f32(1, 2, 3, 4), f32(1, 3, 2), f32(1, 3, 2)],
    "Scatter": [f32(2, 2), i64(0, 0).reshape(1, 2), f32(1, 2)],
    "ScatterElements": [f32(2, 2), i64(0, 0).reshape(1, 2), f32(1, 2)],
    "ScatterND": [f32(2, 2), i64(1).reshape(1, 1), f32(1, 2)],
    "SimplifiedLayerNormalization": [IMAGE, f32(4)],
    "Slice": [IMAGE, i64(0), i64(1)],
    "Split": [IMAGE], "Squeeze": [IMAGE], "Trilu": [IMAGE],
    "Tile": [IMAGE, i64(1, 1, 2, 1)],
    "TopK": [IMAGE, i64(2)],
    "Unsqueeze": [IMAGE, i64(0)],
    "Upsample": [IMAGE, np.array([1, 1, 2, 2], np.float32)],
    "MeanVarianceNormalization": [IMAGE],
    "BlackmanWindow": [np.array(4)], "HammingWindow": [np.array(4)],
    "HannWindow": [np.array(4)],
    "MelWeightMatrix": [np.array(8), np.array(16), np.array(8192),
                        np.float32(0), np.float32(4096)],
    "DFT": [f32(1, 4, 1)], "STFT": [f32(1, 4, 1), np.array(2), f32(2)],
    "Det": [f32(2, 2)],
    "Col2Im": [f32(1, 4, 4), i64(2, 2), i64(1, 1)],
    "CenterCropPad": [f32(4, 4), i64(2, 2)],
    "GridSample": [IMAGE, f32(1, 2, 2, 2)],
    "MaxUnpool": [f32(1, 1, 1, 1), i64(0).reshape(1, 1, 1, 1)],
    "NonMaxSuppression": [f32(1, 2, 4), f32(1, 1, 2), np.array(2)],
    "RoiAlign": [IMAGE, f32(1, 4), i64(0)], "Unique": [IMAGE],
    "LSTM": [f32(2, 1, 3), f32(1, 8, 3), f32(1, 8, 2)],
    "GRU": [f32(2, 1, 3), f32(1, 6, 3), f32(1, 6, 2)],
    "RNN": [f32(2, 1, 3), f32(1, 2, 3), f32(1, 2, 2)],
    "Bernoulli": [f32(2, 3) ** 2], "Multinomial": [f32(2, 3)],
    "RandomNormal": [], "RandomUniform": [],
}
# Operators with graphs or sequences.
LEFT_OUT = {
    "If", "Loop", "Scan", "SequenceAt", "SequenceConstruct", "SequenceEmpty",
    "SequenceErase", "SequenceInsert", "SequenceLength", "ConcatFromSequence",
    "SplitToSequence",
}
# Numbers are others in each run: only the exit status is compared.
RANDOM = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike",
    "RandomUniform", "RandomUniformLike",
}
# The default is that of both directions, where one direction has half of it.
NO_DEFAULT = {("RNN", "activations")}
# Those of opsets before the one named.
OLDER = {
    ("Pad", 11): [IMAGE], ("Slice", 10): [IMAGE], ("Unsqueeze", 13): [IMAGE],
    ("Resize", 11): [IMAGE, np.array([1, 1, 2, 2], np.float32)],
    ("Upsample", 9): [IMAGE], ("TopK", 10): [IMAGE],
    ("GroupNormalization", 21): [IMAGE, f32(2),
                                                           f32(2)],
}
# Attributes that a node has in any case; FIXED also those that a schema with
# several choices needs one of.
NEEDED = {
    "axis": 1, "to": 1, "blocksize": 2, "kernel_shape": [1, 1], "size": 3,
    "equation": "ij->ji", "direction": "LEFT", "num_groups": 2,
    "pads": [0] * 8, "starts": [0], "ends": [1], "axes": [0],
    "scales": [1.0, 1.0, 2.0, 2.0], "k": 2, "shape": [2, 3],
}
FIXED = {"Constant": {"value": onnx.numpy_helper.from_array(f32(1))}}
# Values other than the default: of a type, of a name, of one of an operator.
VALUES = {
    AttributeProto.INT: [0, 1, 2], AttributeProto.FLOAT: [0.25, 1.0],
    AttributeProto.INTS: [[1, 1], [0, 0]],
    AttributeProto.FLOATS: [[1.0, 2.0]], AttributeProto.STRING: ["none"],
    AttributeProto.STRINGS: [["a"]],
    AttributeProto.TENSOR: [onnx.numpy_helper.from_array(f32(1))],
    AttributeProto.SPARSE_TENSOR: [helper.make_sparse_tensor(
        onnx.numpy_helper.from_array(f32(1), "v"),
        onnx.numpy_helper.from_array(i64(1), "i"), [3])],
}
NAMED = {
    "auto_pad": ["SAME_UPPER", "SAME_LOWER", "VALID"],
    "coordinate_transformation_mode": [
        "half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_half_pixel_for_nn", "tf_crop_and_resize", "half_pixel_symmetric"],
    "nearest_mode": ["round_prefer_ceil", "floor", "ceil"],
    "keep_aspect_ratio_policy": ["not_larger", "not_smaller"],
    "approximate": ["tanh"], "direction": ["RIGHT", "LEFT"],
    "round_mode": ["up", "down", "nearest"],
    "equation": ["ij->ji", "i j -> j"],
    "dtype": [1, 7, 10], "to": [1, 6, 7, 9, 10, 11, 16, 8, 14, 17, 22],
    "output_dtype": [0, 1, 2, 3, 10], "precision": [0, 1, 10, 16],
}
OF_OP = {
    ("DepthToSpace", "mode"): ["CRD"],
    ("GridSample", "mode"): ["nearest"],
    ("GridSample", "padding_mode"): ["border", "reflection"],
    ("RoiAlign", "mode"): ["max"],
    ("RoiAlign", "coordinate_transformation_mode"): ["output_half_pixel"],
    ("LSTM", "direction"): ["reverse"], ("GRU", "direction"): ["reverse"],
    ("RNN", "direction"): ["reverse"], ("RNN", "activations"): [["Relu"]],
    ("LSTM", "activations"): [["Sigmoid", "Relu", "Tanh"]],
    ("GRU", "activations"): [["Sigmoid", "Relu"]],
    ("Pad", "mode"): ["reflect", "edge", "wrap"],
    ("Resize", "mode"): ["linear", "cubic"],
    ("Upsample", "mode"): ["linear"],
    ("ScatterElements", "reduction"): ["add", "mul", "max", "min"],
    ("ScatterND", "reduction"): ["add", "mul", "max", "min"],
    ("NegativeLogLikelihoodLoss", "reduction"): ["sum", "none"],
    ("SoftmaxCrossEntropyLoss", "reduction"): ["sum", "none"],
    ("Upsample", "scales"): [[1.0, 1.0, 2.0, 2.0]],
}


def known():
    """The operators of the default domain that become ops of burin."""
    with open(os.path.join(ROOT, "ir", "ops.def")) as f:
        ops = set(re.findall(r'^OP\(\w+,\s*"(\w+)"', f.read(), re.M))
    with open(os.path.join(ROOT, "ir", "onnx", "contrib.c")) as f:
        ops |= set(re.findall(r'{ "", "(\w+)"', f.read()))
    return sorted((ops | {"Constant"}) - LEFT_OUT)


def versions(ops):
    """The schemas of the operators, with the opset to write for each."""
    schemas = [s for s in defs.get_all_schemas_with_history()
               if s.name in ops and s.domain == "" and not s.deprecated
               and s.since_version <= LAST]
    schemas.sort(key=lambda s: s.since_version)
    newest = {(s.name, max(s.since_version, FIRST)): s for s in schemas}
    return [(opset, s) for (_, opset), s in sorted(newest.items())]


def inputs_of(schema, opset):
    for (op, until), inputs in OLDER.items():
        if op == schema.name and opset < until:
            return inputs
    if schema.name in INPUTS:
        return INPUTS[schema.name]
    return [IMAGE] * schema.min_input


def model(schema, opset, attributes, unsupported=False):
    op, arrays = schema.name, inputs_of(schema, opset)
    names = [f"x{i}" if a.size else "" for i, a in enumerate(arrays)]
    values = {n: a for n, a in zip(names, arrays) if n}
    outputs = ["y"] + (["y1"] if op == "Split" else [])
    nodes = []
    if unsupported:
        nodes.append(helper.make_node("Rocket", ["x0"], ["g"], "refused"))
        names = ["g" if n else "" for n in names]
    node = helper.make_node(op, names, outputs, "the_node")
    node.attribute.extend(helper.make_attribute(k, v)
                          for k, v in attributes.items())
    fed = [helper.make_tensor_value_info(
        "x0", helper.np_dtype_to_tensor_dtype(arrays[0].dtype),
        arrays[0].shape)] if arrays else []
    graph = helper.make_graph(
        nodes + [node], "g", fed,
        [helper.make_empty_tensor_value_info("y")],
        [onnx.numpy_helper.from_array(np.asarray(a), n)
         for n, a in values.items() if n != "x0"])
    m = helper.make_model(graph, opset_imports=[
        helper.make_opsetid("", opset)])
    return m.SerializeToString(), arrays[0] if arrays else None


class Runner:
    def __init__(self, command, work):
        self.command = command
        self.path = os.path.join(work, "attribute.onnx")
        self.feed = os.path.join(work, "attribute.npy")
        self.n = 0

    def run(self, schema, opset, attributes, verb="run", **kw):
        """Exit status, and what was printed."""
        data, fed = model(schema, opset, attributes, **kw)
        with open(self.path, "wb") as f:
            f.write(data)
        args = [self.command, verb, self.path]
        if verb == "run":
            args += ["--jit=off"]
            if fed is not None:
                np.save(self.feed, fed)
                args += [f"--input=x0={self.feed}"]
        r = subprocess.run(args, capture_output=True, text=True)
        self.n += 1
        return r.returncode, re.sub(r"[\d.]+ ms", "", r.stdout + r.stderr)


def default_of(attribute):
    a = attribute.default_value
    if not a.type:
        return None
    v = helper.get_attribute_value(a)
    return v.decode() if isinstance(v, bytes) else v


def values_of(schema, a):
    kind = getattr(AttributeProto, str(a.type).rsplit(".", maxsplit=1)[-1])
    return (OF_OP.get((schema.name, a.name)) or NAMED.get(a.name) or
            VALUES[kind])


def one_attribute(runner, schema, opset, a, base, want):
    """What is wrong with one attribute of one schema."""
    problems, dflt = [], default_of(a)
    where = f"{schema.name}-{opset} {a.name}"
    rest = {k: v for k, v in base.items() if schema.name != "Constant"}
    if dflt is not None and (schema.name, a.name) not in NO_DEFAULT:
        got = runner.run(schema, opset, {**base, a.name: dflt})
        if got[0] != want[0] or (got != want and schema.name not in RANDOM):
            problems.append(f"{where}={dflt!r}, the default: {got}, "
                            f"without it {want}")
    for v in values_of(schema, a):
        status, text = runner.run(schema, opset, {**rest, a.name: v})
        form = re.search(r"attribute '|unknown attribute|is not a", text)
        if status == UNSUPPORTED:
            form = schema.name not in text and "the_node" not in text
        elif status == 4 and " shape " not in text:
            form = form or "the_node" not in text
        if form or status not in (0, UNSUPPORTED, 4):
            problems.append(f"{where}={v!r}: status {status}: {text.strip()}")
    return problems


BODIES = "body", "then_branch", "else_branch"


def one_schema(runner, schema, opset):
    base = dict(FIXED.get(schema.name, {}))
    if any(a.name in BODIES for a in schema.attributes.values()):
        return []
    for a in schema.attributes.values():
        if a.required and a.name not in base:
            base[a.name] = NEEDED[a.name]
    want = runner.run(schema, opset, base)
    problems = []
    if want[0] not in (0, UNSUPPORTED):
        problems.append(f"{schema.name}-{opset}: status {want[0]}: "
                        f"{want[1].strip()}")
    for a in schema.attributes.values():
        problems += one_attribute(runner, schema, opset, a, base, want)
    for verb in ("run", "inspect") if inputs_of(schema, opset) else ():
        status, text = runner.run(schema, opset, base, verb, unsupported=True)
        if status != UNSUPPORTED or "Rocket (node" not in text:
            problems.append(f"{schema.name}-{opset} behind Rocket: {verb}: "
                            f"status {status}: {text.strip()}")
    return problems


def problems(command, work):
    """What is wrong, one line each."""
    runner = Runner(command, work)
    found = []
    for opset, schema in versions(known()):
        found += one_schema(runner, schema, opset)
    print(f"# attributes: {runner.n} models")
    return found


if __name__ == "__main__":
    print("\n".join(problems(*sys.argv[1:])))
