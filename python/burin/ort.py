# SPDX-License-Identifier: Apache-2.0
"""burin as an execution provider of ONNX Runtime: burin-ort.so, which is in
this package.

    import onnxruntime, burin.ort

    burin.ort.register()
    session = onnxruntime.InferenceSession(
        "bert.onnx", providers=[burin.ort.get_ep_name(),
                                "CPUExecutionProvider"])
"""

import os

from ._errors import FileError, Unsupported
from ._library import FOLDER


def get_ep_name() -> str:
    """The name for `providers`."""
    return "BurinExecutionProvider"


def get_ep_names() -> list:
    """All names that the library has."""
    return [get_ep_name()]


def get_library_path() -> str:
    """The file burin-ort.so. Raises FileError if this package was built
    without it."""
    path = os.path.join(FOLDER, "burin-ort.so")
    if not os.path.exists(path):
        raise FileError(f"{path}: this build of the package burin has no "
                        f"execution provider for ONNX Runtime")
    return path


def register() -> None:
    """Make the provider known to onnxruntime. Doing it again is fine. Raises
    ImportError without onnxruntime, Unsupported if that is too old, FileError
    without burin-ort.so."""
    path = get_library_path()
    import onnxruntime
    add = getattr(onnxruntime, "register_execution_provider_library", None)
    if add is None:
        raise Unsupported(f"onnxruntime {onnxruntime.__version__} has no "
                          f"register_execution_provider_library")
    if get_ep_name() not in onnxruntime.get_available_providers():
        add(get_ep_name(), path)
