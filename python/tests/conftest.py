# SPDX-License-Identifier: Apache-2.0
"""The package is the one that is installed; its cache is a folder of the tests'.
"""

import os
import pathlib
import tempfile

os.environ.setdefault("BURIN_CACHE_DIR", tempfile.mkdtemp(prefix="burin-"))

import pytest                                           # noqa: E402

import burin                                            # noqa: E402
import onnx_file                                        # noqa: E402


@pytest.fixture
def models():
    """The folder of models in the source tree."""
    return pathlib.Path(__file__).parents[2] / "tests" / "models"


@pytest.fixture
def product(tmp_path):
    """(path, w) of y = x w for x of n x 8."""
    data, w = onnx_file.product()
    path = tmp_path / "product.onnx"
    path.write_bytes(data)
    return path, w


@pytest.fixture
def session(product):
    with burin.InferenceSession(product[0]) as s:
        s.w = product[1]
        yield s
