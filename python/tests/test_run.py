# SPDX-License-Identifier: Apache-2.0
import copy
import gc
import pickle
import sys
import types

import numpy as np
import pytest

import burin
import onnx_file
from onnx_file import node

X = np.arange(16, dtype=np.float32).reshape(2, 8)


class Tensor:
    """What has only __dlpack__, as tensors of other packages."""

    def __init__(self, a, device=None):
        self.a, self.device = a, device

    def __dlpack__(self, **kwargs):
        if self.device:
            raise BufferError("the tensor is on another device")
        return self.a.__dlpack__(**kwargs)

    def __dlpack_device__(self):
        return self.device or self.a.__dlpack_device__()


class Deleted:
    def __array__(self, *_, **__):
        raise RuntimeError("Array has been deleted")


def echo(dtype, shape=("n", "m")):
    return burin.InferenceSession(onnx_file.identity(dtype, shape))


# ---- what comes out ----------------------------------------------------------

def test_result_is_that_of_numpy(session):
    y, = session.run(None, {"x": X})
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, X @ session.w, rtol=1e-5)


def test_results_are_own_memory(session):
    first, = session.run(None, {"x": X})
    kept = first.copy()
    second, = session.run(["y"], {"x": X * 2})
    np.testing.assert_array_equal(first, kept)
    assert first.flags.owndata and first.flags.writeable
    assert not np.shares_memory(first, second)
    del session
    gc.collect()
    np.testing.assert_array_equal(first, kept)


def test_shapes_may_change(session):
    for n in (1, 3, 0, 3, 7, 1):
        x = np.ones((n, 8), np.float32)
        y, = session.run(None, {"x": x})
        assert y.shape == (n, 4)


def test_more_shapes_than_are_kept(session):
    for n in (*range(1, 300), 1):
        y, = session.run(None, {"x": np.ones((n, 8), np.float32)})
        assert y.shape == (n, 4)


def test_outputs_in_the_order_asked_for():
    m = onnx_file.model(
        [node("Neg", ["x"], ["a"]), node("Abs", ["x"], ["b"])],
        [("x", np.float32, ("n",))],
        [("a", np.float32, ("n",)), ("b", np.float32, ("n",))])
    with burin.InferenceSession(m) as s:
        x = {"x": np.array([1, -2], np.float32)}
        a, b = s.run(None, x)
        c, d, e = s.run(["b", "a", "b"], x)
        assert a.tolist() == d.tolist() == [-1, 2]
        assert b.tolist() == c.tolist() == e.tolist() == [1, 2]
        assert [v.tolist() for v in s.run([], x)] == [[-1, 2], [1, 2]]


@pytest.mark.parametrize("dtype", [
    t for t in onnx_file.CODES if t != "bfloat16"], ids=str)
def test_every_type(dtype):
    x = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype)
    with echo(dtype) as s:
        y, = s.run(None, {"x": x})
        assert y.dtype == dtype and s.get_inputs()[0].dtype == dtype
        np.testing.assert_array_equal(x, y)


def test_scalar():
    with echo(np.float32, ()) as s:
        for x in (np.float32(3), np.array(3, np.float32), 3, 3.0):
            y, = s.run(None, {"x": x})
            assert y.shape == () and y == 3


@pytest.mark.parametrize("dtype, x, fits", [
    (np.uint8, [0, 255], True), (np.uint8, [0, 256], False),
    (np.uint8, [-1], False), (np.int64, [1.0], True), (np.int64, [1.5], False),
    (np.float16, [1, 2.5], True), (np.bool_, [True, False], True),
    (np.float32, ["1"], False), (np.float32, [1j], False),
    (np.int64, [], True), (np.float32, [None], False)])
def test_lists_take_the_type(dtype, x, fits):
    with echo(dtype, ("n",)) as s:
        if fits:
            y, = s.run(None, {"x": x})
            assert y.dtype == dtype and y.tolist() == x
        else:
            with pytest.raises(burin.ShapeError, match="'x'"):
                s.run(None, {"x": x})


def reshape():
    """The shape of y is an input."""
    return burin.InferenceSession(onnx_file.model(
        [node("Reshape", ["x", "shape"], ["y"])],
        [("x", np.float32, ("n",)), ("shape", np.int64, (2,))],
        [("y", np.float32, ("a", "b"))]))


