# SPDX-License-Identifier: Apache-2.0
"""Time convolutions of many shapes in burin and in ONNX Runtime, one thread.

    ort_convs.py BURIN [--only REGEX] [--rounds N] [--sparse] [--above RATIO]
        [--worst N] [--limit RATIO]

Shapes are those of audio, EEG, WaveNet, a short-time Fourier transform written
as Conv, YOLO, U-Net, ResNeXt, ConvNeXt and volumes, and a grid: kernels of 1 to
512 taps in one direction, dilations of 1 to 4096, strides, groups, 1 to 512
channels, batch 1 and 8, in 1, 2 and 3 dimensions, and the same transposed.
Each is a model of one node with constant weights; --sparse prunes them to
90 % in 16x1 blocks.  Both systems stay loaded and run in turn (turns.py);
outputs are not copied.  Printed are medians in microseconds, burin's time as a
multiple of ONNX Runtime's, and the largest difference relative to the largest
result; then the worst.  Exit 1: some ratio is above --limit.
"""

import argparse
import os
import re
import sys
import tempfile

import numpy as np

import turns
from ort_operators import Case

RANDOM = np.random.default_rng(1)
MOST = 1 << 29          # multiplications of a case: larger ones are shortened
BLOCK, SPARSITY = 16, .9


