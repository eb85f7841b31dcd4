"""A file that was handed in, read as a notebook whatever it is."""

import json
import os
import threading

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.handed_in.files import LARGEST, UnreadableError, content, handed_in, twin_of
from autograder.handed_in.reading import DIGITS, MOST_CELLS, notebook

WHOLE = new_notebook(cells=[new_markdown_cell("# Title ü"), new_code_cell("x = 1\nx")])
TEXT = nbformat.writes(WHOLE)


def sources(data) -> list[str]:
    nb, _ = notebook(data if isinstance(data, bytes) else data.encode())
    nbformat.validate(nb)
    return [cell.source for cell in nb.cells]


def with_cells(*cells) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_every_encoding_of_json_is_read(encoding):
    assert sources(TEXT.encode(encoding)) == ["# Title ü", "x = 1\nx"]


def test_what_is_no_utf_8_is_read_with_signs_in_its_place():
    nb, notes = notebook(TEXT.replace("\\u00fc", "ü").encode("latin-1"))
    assert nb.cells[0].source == "# Title \ufffd"
    assert "characters that could not be read" in notes[0]


@pytest.mark.parametrize(
    "source", [7, None, True, {}, ["a", 3], [["a"]], float("nan")], ids=repr
)
def test_a_source_that_is_no_text_is_no_source(source):
    nb, notes = notebook(with_cells({"cell_type": "code", "source": source}).encode())
    assert nb.cells[0].source == ""
    assert notes == ["a cell's source was no text; the cell was taken as empty."]


@pytest.mark.parametrize("metadata", [None, 3, [], "x", {"nbgrader": []}, {"tags": ["x"]}])
def test_of_metadata_only_a_mark_is_read(metadata):
    cell = {"cell_type": "code", "source": "", "metadata": metadata}
    nb, _ = notebook(with_cells(cell).encode())
    assert nb.cells[0].metadata == ({"nbgrader": {}} if metadata == {"nbgrader": []} else {})


def test_a_mark_keeps_what_can_be_compared():
    mark = {"grade_id": "a", "points": 3, "deep": {"er": 1}}
    nb, _ = notebook(
        with_cells({"cell_type": "code", "source": "", "metadata": {"nbgrader": mark}}).encode()
    )
    assert nb.cells[0].metadata.nbgrader == {"grade_id": "a", "points": 3}


def test_cells_of_unknown_types_are_code_where_they_answer_an_exercise():
    cells = ({"cell_type": "x", "source": s} for s in ("def depth_limit(): return 1", "words"))
    nb, notes = notebook(with_cells(*cells, 3, None, [[]]).encode())
    assert [cell.cell_type for cell in nb.cells] == ["code", "raw"]
    assert len(notes) == 2


def test_ids_are_kept_where_they_can_be_and_are_made_where_not():
    ids = ("good", "good", "bad id", 3, None)
    cells = ({"cell_type": "raw", "source": "", "id": each} for each in ids)
    nb, _ = notebook(with_cells(*cells).encode())
    assert nb.cells[0].id == "good"
    assert len({cell.id for cell in nb.cells}) == 5


def test_half_characters_can_be_written():
    (source,) = sources(with_cells({"cell_type": "code", "source": "x = '\ud800'"}))
    assert source == "x = '?'"


@pytest.mark.parametrize("field", ["input", "source"])
def test_formats_with_worksheets_are_read(field):
    cells = [
        {"cell_type": "heading", "level": 2, "source": ["Title"]},
        {"cell_type": "code", "language": "python", field: "x"},
    ]
    old = {"nbformat": 3, "worksheets": [{"cells": cells}, 3, {"cells": 4}]}
    assert sources(json.dumps(old)) == ["## Title", "x"]


