"""Chapter 2's explorer: what it measures, and that its controls move the picture."""

import numpy as np
import pytest
import torch

from steadygrad.explorers.initialization import ACTIVATIONS, DRAWS, FAMILIES, measure


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("distribution", DRAWS)
def test_theory_and_measurement_agree_in_a_wide_network(activation, distribution):
    found = measure(activation=activation, distribution=distribution, width=200, depth=6)
    assert len(found.predicted) == len(found.measured) == 6
    assert found.measured == pytest.approx(found.predicted, rel=0.25)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_its_size(family):
    found = measure(family=family, activation="ReLU", width=200, depth=1)
    gain = FAMILIES[family](torch.relu)
    assert found.measured[0] == pytest.approx(gain, rel=0.05)


def test_only_orthogonal_layers_keep_every_direction():
    even = measure(family="LeCun", distribution="orthogonal", activation="identity", depth=30)
    torch.testing.assert_close(even.singular_values, torch.ones_like(even.singular_values))
    uneven = measure(family="LeCun", distribution="normal", activation="identity", depth=30)
    assert uneven.singular_values[0] > 1e5 * uneven.singular_values[50]


def test_the_product_is_the_jacobian_of_the_network():
    found = measure(family="LeCun", activation="identity", depth=1, width=20)
    rng = torch.Generator().manual_seed(0)
    torch.randn(64, 20, generator=rng, dtype=torch.float64)  # the inputs come first
    weight = torch.empty(20, 20, dtype=torch.float64).normal_(0, 20**-0.5, generator=rng)
    torch.testing.assert_close(found.singular_values, torch.linalg.svdvals(weight))


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing():
    state = torch.get_rng_state()
    one, two = measure(), measure()
    assert one.measured == two.measured
    assert torch.equal(one.singular_values, two.singular_values)
    assert torch.equal(torch.get_rng_state(), state)


def test_it_says_what_it_shows(figure):
    assert "predicted 1.4." in figure.sentence


def test_sizes_off_the_scale_are_drawn_at_its_edge(figure):
    figure.controls["depth"].value = 50
    figure.controls["gain"].value = 0.5
    sizes = figure.figure.axes[0].lines[1].get_ydata()
    assert np.min(sizes) >= 1e-16
    assert figure.error == ""
