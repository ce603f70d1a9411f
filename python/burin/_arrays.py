# SPDX-License-Identifier: Apache-2.0
"""What callers give as a tensor, as an array that the library can read."""

import ctypes

import numpy as np

from ._errors import InvalidArgument, ShapeError
from ._library import MAX_RANK


def _bfloat16():
    """The type of package ml_dtypes; without it the bits as uint16."""
    try:
        import ml_dtypes
    except ImportError:
        return np.dtype(np.uint16)
    return np.dtype(ml_dtypes.bfloat16)


_BF16 = 16

# enum burin_dtype: the type in NumPy, and what ONNX Runtime calls it
_TYPES = {
    1: (np.dtype(np.float32), "float"),
    2: (np.dtype(np.uint8), "uint8"),
    3: (np.dtype(np.int8), "int8"),
    4: (np.dtype(np.uint16), "uint16"),
    5: (np.dtype(np.int16), "int16"),
    6: (np.dtype(np.int32), "int32"),
    7: (np.dtype(np.int64), "int64"),
    9: (np.dtype(np.bool_), "bool"),
    10: (np.dtype(np.float16), "float16"),
    11: (np.dtype(np.float64), "double"),
    12: (np.dtype(np.uint32), "uint32"),
    13: (np.dtype(np.uint64), "uint64"),
}


def numpy_type(code):
    """None for what the library does not know, in a model for inspection."""
    return _bfloat16() if code == _BF16 else _TYPES.get(code, [None])[0]


def onnx_type(code):
    name = "bfloat16" if code == _BF16 else _TYPES.get(code, "?")[-1]
    return f"tensor({name})"


_view = ctypes.c_char.from_buffer


def address(a):
    """Of the first element.  A view by ctypes takes a seventh of the time of
    __array_interface__, but read-only and empty arrays, and types that the
    buffer protocol does not know, have none."""
    try:
        return ctypes.addressof(_view(a))
    except (TypeError, ValueError, BufferError):
        return a.__array_interface__["data"][0]


def _import(name, x):
    """An array of whatever x is.  DLPack and buffers are not copied."""
    try:
        if isinstance(x, np.ndarray):
            return np.asarray(x)        # of subclasses, too
        if hasattr(x, "__dlpack__") and not hasattr(x, "__array_interface__"):
            return np.from_dlpack(x)
        return np.asarray(x)
    except Exception as e:
        raise InvalidArgument(f"input '{name}': {type(x).__name__} does not "
                              f"give an array: {e}") from e


def _retype(name, a, dtype, loose):
    """a if it has the type, whatever its byte order.  Numbers and lists of
    them have no type of their own (loose) and take it, but integers only if
    they keep their values."""
    if a.dtype.newbyteorder("=") == dtype:
        return a
    if loose and a.dtype.kind in "biuf":
        with np.errstate(all="ignore"):
            b = a.astype(dtype)
        if dtype.kind == "f" or np.array_equal(a, b):
            return b
    raise ShapeError(f"input '{name}' is {a.dtype}, the model has {dtype}")


def as_input(name, x, dtype):
    """x as a contiguous, aligned array of dtype; a copy if it is not one.
    Raises InvalidArgument or ShapeError that name the input."""
    if x is None:
        raise InvalidArgument(f"input '{name}' is None")
    a = _import(name, x)
    if a.dtype.hasobject or a.dtype.fields:
        raise ShapeError(f"input '{name}' is an array of {a.dtype}, "
                         f"the model has {dtype}")
    loose = isinstance(x, (int, float, list, tuple))
    a = _retype(name, a, dtype, loose)
    if a.ndim > MAX_RANK:
        raise ShapeError(f"input '{name}' has {a.ndim} dimensions, "
                         f"{MAX_RANK} are supported")
    try:
        # np.ascontiguousarray would make one dimension of none.
        return np.require(a, dtype, ["C", "A"]).reshape(a.shape)
    except (TypeError, ValueError) as e:
        raise ShapeError(f"input '{name}': {e}") from e


def as_output(name, x, shape, dtype):
    """x if the output can be written into it.  Raises InvalidArgument or
    ShapeError that name the output."""
    if not isinstance(x, np.ndarray):
        try:
            x = np.asarray(memoryview(x))
        except TypeError:
            raise InvalidArgument(f"output '{name}': {type(x).__name__} is "
                                  f"no array") from None
    if x.dtype != dtype:
        raise ShapeError(f"output '{name}' is {dtype}, the array {x.dtype}")
    if x.shape != shape:
        raise ShapeError(f"output '{name}' has shape {shape}, "
                         f"the array {x.shape}")
    if not x.flags.carray:
        raise InvalidArgument(f"output '{name}': the array is not "
                              f"contiguous, aligned and writable")
    return x
