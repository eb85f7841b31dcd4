"""What a case shows on request: inputs in words, results with the first wrong entry marked."""

import pytest
import torch

from autograder import recipes
from autograder.calling.outcome import Outcome
from autograder.compare import disagreement
from autograder.report.described import LINES, LONGEST, described
from autograder.report.unfolded import unfolded
from autograder.report.verdicts import Verdict
from autograder.spec import Case

MODEL = recipes.Network(
    (("Linear", 2, 1, False), ("Sequential", ("ReLU",)), ("Dropout", {"p": 0.5})),
    {"0.weight": torch.ones(1, 2)},
    gradients={"0.weight": torch.zeros(1, 2)},
    frozen=("0.weight",),
    evaluating=(2,),
)
DESCRIBED = {
    "number": (0.123456, "0.1235"),
    "text": ("step", "'step'"),
    "nothing": (None, "None"),
    "scalar": (torch.tensor(2.0), "2"),
    "vector": (torch.tensor([1, 2]), "int64, 2 entries: [1, 2]"),
    "one entry": (torch.ones(1), "float32, 1 entry: [1]"),
    "rows": (torch.eye(2), "float32, 2 × 2:\n[[1, 0],\n [0, 1]]"),
    "no entries": (torch.ones(0, 3), "float32, 0 × 3: []"),
    "yes and no": (torch.arange(100) > 40, "bool, 100 entries: False, False, False, False, "
    "False, False, False, False, …; 59 of 100 are True"),
    "large": (torch.arange(100.0), "float32, 100 entries: 0, 1, 2, 3, 4, 5, 6, 7, …; "
    "from 0 to 99, mean 49.5, standard deviation 28.87"),
    "not finite": (torch.full((50,), torch.nan), "float32, 50 entries: nan, nan, nan, nan, "
    "nan, nan, nan, nan, …; 50 of 50 are not finite"),
    "numbers": ([1, 2.5], "[1, 2.5]"),
    "alike": ([torch.ones(1), torch.zeros(1)], "each float32, 1 entry\n[0] [1]\n[1] [0]"),
    "unlike": ((torch.ones(2), 3), "[0] float32, 2 entries: [1, 1]\n[1] 3"),
    "names": ({"a": torch.ones(1), "b": {"c": 2}}, "a: float32, 1 entry: [1]\nb: c: 2"),
    "generator": (torch.Generator(), "a generator of random numbers"),
    "function": (recipes.Function("product", 2.0), "the function “2 times product”"),
    "model": (MODEL, "a model in training mode: Linear(2, 1, False), (ReLU()), Dropout(p=0.5)\n"
    "layer 2 is in evaluation mode\n0.weight is frozen\n"
    "0.weight: float32, 1 × 2: [[1, 1]]\ngradient of 0.weight: float32, 1 × 2: [[0, 0]]"),
    "traced": (recipes.Traced(torch.ones(1)), "float32, 1 entry: [1]\n"
    "(the gradient with respect to it is judged as well)"),
    "leaf": (recipes.Leaf(torch.ones(1)), "a parameter: float32, 1 entry: [1]\n"
    "its gradient: none"),
    "written": (recipes.Written([1, 2]), "[1, 2]\n(to be written into)"),
    "stepper": (recipes.Stepper("model", "SGD", {"lr": 0.1}), "SGD for `model`, lr=0.1"),
    "grouped": (recipes.Grouped("SGD", [torch.ones(1)], [0.5]),
                "SGD over groups with the rates 0.5"),
    "each": (recipes.Each([1, 2]), "one for each call:\n[1, 2]"),
    "carried": (recipes.Carried(), "at first None, then what the last call returned"),
    "once": (recipes.Once([1]), "an iterator, to be run through once, over\n[1]"),
    "planned": (recipes.Planned([1.0, 0.5]), "a schedule that gives [1, 0.5]"),
    "downhill": (recipes.Downhill("opt"), "computes the loss and its gradient for `opt`"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "text"), DESCRIBED.values(), ids=DESCRIBED)
def test_a_value_is_told_in_words(value, text):
    assert described(value) == text


def test_each_kind_of_recipe_has_words_of_its_own():
    fallback = described.dispatch(object)
    assert [
        n for n, kind in recipes.RECIPES.items() if described.dispatch(kind) is fallback
    ] == []


def test_of_many_parts_the_first_are_told():
    lines = described({str(k): torch.ones(1) for k in range(20)}).split("\n")
    assert len(lines) == LINES + 1
    assert lines[-1] == "and 8 more"


def both(got, expected, judge=disagreement):
    """What a case shows of two results."""
    verdict = Verdict("case", judge(got, expected))
    shown = unfolded(verdict, Case("case", {"x": 1}), Outcome(got), Outcome(expected))
    assert shown.inputs == (("x", "1"),)
    return shown.got, shown.expected


def test_the_first_wrong_entry_is_marked_in_both():
    got, expected = both(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 3.0, 5.0]))
    assert got == "float32, 3 entries: [1, →2←, 4]"
    assert expected == "float32, 3 entries: [1, →3←, 5]"


def test_the_marked_entry_has_the_digits_that_tell_it_from_the_right_one():
    one, other = torch.ones(2).double(), torch.ones(2).double()
    other[1] += 1e-6
    assert both(one, other)[1] == "float64, 2 entries: [1, →1.000001←]"


def test_a_wrong_entry_beyond_the_first_is_named():
    right = torch.zeros(10, 10)
    off = right.clone()
    off[7, 3] = 2.0
    assert "…; entry [7, 3] is →2←; from 0 to 2" in both(off, right)[0]


def test_in_a_result_of_several_parts_the_wrong_one_is_marked():
    right = (torch.zeros(2), {"v": torch.zeros(2)})
    off = (torch.zeros(2), {"v": torch.tensor([0.0, 1.0])})
    assert both(off, right)[0] == (
        "[0] float32, 2 entries: [0, 0]\n[1] v: float32, 2 entries: [0, →1←]"
    )


def test_of_a_result_of_many_parts_the_wrong_one_is_shown():
    right = [torch.zeros(2) for _ in range(9)]
    off = [*right[:8], torch.ones(2)]
    assert both(off, right)[0] == "[8] float32, 2 entries: [→1←, 1]\nand 8 other parts"


def only_inside(got, expected):
    """A judge that rules on a part, so that its places are not the whole result's."""
    return disagreement(got["a"], expected["a"])


ODD = {
    "another shape": (torch.zeros(3), torch.zeros(2), disagreement),
    "no tensor": (None, torch.zeros(2), disagreement),
    "judged inside": ({"a": torch.ones(2)}, {"a": torch.zeros(2)}, only_inside),
    "other parts": ({"b": torch.ones(2)}, {"a": torch.zeros(2)}, disagreement),
    "judged plainly": (torch.ones(2), torch.zeros(2), lambda *_: "off"),
}


@pytest.mark.parametrize(("got", "expected", "judge"), ODD.values(), ids=ODD)
def test_where_the_place_is_not_known_nothing_is_marked(got, expected, judge):
    shown = both(got, expected, judge)
    assert shown == (described(got), described(expected))


def test_a_huge_result_is_shown_in_few_letters():
    assert len(both(["x" * 10**6, torch.ones(2)], [torch.ones(2)])[0]) <= LONGEST


def test_of_a_call_that_failed_only_what_should_have_come_out_is_shown():
    verdict = Verdict("case", "it raised")
    failed = Outcome(failure=("raised", "KeyError"))
    shown = unfolded(verdict, Case("case", {}), failed, Outcome(3))
    assert (shown.got, shown.expected) == ("", "3")
