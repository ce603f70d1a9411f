#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What compiler and linker were asked for is in the objects, and an installation
# can be changed by its owner only, whatever the umask.
build=${BUILDDIR:-.}
LC_ALL=C
export LC_ALL
objects="$build/.libs/burin $build/burin-cc $build/.libs/libburin.so
    $build/.libs/burin-jit.so $build/.libs/burin-ort.so
    $build/.libs/libtriton_burin.so"
[ -x "$build/.libs/burin" ] || objects="$build/burin ${objects#* }"

# none WHAT: a test point that passes if stdin, the offending lines, is empty.
none() {
	found=$(cat)
	if [ -z "$found" ]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "$found" | sed 's/^/# /'
	fi
}

# without COMMAND REGEX: the objects of which COMMAND prints no such line.
without() {
	for object in $objects; do
		$1 "$object" | grep -qE "$2" || echo "$object"
	done
}

# with COMMAND REGEX: the objects of which COMMAND prints such a line.
with() {
	for object in $objects; do
		$1 "$object" | grep -E "$2" | sed "s,^,$object:,"
	done
}

undefined() {
	nm -D --undefined-only "$1"
}

# first_instruction OBJECT: of the function where its code starts or, where it
# exports some, of one of these.
first_instruction() {
	name=$(nm -D --defined-only "$1" | awk '$2 == "T" { print $3; exit }')
	objdump -d --disassemble="${name:-main}" "$1" | grep -A 1 '>:$'
}

echo 1..10
segments="readelf -lW"
with "$segments" 'LOAD.* RWE ' |
    none "no segment is writable and executable"
if [ -z "$HARDEN_CFLAGS" ]; then
	for i in 2 3 4 5 6 7; do
		echo "ok - $i # SKIP built without hardening"
	done
else
	with "$segments" 'GNU_STACK.* .?.?E ' | none "no stack is executable"
	without "$segments" 'GNU_RELRO' | none "relocations are read only"
	without "readelf -dW" 'BIND_NOW|FLAGS_1.*NOW' |
	    none "symbols are bound at the start"
	without undefined '__stack_chk_fail' | none "stacks are protected"
	without undefined '(mem|str|print|read).*_chk' |
	    grep -vE 'burin-ort\.so|triton' |
	    none "sizes of buffers are checked"
	case $HARDEN_CFLAGS in
	*cf-protection*) objects=$build/.libs/libburin.so
		without first_instruction endbr ;;
	*branch-protection*) objects=$build/.libs/libburin.so
		without first_instruction 'paciasp|bti' ;;
	esac | none "targets of indirect calls are marked"
fi

work=$(mktemp -d "${TESTDIR:-$build/tests}/tmp.hardening.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
(umask 002 && env -u MAKEFLAGS make -s -C "$build" install \
    DESTDIR="$work") >/dev/null 2>&1
[ -n "$(find "$work" -name 'burin-cc' -type f)" ] || echo "no burin-cc" |
    none "installation with umask 002"
find "$work" -type f -perm /022 |
    none "no installed file can be written by others"
find "$work" -perm /7000 | none "no installed file has special rights"
find "$work" -type d -name burin -perm /022 |
    none "others cannot write to the folder of the module"
