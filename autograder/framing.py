"""What the builder puts around a chapter: where else to go, and what to do on coming back."""

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from autograder.links import BACK, COMING_BACK, FOOT, HEAD, line


def framed(cells: list[NotebookNode], chapter: Path) -> list[NotebookNode]:
    """The cells between two lines of links, with a word above the first code cell."""
    first = next((i for i, c in enumerate(cells) if c.cell_type == "code"), len(cells))
    return [
        _text(line(chapter), HEAD),
        *cells[:first],
        *[_text(COMING_BACK, BACK)] * (first < len(cells)),
        *cells[first:],
        _text(line(chapter), FOOT),
    ]


def _text(source: str, cell_id: str) -> NotebookNode:
    cell = new_markdown_cell(source)
    cell["id"] = cell_id
    return cell
