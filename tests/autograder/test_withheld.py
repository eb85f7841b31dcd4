"""While a reference is withheld it answers nobody; all others, and it later, answer as ever."""

import functools
import importlib
import importlib.util
import types

import pytest
import torch

from autograder.calling.attempt import attempt
from autograder.calling.withheld import WithheldError, copies, withheld
from autograder.exercises import EXERCISES
from steadygrad import activations, adaptive
from steadygrad.activations import gates

GRADIENT = torch.tensor([1.0, -2.0])


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_reference_can_be_withheld(exercise):
    case = next(iter(exercise.cases(torch.Generator().manual_seed(0))))
    before = attempt(exercise.target, case.inputs)
    outcome = attempt(
        exercise.target, case.inputs, around=functools.partial(withheld, exercise.target)
    )
    assert outcome.failure == ("withheld", "")
    assert outcome.error.startswith(f"hands the work to the course's own `{exercise.name}`, ")
    assert attempt(exercise.target, case.inputs).failure == before.failure is None


PATHS = {
    "the package's name": lambda: activations.gelu,
    "the module's name": lambda: gates.gelu,
    "a partial": lambda: functools.partial(gates.gelu),
    "a lambda": lambda: lambda x: gates.gelu(x),
    "wrapped": lambda: functools.wraps(gates.gelu)(lambda *a: gates.gelu(*a)),
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_it_is_withheld_under_any_name(path):
    reached = path()
    with withheld(gates.gelu), pytest.raises(WithheldError, match=r"^gelu$"):
        reached(torch.zeros(1))
    assert reached(torch.zeros(1)) == 0


def test_what_calls_it_inside_the_library_is_held_up_as_well():
    with withheld(adaptive.adam), pytest.raises(WithheldError):
        adaptive.adamw(GRADIENT, None, GRADIENT)


def test_other_references_are_there_to_be_used():
    with withheld(adaptive.adamw):
        adaptive.adam(GRADIENT, None)


def test_a_copy_of_the_function_is_found():
    code = gates.gelu
    while hasattr(code, "__wrapped__"):
        code = code.__wrapped__
    twin = types.FunctionType(code.__code__, vars(gates))
    with withheld(*copies(gates.gelu)), pytest.raises(WithheldError):
        twin(torch.zeros(1))


def test_a_module_loaded_under_another_name_is_found():
    spec = importlib.util.spec_from_file_location("elsewhere", gates.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    with withheld(*copies(gates.gelu)), pytest.raises(WithheldError):
        again.gelu(torch.zeros(1))


def test_what_a_learner_wrote_like_the_reference_is_no_copy():
    exercise = EXERCISES["gradients.depth_limit"]
    scope = {}
    above = "\n" * (exercise.target.__code__.co_firstlineno - 1)
    exec(compile(f"import math\n{above[1:]}{exercise.source}", "<cell 1>", "exec"), scope)
    assert scope["depth_limit"] not in copies(exercise.target)


def test_a_function_with_free_variables_can_be_withheld():
    held = 3

    def inner():
        return held

    with withheld(inner), pytest.raises(WithheldError):
        inner()
    assert inner() == 3


def test_it_answers_again_after_an_error():
    with pytest.raises(ZeroDivisionError), withheld(gates.gelu):
        _ = 1 / 0
    assert gates.gelu(torch.zeros(1)) == 0


def test_a_submission_that_catches_the_refusal_has_only_its_own_result():
    def own(x):
        try:
            return gates.gelu(x)
        except Exception:
            return x

    around = functools.partial(withheld, gates.gelu)
    assert attempt(own, {"x": torch.ones(1)}, around=around).result == 1


def test_a_generator_that_hands_on_is_refused_while_it_is_run_through():
    def lazily(x):
        yield gates.gelu(x)

    around = functools.partial(withheld, gates.gelu)
    outcome = attempt(lazily, {"x": torch.ones(1)}, around=around)
    assert outcome.failure == ("withheld", "")
