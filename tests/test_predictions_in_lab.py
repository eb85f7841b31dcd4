"""Predictions in JupyterLab: chosen by mouse and keyboard, compared, kept, left behind."""

import json

import pytest

from autograder.progress_file import NAME
from autograder.workspace import RECORD
from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow
CELLS = [
    "#\nfrom autograder import predict\npredict('01_c/x', 'abc')",
    "#\nfrom autograder import predict\npredict('01_c/number')",
    "#\nfrom autograder import came_out\n"
    "came_out('01_c/x', 'a quarter', a=(False, 'A half.'), b=(False, 'So.'), c=(True, ''))",
    "#\nfrom autograder import review\n"
    "review('01_c/review_q', a=(False, 'No slopes.'), b=(True, 'It is.'))",
    "#\nfrom autograder import tally\ntally('01_c', 2, 1)",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("predictions")
    (root / RECORD).write_text("{}")
    browser.write(CELLS, root / "t.ipynb")
    return root


@pytest.fixture(scope="module")
def lab(folder, tmp_path_factory):
    with jupyterlab(folder, tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def page(folder, lab, requests):
    """The notebook with its questions asked, and nothing answered."""
    with browser_page(requests) as page:
        browser.open_notebook(page, lab, folder / "t.ipynb")
        browser.run(page, folder / "t.ipynb", "predict(")
        yield page


def progress(page, folder, key):
    page.wait_for_timeout(500)
    return json.loads((folder / NAME).read_text())["predictions"].get(key)


def question(page, number):
    return page.locator(".steadygrad-asking fieldset").nth(number)


def test_a_choice_by_mouse_is_kept(page, folder):
    question(page, 0).get_by_label("(b)").click()
    question(page, 0).get_by_text("Kept.").wait_for()
    assert progress(page, folder, "01_c/x") == {"chosen": "b"}


def test_a_number_is_typed_and_kept(page, folder):
    box = question(page, 1).get_by_role("textbox", name="Your prediction")
    box.fill("many")
    box.press("Enter")
    question(page, 1).get_by_text("not a number").wait_for()
    box.fill("0.07")
    question(page, 1).get_by_role("button", name="Keep").click()
    question(page, 1).get_by_text("Kept.").wait_for()
    assert progress(page, folder, "01_c/number") == {"chosen": "0.07"}


def test_what_came_out_is_said_beside_what_was_predicted(page, folder):
    browser.run_cell(page, 2)
    page.get_by_text("What came out: a quarter.").first.wait_for()
    said = page.locator(".jp-RenderedMarkdown", has_text="What came out").first.inner_text()
    assert said.startswith("Not: (b).")
    assert progress(page, folder, "01_c/x") == {"chosen": "b", "right": False}


def test_a_review_is_answered_by_keyboard_at_once(page, folder):
    browser.run_cell(page, 3)
    question(page, 2).wait_for()
    question(page, 2).get_by_label("(a)").focus()
    for key in ("d", "d", "ArrowRight"):  # JupyterLab deletes a cell at "dd", moves at arrows
        page.keyboard.press(key)
    assert progress(page, folder, "01_c/review_q") is None
    page.keyboard.press("Space")
    page.get_by_text("Right: (b).").wait_for()
    browser.screenshot(page, "predictions")
    assert progress(page, folder, "01_c/review_q") == {"chosen": "b", "right": True}


def test_the_tally_counts(page):
    browser.run_cell(page, 4)
    page.get_by_text("You predicted 0 of 2").wait_for()
    assert browser.errors(page) == []


def test_reopened_without_a_kernel_no_error_is_shown_and_the_choice_is_kept(page, lab, folder):
    browser.reopen(page, lab, folder / "t.ipynb")
    page.get_by_text("(Run this cell to answer.)").first.wait_for()
    assert browser.dead_widgets(page) == []
    assert page.get_by_text("What came out: a quarter.").first.is_visible()
    browser.run_cell(page, 0)
    page.wait_for_function(
        "() => document.querySelectorAll('.steadygrad-asking input')[1]?.checked"
    )


def test_no_request_left_this_machine(requests):
    assert browser.foreign(requests) == []
