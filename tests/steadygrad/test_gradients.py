"""Gradients: torch is the oracle, then each property that chapter 1 claims."""

import doctest
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given, register_random, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from steadygrad import gradients
from steadygrad.models import mlp, redraw_


class TorchRandom:
    """Torch's global generator as hypothesis expects one: a failing example fails again."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


TORCH_RANDOM = TorchRandom()  # hypothesis keeps only a weak reference
register_random(TORCH_RANDOM)

# The first call of a torch operation can take longer than hypothesis' 200 ms.
settings.register_profile("gradients", deadline=None, max_examples=40)
quickly = settings(settings.get_profile("gradients"))

DTYPES = [torch.float32, torch.float64]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
depths = st.integers(0, 12)
sizes = st.integers(1, 5)
shapes = st.lists(st.integers(1, 4), max_size=3)


def chain(depth: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    return list(3 * torch.randn(depth, dtype=dtype))


def network(widths: list[int], dtype: torch.dtype = torch.float64):
    """Weights and biases of a dense network, and a batch of three for it."""
    sizes = list(pairwise(widths))
    weights = [torch.randn(n_out, n_in, dtype=dtype) / n_in**0.5 for n_in, n_out in sizes]
    biases = [torch.randn(n_out, dtype=dtype) for _, n_out in sizes]
    x = torch.randn(3, widths[0], dtype=dtype)
    y = torch.randn(3, widths[-1], dtype=dtype)
    return x, y, weights, biases


# ── A unit without a slope ──────────────────────────────────────────────────────────


CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
AND, OR, XOR = (torch.tensor(t) for t in ([0.0, 0, 0, 1], [0.0, 1, 1, 1], [0.0, 1, 1, 0]))


def mistakes_per_pass(x, y, passes: int) -> list[int]:
    """How often the perceptron was wrong in each pass over the examples."""
    weights, bias = torch.zeros(x.shape[1]), torch.tensor(0.0)
    counts = []
    for _ in range(passes):
        wrong = 0
        for example, label in zip(x, y, strict=True):
            wrong += int(gradients.perceptron(example, weights, bias) != label)
            weights, bias = gradients.perceptron_update(example, label, weights, bias)
        counts.append(wrong)
    return counts


@pytest.mark.parametrize("labels", [AND, OR], ids=["and", "or"])
def test_the_perceptron_settles_where_a_line_separates(labels):
    assert mistakes_per_pass(CORNERS, labels, 20)[-1] == 0


def test_the_perceptron_never_settles_on_xor():
    assert min(mistakes_per_pass(CORNERS, XOR, 500)) > 0


@settings(quickly, max_examples=10)
@given(st.integers(0, 10_000))
def test_the_perceptron_makes_no_more_mistakes_than_novikoff_allows(seed):
    rng = torch.Generator().manual_seed(seed)
    direction = torch.tensor([math.cos(seed), math.sin(seed)])
    x = torch.randn(30, 2, generator=rng)
    margins = x @ direction
    x, margins = x[margins.abs() > 0.2], margins[margins.abs() > 0.2]
    y = (margins > 0).float()
    # the bias counts as one more input of size 1
    radius, margin = (x.square().sum(1) + 1).max().sqrt(), margins.abs().min()
    assert sum(mistakes_per_pass(x, y, 20)) <= (radius / margin) ** 2


def test_a_right_answer_teaches_the_perceptron_nothing():
    weights, bias = torch.tensor([1.0, -1.0]), torch.tensor(0.5)
    after = gradients.perceptron_update(
        torch.tensor([2.0, 1.0]), torch.tensor(1.0), weights, bias
    )
    torch.testing.assert_close(after, (weights, bias), rtol=0, atol=0)


def test_the_perceptron_fires_on_the_boundary_itself():
    assert gradients.perceptron(torch.zeros(2), torch.ones(2), torch.tensor(0.0)) == 1


# ── A chain of sigmoids ─────────────────────────────────────────────────────────────


@quickly
@given(depths, shapes)
def test_the_chain_agrees_with_autograd(depth, shape):
    weights = chain(depth)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    links = gradients.sigmoid_chain(weights, x)
    end = links[-1].activation if links else x
    (expected,) = torch.autograd.grad(end.sum(), x)
    got = gradients.sigmoid_chain_gradient(weights, x.detach())
    torch.testing.assert_close(got, expected)
    assert got.shape == x.shape


@quickly
@given(depths)
def test_the_gradient_is_the_product_of_the_factors_that_the_chain_shows(depth):
    weights, x = chain(depth), torch.randn(4, dtype=torch.float64)
    product = torch.ones_like(x)
    for link in gradients.sigmoid_chain(weights, x):
        product = product * link.factor
    torch.testing.assert_close(gradients.sigmoid_chain_gradient(weights, x), product)


@quickly
@given(st.integers(1, 20), st.floats(-20, 20))
def test_no_chain_exceeds_its_bound(depth, weight):
    x = torch.linspace(-30, 30, 101, dtype=torch.float64)
    got = gradients.sigmoid_chain_gradient(
        [torch.tensor(weight, dtype=torch.float64)] * depth, x
    )
    assert got.abs().max() <= (abs(weight) / 4) ** depth * (1 + 1e-9)  # rounding


@pytest.mark.parametrize("weight", [-3.9, -1.0, 0.0, 0.3, 1.0, 2.0, 3.5])
@pytest.mark.parametrize("tol", [0.9, 0.5, 1e-3, 1e-12])
def test_the_depth_limit_is_the_first_depth_below_the_tolerance(weight, tol):
    depth = gradients.depth_limit(weight, tol)
    assert (abs(weight) / 4) ** depth < tol <= (abs(weight) / 4) ** (depth - 1 or 0.0)


@pytest.mark.parametrize("weight", [4.0, -4.0, 4.1, -100.0])
def test_from_four_on_there_is_no_depth_limit(weight):
    assert gradients.depth_limit(weight, 1e-3) == -1


# ── A loss ──────────────────────────────────────────────────────────────────────────


@quickly
@given(sizes, st.integers(2, 6))
def test_softmax_cross_entropy_agrees_with_autograd(batch, classes):
    logits = (5 * torch.randn(batch, classes, dtype=torch.float64)).requires_grad_()
    target = torch.randint(classes, (batch,))
    (expected,) = torch.autograd.grad(functional.cross_entropy(logits, target), logits)
    got = gradients.softmax_cross_entropy_grad(logits.detach(), target)
    torch.testing.assert_close(got, expected)
    torch.testing.assert_close(got.sum(dim=1), torch.zeros(batch, dtype=torch.float64))


def test_large_logits_give_no_nan():
    logits = torch.tensor([[1000.0, 0.0], [-1000.0, 0.0]])
    got = gradients.softmax_cross_entropy_grad(logits, torch.tensor([0, 0]))
    torch.testing.assert_close(got, torch.tensor([[0.0, 0.0], [-0.5, 0.5]]))


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_knowing_nothing_costs_the_logarithm_of_the_number_of_classes(classes):
    measured = functional.cross_entropy(torch.zeros(1, classes), torch.tensor([0]))
    assert gradients.initial_loss(classes) == pytest.approx(measured.item(), rel=1e-6)


# ── Slopes by measurement ───────────────────────────────────────────────────────────


@quickly
@given(shapes)
def test_central_differences_agree_with_autograd(shape):
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad((x.sin() * x.square()).sum(), x)
    got = gradients.numerical_gradient(lambda v: (v.sin() * v.square()).sum(), x.detach())
    # absolute, too: a slope of 1e-6 among others carries the noise of the whole sum
    torch.testing.assert_close(got, expected, rtol=1e-6, atol=1e-8)
    assert got.shape == x.shape


def test_a_float32_input_is_differentiated_in_float64():
    x = torch.linspace(0.1, 2, 7)
    seen = []
    got = gradients.numerical_gradient(lambda v: (seen.append(v.dtype), v.exp().sum())[1], x)
    assert set(seen) == {torch.float64}
    torch.testing.assert_close(got, x.exp(), rtol=1e-6, atol=0)  # float32's own rounding


def test_the_point_itself_is_not_moved():
    x = torch.randn(2, 3, dtype=torch.float64)
    before = x.clone()
    gradients.numerical_gradient(lambda v: v.square().sum(), x)
    torch.testing.assert_close(x, before, rtol=0, atol=0)


def error_of_exp(eps: float) -> float:
    """What a central difference of exp at 0 is off by, in float64."""
    x = torch.zeros(1, dtype=torch.float64)
    return abs(gradients.numerical_gradient(lambda v: v.exp().sum(), x, eps).item() - 1)


@pytest.mark.parametrize("eps", [1e-1, 1e-2, 1e-3])
def test_a_long_step_errs_by_the_truncation_that_was_predicted(eps):
    predicted = gradients.difference_error(eps, value=1, third_derivative=1, roundoff=0)
    assert error_of_exp(eps) == pytest.approx(predicted.truncation, rel=0.01)


@pytest.mark.parametrize("eps", [1e-9, 1e-11, 1e-13])
def test_a_short_step_errs_by_no_more_than_the_rounding_that_was_predicted(eps):
    roundoff = torch.finfo(torch.float64).eps / 2
    predicted = gradients.difference_error(eps, value=1, third_derivative=1, roundoff=roundoff)
    assert error_of_exp(eps) <= 2 * predicted.rounding  # exp itself is off by one u more


@quickly
@given(st.floats(0.1, 10), st.floats(0.1, 10), st.sampled_from(DTYPES))
def test_the_best_step_balances_the_two_errors(value, third, dtype):
    roundoff = torch.finfo(dtype).eps / 2
    numbers = {"value": value, "third_derivative": third, "roundoff": roundoff}
    best = gradients.best_step(**numbers)
    total = [sum(gradients.difference_error(best * f, **numbers)) for f in (0.9, 1, 1.1)]
    assert total[1] < min(total[0], total[2])


def test_kinks_are_found_where_a_step_crosses_a_corner_and_nowhere_else():
    x = torch.tensor([-1.0, -5e-6, 0.0, 5e-6, 1.0], dtype=torch.float64)
    found = gradients.kinks(lambda v: v.relu().sum(), x)
    assert found.tolist() == [False, True, True, True, False]


@quickly
@given(shapes)
def test_a_smooth_function_has_no_kinks(shape):
    x = torch.randn(shape)
    found = gradients.kinks(lambda v: (v.tanh() + v.square()).sum(), x)
    assert found.shape == x.shape
    assert not found.any()


RELATIVE_ERRORS = {
    "equal": ([1.0, -2.0], [1.0, -2.0], 0.0),
    "nothing against nothing": ([0.0], [0.0], 0.0),
    "something against nothing": ([0.0], [1e-9], 1.0),
    "a wrong sign": ([3.0], [-3.0], 2.0),
    "twice too big": ([2e-8], [1e-8], 0.5),
    "one wrong among many": ([1.0] * 99 + [2.0], [1.0] * 100, 0.5),
}


@pytest.mark.parametrize(
    ("analytic", "numeric", "error"), RELATIVE_ERRORS.values(), ids=RELATIVE_ERRORS
)
@every_dtype
def test_the_relative_error_of(analytic, numeric, error, dtype):
    a, n = torch.tensor(analytic, dtype=dtype), torch.tensor(numeric, dtype=dtype)
    assert gradients.gradient_check(a, n) == pytest.approx(error)
    assert gradients.gradient_check(n, a) == pytest.approx(error)  # no side is the true one


def test_a_nan_is_never_a_passed_check():
    wrong = torch.tensor([1.0, math.nan])
    assert not gradients.gradient_check(wrong, torch.ones(2)) < 1e-7


# ── A dense network ─────────────────────────────────────────────────────────────────


@quickly
@given(st.lists(sizes, min_size=2, max_size=5))
def test_the_hand_derived_backward_agrees_with_autograd(widths):
    x, y, weights, biases = network(widths)
    parameters = [p.requires_grad_() for p in weights + biases]
    output = gradients.mlp_forward(x, weights, biases)[-1]
    expected = torch.autograd.grad(functional.mse_loss(output, y), parameters)
    with torch.no_grad():
        weight_grads, bias_grads = gradients.mlp_backward(x, y, weights, biases)
    torch.testing.assert_close(weight_grads + bias_grads, list(expected))


def test_the_hand_derived_backward_agrees_with_central_differences():
    x, y, weights, biases = network([4, 6, 6, 3])
    weight_grads, _ = gradients.mlp_backward(x, y, weights, biases)
    for layer, analytic in enumerate(weight_grads):

        def loss(w, layer=layer):
            changed = [*weights[:layer], w, *weights[layer + 1 :]]
            return functional.mse_loss(gradients.mlp_forward(x, changed, biases)[-1], y)

        assert not gradients.kinks(loss, weights[layer]).any()  # of this seed
        numeric = gradients.numerical_gradient(loss, weights[layer])
        assert gradients.gradient_check(analytic, numeric) < 1e-6


def test_the_forward_pass_is_that_of_the_same_network_in_torch():
    model = mlp([5, 4, 3, 2]).double()
    weights = [p.detach() for n, p in model.named_parameters() if n.endswith("weight")]
    biases = [p.detach() for n, p in model.named_parameters() if n.endswith("bias")]
    x = torch.randn(7, 5, dtype=torch.float64)
    outputs = gradients.mlp_forward(x, weights, biases)
    assert [o.shape[1] for o in outputs] == [5, 4, 3, 2]
    torch.testing.assert_close(outputs[-1], model(x).detach())


@pytest.mark.parametrize("activation", [nn.ReLU, nn.Tanh, nn.Sigmoid])
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0])
def test_one_layer_scales_the_gradient_as_predicted(activation, gain, rng):
    width = 1000
    layer = redraw_(nn.Linear(width, width).double(), gain, rng=rng)
    z = torch.randn(64, width, generator=rng, dtype=torch.float64, requires_grad=True)
    delta = torch.randn(64, width, generator=rng, dtype=torch.float64)
    (slope,) = torch.autograd.grad(activation()(z).sum(), z)
    (back,) = torch.autograd.grad(layer(activation()(z)), z, delta)
    predicted = gradients.layer_scale(
        fan_out=width,
        weight_variance=gain**2 / width,
        mean_squared_slope=slope.square().mean().item(),
    )
    measured = (back.square().mean() / delta.square().mean()).item()
    assert measured == pytest.approx(predicted, rel=0.03)  # 1000 units: a few per cent


def test_the_layers_of_a_model_are_read_in_order_and_biases_left_out():
    model = mlp([4, 3, 2])
    model(torch.ones(1, 4)).sum().backward()
    found = gradients.layer_gradient_rms(model)
    assert list(found) == ["0.weight", "2.weight"]
    assert found["2.weight"] == pytest.approx(
        model[2].weight.grad.square().mean().sqrt().item()
    )


def test_frozen_weights_are_left_out():
    model = mlp([4, 3, 2])
    model[0].weight.requires_grad_(False)
    model(torch.ones(1, 4)).sum().backward()
    assert list(gradients.layer_gradient_rms(model)) == ["2.weight"]


def test_the_typical_size_does_not_grow_with_the_matrix():
    for width in (3, 300):
        layer = nn.Linear(width, width)
        layer.weight.grad = torch.full((width, width), -0.25)
        assert gradients.layer_gradient_rms(layer)["weight"] == pytest.approx(0.25)


# ── Any device, any dtype ───────────────────────────────────────────────────────────


def everything(dtype: torch.dtype, device: str):
    """Every function that returns tensors, called with inputs of this dtype and device."""
    place = {"dtype": dtype, "device": device}
    x, w, b = torch.ones(3, 2, **place), torch.ones(2, **place), torch.ones((), **place)
    weights = [torch.ones(4, 2, **place), torch.ones(1, 4, **place)]
    biases = [torch.ones(4, **place), torch.ones(1, **place)]
    target = torch.ones(3, dtype=torch.int64, device=device)

    def square(v):
        return v.square().sum()

    yield gradients.perceptron(x, w, b)
    yield from gradients.perceptron_update(w, b, w, b)
    for link in gradients.sigmoid_chain([b, b], x):
        yield from (*link, link.factor)
    yield gradients.sigmoid_chain_gradient([b, b], x)
    yield gradients.softmax_cross_entropy_grad(x, target)
    yield gradients.numerical_gradient(square, x)
    yield from gradients.mlp_forward(x, weights, biases)
    for grads in gradients.mlp_backward(x, x[:, :1], weights, biases):
        yield from grads


@every_dtype
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_results_stay_on_the_device_and_in_the_dtype_of_the_inputs(dtype, device):
    for result in everything(dtype, device):
        assert (result.dtype, result.device.type) == (dtype, device)


@every_dtype
def test_kinks_are_searched_where_the_input_lies(dtype):
    x = torch.ones(3, dtype=dtype, device="meta")
    found = gradients.kinks(lambda v: v.relu().sum(), x)
    assert (found.dtype, found.device.type) == (torch.bool, "meta")


@every_dtype
def test_inputs_need_not_be_contiguous(dtype):
    x = torch.randn(2, 3, dtype=dtype).T
    plain = x.contiguous()
    for f in (
        lambda v: gradients.sigmoid_chain_gradient([torch.tensor(2.0, dtype=dtype)], v),
        lambda v: gradients.softmax_cross_entropy_grad(v, torch.tensor([0, 1, 1])),
        lambda v: gradients.numerical_gradient(lambda u: u.square().sum(), v),
    ):
        torch.testing.assert_close(f(x), f(plain))


def test_examples_in_docstrings():
    failed, tried = doctest.testmod(gradients)
    assert (failed, tried > 0) == (0, True)
