#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The command: every verb, its JSON, its exit status.
# shellcheck disable=SC2016 # expressions are for awk
burin=$BUILDDIR/burin
tmp=${TESTDIR:-$BUILDDIR/tests}/tmp.cli.$$
BURIN_CACHE_DIR=$tmp/cache
BURIN_JOBS=2
export BURIN_CACHE_DIR BURIN_JOBS
LC_ALL=C
export LC_ALL
unset BURIN_ISA BURIN_JIT BURIN_SPARSE BURIN_THREADS

trap 'rm -rf "$tmp"' 0
trap 'exit 99' 1 2 15
mkdir -p "$tmp" && cd "$tmp" || exit 99

count=0

# result STATUS NAME: print a TAP line, and the output of the last command if
# STATUS is not 0.
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# out: /' out | head -n 20
		sed 's/^/# err: /' err | head -n 20
	fi
}

# exits CODE NAME ARGUMENT...: burin exits with CODE and prints something.
exits() {
	want=$1 name=$2
	shift 2
	"$burin" "$@" >out 2>err
	code=$?
	[ $code -eq "$want" ] && cat out err | grep -q .
	result $? "$name (exit $want, was $code)"
}

# says FILE PATTERN NAME: a line of FILE matches PATTERN.
says() {
	grep -qE -e "$2" "$1"
	result $? "$3"
}

# json NAME WANTED PATH...: the last JSON has the values WANTED at the paths.
json() {
	name=$1 want=$2
	shift 2
	got=$("$BUILDDIR/tests/support/json-get" "$@" <out 2>>err | tr '\n' ' ')
	[ "${got% }" = "$want" ]
	result $? "$name: '$want', got '${got% }'"
}

# has NAME PATH...: the last JSON has these paths.
has() {
	name=$1
	shift
	"$BUILDDIR/tests/support/json-get" "$@" <out >got 2>>err
	result $? "$name"
}

# holds NAME EXPRESSION PATH...: the awk expression holds for the values.
holds() {
	name=$1 expression=$2
	shift 2
	"$BUILDDIR/tests/support/json-get" "$@" <out 2>>err | tr '\n' ' ' |
	    awk "{ exit !($expression) }"
	result $? "$name"
}

# ---- models

bert=$BUILDDIR/bench/make-bert
size='--hidden 128 --heads 2 --inter 256 --vocab 120 --npos 160'
# shellcheck disable=SC2086 # words
"$bert" --layers 1 $size bert.onnx || exit 99
head -c 5000 bert.onnx >cut.onnx
# Both have the same length, so the file stays valid.
sed 's/Softmax/Softmux/g; s/Transpose/Transpoze/g' bert.onnx >odd.onnx

# ---- help and usage

exits 0 "help" --help
verbs=$(sed -n 's/^VERB(\([a-z]*\),.*/\1/p' "$SRCDIR/tools/verbs.def")
for verb in $verbs; do
	says out "^  $verb  *[a-z]" "help names $verb"
done
for verb in $verbs; do
	exits 0 "$verb: help" $verb --help
	says out '^Exit status' "$verb: help names exit codes"
	awk 'length > 80 { exit 1 }' out
	result $? "$verb: help fits 80 columns"
done
exits 0 "version" --version
says out '^burin [0-9]+\.[0-9]+\.[0-9]+$' "version is a number"

while read -r line; do
	# shellcheck disable=SC2086 # words
	exits 2 "usage: '$line'" $line
done <<END

