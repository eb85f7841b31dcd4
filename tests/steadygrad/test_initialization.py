"""Initialization: torch is the oracle, then each property that chapter 2 claims."""

import doctest
import importlib
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from steadygrad import initialization
from steadygrad.initialization import DISTRIBUTIONS, MODES, SCHEMES, Scheme
from steadygrad.models import mlp

# The first call of a torch operation can take longer than hypothesis' 200 ms.
settings.register_profile("initialization", deadline=None, max_examples=40)
quickly = settings(settings.get_profile("initialization"))

ACTIVATIONS = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "elu": functional.elu,
    "selu": functional.selu,
    "gelu": functional.gelu,
    "silu": functional.silu,
    "mish": functional.mish,
}
TABLE = {  # E[φ], E[φ²], forward and backward gain: from published integrations
    "relu": (0.399, 0.500, 1.414, 1.414),
    "tanh": (0.000, 0.394, 1.593, 1.467),
    "sigmoid": (0.500, 0.293, 1.846, 4.723),
    "elu": (0.161, 0.645, 1.245, 1.223),
    "selu": (0.000, 1.000, 1.000, 0.966),
    "gelu": (0.282, 0.425, 1.534, 1.481),
    "silu": (0.207, 0.356, 1.677, 1.623),
    "mish": (0.240, 0.452, 1.487, 1.445),
}
every_distribution = pytest.mark.parametrize("distribution", DISTRIBUTIONS)
kernels = st.lists(st.integers(1, 4), max_size=3)
sizes = st.integers(1, 6)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ── One draw for all schemes ────────────────────────────────────────────────────────


@quickly
@given(sizes, sizes, kernels)
def test_fans_agree_with_torch(n_out, n_in, kernel):
    weight = torch.empty(n_out, n_in, *kernel)
    fans = initialization.fan_in_fan_out(weight.shape)
    assert fans == nn.init._calculate_fan_in_and_fan_out(weight)


@quickly
@given(st.integers(1, 4), sizes, sizes)
def test_a_grouped_convolution_has_the_fans_of_one_of_its_groups(groups, n_out, n_in):
    layer = nn.Conv2d(groups * n_in, groups * n_out, 3, groups=groups)
    one = nn.Conv2d(n_in, n_out, 3)
    fans = initialization.fan_in_fan_out(layer.weight.shape, groups)
    assert fans == initialization.fan_in_fan_out(one.weight.shape)


def test_an_input_goes_to_as_many_outputs_as_fan_out_says():
    layer = nn.Conv2d(8, 12, 3, padding=1, groups=4)
    x = torch.zeros(1, 8, 9, 9)
    x[0, 5, 4, 4] = 1
    reached = (layer(x) - layer(torch.zeros_like(x))).ne(0).sum()
    assert reached == initialization.fan_in_fan_out(layer.weight.shape, groups=4)[1]


def test_the_truncated_deviation_is_that_of_a_truncated_normal():
    drawn = torch.randn(1_000_000, generator=seeded(), dtype=torch.float64)
    kept = drawn[drawn.abs() < 2]
    assert kept.std().item() == pytest.approx(initialization.TRUNCATED_STD, rel=2e-3)


@every_distribution
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [(300, 100), (60, 20, 5, 3)], ids=["dense", "convolution"])
def test_the_variance_is_gain_squared_over_the_fan(shape, mode, distribution):
    fan_in, fan_out = initialization.fan_in_fan_out(shape)
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
    w = torch.zeros(shape)
    drawn = initialization.variance_scaling_(w, 1.7, mode, distribution, seeded())
    assert drawn.std().item() == pytest.approx(1.7 / math.sqrt(fan), rel=0.03)  # 5 errors
    assert abs(drawn.mean().item()) < 0.03 * drawn.std().item()
    assert drawn is w


PEERS = {  # a scheme, and what torch calls it
    "He normal": lambda w: nn.init.kaiming_normal_(w),
    "He uniform": lambda w: nn.init.kaiming_uniform_(w),
    "Glorot normal": lambda w: nn.init.xavier_normal_(w),
    "Glorot uniform": lambda w: nn.init.xavier_uniform_(w),
    "LeCun normal": lambda w: nn.init.kaiming_normal_(w, nonlinearity="linear"),
    "PyTorch's default": lambda w: nn.init.kaiming_uniform_(w, a=math.sqrt(5)),
}


@pytest.mark.parametrize("name", PEERS)
def test_a_scheme_draws_what_torch_draws_under_that_name(name):
    w = torch.empty(400, 150)
    ours = initialization.variance_scaling_(torch.empty_like(w), *SCHEMES[name], seeded())
    theirs = PEERS[name](w)
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.02)
    levels = torch.linspace(0.05, 0.95, 7)
    torch.testing.assert_close(
        ours.flatten().quantile(levels), theirs.flatten().quantile(levels), rtol=0, atol=0.003
    )


