"""Tensors as text: small ones whole, of large ones the beginning; one entry may be marked.

The mark is written →so←, which a page may show in another way.
"""

import re
from collections.abc import Mapping
from itertools import islice, product

import torch
from torch import Tensor

from autograder.compare import apart, number

WHOLE = 36  # entries of a tensor that is written out
FIRST = 8  # entries shown of a larger one
MARK = re.compile("→([^→←]*)←")


def tensor(value: Tensor, marks: Mapping[tuple[int, ...], str] | None = None) -> str:
    """Its dtype and shape, then its entries, or the first of them and what all are like."""
    marks = marks or {}
    head = f"{kind(value)}: " if value.dim() else ""
    if value.is_meta:
        return f"{head}no numbers"
    if value.numel() <= WHOLE:
        if value.dim() > 1 and len(value) > 1:  # rows below each other
            head = f"{head.rstrip()}\n"
        return head + entries(value, marks)
    places = [*islice(product(*map(range, value.shape)), FIRST)]
    first = ", ".join(marks.get(place) or _entry(value[place]) for place in places)
    beyond = "".join(
        f"; entry [{', '.join(map(str, place))}] is {text}"
        for place, text in marks.items()
        if place not in places
    )
    return f"{head}{first}, …{beyond}; {_spread(value)}"


def with_mark(value, other, entry: tuple[int, ...]) -> str:
    """A tensor with its entry at this place marked, in digits that tell it from `other`'s."""
    mine, theirs = value[entry].item(), other[entry].item()
    return tensor(value, {entry: f"→{apart(theirs, mine)[1]}←"})


def kind(value: Tensor) -> str:
    """Its dtype and shape, in words."""
    shape = " × ".join(map(str, value.shape))
    if value.dim() == 1:
        shape += " entry" if len(value) == 1 else " entries"
    return f"{str(value.dtype).removeprefix('torch.')}, {shape}"


def entries(value: Tensor, marks: Mapping | None = None, place: tuple[int, ...] = ()) -> str:
    """All entries in brackets, a line for each row."""
    marks = marks or {}
    if not value.dim():
        return marks.get(place) or _entry(value)
    between = ", " if value.dim() == 1 else ",\n" + " " * (len(place) + 1)
    parts = [entries(part, marks, (*place, k)) for k, part in enumerate(value)]
    return f"[{between.join(parts)}]"


def _entry(value: Tensor) -> str:
    return number(value.item())


def _spread(value: Tensor) -> str:
    """What the entries of a large tensor are like."""
    if value.dtype == torch.bool:
        return f"{int(value.sum())} of {value.numel()} are True"
    if value.is_complex():
        return f"{value.numel()} entries in all"
    finite = value[value.isfinite()].cpu().double()
    odd = value.numel() - finite.numel()
    said = [f"{odd} of {value.numel()} are not finite"] * bool(odd)
    if finite.numel():
        low, high, mean = map(_entry, (finite.min(), finite.max(), finite.mean()))
        spread = _entry(finite.std(correction=0))
        said += [f"from {low} to {high}, mean {mean}, standard deviation {spread}"]
    return "; ".join(said)
