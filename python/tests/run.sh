#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# make check-python: the wheels of python.d/dist in a fresh environment of
# pinned packages, tested by pytest, whose last line is in python.d/result.
# Without the package index nothing is tested, and that is said.
#
#	run.sh BUILD [PYTHON]
here=$(cd "$(dirname "$0")" && pwd) || exit 1
work=$1/python.d
python=${2:-python3}
venv=$work/venv
log=$work/pip.log

pip() {
	"$venv/bin/python" -m pip install --quiet --no-deps --retries 2 \
	    --timeout 30 --disable-pip-version-check "$@" >>"$log" 2>&1
}

rm -rf "$venv" "$work/result"
: >"$log"
"$python" -m venv "$venv" >>"$log" 2>&1 || {
	echo "check-python: $python -m venv (Debian: python3-venv)" >&2
	exit 1
}
if ! pip -r "$here/../requirements-test.txt"; then
	if grep -qiE 'connection|timed? ?out|resolution' "$log"; then
		echo "check-python: the package index does not answer"
		echo "1 skipped" >"$work/result"
		exit 0
	fi
	cat "$log" >&2
	exit 1
fi
pip --no-index "$work"/dist/burin-[0-9]*.whl || { cat "$log" >&2; exit 1; }

cd "$work" || exit 1
BURIN_WHEELS=$work/dist
BURIN_CACHE_DIR=${TESTDIR:-$work}/cache
export BURIN_WHEELS BURIN_CACHE_DIR
unset BURIN_CC BURIN_JIT_MODULE
"$venv/bin/python" -B -m pytest -q -p no:cacheprovider "$here" >pytest.log 2>&1
status=$?
cat pytest.log
tail -n 1 pytest.log >result
exit $status
