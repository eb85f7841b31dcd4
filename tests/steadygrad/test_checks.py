"""Checks: no public function answers nonsense; each error names the argument and the remedy."""

import copy
import importlib
import inspect
import math
import pkgutil
import re
from collections.abc import Callable
from typing import get_origin

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import steadygrad
from steadygrad import initialization, loop, normalization, schedules, training
from steadygrad.activations import (
    alpha_dropout,
    dead_unit_fraction,
    randomized_leaky_relu,
    softplus,
)
from steadygrad.adaptive import adam, lion, newton
from steadygrad.checks import at_least, checked, one_of, positive, rule
from steadygrad.data import Examples, load_images
from steadygrad.gradients import (
    depth_limit,
    gradient_check,
    mlp_backward,
    numerical_gradient,
    softmax_cross_entropy_grad,
)
from steadygrad.models import mlp
from steadygrad.momentum import best_heavy_ball, max_stable_lr, sgd, stationary_variance

INSIDE = {  # not for callers: what the checks and the optimizer are made of
    "steadygrad.checks.calls", "steadygrad.checks.kinds", "steadygrad.checks.rules",
    "steadygrad.checks.words", "steadygrad.training.states", "steadygrad.training.flat",
    "steadygrad.training.fused",
}  # fmt: skip


def public_functions() -> dict[str, Callable]:
    found = {}
    for module in pkgutil.walk_packages(steadygrad.__path__, "steadygrad."):
        if module.ispkg or module.name in INSIDE or "explorers" in module.name:
            continue
        if "embedded" in module.name:
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            own = inspect.isfunction(value) and value.__module__ == module.name
            if own and not name.startswith("_"):
                found[f"{module.name}.{name}"] = value
    return found


FUNCTIONS = public_functions()


def test_there_are_public_functions():
    assert len(FUNCTIONS) > 150


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_public_function_checks_its_arguments(name):
    assert hasattr(FUNCTIONS[name], "checks"), f"put @checked above {name}"


NONSENSE = {  # kind of argument -> what is none, and the error that says so
    float: (("a word", TypeError), (math.nan, ValueError)),
    int: (("a word", TypeError), (-1, ValueError), (1.5, ValueError)),
    bool: (("yes", TypeError),),
    str: ((3, TypeError),),
    Tensor: ((np.ones(3), TypeError),),
    Callable: ((3, TypeError),),
    nn.Module: ((3, TypeError),),
}


def wrong_arguments() -> list:
    return [
        pytest.param(function, argument, value, error, id=f"{name}-{argument}-{value!r:.12}")
        for name, function in FUNCTIONS.items()
        for argument, check in getattr(function, "checks", {}).items()
        if inspect.signature(function).parameters[argument].kind.name != "VAR_POSITIONAL"
        for value, error in NONSENSE.get(only_kind(check), ())
        if not (isinstance(value, int) and value < 0) or check.rule.alone
        if check.finite or not (isinstance(value, float) and math.isnan(value))
    ]


def only_kind(check):
    """The kind of an argument that is of one kind, or of it and None."""
    kinds = [kind for kind in check.kinds if kind is not type(None)]
    if len(kinds) != 1:
        return None
    return Tensor if hasattr(kinds[0], "dtypes") else get_origin(kinds[0]) or kinds[0]


@pytest.mark.parametrize(("function", "argument", "value", "error"), wrong_arguments())
def test_an_argument_of_another_kind_is_refused_by_name(function, argument, value, error):
    with pytest.raises(error, match=rf"{function.__name__}: {argument} must be"):
        function(**{argument: value})


