"""Exercise 6.1: every example once, in a fresh order."""

import math

import torch

from autograder.compare import Complaint, Kind, disagreement, kind_of
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum

SAME = 0.6  # of all places; by chance one in n agrees


def minibatches_cases(rng):
    """Three epochs each: the first two from generators alike, the third from another one."""

    def case(name, n, batch_size, *shape, lots=None, **options):
        seeds = torch.randint(2**31, (2,), generator=rng).tolist()
        lots = lots or [torch.Generator().manual_seed(seeds[which]) for which in (0, 0, 1)]
        y = torch.arange(n)
        x = y.view(n, *(1 for _ in shape)).expand(n, *shape) + torch.zeros(n, *shape)
        inputs = dict(x=x, y=y, batch_size=batch_size, generator=Each(lots), **options)
        return Case(name, inputs, epochs if lots[0] else epochs_by_chance)

    yield case("a size that does not divide the number", 23, 5, 3)
    yield case("a size that does", 24, 8, 2)
    yield case("the short batch left out", 23, 5, 3, drop_last=True)
    yield case("nothing to leave out", 20, 5, 2, drop_last=True)
    yield case("batches of one", 15, 1, 4)
    yield case("all in one batch", 16, 40, 2)
    yield case("images", 14, 4, 1, 3, 3)
    yield case("a number for each example", 17, 6)
    yield case("too few for one batch, left out", 7, 10, 2, drop_last=True)
    yield case("without a generator", 41, 4, 2, lots=[None, None, None])


def unlike(result, *, empty: bool) -> str:
    """What keeps a result from being three epochs of batches, or "" where nothing does."""
    for epoch in result if isinstance(result, list) else [result]:
        if not isinstance(epoch, list):
            return f"an epoch should be a generator or a list of batches, got {kind_of(epoch)}"
        if not epoch and not empty:
            return "an epoch should hold batches, and yours holds none"
        for pair in epoch:
            if not isinstance(pair, tuple | list) or len(pair) != 2:
                return f"a batch should be a pair (x, y), got {kind_of(pair)}"
            for name, part in zip("xy", pair, strict=True):
                if not isinstance(part, torch.Tensor) or part.is_complex():
                    return f"{name} of a batch should be a real tensor, got {kind_of(part)}"
    return ""


def facts(result, by_chance: bool):
    """What can be said of three epochs, whatever order each was drawn in.

    Where nobody can draw the same again (`by_chance`), what is wrong cannot be counted.
    """
    said, orders = {}, []
    for number, epoch in enumerate(result, start=1):
        batches = [y.flatten().tolist() for _, y in epoch]
        order = [label for batch in batches for label in batch]
        orders.append(order)
        sizes, strangers = [float(len(b)) for b in batches], sum(_strangers(*b) for b in epoch)
        if by_chance:
            said[f"whether each x in epoch {number} belongs to its y"] = not strangers
        else:
            said[f"the number of x in epoch {number} that do not belong to their y"] = strangers
        said[f"the sizes of epoch {number}'s batches"] = sorted(sizes) if by_chance else sizes
        if by_chance:
            said[f"whether epoch {number} repeats no example"] = len({*order}) == len(order)
        else:
            said[f"the number of different examples in epoch {number}"] = len({*order})
        said[f"the share of places in epoch {number} that are as in the set"] = _agree(
            order, sorted(order)
        )
        said[f"the share of batches in epoch {number} that are a stretch of the set"] = _agree(
            [max(b, default=0) - min(b, default=0) + 1 for b in batches],
            [len(b) for b in batches],
        )
    for which, number in (("equal", 1), ("other", 2)):
        said[f"the share of places where {which} generators gave equal examples"] = _agree(
            orders[0], orders[number]
        )
    for name, part in zip(("x", "y"), result[0][0] if result[0] else (), strict=False):
        alike = part[:1] if by_chance and part.ndim else part  # any batch may be the short one
        said[f"{name} of the first batch"] = torch.zeros_like(alike)
    return said


