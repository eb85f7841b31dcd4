"""How long the library takes for what PyTorch does too: ratios of times, topic by topic.

Ours is written to be read, PyTorch's is fused and vectorized, so most ratios are above 1.  The
aim is 1.5 for activations and 2 for the others; a row that exceeds it says why.  The two take
turns within one run, on one thread, so that a busy machine slows both; on a CPU the processor's
time counts, not the clock's.  Printed is the median of the turns' ratios, with the quartiles in
brackets.

    small     64 rows of 256 numbers: calling a kernel takes longer than what it does
    large     1024 rows of 4096 numbers, more than a cache holds: memory is what takes the time
    forward   without a graph
    both      forward with a graph, and backward from a gradient of ones

A second table sets one step of `Descent`, as it is and compiled, beside torch.optim's, and the
compiled step beside the plain one: what compiling costs a small network and gains a large one.

    python benchmarks/library.py [rounds] [topic or "steps" ...]
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib import import_module
from itertools import chain
from math import ceil
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from peers import Pair, Size, Topic, steps
from torch import Tensor
from turns import take_turns

TOPICS = ("gradients", "initialization", "activations", "normalization")
SIZES = {"small": (64, 256), "large": (1024, 4096)}
TURN = 1e-3  # seconds: what takes less is called several times in a turn
MOST = 1000  # calls, where a function takes no time to speak of


class Ratio(NamedTuple):
    """Our time over PyTorch's: quartiles over the turns."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f}-{self.high:.2f})"


class Row(NamedTuple):
    """Ratios by column, the most that each column should be, and why it may be more."""

    name: str
    ratios: Mapping[str, Ratio]
    aims: Mapping[str, float]
    because: str

    @property
    def excesses(self) -> list[str]:
        return [c for c, aim in self.aims.items() if self.ratios[c].middle > aim]


# ── Measuring ───────────────────────────────────────────────────────────────────────


def without_a_graph(function: Callable, inputs: tuple) -> object:
    with torch.no_grad():
        return function(*inputs)


def with_a_graph(function: Callable, inputs: tuple) -> object:
    return function(*inputs)


def both(function: Callable, inputs: tuple) -> tuple[Tensor, ...]:
    y = function(*inputs)
    leaves = [x for x in inputs if isinstance(x, Tensor) and x.requires_grad]
    return torch.autograd.grad(y, leaves, torch.ones_like(y))


def passes(pair: Pair) -> dict[str, Callable]:
    """What has no backward pass may be one itself, and its peer needs the graph."""
    if pair.grad:
        return {"forward": without_a_graph, "both": both}
    return {"forward": with_a_graph}


def side_by_side(
    peers: Mapping[str, Callable[[], object]], rounds: int, device: str = "cpu"
) -> dict[str, Float[np.ndarray, " rounds"]]:
    """Each peer's time in every round; quick ones are called as often as fills a turn."""
    cuda = device == "cuda"
    clock = time.perf_counter if cuda else time.process_time  # who shares a CPU does not count

    def all_of(calls: Iterable[Callable[[], object]]) -> None:
        for call in calls:
            call()
        if cuda:
            torch.cuda.synchronize()  # calls return before their kernels do

    all_of(peers.values())  # the first call of all pays for what is made once
    start = clock()
    all_of(peers.values())
    times = min(MOST, ceil(TURN * len(peers) / (clock() - start)))
    turns = {name: partial(all_of, [peer] * times) for name, peer in peers.items()}
    taken = take_turns({n: lambda _, t=t: t() for n, t in turns.items()}, rounds, clock)
    return {name: np.array(seconds) for name, seconds in taken.items()}


def quartiles(ours: np.ndarray, theirs: np.ndarray) -> Ratio:
    return Ratio(*np.quantile(ours / theirs, (0.25, 0.5, 0.75)))


