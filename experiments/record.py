"""Records: what an experiment measured, kept so that a chapter can read it in no time.

A record is a JSON file beside the script that wrote it.  Its numbers stand in groups,
and the first axis of each is the seed, so that every average comes with its spread.
Beside it, in unseen/, lies one of other seeds, at which nobody looked while the chapters were
written: a claim stands only if both bear it out.
"""

import json
import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module, resources
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch

Numbers = Mapping[str, Mapping[str, np.ndarray]]  # group -> quantity -> (seeds, ...)

SEEDS, UNSEEN = range(10), range(100, 110)

FLOOR = 0.02  # smaller shifts are no news: another processor rounds differently
ERRORS = 6  # hundreds of numbers are compared, and ten seeds know a deviation to a quarter


class Record(NamedTuple):
    """One experiment's numbers, and what it took to get them."""

    name: str
    numbers: Numbers
    seeds: list[int]
    versions: dict[str, str]
    seconds: float  # of processor time: what else the machine does is not counted


class Band(NamedTuple):
    """The middle of ten seeds and their spread, on the scale of the numbers themselves."""

    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray


def band(values: Sequence | np.ndarray, deviations: float = 1.0) -> Band:
    """Geometric mean over the seeds, and one standard deviation (a factor) to either side.

    Sizes of gradients differ by factors, not by amounts, so they are averaged as logarithms.
    """
    logs = np.log(np.asarray(values, dtype=float))
    middle, spread = logs.mean(axis=0), deviations * logs.std(axis=0, ddof=1)
    return Band(np.exp(middle - spread), np.exp(middle), np.exp(middle + spread))


def names() -> list[str]:
    """Every experiment: the modules of this package that measure something."""
    here = Path(str(resources.files("experiments")))
    return sorted(path.stem for path in here.glob("*_*.py") if not path.stem.startswith("_"))


def script(name: str) -> ModuleType:
    """The module of this name, with its `measure` and its CLAIMS."""
    return import_module(f"experiments.{name}")


def run(name: str, seeds: Iterable[int] = SEEDS) -> Record:
    """Measure again, on one thread, so that sums keep one order; nothing is written."""
    seeds, threads = list(seeds), torch.get_num_threads()
    torch.set_num_threads(1)
    start = time.process_time()
    try:
        numbers = _arrays(script(name).measure(seeds))
    finally:
        torch.set_num_threads(threads)
    versions = {"python": platform.python_version(), "torch": torch.__version__}
    return Record(name, numbers, seeds, versions, round(time.process_time() - start, 1))


def save(record: Record) -> None:
    """Write the record beside its script, four digits a number."""
    numbers = {
        group: {quantity: _rounded(values.tolist()) for quantity, values in quantities.items()}
        for group, quantities in record.numbers.items()
    }
    text = json.dumps(record._replace(numbers=numbers)._asdict(), ensure_ascii=False)
    text = text.replace('"}, "', '"},\n"').replace("]}, ", "]},\n").replace("]], ", "]],\n ")
    _file(record.name, unseen=set(record.seeds) <= set(UNSEEN)).write_text(text + "\n")


def load(name: str, *, unseen: bool = False) -> Record:
    """The stored record, from wherever the course is installed; or that of the other seeds."""
    try:
        stored = json.loads(_file(name, unseen).read_text())
    except FileNotFoundError:
        raise FileNotFoundError(
            f"There is no record of {name!r}; choose one of {', '.join(names())}, or measure "
            f"it with `python -m experiments --save {name}`."
        ) from None
    return Record(**stored | {"numbers": _arrays(stored["numbers"])})


def _file(name: str, unseen: bool) -> Path:
    folder = Path(str(resources.files("experiments")))
    return folder / "unseen" / f"{name}.json" if unseen else folder / f"{name}.json"


def moved(stored: Record, fresh: Record) -> list[str]:
    """Which numbers came out differently, one sentence each; empty if none did.

    Averages of logarithms are compared.  They have moved when they lie further apart than
    6 standard errors of their difference and than 2 per cent.
    """
    complaints = []
    for group, quantities in stored.numbers.items():
        for quantity, old in quantities.items():
            if quantity not in fresh.numbers.get(group, {}):
                complaints.append(
                    f"{stored.name}: {quantity} of {group} is not measured any more"
                )
                continue
            new = np.log(fresh.numbers[group][quantity])
            if old.shape[1:] != new.shape[1:]:
                complaints.append(
                    f"{stored.name}: {quantity} of {group} was {old.shape[1:]} numbers for "
                    f"each seed, is {new.shape[1:]}"
                )
                continue
            old = np.log(old)
            error = old.std(axis=0, ddof=1) * math.sqrt(1 / len(old) + 1 / len(new))
            shift = new.mean(axis=0) - old.mean(axis=0)
            far = ~(np.abs(shift) <= np.maximum(ERRORS * error, FLOOR))  # so that NaN is far
            complaints += [
                f"{stored.name}: {quantity}{_place(at)} of {group} was "
                f"{np.exp(old.mean(axis=0)[at]):.3g}, is {np.exp(new.mean(axis=0)[at]):.3g}"
                for at in map(tuple, np.argwhere(far))
            ]
    return complaints


def broken(record: Record) -> list[str]:
    """The claims that the record's numbers do not bear out."""
    claims: Mapping[str, Callable[[Numbers], bool]] = script(record.name).CLAIMS
    return [claim for claim, holds in claims.items() if not holds(record.numbers)]


def _arrays(numbers: Mapping) -> Numbers:
    return {
        g: {q: np.asarray(v, dtype=float) for q, v in qs.items()} for g, qs in numbers.items()
    }


def _rounded(value: float | list) -> float | list:
    return [_rounded(v) for v in value] if isinstance(value, list) else float(f"{value:.4g}")


def _place(at: tuple[int, ...]) -> str:
    return "".join(f"[{index}]" for index in at)
