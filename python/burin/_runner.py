# SPDX-License-Identifier: Apache-2.0
"""A session of the library, and what it needs ready to run at once.

The structs of burin_run are kept for each combination of names and shapes that
has run; a run only sets the addresses of arrays.
"""

import ctypes
import math
import operator
from ctypes import byref

import numpy as np

from . import _arrays, _errors
from ._arrays import address
from ._library import (EROOM, MAX_RANK, CError, Output, Tensor, c_void_p,
                       call, lib, text)

MAX_CALLS = 256

_empty = np.empty(8, np.uint8)
_shape = operator.attrgetter("shape")


class _Call:
    """Structs for one combination of input shapes and output names.

    values: shape, type and bytes of each output.  Where shapes depend on the
    data of inputs they are those of the last run.
    """

    def __init__(self, inputs, types, arrays, outputs):
        self.inputs = (Tensor * len(inputs))()
        for t, name, code, a in zip(self.inputs, inputs, types, arrays):
            t.name, t.dtype, t.rank = name, code, a.ndim
            t.dims[:a.ndim] = a.shape
            t.nbytes = a.nbytes
        self.outputs = (Output * len(outputs))()
        for o, name in zip(self.outputs, outputs):
            o.name = name
        # Elements of ctypes arrays are made anew each time they are asked for.
        self.each_input = list(self.inputs)
        self.each_output = list(self.outputs)
        self._dims = np.ndarray(
            (len(outputs), MAX_RANK), np.int64, self.outputs,
            Output.dims.offset, (ctypes.sizeof(Output), 8))
        self.values = None

    def learn(self):
        """Take the shapes that the library has set."""
        self.values = [(tuple(o.dims[:o.rank]), _arrays.numpy_type(o.dtype),
                        o.nbytes) for o in self.each_output]
        self._known = self._dims.tobytes()

    def is_as_known(self):
        return self._dims.tobytes() == self._known


class Runner:
    """For one thread at a time."""

    def __init__(self, model, options, inputs, types):
        """inputs: names as the library wants them; types: enum burin_dtype."""
        handle = c_void_p()
        call(lib.session_new, model, options, byref(handle))
        self.handle = handle
        self._inputs, self._types = inputs, types
        self._calls = {}
        self._err = CError()

    def free(self):
        lib.session_free(self.handle)
        self.handle = None

    def run(self, names, arrays, out=None):
        """Arrays for the outputs named, in new memory or in that of out."""
        key = (names, *map(_shape, arrays))
        c = self._calls.get(key)
        if c is None:
            c = self._new_call(names, arrays)
        for t, a in zip(c.each_input, arrays):
            t.data = address(a)
        # Arrays of the caller are to have the shapes of this very run, not
        # those of other data.
        if c.values is None or out is not None:
            self._measure(c)
        while True:
            results = self._outputs(c, names, out)
            rc = self._run(c)
            if rc == 0:
                break
            if rc != EROOM:
                raise _errors.of_status(rc, text(self._err.msg))
            c.learn()
        self._calls[key] = c
        if not c.is_as_known():
            results = self._reshape(c, names, results, out)
        return results

    def _run(self, c):
        return lib.run(self.handle, c.inputs, len(c.inputs), c.outputs,
                       len(c.outputs), self._err)

    def _new_call(self, names, arrays):
        if len(self._calls) >= MAX_CALLS:
            self._calls.clear()
        return _Call(self._inputs, self._types, arrays, names)

    def _measure(self, c):
        """Shapes for these very inputs: nothing runs when there is no room."""
        for o in c.each_output:
            o.buffer, o.room = address(_empty), 0
        rc = self._run(c)
        if rc < 0 and rc != EROOM:
            raise _errors.of_status(rc, text(self._err.msg))
        c.learn()

    @staticmethod
    def _outputs(c, names, out):
        results = []
        for i, (shape, dtype, nbytes) in enumerate(c.values):
            if out is None or out[i] is None:
                a = np.empty(shape, dtype)
            else:
                a = _arrays.as_output(names[i].decode(), out[i], shape, dtype)
            o = c.each_output[i]
            o.buffer, o.room = address(a), nbytes
            results.append(a)
        return results

    @staticmethod
    def _reshape(c, names, results, out):
        """Shapes came out others than they were for other data, and no
        larger."""
        c.learn()
        for i, (shape, dtype, _) in enumerate(c.values):
            if out is None or out[i] is None:
                flat = results[i].reshape(-1)[:math.prod(shape)]
                results[i] = flat.reshape(shape)
            else:
                _arrays.as_output(names[i].decode(), out[i], shape, dtype)
        return results

    def profile(self, names, arrays, runs):
        """Run and time each step; _facts.steps has the times."""
        lib.session_profile(self.handle, 1)
        try:
            for _ in range(runs):
                self.run(names, arrays)
        finally:
            lib.session_profile(self.handle, 0)
