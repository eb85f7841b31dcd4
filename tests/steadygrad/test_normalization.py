"""Normalization: torch is the oracle, then each property that chapter 4 claims."""

import copy
import doctest

import pytest
import torch
from hypothesis import given, register_random, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from steadygrad import normalization
from steadygrad.normalization import (
    batch_norm,
    batch_norm_backward,
    fold_batch_norm,
    freeze_batch_norm,
    group_norm,
    layer_norm,
    recalibrate,
    rms_norm,
    standardize,
)


class TorchRandom:
    """Torch's global generator as hypothesis expects one: a failing example fails again."""

    seed = staticmethod(torch.manual_seed)
    getstate = staticmethod(torch.get_rng_state)
    setstate = staticmethod(torch.set_rng_state)


TORCH_RANDOM = TorchRandom()  # hypothesis keeps only a weak reference
register_random(TORCH_RANDOM)

# The first call of a torch operation can take longer than hypothesis' 200 ms.
settings.register_profile("normalization", deadline=None, max_examples=40)
quickly = settings(settings.get_profile("normalization"))

DTYPES = [torch.float32, torch.float64]
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
pixels = st.lists(st.integers(1, 4), max_size=2)
epsilons = st.sampled_from([1e-5, 1e-3, 0.3])


def values(*shape, dtype=torch.float64, offset=0.0):
    return offset + torch.randn(*shape, dtype=dtype)


def affine(channels, dtype=torch.float64):
    return values(channels, dtype=dtype), values(channels, dtype=dtype)


# ── The inputs ──────────────────────────────────────────────────────────────────────


def test_every_feature_of_the_training_set_has_mean_zero_and_deviation_one():
    train, test = standardize(values(50, 3, offset=7.0) * 100, values(20, 3) * 100)
    torch.testing.assert_close(train.mean(0), torch.zeros(3).double())
    torch.testing.assert_close(train.std(0, correction=0), torch.ones(3).double())
    assert test.mean(0).abs().min() > 0.1  # the others are not centred on themselves


def test_a_constant_feature_is_centred_and_gives_no_nan():
    train, test = standardize(torch.full((4, 1), 3.0), torch.full((2, 1), 5.0))
    assert train.eq(0).all()
    assert test.eq(2).all()


# ── Batch norm ──────────────────────────────────────────────────────────────────────


@quickly
@given(st.integers(2, 5), st.integers(1, 4), pixels, st.floats(0, 1), epsilons, st.booleans())
def test_batch_norm_agrees_with_torch(batch, channels, pixels, momentum, eps, training):
    x, (gamma, beta) = values(batch, channels, *pixels, offset=3.0), affine(channels)
    mean, var = values(channels), values(channels).square() + 0.1
    theirs_mean, theirs_var = mean.clone(), var.clone()
    expected = functional.batch_norm(
        x, theirs_mean, theirs_var, gamma, beta, training, momentum, eps
    )
    before = [mean.clone(), var.clone()]
    got = batch_norm(x, gamma, beta, mean, var, training, momentum, eps)
    torch.testing.assert_close(got, (expected, theirs_mean, theirs_var))
    torch.testing.assert_close([mean, var], before, rtol=0, atol=0)


def test_autograd_through_batch_norm_agrees_with_torch():
    x = values(6, 3, 2, 2).requires_grad_()
    gamma, beta = affine(3)
    rest = (torch.zeros(3).double(), torch.ones(3).double())
    got, mean, _ = batch_norm(x, gamma, beta, *rest, True)
    expected = functional.batch_norm(x, rest[0].clone(), rest[1].clone(), gamma, beta, True)
    weight = torch.randn_like(got)
    ours, theirs = (torch.autograd.grad((y * weight).sum(), x)[0] for y in (got, expected))
    torch.testing.assert_close(ours, theirs)
    assert not mean.requires_grad