foo
inspect
inspect bert.onnx bert.onnx
inspect --foo bert.onnx
run --input bert.onnx
run --input=x bert.onnx
run --input==x bert.onnx
run --shape=input_ids bert.onnx
run --shape=input_ids=1x bert.onnx
run --shape=input_ids=-1 bert.onnx
run --shape=input_ids=1x1x1x1x1x1x1x1x1 bert.onnx
run --shape=input_ids=1 bert.onnx
run --shape=foo=1x7 bert.onnx
run --shape=input_ids=1x7 --shape=input_ids=1x7 bert.onnx
run --fill=foo bert.onnx
run --seed=-1 bert.onnx
run --seed=1.5 bert.onnx
run --threads=x bert.onnx
run --isa=foo bert.onnx
run --jit=foo bert.onnx
bench --iters=0 bert.onnx
bench --iters=99999999999 bert.onnx
bench --concurrency= bert.onnx
bench --concurrency=0 bert.onnx
bench --concurrency=1,,2 bert.onnx
bench --concurrency=2, bert.onnx
bench --concurrency=1025 bert.onnx
warm
warm --jobs=x bert.onnx
prune bert.onnx --block=16x1 --sparsity=0.9
prune bert.onnx --block=16x1 -o x.onnx
prune bert.onnx --sparsity=0.9 -o x.onnx
prune bert.onnx --block=16 --sparsity=0.9 -o x.onnx
prune bert.onnx --block=0x1 --sparsity=0.9 -o x.onnx
prune bert.onnx --block=16x1 --sparsity=1.1 -o x.onnx
prune bert.onnx --block=16x1 --sparsity=nan -o x.onnx
prune bert.onnx --block=16x1 --sparsity=0.9 --only=( -o x.onnx
cache
cache foo
cache gc --max-bytes=1T
cache gc --max-bytes=99999999999G
END
[ ! -e x.onnx ]
result $? "wrong usage writes no file"

# ---- files that are not models

for verb in inspect run bench warm; do
	exits 4 "$verb: no such file" $verb none.onnx
	says err '^burin: none\.onnx: No such file' "$verb: names the file"
	exits 4 "$verb: a file that ends early" $verb cut.onnx
done
exits 4 "prune: no such file" prune none.onnx --block=16x1 \
    --sparsity=0.9 -o x.onnx

# ---- unsupported operators

odd=$("$burin" inspect --json bert.onnx |
    "$BUILDDIR/tests/support/json-get" ops.Softmax ops.Transpose |
    awk '{ n += $1 } END { print n }')
[ "$odd" -gt 1 ]
result $? "the odd model has several unsupported nodes ($odd)"
for verb in run bench warm; do
	exits 3 "$verb: unsupported" $verb odd.onnx
	[ "$(grep -cE '^burin: .*(Softmux|Transpoze) ' err)" -eq "$odd" ]
	result $? "$verb: lists every unsupported node on its own line"
	[ ! -s out ]
	result $? "$verb: and prints no result"
done
exits 3 "inspect: unsupported" inspect odd.onnx
[ "$(grep -cE '^  (Softmux|Transpoze) \(' out)" -eq "$odd" ]
result $? "inspect: lists every unsupported node"
says out ' \? +\?$' "inspect: a type that is not known is a question"
exits 3 "inspect: unsupported, JSON" inspect --json odd.onnx
json "inspect: counts what is unsupported" "$odd" unsupported.#
says out '"layers"' "inspect: still has the rest"

# ---- prune

prune='prune bert.onnx --block=16x1 --sparsity=0.9'
# shellcheck disable=SC2086 # words
{
exits 0 "prune" $prune -o pruned.onnx --json
json "prune: all layers" "6 16 1 0.9" layers block.0 block.1 sparsity
exits 0 "prune: as text" $prune -o pruned.onnx
says out '^pruned\.onnx: 6 layers, 90% of 16x1' "prune: says what it did"
exits 0 "prune: only one layer" $prune -o one.onnx --only=query --json
json "prune: one layer" 1 layers
exits 1 "prune: no layer" $prune -o x.onnx --only=nothing
exits 0 "prune: at random" $prune -o r1.onnx --random --seed=1
exits 0 "prune: again" $prune -o r2.onnx --random --seed=1
exits 0 "prune: other seed" $prune -o r3.onnx --random --seed=2
}
cmp -s r1.onnx r2.onnx
result $? "prune: the seed decides"
! cmp -s r1.onnx r3.onnx
result $? "prune: another seed, another file"
image=$SRCDIR/tests/models/mobilenet_v1.onnx
exits 0 "prune: some layers" prune "$image" --block=4x1 --sparsity=0.5 \
    --tied -o some.onnx
says out '^some\.onnx: left as it is: .*: it has [0-9]+ groups$' \
    "prune: which layers are left, and why"
exits 0 "prune: as JSON" prune "$image" --block=4x1 --sparsity=0.5 --json \
    -o some.onnx
has "prune: what is left" left.0.layer left.0.why
exits 4 "prune: no place to write" prune bert.onnx --block=16x1 \
    --sparsity=0.9 -o none/x.onnx

# ---- inspect

exits 0 "inspect" inspect bert.onnx --json
json "inspect: the model" "bert.onnx 17 3 1 6 0 0" \
    model opset inputs.# outputs.# layers.# unsupported.# unfused.#
json "inspect: an input" "input_ids int64 batch_size sequence_length" \
    inputs.0.name inputs.0.dtype inputs.0.shape.0 inputs.0.shape.1
json "inspect: the output" "last_hidden_state float32 batch_size 128" \
    outputs.0.name outputs.0.dtype outputs.0.shape.0 outputs.0.shape.2
json "inspect: operators" 1 ops.Softmax
json "inspect: a dense layer" "256 128 1.0 1.0 dense" layers.4.rows \
    layers.4.cols layers.4.nonzero_fraction layers.4.density \
    layers.4.decision
exits 0 "inspect: pruned" inspect pruned.onnx --json --cache-dir=unused
json "inspect: block and decision" "16 1 sparse" \
    layers.3.block.0 layers.3.block.1 layers.3.decision
holds "inspect: density" '$1 > 0.09 && $1 < 0.11 && $2 == $1' \
    layers.3.density layers.3.nonzero_fraction
has "inspect: a reason and a name" layers.3.why layers.3.name
json "inspect: precision" fp32 layers.3.precision
exits 0 "inspect: for people" inspect pruned.onnx
says out 'opset 17, 6 of 6 layers sparse' "inspect: a summary"
says out '^  input_ids  *int64  batch_size x sequence_length$' \
    "inspect: inputs"
[ -z "$(find unused -name '*.so' 2>/dev/null)" ]
result $? "inspect: compiles nothing"
latin=$(printf 'b\377.onnx')
cp bert.onnx "$latin"
exits 0 "inspect: a path that is not UTF-8" inspect "$latin" --json
json "inspect: is still JSON" 'b?.onnx' model

# ---- warm

exits 0 "warm: cold" warm pruned.onnx --json --jobs=2
json "warm: the model" "1 pruned.onnx" models.# models.0.model
holds "warm: compiled all" '$1 > 0 && $2 == $1 && $3 + $4 + $5 == 0 && $6 > 0' \
    models.0.compile.kernels models.0.compile.compiled \
    models.0.compile.disk_hits models.0.compile.memory_hits \
    models.0.compile.failed models.0.compile.ms
exits 0 "warm: again" warm pruned.onnx --json
holds "warm: compiled nothing" '$1 > 0 && $2 == $1 && $3 == 0' \
    models.0.compile.kernels models.0.compile.disk_hits \
    models.0.compile.compiled
exits 4 "warm: goes on after a bad model" warm cut.onnx pruned.onnx --json
json "warm: reports the good one" "1 pruned.onnx" models.# models.0.model
exits 0 "warm: for people" warm pruned.onnx bert.onnx
says out '^pruned\.onnx: [0-9]+ kernels: 0 compiled' "warm: one line a model"
BURIN_CC=/nonexistent "$burin" warm --cache-dir=empty pruned.onnx >out 2>err
[ $? -eq 4 ]
result $? "warm: no compiler is an error (exit 4)"
says err '^burin: pruned\.onnx: ' "warm: says why"

# On a terminal, which script of util-linux provides.
if script -qec true /dev/null >/dev/null 2>&1; then
	script -qec "'$burin' warm --cache-dir=terminal pruned.onnx" \
	    /dev/null >out 2>err
	says out 'compiling kernels: 1 of [0-9]+' "warm: progress on a terminal"
else
	count=$((count + 1))
	echo "ok $count - warm: progress on a terminal # SKIP no script(1)"
fi

# ---- run

exits 0 "run" run pruned.onnx --output-dir=a --json
json "run: the output" \
    "last_hidden_state float32 1 128 128 a/last_hidden_state.npy" \
    outputs.0.name outputs.0.dtype outputs.0.shape.0 outputs.0.shape.1 \
    outputs.0.shape.2 outputs.0.file
holds "run: statistics" '$1 < $2 && $2 < $3' \
    outputs.0.min outputs.0.mean outputs.0.max
json "run: what was filled" "input_ids random" inputs.0.name inputs.0.from
exits 0 "run: dense" run pruned.onnx --dense --output-dir=b --json
exits 0 "run: many threads" run pruned.onnx --threads=1000
says err '^burin: [0-9]+ threads share [0-9]+ cores?: ' \
    "run: more threads than cores"
exits 4 "run: ids that do not fit" run "$SRCDIR/tests/models/encoder.onnx"
says err "^burin: input 'ids' was not given and filled as .*--shape=ids=" \
    "run: says that it was filled, and how to give it"
exits 0 "run: the same seed" run pruned.onnx --output-dir=c --seed=0
exits 0 "run: another seed" run pruned.onnx --output-dir=d --seed=1
o=last_hidden_state.npy
[ "$(wc -c <a/$o)" -eq $((128 + 4 * 128 * 128)) ]
result $? "run: the file has all elements"
cmp -s a/$o c/$o
result $? "run: the seed decides"
! cmp -s a/$o d/$o
result $? "run: another seed, another result"
for dir in a b; do
	tail -c +129 $dir/$o | od -An -v -t f4 -w4 >$dir.txt
done
paste a.txt b.txt | awk '
	{ d = $1 - $2; if (d > 1e-4 || d < -1e-4) bad++ }
	END { exit !(NR == 128 * 128 && !bad) }'
result $? "run: sparse and dense agree"
exits 0 "run: for people" run pruned.onnx --shape=input_ids=3x7
says out '^  last_hidden_state  float32  3x7x128 ' \
    "run: one shape decides all inputs"

# npy DESCR FORTRAN COLS: write a .npy file with two rows of three int64 and
# this header.
npy() {
	printf '\223NUMPY\001\000v\000%-117s\n' \
	    "{'descr': '$1', 'fortran_order': $2, 'shape': (2, $3), }"
	printf '\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0'
	printf '\4\0\0\0\0\0\0\0\5\0\0\0\0\0\0\0\6\0\0\0\0\0\0\0'
}
npy '<i8' False 3 >ids.npy
npy '<i8' True 3 >fortran.npy
npy '<f8' False 3 >double.npy
npy '<i4' False 6 >int32.npy
exits 0 "run: input from a file" run pruned.onnx --input=input_ids=ids.npy \
    --json
json "run: its shape is that of all" "2 3 ids.npy 2 3 128" \
    inputs.1.shape.0 inputs.1.shape.1 inputs.0.from outputs.0.shape.0 \
    outputs.0.shape.1 outputs.0.shape.2
while read -r what file word; do
	exits 4 "run: $what" run pruned.onnx --input=input_ids="$file"
	says err "^burin: .*$word" "run: $what is named"
done <<END
order fortran.npy Fortran
type double.npy f64
format bert.onnx npy
absence none.npy none\.npy
dtype int32.npy i32
rank a/$o dimensions
END
exits 2 "run: unknown input" run pruned.onnx --input=foo=ids.npy
says err "no input 'foo'" "run: names the input"
exits 4 "run: a sequence that is too long" run pruned.onnx \
    --shape=input_ids=1x161
: >file
exits 4 "run: no place to write" run pruned.onnx --output-dir=file
exits 0 "run: no compiler, still right" run pruned.onnx --jit=off \
    --cache-dir=empty --output-dir=e
tail -c +129 e/$o | od -An -v -t f4 -w4 | paste - b.txt | awk '
	{ d = $1 - $2; if (d > 1e-4 || d < -1e-4) bad++ }
	END { exit !(NR == 128 * 128 && !bad) }'
result $? "run: and agrees with dense"
says err '^burin: pruned\.onnx: ' "run: says that kernels are missing"

# ---- dumps

# Each is a model that computes the same; random values need the same inputs.
mkdir dump
BURIN_DUMP=dump "$burin" run pruned.onnx --output-dir=f >out 2>err
result $? "dump: while a model is run"
for n in 01 10 15; do
	exits 0 "dump $n: run" run dump/$n-*.txt --output-dir=g
	cmp -s f/$o g/$o
	result $? "dump $n: computes the same"
	rm -r g
done
set -- dump/*-bsr_dense.txt
exits 0 "dump: inspect" inspect "$1"
says out '^  attention  *1$' "dump: operators are counted"
sed 's/dense(/dance(/' "$1" >dump/bad.txt
exits 4 "dump: another op" run dump/bad.txt
says err "^burin: dump/bad\.txt:[0-9]+: unknown op 'bsr_dance'" \
    "dump: the line is named"
cp dump/15-*.txt alone.txt
exits 4 "dump: without values" run alone.txt
says err '^burin: \./values/[0-9a-f]+: ' "dump: the value file is named"

# ---- output that cannot be written

if [ -w /dev/full ]; then
	for args in "run pruned.onnx" "inspect --json bert.onnx" --help; do
		# shellcheck disable=SC2086 # words
		"$burin" $args >/dev/full 2>err
		[ $? -eq 4 ] && grep -q '^burin: standard output: ' err
		result $? "$args: a full disk is noticed (exit 4)"
	done
fi
"$burin" run pruned.onnx >&- 2>err
[ $? -eq 4 ]
result $? "run: a closed output is noticed (exit 4)"
{ "$burin" run pruned.onnx 2>err; echo $? >code; } | :
# If the pipe takes all output before the reader ends, the status is 0.
grep -qE '^(0|4)$' code
result $? "run: a closed pipe does not kill"

# ---- bench

exits 0 "bench" bench pruned.onnx --iters=3 --json --profile
json "bench: head" "pruned.onnx 1 3" model threads latency_ms.iters
has "bench: fields" isa load_ms first_run_ms peak_rss_mb
holds "bench: latency" '$1 > 0 && $1 <= $2 && $2 <= $3 && $3 <= $4' \
    latency_ms.min latency_ms.median latency_ms.p90 latency_ms.p99
holds "bench: compile" 'NF == 6 && $1 > 0 && $3 == $1 && $5 == 0' \
    compile.kernels compile.compiled compile.disk_hits \
    compile.memory_hits compile.failed compile.ms
json "bench: a layer" "6 bsr_dense 128 128 16 1 sparse" layers.# \
    layers.3.op layers.3.rows layers.3.cols layers.3.block.0 \
    layers.3.block.1 layers.3.decision
has "bench: and more of it" layers.3.name layers.3.density layers.3.why
holds "bench: its kernel and time" '$1 ~ /16x1/ && $2 > 0' \
    layers.3.kernel layers.3.ms
holds "bench: steps have most of the time" '$1 > 0.5 && $1 < 1.05' \
    profile.attributed
holds "bench: the slowest step first" '$1 >= $2 && $2 >= $3' \
    profile.steps.0.ms profile.steps.1.ms profile.steps.2.ms
holds "bench: the slowest operator first" '$1 >= $2 && $2 >= $3' \
    profile.ops.0.ms profile.ops.1.ms profile.ops.2.ms
exits 0 "bench: dense" bench pruned.onnx --iters=1 --dense --json
json "bench: dense layers" "dense dense" layers.4.op layers.4.decision
exits 0 "bench: threads" bench pruned.onnx --iters=1 --threads=2 --json
json "bench: two threads" 2 threads
exits 0 "bench: for people" bench pruned.onnx --iters=1 --profile
says out '^  latency +median [0-9.]+ ms' "bench: latency"
says out '^ +ms +share +operator' "bench: operators"

exits 0 "bench: clients" bench pruned.onnx --iters=1 --concurrency=1,3 --json
json "bench: one client has one session" "1 1" concurrency.0.clients \
    concurrency.0.sessions
json "bench: three clients" "3 1" concurrency.1.clients \
    concurrency.1.sessions
holds "bench: clients run" '$1 > 0 && $2 > 0 && $3 <= $4 && $4 <= $5' \
    concurrency.1.runs concurrency.1.per_s concurrency.1.median \
    concurrency.1.p90 concurrency.1.p99
exits 0 "bench: clients for people" bench pruned.onnx --iters=1 --concurrency=1
says out 'clients +sessions +threads +runs/s' "bench: a table of clients"

# ---- isa

exits 0 "bench: check" bench pruned.onnx --iters=1 --check --json \
    --precision=int8
has "bench: check has outputs" check.outputs.0.name check.outputs.0.max_error \
    check.outputs.0.mean_error check.outputs.0.max_fp32 check.rest.max_error
int8=$("$BUILDDIR/tests/support/json-get" layers.3.precision <out)
if [ "$int8" = int8 ]; then
	json "bench: check has all layers" 6 check.layers.#
	holds "bench: check has errors" \
	    '$1 > 0 && $2 >= $3 && $3 > 0 && $4 < 0.01 * $1' \
	    check.outputs.0.max_error check.layers.0.mean_error \
	    check.layers.5.mean_error check.rest.max_error
	name=$("$BUILDDIR/tests/support/json-get" layers.3.name <out)
	exits 0 "bench: a layer in fp32" bench pruned.onnx --iters=1 --check \
	    --json --precision=int8 --fp32-layers="$name"
	json "bench: one fp32" "int8 fp32 5" layers.2.precision \
	    layers.3.precision check.layers.#
	holds "bench: it stays so in the check" '$1 < 0.01 * $2' \
	    check.rest.max_error check.outputs.0.max_error
fi
exits 0 "bench: check without low precision" bench pruned.onnx --iters=1 \
    --check --precision=fp32
says out 'all layers are fp32' "bench: check has no layers"
exits 0 "inspect: no such layer" inspect pruned.onnx --fp32-layers='no*'
exits 0 "bench: generic" bench pruned.onnx --iters=1 --isa=generic --json
json "bench: names the set" generic isa

# ---- cache

exits 0 "cache stat" cache stat --json
json "cache stat: where" "$BURIN_CACHE_DIR" path
holds "cache stat: entries" '$1 > 0 && $2 > 0' entries bytes
n=$("$BUILDDIR/tests/support/json-get" entries <out)
exits 0 "cache ls" cache ls --json
json "cache ls: all entries" "$n" entries.#
holds "cache ls: an entry" 'length($1) == 32 && $2 > 0 && $3 > 1e9' \
    entries.0.key entries.0.bytes entries.0.mtime
exits 0 "cache ls: for people" cache ls
[ "$(grep -cE '^  [0-9a-f]{32} ' out)" -eq "$n" ]
result $? "cache ls: one line an entry"
exits 0 "cache verify" cache verify
says out " $n entries, 0 bad$" "cache verify: counts"

find cache -name '*.so' | head -n 1 >name
read -r entry <name
key=$(basename "$entry" .so)
chmod u+w "$entry"
printf x | dd of="$entry" bs=1 seek=2000 conv=notrunc 2>dd.err
exits 1 "cache verify: a bad entry" cache verify
says out "^  $key .*bad: " "cache verify: names it"
exits 1 "cache verify: a bad entry, JSON" cache verify --json
json "cache verify: names it in JSON" "1 $key" bad.# bad.0.key
exits 0 "cache gc" cache gc --json
json "cache gc: removes it" 1 removed
exits 0 "cache verify: all is well again" cache verify
exits 0 "cache gc: a limit" cache gc --max-bytes=1K
exits 0 "cache stat: after gc" cache stat --json
holds "cache gc: keeps to it" '$1 <= 1024' bytes
exits 0 "warm: after gc" warm pruned.onnx
exits 0 "warm: export to a directory" warm pruned.onnx --isa=sse2,generic \
    --export=layer
exits 0 "warm: export to a file" warm pruned.onnx --export=out.tar.zst
exits 2 "warm: an unknown set" warm pruned.onnx --isa=sse2,mmx
exits 0 "cache import: a directory" cache import layer --cache-dir=new --json
n=$("$BUILDDIR/tests/support/json-get" imported <out)
exits 0 "cache verify: what came" cache verify --cache-dir=new
says out " $n entries, 0 bad$" "cache import: all of them, all good"
exits 0 "cache import: a file" cache import out.tar.zst --cache-dir=new
exits 4 "cache import: no archive" cache import bert.onnx --cache-dir=new
exits 2 "cache import: of nothing" cache import
BURIN_CC=/nonexistent "$burin" warm --cache-dir=new pruned.onnx --json >out \
    2>err
result $? "warm: from what came, without a compiler"
holds "warm: nothing was compiled" '$1 > 0 && $2 == $1' \
    models.0.compile.kernels models.0.compile.disk_hits
key=$(find layer -name '*.so' | head -n 1)
key=$(basename "$key" .so)
exits 0 "cache explain" cache explain --cache-dir=new "$key" --json
json "cache explain: the entry" "$key yes" key usable
exits 0 "cache explain: for people" cache explain --cache-dir=new "$key"
says out '^compiler: .*, the one here$' "cache explain: its compiler"
exits 2 "cache explain: no such key" cache explain 00000000000000000000
exits 0 "cache clear" cache clear --json
holds "cache clear: counts" '$1 > 0' removed
exits 0 "cache stat: after clear" cache stat --json
json "cache clear: empties" "0 0" entries bytes
exits 4 "cache: no place" cache stat --cache-dir=file

echo "1..$count"
