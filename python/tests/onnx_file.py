# SPDX-License-Identifier: Apache-2.0
"""Small ONNX files, without the package onnx."""

import struct

import numpy as np

CODES = {np.dtype(t): c for t, c in (
    (np.float32, 1), (np.uint8, 2), (np.int8, 3), (np.uint16, 4),
    (np.int16, 5), (np.int32, 6), (np.int64, 7), (np.bool_, 9),
    (np.float16, 10), (np.float64, 11), (np.uint32, 12), (np.uint64, 13))}
CODES["bfloat16"] = 16


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, value):
    """A field of protobuf: an int, text, or the bytes of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else bytes(value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def code(dtype):
    return CODES[dtype if dtype == "bfloat16" else np.dtype(dtype)]


def value(name, dtype, shape):
    dims = b"".join(field(1, field(1 if isinstance(d, int) else 2, d))
                    for d in shape)
    tensor = field(1, code(dtype)) + field(2, dims)
    return field(1, name) + field(2, field(1, tensor))


def tensor(name, a):
    return (b"".join(field(1, d) for d in a.shape) + field(2, code(a.dtype)) +
            field(8, name) + field(9, a.tobytes()))


def attribute(name, v):
    return field(1, name) + field(3, v) + field(20, 2)


def node(op, inputs, outputs, **attributes):
    return (b"".join(field(1, i) for i in inputs) +
            b"".join(field(2, o) for o in outputs) + field(4, op) +
            b"".join(field(5, attribute(k, v))
                     for k, v in attributes.items()))


def model(nodes, inputs, outputs, weights=None, opset=17):
    """nodes: of node(); inputs, outputs: (name, dtype, shape), whose dimensions
    are numbers or names; weights: arrays by name."""
    graph = b"".join(field(1, n) for n in nodes) + field(2, "g")
    graph += b"".join(field(5, tensor(n, a))
                      for n, a in (weights or {}).items())
    graph += b"".join(field(11, value(*i)) for i in inputs)
    graph += b"".join(field(12, value(*o)) for o in outputs)
    return field(1, 8) + field(7, graph) + field(8, field(2, opset))


def identity(dtype, shape=("n", "m")):
    """x to y."""
    return model([node("Identity", ["x"], ["y"])], [("x", dtype, shape)],
                 [("y", dtype, shape)])


def product(n=8, m=4, seed=0, zeros=0.0):
    """y = x w, and w."""
    rng = np.random.default_rng(seed)
    w = rng.standard_normal((n, m)).astype(np.float32)
    if zeros:
        # Whole columns of 16 outputs, whichever these are.
        mask = np.random.default_rng(1).random((n, m // 16)) >= zeros
        w *= np.repeat(mask, 16, axis=1)
    return model([node("MatMul", ["x", "w"], ["y"])],
                 [("x", np.float32, ("n", n))], [("y", np.float32, ("n", m))],
                 {"w": w}), w
