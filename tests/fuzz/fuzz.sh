#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make fuzz: build the fuzzers in fuzz.d and run each for FUZZ_SECONDS.  New
# inputs are kept in fuzz.d/corpus-<target>, inputs that fail in
# fuzz.d/found-<target>-*.  FUZZ_TARGETS selects some of the fuzzers.
set -eu
src=$(cd "$(dirname "$0")/../.." && pwd)
jobs=$(nproc 2>/dev/null || echo 2)
mkdir -p fuzz.d
cd fuzz.d
if [ ! -f Makefile ]; then
	# The module is not fuzzed: libgccjit and its header are not needed.
	"$src/configure" --quiet --enable-fuzz CC="$FUZZ_CC" \
	    ac_cv_header_libgccjit_h=yes \
	    ac_cv_lib_gccjit_gcc_jit_version_major=yes \
	    brn_cv_gccjit_file="$(readlink -f "$GCCJIT_FILE")" \
	    brn_cv_gccjit_version=none
fi
make -s jit/generator.h ir/onnx/onnx.pb-c.h
make -s -j"$jobs" fuzzers

case $FUZZ_CC in
*afl*)
	corpus=$src/tests/fuzz/corpus
	echo "afl-fuzz -i $corpus/onnx -x $corpus/onnx.dict" \
	    "-o fuzz.d/afl -- fuzz.d/tests/fuzz/fuzz-onnx"
	exit 0 ;;
esac

for fuzzer in tests/fuzz/fuzz-*[!o]; do
	name=${fuzzer#tests/fuzz/fuzz-}
	case " ${FUZZ_TARGETS-$name} " in
	*" $name "*) ;;
	*) continue ;;
	esac
	set -- "$src/tests/fuzz/corpus/$name"
	[ "$name" != onnx ] || set -- "$@" "$src/tests/models"
	[ ! -f "$src/tests/fuzz/corpus/$name.dict" ] ||
	    set -- "$@" "-dict=$src/tests/fuzz/corpus/$name.dict"
	mkdir -p "corpus-$name"
	"$fuzzer" "corpus-$name" "$@" -max_total_time="$FUZZ_SECONDS" \
	    -max_len=4096 -entropic=0 -timeout=10 -rss_limit_mb=1024 \
	    -artifact_prefix="found-$name-" -print_final_stats=1 \
	    -verbosity=0
done
