# SPDX-License-Identifier: Apache-2.0
"""InferenceSession: a model that runs, with the habits of ONNX Runtime's."""

import os
import time
import weakref
from ctypes import byref
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

import numpy as np

from . import _arrays, _compiler, _facts
from ._decoder import Decoder
from ._errors import InvalidArgument
from ._library import c_void_p, call, lib, path as c_path
from ._options import Options
from ._pool import Pool
from ._runner import Runner

Progress = Union[None, bool, Callable[[int, int], None]]


def _is_bytes(x):
    return isinstance(x, (bytes, bytearray, memoryview))


def load(source, options, progress=None, external_dir=None):
    """(model, what it is called in messages, what must live as long)."""
    model = c_void_p()
    name = f"{len(source)} bytes" if _is_bytes(source) else str(source)
    with Options(options, progress) as o:
        if _is_bytes(source):
            data = np.frombuffer(source, np.uint8)
            folder = external_dir and c_path(external_dir, "external_dir")
            call(lib.model_load_memory, _arrays.address(data), data.size,
                 folder or None, o.handle, byref(model))
        else:
            call(lib.model_load, c_path(source, "model"), o.handle,
                 byref(model))
        return model, name, o.progress


def _cpus():
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _of_ort(sess_options):
    """The options of the library that ONNX Runtime's SessionOptions ask for.
    0 threads are its default, and all cores."""
    n = getattr(sess_options, "intra_op_num_threads", None)
    return {} if n is None else {"threads": n}


