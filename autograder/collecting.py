"""What the front page says of the chapters, collected from their own texts."""

import re
from pathlib import Path

from autograder.contents import FILE, Chapter, Task, written
from autograder.exercises import find
from autograder.links import title

PROMISE = "After this chapter you will be able to"
EXERCISE = re.compile(r"^:exercise: (\S+)$", re.MULTILINE)
PREDICTION = re.compile(r'^\+\+\+ \{[^\n]*"predict": ', re.MULTILINE)


def collect(chapter: Path) -> Chapter:
    """A chapter as its source describes itself."""
    text = chapter.read_text(encoding="utf-8")
    asked = [find(exercise) for exercise in EXERCISE.findall(text)]
    return Chapter(
        chapter.stem,
        title(chapter),
        _time(text),
        tuple(_abilities(text)),
        tuple(Task(e.id, e.name, e.points, e.bonus, e.heading) for e in asked),
        len(PREDICTION.findall(text)),
    )


def write(chapters: list[Path]) -> None:
    FILE.write_text(written(list(map(collect, chapters))), encoding="utf-8")


def _time(text: str) -> str:
    """The first words of its estimate: "About two hours"."""
    found = re.search(r"\*\*Time\.\*\*\s+([^:.]+)[:.]", text)
    return " ".join(found[1].split()) if found else ""


def _abilities(text: str) -> list[str]:
    """What it promises, without the commas of the list."""
    _, _, behind = text.partition(f"{PROMISE}\n\n")
    items = re.split(r"^- ", behind.partition("\n\n")[0], flags=re.MULTILINE)[1:]
    return [
        re.sub(r"(?:,| and|,\s+and|\.)$", "", " ".join(item.split())).rstrip(",")
        for item in items
    ]
