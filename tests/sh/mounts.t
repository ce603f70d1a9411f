#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Caches on file systems that are full, read-only or noexec; no HOME; no
# compiler; no writable directory.  Every run must succeed with the same
# results.  Needs a mount namespace: root, or a system on which users can create
# one.
if [ "${1-}" != inside ]; then
	unshare=
	for args in -m -rm; do
		unshare $args true 2>/dev/null && unshare=$args && break
	done
	if [ -z "$unshare" ]; then
		echo "1..0 # SKIP no mount namespaces here"
		exit 0
	fi
	exec unshare $unshare "$0" inside
fi

burin=$BUILDDIR/burin
tmp=${TESTDIR:-$BUILDDIR/tests}/tmp.mounts.$$
LC_ALL=C
export LC_ALL
unset BURIN_CACHE_DIR XDG_CACHE_HOME TMPDIR
sealed=
trap 'cd /; umount -l $sealed 2>/dev/null
	umount "$tmp"/full "$tmp"/ro "$tmp"/noexec "$tmp"/last 2>/dev/null
	rm -rf "$tmp"' 0
mkdir -p "$tmp/full" "$tmp/ro" "$tmp/noexec" "$tmp/last" && cd "$tmp" ||
    exit 99
chmod 700 . full ro noexec

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# err: /' err | head -n 20
		sed 's/^/# out: /' out | head -n 20
	fi
}

# runs NAME ARGUMENT...: a run has the results of the first one.
runs() {
	name=$1
	shift
	rm -rf got
	"$burin" run pruned.onnx --output-dir=got "$@" >out 2>err &&
	    cmp -s want/last_hidden_state.npy got/last_hidden_state.npy
	result $? "$name"
}

# counts NAME WANTED FIELD...: statistics that warm prints.
counts() {
	name=$1 want=$2
	shift 2
	"$BUILDDIR/tests/support/json-get" "$@" <out 2>>err |
	    tr '\n' ' ' >got.txt
	[ "$(cat got.txt)" = "$want " ]
	result $? "$name: '$want', got '$(cat got.txt)'"
}

"$BUILDDIR/bench/make-bert" --layers 1 --hidden 64 --heads 2 --inter 128 \
    --vocab 120 --npos 160 bert.onnx || exit 99
"$burin" prune bert.onnx --block=16x1 --sparsity=0.8 -o pruned.onnx \
    >out 2>err || exit 99
"$burin" run pruned.onnx --cache-dir=good --output-dir=want >out 2>err
result $? "a good cache"
"$burin" warm pruned.onnx --cache-dir=good --json >out 2>err
n=$("$BUILDDIR/tests/support/json-get" models.0.compile.kernels <out)

# ---- full

mount -t tmpfs -o size=64k,mode=700 none full || exit 99
runs "full disk" --cache-dir=full
! grep -q 'not compiled' err
result $? "full disk: kernels are compiled elsewhere"
grep -q 'no space\|No space' err
result $? "full disk: is named"
[ -z "$(find full -name '*.fail')" ]
result $? "full disk: no kernel is blamed"
TMPDIR=$tmp/full "$burin" cache gc --cache-dir=full >out 2>err
result $? "full disk: gc works"

# ---- noexec

mount -t tmpfs -o noexec,mode=700 none noexec || exit 99
runs "noexec" --cache-dir=noexec
"$burin" warm pruned.onnx --cache-dir=noexec --json >out 2>err
counts "noexec: is a cache all the same" "$n 0" models.0.compile.disk_hits \
    models.0.compile.failed
runs "noexec: runs from it" --cache-dir=noexec
[ ! -s err ]
result $? "noexec: nothing to say"

# ---- read-only

mount -t tmpfs -o mode=700 none ro || exit 99
"$burin" warm pruned.onnx --export=ro >out 2>err
mount -o remount,ro ro || exit 99
runs "read-only cache" --cache-dir=ro
BURIN_CACHE_RO=ro BURIN_CC=/nonexistent runs "read-only layer" \
    --cache-dir=ro/none
! grep -q 'not compiled' err
result $? "read-only layer: all kernels are there"

# ---- nothing at all

HOME='' runs "no home"
env -u HOME "$burin" run pruned.onnx >out 2>err
result $? "no home in the environment"
BURIN_CC=/nonexistent runs "no compiler" --cache-dir=empty
grep -q 'not compiled' err
result $? "no compiler: is told"

# ---- nothing writable, except the folder of this test

mount -t tmpfs -o mode=700 none last && cp -r pruned.onnx want last || exit 99
for d in /tmp /var/tmp; do
	[ -d "$d" ] || continue
	mount --rbind "$d" "$d" && sealed="$d $sealed" &&
	    mount -o remount,bind,ro "$d" || exit 99
done
TMPDIR=$tmp/ro
export TMPDIR
[ -d /dev/shm ] && mount -t tmpfs -o noexec,mode=1777 none /dev/shm &&
    sealed="/dev/shm $sealed" && cd "$tmp/last" || exit 99
runs "only /dev/shm, and that noexec" --cache-dir="$tmp/ro/none"
! grep -q 'not compiled' err
result $? "only /dev/shm, and that noexec: kernels are compiled"
# The kernel lets go of the sandbox of a worker a moment after it has ended.
for i in 1 2 3 4 5 6 7 8 9 10; do
	mount -o remount,ro /dev/shm 2>err && break
	sleep 0.2
done
[ ! -s err ] || exit 99
runs "nothing to write to" --cache-dir="$tmp/ro/none"
grep 'not compiled' err | grep -q 'Read-only file system'
result $? "nothing to write to: is told"
BURIN_CACHE_RO=$tmp/good runs "nothing to write to, a layer" \
    --cache-dir="$tmp/ro/none"
! grep -q 'not compiled' err
result $? "nothing to write to, a layer: all kernels are there"
echo "1..$count"
