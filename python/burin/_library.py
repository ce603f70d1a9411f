# SPDX-License-Identifier: Apache-2.0
"""libburin.so.0 in ctypes: structs, functions, errors.  ctypes lets go of the
GIL in every call.

The layout of structs is that of include/burin.h, of the version that is in the
package folder with this file.
"""

import ctypes
import os
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p,
                    c_double, c_int, c_int64, c_size_t, c_uint64, c_void_p)
from typing import TYPE_CHECKING, Any

from . import _errors

FOLDER = os.path.dirname(os.path.abspath(__file__))
MAX_RANK = 8
MAX_REJECTS = 8
EROOM = -9


class CError(Structure):
    _fields_ = [("code", c_int), ("msg", c_char * 1020)]


class ValueInfo(Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int), ("rank", c_int),
                ("dims", c_int64 * MAX_RANK),
                ("dim_names", c_char_p * MAX_RANK)]


class OpInfo(Structure):
    _fields_ = [("name", c_char_p), ("count", c_int)]


class CandidateInfo(Structure):
    _fields_ = [("bh", c_int), ("bw", c_int), ("dense", c_int),
                ("chosen", c_int), ("density", c_double), ("kernel", c_char_p),
                ("predicted_us", c_double), ("measured_us", c_double)]


class LayerInfo(Structure):
    _fields_ = [("name", c_char_p), ("op", c_char_p), ("rows", c_int64),
                ("cols", c_int64), ("bh", c_int), ("bw", c_int),
                ("density", c_double), ("nonzero_fraction", c_double),
                ("decision", c_char_p), ("why", c_char_p),
                ("kernel", c_char_p), ("key", c_char_p),
                ("ncandidates", c_size_t), ("precision", c_char_p)]


class Reject(Structure):
    _fields_ = [("why", c_char_p), ("count", c_int)]


class Stats(Structure):
    _fields_ = [("kernels", c_int), ("compiled", c_int), ("disk_hits", c_int),
                ("memory_hits", c_int), ("failed", c_int), ("ms", c_double),
                ("load_ms", c_double), ("note", c_char * 256),
                ("pending", c_int), ("readonly_hits", c_int),
                ("remote_hits", c_int), ("misses", c_int), ("evicted", c_int),
                ("rejects", Reject * MAX_REJECTS), ("wait_ms", c_double),
                ("compile_ms", c_double), ("publish_ms", c_double),
                ("emit_ms", c_double), ("assemble_ms", c_double),
                ("load_us", c_double), ("unsandboxed", c_int)]


class Tensor(Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int), ("rank", c_int),
                ("dims", c_int64 * MAX_RANK), ("data", c_void_p),
                ("nbytes", c_size_t)]


class Output(Structure):
    _fields_ = [("name", c_char_p), ("buffer", c_void_p), ("room", c_size_t),
                ("data", c_void_p), ("dtype", c_int), ("rank", c_int),
                ("dims", c_int64 * MAX_RANK), ("nbytes", c_size_t)]


class StepInfo(Structure):
    _fields_ = [("name", c_char_p), ("op", c_char_p), ("kernel", c_char_p),
                ("layer", c_int), ("calls", c_int64), ("ms", c_double)]


class PruneSpec(Structure):
    _fields_ = [("bh", c_int), ("bw", c_int), ("sparsity", c_double),
                ("random", c_int), ("seed", c_uint64), ("only", c_char_p)]


class CacheEntry(Structure):
    _fields_ = [("key", c_char * 33), ("bytes", c_int64), ("mtime", c_int64),
                ("what", c_char_p), ("bad", c_char_p)]


ProgressFn = CFUNCTYPE(None, c_void_p, c_int, c_int)
CacheFn = CFUNCTYPE(None, c_void_p, POINTER(CacheEntry))

_err = POINTER(CError)
_count = POINTER(c_int64)
_handle = POINTER(c_void_p)
_p = c_void_p

