"""The working copy's front page: the chapters, how far one is in each, and where to go on.

`index.ipynb` holds the page as it was when something was last marked or predicted; its one
cell shows it anew.  It is written by us alone and can be lost at any time.
"""

import contextlib
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from autograder.answers import ANSWERS, settled
from autograder.contents import Chapter, Task, contents
from autograder.links import FRONT_PAGE, GLOSSARY, solved_name
from autograder.marks import Mark, read_marks
from autograder.markup import coded
from autograder.ours import notebook, put, text_cell
from autograder.progress_file import recall, working_copy

PAGE = "front page"  # what the notebook is called in its metadata
INTRODUCTION = f"""# Steady Gradients

A course on training deep networks. Each chapter is a notebook: you predict, run, and write
functions that are marked at once. The words of the course are explained in its
[glossary]({GLOSSARY})."""
AFTERWORDS = """The page is as new as your last mark. If it was open since, click the line above
that says how far you are, and press Shift+Enter.

All that the course remembers of you is in the file `.progress.json` beside this page. Delete
it to begin anew; your notebooks stay as they are."""
SOURCE = "# Run this cell for today's page.\nfrom autograder.front_page import show\n\nshow()"

CARD = "border-left:4px solid {};padding:0.1em 0 0.2em 0.9em;margin:0.9em 0"
LEAD = "font-size:1.2em;line-height:1.35;margin:0.3em 0"
LINE = "margin:0.15em 0"
BAR = "height:6px;max-width:24em;background-color:#80808055;margin:0.3em 0"
DONE = "height:6px;width:{:.0f}%;background-color:#009E73"
NEW, BEGUN, RIGHT = "#808080", "#0072B2", "#009E73"  # Okabe and Ito (2008)


class Standing(NamedTuple):
    """How far one is in a chapter."""

    chapter: Chapter
    marks: dict[str, Mark]  # of its exercises, by id
    shown: frozenset[str]  # exercises whose solution was shown
    right: int  # predictions
    tried: int

    @property
    def points(self) -> float:
        asked = {task.id for task in self.chapter.tasks if not task.bonus}
        return sum(mark.score for key, mark in self.marks.items() if key in asked)

    @property
    def of(self) -> float:
        return sum(task.points for task in self.chapter.tasks if not task.bonus)

    @property
    def left(self) -> list[Task]:
        """The exercises that are not right yet, but for those of bonus."""
        done = {key for key, mark in self.marks.items() if mark.right}
        return [task for task in self.chapter.tasks if task.id not in done and not task.bonus]

    @property
    def begun(self) -> bool:
        return bool(self.marks or self.tried)

    @property
    def latest(self) -> str:
        """When something was marked last, and what it was."""
        return max((mark.when for mark in self.marks.values()), default="")


def standings(folder: Path | None = None) -> list[Standing]:
    """How far one is in every chapter; what else the progress file holds is passed by."""
    marks, shown = recall("marks", folder), recall("shown", folder)
    answers = recall(ANSWERS, folder)
    every = []
    for chapter in contents():
        points = {task.id: task.points for task in chapter.tasks}
        right = settled(answers, chapter.stem)[: chapter.predictions]
        seen = frozenset(key for key in points if shown.get(key) is True)
        every.append(Standing(chapter, read_marks(marks, points), seen, sum(right), len(right)))
    return every


def onward(every: list[Standing]) -> tuple[str, str, str]:
    """Where to go on: what to say, the link, and its text.

    That is the chapter of the last mark, or the first behind it in which something is left.
    """
    begun = [standing for standing in every if standing.begun]
    if not begun:
        return "Begin here:", every[0].chapter.path, every[0].chapter.title
    last = max(begun, key=lambda each: (each.latest, every.index(each)))
    here = every.index(last)
    for standing in (*every[here:], *every[:here]):
        if standing.left:
            return "Continue here:", *_next(standing)
    return (
        "Everything is right. You may read again:",
        every[0].chapter.path,
        every[0].chapter.title,
    )


def _next(standing: Standing) -> tuple[str, str]:
    chapter = standing.chapter
    if not standing.marks:
        return chapter.path, chapter.title
    latest = max(standing.marks, key=lambda key: standing.marks[key].when)
    place = [task.id for task in chapter.tasks].index(latest)
    order = [*chapter.tasks[place:], *chapter.tasks[:place]]
    task = next(task for task in order if task in standing.left)
    cell = task.id.replace(".", "-")
    return f"{chapter.path}#cell-id={cell}", f"{task.name}, in {chapter.title}"


