"""Momentum: torch's steps to the last digits, three conventions in one, and the limits."""

import doctest
import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from steadygrad import momentum
from steadygrad.momentum import (
    best_heavy_ball,
    contraction,
    convert_momentum,
    displacement,
    ema,
    lr_inside,
    max_stable_lr,
    minibatches,
    nesterov_step,
    param_groups,
    quadratic_path,
    sgd,
    stationary_variance,
    terminal_velocity,
)

RULES = {"heavy_ball": sgd, "lr_inside": lr_inside, "ema": ema}


def normal(*shape, rng):
    return torch.randn(*shape, generator=rng, dtype=torch.float64)


def walk(rule, theta, gradients, lr, **settings):
    points, state = [theta], None
    if rule is lr_inside:
        settings["lr"] = lr
    for gradient in gradients:
        direction, state = rule(gradient, state, **settings)
        points.append(points[-1] - lr * direction)
    return torch.stack(points)


# ── Batches ──────────────────────────────────────────────────────────────────────────────


@given(st.integers(1, 30), st.integers(1, 35), st.booleans(), st.integers(0, 3))
def test_an_epoch_has_every_example_once_and_pairs_stay_together(n, size, drop_last, seed):
    generator = torch.Generator().manual_seed(seed)
    x = torch.arange(2 * n).view(n, 2).float()
    shown = list(minibatches(x, torch.arange(n), size, generator, drop_last))
    labels = torch.cat([y for _, y in shown]) if shown else torch.arange(0)
    assert len(labels) == (n - n % size if drop_last else n)
    assert len(labels.unique()) == len(labels)
    for batch, y in shown:
        assert batch.equal(x[y])
        assert batch.ndim == 2
    assert all(len(y) == size for _, y in shown[:-1])


def test_each_epoch_is_in_another_order_and_a_seed_repeats_it(rng):
    x = torch.arange(50.0)
    first, second = (next(minibatches(x, x, 50, rng))[1] for _ in range(2))
    again = next(minibatches(x, x, 50, torch.Generator().manual_seed(0)))[1]
    assert first.equal(again)
    assert not first.equal(second)
    assert not first.equal(x)


# ── Rules ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"momentum": 0.9},
        {"momentum": 0.5, "dampening": 0.3},
        {"momentum": 0.99, "nesterov": True},
    ],
)
def test_it_agrees_with_torch_over_200_steps(settings, rng):
    theta, gradients = normal(6, rng=rng), 10 * normal(200, 6, rng=rng)
    gradients[3] = 0
    gradients[4] *= 100
    p = nn.Parameter(theta.clone())
    optimizer = torch.optim.SGD([p], lr=0.02, **settings)
    for gradient, point in zip(gradients, walk(sgd, theta, gradients, 0.02, **settings)[1:],
                               strict=True):  # fmt: skip
        p.grad = gradient.clone()
        optimizer.step()
        torch.testing.assert_close(p.detach(), point, rtol=1e-12, atol=1e-12)


def test_the_three_conventions_are_one_walk_at_converted_rates(rng):
    theta, gradients = normal(5, rng=rng), normal(200, 5, rng=rng)
    reference = walk(sgd, theta, gradients, 0.03, momentum=0.9)
    for name, rule in RULES.items():
        lr, beta = convert_momentum(0.03, 0.9, "heavy_ball", name)
        found = walk(rule, theta, gradients, lr, momentum=beta)
        torch.testing.assert_close(found, reference, rtol=1e-12, atol=1e-12)


def test_once_the_rate_changes_one_convention_still_goes_at_the_old_one():
    theta, ones = torch.zeros(1), torch.ones(1)
    ends = {}
    for rule in (sgd, lr_inside):
        point, state = theta, None
        for step in range(200):
            lr = 0.1 if step < 199 else 0.001
            settings = {"lr": lr} if rule is lr_inside else {}
            direction, state = rule(ones, state, momentum=0.9, **settings)
            last = lr * direction
            point = point - last
        ends[rule] = last.item()
    assert ends[sgd] == pytest.approx(0.01, rel=1e-3)
    assert ends[lr_inside] == pytest.approx(0.9 + 0.001, rel=1e-3)


