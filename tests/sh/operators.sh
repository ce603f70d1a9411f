#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Generate the table of supported operators in README.md from the tables of
# forms and ops, and the table of attributes in ir/README.md from ir/attrs.def.
#
#	operators.sh FOLDER operators   print the first
#	operators.sh FOLDER attributes  print the second
#	operators.sh FOLDER --write     replace both in their READMEs
src=$1

# Collect the names in FORM(), then read OP(name, "Op").
operators() {
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

# One line for all ops with the same rows, in the order of ir/attrs.def.
attributes() {
	LC_ALL=C awk '
	# The arguments of a row into arg[1], ...; quotes protect commas.
	function split_row(s,    n, i, c, quoted) {
		n = 1
		arg[1] = ""
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == "\"")
				quoted = !quoted
			else if (c == "," && !quoted)
				arg[++n] = ""
			else if (c != " " || quoted)
				arg[n] = arg[n] c
		}
		return n
	}
	function words(n,    i, list) {
		for (i = 3; i <= n; i++)
			list = list (i > 3 ? ", " : "") i - 3 " " arg[i]
		return list
	}
	function typed(type) {
		return type == "INT" ? "" : tolower(type) ", "
	}
	# What the row says: on nodes, made, in files.
	function add(kind, text) {
		col[kind] = col[kind] (col[kind] == "" ? "" : "; ") text
	}
	function row(kind, body,    n, a) {
		n = split_row(body)
		a = arg[1]
		if (kind == "INT")
			add(1, a " (" arg[2] ")")
		else if (kind == "FLOAT")
			add(1, a " (float, " arg[2] ")")
		else if (kind == "ALWAYS")
			add(1, a " (" typed(arg[2]) "*always*)")
		else if (kind == "MAYBE")
			add(1, a " (" typed(arg[2]) "absent: " arg[3] ")")
		else if (kind == "WORD")
			add(1, a (a == arg[2] ? "" : ", in files " arg[2]) \
			    " (" words(n) ")")
		else if (kind == "MADE_INT")
			add(2, a " (" arg[2] ")")
		else if (kind == "MADE_ALWAYS")
			add(2, a " (" typed(arg[2]) "*always*)")
		else if (kind == "MADE_MAYBE")
			add(2, a " (" typed(arg[2]) "absent: " arg[3] ")")
		else if (kind == "INPUT")
			add(3, a ": input " arg[3])
		else if (kind == "DROP")
			add(3, a ": dropped")
		else if (kind ~ /^ONLY/)
			add(3, a ": only " arg[2])
		else if (kind == "NOT_WORD")
			add(3, a ": not " arg[2])
		else
			add(3, a ": read")
	}
	# Rows one after the other, with the rows that a macro stands for.
	function rows(s,    t, n) {
		while (match(s, /[A-Z_]+(\([^()]*\))?/)) {
			t = substr(s, RSTART, RLENGTH)
			s = substr(s, RSTART + RLENGTH)
			n = index(t, "(")
			if (n)
				row(substr(t, 1, n - 1), \
				    substr(t, n + 1, length(t) - n - 1))
			else
				rows(macro[t])
		}
	}
	/^\/\*/, /\*\/$/ { next }
	/^#define/ { name = $2; next }
	name {
		last = !/\\$/
		gsub(/[\t\\]/, " ")
		macro[name] = macro[name] $0
		if (last)
			name = ""
		next
	}
	/^OF\(/ { op = $0; gsub(/OF\(|\)/, "", op); body = ""; next }
	/^END/ {
		split("", col)
		rows(body)
		order[++nop] = op
		line[op] = col[1] " | " col[2] " | " col[3] " |"
		ops[op] = op
		op = ""
		next
	}
	/^AS\(/ { gsub(/AS\(|[,)]/, ""); ops[$2] = ops[$2] " " $1; next }
	op { gsub(/\t/, " "); body = body $0 }
	END {
		print "| op | attributes | made by burin | in files only |"
		print "|---|---|---|---|"
		for (i = 1; i <= nop; i++)
			print "| " ops[order[i]] " | " line[order[i]]
	}' "$src/ir/attrs.def"
}

# replaced NAME FILE: print FILE with the new table between the markers.
replaced() {
	"$1" | awk -v name="$1" '
	NR == FNR { new = new $0 "\n"; next }
	$0 == "<!-- " name " -->" { print; printf "%s", new; skip = 1; next }
	/^<!-- end -->$/ { skip = 0 }
	!skip' - "$2"
}

# write NAME FILE
write() {
	text=$(replaced "$1" "$2") && printf '%s\n' "$text" >"$2"
}

case $2 in
operators | attributes) "$2" ;;
--write) write operators "$src/README.md" &&
    write attributes "$src/ir/README.md" ;;
*) echo "usage: operators.sh FOLDER operators|attributes|--write" >&2
   exit 2 ;;
esac
