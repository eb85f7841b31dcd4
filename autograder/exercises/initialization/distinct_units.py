"""Exercise 2.6: copies among hidden units."""

import torch

from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization


def copies_of(rng, which, inputs, outputs, *, dtype=torch.float32):
    """A layer whose unit i is a copy of original `which[i]`; the originals are random."""
    which = torch.tensor(which)
    w_in = torch.randn(int(which.max()) + 1, inputs, generator=rng, dtype=dtype)
    w_out = torch.randn(outputs, int(which.max()) + 1, generator=rng, dtype=dtype)
    return dict(w_in=w_in[which], w_out=w_out[:, which])


def unit_cases(rng):
    yield Case("six units, two of them copies", copies_of(rng, [0, 1, 2, 1, 0, 3], 4, 2))
    yield Case("all copies of one", copies_of(rng, [0] * 7, 3, 2))
    yield Case(
        "more units than inputs, none a copy", copies_of(rng, [0, 1, 2, 3, 4, 5, 6], 3, 2)
    )
    heard_alike = copies_of(rng, [0, 1, 2, 2, 3], 4, 3)
    heard_alike["w_out"][:, 3] += torch.tensor([0.0, 0.5, 0.0])
    yield Case("alike in what they hear, unlike in who hears them", heard_alike)
    told_alike = copies_of(rng, [0, 1, 1, 2, 3], 4, 2)
    told_alike["w_in"][1, 2] += 0.7
    yield Case("alike in who hears them, unlike in what they hear", told_alike)
    nearly = copies_of(rng, [0, 0, 1, 1, 1, 2], 5, 3)
    nearly["w_in"] += 2e-8 * torch.randn(6, 5, generator=rng)
    yield Case("copies up to rounding", nearly)
    rough = copies_of(rng, [0, 0, 1, 2, 2, 2], 5, 5, dtype=torch.float64)
    rough["w_in"] += 0.01 * torch.rand(6, 5, generator=rng, dtype=torch.float64)
    yield Case("a tolerance of 0.2, as many outputs as inputs", rough | dict(tol=0.2))
    yield Case("the same within 1e-6 only", rough | dict(tol=1e-6))
    doubled = copies_of(rng, [0, 1, 2], 4, 2)
    doubled["w_in"][1] = 2 * doubled["w_in"][0]
    doubled["w_out"][:, 1] = doubled["w_out"][:, 0]
    yield Case("a unit twice as large as another", doubled)
    yield Case("one unit", copies_of(rng, [0], 2, 3))
    border = copies_of(rng, [0, 1], 4, 2)
    border["w_in"][0], border["w_in"][1] = 0.29, 0.31  # tenths and fifths round them apart
    border["w_out"][:, 0], border["w_out"][:, 1] = 0.49, 0.51
    yield Case("copies on two sides of a rounding border", border | dict(tol=0.2))
    wide = copies_of(rng, [0, 0], 4, 2)
    wide["w_in"][1] += 0.15
    yield Case("copies whose many small distances add up", wide | dict(tol=0.2))
    outlier = copies_of(rng, [0, 0], 4, 2)
    outlier["w_in"][1, 2] += 0.5
    yield Case("one weight too far off, the others the same", outlier | dict(tol=0.2))
    yield Case("a tolerance of 0", copies_of(rng, [0, 1, 0, 0], 3, 2) | dict(tol=0.0))


def units_one_at_a_time(w_in, w_out, tol=1e-6):
    """Another right way: keep a list of the units met so far."""
    met = []
    for listens, tells in zip(w_in, w_out.T, strict=True):
        unit = torch.cat([listens, tells])
        if not any(torch.dist(unit, other, p=float("inf")) <= tol for other in met):
            met.append(unit)
    return len(met)


def units_by_distance(w_in, w_out, tol=1e-6):
    """Another right way: all distances first, then whoever has no earlier twin."""
    units = torch.hstack((w_in, w_out.t())).double()
    far = torch.cdist(units, units, p=float("inf"))
    return sum(int((row[:index] > tol).all()) for index, row in enumerate(far))


ROW = "units = torch.cat([w_in, w_out.T], dim=1)"

