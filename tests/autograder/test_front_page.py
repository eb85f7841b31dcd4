"""The front page, and what else lies beside the chapters in a working copy."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

from autograder import __main__ as command_line
from autograder import collecting, contents, glossary, links, notebook, ours
from autograder.exercises import CHAPTERS
from autograder.front_page import page, refresh, standings
from autograder.progress_file import NAME
from autograder.workspace import write_record

ROOT = Path(__file__).parents[2]
FIRST, SECOND = contents.contents()[:2]


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my-course"
    write_record(folder, {})
    return folder


def progress(folder, **kinds):
    (folder / NAME).write_text(json.dumps(kinds))


def right(tasks, day=1):
    when = f"2026-01-{day:02d}T00:00:00+00:00"
    return {t.id: {"score": t.points, "right": True, "when": when} for t in tasks}


def leads_to(folder) -> str:
    return unquote(re.search(r'href="([^"]*)"', page(folder))[1])


# ── What it knows of the chapters ───────────────────────────────────────────────────


def test_the_contents_are_up_to_date():
    made = contents.written(list(map(collecting.collect, notebook.chapters())))
    assert contents.FILE.read_text(encoding="utf-8") == made, "run `make course`"


@pytest.mark.parametrize("chapter", contents.contents(), ids=lambda chapter: chapter.stem)
def test_every_chapter_says_its_time_and_what_one_can_do_after_it(chapter):
    assert re.match(r"\d+ · \w", chapter.title)
    assert re.search(r"\d+ minutes|hours?$", chapter.time), chapter.time
    assert len(chapter.abilities) >= 3
    assert all(re.match(r"[a-z].*[^,.]$", each) for each in chapter.abilities)


def test_every_exercise_of_the_course_is_in_the_contents():
    listed = [task.id for chapter in contents.contents() for task in chapter.tasks]
    assert sorted(listed) == sorted(e.id for c in CHAPTERS for e in c.EXERCISES)


def test_a_prediction_is_counted(tmp_path):
    text = '# 1 · One\n\n+++ {"predict": "why"}\n\nWhy?\n\n+++ {"review": "no"}\n'
    (tmp_path / "01_one.md").write_text(text)
    assert collecting.collect(tmp_path / "01_one.md").predictions == 1


# ── Where it leads ──────────────────────────────────────────────────────────────────


def test_someone_new_begins_with_the_first_chapter(folder):
    assert "Begin here:" in page(folder)
    assert leads_to(folder) == FIRST.path


def test_one_goes_on_behind_what_was_marked_last(folder):
    progress(folder, marks=right(FIRST.tasks[1:2]) | right(FIRST.tasks[2:3], day=2))
    task = FIRST.tasks[3]
    assert leads_to(folder) == f"{FIRST.path}#cell-id={task.id.replace('.', '-')}"


def test_a_wrong_answer_is_gone_on_with(folder):
    wrong = {FIRST.tasks[2].id: {"score": 0, "right": False}}
    progress(folder, marks=right(FIRST.tasks[:2]) | wrong)
    assert FIRST.tasks[2].name in leads_to(folder)


def test_behind_a_finished_chapter_comes_the_next(folder):
    progress(folder, marks=right(FIRST.tasks))
    assert leads_to(folder) == SECOND.path


def test_behind_everything_comes_the_beginning(folder):
    progress(folder, marks=right(t for c in contents.contents() for t in c.tasks))
    assert "Everything is right." in page(folder)


# ── What it says ────────────────────────────────────────────────────────────────────


def test_points_and_shown_solutions_are_told(folder):
    progress(folder, marks=right(FIRST.tasks[:1]), shown={FIRST.tasks[0].id: True})
    text = page(folder)
    total = sum(task.points for task in FIRST.tasks)
    assert f"{FIRST.tasks[0].points:g} of {total:g} points" in text
    assert f"solution shown: <code>{FIRST.tasks[0].name}</code>" in text


def test_predictions_are_counted_and_those_of_the_review_are_not(folder, monkeypatch):
    asked = FIRST._replace(predictions=3)
    monkeypatch.setattr("autograder.front_page.contents", lambda: (asked, SECOND))
    made = {
        f"{FIRST.stem}/a": {"chosen": "a", "right": True},
        f"{FIRST.stem}/b": {"chosen": "a", "right": False},
        f"{FIRST.stem}/c": {"chosen": "a"},
        f"{FIRST.stem}/review_1": {"chosen": "a", "right": True},
        "elsewhere/d": {"right": True},
        f"{FIRST.stem}/e": 3,
    }
    progress(folder, predictions=made)
    assert "1 of 3 predictions right (2 tried)" in page(folder)
    assert standings(folder)[0].begun


def test_the_page_is_a_whole_piece_of_html(folder):
    opened = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attributes):
            opened.append(tag)

        def handle_endtag(self, tag):
            assert opened.pop() == tag

    Reader().feed(page(folder))
    assert opened == []
    assert "script" not in page(folder)


# ── The file ────────────────────────────────────────────────────────────────────────


def test_the_page_is_written_and_written_anew(folder):
    refresh(folder)
    path = folder / links.FRONT_PAGE
    nbformat.validate(nbformat.read(path, as_version=4))
    assert "Begin here:" in path.read_text(encoding="utf-8")
    assert not path.stat().st_mode & 0o222
    progress(folder, marks=right(FIRST.tasks[:1]))
    refresh(folder)
    assert "Continue here:" in path.read_text(encoding="utf-8")


def test_a_page_of_the_learners_own_is_left_alone(folder):
    path = folder / links.FRONT_PAGE
    for own in ("mine", '{"metadata": {}}', b"\xff\x00"):
        path.write_bytes(own if isinstance(own, bytes) else own.encode())
        refresh(folder)
        assert path.read_bytes() == (own if isinstance(own, bytes) else own.encode())


def test_a_folder_in_its_place_stops_nobody(folder):
    (folder / links.FRONT_PAGE).mkdir()
    refresh(folder)


def test_what_has_not_changed_is_not_written(folder):
    pages = ours.notebook([ours.text_cell("# A page")], "a page")
    assert ours.put(pages, folder / "page.ipynb")
    assert not ours.put(pages, folder / "page.ipynb")


# ── The working copy ────────────────────────────────────────────────────────────────

SOLVED_CELL = "    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose chapters hold a line of links, a term and a solution."""
    for chapter in contents.contents():
        cells = [
            ours.text_cell(links.line(ROOT / "chapters" / f"{chapter.stem}.md"), links.HEAD),
            ours.text_cell("**[gain](../glossary.ipynb#gain)**"),
            ours.text_cell(SOLVED_CELL, "topic-exercise"),
        ]
        cells[2]["metadata"] = {"nbgrader": {"solution": True}}
        text = json.dumps(ours.notebook(cells, "x") | {"metadata": {}})
        for kind in ("course", "solutions"):
            path = tmp_path / kind / chapter.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    return tmp_path


