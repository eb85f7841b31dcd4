import copy
import math

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses
from torch import nn

from steadygrad import probes
from steadygrad.models import mlp
from steadygrad.probes import by_layer, read_layers, rms, saturation, snapshot, update_ratio


class Twice(nn.Module):
    """One layer and one activation, each called twice, and a residual sum in place."""

    def __init__(self):
        super().__init__()
        self.turn, self.act, self.out = nn.Linear(6, 6), nn.ReLU(inplace=True), nn.Linear(6, 3)

    def forward(self, x):
        h = self.act(self.turn(x))
        z = self.turn(h)
        z += x
        return self.out(self.act(z))


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class First(nn.Module):
    def forward(self, pair):
        return pair[0]


def everything():
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(8, 3),
    )


MODELS = {
    "mlp": lambda: mlp([6, 8, 8, 3], "tanh"),
    "shared modules, in place": Twice,
    "batch norm, dropout, in place": everything,
    "a single layer": lambda: nn.Linear(6, 3),
    "tuples": lambda: nn.Sequential(Pair(), First(), nn.Linear(6, 3)),
}
every_model = pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)


def batch(dtype=torch.float32):
    return torch.randn(16, 6, dtype=dtype), torch.randint(3, (16,))


# ── What is read ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "identity"])
def test_the_readings_agree_with_retain_grad_and_backward(activation, dtype):
    model, (x, y) = mlp([6, 8, 8, 3], activation).to(dtype), batch(dtype)
    outputs, h = [], x
    for module in model:
        h = module(h)
        h.retain_grad()
        outputs.append(h)
    F.cross_entropy(h, y).backward()
    for reading, module, output in zip(read_layers(model, x, y), model, outputs, strict=True):
        assert reading.mean == pytest.approx(output.mean().item(), abs=1e-6)
        assert reading.rms == pytest.approx(output.square().mean().sqrt().item())
        gradient = output.grad.square().mean().sqrt().item()
        assert reading.activation_gradient_rms == pytest.approx(gradient, rel=1e-5)
        if reading.kind == "layer":
            gradient = module.weight.grad.square().mean().sqrt().item()
            assert reading.weight_gradient_rms == pytest.approx(gradient, rel=1e-5)


def test_layers_and_activations_can_be_told_apart():
    readings = read_layers(everything(), *batch())
    assert [r.kind for r in readings] == [
        "other",
        "layer",
        "layer",
        "activation",
        "other",
        "layer",
    ]
    assert [r.weight_gradient_rms is None for r in readings] == [
        r.kind != "layer" for r in readings
    ]


def test_a_layer_is_joined_with_the_activation_that_follows_it():
    readings = read_layers(mlp([6, 8, 8, 3]), *batch())
    joined = by_layer(readings)
    assert [r.name for r in joined] == ["0", "2", "4"]
    assert [r.rms for r in joined] == [readings[i].rms for i in (1, 3, 4)]
    assert [r.weight_gradient_rms for r in joined] == [
        readings[i].weight_gradient_rms for i in (0, 2, 4)
    ]


def test_a_module_called_twice_is_read_twice_and_its_weight_gradient_is_the_sum():
    model, (x, y) = Twice(), batch()
    readings = {r.name: r for r in read_layers(model, x, y)}
    assert list(readings) == ["turn", "act", "turn (call 2)", "act (call 2)", "out"]
    first = model.turn(x).relu()
    second = (model.turn(first) + x).relu()
    assert readings["turn (call 2)"].rms == pytest.approx(rms(model.turn(first).detach()))
    assert readings["act (call 2)"].rms == pytest.approx(rms(second.detach()))
    assert readings["turn"].rms == pytest.approx(rms(model.turn(x).detach()))
    F.cross_entropy(model(x), y).backward()
    for name in ("turn", "turn (call 2)"):
        assert readings[name].weight_gradient_rms == pytest.approx(rms(model.turn.weight.grad))


def test_a_module_that_returns_a_tuple_is_skipped_and_the_reason_given():
    skipped, *rest = read_layers(MODELS["tuples"](), *batch())
    assert skipped.kind == "skipped: returned a tuple, not a tensor"
    assert skipped[2:] == (None,) * 5
    assert [r.kind for r in rest] == ["other", "layer"]


