"""The loop: repeatable to the bit, honest about what it measures, calm when a run diverges."""

import doctest
import os
import subprocess
import sys
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad import training
from steadygrad.data import Examples, gauss, spiral
from steadygrad.models import mlp, redraw_
from steadygrad.training import (
    batches,
    evaluate,
    fit,
    load_checkpoint,
    pick_device,
    save_checkpoint,
)


def points(n: int = 100, **options) -> Examples:
    return gauss(n, rng=torch.Generator().manual_seed(1), **options)


def model(*extra: nn.Module) -> nn.Module:
    rng = torch.Generator().manual_seed(0)
    return redraw_(
        nn.Sequential(nn.Linear(2, 8), *extra, nn.ReLU(), nn.Linear(8, 2)), 1, rng=rng
    )


# ── batches ──────────────────────────────────────────────────────────────────────────────


@given(st.integers(1, 40), st.integers(1, 50), st.booleans(), st.integers(0, 5))
def test_an_epoch_shows_every_example_once(n, size, drop_last, seed):
    examples = Examples(torch.arange(n).unsqueeze(1).float(), torch.arange(n))
    if drop_last and size > n:
        return
    rng = torch.Generator().manual_seed(seed)
    shown = list(batches(examples, size, rng=rng, drop_last=drop_last))
    seen = torch.cat([batch.y for batch in shown])
    assert len(seen) == (n - n % size if drop_last else n)
    assert len(seen.unique()) == len(seen)
    assert all(len(batch.y) == size for batch in shown[:-1])
    assert all(batch.x.squeeze(1).equal(batch.y.float()) for batch in shown)


def test_every_epoch_has_its_own_order_and_no_generator_means_no_shuffling(rng):
    examples = Examples(torch.eye(50), torch.arange(50))
    first, second = (next(batches(examples, 50, rng=rng)).y for _ in range(2))
    assert not first.equal(second)
    assert next(batches(examples, 50)).y.equal(examples.y)


@pytest.mark.parametrize(("n", "size", "drop_last"), [(0, 4, False), (5, 6, True)])
def test_batches_that_would_be_empty_are_refused_before_the_first_is_drawn(n, size, drop_last):
    with pytest.raises(ValueError, match=f"{n} examples in batches of {size}.*no batch"):
        batches(Examples(torch.ones(n, 2), torch.arange(n)), size, drop_last=drop_last)


# ── evaluate ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("batch_size", [1, 7, 100, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_batch_size_of_an_evaluation_changes_nothing(batch_size, dtype):
    net, (x, y) = model().to(dtype), points(dtype=dtype)
    measured = evaluate(net, Examples(x, y), batch_size=batch_size)
    assert measured.loss == pytest.approx(F.cross_entropy(net(x), y).item(), rel=1e-5)
    assert measured.accuracy == (net(x).argmax(1) == y).sum().item() / 100


def test_an_evaluation_leaves_the_model_as_it_was():
    net = model(nn.BatchNorm1d(8), nn.Dropout(0.5))
    net[1].eval()  # frozen, while the rest trains
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    first, second = evaluate(net, points()), evaluate(net, points())
    assert first == second  # dropout is off
    torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)
    assert [layer.training for layer in net] == [True, False, True, True, True]
    assert all(p.grad is None for p in net.parameters())


# ── fit ──────────────────────────────────────────────────────────────────────────────────


def test_a_run_agrees_with_the_loop_written_out():
    ours, theirs, (x, y) = model(), model(), points()
    history = fit(ours, Examples(x, y), epochs=3, batch_size=32, learning_rate=0.1, seed=5)
    order, losses = torch.Generator().manual_seed(5), []
    sgd = torch.optim.SGD(theirs.parameters(), lr=0.1)
    for _ in range(3):
        for chunk in torch.randperm(100, generator=order).split(32):
            sgd.zero_grad()
            loss = F.cross_entropy(theirs(x[chunk]), y[chunk])
            loss.backward()
            sgd.step()
            losses.append(loss.item())
    assert history.batch_loss == losses
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)


