"""Exercise 3.10, bonus: a slope drawn by lot."""

import torch

from autograder.judges import drawn_from_generator, every, moved_on, same
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations

N = 10_000  # entries: the mean of as many slopes is known to 0.003 of their range


def randomized_cases(rng):
    def lot():
        return torch.Generator().manual_seed(int(torch.randint(2**31, (), generator=rng)))

    def minus(scale, **options):
        return dict(x=-scale * torch.ones(100, 100), rng=lot(), **options)

    slopes = every(
        same(torch.mean, "the mean result", within=0.05, relative=True),
        same(torch.std, "the deviation of the results", within=0.05, relative=True),
        same(torch.amin, "the smallest result", within=0.05, relative=True),
        same(rows, "the deviation within a row", within=0.1, relative=True),
        same(columns, "the deviation within a column", within=0.1, relative=True),
    )
    right = torch.rand(20, 30, generator=rng)
    mixed = torch.randn(6, 5, generator=rng)
    yield Case("training, all inputs −1", minus(1.0, lower=0.1, upper=0.5), slopes)
    yield Case("training, all inputs −3", minus(3.0, lower=0.3, upper=0.7), slopes)
    yield Case("the default slopes", minus(1.0), slopes)
    yield Case("positive inputs in training", dict(x=right, lower=0.2, upper=0.9, rng=lot()))
    evaluating = dict(lower=0.1, upper=0.5, training=False, rng=lot())
    yield Case("evaluating", dict(x=mixed, **evaluating))
    again = lot()
    generators = Each([again, again, lot(), moved_on(again)])
    yield Case("the same generator twice", dict(x=-right, rng=generators), drawn_from_generator)
    yield Case("no choice left", dict(x=mixed, lower=0.3, upper=0.3, rng=lot()))


def rows(values):
    return values.std(dim=1).mean()


def columns(values):
    return rows(values.T)


def randomized_steps():
    return [
        ("evaluating, x = −2: the mean slope", "(0.1 + 0.5) / 2 = 0.3"),
        ("0.3 · (−2)", "−0.6"),
        ("x = 1 is positive", "1"),
    ]


def randomized_by_uniform(x, lower=1 / 8, upper=1 / 3, training=True, rng=None):
    """Another right way: PyTorch's own uniform filling, positive and negative parts added."""
    if training:
        slope = torch.empty_like(x, memory_format=torch.contiguous_format)
        slope.uniform_(lower, upper, generator=rng)
    else:
        slope = torch.full_like(x, (lower + upper) / 2)
    return x.clamp(min=0) + slope * x.clamp(max=0)


SLOPE = "slope = lower + (upper - lower) * share"
DRAW = "share = torch.rand(x.shape, generator=rng, dtype=x.dtype, device=x.device)"
MEAN = "(lower + upper) / 2 * x"