@pytest.mark.parametrize("source", momentum.CONVENTIONS)
@pytest.mark.parametrize("target", momentum.CONVENTIONS)
def test_there_and_back_is_no_conversion(source, target):
    there = convert_momentum(0.3, 0.75, source, target)
    assert convert_momentum(*there, target, source) == pytest.approx((0.3, 0.75))


def test_an_unknown_convention_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"'adam'.*heavy_ball, lr_inside, ema"):
        convert_momentum(0.1, 0.9, "heavy_ball", "adam")


def test_looking_ahead_is_torchs_nesterov_in_shifted_variables(rng):
    h = normal(4, 4, rng=rng)
    h = h @ h.T + torch.eye(4, dtype=torch.float64)
    lr, mu = 0.03, 0.8
    p, b = normal(4, rng=rng), torch.zeros(4, dtype=torch.float64)
    theta, state = p, None
    for _ in range(200):
        direction, state = sgd(h @ theta, state, momentum=mu, nesterov=True)
        theta = theta - lr * direction
        p, b = nesterov_step(p, b, lambda q: h @ q, lr, mu)
        torch.testing.assert_close(p - lr * mu * b, theta, rtol=1e-12, atol=1e-12)


# ── A quadratic valley ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mu", [0.0, 0.5, 0.95])
def test_the_path_is_that_of_torch(mu, rng):
    h, x0 = normal(3, 3, rng=rng), normal(3, rng=rng)
    h = h @ h.T
    p = nn.Parameter(x0.clone())
    optimizer = torch.optim.SGD([p], lr=0.05, momentum=mu)
    path = quadratic_path(h, x0, 0.05, mu, 200)
    assert path.shape == (201, 3)
    for point in path:
        torch.testing.assert_close(p.detach(), point, rtol=1e-12, atol=1e-12)
        optimizer.zero_grad()
        (p @ h @ p / 2).backward()
        optimizer.step()


def size_after(steps, h, lr, beta, nesterov):
    theta, state = torch.ones(len(h), dtype=torch.float64), None
    for _ in range(steps):
        direction, state = sgd(h @ theta, state, momentum=beta, nesterov=nesterov)
        theta = theta - lr * direction
    return theta.norm().item()


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_just_below_the_limit_it_converges_and_just_above_it_does_not(beta, nesterov):
    h = torch.diag(torch.tensor([0.3, 2.0, 5.0], dtype=torch.float64))
    limit = max_stable_lr(h, beta, nesterov)
    assert size_after(3000, h, 0.99 * limit, beta, nesterov) < 1e-3
    assert size_after(3000, h, 1.01 * limit, beta, nesterov) > 1e3


def test_the_limits_of_the_syllabus():
    one = torch.eye(1)
    assert max_stable_lr(one) == 2
    assert max_stable_lr(one, 0.9) == pytest.approx(3.8)
    assert max_stable_lr(one, 0.9, nesterov=True) == pytest.approx(1.357, abs=1e-3)


def test_no_rate_is_small_enough_where_it_goes_down_without_end(rng):
    assert max_stable_lr(torch.diag(torch.tensor([-1e-3, 4.0]))) == 0
    assert max_stable_lr(torch.zeros(2, 2)) == math.inf
    column = torch.randn(5, 1, generator=rng)
    assert max_stable_lr(column @ column.T) > 0  # four zeros, which rounding makes negative


@given(
    st.floats(0.01, 5), st.floats(0.01, 3), st.floats(0, 0.99), st.booleans()
)  # fmt: skip
def test_contraction_is_the_larger_root_of_the_step_as_a_matrix(curvature, lr, beta, nesterov):
    shrink = lr * curvature
    ahead = (1 + beta) if nesterov else 1.0
    step = torch.tensor(
        [[1 - shrink * ahead, -lr * beta * (beta if nesterov else 1.0)], [curvature, beta]],
        dtype=torch.float64,
    )
    largest = torch.linalg.eigvals(step).abs().max().item()
    found = contraction(curvature, lr, beta, nesterov=nesterov)
    assert found == pytest.approx(largest, abs=1e-6)


def test_contraction_is_1_at_the_limit():
    for nesterov in (False, True):
        limit = max_stable_lr(3 * torch.eye(1), 0.8, nesterov)
        assert contraction(3.0, limit, 0.8, nesterov=nesterov) == pytest.approx(1)
        assert contraction(3.0, 0.99 * limit, 0.8, nesterov=nesterov) < 1


