"""Exercise 2.2: one draw for LeCun, Glorot and He."""

import math

import torch
from torch import Tensor

from autograder.compare import numbers
from autograder.judges import (
    drawn_from_generator,
    every,
    moved_on,
    refusal_or,
    same,
    written,
)
from autograder.recipes import Each, Leaf, Refused, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization


def size(w: Tensor) -> float:
    return w.double().square().mean().sqrt().item()


def in_units_of_size(statistic):
    """A number that tells distributions apart, whatever the size of what they give."""
    return lambda w: statistic(w.double() / size(w)).item()


# With 15,000 numbers a size is known to 0.6 %, a mean to 0.008 sizes, the mean of |w| to
# 0.004 and the share of the tails to 0.0012.  Each judge allows four and more times the
# error of a difference.
OUTLIERS = "The share of the weights beyond 2.35 of their size"


def outliers(w: Tensor) -> float:  # normal 0.019, truncated and uniform 0
    return in_units_of_size(lambda w: (w.abs() > 2.35).double().mean())(w)


def cut(got, expected) -> str:
    """Where nothing lies far out, hardly anything may: drawn again once is not enough."""
    within = 0.01 if outliers(expected) else 0.0005
    return same(outliers, OUTLIERS, within=within)(got, expected)


def heap(w: Tensor) -> float:
    """How much of the weight stands on one number, as on a bound that others were moved to."""
    return (w.abs() == w.abs().max()).double().mean().item()


drawn = every(
    same(size, "The root mean square of the weights", within=0.04, relative=True),
    same(
        in_units_of_size(torch.mean),
        "The mean of the weights, in units of their size,",
        within=0.06,
    ),
    same(  # normal 0.80, truncated 0.82, uniform 0.87
        in_units_of_size(lambda w: w.abs().mean()),
        "The mean of the weights' absolute values, in units of their size,",
        within=0.025,
    ),
    cut,
    same(heap, "The share of the weights that are all as far out as any", within=0.005),
)


def scaling_cases(rng):
    def seeded():
        return torch.Generator().manual_seed(int(torch.randint(10_000, (), generator=rng)))

    def case(name, shape, gain, mode, distribution, **options):
        w = Written(Leaf(0.3 * torch.randn(shape, generator=rng)))
        inputs = dict(w=w, gain=gain, mode=mode, distribution=distribution)
        return Case(name, dict(**inputs, generator=seeded(), **options), written("w", drawn))

    he = math.sqrt(2)
    yield case("He, normal", (200, 75), he, "fan_in", "normal")
    yield case("LeCun, uniform", (150, 100), 1.0, "fan_in", "uniform")
    yield case("Glorot, uniform", (250, 60), 1.0, "fan_avg", "uniform")
    yield case("by fan out, truncated", (60, 250), 0.5, "fan_out", "truncated")
    yield case("a convolution, normal", (32, 52, 3, 3), 3.0, "fan_in", "normal")
    yield case("a convolution by its mean fan, truncated", (50, 20, 5, 3), he, "fan_avg",
               "truncated")  # fmt: skip
    yield case("by fan out, uniform", (100, 150), 2.0, "fan_out", "uniform")
    yield case("a convolution in four groups, by fan out", (64, 26, 3, 3), 1.0, "fan_out",
               "normal", groups=4)  # fmt: skip
    yield case("two outputs for each input channel, by the mean fan", (8000, 1, 1), 1.0,
               "fan_avg", "uniform", groups=4000)  # fmt: skip
    again = seeded()
    for distribution in initialization.DISTRIBUTIONS:
        called = case(
            f"the same generator twice, {distribution}", (3, 4), 1.0, "fan_in", distribution
        )
        generators = Each([again, again, seeded(), moved_on(again)])
        yield Case(
            called.name, {**called.inputs, "generator": generators}, drawn_from_generator
        )
    known = dict(w=torch.ones(3, 4), gain=1.0, mode="fan_in", distribution="normal")
    unknown = dict(
        mode=Refused("fan_sum", "ValueError"), distribution=Refused("normed", "ValueError")
    )
    for name, refused in unknown.items():
        case = known | {name: refused}
        yield Case(f"a {name} that there is not", case, refusal_or("KeyError"))


