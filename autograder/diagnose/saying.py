"""What the evidence is, in whole sentences: what is explained, and what is not."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from autograder.compare import Complaint, Kind
from autograder.diagnose.evidence import MOSTLY, Trial
from autograder.diagnose.ground import Ground
from autograder.diagnose.leaves import at, replaced
from autograder.diagnose.search import GOOD, Explanation

NAMED = 2  # cases that are called by their names


def evidence(best: Explanation) -> str:
    """Which of the wrong cases are exactly what these mistakes give."""
    trial = best.trial
    explained = [n for n in trial.telling if best.tally(n).mean >= GOOD]
    partly = [n for n in trial.telling if MOSTLY <= best.tally(n).mean < GOOD]
    sentences = []
    if len(best.wrong) == 1:
        sentences.append(_where(trial, explained, "this is exactly what you get"))
    else:
        shown: dict[tuple[str, ...], list[int]] = {}  # which of them show, and in which cases
        for n in explained:
            names = tuple(w.name for w in best.wrong if trial.match(n, (w,)).off.any())
            shown.setdefault(names or tuple(w.name for w in best.wrong), []).append(n)
        for names, own in shown.items():
            quoted = _joined([f"“{name}”" for name in names])
            what = f"{quoted} together give" if len(names) > 1 else f"{quoted} gives"
            sentences.append(_where(trial, own, f"you get what {what}"))
    sentences.append(_where(trial, partly, "most of the wrong numbers are these"))
    return " ".join(filter(None, sentences))


def _where(trial: Trial, numbers: list[int], what: str) -> str:
    if not numbers:
        return ""
    if len(numbers) == len(trial.telling) > NAMED:
        return f"In all {len(numbers)} cases that are wrong {what}."
    numbers = sorted(numbers)
    names = [f"“{trial.grounds[n].case.name}”" for n in numbers]
    if len(names) > NAMED + 1:
        names = [*names[:NAMED], f"{len(names) - NAMED} more"]
    return f"On {_joined(names)} {what}."


def _joined(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def rest(best: Explanation) -> str:
    """What is wrong besides, in the heaviest case that is not explained."""
    for number in best.open:
        trial, begin = best.trial, f"On “{best.trial.grounds[number].case.name}” something else"
        outcome = trial.outcomes[number]
        if outcome.failure:
            return Complaint(f"{begin} happens: your function {outcome.error}.", Kind.RAISED)
        if said := _left(best, number):
            return Complaint(
                f"{begin} is off: {said}.", said.kind, f"{begin} is off: {said.guarded}."
            )
    return ""


def _left(best: Explanation, number: int) -> Complaint | None:
    """The complaint about what stays wrong once all that is explained is put right."""
    trial = best.trial
    ground, outcome = trial.grounds[number], trial.outcomes[number]
    match, mine = best.match(number), trial.readings[number]
    if ground.loose or len(match.fits) != len(mine.wrong):
        return None
    mended: Any = outcome.result
    fits = match.fits & mine.wrong
    for leaf, path in enumerate(ground.paths):
        rows = np.flatnonzero(ground.leaf_of == leaf)
        if fits[len(ground.values) + leaf] or (len(rows) and fits[rows].any()):
            mended = _mended(mended, ground.right.result, path, fits[rows], leaf in mine.odd)
    said = ground.case.judge(mended, ground.right.result)
    if said and not isinstance(said, Complaint):
        said = Complaint(said, Kind.VALUES, "the result is wrong")
    if not said and outcome.changed:
        names = " and ".join(outcome.changed)
        said = Complaint(f"your function changes its input {names}", Kind.MODIFIED)
    return said or None


def _mended(result: Any, right: Any, path: tuple, fits: np.ndarray, whole: bool) -> Any:
    """The result with the explained entries of one leaf put right."""
    try:
        got, should = at(result, path), at(right, path)
    except (LookupError, TypeError):
        return result
    if not whole and isinstance(got, Tensor) and isinstance(should, Tensor) and len(fits):
        mask = torch.from_numpy(fits).reshape(should.shape)
        should = torch.where(mask, should, got.detach().to(should.dtype).reshape(should.shape))
    return replaced(result, path, should)


def part_called(ground: Ground, component: tuple) -> str:
    """What the case's judge calls a part of the answer, as far as it is a name alone.

    The judge is asked about an answer in which nothing but that part is wrong.
    """
    leaf = next(
        (n for n in range(len(ground.paths))
         if ground.names[ground.component_of[n]] == component and (ground.leaf_of == n).any()),
        None,
    )  # fmt: skip
    if leaf is None:
        return ""
    should = at(ground.right.result, ground.paths[leaf])
    off = should + 1e6 if isinstance(should, Tensor) else float(should) + 1e6
    hybrid = replaced(ground.right.result, ground.paths[leaf], off)
    said = str(ground.case.judge(hybrid, ground.right.result)).partition(" should be ")[0]
    said = said.partition("] of ")[2] or said
    if isinstance(should, Tensor) and should.dim() and said.startswith("result["):
        said = said.rpartition("[")[0]  # the entry's own place
    return said if said and len(said) < 60 else ""
