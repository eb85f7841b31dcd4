"""Two results, and the one sentence that says where they first differ."""

import math
from collections import OrderedDict
from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autograder.calling.plain import plain
from autograder.compare import (
    TOLERANCE,
    Complaint,
    Foreign,
    Kind,
    close,
    disagreement,
    kind_of,
    number,
)

tensor = torch.tensor
ONES = torch.ones(2, 3)


def spoiled(at=(1, 2), value=5.0):
    changed = ONES.clone()
    changed[at] = value
    return changed


# ── One sentence for each kind ──────────────────────────────────────────────────────

DIFFERENCES = {
    "no return": (
        None,
        ONES,
        Kind.TYPE,
        "result should be a tensor, got None: is a `return` missing?",
    ),
    "number for tensor": (3.0, ONES, Kind.TYPE, "result should be a tensor, got a float"),
    "list for tensor": ([1, 2], ONES, Kind.TYPE, "result should be a tensor, got a list of 2"),
    "int for tensor": (3, ONES, Kind.TYPE, "result should be a tensor, got an int"),
    "foreign": (
        Foreign("numpy.ndarray"),
        ONES,
        Kind.TYPE,
        "result should be a tensor, got a value of type numpy.ndarray",
    ),
    "tensor for number": (
        tensor(1.0),
        1.0,
        Kind.TYPE,
        "result should be a float (a plain Python number), got a tensor of shape ()",
    ),
    "float for int": (
        3.0,
        3,
        Kind.TYPE,
        "result should be an int (a plain Python number), got a float",
    ),
    "bool for int": (
        True,
        1,
        Kind.TYPE,
        "result should be an int (a plain Python number), got a bool",
    ),
    "bool for float": (
        True,
        1.0,
        Kind.TYPE,
        "result should be a float (a plain Python number), got a bool",
    ),
    "text for number": (
        "1",
        1.0,
        Kind.TYPE,
        "result should be a float (a plain Python number), got a str",
    ),
    "shape": (
        torch.ones(3, 2),
        ONES,
        Kind.SHAPE,
        "result should have shape (2, 3), got (3, 2)",
    ),
    "0-d for one entry": (
        tensor(1.0),
        tensor([1.0]),
        Kind.SHAPE,
        "result should have shape (1,), got ()",
    ),
    "empty for 0-d": (
        torch.empty(0),
        tensor(1.0),
        Kind.SHAPE,
        "result should have shape (), got (0,)",
    ),
    "dtype": (
        ONES.double(),
        ONES,
        Kind.DTYPE,
        "result should have dtype torch.float32, got torch.float64",
    ),
    "complex for real": (
        ONES * 1j,
        ONES,
        Kind.DTYPE,
        "result should have dtype torch.float32, got torch.complex64",
    ),
    "int for bool tensor": (
        tensor([1]),
        tensor([True]),
        Kind.DTYPE,
        "result should have dtype torch.bool, got torch.int64",
    ),
    "device": (ONES.to("meta"), ONES, Kind.DEVICE, "result should be on cpu, got meta"),
    "NaN": (
        spoiled(value=math.nan),
        ONES,
        Kind.NOT_FINITE,
        "result[1, 2] should be 1, got nan (1 of 6 entries)",
    ),
    "inf number": (math.inf, 2.0, Kind.NOT_FINITE, "result should be 2, got inf"),
    "value": (spoiled(), ONES, Kind.VALUES, "result[1, 2] should be 1, got 5 (1 of 6 entries)"),
    "0-d value": (tensor(2.5), tensor(1.5), Kind.VALUES, "result should be 1.5, got 2.5"),
    "whole entry": (tensor([4]), tensor([3]), Kind.VALUES, "result[0] should be 3, got 4"),
    "truth value": (
        tensor([True]),
        tensor([False]),
        Kind.VALUES,
        "result[0] should be False, got True",
    ),
    "complex value": (
        tensor([1j]),
        tensor([2j]),
        Kind.VALUES,
        "result[0] should be 2j, got 1j",
    ),
    "number": (2.0, 1.0, Kind.VALUES, "result should be 1, got 2"),
    "whole number": (4, 3, Kind.VALUES, "result should be 3, got 4"),
    "None wanted": (1, None, Kind.VALUES, "result should be None, got 1"),
    "text": ("a", "b", Kind.VALUES, "result should be b, got a"),
    "False wanted": (0, False, Kind.VALUES, "result should be False, got 0"),
    "tuple wanted": (
        ONES,
        (ONES, ONES),
        Kind.TYPE,
        "result should be a tuple of 2, got a tensor of shape (2, 3)",
    ),
    "too few": (
        (1.0,),
        (1.0, 2.0),
        Kind.TYPE,
        "result should be a tuple of 2, got a tuple of 1",
    ),
    "text for list": ("ab", ["a", "b"], Kind.TYPE, "result should be a list of 2, got a str"),
    "list for dict": (
        [1],
        {"a": 1},
        Kind.TYPE,
        "result should be a dictionary, got a list of 1",
    ),
    "lacks a key": ({"a": 1}, {"a": 1, "b": 2}, Kind.TYPE, "result lacks 'b'"),
    "other keys": (
        {1: 1, "c": 2},
        {"a": 1},
        Kind.TYPE,
        "result lacks 'a' and should not have 1, 'c'",
    ),
}


