"""The loop's parts: PyTorch as oracle, then what the chapter claims of each."""

import doctest
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F  # noqa: N812 - its usual name

from steadygrad import loop, training
from steadygrad.data import Examples, gauss
from steadygrad.loop import residual
from steadygrad.models import mlp


def parameters(*shapes, size=1.0, dtype=torch.float64, device="cpu") -> list[torch.Tensor]:
    made = []
    for shape in shapes:
        leaf = torch.randn(shape, dtype=dtype, device=device, requires_grad=True)
        leaf.grad = size * torch.randn(shape, dtype=dtype, device=device)
        made.append(leaf)
    return made


def copied(leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    copies = [leaf.detach().clone().requires_grad_() for leaf in leaves]
    for copy, leaf in zip(copies, leaves, strict=True):
        copy.grad = leaf.grad.clone()
    return copies


def gradients(leaves: list[torch.Tensor]) -> list[torch.Tensor]:
    return [leaf.grad.clone() for leaf in leaves]


def norm_of(tensors: list[torch.Tensor]) -> float:
    return torch.cat([tensor.flatten() for tensor in tensors]).norm().item()


SHAPES = st.lists(st.lists(st.integers(1, 4), max_size=3).map(tuple), min_size=1, max_size=4)


# ── Clipping ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("max_norm", [1e-3, 0.7, 5.0, 1e3])
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_clipping_by_norm_agrees_with_torch(max_norm, size):
    ours = parameters((3, 4), (), (5,), size=size)
    theirs = copied(ours)
    norm = loop.clip_grad_norm_(iter(ours), max_norm)
    expected = nn.utils.clip_grad_norm_(theirs, max_norm)
    torch.testing.assert_close(norm, expected, rtol=1e-12, atol=0)
    near = 2e-6 / max_norm if size < 1 else 1e-6  # torch adds 1e-6 to the norm
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=max(near, 1e-6), atol=0)


@given(SHAPES, st.floats(0.01, 100), st.floats(0.01, 100))
def test_clipping_by_norm_bounds_the_length_and_keeps_the_direction(shapes, size, max_norm):
    leaves = parameters(*shapes, size=size)
    before = gradients(leaves)
    returned = loop.clip_grad_norm_(leaves, max_norm).item()
    after = gradients(leaves)
    assert returned == pytest.approx(norm_of(before))
    assert norm_of(after) == pytest.approx(min(returned, max_norm))
    assert loop.cosine(before, after) == pytest.approx(1)
    if returned <= max_norm:
        assert all(one.equal(other) for one, other in zip(before, after, strict=True))


@given(SHAPES, st.floats(0.01, 3))
def test_clipping_by_value_agrees_with_torch_and_bounds_every_entry(shapes, value):
    ours = parameters(*shapes)
    theirs = copied(ours)
    assert loop.clip_grad_value_(iter(ours), value) is None
    nn.utils.clip_grad_value_(theirs, value)
    for one, other in zip(ours, theirs, strict=True):
        assert one.grad.equal(other.grad)
        assert one.grad.abs().max() <= value
        assert one.equal(other)


def test_clipping_by_value_turns_a_gradient_with_one_large_entry():
    leaf = torch.zeros(2, requires_grad=True)
    leaf.grad = torch.tensor([10.0, 0.1])
    before = gradients([leaf])
    loop.clip_grad_value_([leaf], 0.1)
    assert loop.cosine(before, gradients([leaf])) == pytest.approx(0.714, abs=1e-3)


def test_what_is_not_a_number_stays_visible():
    leaf = torch.zeros(3, requires_grad=True)
    leaf.grad = torch.tensor([math.nan, math.inf, 1.0])
    loop.clip_grad_value_([leaf], 0.5)
    assert leaf.grad.isnan().tolist() == [True, False, False]
    leaf.grad = torch.tensor([math.nan, 2.0, 1.0])
    assert loop.clip_grad_norm_([leaf], 0.5).isnan()
    assert leaf.grad.isnan().all()


