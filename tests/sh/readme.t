#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Check README.md: the quick start compiles and runs, the map lists every
# folder, names exist.  The tables of operators and attributes are up to date.
src=${SRCDIR:-.}
build=${BUILDDIR:-.}
work=$(mktemp -d "${TESTDIR:-$build/tests}/tmp.readme.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT

# point WHAT COMMAND...: a test point that passes if the command succeeds.
point() {
	what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/# /' "$work/out"
	fi
}

compile() {
	awk '/^```/ { if (on) exit; on = /^```c$/; next } on' \
	    "$src/README.md" >"$work/quick.c"
	# shellcheck disable=SC2086 # lists of words
	${CC:-cc} $SAN_CFLAGS -std=c11 -Wall -Wextra -Werror \
	    -I"$src/include" "$work/quick.c" -o "$work/quick" \
	    -L"$build/.libs" -lburin
}

run() {
	"$build/bench/make-bert" --layers 1 --hidden 64 --heads 4 \
	    --inter 128 --vocab 100 --npos 16 "$work/bert.onnx" &&
	LD_LIBRARY_PATH=$build/.libs "$work/quick" "$work/bert.onnx" |
	    grep -E '^3 dimensions, first element -?[0-9.]+$'
}

refuse() {
	! LD_LIBRARY_PATH=$build/.libs "$work/quick" "$work/none.onnx" \
	    2>"$work/err" && grep none.onnx "$work/err"
}

# The map lists all folders with sources, and no others.
map() {
	sed -n '/^## The map/,/^Every folder/s,^    \([a-z-]*\)/ .*,\1,p' \
	    "$src/README.md" | sort >"$work/map"
	(cd "$src" && for d in include ir passes cache jit runtime tools \
	    hosts python bench tests build-aux; do [ ! -d "$d" ] || echo "$d"; \
	    done) |
	    sort | diff "$work/map" -
}

# Every path and every function that the text names exists.
names() {
	sed '/^```c$/,/^```$/d' "$src/README.md" >"$work/text"
	grep -oE '\b([a-z]+/)+[a-z_]+\.(c|h|def|t|md)\b' "$work/text" |
	    while read -r f; do
		[ -f "$src/$f" ] || echo "no file $f"
	    done >"$work/bad"
	grep -oE '\b(brn|burin)_[a-z0-9_]+[a-z0-9]\b' "$work/text" |
	    while read -r f; do
		grep -qrE "\\b${f#brn_pass_}\\b" \
		    --include=*.h --include=*.def "$src"/*/ ||
		    echo "no name $f"
	    done >>"$work/bad"
	cat "$work/bad"
	[ ! -s "$work/bad" ]
}

# table NAME FILE: the table is what operators.sh writes.
table() {
	"$src/tests/sh/operators.sh" "$src" "$1" >"$work/table" &&
	sed "1,/^<!-- $1 -->\$/d; /^<!-- end -->\$/,\$d" "$2" |
	    diff "$work/table" - || { echo "make operators writes it"; false; }
}

echo 1..7
point "the quick start compiles" compile
point "the quick start runs" run
point "the quick start says what is wrong" refuse
point "the map names every folder" map
point "what the text names exists" names
point "the table of operators is up to date" table operators "$src/README.md"
point "the table of attributes is up to date" table attributes \
    "$src/ir/README.md"
