"""A case may ask for a gradient besides the value, and hears of a hook that was left behind."""

import io

import torch

from autograder.apart.wire import receive, send
from autograder.calling.attempt import attempt
from autograder.cases import properties
from autograder.compare import Kind
from autograder.judges import value_and_gradient
from autograder.recipes import Network, Traced, altered, build
from autograder.spec import Case

POINT = torch.tensor([1.0, -2.0])


def cubes(x, scale=1.0):
    return scale * x**3


def test_the_gradient_comes_with_the_value():
    got = attempt(cubes, dict(x=Traced(POINT), scale=2.0))
    assert not got.changed
    torch.testing.assert_close(
        got.result,
        {"value": 2 * POINT**3, "gradient with respect to x": 6 * POINT**2},
    )


def test_a_plain_input_gives_the_value_alone():
    assert attempt(cubes, dict(x=POINT)).result.equal(POINT**3)


def test_an_answer_that_is_cut_off_is_told_so():
    got = attempt(lambda x: x.detach() ** 3, dict(x=Traced(POINT)))
    assert got.failure == ("no gradient", "")
    assert "finds no gradient" in got.error


def test_an_answer_that_is_no_tensor_is_judged_as_it_is():
    assert attempt(lambda x: 3.0, dict(x=Traced(POINT))).result == 3.0


def test_an_input_that_is_not_used_has_gradient_zero():
    got = attempt(lambda x, y: y * 1.0, dict(x=Traced(POINT), y=Traced(POINT))).result
    assert got["gradient with respect to x"].equal(torch.zeros(2))
    assert got["gradient with respect to y"].equal(torch.ones(2))


def test_the_complaint_names_the_part_that_is_wrong():
    right, wrong = (
        attempt(f, dict(x=Traced(POINT))) for f in (cubes, lambda x: cubes(x.abs()))
    )
    judge = value_and_gradient()
    assert judge(right.result, right.result) == ""
    complaint = judge(wrong.result, right.result)
    assert complaint.startswith("entry [1] of the value should be -8, got 8")
    only = {**right.result, "gradient with respect to x": torch.full((2,), torch.nan)}
    complaint = judge(only, right.result)
    assert complaint.startswith("entry [0] of the gradient with respect to x should be 3")
    assert complaint.kind is Kind.NOT_FINITE


def test_a_traced_input_crosses_to_another_process():
    stream = io.BytesIO()
    send(stream, dict(x=Traced(POINT)))
    stream.seek(0)
    assert receive(stream, trusted=True)["x"].tensor.equal(POINT)


def test_every_property_is_asked_of_a_traced_input_too():
    names = {case.name for case in properties(Case("one", dict(x=Traced(POINT))))}
    assert {"in float64", "inputs that are not contiguous in memory"} <= names
    for case in properties(Case("one", dict(x=Traced(POINT)))):
        assert build(case.inputs)["x"].requires_grad
        assert not attempt(cubes, case.inputs).failure


def test_a_hook_left_on_a_model_is_an_input_changed():
    recipe = Network((("ReLU",),), {})
    model = build(recipe)
    assert not altered(recipe, model)
    hook = model[0].register_forward_hook(lambda *_: None)
    assert altered(recipe, model)
    hook.remove()
    assert not altered(recipe, model)


def test_every_tensor_of_a_result_counts_to_the_power_that_is_asked_for():
    x = Traced(POINT, power=3)
    got = attempt(lambda x: (2 * x, x.detach()), dict(x=x)).result
    torch.testing.assert_close(got["value"][0], 2 * POINT)
    torch.testing.assert_close(got["gradient with respect to x"], 24 * POINT**2)


def test_where_a_model_goes_in_one_that_comes_out_is_seen():
    linear = (("Linear", 2, 1), ("ReLU",))
    values = {"0.weight": torch.ones(1, 2), "0.bias": torch.zeros(1)}
    got = attempt(lambda model: model, {"model": Network(linear, values)}).result
    assert got["layers"]["0"] == "Linear(in_features=2, out_features=1, bias=True)"
    assert got["training"] == {"": True, "0": True, "1": True}
    assert got["tensors"]["0.weight"].equal(values["0.weight"])
