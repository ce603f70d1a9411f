# SPDX-License-Identifier: Apache-2.0
"""Quantize a network with one image as input, as ONNX Runtime's tools do.

    quantize.py FORM MODEL OUT [--weights s8|u8] [--tensor]

FORM is qdq, qoperator (both with ranges of two random images) or dynamic.
Weights are quantized by channel, with --tensor by tensor.  BatchNormalization
is folded first.  Needs the packages onnx and onnxruntime.
"""

import argparse
import os
import tempfile

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat,
                                      QuantType, quantize_dynamic,
                                      quantize_static)

FORMS = {"qdq": QuantFormat.QDQ, "qoperator": QuantFormat.QOperator,
         "dynamic": None}


class Images(CalibrationDataReader):
    def __init__(self, model):
        session = ort.InferenceSession(model,
                                       providers=["CPUExecutionProvider"])
        self.input = session.get_inputs()[0]
        self.left = 2

    def get_next(self):
        if not self.left:
            return None
        self.left -= 1
        shape = [d if isinstance(d, int) else 1 for d in self.input.shape]
        x = np.random.default_rng(self.left).standard_normal(shape)
        return {self.input.name: x.astype(np.float32)}


def folded(model, out):
    """The model after ONNX Runtime's basic optimizations."""
    o = ort.SessionOptions()
    o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    o.optimized_model_filepath = out
    ort.InferenceSession(model, o, providers=["CPUExecutionProvider"])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("form", choices=FORMS)
    p.add_argument("model")
    p.add_argument("out")
    p.add_argument("--weights", choices=["s8", "u8"], default="s8")
    p.add_argument("--tensor", action="store_true")
    a = p.parse_args()
    how = {"per_channel": not a.tensor, "weight_type":
           QuantType.QInt8 if a.weights == "s8" else QuantType.QUInt8}
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, "folded.onnx")
        folded(a.model, path)
        if a.form == "dynamic":
            quantize_dynamic(path, a.out, **how)
        else:
            quantize_static(path, a.out, Images(path),
                            quant_format=FORMS[a.form],
                            activation_type=QuantType.QUInt8, **how)


if __name__ == "__main__":
    main()
