# SPDX-License-Identifier: Apache-2.0
"""The kernel cache. Every function takes options of burin.h by keyword, such as
cache_dir; without them it is the cache that sessions use."""

import contextlib
import ctypes
import os
import re
import tarfile
import tempfile
from ctypes import byref
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from ._errors import FileError, FormatError, InvalidArgument
from ._library import (CacheFn, c_char_p, c_int64, c_text, call, lib,
                       path as c_path, text)
from ._options import Options

_ARCHIVES = {".tar": "", ".tar.gz": "gz", ".tar.xz": "xz"}


@dataclass(frozen=True)
class Entry:
    """A kernel, or what tuning measured.

    key: 32 hex digits
    mtime: seconds since 1970, last use
    what: "t1 16x1 768x3072 density 0.05 avx512"
    bad: None, or why it is not usable
    """

    key: str
    bytes: int
    mtime: int
    what: str
    bad: Optional[str]


def _each(check, options):
    found = []

    def take(_, e):
        e = e.contents
        found.append(Entry(text(e.key), e.bytes, e.mtime, text(e.what),
                           text(e.bad)))

    with Options(options) as o:
        call(lib.cache_each, o.handle, check, CacheFn(take), None)
    return found


def ls(**options: Any) -> List[Entry]:
    """All entries. Raises CacheError."""
    return _each(0, options)


def verify(**options: Any) -> List[Entry]:
    """All entries, with their checksums checked: `bad` tells."""
    return _each(1, options)


def path(**options: Any) -> str:
    """Where the cache is, for people to read."""
    buffer = ctypes.create_string_buffer(8192)
    with Options(options) as o:
        call(lib.cache_path, o.handle, buffer, len(buffer))
    return text(buffer.value)


def stat(**options: Any) -> Dict[str, Any]:
    """Where the cache is, and how much it holds: path, entries, bytes, bad."""
    entries = ls(**options)
    return {"path": path(**options), "entries": len(entries),
            "bytes": sum(e.bytes for e in entries),
            "bad": sum(e.bad is not None for e in entries)}


def gc(max_bytes: Optional[int] = None, **options: Any) -> int:
    """Remove what is not usable, then what was not used longest, down to
    max_bytes. How many entries that were."""
    n = c_int64()
    with Options(options) as o:
        call(lib.cache_gc, o.handle, -1 if max_bytes is None else max_bytes,
             byref(n))
    return n.value


def clear(**options: Any) -> int:
    """Remove all. How many entries that were."""
    n = c_int64()
    with Options(options) as o:
        call(lib.cache_clear, o.handle, byref(n))
    return n.value


def explain(key: str, **options: Any) -> Dict[str, str]:
    """What the entry is whose key begins with key, and whether it would be
    used here. Raises InvalidArgument when there is none, or more than one."""
    buffer = ctypes.create_string_buffer(65536)
    with Options(options) as o:
        call(lib.cache_explain, o.handle, c_text(key, "key"), buffer,
             len(buffer))
    lines = text(buffer.value).splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def export(path, keys: Optional[Sequence[str]] = None, **options: Any) -> None:
    """Copy entries (None: all) into a folder, which the option cache_ro may
    name, or into an archive: .tar, .tar.gz, .tar.xz."""
    kind = _archive(path)
    with contextlib.ExitStack() as stack:
        folder = os.path.join(stack.enter_context(
            tempfile.TemporaryDirectory()), "c") if kind is not None else path
        o = stack.enter_context(Options(options))
        wanted = None if keys is None else (c_char_p * len(keys))(
            *[c_text(k, "key") for k in keys])
        call(lib.cache_export, o.handle, wanted, len(keys or ()),
             c_path(folder))
        if kind is not None:
            _pack(folder, path, kind)


def import_(path, **options: Any) -> int:
    """Copy the entries of a folder or archive into the cache; how many came.
    Each is checked when it is found, but not that it is meant well: import
    from where you would run programs from."""
    kind = _archive(path)
    n = c_int64()
    with contextlib.ExitStack() as stack:
        folder = path
        if kind is not None:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            _unpack(path, folder)
        o = stack.enter_context(Options(options))
        call(lib.cache_import, o.handle, c_path(folder), byref(n))
    return n.value


# ---- archives: the library of the wheel is without libarchive ---------------

def _archive(path):
    """The compression of an archive; None: a folder."""
    name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) \
        else ""
    for suffix, kind in _ARCHIVES.items():
        if name.endswith(suffix):
            return kind
    if name.endswith(".tar.zst"):
        raise InvalidArgument(f"{name}: archives here are .tar, .tar.gz or "
                              f".tar.xz")
    return None


def _pack(folder, path, kind):
    """As the library writes it: files of entries, no folders."""
    def plain(info):
        info.uid = info.gid = info.mtime = 0
        info.uname = info.gname = ""
        return info
    part = f"{os.fspath(path)}.{os.getpid()}"
    try:
        with tarfile.open(part, "w:" + kind, format=tarfile.PAX_FORMAT) as t:
            for root, folders, files in os.walk(folder):
                folders.sort()
                for f in sorted(files):
                    full = os.path.join(root, f)
                    t.add(full, os.path.relpath(full, folder), filter=plain)
        os.replace(part, path)
    except OSError as e:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise FileError(f"{path}: {e.strerror}") from e


_ENTRY = re.compile(r"(?:\./)?((?:[\w-]+/)*[\w-][\w.-]*)", re.ASCII)
_ENTRY_MAX = 1 << 30             # of the library, too


def _unpack(path, folder):
    """Regular files with plain names; anything else is passed over."""
    try:
        with tarfile.open(path, "r:*") as t:
            for info in t:
                name = _ENTRY.fullmatch(info.name)
                if not info.isreg() or not name or info.size > _ENTRY_MAX:
                    continue
                to = os.path.join(folder, name.group(1))
                os.makedirs(os.path.dirname(to), 0o700, exist_ok=True)
                with open(to, "wb") as f, t.extractfile(info) as content:
                    while chunk := content.read(1 << 20):
                        f.write(chunk)
    except FileNotFoundError as e:
        raise FileError(f"{path}: {e.strerror}") from e
    except (tarfile.TarError, EOFError, OSError) as e:
        raise FormatError(f"{path}: not an archive: {e}") from e