@pytest.mark.parametrize("layer", [nn.Linear(500, 100), nn.Conv2d(20, 30, 5)], ids=repr)
def test_a_fresh_layer_of_torch_has_the_default_that_the_chapter_names(layer):
    fan_in, _ = initialization.fan_in_fan_out(layer.weight.shape)
    assert layer.weight.abs().max().item() == pytest.approx(1 / math.sqrt(fan_in), rel=1e-3)
    he = math.sqrt(3) * math.sqrt(2 / fan_in)
    assert he * math.sqrt(fan_in) == pytest.approx(math.sqrt(6))  # √6 above the default


@every_distribution
def test_the_bounded_distributions_keep_their_bounds(distribution):
    drawn = initialization.variance_scaling_(
        torch.empty(200, 100), 1.0, "fan_in", distribution, seeded()
    )
    largest = drawn.abs().max().item() * 10  # in deviations
    bound = {"uniform": math.sqrt(3), "truncated": 2 / initialization.TRUNCATED_STD}
    assert largest <= bound.get(distribution, math.inf) * (1 + 1e-6)
    assert largest > 0.99 * bound.get(distribution, 3.5)


@every_distribution
@quickly
@given(sizes, sizes, kernels)
def test_any_shape_any_dtype_and_the_same_numbers_for_the_same_seed(
    distribution, n_out, n_in, kernel
):
    w = torch.empty(n_out, n_in, *kernel, dtype=torch.float64)
    one, two = (
        initialization.variance_scaling_(w.clone(), 1.0, "fan_avg", distribution, seeded(5))
        for _ in range(2)
    )
    assert torch.equal(one, two)
    assert (one.shape, one.dtype) == (w.shape, w.dtype)


@every_distribution
def test_in_place_writes_into_the_parameter_and_keeps_its_gradient_switched_on(distribution):
    w = nn.Parameter(torch.zeros(40, 30))
    back = initialization.variance_scaling_(w, 1.0, "fan_in", distribution, seeded())
    assert back is w
    assert w.requires_grad
    assert w.is_leaf
    assert w.std().item() == pytest.approx(1 / math.sqrt(30), rel=0.1)


@pytest.mark.parametrize(
    ("mode", "distribution", "error"),
    [("fan", "normal", ValueError), ("fan_in", "gamma", ValueError)],
)
def test_an_unknown_mode_or_distribution_is_refused(mode, distribution, error):
    with pytest.raises(error, match=r"fan|gamma"):
        initialization.variance_scaling_(torch.empty(2, 2), 1.0, mode, distribution)


# ── The gain of an activation ───────────────────────────────────────────────────────


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_gains(name):
    phi = ACTIVATIONS[name]
    forward = initialization.gain_from_activation(phi)
    found = (
        initialization.mean_activation(phi),
        forward**-2,
        forward,
        initialization.backward_gain(phi),
    )
    assert found == pytest.approx(TABLE[name], abs=6e-4)


@pytest.mark.parametrize("name", ["relu", "linear", "leaky_relu"])
def test_gains_agree_with_torch_where_torch_is_exact(name):
    phi = {"relu": torch.relu, "linear": lambda z: z, "leaky_relu": functional.leaky_relu}[name]
    assert initialization.gain_from_activation(phi) == pytest.approx(
        nn.init.calculate_gain(name), rel=1e-6
    )


@quickly
@given(st.floats(-2, 2))
def test_the_leaky_gain_is_what_the_integral_gives(slope):
    found = initialization.gain_from_activation(lambda z: torch.where(z > 0, z, slope * z))
    assert found == pytest.approx(initialization.leaky_relu_gain(slope), rel=1e-6)
    assert found == pytest.approx(nn.init.calculate_gain("leaky_relu", slope), rel=1e-6)


@quickly
@given(st.floats(0.1, 10))
def test_a_louder_activation_needs_a_smaller_gain(factor):
    louder = initialization.gain_from_activation(lambda z: factor * torch.tanh(z))
    assert louder * factor == pytest.approx(initialization.gain_from_activation(torch.tanh))


@pytest.mark.parametrize("name", ["relu", "tanh", "sigmoid", "gelu"])
def test_theory_predicts_the_size_of_the_signal_in_a_wide_network(name):
    phi, width, depth = ACTIVATIONS[name], 1000, 6
    h, rng = torch.randn(200, width, generator=seeded()), seeded(1)
    measured = []
    for _ in range(depth):
        w = initialization.variance_scaling_(
            torch.empty(width, width), 1.3, "fan_in", "normal", rng
        )
        z = h @ w.T
        measured.append(z.square().mean().sqrt().item())
        h = phi(z)
    predicted = initialization.rms_through_layers(phi, weight_variance=1.69, depth=depth)
    assert measured == pytest.approx(predicted, rel=0.06)


