"""Predictions and review questions in a chapter's source, and the calls they become.

A text cell marked `predict` asks; the code cell that follows computes the answer:

    +++ {"predict": "slope_at_5"}

    By how much is the slope at $z = 5$ smaller than at $z = 0$?

    - by a factor of 2
      if `ratio < 3`: It is half as large at $z = 1.76$ already.
    - by a factor of 40
      if `30 < ratio < 50`

    OUTCOME {ratio:.0f} times smaller

Each choice says what would have to be true for it, in names of the notebook, and what a reader
who chose it overlooked.  With a line `NUMBER value within 3 times`, or `within 0.05`, a number
is guessed instead, and the list holds thoughts about guesses: "- if `guess > 1`: ...".
A cell marked `review` says `right:` or `wrong:` instead of the condition, and has no outcome.
"""

import re
import textwrap
from typing import NamedTuple

from nbformat import NotebookNode

from autograder.answers import key_of

ITEM = re.compile(r"^- ", re.MULTILINE)
IF = re.compile(r"^(?:(.*?)\n)?if `([^`]+)`(?::\s*(.*))?$", re.DOTALL)
KNOWN = re.compile(r"^(.*?)\n(right|wrong):\s*(.*)$", re.DOTALL)
OUTCOME = re.compile(r"^OUTCOME (.+(?:\n.+)*)", re.MULTILINE)
NUMBER = re.compile(r"^NUMBER (.+) within (\S+)( times)?$", re.MULTILINE)
LETTERS = "abcdefgh"
CHOOSE = "# Run this cell, then choose."  # the one line that a collapsed cell shows
COMPARE = "# Run this cell to compare."


class Choice(NamedTuple):
    """An answer, when it holds (an expression of the notebook), and the thought behind it."""

    text: str
    holds: str
    thought: str


class Question(NamedTuple):
    """A question, its answers, and how the notebook tells what came out."""

    key: str
    review: bool
    asked: str
    choices: list[Choice]
    outcome: str = ""  # the inside of an f-string
    number: str = ""  # an expression, where a number is asked for
    near: str = ""  # an expression of `guess`

    @property
    def text(self) -> str:
        """What the learner reads."""
        lead = "" if self.review else "**Predict.** "
        return f"{lead}{self.asked}\n\n{self._listed}".rstrip()

    @property
    def _listed(self) -> str:
        if self.number:
            return ""
        lines = zip(LETTERS, self.choices, strict=False)
        return "\n".join(f"- ({letter}) {each.text}" for letter, each in lines)

    @property
    def asks(self) -> str:
        """The cell that asks."""
        if self.review:
            call = _call("review", repr(self.key), **self._rulings)
            return imported(CHOOSE, "review", call)
        letters = [] if self.number else [repr(LETTERS[: len(self.choices)])]
        return imported(CHOOSE, "predict", f"predict({', '.join([repr(self.key), *letters])})")

    @property
    def answers(self) -> str:
        """What stands behind the cell that knows the answer."""
        what = f"f{self.outcome!r}"
        if self.number:
            thoughts = [f"(lambda guess: {c.holds}, {c.thought!r})" for c in self.choices]
            near = f"lambda guess: {self.near}"
            given = [repr(self.key), what, self.number, near, *thoughts]
            return imported(COMPARE, "came_out_as", _call("came_out_as", *given))
        given = [repr(self.key), what]
        return imported(COMPARE, "came_out", _call("came_out", *given, **self._rulings))

    @property
    def _rulings(self) -> dict[str, str]:
        lines = zip(LETTERS, self.choices, strict=False)
        return {letter: f"({each.holds}, {each.thought!r})" for letter, each in lines}


def is_question(cell: NotebookNode) -> bool:
    return "predict" in cell.metadata or "review" in cell.metadata


def read_question(cell: NotebookNode, chapter: str) -> Question:
    """The question that a text cell holds.  Raises ValueError where something is missing."""
    is_review = "review" in cell.metadata
    name = cell.metadata["review" if is_review else "predict"]
    key = key_of(chapter, name, review=is_review)
    source, outcome = _without(OUTCOME, cell.source)
    source, number = _without(NUMBER, source)
    asked, *items = ITEM.split(source.strip())
    choices = [_choice(key, textwrap.dedent(f"  {item}").strip(), is_review) for item in items]
    question = Question(key, is_review, asked.strip(), choices)
    if number:
        value, width, times = number.groups()
        wide = f"({value}) / {width} <= guess <= ({value}) * {width}"
        near = wide if times else f"abs(guess - ({value})) <= {width}"
        question = question._replace(number=value, near=near)
    elif len(choices) < 2:
        raise ValueError(f"question {key!r} has {len(choices)} choices; give at least two")
    elif len(choices) > len(LETTERS):
        raise ValueError(f"question {key!r} has more choices than {LETTERS[-1]!r} names")
    if not is_review:
        if not outcome:
            raise ValueError(f"prediction {key!r} has no line 'OUTCOME ...': what came out?")
        question = question._replace(outcome=" ".join(outcome[1].split()))
    _check(question)
    return question


def _choice(key: str, item: str, is_review: bool) -> Choice:
    item = "\n".join(line.strip() for line in item.splitlines())
    found = (KNOWN if is_review else IF).match(item)
    if not found:
        wanted = "'right: ...' or 'wrong: ...'" if is_review else "'if `condition`: ...'"
        raise ValueError(f"{key!r}: the answer {item!r} needs a line {wanted}")
    text, holds, thought = (" ".join((part or "").split()) for part in found.groups())
    holds = {"right": "True", "wrong": "False"}.get(holds, holds) if is_review else holds
    return Choice(text, holds, thought)


def _check(question: Question) -> None:
    """Every piece of code in it is Python; a wrong answer of a review says what it means."""
    for code in [question.asks] if question.review else [question.asks, question.answers]:
        try:
            compile(code, f"<{question.key}>", "exec")
        except SyntaxError as error:
            raise ValueError(f"{question.key!r}: {error.text} is no Python: {error}") from error
    if question.review and [c.holds for c in question.choices].count("True") != 1:
        raise ValueError(f"{question.key!r} has not exactly one answer marked 'right:'")
    if not question.number and sum(not c.thought for c in question.choices) > 1:
        raise ValueError(f"{question.key!r}: say what is behind each wrong answer")


def _without(pattern: re.Pattern, source: str) -> tuple[str, re.Match | None]:
    """The text without the line of this kind, and that line."""
    found = pattern.search(source)
    return (source[: found.start()] + source[found.end() :], found) if found else (source, None)


def imported(first: str, name: str, call: str) -> str:
    """A cell that needs no other to have run; of it, collapsed, only its first line is seen."""
    return f"{first}\nfrom autograder import {name}\n\n{call}"


def _call(name: str, *given: str, **named: str) -> str:
    lines = [*given, *(f"{key}={value}" for key, value in named.items())]
    return f"{name}(\n" + "".join(f"    {line},\n" for line in lines) + ")"
