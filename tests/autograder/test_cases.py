"""The cases of one seed: an exercise's own, and the properties that all must have."""

import pytest
import torch
import toys

from autograder.cases import draw, on_accelerator, properties
from autograder.exercises import EXERCISES
from autograder.recipes import Each, Function, Network, altered, build_all, each_tensor
from autograder.spec import Case

every_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
AGAIN = "the first case a second time"


def names(**inputs):
    return [case.name for case in properties(Case("typical", inputs))]


def test_a_tensor_is_given_in_the_other_dtype_with_gaps_and_once_more():
    asked = names(x=torch.ones(2))
    assert asked[:2] == ["in float64", "inputs that are not contiguous in memory"]
    assert asked[-1] == AGAIN
    assert names(x=torch.ones(2).double())[0] == "in float32"


def test_plain_numbers_are_only_given_once_more():
    assert names(weight=1.0, tol=0.1) == [AGAIN]


def test_whole_numbers_have_no_other_dtype_and_single_ones_no_gaps():
    assert "in float64" not in names(x=torch.ones(2, dtype=torch.int64))
    assert "inputs that are not contiguous in memory" not in names(x=torch.tensor(1.0))


def test_properties_reach_into_nests_and_recipes():
    model = Network(
        (("Linear", 1, 2),), {"0.weight": torch.ones(2, 1), "0.bias": torch.ones(2)}
    )
    double, gaps, *_ = properties(Case("typical", {"model": model, "w": [torch.ones(3)]}))
    assert double.inputs["w"][0].dtype == torch.float64
    assert double.inputs["model"].parameters["0.bias"].dtype == torch.float64
    assert not gaps.inputs["w"][0].is_contiguous()


def test_only_floating_inputs_change_their_dtype():
    double, *_ = properties(Case("typical", {"x": torch.ones(2), "y": torch.tensor([1, 2])}))
    assert double.inputs["y"].dtype == torch.int64


def test_each_property_is_judged_as_the_typical_case_is():
    def judge(got, expected):
        return ""

    assert {case.judge for case in properties(Case("t", {"x": torch.ones(2)}, judge))} == {
        judge
    }


@every_exercise
def test_a_seed_always_draws_the_same_cases(exercise):
    first, second = draw(exercise, 5), draw(exercise, 5)
    assert [case.name for case in first] == [case.name for case in second]
    assert not any(
        altered(a.inputs, build_all(b.inputs)) for a, b in zip(first, second, strict=True)
    )


@every_exercise
def test_another_seed_draws_other_cases_of_the_same_names(exercise):
    first, second = draw(exercise, 5), draw(exercise, 2**55)
    assert [case.name for case in first] == [case.name for case in second]
    assert differ(first[0].inputs, second[0].inputs) or not first[0].inputs


def generators(values):
    for value in values:
        if isinstance(value, torch.Generator):
            yield value
        elif isinstance(value, Each):
            yield from generators(value.values)


def differ(first, second):
    seen = ([], [])
    for inputs, into in zip((first, second), seen, strict=True):
        each_tensor(inputs, lambda tensor, into=into: into.append(tensor.flatten()) or tensor)
        into += [torch.tensor(v) for v in inputs.values() if isinstance(v, float | tuple)]
        into += [torch.tensor(v.factor) for v in inputs.values() if isinstance(v, Function)]
        into += [generator.get_state() for generator in generators(inputs.values())]
    return any(not torch.equal(a, b) for a, b in zip(*seen, strict=True))


@every_exercise
def test_drawing_cases_leaves_the_global_random_state_alone(exercise):
    before = torch.get_rng_state()
    draw(exercise, 5)
    assert torch.equal(torch.get_rng_state(), before)


@every_exercise
def test_case_names_tell_the_cases_apart(exercise):
    asked = [case.name for case in draw(exercise, 5)]
    assert len(set(asked)) == len(asked)
    assert asked[-1] == AGAIN


@pytest.mark.parametrize("draws", [True, False])
def test_what_draws_from_a_generator_is_not_moved_to_an_accelerator(monkeypatch, draws):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: torch.device("meta"))
    generator = {"generator": torch.Generator()} if draws else {}
    small = toys.exercise(
        draw=lambda rng: [Case("typical", {"grad": torch.ones(2), **generator})]
    )
    assert (on_accelerator(small, 0) is None) == draws
