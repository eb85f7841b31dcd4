"""Messages between two processes that do not trust each other."""

import contextlib
import io
import json
import math
import struct
import sys
from collections import OrderedDict
from fractions import Fraction
from typing import NamedTuple

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.apart.wire import LARGEST, LENGTHS, SENDABLE, WireError, receive, send
from autograder.compare import Foreign
from autograder.recipes import Function, Network, altered


class State(NamedTuple):
    t: int
    m: torch.Tensor


def there(value, *, trusted=False):
    stream = io.BytesIO()
    send(stream, value)
    stream.seek(0)
    return receive(stream, trusted=trusted)


def frame(text, blob: bytes = b"", lengths=None):
    body = text if isinstance(text, bytes) else json.dumps(text).encode()
    return io.BytesIO(LENGTHS.pack(*(lengths or (len(body), len(blob)))) + body + blob)


# ── There and back ──────────────────────────────────────────────────────────────────

numbers = st.none() | st.booleans() | st.integers() | st.floats()
text = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.recursive(
    numbers | text,
    lambda part: (
        st.lists(part)
        | st.lists(part).map(tuple)
        | st.dictionaries(text | st.integers() | st.booleans() | st.none(), part)
    ),
    max_leaves=20,
)


@given(plain)
def test_nested_plain_data_arrives_as_it_was(value):
    assert repr(there(value)) == repr(value)


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3)], ids=str)
@pytest.mark.parametrize("dtype", sorted(SENDABLE, key=str), ids=str)
def test_a_tensor_arrives_bit_for_bit(dtype, shape):
    tensor = (torch.rand(shape) * 5).to(dtype)
    arrived = there([tensor])[0]
    assert (arrived.dtype, arrived.shape) == (dtype, tensor.shape)
    assert torch.equal(arrived, tensor)


def test_numbers_that_are_not_finite_arrive():
    odd = torch.tensor([math.nan, math.inf, -math.inf, -0.0])
    assert not altered(odd, there(odd))
    assert math.isnan(there(math.nan))
    assert there(-math.inf) == -math.inf


def test_a_part_that_stands_twice_arrives_twice():
    one = torch.ones(2)
    first, second = there((one, one))
    first.zero_()
    assert torch.equal(second, torch.ones(2))


def test_a_graph_stays_behind():
    assert not there(torch.ones(2, requires_grad=True)).requires_grad


def test_gaps_in_memory_are_kept_only_from_a_trusted_sender():
    apart = torch.ones(2, 3).T
    assert not there(apart, trusted=True).is_contiguous()
    assert there(apart).is_contiguous()
    assert torch.equal(there(apart), apart)


def test_what_a_case_holds_arrives_from_a_trusted_sender():
    inputs = {
        "f": Function("product"),
        "model": Network((("Linear", 1, 1),), {"0.weight": torch.ones(1, 1)}, {}, False),
        "state": State(1, torch.ones(2)),
        "rng": torch.Generator().manual_seed(3),
    }
    arrived = there(inputs, trusted=True)
    assert arrived["f"] == inputs["f"]
    assert arrived["model"].layers == inputs["model"].layers
    assert not altered(dict(inputs["model"].parameters), arrived["model"].parameters)
    assert arrived["model"].training is False
    assert isinstance(arrived["state"], State)
    assert torch.equal(
        torch.rand(2, generator=arrived["rng"]), torch.rand(2, generator=inputs["rng"])
    )


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (object(), "object"),
        (Fraction(1, 2), "Fraction"),
        ({1}, "set"),
        (b"x", "bytes"),
        (Foreign("numpy.ndarray"), "numpy.ndarray"),
        (torch.ones(2) * 1j, "a tensor of torch.complex64 on cpu"),
        (torch.ones(2, device="meta"), "a tensor of torch.float32 on meta"),
        (torch.eye(2).to_sparse(), "a tensor of torch.float32 on cpu"),
        (torch.tensor([1], dtype=torch.uint16), "a tensor of torch.uint16 on cpu"),
    ],
)
def test_what_cannot_cross_is_named(value, kind):
    assert there((value, 1)) == (Foreign(kind), 1)


def test_messages_follow_each_other_until_the_end():
    stream = io.BytesIO()
    for value in (1, [torch.ones(2)], "x"):
        send(stream, value)
    stream.seek(0)
    assert (receive(stream), len(receive(stream)), receive(stream)) == (1, 1, "x")
    with pytest.raises(EOFError):
        receive(stream)


def test_a_stream_that_gives_little_at_a_time_is_read_on():
    class Trickle(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 3))

    stream = io.BytesIO()
    send(stream, {"x": torch.arange(5)})
    assert torch.equal(receive(Trickle(stream.getvalue()))["x"], torch.arange(5))


# ── What is refused ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value",
    ["x" * (LARGEST[0] + 1), torch.zeros(LARGEST[1] // 4 + 1)],
    ids=["text", "tensor"],
)
def test_nothing_larger_than_the_bound_is_sent(value):
    stream = io.BytesIO()
    with pytest.raises(WireError, match="larger than"):
        send(stream, value)
    assert stream.getvalue() == b""


@pytest.mark.parametrize(
    "lengths", [(2**64 - 1, 0), (0, 2**63), (LARGEST[0] + 1, 0), (0, LARGEST[1] + 1)], ids=str
)
def test_lengths_beyond_the_bound_are_refused_before_anything_is_read(lengths):
    stream = frame(b"", lengths=lengths)
    with pytest.raises(WireError, match="larger than"):
        receive(stream)
    assert stream.tell() == LENGTHS.size


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 20, -1])
def test_a_message_that_breaks_off_is_an_end(cut):
    stream = io.BytesIO()
    send(stream, [torch.ones(4)])
    with pytest.raises(EOFError):
        receive(io.BytesIO(stream.getvalue()[:cut]))


