# SPDX-License-Identifier: Apache-2.0
"""burin: pruned neural networks as fast as their zeros promise.

    import burin

    with burin.InferenceSession("bert.onnx", threads=2) as session:
        hidden, = session.run(["last_hidden_state"], {"input_ids": ids, ...})
"""

import ctypes as _ctypes
from ctypes import byref as _byref
from typing import Any, Dict, Optional, Tuple, Union

from . import _compiler

_compiler.prepare()

from . import _facts, cache                                     # noqa: E402
from ._decoder import Decoder                                   # noqa: E402
from ._errors import (BufferTooSmall, CacheError, CompilerError,  # noqa: E402
                      Error, FileError, FormatError, InvalidArgument,
                      NoMemory, ShapeError, Unsupported)
from ._facts import Candidate, Layer, ModelMeta, NodeArg, Step  # noqa: E402
from ._library import PruneSpec as _PruneSpec                   # noqa: E402
from ._library import call as _call                             # noqa: E402
from ._library import c_text as _c_text                         # noqa: E402
from ._library import lib as _lib                               # noqa: E402
from ._library import path as _path                             # noqa: E402
from .session import InferenceSession, Progress                 # noqa: E402
from .session import load as _load                              # noqa: E402

__version__: str = _lib.version().decode()

__all__ = [
    "BufferTooSmall", "CacheError", "Candidate", "CompilerError",
    "Decoder", "Error",
    "FileError", "FormatError", "InferenceSession", "InvalidArgument", "Layer",
    "ModelMeta", "NoMemory", "NodeArg", "ShapeError", "Step", "Unsupported",
    "cache", "isa", "process_stats", "prune", "warm",
]


def isa() -> str:
    """The instruction set that kernels are made for here: "avx512", "avx2",
    "sse2" or "generic"."""
    return _lib.isa().decode()


def process_stats() -> Dict[str, Any]:
    """The members of burin_stats, summed over all models of this process."""
    return _facts.stats()


def warm(path_or_bytes, *, progress: Progress = None,
         **options: Any) -> Dict[str, Any]:
    """Compile the kernels that the cache lacks for a model, here or for another
    machine (isa="avx2"), with tune=True after measuring. Options and errors are
    those of InferenceSession. Gives the members of burin_stats."""
    model, _, _callback = _load(path_or_bytes, {**options, "warm": True},
                                progress, options.pop("external_dir", None))
    try:
        return _facts.stats(model)
    finally:
        _lib.model_free(model)


def prune(path, to, *, block: Union[str, Tuple[int, int]] = (16, 1),
          sparsity: float = 0.9, random: bool = False, seed: int = 0,
          only: Optional[str] = None) -> int:
    """Zero blocks in the weights of the dense layers of an ONNX file, by
    magnitude or at random, and write the result: to see what pruning would
    bring. only is a POSIX extended regular expression on names. How many layers
    were pruned. Raises what loading raises."""
    try:
        bh, bw = block.split("x") if isinstance(block, str) else block
        spec = _PruneSpec(int(bh), int(bw), float(sparsity), random, seed,
                          None if only is None else _c_text(only, "only"))
    except (TypeError, ValueError) as e:
        raise InvalidArgument(f"prune: block {block!r}, sparsity "
                              f"{sparsity!r}: {e}") from None
    n = _ctypes.c_int()
    _call(_lib.prune, _path(path), _path(to), _byref(spec),
          _ctypes.sizeof(spec), _byref(n))
    return n.value
