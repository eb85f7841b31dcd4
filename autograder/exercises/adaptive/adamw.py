"""Exercise 7.6: a decay that no root divides."""

import torch

from autograder.exercises.adaptive.seven_steps import directions, few_steps, seven_steps
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import adaptive


def adamw_cases(rng):
    def weights(size=4):
        return 3 * torch.randn(size, generator=rng)

    def steps(size=4, **settings):
        return seven_steps(rng, size, theta=weights(size), **settings)

    yield Case("seven steps", steps(betas=(0.6, 0.8), eps=1e-3, weight_decay=0.3), directions)
    yield Case("a large eps", steps(betas=(0.5, 0.7), eps=0.4, weight_decay=0.05), directions)
    yield Case("defaults", steps(3), directions)
    yield Case("no decay", steps(betas=(0.8, 0.9), eps=1e-2, weight_decay=0.0), directions)
    yield Case(
        "decay alone",
        few_steps(
            [0.0, 0.0], [0.0, 0.0], theta=torch.tensor([2.0, -3.0]), eps=1e-2, weight_decay=0.5
        ),
        directions,
    )


def adamw_steps():
    return [
        ("step 1: Adam's direction of the gradient 4", "1"),
        ("decay 0.5 · 3", "1.5"),
        ("direction", "2.5"),
        ("step 2: Adam's direction of the gradient 0", "0.5092"),
        ("direction 0.5092 + 1.5", "2.009"),
    ]


def adamw_in_full(gradient, state, theta, *, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    """Another right way: Adam written out once more."""
    b1, b2 = betas
    t, m, v = state if state is not None else (0, 0 * gradient, 0 * gradient)
    t, m, v = t + 1, b1 * m + (1 - b1) * gradient, b2 * v + (1 - b2) * gradient**2
    adaptive_part = m / (1 - b1**t) / ((v / (1 - b2**t)).sqrt() + eps)
    return theta * weight_decay + adaptive_part, (t, m, v)


ADAM = "direction, state = adam(gradient, state, betas=betas, eps=eps)"
RETURN = "return direction + weight_decay * theta, state"
BODY = f"{ADAM}\n    {RETURN}"

ADAMW = Exercise(
    target=adaptive.adamw,
    points=2,
    cases=adamw_cases,
    accepts=(adamw_in_full,),
    leans_on=(adaptive.adam,),
    goal="say what weight decay does under an adaptive rule",
    section="Two kinds of weight decay",
    minutes=6,
    difficulty=2,
    trace=Trace(
        inputs=few_steps(
            4.0, 0.0, theta=torch.tensor([3.0]), betas=(0.5, 0.75), weight_decay=0.5
        ),
        steps=adamw_steps,
    ),
    misconceptions=(
        Misconception(
            "decay in the gradient",
            instead_of=BODY,
            wrote="return adam(gradient + weight_decay * theta, state, betas=betas, eps=eps)",
            symptom="Your decay goes through the moments: this is an l2 penalty under Adam.",
            hint="Decoupled means that neither mean sees the decay. It is added to the "
            "finished direction.",
        ),
        Misconception(
            "decay ignored",
            instead_of=RETURN,
            wrote="return direction, state",
            symptom="This is Adam.",
            hint="The direction has a second part, which pulls each parameter to zero.",
        ),
        Misconception(
            "wrong sign",
            instead_of=RETURN,
            wrote="return direction - weight_decay * theta, state",
            symptom="Your weights are driven away from zero.",
            hint="The step goes against the direction, so the pull to zero has a plus here.",
        ),
        Misconception(
            "decay divided by the root",
            instead_of=RETURN,
            wrote="root = (state.v / (1 - betas[1] ** state.t)).sqrt()\n"
            "    return direction + weight_decay * theta / (root + eps), state",
            symptom="Where gradients are large your decay hardly acts.",
            hint="The decay stands beside the fraction, not in it.",
        ),
        Misconception(
            "decay of the direction",
            instead_of=RETURN,
            wrote="return direction * (1 + weight_decay), state",
            symptom="Your decay does not depend on the parameters.",
            hint="What decays are the parameters.",
        ),
        Misconception(
            "decay halved",
            instead_of=RETURN,
            wrote="return direction + weight_decay * theta / 2, state",
            symptom="Your decay is half of what is asked.",
            hint="The half belongs to a penalty that is a square, before it is differentiated.",
        ),
        Misconception(
            "only the sign decays",
            instead_of=RETURN,
            wrote="return direction + weight_decay * theta.sign(), state",
            symptom="Your decay is the same for large and for small weights.",
            hint="A constant pull is l1. Decay takes a share of each weight.",
        ),
        Misconception(
            "corrected like a mean",
            instead_of=RETURN,
            wrote="return direction + weight_decay / (1 - betas[0] ** state.t) * theta, state",
            symptom="Your decay fades over the steps.",
            hint="The decay is a share of the present weights, no mean: nothing to correct.",
        ),
        Misconception(
            "settings not handed on",
            instead_of=ADAM,
            wrote="direction, state = adam(gradient, state)",
            symptom="You are right at the default betas and eps, and only there.",
            hint="Adam's settings are yours to hand on to it.",
        ),
        Misconception(
            "what is left for what decays",
            instead_of=RETURN,
            wrote="return direction + (1 - weight_decay) * theta, state",
            symptom="Your decay is strong where it should be weak.",
            hint="1 − λ is what remains of a weight. The direction holds what is taken off it.",
        ),
        Misconception(
            "the old state returned",
            instead_of=ADAM,
            wrote="direction, _ = adam(gradient, state, betas=betas, eps=eps)",
            symptom="Each of your steps is a first step.",
            hint="Return the state that Adam gave back; the next step starts from it.",
        ),
    ),
)
