# SPDX-License-Identifier: Apache-2.0
"""Python environments with pinned packages.  make() returns the interpreter
of one, or raises Missing with the reason, one line.
"""

import glob
import os
import shutil
import subprocess


class Missing(Exception):
    pass


def interpreter(versions):
    """The first of versions ("3.11") that is installed."""
    for v in versions:
        for path in (shutil.which(f"python{v}"), *sorted(glob.glob(
                os.path.expanduser(f"~/.pyenv/versions/{v}.*/bin/python")))):
            if path and not subprocess.run([path, "-c", "import venv"],
                                           capture_output=True).returncode:
                return path
    raise Missing(f"needs Python {' or '.join(versions)}")


def make(folder, requirements, versions, gigabytes=1):
    """The interpreter of the environment in folder, which is made anew if its
    requirements differ."""
    python = os.path.join(folder, "bin", "python")
    stamp = os.path.join(folder, "requirements.txt")
    with open(requirements, encoding="utf-8") as f:
        wanted = f.read()
    if os.path.exists(stamp):
        with open(stamp, encoding="utf-8") as f:
            if f.read() == wanted:
                return python
    base = interpreter(versions)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if shutil.disk_usage(folder).free < gigabytes << 30:
        raise Missing(f"needs {gigabytes} GB of disk")
    run(base, "-m", "venv", folder)
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--retries",
        "2", "--timeout", "30", "--no-cache-dir",
        "--disable-pip-version-check", "-r", requirements)
    with open(stamp, "w", encoding="utf-8") as f:
        f.write(wanted)
    return python


def run(*command):
    r = subprocess.run(command, capture_output=True, text=True)
    if r.returncode:
        lines = (r.stderr or r.stdout).strip().splitlines() or [""]
        raise Missing(f"does not install: {lines[-1][:200]}")