def fill(course, *options) -> Path:
    command_line.main(["workspace", *options, str(course / "my-course")])
    return course / "my-course"


def dead_links(folder: Path) -> list[tuple[str, str]]:
    """Links of notebooks that lead to no file, or to no heading of the glossary."""
    headings = {
        links.anchor(line.removeprefix("### "))
        for cell in nbformat.read(folder / links.GLOSSARY, as_version=4).cells
        for line in cell.source.splitlines()
        if line.startswith("### ")
    }
    dead = []
    for path in folder.rglob("*.ipynb"):
        for link in re.findall(r"\]\(([^)\s]+)\)", "\n".join(texts(path))):
            place, _, heading = link.partition("#")
            if not (path.parent / place).exists():
                dead.append((path.name, link))
            if heading and place.endswith(links.GLOSSARY) and heading not in headings:
                dead.append((path.name, link))
    return dead


def texts(path: Path) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def test_a_working_copy_has_no_dead_link_with_solutions_or_without(course):
    assert dead_links(fill(course)) == []
    assert dead_links(fill(course, "--without-solutions")) == []


def test_every_chapter_leads_to_its_solved_notebook_and_back(course):
    folder = fill(course)
    own = texts(folder / FIRST.path)[0]
    solved = texts(folder / links.solved_name(FIRST.stem))
    assert own.endswith(f"[solved notebook](../{links.solved_name(FIRST.stem)})")
    assert f"(../{FIRST.path})" in solved[0]
    assert solved[1].endswith(f"[your notebook](../{FIRST.path})")
    assert "solved notebook</a>" in page(folder)


