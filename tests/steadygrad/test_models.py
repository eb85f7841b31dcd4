"""The networks: the right layers, the right sizes, and weights of the variance asked for."""

import doctest
from itertools import pairwise
from math import sqrt

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from steadygrad import models
from steadygrad.models import ACTIVATIONS, count_parameters, mlp, redraw_

WIDTHS = st.lists(st.integers(1, 7), min_size=2, max_size=6)


def linears(model: nn.Module) -> list[nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Linear)]


@given(WIDTHS, st.sampled_from(list(ACTIVATIONS)), st.booleans())
def test_a_network_has_the_widths_it_was_asked_for(widths, activation, bias):
    model = mlp(widths, activation, bias=bias)
    assert [(w.in_features, w.out_features) for w in linears(model)] == list(pairwise(widths))
    assert model(torch.randn(3, widths[0])).shape == (3, widths[-1])


@given(WIDTHS, st.sampled_from(list(ACTIVATIONS)))
def test_activations_stand_between_layers_and_never_after_the_last(widths, activation):
    kinds = [type(layer) for layer in mlp(widths, activation)]
    assert kinds == [nn.Linear, ACTIVATIONS[activation]] * (len(widths) - 2) + [nn.Linear]


@given(WIDTHS, st.booleans())
def test_parameters_are_counted_as_the_arithmetic_says(widths, bias):
    expected = sum((fan_in + bias) * fan_out for fan_in, fan_out in pairwise(widths))
    assert count_parameters(mlp(widths, bias=bias)) == expected


def test_tied_and_frozen_parameters_are_counted_as_training_sees_them():
    layer = nn.Linear(4, 4)
    assert count_parameters(nn.Sequential(layer, layer)) == 20
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 16


def test_a_network_of_identities_is_one_linear_map():
    model = mlp([3, 5, 2], "identity")
    x, y = torch.randn(4, 3), torch.randn(4, 3)
    torch.testing.assert_close(model(x + y), model(x) + model(y) - model(torch.zeros(3)))


@pytest.mark.parametrize("gain", [1, sqrt(2)])
def test_redrawn_weights_have_the_variance_of_the_formula(gain, rng):
    model = redraw_(mlp([400, 300, 200]), gain, rng=rng)
    for layer in linears(model):
        expected = gain / sqrt(layer.in_features)
        assert layer.weight.std().item() == pytest.approx(expected, rel=0.02)
        assert abs(layer.weight.mean().item()) < 0.02 * expected
        assert layer.bias.count_nonzero() == 0


def test_a_relu_network_with_gain_root_two_keeps_the_size_of_its_signal(rng):
    model = redraw_(mlp([500] * 11), sqrt(2), rng=rng)[:-1]
    x = torch.randn(100, 500, generator=rng)
    with torch.no_grad():
        assert 0.5 < model(x).square().mean().item() / x.square().mean().item() < 2


def test_the_same_seed_gives_the_same_network_whatever_came_before():
    first, second = mlp([5, 4, 3]), mlp([5, 4, 3])
    for model in (first, second):
        assert redraw_(model, 1.0, rng=torch.Generator().manual_seed(7)) is model
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_redrawing_keeps_the_parameters_that_an_optimizer_already_holds(rng):
    model = mlp([3, 4, 2])
    before = list(model.parameters())
    redraw_(model, 1.0, rng=rng)
    assert all(old is new for old, new in zip(before, model.parameters(), strict=True))
    assert all(p.requires_grad and p.grad_fn is None for p in before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_redrawing_keeps_the_dtype(dtype, rng):
    model = redraw_(mlp([3, 4, 2]).to(dtype), 1.0, rng=rng)
    assert {p.dtype for p in model.parameters()} == {dtype}
    assert linears(model)[0].weight.std() > 0


def test_in_double_precision_the_weights_are_drawn_in_double_precision(rng):
    weight = redraw_(mlp([3, 4, 2]).double(), 1, rng=rng)[0].weight
    assert not weight.equal(weight.float().double())


def test_a_network_on_the_meta_device_stays_there(rng):
    with torch.device("meta"):
        model = mlp([9, 8, 7])
    assert redraw_(model, 1.0, rng=rng)(torch.empty(2, 9, device="meta")).device.type == "meta"


def test_layers_without_biases_and_other_layers_are_left_as_they_are(rng):
    model = nn.Sequential(nn.Linear(3, 3, bias=False), nn.LayerNorm(3))
    redraw_(model, 0.0, rng=rng)
    assert model[0].weight.count_nonzero() == 0
    assert model[1].weight.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (lambda: mlp([784]), r"at least two widths.*\[784\]"),
        (lambda: mlp([]), r"at least two widths.*\[\]"),
        (lambda: mlp([3, 0, 2]), r"at least 1.*\[3, 0, 2\]"),
        (lambda: mlp([3, 2], "swish"), "'swish'.*sigmoid, tanh, relu, identity"),
        (lambda: redraw_(mlp([3, 2]), -1.0, rng=torch.Generator()), "zero or more.*-1.0"),
        (
            lambda: redraw_(mlp([3, 2]), float("nan"), rng=torch.Generator()),
            "gain must be finite, but is nan",
        ),
        (lambda: redraw_(nn.Tanh(), 1.0, rng=torch.Generator()), "Tanh has no nn.Linear"),
    ],
)
def test_a_mistake_is_named_with_what_to_do(wrong, complaint):
    with pytest.raises(ValueError, match=complaint):
        wrong()


def test_under_test_the_declared_types_are_enforced():
    with pytest.raises(TypeError, match="activation must be a name"):
        mlp([784, 10], activation=nn.ReLU)
    with pytest.raises(
        TypeError, match="widths must be a list, each entry of it a whole number"
    ):
        mlp([2, 0.5])


def test_examples_in_docstrings():
    failed, tried = doctest.testmod(models)
    assert (failed, tried > 0) == (0, True)
