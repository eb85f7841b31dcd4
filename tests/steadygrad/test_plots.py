import base64
import doctest
import importlib
import io
import itertools
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from PIL import Image

from steadygrad import gradients, plots
from steadygrad.data import Examples
from steadygrad.landscapes import ravine
from steadygrad.plots.labels import EndLabels
from steadygrad.plots.places import readable, spread_apart

SIZES = {"relu": [1.0, 0.5, 0.2], "tanh": torch.tensor([1e-3, 1e-6, 1e-9])}
GAUSS = Examples(torch.randn(30, 2), torch.arange(30) % 3)


def side(points):
    return (points[:, 0] > 0).long()


FIGURES = {
    "curves": lambda ax=None: plots.curves({"a": [3.0, 2.0], "b": [2.0, 1.0]}, ax),
    "layer_sizes": lambda ax=None: plots.layer_sizes(SIZES, ax, ylabel="rms"),
    "function": lambda ax=None: plots.function(
        [0.0, 1.0], {"f": [0.0, 1.0], "slope": [1, 1]}, ax
    ),
    "error_over_step": lambda ax=None: plots.error_over_step(
        [1e-4, 1e-2], {"central": [1e-8, 1e-4]}, ax, truncation=1.0, rounding=1e-16
    ),
    "decision": lambda ax=None: plots.decision(side, GAUSS, ax, resolution=20),
    "walks": lambda ax=None: plots.walks(
        ravine, {"a": torch.randn(5, 2), "b": torch.randn(3, 2)}, ax, view=(-2, 2, -1, 1)
    ),
}
every_figure = pytest.mark.parametrize("draw", FIGURES.values(), ids=FIGURES)


@every_figure
def test_a_figure_is_drawn_where_asked_or_on_axes_of_its_own(draw):
    ax = plots.panels()
    assert draw(ax) is ax
    assert draw() is not ax


def names(ax):
    """What the lines of an Axes are called in the picture, with where each name stands."""
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    ax.figure.draw(renderer)  # renders without a warning
    placed = [a for a in ax.artists if isinstance(a, EndLabels)]
    texts = placed[0].labels(renderer) if placed else []
    texts += ax.get_legend().get_texts() if ax.get_legend() else []
    return {text.get_text(): text.get_window_extent(renderer) for text in texts}


@every_figure
def test_both_axes_are_labelled_and_lines_are_named(draw):
    ax = draw()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert len(names(ax)) >= 2


@every_figure
def test_lines_differ_by_more_than_colour(draw):
    named = [line for line in draw().lines if not line.get_label().startswith("_")]
    looks = [(line.get_marker(), line.get_linestyle()) for line in named]
    assert len(set(looks)) == len(looks)


def luminance(color):
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
    ]
    return np.dot([0.2126, 0.7152, 0.0722], linear)


def test_every_colour_stands_out_from_white():
    for color in plots.COLORS:
        assert 1.05 / (luminance(color) + 0.05) > 2, color


def test_a_size_of_zero_is_a_triangle_on_the_lower_edge():
    ax = plots.layer_sizes({"dead": [1.0, 0.0, 0.0, 1e-3]}, ylabel="rms")
    line, edge = ax.lines
    assert np.isnan(line.get_ydata()).tolist() == [False, True, True, False]
    assert edge.get_marker() == "v"
    assert edge.get_xdata().tolist() == [2, 3]


def test_layers_count_from_one_and_steps_from_zero():
    assert plots.layer_sizes(SIZES, ylabel="rms").lines[0].get_xdata().tolist() == [1, 2, 3]
    assert plots.curves({"a": [1.0, 2.0]}).lines[0].get_xdata().tolist() == [0, 1]


def test_a_band_lies_under_its_line():
    ax = plots.curves({"a": [1.0, 2.0]}, bands={"a": ([0.5, 1.5], [2.0, 3.0])})
    (band,) = ax.collections
    assert band.get_datalim(ax.transData).intervaly.tolist() == [0.5, 3.0]


def test_a_band_without_a_line_is_refused():
    with pytest.raises(ValueError, match=r"no line \['b'\]; the lines are \['a'\]"):
        plots.curves({"a": [1.0]}, bands={"b": ([0.0], [1.0])})