# ── Schemes, and models to give them to ─────────────────────────────────────────────


def test_a_scheme_reaches_every_linear_and_convolutional_layer_and_no_other():
    model = nn.Sequential(
        nn.Conv2d(4, 64, 5, groups=2), nn.BatchNorm2d(64), nn.Flatten(), nn.Linear(64, 300)
    )
    assert initialization.initialize_(model, SCHEMES["He normal"], seeded()) is model
    assert model[0].weight.std().item() == pytest.approx(math.sqrt(2 / 50), rel=0.06)
    assert model[3].weight.std().item() == pytest.approx(math.sqrt(2 / 64), rel=0.04)
    assert not model[0].bias.any()
    assert torch.equal(model[1].weight, torch.ones(64))


def test_by_fan_out_a_grouped_convolution_counts_its_own_group():
    layer = nn.Conv2d(200, 200, 3, groups=4, bias=False)
    initialization.initialize_(layer, Scheme(1.0, "fan_out", "normal"), seeded())
    assert layer.weight.std().item() == pytest.approx(1 / math.sqrt(50 * 9), rel=0.02)


def test_a_model_without_layers_to_draw_is_refused():
    with pytest.raises(ValueError, match="no linear"):
        initialization.initialize_(nn.Sequential(nn.ReLU()), SCHEMES["He normal"])


@pytest.mark.parametrize("slope", [0.0, 0.5])
def test_layers_of_he_start_and_restart_as_he_would(slope):
    dense = initialization.HeLinear(300, 200, slope=slope)
    convolution = initialization.HeConv2d(30, 50, 3, slope=slope, padding=1, bias=False)
    for layer, fan_in in ((dense, 300), (convolution, 270)):
        first = layer.weight.detach().clone()
        layer.reset_parameters()
        assert not torch.equal(layer.weight, first)
        deviation = math.sqrt(2 / (1 + slope**2) / fan_in)
        for weight in (first, layer.weight):
            assert weight.std().item() == pytest.approx(deviation, rel=0.03)
    assert not dense.bias.any()
    assert dense(torch.randn(2, 300)).shape == (2, 200)


# ── What a variance does not say ────────────────────────────────────────────────────


@quickly
@given(sizes, sizes, kernels, st.floats(0.1, 4))
def test_an_orthogonal_weight_changes_no_length_but_by_its_gain(n_out, n_in, kernel, gain):
    w = torch.empty(n_out, n_in, *kernel, dtype=torch.float64)
    found = initialization.orthogonal_(w, gain, seeded())
    assert found.shape == w.shape
    stretch = torch.linalg.svdvals(found.flatten(1))
    torch.testing.assert_close(stretch, torch.full_like(stretch, gain))


def test_orthogonal_weights_are_as_fair_as_torchs():
    def first_entries(draw):
        return torch.stack([draw(seed)[0, 0] for seed in range(600)])

    ours = first_entries(
        lambda seed: initialization.orthogonal_(torch.empty(3, 3), 1.0, seeded(seed))
    )
    theirs = first_entries(
        lambda seed: nn.init.orthogonal_(torch.empty(3, 3), generator=seeded(seed))
    )
    assert abs(ours.mean().item()) < 0.1  # 4 errors; without the signs it is about −0.5
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.15)


def test_orthogonal_writes_into_the_parameter_and_keeps_its_gradient_switched_on():
    layer = nn.Linear(5, 3)
    assert initialization.orthogonal_(layer.weight, 2.0, seeded()) is layer.weight
    assert layer.weight.requires_grad
    assert layer.weight.is_leaf


@quickly
@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), sizes, sizes)
def test_as_many_units_are_distinct_as_there_are_originals(which, inputs, outputs):
    w_in, w_out = torch.randn(5, inputs), torch.randn(outputs, 5)
    found = initialization.distinct_units(w_in[which], w_out[:, which])
    assert found == len(set(which))


def test_gradient_descent_cannot_tell_copies_apart():
    model = mlp([4, 6, 2], "tanh")
    for layer in model[::2]:
        nn.init.constant_(layer.weight, 0.3)
        nn.init.zeros_(layer.bias)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    x, y = torch.randn(20, 4), torch.randint(2, (20,))
    for _ in range(50):
        optimizer.zero_grad()
        functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    weights = model[0].weight.detach(), model[2].weight.detach()
    assert initialization.distinct_units(*weights, tol=1e-5) == 1
    assert (weights[0] - 0.3).abs().max() > 0.01  # it did train


# ── What the data know already ──────────────────────────────────────────────────────