DISTINCT_UNITS = Exercise(
    target=initialization.distinct_units,
    points=2,
    cases=unit_cases,
    accepts=(units_one_at_a_time, units_by_distance),
    goal="tell how wide a layer really is",
    section="Symmetry: a layer of copies",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            w_in=torch.tensor([[1.0], [1.0], [2.0]]), w_out=torch.tensor([[5.0, 5.0, 5.0]])
        ),
        steps=lambda: [
            ("unit 0: listens to, tells", "(1, 5)"),
            ("unit 1", "(1, 5), a copy of unit 0"),
            ("unit 2", "(2, 5), like no other"),
            ("distinct", "2"),
        ],
    ),
    misconceptions=(
        Misconception(
            "rank of the matrix",
            instead_of="return int((~copies).sum())",
            wrote="return int(torch.linalg.matrix_rank(units))",
            symptom="You count independent units: never more than there are weights of one.",
            hint="A unit that is the sum of two others is no copy: it bends elsewhere, and "
            "gets another gradient.",
        ),
        Misconception(
            "pairs of copies taken off",
            instead_of="return int((~copies).sum())",
            wrote="return len(units) - int((distance <= tol).tril(diagonal=-1).sum())",
            symptom="Three copies of one unit cost you three units instead of two.",
            hint="Take off each copy once, not each pair.",
        ),
        Misconception(
            "who hears them ignored",
            instead_of=ROW,
            wrote="units = w_in",
            symptom="You compare what the units hear, and not who hears them.",
            hint="A gradient comes back through the outgoing weights. Units whose outgoing "
            "weights differ part at the first step.",
        ),
        Misconception(
            "what they hear ignored",
            instead_of=ROW,
            wrote="units = w_out.T",
            symptom="You compare who hears the units, and not what they hear.",
            hint="Units that see different inputs compute different things.",
        ),
        Misconception(
            "inputs counted for units",
            instead_of=ROW,
            wrote="units = w_in.T",
            symptom="You compare the inputs of the layer.",
            hint="A unit is a row of the incoming weights: what PyTorch stores as (outputs, "
            "inputs).",
        ),
        Misconception(
            "rows of the outgoing weights",
            instead_of="torch.cat([w_in, w_out.T], dim=1)",
            wrote="torch.cat([w_in, w_out], dim=1)",
            symptom="Your function fails unless there are as many outputs as hidden units.",
            hint="In the outgoing weights a hidden unit is a column.",
        ),
        Misconception(
            "tolerance ignored",
            instead_of="distance <= tol",
            wrote="distance == 0",
            symptom="Copies that differ by a rounding error count as distinct for you.",
            hint="Weights that should be equal are often so only up to rounding.",
        ),
        Misconception(
            "a fixed tolerance",
            instead_of="distance <= tol",
            wrote="distance <= 1e-6",
            symptom="Your answer is the same for every tolerance.",
            hint="The caller says how near is near enough.",
        ),
        Misconception(
            "rounded to the tolerance",
            instead_of="distance = (units[:, None] - units[None, :]).abs().amax(dim=2)",
            wrote="distance = units / tol\n"
            "    distance = (distance.round()[:, None] - distance.round()[None, :])"
            ".abs().amax(dim=2)",
            symptom="Copies that lie on two sides of a rounding border count as distinct.",
            hint="However near two numbers are, a border may lie between them. Measure their "
            "distance.",
        ),
        Misconception(
            "the distance as the crow flies",
            instead_of=".abs().amax(dim=2)",
            wrote=".norm(dim=2)",
            symptom="Weights that are each within the tolerance add up to more than it.",
            hint="Two units are copies if no single weight is further off than the tolerance.",
        ),
        Misconception(
            "copies counted",
            instead_of="(~copies).sum()",
            wrote="copies.sum()",
            symptom="You count the units that are copies.",
            hint="Asked for is how many are left when all copies are thrown away.",
        ),
        Misconception(
            "originals of copies left out",
            instead_of="(distance <= tol).tril(diagonal=-1).any(dim=1)",
            wrote="(distance <= tol).sum(dim=1) > 1",
            symptom="Units that have a copy do not count for you at all.",
            hint="Of several copies one counts.",
        ),
        Misconception(
            "one weight in common",
            instead_of=".amax(dim=2)",
            wrote=".amin(dim=2)",
            symptom="Two units that share one weight are copies for you.",
            hint="Copies agree in all of their weights.",
        ),
        Misconception(
            "as near as the tolerance not counted",
            instead_of="distance <= tol",
            wrote="distance < tol",
            symptom="With a tolerance of 0 even exact copies count as distinct for you.",
            hint="Copies are units that are not further apart than the tolerance: equal is "
            "near enough.",
        ),
        Misconception(
            "average distance",
            instead_of=".amax(dim=2)",
            wrote=".mean(dim=2)",
            symptom="One weight that is far off drowns in your average.",
            hint="Copies agree in all of their weights: ask for the largest distance.",
        ),
        Misconception(
            "neighbours only",
            instead_of="tril(diagonal=-1).any(dim=1)",
            wrote="tril(diagonal=-1).triu(diagonal=-1).any(dim=1)",
            symptom="You compare each unit with the one before it, and with no other.",
            hint="A copy may stand anywhere in the layer.",
        ),
        Misconception(
            "compared with the first unit only",
            instead_of="tril(diagonal=-1).any(dim=1)",
            wrote="tril(diagonal=-1)[:, 0]",
            symptom="You find the copies of the first unit, and no others.",
            hint="Any unit may have copies: compare each with all before it.",
        ),
    ),
)
