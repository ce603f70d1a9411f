#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Generate the table of supported operators in README.md from the tables of
# forms and ops.
#
#	operators.sh FOLDER           print it
#	operators.sh FOLDER --write   replace the one in README.md
src=$1

# Collect the names in FORM(), then read OP(name, "Op").
table() {
	cat "$src"/runtime/native/forms.def "$src"/ir/ops.def |
	    LC_ALL=C awk -F'[(,") ]+' '
	/^FORM\(/ { fast[$2] = 1 }
	/^OP\(/ && $0 ~ /"/ { print !fast[$2], $3 }' | LC_ALL=C sort -u |
	    awk '
	{ list[$1] = list[$1] (list[$1] ? ", " : "") $2; n[$1]++ }
	END {
		print "| code | operators |"
		print "|---|---|"
		print "| vectorised (" n[0] ") | " list[0] " |"
		print "| plain (" n[1] ") | " list[1] " |"
	}'
}

# replaced: print README.md with the new table between the markers.
replaced() {
	table | awk '
	NR == FNR { new = new $0 "\n"; next }
	/^<!-- operators -->$/ { print; printf "%s", new; skip = 1; next }
	/^<!-- end -->$/ { skip = 0 }
	!skip' - "$src/README.md"
}

case $2 in
'') table ;;
--write) text=$(replaced) && printf '%s\n' "$text" >"$src/README.md" ;;
*) echo "usage: operators.sh FOLDER [--write]" >&2; exit 2 ;;
esac