X, WEIGHT = torch.ones(2, 3), torch.zeros(3, 4)
SCORES = torch.zeros(2, 3)
LINEAR = nn.Linear(3, 3)
REFUSED = {  # what is nonsense -> the call, and what the error says
    "a cycle of no steps": (
        lambda: schedules.cosine_warm_restarts(3, 0.1, 0.0, t0=0),
        "t0 must be 1 or more",
    ),
    "a cycle that vanishes": (
        lambda: schedules.cosine_warm_restarts(3, 0.1, 0.0, 2, mult=0),
        "mult must be 1 or more",
    ),
    "a cycle that is halved": (
        lambda: schedules.cosine_warm_restarts(3, 0.1, 0.0, 2, mult=0.5),
        "mult must be a whole",
    ),
    "a step before the first": (
        lambda: schedules.warmup_cosine(-1, 0.1, 0.0, 2, 8),
        "t must be 0 or more, but is -1",
    ),
    "a wave of no steps": (lambda: schedules.cosine(0, 1, 0, 0), "total must be 1 or more"),
    "a rate below 0": (lambda: schedules.cosine(0, -1.0, 0, 9), "max_lr must be 0 or more"),
    "a search downwards": (
        lambda: schedules.lr_finder(LINEAR, [(X, torch.tensor([0, 1]))], 0.0, 1.0, 5),
        "lr_min must be above 0",
    ),
    "a search in no data": (
        lambda: schedules.lr_finder(LINEAR, [], 0.1, 1.0, 5),
        "loader must be not empty",
    ),
    "rates that fall": (
        lambda: schedules.suggest_lr(torch.tensor([1.0, 0.1]), torch.tensor([2.0, 1.0])),
        "lrs must be above 0 and rising",
    ),
    "a schedule per hour": (
        lambda: schedules.run_with_schedule(
            torch.optim.SGD(LINEAR.parameters()), lambda t: 1.0, float, 1, 1, per="hour"
        ),
        "per must be one of 'step', 'epoch', but is 'hour'",
    ),
    "factors that are no functions": (
        lambda: schedules.product(0.1),
        r"factors\[0\] must be a function",
    ),
    "groups that do not divide": (
        lambda: normalization.group_norm(torch.ones(2, 5, 4), 2, torch.ones(5), torch.ones(5)),
        "num_groups must be a divisor of the number of channels, but is 2",
    ),
    "a scale of another size": (
        lambda: normalization.layer_norm(X, torch.ones(4), torch.ones(4)),
        "gamma must be of the shape of the last axes of x",
    ),
    "channels that do not agree": (
        lambda: normalization.batch_norm(X, *[torch.ones(4)] * 4, training=True),
        r"gamma must be .* of the shape \(channels\).*\(4,\); that of x is \(2, 3\)",
    ),
    "a transposed convolution": (
        lambda: normalization.fold_batch_norm(nn.ConvTranspose2d(3, 3, 3), nn.BatchNorm2d(3)),
        "conv must be of the type Linear or of the type Conv1d",
    ),
    "a norm without running values": (
        lambda: normalization.fold_batch_norm(
            nn.Conv2d(3, 3, 3), nn.BatchNorm2d(3, track_running_stats=False)
        ),
        "bn must be a batch norm that keeps running values",
    ),
    "a norm of other channels": (
        lambda: normalization.fold_batch_norm(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(3)),
        "one for each output of the layer",
    ),
    "constants that were never kept": (
        lambda: normalization.freeze_batch_norm(nn.BatchNorm1d(3, track_running_stats=False)),
        "track_running_stats=True",
    ),
    "nothing to measure": (
        lambda: normalization.recalibrate(nn.Sequential(nn.BatchNorm1d(3)), iter([])),
        "No batch came",
    ),
    "another set's features": (
        lambda: normalization.standardize(X, torch.ones(2, 4)),
        r"others\[0\] must be",
    ),
    "a set that is empty": (
        lambda: normalization.standardize(torch.ones(0, 3)),
        "train must be not empty",
    ),
    "a class too many": (
        lambda: softmax_cross_entropy_grad(SCORES, torch.tensor([0, 3])),
        "target must be classes from 0 on, each less than the columns of logits",
    ),
    "classes that are no whole numbers": (
        lambda: softmax_cross_entropy_grad(SCORES, torch.tensor([0.0, 1.0])),
        r"target must be a tensor of whole numbers.*long\(\)",
    ),
    "no entries to compare": (
        lambda: gradient_check(torch.ones(0), torch.ones(0)),
        "analytic must be not empty",
    ),
    "no coordinate to move": (
        lambda: numerical_gradient(torch.sum, torch.ones(0)),
        "x must be not empty",
    ),
    "a bias too few": (
        lambda: mlp_backward(X, X, [torch.eye(3)] * 2, [torch.ones(3)]),
        "biases must be as many as weights",
    ),
    "a limit that is no share": (
        lambda: depth_limit(1.0, 1.5),
        "tol must be above 0 and below 1",
    ),
    "a mode that there is not": (
        lambda: initialization.variance_scaling_(WEIGHT, 1.0, "fan", "normal"),
        "no mode 'fan'; choose one of .*fan_in",
    ),
    "a distribution that there is not": (
        lambda: initialization.variance_scaling_(WEIGHT, 1.0, "fan_in", "normed"),
        "no distribution 'normed'; choose one of",
    ),
    "the shape of a bias": (
        lambda: initialization.fan_in_fan_out((5,)),
        "shape must be that of a weight",
    ),
    "a bias to be made orthogonal": (
        lambda: initialization.orthogonal_(torch.zeros(5)),
        "w must be a matrix or a kernel",
    ),
    "a gate that halves its input": (
        lambda: initialization.gain_from_activation(nn.GLU()),
        "must work entry by entry",
    ),
    "everything dropped": (lambda: alpha_dropout(X, 1.0), "p must be 0 or more and below 1"),
    "a bend of sharpness 0": (lambda: softplus(X, beta=0.0), "beta must be above 0"),
    "no batch to look at": (
        lambda: dead_unit_fraction(mlp([3, 3, 3]), "1", iter([])),
        "There are no examples",
    ),
    "a mean over infinitely many steps": (
        lambda: adam(X[0], None, betas=(1.0, 0.999)),
        "betas must be two numbers, 0 or more and",
    ),
    "a decay that grows": (
        lambda: lion(X[0], None, X[0], weight_decay=-0.1),
        "weight_decay must be 0 or more",
    ),
    "a curvature of another size": (
        lambda: newton(torch.ones(2), torch.eye(3)),
        "hessian must be a tensor of floats of",
    ),
    "a matrix for a vector": (
        lambda: sgd(X, None),
        r"gradient must be .*\(n\), but is .*\(2, 3\)",
    ),
    "a valley that is flat": (lambda: best_heavy_ball(0.0, 1.0), "smallest must be above 0"),
    "a bound below 0": (
        lambda: loop.clip_grad_norm_(LINEAR.parameters(), -1.0),
        "max_norm must be 0 or more",
    ),
    "targets of which none counts": (
        lambda: loop.accumulate_gradients(
            LINEAR, nn.functional.cross_entropy, [(X, torch.tensor([-100, -100]))]
        ),
        "micro_batches must be with a target that counts",
    ),
    "batches of nothing": (
        lambda: training.fit(LINEAR, Examples(X, torch.tensor([0, 1])), epochs=1, batch_size=0),
        "batch_size must be 1 or more",
    ),
    "patience for less than an epoch": (
        lambda: training.EarlyStopping(patience=0),
        "patience must be 1 or more",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_nonsense_is_refused_with_the_argument_and_what_is_expected(name):
    call, says = REFUSED[name]
    with pytest.raises((ValueError, TypeError), match=says):
        call()


def test_what_is_given_is_said_with_a_remedy():
    with pytest.raises(TypeError) as error:
        sgd(np.ones(3), None)
    assert str(error.value) == (
        "sgd: gradient must be a tensor of floats of the shape (n), but is a numpy array of "
        "float64 of the shape (3,); torch.from_numpy makes a tensor of it."
    )


@checked(n=at_least(2), way=one_of("up", "down"), pair=rule("rising", lambda v: v[0] < v[1]))
def declared(
    n: int, rate: float = 1.0, *, way: str = "up", pair: tuple[float, float] = (0.0, 1.0)
) -> str:
    """A function with one argument of each sort."""
    return f"{n} {rate} {way} {pair}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (dict(n=1), "declared: n must be 2 or more, but is 1"),
        (dict(n=True), "n must be a whole number, but is True"),
        (dict(n=2, rate=math.inf), "rate must be finite, but is inf"),
        (dict(n=2, way="left"), "way must be one of 'up', 'down', but is 'left'"),
        (dict(n=2, pair=(1.0,)), "pair must be a tuple of 2"),
        (dict(n=2, pair=(1.0, 0.0)), "pair must be rising"),
    ],
)
def test_what_a_decorator_declares_is_held(arguments, says):
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        declared(**arguments)


