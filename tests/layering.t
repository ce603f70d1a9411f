#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Who may include whom, and where foreign headers may be.
cd "${SRCDIR:-.}" || exit 99

# bad WHAT: the offending lines are on stdin, none is right.
bad() {
	found=$(cat)
	if [ -z "$found" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$found" | sed 's/^/# /'
	fi
}

# only FOLDER PREFIX...: of our headers FOLDER includes its own, burin.h, and
# those that start with a PREFIX.
only() {
	dir=$1
	shift
	allowed="burin\\.h\"|$dir/"
	for p; do
		allowed="$allowed|$p"
	done
	grep -nE '^#[ 	]*include "' "$dir"/*.[ch] "$dir"/*.def 2>/dev/null |
	    grep -vE "include \"($allowed)|^ir/onnx\.pb-c" |
	    bad "$dir includes only: $dir burin.h $*"
}

# room HEADER FILE...: HEADER is included by those files only.
room() {
	header=$1
	shift
	files=$(printf '|^%s:' "$@")
	grep -nE "^#[ 	]*include [<\"]$header" */*.[ch] include/*.h |
	    grep -vE "${files#|}" | bad "$header is included only by: $*"
}

echo 1..15
only ir
only passes ir/
only cache 'ir/base\.h"'
only jit cache/ ir/
only runtime jit/ passes/ ir/
only tools
room libgccjit 'jit/gcc\.[ch]' 'jit/emit_[a-z0-9_]*\.c'
room xxhash 'cache/key\.c' 'cache/store\.c' 'cache/entry\.c'
room dlfcn 'jit/load\.c'
room 'protobuf-c|onnx\.pb-c|ir/onnx\.pb-c' 'ir/onnx[a-z_]*\.[ch]' \
    'ir/onnx\.pb-c\.[ch]' 'bench/model\.c' 'tests/[a-z_]*\.[ch]'
room jansson 'tools/[a-z_]*\.[ch]' 'tests/json_get\.c' \
    'tests/conformance[a-z_]*\.c'
room check 'tests/[a-z_]*\.[ch]'
room pthreadpool 'runtime/[a-z_]*\.[ch]'
room 'archive(_entry)?\.h' 'cache/bundle\.c'
room '(hiredis|sodium)' 'cache/remote\.c'
