# SPDX-License-Identifier: Apache-2.0
"""Time a step of a decoder with a past in burin and ONNX Runtime, one thread.

    ort_decoder.py BURIN [--past 64,512] [--rounds N] [--block 16x1]
                   [--sparsity 0.9] [--layers 12] [--vocab 1000] [--out FILE.md]

The model is GPT-2 with random weights as tests/real/decoders.py writes it, 12
layers of 768, with a small vocabulary, so that the layers are what is measured.
A step has one new token.  ONNX Runtime has its inputs and outputs bound; burin
runs once with a present of its own and once with one in the buffer of the past
(burin_session_share).  All take samples in turn, with a sum over as many bytes
as the stored weights, keys and values have, which is the time to read them.
Printed are medians of milliseconds of processor time.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np                                      # noqa: E402

import turns                                            # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../tests/real"))
import decoders                                         # noqa: E402

HEADS, SIZE, ROOM = 12, 64, 1024


def feed_of(layers, past, capacity):
    """Inputs of a step; keys and values are views of buffers."""
    rng = np.random.default_rng(1)
    feed = {"input_ids": np.array([[7]]),
            "attention_mask": np.ones((1, past + 1), np.int64),
            "position_ids": np.array([[past]])}
    for n in range(layers):
        for what in ("key", "value"):
            x = rng.standard_normal((1, HEADS, capacity, SIZE), np.float32)
            feed[f"past_key_values.{n}.{what}"] = x[:, :, :past]
    return feed


def stored_bytes(burin, path):
    report = json.loads(subprocess.run(
        [burin, "inspect", path, "--json"], check=True,
        capture_output=True).stdout)
    return sum(x["rows"] * x["cols"] * 4 *
               (x["density"] if x["decision"] == "sparse" else 1)
               for x in report["layers"])


def sample(call, count):
    """Milliseconds of a call, the mean of count."""
    call()
    start = time.process_time_ns()
    for _ in range(count):
        call()
    return (time.process_time_ns() - start) / 1e6 / count


def reader(nbytes):
    x = np.ones(int(nbytes) // 4, np.float32)
    return lambda: np.dot(x, x)


def measure(path, layers, past, nbytes, rounds):
    """Milliseconds of ONNX Runtime, burin, burin with shared buffers, and to
    read; largest difference of the logits."""
    feed = feed_of(layers, past, ROOM)
    copies = {k: np.ascontiguousarray(v) for k, v in feed.items()}
    shared = {k: k.replace("past_key_values", "present")
              for k in feed if k.startswith("past")}
    names = ["logits", *shared.values()]
    made = [turns.systems.onnxruntime(path, copies, 1, None, names),
            turns.systems.burin(path, copies, 1, None, names),
            turns.systems.burin(path, feed, 1, None, names, shared=shared)]
    want, *got = (m["run"]().astype(np.float64) for m in made)
    error = max(np.abs(x - want).max() for x in got) / np.abs(want).max()
    nbytes += 2 * layers * HEADS * past * SIZE * 4
    calls = [m["call"] for m in made] + [reader(nbytes)]
    counts = [max(1, int(100 / sample(c, 1))) for c in calls]
    times = [[sample(c, n) for c, n in zip(calls, counts)]
             for _ in range(rounds)]
    return [statistics.median(t) for t in zip(*times)], error, nbytes


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--past", default="64,512")
    p.add_argument("--rounds", type=int, default=11)
    p.add_argument("--block", default="16x1")
    p.add_argument("--sparsity", type=float, default=.9)
    p.add_argument("--layers", type=int, default=12)
    p.add_argument("--vocab", type=int, default=1000)
    p.add_argument("--out")
    a = p.parse_args()
    turns.find_burin(a.burin)
    lines = ["| weights | past | MB | read ms | ONNX Runtime ms | burin ms | "
             "shared ms | faster | of read | difference |",
             "|---|---|---|---|---|---|---|---|---|---|"]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        dense, pruned = (os.path.join(folder, f"{x}.onnx") for x in "dp")
        decoders.gpt2(dense, layers=a.layers, heads=HEADS, size=SIZE,
                      places=ROOM, vocab=a.vocab)
        subprocess.run([a.burin, "prune", dense, "--block", a.block,
                        "--sparsity", str(a.sparsity), "-o", pruned],
                       check=True, stdout=subprocess.DEVNULL)
        for path, what in ((dense, "dense"),
                           (pruned, f"{a.block} {a.sparsity:g}")):
            weights = stored_bytes(a.burin, path)
            for past in map(int, a.past.split(",")):
                (ort, own, shared, read), error, nbytes = measure(
                    path, a.layers, past, weights, a.rounds)
                lines.append(
                    f"| {what} | {past} | {nbytes / 1e6:.0f} | {read:.2f} | "
                    f"{ort:.2f} | {own:.2f} | {shared:.2f} | "
                    f"{ort / shared:.2f} | {shared / read:.2f} | "
                    f"{error:.0e} |")
                print(lines[-1], flush=True)
    if a.out:
        with open(a.out, "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