def test_a_frozen_layer_is_read_too():
    model, (x, y) = mlp([6, 8, 3]), batch()
    expected = read_layers(model, x, y)
    assert read_layers(model.requires_grad_(False), x, y) == expected


def test_it_reads_under_no_grad():
    model, (x, y) = mlp([6, 8, 3]), batch()
    expected = read_layers(model, x, y)
    with torch.no_grad():
        assert read_layers(model, x, y) == expected


def test_a_layer_that_the_loss_ignores_has_gradient_zero():
    class Idle(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(6, 3), nn.Linear(6, 3)

        def forward(self, x):
            self.idle(x)
            return self.used(x)

    idle, used = read_layers(Idle(), *batch())
    assert (idle.activation_gradient_rms, idle.weight_gradient_rms) == (0, 0)
    assert used.weight_gradient_rms > 0


def test_another_loss_may_be_given():
    model, (x, _) = nn.Linear(6, 3), batch()
    (reading,) = read_layers(model, x, torch.zeros(16, 3), loss=F.mse_loss)
    assert reading.activation_gradient_rms == pytest.approx(2 * reading.rms / 48)


# ── Sizes and saturation ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("exponent", [-30, -10, 0, 10, 30])
def test_rms_survives_where_squares_do_not(exponent):
    values = torch.randn(1000)
    scaled = values * 10.0**exponent
    assert rms(scaled) == pytest.approx(rms(values) * 10.0**exponent, rel=1e-4)


def test_rms_of_nothing_of_zeros_and_of_infinity():
    assert rms(torch.empty(0)) is None
    assert rms(torch.zeros(3)) == 0
    assert rms(torch.tensor([1.0, math.inf])) == math.inf
    assert math.isnan(rms(torch.tensor([1.0, math.nan])))


def test_a_relu_is_saturated_where_it_is_zero():
    z = torch.randn(50, 20)
    for relu in (nn.ReLU(), nn.ReLU(inplace=True)):
        assert saturation(relu, z.clone()) == pytest.approx((z <= 0).double().mean().item())


def test_a_sigmoid_is_saturated_where_its_slope_is_below_a_hundredth_of_a_quarter():
    z = 4 * torch.randn(50, 20)
    slope = torch.sigmoid(z) * (1 - torch.sigmoid(z))
    expected = (slope <= 0.0025).double().mean().item()
    assert saturation(nn.Sigmoid(), z) == pytest.approx(expected)
    assert saturation(nn.Sigmoid(), torch.full((4, 4), 50.0)) == 1  # none left to compare with


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x)


@pytest.mark.parametrize(
    "module",
    [nn.SELU(), nn.GELU(), nn.Mish(), nn.Hardtanh(), nn.PReLU(20), nn.Identity(), Swish()],
    ids=lambda module: type(module).__name__,
)
def test_an_activation_is_recognised_by_what_it_does(module):
    assert saturation(module, 3 * torch.randn(50, 20)) is not None


@pytest.mark.parametrize(
    "module",
    [
        nn.Softmax(1),
        nn.Softmax(0),
        nn.GLU(),
        nn.MaxPool1d(3, 1, 1),
        nn.AvgPool1d(3, 1, 1),
        nn.Dropout(),
        nn.LayerNorm(20, elementwise_affine=False),
    ],
    ids=str,
)
def test_what_mixes_entries_or_draws_lots_is_no_activation(module):
    assert saturation(module, torch.randn(50, 20)) is None


# ── What is left behind: nothing ────────────────────────────────────────────────────


def state(model):
    """All that a reading could disturb."""
    modules = list(model.modules())
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in modules]
    return {
        "hooks": hooks,
        "modes": [m.training for m in modules],
        "tensors": {k: v.clone() for k, v in model.state_dict().items()},
        "identities": [id(t) for t in (*model.parameters(), *model.buffers())],
        "gradients": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "wanted": [p.requires_grad for p in model.parameters()],
        "random": torch.get_rng_state(),
    }


def equal(left, right):
    torch.testing.assert_close(left, right, rtol=0, atol=0)


@every_model
@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("stepped", [True, False], ids=["with gradients", "without"])
def test_a_reading_leaves_nothing_behind(build, training, stepped):
    model, (x, y) = build(), batch()
    if stepped:
        F.cross_entropy(model(x), y).backward()
    model.train(training)
    before, x_before = state(model), x.clone()
    read_layers(model, x, y)
    after = state(model)
    assert before.keys() == after.keys()
    for key in before:
        if key == "gradients":
            assert [g is None for g in before[key]] == [g is None for g in after[key]]
            equal(
                [g for g in before[key] if g is not None],
                [g for g in after[key] if g is not None],
            )
        else:
            equal(before[key], after[key])
    equal(x, x_before)


