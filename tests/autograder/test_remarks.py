"""Names that one library has taken from another are spoken of where something is wrong."""

import math

import numpy as np
import pytest
import torch
import toys

from autograder.calling.attempt import attempt
from autograder.calling.remarks import SHADOWED, on_names
from autograder.grade import grade, run_here


def made(source, *libraries, name="f"):
    """A function of a notebook that begins with `from … import *` for each library."""
    names = {"torch": torch}
    for library in libraries:
        every = getattr(library, "__all__", None) or [n for n in dir(library) if n[0] != "_"]
        names |= {each: getattr(library, each) for each in every}
    exec(source, names)
    return names[name]


SUM = "def f(x):\n    return [sum(x), x.max(), abs(-2)]"


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (made(SUM, torch), ["`abs` is torch's, not Python's own", "`sum` is torch's"]),
        (made(SUM, torch, np), ["`abs` is numpy's, not Python's own", "`sum` is numpy's"]),
        (made("def f(x):\n    return exp(x)", torch, np), ["`exp` is numpy's, not torch's"]),
        (made("def f(x):\n    return pow(x, 2)", math), ["`pow` is math's, not Python's own"]),
        (made("def f(x):\n    return (lambda: any(x))()", np), ["`any` is numpy's"]),
    ],
)
def test_a_name_that_is_another_librarys_is_told(function, said):
    (remark,) = on_names(function)
    assert remark.startswith(SHADOWED)
    assert all(each in remark for each in said)


@pytest.mark.parametrize(
    "function",
    [
        made(SUM),
        made("def f(x):\n    return exp(x)", np),  # asked for by name, perhaps
        made("def f(x):\n    return x.sum()", torch, np),
        made("def f(x):\n    return x", torch, np),
        math.sqrt,
        int,
    ],
)
def test_where_every_name_is_what_it_seems_nothing_is_said(function):
    assert [*on_names(function)] == []


def test_it_is_said_of_what_raises_and_of_what_is_wrong_but_not_of_what_is_right():
    raises = made("def f(x):\n    return sum(x, 3, 4, 5)", np)
    assert attempt(raises, {"x": [1, 2]}).remarks[0].startswith(SHADOWED)
    right = "def rule(grad, lr):\n    return lr * (grad + abs(-0.5).item())"
    wrong = right.replace("lr *", "-lr *")
    remarks = [
        grade(toys.RULE, run_here(made(source, np, name="rule"))).remarks
        for source in (right, wrong)
    ]
    assert remarks[0] == ()
    assert remarks[1][0].startswith(SHADOWED)
