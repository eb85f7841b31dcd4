"""A right answer beside the reference, and what is said of their difference."""

import inspect
import linecache

import pytest

from autograder.compared import compared
from autograder.exercises import EXERCISES
from autograder.report.beside import LONG, side_by_side

LIMIT = EXERCISES["gradients.depth_limit"]
NUMERICAL = EXERCISES["gradients.numerical_gradient"]
RMS_NORM = EXERCISES["normalization.rms_norm"]


def written(source: str):
    """A function as a notebook defines it: its source can be found again."""
    name = f"<cell {hash(source)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    scope: dict = {}
    exec(compile(source, name, "exec"), scope)
    return [value for value in scope.values() if inspect.isfunction(value)][-1]


def said(source: str, exercise=RMS_NORM) -> str:
    return compared(exercise, written(source))[2]


def test_both_are_shown_without_their_docstrings():
    yours, its, _ = compared(LIMIT, written('def f(a):\n    """Words."""\n    return a\n'))
    assert yours == "def f(a):\n    return a"
    assert '"""' not in its
    assert its.startswith("def depth_limit(")


def test_the_reference_itself_is_not_shown_beside_itself():
    typed = written(f"import torch\n\n\n{LIMIT.source}")
    assert compared(LIMIT, typed) == ("", "", "It is the course's own solution, word for word.")


REMARKS = {
    "def f(x):\n    for i in x:\n        print(i)\n    return x": (
        "Yours goes through a loop in Python; the course's own does without."
    ),
    "def f(x):\n    x[0] = 1\n    return x": (
        "Yours writes into what is there (`x[0] = …`); the course's own does not."
    ),
    "def f(x):\n    x.mul_(2)\n    return x": (
        "Yours writes into what is there (`mul_`); the course's own does not."
    ),
    "def f(x):\n    if x:\n        return x\n    return 2 if x else x": (
        "Yours decides twice with `if`, the course's own never."
    ),
    "def f(x):\n    a = x\n    b = a\n    c = b\n    d = c\n    e = d\n    return e": (
        "Yours takes 6 steps, the course's own 3."
    ),
    "def f(x):\n    return x": "Written in another way, with the same results.",
}


def test_names_given_on_one_line_or_on_two_are_the_same_steps():
    exercise = EXERCISES["gradients.sigmoid_chain_gradient"]
    split = (
        exercise.source.replace(
            "gradient, activation = torch.ones_like(x), x",
            "grad = torch.ones_like(x)\n    activation = x",
        )
        .replace("gradient = gradient *", "grad = grad *")
        .replace("return gradient", "return grad")
    )
    typed = f"from __future__ import annotations\nimport torch\n\n\n{split}"
    assert "\n    activation = x\n" in split
    assert said(typed, exercise) == "The same steps, with other names."


@pytest.mark.parametrize(("source", "remark"), REMARKS.items(), ids=range(len(REMARKS)))
def test_the_remark_is_the_first_difference_that_there_is(source, remark):
    assert said(source) == remark


def test_other_names_for_the_same_steps_are_told_as_that():
    renamed = RMS_NORM.source.replace("wide", "w").replace("mean_square", "ms")
    typed = written(
        f"import torch\nfrom jaxtyping import Float\nfrom torch import Tensor\n\n{renamed}"
    )
    assert compared(RMS_NORM, typed)[2] == "The same steps, with other names."


def test_what_has_no_source_is_left_alone():
    assert compared(LIMIT, abs) == ("", "", "")
    assert compared(LIMIT, 3) == ("", "", "")


def test_two_short_functions_are_open_and_long_ones_folded():
    assert "<details open>" in side_by_side("a", "b", "")
    assert "<details>" in side_by_side("a\n" * (LONG + 1), "b", "")
    assert side_by_side("", "", "") == ""


def test_what_is_shown_is_code_not_markup():
    assert "&lt;b&gt;" in side_by_side("<b>", "x", "")
    assert "<code>x</code>" in side_by_side("a", "b", "of `x`")