class InferenceSession:
    """A model that is loaded and runs.

    path_or_bytes: an ONNX file, or its content
    sess_options: of ONNX Runtime, of which intra_op_num_threads is heeded
    providers, provider_options: heeded by ONNX Runtime only
    sessions: how many threads run at once; others wait. Default one for each
        core that is left by `threads`
    external_dir: where external data of bytes is
    progress: called with (done, total) as kernels are compiled, from other
        threads with compile="async"; True for a bar of tqdm, if that is
        installed
    options: those of burin.h, such as threads=2, sparse="off",
        compile="async", cache_dir="/var/cache/burin"

    Raises FileError, FormatError, Unsupported, ShapeError, InvalidArgument (an
    option), NoMemory. A compiler that is missing is a RuntimeWarning, once.

    All methods may be called from any number of threads. A fork waits until
    runs of other threads are over; the child may use the session. Sessions made
    of a path can be pickled: the copy loads the file again.
    """

    def __init__(self, path_or_bytes, sess_options=None, providers=None,
                 provider_options=None, *, sessions: Optional[int] = None,
                 external_dir=None, progress: Progress = None,
                 **options: Any):
        options = {**_of_ort(sess_options), **options}
        self._reload = None if _is_bytes(path_or_bytes) else (
            path_or_bytes, sessions, options)
        if sessions is not None and sessions < 1:
            raise InvalidArgument(f"sessions: {sessions} is less than 1")
        self._model, self._name, callback = load(
            path_or_bytes, options, progress, external_dir)
        threads = {"threads": options.get("threads")}
        try:
            self._learn()
            self._pool = self._make_pool(threads, sessions)
        except BaseException:
            lib.model_free(self._model)
            raise
        self._end = weakref.finalize(self, _end, self._model, self._pool,
                                     callback)
        _compiler.tell_if_missing(self.stats(), options)

    def _learn(self):
        self._inputs = _facts.inputs(self._model)
        self._outputs = _facts.outputs(self._model)
        self._feeds = [(i.name, i.dtype) for i in self._inputs]
        self._names = tuple(o.name.encode() for o in self._outputs)
        self._known = {o.name: o.name.encode() for o in self._outputs}
        self._meta = _facts.meta(self._model)

    def _make_pool(self, threads, sessions):
        model = self._model
        names = [i.name.encode() for i in self._inputs]
        types = self._types = _facts.input_types(model)

        def make():
            with Options(threads) as o:
                return Runner(model, o.handle, names, types)

        if self._meta.unsupported:      # for inspection
            return Pool(self._name, 1, make, Runner.free)
        first = make()
        n = lib.session_threads(first.handle)
        pool = Pool(self._name, sessions or max(1, _cpus() // n), make,
                    Runner.free)
        pool.add(first)
        return pool

    # ---- running -------------------------------------------------------

    def run(self, output_names: Optional[Sequence[str]],
            input_feed: Mapping[str, Any], run_options=None, *,
            out=None) -> List[np.ndarray]:
        """Run once and give an array for each name, in their order.

        output_names: None for all outputs of the model
        input_feed: an array for each input of the model, by name. Arrays,
            buffers and what has __dlpack__ (on the CPU) are read where they
            are, if they are contiguous, aligned and in the byte order of the
            machine; others are copied. The type must be that of the model;
            numbers and lists of numbers take it.
        out: arrays to write results into, by name or in the order of the
            names, None for a new one. They must have the type and shape of
            the result and be contiguous and writable, and may be inputs.

        Results are the caller's own. Raises InvalidArgument, ShapeError,
        Unsupported, NoMemory, each naming the input or output.
        """
        arrays = self._arrays(input_feed)
        names = self._output_names(output_names)
        if out is not None:
            out = _in_order(names, out)
        pool = self._pool
        runner = pool.take()
        try:
            return runner.run(names, arrays, out)
        finally:
            pool.give(runner)

    def profile(self, input_feed: Mapping[str, Any],
                runs: int = 1) -> List[_facts.Step]:
        """Run and give the steps of the graph with the time of each."""
        arrays = self._arrays(input_feed)
        runner = self._pool.take()
        try:
            runner.profile(self._names, arrays, runs)
            return _facts.steps(runner.handle)
        finally:
            self._pool.give(runner)

    def decoder(self, capacity: int, batch: int = 1, *,
                shared: Optional[Mapping[str, str]] = None,
                threads: Optional[int] = None) -> Decoder:
        """Sequences of a decoder with a past, of up to capacity tokens each:
        their keys and values stay in buffers of the result, and a step copies
        none of them.

        shared: outputs by the input whose buffer each shares, present keys or
            values by their past; default present.* by past_key_values.*

        Raises InvalidArgument, and Unsupported for other uses of these."""
        return Decoder(self, capacity, batch, shared, threads)

    def _arrays(self, feed):
        arrays = []
        try:
            for name, dtype in self._feeds:
                a = feed[name]
                if (type(a) is not np.ndarray or a.dtype is not dtype or
                        not a.flags.carray or a.ndim > _arrays.MAX_RANK):
                    a = _arrays.as_input(name, a, dtype)
                arrays.append(a)
        except KeyError:
            raise InvalidArgument(f"input '{name}' is missing") from None
        except TypeError:
            raise InvalidArgument(f"inputs: {type(feed).__name__} is no "
                                  f"mapping of names to arrays") from None
        if len(feed) != len(arrays):
            self._refuse_others(feed)
        return arrays

    def _refuse_others(self, feed):
        mine = [name for name, _ in self._feeds]
        for name in feed:
            if name not in mine:
                raise InvalidArgument(f"input {name!r} is none of the model; "
                                      f"it has {', '.join(mine)}")

    def _output_names(self, names):
        if not names:
            return self._names
        if isinstance(names, str):
            raise InvalidArgument(f"output_names: {names!r} is no list")
        try:
            return tuple([self._known[n] for n in names])
        except (KeyError, TypeError) as e:
            raise InvalidArgument(f"output {e} is none of the model; it has "
                                  f"{', '.join(self._known)}") from None

    # ---- facts ---------------------------------------------------------

    def get_inputs(self) -> List[_facts.NodeArg]:
        """Name, shape, type and dtype of each input."""
        return list(self._inputs)

    def get_outputs(self) -> List[_facts.NodeArg]:
        """Name, shape, type and dtype of each output."""
        return list(self._outputs)

    def get_modelmeta(self) -> _facts.ModelMeta:
        """What the file says: opset, operators, what is not supported."""
        return self._meta

    def get_providers(self) -> List[str]:
        return ["BurinExecutionProvider"]

    def layers(self) -> List[_facts.Layer]:
        """Each layer with constant weights: its blocks, kernel, and why."""
        return _facts.layers(self._open())

    def stats(self) -> Dict[str, Any]:
        """Where kernels came from: the members of burin_stats."""
        return _facts.stats(self._open())

    def wait(self, timeout: Optional[float] = None) -> int:
        """Wait up to timeout seconds for kernels of compile="async"; None: as
        long as it takes. How many are left."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:                     # in slices, so that Ctrl-C works
            left = 0.2 if end is None else end - time.monotonic()
            n = lib.model_wait(self._open(), int(max(0, min(left, 0.2)) * 1000))
            if n <= 0 or (end is not None and left <= 0.2):
                return n

    def update(self, path) -> None:
        """Take the weights of another file: the same graph with the same zero
        blocks. Nothing is compiled; runs that begin afterwards have them.
        Raises what loading raises; ShapeError names the first difference."""
        call(lib.model_update, self._open(), c_path(path, "model"))

    # ---- life ----------------------------------------------------------

    def _open(self):
        if not self._end.alive:
            raise InvalidArgument(f"{self._name} is closed")
        return self._model

    def close(self) -> None:
        """Free the model, after runs of other threads. Later use raises
        InvalidArgument. Closing again is fine."""
        if self._end.alive:
            self._pool.close()
            self._end()

    def __enter__(self) -> "InferenceSession":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __repr__(self):
        state = "" if self._end.alive else ", closed"
        return f"<burin.InferenceSession {self._name}{state}>"

    def __reduce__(self):
        if not self._reload:
            raise TypeError("a session of bytes cannot be pickled; make it of "
                            "a path")
        return _again, self._reload


def _again(path, sessions, options):
    return InferenceSession(path, sessions=sessions, **options)


def _end(model, pool, _callback):
    """Of a session that nobody runs. The callback lives until here."""
    pool.discard()
    lib.model_free(model)


def _in_order(names, out):
    """An array or None for each name."""
    if isinstance(out, Mapping):
        left = dict(out)
        arrays = [left.pop(n.decode(), None) for n in names]
        if left:
            raise InvalidArgument(f"out: {next(iter(left))!r} is not asked "
                                  f"for")
        return arrays
    arrays = list(out)
    if len(arrays) != len(names):
        raise InvalidArgument(f"out: {len(arrays)} arrays for {len(names)} "
                              f"outputs")
    return arrays
