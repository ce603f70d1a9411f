#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: the execution provider in several versions of ONNX Runtime.
# VERSIONS are those to try, the last minor ones by default.
. "${SRCDIR:-.}/tests/real/venv.sh"
versions=${VERSIONS:-1.32.0 1.31.1 1.30.0 1.29.0}

for v in $versions; do
	[ -d "$work/ort-$v/onnxruntime" ] ||
	    install --target "$work/ort-$v" "onnxruntime==$v"
done
# A provider with AddressSanitizer needs it from the start of the process.
asan=$(ldd "${BUILDDIR:-.}/.libs/burin-ort.so" |
    sed -n 's/.*libasan.* => \([^ ]*\).*/\1/p')
if [ -n "$asan" ]; then
	LD_PRELOAD=$asan ASAN_OPTIONS=detect_leaks=0
	export LD_PRELOAD ASAN_OPTIONS
fi
# shellcheck disable=SC2086 # a list of words
exec "$venv/bin/python" "$here/ort_ep.py" "${BUILDDIR:-.}" "$work" $versions
