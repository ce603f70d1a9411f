# SPDX-License-Identifier: Apache-2.0
"""One system, one model, one process: peers.py starts it, with the Python of
the system's own environment, and takes samples from all of them in turn.

    worker.py SYSTEM MODEL BATCH SEQ THREADS BLOCK

Answers are lines of JSON on the descriptor that was standard output.  The
first, after the first run: {"version", "load_s", "rss_mb", "note"}, or
{"error"}.  Then one for each line read, until there is none: "run" {"ms"};
"save FILE" {}, the output as .npy; "check FILE" {"difference"}, the largest
from that.
"""

import json
import os
import sys
import time

import numpy as np


def arguments(argv):
    name, model, batch, seq, threads, block = argv
    return name, model, (int(batch), int(seq)), int(threads), [
        int(n) for n in block.split("x")]


def feed(batch, seq):
    """Every token is real: no system can skip padding."""
    ids = np.random.default_rng(0).integers(0, 99, (batch, seq))
    return {"input_ids": ids.astype(np.int64),
            "attention_mask": np.ones((batch, seq), np.int64),
            "token_type_ids": np.zeros((batch, seq), np.int64)}


def peak_rss():
    """MB, of this process."""
    with open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def main(argv):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)               # what a system prints is not an answer

    def answer(**what):
        print(json.dumps(what), file=answers, flush=True)

    name, model, shape, threads, block = arguments(argv)
    try:
        import systems
        system = getattr(systems, name.replace("-", "_"))
        inputs = feed(*shape)
        systems.modules(name)
        start = time.perf_counter()
        made = system(model, inputs, threads, block)
        output = made["run"]()
        load = time.perf_counter() - start
    except Exception as e:      # whatever it is, the table names it
        lines = [x.strip() for x in str(e).splitlines() if x.strip()] or [""]
        return answer(error=f"{type(e).__name__}: {lines[-1]}"[:300])
    answer(version=made["version"], load_s=load, rss_mb=peak_rss(),
           note=made.get("note"))
    for line in sys.stdin:
        what, _, file = line.strip().partition(" ")
        if what == "run":
            made["run"]()       # the others have had the caches
            start = time.perf_counter()
            output = made["run"]()
            answer(ms=(time.perf_counter() - start) * 1e3)
        elif what == "save":
            np.save(file, output)
            answer()
        elif what == "check":
            answer(difference=float(abs(np.load(file) - output).max()))


if __name__ == "__main__":
    main(sys.argv[1:])
