# SPDX-License-Identifier: Apache-2.0
"""Where the compiler is: in the package burin_jit, else the system's libgccjit,
else nowhere, and then kernels come from the cache or are the built-in ones.
"""

import os
import shutil
import stat
import threading
import warnings

from ._library import FOLDER


def _others_can_write(path):
    return os.stat(path).st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _name_own(variable, file):
    """The library does not run what a group can write, as a umask of 002
    leaves it.  Python code of the same folder runs all the same, so it says
    that the file is meant."""
    path = os.path.join(FOLDER, file)
    if os.path.exists(path) and (_others_can_write(FOLDER) or
                                 _others_can_write(path)):
        os.environ.setdefault(variable, path)


def _system_gccjit():
    """Its file, where the folder of libraries is not that of the machine that
    the package was made on."""
    machine = os.uname().machine
    for folder in (f"/usr/lib/{machine}-linux-gnu", "/usr/lib64", "/lib64",
                   "/usr/lib"):
        path = os.path.join(folder, "libgccjit.so.0")
        if os.path.exists(path):
            return path
    return None


def _name_binutils(own):
    """Workers look for as and ld where they were on the machine that the
    package was made on: name the folder of those on PATH, else our own."""
    folders = {os.path.dirname(p) if p else None
               for p in map(shutil.which, ("as", "ld"))}
    if len(folders) == 1 and None not in folders:
        os.environ.setdefault("BURIN_BINUTILS", folders.pop())
    elif own and None in folders:
        os.environ.setdefault("BURIN_BINUTILS", own)
        # Where GCC looks before PATH, with jit="inprocess".
        os.environ.setdefault("COMPILER_PATH", own)


def prepare():
    """Set the environment variables that the library and burin-cc look at.
    What the user has set stays."""
    _name_own("BURIN_CC", "burin-cc")
    try:
        import burin_jit
    except ImportError:
        _name_own("BURIN_JIT_MODULE", "burin-jit.so")
        gccjit = _system_gccjit()
        if gccjit:
            os.environ.setdefault("BURIN_GCCJIT", gccjit)
        _name_binutils(None)
        return
    if "BURIN_JIT_MODULE" in os.environ:
        return
    folder = burin_jit.folder()
    os.environ["BURIN_JIT_MODULE"] = os.path.join(folder, "burin-jit.so")
    os.environ["BURIN_GCCJIT"] = os.path.join(folder, "libgccjit.so.0")
    _name_binutils(os.path.join(folder, "bin"))


_told = False
_telling = threading.Lock()


def _switched_off(options):
    def value(key):
        return str(options.get(key, os.environ.get("BURIN_" + key.upper())))
    return value("jit") == "off" or value("compile") == "off"


def tell_if_missing(stats, options):
    """Warn once in a process that layers run on slower kernels."""
    global _told
    if not stats["failed"] or _switched_off(options):
        return
    with _telling:
        if _told:
            return
        _told = True
    warnings.warn(
        f"{stats['failed']} of {stats['kernels']} kernels are not compiled and "
        f"run on slower built-in code: {stats['note']}; the package burin-jit "
        f"(pip install burin[jit]) or the system's libgccjit compiles them, "
        f"burin.cache.import_ brings those of another machine",
        RuntimeWarning, stacklevel=3)