def compare(name: str, pair: Pair, aim: float, sizes: Mapping[str, Size], rounds: int) -> Row:
    """Ours and theirs, each on inputs of its own."""
    ratios = {}
    for size_name, size in sizes.items():
        mine, torchs = pair.inputs(size), pair.inputs(size)
        for pass_name, run in passes(pair).items():
            peers = {
                "ours": partial(run, pair.ours, mine),
                "PyTorch's": partial(run, pair.theirs, torchs),
            }
            times = side_by_side(peers, rounds, size.device)
            ratios[f"{size_name}, {pass_name}"] = quartiles(*times.values())
    return Row(f"{name:34}{aim:>4}", ratios, dict.fromkeys(ratios, aim), pair.because)


# ── Printing ────────────────────────────────────────────────────────────────────────


def header(name: str, columns: Iterable[str]) -> str:
    return f"\n{name:38}" + "".join(f"{column:>21}" for column in columns)


def lines(row: Row, columns: Iterable[str]) -> Iterator[str]:
    """The row, and if it exceeds an aim the reason."""
    yield f"{row.name:38}" + "".join(f"{row.ratios.get(c, '')!s:>21}" for c in columns)
    if row.excesses:
        yield f"    {row.because or 'NOT EXPLAINED'}"


def functions(topics: Iterable[str], sizes: Mapping[str, Size], rounds: int) -> Iterator[str]:
    """The table of functions: a line for each pair, grouped by topic."""
    columns = [f"{size}, {way}" for size in sizes for way in ("forward", "both")]
    yield header(f"{'ours / PyTorch':34}{'aim':>4}", columns)
    for name in topics:
        topic: Topic = import_module(f"peers.{name}").TOPIC
        yield f"\n{name}"
        for pair_name, pair in topic.pairs.items():
            yield from lines(compare(pair_name, pair, topic.aim, sizes, rounds), columns)


def descents(
    networks: Iterable[str], rounds: int, device: str, ours: Sequence[str] = tuple(steps.OURS)
) -> Iterator[str]:
    """The table of optimizers: one step of Descent beside PyTorch's three ways to do it."""
    pairs = [(mine, theirs) for mine in ours for theirs in steps.THEIRS]
    pairs += [("compiled", "plain")] * ({"compiled", "plain"} <= {*ours})
    columns = [" / ".join(pair) for pair in pairs]
    yield header("one step of Descent / torch.optim", columns)
    for rule, stepper in steps.RULES.items():
        yield f"\n{rule}"
        for network in networks:
            peers = steps.steps(stepper, steps.NETWORKS[network](), device, ours)
            times = side_by_side(peers, rounds, device)
            ratios = {
                column: quartiles(times[mine], times[theirs])
                for column, (mine, theirs) in zip(columns, pairs, strict=True)
            }
            aims = {c: aim for c, aim in steps.aims(network).items() if c in columns}
            row = Row(network, ratios, aims, "")
            first = [column.partition(" / ")[0] for column in row.excesses]
            because = [steps.BECAUSE[w] for w in ours if w in first]
            yield from lines(row._replace(because=" ".join(because)), columns)
    aims = ", ".join(f"{name} {aim}" for name, aim in steps.aims(steps.LARGE).items())
    yield f"aims: {aims}, the last for {steps.LARGE}"


def main(rounds: int, topics: Sequence[str]) -> None:
    torch.set_num_threads(1)
    for device in ("cpu", "cuda")[: 1 + torch.cuda.is_available()]:
        print(f"\nOn {device}, {rounds} rounds; torch {torch.__version__}")
        sizes = {name: Size(*shape, device) for name, shape in SIZES.items()}
        functional = [topic for topic in topics if topic in TOPICS]
        tables = [functions(functional, sizes, rounds)] if functional else []
        if "steps" in topics:
            tables.append(descents(steps.NETWORKS, rounds, device))
        for line in chain.from_iterable(tables):
            print(line, flush=True)


if __name__ == "__main__":
    given = sys.argv[1:]
    count = int(given.pop(0)) if given and given[0].isdigit() else 11
    main(count, given or (*TOPICS, "steps"))
