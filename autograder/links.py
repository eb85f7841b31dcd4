"""Where things lie in the working copy, and the line of links that leads from one to another.

Every relative link here is right in the learner's working copy, from a chapter's folder as
from the folder of solved notebooks.  A solved notebook is linked to only where it was copied
to (`autograder.workspace`): students of a class are handed chapters without it.
"""

import re
from pathlib import Path

FRONT_PAGE, GLOSSARY = "index.ipynb", "glossary.ipynb"  # in the working copy
SOLVED = "solutions"  # the folder of solved notebooks there
HEAD, FOOT, BACK = "links-head", "links-foot", "coming-back"  # ids of cells
TO_SOLVED = re.compile(r" · \[solved notebook\]\([^)]*\)")
RUN_ABOVE = "Run > Run All Above Selected Cell"
COMING_BACK = (
    "*Back after a break? A notebook keeps its text and figures, but not what was computed. "
    f"Click the cell where you stopped, then choose **{RUN_ABOVE}** from JupyterLab's menu.*"
)


def line(chapter: Path) -> str:
    """Front page, the chapters before and after, and the glossary."""
    every = sorted(chapter.parent.glob("[0-9][0-9]_*.md"))
    here = every.index(chapter)
    before, after = every[:here][-1:], every[here + 1 :][:1]
    parts = [
        f"[Front page](../{FRONT_PAGE})",
        *(f"← [{title(each)}](../{each.stem}/{each.stem}.ipynb)" for each in before),
        *(f"[{title(each)}](../{each.stem}/{each.stem}.ipynb) →" for each in after),
        f"[Glossary](../{GLOSSARY})",
    ]
    return " · ".join(parts)


def title(chapter: Path) -> str:
    """Its heading, with the number: "2 · Initialization"."""
    found = re.search(r"^# (.+)$", chapter.read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else chapter.stem


def anchor(heading: str) -> str:
    """The id that JupyterLab and nbconvert give to a heading; an exercise's is its name.

    JupyterLab finds no heading with a sign in it that a link has to encode, such as "·".
    """
    name, dot, _ = heading.partition(" · ")
    return name if dot and name.isidentifier() else heading.replace(" ", "-")


def solved_name(stem: str) -> str:
    """Where a chapter's solved notebook lies in the working copy."""
    return f"{SOLVED}/{stem}_solved.ipynb"


def with_solved(source: str, stem: str) -> str:
    """A line of links, with one to the chapter's solved notebook at its end."""
    return f"{source} · [solved notebook](../{solved_name(stem)})"


def without_solved(source: str) -> str:
    """A text as it was handed out, before the link to the solved notebook was added."""
    return TO_SOLVED.sub("", source)
