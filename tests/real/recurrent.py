# SPDX-License-Identifier: Apache-2.0
"""Small models of one RNN, GRU or LSTM, in every form that the operators have,
and what ONNX Runtime says they compute."""

import itertools

import numpy as np
from onnx import TensorProto, helper, numpy_helper

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
# Names, alpha, beta.
ACTIVATIONS = {
    "RNN": [None, (["Relu"], [], []), (["Affine"], [0.5], [0.1]),
            (["LeakyRelu"], [0.05], []), (["ThresholdedRelu"], [0.2], []),
            (["ScaledTanh"], [0.7], [0.9]), (["HardSigmoid"], [0.3], [0.4]),
            (["Elu"], [0.8], []), (["Softsign"], [], []),
            (["Softplus"], [], []), (["Sigmoid"], [], []),
            (["HardSigmoid"], [], []), (["LeakyRelu"], [], [])],
    "GRU": [None, (["HardSigmoid", "Softsign"], [0.25], [0.45]),
            (["Softsign", "Elu"], [0.7], [])],
    "LSTM": [None, (["HardSigmoid", "Elu", "ScaledTanh"],
                    [0.25, 0.7, 1.1], [0.45, 0.8]),
             (["Sigmoid", "Relu", "Softsign"], [], [])],
}


class Form:
    """A model and its inputs."""

    def __init__(self, op, direction="forward", steps=5, batch=2, inputs=3,
                 hidden=4, activations=None, bias=True, lengths=False,
                 initial=False, peephole=False, outputs=(0, 1, 2), seed=0,
                 sparse=0, **attrs):
        self.rng = np.random.default_rng(seed)
        self.steps, self.batch = steps, batch
        self.hidden, self.dirs = hidden, 1 + (direction == "bidirectional")
        self.inits, self.ins, self.feed = [], [], {}
        n = GATES[op] * hidden
        names = ["x", self.weight("w", n, inputs, sparse=sparse),
                 self.weight("r", n, hidden, sparse=sparse),
                 self.weight("b", 2 * n) if bias else "",
                 self.input("lengths", self.some_lengths())
                 if lengths else "",
                 self.state("h0") if initial else ""]
        if op == "LSTM":
            names += [self.state("c0") if initial else "",
                      self.weight("p", 3 * hidden) if peephole else ""]
        self.input("x", self.floats(steps, batch, inputs))
        if activations:
            attrs |= {k: v * self.dirs for k, v in zip(
                ("activations", "activation_alpha", "activation_beta"),
                activations) if v}
        outs = [f"y{i}" if i in outputs else ""
                for i in range(3 if op == "LSTM" else 2)]
        node = helper.make_node(op, names, outs, name="cell",
                                direction=direction, hidden_size=hidden,
                                **attrs)
        self.model = helper.make_model(helper.make_graph(
            [node], "g", self.ins, [helper.make_tensor_value_info(
                o, TensorProto.FLOAT, None) for o in outs if o],
            self.inits), opset_imports=[helper.make_opsetid("", 17)],
            ir_version=8)

    def floats(self, *shape):
        return self.rng.standard_normal(shape).astype(np.float32)

    def weight(self, name, *shape, sparse=0):
        w = self.floats(self.dirs, *shape) / np.sqrt(shape[-1] + 1)
        if sparse:
            keep = self.rng.random((self.dirs, -(-shape[0] // 16),
                                    shape[1])) >= sparse
            w *= np.repeat(keep, 16, axis=1)[:, :shape[0]]
        self.inits.append(numpy_helper.from_array(w.astype(np.float32), name))
        return name

    def state(self, name):
        return self.input(name, self.floats(self.dirs, self.batch,
                                            self.hidden))

    def some_lengths(self):
        n = self.rng.integers(1, self.steps + 1, self.batch)
        n[0] = self.steps
        return n.astype(np.int32)

    def input(self, name, array):
        dtype = helper.np_dtype_to_tensor_dtype(array.dtype)
        shape = [f"{name}{i}" for i in range(array.ndim)]
        if name == "x":
            shape[-1] = array.shape[-1]
        self.ins.append(helper.make_tensor_value_info(name, dtype, shape))
        self.feed[name] = array
        return name


def forms():
    """Names and Forms."""
    for op in GATES:
        for direction, bias, lengths, initial in itertools.product(
                ("forward", "reverse", "bidirectional"), *[(False, True)] * 3):
            yield (f"{op} {direction} bias={bias:d} lengths={lengths:d} "
                   f"initial={initial:d}", Form(
                       op, direction, bias=bias, lengths=lengths,
                       initial=initial, batch=3))
        for i, act in enumerate(ACTIVATIONS[op]):
            yield f"{op} activations {i}", Form(
                op, "bidirectional", activations=act, lengths=True)
        for outputs in ((0,), (1,), (0, 1)):
            yield f"{op} outputs {outputs}", Form(
                op, "bidirectional", outputs=outputs, lengths=True)
        yield f"{op} clip", Form(op, clip=0.4, steps=9)
        for batch, hidden, direction in itertools.product(
                (1, 4, 5, 17), (7, 48), ("forward", "bidirectional")):
            yield f"{op} batch {batch} hidden {hidden} {direction}", Form(
                op, direction, batch=batch, hidden=hidden, inputs=33,
                steps=7, lengths=batch == 4, initial=True)
            yield (f"{op} sparse, batch {batch} hidden {hidden} {direction}",
                   Form(op, direction, batch=batch, hidden=hidden, inputs=33,
                        steps=7, initial=True, sparse=0.8))
    for kind in ("forward", "bidirectional"):
        yield f"GRU linear_before_reset {kind}", Form(
            "GRU", kind, linear_before_reset=1, lengths=True)
        yield f"LSTM peephole {kind}", Form("LSTM", kind, peephole=True,
                                            batch=5)
        yield f"LSTM peephole clip {kind}", Form("LSTM", kind, peephole=True,
                                                 clip=0.3, initial=True)
        yield f"LSTM input_forget {kind}", Form("LSTM", kind, input_forget=1)
    for batch, hidden in itertools.product((1, 4, 5), (48, 37)):
        yield f"GRU linear_before_reset sparse {batch} {hidden}", Form(
            "GRU", "bidirectional", linear_before_reset=1, batch=batch,
            hidden=hidden, sparse=0.8, steps=9)
