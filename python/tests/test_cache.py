# SPDX-License-Identifier: Apache-2.0
import io
import tarfile

import numpy as np
import pytest

import burin
import onnx_file
from burin import cache


@pytest.fixture
def sparse(tmp_path):
    path = tmp_path / "sparse.onnx"
    path.write_bytes(onnx_file.product(256, 256, zeros=0.9)[0])
    return path


@pytest.fixture
def warmed(sparse, tmp_path):
    folder = tmp_path / "cache"
    st = burin.warm(sparse, cache_dir=folder)
    if st["failed"]:
        pytest.skip("no compiler: " + st["note"])
    assert st["compiled"] == 1
    return folder


def test_what_is_there(warmed):
    entry, = cache.ls(cache_dir=warmed)
    assert len(entry.key) == 32 and entry.bytes > 0 and entry.bad is None
    assert cache.verify(cache_dir=warmed) == [entry]
    assert cache.stat(cache_dir=warmed) == {
        "path": cache.path(cache_dir=warmed), "entries": 1,
        "bytes": entry.bytes, "bad": 0}
    assert cache.explain(entry.key[:8], cache_dir=warmed)
    with pytest.raises(burin.InvalidArgument):
        cache.explain("zz", cache_dir=warmed)


def test_damage_is_told(warmed):
    file = next(f for f in warmed.rglob("*") if f.is_file() and
                cache.ls(cache_dir=warmed)[0].key in f.name)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    assert cache.verify(cache_dir=warmed)[0].bad
    assert cache.gc(cache_dir=warmed) >= 0


def test_removing(warmed, sparse):
    assert cache.gc(cache_dir=warmed) == 0
    assert cache.gc(0, cache_dir=warmed) == 1
    burin.warm(sparse, cache_dir=warmed, retry=True)
    assert cache.clear(cache_dir=warmed) == 1
    assert cache.ls(cache_dir=warmed) == []


@pytest.mark.parametrize("name", ["bundle", "b.tar", "b.tar.gz", "b.tar.xz"])
@pytest.mark.parametrize("some", [False, True])
def test_bundles(warmed, sparse, tmp_path, name, some):
    key = cache.ls(cache_dir=warmed)[0].key
    path, other = tmp_path / name, tmp_path / "other"
    cache.export(path, [key] if some else None, cache_dir=warmed)
    assert cache.import_(path, cache_dir=other) == 1
    with burin.InferenceSession(sparse, cache_dir=other, jit="off") as s:
        st = s.stats()
        assert (st["disk_hits"], st["failed"]) == (1, 0)
        s.run(None, {"x": np.ones((1, 256), np.float32)})


def test_bad_bundles(warmed, tmp_path):
    with pytest.raises(burin.FileError):
        cache.import_(tmp_path / "none.tar", cache_dir=warmed)
    bad = tmp_path / "bad.tar.gz"
    bad.write_bytes(b"no archive")
    with pytest.raises(burin.FormatError, match="bad.tar.gz"):
        cache.import_(bad, cache_dir=warmed)
    with pytest.raises(burin.InvalidArgument, match="tar.xz"):
        cache.export(tmp_path / "b.tar.zst", cache_dir=warmed)
    with pytest.raises(burin.Error):
        cache.export(tmp_path / "b.tar", ["zz"], cache_dir=warmed)
    assert not (tmp_path / "b.tar").exists()


def test_archives_write_nowhere_else(warmed, tmp_path):
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as t:
        for name in ("../evil", "/evil", "a/../../evil", ".."):
            info = tarfile.TarInfo(name)
            info.size = 4
            t.addfile(info, io.BytesIO(b"evil"))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        t.addfile(link)
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(burin.CacheError):
        cache.import_(path, cache_dir=warmed)
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_prune(tmp_path):
    path, to = tmp_path / "m.onnx", tmp_path / "pruned.onnx"
    path.write_bytes(onnx_file.product(256, 256)[0])
    assert burin.prune(path, to, block="16x1", sparsity=0.75) == 1
    with burin.InferenceSession(to, jit="off") as s:
        assert s.layers()[0].nonzero_fraction == pytest.approx(0.25, abs=0.01)
    for bad in ({"block": "16"}, {"sparsity": "most"}, {"sparsity": 2},
                {"only": "("}):
        with pytest.raises(burin.InvalidArgument):
            burin.prune(path, to, **bad)
    with pytest.raises(burin.FileError):
        burin.prune(tmp_path / "none", to)