def test_polyaks_choice_is_the_best_of_a_grid():
    lr, beta = best_heavy_ball(1.0, 50.0)

    def slowest(lr, beta):
        return max(contraction(c, lr, beta) for c in (1.0, 50.0))

    best = slowest(lr, beta)
    assert best == pytest.approx(math.sqrt(beta), abs=1e-6)
    for a in (0.8, 0.95, 1.05, 1.2):
        for b in (beta - 0.1, beta - 0.02, beta + 0.02, beta + 0.1):
            assert slowest(a * lr, b) >= best


# ── Far and long ─────────────────────────────────────────────────────────────────────────


def test_a_constant_slope_leads_to_the_terminal_velocity():
    g = torch.tensor([2.0, -1.0])
    path = walk(sgd, torch.zeros(2), [g] * 200, 0.1, momentum=0.9)
    torch.testing.assert_close(path[-2] - path[-1], terminal_velocity(g, 0.1, 0.9))


def test_how_far_100_steps_lead_in_each_convention():
    ones = torch.ones(100, 1, dtype=torch.float64)
    for rule, averaged, expected in ((sgd, False, -91.0), (ema, True, -9.1)):
        end = walk(rule, torch.zeros(1, dtype=torch.float64), ones, 0.1, momentum=0.9)[-1]
        assert displacement(100, 0.1, 0.9, averaged=averaged) == pytest.approx(end.item())
        assert end.item() == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("beta", [0.0, 0.6, 0.9])
def test_the_noise_that_stays_solves_the_balance_of_each_step(beta):
    curvature, lr, noise = 2.0, 0.3, 0.7
    a = torch.tensor([[1 - lr * curvature, -lr * beta], [curvature, beta]], dtype=torch.float64)
    kick = noise * torch.tensor([[-lr], [1.0]], dtype=torch.float64)
    balance = torch.zeros(2, 2, dtype=torch.float64)
    for _ in range(3000):
        balance = a @ balance @ a.T + kick @ kick.T
    found = stationary_variance(curvature, lr, noise, beta)
    assert found == pytest.approx(balance[0, 0].item(), rel=1e-9)


# ── Groups ───────────────────────────────────────────────────────────────────────────────


def test_every_trained_parameter_is_in_one_group_once():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(
        nn.Embedding(5, 4), nn.LayerNorm(4), shared, nn.Sequential(shared, nn.Linear(4, 2))
    )
    model[3][1].bias.requires_grad_(False)
    decayed, others = param_groups(model, 0.1)
    assert (decayed["weight_decay"], others["weight_decay"]) == (0.1, 0.0)
    names = {id(p): name for name, p in model.named_parameters()}
    assert [names[id(p)] for p in decayed["params"]] == ["0.weight", "2.weight", "3.1.weight"]
    assert [names[id(p)] for p in others["params"]] == ["1.weight", "1.bias", "2.bias"]


# ── Everywhere ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", [sgd, ema, lr_inside])
@pytest.mark.parametrize("where", [{"device": "meta"}, {"dtype": torch.float64}])
def test_rules_stay_where_their_inputs_are_and_change_none_of_them(rule, where):
    settings = {"momentum": 0.5} | ({"lr": 0.1} if rule is lr_inside else {})
    gradient = torch.ones(3, **where)
    _, state = rule(gradient, None, **settings)
    before = [gradient.clone(), state.clone()]
    direction, new = rule(gradient, state, **settings)
    for tensor in (direction, new):
        assert (tensor.device, tensor.dtype) == (gradient.device, gradient.dtype)
    if not gradient.is_meta:
        assert gradient.equal(before[0])
        assert state.equal(before[1])


def test_the_rest_works_on_the_meta_device():
    h, x = torch.ones(3, 3, device="meta"), torch.ones(3, device="meta")
    assert quadratic_path(h, x, 0.1, 0.9, 4).shape == (5, 3)
    assert nesterov_step(x, x, lambda q: 2 * q, 0.1, 0.9)[0].is_meta
    assert terminal_velocity(x, 0.1, 0.9).is_meta


def test_examples_in_docstrings():
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.testmod(momentum, optionflags=flags).failed == 0


def test_the_exercises_parameters_are_those_of_the_syllabus():
    assert list(inspect.signature(nesterov_step).parameters) == [
        "p",
        "b",
        "grad_fn",
        "lr",
        "mu",
    ]
