# SPDX-License-Identifier: GPL-3.0-or-later
"""The compiler of burin: burin-jit.so, libgccjit and the libraries that it
needs, and in bin/ the assembler and the linker, which libgccjit runs. The
package burin finds it; there is nothing to call."""

import os


def folder() -> str:
    """The folder of burin-jit.so and libgccjit.so.0."""
    return os.path.dirname(os.path.abspath(__file__))
