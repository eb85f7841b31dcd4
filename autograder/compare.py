"""Compare two results and say, in one sentence, where they first differ."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor

Judge = Callable[[Any, Any], str]  # (got, expected) -> complaint, "" if there is none
Path = tuple[int | str, ...]  # where a part stands in a result: (1, 0) is result[1][0]

TOLERANCE = {  # rtol, atol: far above rounding in that dtype, far below any misconception
    torch.float16: (1e-2, 1e-3),
    torch.bfloat16: (5e-2, 1e-2),
    torch.float32: (1e-4, 1e-6),
    torch.float64: (1e-9, 1e-12),  # float32 inside a float64 computation must show
}

MOST = 6  # parts that a complaint names
LONGEST = 100  # characters of a learner's own text that a complaint repeats


class Kind(IntEnum):
    """What a complaint is about, in the order in which it helps to hear of them."""

    MISSING = 1
    RAISED = 2
    TYPE = 3
    SHAPE = 4
    DTYPE = 5
    DEVICE = 6
    MODIFIED = 7
    NOT_FINITE = 8
    VALUES = 9


class Complaint(str):
    """One sentence: where, should be, got.  Empty when there is nothing to complain about.

    `guarded` says the same without the expected value, for cases that are secret.  `path` and
    `entry` say where in the result the first wrong entry stands, if it is one of a tensor.
    """

    kind: Kind
    guarded: str
    path: Path = ()
    entry: tuple[int, ...] = ()

    def __new__(cls, sentence: str, kind: Kind, guarded: str = "") -> "Complaint":
        complaint = super().__new__(cls, sentence)
        complaint.kind, complaint.guarded = kind, guarded or sentence
        return complaint


@dataclass(frozen=True)
class Foreign:
    """Stands for a result of a type that cannot cross to the judge."""

    kind: str


RETURNED = "result"  # what was returned, beside what inputs are afterwards
RAISED = "raised"  # the exception that was asked for, or came in its place
INSTEAD = "returned"  # what was returned instead of raising one


def afterwards(name: str) -> str:
    """The part of a result that says what the input of this name is after the call."""
    return f"{name} afterwards"


def result_part(path: Path) -> str:
    """How a part of a result is called unless an exercise has better words."""
    first = path[0] if path else ""
    if isinstance(first, str) and first.endswith(afterwards("")):
        places = "".join(f"[{key}]" for key in path[1:] if isinstance(key, int))
        names = ", ".join(key or "as a whole" for key in path[1:] if isinstance(key, str))
        inside = f" ({names})" * bool(names)
        return f"`{first.removesuffix(afterwards(''))}{places}` after the call{inside}"
    path = path[1:] if first == RETURNED else path
    return "result" + "".join(f"[{key!r}]" for key in path)


def close(
    *, rtol: float | None = None, atol: float | None = None, call: Callable = result_part,
    any_float: bool = False,
) -> Judge:  # fmt: skip
    """A judge with tolerances of its own, names for the parts, or any floating dtype."""

    def judge(got, expected) -> str:
        return disagreement(got, expected, rtol=rtol, atol=atol, call=call, any_float=any_float)

    return judge


def disagreement(
    got,
    expected,
    *,
    rtol: float | None = None,
    atol: float | None = None,
    call: Callable[[Path], str] = result_part,
    any_float: bool = False,
) -> str:
    """The first difference between `got` and `expected`, or "" when there is none.

    Each part of a list, tuple or dictionary is ruled on by itself; when only some are wrong
    the sentence says which are right.  Lists and tuples stand for one another.
    """
    ruled: dict[Path, str] = {}
    _descend(got, expected, (), ruled, rtol, atol, call, any_float)
    wrong = {path: complaint for path, complaint in ruled.items() if complaint}
    if not wrong:
        return ""
    place, first = min(wrong.items(), key=lambda ruling: ruling[1].kind)
    first.path = place
    right = [path for path in ruled if path not in wrong]
    if len(ruled) == 1 or not right:
        return first
    also = [path for path in wrong if wrong[path] is not first]
    note = f"; also wrong: {_listed(also, right, call)}" * bool(also)
    note += f"; right: {_listed(right, list(wrong), call)}"
    noted = Complaint(first + note, first.kind, first.guarded + note)
    noted.path, noted.entry = first.path, first.entry
    return noted


def _listed(paths: list[Path], others: list[Path], call: Callable[[Path], str]) -> str:
    """The names of some parts; what an input holds is one part if all of it fared alike."""
    names: dict[str, None] = {}
    for path in paths:
        group = path[:2] if str(path[0] if path else "").endswith(afterwards("")) else path
        apart = any(other[: len(group)] == group for other in others)
        names[call(path if apart else group)] = None
    shown = _shortened([*names][:MOST])
    return ", ".join(shown) + f" and {len(names) - MOST} more" * (len(names) > MOST)


def _shortened(names: list[str]) -> list[str]:
    """Names that differ in their last number only are one: the rate at t = 1, 2 and 8."""
    alike: dict[str, list[str]] = {}
    for name in names:
        found = re.fullmatch(r"(.* )(\d+)", name)
        words, number = found.groups() if found else (name, "")
        alike.setdefault(words, []).append(number)
    return [
        f"{words}{', '.join(first)} and {last}" if first else f"{words}{last}"
        for words, (*first, last) in alike.items()
    ]


def _descend(got, expected, path: Path, ruled: dict, *how) -> None:
    """Rule on every part of a nested result that can be compared by itself."""
    call = how[2]
    if expected is None and path == (RETURNED,):
        return  # writing was what was asked for; some return what they have written as well
    if isinstance(expected, Mapping):
        if not isinstance(got, Mapping):
            ruled[path] = _wrong_type(call(path), "a dictionary", got)
        elif set(got) != set(expected):
            ruled[path] = _wrong_keys(call(path), got, expected)
        else:
            for key, part in expected.items():
                _descend(got[key], part, (*path, key), ruled, *how)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        of = f"a {type(expected).__name__} of {len(expected)}"
        if isinstance(expected, tuple):
            of = f"a tuple of {len(expected)}"
        if not isinstance(got, Sequence) or isinstance(got, str) or len(got) != len(expected):
            ruled[path] = _wrong_type(call(path), of, got)
        else:
            for index, part in enumerate(expected):
                _descend(got[index], part, (*path, index), ruled, *how)
    elif isinstance(expected, Tensor):
        rtol, atol, _, any_float = how
        ruled[path] = _tensors(got, expected, call(path), rtol, atol, any_float)
    else:
        ruled[path] = _numbers(got, expected, call(path), *how[:2])


def _tensors(got, expected: Tensor, where: str, rtol, atol, any_float: bool) -> str:
    if not isinstance(got, Tensor):
        foreign = isinstance(got, Foreign) and "tensor" in got.kind
        wanted = f"a dense tensor of {expected.dtype}" if foreign else "a tensor"
        return _wrong_type(where, wanted, got)
    if got.shape != expected.shape:
        return _sentence(Kind.SHAPE, f"{where} should have shape", expected.shape, got.shape)
    if got.dtype != expected.dtype and not (
        any_float and got.is_floating_point() and expected.is_floating_point()
    ):
        return _sentence(Kind.DTYPE, f"{where} should have dtype", expected.dtype, got.dtype)
    if got.device.type != expected.device.type:
        return _sentence(Kind.DEVICE, f"{where} should be on", expected.device, got.device)
    default_rtol, default_atol = TOLERANCE.get(expected.dtype, (0.0, 0.0))
    rtol = default_rtol if rtol is None else rtol
    atol = default_atol if atol is None else atol
    got, expected = got.detach(), expected.detach()
    wrong = ~torch.isclose(got.to(expected), expected, rtol=rtol, atol=atol, equal_nan=True)
    return _first_entry(got, expected, wrong, where) if wrong.any() else ""


def _first_entry(got: Tensor, expected: Tensor, wrong: Tensor, where: str) -> str:
    """Name the first wrong entry; one that is not finite goes before one that is off."""
    broken = wrong & ~got.isfinite() & expected.isfinite()
    kind = Kind.NOT_FINITE if broken.any() else Kind.VALUES
    of = broken if broken.any() else wrong
    first = tuple(of.nonzero()[0].tolist())
    label = _entry(where, first)
    count = f" ({int(of.sum())} of {of.numel()} entries)" if of.numel() > 1 else ""
    should, is_now = apart(expected[first].item(), got[first].item())
    guarded = "should be finite," if kind is Kind.NOT_FINITE else "is wrong:"
    complaint = Complaint(
        f"{label} should be {should}, got {is_now}{count}",
        kind,
        f"{label} {guarded} got {is_now}{count}",
    )
    complaint.entry = first
    return complaint


def _numbers(got, expected, where: str, rtol, atol) -> str:
    """Numbers, and whatever else has to be equal: text, truth values, None."""
    if isinstance(expected, bool) or not isinstance(expected, Real):
        if type(got) is type(expected) and got == expected:
            return ""
        got = kind_of(got) if isinstance(got, Tensor) else got
        return _sentence(Kind.VALUES, f"{where} should be", expected, got)
    whole = isinstance(expected, Integral)
    wanted = "an int" if whole else "a float"
    if isinstance(got, bool) or not isinstance(got, Integral if whole else Real):
        return _wrong_type(where, f"{wanted} (a plain Python number)", got)
    defaults = (0.0, 0.0) if whole else TOLERANCE[torch.float32]
    rtol, atol = (d if g is None else g for g, d in zip((rtol, atol), defaults, strict=True))
    if got == expected or _near(_float(got), _float(expected), rtol, atol):
        return ""
    broken = math.isfinite(_float(expected)) and not math.isfinite(_float(got))
    kind = Kind.NOT_FINITE if broken and not isinstance(got, Integral) else Kind.VALUES
    return _sentence(kind, f"{where} should be", *apart(expected, got))


def _near(got: float, expected: float, rtol: float, atol: float) -> bool:
    if not (math.isfinite(got) and math.isfinite(expected)):
        return math.isnan(got) and math.isnan(expected)
    return rtol + atol > 0 and abs(got - expected) <= atol + rtol * abs(expected)


def _float(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond what a float can hold
        return math.inf


def number(value) -> str:
    """A number as it is shown to people: four digits are enough to recognise it."""
    return f"{value:.4g}" if isinstance(value, float) else brief(value)


def numbers(tensor: Tensor) -> str:
    """All entries of a small tensor, for a sentence or a worked example."""
    return ", ".join(number(float(value)) for value in tensor.detach().flatten())


def brief(value) -> str:
    """What someone else wrote, cut to a length that a sentence can bear."""
    text = str(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def apart(expected, got) -> tuple[str, str]:
    """Two numbers with as many digits as it takes to see that they differ."""
    shown = number(expected), number(got)
    for digits in (7, 10, 17):
        if shown[0] != shown[1] or not isinstance(expected, float):
            break
        shown = f"{expected:.{digits}g}", f"{got:.{digits}g}"
    return shown


def _entry(where: str, index: tuple[int, ...]) -> str:
    """One entry of a tensor, named as code where the tensor is, else in words."""
    if not index:
        return where
    place = f"[{', '.join(map(str, index))}]"
    return f"{where}{place}" if where.startswith("result") else f"entry {place} of {where}"


def kind_of(value) -> str:
    """What a value is, for a sentence that says it should have been something else."""
    if isinstance(value, Foreign):
        return value.kind if " " in value.kind else f"a value of type {value.kind}"
    if value is None:
        return "None: is a `return` missing?"
    if isinstance(value, Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, list | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    article = "an" if type(value).__name__[0] in "aeiou" else "a"
    return f"{article} {type(value).__name__}"


def _wrong_type(where: str, wanted: str, got) -> Complaint:
    written = where.endswith(" after the call")  # nothing that a `return` would bring
    kind = "None" if got is None and written else kind_of(got)
    return Complaint(f"{where} should be {wanted}, got {kind}", Kind.TYPE)


def _wrong_keys(where: str, got: Mapping, expected: Mapping) -> Complaint:
    missing = [key for key in expected if key not in got]
    extra = [key for key in got if key not in expected]
    parts = [f"lacks {', '.join(map(repr, missing))}"] * bool(missing)
    parts += [f"should not have {brief(', '.join(map(repr, extra[:9])))}"] * bool(extra)
    return Complaint(f"{where} {' and '.join(parts)}", Kind.TYPE)


def _sentence(kind: Kind, where_should: str, expected, got) -> Complaint:
    expected, got = (
        tuple(each) if isinstance(each, torch.Size) else each for each in (expected, got)
    )
    got = brief(got)
    shown = f"{where_should} {expected}, got {got}"
    where = where_should.removesuffix(" should be")
    secret = kind in (Kind.VALUES, Kind.NOT_FINITE)
    return Complaint(shown, kind, f"{where} is wrong: got {got}" if secret else shown)
