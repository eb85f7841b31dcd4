"""Chapter 7's explorer: what it measures, and that its controls move the picture."""

import numpy as np
import pytest
import torch

from steadygrad.explorers.adaptive import DECAYS, RACERS, measure, starting_point
from steadygrad.landscapes import LANDSCAPES


def test_the_rates_are_those_of_the_steps_without_momentum():
    """With β₁ = 0 the rate times the gradient is the step."""
    race = measure(place="ravine", rule="Adam", beta1=0.0, eps=0.5, lr=0.1)
    gradients = race.points[:-1] * torch.tensor([1.0, 100.0])
    steps = race.points[:-1] - race.points[1:]
    torch.testing.assert_close(race.rates * gradients, steps, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("rule", RACERS)
def test_rates_and_shares_belong_together(rule):
    race = measure(rule=rule, lr=0.01, eps=0.1)
    assert race.rates.shape == race.shares.shape == (len(race.points) - 1, 2)
    share = torch.zeros_like(race.rates) if rule == "momentum" else 0.1 / (0.01 / race.rates)
    torch.testing.assert_close(race.shares, share, rtol=1e-4, atol=1e-9)


def test_adagrads_rates_only_fall():
    assert (torch.diff(measure(rule="AdaGrad").rates, dim=0) <= 0).all()


def test_a_large_eps_is_most_of_the_denominator():
    assert measure(place="plateau", eps=1.0).shares.min() > 0.5
    assert measure(eps=1e-12).shares.max() < 1e-6


def test_decoupled_decay_pulls_where_an_l2_penalty_hardly_does():
    """Far out on the plateau there is no slope, so that only the decay acts."""
    ends = {
        decay: measure(
            place="plateau", rule="momentum", decay=decay, beta1=0.0, lr=0.05, up=0.99
        ).points[-1].norm()
        for decay in DECAYS
    }  # fmt: skip
    assert ends["none"] > 2 * ends["decoupled"]
    assert ends["l2"] == pytest.approx(ends["decoupled"].item(), rel=1e-4)


def test_the_start_is_a_share_of_the_view():
    assert starting_point("ravine", 0.0, 1.0).tolist() == [-10, 3]
    assert starting_point("ravine", 0.5, 0.5).tolist() == [-3, 0]


def test_the_same_settings_give_the_same_walk_and_disturb_nothing():
    state = torch.get_rng_state()
    one, two = measure(place="noisy bowl"), measure(place="noisy bowl")
    assert torch.equal(one.points, two.points)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_what_it_shows(figure):
    assert "the chosen rule ends" in figure.sentence


@pytest.mark.slow
@pytest.mark.parametrize("place", LANDSCAPES)
def test_every_landscape_is_drawn_with_its_view_and_its_minima(figure, place):
    figure.controls["place"].value = place
    ground = figure.figure.axes[0]
    assert (*ground.get_xlim(), *ground.get_ylim()) == LANDSCAPES[place].view
    stars = [line for line in ground.lines if line.get_marker() == "*"]
    assert len(stars) == len(LANDSCAPES[place].minima)


def test_what_diverges_is_said_and_drawn(figure):
    figure.controls["rule"].value, figure.controls["lr"].value = "momentum", 10.0
    assert figure.error == ""
    assert "it diverged" in figure.sentence
    assert all(np.isfinite(line.get_xdata()).all() for line in figure.figure.axes[0].lines)


def test_the_start_can_be_dragged(figure):
    """The page knows where the landscape's axes lie and which controls are its own."""
    box = figure.figure.axes[0].get_position()
    assert figure.drag["names"] == ["across", "up"]
    edges = [figure.drag[edge] for edge in ("left", "bottom", "width", "height")]
    assert edges == [box.x0, box.y0, box.width, box.height]