def test_shapes_that_depend_on_data():
    x = np.arange(6, dtype=np.float32)
    with reshape() as s:
        for shape in ((2, 3), (3, 2), (6, 1), (1, 6)):
            y, = s.run(None, {"x": x, "shape": np.array(shape)})
            np.testing.assert_array_equal(y, x.reshape(shape))


def test_larger_and_smaller_shapes_that_depend_on_data():
    m = onnx_file.model(
        [node("Expand", ["x", "shape"], ["y"])],
        [("x", np.float32, (1,)), ("shape", np.int64, (1,))],
        [("y", np.float32, ("a",))])
    with burin.InferenceSession(m) as s:
        for n in (3, 1000, 2, 0, 5):
            x = np.array([n], np.float32)
            y, = s.run(None, {"x": x, "shape": np.array([n])})
            np.testing.assert_array_equal(y, np.full(n, n, np.float32))


# ---- out= --------------------------------------------------------------------

def test_out(session):
    for out in ([np.empty((2, 4), np.float32)],
                {"y": np.empty((2, 4), np.float32)}, [None], {}):
        y, = session.run(None, {"x": X}, out=out)
        np.testing.assert_allclose(y, X @ session.w, rtol=1e-5)
        given = out["y"] if isinstance(out, dict) and out else None
        assert given is None or y is given


def test_out_may_be_an_input():
    with echo(np.float32) as s:
        x = X.copy()
        y, = s.run(None, {"x": x}, out=[x])
        assert y is x
        np.testing.assert_array_equal(x, X)


def test_out_of_a_shape_that_depends_on_data():
    x = np.arange(6, dtype=np.float32)
    with reshape() as s:
        for shape in ((2, 3), (3, 2)):
            out = np.empty(shape, np.float32)
            s.run(None, {"x": x, "shape": np.array(shape)}, out=[out])
            np.testing.assert_array_equal(out, x.reshape(shape))


def read_only():
    a = np.empty((2, 4), np.float32)
    a.flags.writeable = False
    return a


@pytest.mark.parametrize("out, error, words", [
    ([np.empty((2, 3), np.float32)], burin.ShapeError, "'y' has shape (2, 4)"),
    ([np.empty((2, 4), np.float64)], burin.ShapeError, "'y' is float32"),
    ([np.empty((4, 2), np.float32).T], burin.InvalidArgument, "contiguous"),
    ([read_only()], burin.InvalidArgument, "writable"),
    ([[1, 2]], burin.InvalidArgument, "'y': list is no array"),
    ({"z": np.empty((2, 4), np.float32)}, burin.InvalidArgument, "'z'"),
    ([], burin.InvalidArgument, "0 arrays for 1 outputs"),
])
def test_bad_out(session, out, error, words):
    with pytest.raises(error) as e:
        session.run(None, {"x": X}, out=out)
    assert words in str(e.value)
    session.run(None, {"x": X})


def test_out_twice_is_refused():
    m = onnx_file.model(
        [node("Neg", ["x"], ["a"]), node("Abs", ["x"], ["b"])],
        [("x", np.float32, (2,))],
        [("a", np.float32, (2,)), ("b", np.float32, (2,))])
    out = np.empty(2, np.float32)
    with burin.InferenceSession(m) as s, pytest.raises(burin.InvalidArgument):
        s.run(None, {"x": out.copy()}, out=[out, out])


# ---- what goes in ------------------------------------------------------------

