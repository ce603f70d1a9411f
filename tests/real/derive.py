# SPDX-License-Identifier: Apache-2.0
"""What ONNX Runtime's tools make of a BERT: optimized, quantized.  Inputs for
the ranges of a static quantization are random tokens.

    derive.py KIND MODEL OUT        KIND is one of KINDS
"""

import os
import sys

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat,
                                      QuantType, quantize_dynamic,
                                      quantize_static)
from onnxruntime.transformers import optimizer

HEADS, HIDDEN = 12, 384         # of a MiniLM


class Tokens(CalibrationDataReader):
    def __init__(self, model):
        session = ort.InferenceSession(model,
                                       providers=["CPUExecutionProvider"])
        self.names = [i.name for i in session.get_inputs()]
        self.left = 2

    def get_next(self):
        if not self.left:
            return None
        self.left -= 1
        rng = np.random.default_rng(self.left)
        feed = {"input_ids": rng.integers(1000, 30000, (2, 64)),
                "attention_mask": np.ones((2, 64), np.int64),
                "token_type_ids": np.zeros((2, 64), np.int64)}
        return {name: feed[name] for name in self.names}


def optimized(model, out):
    made = optimizer.optimize_model(model, model_type="bert",
                                    num_heads=HEADS, hidden_size=HIDDEN,
                                    opt_level=0)
    made.save_model_to_file(out)


def dynamic(model, out):
    quantize_dynamic(model, out, weight_type=QuantType.QInt8,
                     per_channel=True)


def qdq(model, out):
    quantize_static(model, out, Tokens(model), quant_format=QuantFormat.QDQ,
                    per_channel=True, activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8)


def dynamic_bytes(model, out):
    """weights of u8, one zero point a tensor"""
    quantize_dynamic(model, out, weight_type=QuantType.QUInt8)


def qdq_signed(model, out):
    """activations of s8, one scale a tensor"""
    quantize_static(model, out, Tokens(model), quant_format=QuantFormat.QDQ,
                    activation_type=QuantType.QInt8,
                    weight_type=QuantType.QInt8)


KINDS = {"optimized": optimized, "dynamic": dynamic, "qdq": qdq,
         "dynamic_bytes": dynamic_bytes, "qdq_signed": qdq_signed}


def main(kind, model, out):
    KINDS[kind](model, out + ".tmp")
    os.replace(out + ".tmp", out)


if __name__ == "__main__":
    main(*sys.argv[1:])
