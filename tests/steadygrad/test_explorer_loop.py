"""Chapter 5's explorer: what it measures, and that its controls move the picture."""

import pytest
import torch

from steadygrad.explorers.loop import CELLS, LOSSES, START, WALK, measure
from steadygrad.loop import CLIPS, cliff


def test_the_landscape_and_the_walk_are_those_of_one_loss():
    found = measure(time_steps=20)
    assert found.landscape.shape == (CELLS, CELLS)
    first = found.path[0]
    assert tuple(first.theta.tolist()) == START
    assert first.loss == cliff(first.theta, steps=20).item()
    assert len(found.path) == WALK


@pytest.mark.parametrize("clip", CLIPS)
def test_only_clipping_by_norm_keeps_every_direction(clip):
    found = measure(clip=clip, threshold=0.05, time_steps=50, lr=0.1)
    steep = found.path[found.steepest]
    assert steep.gradient.norm() == max(step.gradient.norm() for step in found.path)
    if clip == "by value":
        assert found.agreement < 0.9999
    else:
        assert found.agreement == pytest.approx(1)


def test_more_time_steps_make_a_steeper_wall():
    slopes = [
        measure(time_steps=steps).landscape.diff(dim=1).abs().max() for steps in (1, 10, 40)
    ]
    assert slopes[0] * 5 < slopes[1] < slopes[2] * 2


def test_without_clipping_the_wall_throws_the_walk_away():
    free, held = measure(clip="none"), measure(clip="by norm")
    assert (free.path[-1].theta - free.path[0].theta).norm() > 3
    last = [step.loss for step in held.path[-20:]]  # single losses zigzag
    assert sum(last) / 20 < 0.01 < 0.05 < free.path[-1].loss


@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS)
@pytest.mark.parametrize("time_steps", [1, 50])
@pytest.mark.parametrize("lr", [0.01, 3.0])
def test_no_setting_breaks_it(figure, clip, time_steps, lr):
    figure.controls["clip"].value = clip
    figure.controls["time_steps"].value = time_steps
    figure.controls["lr"].value = lr
    assert not figure.error
    acts = clip != "none" and (time_steps, lr) == (50, 3.0)  # else no gradient is long enough
    assert ("which is not clipped" in figure.sentence) != acts
    assert figure.controls["threshold"].hidden == (clip == "none")
    shades = figure._artists[0].get_array()
    assert torch.as_tensor(shades.data).min() >= LOSSES[0]
