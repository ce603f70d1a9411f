# SPDX-License-Identifier: Apache-2.0
"""Embed sentences with a MiniLM, as before and with burin.

    embed.py FOLDER [burin | onnxruntime | fastembed]...

FOLDER has model.onnx and the tokenizer's files. Each way prints its time for
all sentences, that of ONNX Runtime without burin in the same process, and the
lowest cosine between the embeddings of the two. One thread each.
"""

import os
import statistics
import sys
import time

import numpy as np

SENTENCES = [
    "A burin is a steel tool for engraving in metal.",
    "Engravers push the burin to cut a line into a copper plate.",
    "Pruned networks have weights that are zero.",
    "How do I skip the multiplications by zero?",
    "The train to the coast leaves at half past seven from platform two, and "
    "it is usually crowded on Fridays.",
    "Bread dough needs time to rise before it goes into the oven.",
    "Where can I buy a ticket for the evening performance?",
    "The library closes early on the last day of the month.",
] * 2
CPU = "CPUExecutionProvider"
MODEL = "sentence-transformers/all-MiniLM-L6-v2"


def tokenize(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encoded = tokenizer.encode_batch(SENTENCES)
    return {
        "input_ids": np.array([e.ids for e in encoded]),
        "attention_mask": np.array([e.attention_mask for e in encoded]),
        "token_type_ids": np.array([e.type_ids for e in encoded]),
    }


def embedding(hidden, mask):
    """The mean over the words of each sentence, of length 1."""
    mask = mask[:, :, None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def embedder(session, folder):
    feed = tokenize(folder)
    feed = {i.name: feed[i.name] for i in session.get_inputs()}
    return lambda: embedding(session.run(None, feed)[0],
                             feed["attention_mask"])


def onnxruntime_session(folder, providers):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        os.path.join(folder, "model.onnx"), options, providers=providers)


# ---- the ways ---------------------------------------------------------------

def with_burin(folder):
    """The Python package in the place of ONNX Runtime's."""
    import burin

    session = burin.InferenceSession(os.path.join(folder, "model.onnx"))
    return (embedder(session, folder),
            embedder(onnxruntime_session(folder, [CPU]), folder))


def with_onnxruntime(folder):
    """ONNX Runtime with burin as execution provider."""
    import burin.ort

    burin.ort.register()
    return tuple(embedder(onnxruntime_session(folder, providers), folder)
                 for providers in ([burin.ort.get_ep_name(), CPU], [CPU]))


def with_fastembed(folder):
    """A library that uses ONNX Runtime, told to use the provider."""
    import burin.ort
    import fastembed

    def model(providers):
        made = fastembed.TextEmbedding(
            MODEL, specific_model_path=folder, threads=1, providers=providers)
        return lambda: np.array(list(made.embed(SENTENCES)))

    burin.ort.register()
    return model([burin.ort.get_ep_name(), CPU]), model([CPU])


WAYS = {"burin": with_burin, "onnxruntime": with_onnxruntime,
        "fastembed": with_fastembed}


def compare(calls, rounds=15):
    """Median milliseconds of each, in turn."""
    samples = [[] for _ in calls]
    for _ in range(rounds):
        for call, to in zip(calls, samples):
            start = time.perf_counter()
            call()
            to.append((time.perf_counter() - start) * 1e3)
    return [statistics.median(s) for s in samples]


def main(folder, *ways):
    for way in ways or WAYS:
        calls = WAYS[way](folder)
        got, want = (call() for call in calls)
        ms, was = compare(calls)
        print(f"{way}: {len(SENTENCES)} sentences in {ms:.1f} ms, were "
              f"{was:.1f} ms: {was / ms:.1f}x; cosine "
              f"{(got * want).sum(1).min():.6f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
