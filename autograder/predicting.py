"""Predictions: asked before a cell runs, answered by what it computed, kept for the tally.

A chapter's builder writes these calls (`autograder.predictions`).  `predict` asks, `came_out`
stands behind the cell that knows the answer, `review` asks what needs no computing, and
`tally` counts.  Unanswered they are folds that hold the answer, so that a notebook runs through
without a click, and can be read where no kernel is.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import anywidget
import traitlets
from IPython.display import DisplayHandle, display

from autograder.answers import ANSWERS, settled
from autograder.front_page import refresh
from autograder.progress_file import keep, recall
from steadygrad.explorers import still
from steadygrad.explorers.modules import ELEMENTS, module

Answers = Mapping[str, tuple[bool, str]]  # by letter: whether it holds, and the thought behind


class Outcome(NamedTuple):
    """What came out, what that makes of each answer, and where it is shown."""

    what: str
    letters: str  # of the choices; none where a number was asked for
    right: str  # the letter, or the number as text
    judge: Callable[[str], tuple[bool, str]]  # an answer -> whether it is right, what it needs
    everything: str  # the fold: all answers
    shown: DisplayHandle | None = None  # the place in the notebook that feedback goes to


class Ask(anywidget.AnyWidget):
    """A row of choices, or a place for a number; what is chosen comes back in `chosen`."""

    _esm = module(ELEMENTS, Path(__file__).with_name("predicting.js"))
    letters = traitlets.List(traitlets.Unicode()).tag(sync=True)  # none: a number is asked for
    legend = traitlets.Unicode().tag(sync=True)
    chosen = traitlets.Unicode().tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)

    def _ipython_display_(self) -> None:
        still.show(self, {"text/html": LEFT, "text/plain": TO_ANSWER})


TO_ANSWER = "(Run this cell to answer.)"
STYLE = still.hiding("steadygrad-asked", "steadygrad-asking")
LEFT = f'<span class="steadygrad-asked"><style>{STYLE}</style>{TO_ANSWER}</span>'
_outcomes: dict[str, Outcome] = {}  # what has come out since the kernel started
_asks: dict[str, Ask] = {}  # the questions that are on the page


# ── What a notebook calls ────────────────────────────────────────────────────────────


def predict(key: str, letters: str = "") -> None:
    """Ask for one of these letters, or for a number where there are none."""
    _outcomes.pop(key, None)  # the cell below is to run again
    _ask(key, letters, "Your prediction")


def came_out(key: str, what: str, **answers: tuple[bool, str]) -> None:
    """Say what came out, what was predicted, and what a wrong prediction would have needed.

    Of the answers exactly one must hold: the question's own claim is an assertion, too.
    """
    answers = {letter: (bool(holds), said) for letter, (holds, said) in answers.items()}
    held = [letter for letter, (holds, _) in answers.items() if holds]
    letters = "".join(answers)
    assert len(held) == 1, (
        f"{key}: of the answers {', '.join(answers)} exactly one must be true, but "
        f"{' and '.join(held) or 'none'} is. If you changed the cell above, that may be why."
    )
    _reveal(key, Outcome(what, letters, held[0], answers.__getitem__, _fold(what, answers)))


def came_out_as(
    key: str, what: str, number: float, near: Callable[[float], bool], *thoughts: tuple
) -> None:
    """As `came_out`, for a number: `near(guess)` says whether a guess is right.

    Each thought is a pair of a question to the guess and what such a guess would need.
    """
    assert near(number), f"{key}: {number} is not near itself"

    def judge(text: str) -> tuple[bool, str]:
        guess = float(text)
        fitting = [thought for fits, thought in thoughts if _holds(fits, guess)]
        right = _holds(near, guess)
        return right, "" if right else " ".join(fitting)

    everything = _folded(f"{what}.\n\n" + "\n\n".join(thought for _, thought in thoughts))
    _reveal(key, Outcome(what, "", f"{number:.3g}", judge, everything))


def review(key: str, **answers: tuple[bool, str]) -> None:
    """Ask what needs no computing, and answer at once when something is chosen."""
    letters = "".join(answers)
    right = next(letter for letter, (holds, _) in answers.items() if holds)
    _ask(key, letters, "Your answer")
    _reveal(key, Outcome("", letters, right, answers.__getitem__, _fold("", answers)))


def tally(chapter: str, predictions: int, questions: int) -> None:
    """How many of a chapter's predictions and review questions were right at the first try."""
    # the file may know questions that the chapter asked once
    right = settled(recall(ANSWERS), chapter)[:predictions]
    known = settled(recall(ANSWERS), chapter, review=True)[:questions]
    said = f"**You predicted {sum(right)} of {predictions}** ({len(right)} tried)."
    if questions:
        said += (
            f" Of {questions} review questions you answered {sum(known)} right "
            f"({len(known)} tried)."
        )
    display(_words(said), raw=True)


