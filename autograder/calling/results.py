"""What came back from a call, as data: with what its recipes ask besides.

A recipe may ask for several calls in a row, for an exception, for a gradient, or for what an
input is afterwards.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from autograder.calling.plain import DEEPEST, contents, legible, parts, plain
from autograder.calling.withheld import WithheldError
from autograder.compare import INSTEAD, RAISED, RETURNED, afterwards, kind_of
from autograder.recipes import Carried, Each, Lent, Network, Refused, Traced, Written


class UnusableError(Exception):
    """What came back cannot be used as the call needs it; `kind` says in which way."""

    def __init__(self, kind: str, said: str):
        super().__init__(said)
        self.kind = kind


def result_of(submission: Callable, inputs: Mapping[str, Any], mine: dict[str, Any]) -> Any:
    """What came back, as data; with what the inputs to write into are afterwards."""
    written = {n: recipe.value for n, recipe in inputs.items() if isinstance(recipe, Written)}
    held = {name: list(mine[name]) if isinstance(mine[name], list) else mine[name]
            for name in written}  # fmt: skip
    refused = [recipe for recipe in inputs.values() if isinstance(recipe, Refused)]
    if refused:
        result = _whether_refused(submission, mine, refused[0].error)
    elif any(isinstance(recipe, Each) for recipe in inputs.values()):
        result = _in_turn(submission, inputs, mine)
    else:
        result = _differentiated(submission(**mine), inputs, mine)
    if not written:
        return result
    after = {afterwards(n): contents(value, held[n]) for n, value in written.items()}
    return {RETURNED: result, **after}


def _whether_refused(submission: Callable, mine: dict[str, Any], error: str) -> dict:
    """What was raised, by the name that is asked for if it is of that kind; or returned."""
    try:
        return {INSTEAD: plain(submission(**mine))}
    except (NotImplementedError, WithheldError, UnusableError):
        raise
    except Exception as raised:
        kinds = [kind.__name__ for kind in type(raised).__mro__]
        return {RAISED: error if error in kinds else legible(kinds[0])}


def _in_turn(submission: Callable, inputs: Mapping[str, Any], mine: dict[str, Any]) -> list:
    """One call after another, each with the state that the one before it returned."""
    each = {name: mine[name] for name, recipe in inputs.items() if isinstance(recipe, Each)}
    carried = [name for name, recipe in inputs.items() if isinstance(recipe, Carried)]
    state, results = {name: mine[name] for name in carried}, []
    for values in zip(*each.values(), strict=True):
        result = submission(**{**mine, **dict(zip(each, values, strict=True)), **state})
        for name in carried:
            if not isinstance(result, tuple) or len(result) < 2:
                raise UnusableError(
                    "no state",
                    f"returned {kind_of(plain(result))}; it should return a tuple, whose last "
                    f"part goes into the next call as `{name}`",
                )
            if isinstance(result[0], tuple | Mapping) and isinstance(result[-1], Tensor):
                raise UnusableError(
                    "order",
                    f"returned {kind_of(result[0])} before {kind_of(result[-1])}; what goes "
                    f"into the next call as `{name}` should be the last part",
                )
            *others, state[name] = result
            result = others[0] if len(others) == 1 else tuple(others)
        results.append(plain(result))  # at once: the next call may write over it
    return results


def _differentiated(result: Any, inputs: Mapping[str, Any], mine: Mapping[str, Any]) -> Any:
    """A result as data; where an input is traced, with the gradient with respect to it.

    The gradient is that of the sum of all entries of the result, each to the traced input's
    power.  Where models go in, one may come out.
    """
    _returned(result, inputs, mine)
    traced = {name: recipe for name, recipe in inputs.items() if isinstance(recipe, Traced)}
    outputs = list(_tensors(result)) if traced else []
    if not outputs:
        models = any(isinstance(recipe, Network) for recipe in inputs.values())
        return parts(result) if isinstance(result, nn.Module) and models else plain(result)
    if not any(output.requires_grad for output in outputs):
        raise UnusableError(
            "no gradient",
            "returned a tensor that has lost its way back to the input, so that PyTorch "
            "finds no gradient: use operations on tensors only, all the way",
        )
    power = max(recipe.power for recipe in traced.values())
    # of the sum: else torch imports sympy first, which a time limit may interrupt half-way
    total = sum((output**power).sum() for output in outputs if output.requires_grad)
    leaves = [mine[name] for name in traced]
    found = torch.autograd.grad(total, leaves, materialize_grads=True)
    named = {f"gradient with respect to {n}": g for n, g in zip(traced, found, strict=True)}
    return plain({"value": result, **named})


def _returned(result: Any, inputs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    """Refuse copies where a model's own parameters are to come back."""
    for name, recipe in inputs.items():
        own = {id(p) for p in mine[name].parameters()} if isinstance(recipe, Lent) else None
        if own is not None and any(id(tensor) not in own for tensor in _tensors(result)):
            raise UnusableError(
                "copies",
                f"returned a tensor that is not one of `{name}`'s parameters; return the "
                "parameters themselves, for a step on a copy leaves the model as it is",
            )


def _tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    if isinstance(value, Tensor) and value.is_floating_point():
        yield value
    elif depth < DEEPEST and isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part, depth + 1)
    elif depth < DEEPEST and isinstance(value, dict):
        yield from _tensors(list(value.values()), depth + 1)
