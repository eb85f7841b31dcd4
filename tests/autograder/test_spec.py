"""What an exercise is, and what it refuses to be."""

import ast
import math
import sys
from types import FunctionType

import pytest
import torch

from autograder.exercises import EXERCISES
from autograder.spec import Case, Exercise, Misconception, Trace

BASE = 2.0
NUMBER = float


def scaled(x: torch.Tensor, power: float = 2.0) -> torch.Tensor:
    """Powers of x, after its sign was taken off.

    |x|ᵖ
    """
    size = x.abs() + BASE * math.sqrt(0.0)
    return size**power


def bare(x):
    return x + 1


def no_abs(**changes):
    edit = dict(name="sign kept", instead_of="x.abs()", wrote="x", symptom="s", hint="h")
    return Misconception(**edit | changes)


HALVED = Misconception("halved", "size**power", "size**power / 2", "s", "h")


def exercise(target=scaled, misconceptions=(), **changes):
    fields = dict(
        target=target,
        points=2,
        cases=lambda rng: [Case("typical", {"x": torch.randn(3, generator=rng)})],
        misconceptions=misconceptions,
        trace=Trace({"x": torch.ones(1)}, list),
        goal="take powers",
        section="Powers",
        minutes=3,
        difficulty=1,
    )
    return Exercise(**fields | changes)


# ── Refusals ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("instead_of", "times"), [("x.absolute()", 0), ("size", 2)])
def test_an_edit_must_fit_exactly_once(instead_of, times):
    with pytest.raises(ValueError) as refused:  # noqa: PT011  (the whole sentence is below)
        exercise(misconceptions=(no_abs(instead_of=instead_of),))
    assert str(refused.value) == (
        f"test_spec.scaled: misconception 'sign kept' edits {instead_of!r}, which occurs "
        f"{times} times in the reference; it must occur once. "
        f"Update `instead_of` to match {__name__}."
    )


def test_an_edit_must_be_python():
    with pytest.raises(SyntaxError):
        exercise(misconceptions=(no_abs(wrote="x.abs("),))


@pytest.mark.parametrize("difficulty", [0, 6])
def test_difficulty_is_one_to_five(difficulty):
    with pytest.raises(ValueError, match=f"difficulty is 1 to 5, not {difficulty}"):
        exercise(difficulty=difficulty)


def test_a_reference_without_docstring_is_refused_because_its_body_would_be_shown():
    with pytest.raises(ValueError, match="has no docstring"):
        exercise(bare)


# ── What is derived ─────────────────────────────────────────────────────────────────


def test_its_names_come_from_the_reference():
    assert exercise().name == "scaled"
    assert exercise().id == "test_spec.scaled"
    assert exercise().grade_id == "test_spec-scaled"


def test_header_and_body_are_the_whole_source_and_the_header_has_no_code():
    it = exercise()
    assert it.header + it.body == it.source
    assert it.header.endswith('"""\n')
    assert "|x|ᵖ" in it.header
    assert "size" not in it.header
    assert it.body.splitlines() == [
        "    size = x.abs() + BASE * math.sqrt(0.0)",
        "    return size**power",
    ]


def test_the_imports_are_those_that_the_function_uses():
    assert exercise().imports == (f"import math\n\nimport torch\nfrom {__name__} import BASE")


def test_what_it_leans_on_is_not_imported():
    leaning = exercise(leans_on=(math.sqrt,))
    assert leaning.imports == exercise().imports  # `sqrt` is an attribute here, no name
    variance = EXERCISES["initialization.variance_scaling_"]
    assert "import DISTRIBUTIONS, MODES, TRUNCATED_STD" in variance.imports
    assert "fan_in_fan_out" not in variance.imports


def targets_in(it) -> set[str]:
    """The other exercises whose targets a reference names."""
    targets = {other.target: other.name for other in EXERCISES.values() if other is not it}
    read = {node.id for node in ast.walk(ast.parse(it.source)) if isinstance(node, ast.Name)}
    known = vars(sys.modules[it.target.__module__])
    return {targets[known[n]] for n in read & known.keys() if hashable(known[n]) in targets}


def hashable(value):
    return value if isinstance(value, FunctionType) else None


@pytest.mark.parametrize("it", EXERCISES.values(), ids=EXERCISES)
def test_it_says_what_it_leans_on(it):
    assert {function.__name__ for function in it.leans_on} == targets_in(it)


@pytest.mark.parametrize("it", EXERCISES.values(), ids=EXERCISES)
def test_a_stub_never_imports_what_is_an_exercise(it):
    scope = {}
    exec(it.imports, scope)
    targets = [other.target for other in EXERCISES.values()]
    assert [name for name, value in scope.items() if value in targets] == []


@pytest.mark.parametrize("it", EXERCISES.values(), ids=EXERCISES)
def test_a_stub_with_its_imports_runs_by_itself(it):
    scope = {}
    exec(f"{it.imports}\n\n\n{it.header}    raise NotImplementedError\n", scope)
    with pytest.raises(NotImplementedError):
        scope[it.name](**next(iter(it.cases(torch.Generator().manual_seed(0)))).inputs)


# ── Variants ────────────────────────────────────────────────────────────────────────


def test_a_variant_is_the_reference_with_one_edit():
    it = exercise(misconceptions=(no_abs(), HALVED))
    x = torch.tensor([-2.0])
    assert it.variant(no_abs())(x, power=3.0).item() == -8
    assert it.variant(HALVED)(x, power=3.0).item() == 4
    assert it.variant(no_abs(), HALVED)(x, power=3.0).item() == -4
    assert it.target(x, power=3.0).item() == 8


def test_a_variant_is_made_once():
    it = exercise(misconceptions=(HALVED,))
    assert it.variant(HALVED) is it.variant(HALVED)


def test_edits_that_leave_each_other_no_place_are_refused():
    wider = no_abs(name="unsized", instead_of="size = x.abs()", wrote="size = x")
    it = exercise(misconceptions=(no_abs(), wider))
    with pytest.raises(LookupError, match="sign kept and unsized edit the same place"):
        it.variant(no_abs(), wider)


def test_edits_that_together_are_no_python_are_refused():
    annotated = Misconception("annotated", "size = ", "size: torch.Tensor = ", "s", "h")
    chained = no_abs(name="chained", wrote="other = x.abs()")
    it = exercise(misconceptions=(annotated, chained))  # each alone is Python
    with pytest.raises(LookupError, match="annotated and chained: "):
        it.variant(annotated, chained)


def test_a_variant_cannot_change_the_module_of_the_reference():
    renamed = no_abs(
        instead_of="size = x.abs()", wrote="global BASE; BASE = 7.0; size = x.abs()"
    )
    exercise(misconceptions=(renamed,)).variant(renamed)(torch.ones(1))
    assert BASE == 2.0
