# SPDX-License-Identifier: Apache-2.0
"""Wheels of burin: the PEP 517 backend that pip calls, and what `make wheel`
runs. Needs what ./bootstrap installs, and nothing from the package index.

    pip wheel .                         burin
    pip wheel . -C package=burin-jit    the compiler, under the GPL
    python3 python/build_backend.py [--build DIR] [--out DIR] [PACKAGE...]

The tree is configured and made once more, in DIR/obj: libraries that come with
Debian as position-independent archives are linked in, so that they meet no
other copy in a process, and the rest is found in the folder of the package.
"""

import argparse
import base64
import glob
import hashlib
import io
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PYTHON = os.path.join(SOURCE, "python")

# Of every Linux with a glibc; what else an object needs is in the wheel.
SYSTEM = {"libc.so.6", "libm.so.6", "libmvec.so.1", "libpthread.so.0",
          "libdl.so.2", "librt.so.1", "ld-linux-x86-64.so.2",
          "ld-linux-aarch64.so.1"}

OWN_PATHS = {"$ORIGIN", "$ORIGIN/.."}

# --disable-new-dtags: the path holds also for what libgccjit needs, which has
# none itself.
MAKE_VARIABLES = [
    f"CFLAGS=-ffile-prefix-map={SOURCE}=burin",
    "LDFLAGS=-s -Wl,--disable-new-dtags -Wl,-rpath,'$$ORIGIN' "
    "-Wl,--exclude-libs,libprotobuf-c.a:libxxhash.a:libjansson.a",
    "PROTOBUF_C_LIBS=-l:libprotobuf-c.a",
    "XXHASH_LIBS=-l:libxxhash.a",
    "JANSSON_LIBS=-l:libjansson.a",
]

SUMMARY = "Pruned neural networks as fast as their zeros promise"


class Package:
    """A wheel: its metadata, and which objects are in it.

    built: files of the build tree
    system: libraries of the system, by name
    linked, copied: Debian packages whose licence goes with them
    foreign: what objects need and the user's system may have or not
    """

    def __init__(self, name, licence, headers, built, system=(), programs=(),
                 packages=(), gpl=False, foreign=(), entry=""):
        self.name, self.module = name, name.replace("-", "_")
        self.licence, self.headers, self.built = licence, headers, built
        self.system, self.programs, self.packages = system, programs, packages
        self.gpl, self.foreign, self.entry = gpl, set(foreign), entry


def version():
    with open(os.path.join(SOURCE, "configure.ac"), encoding="utf-8") as f:
        return re.search(r"AC_INIT\(\[burin\], \[([^]]*)\]", f.read())[1]


def packages():
    burin = Package(
        "burin", "Apache-2.0 AND BSD-2-Clause AND MIT AND GPL-3.0-or-later",
        ["Requires-Python: >=3.9", "Requires-Dist: numpy>=1.23",
         "Provides-Extra: jit",
         f'Requires-Dist: burin-jit=={version()}; extra == "jit"',
         "Provides-Extra: progress",
         'Requires-Dist: tqdm; extra == "progress"'],
        [".libs/libburin.so.0", ".libs/burin", "burin-cc",
         ".libs/burin-jit.so", ".libs/burin-ort.so"],
        system=["libpthreadpool.so.0"],
        packages=["libprotobuf-c1", "libxxhash0", "libjansson4",
                  "libpthreadpool0"],
        gpl=True, foreign=["libgccjit.so.0"],
        entry="[console_scripts]\nburin = burin.__main__:main\n")
    jit = Package(
        "burin-jit", "GPL-3.0-or-later", ["Requires-Python: >=3.9"],
        [".libs/burin-jit.so"], system=["libgccjit.so.0"],
        programs=["as", "ld"],
        packages=["libgccjit0", "binutils", "libisl23", "libmpc3", "libmpfr6",
                  "libgmp10", "libzstd1", "zlib1g", "libjansson4"],
        gpl=True)
    return {p.name: p for p in (burin, jit)}


# ---- building ----------------------------------------------------------------

def run(*command, cwd=SOURCE):
    r = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE,
                       stderr=subprocess.STDOUT)
    if r.returncode:
        sys.stderr.write(r.stdout)
        raise SystemExit(f"{' '.join(command[:2])}: status {r.returncode}")
    return r.stdout


