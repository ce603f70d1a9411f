# SPDX-License-Identifier: Apache-2.0
"""Small models of the attention operators of com.microsoft that decoders have,
in the forms that burin takes, with inputs."""

import numpy as np
from onnx import TensorProto as T
from onnx import helper

BATCH, HEADS, SIZE = 2, 4, 16
WIDE = HEADS * SIZE


class Form:
    """A model of one operator.  inputs: arrays in its order, None for those
    that are not given."""

    def __init__(self, op, inputs, outputs=1, **attrs):
        names = [f"x{i}" if x is not None else ""
                 for i, x in enumerate(inputs)]
        outs = [f"y{i}" for i in range(outputs)]
        self.feed = {n: x for n, x in zip(names, inputs) if n}
        graph = helper.make_graph(
            [helper.make_node(op, names, outs, name="it",
                              domain="com.microsoft", **attrs)], "g",
            [helper.make_tensor_value_info(
                n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
             for n, x in self.feed.items()],
            [helper.make_tensor_value_info(o, T.FLOAT, None) for o in outs])
        self.model = helper.make_model(graph, ir_version=8, opset_imports=[
            helper.make_opsetid("", 17),
            helper.make_opsetid("com.microsoft", 1)])


def floats(*shape):
    return np.random.default_rng(sum(shape)).standard_normal(
        shape).astype(np.float32)


def table(function, half):
    return function(np.outer(np.arange(40), np.linspace(1, .1, half))
                    ).astype(np.float32)


def multi_head():
    for new, past in ((1, 6), (3, 2), (3, 0)):
        total = new + past
        x = [floats(BATCH, new, WIDE) for _ in range(3)]
        kv = [floats(BATCH, HEADS, past, SIZE) for _ in range(2)]
        mask = np.ones((BATCH, total), np.int32)
        mask[1, :1] = 0
        yield f"MultiHeadAttention, {new} after {past}", Form(
            "MultiHeadAttention", [*x, None, None, None, *kv], 3,
            num_heads=HEADS)
        yield f"MultiHeadAttention, {new} after {past}, masks", Form(
            "MultiHeadAttention", [*x, None, mask, floats(
                1, HEADS, new, total), *kv], 3, num_heads=HEADS, scale=.4)
        yield f"MultiHeadAttention, {new} after {past}, causal", Form(
            "MultiHeadAttention", [*x, floats(3 * WIDE), None, None, *kv], 3,
            num_heads=HEADS, unidirectional=1)
    yield "MultiHeadAttention, present only", Form(
        "MultiHeadAttention", [floats(BATCH, 3, WIDE)] * 3, 3,
        num_heads=HEADS)
    yield "MultiHeadAttention, keys of an encoder", Form(
        "MultiHeadAttention", [floats(BATCH, 3, WIDE), *(
            floats(BATCH, HEADS, 5, SIZE) for _ in range(2))],
        num_heads=HEADS)
    yield "MultiHeadAttention, keys up to a length", Form(
        "MultiHeadAttention", [
            *(floats(BATCH, 2, WIDE) for _ in range(3)), None,
            np.array([5, 3], np.int32), None,
            *(floats(BATCH, HEADS, 3, SIZE) for _ in range(2))], 3,
        num_heads=HEADS)


def packed():
    """Attention: masks of all forms that it takes on a CPU."""
    for new, past in ((1, 6), (3, 2), (3, 0)):
        total = new + past
        one = np.ones((BATCH, total), np.int32)
        one[1, :1] = 0
        for name, mask in (
                ("no mask", None), ("a mask of keys", one),
                ("a mask of queries and keys",
                 np.tril(np.ones((BATCH, new, total), np.int32), past)),
                ("lengths", np.array([total, total - 1], np.int32)),
                ("ends and starts", np.array([total, total, 0, 1],
                                             np.int32))):
            for causal in (0, 1):
                yield (f"Attention, {new} after {past}, {name}, "
                       f"causal {causal}"), Form(
                    "Attention", [floats(BATCH, new, WIDE),
                                  floats(WIDE, 3 * WIDE) / 8,
                                  floats(3 * WIDE), mask,
                                  floats(2, BATCH, HEADS, past, SIZE)], 2,
                    num_heads=HEADS, unidirectional=causal)
    yield "Attention, present only", Form(
        "Attention", [floats(BATCH, 3, WIDE), floats(WIDE, 3 * WIDE) / 8,
                      floats(3 * WIDE)], 2, num_heads=HEADS)


def decoder_masked():
    x = [floats(BATCH, 1, WIDE) for _ in range(3)]
    kv = [floats(BATCH, HEADS, 12, SIZE) for _ in range(2)]
    mask = np.ones((BATCH, 7), np.int32)
    mask[1, :2] = 0
    yield "DecoderMaskedMultiHeadAttention", Form(
        "DecoderMaskedMultiHeadAttention",
        [*x, mask, floats(1, HEADS, 1, 7), *kv, np.array([6], np.int32)], 3,
        num_heads=HEADS, past_present_share_buffer=1)


def group_query():
    for new, past in ((1, 6), (5, 0)):
        for groups in (1, 2, 4):
            for rotary in (0, 1):
                kv = [floats(BATCH, groups, past, SIZE) for _ in range(2)]
                last = np.full(BATCH, new + past - 1, np.int32)
                total = np.array(new + past, np.int32)
                x = [floats(BATCH, new, h * SIZE)
                     for h in (HEADS, groups, groups)]
                if groups == 2:
                    x = [np.concatenate(x, -1), None, None]
                angles = [table(f, SIZE // 2) for f in (np.cos, np.sin)]
                yield (f"GroupQueryAttention, {new} after {past}, {groups} "
                       f"groups, rotary {rotary}"), Form(
                    "GroupQueryAttention",
                    [*x, *kv, last, total, *(angles if rotary else [])], 3,
                    num_heads=HEADS, kv_num_heads=groups, do_rotary=rotary,
                    rotary_interleaved=int(rotary and groups == 4))


def group_query_limits():
    """Windows, sinks, sequences of several lengths, a past with room.  What is
    behind the tokens of a present is 0 in the past, as ONNX Runtime makes
    it."""
    groups, room = 2, 16
    extra = {"plain": ({}, []), "window": ({"local_window_size": 4}, []),
             "rotary": ({"do_rotary": 1}, [table(f, SIZE // 2)
                                           for f in (np.cos, np.sin)]),
             "smooth softmax": ({"smooth_softmax": 1}, []),
             "sinks": ({}, [None] * 4 + [floats(HEADS)]),
             "window of one, sinks, softcap, scores": (
                 {"local_window_size": 1, "softcap": 2.},
                 [None] * 3 + [floats(BATCH, HEADS, 1, 1), floats(HEADS)])}
    for new, past, last in ((1, 9, (9, 9)), (1, room, (9, 9)),
                            (1, room, (8, 5)), (1, 9, (9, 3)),
                            (7, 0, (6, 6)), (7, room, (6, 6))):
        total = max(last) + 1
        for name, (attrs, more) in extra.items():
            kv = [floats(BATCH, groups, past, SIZE) for _ in range(2)]
            for x in kv:
                for b, end in enumerate(last):
                    x[b, :, max(end + 1 - new, 0):] = 0
            if len(more) > 3 and more[3] is not None:
                more[3] = floats(BATCH, HEADS, new, total)
            yield f"GroupQueryAttention, {new} in {past}, {last}: {name}", \
                Form("GroupQueryAttention",
                     [*(floats(BATCH, new, h * SIZE)
                        for h in (HEADS, groups, groups)), *kv,
                      np.array(last, np.int32), np.array(total, np.int32),
                      *more], 3, num_heads=HEADS, kv_num_heads=groups,
                     **attrs)


def rotary():
    angles = [table(f, SIZE // 2) for f in (np.cos, np.sin)]
    place = np.array([[3, 0, 9], [1, 2, 30]])
    for interleaved in (0, 1):
        yield f"RotaryEmbedding, interleaved {interleaved}", Form(
            "RotaryEmbedding", [floats(BATCH, 3, WIDE), place, *angles],
            interleaved=interleaved)
        yield f"RotaryEmbedding of heads, interleaved {interleaved}", Form(
            "RotaryEmbedding", [floats(BATCH, HEADS, 3, SIZE),
                                np.array([4]), *angles],
            interleaved=interleaved)


def forms():
    for family in (multi_head, packed, decoder_masked, group_query,
                   group_query_limits, rotary):
        yield from family()