def scaling_steps():
    drawn = initialization.variance_scaling_(**traced() | {"w": torch.zeros(2, 8)})
    return [
        ("fan_in of the shape (2, 8)", "8"),
        ("σ = 2 / √8", "0.7071"),
        ("bound √3 σ", "1.225"),
        ("drawn evenly between −1.225 and 1.225", numbers(drawn)),
    ]


def traced():
    return dict(
        w=Written(Leaf(torch.zeros(2, 8))),
        gain=2.0,
        mode="fan_in",
        distribution="uniform",
        generator=torch.Generator().manual_seed(0),
    )


def scaling_from_uniform_numbers(w, gain, mode, distribution, generator=None, groups=1):
    """Another right way: all three from torch.rand, the normal ones by the inverse of P."""
    area = w[0, 0].numel()
    fans = torch.tensor([w.shape[1], w.shape[0] / groups], dtype=torch.float64) * area
    fan = {"fan_in": fans[0], "fan_out": fans[1], "fan_avg": fans.mean()}[mode]
    std = gain * float(fan) ** -0.5
    even = torch.rand(w.shape, generator=generator, dtype=w.dtype).clamp(1e-7, 1 - 1e-7)
    if distribution == "uniform":
        w.data = (2 * even - 1) * (3**0.5 * std)
        return w
    if distribution not in ("normal", "truncated"):
        raise ValueError(distribution)
    tail = 0.0 if distribution == "normal" else (1 - math.erf(math.sqrt(2))) / 2
    numbers = math.sqrt(2) * torch.erfinv(2 * (tail + (1 - 2 * tail) * even) - 1)
    w.data = numbers * std / (1 if distribution == "normal" else 0.87962566)
    return w


def scaling_by_nn_init(w, gain, mode, distribution, generator=None, groups=1):
    """Another right way: torch's own draws, given the right numbers."""
    fan_in, fan_out = torch.nn.init._calculate_fan_in_and_fan_out(w)
    fan_out /= groups
    fans = dict(fan_in=fan_in, fan_out=fan_out, fan_avg=(fan_in + fan_out) / 2)
    if mode not in fans:
        raise ValueError(mode)
    fan = fans[mode]
    std = gain / fan**0.5
    if distribution == "normal":
        return torch.nn.init.normal_(w, 0, std, generator=generator)
    if distribution == "uniform":
        r = std * 3**0.5
        return torch.nn.init.uniform_(w, -r, r, generator=generator)
    if distribution != "truncated":
        raise ValueError(distribution)
    s = std / 0.8796
    return torch.nn.init.trunc_normal_(w, 0, s, -2 * s, 2 * s, generator=generator)


STD = "std = gain / math.sqrt(fan)"
BOUND = "bound = math.sqrt(3) * std"
TRUNCATED = "nn.init.trunc_normal_(new, std=wide, a=-2 * wide, b=2 * wide, generator=generator)"

