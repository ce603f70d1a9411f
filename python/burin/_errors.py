# SPDX-License-Identifier: Apache-2.0
"""The exceptions: one class for each status of burin.h, all of them Error."""


class Error(Exception):
    """Base of all that burin raises.  The text is one line and names the file,
    node, input or option that is at fault."""

    code = 0


class NoMemory(Error, MemoryError):
    """Out of memory."""

    code = -1


class InvalidArgument(Error, ValueError):
    """An argument, a name or an option; also the use of a closed session."""

    code = -2


class FileError(Error, OSError):
    """A file cannot be read or written."""

    code = -3


class FormatError(Error, ValueError):
    """A file is not a valid model."""

    code = -4


class Unsupported(Error, NotImplementedError):
    """A model uses operators or forms that burin does not have."""

    code = -5


class ShapeError(Error, ValueError):
    """Shapes or element types do not fit."""

    code = -6


class CompilerError(Error):
    """A kernel cannot be compiled."""

    code = -7


class CacheError(Error, OSError):
    """The kernel cache cannot be used."""

    code = -8


class BufferTooSmall(Error, ValueError):
    """A text of the library is longer than what holds it here."""

    code = -9


class Canceled(Error):
    """A run was canceled."""

    code = -10


class TimeOver(Error, TimeoutError):
    """A run, or the wait for a session, took longer than it was given."""

    code = -11


_by_code = {c.code: c for c in Error.__subclasses__()}


def of_status(code, text):
    """The exception for a status and a text of the library."""
    return _by_code.get(code, Error)(text)
