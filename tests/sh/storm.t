#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Many processes on one cache: simultaneous starts, kills during warm, gc during
# loads.  LONG=1 (make check-long): 1000 kills and 100 loads.
burin=$BUILDDIR/burin
tmp=${TESTDIR:-$BUILDDIR/tests}/tmp.storm.$$
LC_ALL=C
export LC_ALL
unset BURIN_CACHE_DIR
trap 'rm -rf "$tmp"' 0
trap 'exit 99' 1 2 15
mkdir -p "$tmp" && cd "$tmp" || exit 99
starts=64 deaths=15 rounds=6
[ -z "${LONG-}" ] || deaths=1000 rounds=100
# A process under a sanitizer takes several times the memory.
case ${SAN_CFLAGS-} in
*sanitize*) starts=12 ;;
esac

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		head -n 20 err | sed 's/^/# /'
	fi
}

number() {
	"$BUILDDIR/tests/support/json-get" "$1" <"$2"
}

# verify NAME: no entry is bad, and gc leaves only entries.
verify() {
	"$burin" cache verify --cache-dir=cache >out 2>err
	result $? "$1: every entry is good"
	"$burin" cache gc --cache-dir=cache >out 2>err
	left=$(find cache/v1 -name 'tmp.*')
	echo "$left" >>err; [ -z "$left" ]
	result $? "$1: gc leaves no temporary file"
}

"$BUILDDIR/bench/make-bert" --layers 1 --hidden 64 --heads 2 --inter 128 \
    --vocab 120 --npos 160 bert.onnx || exit 99
"$burin" prune bert.onnx --block=16x1 --sparsity=0.8 -o pruned.onnx \
    >out 2>err || exit 99
"$burin" run pruned.onnx --cache-dir=first --output-dir=want >out 2>err ||
    exit 99
"$burin" warm pruned.onnx --cache-dir=first --json >out 2>err
n=$(number models.0.compile.kernels out)

# ---- simultaneous starts

pids=
for i in $(seq $starts); do
	BURIN_TRACE=1 BURIN_JOBS=1 "$burin" run pruned.onnx --cache-dir=cache \
	    --output-dir="$i" >/dev/null 2>"trace.$i" &
	pids="$pids $!"
done
bad=0
for pid in $pids; do
	wait "$pid" || bad=$((bad + 1))
done
[ $bad = 0 ]
result $? "$starts starts at once: all succeed"
bad=0
for i in $(seq $starts); do
	cmp -s want/last_hidden_state.npy "$i"/last_hidden_state.npy ||
	    bad=$((bad + 1))
done
[ $bad = 0 ]
result $? "$starts starts at once: all are right"
cat trace.* | sed -n 's/.*: compile \([0-9a-f]*\) .*/\1/p' | sort | uniq -c |
    sort -rn >err
[ "$(head -n 1 err | awk '{ print $1 }')" -le 2 ]
result $? "$starts starts at once: no kernel is compiled more than twice"
[ "$(wc -l <err)" -eq "$n" ]
result $? "$starts starts at once: each kernel is compiled"
verify "after the starts"

# ---- kills during warm

i=0
while [ $i -lt $deaths ]; do
	[ $((i % 3)) != 0 ] || rm -rf cache
	setsid "$burin" warm pruned.onnx --cache-dir=cache >/dev/null 2>&1 &
	sleep "0.$(printf %03d $((i * 37 % 290)))"
	# All of it: the command, and its workers in groups of their own.
	for pid in $(pgrep -s $! 2>/dev/null); do
		kill -9 "$pid" 2>/dev/null
	done
	wait $! 2>/dev/null
	i=$((i + 1))
done
sleep 0.2
verify "after $deaths deaths"
"$burin" warm pruned.onnx --cache-dir=cache --json >out 2>err
result $? "after $deaths deaths: warming goes on"
[ "$(number models.0.compile.failed out)" = 0 ]
result $? "after $deaths deaths: no kernel fails"

# ---- gc and clear while other processes load

(
	while [ ! -e stop ]; do
		"$burin" cache gc --max-bytes=20K --cache-dir=cache
		"$burin" cache clear --cache-dir=cache
	done
) >/dev/null 2>&1 &
gc=$!
bad=0
for i in $(seq $rounds); do
	rm -rf got
	"$burin" run pruned.onnx --cache-dir=cache --output-dir=got >out \
	    2>err && cmp -s want/last_hidden_state.npy \
	    got/last_hidden_state.npy || bad=$((bad + 1))
done
: >stop
wait $gc
[ $bad = 0 ]
result $? "gc while $rounds load: all are right"
echo "1..$count"