@pytest.mark.parametrize(
    ("got", "expected", "kind", "sentence"), DIFFERENCES.values(), ids=DIFFERENCES
)
def test_each_difference_has_its_sentence(got, expected, kind, sentence):
    complaint = disagreement(got, expected)
    assert (complaint, complaint.kind) == (sentence, kind)


def test_the_kinds_stand_in_the_order_in_which_it_helps_to_hear_of_them():
    names = " ".join(kind.name.lower() for kind in Kind)
    assert names == "missing raised type shape dtype device modified not_finite values"
    assert all(a < b for a, b in pairwise(Kind))


IN_ORDER = [  # each also has every fault of those after it
    ("type", [1.0]),
    ("shape", torch.full((3,), math.nan, dtype=torch.float64)),
    ("dtype", torch.full((2,), math.nan, dtype=torch.float64)),
    ("device", torch.full((2,), math.nan, device="meta")),
    ("not_finite", tensor([9.0, math.nan])),
    ("values", tensor([9.0, 1.0])),
]


@pytest.mark.parametrize(("first", "got"), IN_ORDER, ids=[name for name, _ in IN_ORDER])
def test_of_several_faults_the_first_in_the_fixed_order_is_named(first, got):
    assert disagreement(got, torch.ones(2)).kind is Kind[first.upper()]


# ── What agrees ─────────────────────────────────────────────────────────────────────

AGREEMENTS = {
    "int for float": (1, 1.0),
    "fraction for float": (Fraction(1, 2), 0.5),
    "list for tuple": ([ONES, 2], (ONES, 2)),
    "tuple for list": ((1.0, 2.0), [1.0, 2.0]),
    "another mapping": (OrderedDict(b=1, a=2), {"a": 2, "b": 1}),
    "NaN where NaN belongs": (tensor([math.nan, 1.0]), tensor([math.nan, 1.0])),
    "NaN as a number": (math.nan, math.nan),
    "inf where inf belongs": (-math.inf, -math.inf),
    "with a graph": (torch.ones(2, requires_grad=True), torch.ones(2)),
    "not contiguous": (torch.ones(3, 2).T, ONES),
    "empty": (torch.empty(0, 3), torch.empty(0, 3)),
    "nothing": ((), []),
    "None": (None, None),
    "text": ("sgd", "sgd"),
    "odd keys": ({None: 1, (1, 2): 2.0}, {(1, 2): 2.0, None: 1}),
}


@pytest.mark.parametrize(("got", "expected"), AGREEMENTS.values(), ids=AGREEMENTS)
def test_what_means_the_same_agrees(got, expected):
    assert disagreement(got, expected) == ""


@given(st.floats(), st.floats())
def test_numbers_agree_as_torch_says(got, expected):
    rtol, atol = TOLERANCE[torch.float32]
    as_tensors = (torch.tensor(each, dtype=torch.float64) for each in (got, expected))
    agree = bool(torch.isclose(*as_tensors, rtol=rtol, atol=atol, equal_nan=True))
    assert (disagreement(got, expected) == "") == agree


@given(st.integers(), st.integers())
def test_whole_numbers_agree_only_when_they_are_equal(got, expected):
    assert (disagreement(got, expected) == "") == (got == expected)


