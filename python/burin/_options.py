# SPDX-License-Identifier: Apache-2.0
"""Options: keyword arguments to burin_options, and the progress of loading."""

import os

from ._errors import InvalidArgument, NoMemory
from ._library import ProgressFn, c_text, call, lib


def as_text(key, value):
    """True and False are "1" and "0", a list of folders is joined with ":"."""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (list, tuple)):
        return ":".join(as_text(key, v) for v in value)
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise InvalidArgument(
        f"option {key}: {type(value).__name__} is not a value")


class Options:
    """The options of one call, freed at the end of a with statement.  The
    progress function is to be kept by what was loaded with them."""

    def __init__(self, options, progress=None):
        self.handle = None
        self.progress = None
        self._texts = [(c_text(k, "option"), c_text(as_text(k, v), k))
                       for k, v in options.items() if v is not None]
        self._bar = progress

    def __enter__(self):
        self.handle = lib.options_new()
        if not self.handle:
            raise NoMemory("options: out of memory")
        try:
            for key, value in self._texts:
                call(lib.options_set, self.handle, key, value)
            self._set_progress()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        lib.options_free(self.handle)
        self.handle = None

    def _set_progress(self):
        report = reporter(self._bar)
        if report:
            self.progress = ProgressFn(
                lambda _, done, total: report(done, total))
            lib.options_set_progress(self.handle, self.progress, None)


def reporter(progress):
    """A function of (done, total) from what a caller gives as progress: such a
    function, True for a bar of tqdm where that is installed, or None."""
    if callable(progress):
        return progress
    if not progress:
        return None
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None
    bar = None

    def report(done, total):
        nonlocal bar
        if bar is None:
            bar = tqdm(desc="kernels", unit="kernel", total=total)
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return report
