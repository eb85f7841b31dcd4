"""Schedules: torch's own is the oracle, past its end too, then what chapter 8 claims."""

import copy
import doctest
import math
import warnings
from functools import partial
from itertools import pairwise

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional
from torch.optim import SGD, Adam, lr_scheduler

from steadygrad import schedules
from steadygrad.models import mlp
from steadygrad.schedules import (
    as_factor,
    composing,
    cosine,
    cosine_warm_restarts,
    cosines,
    cycles,
    decays,
    exponential_decay,
    finding,
    in_turn,
    linear_warmup,
    lr_finder,
    one_cycle,
    per_epoch,
    plateau,
    polynomial_decay,
    power_decay,
    product,
    run_with_schedule,
    running,
    scaled_rate,
    staircase,
    step_decay,
    suggest_lr,
    warmup_cosine,
    warmup_stable_decay,
)

STEPS = 250
BASE = 0.3
quickly = settings(deadline=None, max_examples=60)
steps = st.integers(0, 10_000)


def an_optimizer(lr=BASE, **options):
    return SGD([nn.Parameter(torch.zeros(1, dtype=torch.float64))], lr=lr, **options)


def torchs(make, count=STEPS, key="lr", lr=BASE):
    """The rates of a PyTorch scheduler, step by step."""
    optimizer = an_optimizer(lr, momentum=0.9)
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SequentialLR's own use of a deprecated argument
        scheduler = make(optimizer)
        for t in range(count):
            if t:  # not after the last: OneCycleLR may divide by zero there
                optimizer.step()
                scheduler.step()
            found.append(optimizer.param_groups[0][key])
    return found


def ours(schedule, count=STEPS):
    return [schedule(t) for t in range(count)]


def restarts(mult, t0):
    return lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, t0, mult, eta_min=0.01)


TWINS = {  # ours, torch's; over 250 steps, of which many lie past the end where there is one
    "exponential": (
        lambda t: exponential_decay(t, BASE, 0.98),
        lambda o: lr_scheduler.ExponentialLR(o, 0.98),
    ),
    "polynomial": (
        lambda t: polynomial_decay(t, BASE, 100, 2.5),
        lambda o: lr_scheduler.PolynomialLR(o, 100, 2.5),
    ),
    "polynomial, straight": (
        lambda t: polynomial_decay(t, BASE, 180),
        lambda o: lr_scheduler.PolynomialLR(o, 180),
    ),
    "step decay": (
        lambda t: step_decay(t, BASE, 0.2, [30, 80, 200]),
        lambda o: lr_scheduler.MultiStepLR(o, [30, 80, 200], 0.2),
    ),
    "step decay, in disorder and twice": (
        lambda t: step_decay(t, BASE, 0.5, [80, 30, 80]),
        lambda o: lr_scheduler.MultiStepLR(o, [80, 30, 80], 0.5),
    ),
    "staircase": (
        lambda t: staircase(t, BASE, 0.7, 17),
        lambda o: lr_scheduler.StepLR(o, 17, 0.7),
    ),
    "linear warm-up": (
        lambda t: linear_warmup(t, BASE, 40, 0.1),
        lambda o: lr_scheduler.LinearLR(o, 0.1, total_iters=40),
    ),
    "restarts": (lambda t: cosine_warm_restarts(t, BASE, 0.01, 20), restarts(1, 20)),
    "restarts, twice as long": (
        lambda t: cosine_warm_restarts(t, BASE, 0.01, 13, 2),
        restarts(2, 13),
    ),
    "restarts, three times as long": (
        lambda t: cosine_warm_restarts(t, BASE, 0.01, 1, 3),
        restarts(3, 1),
    ),
    "power": (
        lambda t: power_decay(t, BASE, 20, 0.5),
        lambda o: lr_scheduler.LambdaLR(o, lambda t: (1 + t / 20) ** -0.5),
    ),
    "warm-up, stable, decay": (
        lambda t: warmup_stable_decay(t, BASE, 0.1 * BASE, 10, 50, 200),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LambdaLR(o, lambda t: t / 10),
                lr_scheduler.ConstantLR(o, 1.0),
                lr_scheduler.LinearLR(o, 1.0, 0.1, 50),
            ],
            [10, 150],
        ),
    ),
    "in turn": (
        in_turn(
            [
                partial(linear_warmup, base=BASE, warmup=20, start=0.25),
                partial(exponential_decay, base=BASE, gamma=0.97),
            ],
            [30],
        ),
        lambda o: lr_scheduler.SequentialLR(
            o,
            [
                lr_scheduler.LinearLR(o, 0.25, total_iters=20),
                lr_scheduler.ExponentialLR(o, 0.97),
            ],
            [30],
        ),
    ),
    "product": (
        product(
            lambda t: exponential_decay(t, BASE, 0.99),
            lambda t: linear_warmup(t, 1.0, 15, 0.5),
        ),
        lambda o: lr_scheduler.ChainedScheduler(
            [
                lr_scheduler.ExponentialLR(o, 0.99),
                lr_scheduler.LinearLR(o, 0.5, total_iters=15),
            ]
        ),
    ),
}


