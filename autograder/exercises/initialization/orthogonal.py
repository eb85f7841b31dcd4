"""Exercise 2.4: a random matrix that changes no length."""

import math

import torch

from autograder.compare import Complaint, Kind, number, numbers
from autograder.judges import alike, drawn_from_generator, every, moved_on, same, written
from autograder.recipes import Each, Leaf, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization


def gram(w):
    """Inner products of the rows or of the columns, whichever are fewer."""
    flat = w.detach().flatten(1).double()
    return flat @ flat.T if flat.shape[0] <= flat.shape[1] else flat.T @ flat


def length(w):
    """The largest factor by which it changes a length."""
    return gram(w).diagonal().mean().sqrt()


def spread_of_lengths(w):
    lengths = gram(w).diagonal().sqrt()
    return lengths.std(correction=0) / lengths.mean()


def overlap(w):
    """The typical cosine between two rows, or columns: 0 if all are at right angles."""
    products = gram(w)
    lengths = products.diagonal().sqrt()
    cosines = products / (lengths[:, None] * lengths[None, :])
    cosines.fill_diagonal_(0)
    return cosines.square().mean().sqrt()


def near(statistic, what):
    """As `same`, but exact where zero is due; what is random need only agree roughly."""

    def judge(got, expected):
        if complaint := alike(got, expected):
            return complaint
        g, e = float(statistic(got)), float(statistic(expected))
        if abs(g - e) <= 1e-4 + (0.4 * abs(e) if abs(e) > 1e-3 else 0.0) or (g != g and e != e):
            return ""
        kind = Kind.VALUES if math.isfinite(g) else Kind.NOT_FINITE
        return Complaint(f"{what} should be {number(e)}, got {number(g)}", kind,
                         f"{what} is wrong: got {number(g)}")  # fmt: skip

    return judge


def largest_sum(w):
    """Of the diagonal, the first row and the first column, in units of the gain."""
    flat = w.flatten(1)
    sums = flat.diagonal().sum(), flat[0].sum(), flat[:, 0].sum()
    return max(abs(each) for each in sums) / length(w)


# each sum of a fair one has mean 0 and deviation 1 or less, at any size; LAPACK's own signs
# bring the diagonal of 300 × 300 to about −10, numbers that are all positive bring the first
# column to 15, and a matrix that is not random, the identity, the diagonal to its size
fair = same(
    largest_sum,
    "The largest sum among diagonal, first row and first column, in units of the gain,",
    within=5.5,
)
matrix = every(
    near(overlap, "The typical cosine between two rows (columns of a tall one)"),
    same(length, "The length of a row (of a column of a tall one)", within=1e-3, relative=True),
    near(spread_of_lengths, "The spread of the lengths"),
    fair,
)


def orthogonal_cases(rng):
    def seeded():
        return torch.Generator().manual_seed(int(torch.randint(10_000, (), generator=rng)))

    def case(name, shape, gain):
        w = Written(Leaf(torch.randn(shape, generator=rng)))
        return Case(name, dict(w=w, gain=gain, generator=seeded()), written("w", matrix))

    yield case("a tall one", (30, 12), 1.0)
    yield case("a wide one", (12, 30), 1.0)
    yield case("a square one with a gain", (20, 20), 1.7)
    yield case("a convolution", (16, 8, 3, 3), 0.5)
    yield case("a convolution of many outputs", (40, 2, 3, 3), 1.0)
    yield case("a convolution over time", (10, 3, 5), 1.0)
    yield case("one row", (1, 9), 3.0)
    yield case("one column", (9, 1), 0.7)
    yield case("a large one, to see whether its signs are fair", (300, 300), 1.4)
    twice, again = case("the same generator twice", (3, 4), 1.0), seeded()
    generators = Each([again, again, seeded(), moved_on(again)])
    yield Case(twice.name, {**twice.inputs, "generator": generators}, drawn_from_generator)


def orthogonal_steps():
    result = initialization.orthogonal_(**traced() | {"w": torch.zeros(1, 2)})
    rng = traced()["generator"]
    a = torch.empty(2, 1).normal_(generator=rng)
    return [
        ("A, as tall as possible", numbers(a)),
        ("length of its column", f"{a.norm():.4g}"),
        ("Q, its sign that of A", numbers(a / a.norm())),
        ("times the gain 2, on its side: w is wide", numbers(result)),
    ]


