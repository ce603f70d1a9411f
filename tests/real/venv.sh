# SPDX-License-Identifier: Apache-2.0
#
# For the tests of this folder, which are to source it: their Python environment
# in tests/real.d of the build tree.  Without the package index the tests are
# skipped with a message.
here=${SRCDIR:-.}/tests/real
work=${BUILDDIR:-.}/tests/real.d
venv=$work/venv
log=$work/pip.log

fail() {
	echo "1..1"
	echo "not ok 1 - $1"
	[ ! -f "$log" ] || sed 's/^/# /' "$log"
	exit 0
}

# install ARGUMENT...: install packages; exit if that fails.
install() {
	"$venv/bin/python" -m pip install --quiet --no-deps --retries 2 \
	    --timeout 30 --disable-pip-version-check "$@" >"$log" 2>&1
	status=$?
	if [ $status != 0 ] && grep -qiE 'connection|timed? ?out|resolution' \
	    "$log"; then
		echo "1..0 # SKIP the package index does not answer"
		exit 0
	fi
	[ $status = 0 ] || fail "pip install"
}

mkdir -p "$work" || exit 1
rm -f "$log"
# The list of installed packages is kept beside them.
if ! cmp -s "$here/requirements.txt" "$venv/requirements.txt"; then
	rm -rf "$venv"
	python3 -m venv "$venv" >"$log" 2>&1 ||
	    fail "python3 -m venv (Debian: python3-venv)"
	install -r "$here/requirements.txt"
	cp "$here/requirements.txt" "$venv/requirements.txt"
fi

BURIN_CACHE_DIR=${TESTDIR:-$work}/cache
PYTHONDONTWRITEBYTECODE=1
export BURIN_CACHE_DIR PYTHONDONTWRITEBYTECODE