@pytest.mark.parametrize("where", ["forward", "loss"])
def test_a_reading_that_fails_leaves_nothing_behind_either(where):
    model, (x, y) = everything(), batch()
    if where == "forward":
        model.append(nn.Linear(99, 3))  # does not fit
    before = state(model)
    with pytest.raises((RuntimeError, ZeroDivisionError)):
        read_layers(model, x, y, F.cross_entropy if where == "forward" else lambda *_: 1 / 0)
    equal({**before, "gradients": 0}, {**state(model), "gradients": 0})
    assert all(p.grad is None for p in model.parameters())


def test_hooks_of_others_stay_and_do_not_see_the_probe_twice():
    model, (x, y), seen = mlp([6, 8, 3]), batch(), []
    model[1].register_forward_hook(lambda *_: seen.append("relu"))
    read_layers(model, x, y)
    assert seen == ["relu"]
    assert len(model[1]._forward_hooks) == 1


def test_a_backward_pass_under_way_is_not_disturbed():
    model, (x, y) = everything().eval(), batch()
    twin = copy.deepcopy(model)
    loss = F.cross_entropy(model(x), y)
    read_layers(model, x, y)
    loss.backward()
    F.cross_entropy(twin(x), y).backward()
    equal([p.grad for p in model.parameters()], [p.grad for p in twin.parameters()])


def test_training_with_and_without_a_probe_is_the_same_training():
    paths = []
    for probing in (True, False):
        torch.manual_seed(1)
        model, (x, y) = everything(), batch()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(5):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            if probing:
                read_layers(model, x, y)
            optimizer.step()
        paths.append(model.state_dict())
    equal(*paths)


# ── Errors ──────────────────────────────────────────────────────────────────────────


def test_a_model_without_modules_to_read_says_so():
    with pytest.raises(ValueError, match=r"nothing to read in Pair.*returned a tuple"):
        read_layers(Pair(), *batch(), loss=lambda pair, _: pair[0].sum())


@pytest.mark.parametrize(
    "loss",
    [lambda out, _: out, lambda out, _: out.sum().detach(), lambda out, _: out.sum().item()],
)
def test_a_loss_that_is_not_one_number_with_a_gradient_is_refused(loss):
    with pytest.raises(ValueError, match="single number with a gradient"):
        read_layers(nn.Linear(6, 3), *batch(), loss=loss)


# ── Updates ─────────────────────────────────────────────────────────────────────────


def test_the_update_ratio_of_plain_gradient_descent_is_lr_times_gradient_over_weight():
    model, (x, y) = mlp([6, 8, 3]), batch()
    before = snapshot(model)
    F.cross_entropy(model(x), y).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    ratios = update_ratio(before, snapshot(model))
    for name, parameter in model.named_parameters():
        expected = 0.1 * parameter.grad.norm() / before[name].norm()
        assert ratios[name] == pytest.approx(expected.item(), rel=1e-3)


def test_a_snapshot_is_a_copy():
    model = nn.Linear(2, 2)
    before = snapshot(model)
    with torch.no_grad():
        model.weight.add_(1)
    assert not torch.equal(before["weight"], model.weight)


def test_update_ratios_of_lists_of_zeros_and_of_counters():
    zero, one = torch.zeros(2), torch.ones(2)
    assert update_ratio([one, zero, zero], [2 * one, zero, one]) == {
        "0": pytest.approx(1),
        "1": 0.0,
        "2": math.inf,
    }
    assert "num_batches_tracked" not in update_ratio(*[nn.BatchNorm1d(2).state_dict()] * 2)


def test_snapshots_of_different_models_are_refused():
    with pytest.raises(ValueError, match=r"\['weight'\] differ.*\(2, 2\).*\(3, 2\)"):
        update_ratio({"weight": torch.ones(2, 2)}, {"weight": torch.ones(3, 2)})


def test_every_public_name_is_explained():
    for name in ("read_layers", "by_layer", "rms", "saturation", "snapshot", "update_ratio"):
        assert getattr(probes, name).__doc__
