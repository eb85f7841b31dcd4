"""What a submission leans on, and how it is lent for one call."""

import functools
import math

import pytest
import torch

from autograder.apart.lending import lending, scope_of, uses

NAMES = ("adam", "elu", "evaluate", "rates")


def notebook(source: str) -> dict:
    scope = {"__name__": "__main__", "torch": torch, "math": math, "functools": functools}
    exec(source, scope)
    return scope


OWN = "def adam(g): return g\n"

READS = {
    "nothing": ("def f(g): return g", {}),
    "its own": (OWN + "def f(g): return adam(g)", {"adam": "own"}),
    "what is not there": ("def f(g): return adam(g)", {"adam": "missing"}),
    "an attribute of that name": ("def f(g): return torch.nn.functional.elu(g)", {}),
    "a local of that name": ("def f(g):\n    rates = [1]\n    return rates", {}),
    "a list": ("rates = [1]\ndef f(g): return rates", {"rates": "thing"}),
    "what was imported": (
        "from math import sqrt as evaluate\nfrom torch.nn.functional import elu\n"
        "def f(g): return elu(g)",
        {"elu": "other"},
    ),
    "through a helper": (
        "def f(g): return step(g)\ndef step(g): return adam(g)",
        {"adam": "missing"},
    ),
    "in a nested function": (
        "def f(g): return [*map(lambda h: adam(h), g)]",
        {"adam": "missing"},
    ),
    "an own partial": (
        OWN + "adam = functools.partial(adam)\ndef f(g): return adam(g)",
        {"adam": "own"},
    ),
    "in a partial": ("def h(g): return adam(g)\nf = functools.partial(h)", {"adam": "missing"}),
    "in an object": (
        "class F:\n    def __call__(self, g): return adam(g)\nf = F()",
        {"adam": "missing"},
    ),
    "in what is cached": (
        "@functools.cache\ndef f(g): return adam(g)",
        {"adam": "missing"},
    ),
    "in what is decorated": (
        "def twice(h):\n    return lambda g: h(h(g))\n@twice\ndef f(g): return adam(g)",
        {"adam": "missing"},
    ),
    "itself": ("def f(g): return f(adam(g))", {"adam": "missing"}),
    "of a library": ("f = functools.partial(torch.nn.functional.elu)", {}),
    "in no Python": ("f = math.sqrt", {}),
}  # fmt: skip


@pytest.mark.parametrize(("source", "found"), READS.values(), ids=READS)
def test_the_names_that_a_submission_reads_are_known(source, found):
    assert uses(notebook(source)["f"], NAMES) == found


def test_what_is_lent_is_there_during_the_call_only():
    scope = notebook(OWN + "def f(g): return adam(g), elu(g)")
    own = scope["adam"]
    assert scope_of(scope["f"]) is scope
    with lending(scope, {"adam": abs, "elu": math.exp}):
        assert scope["f"](-2) == (2, math.exp(-2))
    assert scope["adam"] is own
    assert "elu" not in scope


def test_what_was_lent_goes_back_after_an_error_and_after_a_global_statement():
    scope = notebook(OWN + "def f(g):\n    global adam, elu\n    adam = elu = 3\n    1 / 0")
    own = scope["adam"]
    with pytest.raises(ZeroDivisionError), lending(scope, {"adam": abs, "elu": math.exp}):
        scope["f"](1)
    assert scope["adam"] is own
    assert "elu" not in scope
