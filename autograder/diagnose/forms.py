"""Right numbers in the wrong form: a tensor for a number, another shape, parts in another order.

Each repair turns such an answer into what it should have been; where the judge then has
nothing left to say, the repair says what was wrong.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from autograder.compare import RETURNED
from autograder.diagnose.evidence import Trial
from autograder.diagnose.ground import Ground
from autograder.diagnose.pairs import Relation

NOT_THIS = object()  # what a repair returns that has nothing to do here

Repair = Callable[[Any, Any], Any]  # (got, should) -> what it would be


def form(trial: Trial, numbers: list[int]) -> Relation | None:
    """What is wrong with the form alone, in all of these cases."""
    if not numbers or any(trial.readings[n].whole for n in numbers):
        return None
    nothing = [_returned(trial.outcomes[n].result) is None for n in numbers]
    if all(nothing) and not any(
        _returned(trial.grounds[n].right.result) is None for n in numbers
    ):
        return Relation(
            "nothing returned",
            "is None: the function ends without a return, and what it computed is lost. End it "
            "with return and the result",
        )
    if all(_only_changed(trial, n) for n in numbers):
        names = " and ".join(
            dict.fromkeys(c for n in numbers for c in trial.outcomes[n].changed)
        )
        return Relation(
            "works in place",
            f"is right, but {names} is another after the call than before. Inputs belong to "
            "the caller: compute a new tensor, as x = x + 1 does and x += 1 does not",
        )
    for relation, repair in REPAIRS:
        if all(_repaired(trial.grounds[n], trial.outcomes[n].result, repair) for n in numbers):
            return relation
    return next(_inputs_returned(trial, numbers), None)


def _only_changed(trial: Trial, number: int) -> bool:
    return bool(trial.outcomes[number].changed) and not trial.readings[number].wrong[:-1].any()


def _returned(result: Any) -> Any:
    return result[RETURNED] if isinstance(result, Mapping) and RETURNED in result else result


def _repaired(ground: Ground, got: Any, repair: Repair) -> bool:
    should = ground.right.result
    try:
        if isinstance(should, Mapping) and RETURNED in should and isinstance(got, Mapping):
            fixed = {**got, RETURNED: repair(got.get(RETURNED), should[RETURNED])}
            found = fixed[RETURNED]
        else:
            fixed = found = repair(got, should)
        return found is not NOT_THIS and not ground.case.judge(fixed, should)
    except (TypeError, ValueError, RuntimeError, LookupError):  # it was something else entirely
        return False


def deep(leaf: Repair) -> Repair:
    """The repair of every leaf of a nest; it has to find something to do."""

    def repair(got: Any, should: Any) -> Any:
        done: list[Any] = []

        def visit(got: Any, should: Any) -> Any:
            if isinstance(should, Mapping):
                return {key: visit(got[key], part) for key, part in should.items()}
            if isinstance(should, list | tuple) and not isinstance(got, Tensor):
                return [visit(*pair) for pair in zip(got, should, strict=True)]
            fixed = leaf(got, should)
            done.extend([fixed] if fixed is not NOT_THIS else [])
            return got if fixed is NOT_THIS else fixed

        whole = visit(got, should)
        return whole if done else NOT_THIS

    return repair


def to_number(got: Any, should: Any) -> Any:
    plain = isinstance(should, int | float) and not isinstance(should, bool)
    if plain and isinstance(got, Tensor) and got.numel() == 1:
        return type(should)(got.item())
    return NOT_THIS


def to_whole(got: Any, should: Any) -> Any:
    if isinstance(got, float) and type(should) is int and got.is_integer():
        return int(got)
    return NOT_THIS


def to_real(got: Any, should: Any) -> Any:
    return float(got) if isinstance(should, float) and type(got) is int else NOT_THIS


def to_tensor(got: Any, should: Any) -> Any:
    if isinstance(should, Tensor) and isinstance(got, int | float):
        return torch.full_like(should, got) if should.numel() == 1 else NOT_THIS
    if isinstance(should, Tensor) and isinstance(got, list | tuple):
        return torch.stack([torch.as_tensor(part) for part in got]).to(should.dtype)
    return NOT_THIS


def cast(got: Any, should: Any) -> Any:
    both = isinstance(got, Tensor) and isinstance(should, Tensor)
    return got.to(should.dtype) if both and got.dtype != should.dtype else NOT_THIS


def reshaped(got: Any, should: Any) -> Any:
    both = isinstance(got, Tensor) and isinstance(should, Tensor)
    if both and got.shape != should.shape and got.squeeze().shape == should.squeeze().shape:
        return got.reshape(should.shape)
    return NOT_THIS


def turned(got: Any, should: Any) -> Any:
    both = isinstance(got, Tensor) and isinstance(should, Tensor)
    if both and got.dim() == 2 and got.T.shape == should.shape:
        return got.T
    return NOT_THIS


def flattened(got: Any, should: Any) -> Any:
    both = isinstance(got, Tensor) and isinstance(should, Tensor)
    if both and got.shape != should.shape and got.numel() == should.numel():
        return got.reshape(should.shape)
    return NOT_THIS


def backwards(got: Any, should: Any) -> Any:
    """Parts of a tuple in reverse; with several calls, of each one's."""
    if isinstance(should, tuple) and isinstance(got, list | tuple) and len(got) > 1:
        return tuple(reversed(got))
    if isinstance(should, list) and should and isinstance(should[0], tuple):
        return [backwards(*pair) for pair in zip(got, should, strict=True)]
    return NOT_THIS


