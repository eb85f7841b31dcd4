"""Figures in JupyterLab and on nbconvert's pages, as they are seen and read aloud."""

from pathlib import Path

import numpy as np
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_output

from steadygrad import plots
from steadygrad.plots.showing import framed
from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

CELLS = [
    "%matplotlib inline\nimport torch\nfrom steadygrad import plots\n"
    "from steadygrad.landscapes import ravine",
    "ax = plots.curves({'SGD': [2.0, 1.0, 0.8], 'Adam': [2.0, 0.5, 0.2]}, strong='Adam')",
    "plots.show('1.1', ax, caption='`Adam` is ahead.', alt='Two losses fall.')",
    "axes = plots.walk_panels(ravine, {'a': torch.tensor([[-8.0, 2.0], [0.0, 0.0]])} | {"
    "name: torch.tensor([[-8.0, 2.0], [1.0, 1.0]]) for name in 'bcd'}, view=(-10, 4, -3, 3))\n"
    "plots.show('1.2', axes[0], caption='All arrive.', alt='Four walks in four panels.')",
    "ax = plots.images(torch.linspace(0, 1, 4 * 784).view(4, 784), columns=4)\n"
    "plots.show('1.3', ax, caption='Grey digits.', alt='Four grey squares.')",
]
ALTS = ["Two losses fall.", "Four walks in four panels.", "Four grey squares."]
FIGURE = ".jp-OutputArea-output figure"


def their_output():
    """A figure's output in a notebook that came from somebody else."""
    figure = plots.curves({"a": [1.0, 2.0], "b": [2.0, 1.0]}).figure
    html = framed(figure, "Figure 1.9 · Theirs.", "Two lines cross.")
    return new_output("display_data", data={"text/html": html, "text/plain": "Theirs."})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    browser.write(CELLS, folder / "ours.ipynb")
    browser.write([new_code_cell("show()", outputs=[their_output()])], folder / "theirs.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(folder, tmp_path_factory):
    with jupyterlab(folder, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def page(lab, requests, folder):
    """The notebook, run, on a screen with two pixels for each of the page's."""
    with browser_page(requests, scale=2) as page:
        browser.open_notebook(page, lab, folder / "ours.ipynb")
        browser.run(page, folder / "ours.ipynb")
        page.locator(FIGURE).nth(len(ALTS) - 1).wait_for()
        yield page
        browser.close_notebook(page)


def test_each_figure_is_one_picture_with_its_words_and_its_caption(page):
    assert browser.errors(page) == []
    pictures = page.locator(".jp-OutputArea-output img")
    assert [picture.get_attribute("alt") for picture in pictures.all()] == ALTS
    captions = page.locator(f"{FIGURE} figcaption").all_inner_texts()
    assert captions[0] == "Figure 1.1 · Adam is ahead."


def test_nothing_is_shown_behind_the_cell_that_draws(page):
    cells = page.locator(".jp-CodeCell")
    assert cells.nth(1).locator(".jp-OutputArea-output").count() == 0
    assert cells.nth(2).locator(".jp-OutputArea-output").count() == 1


def test_a_figure_has_a_pixel_for_each_of_the_screens(page):
    for picture in page.locator(f"{FIGURE} img").all():
        wide, shown = picture.evaluate(
            "node => [node.naturalWidth, node.getBoundingClientRect().width]"
        )
        assert wide >= 2 * shown > 400


def test_axe_finds_nothing_to_complain_about(page):
    for theme in browser.THEMES:
        browser.in_theme(page, theme)
        assert browser.axe(page, FIGURE) == []


def test_axe_would_find_a_picture_without_words(page):
    page.locator(f"{FIGURE} img").first.evaluate(
        "node => { window.words = node.alt; node.removeAttribute('alt') }"
    )
    assert "image-alt" in " ".join(browser.axe(page, FIGURE))
    page.locator(f"{FIGURE} img").first.evaluate("node => { node.alt = window.words }")


def test_a_figure_is_as_light_or_dark_as_the_page_and_photographs_stay(page):
    pictures = page.locator(f"{FIGURE} img")
    photographs = []
    for theme, paper in zip(browser.THEMES, (255, 17), strict=True):
        browser.in_theme(page, theme)
        for number in range(len(ALTS)):
            pictures.nth(number).scroll_into_view_if_needed()
            browser.screenshot(page, f"figure_{number}_{theme.lower()}")
        corners = [browser.seen(pictures.nth(number))[4, 4] for number in (0, 1)]
        assert np.abs(np.array(corners) - paper).max() <= 4
        photographs.append(browser.seen(pictures.nth(2))[20:-20, 20:-20].mean())
    assert photographs[0] == pytest.approx(photographs[1], abs=1)


@pytest.mark.parametrize("width", [768, 420])
def test_on_a_narrow_page_all_of_a_figure_can_be_read(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    browser.without_files(page)
    for number, figure in enumerate(page.locator(FIGURE).all()):
        figure.scroll_into_view_if_needed()
        browser.screenshot(page, f"figure_{number}_{width}")
        shown, natural = figure.locator("img").evaluate(
            "node => [node.clientWidth, node.naturalWidth / 2]"
        )
        assert shown >= 0.6 * natural  # of letters that are 15 pixels high where there is room
        area = figure.locator("xpath=ancestor::*[contains(@class, 'jp-OutputArea-output')][1]")
        assert area.evaluate("node => node.scrollWidth <= node.clientWidth")
        figure.hover()
        page.mouse.wheel(1000, 0)
        page.wait_for_function(
            "node => node.scrollLeft >= node.scrollWidth - node.clientWidth - 1",
            arg=figure.element_handle(),
        )
    assert browser.axe(page, FIGURE) == []
    page.set_viewport_size({"width": 1280, "height": 900})


def test_without_trust_a_figure_keeps_its_picture_and_its_words(page, lab, folder):
    browser.in_theme(page, browser.THEMES[0])
    browser.close_notebook(page)
    browser.open_notebook(page, lab, folder / "theirs.ipynb")
    [picture] = page.locator(".jp-OutputArea-output:visible img").all()
    assert picture.get_attribute("alt") == "Two lines cross."
    wide, shown = picture.evaluate("node => [node.naturalWidth, node.clientWidth]")
    assert wide >= 2 * shown > 400
    assert page.locator("figcaption:visible").inner_text() == "Figure 1.9 · Theirs."
    browser.screenshot(page, "figure_without_trust")


def test_on_nbconverts_page_a_figure_is_one_picture_with_its_words(page, folder, tmp_path):
    html, _ = HTMLExporter().from_filename(str(folder / "theirs.ipynb"))
    (tmp_path / "theirs.html").write_text(html, encoding="utf-8")
    tab = page.context.browser.new_page()
    tab.route("https://**", lambda route: route.abort())  # MathJax, which it does not need
    tab.goto((tmp_path / "theirs.html").as_uri())
    pictures = tab.locator("img").all()
    assert [picture.get_attribute("alt") for picture in pictures] == ["Two lines cross."]
    assert browser.axe(tab, "figure") == []
    tab.close()


def test_no_request_left_this_machine(page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
