import numpy as np
import pytest
import torch

from steadygrad import data
from steadygrad.data import Examples
from steadygrad.explorers import gradients
from steadygrad.explorers.gradients import measure


@pytest.fixture(scope="module")
def digits():
    train = data.load_images("mnist-5k").train
    return Examples(train.x[:32], train.y[:32])


# ── What the gradients explorer measures ────────────────────────────────────────────


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_there_is_a_reading_and_an_output_for_every_layer(digits, activation):
    measured = measure(digits, depth=5, width=20, activation=activation)
    assert len(measured.readings) == len(measured.outputs) == 6
    for reading, output in zip(measured.readings, measured.outputs, strict=True):
        assert reading.rms == pytest.approx(output.square().mean().sqrt().item(), rel=1e-5)
        assert reading.weight_gradient_rms is not None


def test_he_keeps_a_relu_network_level_and_a_quarter_of_it_does_not(digits):
    level = measure(digits, depth=20, width=200)
    assert all(0.3 < r.rms < 3 for r in level.readings)
    faint = measure(digits, depth=20, width=200, weight_scale=0.25)
    assert faint.readings[19].rms == pytest.approx(0.25**20 * level.readings[19].rms, rel=1e-3)


def test_the_ratio_of_first_to_last_weight_gradient_hides_a_dead_network(digits):
    dead = measure(digits, depth=10, width=100, weight_scale=0.1).readings
    first, last = dead[0].weight_gradient_rms, dead[-2].weight_gradient_rms
    assert 0.1 < first / last < 10
    assert first < 1e-9


def test_sigmoid_gradients_vanish_towards_the_first_layer(digits):
    readings = measure(digits, depth=10, activation="sigmoid").readings
    assert readings[0].activation_gradient_rms < 1e-3 * readings[9].activation_gradient_rms


def test_the_input_scale_scales_a_relu_network(digits):
    once, twice = (measure(digits, depth=3, input_scale=s).outputs[-1] for s in (1.0, 2.0))
    torch.testing.assert_close(twice, 2 * once)


def test_the_same_settings_give_the_same_numbers_and_disturb_nothing(digits):
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    assert measure(digits).readings == measure(digits).readings
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)
    assert (torch.tensor(1e-40) * 1).item() > 0  # tiny numbers are numbers again


def test_settings_are_restored_after_an_error(digits):
    threads = torch.get_num_threads()
    with pytest.raises(ValueError, match="no activation 'step'"):
        measure(digits, activation="step")
    with pytest.raises(ValueError, match="gain"):
        measure(digits, weight_scale=-1.0)
    assert torch.get_num_threads() == threads
    assert (torch.tensor(1e-40) * 1).item() > 0


# ── What it draws ───────────────────────────────────────────────────────────────────


def lines(figure):
    return {line.get_label(): line.get_data() for line in figure.figure.axes[0].lines}


def test_it_says_what_it_shows(figure):
    assert all(len(x) == 11 for x, _ in list(lines(figure).values())[:3])


def test_the_layer_shown_never_exceeds_the_depth(figure):
    figure.controls["depth"].value = 3
    assert figure.controls["layer"].max == figure.controls["layer"].value == 3
    assert figure.error == ""
    figure.controls["depth"].value = 1
    assert figure.error == ""


@pytest.mark.parametrize(("scale", "edge"), [(0.25, 0), (4.0, 1)])
def test_sizes_off_the_scale_are_drawn_at_its_edge_and_marked(figure, scale, edge):
    figure.controls["depth"].value = 50
    figure.controls["weight_scale"].value = scale
    sizes = figure.figure.axes[0]
    assert sizes.get_ylim() == gradients.SIZES
    marked = sizes.lines[3 + edge].get_data()
    assert len(marked[0]) > 0
    assert set(marked[1]) == {gradients.SIZES[edge]}
    for line in sizes.lines[:3]:
        assert gradients.SIZES[0] <= min(line.get_ydata())
        assert max(line.get_ydata()) <= gradients.SIZES[1]
    assert figure.error == ""


def test_numbers_too_large_for_float32_are_marked_as_well(figure):
    figure.controls["depth"].value = 50
    figure.controls["weight_scale"].value = 4.0
    figure.controls["input_scale"].value = 100.0
    assert figure.error == ""
    assert np.isfinite(lines(figure)["activation gradient"][1]).all()