def test_no_gradient_and_a_gradient_of_zero_are_nothing_to_clip():
    bare = [torch.zeros(2, requires_grad=True)]
    assert loop.clip_grad_norm_(bare, 1.0) == loop.clip_grad_norm_([], 1.0) == 0
    loop.clip_grad_value_(bare, 1.0)
    assert bare[0].grad is None
    bare[0].grad = torch.zeros(2)
    assert loop.clip_grad_norm_(bare, 1.0) == 0
    assert bare[0].grad.equal(torch.zeros(2))


def test_nothing_is_made_on_another_device_or_in_another_dtype():
    leaves = parameters((2, 3), (4,), device="meta")
    norm = loop.clip_grad_norm_(leaves, 1.0)
    loop.clip_grad_value_(leaves, 1.0)
    assert (norm.device.type, norm.dtype) == ("meta", torch.float64)
    assert loop.cliff(torch.ones(2, 3, device="meta", dtype=torch.float64)).dtype == (
        torch.float64
    )


# ── Steps ───────────────────────────────────────────────────────────────────────────


def net(*extra: nn.Module, dtype=torch.float64) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(2, 8), *extra, nn.Tanh(), nn.Linear(8, 3)).to(dtype)


def data(n: int = 12) -> tuple[torch.Tensor, torch.Tensor]:
    rng = torch.Generator().manual_seed(5)
    x = torch.randn(n, 2, generator=rng, dtype=torch.float64)
    return x, torch.randint(3, (n,), generator=rng)


@pytest.mark.parametrize("max_norm", [None, 0.05])
@pytest.mark.parametrize(
    ("peer", "settings"),
    [(torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}), (torch.optim.AdamW, {"lr": 0.01})],
)
def test_two_hundred_steps_agree_with_the_loop_written_out(peer, settings, max_norm):
    ours, theirs, (x, y) = net(), net(), data()
    our_optimizer, their_optimizer = (peer(m.parameters(), **settings) for m in (ours, theirs))
    for _ in range(200):
        loss = loop.train_step(ours.eval(), our_optimizer, F.cross_entropy, x, y, max_norm)
        their_optimizer.zero_grad()
        expected = F.cross_entropy(theirs(x), y)
        expected.backward()
        if max_norm is not None:
            nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        their_optimizer.step()
        assert loss == expected.item()
    assert ours.training
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_an_evaluation_does_not_depend_on_how_the_examples_are_cut(sizes):
    model = net(nn.BatchNorm1d(8), nn.Dropout(0.9))
    model[1].eval()
    x, y = data(sum(sizes))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    lost, accuracy = loop.evaluate(model, zip(x.split(sizes), y.split(sizes), strict=True))
    assert [m.training for m in model] == [True, False, True, True, True]
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    model.eval()
    assert lost == pytest.approx(F.cross_entropy(model(x), y).item())
    assert accuracy == pytest.approx((model(x).argmax(1) == y).double().mean().item())


def test_an_evaluation_agrees_with_the_one_that_fit_uses():
    model, (x, y) = net(), data(30)
    theirs = training.evaluate(model, Examples(x, y), batch_size=7)
    ours = loop.evaluate(model, training.batches(Examples(x, y), 11))
    assert ours == pytest.approx((theirs.loss, theirs.accuracy))


