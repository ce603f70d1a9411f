#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Symbols that the shared objects export, and libraries they need.
lib=${BUILDDIR:-.}/.libs/libburin.so
module=${BUILDDIR:-.}/.libs/burin-jit.so
ort=${BUILDDIR:-.}/.libs/burin-ort.so
triton=${BUILDDIR:-.}/.libs/libtriton_burin.so
header=${SRCDIR:-.}/include/burin.h

same() {
	if [ "$2" = "$3" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		printf 'wanted:\n%s\nfound:\n%s\n' "$2" "$3" | sed 's/^/# /'
	fi
}

exported() {
	nm -D --defined-only "$1" | awk '{ print $NF }' | sort
}

# The name before the parenthesis of every BURIN_API declaration.
declared() {
	grep -oE '^BURIN_API .*\b(burin_[a-z0-9_]+)\(' "$header" |
	    grep -oE 'burin_[a-z0-9_]+\(' | tr -d '(' | sort
}

needed() {
	readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
}

echo 1..9
same "libburin exports what burin.h declares, and nothing else" \
    "$(declared)" "$(exported "$lib")"
same "the module exports its two functions" \
    "burin_jit_compile
burin_jit_compiler_id" "$(exported "$module")"
same "libburin does not need libgccjit" "" "$(needed "$lib" | grep gccjit)"
same "the module needs libgccjit" "libgccjit.so.0" \
    "$(needed "$module" | grep gccjit)"
same "the module lacks nothing of ours" "" \
    "$(nm -D --undefined-only "$module" | grep -E ' (brn|burin)_')"
same "libburin lacks nothing of ours" "" \
    "$(nm -D --undefined-only "$lib" | grep -E ' (brn|burin)_')"
same "the execution provider exports its two functions" \
    "CreateEpFactories
ReleaseEpFactory" "$(exported "$ort")"
same "the execution provider needs nothing of ONNX Runtime" "" \
    "$(needed "$ort" | grep -i onnx)"
same "the backend of Triton exports its functions" \
    "TRITONBACKEND_Initialize
TRITONBACKEND_ModelFinalize
TRITONBACKEND_ModelInitialize
TRITONBACKEND_ModelInstanceExecute
TRITONBACKEND_ModelInstanceFinalize
TRITONBACKEND_ModelInstanceInitialize" "$(exported "$triton")"
