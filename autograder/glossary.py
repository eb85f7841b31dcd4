"""The course's words: a page that explains them, and links to it from the chapters.

The source is chapters/glossary.md, a line a term.  The first time that a chapter sets a term
in bold, as it does where it defines it, the builder makes a link of it.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

from autograder.links import FRONT_PAGE, GLOSSARY, anchor
from autograder.ours import notebook, text_cell

SOURCE = Path(__file__).parents[1] / "chapters" / "glossary.md"
LINE = re.compile(r"^\*\*(?P<names>[^*]+)\*\* \((?P<chapter>\d+)\): (?P<meaning>.+)$")
PAGE = "glossary"  # what the notebook is called in its metadata


class Term(NamedTuple):
    """A word, how else it is spelt, the chapter that introduces it, and what it means."""

    name: str
    spellings: tuple[str, ...]
    chapter: int
    meaning: str


def terms(source: Path = SOURCE) -> list[Term]:
    """All terms, in the order of the alphabet."""
    found = []
    for line in source.read_text(encoding="utf-8").splitlines():
        if line.startswith("**"):
            match = LINE.match(line)
            if not match:
                raise ValueError(
                    f"{source.name}: {line!r} should read **term / other** (chapter): meaning"
                )
            names = tuple(name.strip() for name in match["names"].split("/"))
            found.append(Term(names[0], names, int(match["chapter"]), match["meaning"]))
    return sorted(found, key=lambda term: term.name.lower())


def linked(cells: list[Any], known: list[Term] | None = None) -> list[Any]:
    """The same cells, in which each term is a link the first time that it is in bold."""
    left = list(terms() if known is None else known)
    for cell in cells:
        if cell.cell_type == "markdown":
            for term in list(left):
                cell.source, count = _pattern(term).subn(_link(term), cell.source, count=1)
                if count:
                    left.remove(term)
    return cells


def _pattern(term: Term) -> re.Pattern:
    """Any of its spellings in bold, perhaps broken over two lines."""
    names = "|".join(r"\s+".join(map(re.escape, each.split())) for each in term.spellings)
    return re.compile(rf"\*\*({names})\*\*(?!:)", re.IGNORECASE)


def _link(term: Term) -> str:
    return rf"**[\1](../{GLOSSARY}#{anchor(term.name)})**"


def page(titles: dict[int, tuple[str, str]]) -> dict[str, Any]:
    """The notebook that explains all terms; `titles` gives a chapter's address and title."""
    cells = [
        text_cell(
            f"[Front page]({FRONT_PAGE})\n\n# Glossary\n\nThe words of this course, a sentence "
            "each, and the chapter that introduces them."
        )
    ]
    for term in terms():
        address, title = titles.get(term.chapter, ("", ""))
        where = f" *In [{title}]({address}).*" if address else ""
        cells.append(text_cell(f"### {term.name}\n\n{term.meaning}{where}"))
    return notebook(cells, PAGE)
