import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from steadygrad import data
from steadygrad.data import Examples
from steadygrad.explorers import gradients
from steadygrad.explorers.gradients import measure
from steadygrad.plots import human


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


def stand(figure, **values):
    """Move several things at once, as the page does."""
    with figure.hold_trait_notifications():
        for name, value in values.items():
            setattr(figure, name, value)
    assert figure.error == ""


def lines(figure):
    return figure.shown["lines"]


def test_what_is_drawn_are_the_numbers_that_were_read(figure):
    stand(figure, depth=4, activation="tanh", weight_scale=0.5, input_scale=2.0)
    train = data.load_images("mnist-5k").train
    examples = Examples(train.x[:64], train.y[:64])
    settings = {"activation": "tanh", "weight_scale": 0.5, "input_scale": 2.0}
    readings = measure(examples, depth=4, **settings).readings
    for label, field in gradients.LINES.items():
        assert lines(figure)[label]["sizes"][1:] == [getattr(r, field) for r in readings]
        assert lines(figure)[label]["off"] == [0] * 6
    inputs = 2 * examples.x.square().mean().sqrt().item()
    assert lines(figure)["activation"]["sizes"][0] == pytest.approx(inputs, rel=1e-4)
    assert lines(figure)["activation gradient"]["sizes"][0] is None


def test_there_is_a_column_for_the_input_every_layer_and_the_scores(figure):
    stand(figure, depth=3, width=500)
    assert figure.shown["depth"] == 3
    assert figure.shown["dots"] == [8, 8, 8, 8, 3]
    stand(figure, width=10)
    assert figure.shown["dots"] == [8, 3, 3, 3, 3]


def test_choosing_a_layer_shows_its_values_and_measures_nothing(figure, monkeypatch):
    monkeypatch.setattr(gradients, "measure", None)  # it would fail
    stand(figure, layer=3)
    assert figure.detail["name"] == "layer 3 of 20"
    assert sum(figure.detail["shares"]) == pytest.approx(1)
    assert figure.detail["numbers"]["activation"] == human(
        lines(figure)["activation"]["sizes"][3]
    )
    assert figure.detail["numbers"]["activation flat for"].endswith("%")


def test_the_scores_have_no_activation_that_could_be_flat(figure):
    stand(figure, layer=21)
    assert figure.detail["name"] == "the scores"
    assert "activation flat for" not in figure.detail["numbers"]


def test_the_layer_shown_never_exceeds_the_depth_and_comes_back_with_it(figure):
    stand(figure, layer=15, depth=3)
    assert figure.detail["layer"] == 4
    stand(figure, depth=1)
    assert figure.detail["layer"] == 2
    stand(figure, depth=20)
    assert figure.detail["layer"] == 15


@pytest.mark.parametrize(("scale", "way"), [(0.25, -1), (4.0, 1)])
def test_sizes_off_the_scale_lie_at_its_edge_and_are_marked(figure, scale, way):
    stand(figure, depth=50, weight_scale=scale)
    edge = gradients.SIZES[way == 1]
    for line in lines(figure).values():
        found = {off for off in line["off"] if off}
        assert found == {way}
        assert {s for s, off in zip(line["sizes"], line["off"], strict=True) if off} == {edge}


def test_numbers_too_large_for_float32_are_drawn_and_said(figure):
    stand(figure, depth=50, weight_scale=4.0, input_scale=100.0, layer=50)
    json.dumps([figure.shown, figure.detail], allow_nan=False)  # the page could not read NaN
    assert "the activations explode" in figure.sentence


def test_several_things_moved_at_once_are_measured_once(figure, monkeypatch):
    measured = []
    monkeypatch.setattr(
        gradients, "measure", lambda *a, **k: measured.append(k) or measure(*a, **k)
    )
    stand(figure, depth=5, width=50, activation="tanh", input_scale=3.0)
    assert len(measured) == 1


def test_an_error_is_told_and_goes_away(figure, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(gradients, "measure", None)
        figure.depth = 7
        assert "TypeError" in figure.error
    stand(figure, depth=8)


@pytest.mark.parametrize(
    ("preset", "said"),
    {
        "sigmoid, default weights": "the gradient vanishes",
        "ReLU, He’s weights": "the gradient keeps its size",
        "ReLU, twice He’s": "the gradient explodes",
        "ReLU, half of He’s": "the activations vanish",
        "tanh, large weights": "The activation is flat for 5",
    }.items(),
)
def test_each_preset_shows_what_it_is_there_for(figure, preset, said):
    stand(figure, **figure.presets[preset])
    assert said in figure.sentence


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (0.5, 0.5, "the gradient keeps its size (0.5 to 0.5)"),
        (1.0, 0.1, "the gradient shrinks (1 to 0.1)"),
        (1.0, 20.0, "the gradient grows (1 to 20)"),
        (1.0, 0.0, "the gradient vanishes (1 to 0)"),
        (0.0, 0.0, "the gradient is zero all the way"),
        (1.0, math.inf, "the gradient explodes (1 to beyond all numbers)"),
        (math.inf, math.inf, "the gradient is beyond all numbers"),
    ],
)
def test_a_change_is_said_in_a_word_and_two_numbers(start, end, said):
    assert gradients._change("gradient", start, end) == said


def test_one_layer_alone_has_a_sentence_of_its_own(figure):
    stand(figure, depth=1)
    assert figure.sentence.startswith("One hidden layer: its activations have the size")


def test_the_ramp_gets_lighter_all_the_way():
    def lightness(color):
        r, g, b = (int(color[at : at + 2], 16) / 255 for at in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04 else ((c + 0.055) / 1.055) ** 2.4 for c in (r, g, b)]
        return np.dot(linear, (0.2126, 0.7152, 0.0722))

    steps = np.diff([lightness(color) for color in gradients.SCALE["ramp"]])
    assert (steps > 0).all()


def test_a_reader_without_a_kernel_sees_a_picture_with_twice_the_pixels_and_words(figure):
    stand(figure, depth=30, weight_scale=2.0)
    picture = Image.open(io.BytesIO(figure.still()))
    assert picture.size[0] == 2 * figure.still_width
    assert len(picture.convert("RGB").getcolors(1 << 20)) > 100  # it is not empty
    words = figure._left_behind()
    assert figure.sentence in words["text/plain"]
    assert "as-it-is" in words["text/html"]  # or the dark theme would make the night a day