def _strangers(x, y) -> int:
    if y.ndim != 1 or x.shape[:1] != y.shape:
        return max(len(y) if y.ndim else 1, 1)
    rows = x.double().reshape(len(x), math.prod(x.shape[1:]))
    return int((rows != y.double().reshape(-1, 1)).any(dim=1).sum())


def _agree(one, other) -> float:
    """Roughly: 1 for the same order, 0 for one by chance."""
    share = sum(a == b for a, b in zip(one, other, strict=False)) / max(len(one), 1)
    return float(share > SAME)


def epochs(got, expected, by_chance: bool = False) -> str:
    empty = expected == [[], [], []]
    if complaint := unlike(got, empty=empty) or unlike(expected, empty=empty):
        # the latter is from a misconception
        return disagreement(got, expected) and Complaint(complaint, Kind.TYPE)
    seen, wanted = facts(got, by_chance), facts(expected, by_chance)
    for name in [
        *wanted,
        *seen,
    ]:  # the first that is wrong says it; twenty others would hide it
        one, other = ({name: each[name]} if name in each else {} for each in (seen, wanted))
        if complaint := disagreement(one, other, call=called):
            return complaint
    return ""


def called(path) -> str:
    name = str(path[0]) if path else "the result"
    return f"number {path[1] + 1} of {name}" if len(path) > 1 else name


def epochs_by_chance(got, expected) -> str:
    return epochs(got, expected, by_chance=True)


def batches_by_index(x, y, batch_size, generator=None, drop_last=False):
    """Another right way: a list, cut by `split`, and another order."""
    order = torch.randperm(len(y), generator=generator).flip(0)
    chunks = list(order.split(batch_size))
    if drop_last and len(chunks[-1]) < batch_size:
        chunks.pop()
    return [(x[chunk], y[chunk]) for chunk in chunks]