def test_numbers_may_come_from_numpy_and_from_torch():
    assert declared(np.int64(3), np.float32(0.5)).startswith("3 0.5")
    assert declared(torch.tensor(3), torch.tensor(0.5)).startswith("3 0.5")


def test_what_is_missing_or_unknown_is_said_by_python_itself():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'n'"):
        declared()
    with pytest.raises(TypeError, match="unexpected keyword argument 'm'"):
        declared(2, m=1)


def test_a_rule_about_an_argument_that_there_is_not_is_found_at_once():
    with pytest.raises(TypeError, match="declared has no argument step"):
        checked(step=positive)(declared.__wrapped__)


def test_the_name_the_docstring_and_the_signature_stay():
    assert (declared.__name__, declared.__doc__[:10]) == ("declared", "A function")
    assert [*inspect.signature(declared).parameters] == ["n", "rate", "way", "pair"]
    assert copy.deepcopy(declared) is declared


# ── nonsense that has an answer ──────────────────────────────────────────────────────────


def test_a_rate_below_the_lowest_is_not_raised():
    rate, state = 0.0, None
    peer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.001)
    twin = torch.optim.lr_scheduler.ReduceLROnPlateau(peer, patience=1, min_lr=0.01)
    for _ in range(5):
        rate, state = schedules.plateau(1.0, state, lr=0.001, patience=1, min_lr=0.01)
        twin.step(1.0)
    assert rate == peer.param_groups[0]["lr"] == 0.001