def claiming(dtype, shape, size):
    """Tensors' bytes whose header says this."""
    said = {"0": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}
    packed = json.dumps(said).encode()
    return struct.pack("<Q", len(packed)) + packed + b"0" * size


TENSOR = {"tensor": "0", "spread": False}
HOSTILE = {
    "no JSON": (b"{", b""),
    "no UTF-8": (b'"\xff"', b""),
    "an endless number": (b"9" * 5000, b""),
    "a deep nest": (b"[" * 100_000 + b"]" * 100_000, b""),
    "an unknown part": ({"pickle": "x"}, b""),
    "an empty part": ({}, b""),
    "a tensor that is not there": (TENSOR, b""),
    "a tensor by an odd name": ({"tensor": [1], "spread": 0}, b""),
    "pairs that are none": ({"dict": [[1, 2, 3]]}, b""),
    "pairs that are a number": ({"dict": 1}, b""),
    "a key that cannot be one": ({"dict": [[[], 1]]}, b""),
    "a tuple of a number": ({"tuple": 1}, b""),
    "a foreign that is none": ({"foreign": 1}, b""),
    "a generator's state that is none": (
        {"generator": TENSOR},
        safetensors.torch.save({"0": torch.zeros(3, dtype=torch.uint8)}),
    ),
    "no tensors": (TENSOR, b"\x00"),
    "a header that is no JSON": (TENSOR, struct.pack("<Q", 3) + b"abc"),
    "a header beyond the end": (TENSOR, struct.pack("<Q", 2**60) + b"{}"),
    "a header of a number": (TENSOR, struct.pack("<Q", 1) + b"1"),
    "an unknown dtype": (TENSOR, claiming("X9", [1], 1)),
    "a tensor of four bits": (TENSOR, claiming("F4", [2], 1)),
    "more shape than bytes": (TENSOR, claiming("F32", [10**6], 4)),
    "a shape that overflows": (TENSOR, claiming("F32", [2**63, 2], 4)),
    "a negative shape": (TENSOR, claiming("F32", [-1], 4)),
}


@pytest.mark.parametrize(("text", "blob"), HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("trusted", [False, True], ids=["untrusted", "trusted"])
def test_what_is_no_message_is_refused(text, blob, trusted):
    with pytest.raises(WireError):
        receive(frame(text, blob), trusted=trusted)


@pytest.mark.parametrize("text", [b'"\\ud800"', b'{"dict": [["\\udfff", 1]]}'])
def test_half_a_character_arrives_only_from_a_trusted_sender(text):
    with pytest.raises(WireError):
        receive(frame(text))
    receive(frame(text), trusted=True)  # a notebook's cell, as it is


def test_an_untrusted_sender_cannot_have_a_recipe_built():
    with pytest.raises(WireError, match="unknown part"):
        receive(frame({"recipe": "Function", "fields": [["name", "product"]]}))
    with pytest.raises(WireError, match="unknown part"):
        there(torch.Generator())


def test_an_untrusted_sender_cannot_have_anything_imported():
    assert "this" not in sys.modules
    sent = {"tuple": [1, 2], "type": ["this", "s"]}
    assert receive(frame(sent)) == (1, 2)
    assert type(there(State(1, torch.ones(1)))) is tuple
    assert "this" not in sys.modules


def test_a_type_that_arrives_by_name_is_one_that_the_sender_held():
    assert there(OrderedDict(a=1), trusted=True) == {"a": 1}
    with pytest.raises(WireError):
        receive(frame({"recipe": "Exercise", "fields": []}), trusted=True)


# ── Noise ───────────────────────────────────────────────────────────────────────────


def only_raises_what_it_should(stream):
    with contextlib.suppress(WireError, EOFError):
        receive(stream)


@settings(max_examples=300)
@given(st.binary(max_size=200))
def test_noise_is_refused(noise):
    only_raises_what_it_should(io.BytesIO(noise))


@settings(max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=120))
def test_noise_with_honest_lengths_is_refused(body, blob):
    only_raises_what_it_should(frame(body, blob))


parts = st.recursive(
    numbers | text | st.sampled_from(["0", "1", TENSOR]),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["tensor", "spread", "tuple", "type", "dict", "recipe", "fields", "generator",
                 "foreign"]
            ),
            part,
            max_size=3,
        )
    ),
    max_leaves=12,
)  # fmt: skip
BLOB = safetensors.torch.save({"0": torch.ones(2), "1": torch.tensor([True])})


@settings(max_examples=300)
@given(parts)
def test_parts_put_together_at_random_are_read_or_refused(value):
    only_raises_what_it_should(frame(value, BLOB))


@settings(max_examples=300)
@given(st.data())
def test_a_message_with_bytes_changed_is_read_or_refused(data):
    stream = io.BytesIO()
    send(
        stream,
        {"x": (torch.ones(2, 3), [1, None, "abc"]), 3: torch.tensor([1], dtype=torch.bfloat16)},
    )
    message = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    only_raises_what_it_should(io.BytesIO(bytes(message)))
