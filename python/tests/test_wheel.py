# SPDX-License-Identifier: Apache-2.0
"""What is installed, and how it finds its parts."""

import os
import pathlib
import re
import subprocess
import sys
import warnings
import zipfile
from importlib import metadata

import numpy as np
import pytest

import burin
import onnx_file
from burin import _compiler

FOLDER = pathlib.Path(burin.__file__).parent


def python(code, **env):
    """What code prints in an own process with only these variables."""
    r = subprocess.run([sys.executable, "-c", code], capture_output=True,
                       text=True, env=env)
    assert r.returncode == 0, r.stderr
    return r.stdout.strip()


def load(path, more=""):
    return f"""
import warnings, burin
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(2):
        s = burin.InferenceSession({str(path)!r}{more})
st = burin.process_stats()
print(st["compiled"], st["failed"], len(seen),
      *(f"{{w.filename}}:{{w.lineno}} {{w.message}}" for w in seen))
"""


@pytest.fixture
def sparse(tmp_path):
    path = tmp_path / "sparse.onnx"
    path.write_bytes(onnx_file.product(256, 256, zeros=0.9)[0])
    return path


def test_package_is_the_installed_one():
    assert FOLDER.is_relative_to(sys.prefix)
    assert metadata.version("burin") == burin.__version__


def test_files():
    files = {pathlib.PurePath(f).name: f for f in metadata.files("burin")}
    assert {"py.typed", "libburin.so.0", "burin-cc", "burin-jit.so", "LICENSE",
            "GPL-3", "libpthreadpool0.txt"} <= set(files)
    for name in ("burin-cc", "burin"):
        assert os.access(FOLDER / name, os.X_OK)
    for f in FOLDER.rglob("*"):
        source = str(pathlib.Path(__file__).parents[2]).encode()
        assert f.suffix == ".pyc" or f.is_dir() or \
            source not in f.read_bytes(), f


def test_tag_is_that_of_the_objects():
    text = metadata.distribution("burin").read_text("WHEEL")
    minor, = re.findall(r"^Tag: py3-none-manylinux_2_(\d+)_\w+$", text, re.M)
    wanted = max(int(v) for f in FOLDER.iterdir() if f.is_file()
                 for v in re.findall(rb"GLIBC_2\.(\d+)\b", f.read_bytes()))
    assert int(minor) == wanted


def test_command():
    command = pathlib.Path(sys.prefix, "bin", "burin")
    for start in ([command], [sys.executable, "-m", "burin"]):
        r = subprocess.run([*start, "--version"], capture_output=True,
                           text=True)
        assert burin.__version__ in r.stdout + r.stderr
    assert subprocess.run([command, "none"], capture_output=True
                          ).returncode == 2


def test_typed_and_named():
    for name in burin.__all__:
        assert getattr(burin, name).__doc__
    assert burin.isa() in ("avx512", "avx2", "sse2", "generic")
    assert burin.process_stats()["kernels"] >= 0


def test_compiles_without_any_variable(sparse, tmp_path):
    if not _compiler._system_gccjit():
        pytest.skip("no libgccjit")
    out = python(load(sparse), HOME=str(tmp_path), PATH=os.environ["PATH"])
    assert out == "1 0 0"


def test_compiles_where_a_group_may_write(sparse, tmp_path):
    """As a umask of 002 leaves it."""
    if not _compiler._system_gccjit():
        pytest.skip("no libgccjit")
    mode = FOLDER.stat().st_mode
    FOLDER.chmod(mode | 0o020)
    try:
        out = python(load(sparse), HOME=str(tmp_path), PATH=os.environ["PATH"])
    finally:
        FOLDER.chmod(mode)
    assert out == "1 0 0"


def test_without_a_compiler_it_says_so_once(sparse, tmp_path):
    out = python(load(sparse), HOME=str(tmp_path),
                 BURIN_JIT_MODULE="/nonexistent")
    assert out.startswith("0 2 1 <string>:6 1 of 1 kernels are not compiled")
    assert "burin[jit]" in out
    for more in (', jit="off"', ', compile="off"'):
        assert python(load(sparse, more), HOME=str(tmp_path),
                      BURIN_JIT_MODULE="/nonexistent").startswith("0 2 0")


def test_built_in_kernels_are_right(tmp_path):
    data, w = onnx_file.product(256, 256, zeros=0.9)
    x = np.ones((3, 256), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with burin.InferenceSession(data, jit="off",
                                    cache_dir=tmp_path) as s:
            assert s.stats()["failed"] == 1
            y, = s.run(None, {"x": x})
    np.testing.assert_allclose(y, x @ w, rtol=1e-4, atol=1e-4)


def test_package_burin_jit_compiles_with_its_own(sparse, tmp_path):
    """No assembler is on PATH; those of the package leave a file behind."""
    wheels = list(pathlib.Path(os.environ.get("BURIN_WHEELS", ".")).glob(
        "burin_jit-*.whl"))
    if not wheels:
        pytest.skip("no wheel of burin-jit in $BURIN_WHEELS")
    with zipfile.ZipFile(wheels[0]) as z:
        z.extractall(tmp_path)
    programs = tmp_path / "burin_jit" / "bin"
    for f in programs.iterdir():
        f.chmod(0o755)
    for name in ("as", "ld"):
        script = (programs / name).read_text().replace(
            "#!/bin/sh\n", f"#!/bin/sh\n: >{tmp_path}/ran-{name}\n")
        (programs / name).write_text(script)
    out = python(load(sparse, ', jit="inprocess"') + """
print([l.split()[-1] for l in open("/proc/self/maps") if "libgccjit" in l][0])
""", HOME=str(tmp_path), PYTHONPATH=str(tmp_path), PATH="/nonexistent")
    assert out == f"1 0 0\n{tmp_path}/burin_jit/libgccjit.so.0"
    assert (tmp_path / "ran-as").exists() and (tmp_path / "ran-ld").exists()