def test_a_constant_feature_is_only_centred_whatever_its_rounding():
    train, test = normalization.standardize(torch.full((10, 1), 0.1), torch.tensor([[0.101]]))
    assert train.equal(torch.zeros(10, 1))
    torch.testing.assert_close(test, torch.tensor([[0.001]]), rtol=1e-4, atol=0)


ROW = torch.tensor([[600.0, -600.0, 0.0, 300.0], [1.0, 2.0, 3.0, 5.0]])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("norm", ["layer", "batch", "group"])
def test_half_precision_is_widened_as_in_torch(norm, dtype):
    x, one, zero = ROW.to(dtype), torch.ones(4, dtype=dtype), torch.zeros(4, dtype=dtype)
    if norm == "layer":
        got = normalization.layer_norm(x, one, zero)
        peer = nn.functional.layer_norm(x, (4,), one, zero)
    elif norm == "batch":
        x = x.T.repeat(2, 2) if dtype == torch.bfloat16 else x.repeat(3, 1)
        got, *running = normalization.batch_norm(x, one, zero, zero, one, training=True)
        peer = nn.functional.batch_norm(x, zero.clone(), one.clone(), one, zero, training=True)
        assert {value.dtype for value in running} == {dtype}
    else:
        x = x[..., None]
        got = normalization.group_norm(x, 2, one, zero)
        peer = nn.functional.group_norm(x, 2, one, zero)
    assert got.dtype == dtype
    assert got.isfinite().all()
    torch.testing.assert_close(got, peer, rtol=1e-2, atol=1e-2)


def test_a_constant_row_in_half_precision_is_zero_also_for_a_tiny_epsilon():
    x, one = torch.full((2, 4), 0.1, dtype=torch.float16), torch.ones(4, dtype=torch.float16)
    assert normalization.layer_norm(x, one, 0 * one, eps=1e-8).abs().max() == 0
    assert normalization.group_norm(x, 2, one, 0 * one, eps=1e-8).abs().max() == 0