# ── The page ────────────────────────────────────────────────────────────────────────


def page(folder: Path | None = None) -> str:
    """The page as HTML, in the page's own colours."""
    every = standings(folder)
    say, address, name = onward(every)
    cards = "".join(_card(standing, folder) for standing in every)
    link = f'<a href="{escape(address)}"><strong>{escape(name)}</strong></a>'
    lead = f'<p style="{LEAD}">{say} {link}</p><p style="{LINE}">{_sum(every)}</p>'
    return f"<div>{lead}{cards}</div>"


def _sum(every: list[Standing]) -> str:
    points = f"{_number(sum(s.points for s in every))} of {_number(sum(s.of for s in every))}"
    return f"{points} points in all chapters"


def _card(standing: Standing, folder: Path | None) -> str:
    chapter = standing.chapter
    colour = NEW if not standing.begun else BEGUN if standing.left else RIGHT
    share = 100 * standing.points / standing.of if standing.of else 0
    abilities = "".join(f"<li>{coded(each)}</li>" for each in chapter.abilities)
    return (
        f'<div style="{CARD.format(colour)}">'
        f'<p style="{LINE}"><a href="{escape(chapter.path)}"><strong>{escape(chapter.title)}'
        f"</strong></a> · {escape(_lower(chapter.time))}</p>"
        f'<div style="{BAR}"><div style="{DONE.format(share)}"></div></div>'
        f'<p style="{LINE}">{_done(standing)}{_solved(chapter, folder)}</p>'
        f"<details><summary>After it you can …</summary><ul>{abilities}</ul></details></div>"
    )


def _done(standing: Standing) -> str:
    """Points, those of bonus exercises, predictions, and what was shown."""
    bonus = [task for task in standing.chapter.tasks if task.bonus]
    earned = sum(standing.marks[t.id].score for t in bonus if t.id in standing.marks)
    said = [f"{_number(standing.points)} of {_number(standing.of)} points"]
    if earned:
        said.append(f"{_number(earned)} of bonus")
    if standing.chapter.predictions:
        of = f"{standing.right} of {standing.chapter.predictions} predictions right"
        said.append(of + f" ({standing.tried} tried)" * bool(standing.tried))
    if standing.shown:
        names = [t.name for t in standing.chapter.tasks if t.id in standing.shown]
        said.append(f"solution shown: {', '.join(f'<code>{escape(n)}</code>' for n in names)}")
    return " · ".join(said)


def _solved(chapter: Chapter, folder: Path | None) -> str:
    """A link to the solved notebook, where it lies in the working copy."""
    place = solved_name(chapter.stem)
    if folder is None or not (folder / place).is_file():
        return ""
    return f' · <a href="{escape(place)}">solved notebook</a>'


def _number(points: float) -> str:
    return f"{round(points, 2):g}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


# ── The notebook ────────────────────────────────────────────────────────────────────


class Shown(NamedTuple):
    """The page as a notebook shows it."""

    folder: Path | None

    def __repr__(self) -> str:
        say, address, name = onward(standings(self.folder))
        return f"{say} {name} ({address})"

    def _repr_html_(self) -> str:
        return page(self.folder)


def show() -> Shown:
    """The page as things stand now."""
    return Shown(working_copy())


def front_page(folder: Path) -> dict[str, Any]:
    """The notebook, with the page in it."""
    shown = Shown(folder)
    output = {
        "output_type": "execute_result",
        "execution_count": None,
        "metadata": {},
        "data": {"text/html": shown._repr_html_(), "text/plain": repr(shown)},
    }
    cell = {
        "cell_type": "code",
        "id": "front-page",
        "metadata": {"jupyter": {"source_hidden": True}},
        "execution_count": None,
        "outputs": [output],
        "source": SOURCE,
    }
    return notebook([text_cell(INTRODUCTION), cell, text_cell(AFTERWORDS)], PAGE)


def refresh(folder: Path | None = None) -> None:
    """Write the page anew, if there is a working copy and its `index.ipynb` is ours."""
    folder = folder or working_copy()
    if folder is not None:
        with contextlib.suppress(OSError):
            put(front_page(folder), folder / FRONT_PAGE)
