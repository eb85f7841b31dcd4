"""Exercise 1.1: a chain of sigmoids."""

import torch

from autograder.compare import close
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def chain_cases(rng):
    # 1 − σ(z) of a saturated unit has few digits: z stays below 6, in float64 below 20, so
    # that whoever writes σ(−z) for it, which has them all, is not told to be wrong
    wide = torch.float64

    def weights(count, size=2.0, dtype=torch.float32):
        most = 10.0 if dtype == wide else 3.0
        return list((size * torch.randn(count, generator=rng, dtype=dtype)).clamp(-most, most))

    def x(*shape, dtype=torch.float32):
        return torch.randn(shape, generator=rng, dtype=dtype).clamp(-2, 2)

    judge, judge_wide = close(atol=1e-12), close(rtol=1e-6, atol=0.0)
    yield Case("three layers", dict(weights=weights(3), x=x(4)), judge)
    yield Case("one layer", dict(weights=weights(1), x=x()), judge)
    yield Case("a batch of two dimensions", dict(weights=weights(2), x=x(2, 3)), judge)
    deep = dict(weights=weights(12, size=4.0, dtype=wide), x=x(3, dtype=wide))
    yield Case("twelve layers", deep, judge_wide)
    saturated = dict(weights=weights(3, size=5.0, dtype=wide), x=x(3, dtype=wide))
    yield Case("large weights, saturated units", saturated, judge_wide)
    far = dict(
        weights=[torch.tensor(200.0), *weights(1)],
        x=torch.tensor([-0.9, 0.01, 0.8]) + 0.01 * x(3),
    )
    yield Case("units as far from 0 as z = −180", far, judge)


def chain_steps():
    rows = []
    links = gradients.sigmoid_chain([torch.tensor(2.0), torch.tensor(-1.0)], torch.tensor(0.5))
    for number, link in enumerate(links, start=1):
        rows += [
            (f"z{number} = w{number} · a{number - 1}", f"{link.z:.4g}"),
            (f"a{number} = σ(z{number})", f"{link.activation:.4g}"),
            (f"σ′(z{number}) = a{number} (1 − a{number})", f"{link.slope:.4g}"),
            (f"factor w{number} σ′(z{number})", f"{link.factor:.4g}"),
        ]
    return [*rows, ("product of the factors", f"{links[0].factor * links[1].factor:.4g}")]


FACTOR = "gradient = gradient * weight * activation * (1 - activation)"
FORWARD = "activation = torch.sigmoid(weight * activation)"


def chain_by_list_of_slopes(weights, x):
    """Another right way: all activations first, then one product."""
    activations = [x]
    for weight in weights:
        activations.append(1 / (1 + torch.exp(-weight * activations[-1])))
    factors = [w * a * (1 - a) for w, a in zip(weights, activations[1:], strict=True)]
    return torch.stack(factors).prod(dim=0)


def chain_by_autograd(weights, x):
    """Another right way: let autograd multiply the factors."""
    x = x.detach().clone().requires_grad_()
    activation = x
    for weight in weights:
        activation = (weight * activation).sigmoid()
    return torch.autograd.grad(activation.sum(), x)[0]


