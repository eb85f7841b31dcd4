"""Chapter 8's explorer: what it measures, and that its controls move the picture."""

import pytest
import torch

from steadygrad import schedules
from steadygrad.explorers.schedules import LOOKS, NAMES, STEPS, measure


def row(name: str) -> int:
    return NAMES.index(name)


def test_the_rates_are_those_of_the_library():
    found = measure(peak=0.3, warmup=0.1, final=0.1)
    expected = [schedules.warmup_cosine(t, 0.3, 0.03, STEPS // 10, STEPS) for t in range(STEPS)]
    assert found.rates[row("warm-up cosine")].tolist() == pytest.approx(expected, rel=1e-5)
    assert found.rates.shape == (len(NAMES), STEPS)
    assert found.losses.shape == (len(NAMES), LOOKS)


def test_every_net_starts_alike_and_sees_the_same_batches():
    found = measure(warmup=0.0, final=1.0, gamma=1.0)  # all but three are constant now
    for name in ("exponential", "step", "plateau", "cosine", "warm-up cosine"):
        torch.testing.assert_close(found.losses[row(name)], found.losses[row("constant")])


def test_it_trains_by_momentum_as_torch_does():
    quiet, loud = measure(peak=1e-2), measure(peak=0.2)
    falls = loud.losses[row("cosine")]
    assert falls[-1] < 0.7 * falls[0]
    assert falls[-1] < quiet.losses[row("cosine")][-1]


def test_a_plateau_lowers_its_rate_only_when_the_loss_stays():
    found = measure(peak=0.4, gamma=0.5).rates[row("plateau")]
    assert found[0] == pytest.approx(0.4)
    assert (found.diff() <= 0).all()
    assert found[-1] < 0.4


def test_a_single_point_a_step_needs_a_falling_rate():
    losses = measure(batch_size=1, peak=0.1).losses[:, -10:].mean(dim=1)
    assert losses[row("constant")] > 1.5 * losses[row("cosine")]


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing():
    state = torch.get_rng_state()
    one, two = measure(), measure()
    assert torch.equal(one.losses, two.losses)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_what_it_shows(figure):
    assert "Over the last" in figure.sentence


def test_a_run_that_explodes_is_drawn_at_the_edge(figure):
    figure.controls["peak"].value = 10**0.5
    figure.controls["batch_size"].value = 1
    assert figure.error == ""
    for line in figure.figure.axes[1].lines:
        assert line.get_ydata().max() <= 3.0
