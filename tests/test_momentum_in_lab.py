"""Chapter 6's explorer in JupyterLab: dragged, steered by keys, dark, narrow."""

import pytest

from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

CELL = "from steadygrad.explorers import momentum as explorer\n\nexplorer.explorer()"
WALK = ".steadygrad-drawn .chosen.faint"
NEW = "([selector, old]) => document.querySelector(selector).getAttribute('d') !== old"
OVERHANG = """() => {
    const boxes = '.jp-OutputArea-output, .momentum, .momentum > *';
    return Math.max(...[...document.querySelectorAll(boxes)].map(
        box => box.scrollWidth - box.clientWidth));
}"""
SMALLEST = """() => Math.min(...[...document.querySelectorAll('.momentum svg')].map(
    svg => 13 * svg.getScreenCTM().a))"""


@pytest.fixture(scope="module")
def page(requests, tmp_path_factory):
    path = tmp_path_factory.mktemp("course") / "explorer.ipynb"
    browser.write([CELL], path)
    with (
        browser_page(requests) as page,
        jupyterlab(path.parent, tmp_path_factory.mktemp("lab")) as lab,
    ):
        page.set_viewport_size({"width": 1400, "height": 1000})
        browser.open_notebook(page, lab, path)
        browser.run(page, path)
        page.locator(WALK).wait_for(state="attached")
        yield page
        browser.close_notebook(page)


def handle(page, name):
    return page.get_by_role("slider", name=name)


def walk(page) -> str:
    return page.locator(WALK).get_attribute("d")


def moved(page, act) -> None:
    """Do something, and wait until another walk is drawn."""
    before = walk(page)
    act()
    page.wait_for_function(NEW, arg=[WALK, before])
    assert browser.errors(page) == []


def test_all_that_can_be_moved_has_a_name(page):
    names = ["Start of the walk", "Learning rate", "Step that is shown", "condition", "noise"]
    for name in names:
        assert handle(page, name).count() == 1, name
    assert page.get_by_role("combobox", name="rule").count() == 1
    assert page.get_by_role("button", name="Play").count() == 1
    assert page.get_by_role("group", name="Three panels").count() == 1
    browser.screenshot(page, "momentum")


def test_the_setting_is_dragged_on_the_map(page):
    moved(page, lambda: browser.drag_by(page, handle(page, "Learning rate"), 65, 70))
    text = handle(page, "Learning rate").get_attribute("aria-valuetext")
    assert text.startswith("learning rate 3")
    assert "momentum 0.6" in text
    page.get_by_role("status").filter(has_text="rate 3").wait_for()


def test_the_start_is_dragged_and_the_ball_rolls(page):
    moved(page, lambda: browser.drag_by(page, handle(page, "Start"), 150, -60))
    page.wait_for_function(
        "() => Number(document.querySelector('[aria-label=\"Step that is shown\"]')"
        ".getAttribute('aria-valuenow')) > 3"
    )


@pytest.mark.parametrize("name", ["Start of the walk", "Learning rate", "condition", "noise"])
@pytest.mark.parametrize("keys", [("ArrowRight", "ArrowLeft")])
def test_it_follows_the_keyboard(page, name, keys):
    for key in keys:
        handle(page, name).focus()
        moved(page, lambda key=key: page.keyboard.press(key))


def test_momentum_follows_up_and_down_and_shift_goes_farther(page):
    setting = handle(page, "Learning rate")
    setting.focus()
    before = float(setting.get_attribute("aria-valuetext")[-4:])
    moved(page, lambda: page.keyboard.press("ArrowUp"))
    moved(page, lambda: page.keyboard.press("Shift+ArrowDown"))
    after = float(setting.get_attribute("aria-valuetext")[-4:])
    assert after == pytest.approx(before + 0.01 - 0.1)


def test_steps_are_gone_through_one_by_one(page):
    step = handle(page, "Step that is shown")
    step.focus()
    page.keyboard.press("ArrowRight")
    before = int(step.get_attribute("aria-valuenow"))
    page.locator(".momentum").get_by_role("button", name="Step").click()
    assert int(step.get_attribute("aria-valuenow")) == before + 1


def test_the_rule_is_chosen(page):
    rule = page.get_by_role("combobox", name="rule")
    moved(page, lambda: rule.select_option("Nesterov"))
    page.get_by_role("status").filter(has_text="Nesterov's rule").wait_for()


def test_who_wants_no_motion_gets_none_unasked(page):
    page.emulate_media(reduced_motion="reduce")
    moved(page, lambda: browser.drag_by(page, handle(page, "Start"), -30, 10))
    assert page.get_by_role("button", name="Pause").count() == 0
    page.emulate_media(reduced_motion="no-preference")


def test_the_dark_theme_leaves_nothing_white(page):
    browser.in_theme(page, "Dark")
    browser.screenshot(page, "momentum_dark")
    assert browser.seen(page.locator(".momentum .panels")).mean() < 110


@pytest.mark.parametrize("width", [1400, 768, 420])
def test_it_fits_and_is_legible(page, width):
    page.set_viewport_size({"width": width, "height": 1000})
    browser.without_files(page)
    page.wait_for_function(f"() => ({OVERHANG})() === 0")
    assert page.evaluate(SMALLEST) > 11
    tops = page.evaluate(
        "() => [...document.querySelectorAll('.momentum svg')].map("
        "svg => Math.round(svg.getBoundingClientRect().top))"
    )
    assert len(set(tops)) == (2 if width == 1400 else 3)
    browser.screenshot(page, f"momentum_{width}")


def test_no_request_left_this_machine(page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
