"""Exercise 2.5: start at the classes' own shares."""

import torch

from autograder.compare import Complaint, Kind, close, numbers
from autograder.judges import alike
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization

RARE = 0.02  # share below which a class of these cases counts as absent

shares = close(rtol=0.0, atol=0.01, any_float=True)


def start(got, expected) -> str:
    """Compare what the biases say, not the biases: softmax ignores what all have in common.

    Of a class that never occurred only this is asked: a probability that is small, not zero.
    """
    wide = expected.to(torch.float64)
    if isinstance(got, torch.Tensor) and got.is_floating_point():
        got = got.to(torch.float64)
    if complaint := alike(got, wide):
        return complaint
    if not got.isfinite().all():
        if torch.equal(got.isfinite(), wide.isfinite()):
            return ""
        return Complaint("every bias should be finite, got " + numbers(got), Kind.NOT_FINITE)
    if not wide.isfinite().all():
        return Complaint("some biases should not be finite", Kind.NOT_FINITE)
    there = wide.softmax(0) > RARE
    if (got.softmax(0)[~there] > RARE).any():
        return Complaint(
            "a class that never occurred should have a small probability, got "
            + numbers(got.softmax(0)),
            Kind.VALUES,
        )
    return shares(got[there].log_softmax(0), wide[there].log_softmax(0))


def bias_cases(rng):
    def counts(size, low=1000, high=20_000):
        return torch.randint(low, high, (size,), generator=rng)

    def case(name, counts):
        return Case(name, dict(counts=counts), start)

    yield case("five classes", counts(5))
    yield case("two classes, 99 to 1", torch.tensor([990_000, 30_000]))
    yield case("ten classes of like size", counts(10, low=9000, high=10_000))
    yield case("a class that never occurred", torch.tensor([4000, 0, 12_000, 7000]))
    yield case("two classes that never occurred", torch.tensor([0, 2500, 0, 900]))
    yield case("counts as floats", counts(4).double())
    yield case("one class", torch.tensor([1234]))


def bias_by_log_counts(counts):
    """Another right way: softmax normalises by itself."""
    return torch.log(counts.float().clamp(min=0.5))


def bias_with_an_example_for_each_class(counts):
    """Another right way: one more example of every class (Laplace)."""
    counts = counts.double() + 1
    return (counts / counts.sum()).log().float()


def bias_centred(counts):
    """Another right way: the mean of all biases taken off, and a tiny share for no example."""
    logs = (counts / counts.sum() + 1e-9).log()
    return logs - logs.mean()


CLAMP = "counts = counts.clamp(min=1)"
SHARES = "shares = counts / counts.sum()"
LOG = "return shares.log()"

OUTPUT_BIAS_FROM_COUNTS = Exercise(
    target=initialization.output_bias_from_counts,
    points=2,
    cases=bias_cases,
    accepts=(bias_by_log_counts, bias_with_an_example_for_each_class, bias_centred),
    goal="start a network at what is known without looking at an input",
    section="What the data know already",
    minutes=5,
    difficulty=2,
    trace=Trace(
        inputs=dict(counts=torch.tensor([3.0, 1.0])),
        steps=lambda: [
            ("all examples", "3 + 1 = 4"),
            ("shares", "0.75, 0.25"),
            ("their logarithms", "−0.2877, −1.386"),
            ("as a tensor", numbers(torch.tensor([0.75, 0.25]).log())),
        ],
    ),
    misconceptions=(
        Misconception(
            "shares for their logarithms",
            instead_of=LOG,
            wrote="return shares",
            symptom="Your biases are the shares themselves.",
            hint="Softmax takes the exponential of a bias. Give it the logarithm.",
        ),
        Misconception(
            "counts for their logarithms",
            instead_of="shares = counts / counts.sum()\n    return shares.log()",
            wrote="return counts.float()",
            symptom="Your biases are the counts themselves: softmax will be certain of the "
            "commonest class.",
            hint="Softmax takes the exponential of a bias. Give it the logarithm.",
        ),
        Misconception(
            "absent classes at minus infinity",
            instead_of="counts = counts.clamp(min=1)",
            wrote="",
            symptom="A class that never occurred gets −∞.",
            hint="From −∞ no gradient leads back, and one such example costs an infinite loss. "
            "Count it as if it had occurred once.",
        ),
        Misconception(
            "log-odds",
            instead_of=LOG,
            wrote="return (shares / (1 - shares)).log()",
            symptom="Your biases are those of a sigmoid for each class.",
            hint="log(p / (1 − p)) undoes a sigmoid. Softmax is undone by log p.",
        ),
        Misconception(
            "another base",
            instead_of=LOG,
            wrote="return shares.log10()",
            symptom="Your biases are too small by a factor of 2.3: they make all classes "
            "more alike than they are.",
            hint="Softmax takes powers of e, so the logarithm is the natural one.",
        ),
        Misconception(
            "base two",
            instead_of=LOG,
            wrote="return shares.log2()",
            symptom="Your biases are too large by a factor of 1.44: they make all classes "
            "more unlike than they are.",
            hint="Softmax takes powers of e, so the logarithm is the natural one.",
        ),
        Misconception(
            "softmax for its inverse",
            instead_of=LOG,
            wrote="return shares.softmax(0)",
            symptom="You apply softmax to the shares.",
            hint="The network will apply softmax to your biases. Give it those whose softmax "
            "are the shares.",
        ),
        Misconception(
            "logarithm of one more",
            instead_of=LOG,
            wrote="return shares.log1p()",
            symptom="You take the logarithm of 1 + the share.",
            hint="A small share keeps its logarithm, however negative: nothing is added to it.",
        ),
        Misconception(
            "sign flipped",
            instead_of=LOG,
            wrote="return -shares.log()",
            symptom="Your rarest class has the largest bias.",
            hint="A common class should start with a large probability.",
        ),
        Misconception(
            "biases of zero",
            instead_of=LOG,
            wrote="return torch.zeros_like(shares)",
            symptom="All your classes start alike.",
            hint="That would be right if all classes were equally common.",
        ),
        Misconception(
            "an absent class at zero",
            instead_of=f"{CLAMP}\n    {SHARES}\n    {LOG}",
            wrote=f"{SHARES}\n    return torch.where(counts > 0, shares.log(), 0.0)",
            symptom="A class that never occurred gets a bias of 0, the largest of all.",
            hint="Beside negative biases 0 is a large one. Count the class as if it had "
            "occurred once.",
        ),
        Misconception(
            "weights of a loss for biases",
            instead_of=LOG,
            wrote="return 1 / (len(shares) * shares)",
            symptom="Your biases are the weights that make rare classes count more in a loss.",
            hint="Such weights are large where a class is rare. A bias is large where it is "
            "common: the logarithm of its share.",
        ),
        Misconception(
            "root for the logarithm",
            instead_of=LOG,
            wrote="return shares.sqrt()",
            symptom="Your biases are the roots of the shares.",
            hint="Softmax takes the exponential of a bias. Give it the logarithm.",
        ),
    ),
)
