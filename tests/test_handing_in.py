"""Folders as students hand them in: broken, hostile, renamed; graded by stock nbgrader.

Nobody's folder stops the class, nothing in it is followed or changed, and each page says why
it says what it says.
"""

import base64
import copy
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import bs4
import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from autograder.exercises.initialization import EXERCISES
from autograder.preprocessors import configure

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

ROOT = Path(__file__).parents[1]
CHAPTER = "02_initialization"
NAME = f"{CHAPTER}.ipynb"
EASY = next(each for each in EXERCISES if each.name == "output_bias_from_counts")
MARK = f"{EASY.grade_id}-mark"
QUESTION, OTHER = "initialization-second-moment", "initialization-choice"
ANSWER = "The mean of squares is what the next layer adds up."
PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89"
).decode()


def find(notebook, grade_id):
    return next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def solved(notebook):
    """One exercise written, which is enough to tell what is graded from what is not."""
    find(notebook, EASY.grade_id).source = f"{EASY.imports}\n\n\n{EASY.source}"
    return notebook


def text(notebook) -> str:
    return json.dumps(notebook)  # nbformat's own writer would refuse what some hand in


# ── The class: each writes a folder; says what it earns and what its page says ──────

CLASS = {}


def student(points: float, *says: str):
    def enroll(write):
        CLASS[write.__name__] = (write, points, says)
        return write

    return enroll


def handing_in(name: str, points: float, content, *says: str, file: str = NAME):
    """A student whose file has this content: text, bytes, or made from the solved notebook."""

    def write(folder, notebook):
        made = content(solved(notebook)) if callable(content) else content
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(made if isinstance(made, bytes) else made.encode())

    CLASS[name] = (write, points, says)


def edited(change):
    """The notebook's JSON after a change."""

    def make(notebook) -> str:
        loaded = json.loads(text(notebook))
        return json.dumps(change(loaded) or loaded)

    return make


def no_metadata(nb):
    del nb["metadata"]
    for cell in nb["cells"]:
        del cell["metadata"]


def odd_sources(nb):
    nb["cells"][0]["source"] = 7
    nb["cells"][1]["source"] = None
    nb["cells"][2]["source"] = ["a", 3]
    nb["cells"][3].pop("source")


def odd_cells(nb):
    nb["cells"][0]["cell_type"] = "slide"
    nb["cells"][1:2] = ["no cell", 3, None, []]
    nb["cells"].append({"cell_type": {}, "source": "x"})
    for cell in nb["cells"]:
        if isinstance(cell, dict):
            cell.pop("id", None)


def in_format_3(nb):
    cells = [
        {**cell, "input": cell["source"], "language": "python"} for cell in nb["cells"]
    ] + [{"cell_type": "heading", "level": 2, "source": "Mine", "metadata": {}}]
    return {"nbformat": 3, "metadata": {}, "worksheets": [{"cells": cells}]}


def odd_json(notebook) -> str:
    whole = text(notebook)
    return whole.replace('"cells": [', '"cells": [], "a": NaN, "b": 1e999, "cells": [', 1)


FULL = EASY.points
handing_in("plain", FULL, text)
handing_in("without_metadata", FULL, edited(no_metadata), "had no metadata")
handing_in("odd_sources", FULL, edited(odd_sources), "source was no text")
handing_in("odd_cells", FULL, edited(odd_cells), "unknown type", "no cell was left out")
handing_in("format_3", FULL, edited(in_format_3))
handing_in("duplicate_keys_and_nan", FULL, odd_json)
handing_in("utf_16", FULL, lambda nb: text(nb).encode("utf-16"), "UTF-16")
handing_in("truncated", 0, lambda nb: text(nb)[:3000], "damaged or not complete")
handing_in("empty", 0, "", "is empty")
handing_in("deep", 0, "[" * 100_000 + "]" * 100_000, "nested too deeply")
handing_in("renamed", FULL, text, "it was read as", file="02_Initialization (1).ipynb")
handing_in("shouted", FULL, text, "it was read as", file=NAME.upper())
handing_in("word", 0, "my homework", "no notebook was handed in", file="homework.docx")