# ── Asking and keeping ───────────────────────────────────────────────────────────────


def _ask(key: str, letters: str, legend: str) -> None:
    ask = Ask(
        letters=list(letters), legend=legend, chosen=_made(key, letters).get("chosen", "")
    )
    _asks[key] = ask
    ask.observe(lambda change: _choose(key, ask, change.new), "chosen")
    display(ask)


def _keep(key: str, made: dict) -> None:
    keep(ANSWERS, key, made)
    refresh()


def _made(key: str, letters: str) -> dict:
    """What was answered before, if it can be an answer to this question."""
    made = recall(ANSWERS).get(key)
    chosen = made.get("chosen") if isinstance(made, dict) else None
    if not isinstance(chosen, str) or not (
        chosen in list(letters) if letters else _is_number(chosen)
    ):
        return {}
    return made if isinstance(made.get("right", True), bool) else {"chosen": chosen}


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _holds(fits: Callable[[float], bool], guess: float) -> bool:
    """Whether a guess is such; one of zero, or as large as 1e300, is not where it cannot be."""
    try:
        return bool(fits(guess))
    except (ArithmeticError, ValueError):
        return False


def _choose(key: str, ask: Ask, chosen: str) -> None:
    """Keep a choice; answer it if what came out is there already.

    The first answer that was settled counts; whoever tries others reads what they would need.
    """
    letters = "".join(ask.letters)
    if not letters and not _is_number(chosen):
        ask.status = f"{chosen!r} is not a number: write it like 0.25 or 3e-4."
        return
    made, outcome = _made(key, letters), _outcomes.get(key)
    settled = "right" in made
    if outcome is None:
        if not settled:
            _keep(key, {"chosen": chosen})
        ask.status = (
            f"Your first answer, {_named(made['chosen'])}, is the one that counts."
            if settled
            else "Kept. Now run the cells below."
        )
        return
    right = outcome.judge(chosen)[0]
    if not settled and not outcome.what:  # a prediction after the event is none
        _keep(key, {"chosen": chosen, "right": right})
    ask.status = _verdict(right)
    if settled and made["chosen"] != chosen:
        ask.status += f" Your first answer, {_named(made['chosen'])}, is the one that counts."
    outcome.shown.update(_words(_feedback(outcome, chosen)), raw=True)


def _reveal(key: str, outcome: Outcome) -> None:
    """Show what came out beside what was chosen before, which is settled now."""
    made = _made(key, outcome.letters)
    chosen = made.get("chosen", "")
    if chosen and "right" not in made:
        _keep(key, {"chosen": chosen, "right": outcome.judge(chosen)[0]})
    said = _feedback(outcome, chosen) if chosen else outcome.everything
    if chosen and key in _asks:
        _asks[key].status = _verdict(outcome.judge(chosen)[0])
    shown = display(_words(said), raw=True, display_id=True)
    _outcomes[key] = outcome._replace(shown=shown)


# ── Words ────────────────────────────────────────────────────────────────────────────


def _verdict(right: bool) -> str:
    return "Right." if right else "Not right."


def _named(answer: str) -> str:
    return f"({answer})" if answer.isalpha() else answer


def _feedback(outcome: Outcome, chosen: str) -> str:
    right, thought = outcome.judge(chosen)
    came = f"What came out: {outcome.what}." if outcome.what else ""
    it_is = f"The answer is {_named(outcome.right)}." if outcome.letters and not right else ""
    begin = f"**{'Right' if right else 'Not'}: {_named(chosen)}.**"
    parts = [begin, came, thought, it_is]  # the thought is about what was chosen
    said = " ".join(filter(None, parts))
    return f"{said}\n\n{outcome.everything}"


def _fold(what: str, answers: Answers) -> str:
    lines = [f"{what}."] * bool(what)
    for letter, (holds, thought) in answers.items():
        lines.append(f"**({letter})** {'is right. ' if holds else ''}{thought}".rstrip())
    return _folded("\n\n".join(lines))


def _folded(inside: str) -> str:
    summary = "All answers, and what each of them would have needed"
    return f"<details><summary>{summary}</summary>\n\n{inside}\n\n</details>"


def _words(markdown: str) -> dict[str, str]:
    return {"text/markdown": markdown, "text/plain": markdown}
