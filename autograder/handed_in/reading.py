"""What a file holds, read as a notebook whatever it is.

What can be read is brought into the present format, with only those parts that grading uses:
sources, types, marks and pictures.  What cannot be read raises `UnreadableError`, whose text
is for the student.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from autograder.exercises import EXERCISES
from autograder.handed_in.definitions import defines
from autograder.handed_in.defusing import keep_pictures
from autograder.handed_in.files import UnreadableError

MOST_CELLS = 5_000
DIGITS = 300  # of a number: Python refuses, or takes long over, thousands
NEW = {"markdown": new_markdown_cell, "raw": new_raw_cell, "code": new_code_cell}


def notebook(data: bytes) -> tuple[NotebookNode, list[str]]:
    """The notebook that a file holds, and what had to be mended to read it."""
    text, notes = _text(data)
    loaded = _json(text)
    cells = list(_cells(loaded))
    if not cells:
        raise UnreadableError("has no cells")
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
    said = f"the file was in {encoding.upper()}, not in UTF-8; it was read all the same."
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
        keep_pictures(cell)
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