def make(build):
    """The build tree of the objects."""
    obj = os.path.join(build, "obj")
    if not os.path.exists(os.path.join(SOURCE, "configure")):
        run("autoreconf", "-fi")
    os.makedirs(obj, exist_ok=True)
    if not os.path.exists(os.path.join(obj, "Makefile")):
        run(os.path.join(SOURCE, "configure"), "--quiet",
            "--without-libarchive", cwd=obj)
    run("make", "-s", f"-j{os.cpu_count()}", *MAKE_VARIABLES, "wheel-parts",
        cwd=obj)
    return obj


def system_file(name):
    """Where the loader and the compiler find a library."""
    path = run(os.environ.get("CC", "cc"), "-print-file-name=" + name).strip()
    if not os.path.isabs(path):
        raise SystemExit(f"{name}: not found")
    return os.path.realpath(path)


# ---- what objects need -------------------------------------------------------

def is_elf(data):
    return data[:4] == b"\x7fELF"


def dynamic(path):
    """(needed libraries, paths for them, version symbols)"""
    d = run("readelf", "-dW", path)
    return (re.findall(r"\(NEEDED\).*\[(.*)\]", d),
            re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", d),
            set(re.findall(r"Name: ([A-Z]+[A-Z]*_[\d.]+)",
                           run("readelf", "-VW", path))))


def closure(paths, have=()):
    """Libraries that objects need and that are not of every system, with what
    they need in turn: {name: file}."""
    found, left = {}, list(paths)
    while left:
        for name in dynamic(left.pop())[0]:
            if name not in SYSTEM and name not in found and name not in have:
                found[name] = system_file(name)
                left.append(found[name])
    return found


def check(package, files):
    """Every object finds all it needs in the folder; gives the minor version
    of the glibc that they want."""
    minor = 0
    names = {os.path.basename(n) for n in files}
    for name, path in files.items():
        with open(path, "rb") as f:
            if not is_elf(f.read(4)):
                continue
        needed, paths, symbols = dynamic(path)
        lost = set(needed) - SYSTEM - names - package.foreign
        if lost:
            raise SystemExit(f"{name}: needs {', '.join(sorted(lost))}")
        if {p for ps in paths for p in ps.split(":")} - OWN_PATHS:
            raise SystemExit(f"{name}: looks for libraries in {paths}")
        if any(s.startswith(("GLIBCXX", "CXXABI")) for s in symbols):
            raise SystemExit(f"{name}: needs libstdc++")
        minor = max([minor, *(int(s.split(".")[1]) for s in symbols
                              if s.startswith("GLIBC_2."))])
    return minor


# ---- contents ----------------------------------------------------------------

def python_files(module):
    folder = os.path.join(PYTHON, module)
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for n in sorted(names):
            path = os.path.join(root, n)
            yield os.path.relpath(path, PYTHON), path


def objects(package, obj):
    """{name in the package folder: file}"""
    files = {}
    for b in package.built:
        path = os.path.join(obj, b)
        if os.path.exists(path) or b != ".libs/burin-ort.so":
            files[os.path.basename(b)] = path
    for name in package.system:
        files[name] = system_file(name)
    have = {*files, *package.foreign}
    files.update(closure(files.values(), have))
    return files


