"""Landscapes and walks: minima, slopes, and that a walk is what the rule says."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from steadygrad.landscapes import LANDSCAPES, bowl, plateau, ravine, slope, survey, walk

every_landscape = pytest.mark.parametrize("landscape", LANDSCAPES.values(), ids=LANDSCAPES)
quickly = settings(deadline=None, max_examples=30)


def plain(gradient, state):
    """Gradient descent, counting its steps."""
    return gradient, (state or 0) + 1


def decaying(gradient, _state, theta, *, weight_decay=0.0):
    return gradient + weight_decay * theta, None


@every_landscape
def test_the_minima_are_minima(landscape):
    for minimum in landscape.minima:
        point = torch.tensor(minimum, dtype=torch.float64)
        assert landscape(point).item() == pytest.approx(0, abs=1e-15)
        assert slope(landscape, point).norm() < 1e-12
        around = point + 0.01 * torch.randn(100, 2, dtype=torch.float64)
        assert (landscape(around) > 0).all()


@every_landscape
def test_the_start_and_the_minima_can_be_seen(landscape):
    left, right, bottom, top = landscape.view
    for x, y in (landscape.start, *landscape.minima):
        assert left < x < right
        assert bottom < y < top


@every_landscape
@quickly
@given(st.lists(st.integers(1, 3), max_size=3))
def test_points_of_any_shape_give_heights_of_that_shape(landscape, shape):
    points = torch.randn(*shape, 2)
    heights = landscape(points)
    assert heights.shape == tuple(shape)
    flat = torch.stack([landscape(point) for point in points.reshape(-1, 2)])
    torch.testing.assert_close(heights.flatten(), flat)


@every_landscape
def test_slopes_agree_with_finite_differences(landscape):
    points = torch.randn(20, 2, dtype=torch.float64)
    for axis in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[axis] = 1e-5
        measured = (landscape(points + step) - landscape(points - step)) / 2e-5
        expected = slope(landscape, points)[:, axis]
        torch.testing.assert_close(measured, expected, rtol=1e-6, atol=1e-6)


@every_landscape
def test_dtype_and_device_follow_the_points(landscape):
    for dtype in (torch.float32, torch.float64):
        heights = landscape(torch.empty(3, 2, dtype=dtype, device="meta"))
        assert (heights.dtype, heights.device.type) == (dtype, "meta")


def test_a_walk_on_the_ravine_is_that_of_the_formula():
    points = walk(plain, ravine, torch.tensor([3.0, 2.0]), 0.015, 40)
    n = torch.arange(41)
    expected = torch.stack([3 * (1 - 0.015) ** n, 2 * (1 - 1.5) ** n], dim=1)
    torch.testing.assert_close(points, expected, rtol=1e-4, atol=1e-5)


def test_a_survey_tells_what_a_walk_does_not():
    seen = survey(plain, bowl, torch.tensor([1.0, 1.0]), 0.1, 5)
    assert seen.states == [1, 2, 3, 4, 5]
    torch.testing.assert_close(seen.gradients, seen.directions)
    torch.testing.assert_close(seen.points[1:], seen.points[:-1] - 0.1 * seen.directions)
    torch.testing.assert_close(seen.gradients, slope(bowl, seen.points[:-1]))


def test_a_rule_that_asks_for_theta_is_handed_the_point():
    points = walk(decaying, plateau, torch.tensor([50.0, 0.0]), 0.1, 3, weight_decay=1.0)
    torch.testing.assert_close(points[:, 0], 50 * 0.9 ** torch.arange(4))


def test_many_walkers_go_as_each_would_alone():
    rates, start = torch.tensor([[0.01], [0.3]]), torch.tensor([1.0, -2.0])
    together = walk(decaying, bowl, start, rates, 10, weight_decay=0.1)
    assert together.shape == (11, 2, 2)
    for walker, lr in enumerate(rates[:, 0].tolist()):
        alone = walk(decaying, bowl, start, lr, 10, weight_decay=0.1)
        torch.testing.assert_close(together[:, walker], alone)


def test_noise_has_its_deviation_and_is_the_same_for_every_rule():
    seeded = lambda: torch.Generator().manual_seed(3)  # noqa: E731 - two equal generators
    options = dict(noise=2.0, lr=0.0, steps=2000)
    seen = survey(plain, bowl, torch.zeros(2), rng=seeded(), **options)
    again = survey(decaying, bowl, torch.zeros(2), rng=seeded(), **options)
    assert seen.gradients.std().item() == pytest.approx(2, rel=0.05)
    assert torch.equal(seen.gradients, again.gradients)


def test_a_walk_changes_neither_its_start_nor_the_global_generator():
    start, state = torch.tensor([1.0, 1.0]), torch.get_rng_state()
    walk(plain, ravine, start, 0.001, 3, noise=1.0, rng=torch.Generator().manual_seed(0))
    assert torch.equal(start, torch.tensor([1.0, 1.0]))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_walk_that_diverges_is_not_stopped():
    points = walk(plain, ravine, torch.tensor([1.0, 1.0]), 1.0, 60)
    assert len(points) == 61
    assert not math.isfinite(points[-1, 1])