@quickly
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=9))
def test_softmax_of_the_bias_gives_the_shares(counts):
    counts = torch.tensor(counts)
    bias = initialization.output_bias_from_counts(counts)
    torch.testing.assert_close(bias.softmax(0), counts / counts.sum())


def test_a_class_that_never_occurred_is_not_impossible():
    bias = initialization.output_bias_from_counts(torch.tensor([99.0, 0.0]))
    torch.testing.assert_close(bias.exp(), torch.tensor([0.99, 0.01]))


def test_no_other_constant_bias_has_a_smaller_loss():
    counts = torch.tensor([70, 25, 5])
    labels = torch.arange(3).repeat_interleave(counts)
    bias = initialization.output_bias_from_counts(counts).requires_grad_()
    loss = functional.cross_entropy(bias.expand(100, 3), labels)
    (gradient,) = torch.autograd.grad(loss, bias)
    torch.testing.assert_close(gradient, torch.zeros(3), atol=1e-6, rtol=0)


def deep(size: float = 3.0):
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 50), nn.Dropout(0.5),
        nn.Linear(50, 10),
    )  # fmt: skip
    for layer in (model[0], model[3], model[5]):
        nn.init.orthogonal_(layer.weight, gain=size)
    return model


@pytest.mark.parametrize("size", [0.01, 3.0])
def test_lsuv_gives_every_layer_unit_variance_and_mean_zero(size):
    model, x = deep(size), torch.randn(64, 1, 8, 8)
    initialization.lsuv_(model, x, tol=0.01, max_iter=30)
    model.eval()
    for layer in (1, 4, 6):
        z = model[:layer](x)
        assert z.var().item() == pytest.approx(1, abs=0.011)
        assert abs(z.mean().item()) < 1e-5


@pytest.mark.parametrize("training", [True, False])
def test_lsuv_keeps_the_directions_the_mode_and_no_hooks(training):
    model, x = deep().train(training), torch.randn(64, 1, 8, 8)
    initialization.lsuv_(model, x)
    assert model.training is training
    assert not any(module._forward_hooks for module in model.modules())
    stretch = torch.linalg.svdvals(model[3].weight.detach())
    torch.testing.assert_close(stretch, stretch[:1].expand(50), rtol=1e-4, atol=0)


def test_lsuv_puts_each_module_back_in_its_own_mode():
    model, x = deep().train(), torch.randn(64, 1, 8, 8)
    model[0].eval()
    before = [module.training for module in model.modules()]
    initialization.lsuv_(model, x)
    assert [module.training for module in model.modules()] == before


@pytest.mark.parametrize("sides", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
def test_lsuv_scales_every_kind_of_convolution(kind, sides):
    model = nn.Sequential(getattr(nn, f"{kind}{sides}d")(2, 3, 2))
    x = torch.randn(40, 2, *[4] * sides)
    initialization.lsuv_(model, x)
    assert model(x).var().item() == pytest.approx(1, abs=0.02)


def test_lsuv_gives_up_where_biases_alone_spread_too_far():
    model = nn.Sequential(nn.Linear(3, 4))
    nn.init.constant_(model[0].bias[:2], 5.0)
    initialization.lsuv_(model, torch.randn(20, 3), max_iter=4)
    assert model[0].weight.isfinite().all()


def test_lsuv_scales_layers_without_a_bias_too():
    model, x = nn.Sequential(nn.Linear(9, 20, bias=False)), torch.randn(500, 9)
    initialization.lsuv_(model, x)
    assert model(x).var().item() == pytest.approx(1, abs=0.02)


# ── What holds for all ──────────────────────────────────────────────────────────────


def test_nothing_leaves_the_device_of_its_inputs():
    w = torch.empty(6, 4, 3, device="meta")
    for distribution in DISTRIBUTIONS:
        for generator in (None, seeded()):
            drawn = initialization.variance_scaling_(w, 1.0, "fan_in", distribution, generator)
            assert drawn.device == w.device
    assert initialization.orthogonal_(w).device == w.device
    assert initialization.orthogonal_(w, 1.0, seeded()).device == w.device
    counts = torch.ones(3, device="meta")
    assert initialization.output_bias_from_counts(counts).device == counts.device


def test_float64_stays_float64():
    w = torch.empty(4, 3, dtype=torch.float64)
    assert initialization.orthogonal_(w).dtype == torch.float64
    model, x = nn.Sequential(nn.Linear(3, 2)).double(), torch.randn(9, 3, dtype=torch.float64)
    initialization.lsuv_(model, x)
    assert model[0].weight.dtype == torch.float64
    assert initialization.output_bias_from_counts(w[0].abs()).dtype == torch.float64


@pytest.mark.parametrize("part", ["scaling", "gains", "directions", "from_data"])
def test_examples_in_docstrings(part):
    module = importlib.import_module(f"{initialization.__name__}.{part}")
    assert doctest.testmod(module).failed == 0