@student(0, "not clear which")
def two_notebooks(folder, notebook):
    for name in ("a.ipynb", "b.ipynb"):
        (folder / name).write_text(text(solved(notebook)))


@student(0, "is a link, which is not followed")
def link_to_a_classmate(folder, notebook):
    (folder / NAME).symlink_to(f"../../plain/{CHAPTER}/{NAME}")


@student(0, "is a link, which is not followed")
def link_to_the_solutions(folder, notebook):
    (folder / NAME).symlink_to(folder.parents[3] / "solutions" / CHAPTER / NAME)


@student(0, "is one file with another")
def one_file_with_the_solutions(folder, notebook):
    os.link(folder.parents[3] / "solutions" / CHAPTER / NAME, folder / NAME)


@student(0, "is one file with another")
def one_file_with_a_classmate(folder, notebook):
    os.link(folder.parents[1] / "plain" / CHAPTER / NAME, folder / NAME)


@student(0, "is a link, which is not followed")
def linked_folder(folder, notebook):
    folder.rmdir()
    folder.symlink_to(f"../plain/{CHAPTER}")


@student(0, "is a link, which is not followed")
def dangling(folder, notebook):
    (folder / NAME).symlink_to("nowhere")


@student(0, "is a folder, not a notebook")
def folder_in_its_place(folder, notebook):
    (folder / NAME).mkdir()
    (folder / NAME / "x.txt").write_text("x")


@student(0, "is a pipe, not a notebook")
def pipe(folder, notebook):
    os.mkfifo(folder / NAME)


@student(FULL, "beside the notebook was left out", "holds no time that can be read")
def odd_files(folder, notebook):
    (folder / NAME).write_text(text(solved(notebook)))
    (folder / "timestamp.txt").write_text("yesterday, after lunch")
    (folder / "data.csv").write_text("1,2")
    (folder / "key.txt").symlink_to("/etc/passwd")
    (folder / "lost.txt").symlink_to("nowhere")
    (folder / f"{CHAPTER}.html").write_text("<script>alert(1)</script>")
    (folder / "line\x1b[31m.txt").write_text("red")
    (folder / "sub").mkdir()
    os.mkfifo(folder / "sub" / "pipe")
    (folder / "loop").symlink_to(".")


@student(FULL, "is a pipe, not a notebook")
def pipe_as_timestamp(folder, notebook):
    (folder / NAME).write_text(text(solved(notebook)))
    os.mkfifo(folder / "timestamp.txt")


# ── Answers in words, and pictures ──────────────────────────────────────────────────

ASKED = {}  # student -> whether a person is asked to look


def answering(manual: bool, *says: str):
    def enroll(change):
        def write(folder, notebook):
            change(solved(notebook))
            (folder / NAME).write_text(text(notebook))

        CLASS[change.__name__] = (write, FULL, says)
        ASKED[change.__name__] = manual
        return change

    return enroll


def position(notebook, grade_id=QUESTION) -> int:
    return next(i for i, c in enumerate(notebook.cells) if c is find(notebook, grade_id))


@answering(False, "No response")
def untouched_answer(notebook):
    pass


@answering(False, "No response")
def emptied_answer(notebook):
    find(notebook, QUESTION).source = " \n"


@answering(True, ANSWER)
def answered(notebook):
    find(notebook, QUESTION).source = ANSWER


@answering(True, ANSWER, "found in a cell of its own")
def answer_in_a_new_cell(notebook):
    notebook.cells[position(notebook)] = new_markdown_cell(ANSWER)


@answering(True, ANSWER, "And more", "found in a cell of its own")
def answer_below_its_cell(notebook):
    at = position(notebook) + 1
    notebook.cells[at:at] = [new_markdown_cell(ANSWER), new_markdown_cell("And more.")]


