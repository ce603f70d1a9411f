#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
#	testdir.sh BUILDDIR
#
# Print the folder that tests write below: BUILDDIR/tests; or, if caches are not
# taken there because another user owns or can write to a folder on the way
# (cache/README.md), a private one in TMPDIR.
set -eu

# trusted DIR: root, the user or the owner of / owns it, and others cannot write
# to it, or it is sticky.
trusted() {
	stat -c '%u %f' "$1" / | {
		read -r owner mode
		read -r top _
		mode=$((0x$mode))
		case $owner in
		0 | "$top" | "$(id -u)") ;;
		*) exit 1 ;;
		esac
		[ $((mode & 022)) = 0 ] || [ $((mode & 01000)) != 0 ]
	}
}

build=$(cd "$1" && pwd -P)
dir=$build/tests
while trusted "$dir"; do
	[ "$dir" != / ] || { echo "$build/tests"; exit; }
	dir=$(dirname "$dir")
done
dir=${TMPDIR:-/tmp}/burin-tests.$(id -u).$(echo "$build" | cksum | tr -d ' ')
mkdir -m 700 "$dir" 2>/dev/null || { [ -d "$dir" ] && [ -O "$dir" ] &&
    [ ! -L "$dir" ] && trusted "$dir"; }
echo "$dir"