def traced():
    rng = torch.Generator().manual_seed(0)
    return dict(w=Written(Leaf(torch.zeros(1, 2))), gain=2.0, generator=rng)


def orthogonal_by_svd(w, gain=1.0, generator=None):
    """Another right way: the orthogonal matrix that is nearest to a normal one."""
    flat = torch.randn(w.flatten(1).shape, dtype=w.dtype, generator=generator)
    u, _, vt = torch.linalg.svd(flat, full_matrices=False)
    w.data.copy_(gain * (u @ vt).view(w.shape))
    return w


def orthogonal_by_gram_schmidt(w, gain=1.0, generator=None):
    """Another right way: take off what points along the vectors before, one at a time."""
    a = torch.randn(w.flatten(1).shape, dtype=torch.float64, generator=generator)
    vectors = a if a.shape[0] <= a.shape[1] else a.T
    found = torch.zeros(0, vectors.shape[1], dtype=a.dtype)
    for vector in vectors:
        for _ in range(2):
            vector = vector - found.T @ (found @ vector)
        found = torch.cat([found, (vector / vector.norm())[None]])
    found = found if a.shape[0] <= a.shape[1] else found.T
    w.data = (gain * found).reshape(w.shape).to(w.dtype)
    return w


def orthogonal_by_nn_init(w, gain=1.0, generator=None):
    """Another right way: torch's own."""
    return torch.nn.init.orthogonal_(w, gain, generator=generator)