def measured(norm: nn.Module, *, features: int = 3) -> nn.Module:
    """A batch norm whose running values are not those of the start."""
    norm.running_mean.copy_(torch.linspace(-1, 1, features))
    norm.running_var.copy_(torch.linspace(0.5, 2, features))
    return norm.eval()


def test_without_gamma_and_beta_they_are_1_and_0():
    conv, bn = nn.Conv2d(2, 3, 3), measured(nn.BatchNorm2d(3, affine=False))
    x = torch.randn(2, 2, 5, 5)
    torch.testing.assert_close(normalization.fold_batch_norm(conv, bn)(x), bn(conv(x)))
    torch.testing.assert_close(normalization.freeze_batch_norm(bn)(conv(x)), bn(conv(x)))


def test_a_synchronised_batch_norm_is_frozen_and_recalibrated():
    model = nn.Sequential(nn.SyncBatchNorm(3)).train()
    frozen, x = normalization.freeze_batch_norm(model), torch.randn(8, 3)
    assert not any(p.requires_grad for p in frozen.parameters())
    assert frozen(x).equal(frozen(x))
    fresh = normalization.recalibrate(model, [x])
    torch.testing.assert_close(fresh[0].running_mean, x.mean(dim=0))


def test_a_layer_that_is_there_twice_is_frozen_in_both_places():
    norm = nn.BatchNorm1d(3)
    frozen = normalization.freeze_batch_norm(nn.Sequential(norm, nn.Linear(3, 3), norm))
    assert frozen[0] is frozen[2]
    assert not isinstance(frozen[2], nn.BatchNorm1d)
    assert isinstance(norm, nn.BatchNorm1d)


def test_a_folded_layer_has_the_dtype_of_the_layer():
    conv, bn = nn.Conv2d(2, 3, 3).bfloat16(), measured(nn.BatchNorm2d(3))
    folded = normalization.fold_batch_norm(conv, bn)
    assert {p.dtype for p in folded.parameters()} == {torch.bfloat16}
    x = torch.randn(2, 2, 5, 5).bfloat16()
    torch.testing.assert_close(folded(x).float(), bn(conv(x).float()), rtol=0.05, atol=0.05)


def test_gradients_of_zero_stay_zero_under_a_bound_of_zero():
    p = nn.Parameter(torch.ones(3))
    p.grad = torch.zeros(3)
    assert loop.clip_grad_norm_([p], 0.0) == 0
    assert p.grad.equal(torch.zeros(3))
    p.grad = torch.full((3,), math.nan)
    loop.clip_grad_norm_([p], 1.0)
    assert p.grad.isnan().all()  # a broken gradient must be seen


def test_a_single_tensor_is_clipped():
    for clip in loop.clip_grad_norm_, loop.clip_grad_value_:
        p = nn.Parameter(torch.ones(4))
        p.grad = torch.full((4,), 3.0)
        clip(p, 1.0)
        assert p.grad.max() <= 1


def test_a_layer_without_inputs_has_nothing_to_draw():
    empty = torch.empty(3, 0)
    assert initialization.variance_scaling_(empty, 1.0, "fan_in", "normal") is empty
    assert initialization.HeLinear(0, 3).bias.abs().max() == 0


@pytest.mark.parametrize(
    "inplace",
    [nn.ReLU(inplace=True), nn.ELU(inplace=True), nn.LeakyReLU(0.3, inplace=True)],
    ids=str,
)
def test_what_works_in_place_has_the_gains_of_what_does_not(inplace):
    plain = copy.deepcopy(inplace)
    plain.inplace = False
    for gain in (
        *(initialization.gain_from_activation, initialization.backward_gain),
        initialization.mean_activation,
    ):
        assert gain(inplace) == gain(plain)


