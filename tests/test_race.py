"""Chapter 7's explorer in JupyterLab: its start follows the mouse."""

import pytest

from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

CELL = "from steadygrad.explorers.adaptive import explorer\n\nexplorer()"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A notebook with nothing but the explorer, run in JupyterLab."""
    path = tmp_path_factory.mktemp("course") / "race.ipynb"
    browser.write([CELL], path)
    with (
        browser_page([]) as page,
        jupyterlab(path.parent, tmp_path_factory.mktemp("lab")) as lab,
    ):
        browser.open_notebook(page, lab, path)
        browser.run(page, path)
        browser.picture(page)
        yield page
        browser.close_notebook(page)


def at(page, across: float, up: float) -> tuple[float, float]:
    """Where on the page a share of the picture's width and height lies."""
    image = page.locator("img.picture").first
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    return box["x"] + across * box["width"], box["y"] + (1 - up) * box["height"]


def start(page) -> tuple[float, float]:
    return tuple(float(browser.readout(page, label)) for label in ("start across", "start up"))


def test_a_drag_on_the_landscape_moves_the_start(page):
    before, picture = start(page), browser.picture(page)
    page.mouse.move(*at(page, 0.15, 0.4))
    page.mouse.down()
    for share in range(1, 6):
        page.mouse.move(*at(page, 0.15 + 0.04 * share, 0.4 + 0.05 * share))
    page.mouse.up()
    browser.wait_for_new_picture(page, picture)
    across, up = start(page)
    assert (across, up) != before
    assert 0.4 < across < 0.8
    assert 0.5 < up < 0.9
    assert browser.errors(page) == []


def test_a_press_beside_the_landscape_moves_nothing(page):
    before = start(page)
    page.mouse.move(*at(page, 0.6, 0.5))
    page.mouse.down()
    page.mouse.move(*at(page, 0.2, 0.2))
    page.mouse.up()
    browser.picture(page)
    assert start(page) == before


def test_moving_without_a_button_moves_nothing(page):
    before = start(page)
    page.mouse.move(*at(page, 0.2, 0.3))
    page.mouse.move(*at(page, 0.3, 0.5))
    assert start(page) == before