@pytest.mark.parametrize(("schedule", "make"), TWINS.values(), ids=TWINS)
def test_agrees_with_torch_over_a_whole_training_and_past_its_end(schedule, make):
    assert ours(schedule) == pytest.approx(torchs(make), rel=1e-11, abs=1e-14)


# ── Where torch goes on differently past the end ─────────────────────────────────────


@pytest.mark.parametrize("total", [1, 7, 200])
def test_cosine_agrees_with_torch_up_to_its_end_where_torch_rises_again(total):
    expected = torchs(lambda o: lr_scheduler.CosineAnnealingLR(o, total, 0.02), 2 * total + 1)
    found = ours(lambda t: cosine(t, BASE, 0.02, total), 2 * total + 1)
    assert found[: total + 1] == pytest.approx(expected[: total + 1], rel=1e-11)
    assert set(found[total:]) == {0.02}
    assert expected[-1] == pytest.approx(BASE)


def test_warmup_cosine_agrees_with_torch_up_to_its_end():
    def twin(optimizer):
        up = lr_scheduler.LambdaLR(optimizer, lambda t: t / 30)
        down = lr_scheduler.CosineAnnealingLR(optimizer, 170, 0.02)
        return lr_scheduler.SequentialLR(optimizer, [up, down], [30])

    found = ours(lambda t: warmup_cosine(t, BASE, 0.02, 30, 200))
    assert found[:201] == pytest.approx(torchs(twin)[:201], rel=1e-11, abs=1e-14)
    assert set(found[200:]) == {0.02}


CYCLES = [  # total, pct_start, div, final_div
    (200, 0.3, 25.0, 1e4),
    (100, 0.37, 10.0, 100.0),
    (50, 1.0, 4.0, 10.0),
    (40, 0.0, 4.0, 10.0),
]


@pytest.mark.parametrize(("total", "pct_start", "div", "final_div"), CYCLES)
@pytest.mark.parametrize(("part", "key"), [(0, "lr"), (1, "momentum")])
def test_one_cycle_agrees_with_torch_up_to_its_end(total, pct_start, div, final_div, part, key):
    def twin(optimizer):
        options = dict(pct_start=pct_start, div_factor=div, final_div_factor=final_div)
        return lr_scheduler.OneCycleLR(optimizer, BASE, total, **options)

    expected = torchs(twin, total, key)
    found = [one_cycle(t, BASE, total, pct_start, div, final_div)[part] for t in range(STEPS)]
    assert found[:total] == pytest.approx(expected, rel=1e-10)
    assert set(found[total:]) <= {found[total - 1]}


def test_torchs_one_cycle_rises_one_step_past_its_end_and_raises_at_the_next():
    optimizer = an_optimizer()
    scheduler = lr_scheduler.OneCycleLR(optimizer, BASE, 20)
    rates = []
    for _ in range(20):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert optimizer.param_groups[0]["lr"] > 10 * rates[-1]
    with pytest.raises(ValueError, match="total"):
        scheduler.step()


def test_a_turn_at_step_0_starts_at_the_peak_where_torch_divides_by_zero():
    assert one_cycle(0, 1.0, 8, pct_start=1 / 8) == (1.0, 0.85)
    with pytest.raises(ZeroDivisionError):
        lr_scheduler.OneCycleLR(an_optimizer(momentum=0.9), 1.0, 8, pct_start=1 / 8)


def test_without_a_way_up_the_peak_lies_before_step_0_and_without_a_way_down_it_stays():
    assert one_cycle(0, 1.0, 8, pct_start=0.0)[0] < 1.0
    assert {one_cycle(t, 1.0, 8, pct_start=1.0) for t in (7, 8, 100)} == {(1.0, 0.85)}


def test_a_warm_up_of_all_steps_never_reaches_the_peak():
    rates = [warmup_cosine(t, 1.0, 0.2, warmup=4, total=4) for t in range(6)]
    assert rates == [0.0, 0.25, 0.5, 0.75, 0.2, 0.2]


# ── Plateau ──────────────────────────────────────────────────────────────────────────