def test_an_activation_with_parameters_is_measured_and_not_changed():
    phi = nn.PReLU(init=0.25)
    expected = initialization.leaky_relu_gain(0.25)
    assert initialization.gain_from_activation(phi) == pytest.approx(expected, rel=1e-4)
    assert initialization.backward_gain(phi) == pytest.approx(expected, rel=1e-4)
    assert phi.weight.dtype == torch.float32


def test_padding_does_not_count_in_an_accumulated_gradient():
    model, loss = nn.Linear(4, 3), nn.functional.cross_entropy
    x, y = torch.randn(9, 4), torch.randint(3, (9,))
    y[[1, 3, 4, 8]] = loop.IGNORED
    pieces = [*zip(x.split([3, 2, 4]), y.split([3, 2, 4]), strict=True)]
    assert loop.accumulate_gradients(model, loss, pieces) == pytest.approx(
        loss(model(x), y).item()
    )
    got = model.weight.grad.clone()
    model.zero_grad()
    loss(model(x), y).backward()
    torch.testing.assert_close(got, model.weight.grad)


class Interrupted(nn.Linear):
    """Stops at its fifth batch, as somebody at a keyboard would stop it."""

    def forward(self, x):
        self.seen = getattr(self, "seen", 0) + 1
        if self.seen == 5:
            raise KeyboardInterrupt
        return super().forward(x)


def test_an_interrupted_search_gives_the_weights_back():
    model, batch = Interrupted(4, 3), (torch.randn(8, 4), torch.randint(3, (8,)))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(KeyboardInterrupt):
        schedules.lr_finder(model, [batch], 0.1, 10.0, 20)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    assert model.weight.grad is None


def normed() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


def nine() -> Examples:
    return Examples(torch.randn(9, 4), torch.randint(3, (9,)))


def test_one_example_left_over_for_batch_norm_is_told_before_the_run():
    model, examples = normed(), nine()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="drop_last=True"):
        training.fit(model, examples, epochs=1, batch_size=4)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())
    history = training.fit(model, examples, epochs=2, batch_size=4, drop_last=True)
    assert len(history.batch_loss) == 4
    training.fit(model, examples, epochs=1, batch_size=5)
    training.fit(mlp([4, 5, 3]), examples, epochs=1, batch_size=4)


def test_early_stopping_begins_anew_with_each_run():
    stopping, examples = training.EarlyStopping(patience=1), nine()
    first, second = mlp([4, 5, 3]), mlp([4, 5, 3])
    training.fit(first, examples, epochs=3, test=examples, callbacks=[stopping])
    training.fit(second, examples, epochs=3, test=examples, callbacks=[stopping], seed=1)
    alone = copy.deepcopy(second)
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert not a.equal(b)
    history = training.fit(
        alone, examples, epochs=3, test=examples, callbacks=[training.EarlyStopping(patience=1)]
    )
    again = training.fit(second, examples, epochs=3, test=examples, callbacks=[stopping])
    assert history.test_loss == again.test_loss


def test_a_schedule_of_another_optimizer_is_refused():
    model = mlp([4, 5, 3])
    other = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = training.Schedule(torch.optim.lr_scheduler.ExponentialLR(other, 0.5))
    with pytest.raises(ValueError, match="another optimizer"):
        training.fit(model, nine(), epochs=1, callbacks=[schedule])


def test_an_optimizer_checks_its_rule_at_the_first_step():
    model = mlp([4, 5, 3])
    optimizer = training.Descent(model.parameters(), adam, lr=0.1, betas=(1.0, 0.999))
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match="betas must be two numbers"):
        training.fit(model, nine(), epochs=1, optimizer=optimizer)
    assert all(value.equal(before[name]) for name, value in model.state_dict().items())


# ── what a hostile reading found ─────────────────────────────────────────────────────────


