"""Exercise 7.7: only a sign."""

import torch

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.recipes import Each
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def lion_cases(rng):
    def steps(size=12, **settings):
        moving = Each(list(3 * torch.randn(7, size, generator=rng)))
        return seven_steps(rng, size, theta=moving, **settings)

    yield Case("seven steps", steps(betas=(0.6, 0.9), weight_decay=0.3), directions)
    yield Case("defaults", steps(), directions)
    yield Case("a short memory", steps(betas=(0.8, 0.4)), directions)
    yield Case(
        "a mean that is overruled",
        few_steps(
            [1.0, -2.0, 0.0],
            [-0.3, 0.1, 0.0],
            [-0.3, 3.0, -1.0],
            theta=torch.tensor([1.0, 2.0, -3.0]),
            betas=(0.5, 0.8),
            weight_decay=0.1,
        ),
        directions,
    )


def lion_steps():
    return [
        ("step 1: ½ · 0 + ½ · 4 = 2, its sign", "1"),
        ("kept: m = ¾ · 0 + ¼ · 4", "1"),
        ("step 2: ½ · 1 − ½ · 2 = −0.5, its sign", "-1"),
        ("kept: m = ¾ · 1 − ¼ · 2", "0.25"),
    ]


def lion_by_lerp(gradient, state, theta, *, betas=(0.9, 0.99), weight_decay=0.0):
    """Another right way: the mean itself is the state, the sign by dividing."""
    m = torch.zeros_like(gradient) if state is None else state
    mean = m.lerp(gradient, 1 - betas[0])
    sign = torch.where(mean == 0, mean, mean / mean.abs())
    return theta * weight_decay + sign, m.lerp(gradient, 1 - betas[1])


MEAN = "mean = b1 * state.m + (1 - b1) * gradient"
KEPT = "m = b2 * state.m + (1 - b2) * gradient"
BOTH = f"{MEAN}\n    {KEPT}"
RETURN = "return mean.sign() + weight_decay * theta, Trend(m)"

LION = Exercise(
    target=adaptive.lion,
    points=2,
    cases=lion_cases,
    accepts=(lion_by_lerp,),
    goal="write each adaptive rule from its paper",
    section="Lion: keep the sign",
    minutes=6,
    difficulty=2,
    trace=Trace(
        inputs=few_steps(4.0, -2.0, theta=torch.tensor([0.0]), betas=(0.5, 0.75)),
        steps=lion_steps,
    ),
    misconceptions=(
        Misconception(
            "first the mean, then the sign",
            instead_of=BOTH,
            wrote=f"{KEPT}\n    mean = b1 * m + (1 - b1) * gradient",
            symptom="Your direction counts this step's gradient twice.",
            hint="The direction is taken from the old mean and the gradient. Only then the "
            "mean moves on.",
        ),
        Misconception(
            "no sign",
            instead_of="mean.sign()",
            wrote="mean",
            symptom="Your directions have the gradient's size.",
            hint="Lion keeps the sign and drops the size.",
        ),
        Misconception(
            "decay inside the sign",
            instead_of=RETURN,
            wrote="return (mean + weight_decay * theta).sign(), Trend(m)",
            symptom="All your directions are 1 or −1, with any decay.",
            hint="The decay is added to the sign, as in AdamW.",
        ),
        Misconception(
            "decay ignored",
            instead_of=RETURN,
            wrote="return mean.sign(), Trend(m)",
            symptom="You are right where the decay is zero, and only there.",
            hint="The direction has a second part, which pulls each parameter to zero.",
        ),
        Misconception(
            "betas exchanged",
            instead_of=BOTH,
            wrote="mean = b2 * state.m + (1 - b2) * gradient\n"
            "    m = b1 * state.m + (1 - b1) * gradient",
            symptom="Your two means have each other's memory.",
            hint="The first beta is for the direction, the second for what is kept.",
        ),
        Misconception(
            "one mean for both",
            instead_of=BOTH,
            wrote=f"{MEAN}\n    m = mean",
            symptom="You keep the mean that you took the sign of.",
            hint="Two different means: what is kept has the second beta.",
        ),
        Misconception(
            "the sign of what is kept",
            instead_of=BOTH,
            wrote="mean = m = b2 * state.m + (1 - b2) * gradient",
            symptom="Your first beta plays no part.",
            hint="Two different means: the sign is taken of the one with the first beta.",
        ),
        Misconception(
            "mean of signs",
            instead_of=BOTH,
            wrote="mean = b1 * state.m + (1 - b1) * gradient.sign()\n"
            "    m = b2 * state.m + (1 - b2) * gradient.sign()",
            symptom="In your mean a gradient counts the same whatever its size.",
            hint="The mean is of the gradients. The sign comes last.",
        ),
        Misconception(
            "the old mean returned",
            instead_of="Trend(m)",
            wrote="state",
            symptom="Your directions follow the newest gradient alone.",
            hint="The mean that you return is the one the next step starts from: let it move "
            "on.",
        ),
        Misconception(
            "decay in the gradient",
            instead_of=f"{BOTH}\n    {RETURN}",
            wrote=f"gradient = gradient + weight_decay * theta\n    {BOTH}\n"
            "    return mean.sign(), Trend(m)",
            symptom="Your mean has seen the decay.",
            hint="The decay is added to the sign, and the mean is of the gradients alone.",
        ),
        Misconception(
            "wrong sign of the decay",
            instead_of=RETURN,
            wrote="return mean.sign() - weight_decay * theta, Trend(m)",
            symptom="Your weights are driven away from zero.",
            hint="The step goes against the direction, so the pull to zero has a plus here.",
        ),
        Misconception(
            "zero counted as positive",
            instead_of="mean.sign()",
            wrote="torch.where(mean >= 0, 1.0, -1.0).to(mean)",
            symptom="Where the gradient has always been zero, you move.",
            hint="The sign of zero is zero.",
        ),
        Misconception(
            "weights of old and new exchanged",
            instead_of="b1, b2 = betas",
            wrote="b1, b2 = 1 - betas[0], 1 - betas[1]",
            symptom="Your means keep little of the past when the betas are near 1.",
            hint="Beta is the share of the old mean that is kept.",
        ),
        Misconception(
            "zero counted as negative",
            instead_of="mean.sign()",
            wrote="torch.where(mean > 0, 1.0, -1.0).to(mean)",
            symptom="Where the gradient has always been zero, you move up.",
            hint="The sign of zero is zero.",
        ),
        Misconception(
            "gradient in full",
            instead_of=KEPT,
            wrote="m = b2 * state.m + gradient",
            symptom="Your mean outweighs every new gradient.",
            hint="What is kept is a mean: the weights of old and new add up to 1.",
        ),
        Misconception(
            "minus sign",
            instead_of="mean.sign()",
            wrote="-mean.sign()",
            symptom="The sign in your directions points down the slope.",
            hint="The caller subtracts the direction, so it points up the slope, as the "
            "gradient does.",
        ),
        Misconception(
            "the sign of the sum",
            instead_of="mean.sign() + weight_decay * theta",
            wrote="(mean.sign() + weight_decay * theta).sign()",
            symptom="All your directions are 1 or −1, and where the gradient has always been "
            "zero the decay alone decides.",
            hint="The decay is added to the sign, and nothing is done to it after that.",
        ),
    ),
)