def test_the_asymptotes_are_those_of_the_formula():
    ax = FIGURES["error_over_step"]()
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_allclose(lines["truncation ∝ $ε^2$"], [1e-8, 1e-4])
    np.testing.assert_allclose(lines["rounding ∝ 1/ε"], [1e-12, 1e-14])


def test_tensors_that_need_gradients_are_drawn():
    plots.function(torch.ones(2, requires_grad=True), {"f": torch.ones(2, requires_grad=True)})


@pytest.mark.parametrize("shape", [(5, 784), (5, 28, 28), (5, 1, 28, 28)])
def test_pictures_are_accepted_flat_and_square(shape):
    x = torch.rand(shape)
    ax = plots.images(x, torch.arange(5), columns=3)
    sheet = ax.images[0].get_array()
    assert sheet.shape == (2 * 29, 3 * 29)
    np.testing.assert_allclose(sheet[29:57, 29:57], x[4].view(28, 28))
    assert [text.get_text() for text in ax.texts] == list("01234")


@pytest.mark.parametrize("shape", [(5, 700), (5, 3, 8, 8), (0, 784)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="at least one picture"):
        plots.images(torch.zeros(shape))


def test_the_regions_are_the_answers_where_they_belong():
    ax = plots.decision(side, GAUSS, resolution=20)
    picture = ax.images[0]
    left, right = picture.get_extent()[:2]
    assert left < 0 < right
    answers = np.asarray(picture.get_array())
    across = np.linspace(left, right, 20)
    np.testing.assert_array_equal(answers, np.tile(across > 0, (20, 1)))


# ── In a notebook ───────────────────────────────────────────────────────────────────


@pytest.fixture
def notebook():
    shell = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()


WORDS = dict(caption="Both `fall`, a < b.", alt="Loss over\n steps: it falls.")


def shown(drawn, **words):
    with capture_output() as captured:
        plots.show("1.3", drawn, **(WORDS | words))
    [output] = captured.outputs  # one, or a viewer would show the figure twice
    return output.data


def parsed(drawn, **words):
    return BeautifulSoup(shown(drawn, **words)["text/html"], "html.parser")


def test_a_figure_is_one_picture_with_its_words_over_its_caption(notebook):
    page = parsed(FIGURES["curves"]())
    [picture] = page.find_all("img")
    assert picture["alt"] == "Loss over steps: it falls."
    caption = page.figure.figcaption
    assert caption.text == "Figure 1.3 · Both fall, a < b."
    assert caption.code.text == "fall"


def test_where_no_pictures_are_shown_there_are_its_words(notebook):
    data = shown(FIGURES["curves"]())
    assert data.keys() == {"text/html", "text/plain"}
    assert data["text/plain"] == (
        "Figure 1.3 · Both `fall`, a < b.\nLoss over steps: it falls."
    )


def pixels(page):
    data = page.img["src"].removeprefix("data:image/png;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_a_figure_has_twice_the_pixels_of_its_place_on_the_page(notebook):
    page = parsed(plots.panels(figsize=(5, 3)))
    assert page.img["width"] == "500"
    assert pixels(page).shape == (600, 1000, 3)


def test_words_are_escaped(notebook):
    page = parsed(plots.panels(), caption='a <b> & "c"', alt='"><script>')
    assert page.figcaption.text == 'Figure 1.3 · a <b> & "c"'
    assert page.img["alt"] == '"><script>'
    assert not page.find_all(["script", "b"])


def test_lines_turn_dark_with_the_page_and_photographs_do_not(notebook):
    for draw in FIGURES.values():
        page = parsed(draw())
        assert page.img["class"] == [plots.PAPER]
        assert f".{plots.PAPER}" in page.style.text
    assert not parsed(plots.images(torch.rand(5, 784))).img.has_attr("class")


@every_figure
def test_a_figure_is_shown_by_nothing_but_show(draw, notebook):
    shown(draw())
    assert plt.get_fignums() == []


def test_what_pyplot_made_is_closed_when_shown(notebook):
    shown(plt.figure())
    assert plt.get_fignums() == []


def test_the_same_data_give_the_same_bytes(notebook):
    first, second = (shown(FIGURES["layer_sizes"]())["text/html"] for _ in range(2))
    assert first == second


def test_figures_look_the_same_whatever_the_notebook_has_set(notebook):
    wanted = pixels(parsed(FIGURES["layer_sizes"]()))
    odd = {"font.size": 20, "lines.linewidth": 5, "axes.grid": False, "lines.markersize": 9}
    with plt.rc_context(odd):
        np.testing.assert_array_equal(pixels(parsed(FIGURES["layer_sizes"]())), wanted)


def test_without_a_notebook_the_figure_is_only_closed(capsys):
    plots.show("1.3", plt.figure(), **WORDS)
    assert plt.get_fignums() == []
    assert capsys.readouterr().out == ""


REFUSED = {
    "no words": (dict(alt="  \n"), "readers who cannot see it"),
    "no caption": (dict(caption=""), "wants a caption, for what to take away from figure 1.3"),
    "mathematics": (dict(caption="$x$ falls"), "holds mathematics, which is not set there"),
    "a number alone": (dict(number="3"), "number as chapter.figure, got '3'"),
    "a word": (dict(number="Figure 1.3"), "number as chapter.figure, got 'Figure 1.3'"),
}


@pytest.mark.parametrize(("words", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_figure_without_number_and_words_is_refused(words, sentence):
    with pytest.raises(ValueError, match=sentence):
        plots.show(**(dict(number="1.3", drawn=plots.panels()) | WORDS | words))


def test_a_notebook_of_an_older_version_is_told_that_there_is_a_new_one():
    with pytest.raises(
        ValueError, match="older version of the course: rename it, run `make lab`"
    ):
        plots.show(plots.panels(), alt="as it was called then")


def test_the_style_is_used_when_asked_for():
    with plt.rc_context({"axes.grid": False, "font.size": 30}):
        plots.use_style()
        assert plt.rcParams["axes.grid"]
        assert plt.rcParams["font.size"] == plots.STYLE["font.size"]


def test_figures_can_be_saved():
    picture = io.BytesIO()
    FIGURES["decision"]().figure.savefig(picture)
    assert picture.getvalue()


def test_a_chain_shows_every_value_and_every_gradient():
    start = torch.tensor(0.5)
    links = gradients.sigmoid_chain([torch.tensor(w) for w in (1.5, -2.0, 3.0)], start)
    words = " ".join(text.get_text() for text in plots.chain(links, start).texts)
    for number in ("0.679", "0.649", "−0.325", "0.684", "−0.222", "−0.073", "1.000"):
        assert number in words


def test_a_walk_that_diverges_is_drawn_as_far_as_it_goes():
    points = torch.tensor([[1.0, 0.5], [0.5, -0.5], [float("nan"), 1.0], [math.inf, 0.0]])
    ax = plots.walks(ravine, {"a": points}, view=(-2, 2, -1, 1), minima=[(0, 0)])
    _star, line, start, end = ax.lines
    assert len(line.get_xdata()) == 2
    assert (*start.get_xdata(), *start.get_ydata()) == (1.0, 0.5)
    assert (*end.get_xdata(), *end.get_ydata()) == (0.5, -0.5)
    assert ax.get_legend() is None


def test_each_walk_has_a_panel_of_its_own_with_its_name():
    paths = {name: torch.randn(5, 2) for name in "abcde"}
    axes = plots.walk_panels(ravine, paths, view=(-2, 2, -1, 1), minima=[(0, 0)], columns=3)
    assert [ax.get_title(loc="left") for ax in axes] == list("abcde")
    assert {len(ax.lines) for ax in axes} == {4}  # minimum, walk, start, end
    assert len(axes[0].figure.axes) == 5
    assert {ax.get_xlim() for ax in axes} == {(-2, 2)}


# ── The names of lines ──────────────────────────────────────────────────────────────


def overlapping(boxes):
    return [
        (one, other)
        for one, other in itertools.combinations(boxes, 2)
        if boxes[one].overlaps(boxes[other])
    ]


ENDS = {
    "apart": {"a": [1.0, 5.0], "b": [1.0, 1.0]},
    "at one point": {"a": [1.0, 3.0], "b": [2.0, 3.0], "c": [3.0, 3.0], "d": [4.0, 3.0]},
    "early": {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0], "c": [2.0, 2.0, math.nan]},
    "off the axis": {"a": [1e-3, 0.0], "b": [1.0, math.inf], "c": [1.0, 2.0]},
    "in six": {letter: [1.0, 1.0 + number / 100] for number, letter in enumerate("abcdef")},
}


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("lines", ENDS.values(), ids=ENDS)
def test_lines_are_named_at_their_ends_and_no_name_hides_another(lines, log):
    ax = plots.curves(lines, log=log)
    boxes = names(ax)
    assert boxes.keys() == lines.keys()
    assert overlapping(boxes) == []
    inside = ax.figure.bbox
    assert all(box.x1 <= inside.x1 and inside.y0 <= box.y0 for box in boxes.values())


@pytest.mark.parametrize("columns", [1, 3])
def test_a_name_stands_beside_the_end_of_its_line(columns):
    axes = np.ravel(plots.panels(1, columns))
    for ax in axes:
        plots.curves({"up": [1.0, 4.0], "down": [4.0, 1.0], "early": [2.0, 2.5]}, ax)
    for ax in axes:
        boxes = names(ax)
        for name, end in (("up", (1, 4.0)), ("down", (1, 1.0))):
            x, y = ax.transData.transform(end)
            assert boxes[name].x0 > x
            assert boxes[name].y0 < y < boxes[name].y1


def test_there_is_room_for_a_long_name():
    ax = plots.curves({"a name of some length": [1.0, 2.0], "b": [2.0, 1.0]})
    assert names(ax)["a name of some length"].x1 <= ax.figure.bbox.x1


def test_names_follow_limits_that_are_set_later():
    ax = plots.curves({"up": [1.0, 4.0], "flat": [2.0, 2.0]})
    ax.set(ylim=(0, 2.5))
    boxes = names(ax)
    assert boxes["up"].x0 < ax.transData.transform((0.6, 0))[0]  # where it leaves the picture
    assert boxes["flat"].x0 > ax.transData.transform((1, 0))[0]


def test_more_than_six_lines_are_named_beside_the_picture():
    ax = plots.curves({letter: [1.0, 2.0] for letter in "abcdefg"})
    boxes = names(ax)
    assert list(boxes) == list("abcdefg")
    assert all(box.x0 > ax.bbox.x1 for box in boxes.values())


def test_a_line_alone_needs_no_name_and_one_panel_can_name_for_all():
    assert names(plots.curves({"a": [1.0, 2.0]})) == {}
    assert names(plots.curves({"a": [1.0, 2.0], "b": [2.0, 1.0]}, labels=False)) == {}


def test_lines_drawn_later_are_named_when_asked_for():
    ax = plots.curves({"a": [1.0, 2.0]})
    ax.axhline(1.5, label="floor")
    assert names(plots.label_lines(ax)).keys() == {"a", "floor"}
    assert len(plots.label_lines(ax).artists) == 1


def test_every_name_can_be_read():
    for color in (*plots.COLORS, "0.66"):
        assert 1.05 / (luminance(readable(color)) + 0.05) >= 4.5


def test_names_stay_in_order_and_near():
    heights = [2.0] * 4
    assert spread_apart([1.0, 5.0, 5.0, 9.0], heights, (0, 10)) == [1.0, 4.0, 6.0, 9.0]
    assert spread_apart([9.0, 9.5, 9.5, 10.0], heights, (0, 10)) == [4.0, 6.0, 8.0, 10.0]


# ── What stands out, and spread ─────────────────────────────────────────────────────


def test_what_is_strong_has_colour_and_the_rest_is_grey():
    lines = {letter: [1.0, 2.0, 3.0] for letter in "abcdefghij"}
    ax = plots.curves(lines, strong=["c", "a"])
    looks = {line.get_label(): line for line in ax.lines}
    assert (looks["c"].get_color(), looks["a"].get_color()) == plots.COLORS[:2]
    assert {looks[weak].get_color() for weak in "bdefghij"} == {"0.66"}
    assert looks["c"].get_linewidth() > 2 * looks["b"].get_linewidth()
    assert looks["c"].get_zorder() > looks["b"].get_zorder()
    assert names(ax).keys() == lines.keys()


def test_what_is_not_there_cannot_stand_out():
    with pytest.raises(ValueError, match=r"no line \['x'\] to stand out; there are \['a'\]"):
        plots.function([0.0], {"a": [1.0]}, strong="x")


def test_markers_are_for_points_that_can_be_told_apart():
    assert plots.curves({"few": [1.0] * 30}).lines[0].get_marker() == "o"
    assert plots.curves({"many": [1.0] * 31}).lines[0].get_marker() == "none"


def test_a_spread_is_a_line_over_its_band():
    ax = plots.curves({"a": plots.spread([[1.0, 4.0], [3.0, 4.0]])})
    assert ax.lines[0].get_ydata().tolist() == [2.0, 4.0]
    low, high = ax.collections[0].get_datalim(ax.transData).intervaly
    assert (low, high) == pytest.approx((2 - 2**0.5, 4))


@pytest.mark.parametrize("kind", [torch.tensor, np.array, list])
def test_spreads_are_those_of_a_sample(kind):
    seeds = [[1.0, 10.0], [100.0, 10.0], [10.0, 10.0]]
    mean, low, high = plots.spread(kind(seeds), log=True)
    np.testing.assert_allclose(mean, [10, 10])
    np.testing.assert_allclose(low, [1, 10])
    np.testing.assert_allclose(high, [100, 10])


def test_one_seed_has_no_spread():
    with pytest.raises(ValueError, match="a row for each of two or more"):
        plots.spread([[1.0, 2.0]])


# ── Numbers ─────────────────────────────────────────────────────────────────────────

WRITTEN = {
    1.1e0: "1.1", 6e-9: "6 × 10⁻⁹", 0.001: "0.001", 0.00099: "9.9 × 10⁻⁴", 99_999.4: "99,999",
    123_456: "1.2 × 10⁵", -0.25: "−0.25", 0: "0", 1e-12: "10⁻¹²", 1234.5: "1,234", 0.999: "1",
    math.inf: "∞", -math.inf: "−∞", -3e7: "−3 × 10⁷", 0.0009999: "0.001", 40: "40",
}  # fmt: skip


@pytest.mark.parametrize(("value", "text"), WRITTEN.items())
def test_numbers_are_written_as_people_write_them(value, text):
    assert plots.human(value) == text


def test_shares_are_written_in_per_cent():
    assert [plots.percent(share) for share in (0.0731, 1.0, 6e-9, 0.99123)] == [
        "7.3 %", "100 %", "6 × 10⁻⁷ %", "99 %",
    ]  # fmt: skip
    assert plots.percent(0.99123, digits=3) == "99.1 %"
    assert plots.human(math.nan) == "not a number"


def ticks(low, high):
    ax = plots.panels()
    ax.plot([0, 1], [low, high])
    ax.set_yscale("log")
    plots.plain_ticks(ax).figure.draw_without_rendering()
    bottom, top = ax.get_ylim()
    return [t.get_text() for t in ax.get_yticklabels() if bottom <= t.get_position()[1] <= top]


TICKS = {
    (1e-3, 1e4): ["0.001", "0.01", "0.1", "1", "10", "100", "1,000", "10,000"],
    (1e-12, 1): ["10⁻¹²", "10⁻¹⁰", "10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "1"],
    (0.3, 0.9): ["0.4", "0.6", "0.8"],
    (2, 30): ["2", "5", "10", "20"],
}


@pytest.mark.parametrize(("ends", "texts"), TICKS.items(), ids=str)
def test_logarithmic_axes_have_plain_numbers(ends, texts):
    assert ticks(*ends) == texts


def test_every_logarithmic_axis_that_is_shown_has_them(notebook):
    ax = plots.panels()
    ax.plot([1, 2], [0.3, 0.9])
    ax.set_yscale("log")
    shown(ax)
    assert "0.4" in [text.get_text() for text in ax.get_yticklabels()]


def test_ticks_that_a_figure_sets_itself_stay(notebook):
    ax = plots.panels()
    ax.plot([1, 2], [0.3, 0.9])
    ax.set_yscale("log")
    ax.set_yticks([0.37], ["1/e"])
    shown(ax)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["1/e"]


def test_the_examples_are_true():
    parts = ("places", "spreads", "written")
    modules = [importlib.import_module(f"steadygrad.plots.{part}") for part in parts]
    assert sum(doctest.testmod(module).failed for module in modules) == 0


def test_places_of_ones_own_are_written_like_others():
    ax = plots.panels()
    ax.set(yscale="log", ylim=(1e-8, 1e8))
    ax.set_yticks([1e-4, 1, 1e4])
    plots.plain_ticks(ax).figure.draw_without_rendering()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["10⁻⁴", "1", "10⁴"]
