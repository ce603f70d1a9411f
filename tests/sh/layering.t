#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Which folder may include which, and where foreign headers may be included.
cd "${SRCDIR:-.}" || exit 99

# bad WHAT: a test point that passes if stdin, the offending lines, is empty.
bad() {
	found=$(cat)
	if [ -z "$found" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$found" | sed 's/^/# /'
	fi
}

# only FOLDER PREFIX...: files in FOLDER, not in folders below it, include of
# our headers those in FOLDER, burin.h, and those that start with a PREFIX.
only() {
	dir=$1
	shift
	allowed="burin\\.h\"|$dir/[^/]*\""
	for p; do
		allowed="$allowed|$p"
	done
	grep -nE '^#[ 	]*include "' "$dir"/*.[ch] "$dir"/*.def 2>/dev/null |
	    grep -vE "include \"($allowed)|^ir/onnx/onnx\.pb-c" |
	    bad "$dir includes only: $dir burin.h $*"
}

# room HEADER FILE...: HEADER is included by those files only.
room() {
	header=$1
	shift
	files=$(printf '|^%s:' "$@")
	find ir passes cache jit runtime tools hosts bench tests include \
	    -name '*.[ch]' -exec grep -nHE \
	    "^#[ 	]*include [<\"]$header" {} + |
	    grep -vE "${files#|}" | bad "$header is included only by: $*"
}

# circle FOLDER: no files in it or below include each other in a circle.  A
# header and the source of its name are one unit.
circle() {
	find "$1" -name '*.[ch]' -exec grep -HE \
	    "^#[ 	]*include \"$1/.*\\.h\"" {} + |
	    sed 's/\.[ch]:#[^"]*"/ /; s/\.h"$//' |
	    awk '$1 != $2' | tsort 2>&1 >/dev/null |
	    bad "$1 has no circle of files"
}

echo 1..35
only ir
only ir/graph 'ir/[^/]*"'
only ir/op 'ir/[^/]*"' ir/graph/
only ir/onnx 'ir/[^/]*"' ir/graph/ ir/op/
only passes ir/
only cache 'ir/base\.h"'
only jit ir/
only jit/kernel 'jit/[^/]*"' ir/
only jit/builtin 'jit/[^/]*"' jit/kernel/ ir/
only jit/emit 'jit/[^/]*"' jit/kernel/ ir/
only jit/get 'jit/[^/]*"' jit/kernel/ jit/builtin/ \
    'jit/emit/module\.h"' cache/ ir/
only jit/tune 'jit/[^/]*"' jit/kernel/ jit/builtin/ jit/get/ cache/ ir/
only jit/admin 'jit/[^/]*"' jit/kernel/ jit/builtin/ jit/get/ jit/tune/ \
    cache/ ir/
only runtime/native 'runtime/threads\.h"' 'jit/abi\.h"' 'jit/target\.h"' ir/
only runtime runtime/native/ jit/ passes/ ir/
only tools
only hosts/ort
only hosts/triton
room libgccjit 'jit/emit/.*'
room 'jit/abi\.h' 'jit/.*' 'bench/.*' 'tests/.*' \
    'runtime/native/layout\.h'
room xxhash 'cache/key\.c'
room dlfcn 'jit/get/load\.c' 'jit/get/locate\.c'
room '(google/)?protobuf-c|ir/onnx/onnx\.pb-c' 'ir/onnx/[a-z_]*\.[ch]' \
    'ir/onnx/onnx\.pb-c\.[ch]' 'bench/model\.c' 'tests/.*\.[ch]'
room jansson 'tools/[a-z_]*\.[ch]' 'hosts/triton/model\.c' \
    'tests/support/json_get\.c' \
    'tests/conformance/[a-z_]*\.c'
room check 'tests/.*\.[ch]'
room pthreadpool 'runtime/[a-z_]*\.[ch]'
room 'archive(_entry)?\.h' 'cache/bundle\.c'
room 'sodium' 'cache/remote\.c'
room 'openssl' 'cache/redis\.c'
# ir still has circles.
for folder in cache ir/onnx jit passes runtime; do
	circle $folder
done
grep -nE '\bCDLL\b' python/burin/*.py |
    grep -vE '^python/burin/_library\.py:' |
    bad "the package loads the library in python/burin/_library.py only"
