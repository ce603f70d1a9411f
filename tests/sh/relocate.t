#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The worker and the module are found from where the library was loaded, without
# any environment variable: in the build tree, in an installation that was
# moved, in one folder.  Not where others could have put them.
src=${SRCDIR:-.}
build=${BUILDDIR:-.}
work=$(mktemp -d "${TESTDIR:-$build/tests}/tmp.relocate.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
as='' tools=''
chmod 755 "$work"

point() {
	what=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok - $what"
	else
		echo "not ok - $what"
		sed 's/^/# /' "$work/out"
	fi
}

# variable NAME: of the Makefile.
variable() {
	# shellcheck disable=SC2016 # for make
	printf 'include Makefile\nshow:\n\t@echo $(%s)\n' "$1" |
	    env -u MAKEFLAGS make -s -C "$build" -f - show
}

cat >"$work/load.c" <<'END'
#include <burin.h>
#include <stdio.h>

/* What came of the kernels of a model with an empty cache.  */
int
main(int argc, char **argv)
{
	burin_options *o = burin_options_new();
	burin_model *m;
	burin_stats st;
	burin_error err;

	if (argc != 4 ||
	    burin_options_set(o, "cache_dir", argv[2], &err) < 0 ||
	    burin_options_set(o, "jit", argv[3], &err) < 0 ||
	    burin_model_load(argv[1], o, &m, &err) < 0)
		return 1;
	burin_model_stats(m, &st, sizeof st);
	printf("%s %s\n", st.compiled && !st.failed ? "compiled" : "failed",
	    st.note);
	/* LeakSanitizer ends a set-uid program, which it cannot look into. */
	fflush(stdout);
	burin_model_free(m);
	burin_options_free(o);
	return 0;
}
END

# loader LIBDIR: the program load, linked with the library there.
loader() {
	# shellcheck disable=SC2086 # lists of words
	${CC:-cc} $SAN_CFLAGS -I"$src/include" "$work/load.c" \
	    -o "$work/load" -L"$1" -lburin -Wl,-rpath,"$1"
}

# loads HOW WORDS: what load says of jit=HOW begins with the words or has them.
loads() {
	rm -rf "$work/cache"
	# shellcheck disable=SC2086 # a list of words
	$as env -i ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} \
	    ${LSAN_OPTIONS:+LSAN_OPTIONS="$LSAN_OPTIONS"} \
	    ${tools:+PATH="$tools" COMPILER_PATH="$tools"} \
	    "$work/load" "$work/m.onnx" "$work/cache" "$1" >"$work/said"
	cat "$work/said"
	grep -qF "$2" "$work/said"
}

in_folder() {
	loader "$1" && loads worker compiled && loads inprocess compiled
}

# The library, the worker and the module in one folder, as in a wheel.
in_one_folder() {
	mkdir -p "$work/flat" &&
	cp "$build/burin-cc" "$build/.libs/burin-jit.so" \
	    "$build/.libs/libburin.so.0" "$work/flat" &&
	ln -sf libburin.so.0 "$work/flat/libburin.so" &&
	chmod -R go-w "$work/flat" && in_folder "$work/flat"
}

moved() {
	env -u MAKEFLAGS make -s -C "$build" install DESTDIR="$work/root" &&
	mv "$work/root$prefix" "$work/moved" && rm -r "$work/root" &&
	chmod -R go-w "$work/moved" &&
	in_folder "$work/moved${libdir#"$prefix"}"
}

# finds FILE FOLDER: the execution provider takes the library in that folder.
finds() {
	ldd "$1"
	found=$(ldd "$1" | sed -n 's/.*libburin\.so\.0 => \(.*\) (.*/\1/p')
	[ "$found" -ef "$2/libburin.so.0" ]
}

provider() {
	finds "$work/moved${pkglibdir#"$prefix"}/burin-ort.so" \
	    "$work/moved${libdir#"$prefix"}" &&
	cp "$build/.libs/burin-ort.so" "$work/flat" &&
	finds "$work/flat/burin-ort.so" "$work/flat" &&
	finds "$work/moved${pkglibdir#"$prefix"}"/triton/burin/*.so \
	    "$work/moved${libdir#"$prefix"}"
}

# refused FILE MODE WORDS
refused() {
	chmod "$2" "$1"
	loads worker failed && loads worker "$3"
	ok=$?
	chmod go-w "$1"
	return $ok
}

refused_owner() {
	chown 65534 "$work/flat/burin-cc"
	loads worker "$work/flat/burin-cc is not used, others can write it"
	ok=$?
	chown 0 "$work/flat/burin-cc"
	return $ok
}

# nothing_compiled: neither kind of compiling, nor the caller's assembler.
nothing_compiled() {
	mkdir -p "$work/tools"
	for tool in as ld; do
		printf '#!/bin/sh\n: >"%s/ran"\nexit 1\n' "$work" \
		    >"$work/tools/$tool"
	done
	chmod 755 "$work/tools"/*
	tools=$work/tools
	for how in worker inprocess; do
		loads $how "the program is set-uid or has capabilities" ||
		    return
	done
	tools=
	[ ! -e "$work/ran" ]
}

# Root, with a program that is set to another user.
refused_setuid() {
	chown 65534 "$work/load" && chmod u+s "$work/load" && nothing_compiled
	ok=$?
	chmod u-s "$work/load" && chown 0 "$work/load"
	return $ok
}

# A cache that belongs to the caller is not used by one with capabilities.
refused_capable() {
	chown -R 65533 "$work" && setcap cap_net_raw+ep "$work/load" &&
	as="setpriv --reuid=65533 --clear-groups"
	nothing_compiled && grep -q 'foreign owner' "$work/said"
	ok=$?
	as=
	chown -R 0 "$work"
	return $ok
}

"$build/bench/make-bert" --layers 1 --hidden 64 --heads 4 --inter 128 \
    --vocab 100 --npos 16 "$work/m.onnx" || exit 99
prefix=$(variable prefix)
libdir=$(variable libdir)
pkglibdir=$(variable pkglibdir)

echo 1..9
point "in the build tree" in_folder "$build/.libs"
point "in an installation that was moved" moved
point "in one folder" in_one_folder
point "the provider and the backend find the library in both" provider
if [ -e "$(variable libexecdir)/burin-cc" ]; then
	for i in 5 6 7 8 9; do
		echo "ok - $i # SKIP burin-cc is installed"
	done
	exit
fi
point "not in a folder that others can write" refused "$work/flat" 777 \
    "$work/flat/burin-cc is not used, others can write its folder"
point "not a file that others can write" refused "$work/flat/burin-cc" 775 \
    "$work/flat/burin-cc is not used, others can write it"
if [ "$(id -u)" = 0 ]; then
	point "not a file of somebody else" refused_owner
	point "not by a set-uid program" refused_setuid
else
	echo "ok - not a file of somebody else # SKIP needs root"
	echo "ok - not by a set-uid program # SKIP needs root"
fi
if setcap cap_net_raw+ep "$work/load" 2>/dev/null; then
	point "not by a program with capabilities" refused_capable
else
	echo "ok - not by a program with capabilities # SKIP needs setcap"
fi