def test_a_healthy_network_learns_one_batch_by_heart_and_is_left_alone():
    model, (x, y) = net(nn.Dropout(0.5)), data(8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    losses = loop.overfit_one_batch(model, x, y, steps=1000, lr=1.0)
    assert len(losses) == 1000
    assert losses[0] == pytest.approx(F.cross_entropy(model.eval()(x), y).item())
    assert losses[-1] < 0.01
    torch.testing.assert_close(dict(model.state_dict()), before, rtol=0, atol=0)
    assert all(p.grad is None for p in model.parameters())


# ── Accumulating ────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(1, 7), min_size=1, max_size=5))
def test_pieces_of_any_size_give_the_gradient_of_the_whole(sizes):
    pieces, whole, (x, y) = net(), net(), data(sum(sizes))
    loss = loop.accumulate_gradients(
        pieces, F.cross_entropy, list(zip(x.split(sizes), y.split(sizes), strict=True))
    )
    expected = F.cross_entropy(whole(x), y)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for one, other in zip(pieces.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-10, atol=1e-14)


def test_with_batch_norm_the_pieces_are_something_else_than_the_whole():
    (x, y), grads = data(12), []
    for sizes in ([5, 5, 2], [12]):
        model = net(nn.BatchNorm1d(8))
        loop.accumulate_gradients(
            model, F.cross_entropy, list(zip(x.split(sizes), y.split(sizes), strict=True))
        )
        grads.append(model[0].weight.grad)
    assert (grads[0] - grads[1]).norm() > 0.05 * grads[1].norm()


# ── Residual branches ───────────────────────────────────────────────────────────────


@given(st.integers(0, 60), st.floats(0, 2), st.floats(-1.5, 1.5))
def test_the_variance_is_a_power(depth, branch_var, scale):
    expected = (1 + scale**2 * branch_var) ** depth
    assert loop.residual_variance(depth, branch_var, scale) == pytest.approx(expected)


def test_the_variance_agrees_with_random_linear_branches(rng):
    x = torch.randn(2000, 200, generator=rng, dtype=torch.float64)
    for _ in range(10):
        weight = torch.randn(200, 200, generator=rng, dtype=torch.float64)
        x = x + 0.5 * x @ weight * (0.8 / 200) ** 0.5  # a branch of variance 0.8
    assert x.var().item() == pytest.approx(loop.residual_variance(10, 0.8, 0.5), rel=0.15)


def test_a_scale_of_one_over_the_root_of_the_depth_bounds_the_variance():
    for depth in (1, 10, 100, 10_000):
        assert loop.residual_variance(depth, 1.0, depth**-0.5) < math.e
    assert loop.residual_variance(10_000, 1.0, 1e-4) < 1.001  # 1/L silences the branches


# ── The cliff ───────────────────────────────────────────────────────────────────────


def test_the_cliff_is_what_its_equation_says():
    w, b = 4.5, -2.0
    x = 0.5
    for _ in range(7):
        x = w / (1 + math.exp(-x)) + b
    found = loop.cliff(torch.tensor([w, b], dtype=torch.float64), steps=7)
    assert found.item() == pytest.approx((1 / (1 + math.exp(-x)) - 0.7) ** 2)


def test_the_slope_of_the_cliff_passes_a_check_by_differences():
    theta = torch.tensor([[4.5, 3.0], [-2.0, 0.5]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: loop.cliff(t, steps=9), theta)


@pytest.mark.parametrize("clip", loop.CLIPS)
def test_a_walk_is_gradient_descent_with_its_gradients_cut(clip):
    start = torch.tensor([5.0, -2.0], dtype=torch.float64)
    path = loop.descend(start, clip=clip, threshold=0.1, lr=0.5, walk=40)
    assert len(path) == 40
    for here, there in pairwise(path):
        torch.testing.assert_close(there.theta, here.theta - 0.5 * here.clipped)
        bound = {"none": math.inf, "by norm": 0.1, "by value": 0.1 * 2**0.5}[clip]
        assert here.clipped.norm() <= bound * 1.000001
    assert path[0].loss == loop.cliff(start).item()


def test_an_unknown_clipping_is_answered_with_those_there_are():
    with pytest.raises(ValueError, match=r"no clipping 'hard'.*by norm"):
        loop.descend(torch.zeros(2), clip="hard")


def test_examples_in_docstrings():
    failed, tried = doctest.testmod(residual)
    assert (failed, tried > 0) == (0, True)


def test_a_loop_of_steps_learns_what_fit_learns():
    train = gauss(100, rng=torch.Generator().manual_seed(1))
    models = [mlp([2, 4, 2]) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    training.fit(models[0], train, epochs=2, learning_rate=0.1, seed=4)
    optimizer = torch.optim.SGD(models[1].parameters(), lr=0.1)
    order = torch.Generator().manual_seed(4)
    for _ in range(2):
        for x, y in training.batches(train, 64, rng=order):
            loop.train_step(models[1], optimizer, F.cross_entropy, x, y)
    torch.testing.assert_close(models[0].state_dict(), models[1].state_dict(), rtol=0, atol=0)