@pytest.mark.parametrize("big", [2**24 + 1, 2**53 + 1, 10**400])
def test_whole_numbers_beyond_what_a_float_holds_are_told_apart(big):
    assert disagreement(big, big) == ""
    assert disagreement(big - 1, big).kind is Kind.VALUES
    assert disagreement(big, 1.0).kind is Kind.VALUES


# ── Tolerances ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_the_tolerance_is_that_of_the_dtype(dtype):
    rtol, _ = TOLERANCE[dtype]
    right = torch.full((3,), 8.0, dtype=dtype)
    assert disagreement(right * (1 + rtol / 2), right) == ""
    assert disagreement(right * (1 + 4 * rtol), right).kind is Kind.VALUES


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
def test_rounding_is_forgiven_and_a_fifth_is_not(dtype):
    right = torch.tensor([3.0, 1e-3], dtype=dtype)
    assert disagreement(right * (1 + 2 * torch.finfo(dtype).eps), right) == ""
    assert disagreement(right * 1.2, right).kind is Kind.VALUES


def test_float32_inside_a_float64_computation_shows():
    third = torch.tensor([1 / 3], dtype=torch.float64)
    assert disagreement(third.float().double(), third).kind is Kind.VALUES


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool], ids=str)
def test_whole_entries_have_no_tolerance(dtype):
    assert disagreement(torch.zeros(2, dtype=dtype), torch.ones(2, dtype=dtype))


@pytest.mark.parametrize("wrap", [float, tensor], ids=["number", "tensor"])
def test_a_judge_may_have_tolerances_of_its_own(wrap):
    strict, lax = close(rtol=1e-4, atol=0.0), close(rtol=0.0, atol=1.0)
    assert strict(wrap(1.1e-30), wrap(1e-30)).kind is Kind.VALUES
    assert disagreement(wrap(1.1e-30), wrap(1e-30)) == ""
    assert lax(wrap(1.5), wrap(1.0)) == ""


def test_a_judge_may_take_any_floating_dtype_but_no_other():
    judge = close(any_float=True)
    assert judge(ONES.double(), ONES) == ""
    assert judge(ONES, ONES.double()) == ""
    assert judge(ONES.int(), ONES).kind is Kind.DTYPE
    assert judge(ONES * 1j, ONES).kind is Kind.DTYPE


# ── Nested results, part by part ────────────────────────────────────────────────────


def test_only_the_wrong_part_is_complained_about_and_the_right_ones_are_named():
    got, expected = (ONES, [spoiled(), ONES]), (ONES, [ONES, ONES])
    assert disagreement(got, expected) == (
        "result[1][0][1, 2] should be 1, got 5 (1 of 6 entries); right: result[0], result[1][1]"
    )


def test_parts_that_differ_in_their_number_only_are_named_together():
    complaint = disagreement(
        [0.0, 5.0, 5.0, 3.0, 5.0], [0.0, 1.0, 2.0, 3.0, 4.0], call=lambda p: f"the rate {p[0]}"
    )
    assert complaint == (
        "the rate 1 should be 1, got 5; also wrong: the rate 2 and 4; right: the rate 0 and 3"
    )


def test_the_other_wrong_parts_are_named_too():
    complaint = disagreement({"a": 1.0, "b": 5.0, "c": ONES.T}, {"a": 1.0, "b": 2.0, "c": ONES})
    assert complaint == (
        "result['c'] should have shape (2, 3), got (3, 2); also wrong: result['b']; "
        "right: result['a']"
    )


def test_when_every_part_is_wrong_the_first_complaint_is_enough():
    assert disagreement((1.0, 2.0), (3.0, 4.0)) == "result[0] should be 3, got 1"


def test_an_exercise_may_have_better_words_for_the_parts():
    judge = close(call=lambda path: f"the gradient of layer {path[0] + 1}")
    assert judge([1.0, 2.0], [1.0, 3.0]) == (
        "the gradient of layer 2 should be 3, got 2; right: the gradient of layer 1"
    )


def test_a_missing_nest_is_one_wrong_part():
    assert disagreement((1.0, None), (1.0, (2.0, 3.0))) == (
        "result[1] should be a tuple of 2, got None: is a `return` missing?; right: result[0]"
    )


def test_a_wide_nest_is_ruled_on_in_one_sentence():
    right = [float(i) for i in range(2000)]
    assert disagreement(right, list(right)) == ""
    assert disagreement(right[::-1], right).startswith("result[0] should be 0, got 1999")


# ── What stays secret, and what stays short ─────────────────────────────────────────

