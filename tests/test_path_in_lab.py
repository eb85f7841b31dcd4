"""One path through the course, in JupyterLab: front page, chapter, mark, solved notebook."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder import links
from autograder.contents import contents
from autograder.exercises import EXERCISES
from autograder.progress_file import NAME
from autograder.surrounding import linking, surround
from autograder.workspace import write_record
from tests import browser
from tests.jupyter import browser_page, jupyterlab

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]
CHAPTER = contents()[0]
LIMIT = EXERCISES["gradients.depth_limit"]
PATH = "() => window.jupyterapp.shell.currentWidget?.context?.path"


def small(body: str) -> nbformat.NotebookNode:
    """A chapter with its line of links and one exercise, far below."""
    head = new_markdown_cell(links.line(ROOT / "chapters" / f"{CHAPTER.stem}.md"))
    far = new_markdown_cell("\n\n".join(["Text."] * 60))
    stub, marking = new_code_cell(body), new_code_cell('from autograder import mark\n\nmark("depth_limit")')  # fmt: skip  # noqa: E501
    head["id"], stub["id"], marking["id"] = links.HEAD, LIMIT.grade_id, f"{LIMIT.grade_id}-mark"
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=[head, far, stub, marking], metadata={"kernelspec": python})


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A working copy whose first chapter is small."""
    root = tmp_path_factory.mktemp("course")
    mine = root / "my-course"
    for place, body in (
        (mine / CHAPTER.path, f"{LIMIT.header}    return 3  # wrong, but an attempt"),
        (root / "solutions" / CHAPTER.path, LIMIT.source),
    ):
        place.parent.mkdir(parents=True)
        nbformat.write(small(body), place)
    write_record(mine, {})
    surround(root / "solutions", mine)
    linking(mine, mine / CHAPTER.path)
    return mine


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory):
    with (
        browser_page([]) as page,
        jupyterlab(folder, tmp_path_factory.mktemp("lab")) as lab,
    ):
        browser.open_notebook(page, lab, folder / links.FRONT_PAGE)
        yield page


def follow(page, name: str, to: str) -> None:
    """Click the link of this name that is in view, and wait for the notebook behind it."""
    page.locator("a:visible", has_text=name).first.click()
    page.wait_for_function(f"to => ({PATH})() === to", arg=to)
    page.wait_for_function(browser.READY)


def test_the_front_page_is_shown_without_a_run_and_without_a_change(page):
    assert page.get_by_text("Begin here:").count() == 1
    assert not page.evaluate("() => window.jupyterapp.shell.currentWidget.context.model.dirty")
    browser.screenshot(page, "front_page")


def test_a_link_of_the_front_page_opens_the_chapter(page):
    follow(page, CHAPTER.title, CHAPTER.path)


def test_a_mark_in_a_fresh_kernel_says_what_to_run(page):
    browser.run_cell(page, 3)
    page.get_by_text("Run All Above Selected Cell").first.wait_for()
    assert browser.errors(page) == []


def test_a_mark_is_kept_and_the_front_page_knows(page, folder):
    browser.run_cell(page, 2)
    browser.run_cell(page, 3)
    page.get_by_text("If you are stuck").first.wait_for()
    assert json.loads((folder / NAME).read_text())["marks"][LIMIT.id]["score"] == 0
    assert "Continue here:" in (folder / links.FRONT_PAGE).read_text(encoding="utf-8")


def test_the_chapter_leads_to_its_solved_notebook_and_back(page):
    page.evaluate("() => window.jupyterapp.shell.currentWidget.content.scrollToItem(0)")
    follow(page, "solved notebook", links.solved_name(CHAPTER.stem))
    assert page.locator("blockquote:visible").inner_text().startswith("Solution of chapter 1")
    follow(page, "your notebook", CHAPTER.path)


def test_a_term_of_the_glossary_and_the_front_page_are_led_to(page):
    follow(page, "Glossary", links.GLOSSARY)
    follow(page, "Front page", links.FRONT_PAGE)
