# SPDX-License-Identifier: Apache-2.0
"""The command burin: the program of that name in the package folder."""

import os
import sys

from . import _compiler
from ._library import FOLDER


def main():
    _compiler.prepare()
    program = os.path.join(FOLDER, "burin")
    try:
        os.execv(program, ["burin", *sys.argv[1:]])
    except OSError as e:
        sys.exit(f"burin: {program}: {e.strerror}")


if __name__ == "__main__":
    main()