@answering(True, ANSWER, "found in the question")
def answer_in_the_questions_cell(notebook):
    at = position(notebook)
    notebook.cells[at - 1].source += f"\n\n{ANSWER}"
    del notebook.cells[at]


@answering(True, "another type")
def answer_in_a_code_cell(notebook):
    notebook.cells[position(notebook)] = new_code_cell(ANSWER)


@answering(True, "a person looks for the answer")
def answer_somewhere_else(notebook):
    del notebook.cells[position(notebook)]
    notebook.cells.append(new_markdown_cell(ANSWER))


@answering(True, ANSWER)
def answer_with_pictures(notebook):
    cell = find(notebook, QUESTION)
    links = ["image.png", "my%20plot.png", "gone.png", "evil.svg", "text.png", "a(b).png"]
    cell.source = ANSWER + "\n\n" + "\n\n".join(f"![p](attachment:{name})" for name in links)
    cell.source += '\n\n<img src="attachment:image.png">\n\n![r][1]\n\n[1]: attachment:lost.png'
    svg = "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
    cell["attachments"] = {
        "image.png": {"image/png": PNG},
        "my plot.png": {"image/png": PNG},
        "evil.svg": {"image/svg+xml": svg},
        "text.png": {"image/png": base64.b64encode(svg.encode()).decode()},
    }
    strange = new_markdown_cell("![x](attachment:x.png)")
    strange["attachments"] = ["x.png"]
    notebook.cells.insert(0, strange)


@answering(False, "alert")
def hostile_text(notebook):
    schemes = (
        "javascript:alert(1)", "JAVASCRIPT:alert(1)", "java\tscript:alert(1)", "javascript\\:x",
        "&#x6a;avascript:alert(1)", "&#106;avascript&colon;alert(1)", "java%0ascript:alert(1)",
        "\x01javascript:alert(1)", "vbscript:x", "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml;base64,AAAA", "java\\script:alert(1)", "%6aavascript:alert(1)",
        "java&Tab;script:alert(1)", "java&NewLine;script:alert(1)", "feed:javascript:alert(1)",
        "view-source:javascript:alert(1)", "file:///etc/passwd", "java\u0000script:alert(1)",
    )  # fmt: skip
    for scheme in schemes:
        for form in ("[a]({})", "<{}>", "[a][1]\n\n[1]: {}", "![a]({})", "[a](<{}>)", "{}"):
            notebook.cells.append(new_markdown_cell(form.format(scheme)))
        notebook.cells.append(new_markdown_cell(f'<a href="{scheme}">a</a>'))
    for html in (
        "<svg/onload=alert(1)>", "<script>alert(1)</script>", "<iframe srcdoc='x'>",
        '[a](http://x.org "title\\" onmouseover=alert(1)")', "`<b onclick=alert(1)>`",
        "```\n</pre><script>alert(1)</script>\n```",
        "```mermaid\n<img src=x onerror=alert(1)>\n```",
        "$<img src=x onerror=alert(1)>$",
        "\\begin{equation}<script>alert(1)</script>\\end{equation}",
        "<style>body{display:none}</style>", "<form action=x><input name=q></form>",
        "<!--><img src=x onerror=alert(1)>-->", "<math><mtext><table><mglyph><style><img src=x "
        "onerror=alert(1)></style></mglyph></table></mtext></math>",
        "\x1b[31mred\x1b[0m \u202eright to left\u202c \x9b5m \x00",
    ):  # fmt: skip
        notebook.cells += [new_markdown_cell(html), nbformat.v4.new_raw_cell(html)]
    notebook.cells.append(new_code_cell("# \u202e \x1b[2J"))


# ── Grading the class ───────────────────────────────────────────────────────────────