def prune(w):
    """Zero 16 filters by 1 weight at a time."""
    rows = -(-w.shape[0] // BLOCK)
    kept = RANDOM.random((rows, *w.shape[1:])) >= SPARSITY
    return w * kept.repeat(BLOCK, 0)[:w.shape[0]]


class Conv:
    """c to m channels at x, the sizes in space; a number stands for all
    directions."""

    def __init__(self, kind, c, m, x, kernel, stride=1, dilation=1, group=1,
                 batch=1, transposed=False, pad=None):
        n = len(x)

        def each(v):
            return list(v) if isinstance(v, tuple) else [v] * n
        self.kernel, self.stride = each(kernel), each(stride)
        self.dilation, self.x = each(dilation), list(x)
        self.c, self.m, self.group, self.batch = c, m, group, batch
        self.transposed = transposed
        self.pad = each(pad) if pad is not None else [
            (k - 1) * d // 2 for k, d in zip(self.kernel, self.dilation)]
        self.shorten()
        self.name = f"{kind}: {self.text()}"

    def work(self):
        many = self.batch * self.c // self.group * self.m
        for x, k, s in zip(self.x, self.kernel, self.stride):
            many *= k * (x if self.transposed else -(-x // s))
        return many

    def shorten(self):
        while self.work() > MOST and max(self.x) > 16:
            i = self.x.index(max(self.x))
            self.x[i] = -(-self.x[i] // 2)

    def text(self):
        def of(v):
            return "x".join(map(str, v))
        more = [f"{word} {of(v)}" for word, v in (
            ("stride", self.stride), ("dilation", self.dilation))
            if max(v) > 1]
        more += [f"group {self.group}"] if self.group > 1 else []
        more += [f"batch {self.batch}"] if self.batch > 1 else []
        return (f"{'ConvTranspose ' * self.transposed}{of(self.kernel)} "
                f"{self.c} to {self.m} at {', '.join([of(self.x)] + more)}")

    def case(self, sparse):
        shape = [self.c, self.m // self.group] if self.transposed else [
            self.m, self.c // self.group]
        w = RANDOM.standard_normal([*shape, *self.kernel]) / np.sqrt(
            self.c // self.group * np.prod(self.kernel))
        if sparse:
            w = prune(w)
        return Case("ConvTranspose" if self.transposed else "Conv", "",
                    [(self.batch, self.c, *self.x)],
                    [w.astype(np.float32), (self.m,)],
                    kernel_shape=self.kernel, strides=self.stride,
                    dilations=self.dilation, group=self.group,
                    pads=self.pad * 2)


def sound():
    yield Conv("audio", 1, 512, (8000,), 10, 5, pad=0)
    for k in (3, 2):
        yield Conv("audio", 512, 512, (800,), k, 2, pad=0)
    yield Conv("audio", 80, 384, (800,), 3)
    yield Conv("audio", 384, 384, (800,), 3, 2)
    for k in (31, 15):
        yield Conv("conformer", 256, 256, (400,), k, group=256)
        yield Conv("conformer, W = 1", 256, 256, (400, 1), (k, 1), group=256)
    yield Conv("positions", 768, 768, (200,), 128, group=16)
    for n, hop in ((400, 160), (512, 128)):
        yield Conv("STFT", 1, n + 2, (16000,), n, hop, pad=0)
    yield Conv("STFT back", 402, 1, (100,), 400, 160, transposed=True, pad=0)
    for c, k, s in ((512, 16, 8), (256, 16, 8), (128, 4, 2), (64, 4, 2)):
        yield Conv("vocoder", c, c // 2, (64 * 512 // c,), k, s,
                   transposed=True, pad=(k - s) // 2)
    for k, d in ((3, 5), (7, 3), (11, 5)):
        yield Conv("vocoder", 64, 64, (4096,), k, 1, d)
    for d in (1, 8, 64, 512, 4096):
        yield Conv("WaveNet", 64, 128, (16384,), 2, 1, d, pad=0)
    yield Conv("pitch", 1, 8, (172, 264), (3, 39))
    yield Conv("pitch", 8, 16, (172, 264), (1, 256))


def signals():
    yield Conv("EEG", 1, 8, (22, 1000), (1, 64))
    yield Conv("EEG", 8, 16, (22, 1000), (22, 1), group=8, pad=0)
    yield Conv("EEG", 16, 16, (1, 250), (1, 16), group=16)
    yield Conv("EEG", 40, 40, (22, 500), (22, 1), pad=0)
    for d in (128, 1024, 4096):
        yield Conv("EEG", 128, 128, (7500,), 3, 1, d)
    yield Conv("ECG", 12, 64, (4096,), 17)
    yield Conv("ECG", 64, 128, (1024,), 17, 4)


def pictures():
    for c, m, x in ((3, 16, 640), (16, 32, 320), (32, 64, 160), (64, 128, 80)):
        yield Conv("YOLO", c, m, (x, x), 3, 2)
    for c, x in ((8, 160), (16, 160), (32, 80), (64, 40), (128, 20)):
        yield Conv("YOLO", c, c, (x, x), 3)
    for c, m, x in ((32, 32, 160), (48, 32, 160), (128, 64, 80), (64, 80, 80)):
        yield Conv("YOLO", c, m, (x, x), 1)
    for c, m, x in ((1, 64, 256), (64, 64, 128), (128, 64, 64), (256, 128, 32),
                    (512, 512, 16)):
        yield Conv("U-Net", c, m, (x, x), 3)
    yield Conv("U-Net", 64, 2, (256, 256), 1)
    for c, x in ((128, 64), (256, 32), (512, 16)):
        yield Conv("U-Net", c, c // 2, (x, x), 2, 2, transposed=True)
        yield Conv("U-Net", c, c // 2, (x, x), 4, 2, transposed=True, pad=1)
    yield Conv("upsampling", 21, 21, (32, 32), 4, 2, group=21,
               transposed=True, pad=1)
    yield Conv("upsampling", 64, 64, (16, 16), 4, 2, group=4,
               transposed=True, pad=1)
    for c, g, x in ((128, 32, 56), (256, 32, 28), (1024, 32, 7), (64, 2, 56),
                    (24, 3, 28)):
        yield Conv("ResNeXt", c, c, (x, x), 3, group=g)
        yield Conv("ShuffleNet", c, 2 * c, (x, x), 1, group=g)
    yield Conv("AlexNet", 96, 256, (27, 27), 5, group=2)
    yield Conv("AlexNet", 3, 96, (224, 224), 11, 4)
    for k, c, x in ((7, 96, 56), (7, 768, 7), (31, 128, 56), (13, 384, 14)):
        yield Conv("wide depthwise", c, c, (x, x), k, group=c)
    yield Conv("depthwise x 2", 32, 64, (56, 56), 3, group=32)
    yield Conv("patches", 3, 384, (224, 224), 16, 16, pad=0)
    for d in (2, 6, 12, 24):
        yield Conv("dilated", 256, 64, (33, 33), 3, 1, d)


def volumes():
    yield Conv("video", 3, 64, (8, 112, 112), (3, 7, 7), (1, 2, 2))
    yield Conv("video", 64, 64, (8, 28, 28), 3)
    yield Conv("video", 64, 144, (8, 28, 28), (1, 3, 3))
    yield Conv("video", 144, 64, (8, 28, 28), (3, 1, 1))
    yield Conv("video", 64, 64, (8, 28, 28), 3, group=64)
    yield Conv("video", 54, 54, (8, 28, 28), (5, 1, 1), group=54)
    for c, m, x in ((1, 16, 48), (16, 32, 32), (64, 64, 12)):
        yield Conv("volume", c, m, (x, x, x), 3)
    yield Conv("volume", 16, 32, (32, 32, 32), 3, 2)
    yield Conv("volume", 32, 2, (32, 32, 32), 1)
    yield Conv("volume", 32, 32, (24, 24, 24), 3, 1, 2)
    yield Conv("volume", 64, 32, (12, 12, 12), 2, 2, transposed=True)
    yield Conv("volume", 32, 16, (16, 16, 16), 4, 2, transposed=True, pad=1)
    yield Conv("volume", 32, 32, (16, 16, 16), 3, group=4)


def grid():
    for batch in (1, 8):
        for k in (1, 2, 5, 16, 33, 64, 128, 256, 512):
            for c, x in ((1, 4096), (8, 2048), (64, 512), (512, 64)):
                yield Conv("taps", c, c, (max(x, k),), k, batch=batch)
        for k in (9, 33, 128):
            yield Conv("taps", 8, 8, (128, 256), (1, k), batch=batch)
            yield Conv("taps", 8, 8, (256, 64), (k, 1), batch=batch)
        for d in (2, 16, 64, 256, 1024, 4096):
            for k in (2, 3, 9):
                yield Conv("dilation", 32, 32, (8192,), k, 1, d, batch=batch)
            if d < 64:
                yield Conv("dilation", 16, 16, (128, 128), 3, 1, d,
                           batch=batch)
        for s in (2, 3, 4, 8):
            yield Conv("stride", 32, 32, (4096,), 2 * s, s, batch=batch)
            yield Conv("stride", 32, 32, (64, 64), 3, s, batch=batch)
        for g in (2, 4, 16, 64):
            yield Conv("group", 64, 64, (1024,), 5, group=g, batch=batch)
            yield Conv("group", 64, 64, (32, 32), 3, group=g, batch=batch)
        for c in (1, 3, 8, 32, 128, 512):
            for m in (1, 3, 8, 32, 128, 512):
                yield Conv("channels", c, m, (28, 28), 3, batch=batch)
        for k, s in ((2, 2), (3, 1), (3, 2), (4, 4), (8, 4)):
            yield Conv("transposed", 32, 32, (1024,), k, s, transposed=True,
                       batch=batch)
            yield Conv("transposed", 32, 32, (28, 28), k, s, transposed=True,
                       batch=batch)


def cases(only):
    for make in (sound, signals, pictures, volumes, grid):
        yield from (c for c in make() if re.search(only, c.name))


def measure(o, conv, path):
    """burin's time as a multiple of ONNX Runtime's."""
    case = conv.case(o.sparse)
    case.write(path)
    (a, b), error = turns.compare(path, case.inputs, case.outputs, o.rounds,
                                  o.least)
    if b / a > o.above:
        print(f"| {conv.name} | {a * 1e3:.1f} | {b * 1e3:.1f} | {b / a:.2f} "
              f"| {error:.1e} |", flush=True)
    return b / a


def main():
    p = argparse.ArgumentParser()
    p.add_argument("burin")
    p.add_argument("--only", default="",
                   help="only shapes whose name matches REGEX")
    p.add_argument("--rounds", type=int, default=7)
    p.add_argument("--least", type=float, default=1, metavar="MS",
                   help="least time of a sample")
    p.add_argument("--sparse", action="store_true")
    p.add_argument("--above", type=float, default=0, metavar="RATIO",
                   help="list only shapes above this")
    p.add_argument("--worst", type=int, default=20)
    p.add_argument("--limit", type=float, default=1.5)
    o = p.parse_args()
    turns.find_burin(o.burin)
    print("| shape | ONNX Runtime us | burin us | burin / ONNX Runtime "
          "| difference |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "conv.onnx")
        found = sorted(((measure(o, c, path), c.name) for c in cases(o.only)),
                       reverse=True)
    slow = sum(ratio > o.limit for ratio, _ in found)
    print(f"\n{slow} of {len(found)} above {o.limit}; the worst:\n")
    for ratio, name in found[:o.worst]:
        print(f"{ratio:8.2f}  {name}")
    return slow > 0


if __name__ == "__main__":
    sys.exit(main())
