"""Recipes and fresh inputs: what a submission is handed, and whether it changed it."""

import math
from typing import NamedTuple

import pytest
import torch
from torch import nn

from autograder.calling.attempt import attempt
from autograder.recipes import (
    ENTRYWISE,
    FUNCTIONS,
    LOSSES,
    MODULES,
    Downhill,
    Function,
    Grouped,
    Lent,
    Network,
    Planned,
    Single,
    Traced,
    Written,
    altered,
    build,
    each_tensor,
    spread,
)


class State(NamedTuple):
    t: int
    m: torch.Tensor


def network(**changes):
    values = {
        "0.weight": torch.randn(3, 2), "0.bias": torch.randn(3),
        "2.weight": torch.randn(1, 3), "2.bias": torch.randn(1),
    }  # fmt: skip
    recipe = dict(
        layers=(("Linear", 2, 3), ("ReLU",), ("Linear", 3, 1)),
        parameters=values,
        gradients={"0.weight": torch.randn(3, 2)},
    )
    return Network(**recipe | changes)


def nested():
    return {
        "x": torch.randn(2, 3),
        "list": [torch.randn(2), 1.5],
        "state": State(3, torch.randn(2)),
        "model": network(),
        "rng": torch.Generator().manual_seed(1),
        "name": "adam",
    }


def test_every_build_is_fresh():
    inputs = nested()
    first, second = build(inputs), build(inputs)
    first["x"].add_(1)
    first["list"].append(3)
    first["state"].m.zero_()
    first["model"][0].weight.data.zero_()
    first["model"][0].weight.grad.zero_()
    torch.randn(5, generator=first["rng"])
    assert not altered(inputs, second)
    assert not altered(inputs, build(inputs))
    generators = [second["rng"], build(inputs)["rng"], torch.Generator().manual_seed(1)]
    assert len({torch.rand(1, generator=each).item() for each in generators}) == 1


def test_a_build_has_the_types_that_were_written_down():
    built = build(nested())
    assert isinstance(built["state"], State)
    assert isinstance(built["model"], nn.Sequential)
    assert isinstance(built["list"], list)


def test_a_build_does_not_move_the_global_random_state():
    recipe, before = network(), torch.get_rng_state()
    build(recipe)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    "tensor",
    [torch.randn(3, 2).T, torch.randn(6)[::2], spread(torch.randn(2, 2))],
    ids=["transposed", "strided", "spread"],
)
def test_what_is_not_contiguous_stays_so_with_the_same_values(tensor):
    built = build(tensor)
    assert not built.is_contiguous()
    assert torch.equal(built, tensor)
    assert built.data_ptr() != tensor.data_ptr()


@pytest.mark.parametrize("dtype", [torch.float64, torch.int64, torch.bool], ids=str)
def test_spread_keeps_shape_dtype_and_values(dtype):
    tensor = torch.tensor([[1, 0, 1]], dtype=dtype)
    assert torch.equal(spread(tensor), tensor)
    assert spread(tensor).dtype == dtype
    assert spread(torch.tensor(3.0)).shape == ()
    assert spread(torch.empty(0, 2)).shape == (0, 2)


def test_a_model_has_the_parameters_gradients_and_mode_of_its_recipe():
    recipe = network(training=False)
    model = recipe.build()
    assert not model.training
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, recipe.parameters[name])
        assert (parameter.grad is not None) == (name in recipe.gradients)
    assert torch.equal(model[0].weight.grad, recipe.gradients["0.weight"])


