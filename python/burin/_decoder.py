# SPDX-License-Identifier: Apache-2.0
"""A decoder with a past that stays where it is."""

import ctypes
import weakref
from ctypes import byref
from typing import Any, Dict, List, Mapping, Optional, Sequence

import numpy as np

from . import _arrays
from ._arrays import address
from ._errors import InvalidArgument
from ._library import Output, Tensor, c_void_p, call, lib
from ._options import Options


class Decoder:
    """Sequences that a decoder with a past continues, made by
    InferenceSession.decoder. For one thread at a time.

    tokens: how many each sequence has
    past: the buffers of keys and values [batch, heads, capacity, size] by the
        names of inputs, of which the first `tokens` of each head are filled
    """

    def __init__(self, session, capacity, batch, shared, threads):
        self._inputs = session.get_inputs()
        self._codes = session._types
        self._outputs = [o.name for o in session.get_outputs()]
        self._shared = _pairs(self._inputs, self._outputs) \
            if shared is None else dict(shared)
        self.tokens, self._capacity = 0, capacity
        self.past: Dict[str, np.ndarray] = {}
        handle = c_void_p()
        with Options({"threads": threads}) as o:
            call(lib.session_new, session._open(), o.handle, byref(handle))
        self._handle = handle
        self._end = weakref.finalize(self, lib.session_free, handle)
        for i in self._inputs:
            if i.name in self._shared:
                call(lib.session_share, handle, i.name.encode(),
                     self._shared[i.name].encode(), capacity)
                self.past[i.name] = _buffer(i, batch, capacity)

    def run(self, output_names: Optional[Sequence[str]],
            input_feed: Mapping[str, Any]) -> List[np.ndarray]:
        """Append tokens: an array for each output named (None: all but keys
        and values).  input_feed lacks keys and values of the past."""
        kept = set(self._shared.values())
        if not output_names:
            output_names = [n for n in self._outputs if n not in kept]
        given = (Tensor * len(self._inputs))()
        arrays = [self._input(t, i, code, input_feed) for t, i, code in
                  zip(given, self._inputs, self._codes)]
        names = [*output_names, *sorted(kept)[:1]]
        wanted = (Output * len(names))(*(Output(n.encode()) for n in names))
        call(lib.run, self._handle, given, len(given), wanted, len(names))
        del arrays
        self.tokens = wanted[len(names) - 1].dims[2]
        return [_copy(o) for o in wanted[:len(output_names)]]

    def _input(self, t, arg, code, feed):
        """Fill t; gives what must live as long."""
        a = self.past.get(arg.name)
        if a is None:
            try:
                a = _arrays.as_input(arg.name, feed[arg.name], arg.dtype)
            except KeyError:
                raise InvalidArgument(
                    f"input '{arg.name}' is missing") from None
        t.name, t.dtype, t.rank = arg.name.encode(), code, a.ndim
        t.dims[:a.ndim] = a.shape
        if arg.name in self.past:
            t.dims[2] = self.tokens
        t.data, t.nbytes = address(a), a.nbytes
        return a

    def rewind(self, tokens: int = 0) -> None:
        """Forget all but the first tokens of each sequence."""
        if not 0 <= tokens <= self.tokens:
            raise InvalidArgument(f"rewind: {tokens} of {self.tokens} tokens")
        self.tokens = tokens


def _pairs(inputs, outputs):
    """Names as Optimum has them."""
    pairs = {i.name: i.name.replace("past_key_values", "present")
             for i in inputs if i.name.startswith("past_key_values")}
    return {i: o for i, o in pairs.items() if o in outputs}


def _buffer(arg, batch, capacity):
    shape = arg.shape
    if len(shape) != 4 or not all(isinstance(shape[d], int) for d in (1, 3)):
        raise InvalidArgument(f"input '{arg.name}' has shape {shape}, wanted "
                              f"[batch, heads, tokens, size]")
    return np.zeros((batch, shape[1], capacity, shape[3]), arg.dtype)


def _copy(o):
    data = (ctypes.c_char * o.nbytes).from_address(o.data or 0)
    return np.frombuffer(data, _arrays.numpy_type(o.dtype)).reshape(
        o.dims[:o.rank]).copy()