class Course:
    """A course folder with its own gradebook, and nbgrader to run in it."""

    def __init__(self, root: Path):
        self.home, self.released = root / "autograder", root / "course" / CHAPTER / NAME
        self.home.mkdir()
        shutil.copy(ROOT / "autograder" / "nbgrader_config.py", self.home)
        for folder in ("solutions", "course"):
            shutil.copytree(ROOT / folder / CHAPTER, root / folder / CHAPTER)
        (root / "jupyter").mkdir()
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # for alembic
        self.env = {**os.environ, "JUPYTER_CONFIG_DIR": str(root / "jupyter"), "PATH": path}

    def nbgrader(self, *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=self.home, env=self.env, capture_output=True, text=True, timeout=1500,
        )  # fmt: skip
        assert bool(done.returncode) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def grade(self, who: str, name: str = MARK):
        with Gradebook(f"sqlite:///{self.home / 'gradebook.db'}") as gradebook:
            grade = gradebook.find_grade(name, CHAPTER, CHAPTER, who)
            return grade.auto_score, grade.needs_manual_grade

    def page(self, who: str) -> str:
        return (self.home / "feedback" / who / CHAPTER / f"{CHAPTER}.html").read_text()

    def folder(self, who: str) -> Path:
        return self.home / "submitted" / who / CHAPTER


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    made = Course(tmp_path_factory.mktemp("course"))
    made.nbgrader("generate_assignment", CHAPTER)
    released = nbformat.read(made.released, as_version=4)
    for who, (write, _, _) in CLASS.items():
        made.folder(who).mkdir(parents=True)
        write(made.folder(who), copy.deepcopy(released))
    made.before = everything(made.home / "submitted")
    made.log = made.nbgrader("autograde", CHAPTER)
    made.nbgrader("generate_feedback", CHAPTER)
    return made


def everything(folder: Path) -> dict:
    """What lies in a folder: kinds, targets and contents."""
    return {
        str(path): str(path.readlink()) if path.is_symlink()
        else path.read_bytes() if path.is_file() else path.lstat().st_mode
        for path in sorted(folder.rglob("*"))
    }  # fmt: skip


@pytest.mark.parametrize("who", CLASS)
def test_every_folder_is_graded_and_its_page_says_why(course, who):
    _, points, says = CLASS[who]
    assert course.grade(who)[0] == points
    page = bs4.BeautifulSoup(course.page(who), "html.parser").get_text()
    for each in says:
        assert each in " ".join(page.split()), each


def test_what_was_handed_in_is_as_it_was(course):
    assert everything(course.home / "submitted") == course.before


def test_files_that_would_be_followed_are_not_copied(course):
    copied = {path.name for path in (course.home / "autograded/odd_files" / CHAPTER).iterdir()}
    assert {NAME, "data.csv"} <= copied
    assert not {"key.txt", "lost.txt", f"{CHAPTER}.html", "loop"} & copied
    assert "alert(1)" not in course.page("odd_files")


@pytest.mark.parametrize("who", ASKED)
def test_a_person_is_asked_where_there_may_be_an_answer(course, who):
    assert course.grade(who, QUESTION) == ((None, True) if ASKED[who] else (0, False))
    assert course.grade(who, OTHER) == (0, False)


def test_the_log_and_the_pages_hold_no_escape_sequences(course):
    for shown in (course.log, *map(course.page, CLASS)):
        assert not set(shown) & set("\x00\x07\x1b\x9b\u202e\u2066")


def active(page: str) -> list[str]:
    """Whatever a browser would run, or go to with more than a click on a plain link."""
    soup = bs4.BeautifulSoup(page, "html.parser").find(id="notebook-container")
    tags = ["script", "iframe", "svg", "style", "form", "object"]
    found = [str(tag)[:200] for tag in soup.find_all(tags)]
    for tag in soup.find_all(True):
        for name, value in tag.attrs.items():
            link = "".join(str(value).split()).lower()
            if name.startswith("on") or (
                name in ("href", "src", "action")
                and ":" in re.split("[/?#]", link)[0]
                and not link.startswith(("http:", "https:", "mailto:", "data:image/png;"))
            ):
                found.append(str(tag)[:200])
    return found


