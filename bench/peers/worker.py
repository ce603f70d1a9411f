# SPDX-License-Identifier: Apache-2.0
"""A process that runs one system on one model.  peers.py starts it with the
Python of the system's environment and asks all workers for samples in turn.

    worker.py SYSTEM MODEL BATCH SEQ THREADS BLOCK PRECISION

Replies are lines of JSON on the original standard output.  The first one, sent
after the first run, is {"version", "load_s", "rss_mb", "note"} or {"error"}.
Then every line of standard input is a request: "run", reply {"ms"};
"save FILE", which writes the output as .npy, reply {}; "check FILE", reply
{"difference"}, the largest difference from that file.
"""

import json
import os
import sys
import time

import numpy as np


def arguments(argv):
    name, model, batch, seq, threads, block, precision = argv
    return name, model, (int(batch), int(seq)), int(threads), [
        int(n) for n in block.split("x")], precision


def feed(batch, seq):
    """Inputs without padding, which a system could skip."""
    ids = np.random.default_rng(0).integers(0, 99, (batch, seq))
    return {"input_ids": ids.astype(np.int64),
            "attention_mask": np.ones((batch, seq), np.int64),
            "token_type_ids": np.zeros((batch, seq), np.int64)}


def peak_rss():
    """Peak resident memory of this process in MB."""
    with open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return None


def main(argv):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)               # keep prints of the system off the replies

    def answer(**what):
        print(json.dumps(what), file=answers, flush=True)

    name, model, shape, threads, block, precision = arguments(argv)
    try:
        import systems
        system = getattr(systems, name.replace("-", "_"))
        inputs = feed(*shape)
        systems.modules(name)
        start = time.perf_counter()
        # A file of integers says all itself.
        made = system(model, inputs, threads, block,
                      **{"precision": "bf16"} if precision == "bf16" else {})
        output = made["run"]()
        load = time.perf_counter() - start
    except Exception as e:      # any error is reported in the table
        lines = [x.strip() for x in str(e).splitlines() if x.strip()] or [""]
        return answer(error=f"{type(e).__name__}: {lines[-1]}"[:300])
    answer(version=made["version"], load_s=load, rss_mb=peak_rss(),
           note=made.get("note"))
    for line in sys.stdin:
        what, _, file = line.strip().partition(" ")
        if what == "run":
            made["run"]()       # untimed: fills the CPU caches
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
