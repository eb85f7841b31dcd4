"""Chapter 6's explorer: what it measures, and that its controls move the picture."""

import math

import pytest
import torch

from steadygrad.explorers.momentum import CONVENTIONS, limit, measure


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9])
def test_each_convention_diverges_from_its_own_limit_on(convention, beta):
    rate = limit(convention, beta)
    below = measure(convention=convention, beta=beta, lr=0.98 * rate, condition=5.0)
    above = measure(convention=convention, beta=beta, lr=1.02 * rate, condition=5.0)
    assert max(below.shrinks) < 1 < max(above.shrinks)
    assert below.limit == above.limit == rate


def test_the_walk_shrinks_as_the_factors_say():
    found = measure(lr=0.3, beta=0.0, condition=10.0)
    ends = found.path[-1].norm() / found.path[-11].norm()
    assert ends.item() == pytest.approx(max(found.shrinks) ** 10, rel=1e-3)


def test_the_rate_inside_is_the_same_walk_and_the_running_mean_a_shorter_one():
    paths = {c: measure(convention=c, lr=0.5).path for c in CONVENTIONS}
    torch.testing.assert_close(paths["heavy ball"], paths["rate inside"])
    steps = {c: (path[1] - path[0]).norm().item() for c, path in paths.items()}
    assert steps["running mean"] == pytest.approx(steps["heavy ball"] / 10)


def test_noise_keeps_it_from_the_bottom_and_a_seed_repeats_it():
    quiet, noisy = measure(), measure(noise=1.0)
    assert noisy.loss > 10 * quiet.loss
    assert measure(noise=1.0).path.equal(noisy.path)


def test_the_sentence_says_what_is_to_be_seen(figure):
    assert "So it falls to a tenth every" in figure.sentence
    figure.controls["lr"].value = 10.0
    assert "It diverges" in figure.sentence
    figure.controls["lr"].value, figure.controls["beta"].value = 100.0, 0.99
    assert figure.error == ""
    assert math.isfinite(limit("heavy ball", 0.99))
