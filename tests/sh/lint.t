#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What can be checked of the house style by counting.
cd "${SRCDIR:-.}" || exit 99

# shellcheck disable=SC2046 # no blanks in our names
set -- $(find . \( -path './build*' -o -path './_*' -o -path ./.git \) \
    -prune -o -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.t' -o \
    -name '*.py' -o -name '*.md' -o -name Makefile.am -o -name configure.ac -o \
    -name bootstrap -o -name '*.sh' -o -path './.ci/run' -o -name NEWS \) \
    -print | sed 's,^\./,,' |
    grep -vE 'pb-c|generator\.h|conftest' | sort)

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

only() {
	pattern=$1
	shift
	printf '%s\n' "$@" | grep -E "$pattern"
}

echo 1..8
# Tables and code in READMEs may be as wide as they need.
only '\.([cht]|def|ac|am|py|sh)$|(^|/)(bootstrap|run)$' "$@" | xargs awk '{
	t = $0; w = 0
	while ((i = index(t, "\t")) > 0) {
		w += i - 1; w += 8 - w % 8; t = substr(t, i + 1)
	}
	if (w + length(t) > 80) print FILENAME ":" FNR ": " w + length(t)
}' | bad "no line is wider than 80 columns"
grep -nE '[ 	]+$' "$@" | bad "no trailing blanks"
only '\.([cht]|def)$' "$@" | xargs grep -nE '^ {8}' |
    bad "indentation is tabs"
only '\.[ch]$' "$@" | xargs grep -LE 'SPDX-License-Identifier: Apache-2\.0' |
    bad "every source names its licence"
only '\.[ch]$' "$@" | xargs grep -nE 'TODO|FIXME|XXX[^X"]|^#[ 	]*if 0' |
    bad "nothing is left for later"
only '^(ir|passes|cache|jit|runtime)/.*\.[ch]$' "$@" | grep -v '^jit/cc\.c' |
    xargs grep -nE -e '\b(printf|puts|putchar|perror|abort|_?exit) ?\(' \
	-e 'longjmp|\bstd(out|err)\b' |
    grep -vE ':[ 	]*(/?\*|//)' |
    bad "the library does not print, abort or exit"
only '\.[ch]$' "$@" | xargs wc -l |
    awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }' |
    bad "no file is longer than 600 lines"
if "${CTAGS:-:}" --version 2>/dev/null | grep -q Universal; then
	only '\.c$' "$@" | xargs "$CTAGS" -x --kinds-C=f \
	    --_xformat='%F %N %n %e' |
	    awk '$4 - $3 + 1 > 80 { print $1 ": " $2 ": " $4 - $3 + 1 }' |
	    bad "no function is longer than 80 lines"
else
	echo "ok - function length # SKIP no universal ctags"
fi