def test_a_recipe_knows_the_shapes_of_its_parameters_without_drawing_them():
    recipe, before = network(), torch.get_rng_state()
    shapes = Network(recipe.layers, {}).shapes()
    assert torch.equal(torch.get_rng_state(), before)
    assert shapes == {name: value.shape for name, value in recipe.parameters.items()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_named_function_returns_one_differentiable_number(name):
    x = torch.rand(4, dtype=torch.float64, requires_grad=True)
    value = Function(name).build()(x)
    assert value.shape == ()
    assert torch.autograd.grad(value, x)[0].abs().min() > 0


@pytest.mark.parametrize("name", ENTRYWISE)
def test_every_entrywise_function_minds_its_own_entry(name):
    x = torch.randn(5, dtype=torch.float64)
    phi = Function(name).build()
    assert torch.equal(phi(x)[2:], phi(x[2:]))


def test_a_function_can_be_made_louder():
    assert Function("two times", 1.5).build()(torch.tensor(2.0)) == 6


@pytest.mark.parametrize("name", sorted(MODULES.keys() - {"Witness", "Turnstile"}))
def test_modules_are_torchs_own(name):
    assert MODULES[name] is getattr(nn, name)


def test_a_witness_remembers_whether_a_graph_was_built():
    witness = MODULES["Witness"]()
    with torch.no_grad():
        assert witness(torch.ones(2)).equal(torch.ones(2))
    with torch.inference_mode():
        witness(torch.ones(2))
    assert witness.graph_built == 0
    witness(torch.ones(2))
    assert witness.graph_built == 1


def test_layers_can_be_evaluating_while_the_rest_trains():
    layers = (("BatchNorm1d", 2), ("Dropout", 0.5))
    recipe = Network(
        layers, {"0.weight": torch.ones(2), "0.bias": torch.zeros(2)}, evaluating=(0,)
    )
    model = recipe.build()
    assert [model.training, model[0].training, model[1].training] == [True, False, True]
    assert not recipe.altered(model)
    assert recipe.altered(model.train())  # one mode for all is not how it came


@pytest.mark.parametrize("name", LOSSES)
def test_every_named_loss_is_a_mean_over_examples(name):
    scores, y = torch.randn(4, 3), torch.randint(3, (4,))
    targets = y if name == "cross-entropy" else torch.randn(4, 3)
    whole = Function(name, 2.0).build()(scores, targets)
    single = [Function(name).build()(scores[i : i + 1], targets[i : i + 1]) for i in range(4)]
    torch.testing.assert_close(whole, 2 * torch.stack(single).mean())


def test_each_tensor_reaches_into_nests_and_recipes():
    doubled = each_tensor(nested(), torch.Tensor.double)
    assert doubled["x"].dtype == doubled["state"].m.dtype == torch.float64
    assert doubled["list"][0].dtype == torch.float64
    assert isinstance(doubled["state"], State)
    assert doubled["model"].build()[0].weight.dtype == torch.float64
    assert doubled["model"].gradients["0.weight"].dtype == torch.float64
    assert doubled["name"] == "adam"
    assert each_tensor(Function("product"), torch.Tensor.double) == Function("product")


# ── Was it changed? ─────────────────────────────────────────────────────────────────


def changes_value(inputs):
    inputs["x"][0, 0] += 1e-6


def changes_dtype(inputs):
    inputs["x"].data = inputs["x"].double()


def changes_shape(inputs):
    inputs["x"].unsqueeze_(0)


def writes_nan(inputs):
    inputs["x"][1, 2] = math.nan


def appends(inputs):
    inputs["list"].append(1)


def replaces_a_number(inputs):
    inputs["list"][1] = 2.5


def puts_a_tensor_for_a_number(inputs):
    inputs["list"][1] = torch.tensor([1.5, 1.5])


def puts_a_number_for_a_tensor(inputs):
    inputs["list"][0] = 3


def puts_text_for_a_list(inputs):
    inputs["deep"][0] = "xy"


def puts_a_number_for_a_list(inputs):
    inputs["deep"][0] = 7


def puts_a_number_for_a_dictionary(inputs):
    inputs["deep"][1] = 7


def puts_true_for_one(inputs):
    inputs["deep"][2] = True


def adds_a_key(inputs):
    inputs["deep"][1]["new"] = 0


def changes_the_state(inputs):
    inputs["state"].m.mul_(2)


def changes_a_parameter(inputs):
    inputs["model"][2].bias.data += 1


def changes_a_gradient(inputs):
    inputs["model"][0].weight.grad *= 2


def clears_a_gradient(inputs):
    inputs["model"].zero_grad()


def leaves_a_gradient(inputs):
    inputs["model"][2].bias.grad = torch.zeros(1)


def changes_the_mode(inputs):
    inputs["model"].eval()


def changes_the_models_dtype(inputs):
    inputs["model"].double()


def changes_a_parameters_shape(inputs):
    inputs["model"][2].bias.data = torch.zeros(4)


def adds_a_layer(inputs):
    inputs["model"].append(nn.Linear(1, 1))


def removes_a_parameter(inputs):
    inputs["model"][2].bias = None


CHANGES = [
    changes_value, changes_dtype, changes_shape, writes_nan, appends, replaces_a_number,
    puts_a_tensor_for_a_number, puts_a_number_for_a_tensor, puts_text_for_a_list,
    puts_a_number_for_a_list, puts_a_number_for_a_dictionary, puts_true_for_one, adds_a_key,
    changes_the_state, changes_a_parameter, changes_a_gradient, clears_a_gradient,
    leaves_a_gradient, changes_the_mode, changes_the_models_dtype, changes_a_parameters_shape,
    adds_a_layer, removes_a_parameter,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=[change.__name__ for change in CHANGES])
def test_each_change_is_seen(change):
    inputs = nested() | {"deep": [[1, 2], {"a": 1}, 1]}
    built = build(inputs)
    assert not altered(inputs, built)
    change(built)
    assert altered(inputs, built)


def reads(inputs):
    inputs["x"].sum()
    inputs["model"](torch.randn(4, 2))


def draws(inputs):
    torch.randn(3, generator=inputs["rng"])


@pytest.mark.parametrize("use", [reads, draws], ids=["reads", "draws"])
def test_using_an_input_is_no_change(use):
    inputs = nested()
    built = build(inputs)
    use(built)
    assert not altered(inputs, built)


def test_nan_that_stays_is_no_change():
    inputs = [torch.tensor([math.nan, 1.0])]
    assert not altered(inputs, build(inputs))


# ── Buffers, single layers, traced tensors ──────────────────────────────────────────


def norm(**changes):
    recipe = dict(
        layers=(("BatchNorm1d", 2, {"eps": 0.25}),),
        parameters={"0.weight": torch.randn(2), "0.bias": torch.randn(2)},
        buffers={"0.running_mean": torch.randn(2), "0.running_var": torch.rand(2)},
        training=False,
    )
    return Single(**recipe | changes)


def test_a_single_layer_has_its_settings_its_mode_and_its_buffers():
    recipe = norm()
    built = recipe.build()
    assert (type(built), built.eps, built.training) == (nn.BatchNorm1d, 0.25, False)
    assert built.running_mean.equal(recipe.buffers["0.running_mean"])
    assert built.num_batches_tracked == 0
    assert not recipe.altered(built)
    assert recipe.altered(built.train())


def test_buffers_that_moved_are_noticed_and_the_recipe_keeps_its_own():
    recipe = norm(training=True)
    built = recipe.build()
    built(torch.randn(4, 2))
    assert recipe.altered(built)
    assert not recipe.altered(recipe.build())


def test_buffers_are_reached_where_every_tensor_is_changed():
    wide = norm().each_tensor(torch.Tensor.double).build()
    assert {v.dtype for n, v in wide.state_dict().items() if "running" in n} == {torch.float64}


def test_a_traced_tensor_is_a_fresh_leaf_that_asks_for_its_gradient():
    recipe = Traced(torch.randn(3))
    built = recipe.build()
    assert built.is_leaf
    assert built.requires_grad
    assert not recipe.altered(built)
    built.data.zero_()
    assert recipe.altered(built)
    assert recipe.each_tensor(torch.Tensor.double).build().dtype == torch.float64


def test_a_number_that_was_nan_and_is_nan_has_not_changed():
    nan = float("nan")
    assert not altered([1.0, nan], build([1.0, nan]))
    assert not altered([nan], [float("nan")])
    assert altered([nan], [1.0])
    assert altered([1.0], [nan])


# ── What a training run is made of ──────────────────────────────────────────────────


def test_a_walk_notes_where_the_parameters_are_at_each_call_and_in_the_end():
    def submission(optimizer, schedule, closure):
        for t in range(2):
            for group, rate in zip(optimizer.param_groups, (0.5, 0.25), strict=True):
                group["lr"] = rate * schedule(t)
            optimizer.step(closure)

    inputs = {
        "closure": Written(Downhill("optimizer")),
        "optimizer": Grouped("SGD", [torch.tensor([2.0, 4.0]), torch.tensor([8.0])], [9, 9]),
        "schedule": Planned([1.0, 0.0]),
    }
    walk = attempt(submission, inputs).result["closure afterwards"]
    # slopes: once the first group's parameters, twice the second's
    assert [point.tolist() for point in walk] == [[2, 4, 8], [1, 2, 4], [1, 2, 4]]


def test_a_plan_keeps_to_its_last_number():
    schedule = build(Planned([1.0, 0.5]))
    assert [schedule(t) for t in (0, 1, 2, 99)] == [1.0, 0.5, 0.5, 0.5]


def test_groups_start_with_rates_and_settings_of_their_own():
    recipe = Grouped("SGD", [torch.ones(2), torch.ones(1)], [0.1, 0.2], {"momentum": 0.5})
    groups = build(each_tensor(recipe, lambda tensor: tensor.double())).param_groups
    assert [group["lr"] for group in groups] == [0.1, 0.2]
    assert {group["momentum"] for group in groups} == {0.5}
    assert {group["params"][0].dtype for group in groups} == {torch.float64}


# ── Models whose parameters come back ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change", [lambda p: p.data, lambda p: p.clone(), lambda p: p.detach(), nn.Parameter]
)
def test_copies_are_refused_where_the_parameters_themselves_are_to_come_back(change):
    numbers = {"0.weight": torch.ones(1, 1), "0.bias": torch.ones(1)}
    lent = {"model": Lent((("Linear", 1, 1),), numbers)}
    own = attempt(lambda model: [{"params": list(model.parameters())}], lent)
    assert not own.failure
    copied = attempt(lambda model: [{"params": [*map(change, model.parameters())]}], lent)
    assert copied.failure == ("copies", "")
    assert "the parameters themselves" in copied.error


def test_freezing_a_model_that_is_only_to_be_read_is_a_change():
    numbers = {"0.weight": torch.ones(1, 1), "0.bias": torch.ones(1)}
    network = {"model": Network((("Linear", 1, 1),), numbers, frozen=("0.bias",))}
    assert not attempt(lambda model: None, network).changed
    assert attempt(lambda model: model.requires_grad_(False) and None, network).changed
    assert attempt(lambda model: model.requires_grad_(True) and None, network).changed
