"""Chapter 3's explorer: what it measures, and that every control moves the picture."""

import math

import pytest
import torch

from steadygrad.explorers.activations import LAYERS, NAMES, SIZES, measure


def test_selu_comes_back_to_one_from_any_start():
    for start in ({}, {"input_mean": 2.0}, {"input_deviation": 5.0}):
        path = measure("SELU", **start).path
        assert len(path) == LAYERS + 1
        assert path[-1].second == pytest.approx(1, abs=1e-3)
        assert path[-1].mean == pytest.approx(0, abs=1e-3)


def test_relu_needs_weights_of_root_two():
    assert measure("ReLU").path[-1].second == pytest.approx(2.0**-LAYERS, rel=1e-3)
    he = measure("ReLU", weight_scale=math.sqrt(2)).path[-1]
    assert he.second == pytest.approx(1, rel=1e-3)


def test_what_one_layer_shows_is_what_was_predicted_for_it():
    for name in NAMES:
        found = measure(name)
        assert found.moments.second == pytest.approx(found.path[1].second, rel=0.1)
        assert found.outputs.isfinite().all()


def test_inputs_with_a_mean_kill_units_of_a_relu_but_not_of_a_leaky_one():
    far = {"input_mean": 3.0, "input_deviation": 0.2}
    assert 0.3 < measure("ReLU", **far).dead < 0.6
    assert measure("leaky ReLU", shape=0.1, **far).dead == 0
    assert measure("ReLU").dead == 0


def test_the_chapter_tells_what_can_be_seen_in_it():
    def size(name, layer=LAYERS, **settings):
        return math.sqrt(measure(name, **settings).path[layer].second)

    for start in ({"input_mean": 3.0}, {"input_deviation": 10.0}):
        assert size("SELU", 20, **start) == pytest.approx(1, abs=0.03)
    assert size("SELU", weight_scale=10**-0.05) == pytest.approx(0.64, abs=0.005)
    assert size("SELU", weight_scale=10**0.05) == pytest.approx(1.54, abs=0.005)
    assert -5.5 < math.log10(size("ReLU", weight_scale=10**0.1)) < -4.5
    assert 4.5 < math.log10(size("ReLU", weight_scale=10**0.2)) < 5.5
    assert 0.35 < measure("ReLU", input_mean=3.0, input_deviation=0.1).dead < 0.45
    assert size("sigmoid") == pytest.approx(0.51, abs=0.005)


def test_saturation_grows_with_the_weights_of_a_sigmoid_network():
    shares = [measure("sigmoid", weight_scale=s).saturated for s in (1.0, 5.0, 10.0)]
    assert shares[0] < shares[1] < shares[2]


def test_an_explosion_is_no_error():
    path = measure("ReLU²", weight_scale=3.0).path
    assert not math.isfinite(path[-1].second)


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing():
    state = torch.get_rng_state()
    first, second = measure("GELU"), measure("GELU")
    assert first.moments == second.moments
    assert torch.equal(torch.get_rng_state(), state)


def test_a_number_that_an_activation_does_not_have_is_not_there(figure):
    shape = figure.controls["shape"]
    assert shape.hidden
    figure.controls["name"].value = "ELU"
    assert not shape.hidden


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_activation_can_be_shown_at_the_ends_of_every_slider(figure, name):
    figure.controls["name"].value = name
    for control, ends in {"weight_scale": (0.1, 10.0), "shape": (0.01, 3.0)}.items():
        for end in ends:
            figure.controls[control].value = end
            assert figure.error == ""
    size = figure.figure.axes[2].lines[0].get_ydata()
    assert SIZES[0] <= min(size) <= max(size) <= SIZES[1]
