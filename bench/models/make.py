# SPDX-License-Identifier: Apache-2.0
"""Export BERT-base by PyTorch and compare burin with ONNX Runtime on each
file, unpruned and pruned.  Prints TAP.

    make.py --build DIR [--small]

Models are kept in DIR/bench/models.d. If PyTorch cannot be installed,
bench/make-bert writes models of the same opsets instead, and the output says
so.
"""

import argparse
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../peers")

import pinned       # noqa: E402

OPSETS = (11, 14, 17, 18, 20)


def written(build, folder):
    """Write the models by bench/make-bert."""
    for opset in OPSETS:
        path = f"{folder}/bert-written-{opset}.onnx"
        if not os.path.exists(path):
            subprocess.run([f"{build}/bench/make-bert", "--opset", str(opset),
                            path], check=True)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--build", required=True)
    p.add_argument("--small", action="store_true",
                   help="write the models of tests/models; no "
                   "comparison")
    p.add_argument("--environments", help="default DIR/bench/peers.d")
    o = p.parse_args()
    build = os.path.abspath(o.build)
    size = "small" if o.small else "base"
    folder = f"{build}/bench/models.d/{size}"
    environments = o.environments or f"{build}/bench/peers.d"
    requirements = f"{HERE}/../peers"
    os.makedirs(folder, exist_ok=True)
    os.environ.update(HF_HUB_OFFLINE="1", PYTHONDONTWRITEBYTECODE="1",
                      PYTHONWARNINGS="ignore",
                      BURIN_CACHE_DIR=f"{folder}/cache",
                      BURIN_CC=f"{build}/burin-cc",
                      BURIN_JIT_MODULE=f"{build}/.libs/burin-jit.so")
    try:
        python = pinned.make(f"{environments}/torch",
                             f"{requirements}/torch.txt", ("3.11",), 10)
        subprocess.run([python, f"{HERE}/export.py", size, folder],
                       check=True, stdout=sys.stderr)
    except pinned.Missing as e:
        print(f"# PyTorch {e}: written by bench/make-bert instead")
        written(build, folder)
        python = pinned.make(f"{environments}/runtimes",
                             f"{requirements}/runtimes.txt",
                             ("3.11", "3.12", "3.13"))
    sys.stdout.flush()
    if o.small:
        return 0
    models = sorted(glob.glob(f"{folder}/bert-*.onnx"))
    os.makedirs(f"{folder}/check", exist_ok=True)
    return subprocess.run([python, f"{HERE}/check.py", f"{build}/burin",
                           f"{folder}/check", *models]).returncode


if __name__ == "__main__":
    sys.exit(main())