SECRETS = {
    "tensor": (ONES, torch.full((2, 3), 123.5)),
    "0-d": (tensor(1.0), tensor(123.5)),
    "number": (1.0, 123.5),
    "NaN": (math.nan, 123.5),
    "NaN in a tensor": (tensor([math.nan]), tensor([123.5])),
    "int": (1, 1235),
    "part": ((1.0, 2.0), (1.0, 123.5)),
    "text": ("a", "123.5"),
}


@pytest.mark.parametrize(("got", "expected"), SECRETS.values(), ids=SECRETS)
def test_the_guarded_sentence_never_holds_what_was_expected(got, expected):
    complaint = disagreement(got, expected)
    assert "123" in complaint
    assert "123" not in complaint.guarded
    assert complaint.guarded


def test_a_complaint_that_gives_nothing_away_is_the_same_when_guarded():
    complaint = disagreement(ONES.T, ONES)
    assert complaint.guarded == complaint
    assert Complaint("why", Kind.RAISED).guarded == "why"


@pytest.mark.parametrize(
    ("got", "expected"),
    [("x" * 10**6, "y"), (10**4000, 1), ({str(i): 1 for i in range(10**5)}, {"a": 1})],
    ids=["text", "digits", "keys"],
)
def test_a_huge_result_makes_no_huge_complaint(got, expected):
    assert len(disagreement(got, expected)) < 300


def test_foreign_values_are_alike_when_their_types_are():
    assert disagreement(Foreign("numpy.ndarray"), Foreign("numpy.ndarray")) == ""
    assert disagreement(Foreign("numpy.ndarray"), Foreign("range"))


class Loud(torch.Tensor):
    """A tensor that has its own idea of every operation."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        raise AssertionError("a learner's code ran in the judge")


class AlwaysEqual(str):
    __hash__ = str.__hash__

    def __eq__(self, other):
        return True


def test_a_tensor_of_a_class_of_its_own_is_judged_by_its_numbers():
    assert disagreement(plain(ONES.as_subclass(Loud)), ONES) == ""
    assert disagreement(plain(spoiled().as_subclass(Loud)), ONES).kind is Kind.VALUES


def test_text_of_a_class_of_its_own_is_judged_by_its_letters():
    assert disagreement(plain(AlwaysEqual("adam")), "adam") == ""
    assert disagreement(plain(AlwaysEqual("sgd")), "adam")


@pytest.mark.parametrize(
    "odd",
    [torch.eye(2).to_sparse(), torch.eye(2).to_mkldnn()],
    ids=["sparse", "MKL-DNN"],
)
def test_a_tensor_that_is_not_dense_gets_a_sentence(odd):
    complaint = disagreement(plain(odd), torch.eye(2))
    assert complaint.kind is Kind.TYPE
    assert complaint.startswith(
        "result should be a dense tensor of torch.float32, got a tensor"
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.123456, "0.1235"), (1e-9, "1e-09"), (7, "7"), (math.nan, "nan"), (True, "True")],
)
def test_numbers_are_shown_with_four_digits(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("value", "called"),
    [
        (1, "an int"),
        (2.0, "a float"),
        ({}, "a dict"),
        ((1,), "a tuple of 1"),
        (object(), "an object"),
    ],
)
def test_a_value_is_called_by_its_type(value, called):
    assert kind_of(value) == called


def test_two_numbers_are_shown_with_enough_digits_to_differ():
    complaint = disagreement(torch.tensor(65.7301).double(), torch.tensor(65.7302).double())
    assert "65.7301" in complaint
    assert "65.7302" in complaint


def test_an_entry_of_a_part_with_a_name_is_told_in_words():
    judge = close(call=lambda path: "the gradient")
    assert judge(torch.zeros(2), torch.ones(2)).startswith("entry [0] of the gradient should")


def test_of_many_parts_some_are_named():
    right = {name: float(number) for number, name in enumerate("abcdefghijkl")}
    said = disagreement({**right, "a": 9.0}, right)
    assert said.endswith(
        "right: result['b'], "
        + ", ".join(f"result[{name!r}]" for name in "cdefg")
        + " and 5 more"
    )
    said = disagreement(dict.fromkeys(right, -1.0) | {"l": 11.0}, right)
    assert "also wrong: result['b']" in said
    assert said.endswith("and 4 more; right: result['l']")