def test_a_depth_that_cannot_be_counted_is_computed():
    assert depth_limit(math.nextafter(4, 0), 0.5) > 10**15
    assert depth_limit(3.99999999, 1e-6) == pytest.approx(6 * math.log(10) / 2.5e-9, rel=1e-6)
    for weight, tol in ((3.9961, 0.3), (3.9999, 0.01), (-3.999, 1e-5)):
        counted = depth_limit.__wrapped__.__wrapped__(weight, tol)
        assert depth_limit(weight, tol) == counted


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: schedules.cosine_warm_restarts(3, 0.1, 0.0, torch.tensor(0)), "t0 must be 1"),
        (lambda: softplus(X, torch.tensor(-1.0)), "beta must be above 0"),
        (lambda: training.fit(LINEAR,
         Examples(X, torch.tensor([0, 1])), epochs=torch.tensor(2.0)),
         "epochs must be a whole number"),
        (lambda: normalization.layer_norm(X, torch.tensor(1.0), torch.tensor(0.0)),
         "gamma must"),
        (lambda: mlp_backward(X, torch.ones(2, 1), [torch.ones(4, 3)], [torch.ones(4)]),
         "y must"),
        (lambda: mlp_backward(X, torch.ones(2, 4), [torch.ones(4, 3)], [torch.ones(1)]),
         "biases"),
        (lambda: adam(torch.ones(3), adam(torch.ones(1), None)[1]), "state of the gradient's"),
        (lambda: adam(torch.ones(3), None, betas=("a", 0.9)), "betas must be a tuple of 2"),
        (lambda: best_heavy_ball(100.0, 1.0), "largest must be at least the smallest"),
        (lambda: stationary_variance(1.0, 3.0, 1.0), "lr must be above 0 and below the limit"),
        (lambda: max_stable_lr(torch.tensor([[1.0, 2.0], [0.0, 1.0]])), "hessian must be symm"),
        (lambda: randomized_leaky_relu(X, upper=0.1), "lower must be at most upper"),
        (lambda: schedules.lr_finder(LINEAR, iter([]), 0.1, 1.0, 3), "held no batch"),
        (lambda: schedules.lr_finder(LINEAR, [(X, torch.tensor([0, 1]))], 1.0, 0.1, 3),
         "above lr_min"),
        (lambda: schedules.suggest_lr(torch.tensor([0.1, 1.0]), torch.tensor([1.0, math.nan])),
         "finite"),
        (lambda: initialization.lsuv_(nn.Sequential(LINEAR), torch.ones(8, 3)),
         "several different"),
        (lambda: initialization.output_bias_from_counts(torch.tensor([-5, 10])), "0 or more"),
        (lambda: initialization.gain_from_activation(lambda z: 0 * z), "zero everywhere"),
        (lambda: load_images(train_share=1e-4), "leave one set empty"),
        (lambda: training.fit(LINEAR,
         Examples(torch.ones(10, 3), torch.ones(8).long()), epochs=1),
         "train must be a"),
        (lambda: training.TensorBoard(3), "writer must be"),
        (lambda: training.Descent(LINEAR.parameters(), sgd, lr=0.1, weight_decay=-1.0),
         "weight_decay"),
        (lambda: mlp([3.0, 2]), "each entry of it a whole number"),
    ],
)  # fmt: skip
def test_found_nonsense_is_refused(call, says):
    before = copy.deepcopy(LINEAR.state_dict())
    with pytest.raises((TypeError, ValueError), match=says):
        call()
    assert all(value.equal(before[name]) for name, value in LINEAR.state_dict().items())


def test_a_missing_argument_is_named_by_python():
    with pytest.raises(TypeError, match=r"missing .*'logits'"):
        softmax_cross_entropy_grad(target=torch.tensor([0, 1]))


def test_a_checked_function_can_be_mapped_and_compiled_and_has_no_length_to_ask_for():
    logits, target = torch.randn(5, 2, 3), torch.randint(3, (5, 2))
    mapped = torch.vmap(softmax_cross_entropy_grad)(logits, target)
    one_by_one = [
        softmax_cross_entropy_grad(*each) for each in zip(logits, target, strict=True)
    ]
    torch.testing.assert_close(mapped, torch.stack(one_by_one))

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            yield torch.randn(8, 3)

    loader = torch.utils.data.DataLoader(Stream(), batch_size=None)
    model = nn.Sequential(nn.BatchNorm1d(3))
    assert normalization.recalibrate(model, loader)[0].running_mean.abs().max() > 0