def test_nothing_that_a_student_writes_acts(course):
    clean = active(course.page("plain"))
    for who in ("hostile_text", "answer_with_pictures", "odd_files"):
        assert [each for each in active(course.page(who)) if each not in clean] == []


def test_pictures_stay_and_what_is_none_is_a_sentence(course):
    page = bs4.BeautifulSoup(course.page("answer_with_pictures"), "html.parser")
    sources = [tag["src"] for tag in page.find_all("img")]
    assert sources.count(f"data:image/png;base64,{PNG}") == 2
    assert not [source for source in sources if "attachment" in source]
    assert page.get_text().count("A picture stood here") == 5


@pytest.mark.parametrize("who", ["answer_with_pictures", "hostile_text", "pipe"])
def test_formgraders_page_shows_it_too(course, who):
    """With the exporter that Formgrader's handler builds from the same configuration."""
    config = Config()
    configure(config)
    templates = Path(sys.modules[NbGraderAPI.__module__].__file__).parents[1]
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [
        str(templates / "server_extensions" / "formgrader" / "templates")
    ]
    path = course.home / "autograded" / who / CHAPTER / NAME
    resources = dict(index=0, total=1, base_url="", notebook_path="", submission_id="x",
                     assignment_id=CHAPTER, notebook_id=CHAPTER, last_name="", first_name="",
                     student=who)  # fmt: skip
    page, _ = HTMLExporter(config=config).from_filename(str(path), resources=resources)
    assert "notebook-container" in page
    plain = active(course.page("plain"))
    assert [each for each in active(page) if each not in plain] == []


def through_the_api(course, monkeypatch) -> NbGraderAPI:
    """What Formgrader's buttons call."""
    monkeypatch.chdir(course.home)
    monkeypatch.setenv("PATH", course.env["PATH"])
    config = Config()
    configure(config)
    config.CourseDirectory.root = str(course.home)
    return NbGraderAPI(CourseDirectory(config=config), config=config)


@pytest.mark.parametrize("who", ["pipe", "shouted", "odd_files", "linked_folder"])
def test_formgraders_button_grades_it_alike(course, monkeypatch, who):
    done = through_the_api(course, monkeypatch).autograde(CHAPTER, who)
    assert done["success"], done
    assert course.grade(who)[0] == CLASS[who][1]


def test_grading_again_renews_the_page(course):
    """As docs/instructors.md says it: two commands, nothing else."""
    note = course.home / "feedback" / "plain" / CHAPTER / "remarks-of-the-instructor.txt"
    note.write_text("well done")
    mended = solved(nbformat.read(course.released, as_version=4))
    mended.cells.insert(0, new_markdown_cell("A second version."))
    (course.folder("plain") / NAME).write_text(text(mended))
    course.nbgrader("autograde", "--force", CHAPTER, "--student", "plain")
    course.nbgrader("generate_feedback", CHAPTER, "--student", "plain")
    assert "A second version." in course.page("plain")
    assert note.read_text() == "well done"
    assert not list((course.home / "feedback" / "plain").glob(".*"))


def test_a_release_that_is_refused_leaves_the_old_one(course):
    source = course.home.parent / "solutions" / CHAPTER / NAME
    before, whole = course.released.read_text(), source.read_bytes()
    changed = nbformat.read(source, as_version=4)
    changed.cells = [c for c in changed.cells if c.get("id") != MARK]
    source.write_text(text(changed))
    log = course.nbgrader("generate_assignment", CHAPTER, fails=True)
    assert "Cannot add or remove cells" in log
    assert course.released.read_text() == before
    assert [path.name for path in course.released.parents[1].iterdir()] == [CHAPTER]
    source.write_bytes(whole)
    course.nbgrader("generate_assignment", CHAPTER)
    assert course.released.read_text() == before
