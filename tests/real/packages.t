#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: ONNX files that packages of the Python index carry, against
# ONNX Runtime.
. "${SRCDIR:-.}/tests/real/venv.sh"
exec "$venv/bin/python" "$here/packages_compare.py" "${BUILDDIR:-.}/burin" \
    "$work" "${BUILDDIR:-.}/bench/real.d"
