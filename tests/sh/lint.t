#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The parts of the house style that can be checked by counting: width,
# indentation, length of files and functions, calls a library must not make,
# names of files that do not exist.
cd "${SRCDIR:-.}" || exit 99

# shellcheck disable=SC2046 # no blanks in our names
set -- $(find . \( -path './build*' -o -path './_*' -o -path ./.git \) \
    -prune -o -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.t' -o \
    -name '*.py' -o -name '*.md' -o -name Makefile.am -o -name configure.ac -o \
    -name bootstrap -o -name '*.sh' -o -path './.ci/run' -o -name NEWS \) \
    -print | sed 's,^\./,,' |
    grep -vE 'pb-c|generator\.h|conftest' | sort)

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

# only REGEX NAME...: the names that match.
only() {
	pattern=$1
	shift
	printf '%s\n' "$@" | grep -E "$pattern"
}

echo 1..9
# Tables and code in READMEs may be as wide as they need.
only '\.([cht]|def|ac|am|py|sh)$|(^|/)(bootstrap|run)$' "$@" | xargs awk '{
	t = $0; w = 0
	while ((i = index(t, "\t")) > 0) {
		w += i - 1; w += 8 - w % 8; t = substr(t, i + 1)
	}
	if (w + length(t) > 80) print FILENAME ":" FNR ": " w + length(t)
}' | none "no line is wider than 80 columns"
grep -nE '[ 	]+$' "$@" | none "no trailing blanks"
only '\.([cht]|def)$' "$@" | xargs grep -nE '^ {8}' |
    none "indentation is tabs"
only '\.[ch]$' "$@" | xargs grep -LE 'SPDX-License-Identifier: Apache-2\.0' |
    none "every source names its licence"
only '\.[ch]$' "$@" | xargs grep -nE 'TODO|FIXME|XXX[^X"]|^#[ 	]*if 0' |
    none "nothing is left for later"
only '^(ir|passes|cache|jit|runtime|hosts)/.*\.[ch]$' "$@" |
    xargs grep -nE -e '\b(printf|puts|putchar|perror|abort|_?exit) ?\(' \
	-e 'longjmp|\bstd(out|err)\b' |
    grep -vE ':[ 	]*(/?\*|//)' |
    none "the library does not print, abort or exit"
# Tables, tests and the one public header may be long: splitting them would not
# make them clearer.
only '\.[ch]$' "$@" | grep -vE '^(tests/|include/)' | xargs wc -l |
    awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines" }' |
    none "no file is longer than 600 lines"
folders='include|ir|passes|cache|jit|runtime|tools|hosts|python|bench|tests'
# A program of tests is named *.t, its source *.c; generator.h is built.
only '\.([chat]|def|ac|md|sh|py)$|(^|/)(bootstrap|run)$' "$@" |
    xargs grep -noE "\\b($folders)/(\\w+/)*\\w+\\.(c|h|def|md|py|sh|t)\\b" |
    grep -v ':jit/generator\.h$' | while IFS=: read -r file line name; do
	[ -f "$name" ] || [ -f "${name%.t}.c" ] || echo "$file:$line: $name"
done | none "every source that is named exists"

# function_lengths: FILE FUNCTION LINES of every function.
function_lengths() {
	only '\.[ch]$' "$@" | xargs "$CTAGS" -x --kinds-C=f \
	    --_xformat='%F %N %n %e' | awk '{ print $1, $2, $4 - $3 + 1 }'
}
if "${CTAGS:-:}" --version 2>/dev/null | grep -q Universal; then
	function_lengths "$@" | awk '
		$3 > ($1 ~ /^tests\// ? 80 : 60) { print $1 ": " $2 ": " $3 }' |
	    none "no function is longer than 60 lines, in tests 80"
	function_lengths "$@" | sed 's,/[^ ]*,,' | sort -k1,1 -k3n |
	    awk '
		function flush() {
			if (n)
				printf "# median of %s: %d lines\n", folder,
				    len[int((n + 1) / 2)]
			n = 0
		}
		$1 != folder { flush(); folder = $1 }
		{ len[++n] = $3 }
		END { flush() }'
else
	echo "ok - function length # SKIP no universal ctags"
fi
