"""Judges for results that cannot be compared number by number."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from autograder.compare import (
    INSTEAD,
    RAISED,
    RETURNED,
    Complaint,
    Judge,
    Kind,
    afterwards,
    close,
    disagreement,
    kind_of,
    number,
)


def refusal(got: Any, expected: Any) -> str:
    """The judge of a case with a `Refused` input: the exception counts, not its words."""
    error, raised = expected.get(RAISED), got.get(RAISED)
    if not error:  # two wrong answers beside each other
        return disagreement(got, expected)
    did = f"raised {_a(raised)}" if raised else f"returned {kind_of(got.get(INSTEAD))}"
    said = f"your function should raise {_a(error)} here, but it {did}"
    return "" if raised == error else Complaint(said, Kind.TYPE)


def refusal_or(*others: str) -> Judge:
    """As `refusal`, where these exceptions say it as clearly as the expected one."""

    def judge(got: Any, expected: Any) -> str:
        return "" if got.get(RAISED) in others else refusal(got, expected)

    return judge


def _a(name: str) -> str:
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"


def same(
    statistic: Callable[[Tensor], Any], what: str, *, within: float, relative: bool = False
) -> Judge:
    """A judge for random results: they need only agree in one number computed from them.

    Shape, dtype and device are judged as ever.  `within` is how far the numbers may be apart,
    as a share of the expected one where `relative`; take four standard errors or more.
    """

    def judge(got, expected) -> str:
        if complaint := alike(got, expected):
            return complaint
        g, e = float(statistic(got)), float(statistic(expected))
        if abs(g - e) <= within * (abs(e) if relative else 1.0) or (g != g and e != e):
            return ""
        kind = Kind.VALUES if torch.tensor(g).isfinite() else Kind.NOT_FINITE
        return Complaint(
            f"{what} should be about {number(e)}, got {number(g)}",
            kind,
            f"{what} is wrong: got {number(g)}",
        )

    return judge


def value_and_gradient(*, rtol: float | None = None, atol: float | None = None) -> Judge:
    """A judge for cases with a traced input: both parts are ruled on, and named."""
    return close(rtol=rtol, atol=atol, call=lambda path: " ".join(["the", *map(str, path)]))


def written(name: str, values: Judge) -> Judge:
    """A judge for a parameter that is written into, by a judge of the values in it."""

    def judge(got, expected) -> str:
        if complaint := alike(got, expected):
            return complaint
        now, should = (dict(each[afterwards(name)]) for each in (got, expected))
        said = values(now.pop("values"), should.pop("values"))
        return said or disagreement({afterwards(name): now}, {afterwards(name): should})

    return judge


def moved_on(generator: torch.Generator) -> torch.Generator:
    """One of the same seed that has drawn before; the one it was made of is left alone."""
    other = torch.Generator(generator.device)
    other.set_state(generator.get_state())
    torch.rand(1000, generator=other, device=other.device)
    return other


def drawn_from_generator(got, expected) -> str:
    """A judge for several calls: two with the same generator, then others, each its own."""
    if complaint := alike(got, expected):
        return complaint
    repeated, should = _repeated(got), _repeated(expected)
    if repeated == should:
        return ""
    if repeated[0] != should[0]:
        said = "the same generator should draw the same numbers again, and drew others"
    elif repeated[1] != should[1]:
        said = "another generator should draw other numbers, and drew the same"
    else:
        said = "a generator that has drawn before should draw other numbers, and drew the same"
    return Complaint(
        f"{said}: all randomness has to come from the generator that is given", Kind.VALUES
    )


def _repeated(result) -> list[bool]:
    """For each draw after the first, whether it is the same as the first."""
    first, *others = result[RETURNED] if isinstance(result, dict) else result
    return [torch.equal(first, other) for other in others]


def alike(got, expected) -> str:
    """The complaint about type, shape, dtype or device; values are left to others."""
    complaint = disagreement(got, expected)
    if complaint and complaint.kind < Kind.MODIFIED:
        return complaint
    return ""


def every(*judges: Judge) -> Judge:
    """A judge that is satisfied when all of these are; the first complaint else."""
    return lambda got, expected: next(
        (said for judge in judges if (said := judge(got, expected))), ""
    )
