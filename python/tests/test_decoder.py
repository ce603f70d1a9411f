# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

import burin
import onnx_file

HEADS, SIZE, TOKENS = 2, 4, 5


@pytest.fixture
def session():
    """Causal attention with a past."""
    new, past = ("b", HEADS, "s", SIZE), ("b", HEADS, "p", SIZE)
    return burin.InferenceSession(onnx_file.model(
        [onnx_file.node("Attention", ["q", "k", "v", "", "past_key_values.k",
                                      "past_key_values.v"],
                        ["y", "present.k", "present.v"], is_causal=1)],
        [(n, np.float32, new) for n in "qkv"] +
        [(f"past_key_values.{n}", np.float32, past) for n in "kv"],
        [("y", np.float32, new)] +
        [(f"present.{n}", np.float32, ("b", HEADS, "t", SIZE)) for n in "kv"],
        opset=23))


@pytest.fixture
def feed():
    rng = np.random.default_rng(0)
    return {n: rng.standard_normal((1, HEADS, TOKENS, SIZE), np.float32)
            for n in "qkv"}


def whole(session, feed):
    none = np.zeros((1, HEADS, 0, SIZE), np.float32)
    return session.run(None, {**feed, "past_key_values.k": none,
                              "past_key_values.v": none})


def test_steps_give_what_one_run_gives(session, feed):
    y, k, v = whole(session, feed)
    decoder = session.decoder(8)
    for first, end in ((0, 2), (2, 3), (3, 5)):
        part, = decoder.run(None, {n: a[:, :, first:end]
                                   for n, a in feed.items()})
        np.testing.assert_allclose(part, y[:, :, first:end], rtol=1e-5)
        assert decoder.tokens == end
    np.testing.assert_array_equal(decoder.past["past_key_values.k"][:, :, :5],
                                  k)
    np.testing.assert_array_equal(decoder.past["past_key_values.v"][:, :, :5],
                                  v)


def test_rewound_tokens_are_written_again(session, feed):
    decoder = session.decoder(8)
    first, = decoder.run(["y"], feed)
    decoder.rewind(2)
    again, = decoder.run(["y"], {n: a[:, :, 2:] for n, a in feed.items()})
    np.testing.assert_allclose(again, first[:, :, 2:], rtol=1e-5)
    with pytest.raises(burin.InvalidArgument):
        decoder.rewind(6)


def test_what_has_no_room_is_refused(session, feed):
    decoder = session.decoder(TOKENS)
    decoder.run(None, feed)
    with pytest.raises(burin.InvalidArgument, match="room for 5 tokens"):
        decoder.run(None, feed)
    with pytest.raises(burin.InvalidArgument, match="'q' is missing"):
        session.decoder(8).run(None, {})


def test_only_presents_share(session):
    with pytest.raises(burin.Unsupported):
        session.decoder(8, shared={"q": "y"})
