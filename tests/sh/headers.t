#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Every header compiles alone; burin.h also as C++ and without extensions.
cd "${SRCDIR:-.}" || exit 99
cc=${CC:-cc}
cxx=${CXX:-c++}
build=${BUILDDIR:-.}

# try WHAT COMMAND...: the command compiles stdin without any message.
try() {
	what=$1
	shift
	if out=$("$@" 2>&1); then
		echo "ok - $what"
	else
		echo "not ok - $what"
		echo "$out" | sed 's/^/# /'
	fi
}

set --
for h in $(find ir passes cache jit runtime tools hosts bench tests \
    -name "*.h"); do
	case $h in
	*.pb-c.h | jit/generator.h) ;;
	*) set -- "$@" "$h" ;;
	esac
done
echo "1..$(($# + 3))"
for h; do
	# shellcheck disable=SC2086
	echo "#include \"$h\"" | try "$h compiles alone" $cc -std=gnu11 \
	    -D_GNU_SOURCE -DBRN_ISA=generic -Wall -Wextra -Werror -I. \
	    -Iinclude -I"$build" $CHECK_CFLAGS -fsyntax-only -xc -
done
for std in c99 c11; do
	# shellcheck disable=SC2086
	echo '#include <burin.h>' | try "burin.h is $std" $cc -std=$std -Wall \
	    -Wextra -pedantic -Werror -Iinclude -fsyntax-only -xc -
done
if [ "$cxx" = : ]; then
	echo "ok - burin.h is C++ # SKIP no C++ compiler"
else
	# shellcheck disable=SC2086
	echo '#include <burin.h>' | try "burin.h is C++" $cxx -Wall -Wextra \
	    -pedantic -Werror -Iinclude -fsyntax-only -xc++ -
fi
