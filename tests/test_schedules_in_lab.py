"""Chapter 8's explorer in JupyterLab: a curve that is bent by mouse, finger and keyboard."""

from pathlib import Path

import pytest

from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

CELL = "from steadygrad.explorers import schedules as explorer\n\nexplorer.explorer()"
WARMUP = "Peak rate, and where the warm-up ends"
OWN = "document.querySelector('.steadygrad-schedules path.own:not(.key path)')"
VALUE = "document.querySelector('.steadygrad-schedules progress').value"
OVER = (
    "() => document.querySelector('.steadygrad-schedules button').textContent === 'Train again'"
)
WIDTHS = (1400, 768, 420)


@pytest.fixture(scope="module")
def page(requests, tmp_path_factory):
    """A notebook with nothing but the explorer and a cell behind it, run in JupyterLab."""
    path: Path = tmp_path_factory.mktemp("course") / "schedules.ipynb"
    browser.write([CELL, "1 + 1"], path)
    with (
        browser_page(requests) as page,
        jupyterlab(path.parent, tmp_path_factory.mktemp("lab")) as lab,
    ):
        page.set_viewport_size({"width": 1400, "height": 1000})
        browser.open_notebook(page, lab, path)
        browser.without_files(page)
        browser.run(page, path)
        page.get_by_role("slider", name=WARMUP).wait_for()
        yield page
        browser.close_notebook(page)


@pytest.fixture(autouse=True)
def at_rest(page):
    """Every test begins with a run that is over, with the first schedule in front."""
    page.locator("input[value='warm-up cosine']").check()
    page.get_by_role("slider", name=WARMUP).wait_for()
    page.wait_for_function(OVER)


def middle(handle):
    return browser.middle(handle.locator(".dot"))


def follows(page, was):
    """The curve once it is another than it was."""
    page.wait_for_function(f"was => {OWN}.getAttribute('d') !== was", arg=was)
    return curve(page)


def curve(page):
    return page.evaluate(f"{OWN}.getAttribute('d')")


def where(page, name=WARMUP):
    return page.get_by_role("slider", name=name).get_attribute("aria-valuetext")


def test_the_explorer_is_shown_without_an_error(page):
    assert browser.errors(page) == []
    assert "validation loss ends at" in page.get_by_role("status").first.inner_text()
    browser.screenshot(page, "schedules")


def test_everything_that_can_be_moved_has_a_name(page):
    told = page.locator(".steadygrad-schedules").aria_snapshot()
    for line in (
        f'- slider "{WARMUP}"',
        '- slider "Final rate"',
        '- radio "warm-up cosine 0.31" [checked]',
        '- checkbox "logarithmic rate"',
        '- combobox "Batch size"',
        '- button "Train again"',
    ):
        assert line in told
    assert told.count("- status") == 1  # only the sentence is read out when it changes


def test_a_handle_follows_the_mouse_and_the_curve_with_it(page):
    handle, was = page.get_by_role("slider", name=WARMUP), curve(page)
    x, y = middle(handle)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 11):
        page.mouse.move(x + 8 * step, y - 2 * step)
    follows(page, was)
    browser.screenshot(page, "schedules_dragged")
    page.wait_for_function(OVER)  # it trains under a hand that rests
    at = middle(handle)
    assert at == pytest.approx((x + 80, y - 20), abs=2.5)
    page.mouse.up()
    assert "before the change" in page.get_by_role("status").first.inner_text()
    assert browser.errors(page) == []


def test_a_handle_follows_a_finger(page):
    handle, was = page.get_by_role("slider", name=WARMUP), curve(page)
    x, y = middle(handle)
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        fingers = [{"x": x, "y": y} for x, y in points]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    send("touchStart", (x, y))
    for step in range(1, 6):
        send("touchMove", (x - 5 * step, y + 3 * step))
    follows(page, was)
    send("touchEnd")
    page.wait_for_function(OVER)
    assert middle(handle) == pytest.approx((x - 25, y + 15), abs=2.5)


def test_a_handle_follows_the_arrow_keys_and_none_is_lost(page):
    page.get_by_role("slider", name=WARMUP).focus()
    step = int(where(page).split()[-1])
    for _ in range(7):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(
        "([name, text]) => document.querySelector(`[aria-label='${name}']`).ariaValueText"
        ".endsWith(text)",
        arg=[WARMUP, f"step {step + 17}"],
    )
    was = curve(page)
    page.keyboard.press("ArrowUp")
    follows(page, was)
    assert page.get_by_role("slider", name=WARMUP).evaluate("n => n === document.activeElement")
    assert browser.errors(page) == []


def test_arrow_keys_choose_a_schedule_and_leave_the_cell_alone(page):
    page.locator("input[value='warm-up cosine']").focus()
    before = browser.active_cell(page)
    page.keyboard.press("ArrowDown")
    page.get_by_role("combobox", name="Each cycle longer").wait_for()
    assert page.locator("input[value='warm restarts']").is_checked()
    assert page.get_by_role("slider").count() == 2
    assert browser.active_cell(page) == before
    browser.screenshot(page, "schedules_restarts")


def test_a_run_can_be_paused_and_goes_on(page):
    button = page.locator(".steadygrad-schedules button")
    button.click()
    page.wait_for_function(f"{VALUE} > 20")
    button.click()  # Pause
    page.wait_for_timeout(300)  # what was asked for arrives
    stopped = page.evaluate(VALUE)
    page.wait_for_timeout(300)
    assert page.evaluate(VALUE) == stopped
    assert stopped < 200
    assert button.inner_text() == "Go on"
    button.click()
    page.wait_for_function(OVER)


def test_a_cell_that_runs_meanwhile_is_not_held_up(page):
    page.locator(".steadygrad-schedules button").click()
    browser.run_cell(page, 1)
    page.wait_for_function(OVER)
    assert browser.errors(page) == []


@pytest.mark.parametrize("theme", browser.THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_every_word_can_be_read(page, width, theme):
    browser.in_theme(page, theme)
    page.set_viewport_size({"width": width, "height": 1200})
    shown = page.locator(".steadygrad-schedules")
    room = "n => n.scrollWidth <= n.clientWidth"
    output = page.locator(".jp-OutputArea-output:has(.steadygrad-schedules)")
    page.wait_for_function(
        """() => { const svg = document.querySelector('.charts svg');
                   return Math.abs(svg.viewBox.baseVal.width - svg.clientWidth) <= 1 }"""
    )
    assert output.evaluate(room)
    assert shown.evaluate(browser.CONTRAST) >= 4.5
    shown.scroll_into_view_if_needed()
    browser.screenshot(page, f"schedules_{width}_{theme.lower()}")


def test_no_request_left_this_machine(page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
