"""Exercise 6.4: the gradient where momentum leads."""

import torch

from autograder.compare import numbers
from autograder.recipes import Function
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum


def nesterov_cases(rng):
    def case(name, slope, *shape, lr, mu, rest=False):
        p, b = (torch.randn(shape, generator=rng) for _ in range(2))
        inputs = dict(p=p, b=0 * b if rest else b, grad_fn=slope, lr=lr, mu=mu)
        return Case(name, inputs)

    yield case("a slope that levels off", Function("tanh", 3.0), 5, lr=0.3, mu=0.7)
    yield case("a quadratic", Function("two times"), 4, lr=0.15, mu=0.9)
    yield case("from rest", Function("tanh", 2.0), 4, lr=0.4, mu=0.8, rest=True)
    yield case("without momentum", Function("tanh"), 4, lr=0.2, mu=0.0)
    yield case("a small rate", Function("sigmoid", 4.0), 2, 3, lr=0.02, mu=0.5)
    yield case("a large rate", Function("tanh", 1.5), 3, lr=1.5, mu=0.4)


def nesterov_steps():
    return [
        ("ahead = 2 − 0.5 · 0.5 · 4", "1"),
        ("slope there, 2 · 1", "2"),
        ("b = 0.5 · 4 + 2", "4"),
        ("p = 2 − 0.5 · 4", numbers(torch.tensor([0.0]))),
    ]


def nesterov_in_two_moves(p, b, grad_fn, lr, mu):
    """Another right way: coast first, then correct by the slope found there."""
    coasted = p - lr * (mu * b)
    slope = grad_fn(coasted)
    return coasted - lr * slope, b * mu + slope


AHEAD = "ahead = p - lr * mu * b"
VELOCITY = "velocity = mu * b + grad_fn(ahead)"
RETURN = "return p - lr * velocity, velocity"

NESTEROV_STEP = Exercise(
    target=momentum.nesterov_step,
    points=2,
    cases=nesterov_cases,
    accepts=(nesterov_in_two_moves,),
    goal="take Nesterov's step in both of its forms",
    section="Look ahead",
    minutes=6,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            p=torch.tensor([2.0]),
            b=torch.tensor([4.0]),
            grad_fn=Function("two times"),
            lr=0.5,
            mu=0.5,
        ),
        steps=nesterov_steps,
    ),
    misconceptions=(
        Misconception(
            "gradient taken where it stands",
            instead_of=AHEAD,
            wrote="ahead = p",
            symptom="Your step is the heavy ball's.",
            hint="Ask for the slope where momentum alone would lead, not where you are.",
        ),
        Misconception(
            "looks back",
            instead_of=AHEAD,
            wrote="ahead = p + lr * mu * b",
            symptom="You look where you came from.",
            hint="Momentum moves against b, as every step does: the sign is minus.",
        ),
        Misconception(
            "looks ahead without the rate",
            instead_of=AHEAD,
            wrote="ahead = p - mu * b",
            symptom="You look much farther than you will go.",
            hint="b is a sum of gradients. A step is the rate times it.",
        ),
        Misconception(
            "looks ahead without the momentum",
            instead_of=AHEAD,
            wrote="ahead = p - lr * b",
            symptom="You look ahead by the old velocity, whole.",
            hint="By the time it moves you, the old velocity has faded to μ of itself.",
        ),
        Misconception(
            "moves twice",
            instead_of=RETURN,
            wrote="return ahead - lr * velocity, velocity",
            symptom="You coast to the point ahead and then coast again.",
            hint="The new velocity has the coasting in it. Take it from p; or take only the "
            "slope's part from the point ahead.",
        ),
        Misconception(
            "along the slope only",
            instead_of=RETURN,
            wrote="return p - lr * grad_fn(ahead), velocity",
            symptom="Your step has no memory in it.",
            hint="The step goes along the new velocity.",
        ),
        Misconception(
            "along the old velocity",
            instead_of=RETURN,
            wrote="return p - lr * b, velocity",
            symptom="You step along the velocity from before.",
            hint="Renew the velocity first, then step along the new one.",
        ),
        Misconception(
            "the old velocity does not fade",
            instead_of=VELOCITY,
            wrote="velocity = b + grad_fn(ahead)",
            symptom="Your velocity keeps all of the old one.",
            hint="μ of the old velocity is left when the new slope is added.",
        ),
        Misconception(
            "a running mean",
            instead_of=VELOCITY,
            wrote="velocity = mu * b + (1 - mu) * grad_fn(ahead)",
            symptom="The new slope enters with 1 − μ.",
            hint="The slope is added whole: in this convention b is a sum, not a mean.",
            section="Three conventions",
        ),
        Misconception(
            "the rate inside the velocity",
            instead_of=VELOCITY,
            wrote="velocity = mu * b + lr * grad_fn(ahead)",
            symptom="The rate enters twice.",
            hint="Here b is a sum of gradients without the rate; it comes in with the step.",
            section="Three conventions",
        ),
        Misconception(
            "the form of the libraries",
            instead_of=f"{AHEAD}\n    {VELOCITY}\n    {RETURN}",
            wrote="slope = grad_fn(p)\n    velocity = mu * b + slope\n"
            "    return p - lr * (slope + mu * velocity), velocity",
            symptom="You take the step that PyTorch takes with nesterov=True.",
            hint="That one walks with the point ahead, and asks for the slope where it stands. "
            "Here p stays behind: ask at p − lr μ b, and step from p.",
        ),
        Misconception(
            "a velocity that points downhill",
            instead_of=f"{AHEAD}\n    {VELOCITY}\n    {RETURN}",
            wrote="velocity = mu * b - lr * grad_fn(p + mu * b)\n"
            "    return p + velocity, velocity",
            symptom="Your velocity has the rate and the minus in it.",
            hint="That is the convention with the rate inside. Here b is a sum of gradients, "
            "and the step goes against it: p − lr b.",
            section="Three conventions",
        ),
        Misconception(
            "the old velocity returned",
            instead_of=RETURN,
            wrote="return p - lr * velocity, b",
            symptom="You return the velocity that you were handed.",
            hint="The next step needs the new velocity. Return that one.",
        ),
        Misconception(
            "uphill",
            instead_of=RETURN,
            wrote="return p + lr * velocity, velocity",
            symptom="Your step leads up.",
            hint="The velocity is a sum of gradients, which point up. Downhill is against it.",
        ),
        Misconception(
            "the step not times the rate",
            instead_of=RETURN,
            wrote="return p - velocity, velocity",
            symptom="Your step is the whole velocity.",
            hint="The step is the rate times the velocity.",
        ),
        Misconception(
            "ahead of the new velocity",
            instead_of=f"{AHEAD}\n    {VELOCITY}\n    {RETURN}",
            wrote="velocity = mu * b + grad_fn(p)\n"
            "    velocity = mu * b + grad_fn(p - lr * mu * velocity)\n"
            "    return p - lr * velocity, velocity",
            symptom="You ask for the slope twice: where you stand, and then ahead of it.",
            hint="Momentum alone leads along the old velocity. One look there is enough.",
        ),
        Misconception(
            "the point ahead returned",
            instead_of=RETURN,
            wrote="return p - lr * velocity - lr * mu * velocity, velocity",
            symptom="You return the point ahead of the new one.",
            hint="The look ahead is for asking only. Return the point to which the step "
            "itself leads.",
        ),
    ),
)