def test_training_learns_and_the_record_says_how_well():
    net, train, test = model(), points(), points(40)
    history = fit(net, train, test=test, epochs=5)
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.test_accuracy[-1] > 0.95
    assert len(history.batch_loss) == 5 * 2
    assert {len(history.train_accuracy), len(history.test_loss)} == {5}
    last = history.train_loss[-1], history.train_accuracy[-1]
    assert last == evaluate(net, train)
    assert (history.test_loss[-1], history.test_accuracy[-1]) == evaluate(net, test)


def test_the_same_seed_gives_the_same_run_to_the_bit_whatever_came_before():
    def run(seed):
        torch.rand(3)  # what came before
        return fit(model(nn.Dropout(0.5)), points(), epochs=3, seed=seed)

    assert run(0) == run(0)
    assert run(0).batch_loss != run(1).batch_loss


def test_looking_at_a_test_set_changes_nothing_in_the_run():
    nets = [model(nn.BatchNorm1d(8), nn.Dropout(0.5)) for _ in range(2)]
    looking, blind = (
        fit(net, points(), epochs=3, test=test)
        for net, test in zip(nets, [points(40), None], strict=True)
    )
    assert looking.batch_loss == blind.batch_loss
    assert looking.train_loss == blind.train_loss
    assert blind.test_loss == blind.test_accuracy == []


def test_training_leaves_the_global_generator_as_it_found_it():
    net, before = model(nn.Dropout(0.5)), torch.get_rng_state()
    fit(net, points(), epochs=1)
    assert torch.get_rng_state().equal(before)


def test_layers_train_while_they_train_and_go_back_to_their_modes():
    net, seen = model(nn.Dropout(0.5)).eval(), []
    fit(
        net, points(), epochs=2, after_step=lambda step, net, loss: seen.append(net[1].training)
    )
    assert seen == [True] * 4
    assert not any(module.training for module in net.modules())


def test_a_probe_sees_each_step_with_its_gradients():
    seen = []

    def probe(step, net, loss):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())
        seen.append((step, loss))

    history = fit(model(), points(), epochs=2, after_step=probe)
    assert seen == list(enumerate(history.batch_loss))


def test_a_given_optimizer_takes_the_steps():
    nets = [model() for _ in range(2)]
    adam = torch.optim.Adam(nets[0].parameters(), lr=0.01)
    with_adam = fit(nets[0], points(), epochs=3, optimizer=adam, learning_rate=1e9)
    assert with_adam.batch_loss != fit(nets[1], points(), epochs=3).batch_loss
    assert len(adam.state) == 4


def test_an_optimizer_of_another_model_is_refused():
    sgd = torch.optim.SGD(model().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="SGD holds none of the model's parameters"):
        fit(model(), points(), epochs=1, optimizer=sgd)


@pytest.mark.parametrize("learning_rate", [1e20, 1e38])
def test_a_run_that_diverges_stops_there_without_a_warning(learning_rate):
    net, after = model(), {}

    def remember(*_):
        after.update({name: tensor.clone() for name, tensor in net.state_dict().items()})

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = fit(
            net, points(), epochs=50, learning_rate=learning_rate, after_step=remember
        )
    *finite, last = history.batch_loss
    assert history.diverged
    assert torch.tensor(finite).isfinite().all()
    assert not torch.tensor(last).isfinite()
    assert len(history.train_loss) * 2 <= len(finite)
    torch.testing.assert_close(dict(net.state_dict()), after, rtol=0, atol=0, equal_nan=True)


def test_a_run_whose_last_step_diverges_says_so_too():
    history = fit(model(), points(), epochs=1, batch_size=100, learning_rate=1e38)
    assert len(history.batch_loss) == 1
    assert history.diverged


def test_float64_stays_float64():
    net = model().double()
    fit(net, points(dtype=torch.float64), epochs=1)
    assert {p.dtype for p in net.parameters()} == {torch.float64}


