import base64
import io
import subprocess
import sys
import threading

import ipywidgets as widgets
import numpy as np
import pytest
import torch
from PIL import Image

from steadygrad import data
from steadygrad.data import Examples
from steadygrad.explorers import gradients
from steadygrad.explorers.gradients import measure
from steadygrad.explorers.live import LiveFigure


@pytest.fixture(scope="module")
def digits():
    train = data.load_images("mnist-5k").train
    return Examples(train.x[:32], train.y[:32])


# ── A figure that follows its sliders ───────────────────────────────────────────────


def straight(figure):
    ax = figure.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 10), xlabel="x", ylabel="y")
    return ax.plot([], [])


def lift(artists, height):
    artists[0].set_data([0, 1], [height, height])
    return f"The line is at {height}."


def live(update=lift, alt="A line at a height.", **options):
    controls = {"height": widgets.IntSlider(value=3, min=0, max=100)}
    return LiveFigure(straight, update, controls, alt=alt, figsize=(3, 2), **options)


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(figure.picture.value)).convert("RGB")).copy()


def test_the_picture_and_its_caption_follow_a_slider():
    figure = live()
    before = pixels(figure)
    figure.controls["height"].value = 7
    assert (pixels(figure) != before).any()
    assert "The line is at 7." in figure.caption.value


def test_moving_a_slider_back_gives_the_same_picture():
    figure = live()
    before = figure.picture.value
    figure.controls["height"].value = 7
    figure.controls["height"].value = 3
    assert figure.picture.value == before


def test_a_picture_made_by_moving_equals_one_made_there():
    moved, there = live(), live()
    there.controls["height"].value = moved.controls["height"].value = 7
    there.redraw()
    np.testing.assert_array_equal(pixels(moved), pixels(there))


def test_only_what_changes_is_drawn_again(monkeypatch):
    figure, drawn = live(), []
    monkeypatch.setattr(figure.figure, "draw", lambda *_: drawn.append(1))
    figure.controls["height"].value = 7
    assert not drawn


def test_an_update_that_moves_an_axis_gets_new_ticks():
    def rescale(artists, height):
        artists[0].axes.set_ylim(0, 2 * height)
        return lift(artists, height)

    figure = live(rescale)
    left = pixels(figure)[:, :30].copy()  # the tick labels
    figure.controls["height"].value = 60
    assert (pixels(figure)[:, :30] != left).any()
    there = live(rescale)
    there.controls["height"].value = 60
    np.testing.assert_array_equal(pixels(figure), pixels(there))


def test_an_error_is_shown_in_place_and_goes_away():
    def fragile(artists, height):
        if height == 13:
            raise ArithmeticError("<thirteen>")
        return lift(artists, height)

    figure = live(fragile)
    before = figure.picture.value
    figure.controls["height"].value = 13
    assert "ArithmeticError: &lt;thirteen&gt;" in figure.error.value
    assert 'role="alert"' in figure.error.value
    assert figure.picture.value == before
    figure.controls["height"].value = 4
    assert figure.error.value == ""


def test_an_error_at_the_start_ends_the_cell():
    with pytest.raises(ZeroDivisionError):
        live(lambda *_, **__: 1 / 0)


def test_a_reader_without_a_kernel_sees_the_picture_and_its_words():
    figure = live()
    bundle, metadata = figure._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == figure.picture.value
    assert bundle["text/plain"] == "A line at a height. (Run this cell to move the sliders.)"
    assert metadata["image/png"]["alt"] == "A line at a height."
    assert "application/vnd.jupyter.widget-view+json" in bundle


def test_screen_readers_get_a_name_and_a_status():
    figure = live()
    assert figure.picture.tooltip == "A line at a height."
    assert 'role="status"' in figure.caption.value


def test_two_sliders_moved_in_two_threads_take_turns():
    meeting, met = threading.Barrier(2), []

    def update(artists, **heights):
        try:
            meeting.wait(timeout=0.3)
            met.append(heights)
        except threading.BrokenBarrierError:
            meeting.reset()
        return lift(artists, sum(heights.values()))

    controls = {name: widgets.IntSlider(max=9) for name in "ab"}
    figure = LiveFigure(straight, update, controls, alt="A line.", figsize=(3, 2))
    moves = [
        threading.Thread(target=setattr, args=(slider, "value", 4))
        for slider in controls.values()
    ]
    for move in moves:
        move.start()
    for move in moves:
        move.join()
    assert not met, "two updates were drawing on one canvas at the same time"
    assert "The line is at 8." in figure.caption.value


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="readers who cannot see it"):
        live(alt=" ")


def test_a_caption_is_text_and_not_markup():
    assert "a &lt; b" in live(lambda *_, **__: "a < b").caption.value


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
    assert figure.error.value == ""
    figure.controls["depth"].value = 1
    assert figure.error.value == ""


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
    assert figure.error.value == ""


def test_numbers_too_large_for_float32_are_marked_as_well(figure):
    figure.controls["depth"].value = 50
    figure.controls["weight_scale"].value = 4.0
    figure.controls["input_scale"].value = 100.0
    assert figure.error.value == ""
    assert np.isfinite(lines(figure)["activation gradient"][1]).all()


def test_importing_the_library_does_not_import_the_widgets():
    code = (
        "import sys, steadygrad, steadygrad.plots, steadygrad.probes, steadygrad.explorers;"
        "assert 'ipywidgets' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
