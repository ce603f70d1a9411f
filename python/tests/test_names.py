# SPDX-License-Identifier: Apache-2.0
"""burin.deepsparse and burin.ort."""

import pathlib
import sys
import types

import numpy as np
import pytest

import burin
from burin import deepsparse, ort


@pytest.fixture
def engine(product):
    return deepsparse.compile_model(str(product[0]), batch_size=2)


def test_engine(engine, product):
    x = np.ones((2, 8), np.float32)
    want = x @ product[1]
    for y in (engine([x])[0], engine.run([x])[0], engine.timed_run([x])[0][0],
              engine.mapped_run([x])["y"]):
        np.testing.assert_allclose(y, want, rtol=1e-5)
    assert engine.input_names == ["x"] and engine.output_names == ["y"]
    assert engine.input_shapes == [(2, 8)] and engine.batch_size == 2
    assert engine.fraction_of_supported_ops == 1.0 and engine.num_cores >= 1
    a, = engine.generate_random_inputs()
    assert a.shape == (2, 8) and a.dtype == np.float32


def test_engine_refuses(engine):
    with pytest.raises(burin.InvalidArgument, match="batch size 2"):
        engine([np.ones((3, 8), np.float32)])
    with pytest.raises(burin.InvalidArgument, match="2 inputs"):
        engine([np.ones((2, 8), np.float32)] * 2)
    with pytest.raises(burin.InvalidArgument, match="batch_size"):
        deepsparse.Engine(b"", batch_size=0)


def test_engine_benchmark(engine):
    r = engine.benchmark(engine.generate_random_inputs(), num_iterations=4,
                         num_warmup_iterations=1, include_outputs=True)
    assert r.num_iterations == len(r.outputs) == 4 and r.inputs is None
    assert r.items_per_second == pytest.approx(2e3 / r.ms_per_batch)


class Runtime(types.ModuleType):
    """An onnxruntime that keeps what is registered."""

    __version__ = "9"

    def __init__(self):
        super().__init__("onnxruntime")
        self.names = []

    def get_available_providers(self):
        return [n for n, _ in self.names]

    def register_execution_provider_library(self, name, path):
        self.names.append((name, path))


def test_register(monkeypatch, tmp_path):
    runtime = Runtime()
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    monkeypatch.setattr(ort, "FOLDER", str(tmp_path))
    with pytest.raises(burin.FileError, match="burin-ort.so"):
        ort.register()
    pathlib.Path(tmp_path, "burin-ort.so").touch()
    ort.register()
    ort.register()
    assert runtime.names == [(ort.get_ep_name(), ort.get_library_path())]


def test_register_with_an_old_runtime(monkeypatch, tmp_path):
    old = types.ModuleType("onnxruntime")
    old.__version__ = "1.16"
    monkeypatch.setitem(sys.modules, "onnxruntime", old)
    monkeypatch.setattr(ort, "FOLDER", str(tmp_path))
    pathlib.Path(tmp_path, "burin-ort.so").touch()
    with pytest.raises(burin.Unsupported, match="1.16"):
        ort.register()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError):
        ort.register()