def unaligned():
    a = np.zeros(X.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(2, 8)
    a[:] = X
    return a


class Array(np.ndarray):
    pass


@pytest.mark.parametrize("x", [
    np.asfortranarray(X), np.repeat(X, 2, axis=1)[:, ::2], X[::-1][::-1],
    X.astype(">f4"), unaligned(), X.view(Array), memoryview(X), Tensor(X),
    X.tolist(), np.ma.array(X),
], ids=["columns", "strided", "reversed", "big_endian", "unaligned",
        "subclass", "buffer", "dlpack", "list", "masked"])
def test_inputs_that_are_like_arrays(session, x):
    y, = session.run(None, {"x": x})
    np.testing.assert_allclose(y, X @ session.w, rtol=1e-5)


def test_read_only_input_is_not_copied():
    x = X.copy()
    x.flags.writeable = False
    from burin import _arrays
    assert np.shares_memory(_arrays.as_input("x", x, x.dtype), x)
    assert np.shares_memory(_arrays.as_input("x", Tensor(X), X.dtype), X)
    assert np.shares_memory(_arrays.as_input("x", memoryview(X), X.dtype), X)


@pytest.mark.parametrize("feed, error, words", [
    ({"x": X.astype(np.float64)}, burin.ShapeError, "'x' is float64"),
    ({"x": X.astype(np.int64)}, burin.ShapeError, "'x' is int64"),
    ({"x": X.astype(object)}, burin.ShapeError, "'x' is an array of object"),
    ({"x": X.astype(str)}, burin.ShapeError, "'x'"),
    ({"x": X.astype("M8[s]")}, burin.ShapeError, "'x'"),
    ({"x": X.view("f4,f4")}, burin.ShapeError, "'x'"),
    ({"x": X[0]}, burin.ShapeError, "'x'"),
    ({"x": X[:, :7]}, burin.ShapeError, "x"),
    ({"x": X.reshape((1,) * 9 + (2, 8))}, burin.ShapeError, "'x' has 11"),
    ({"x": None}, burin.InvalidArgument, "'x' is None"),
    ({"x": "text"}, burin.ShapeError, "'x'"),
    ({"x": [[1, 2], [3]]}, burin.InvalidArgument, "'x'"),
    ({"x": Deleted()}, burin.InvalidArgument, "'x': Deleted"),
    ({"x": Tensor(X, (2, 0))}, burin.InvalidArgument, "'x': Tensor"),
    ({}, burin.InvalidArgument, "'x' is missing"),
    ({"x": X, "z": X}, burin.InvalidArgument, "'z' is none of the model"),
    ({"x": X, 5: X}, burin.InvalidArgument, "5 is none of the model"),
    ([X], burin.InvalidArgument, "list"),
    (None, burin.InvalidArgument, "NoneType"),
])
def test_bad_inputs(session, feed, error, words):
    with pytest.raises(error) as e:
        session.run(None, feed)
    assert words in str(e.value) and isinstance(e.value, burin.Error)
    session.run(None, {"x": X})


@pytest.mark.parametrize("names", [["z"], "y", [["y"]], [None], [b"y"]])
def test_bad_output_names(session, names):
    with pytest.raises(burin.InvalidArgument) as e:
        session.run(names, {"x": X})
    assert "output" in str(e.value)


def test_bfloat16_without_its_package_is_bits():
    x = np.array([0x3f80, 0x4000], np.uint16)       # 1, 2
    with echo("bfloat16", ("n",)) as s:
        if s.get_inputs()[0].dtype != np.uint16:
            pytest.skip("ml_dtypes is installed")
        y, = s.run(None, {"x": x})
        np.testing.assert_array_equal(x, y)
        assert s.get_inputs()[0].type == "tensor(bfloat16)"


# ---- loading -----------------------------------------------------------------

def test_bytes_of_all_kinds(product):
    data = product[0].read_bytes()
    for source in (data, bytearray(data), memoryview(data)):
        with burin.InferenceSession(source) as s:
            s.run(None, {"x": X})


@pytest.mark.parametrize("source, error, words", [
    ("none.onnx", burin.FileError, "none.onnx"),
    ("none.onnx", OSError, "none.onnx"),
    (b"\xff" * 100, burin.FormatError, ""),
    (b"", burin.Error, ""),
    ("a\0b", burin.InvalidArgument, "NUL"),
    (5, burin.InvalidArgument, "int is not a path"),
    (None, burin.InvalidArgument, "NoneType"),
])
def test_bad_models(source, error, words):
    with pytest.raises(error) as e:
        burin.InferenceSession(source)
    assert words in str(e.value)


def test_unsupported_operators_are_named(models):
    path = models / "unsupported.onnx"
    with pytest.raises(burin.Unsupported):
        burin.InferenceSession(path)
    with burin.InferenceSession(path, unsupported="keep") as s:
        assert s.get_modelmeta().unsupported
        feed = {i.name: np.ones([1] * len(i.shape), i.dtype)
                for i in s.get_inputs()}
        with pytest.raises(burin.Unsupported):
            s.run(None, feed)


@pytest.mark.parametrize("options, words", [
    ({"colour": "red"}, "colour"), ({"threads": "many"}, "threads"),
    ({"threads": 1.5}, "option threads: float"), ({"isa": "z80"}, "isa"),
    ({"sessions": 0}, "sessions"), ({"cache_dir": "a\0b"}, "NUL"),
])
def test_bad_options(product, options, words):
    with pytest.raises(burin.InvalidArgument) as e:
        burin.InferenceSession(product[0], **options)
    assert words in str(e.value)


class SessionOptions:
    intra_op_num_threads = 2


def test_arguments_of_onnx_runtime(product):
    with burin.InferenceSession(str(product[0]), SessionOptions(),
                                ["CPUExecutionProvider"]) as s:
        assert s.get_providers() == ["BurinExecutionProvider"]
        i, = s.get_inputs()
        o, = s.get_outputs()
        assert (i.name, i.type, i.shape) == ("x", "tensor(float)", ["n", 8])
        assert (o.name, o.type, o.shape) == ("y", "tensor(float)", ["n", 4])
        s.run(None, {"x": X}, None)


def test_progress_is_called_and_may_raise(product, tmp_path, monkeypatch):
    seen = []

    def report(done, total):
        seen.append((done, total))
        raise RuntimeError("from the progress function")

    monkeypatch.setattr(sys, "unraisablehook", lambda *_: None)
    with burin.InferenceSession(product[0], progress=report,
                                cache_dir=tmp_path / "c") as s:
        s.run(None, {"x": X})
    assert seen and seen[-1][0] == seen[-1][1]


class Bar:
    """Of tqdm."""

    made = []

    def __init__(self, total, **_):
        self.n, self.total, self.closed = 0, total, False
        self.made.append(self)

    def update(self, by):
        self.n += by

    def close(self):
        self.closed = True


def test_progress_by_tqdm(product, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(
        tqdm=Bar))
    burin.warm(product[0], progress=True, cache_dir=tmp_path / "a")
    bar, = Bar.made
    assert bar.n == bar.total > 0 and bar.closed
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    burin.warm(product[0], progress=True, cache_dir=tmp_path / "b")


def test_async(product, tmp_path):
    with burin.InferenceSession(product[0], compile="async",
                                cache_dir=tmp_path / "c",
                                progress=lambda *_: None) as s:
        s.run(None, {"x": X})
        assert s.wait(0) >= 0
        assert s.wait() == 0 and s.stats()["pending"] == 0
        y, = s.run(None, {"x": X})
        np.testing.assert_allclose(y, X @ product[1], rtol=1e-5)


# ---- life --------------------------------------------------------------------

def test_closed(session):
    session.close()
    session.close()
    for use in (lambda: session.run(None, {"x": X}), session.layers,
                session.stats, session.wait, lambda: session.update("x"),
                lambda: session.profile({"x": X})):
        with pytest.raises(burin.InvalidArgument, match="is closed"):
            use()
    assert "closed" in repr(session)
    assert session.get_inputs()[0].name == "x"


def test_pickle_and_copy(session, product):
    want, = session.run(None, {"x": X})
    for other in (pickle.loads(pickle.dumps(session)), copy.copy(session)):
        with other:
            np.testing.assert_array_equal(other.run(None, {"x": X})[0], want)
    with burin.InferenceSession(product[0].read_bytes()) as s:
        with pytest.raises(TypeError, match="bytes"):
            pickle.dumps(s)


def test_update(session, product, tmp_path):
    data, w = onnx_file.product(seed=5)
    other = tmp_path / "other.onnx"
    other.write_bytes(data)
    session.run(None, {"x": X})
    session.update(other)
    y, = session.run(None, {"x": X})
    np.testing.assert_allclose(y, X @ w, rtol=1e-5)
    other.write_bytes(onnx_file.product(8, 5)[0])
    with pytest.raises(burin.ShapeError):
        session.update(other)
    np.testing.assert_array_equal(session.run(None, {"x": X})[0], y)


def test_facts(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(onnx_file.product(256, 256, zeros=0.9)[0])
    with burin.InferenceSession(path) as s:
        layer, = s.layers()
        assert (layer.rows, layer.cols) == (256, 256)
        assert layer.decision == "sparse" and layer.density < 0.2
        assert any(c.chosen for c in layer.candidates)
        assert len(layer.key) == 32
        assert s.get_modelmeta().ops == {"MatMul": 1}
        assert s.stats()["kernels"] == 1
        steps = s.profile({"x": np.ones((4, 256), np.float32)}, runs=3)
        assert [(t.layer, t.calls) for t in steps if t.layer == 0] == [(0, 3)]


def test_exceptions_are_a_tree():
    assert issubclass(burin.ShapeError, burin.Error)
    assert issubclass(burin.FileError, OSError)
    assert issubclass(burin.InvalidArgument, ValueError)
    e = pickle.loads(pickle.dumps(burin.ShapeError("x: 3")))
    assert str(e) == "x: 3" and e.code == -6