def one_part(got: Any, should: Any) -> Any:
    """One part of a tuple by itself: all others are given to it."""
    if isinstance(should, tuple) and not isinstance(got, list | tuple | Mapping):
        for index, part in enumerate(should):
            if type(got) is type(part) and _close(got, part):
                return (*should[:index], got, *should[index + 1 :])
    return NOT_THIS


def last_part(got: Any, should: Any) -> Any:
    several = isinstance(should, list) and should
    if not several or isinstance(got, list | tuple | Mapping):
        return NOT_THIS
    alike = type(got) is type(should[-1]) and _close(got, should[-1])
    return should if alike else NOT_THIS


def reduced(how: Callable[[Tensor], Tensor]) -> Repair:
    """One number, or one for each row, where all entries have come."""

    def repair(got: Any, should: Any) -> Any:
        if isinstance(got, list) and got and isinstance(got[0], int | float):
            got = torch.tensor(got)
        if not isinstance(got, Tensor) or got.numel() < 2 or got.is_complex():
            return NOT_THIS
        if isinstance(should, int | float):
            return type(should)(how(got.double()).item())
        if isinstance(should, Tensor) and should.dim() == 0:
            return how(got.double()).to(should.dtype)
        return NOT_THIS

    return deep(repair)


def too_many(got: Any, should: Any) -> Any:
    if isinstance(got, list | tuple) and not isinstance(should, list | tuple | Mapping):
        return got[0] if len(got) else NOT_THIS
    if isinstance(got, list | tuple) and isinstance(should, list | tuple):
        return got[: len(should)] if len(got) > len(should) else NOT_THIS
    return NOT_THIS


def without_first(got: Any, should: Any) -> Any:
    return _shorter(got, should, lambda rows: rows[1:])


def without_last(got: Any, should: Any) -> Any:
    return _shorter(got, should, lambda rows: rows[:-1])


def _shorter(got: Any, should: Any, cut: Callable) -> Any:
    """The right one, if what came is that without a row."""
    tensors = isinstance(got, Tensor) and isinstance(should, Tensor) and should.dim() > 0
    lists = isinstance(got, list) and isinstance(should, list)
    if not (tensors or lists) or len(got) + 1 != len(should) or len(got) < 2:
        return NOT_THIS
    alike = all(_close(*pair) for pair in zip(got, cut(should), strict=True))
    return should if alike else NOT_THIS


def _close(one: Any, other: Any) -> bool:
    one, other = torch.as_tensor(one).double(), torch.as_tensor(other).double()
    return one.shape == other.shape and torch.allclose(one, other, 1e-4, equal_nan=True)


REPAIRS: tuple[tuple[Relation, Repair], ...] = (
    (Relation("a tensor for a number", "has the right value, but as a tensor where a plain number "
              "is asked for: .item() takes the number out of a tensor that holds one"),
     deep(to_number)),
    (Relation("a number for a tensor", "has the right value, but as a plain number or a list "
              "where a tensor is asked for: leave out .item() and .tolist(), or make a tensor "
              "of it in the dtype of the inputs"), deep(to_tensor)),
    (Relation("a fraction for a whole number", "has the right value, but as a float where an "
              "int is asked for"), deep(to_whole)),
    (Relation("a whole number for a float", "has the right value, but as an int where a float "
              "is asked for"), deep(to_real)),
    (Relation("another dtype", "has the right values in another dtype than asked for: compute "
              "in the dtype of the inputs, and go back to it at the end if you have to leave it"),
     deep(cast)),
    (Relation("an axis of length one", "has the right values, with an axis of length one too "
              "many or too few: look at keepdim, squeeze, unsqueeze and [None]"), deep(reshaped)),
    (Relation("transposed", "has the right values with rows and columns exchanged"), deep(turned)),
    (Relation("another shape", "has the right values in another shape"), deep(flattened)),
    (Relation("parts in reverse order", "has the right parts in reverse order: look up which "
              "the exercise asks for first"), backwards),
    (Relation("one part only", "is one part of what is asked for, and that part is right: return "
              "all parts, as a tuple"), one_part),
    (Relation("the last one only", "is the last of those that are asked for: collect all of them, "
              "in a list"), last_part),
    *((Relation(f"the {word} not taken", "has all entries where one number is asked for, "
                f"and the right one is their {word}"), reduced(how))
      for word, how in (("maximum", torch.max), ("sum", torch.sum), ("mean", torch.mean),
                        ("minimum", torch.min), ("norm", torch.linalg.vector_norm))),
    (Relation("more than asked for", "holds what is asked for, and more: return only that"),
     too_many),
    (Relation("the first one missing", "has all the right parts but the first"), without_first),
    (Relation("the last one missing", "has all the right parts but the last"), without_last),
)  # fmt: skip


def _inputs_returned(trial: Trial, numbers: list[int]) -> Iterator[Relation]:
    for name, value in trial.grounds[numbers[0]].case.inputs.items():
        if isinstance(value, Tensor) and all(_is(trial, n, name) for n in numbers):
            yield Relation(f"{name} as it came", f"is {name}, just as it came in")


def _is(trial: Trial, number: int, name: str) -> bool:
    result, value = trial.outcomes[number].result, trial.grounds[number].case.inputs.get(name)
    right = trial.grounds[number].right.result
    alike = isinstance(result, Tensor) and isinstance(value, Tensor) and _close(result, value)
    return (
        alike
        and result.numel() > 1
        and not (isinstance(right, Tensor) and _close(right, value))
    )