def test_a_feature_far_from_zero_is_normalized_without_cancellation():
    x = 1e8 + values(64, 1)
    y, *_ = batch_norm(x, torch.ones(1), torch.zeros(1), torch.zeros(1), torch.ones(1), True)
    torch.testing.assert_close(y.std(correction=0).item(), 1.0, rtol=1e-4, atol=0)


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_one_value_for_each_channel_cannot_be_trained_on_but_can_be_evaluated(shape):
    x, (gamma, beta) = values(*shape), affine(3)
    rest = (gamma, beta, torch.zeros(3).double(), torch.ones(3).double())
    with pytest.raises(ValueError, match="no variance"):
        batch_norm(x, *rest, True)
    assert batch_norm(x, *rest, False)[0].isfinite().all()


@quickly
@given(st.integers(2, 5), st.integers(1, 4), pixels, epsilons)
def test_the_derived_backward_and_its_intermediates_agree_with_autograd(n, c, pixels, eps):
    x = values(n, c, *pixels)
    gamma, beta = (v.requires_grad_() for v in affine(c))
    shape = [1, c] + [1] * len(pixels)
    dims = [0, *range(2, x.dim())]
    x.requires_grad_()
    mean = x.mean(dim=dims).detach().requires_grad_()
    var = x.var(dim=dims, correction=0).detach().requires_grad_()
    dy = torch.randn_like(x)
    # the graph cut at mean and variance: their direct gradients
    x_hat = (x - mean.view(shape)) / (var.view(shape) + eps).sqrt()
    x_hat.retain_grad()
    (gamma.view(shape) * x_hat + beta.view(shape)).backward(dy)
    got = batch_norm_backward(dy, x_hat.detach(), gamma.detach(), var.detach(), eps)
    torch.testing.assert_close(got.dx_hat, x_hat.grad)
    torch.testing.assert_close(got.dvar, var.grad)
    torch.testing.assert_close(got.dmean, mean.grad)
    torch.testing.assert_close((got.dgamma, got.dbeta), (gamma.grad, beta.grad))
    whole = functional.batch_norm(x, None, None, gamma, beta, True, 0.1, eps)
    (dx,) = torch.autograd.grad(whole, x, dy)
    torch.testing.assert_close(got.dx, dx, rtol=1e-6, atol=1e-9)


def test_the_derived_gradient_agrees_with_central_differences():
    x, dy, (gamma, beta) = values(5, 2), values(5, 2), affine(2)

    def loss(x):
        rest = (gamma, beta, torch.zeros(2).double(), torch.ones(2).double())
        return (dy * batch_norm(x, *rest, True, eps=0.3)[0]).sum()

    var = x.var(0, correction=0)
    x_hat = (x - x.mean(0)) / (var + 0.3).sqrt()
    got = batch_norm_backward(dy, x_hat, gamma, var, 0.3).dx
    for at in [(i, j) for i in range(5) for j in range(2)]:
        step = torch.zeros_like(x)
        step[at] = 1e-5
        slope = (loss(x + step) - loss(x - step)) / 2e-5
        assert got[at].item() == pytest.approx(slope.item(), abs=1e-8)


def test_the_gradient_is_a_projection():
    """Off the constant vector, and, without eps, off x̂: neither can change the output."""
    dy, x = values(8, 3), values(8, 3)
    var = x.var(0, correction=0)
    x_hat = (x - x.mean(0)) / var.sqrt()
    gamma = values(3)
    dx = batch_norm_backward(dy, x_hat, gamma, var, 0.0).dx
    torch.testing.assert_close(dx.sum(0), torch.zeros(3).double(), rtol=0, atol=1e-12)
    torch.testing.assert_close((dx * x_hat).sum(0), torch.zeros(3).double(), rtol=0, atol=1e-12)
    short = gamma / var.sqrt() * (dy - dy.mean(0) - x_hat * (dy * x_hat).mean(0))
    torch.testing.assert_close(dx, short)


# ── Norms that need no batch ────────────────────────────────────────────────────────


@quickly
@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(1, 3), epsilons)
def test_layer_norm_agrees_with_torch(shape, own, eps):
    x, features = values(*shape), shape[max(1, len(shape) - own) :]
    gamma, beta = values(*features), values(*features)
    expected = functional.layer_norm(x, features, gamma, beta, eps)
    torch.testing.assert_close(layer_norm(x, gamma, beta, eps), expected)


