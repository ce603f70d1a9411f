#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# The test cases of ONNX itself: each passes or not as the manifest says.  They
# come from Debian's libonnx-testdata, or from the folder ONNX_TESTDATA.  With
# --write the manifest is made anew instead.
dir=${ONNX_TESTDATA:-$(dpkg -L libonnx-testdata 2>/dev/null |
    sed -n 's,/node/test_add$,,p')}

echo 1..1
if [ ! -d "$dir" ]; then
	echo "ok - cases of ONNX # SKIP libonnx-testdata is not installed"
	exit 0
fi
if out=$("$BUILDDIR/tests/conformance/conformance" "$dir" \
    --manifest "$SRCDIR/tests/conformance/manifest" "$@" 2>&1); then
	echo "ok - cases of ONNX are as the manifest says: ${out##*
}"
else
	echo "not ok - cases of ONNX are as the manifest says"
	echo "$out" | tail -n 30 | sed 's/^/# /'
fi
