"""What a student handed in, as a notebook to grade, with notes on how it came to be one.

Nothing in the folder is followed, moved or changed.  Where nothing can be graded, a notebook
without any cell stands in, and `Repair` fills it with what was released: no points, and the
reason on the page.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_notebook
from nbgrader.coursedir import CourseDirectory

from autograder.handed_in.beside import odd_files, stamp
from autograder.handed_in.files import (
    UnreadableError,
    candidates,
    content,
    handed_in,
    link_on_the_way,
    regular,
    twin_of,
)
from autograder.handed_in.reading import notebook

MOST_NOTES = 5  # on files beside the notebook


def received(
    path: Path, coursedir: CourseDirectory, others: Collection[str] = ()
) -> tuple[NotebookNode, list[str]]:
    """The notebook to grade in place of the file `path`, and what to say about it.

    `others` are the names of the assignment's other notebooks.
    """
    beside = _beside(path.parent)
    try:
        nb, notes = _read(path, coursedir, others)
    except UnreadableError as error:
        nb = new_notebook(metadata={"language_info": {"name": "python"}})
        notes = [
            f"{path.name!r} {error}. So there was nothing to grade, and what follows is the "
            "notebook as it was handed out. Ask whoever grades how to hand it in again."
        ]
    return nb, notes + beside


def _read(path: Path, coursedir: CourseDirectory, others: Collection[str]):
    if linked := link_on_the_way(path.parent):
        raise UnreadableError(f"was not read: {linked} is a link, which is not followed")
    chosen, renamed = handed_in(path, others)
    try:
        nb, notes = _open(chosen, coursedir)
    except UnreadableError as error:
        spare = [p for p in candidates(path.parent) if p != chosen and p.name not in others]
        if len(spare) != 1:
            raise
        nb, notes = _open(spare[0], coursedir)
        renamed = f"{chosen.name!r} {error}; {spare[0].name!r} was read instead."
    return nb, [renamed, *notes] if renamed else notes


def _open(path: Path, coursedir: CourseDirectory) -> tuple[NotebookNode, list[str]]:
    regular(path)
    twin = twin_of(path, _others(coursedir))
    if twin and not _came_first(path, twin):
        raise UnreadableError("is one file with another notebook, which is not followed")
    return notebook(content(path))


def _others(coursedir: CourseDirectory) -> Iterator[Path]:
    """Every notebook of the course that a submission may be another name of."""
    for step in ("source", "release", "submitted", "autograded"):
        step = getattr(coursedir, f"{step}_directory")
        yield from (Path(coursedir.root) / step).rglob("*.ipynb")


def _came_first(path: Path, twin: Path) -> bool:
    """Of two names of a file in two submissions: the folder that it was put into first.

    A name outside the students' folders was there before any of theirs.
    """
    if path.parents[2] != twin.parents[2]:
        return False
    return path.parent.stat().st_mtime_ns < twin.parent.stat().st_mtime_ns


def _beside(folder: Path) -> list[str]:
    notes = [
        "the files beside the notebook were left out: " + why + "." if name == "*"
        else f"the file {name!r} beside the notebook was left out: {why}."
        for name, why in odd_files(folder)[:MOST_NOTES]
    ]  # fmt: skip
    if link_on_the_way(folder):
        return notes
    try:
        stamp(folder)
    except UnreadableError as error:
        notes.append(f"'timestamp.txt' {error}; the time of handing in counts as not known.")
    return notes