def programs(package, build):
    """Programs of the system, each started by a script that has it find its
    libraries in the folder: {name in the package folder: file}"""
    files = {}
    for name in package.programs:
        real = os.path.realpath(shutil.which(name) or "")
        script = os.path.join(build, "script-" + name)
        with open(script, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nd=${0%/*}\n'
                    'LD_LIBRARY_PATH=$d/..${LD_LIBRARY_PATH:+:'
                    '$LD_LIBRARY_PATH}\nexport LD_LIBRARY_PATH\n'
                    f'exec "$d/{name}.real" "$@"\n')
        files["bin/" + name] = script
        files[f"bin/{name}.real"] = real
        files.update(closure([real]))
    return files


def licences(package):
    yield "LICENSE", os.path.join(SOURCE, "LICENSE")
    if package.gpl:
        yield "GPL-3", "/usr/share/common-licenses/GPL-3"
    for p in package.packages:
        yield p + ".txt", f"/usr/share/doc/{p}/copyright"


def present(texts):
    """Those that this system has, by name; the others are told of."""
    found = {}
    for name, path in texts:
        if os.path.exists(path):
            found[name] = path
        else:
            print(f"warning: {path} is missing, the wheel has no {name}",
                  file=sys.stderr)
    return found


def metadata(package, files):
    lines = ["Metadata-Version: 2.4", f"Name: {package.name}",
             f"Version: {version()}", f"Summary: {SUMMARY}",
             f"License-Expression: {package.licence}",
             *(f"License-File: {n}" for n in files), *package.headers]
    if package.name == "burin":
        lines.append("Description-Content-Type: text/markdown")
        with open(os.path.join(PYTHON, "README.md"), encoding="utf-8") as f:
            lines += ["", f.read()]
    return "\n".join(lines) + "\n"


class Wheel:
    """A zip file with a RECORD.  The same files make the same bytes."""

    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self.record = []

    def add(self, name, data, mode=0o644):
        info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
        info.external_attr = (0o100000 | mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
        self.record.append(f"{name},sha256={digest.decode().rstrip('=')},"
                           f"{len(data)}")

    def add_file(self, name, path):
        with open(path, "rb") as f:
            data = f.read()
        runs = is_elf(data) or data.startswith(b"#!/bin/sh")
        self.add(name, data, 0o755 if runs else 0o644)

    def close(self, name):
        self.record += [f"{name},,", ""]
        record = "\n".join(self.record).encode()
        self.add(name, record)
        self.zip.close()


def write(package, files, tag, folder):
    """The name of the wheel."""
    stem = f"{package.module}-{version()}"
    info = f"{stem}.dist-info"
    name = f"{stem}-{tag}.whl"
    w = Wheel(os.path.join(folder, name))
    for inside, path in python_files(package.module):
        w.add_file(inside, path)
    for inside, path in files.items():
        w.add_file(f"{package.module}/{inside}", path)
    texts = present(licences(package))
    for n, path in texts.items():
        w.add_file(f"{info}/licenses/{n}", path)
    w.add(f"{info}/METADATA", metadata(package, texts).encode())
    w.add(f"{info}/WHEEL", f"Wheel-Version: 1.0\nGenerator: burin\n"
          f"Root-Is-Purelib: false\nTag: {tag}\n".encode())
    if package.entry:
        w.add(f"{info}/entry_points.txt", package.entry.encode())
    w.close(f"{info}/RECORD")
    return name


def wheel(package, build, folder):
    obj = make(build)
    files = {**objects(package, obj), **programs(package, build)}
    tag = f"py3-none-manylinux_2_{check(package, files)}_{platform.machine()}"
    os.makedirs(folder, exist_ok=True)
    return write(package, files, tag, folder)


# ---- PEP 517 -----------------------------------------------------------------

def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_sdist(config_settings=None):
    return []


def build_wheel(wheel_directory, config_settings=None,
                metadata_directory=None):
    settings = config_settings or {}
    package = packages()[settings.get("package", "burin")]
    build = settings.get("build", os.path.join(SOURCE, "build", "python.d"))
    return wheel(package, os.path.abspath(build), wheel_directory)


def _sources():
    """Files of the repository, or all of a tarball."""
    r = subprocess.run(["git", "ls-files"], cwd=SOURCE, text=True,
                       capture_output=True)
    if r.returncode == 0 and r.stdout:
        return r.stdout.splitlines()
    found = []
    for root, folders, names in os.walk(SOURCE):
        folders[:] = [f for f in sorted(folders) if f == "build-aux" or
                      not f.startswith(("build", ".git"))]
        found += [os.path.relpath(os.path.join(root, n), SOURCE)
                  for n in sorted(names)]
    return found


def build_sdist(sdist_directory, config_settings=None):
    package = packages()["burin"]
    stem = f"burin-{version()}"
    with tarfile.open(os.path.join(sdist_directory, stem + ".tar.gz"), "w:gz",
                      format=tarfile.PAX_FORMAT) as t:
        for name in _sources():
            t.add(os.path.join(SOURCE, name), f"{stem}/{name}",
                  recursive=False)
        data = metadata(package, ["LICENSE"]).encode()
        info = tarfile.TarInfo(f"{stem}/PKG-INFO")
        info.size = len(data)
        t.addfile(info, io.BytesIO(data))
    return stem + ".tar.gz"


def main():
    p = argparse.ArgumentParser(description="make wheels of burin")
    p.add_argument("package", nargs="*", default=["burin"],
                   choices=sorted(packages()))
    p.add_argument("--build", default=os.path.join(SOURCE, "build", "python.d"))
    p.add_argument("--out", help="default: dist in the build folder")
    a = p.parse_args()
    out = a.out or os.path.join(a.build, "dist")
    for name in a.package:
        package = packages()[name]
        for old in glob.glob(os.path.join(out, f"{package.module}-*.whl")):
            os.unlink(old)
        print(os.path.join(out, wheel(package, a.build, out)))


if __name__ == "__main__":
    main()
