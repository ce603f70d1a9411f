# SPDX-License-Identifier: Apache-2.0
"""What the library tells of models, layers and runs, as Python objects."""

import ctypes
from dataclasses import dataclass
from typing import Dict, List, Optional, Tuple, Union

import numpy as np

from . import _arrays
from ._library import Stats, lib, text


@dataclass(frozen=True)
class NodeArg:
    """An input or output of a model.

    name: as in the file
    shape: each an int, the name of a dimension that the caller sets, or None
    type: as ONNX Runtime writes it, "tensor(float)"
    dtype: of NumPy; None, and "?" above, if unsupported operators make it
    """

    name: str
    shape: List[Union[int, str, None]]
    type: str
    dtype: Optional[np.dtype]


@dataclass(frozen=True)
class Candidate:
    """A way to store and run a layer.  Times are microseconds for 128 tokens
    on one core; measured_us is 0 where tuning did not measure."""

    block: Tuple[int, int]
    dense: bool
    chosen: bool
    density: float
    kernel: str
    predicted_us: float
    measured_us: float


@dataclass(frozen=True)
class Layer:
    """A layer with constant weights, rows x cols of them.

    block: rows x columns of a block
    density: stored blocks / all blocks
    decision, why: "sparse" or "dense", and the reason in one line
    kernel: what runs it, "t1_tile.16x1.avx512"
    key: of its kernel in the cache, 32 hex digits
    precision: of its products, "fp32", "bf16" or "int8"
    """

    name: str
    op: str
    rows: int
    cols: int
    block: Tuple[int, int]
    density: float
    nonzero_fraction: float
    decision: str
    why: str
    kernel: str
    key: str
    candidates: List[Candidate]
    precision: str


@dataclass(frozen=True)
class Step:
    """A node of the graph that runs, timed over all calls."""

    name: str
    op: str
    kernel: str
    layer: Optional[int]
    calls: int
    ms: float


@dataclass(frozen=True)
class ModelMeta:
    """What the file says.

    ops: how many nodes of each ONNX operator
    unsupported: operators that burin does not have (unsupported="keep")
    unfused: what runs node by node though it looks like one step, and why
    dequantized: weights that the file has as integers
    tunings: keys of what tuning measured, entries of the cache
    """

    opset: int
    isa: str
    ops: Dict[str, int]
    unsupported: List[str]
    unfused: List[str]
    dequantized: int
    tunings: List[str]


def _each(get, *first):
    """get(*first, 0), get(*first, 1), ... until NULL."""
    i = 0
    while True:
        p = get(*first, i)
        if not p:
            return
        yield p if isinstance(p, bytes) else p.contents
        i += 1


def _node_arg(v):
    names = [text(v.dim_names[i]) for i in range(v.rank)]
    shape = [v.dims[i] if v.dims[i] >= 0 else names[i] or None
             for i in range(v.rank)]
    return NodeArg(text(v.name), shape, _arrays.onnx_type(v.dtype),
                   _arrays.numpy_type(v.dtype))


def inputs(model):
    return [_node_arg(v) for v in _each(lib.model_input, model)]


def input_types(model):
    """enum burin_dtype of each."""
    return [v.dtype for v in _each(lib.model_input, model)]


def outputs(model):
    return [_node_arg(v) for v in _each(lib.model_output, model)]


def _candidate(c):
    return Candidate((c.bh, c.bw), bool(c.dense), bool(c.chosen), c.density,
                     text(c.kernel), c.predicted_us, c.measured_us)


def layers(model):
    return [Layer(text(v.name), text(v.op), v.rows, v.cols, (v.bh, v.bw),
                  v.density, v.nonzero_fraction, text(v.decision),
                  text(v.why), text(v.kernel), text(v.key),
                  [_candidate(c) for c in _each(lib.model_candidate, model, i)],
                  text(v.precision))
            for i, v in enumerate(_each(lib.model_layer, model))]


def meta(model):
    return ModelMeta(
        lib.model_opset(model), text(lib.model_isa(model)),
        {text(o.name): o.count for o in _each(lib.model_op, model)},
        [text(t) for t in _each(lib.model_unsupported, model)],
        [text(t) for t in _each(lib.model_unfused, model)],
        lib.model_num_dequantized(model),
        [text(t) for t in _each(lib.model_tuning, model)])


def steps(session):
    return [Step(text(s.name), text(s.op), text(s.kernel),
                 s.layer if s.layer >= 0 else None, s.calls, s.ms)
            for s in _each(lib.session_step, session)]


def _plain(value):
    if isinstance(value, bytes):
        return text(value)
    if isinstance(value, ctypes.Array):
        return {text(r.why): r.count for r in value if r.why}
    return value


def stats(model=None):
    """The members of burin_stats by name: of a model, or of the process."""
    st = Stats()
    if model is None:
        lib.process_stats(st, ctypes.sizeof(st))
    else:
        lib.model_stats(model, st, ctypes.sizeof(st))
    return {name: _plain(getattr(st, name)) for name, _ in Stats._fields_}