def test_padding_does_not_count_in_an_evaluation():
    model, x, y = nn.Linear(3, 3), torch.randn(6, 3), torch.tensor([0, -100, 2, -100, -100, 1])
    found = training.evaluate(model, Examples(x, y), batch_size=2)
    scores, kept = model(x), y >= 0
    assert found.loss == pytest.approx(nn.functional.cross_entropy(scores, y).item())
    right = (scores.argmax(dim=1) == y)[kept].double().mean().item()
    assert found.accuracy == pytest.approx(right)


def test_lsuv_gives_the_modes_back_when_it_is_interrupted():
    model = nn.Sequential(Interrupted(4, 3), nn.Dropout())
    with pytest.raises(KeyboardInterrupt):
        initialization.lsuv_(model, torch.randn(8, 4), tol=1e-9)
    assert model.training
    assert model[1].training


def test_a_batch_size_of_one_and_a_model_without_parameters():
    with pytest.raises(ValueError, match="drop_last=True"):
        training.fit(normed(), nine(), epochs=1, batch_size=1)
    identity = Examples(torch.randn(6, 3), torch.randint(3, (6,)))
    assert 0 <= training.evaluate(nn.Identity(), identity).accuracy <= 1


def test_a_run_resumes_with_the_callbacks_that_it_had(tmp_path):
    examples, path = nine(), tmp_path / "run"
    stopping, checkpoint = training.EarlyStopping(), training.Checkpoint(path)
    model = mlp([4, 5, 3])
    training.fit(model, examples, epochs=1, test=examples, callbacks=[stopping, checkpoint])
    other = mlp([4, 5, 3])
    before = copy.deepcopy(other.state_dict())
    sgd_ = torch.optim.SGD(other.parameters(), lr=0.1)
    schedule = training.Schedule(torch.optim.lr_scheduler.ExponentialLR(sgd_, 0.5))
    for given in (
        dict(optimizer=sgd_, callbacks=[schedule, training.Checkpoint(path)]),
        dict(optimizer=torch.optim.Adam(other.parameters()), callbacks=[stopping, checkpoint]),
    ):
        with pytest.raises(ValueError, match="had SGD, EarlyStopping, Checkpoint"):
            training.fit(other, examples, epochs=2, test=examples, resume=path, **given)
    torch.save({"weights": 1}, tmp_path / "another")
    with pytest.raises(ValueError, match="holds no run"):
        training.fit(other, examples, epochs=2, resume=tmp_path / "another")
    assert all(value.equal(before[name]) for name, value in other.state_dict().items())


class Breaks(training.Callback):
    """A Ctrl-C in the third epoch, at weights that are none of the best."""

    def after_epoch(self, run):
        if run.epoch == 3:
            for parameter in run.model.parameters():
                parameter.data.fill_(7.0)
            raise KeyboardInterrupt


def test_an_interrupted_run_gets_its_best_weights_too():
    examples, model, stopping = nine(), mlp([4, 5, 3]), training.EarlyStopping(patience=9)
    with pytest.raises(KeyboardInterrupt):
        training.fit(model, examples, epochs=9, learning_rate=1.0, test=examples,
                     callbacks=[stopping, Breaks()])  # fmt: skip
    assert all(value.equal(stopping.weights[n]) for n, value in model.state_dict().items())


def test_a_schedule_begins_anew_with_each_run():
    model, examples = mlp([4, 5, 3]), nine()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    schedule = training.Schedule(
        torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.4, total_steps=9)
    )
    rates = []

    def note(*_):
        rates.append(optimizer.param_groups[0]["lr"])

    for _ in range(2):
        training.fit(model, examples, epochs=3, batch_size=3, optimizer=optimizer,
                     callbacks=[schedule], after_step=note)  # fmt: skip
    assert rates[:9] == rates[9:]
