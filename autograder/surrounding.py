"""What a working copy has beside the chapters: front page, glossary, solved notebooks.

All of it is ours: made anew whenever the working copy is filled, and read-only.
"""

import json
from pathlib import Path
from typing import Any

from autograder import glossary
from autograder.contents import contents
from autograder.front_page import front_page
from autograder.links import FOOT, FRONT_PAGE, GLOSSARY, HEAD, solved_name, with_solved
from autograder.ours import OURS, put, text_cell
from autograder.workspace import write_whole

SOLUTION = "solution"  # what a solved notebook is called in its metadata
MARKS = ("### BEGIN SOLUTION", "### END SOLUTION")  # nbgrader's: nothing for readers


def surround(solutions: Path | None, workspace: Path) -> list[Path]:
    """Write the pages beside the chapters; return those that are new or other than before."""
    pages = {}
    for chapter in contents():
        if solutions and (path := solutions / chapter.path).is_file():
            pages[solved_name(chapter.stem)] = solved(path, chapter.stem, chapter.title)
    titles = {number: (c.path, c.title) for number, c in enumerate(contents(), 1)}
    pages[GLOSSARY] = glossary.page(titles)
    written = [name for name, page in pages.items() if put(page, workspace / name)]
    written += [FRONT_PAGE] * put(front_page(workspace), workspace / FRONT_PAGE)
    return [workspace / name for name in written]


def solved(path: Path, stem: str, title: str) -> dict[str, Any]:
    """A solved notebook as learners read it: marked as what it is, without nbgrader's marks."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"][OURS] = SOLUTION
    back = f"[your notebook](../{stem}/{stem}.ipynb)"
    cells = []
    for cell in notebook["cells"]:
        cell["metadata"].pop("nbgrader", None)
        lines = "".join(cell["source"]).splitlines()
        kept = [line for line in lines if not any(mark in line for mark in MARKS)]
        cell["source"] = "\n".join(kept).strip("\n")
        if cell["id"] in (HEAD, FOOT):
            cell["source"] += f" · {back}"
        cells.append(cell)
    banner = (
        f"> **Solution of chapter {title}.** To read, not to work in: what you mark here is "
        f"not counted, and what you change is not kept. Back to {back}."
    )
    notebook["cells"] = [text_cell(banner, "solution"), *cells]
    return notebook


def linking(workspace: Path, path: Path) -> None:
    """Give a chapter that was just copied its link to the solved notebook.

    It is added here, because a class is handed chapters without solved notebooks.
    """
    stem = path.stem
    if path.suffix != ".ipynb" or not (workspace / solved_name(stem)).is_file():
        return
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell.get("id") in (HEAD, FOOT):
            cell["source"] = with_solved("".join(cell["source"]), stem)
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text)
