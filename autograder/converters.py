"""Habits of nbgrader's converters that no setting changes, changed by `teach`.

nbgrader names its converters in code, so they are taught here, once in a process:
- what was made before is put back when making it anew fails (release, feedback);
- every folder that was handed in is graded, whatever lies in it;
- files beside a notebook that cannot be copied, or would be followed, are left out;
- a timestamp that cannot be read counts as none.
"""

import contextlib
import functools
import glob
import logging
import os
import shutil
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateAssignment, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.coursedir import CourseDirectory

from autograder.handed_in.beside import odd_files, stamp
from autograder.handed_in.defusing import in_a_line, seen
from autograder.handed_in.files import UnreadableError

MARK = "_knows_steady_gradients"


def teach() -> None:
    """Change nbgrader's converters in this process; a second call does nothing."""
    if hasattr(Autograde, MARK):
        return
    setattr(Autograde, MARK, True)
    Autograde.init_notebooks = _every_folder(Autograde.init_notebooks)
    BaseConverter.init_assignment = _without_odd_files(BaseConverter.init_assignment)
    CourseDirectory.get_existing_timestamp = _timestamp
    for converter in (GenerateAssignment, GenerateFeedback):
        converter.init_destination = _keeping(converter.init_destination)
        converter.convert_notebooks = _putting_back(converter.convert_notebooks)


# ── Nothing is lost when making it anew fails ───────────────────────────────────────


def _keeping(init_destination):
    @functools.wraps(init_destination)
    def init(self, assignment_id: str, student_id: str) -> bool:
        there = Path(os.path.normpath(self._format_dest(assignment_id, student_id)))
        kept = there.with_name(f".{there.name}.before")
        if kept.exists() and not there.exists():  # of a run that was cut off
            kept.rename(there)
        shutil.rmtree(kept, ignore_errors=True)
        if there.exists():
            shutil.copytree(there, kept, symlinks=True)
            self.__dict__.setdefault("_kept", {})[there] = kept
        return init_destination(self, assignment_id, student_id)

    return init


def _putting_back(convert_notebooks):
    @functools.wraps(convert_notebooks)
    def convert(self) -> None:
        try:
            convert_notebooks(self)
        finally:
            for there, kept in self.__dict__.pop("_kept", {}).items():
                _put_back(kept, there, all_of_it=isinstance(self, GenerateFeedback))

    return convert


def _put_back(kept: Path, there: Path, all_of_it: bool) -> None:
    """The old in place of what was not made; `all_of_it`: files of the instructor's, too."""
    if not there.exists():
        kept.rename(there)
        return
    for path in sorted(kept.rglob("*")) if all_of_it else ():
        target = there / path.relative_to(kept)
        if path.is_file() and not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    shutil.rmtree(kept)


# ── Every folder that was handed in is graded ───────────────────────────────────────


class Legible(logging.Filter):
    """Log lines without control characters: names of folders and files are students'."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(in_a_line(a) if isinstance(a, str) else a for a in record.args)
        record.msg, record.args = seen(record.getMessage()), ()
        return True


LEGIBLE = Legible()


def _every_folder(init_notebooks):
    @functools.wraps(init_notebooks)
    def init(self) -> None:
        getattr(self.log, "logger", self.log).addFilter(LEGIBLE)
        names = _recorded(self)
        found = glob.glob(_folders(self))  # noqa: PTH207  (nbgrader takes names, as text)
        folders = [folder for folder in found if not _is_empty(Path(folder))]
        if not names or not folders:
            init_notebooks(self)  # it knows what to say
            return
        self.assignments = {
            folder: [str(Path(folder, f"{name}.ipynb")) for name in names] for folder in folders
        }

    return init


def _folders(self) -> str:
    return self._format_source(self.coursedir.assignment_id, self.coursedir.student_id)


def _recorded(self) -> list[str]:
    """The notebooks that were released under this assignment's name."""
    with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
        try:
            found = gradebook.find_assignment(self.coursedir.assignment_id).notebooks
        except MissingEntry:
            return []
        names = [each.name for each in found]
    return [name for name in names if fnmatch(name, self.coursedir.notebook_id)]


def _is_empty(folder: Path) -> bool:
    """Whether a folder was only made ready: nothing was handed in yet."""
    return folder.is_dir() and not folder.is_symlink() and not any(folder.iterdir())


# ── Files beside the notebook ───────────────────────────────────────────────────────


def _without_odd_files(init_assignment):
    @functools.wraps(init_assignment)
    def init(self, assignment_id: str, student_id: str) -> None:
        folder = Path(self._format_source(assignment_id, student_id))
        odd = odd_files(folder) if isinstance(self, Autograde) else []
        with _ignoring(self.coursedir, [name for name, _ in odd]):
            init_assignment(self, assignment_id, student_id)

    return init


@contextlib.contextmanager
def _ignoring(coursedir: CourseDirectory, names: list[str]) -> Iterator[None]:
    before = coursedir.ignore
    coursedir.ignore = [*before, *(n if n == "*" else glob.escape(n) for n in set(names))]
    try:
        yield
    finally:
        coursedir.ignore = before


# ── Timestamps ──────────────────────────────────────────────────────────────────────


def _timestamp(self, dest_path: str):
    """When a submission was handed in; None where no file says so that can be read."""
    try:
        return stamp(Path(dest_path))
    except UnreadableError as error:
        self.log.warning("%s: timestamp.txt %s; it counts as none", dest_path, error)
        return None