METRICS = {
    "falling, then level": [1 / (1 + t / 10) if t < 60 else 0.14 for t in range(STEPS)],
    "noisy": (
        torch.linspace(2, 1, STEPS, dtype=torch.float64)
        + 0.3 * torch.rand(STEPS, generator=torch.Generator().manual_seed(0)).double()
    ).tolist(),
    "negative": [-math.log(1 + t) + 0.1 * (t % 7) for t in range(STEPS)],
    "with NaN and infinity": [math.nan, math.inf, 3.0, *[math.nan] * 9, 2.0, *[2.5] * 40],
}


@pytest.mark.parametrize("metrics", METRICS.values(), ids=METRICS)
@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(factor=0.5, patience=3),
        dict(factor=0.3, patience=0, threshold=0.05, min_lr=0.01),
        dict(factor=0.7, patience=1, threshold=0.0),
    ],
)
def test_plateau_agrees_with_torch(metrics, options):
    optimizer = an_optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, eps=0.0, **options)
    state = None
    for metric in metrics:
        rate, state = plateau(metric, state, lr=BASE, **options)
        scheduler.step(metric)
        assert rate == state.lr == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)
        assert state.bad == scheduler.num_bad_epochs


def test_torchs_plateau_ignores_a_reduction_of_less_than_1e_8():
    optimizer = an_optimizer(1e-8)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    state = None
    for _ in range(5):
        rate, state = plateau(1.0, state, lr=1e-8, patience=0)
        scheduler.step(1.0)
    assert optimizer.param_groups[0]["lr"] == 1e-8
    assert rate == pytest.approx(1e-12)


# ── What holds for all of them ───────────────────────────────────────────────────────


EVERY = {
    "power": lambda t: power_decay(t, 1.0, 30),
    "exponential": lambda t: exponential_decay(t, 1.0, 0.99),
    "polynomial": lambda t: polynomial_decay(t, 1.0, 100),
    "step": lambda t: step_decay(t, 1.0, 0.1, [40, 80]),
    "staircase": lambda t: staircase(t, 1.0, 0.5, 25),
    "cosine": lambda t: cosine(t, 1.0, 0.1, 100),
    "warm-up": lambda t: linear_warmup(t, 1.0, 20),
    "warm-up cosine": lambda t: warmup_cosine(t, 1.0, 0.1, 20, 100),
    "restarts": lambda t: cosine_warm_restarts(t, 1.0, 0.1, 10, 2),
    "one cycle": lambda t: one_cycle(t, 1.0, 100)[0],
    "warm-up, stable, decay": lambda t: warmup_stable_decay(t, 1.0, 0.1, 10, 30, 100),
}
every_schedule = pytest.mark.parametrize("schedule", EVERY.values(), ids=EVERY)


@every_schedule
@quickly
@given(t=steps)
def test_every_schedule_is_a_rate_at_every_step(schedule, t):
    assert isinstance(schedule(t), float)
    assert 0 <= schedule(t) <= 1


@every_schedule
def test_every_schedule_is_what_lambda_lr_expects(schedule):
    found = torchs(lambda o: lr_scheduler.LambdaLR(o, schedule))
    assert found == pytest.approx([BASE * schedule(t) for t in range(STEPS)], rel=1e-12)


@quickly
@given(warmup=st.integers(0, 50), more=st.integers(0, 50), low=st.floats(0, 0.5), beyond=steps)
def test_warmup_cosine_reaches_its_corners(warmup, more, low, beyond):
    assume(warmup + more)  # a schedule of no steps is refused

    def rate(t):
        return warmup_cosine(t, 1.0, low, warmup, warmup + more)

    if more:
        assert rate(warmup) == 1.0
    if warmup and warmup + more:
        assert rate(0) == 0.0
    assert rate(warmup + more + beyond) == low
    found = [rate(t) for t in range(warmup + more)]
    assert found[: warmup + 1] == sorted(found[: warmup + 1])
    assert found[warmup:] == sorted(found[warmup:], reverse=True)


@quickly
@given(t0=st.integers(1, 20), mult=st.integers(1, 3))
def test_restarts_begin_where_a_geometric_series_says(t0, mult):
    begins = [sum(t0 * mult**i for i in range(n)) for n in range(4)]
    for begin, after in pairwise(begins):
        rates = [cosine_warm_restarts(t, 1.0, 0.0, t0, mult) for t in range(begin, after)]
        assert rates[0] == 1.0
        assert rates == sorted(rates, reverse=True)
        assert rates[-1] > 0


