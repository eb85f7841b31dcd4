"""What the course holds, chapter by chapter: read without loading an exercise.

`contents.json` is made by `make course` from the chapters (`autograder.collecting`).
"""

import json
from functools import cache
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("contents.json")


class Task(NamedTuple):
    """An exercise as the front page speaks of it."""

    id: str
    name: str
    points: float
    bonus: bool
    heading: str


class Chapter(NamedTuple):
    """One chapter: what it takes, what it leads to, and what there is to do in it."""

    stem: str
    title: str
    time: str
    abilities: tuple[str, ...]
    tasks: tuple[Task, ...]
    predictions: int

    @property
    def path(self) -> str:
        """Its notebook, below the working copy."""
        return f"{self.stem}/{self.stem}.ipynb"


@cache
def contents(file: Path = FILE) -> tuple[Chapter, ...]:
    return tuple(read(each) for each in json.loads(file.read_text(encoding="utf-8")))


def read(found: dict) -> Chapter:
    tasks = tuple(Task(**task) for task in found["tasks"])
    return Chapter(**found | {"abilities": tuple(found["abilities"]), "tasks": tasks})


def written(chapters: list[Chapter]) -> str:
    """The text of the file."""
    found = [c._asdict() | {"tasks": [task._asdict() for task in c.tasks]} for c in chapters]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
