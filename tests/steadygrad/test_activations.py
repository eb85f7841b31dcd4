"""Activations: torch is the oracle, then each property that chapter 3 claims."""

import doctest
import importlib
import math
import pkgutil

import pytest
import torch
from hypothesis import given, register_random, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from steadygrad import activations
from steadygrad.activations import ACTIVATIONS, Moments


class TorchRandom:
    """Torch's global generator as hypothesis expects one: a failing example fails again."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


TORCH_RANDOM = TorchRandom()  # hypothesis keeps only a weak reference
register_random(TORCH_RANDOM)

# The first call of a torch operation can take longer than hypothesis' 200 ms.
settings.register_profile("activations", deadline=None, max_examples=30)
quickly = settings(settings.get_profile("activations"))

DTYPES = [torch.float32, torch.float64]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
shapes = st.lists(st.integers(1, 4), max_size=3)
TORCHS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": functional.softplus,
    "ReLU": functional.relu,
    "leaky ReLU": functional.leaky_relu,
    "ELU": functional.elu,
    "SELU": functional.selu,
    "GELU": functional.gelu,
    "SiLU": functional.silu,
    "Mish": functional.mish,
    "ReLU²": lambda x: functional.relu(x).square(),
    "hard sigmoid": functional.hardsigmoid,
    "hard tanh": functional.hardtanh,
    "hard swish": functional.hardswish,
}


def line(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    """Points from −30 to 30, none of them a corner."""
    return torch.linspace(-30, 30, 1234, dtype=dtype)


def slope_by_autograd(f, x: torch.Tensor) -> torch.Tensor:
    x = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(f(x).sum(), x)
    return slope


# ── Value and slope of each ─────────────────────────────────────────────────────────


@every_dtype
@every_activation
def test_the_value_is_torchs(name, dtype):
    torch.testing.assert_close(ACTIVATIONS[name].value(line(dtype)), TORCHS[name](line(dtype)))


@every_dtype
@every_activation
def test_the_slope_is_what_autograd_finds_in_torchs_function_and_in_ours(name, dtype):
    slope = ACTIVATIONS[name].slope(line(dtype))
    tolerance = {"rtol": 1e-5, "atol": 1e-5} if dtype == torch.float32 else {}
    oracle = slope_by_autograd(TORCHS[name], line(dtype))
    if name == "softplus":  # torch cuts its slope off at 20
        tolerance = {"rtol": 1e-5, "atol": 1e-8}
    torch.testing.assert_close(slope, oracle, **tolerance)
    ours = slope_by_autograd(ACTIVATIONS[name].value, line(dtype))
    torch.testing.assert_close(ours, slope, rtol=1e-4, atol=1e-5)


@every_dtype
@every_activation
def test_value_and_slope_stay_finite_far_out(name, dtype):
    far = torch.tensor([-1e9, -1e4, -1000, -800, -90, 0, 90, 800, 1000, 1e4, 1e9], dtype=dtype)
    both = ACTIVATIONS[name]
    assert both.value(far).isfinite().all()
    assert both.slope(far).isfinite().all()
    assert slope_by_autograd(both.value, far).isfinite().all()


@every_activation
def test_the_slope_is_the_limit_of_differences(name):
    x, step = line()[::7], 1e-6
    value, slope = ACTIVATIONS[name]
    measured = (value(x + step) - value(x - step)) / (2 * step)
    torch.testing.assert_close(measured, slope(x), rtol=1e-6, atol=1e-7)


@every_activation
@quickly
@given(shape=shapes)
def test_any_shape_goes_through(name, shape):
    x = torch.randn(shape)
    assert ACTIVATIONS[name].value(x).shape == ACTIVATIONS[name].slope(x).shape == x.shape


# ── Sigmoids ────────────────────────────────────────────────────────────────────────


def test_the_tails_keep_their_digits():
    far = torch.tensor([-40.0, -300.0], dtype=torch.float64)
    for f in (activations.stable_sigmoid, activations.softplus):
        torch.testing.assert_close(f(far).log(), far, rtol=1e-12, atol=0)
    tiny = torch.tensor([-1e-12, 1e-12], dtype=torch.float64)
    torch.testing.assert_close(activations.tanh(tiny), tiny, rtol=1e-12, atol=0)
    torch.testing.assert_close(activations.elu(tiny), tiny, rtol=1e-12, atol=0)
    assert activations.sigmoid_slope(-far).log().tolist() == pytest.approx(far.tolist())


def test_the_slope_at_zero_itself_is_right():
    zero = torch.zeros((), dtype=torch.float64)
    for name, slope in {"sigmoid": 0.25, "tanh": 1.0, "softplus": 0.5, "ELU": 1.0}.items():
        assert slope_by_autograd(ACTIVATIONS[name].value, zero) == slope


@pytest.mark.parametrize("beta", [0.3, 1.0, 5.0])
def test_softplus_has_torchs_beta(beta):
    x = line()
    torch.testing.assert_close(
        activations.softplus(x, beta), functional.softplus(x, beta, threshold=100)
    )
    torch.testing.assert_close(
        slope_by_autograd(lambda v: activations.softplus(v, beta), x),
        activations.softplus_slope(x, beta),
    )


def test_tanh_is_a_stretched_sigmoid():
    x = line()
    torch.testing.assert_close(
        activations.tanh(x), 2 * activations.stable_sigmoid(2 * x) - 1, rtol=1e-9, atol=1e-12
    )


# ── Rectifiers ──────────────────────────────────────────────────────────────────────


@quickly
@given(st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=2))
def test_the_gradients_of_a_prelu_are_autograds(batch, channels, space):
    x = torch.randn(batch, channels, *space, dtype=torch.float64)
    x.flatten()[0] = 0.0
    a = torch.randn(channels, dtype=torch.float64)
    grad_out = torch.randn_like(x)
    wanted = [t.clone().requires_grad_() for t in (x, a)]
    value = functional.prelu(*wanted)
    torch.testing.assert_close(activations.prelu(x, a), value.detach())
    expected = torch.autograd.grad(value, wanted, grad_out)
    torch.testing.assert_close(activations.prelu_backward(grad_out, x, a), expected)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_elu_has_torchs_alpha(alpha):
    torch.testing.assert_close(activations.elu(line(), alpha), functional.elu(line(), alpha))


def test_a_randomized_slope_is_uniform_between_its_limits_and_drawn_for_each_entry(rng):
    x = -torch.ones(200, 500, dtype=torch.float64)
    slopes = -activations.randomized_leaky_relu(x, 0.1, 0.5, rng=rng)
    assert 0.1 <= slopes.min() < 0.101
    assert 0.499 < slopes.max() <= 0.5
    assert slopes.mean().item() == pytest.approx(0.3, abs=2e-3)
    assert slopes.std().item() == pytest.approx(0.4 / math.sqrt(12), abs=1e-3)


def test_outside_training_the_slope_is_the_mean_one_and_the_right_side_never_changes(rng):
    x = line()
    plain = activations.randomized_leaky_relu(x, 0.1, 0.5, training=False)
    torch.testing.assert_close(plain, functional.rrelu(x, 0.1, 0.5, training=False))
    drawn = activations.randomized_leaky_relu(x, 0.1, 0.5, rng=rng)
    torch.testing.assert_close(drawn[x > 0], x[x > 0], rtol=0, atol=0)


def test_the_same_generator_gives_the_same_slopes():
    twice = [
        activations.randomized_leaky_relu(line(), rng=torch.Generator().manual_seed(3))
        for _ in range(2)
    ]
    torch.testing.assert_close(*twice, rtol=0, atol=0)


# ── Self-normalization ──────────────────────────────────────────────────────────────


def test_moments_under_the_normal_distribution():
    assert activations.gaussian_moments(torch.relu).second == pytest.approx(0.5, abs=1e-9)
    assert activations.gaussian_moments(torch.relu).mean == pytest.approx(
        1 / math.sqrt(2 * math.pi), abs=1e-7
    )
    shifted = activations.gaussian_moments(lambda z: z, 2.0, 9.0)
    assert shifted.mean == pytest.approx(2)
    assert shifted.variance == pytest.approx(9)


def test_the_constants_of_selu_are_torchs_and_solve_their_equations():
    alpha, scale = activations.selu_constants()
    assert alpha == pytest.approx(1.6732632423543772848170429916717, abs=1e-14)
    assert scale == pytest.approx(1.0507009873554804934193349852946, abs=1e-14)
    mean, second = activations.gaussian_moments(activations.selu)
    assert mean == pytest.approx(0, abs=1e-6)
    assert second == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("start", [(0.0, 0.1), (0.0, 10.0), (2.0, 5.0), (-1.0, 1.5)])
def test_selu_draws_mean_and_variance_to_its_fixed_point(start):
    moments = Moments(*start)
    for _ in range(60):
        moments = activations.next_moments(activations.selu, moments)
    assert moments.mean == pytest.approx(0, abs=1e-5)
    assert moments.variance == pytest.approx(1, abs=1e-5)


def test_alpha_dropout_keeps_mean_and_variance(rng):
    x = activations.selu(torch.randn(400_000, dtype=torch.float64, generator=rng))
    for p in (0.1, 0.5):
        dropped = activations.alpha_dropout(x, p, rng=rng)
        assert dropped.mean().item() == pytest.approx(0, abs=0.01)
        assert dropped.std().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(activations.alpha_dropout(x, 0.0, rng=rng), x)


# ── Gates ───────────────────────────────────────────────────────────────────────────


def test_the_approximate_gelu_is_torchs():
    x = line()
    torch.testing.assert_close(
        activations.gelu(x, approximate=True), functional.gelu(x, approximate="tanh")
    )
    torch.testing.assert_close(
        activations.gelu_slope(x, approximate=True),
        slope_by_autograd(lambda v: functional.gelu(v, approximate="tanh"), x),
    )


def test_how_far_the_likenesses_of_gelu_are_off():
    x = torch.linspace(-10, 10, 200_001, dtype=torch.float64)
    exact = activations.gelu(x)
    assert 4e-4 < (activations.gelu(x, approximate=True) - exact).abs().max() < 5e-4
    assert 0.02 < (activations.quick_gelu(x) - exact).abs().max() < 0.021


@pytest.mark.parametrize("beta", [0.0, 0.5, 1.0, 4.0])
def test_the_slopes_of_swish_are_autograds(beta):
    x, b = line().requires_grad_(), torch.tensor(beta, dtype=torch.float64, requires_grad=True)
    value = activations.swish(x, b)
    in_x, in_beta = torch.autograd.grad(value.sum(), (x, b))
    torch.testing.assert_close(activations.swish_slope(x.detach(), beta), in_x)
    torch.testing.assert_close(activations.swish_beta_slope(x.detach(), beta).sum(), in_beta)


def test_swish_runs_from_half_the_identity_to_relu():
    x = line()
    torch.testing.assert_close(activations.swish(x, 0.0), x / 2)
    torch.testing.assert_close(activations.swish(x, 1e6), activations.relu(x))


@quickly
@given(shapes, st.integers(1, 4), st.integers(1, 4), st.integers(1, 4))
def test_swiglu_is_torchs_three_layers(batch, inputs, hidden, outputs):
    x = torch.randn(*batch, inputs)
    gate, up, down = (torch.randn(*s) for s in ((hidden, inputs),) * 2 + ((outputs, hidden),))
    product = functional.silu(functional.linear(x, gate)) * functional.linear(x, up)
    torch.testing.assert_close(
        activations.swiglu(x, gate, up, down), functional.linear(product, down)
    )


# ── Dead units ──────────────────────────────────────────────────────────────────────


def half_dead() -> nn.Sequential:
    """Four units: one always on, one never, one for positive inputs, one for negative ones."""
    model = nn.Sequential(nn.Linear(1, 4), nn.ReLU(), nn.Dropout(0.9))
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor([[0.0], [0.0], [1.0], [-1.0]]))
        model[0].bias.copy_(torch.tensor([1.0, -1.0, 0.0, 0.0]))
    return model


def test_a_unit_is_dead_when_no_example_of_any_batch_switches_it_on():
    model, positive = half_dead(), torch.tensor([[1.0], [2.0]])
    assert activations.dead_unit_fraction(model, "1", [positive]) == 0.5
    assert activations.dead_unit_fraction(model, "1", [positive, -positive]) == 0.25
    assert activations.dead_unit_fraction(model, "1", iter([-positive, positive])) == 0.25
    outputs = model[1](model[0](torch.cat([positive, -positive])))
    assert activations.dead_units(outputs).tolist() == [False, True, False, False]


def test_the_model_is_handed_back_as_it_was():
    model = half_dead()
    model[2].eval()
    activations.dead_unit_fraction(model, "2", [torch.ones(2, 1)])
    assert [module.training for module in model.modules()] == [True, True, True, False]
    assert not model[2]._forward_hooks
    with pytest.raises(RuntimeError):
        activations.dead_unit_fraction(model, "1", [torch.ones(2, 7)])
    assert not model[1]._forward_hooks
    assert model.training


def test_in_a_convolution_a_unit_is_a_channel():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU())
    with torch.no_grad():
        model[0].weight.zero_()
        model[0].bias.copy_(torch.tensor([1.0, -1.0]))
        model[0].weight[1] = 1.0
    image = torch.zeros(1, 1, 3, 3)
    assert activations.dead_unit_fraction(model, "1", [image]) == 0.5
    image[0, 0, 2, 1] = 2.0
    assert activations.dead_unit_fraction(model, "1", [image]) == 0.0


def test_only_dead_units_are_drawn_anew(rng):
    weight, bias = torch.randn(200, 50), torch.randn(200)
    dead = torch.arange(200) < 100
    fresh, moved = activations.revived(weight, bias, dead, rng=rng)
    torch.testing.assert_close(fresh[100:], weight[100:], rtol=0, atol=0)
    torch.testing.assert_close(moved[100:], bias[100:], rtol=0, atol=0)
    assert moved[:100].abs().max() == 0
    assert fresh[:100].std().item() == pytest.approx(math.sqrt(2 / 50), rel=0.05)


# ── Any device, any dtype ───────────────────────────────────────────────────────────


def everything(dtype: torch.dtype, device: str):
    """Every function that returns tensors, called with inputs of this dtype and device."""
    place = {"dtype": dtype, "device": device}
    x, a, w = torch.ones(3, 2, **place), torch.ones(2, **place), torch.ones(2, 2, **place)
    for value, slope in ACTIVATIONS.values():
        yield value(x)
        yield slope(x)
    yield activations.gelu(x, approximate=True)
    yield activations.gelu_slope(x, approximate=True)
    yield activations.quick_gelu(x)
    yield activations.swish_beta_slope(x)
    yield activations.prelu(x, a)
    yield from activations.prelu_backward(x, x, a)
    yield activations.randomized_leaky_relu(x)
    yield activations.randomized_leaky_relu(x, training=False)
    yield activations.alpha_dropout(x, 0.5)
    yield activations.swiglu(x, w, w, w)
    dead = torch.ones(2, dtype=torch.bool, device=device)
    rng = torch.Generator().manual_seed(0)
    if device == "cpu":
        yield from activations.revived(w, a, dead, rng=rng)


@every_dtype
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_results_stay_on_the_device_and_in_the_dtype_of_the_inputs(dtype, device):
    for result in everything(dtype, device):
        assert (result.dtype, result.device.type) == (dtype, device)


@every_dtype
@every_activation
def test_inputs_need_not_be_contiguous(name, dtype):
    x = torch.randn(2, 3, dtype=dtype).T
    for f in ACTIVATIONS[name]:
        torch.testing.assert_close(f(x), f(x.contiguous()))


def test_examples_in_docstrings():
    parts = [module.name for module in pkgutil.iter_modules(activations.__path__)]
    results = [
        doctest.testmod(importlib.import_module(f"{activations.__name__}.{part}"))
        for part in parts
    ]
    assert sum(failed for failed, _ in results) == 0
    assert sum(tried for _, tried in results) >= 5
