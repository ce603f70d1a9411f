# SPDX-License-Identifier: Apache-2.0
"""Export BERT with random weights by PyTorch's exporters.

    export.py small|base FOLDER

Writes FOLDER/bert-EXPORTER-OPSET.onnx for each row of EXPORTS. base is the
default transformers.BertConfig(): uncased_L-12_H-768_A-12.
"""

import inspect
import os
import sys

import onnx
import torch
import transformers

SMALL = dict(num_hidden_layers=2, hidden_size=64, num_attention_heads=4,
             intermediate_size=80, vocab_size=40, max_position_embeddings=32)
# Exporter, opset, attention; scaled_dot_product_attention needs opset 14.
EXPORTS = (("torchscript", 11, "eager"), ("torchscript", 14, "sdpa"),
           ("torchscript", 17, "sdpa"), ("dynamo", 18, "sdpa"),
           ("dynamo", 20, "sdpa"))
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class Encoder(torch.nn.Module):
    """BERT with its inputs in the order of INPUTS and one output."""

    def __init__(self, config):
        super().__init__()
        self.bert = transformers.BertModel(config, add_pooling_layer=False)

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.bert(input_ids=input_ids, attention_mask=attention_mask,
                         token_type_ids=token_type_ids).last_hidden_state


def example(config):
    ids = torch.randint(1, config.vocab_size, (2, 9))
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    return ids, mask, torch.zeros_like(ids)


def spread(model):
    """Randomise biases and LayerNorm scales, which are 0 and 1 in a new model,
    so that an error in them changes the output."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.normal_(0, 0.1)
            elif "LayerNorm" in name:
                p.normal_(1, 0.1)


def new_exporter():
    return "dynamo" in inspect.signature(torch.onnx.export).parameters


def export(model, args, path, exporter, opset):
    names = {0: "batch_size", 1: "sequence_length"}
    extra = {"dynamo": exporter == "dynamo"} if new_exporter() else {}
    if exporter == "dynamo":
        extra["dynamic_shapes"] = {name: names for name in INPUTS}
        extra["external_data"] = False
    else:
        extra["dynamic_axes"] = {name: names for name in
                                 (*INPUTS, "last_hidden_state")}
        extra["do_constant_folding"] = True
    torch.onnx.export(model, args, path, input_names=list(INPUTS),
                      output_names=["last_hidden_state"],
                      opset_version=opset, **extra)


def strip(path):
    """Remove metadata that names the source lines of each node."""
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.input,
                 *model.graph.output, *model.graph.initializer,
                 *model.graph.value_info):
        del part.metadata_props[:]
        part.doc_string = ""
    onnx.save(model, path)


def main(size, folder):
    os.makedirs(folder, exist_ok=True)
    for exporter, opset, attention in EXPORTS:
        path = os.path.join(folder, f"bert-{exporter}-{opset}.onnx")
        if os.path.exists(path):
            continue
        if exporter == "dynamo" and not new_exporter():
            print(f"{path}: PyTorch {torch.__version__} has no such exporter")
            continue
        torch.manual_seed(1)
        config = transformers.BertConfig(
            **(SMALL if size == "small" else {}), attn_implementation=attention)
        model = Encoder(config).eval()
        spread(model)
        export(model, example(config), path + ".tmp", exporter, opset)
        strip(path + ".tmp")
        os.rename(path + ".tmp", path)
        print(f"{path}: PyTorch {torch.__version__}, transformers "
              f"{transformers.__version__}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