@quickly
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), pixels, epsilons)
def test_group_norm_agrees_with_torch(batch, groups, each, pixels, eps):
    x, (gamma, beta) = values(batch, groups * each, *pixels), affine(groups * each)
    if x[0].numel() == groups:  # torch refuses one value for each group; ours is 0 + beta
        return
    expected = functional.group_norm(x, groups, gamma, beta, eps)
    torch.testing.assert_close(group_norm(x, groups, gamma, beta, eps), expected)


def test_the_limits_of_group_norm_are_layer_norm_and_instance_norm():
    x, one, zero = values(4, 6, 3, 5), torch.ones(6).double(), torch.zeros(6).double()
    plain = (torch.ones(6, 3, 5).double(), torch.zeros(6, 3, 5).double())
    torch.testing.assert_close(group_norm(x, 1, one, zero), layer_norm(x, *plain))
    torch.testing.assert_close(group_norm(x, 6, one, zero), functional.instance_norm(x))


@quickly
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), epsilons)
def test_rms_norm_agrees_with_torch(shape, eps):
    x, gamma = values(*shape), values(shape[-1])
    expected = functional.rms_norm(x, shape[-1:], gamma, eps)
    torch.testing.assert_close(rms_norm(x, gamma, eps), expected)


def test_rms_norm_of_large_half_precision_numbers_is_finite():
    x = torch.tensor([[300.0, -400.0]], dtype=torch.float16)
    got = rms_norm(x, torch.ones(2, dtype=torch.float16))
    assert got.dtype == torch.float16
    torch.testing.assert_close(
        got.float(), torch.tensor([[0.8485, -1.1314]]), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("norm", ["layer", "group", "rms"])
def test_an_example_is_normalized_alike_in_any_company(norm):
    call = {
        "layer": lambda x: layer_norm(x, torch.ones(4).double(), torch.zeros(4).double()),
        "group": lambda x: group_norm(x, 2, torch.ones(4).double(), torch.zeros(4).double()),
        "rms": lambda x: rms_norm(x, torch.ones(4).double()),
    }[norm]
    x = values(5, 4)
    torch.testing.assert_close(call(x)[:1], call(x[:1]))


@quickly
@given(st.floats(0.1, 1000))
def test_normalized_weights_have_no_scale(scale):
    """BN(c W x) = BN(W x), so that the gradient has no part along W and shrinks with c."""
    x, w = values(16, 5), values(5, 1)

    def loss(w):
        ones, zeros = torch.ones(1).double(), torch.zeros(1).double()
        return batch_norm(x @ w, ones, zeros, zeros, ones, True, eps=0.0)[0].pow(3).sum()

    small, large = w.clone().requires_grad_(), (scale * w).requires_grad_()
    torch.testing.assert_close(loss(small), loss(large))
    (grad,) = torch.autograd.grad(loss(small), small)
    (shrunk,) = torch.autograd.grad(loss(large), large)
    assert abs((grad * w).sum()) < 1e-9 * grad.norm() * w.norm() + 1e-12
    torch.testing.assert_close(shrunk * scale, grad, rtol=1e-6, atol=1e-9)


# ── After training ──────────────────────────────────────────────────────────────────


def trained_norm(kind, channels):
    norm = kind(channels, eps=0.1).double()
    for tensor in norm.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5)
    return norm.eval()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("groups", [1, 2])
def test_a_folded_convolution_does_what_the_two_did(bias, groups):
    conv = nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=groups, bias=bias).double()
    bn = trained_norm(nn.BatchNorm2d, 6)
    before = copy.deepcopy([conv.state_dict(), bn.state_dict()])
    folded = fold_batch_norm(conv, bn)
    x = values(2, 4, 7, 7)
    torch.testing.assert_close(folded(x), bn(conv(x)))
    torch.testing.assert_close([conv.state_dict(), bn.state_dict()], before, rtol=0, atol=0)
    assert isinstance(folded, nn.Conv2d)


def test_a_folded_linear_layer_does_what_the_two_did():
    linear, bn = nn.Linear(4, 3, bias=False).double(), trained_norm(nn.BatchNorm1d, 3)
    x = values(5, 4)
    torch.testing.assert_close(fold_batch_norm(linear, bn)(x), bn(linear(x)))