def test_a_deep_enough_network_learns_the_spiral():
    rng = torch.Generator().manual_seed(0)
    net = redraw_(mlp([2, 32, 32, 2]), 2**0.5, rng=rng)
    adam = torch.optim.Adam(net.parameters(), lr=0.01)
    history = fit(net, spiral(400, rng=rng), epochs=60, batch_size=32, optimizer=adam)
    assert history.train_accuracy[-1] > 0.95


TWO_RUNS = """
import sys, torch
from steadygrad.data import gauss
from steadygrad.models import mlp
from steadygrad.training import fit
points = gauss(50, rng=torch.Generator())
fit(mlp([2, 2]), points, epochs=2, progress=False)
print("and now with a bar", file=sys.stderr)
fit(mlp([2, 2]), points, epochs=2)
"""


@pytest.mark.slow
def test_the_bar_stays_away_when_told_and_wipes_itself_out_otherwise():
    run = subprocess.run(
        [sys.executable, "-c", TWO_RUNS],
        env=os.environ | {"TQDM_DISABLE": "", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=True,
    )
    without, _, bar = run.stderr.decode().partition("and now with a bar")
    assert (run.stdout, without) == (b"", "")
    assert "step/s" in bar
    *_, wiped, cursor = bar.split("\r")
    assert (wiped.strip(), cursor) == ("", "")


def test_the_bar_can_be_switched_off_from_outside(capfd):
    assert os.environ["TQDM_DISABLE"] == "1"  # set for all tests
    fit(model(), points(), epochs=1, progress=True)
    assert capfd.readouterr() == ("", "")


# ── devices and checkpoints ──────────────────────────────────────────────────────────────


def test_a_device_is_the_accelerator_or_the_processor_or_refused():
    accelerated = torch.accelerator.is_available()
    assert (pick_device().type == "cpu") == (not accelerated)
    assert pick_device("cpu") == torch.device("cpu")
    with pytest.raises(ValueError, match=r"no 'xpu:3'.*cpu"):
        pick_device("xpu:3")


def test_a_checkpoint_gives_back_every_bit(tmp_path):
    saved, fresh = model(nn.BatchNorm1d(8)), model(nn.BatchNorm1d(8))
    fit(saved, points(), epochs=2)
    save_checkpoint(saved, tmp_path / "model.safetensors")
    assert load_checkpoint(fresh, tmp_path / "model.safetensors") is fresh
    torch.testing.assert_close(fresh.state_dict(), saved.state_dict(), rtol=0, atol=0)
    assert evaluate(fresh, points()) == evaluate(saved, points())


def test_tied_weights_can_be_saved(tmp_path):
    layer = nn.Linear(3, 3)
    save_checkpoint(nn.Sequential(layer, layer), tmp_path / "tied")
    other = nn.Linear(3, 3)
    tied = load_checkpoint(nn.Sequential(other, other), tmp_path / "tied")
    assert tied[1].weight.equal(layer.weight)


@pytest.mark.parametrize(
    ("other", "complaint"),
    [
        (
            mlp([2, 9, 2]),
            r"3 tensors differ, first '0.bias', which is \(8,\) in.*\(9,\) in the m",
        ),
        (
            mlp([2, 8, 2], bias=False),
            r"2 tensors.*'0.bias', which is \(8,\).*absent in the model",
        ),
        (mlp([2, 8, 2, 2]), r"'4.bias', which is absent in the file and \(2,\) in the model"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(
    tmp_path, other, complaint
):
    save_checkpoint(mlp([2, 8, 2]), tmp_path / "model")
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    with pytest.raises(ValueError, match=complaint):
        load_checkpoint(other, tmp_path / "model")
    torch.testing.assert_close(other.state_dict(), before, rtol=0, atol=0)


def test_examples_in_docstrings():
    failed, tried = doctest.testmod(training.evaluation)
    assert (failed, tried > 0) == (0, True)
