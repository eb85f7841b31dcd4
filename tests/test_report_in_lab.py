"""Reports in JupyterLab, as they are seen, read aloud and unfolded."""

from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_output

from autograder.exercises import EXERCISES
from autograder.grade import grade, run_here
from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

SOFTMAX = EXERCISES["gradients.softmax_cross_entropy_grad"]
MARKED = {
    "right": "mark(right, 'gradients.depth_limit')",
    "wrong": "known = find('adaptive.adam')\nmark(known.variant(known.misconceptions[0]))",
    "partly": "def partly(weight, tol):\n    return right(weight, tol) + (weight > 4)\n"
    "mark(partly, 'gradients.depth_limit')",
    "unwritten": "def gradient_check(*_, **__):\n    raise NotImplementedError\n"
    "mark(gradient_check)",
}
IMPORTS = """import torch
from autograder import mark
from autograder.exercises import find
right = find('gradients.depth_limit').accepts[0]"""
REPORT = ".jp-OutputArea-output [role=group][aria-label^='Report on']"


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A notebook that marks, and one from somebody else that holds a report already."""
    folder = tmp_path_factory.mktemp("marking")
    browser.write([IMPORTS, *MARKED.values()], folder / "marking.ipynb")
    wrong = grade(SOFTMAX, run_here(lambda logits, target: logits), practice=True)
    output = new_output("display_data", data={"text/html": wrong._repr_html_()})
    browser.write([new_code_cell("mark(f)", outputs=[output])], folder / "theirs.ipynb")
    return folder


@pytest.fixture(scope="module")
def lab(folder, tmp_path_factory):
    with jupyterlab(folder, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def page(lab, requests, folder):
    with browser_page(requests) as page:
        browser.open_notebook(page, lab, folder / "marking.ipynb")
        browser.run(page, folder / "marking.ipynb")
        page.locator(REPORT).nth(len(MARKED) - 1).wait_for()
        yield page
        browser.close_notebook(page)


def report(page, name):
    return page.locator(REPORT).nth([*MARKED].index(name))


def test_marking_shows_a_report_without_an_error(page):
    assert browser.errors(page) == []
    assert page.locator(REPORT).count() == len(MARKED)


def test_what_helps_most_comes_first_and_is_the_largest(page):
    shown = report(page, "wrong")
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    sizes = [part.evaluate(size) for part in shown.locator("p").all()]
    assert shown.locator("p").first.inner_text().startswith("Looks like: ")
    assert sizes[0] > max(sizes[1:])


def test_the_lead_is_announced_and_every_case_is_told_without_colours(page):
    told = report(page, "partly").aria_snapshot()
    assert "- status:" in told
    assert told.count('img "passed"') > 1
    assert told.count('img "failed"') == 1
    assert "heading" not in told  # a report is no chapter of the notebook's table of contents


@pytest.mark.parametrize(
    ("name", "opened"), [("right", 0), ("wrong", 0), ("partly", 1), ("unwritten", 0)]
)
def test_the_list_of_cases_is_open_where_some_are_right_and_some_wrong(page, name, opened):
    lists = report(page, name).locator("> details[open]", has_text="cases right")
    assert lists.count() == opened


def test_a_case_is_unfolded_from_the_keyboard(page):
    cases = report(page, "wrong").locator("> details")
    cases.locator("> summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # to the first case
    page.keyboard.press("Space")
    case = cases.locator("details").first
    assert case.get_attribute("open") is not None
    names = case.locator("dt").all_inner_texts()
    assert names == ["gradient", "state", "betas", "eps", "should come out", "yours"]
    assert case.locator("mark").count() == 2  # the first wrong entry, in both results
    assert browser.errors(page) == []


@pytest.mark.parametrize("theme", browser.THEMES)
def test_every_word_can_be_read_in_light_and_dark(page, theme):
    browser.in_theme(page, theme)
    for details in page.locator(f"{REPORT} details").all():
        details.evaluate("node => { node.open = true }")
    for name in MARKED:
        report(page, name).scroll_into_view_if_needed()
        browser.screenshot(page, f"report_{name}_{theme.lower()}")
        assert report(page, name).evaluate(browser.CONTRAST) >= 4.5, name


def test_in_a_narrow_column_nothing_is_cut_off(page):
    for name in MARKED:
        shown = report(page, name)
        shown.evaluate("node => { node.style.width = '270px' }")  # what 320 leave of a page
        assert shown.evaluate("node => node.scrollWidth <= node.clientWidth"), name
        shown.scroll_into_view_if_needed()
        browser.screenshot(page, f"report_{name}_narrow")
        shown.evaluate("node => { node.style.width = '' }")


def test_without_trust_a_report_keeps_its_words_and_its_look(page, lab, folder):
    browser.close_notebook(page)
    browser.open_notebook(page, lab, folder / "theirs.ipynb")
    output = page.locator(".jp-OutputArea-output:visible")
    output.locator("summary").first.click()
    output.locator("details details summary").first.click()
    assert output.locator("dt").first.inner_text() == "logits"
    for of, style in (("div[style]", "borderLeftWidth"), ("dd", "whiteSpace")):
        assert output.locator(of).first.evaluate(f"node => node.style.{style}"), (of, style)
    browser.screenshot(page, "report_without_trust")


def test_no_request_left_this_machine(page, requests):
    assert len(requests) > 10
    assert browser.foreign(requests) == []
