"""A figure that follows its sliders: what it draws, tells the page, and leaves behind."""

import base64
import io
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from steadygrad.explorers.controls import Choice, LogSlider, Slider, Stops
from steadygrad.explorers.live import LiveFigure, panels

# ── Controls ────────────────────────────────────────────────────────────────────────


def test_a_slider_stands_at_one_of_its_places():
    slider = Slider("x", 0.3, min=0, max=1, step=0.1, form=".1f")
    assert slider.places() == [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    slider.value = 0.44
    assert slider.value == 0.4
    slider.place = 99
    assert slider.value == 1.0


def test_a_moved_maximum_takes_the_value_along():
    slider = Slider("layer", 10, min=1, max=10)
    slider.max = 3
    assert slider.value == 3
    slider.max = 20
    slider.place = 19
    assert slider.value == 20


def test_powers_are_even_in_their_exponent():
    slider = LogSlider("rate", 0.1, min=-2, max=1, step=0.5)
    assert slider.places() == pytest.approx([10 ** (n / 2 - 2) for n in range(7)])
    assert slider.value == 0.1


def test_a_choice_is_one_of_its_options():
    choice = Choice("draw", "normal", ["normal", "uniform"])
    with pytest.raises(ValueError, match="'draw' can be one of"):
        choice.value = "even"
    assert choice.value == "normal"
    assert Stops("batch", 8, [4, 8]).described()["texts"] == ["4", "8"]


# ── A figure ────────────────────────────────────────────────────────────────────────


def straight(figure):
    ax = figure.subplots()
    ax.set(xlim=(0, 1), ylim=(0, 10), xlabel="x", ylabel="y")
    return ax.plot([], [])


def lift(artists, height):
    artists[0].set_data([0, 1], [height, height])
    return f"The line is at {height}."


def live(update=lift, alt="A line at a height.", **options):
    controls = {"height": Slider("height", 3, min=0, max=100)}
    return LiveFigure(straight, update, controls, alt=alt, figsize=(3, 2), **options)


def two_sliders():
    return {name: Slider(name, 0, min=0, max=9) for name in "ab"}


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(figure.picture)).convert("RGB")).copy()


def test_the_picture_and_its_caption_follow_a_slider():
    figure = live()
    before = pixels(figure)
    figure.controls["height"].value = 7
    assert (pixels(figure) != before).any()
    assert "The line is at 7." in figure.sentence


def test_moving_a_slider_back_gives_the_same_picture():
    figure = live()
    before = figure.picture
    figure.controls["height"].value = 7
    figure.controls["height"].value = 3
    assert figure.picture == before


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
    before = figure.picture
    figure.controls["height"].value = 13
    assert "ArithmeticError: <thirteen>" in figure.error
    assert figure.picture == before
    figure.controls["height"].value = 4
    assert figure.error == ""


def test_an_error_at_the_start_ends_the_cell():
    with pytest.raises(ZeroDivisionError):
        live(lambda *_, **__: 1 / 0)


def test_a_reader_without_a_kernel_sees_the_picture_and_its_words():
    figure = live()
    left = figure._left_behind()
    image = re.search(
        r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', left["text/html"]
    )
    picture = Image.open(io.BytesIO(base64.b64decode(image[1]))).convert("RGB")
    apart = np.asarray(picture, int) - pixels(figure).astype(int)
    assert np.abs(apart).mean() < 0.5  # it has fewer colours
    assert image[2] == figure.alt
    assert "The line is at 3. (Run this cell" in left["text/html"]
    assert left["text/plain"].startswith("A line at a height. The line is at 3. (Run")


def test_the_widget_comes_first_and_what_it_leaves_behind_second(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    live()._ipython_display_()
    assert set(shown[0]) == {"application/vnd.jupyter.widget-view+json"}
    assert set(shown[1]) == {"text/html", "text/plain"}


def test_words_left_behind_are_text_and_not_markup():
    left = live(lambda *_, **__: "a < b", alt='say "a < b"')._left_behind()["text/html"]
    assert "a &lt; b (Run" in left
    assert 'alt="say &quot;a &lt; b&quot;"' in left


def test_the_page_moves_two_controls_with_one_picture():
    updates = []

    def update(artists, **heights):
        updates.append(heights)
        return lift(artists, sum(heights.values()))

    figure = LiveFigure(straight, update, two_sliders(), alt="A line.", figsize=(3, 2))
    updates.clear()
    figure.places = {"a": 2, "b": 5}
    assert updates == [{"a": 2, "b": 5}]
    assert figure.values() == {"a": 2, "b": 5}


def test_the_page_is_told_what_becomes_of_its_controls():
    figure = live()
    height = figure.controls["height"]
    height.value = 7
    assert figure.places == {"height": 7}
    height.max = 5
    assert figure.places == {"height": 5}
    assert figure.panel[0]["texts"][-1] == "5"
    height.hidden = True
    assert figure.panel[0]["hidden"]


@pytest.mark.parametrize(("room", "size", "shown"), [
    ([1200, 1], (900, 360), 900), ([700, 1], (700, 280), 700), ([700, 2], (1400, 560), 700),
    ([900, 3], (1800, 720), 900), ([300, 1], (300, 480), 300), ([550, 1], (480, 768), 480),
])  # fmt: skip
def test_the_picture_is_drawn_for_its_room_pixel_by_pixel(room, size, shown):
    controls = {"height": Slider("height", 3, min=0, max=100)}
    figure = LiveFigure(straight, lift, controls, alt="A line.")
    figure.room = room
    picture = Image.open(io.BytesIO(figure.picture))
    assert picture.size == pytest.approx(size, abs=1)
    assert figure.shown == shown


def test_panels_stand_side_by_side_where_there_is_room_and_below_each_other_where_not():
    for size, shape in (((9, 3), (1, 2)), ((4, 6), (2, 1))):
        axes = panels(Figure(figsize=size), 3, 2)
        assert axes[0].get_subplotspec().get_gridspec().get_geometry() == shape


def test_two_sliders_moved_in_two_threads_take_turns():
    meeting, met = threading.Barrier(2), []

    def update(artists, **heights):
        try:
            meeting.wait(timeout=0.3)
            met.append(heights)
        except threading.BrokenBarrierError:
            meeting.reset()
        return lift(artists, sum(heights.values()))

    controls = two_sliders()
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
    assert "The line is at 8." in figure.sentence


def test_a_figure_without_words_is_refused():
    with pytest.raises(ValueError, match="readers who cannot see it"):
        live(alt=" ")


def test_importing_the_library_does_not_import_the_widgets():
    code = (
        "import sys, steadygrad, steadygrad.plots, steadygrad.probes, steadygrad.explorers;"
        "assert 'ipywidgets' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