def test_a_solved_notebook_says_so_is_read_only_and_has_no_marks(course):
    path = fill(course) / links.solved_name(FIRST.stem)
    assert texts(path)[0].startswith(f"> **Solution of chapter {FIRST.title}.**")
    assert "SOLUTION" not in path.read_text(encoding="utf-8")
    assert "nbgrader" not in path.read_text(encoding="utf-8")
    assert not path.stat().st_mode & 0o222
    nbformat.validate(nbformat.read(path, as_version=4))


def test_a_newer_solved_notebook_takes_the_place_of_the_old(course):
    path = fill(course) / links.solved_name(FIRST.stem)
    source = course / "solutions" / FIRST.path
    source.write_text(source.read_text().replace("return 1", "return 2"))
    fill(course)
    assert "return 2" in path.read_text(encoding="utf-8")


def test_a_class_gets_no_solutions_and_no_link_to_them(course):
    folder = fill(course, "--without-solutions")
    assert not (folder / links.SOLVED).exists()
    assert "solved notebook" not in texts(folder / FIRST.path)[0] + page(folder)


def test_the_learners_notebook_stays_whatever_is_made_anew(course):
    folder = fill(course)
    (folder / FIRST.path).write_text("my work")
    fill(course)
    assert (folder / FIRST.path).read_text() == "my work"


# ── The glossary ────────────────────────────────────────────────────────────────────


def test_every_term_is_explained_in_one_sentence_and_belongs_to_a_chapter():
    for term in glossary.terms():
        assert 1 <= term.chapter <= len(contents.contents()), term
        assert re.fullmatch(r"[A-Z].*\.( \(LSUV\)\.)?", term.meaning), term
    spellings = [each.lower() for term in glossary.terms() for each in term.spellings]
    assert len(set(spellings)) == len(spellings) >= 60


def test_a_line_that_cannot_be_read_stops_the_build(tmp_path):
    (tmp_path / "g.md").write_text("**gain** 2: without brackets.\n")
    with pytest.raises(ValueError, match="should read"):
        glossary.terms(tmp_path / "g.md")


def test_the_first_bold_occurrence_of_a_term_is_a_link_and_no_other():
    known = [glossary.Term("fan in", ("fan in", "fans"), 2, "Inputs.")]
    cells = [
        nbformat.v4.new_markdown_cell("fan in, **Fan\nin**, **fan in**"),
        nbformat.v4.new_code_cell("**fan in**"),
        nbformat.v4.new_markdown_cell("**fans**"),
    ]
    first, code, last = glossary.linked(cells, known)
    assert first.source == "fan in, **[Fan\nin](../glossary.ipynb#fan-in)**, **fan in**"
    assert code.source == "**fan in**"
    assert last.source == "**fans**"


def test_the_chapters_lead_to_the_glossary():
    cells = notebook.instructor_notebook(notebook.chapters()[0]).cells
    text = "\n".join(cell.source for cell in cells)
    assert len(re.findall(r"\(\.\./glossary\.ipynb#[^)]+\)", text)) >= 10


def test_a_full_disk_leaves_nothing_half_written(tmp_path, monkeypatch):
    def fill_up(path, *_, **__):
        path.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", fill_up)
    refresh(tmp_path)
    assert list(tmp_path.iterdir()) == []