def batches_by_sorting(x, y, batch_size, generator=None, drop_last=False):
    """Another right way: shuffle both once, by random keys, then cut."""
    order = torch.rand(len(x), generator=generator).argsort()
    x, y = x[order], y[order]
    for number in range(len(x) // batch_size + 1):
        part = slice(number * batch_size, (number + 1) * batch_size)
        if len(y[part]) == batch_size or (len(y[part]) and not drop_last):
            yield x[part], y[part]


ORDER = "torch.randperm(n, generator=generator)"
END = "end = n - n % batch_size if drop_last else n"
CUT = "order[start : start + batch_size]"
LOOP = "for start in range(0, end, batch_size):"

MINIBATCHES = Exercise(
    target=momentum.minibatches,
    points=3,
    cases=minibatches_cases,
    accepts=(batches_by_index, batches_by_sorting),
    goal="cut a set into mini-batches without losing any of it",
    section="Batches",
    minutes=10,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([[4.0], [4.0], [4.0]]), y=torch.tensor([7, 7, 7]), batch_size=2
        ),
        steps=lambda: [
            ("three alike examples, (4, 7), two a batch", "any order is the same here"),
            ("first batch", "x of [4] and [4], y of 7 and 7"),
            ("what is left makes the second", "x of [4], y of 7"),
        ],
    ),
    misconceptions=(
        Misconception(
            "drawn with replacement",
            instead_of=ORDER,
            wrote="torch.randint(n, (n,), generator=generator)",
            symptom="Some examples come twice in an epoch, and others not at all.",
            hint="An epoch is a permutation: shuffle the numbers from 0 to n − 1, do not draw "
            "with replacement.",
        ),
        Misconception(
            "the same batch every time",
            instead_of=CUT,
            wrote="order[: len(order[start : start + batch_size])]",
            symptom="Every batch holds the same examples.",
            hint="The second batch begins where the first has ended.",
        ),
        Misconception(
            "only x shuffled",
            instead_of="yield x[chosen], y[chosen]",
            wrote="yield x[chosen], y[start : start + batch_size]",
            symptom="The labels are in the order of the set, the examples are not.",
            hint="An example and its label have to be moved together: one order for both.",
        ),
        Misconception(
            "x and y shuffled differently",
            instead_of="yield x[chosen], y[chosen]",
            wrote="other = torch.randperm(n, generator=torch.Generator().manual_seed(start))\n"
            "        yield x[chosen], y[other[start : start + batch_size]]",
            symptom="Examples and labels are both shuffled, each in an order of its own.",
            hint="An example and its label have to be moved together: one order for both.",
        ),
        Misconception(
            "the short batch always dropped",
            instead_of=END,
            wrote="end = n - n % batch_size",
            symptom="The last, shorter batch is missing although nobody asked to drop it.",
            hint="What does not fill a batch is still data. Leave it out only if asked to.",
        ),
        Misconception(
            "the short batch never dropped",
            instead_of=END,
            wrote="end = n",
            symptom="The short batch is there although it was to be left out.",
            hint="With dropping, the last place to begin is where a whole batch still fits.",
        ),
        Misconception(
            "the last batch always dropped",
            instead_of=END,
            wrote="end = n - (n % batch_size or batch_size) if drop_last else n",
            symptom="A batch is missing where the size divides the number.",
            hint="Only a batch that is short is left out. A full one stays.",
        ),
        Misconception(
            "the short batch filled up",
            instead_of=CUT,
            wrote="order.repeat(batch_size)[start : start + batch_size]",
            symptom="Your last batch is full: it repeats examples from the beginning.",
            hint="Every example once an epoch. The last batch may be smaller.",
        ),
        Misconception(
            "not shuffled",
            instead_of=ORDER,
            wrote="torch.arange(n)",
            symptom="The examples come in the order of the set.",
            hint="Draw a new order for every epoch.",
        ),
        Misconception(
            "the generator not used",
            instead_of=ORDER,
            wrote="torch.randperm(n)",
            symptom="Two equal generators give you two different epochs.",
            hint="The order is to be drawn from the generator that was handed in, so that a "
            "run can be repeated.",
        ),
        Misconception(
            "the same order in every epoch",
            instead_of=ORDER,
            wrote="torch.randperm(n, generator=torch.Generator().manual_seed(0))",
            symptom="Whatever the generator, your order is the same.",
            hint="A seed set inside makes every epoch alike. Draw from the generator that was "
            "handed in.",
        ),
        Misconception(
            "batches that overlap",
            instead_of="range(0, end, batch_size)",
            wrote="range(0, end, max(1, batch_size // 2))",
            symptom="Each batch begins before the last one has ended.",
            hint="From one start to the next it is a whole batch.",
        ),
        Misconception(
            "the batches shuffled, not the examples",
            instead_of=f"{LOOP}\n        chosen = {CUT}",
            wrote="for at in torch.randperm((end + batch_size - 1) // batch_size, "
            "generator=generator):\n"
            "        start = int(at) * batch_size\n"
            "        chosen = torch.arange(start, min(start + batch_size, n))",
            symptom="Each of your batches is a stretch of the set: only their order is drawn.",
            hint="Shuffle the examples first, then cut. Else the same examples meet in every "
            "epoch, and a sorted set gives batches of one class.",
        ),
        Misconception(
            "shuffled within each batch only",
            instead_of=CUT,
            wrote="start + torch.randperm(min(batch_size, n - start), generator=generator)",
            symptom="Each of your batches is a stretch of the set, shuffled in itself.",
            hint="Draw one order for the whole set, and cut that.",
        ),
        Misconception(
            "not shuffled without a generator",
            instead_of=ORDER,
            wrote="torch.arange(n) if generator is None else torch.randperm(n, "
            "generator=generator)",
            symptom="Where no generator is given your examples come in the order of the set.",
            hint="Without a generator the order is drawn all the same, from PyTorch's own.",
        ),
        Misconception(
            "seeded where no generator is given",
            instead_of=ORDER,
            wrote="torch.randperm(n, generator=generator or torch.Generator().manual_seed(0))",
            symptom="Where no generator is given all your epochs have the same order.",
            hint="Without a generator the order is drawn from PyTorch's own, which moves on "
            "from epoch to epoch.",
        ),
        Misconception(
            "a generator expected",
            instead_of=ORDER,
            wrote="torch.randperm(n, generator=generator, device=generator.device)",
            symptom="Where no generator is given, something stops you.",
            hint="The generator may be None: then the order is drawn from PyTorch's own.",
        ),
    ),
)
