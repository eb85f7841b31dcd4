"""A file that was handed in, read as a notebook whatever it is; nothing is followed or changed.

What can be read is brought into the present format, with only those parts that grading uses:
sources, types, marks and pictures.  What cannot be read raises `UnreadableError`, whose text
is for the student.
"""

import errno
import json
import os
import re
import stat
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.definitions import defines
from autograder.exercises import EXERCISES

LARGEST = 64 * 2**20  # bytes of a notebook
MOST_CELLS = 5_000
DIGITS = 300  # of a number: Python refuses, or takes long over, thousands
NEW = {"markdown": new_markdown_cell, "raw": new_raw_cell, "code": new_code_cell}
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
        raise UnreadableError(f"holds {size / 2**20:.0f} MiB; at most {most / 2**20:.0f} are read")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        with os.fdopen(os.open(path, flags), "rb") as file:
            return file.read(most)
    except OSError as error:
        raise UnreadableError(f"cannot be opened ({errno.errorcode[error.errno]})") from error


def notebook(data: bytes) -> tuple[NotebookNode, list[str]]:
    """The notebook that a file holds, and what had to be mended to read it."""
    text, notes = _text(data)
    loaded = _json(text)
    cells = list(_cells(loaded))
    if len(cells) > MOST_CELLS:
        raise UnreadableError(f"has {len(cells)} cells; at most {MOST_CELLS} are read")
    nb = new_notebook(metadata={"language_info": {"name": "python"}})
    ids: set[str] = set()
    for raw in cells:
        if isinstance(raw, dict):
            nb.cells.append(_cell(raw, ids, notes))
        else:
            notes.append("something that is no cell was left out.")
    if not isinstance(loaded.get("metadata"), dict):
        notes.append("the notebook had no metadata; it was read all the same.")
    return nb, list(dict.fromkeys(notes))


def _text(data: bytes) -> tuple[str, list[str]]:
    if not data.strip(b" \t\r\n\0"):
        raise UnreadableError("is empty")
    encoding = json.detect_encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        if b"\0" in data[:1000]:
            raise UnreadableError("is no notebook: it holds no text") from None
        said = "the file was not in UTF-8; characters that could not be read were replaced."
        return data.decode("utf-8", "replace"), [said]
    said = f"the file was in {encoding.upper()}; notebooks are in UTF-8. It was read all the same."
    return text, [said] if encoding.startswith(("utf-16", "utf-32")) else []


def _json(text: str) -> dict:
    beginning = text.lstrip()[:200].lower()
    try:
        loaded = json.loads(text, parse_int=_number, parse_constant=lambda _: None)
    except RecursionError:
        raise UnreadableError("is nested too deeply to be read") from None
    except ValueError as error:
        if beginning.startswith(("<!doctype", "<html", "<?xml", "<")):
            says = "is a web page, not a notebook; hand in the file whose name ends in .ipynb"
        elif re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
            says = "holds marks of a merge that was not finished (<<<<<<<)"
        elif beginning.startswith("{"):
            says = f"is damaged or not complete ({error})"
        else:
            says = "is no notebook"
        raise UnreadableError(says) from None
    if not isinstance(loaded, dict):
        kind = "a list" if isinstance(loaded, list) else "a single value"
        raise UnreadableError(f"is no notebook: it holds {kind}")
    return loaded


def _number(digits: str) -> int:
    return int(digits) if len(digits) <= DIGITS else 0


def _cells(loaded: dict) -> Iterator[Any]:
    """The cells, also of formats before the fourth, where they lay in worksheets."""
    if isinstance(loaded.get("cells"), list):
        yield from loaded["cells"]
    elif isinstance(sheets := loaded.get("worksheets"), list):
        for sheet in sheets:
            inside = sheet.get("cells") if isinstance(sheet, dict) else None
            yield from inside if isinstance(inside, list) else []
    else:
        raise UnreadableError("is no notebook: it has no cells")


def _cell(raw: dict, ids: set[str], notes: list[str]) -> NotebookNode:
    said = raw.get("source", raw.get("input", raw.get("text", "")))
    source = _source(said)
    if source is None:
        notes.append("a cell's source was no text; the cell was taken as empty.")
        source = ""
    kind, source = _kind(raw, source, notes)
    cell = NEW[kind](source, metadata=_mark(raw.get("metadata")))
    claimed = raw.get("id")
    if isinstance(claimed, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", claimed):
        cell["id"] = claimed if claimed not in ids else cell["id"]
    ids.add(cell["id"])
    if kind != "code" and raw.get("attachments"):
        cell["attachments"] = raw["attachments"]
    return cell


def _source(said: Any) -> str | None:
    if isinstance(said, list) and all(isinstance(line, str) for line in said):
        said = "".join(said)
    return said.encode("utf-8", "replace").decode() if isinstance(said, str) else None


def _kind(raw: dict, source: str, notes: list[str]) -> tuple[str, str]:
    kind = raw.get("cell_type")
    if isinstance(kind, str) and kind in NEW:
        return kind, source
    if kind == "heading":  # of the third format
        level = raw.get("level")
        return "markdown", "#" * (level if level in range(1, 7) else 1) + " " + source
    notes.append("a cell of an unknown type was read as code or text, whichever it looks like.")
    code = new_code_cell(source)
    return (
        "code" if any(defines(code, each.name) for each in EXERCISES.values()) else "raw"
    ), source


def _mark(metadata: Any) -> dict:
    """nbgrader's mark alone, and of it what can be compared."""
    if not isinstance(metadata, dict) or "nbgrader" not in metadata:
        return {}
    claimed = metadata["nbgrader"]
    claims = claimed.items() if isinstance(claimed, dict) else ()
    return {"nbgrader": {k: v for k, v in claims if isinstance(v, str | int | float | bool)}}


# ── Which file ──────────────────────────────────────────────────────────────────────


def handed_in(path: Path, others: Collection[str] = ()) -> tuple[Path, str]:
    """The file to read for the notebook `path`, and what to say where it is another one.

    Where it is missing, and one notebook lies there, that one was renamed.  `others` are
    names of notebooks that the assignment has besides.
    """
    if os.path.lexists(path):
        return path, ""
    found = [p for p in candidates(path.parent) if p.name not in others]
    if len(found) == 1:
        return found[0], f"the notebook was named {found[0].name!r}; it was read as {path.name!r}."
    if found:
        names = ", ".join(repr(each.name) for each in found[:5])
        raise UnreadableError(f"is not there, and it is not clear which of these it is: {names}")
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
