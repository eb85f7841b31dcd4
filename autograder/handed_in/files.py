"""Which file was handed in, and of what kind: nothing is followed or waited for."""

import errno
import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

LARGEST = 64 * 2**20  # bytes of a notebook
KINDS = (
    (stat.S_ISLNK, "is a link, which is not followed"),
    (stat.S_ISDIR, "is a folder, not a notebook"),
    (stat.S_ISFIFO, "is a pipe, not a notebook"),
    (stat.S_ISSOCK, "is a socket, not a notebook"),
    (lambda mode: not stat.S_ISREG(mode), "is a device, not a notebook"),
)


class UnreadableError(Exception):
    """Why a file cannot be graded: a sentence without its subject."""


def regular(path: Path) -> os.stat_result:
    """What the file system says of a plain file; an `UnreadableError` for anything else."""
    try:
        found = path.lstat()
    except (OSError, ValueError) as error:
        raise UnreadableError("is not there") from error
    for is_kind, says in KINDS:
        if is_kind(found.st_mode):
            raise UnreadableError(says)
    return found


def content(path: Path, most: int = LARGEST) -> bytes:
    """The bytes of a plain file; never waits for one that is none."""
    size = regular(path).st_size
    if size > most:
        size, most = (f"{bytes_ / 2**20:.0f}" for bytes_ in (size, most))
        raise UnreadableError(f"holds {size} MiB; at most {most} are read")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({errno.errorcode[error.errno]})") from error


def handed_in(path: Path, others: Collection[str] = ()) -> tuple[Path, str]:
    """The file to read for the notebook `path`, and what to say where it is another one.

    Where it is missing, and one notebook lies there, that one was renamed.  `others` are
    names of notebooks that the assignment has besides.
    """
    if os.path.lexists(path):
        return path, ""
    found = [p for p in candidates(path.parent) if p.name not in others]
    if len(found) == 1:
        name = found[0].name
        return found[0], f"the notebook was named {name!r}; it was read as {path.name!r}."
    if found:
        names = ", ".join(repr(each.name) for each in found[:5])
        says = f"is not there, and it is not clear which of these it is: {names}"
        raise UnreadableError(says)
    raise UnreadableError("is not there: no notebook was handed in")


def candidates(folder: Path) -> list[Path]:
    """The notebooks in a folder, or else in the folders in it."""
    for pattern in ("*", "*/*"):
        found = [
            path for path in sorted(folder.glob(pattern))
            if ".ipynb" in path.name.lower() and not path.name.startswith(".")
            and not path.parent.name.startswith(".") and not path.parent.is_symlink()
            and path.is_file() and not path.is_symlink()
        ]  # fmt: skip
        if found:
            return found
    return []


def twin_of(path: Path, places: Iterable[Path]) -> Path | None:
    """Another name of the same file, where the file has several."""
    mine = path.lstat()
    if mine.st_nlink < 2:
        return None
    for other in places:
        try:
            theirs = other.lstat()
        except OSError:
            continue
        if other != path and (mine.st_dev, mine.st_ino) == (theirs.st_dev, theirs.st_ino):
            return other
    return None


def link_on_the_way(folder: Path) -> str:
    """Which of the student's and the assignment's folder is a link, if one is."""
    for path in (folder, folder.parent):
        if path.is_symlink():
            return f"the folder {path.name!r}"
    return ""