RANDOMIZED_LEAKY_RELU = Exercise(
    target=activations.randomized_leaky_relu,
    points=2,
    cases=randomized_cases,
    accepts=(randomized_by_uniform,),
    goal="write an activation that differs between training and evaluating",
    section="Something on the left",
    minutes=6,
    difficulty=2,
    bonus=True,
    trace=Trace(
        inputs=dict(x=torch.tensor([-2.0, 1.0]), lower=0.1, upper=0.5, training=False),
        steps=randomized_steps,
    ),
    misconceptions=(
        Misconception(
            "generator ignored",
            instead_of=DRAW,
            wrote="share = torch.rand(x.shape, dtype=x.dtype, device=x.device)",
            symptom="The same generator gives you other slopes each time.",
            hint="Who passes a generator wants to be able to draw the same slopes again. Pass "
            "it on to the function that draws.",
        ),
        Misconception(
            "one slope for all",
            instead_of=DRAW,
            wrote="share = torch.rand((), generator=rng, dtype=x.dtype, device=x.device)",
            symptom="All entries get the same slope.",
            hint="Draw one for each entry: the noise is what regularizes.",
        ),
        Misconception(
            "one slope for each row",
            instead_of=DRAW,
            wrote="share = torch.rand(len(x), 1, generator=rng, dtype=x.dtype)",
            symptom="Entries of one row share their slope.",
            hint="Every entry has a slope of its own.",
        ),
        Misconception(
            "random in evaluation, too",
            instead_of="if not training:\n"
            "        return torch.where(x > 0, x, (lower + upper) / 2 * x)\n    ",
            wrote="",
            symptom="Your answers are random although the network is not training.",
            hint="When it evaluates, the slope is fixed at its mean.",
        ),
        Misconception(
            "the lower slope in evaluation",
            instead_of=MEAN,
            wrote="lower * x",
            symptom="In evaluation you use the lower end of the slopes.",
            hint="Take the mean of the slopes that training has drawn.",
        ),
        Misconception(
            "half the width in evaluation",
            instead_of=MEAN,
            wrote="(upper - lower) / 2 * x",
            symptom="In evaluation your slope is half the width of the interval.",
            hint="The mean of a uniform number is half the sum of its ends.",
        ),
        Misconception(
            "lower end forgotten",
            instead_of=SLOPE,
            wrote="slope = upper * share",
            symptom="Your slopes start at 0.",
            hint="A number between 0 and 1 is to be stretched to the width, and then moved.",
        ),
        Misconception(
            "width forgotten",
            instead_of=SLOPE,
            wrote="slope = lower + upper * share",
            symptom="Your slopes go beyond the upper end.",
            hint="The stretch is the width upper − lower, not upper itself.",
        ),
        Misconception(
            "divided by the slope",
            instead_of="slope * x)",
            wrote="x / slope)",
            symptom="You divide by the slope.",
            hint="The paper divides, by numbers from 3 to 8. Here the slope is 1/8 to 1/3 and "
            "multiplies.",
        ),
        Misconception(
            "normal for uniform",
            instead_of=DRAW,
            wrote="share = 0.5 + torch.randn(x.shape, generator=rng, dtype=x.dtype,"
            " device=x.device) / 12**0.5",
            symptom="Mean and deviation of your slopes are right; some lie outside the ends.",
            hint="A uniform number never leaves its interval; a normal one does.",
        ),
        Misconception(
            "right side random as well",
            instead_of="return torch.where(x > 0, x, slope * x)",
            wrote="return slope * x",
            symptom="Positive numbers are changed, too.",
            hint="The slope is for the left side; on the right x stays as it is.",
        ),
        Misconception(
            "one slope for each column",
            instead_of=DRAW,
            wrote=DRAW.replace("x.shape", "x.shape[1:]"),
            symptom="Entries of one column share their slope.",
            hint="Every entry has a slope of its own.",
        ),
        Misconception(
            "the upper slope in evaluation",
            instead_of=MEAN,
            wrote="upper * x",
            symptom="In evaluation you use the upper end of the slopes.",
            hint="Take the mean of the slopes that training has drawn.",
        ),
        Misconception(
            "divided in evaluation",
            instead_of=MEAN,
            wrote="x / ((lower + upper) / 2)",
            symptom="In evaluation you divide by the mean slope.",
            hint="The paper divides, by numbers from 3 to 8. Here the slope multiplies.",
        ),
        Misconception(
            "the mean slope in training, too",
            instead_of=SLOPE,
            wrote="slope = (lower + upper) / 2",
            symptom="Your slopes are not drawn at all.",
            hint="Training draws a slope for each entry. Only evaluation takes the mean.",
        ),
        Misconception(
            "the same seed every time",
            instead_of=DRAW,
            wrote=DRAW.replace("generator=rng", "generator=torch.Generator().manual_seed(0)"),
            symptom="Every generator gives you the same slopes.",
            hint="With a seed of your own the slopes are not random any more. Draw from the "
            "generator that is given.",
        ),
        Misconception(
            "the generator's seed for the generator",
            instead_of=DRAW,
            wrote="seed = rng and rng.initial_seed()\n"
            "    rng = rng and torch.Generator().manual_seed(seed)\n"
            f"    {DRAW}",
            symptom="You start over from the generator's seed, so a generator that has drawn "
            "already gives you the same slopes once more.",
            hint="Each call needs slopes of its own. Draw from the generator as it stands.",
        ),
    ),
)
