"""Explorers with sliders in JupyterLab: by keyboard and mouse, in little room, and reopened."""

from pathlib import Path

import pytest

from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

TOPICS = ("loop", "initialization", "activations", "normalization", "adaptive")
SIDEWAYS = """() => [...document.querySelectorAll('.jp-OutputArea, .jp-OutputArea *')]
    .filter(node => ['auto', 'scroll'].includes(getComputedStyle(node).overflowX))
    .filter(node => node.scrollWidth > node.clientWidth).map(node => node.className)"""
FITTING = """() => [...document.querySelectorAll('img.picture')].every(image => {
    const room = image.closest('.steadygrad-live').clientWidth;
    const wanted = Math.min(room, room < 560 ? 480 : 900);
    return image.complete && image.naturalWidth === wanted && image.clientWidth === wanted;
})"""


@pytest.fixture(scope="module")
def notebook(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("course") / "explorers.ipynb"
    source = "from steadygrad.explorers import {0}\n\n{0}.explorer()"
    browser.write([source.format(topic) for topic in TOPICS], path)
    return path


@pytest.fixture(scope="module")
def lab(notebook, tmp_path_factory):
    with jupyterlab(notebook.parent, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def page(notebook, lab):
    with browser_page([]) as page:
        browser.open_notebook(page, lab, notebook)
        browser.without_files(page)
        browser.run(page, notebook)
        for _ in TOPICS:
            browser.picture(page)
        page.wait_for_function(
            "count => document.querySelectorAll('img.picture').length === count",
            arg=len(TOPICS),
        )
        yield page
        browser.close_notebook(page)


@pytest.mark.parametrize("width", [1400, 768, 420])
@pytest.mark.parametrize("theme", browser.THEMES)
def test_every_width_and_theme_shows_all_of_it_sharp(page, width, theme):
    page.set_viewport_size({"width": width, "height": 1000})
    browser.in_theme(page, theme)
    page.wait_for_function(FITTING)
    assert page.evaluate(SIDEWAYS) == []
    assert browser.errors(page) == []
    for topic, shown in zip(TOPICS, page.locator(".steadygrad-live").all(), strict=True):
        shown.scroll_into_view_if_needed()
        browser.screenshot(page, f"{topic}_{theme}_{width}")
        light = browser.seen(shown.locator("img.picture")).mean() / 255
        assert light > 0.6 if theme == "Light" else light < 0.4, topic


def test_axe_finds_nothing_to_complain_about(page):
    page.set_viewport_size({"width": 1400, "height": 1000})
    page.locator(".steadygrad-live details").evaluate("fold => (fold.open = true)")
    for theme in browser.THEMES:
        browser.in_theme(page, theme)
        assert browser.axe(page, ".steadygrad-live") == []


def test_every_control_has_a_name(page):
    page.locator(".steadygrad-live details").evaluate("fold => (fold.open = true)")
    for name in ("threshold", "depth", "input mean", "ε", "start across"):
        assert page.get_by_role("slider", name=name, exact=True).count() >= 1
    for name in ("clip", "draw", "rule"):
        assert page.get_by_role("combobox", name=name, exact=True).count() == 1
    assert page.get_by_role("img", name="Left, the loss over weight and bias").count() == 1


def test_a_slider_follows_the_keyboard_to_its_end_and_back(page):
    before = browser.picture(page)
    steps = browser.slider(page, "time steps")
    steps.focus()
    cell = browser.active_cell(page)
    for key, stands in (("Home", "1"), ("ArrowUp", "2"), ("End", "50"), ("ArrowDown", "49")):
        page.keyboard.press(key)
        assert browser.readout(page, "time steps") == stands
        assert steps.get_attribute("aria-valuetext") == stands
    browser.wait_for_new_picture(page, before)
    assert browser.active_cell(page) == cell
    assert browser.errors(page) == []


def test_a_slider_follows_the_mouse(page):
    before = browser.picture(page)
    browser.drag(page, browser.slider(page, "learning rate"), -30)
    browser.wait_for_new_picture(page, before)
    assert browser.readout(page, "learning rate") != "1"


def test_what_a_choice_makes_needless_is_not_there(page):
    browser.slider(page, "clip").select_option("none")
    page.wait_for_function("() => !document.querySelector('.control').nextSibling.offsetParent")
    page.get_by_text("which is not clipped").wait_for()
    browser.slider(page, "clip").select_option("by norm")
    browser.slider(page, "threshold").wait_for()


def test_reopened_without_its_kernel_it_shows_still_pictures_and_run_again_it_lives(
    page, lab, notebook
):
    browser.in_theme(page, "Light")
    browser.reopen(page, lab, notebook)
    stills = page.locator(".steadygrad-still img")
    stills.first.wait_for()
    assert stills.count() == len(TOPICS)
    assert all(still.is_visible() for still in stills.all())
    assert all(len(still.get_attribute("alt")) > 40 for still in stills.all())
    assert browser.dead_widgets(page) == []
    browser.screenshot(page, "reopened")
    browser.run(page, notebook)
    browser.picture(page)
    stills.last.wait_for(state="hidden")
    assert not any(still.is_visible() for still in stills.all())
    stored = notebook.stat().st_size
    assert stored < 400_000, f"{stored} bytes"
