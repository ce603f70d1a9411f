#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: the backend in a Triton Inference Server, which the package
# nvidia-pytriton carries.
. "${SRCDIR:-.}/tests/real/venv.sh"
server=$work/triton/pytriton/tritonserver/bin/tritonserver

[ -x "$server" ] || install --target "$work/triton" nvidia-pytriton==0.7.0
LD_LIBRARY_PATH=${BUILDDIR:-.}/.libs
export LD_LIBRARY_PATH
exec "$venv/bin/python" "$here/triton.py" "$server" "${BUILDDIR:-.}" "$work"