def small_network():
    return nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2), nn.BatchNorm1d(2)
    ).double()


def test_recalibrating_is_what_torch_does_after_averaging_weights():
    model, batches = small_network(), [values(n, 3) for n in (8, 5, 4)]
    model(values(9, 3))
    model[2].eval()
    got, theirs = recalibrate(model, iter(batches)), copy.deepcopy(model)
    theirs[2].p = 0.0  # torch leaves dropout on
    torch.optim.swa_utils.update_bn(batches, theirs)
    for at in (1, 4):
        torch.testing.assert_close(got[at].running_mean, theirs[at].running_mean)
        torch.testing.assert_close(got[at].running_var, theirs[at].running_var)
    assert got.training
    assert not got[2].training
    assert got[1].momentum == 0.1


def test_recalibrating_leaves_the_model_as_it_was():
    model = small_network()
    before = copy.deepcopy(model.state_dict())
    recalibrate(model, [values(8, 3)])
    torch.testing.assert_close(model.state_dict(), before, rtol=0, atol=0)


def test_nothing_wakes_a_frozen_batch_norm():
    model = small_network()
    model(values(9, 3))
    frozen = freeze_batch_norm(model).train()
    x = values(6, 3)
    model[2].p = frozen[2].p = 0.0
    torch.testing.assert_close(frozen(x), model.eval()(x))
    before = frozen[1].running_mean.clone()
    frozen.train()(10 * x)
    torch.testing.assert_close(frozen[1].running_mean, before, rtol=0, atol=0)
    learning = [name for name, _ in frozen.named_parameters()]
    assert learning == ["0.weight", "0.bias", "3.weight", "3.bias"]
    assert isinstance(model[1], nn.BatchNorm1d)


def test_a_batch_norm_by_itself_and_one_inside_a_block_are_frozen():
    block = nn.Sequential(nn.Sequential(nn.BatchNorm1d(3)))
    assert isinstance(
        freeze_batch_norm(block)[0][0], type(freeze_batch_norm(nn.BatchNorm1d(3)))
    )


# ── Any device, any dtype ───────────────────────────────────────────────────────────


def everything(dtype: torch.dtype, device: str):
    """Every function that returns tensors, called with inputs of this dtype and device."""
    place = {"dtype": dtype, "device": device}
    x, image = torch.ones(3, 4, **place), torch.ones(3, 4, 2, 2, **place)
    one = torch.ones(4, **place)
    yield from standardize(x, x)
    yield from batch_norm(x, one, one, one, one, True)
    yield from batch_norm(image, one, one, one, one, False)
    yield from batch_norm_backward(x, x, one, one, 1e-5)
    yield layer_norm(x, one, one)
    yield group_norm(image, 2, one, one)
    yield rms_norm(x, one)
    conv, bn = nn.Conv2d(4, 4, 1, bias=False, **place), nn.BatchNorm2d(4, **place)
    yield from fold_batch_norm(conv, bn).parameters()
    model = nn.Sequential(nn.Linear(4, 4, **place), nn.BatchNorm1d(4, **place))
    if device != "meta":  # PyTorch's own counting of batches reads a number, which meta has not
        yield recalibrate(model, [x])[1].running_var
    yield freeze_batch_norm(model)(x)


@every_dtype
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_results_stay_on_the_device_and_in_the_dtype_of_the_inputs(dtype, device):
    for result in everything(dtype, device):
        assert (result.dtype, result.device.type) == (dtype, device)


@every_dtype
def test_inputs_need_not_be_contiguous(dtype):
    x, one = values(4, 3, dtype=dtype).T, torch.ones(4, dtype=dtype)
    for f in (
        lambda v: batch_norm(v, one, one, one, one, True)[0],
        lambda v: batch_norm_backward(v, v, one, one, 0.1).dx,
        lambda v: layer_norm(v, one, one),
        lambda v: group_norm(v, 2, one, one),
        lambda v: rms_norm(v, one),
    ):
        torch.testing.assert_close(f(x), f(x.contiguous()))


def test_examples_in_docstrings():
    failed, _ = doctest.testmod(normalization)
    assert failed == 0