@quickly
@given(t=steps, total=st.integers(1, 300), pct_start=st.floats(0, 1))
def test_one_cycles_momentum_is_low_where_its_rate_is_high(t, total, pct_start):
    rate, momentum = one_cycle(t, 1.0, total, pct_start)
    assert 0 < rate <= 1
    assert 0.85 <= momentum <= 0.95 + 1e-12
    assert (momentum < 0.9) <= (rate > 0.4)


def test_a_step_decay_takes_an_iterable_as_it_is():
    milestones = [9, 3]
    assert step_decay(5, 1.0, 0.5, milestones) == 0.5
    assert milestones == [9, 3]


def test_per_epoch_is_constant_within_an_epoch():
    schedule = per_epoch(lambda epoch: 0.5**epoch, 4)
    assert ours(schedule, 10) == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_as_factor_gives_an_optimizer_the_schedules_own_rates():
    schedule = partial(warmup_cosine, max_lr=0.7, min_lr=0.0, warmup=5, total=50)
    found = torchs(lambda o: lr_scheduler.LambdaLR(o, as_factor(schedule, BASE)), 60)
    assert found == pytest.approx(ours(schedule, 60), abs=1e-15)


def test_in_turn_says_how_many_milestones_it_needs():
    with pytest.raises(ValueError, match="3 schedules need 2 milestones"):
        in_turn([lambda t: 1.0] * 3, [5])
    with pytest.raises(ValueError, match="rising"):
        in_turn([lambda t: 1.0] * 3, [5, 4])


def test_the_rate_is_scaled_with_the_batch():
    assert scaled_rate(0.1, 512, 128) == pytest.approx(0.4)
    assert scaled_rate(0.1, 512, 128, power=0.5) == pytest.approx(0.2)


# ── Running ──────────────────────────────────────────────────────────────────────────


def a_run(lrs=(0.1, 0.01), make=SGD, **options):
    """Two parameters in groups of their own, and the gradient of a quadratic for each."""
    leaves = [nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64)) for _ in lrs]
    groups = [{"params": [leaf], "lr": lr} for leaf, lr in zip(leaves, lrs, strict=True)]
    optimizer = make(groups, **options)

    def closure():
        optimizer.zero_grad()
        loss = sum((leaf**2).sum() for leaf in leaves)
        loss.backward()
        return loss.item()

    return leaves, optimizer, closure


FACTOR = partial(warmup_cosine, max_lr=1.0, min_lr=0.1, warmup=5, total=30)


@pytest.mark.parametrize("per", ["step", "epoch"])
def test_running_with_a_schedule_is_lambda_lr_in_the_right_order(per):
    leaves, optimizer, closure = a_run(momentum=0.9)
    used = run_with_schedule(optimizer, FACTOR, closure, 10, 4, per)
    others, other, again = a_run(momentum=0.9)
    scheduler, expected = lr_scheduler.LambdaLR(other, FACTOR), []
    for t in range(40):
        expected.append(other.param_groups[0]["lr"])
        again()
        other.step()
        if per == "step" or t % 4 == 3:
            scheduler.step()
    assert used == pytest.approx(expected, rel=1e-12, abs=1e-15)
    torch.testing.assert_close(leaves, others, rtol=1e-12, atol=1e-15)


def test_groups_keep_the_ratio_of_their_rates():
    _, optimizer, closure = a_run()
    run_with_schedule(optimizer, FACTOR, closure, 2, 10)
    first, second = (group["lr"] for group in optimizer.param_groups)
    assert first / second == pytest.approx(10)


def test_a_run_that_is_interrupted_goes_on_to_the_bit():
    """A pure schedule has nothing to save but the number of steps."""

    def run(begin, end, weights=None, moments=None):
        leaves, optimizer, closure = a_run(make=Adam)
        if weights is not None:
            for leaf, value in zip(leaves, weights, strict=True):
                leaf.data = value.clone()
            optimizer.load_state_dict(moments)
        for t in range(begin, end):
            for group, lr in zip(optimizer.param_groups, (0.1, 0.01), strict=True):
                group["lr"] = FACTOR(t) * lr
            closure()
            optimizer.step()
        return [leaf.detach().clone() for leaf in leaves], copy.deepcopy(optimizer.state_dict())

    whole, _ = run(0, 40)
    resumed, _ = run(17, 40, *run(0, 17))
    assert all(map(torch.equal, whole, resumed))


# ── Finding ──────────────────────────────────────────────────────────────────────────


def a_model(*, norm: bool = False):
    model = mlp([3, 8, 2], "tanh")
    return nn.Sequential(nn.BatchNorm1d(3), model).double() if norm else model.double()


