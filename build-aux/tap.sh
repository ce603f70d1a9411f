#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run automake's TAP driver and shorten its output: the points that did not
# pass, then one line with the number of points and the seconds.
#
#	tap.sh DRIVER ARGUMENT...
driver=$1
shift
name=
previous=
for a; do
	[ "$previous" != --test-name ] || name=$a
	previous=$a
done

start=$(date +%s)
out=$("${SHELL:-/bin/sh}" "$driver" "$@")
status=$?
printf '%s\n' "$out" | grep -vE '^([^A-Z]*m)?PASS'
printf '%s: %d passed in %d s\n' "$name" \
    "$(printf '%s\n' "$out" | grep -cE '^([^A-Z]*m)?PASS')" \
    "$(($(date +%s) - start))"
exit $status
