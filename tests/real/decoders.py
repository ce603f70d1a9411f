# SPDX-License-Identifier: Apache-2.0
"""Decoders with a past and random weights, node by node as Optimum exports
them: GPT-2, Llama and T5.  Greedy decoding with them.

    decoders.py KIND FILE [full]    write one; full: as large as the original
"""

import math
import sys

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper, numpy_helper

LOWEST = float(np.finfo(np.float32).min)


class Builder:
    """Nodes under construction.  Values are names."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.weights, self.inputs, self.outputs = [], [], [], []
        self.known = {}

    def __getattr__(self, op):
        """b.Add(x, y): the name of the result."""
        return lambda *args, **attrs: self.many(op, 1, *args, **attrs)[0]

    def many(self, op, count, *args, **attrs):
        out = [f"{op.lower()}_{len(self.nodes)}_{i}" for i in range(count)]
        self.nodes.append(helper.make_node(op, list(args), out, **attrs))
        return out

    def const(self, value, dtype):
        key = (str(value), dtype)
        if key not in self.known:
            self.known[key] = self.weight(np.array(value, dtype))
        return self.known[key]

    def ints(self, *values):
        return self.const(list(values), np.int64)

    def int(self, value):
        return self.const(value, np.int64)

    def float(self, value):
        return self.const(value, np.float32)

    def weight(self, array):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def random(self, *shape, scale=None, mean=0):
        scale = scale or 1 / math.sqrt(shape[0])
        return self.weight((self.rng.standard_normal(shape, np.float32) *
                            scale + mean).astype(np.float32))

    def input(self, name, dtype, *shape):
        self.inputs.append(helper.make_tensor_value_info(name, dtype, shape))
        return name

    def output(self, value, name, *shape):
        self.nodes.append(helper.make_node("Identity", [value], [name]))
        self.outputs.append(
            helper.make_tensor_value_info(name, T.FLOAT, shape))

    def dim(self, x, axis):
        return self.Gather(self.Shape(x), self.int(axis), axis=0)

    def shape(self, *sizes):
        """Names of scalars, and ints, as one vector."""
        return self.Concat(*[
            self.Unsqueeze(s, self.ints(0)) if isinstance(s, str)
            else self.ints(s) for s in sizes], axis=0)

    def slice(self, x, start, end, axis):
        """Bounds are names of vectors or numbers."""
        start, end = (v if isinstance(v, str) else self.ints(v)
                      for v in (start, end))
        return self.Slice(x, start, end, self.ints(axis), self.ints(1))

    def save(self, path):
        graph = helper.make_graph(self.nodes, "decoder", self.inputs,
                                  self.outputs, self.weights)
        model = helper.make_model(graph, ir_version=8, opset_imports=[
            helper.make_opsetid("", 14)])
        big = sum(len(w.raw_data) for w in self.weights) > 1 << 30
        onnx.save(model, path, save_as_external_data=big,
                  location="weights.bin")

    # ---- parts that the models share ----

    def heads(self, x, heads, size):
        """[batch, seq, heads * size] to [batch, heads, seq, size]."""
        to = self.shape(self.dim(x, 0), self.dim(x, 1), heads, size)
        return self.Transpose(self.Reshape(x, to), perm=[0, 2, 1, 3])

    def join(self, x, features):
        x = self.Transpose(x, perm=[0, 2, 1, 3])
        return self.Reshape(x, self.shape(self.dim(x, 0), self.dim(x, 1),
                                          features))

    def past(self, layer, heads, size, kind=""):
        return [self.input(f"past_key_values.{layer}.{kind}{what}", T.FLOAT,
                           "batch_size", heads, f"past_{kind}length", size)
                for what in ("key", "value")]

    def present(self, layer, heads, size, kv, kind=""):
        for what, x in zip(("key", "value"), kv):
            self.output(x, f"present.{layer}.{kind}{what}", "batch_size",
                        heads, f"total_{kind}length", size)

    def layer_norm(self, x, size):
        mean = self.ReduceMean(x, axes=[-1])
        d = self.Sub(x, mean)
        var = self.ReduceMean(self.Pow(d, self.float(2)), axes=[-1])
        x = self.Div(d, self.Sqrt(self.Add(var, self.float(1e-5))))
        return self.Add(self.Mul(x, self.random(size, scale=.1, mean=1)),
                        self.random(size, scale=.1))

    def rms_norm(self, x, size):
        var = self.ReduceMean(self.Pow(x, self.float(2)), axes=[-1])
        inverse = self.Div(self.float(1), self.Sqrt(
            self.Add(var, self.float(1e-6))))
        return self.Mul(self.random(size, scale=.1, mean=1),
                        self.Mul(x, inverse))

    def linear(self, x, rows, cols):
        return self.MatMul(x, self.random(rows, cols))

    def gelu_new(self, x):
        inner = self.Add(x, self.Mul(self.float(0.044715),
                                     self.Pow(x, self.float(3))))
        t = self.Tanh(self.Mul(self.float(math.sqrt(2 / math.pi)), inner))
        return self.Mul(self.Mul(self.float(.5), x),
                        self.Add(self.float(1), t))

    def padding(self, mask):
        """attention_mask [batch, total] as numbers to add to scores."""
        m = self.Unsqueeze(self.Unsqueeze(mask, self.ints(1)), self.ints(2))
        m = self.Sub(self.float(1), self.Cast(m, to=T.FLOAT))
        return self.Mul(m, self.float(LOWEST))


# ---- GPT-2 -----------------------------------------------------------------

def gpt2_attention(b, x, layer, mask, table, heads, size):
    wide = heads * size
    flat = b.Reshape(x, b.shape(-1, wide))
    qkv = b.Gemm(flat, b.random(wide, 3 * wide), b.random(3 * wide, scale=.1))
    qkv = b.Reshape(qkv, b.shape(b.dim(x, 0), b.dim(x, 1), 3 * wide))
    q, *kv = [b.heads(v, heads, size) for v in b.many(
        "Split", 3, qkv, b.ints(wide, wide, wide), axis=2)]
    kv = [b.Concat(p, v, axis=-2)
          for p, v in zip(b.past(layer, heads, size), kv)]
    b.present(layer, heads, size, kv)
    scores = b.MatMul(q, b.Transpose(kv[0], perm=[0, 1, 3, 2]))
    scores = b.Div(scores, b.float(math.sqrt(size)))
    keys, queries = b.dim(kv[0], 2), b.dim(q, 2)
    end = b.Unsqueeze(keys, b.ints(0))
    start = b.Unsqueeze(b.Sub(keys, queries), b.ints(0))
    causal = b.slice(b.slice(table, start, end, 2), 0, end, 3)
    scores = b.Where(b.Cast(causal, to=T.BOOL), scores, b.float(LOWEST))
    p = b.Softmax(b.Add(scores, mask), axis=-1)
    y = b.Reshape(b.join(b.MatMul(p, kv[1]), wide), b.shape(-1, wide))
    y = b.Gemm(y, b.random(wide, wide), b.random(wide, scale=.1))
    return b.Reshape(y, b.shape(b.dim(x, 0), b.dim(x, 1), wide))


def gpt2_mlp(b, x, wide):
    flat = b.Reshape(x, b.shape(-1, wide))
    y = b.Gemm(flat, b.random(wide, 4 * wide), b.random(4 * wide, scale=.1))
    y = b.Reshape(y, b.shape(b.dim(x, 0), b.dim(x, 1), 4 * wide))
    y = b.Reshape(b.gelu_new(y), b.shape(-1, 4 * wide))
    y = b.Gemm(y, b.random(4 * wide, wide), b.random(wide, scale=.1))
    return b.Reshape(y, b.shape(b.dim(x, 0), b.dim(x, 1), wide))


def gpt2(path, layers=2, heads=4, size=16, vocab=100, places=256, seed=0):
    """GPT-2: causal masks cut out of a table, one Where and one Add a layer."""
    b = Builder(seed)
    wide = heads * size
    ids = b.input("input_ids", T.INT64, "batch_size", "sequence_length")
    mask = b.input("attention_mask", T.INT64, "batch_size",
                   "past_sequence_length + 1")
    place = b.input("position_ids", T.INT64, "batch_size", "sequence_length")
    table = b.weight(np.tril(np.ones((1, 1, places, places), np.uint8)))
    x = b.Add(b.Gather(b.random(vocab, wide, scale=1), ids),
              b.Gather(b.random(places, wide, scale=.3), place))
    mask = b.padding(mask)
    for n in range(layers):
        x = b.Add(gpt2_attention(b, b.layer_norm(x, wide), n, mask, table,
                                 heads, size), x)
        x = b.Add(x, gpt2_mlp(b, b.layer_norm(x, wide), wide))
    b.output(b.linear(b.layer_norm(x, wide), wide, vocab), "logits",
             "batch_size", "sequence_length", vocab)
    b.save(path)


# ---- Llama -----------------------------------------------------------------

def llama_mask(b, x, mask, place):
    """[batch, 1, queries, total], made as transformers makes it: a triangle
    where there are several queries, its upper part by position, and padding."""
    rows, total = b.dim(x, 1), b.dim(mask, 1)
    full = b.Expand(b.float(LOWEST), b.shape(rows, total))
    full = b.Trilu(full, b.int(1), upper=1)
    first = b.Sub(total, rows)
    where = b.Range(first, total, b.int(1))
    keys = b.Range(b.int(0), total, b.int(1))
    later = b.Greater(keys, b.Unsqueeze(where, b.ints(1)))
    full = b.Where(later, b.float(LOWEST), b.Mul(full, b.float(0)))
    full = b.Unsqueeze(b.Unsqueeze(full, b.ints(0)), b.ints(1))
    full = b.Expand(full, b.shape(b.dim(x, 0), 1, rows, total))
    pad = b.Unsqueeze(b.Unsqueeze(b.Cast(mask, to=T.FLOAT), b.ints(1)),
                      b.ints(2))
    gone = b.Equal(b.Add(full, pad), b.float(0))
    return b.Where(gone, b.float(LOWEST), full)


def turn(b, x, cos, sin, size):
    """Rotary position embedding, halves."""
    lo, hi = b.slice(x, 0, size // 2, 3), b.slice(x, size // 2,
                                                  sys.maxsize, 3)
    turned = b.Concat(b.Neg(hi), lo, axis=-1)
    return b.Add(b.Mul(x, cos), b.Mul(turned, sin))


def angles(b, place, size):
    """cos and sin [batch, 1, seq, size] of the positions."""
    rate = 1 / 10000 ** (np.arange(0, size, 2) / size)
    rate = b.weight(rate.astype(np.float32)[None, :, None])
    place = b.Cast(b.Unsqueeze(place, b.ints(1)), to=T.FLOAT)
    half = b.Transpose(b.MatMul(rate, place), perm=[0, 2, 1])
    both = b.Concat(half, half, axis=-1)
    return [b.Unsqueeze(b.Mul(f(both), b.float(1)), b.ints(1))
            for f in (b.Cos, b.Sin)]


def repeat(b, x, groups, times, size):
    """Heads of keys, each several times."""
    if times == 1:
        return x
    batch, seq = b.dim(x, 0), b.dim(x, 2)
    y = b.Unsqueeze(x, b.ints(2))
    y = b.Expand(y, b.shape(batch, groups, times, seq, size))
    return b.Reshape(y, b.shape(batch, groups * times, seq, size))


def llama_attention(b, x, layer, mask, cos_sin, heads, groups, size):
    wide = heads * size
    q = turn(b, b.heads(b.linear(x, wide, wide), heads, size), *cos_sin, size)
    k, v = (b.heads(b.linear(x, wide, groups * size), groups, size)
            for _ in range(2))
    kv = [b.Concat(p, n, axis=-2) for p, n in zip(
        b.past(layer, groups, size), (turn(b, k, *cos_sin, size), v))]
    b.present(layer, groups, size, kv)
    k, v = (repeat(b, y, groups, heads // groups, size) for y in kv)
    scores = b.MatMul(q, b.Transpose(k, perm=[0, 1, 3, 2]))
    scores = b.Mul(scores, b.float(1 / math.sqrt(size)))
    p = b.Softmax(b.Add(scores, mask), axis=-1)
    return b.linear(b.join(b.MatMul(p, v), wide), wide, wide)


def llama_mlp(b, x, wide, inner):
    gate, up = b.linear(x, wide, inner), b.linear(x, wide, inner)
    return b.linear(b.Mul(b.Mul(gate, b.Sigmoid(gate)), up), inner, wide)


def llama(path, layers=2, heads=4, groups=2, size=16, inner=96, vocab=100,
          seed=0):
    """Llama: RMSNorm, rotary embedding spelled out, groups of queries,
    SwiGLU, one mask for all layers."""
    b = Builder(seed)
    wide = heads * size
    ids = b.input("input_ids", T.INT64, "batch_size", "sequence_length")
    mask = b.input("attention_mask", T.INT64, "batch_size",
                   "past_sequence_length + 1")
    place = b.input("position_ids", T.INT64, "batch_size", "sequence_length")
    x = b.Gather(b.random(vocab, wide, scale=1), ids)
    mask = llama_mask(b, x, mask, place)
    cos_sin = angles(b, place, size)
    for n in range(layers):
        x = b.Add(x, llama_attention(b, b.rms_norm(x, wide), n, mask,
                                     cos_sin, heads, groups, size))
        x = b.Add(x, llama_mlp(b, b.rms_norm(x, wide), wide, inner))
    b.output(b.linear(b.rms_norm(x, wide), wide, vocab), "logits",
             "batch_size", "sequence_length", vocab)
    b.save(path)


# ---- T5 --------------------------------------------------------------------

def buckets(b, x, past, table):
    """The relative position bias [1, heads, queries, keys] of T5's decoder,
    whose 32 buckets are one a distance up to 16, then wider ones."""
    keys = b.Add(b.dim(x, 1), b.dim(past, 2))
    where = b.Range(b.int(0), keys, b.int(1))
    back = b.Sub(b.Unsqueeze(where, b.ints(1)), b.Unsqueeze(where, b.ints(0)))
    back = b.Max(back, b.int(0))
    far = b.Log(b.Div(b.Cast(b.Max(back, b.int(1)), to=T.FLOAT), b.float(16)))
    far = b.Cast(b.Mul(b.Div(far, b.float(math.log(8))), b.float(16)),
                 to=T.INT64)
    far = b.Min(b.Add(far, b.int(16)), b.int(31))
    bucket = b.Where(b.Less(back, b.int(16)), back, far)
    bias = b.Unsqueeze(b.Transpose(b.Gather(table, bucket), perm=[2, 0, 1]),
                       b.ints(0))
    rows = b.Unsqueeze(b.Neg(b.dim(x, 1)), b.ints(0))
    causal = b.Cast(b.LessOrEqual(b.Unsqueeze(where, b.ints(0)),
                                  b.Unsqueeze(where, b.ints(1))), to=T.FLOAT)
    causal = b.Mul(b.Sub(b.float(1), causal), b.float(LOWEST))
    return b.slice(b.Add(bias, causal), rows, sys.maxsize, 2)


def t5_attention(b, q, kv, bias, heads, size):
    """Scores are not scaled."""
    scores = b.MatMul(q, b.Transpose(kv[0], perm=[0, 1, 3, 2]))
    p = b.Softmax(b.Add(scores, bias), axis=-1)
    y = b.MatMul(p, kv[1])
    return b.linear(b.join(y, heads * size), heads * size, heads * size)


def t5(path, layers=2, heads=4, size=16, inner=128, vocab=100, seed=0):
    """T5's decoder with a past: relative positions, and attention to keys and
    values of the encoder, which are inputs."""
    b = Builder(seed)
    wide = heads * size
    ids = b.input("input_ids", T.INT64, "batch_size", "sequence_length")
    mask = b.input("encoder_attention_mask", T.INT64, "batch_size",
                   "past_encoder_length")
    x = b.Gather(b.random(vocab, wide, scale=1), ids)
    pad, bias = b.padding(mask), None
    table = b.random(32, heads, scale=1)
    for n in range(layers):
        y = b.rms_norm(x, wide)
        q, k, v = (b.heads(b.MatMul(y, b.random(
            wide, wide, scale=s / math.sqrt(wide))), heads, size)
            for s in (1 / math.sqrt(size), 1, 1))
        past = b.past(n, heads, size, "decoder.")
        kv = [b.Concat(p, t, axis=2) for p, t in zip(past, (k, v))]
        b.present(n, heads, size, kv, "decoder.")
        bias = bias or buckets(b, x, past[0], table)
        x = b.Add(x, t5_attention(b, q, kv, bias, heads, size))
        q = b.heads(b.MatMul(b.rms_norm(x, wide), b.random(
            wide, wide, scale=1 / math.sqrt(wide * size))), heads, size)
        x = b.Add(x, t5_attention(
            b, q, b.past(n, heads, size, "encoder."), pad, heads, size))
        y = b.Relu(b.linear(b.rms_norm(x, wide), wide, inner))
        x = b.Add(x, b.linear(y, inner, wide))
    b.output(b.linear(b.rms_norm(x, wide), wide, vocab), "logits",
             "batch_size", "sequence_length", vocab)
    b.save(path)


KINDS = {"gpt2": gpt2, "llama": llama, "t5": t5}
FULL = {
    "gpt2": {"layers": 12, "heads": 12, "size": 64, "places": 1024,
             "vocab": 50257},
    "llama": {"layers": 16, "heads": 32, "groups": 8, "size": 64,
              "inner": 8192, "vocab": 128256},
    "t5": {"layers": 12, "heads": 12, "size": 64, "inner": 3072,
           "vocab": 32128},
}


# ---- decoding --------------------------------------------------------------

def first_feed(kind, inputs, batch, prompt, rng):
    """Inputs of the first call.  inputs: (name, shape) of the session."""
    vocab = 100
    feed = {"input_ids": rng.integers(0, vocab, (batch, prompt))}
    ones = np.ones((batch, prompt), np.int64)
    ones[1:, :1] = 0                    # padding on the left
    for name, shape in inputs:
        if name == "attention_mask":
            feed[name] = ones
        elif name == "position_ids":
            feed[name] = np.maximum(ones.cumsum(1) - 1, 0)
        elif name == "encoder_attention_mask":
            feed[name] = np.ones((batch, 7), np.int64)
            feed[name][1:, 5:] = 0
        elif name.startswith("past"):
            tokens = 7 if "encoder" in name else 0
            feed[name] = rng.standard_normal(
                (batch, shape[1], tokens, shape[3])).astype(np.float32)
    return feed


def next_feed(feed, token, outputs):
    """Inputs of the call after one that gave outputs (by name)."""
    feed = dict(feed, input_ids=token)
    if "attention_mask" in feed:
        one = np.ones_like(token)
        feed["attention_mask"] = np.concatenate(
            [feed["attention_mask"], one], 1)
    if "position_ids" in feed:
        feed["position_ids"] = feed["position_ids"][:, -1:] + 1
    for name, array in outputs.items():
        if name.startswith("present"):
            feed[name.replace("present", "past_key_values")] = array
    return feed


def greedy(run, feed, steps):
    """Tokens [steps, batch] and by how much each one won.  run(feed) returns
    the outputs by name."""
    tokens, margins = [], []
    for _ in range(steps):
        out = run(feed)
        logits = out["logits"][:, -1]
        best = np.sort(logits, -1)
        tokens.append(logits.argmax(-1))
        margins.append(best[:, -1] - best[:, -2])
        feed = next_feed(feed, tokens[-1][:, None], out)
    return np.array(tokens), np.array(margins)


if __name__ == "__main__":
    KINDS[sys.argv[1]](sys.argv[2], **(FULL[sys.argv[1]]
                                       if sys.argv[3:] else {}))
