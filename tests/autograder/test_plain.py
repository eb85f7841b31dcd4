"""Results as plain data, whatever they were."""

from collections import OrderedDict
from enum import IntEnum
from fractions import Fraction
from itertools import count
from typing import NamedTuple

import numpy
import pytest
import torch

from autograder.calling.attempt import attempt
from autograder.calling.plain import BITS, MOST, plain
from autograder.compare import Foreign

ONES = torch.ones(3)


def test_a_result_is_a_copy():
    kept = [torch.ones(2)]
    outcome = attempt(lambda: kept, {})
    kept[0].zero_()
    assert torch.equal(outcome.result[0], torch.ones(2))


def test_parts_that_were_one_and_the_same_are_copied_apart():
    one = torch.ones(2)
    first, second = plain((one, one))
    first.zero_()
    assert torch.equal(second, torch.ones(2))


def test_an_array_without_a_shape_is_the_number_in_it():
    assert plain(numpy.where(True, 0.5, 2.0)) == 0.5
    assert plain(numpy.asarray(True)) is True
    assert plain([numpy.asarray(3)]) == [3]
    assert isinstance(plain(numpy.asarray("text")), Foreign)


def test_a_graph_stays_behind():
    result = plain(torch.ones(2, requires_grad=True) * 3)
    assert not result.requires_grad
    assert type(plain(torch.nn.Parameter(ONES))) is torch.Tensor


class Level(IntEnum):
    LOW = 1


class Name(str):
    __slots__ = ()


class Pair(NamedTuple):
    a: int
    b: float


PLAIN = {
    "numpy float": (numpy.float64(1.5), 1.5),
    "numpy float32": (numpy.float32(1.5), 1.5),
    "numpy int": (numpy.int64(3), 3),
    "fraction": (Fraction(1, 4), 0.25),
    "enumeration": (Level.LOW, 1),
    "truth": (True, True),
    "text": (Name("adam"), "adam"),
    "ordered": (OrderedDict(a=1), {"a": 1}),
    "odd keys": ({None: 1, (1, 2): 2, Name("k"): 3}, {"None": 1, "(1, 2)": 2, "k": 3}),
    "named tuple": (Pair(1, 2.0), (1, 2.0)),
    "half a character": ("\ud800", "?"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), PLAIN.values(), ids=PLAIN)
def test_what_has_a_plain_form_gets_it(value, expected):
    result = plain(value)
    assert result == expected
    assert type(result) is type(expected)


FOREIGN = {
    "array": (numpy.ones(2), "numpy.ndarray"),
    "numpy truth": (numpy.bool_(True), "numpy.bool"),
    "complex": (1j, "complex"),
    "set": ({1}, "set"),
    "range": (range(3), "range"),
    "module": (torch.nn.ReLU(), "torch.nn.modules.activation.ReLU"),
    "function": (len, "builtin_function_or_method"),
    "sparse": (torch.eye(2).to_sparse(), "a tensor that is sparse, nested or quantized"),
    "huge": (10**400, "an int of over 300 digits"),
}


@pytest.mark.parametrize(("value", "kind"), FOREIGN.values(), ids=FOREIGN)
def test_what_has_no_plain_form_leaves_its_type(value, kind):
    assert attempt(lambda: value, {}).result == Foreign(kind)


def test_an_int_is_plain_as_far_as_floats_reach():
    assert plain(2**BITS - 1) == 2**BITS - 1
    assert isinstance(plain(10**5000), Foreign)


def test_a_nest_that_holds_itself_has_an_end():
    loop = []
    loop.append(loop)
    result, depth = plain(loop), 0
    while isinstance(result, list):
        result, depth = result[0], depth + 1
    assert (result, depth) == (Foreign("list"), 20)


def test_a_tensor_of_a_class_of_its_own_runs_none_of_its_code():
    class Sly(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise AssertionError("ran")

    assert type(plain(ONES.as_subclass(Sly))) is torch.Tensor


@pytest.mark.parametrize("entries", [10**9, 10**15])
def test_a_tensor_that_could_fill_the_memory_is_named_and_not_copied(entries):
    outcome = attempt(lambda: torch.ones(1).expand(entries), {})
    assert outcome.result == Foreign("a tensor of over 10 million entries")


def test_a_result_that_refuses_to_be_read_is_an_error_of_the_call():
    class Broken(dict):
        def items(self):
            raise ValueError("mine")

    assert attempt(Broken, {}).error.startswith("raised ValueError: mine")


def test_what_a_generator_yields_is_a_list():
    kept = torch.zeros(1)
    assert attempt(lambda: (kept.add_(1) for _ in range(3)), {}).result == [1.0, 2.0, 3.0]
    assert len(plain(count())) == MOST
    assert plain([iter("ab")]) == [Foreign("str_ascii_iterator")]