VARIANCE_SCALING = Exercise(
    target=initialization.variance_scaling_,
    points=4,
    cases=scaling_cases,
    accepts=(scaling_from_uniform_numbers, scaling_by_nn_init),
    leans_on=(initialization.fan_in_fan_out,),
    goal="derive the scale of first weights from one variance equation",
    section="Three ways to draw a variance",
    minutes=12,
    difficulty=3,
    trace=Trace(inputs=traced(), steps=scaling_steps),
    misconceptions=(
        Misconception(
            "no root of the fan",
            instead_of=STD,
            wrote="std = gain / fan",
            symptom="Your weights are too small by the root of the fan.",
            hint="The variance is gain² / fan. A deviation is the root of a variance.",
        ),
        Misconception(
            "variance for deviation",
            instead_of=STD,
            wrote="std = gain**2 / fan",
            symptom="The deviation of your weights is what their variance should be.",
            hint="What is drawn from takes a deviation. Take the root of gain² / fan.",
        ),
        Misconception(
            "root of the gain",
            instead_of=STD,
            wrote="std = math.sqrt(gain / fan)",
            symptom="Your deviations follow the root of the gain.",
            hint="The gain multiplies the deviation, so the variance has its square.",
        ),
        Misconception(
            "gain ignored",
            instead_of=STD,
            wrote="std = 1 / math.sqrt(fan)",
            symptom="Your weights are the same for every gain.",
            hint="An activation takes part of the signal away. The gain gives it back.",
        ),
        Misconception(
            "gain divides",
            instead_of=STD,
            wrote="std = 1 / (gain * math.sqrt(fan))",
            symptom="A larger gain gives you smaller weights.",
            hint="The gain makes up for what an activation takes away: it multiplies.",
        ),
        Misconception(
            "bound without the root of three",
            instead_of=BOUND,
            wrote="bound = std",
            symptom="Your uniform weights have 0.58 of the deviation that they should have.",
            hint="Evenly spread numbers from −r to r have the variance r² / 3.",
        ),
        Misconception(
            "bound with the root of six",
            instead_of=BOUND,
            wrote="bound = math.sqrt(6) * std",
            symptom="Your uniform weights are too large by the root of two.",
            hint="The 6 in the well-known bounds is 3 times a 2 that stands for the gain or "
            "for the mean of two fans. Here both are in σ already.",
        ),
        Misconception(
            "uniform from zero up",
            instead_of="new.uniform_(-bound, bound, generator=generator)",
            wrote="new.uniform_(0, bound, generator=generator)",
            symptom="None of your uniform weights is negative.",
            hint="The derivation needs weights of mean zero: spread them to both sides.",
        ),
        Misconception(
            "Glorot's fans not halved",
            instead_of="(fan_in + fan_out) / 2",
            wrote="fan_in + fan_out",
            symptom="For the mode fan_avg your weights are too small by the root of two.",
            hint="fan_avg is the mean of the two fans. Glorot's 2 stands in its denominator.",
        ),
        Misconception(
            "always fan in",
            instead_of="(fan_in + fan_out) / 2}.get(mode)",
            wrote="(fan_in + fan_out) / 2}['fan_in']",
            symptom="Your weights are the same for every mode.",
            hint="The mode says which fan counts: the way forward, the way back, or both.",
        ),
        Misconception(
            "unknown modes taken for fan in",
            instead_of="(fan_in + fan_out) / 2}.get(mode)",
            wrote="(fan_in + fan_out) / 2}.get(mode, fan_in)",
            symptom="A mode that there is not is taken for fan_in.",
            hint="Whoever misspells a mode should learn it: raise a ValueError.",
        ),
        Misconception(
            "unknown distributions taken for the normal one",
            instead_of='elif distribution == "normal":',
            wrote="elif True:",
            symptom="A distribution that there is not is taken for the normal one.",
            hint="Whoever misspells a distribution should learn it: raise a ValueError.",
        ),
        Misconception(
            "fans swapped",
            instead_of='"fan_in": fan_in, "fan_out": fan_out,',
            wrote='"fan_in": fan_out, "fan_out": fan_in,',
            symptom="Your fans have changed places.",
            hint="PyTorch stores a weight with its outputs first.",
        ),
        Misconception(
            "kernel area forgotten",
            instead_of="fan_in_fan_out(w.shape, groups)",
            wrote="fan_in_fan_out(w.shape[:2], groups)",
            symptom="Your convolutions are too large; your dense layers are right.",
            hint="The fans of a convolution count every place of the kernel.",
        ),
        Misconception(
            "truncated not corrected",
            instead_of="wide = std / TRUNCATED_STD",
            wrote="wide = std",
            symptom="Your truncated weights have 0.88 of the deviation that they should have.",
            hint="Cutting off the tails takes variance away. Draw from a wider normal.",
        ),
        Misconception(
            "corrected in the wrong direction",
            instead_of="wide = std / TRUNCATED_STD",
            wrote="wide = std * TRUNCATED_STD",
            symptom="Your truncated weights have 0.77 of the deviation that they should have.",
            hint="Cutting off the tails takes variance away, so start wider, not narrower.",
        ),
        Misconception(
            "normal for truncated",
            instead_of=TRUNCATED,
            wrote="new.normal_(0, std, generator=generator)",
            symptom="Some of your truncated weights lie beyond two deviations.",
            hint="Truncated means: what falls beyond ±2 deviations is drawn again.",
        ),
        Misconception(
            "cut at two, not at two deviations",
            instead_of="a=-2 * wide, b=2 * wide",
            wrote="a=-2.0, b=2.0",
            symptom="Your truncated weights are too large, and some lie beyond two deviations.",
            hint="The bounds are in units of s. Next to weights as small as these a bound of 2 "
            "is as good as none.",
        ),
        Misconception(
            "clamped instead of drawn again",
            instead_of=TRUNCATED,
            wrote="new.normal_(0, wide, generator=generator).clamp_(-2 * wide, 2 * wide)",
            symptom="Your truncated weights are too large: one in twenty stands on a bound.",
            hint="What falls beyond the bounds is drawn again, not moved onto them.",
        ),
        Misconception(
            "variance for deviation in the normal draw",
            instead_of="new.normal_(0, std, generator=generator)",
            wrote="new.normal_(0, std**2, generator=generator)",
            symptom="Your normal weights have σ² for their deviation; the others are right.",
            hint="A paper writes N(0, σ²); what draws is given σ.",
        ),
        Misconception(
            "mean fan rounded down",
            instead_of="(fan_in + fan_out) / 2",
            wrote="(fan_in + fan_out) // 2",
            symptom="Where the mean of the fans is no whole number your weights are too large.",
            hint="The mean of 1 and 2 is 1.5: divide without rounding.",
        ),
        Misconception(
            "groups ignored",
            instead_of="fan_in_fan_out(w.shape, groups)",
            wrote="fan_in_fan_out(w.shape)",
            symptom="Your convolutions in groups are too small when scaled by fan out.",
            hint="An input of a grouped convolution reaches only the outputs of its group.",
        ),
        Misconception(
            "a new tensor instead of the given one",
            instead_of="return w.copy_(new)",
            wrote="return new",
            symptom="The numbers you return are right; the weight still holds its old ones.",
            hint="A layer uses the tensor that it holds. A name that ends in an underscore "
            "promises that this very tensor is written into.",
        ),
        Misconception(
            "requires_grad lost",
            instead_of="return w.copy_(new)",
            wrote="return w.requires_grad_(False).copy_(new)",
            symptom="The numbers are right, but the weight no longer asks for gradients.",
            hint="A weight that asks for none will never be trained. Write without recording "
            "it; do not switch the parameter off.",
        ),
        Misconception(
            "added to what was there",
            instead_of="return w.copy_(new)",
            wrote="return w.add_(new)",
            symptom="The old numbers of the weight are still in your new ones.",
            hint="The new numbers replace the old ones; they are not added to them.",
        ),
        Misconception(
            "the generator's seed for the generator",
            instead_of=STD,
            wrote=f"{STD}\n    seed = generator and generator.initial_seed()\n"
            "    generator = generator and torch.Generator().manual_seed(seed)",
            symptom="You start over from the generator's seed, so a generator that has drawn "
            "already gives you the same weights once more.",
            hint="Two layers drawn one after the other must not be copies. Draw from the "
            "generator as it stands.",
        ),
        Misconception(
            "generator ignored",
            instead_of=STD,
            wrote=f"{STD}\n    generator = None",
            symptom="The same generator gives you other weights each time.",
            hint="Whoever hands you a generator wants to draw the same weights again. Hand it "
            "on to whatever draws.",
        ),
        Misconception(
            "drawn again once only",
            instead_of=TRUNCATED,
            wrote="new.normal_(0, wide, generator=generator)\n"
            "        again = torch.empty_like(new).normal_(0, wide, generator=generator)\n"
            "        new = torch.where(new.abs() > 2 * wide, again, new)",
            symptom="A few of your truncated weights still lie beyond two deviations.",
            hint="What is drawn again may fall beyond the bounds once more: go on until "
            "nothing does.",
        ),
        Misconception(
            "cut at two deviations of the result",
            instead_of="a=-2 * wide, b=2 * wide",
            wrote="a=-2 * std, b=2 * std",
            symptom="Your truncated weights are too small: you cut at 2 σ, not at 2 s.",
            hint="The bounds belong to the normal that is drawn from, whose deviation is s.",
        ),
        Misconception(
            "width for half of it",
            instead_of=BOUND,
            wrote="bound = math.sqrt(12) * std",
            symptom="Your uniform weights are twice as large as they should be.",
            hint="A variance is the square of the width, divided by 12. The width is 2 r.",
        ),
        Misconception(
            "He's 2 on top of the gain",
            instead_of=STD,
            wrote="std = gain * math.sqrt(2 / fan)",
            symptom="Your weights are too large by the root of two.",
            hint="He's 2 is a gain, the square of √2. Here the gain is handed in.",
        ),
        Misconception(
            "the same seed every time",
            instead_of=STD,
            wrote=f"{STD}\n    generator = torch.Generator().manual_seed(0)",
            symptom="Every generator gives you the same weights.",
            hint="A seed of your own makes all layers alike. Draw from the generator that is "
            "given.",
        ),
    ),
)