def some_batches(count=3):
    return [(torch.randn(7, 3).double(), torch.randint(0, 2, (7,))) for _ in range(count)]


def test_the_finder_gives_the_model_back_as_it_was():
    model, loader = a_model(norm=True), some_batches()
    before = copy.deepcopy(model.state_dict())
    lr_finder(model, loader, 1e-4, 1.0, 12)
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert all(p.grad is None for p in model.parameters())
    assert model.training


def test_the_finders_rates_are_even_on_a_log_axis():
    lrs, losses = lr_finder(a_model(), some_batches(), 1e-4, 1.0, 9)
    expected = torch.logspace(-4, 0, 9, dtype=torch.float64)
    torch.testing.assert_close(lrs, expected)
    assert losses.shape == lrs.shape


def test_the_finder_without_smoothing_writes_down_the_losses_of_a_plain_run():
    model, loader = a_model(), some_batches()
    twin = copy.deepcopy(model)
    lrs, losses = lr_finder(model, iter(loader), 0.01, 1.0, 8, beta=0.0)
    for t in range(8):
        x, y = loader[t % 3]
        loss = functional.cross_entropy(twin(x), y)
        assert losses[t].item() == pytest.approx(loss.item(), rel=1e-12)
        grads = torch.autograd.grad(loss, list(twin.parameters()))
        for parameter, grad in zip(twin.parameters(), grads, strict=True):
            parameter.data -= lrs[t] * grad


def test_the_finders_smoothing_is_a_weighted_mean():
    model, loader = a_model(), some_batches()
    _, raw = lr_finder(model, loader, 1e-9, 1e-8, 6, beta=0.0)  # too small to change a thing
    _, smooth = lr_finder(model, loader, 1e-9, 1e-8, 6, beta=0.7)
    for t in range(6):
        weights = 0.7 ** torch.arange(t, -1, -1, dtype=torch.float64)
        assert smooth[t].item() == pytest.approx(
            (weights @ raw[: t + 1] / weights.sum()).item()
        )


def test_the_finder_stops_at_a_loss_that_is_not_finite():
    x, y = torch.full((4, 3), 1e150, dtype=torch.float64), torch.tensor([0, 1, 0, 1])
    model = nn.Linear(3, 2).double()
    lrs, losses = lr_finder(model, [(x, y)], 1e-3, 1e200, 50)
    assert 0 < len(lrs) == len(losses) < 50
    assert losses.isfinite().all()


def test_the_finder_gives_float32_for_a_float32_model():
    batch = (torch.randn(4, 3), torch.tensor([0, 1, 0, 1]))
    found = lr_finder(mlp([3, 2]), [batch], 1e-3, 1.0, 5)
    assert {tensor.dtype for tensor in found} == {torch.float32}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_suggestion_lies_at_the_steepest_fall_of_a_sigmoid(dtype):
    lrs = torch.logspace(-5, 0, 101, dtype=dtype)
    losses = 2 - torch.sigmoid(4 * (lrs.log10() + 2.025))
    assert suggest_lr(lrs, losses) == pytest.approx(10**-2.025, rel=1e-3)


def test_the_suggestion_asks_for_a_fall():
    with pytest.raises(ValueError, match="smaller rate"):
        suggest_lr(torch.tensor([0.1, 1.0]), torch.tensor([1.0, 2.0]))


# ── What chapter 8 claims ────────────────────────────────────────────────────────────


def test_one_over_t_beats_every_constant_rate_on_a_noisy_parabola():
    """Distance² from the optimum: σ²/t for 1/t, and never below lr σ² / (2 − lr) else."""
    rng = torch.Generator().manual_seed(0)
    noise = torch.randn(2000, 500, generator=rng, dtype=torch.float64)
    ends = {}
    for name, rate in {"1/t": lambda t: power_decay(t, 1.0, 1), "0.1": lambda t: 0.1}.items():
        theta = torch.full((500,), 3.0, dtype=torch.float64)
        for t in range(2000):
            theta = theta - rate(t) * (theta + noise[t])
        ends[name] = theta.square().mean().item()
    assert ends["1/t"] == pytest.approx(1 / 2000, rel=0.25)
    assert ends["0.1"] == pytest.approx(0.1 / 1.9, rel=0.25)


@pytest.mark.parametrize(
    "module", [composing, cosines, cycles, decays, finding, running], ids=lambda m: m.__name__
)
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0


def test_the_package_names_all_its_functions():
    assert schedules.__all__ == sorted(schedules.__all__)
    assert all(hasattr(schedules, name) for name in schedules.__all__)