UNREADABLE = {
    "empty": ("", "is empty"),
    "blank": (" \n\0\0", "is empty"),
    "truncated": (TEXT[:100], "damaged or not complete"),
    "a page": ("<!DOCTYPE html><p>", "is a web page"),
    "a list": ("[]", "holds a list"),
    "a value": ("3", "holds a single value"),
    "no cells": ("{}", "has no cells"),
    "an empty list of cells": ('{"cells": []}', "has no cells"),
    "cells are none": ('{"cells": {"a": 1}}', "has no cells"),
    "deep": ("[" * 10**6, "nested too deeply"),
    "deep inside": ('{"cells": [{"a": ' + "[" * 10**5, "nested too deeply"),
    "words": ("my homework", "is no notebook"),
    "a merge": ("{\n<<<<<<< HEAD\n", "marks of a merge"),
    "binary": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is no notebook"),
    "many cells": (with_cells(*[{}] * (MOST_CELLS + 1)), "5001 cells"),
}


@pytest.mark.parametrize(("data", "says"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_says_why(data, says):
    with pytest.raises(UnreadableError, match=says):
        sources(data)


def test_numbers_of_any_length_are_read_at_once():
    long = '{"cells": [{}], "a": 1' + "0" * 10**6 + ', "b": NaN, "c": -Infinity}'
    assert DIGITS < 4300, "beyond this Python refuses"
    assert sources(long) == [""]


# ── Which file, and what kind of one ────────────────────────────────────────────────


def test_only_a_plain_file_is_opened(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    os.mkfifo(tmp_path / "pipe")
    for name, says in (
        ("folder", "is a folder"), ("link", "is a link"), ("pipe", "is a pipe"),
        ("nothing", "is not there"),
    ):  # fmt: skip
        with pytest.raises(UnreadableError, match=says):
            content(tmp_path / name)
    with pytest.raises(UnreadableError, match="is a device"):
        content(type(tmp_path)("/dev/zero"))
    assert threading.active_count() >= 1  # it came back from the pipe


def test_a_file_of_any_size_is_measured_before_it_is_read(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(LARGEST + 2**20)
    with pytest.raises(UnreadableError, match="holds 65 MiB; at most 64"):
        content(tmp_path / "large")


@pytest.mark.parametrize(
    "name",
    [
        "X.ipynb",
        "x.IPYNB",
        "X (1).ipynb",
        "x-Copy1.ipynb",
        "x.ipynb.txt",
        "in/x.ipynb",
        "ü.ipynb",
    ],
)
def test_the_only_notebook_is_taken_whatever_its_name(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "x-checkpoint.ipynb").touch()
    (tmp_path / "link.ipynb").symlink_to(name)
    (tmp_path / "notes.txt").touch()
    path, says = handed_in(tmp_path / "x.ipynb")
    assert path == tmp_path / name
    assert path.name in says


def test_of_several_none_is_guessed(tmp_path):
    for name in ("a.ipynb", "b.ipynb"):
        (tmp_path / name).touch()
    with pytest.raises(UnreadableError, match=r"which of these it is: 'a\.ipynb', 'b\.ipynb'"):
        handed_in(tmp_path / "x.ipynb")
    assert handed_in(tmp_path / "x.ipynb", others=["a.ipynb"])[0].name == "b.ipynb"
    assert handed_in(tmp_path / "a.ipynb") == (tmp_path / "a.ipynb", "")


def test_another_name_of_the_same_file_is_noticed(tmp_path):
    mine, theirs = tmp_path / "mine", tmp_path / "theirs"
    mine.write_text("x")
    theirs.write_text("x")
    assert twin_of(mine, [mine, theirs]) is None
    os.link(theirs, tmp_path / "again")
    assert twin_of(tmp_path / "again", [mine, tmp_path / "gone", theirs]) == theirs


@pytest.mark.parametrize("attachments", [[], ["x.png"], "x", 3, {"x.png": []}, {"x.png": {}}])
def test_attachments_of_any_form_leave_a_valid_notebook(attachments):
    cell = {"cell_type": "markdown", "source": "![x](attachment:x.png)"}
    (source,) = sources(with_cells(cell | {"attachments": attachments}))
    assert "attachment:" not in source or not attachments