# name: (result, arguments)
_FUNCTIONS = {
    "version": (c_char_p, []),
    "isa": (c_char_p, []),
    "options_new": (_p, []),
    "options_free": (None, [_p]),
    "options_set": (c_int, [_p, c_char_p, c_char_p, _err]),
    "options_set_progress": (None, [_p, ProgressFn, _p]),
    "model_load": (c_int, [c_char_p, _p, _handle, _err]),
    "model_load_memory": (c_int, [_p, c_size_t, c_char_p, _p, _handle, _err]),
    "model_wait": (c_int, [_p, c_int]),
    "model_update": (c_int, [_p, c_char_p, _err]),
    "model_free": (None, [_p]),
    "model_opset": (c_int, [_p]),
    "model_num_inputs": (c_size_t, [_p]),
    "model_num_outputs": (c_size_t, [_p]),
    "model_num_ops": (c_size_t, [_p]),
    "model_num_layers": (c_size_t, [_p]),
    "model_num_unsupported": (c_size_t, [_p]),
    "model_num_unfused": (c_size_t, [_p]),
    "model_num_dequantized": (c_size_t, [_p]),
    "model_input": (POINTER(ValueInfo), [_p, c_size_t]),
    "model_output": (POINTER(ValueInfo), [_p, c_size_t]),
    "model_op": (POINTER(OpInfo), [_p, c_size_t]),
    "model_layer": (POINTER(LayerInfo), [_p, c_size_t]),
    "model_candidate": (POINTER(CandidateInfo), [_p, c_size_t, c_size_t]),
    "model_tuning": (c_char_p, [_p, c_size_t]),
    "model_unsupported": (c_char_p, [_p, c_size_t]),
    "model_unfused": (c_char_p, [_p, c_size_t]),
    "model_stats": (None, [_p, POINTER(Stats), c_size_t]),
    "model_isa": (c_char_p, [_p]),
    "process_stats": (None, [POINTER(Stats), c_size_t]),
    "session_new": (c_int, [_p, _p, _handle, _err]),
    "session_free": (None, [_p]),
    "session_threads": (c_int, [_p]),
    "run": (c_int, [_p, POINTER(Tensor), c_size_t, POINTER(Output), c_size_t,
                    _err]),
    "session_share": (c_int, [_p, c_char_p, c_char_p, c_int64, _err]),
    "session_profile": (None, [_p, c_int]),
    "session_step": (POINTER(StepInfo), [_p, c_size_t]),
    "prune": (c_int, [c_char_p, c_char_p, POINTER(PruneSpec), c_size_t,
                      POINTER(c_int), _err]),
    "cache_each": (c_int, [_p, c_int, CacheFn, _p, _err]),
    "cache_gc": (c_int, [_p, c_int64, _count, _err]),
    "cache_clear": (c_int, [_p, _count, _err]),
    "cache_export": (c_int, [_p, POINTER(c_char_p), c_size_t, c_char_p, _err]),
    "cache_import": (c_int, [_p, c_char_p, _count, _err]),
    "cache_explain": (c_int, [_p, c_char_p, c_char_p, c_size_t, _err]),
    "cache_path": (c_int, [_p, c_char_p, c_size_t, _err]),
}


class _Functions:
    """burin_<name> as an attribute <name>."""

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any: ...

    def __init__(self, path):
        try:
            library = ctypes.CDLL(path)
        except OSError as e:
            raise ImportError(f"the library of burin: {e}") from None
        for name, (result, arguments) in _FUNCTIONS.items():
            f = getattr(library, "burin_" + name)
            f.restype, f.argtypes = result, arguments
            setattr(self, name, f)


lib = _Functions(os.path.join(FOLDER, "libburin.so.0"))


def call(function, *arguments):
    """Call a function whose last parameter is burin_error *; raise what it
    reports, else give its result."""
    err = CError()
    rc = function(*arguments, byref(err))
    if rc < 0:
        raise _errors.of_status(rc, text(err.msg))
    return rc


def text(b):
    """A string of the library, None for NULL."""
    return None if b is None else b.decode("utf-8", "replace")


def path(p, what="path"):
    """A path as the library wants it."""
    try:
        b = os.fsencode(p)
    except TypeError:
        raise _errors.InvalidArgument(
            f"{what}: {type(p).__name__} is not a path") from None
    return c_text(b, what)


def c_text(s, what):
    b = s if isinstance(s, bytes) else str(s).encode()
    if b"\0" in b:
        raise _errors.InvalidArgument(f"{what}: {s!r} holds a NUL byte")
    return b
