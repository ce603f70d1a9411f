#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: ONNX's backend tests through the execution provider.
. "${SRCDIR:-.}/tests/real/venv.sh"
exec "$venv/bin/python" "$here/ort_backend.py" "${BUILDDIR:-.}" "$work"