ORTHOGONAL = Exercise(
    target=initialization.orthogonal_,
    points=3,
    cases=orthogonal_cases,
    accepts=(orthogonal_by_svd, orthogonal_by_gram_schmidt, orthogonal_by_nn_init),
    goal="draw weights that change no length",
    section="Directions: orthogonal weights",
    minutes=10,
    difficulty=3,
    trace=Trace(inputs=traced(), steps=orthogonal_steps),
    misconceptions=(
        Misconception(
            "rows of length one, but not at right angles",
            instead_of="q, r = torch.linalg.qr(tall)",
            wrote="q = tall / tall.norm(dim=int(rows >= columns), keepdim=True)\n"
            "    r = torch.eye(tall.shape[1])",
            symptom="Your vectors have the right length, but not the right angles.",
            hint="A matrix changes no length only if its vectors also stand at right angles to "
            "each other.",
        ),
        Misconception(
            "normal weights of the right size",
            instead_of="q, r = torch.linalg.qr(tall)",
            wrote="q, r = tall / len(tall) ** 0.5, torch.eye(tall.shape[1])",
            symptom="Your weights are independent of each other: lengths and angles scatter.",
            hint="The right size on average is what LeCun's draw has already. "
            "Here every direction has to keep its length exactly.",
        ),
        Misconception(
            "wide ones not transposed",
            instead_of="max(rows, columns),\n        min(rows, columns),",
            wrote="rows,\n        columns,",
            symptom="For a weight with more columns than rows you get another shape, or an "
            "error.",
            hint="A wide matrix cannot have orthogonal columns, there are too many. Make a "
            "tall one and transpose it.",
        ),
        Misconception(
            "signs not fair",
            instead_of="q = q * r.diagonal().sign()",
            wrote="",
            symptom="Your matrices are orthogonal, but their diagonals are mostly negative.",
            hint="The factors Q and R are not unique: a column of Q and a row of R may change "
            "their sign together. Make the diagonal of R positive.",
        ),
        Misconception(
            "gain ignored",
            instead_of="(gain * q)",
            wrote="q",
            symptom="Your rows have length 1 whatever the gain.",
            hint="The gain multiplies every length.",
        ),
        Misconception(
            "gain squared",
            instead_of="(gain * q)",
            wrote="(gain**2 * q)",
            symptom="Your lengths are the square of the gain.",
            hint="The gain is the factor of a length. Its square is that of a variance.",
        ),
        Misconception(
            "divided by the root of the fan",
            instead_of="(gain * q)",
            wrote="(gain * q / columns**0.5)",
            symptom="Your lengths are too small by the root of the number of columns.",
            hint="In an orthogonal matrix the entries are small already: a row of n entries "
            "has length 1.",
        ),
        Misconception(
            "factor R for Q",
            instead_of="q = q * r.diagonal().sign()",
            wrote="q = torch.cat([r, torch.zeros_like(q)])[: len(q)]",
            symptom="You return the triangular factor.",
            hint="A = Q R. The orthogonal factor is Q.",
        ),
        Misconception(
            "kernels not flattened",
            instead_of="rows, columns = w.flatten(1).shape",
            wrote="rows, columns = w.shape[:2]",
            symptom="Your dense layers are right; convolutions fail.",
            hint="A convolution's output adds up channels and kernel places. So it is a matrix "
            "of outputs times everything else.",
        ),
        Misconception(
            "a new tensor instead of the given one",
            instead_of="return w.copy_((gain * q).reshape(w.shape))",
            wrote="return (gain * q).reshape(w.shape)",
            symptom="The matrix you return is right; the weight still holds its old numbers.",
            hint="A layer uses the tensor that it holds. A name that ends in an underscore "
            "promises that this very tensor is written into.",
        ),
        Misconception(
            "uniform numbers for normal ones",
            instead_of=".normal_(generator=generator)",
            wrote=".uniform_(generator=generator)",
            symptom="Your matrices lean to one side: the first vector has all its entries of "
            "one sign.",
            hint="Normal numbers point in all directions alike; numbers between 0 and 1 point "
            "into one corner.",
        ),
        Misconception(
            "transposed by reshaping",
            instead_of="q = q.T if rows < columns else q",
            wrote="",
            symptom="Your wide matrices have the right shape, but their rows are not at right "
            "angles.",
            hint="Reading the same numbers in rows of another length is no transposition.",
        ),
        Misconception(
            "requires_grad lost",
            instead_of="return w.copy_(",
            wrote="return w.requires_grad_(False).copy_(",
            symptom="The numbers are right, but the weight no longer asks for gradients.",
            hint="A weight that asks for none will never be trained. Write without recording "
            "it; do not switch the parameter off.",
        ),
        Misconception(
            "divided by the gain",
            instead_of="(gain * q)",
            wrote="(q / gain)",
            symptom="A larger gain gives you shorter rows.",
            hint="The gain makes up for what an activation takes away: it multiplies.",
        ),
        Misconception(
            "generator ignored",
            instead_of=".normal_(generator=generator)",
            wrote=".normal_()",
            symptom="The same generator gives you another matrix each time.",
            hint="Whoever hands you a generator wants to draw the same weights again. Hand it "
            "on to whatever draws.",
        ),
        Misconception(
            "images only flattened",
            instead_of="rows, columns = w.flatten(1).shape",
            wrote="rows, columns = w.flatten(1).shape if w.dim() == 4 else w.shape[:2]",
            symptom="Your dense layers and images are right; a convolution over time fails.",
            hint="A kernel has one side, two or three. Everything after the outputs is one "
            "axis.",
        ),
        Misconception(
            "kernels flattened together with the outputs",
            instead_of="rows, columns = w.flatten(1).shape",
            wrote="rows, columns = w.flatten(0, -2).shape",
            symptom="Your dense layers are right; the rows of a convolution are not at right "
            "angles.",
            hint="An output of a convolution adds up channels and kernel places: outputs are "
            "the rows, everything else the columns.",
        ),
        Misconception(
            "root of the gain",
            instead_of="(gain * q)",
            wrote="(gain**0.5 * q)",
            symptom="Your lengths are the root of the gain.",
            hint="The gain is the factor of a length.",
        ),
        Misconception(
            "the same seed every time",
            instead_of="rows, columns = w.flatten(1).shape",
            wrote="rows, columns = w.flatten(1).shape\n"
            "    generator = torch.Generator().manual_seed(0)",
            symptom="Every generator gives you the same matrix.",
            hint="A seed of your own makes all layers alike. Draw from the generator that is "
            "given.",
        ),
        Misconception(
            "the generator's seed for the generator",
            instead_of="rows, columns = w.flatten(1).shape",
            wrote="rows, columns = w.flatten(1).shape\n"
            "    seed = generator and generator.initial_seed()\n"
            "    generator = generator and torch.Generator().manual_seed(seed)",
            symptom="You start over from the generator's seed, so a generator that has drawn "
            "already gives you the same matrix once more.",
            hint="Two layers drawn one after the other must not be copies. Draw from the "
            "generator as it stands.",
        ),
    ),
)
