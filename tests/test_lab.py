"""The explorers in JupyterLab, with keyboard and mouse."""

from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell

from steadygrad.explorers.gradients import explorer
from tests import browser

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
FIGURE = (
    'plots.show("1.99", plots.curves({"a": [2.0, 1.0]}), '
    'caption="Down.", alt="A falling line.")'
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory) -> Path:
    """Chapter 1 as students get it, with one more figure behind its explorer."""
    chapter = nbformat.read(ROOT / "course/01_gradients/01_gradients.ipynb", as_version=4)
    chapter.cells.append(new_code_cell(f"# after the explorer\n{FIGURE}"))
    path = tmp_path_factory.mktemp("course") / "01_gradients.ipynb"
    nbformat.write(chapter, path)
    return path


@pytest.fixture(scope="module")
def requests() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(notebook, requests, tmp_path_factory):
    """The notebook, open in JupyterLab, with its explorer and nothing unsolved run."""
    with (
        browser.browser_page(requests) as page,
        browser.jupyterlab(notebook.parent, tmp_path_factory.mktemp("lab")) as lab,
    ):
        browser.open_notebook(page, lab, notebook)
        browser.run(page, notebook, mentioning="explorer")
        browser.picture(page)
        yield page
        browser.close_notebook(page)


def test_the_explorer_is_shown_without_an_error(page):
    assert browser.errors(page) == []
    assert page.locator("img.picture").count() == 1
    browser.screenshot(page, "explorer")


def test_sliders_moved_in_quick_succession_end_in_the_picture_of_their_values(page):
    for label, pixels in [("width", 20), ("depth", 40), ("width", -10), ("depth", -15)]:
        browser.drag(page, browser.slider(page, label), pixels)
    shown = browser.pixels(page)
    here = explorer()
    for name, label in [("depth", "depth"), ("width", "width"), ("layer", "layer shown")]:
        here.controls[name].value = int(browser.readout(page, label))
    assert here.controls["depth"].value != 10
    np.testing.assert_array_equal(shown, browser.decoded(here.picture.value))


def test_a_slider_follows_the_keyboard(page):
    before = browser.picture(page)
    browser.slider(page, "weights").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    browser.wait_for_new_picture(page, before)
    assert browser.errors(page) == []


@pytest.mark.parametrize("label", ["layer shown", "width", "weights", "inputs", "depth"])
def test_a_slider_follows_the_mouse(page, label):
    before = browser.picture(page)
    browser.drag(page, browser.slider(page, label), -20)
    browser.wait_for_new_picture(page, before)
    assert browser.errors(page) == []
    browser.screenshot(page, f"explorer_{label.split()[0]}")


def test_the_activation_follows_the_keyboard(page):
    before = browser.picture(page)
    page.get_by_role("button", name="sigmoid").focus()
    page.keyboard.press("Enter")
    browser.wait_for_new_picture(page, before)
    assert "flat for" in page.get_by_role("status").first.inner_text()
    browser.screenshot(page, "explorer_sigmoid")


def test_the_picture_has_a_name_for_those_who_cannot_see_it(page):
    assert page.get_by_role("img", name="root mean square of every layer's").count() == 1


def test_a_figure_stands_behind_the_explorer_with_its_words(page):
    assert page.get_by_role("img", name="A falling line.").count() == 1
    assert page.locator("figcaption").last.inner_text() == "Figure 1.99 · Down."


def test_no_request_left_this_machine(page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