SIGMOID_CHAIN_GRADIENT = Exercise(
    target=gradients.sigmoid_chain_gradient,
    points=3,
    cases=chain_cases,
    accepts=(chain_by_list_of_slopes, chain_by_autograd),
    goal="derive and predict the size of a gradient after L layers",
    section="A chain of sigmoids",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(weights=[torch.tensor(2.0), torch.tensor(-1.0)], x=torch.tensor(0.5)),
        steps=chain_steps,
    ),
    misconceptions=(
        Misconception(
            "weights forgotten",
            instead_of=FACTOR,
            wrote="gradient = gradient * activation * (1 - activation)",
            symptom="Your answers hold the slopes of all units but none of the weights.",
            hint="Between aₗ₋₁ and aₗ stand two steps, a multiplication and a sigmoid. "
            "Each hands on its own derivative, so every layer contributes w and σ′(z).",
        ),
        Misconception(
            "slopes forgotten",
            instead_of=FACTOR,
            wrote="gradient = gradient * weight",
            symptom="Your answers are the product of the weights alone, whatever x is.",
            hint="That is the slope of a chain of multiplications. Behind each of them stands "
            "a sigmoid, which hands on its own slope σ′(z) as well, at most 1/4.",
        ),
        Misconception(
            "sigmoid applied twice",
            instead_of=FACTOR,
            wrote="twice = torch.sigmoid(activation)\n"
            "        gradient = gradient * weight * twice * (1 - twice)",
            symptom="The slope is taken at σ(a), where a itself is already a sigmoid.",
            hint="σ′(z) = σ(z) (1 − σ(z)), and σ(z) is what you call the activation.",
        ),
        Misconception(
            "z (1 − z) for a (1 − a)",
            instead_of=f"{FORWARD}\n        {FACTOR}",
            wrote="z = weight * activation\n        activation = torch.sigmoid(z)\n"
            "        gradient = gradient * weight * z * (1 - z)",
            symptom="Your slopes can be negative or larger than 1/4, which σ′ never is.",
            hint="The short form of σ′ is written in the activation, not in z: a (1 − a).",
        ),
        Misconception(
            "sum for product",
            instead_of="gradient, activation = torch.ones_like(x), x\n"
            "    for weight in weights:\n"
            f"        {FORWARD}\n        {FACTOR}",
            wrote="gradient, activation = torch.zeros_like(x), x\n    for weight in weights:\n"
            f"        {FORWARD}\n"
            "        gradient = gradient + weight * activation * (1 - activation)",
            symptom="Your answers are the sum of the layers' factors.",
            hint="The layers stand one inside the other, so the chain rule multiplies. "
            "It adds only where paths run side by side.",
        ),
        Misconception(
            "the bound for the value",
            instead_of=FACTOR,
            wrote="gradient = gradient * weight / 4",
            symptom="Every slope in your answer is exactly 1/4.",
            hint="1/4 is the largest slope, reached only at z = 0. "
            "Elsewhere the unit's own σ′(z) counts.",
        ),
        Misconception(
            "last layer dropped",
            instead_of="for weight in weights:",
            wrote="for weight in weights[:-1]:",
            symptom="Your product has one factor too few: the last layer is not in it.",
            hint="The chain ends behind the last sigmoid, so L layers give L factors.",
        ),
        Misconception(
            "first weight dropped",
            instead_of="return gradient",
            wrote="return gradient / weights[0]",
            symptom="Your product lacks the first weight: it is the slope with respect to z₁.",
            hint="The question is about x. From x to z₁ there is one more step, times w₁.",
        ),
        Misconception(
            "layers not chained",
            instead_of=FORWARD,
            wrote="activation = torch.sigmoid(weight * x)",
            symptom="Every layer in your answer is fed with x.",
            hint="Layer l sees what layer l − 1 put out: zₗ = wₗ aₗ₋₁.",
        ),
        Misconception(
            "only the first layer",
            instead_of=f"{FACTOR}\n    return gradient",
            wrote=f"{FACTOR}\n        return gradient",
            symptom="Your answers hold the first layer's factor alone.",
            hint="Leave the loop when all layers have been passed, not in the first one.",
        ),
        Misconception(
            "slope of the activation before",
            instead_of=f"{FORWARD}\n        {FACTOR}",
            wrote=f"{FACTOR}\n        {FORWARD}",
            symptom="Each slope is taken one unit too early: at what came in, not at what "
            "went out.",
            hint="σ′(zₗ) = aₗ (1 − aₗ), with the activation that comes from zₗ itself.",
        ),
        Misconception(
            "the end of the chain for its derivative",
            instead_of="return gradient",
            wrote="return activation",
            symptom="Your answers are what comes out of the chain.",
            hint="Asked for is how fast the end moves when x does: the product of the "
            "layers' factors.",
        ),
        Misconception(
            "weights from last to first",
            instead_of="for weight in weights:",
            wrote="for weight in reversed(weights):",
            symptom="x enters at the last weight in your chain.",
            hint="A gradient goes backwards, but the activations it needs come from a "
            "forward pass: w₁ first.",
        ),
        Misconception(
            "last slope forgotten",
            instead_of=FACTOR,
            wrote="gradient = gradient * weight\n"
            "        if weight is not weights[-1]:\n"
            "            gradient = gradient * activation * (1 - activation)",
            symptom="Your product has all weights but lacks the slope of the last unit.",
            hint="The chain ends behind the last sigmoid, so its slope belongs to the product.",
        ),
        Misconception(
            "slope by e to the −z",
            instead_of=f"{FORWARD}\n        {FACTOR}",
            wrote="z = weight * activation\n"
            "        activation = torch.sigmoid(z)\n"
            "        gradient = gradient * weight * torch.exp(-z) / (1 + torch.exp(-z)) ** 2",
            symptom="Far below z = 0 your slope is NaN: there e to the −z is beyond float32, "
            "and ∞/∞ is no number.",
            hint="The short form a (1 − a) needs no exponential of its own, and never "
            "overflows.",
        ),
        Misconception(
            "signs of the weights dropped",
            instead_of=FACTOR,
            wrote=FACTOR.replace("weight", "weight.abs()"),
            symptom="Your answers have the right size, but are never negative.",
            hint="A negative weight changes the gradient's sign. Only the bound ignores it.",
        ),
        Misconception(
            "slope of tanh",
            instead_of=FACTOR,
            wrote="gradient = gradient * weight * (1 - activation**2)",
            symptom="Your slopes are 1 − a².",
            hint="1 − a² is the slope of tanh. The sigmoid's is a (1 − a).",
        ),
        Misconception(
            "sigmoid left out between the layers",
            instead_of=f"{FORWARD}\n        {FACTOR}",
            wrote="activation = weight * activation\n"
            "        slope = torch.sigmoid(activation) * (1 - torch.sigmoid(activation))\n"
            "        gradient = gradient * weight * slope",
            symptom="The first layer is right, and every later one is fed with z instead of "
            "σ(z).",
            hint="What a unit hands on is its activation, aₗ = σ(zₗ).",
        ),
        Misconception(
            "sign of the exponent",
            instead_of=FORWARD,
            wrote="activation = torch.sigmoid(-weight * activation)",
            symptom="With one layer you are right, with more you are not: your activations "
            "are 1 − σ(z).",
            hint="σ(z) = 1 / (1 + e to the −z): the minus stands in the exponent.",
        ),
        Misconception(
            "first layer dropped",
            instead_of="for weight in weights:",
            wrote="for weight in weights[1:]:",
            symptom="Your product lacks the first layer: x enters at the second weight.",
            hint="x goes through every layer, and each contributes a factor, the first as "
            "well.",
        ),
        Misconception(
            "x sent through a sigmoid first",
            instead_of="gradient, activation = torch.ones_like(x), x",
            wrote="gradient, activation = torch.ones_like(x), torch.sigmoid(x)",
            symptom="Your first layer is fed with σ(x).",
            hint="The chain starts with x as it is: a₀ = x.",
        ),
        Misconception(
            "activation for its slope",
            instead_of=FACTOR,
            wrote="gradient = gradient * weight * activation",
            symptom="Your factors are w a, without the 1 − a.",
            hint="Asked for is how steep the sigmoid is at z, not how high: σ′(z) = a (1 − a).",
        ),
        Misconception(
            "a (a − 1) for a (1 − a)",
            instead_of=FACTOR,
            wrote=FACTOR.replace("(1 - activation)", "(activation - 1)"),
            symptom="With an odd number of layers your answers have the wrong sign.",
            hint="A sigmoid only rises, so its slope is never negative.",
        ),
        Misconception(
            "slope by e to the z",
            instead_of=f"{FORWARD}\n        {FACTOR}",
            wrote="z = weight * activation\n"
            "        activation = torch.sigmoid(z)\n"
            "        gradient = gradient * weight * torch.exp(z) / (1 + torch.exp(z)) ** 2",
            symptom="Far above z = 0 your slope is NaN: there e to the z is beyond float32, "
            "and ∞/∞ is no number.",
            hint="The short form a (1 − a) needs no exponential of its own, and never "
            "overflows.",
        ),
        Misconception(
            "gradient of the first weight",
            instead_of="return gradient",
            wrote="return gradient * x / weights[0]",
            symptom="Your answers are the slope with respect to w₁.",
            hint="The question is what happens when x moves. From x to z₁ the factor is w₁, "
            "not x.",
        ),
    ),
)
