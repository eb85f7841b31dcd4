"""Exercise 1.7: gradient sizes, layer by layer."""

import torch

from autograder.compare import Complaint, Kind, close
from autograder.recipes import Network
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def rms_cases(rng):
    def model(*layers, without=(), size=1.0):
        shapes = dict(Network(layers, {}).shapes())
        values = {name: torch.randn(shape, generator=rng) for name, shape in shapes.items()}
        grads = {
            name: size * torch.randn(shape, generator=rng) for name, shape in shapes.items()
        }
        return dict(
            model=Network(layers, values, {n: g for n, g in grads.items() if n not in without})
        )

    small = (("Linear", 3, 5), ("ReLU",), ("Linear", 5, 2))
    wide = (("Linear", 4, 30), ("Tanh",), ("Linear", 30, 20), ("Tanh",), ("Linear", 20, 1))
    image = (("Conv2d", 2, 3, 3), ("ReLU",), ("Flatten",), ("Linear", 12, 4))
    yield Case("a network of two layers", model(*small), by_layer)
    yield Case("three layers of unlike width", model(*wide), by_layer)
    yield Case("a convolution", model(*image), by_layer)
    yield Case("a frozen first layer", model(*small, without=("0.weight", "0.bias")), by_layer)
    still = model(*small)
    still["model"].gradients["0.weight"].zero_()
    yield Case("a gradient of 0", still, by_layer)
    inside = (("Sequential", ("Linear", 3, 4), ("Tanh",)), ("LayerNorm", 4), ("Linear", 4, 2))
    yield Case("a norm, and a network within the network", model(*inside), by_layer)
    yield Case("tiny gradients", model(*small, size=1e-7), by_layer)
    yield Case(
        "no backward pass yet",
        model(*small, without=("0.weight", "0.bias", "2.weight", "2.bias")),
        by_layer,
    )


def by_layer(got, expected) -> str:
    """However small a gradient is, its size must be right; and the layers in their order."""
    if complaint := close(rtol=1e-4, atol=0.0)(got, expected):
        return complaint
    if list(got) != list(expected):
        return Complaint(f"the keys should be in the order {list(expected)}", Kind.VALUES)
    return ""


def rms_steps():
    return [
        ("squares", "[9, 16]"),
        ("their mean", "12.5"),
        ("its root", "3.536"),
        ("the bias", "left out"),
    ]


def rms_by_modules(model):
    """Another right way: walk the modules."""
    sizes = {}
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)
        if weight is not None and weight.grad is not None:
            sizes[f"{name}.weight"] = float((weight.grad.detach() ** 2).mean() ** 0.5)
    return sizes


ROOT_MEAN_SQUARE = "square().mean().sqrt()"
PARAMETERS = "in model.named_parameters()"
CHOSEN = 'parameter.grad is not None and name.endswith("weight")'
OF_THOSE = f"""parameter.grad.{ROOT_MEAN_SQUARE}.item()
        for name, parameter {PARAMETERS}
        if parameter.grad is not None"""
SIZES = f"""{{
        name: parameter.grad.{ROOT_MEAN_SQUARE}.item()
        for name, parameter {PARAMETERS}
        if {CHOSEN}
    }}"""

MEAN_TAKEN_OFF = "Your sizes leave out the mean of the gradient."
SMALL_DEVIATION = (
    "A gradient that is the same in all entries has deviation 0, but it is not small. "
    "Do not take the mean off."
)

LAYER_GRADIENT_RMS = Exercise(
    target=gradients.layer_gradient_rms,
    points=2,
    cases=rms_cases,
    accepts=(rms_by_modules,),
    goal="measure the gradient that reaches each layer",
    section="Measured on real images",
    minutes=6,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            model=Network(
                (("Linear", 2, 1),),
                {"0.weight": torch.tensor([[1.0, 1.0]]), "0.bias": torch.tensor([0.0])},
                {"0.weight": torch.tensor([[3.0, -4.0]]), "0.bias": torch.tensor([5.0])},
            )
        ),
        steps=rms_steps,
    ),
    misconceptions=(
        Misconception(
            "norm for root mean square",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="square().sum().sqrt()",
            symptom="Your sizes grow with the number of weights in a layer.",
            hint="A norm adds the squares up. Take their mean, so that a wide layer and a "
            "narrow one can be compared.",
        ),
        Misconception(
            "root not taken",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="square().mean()",
            symptom="Your sizes are the squares of what they should be.",
            hint="The root brings the mean square back to the unit of the gradient.",
        ),
        Misconception(
            "mean of the sizes",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="abs().mean()",
            symptom="Your sizes are about a fifth too small: the mean of |g|, not the root of "
            "the mean of g².",
            hint="Both say how large a gradient is; the root mean square is the one whose "
            "square the derivation follows from layer to layer.",
        ),
        Misconception(
            "standard deviation",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="std()",
            symptom=MEAN_TAKEN_OFF,
            hint=SMALL_DEVIATION,
        ),
        Misconception(
            "sum of the gradient",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="sum()",
            symptom="Positive and negative entries cancel in your sizes.",
            hint="Square first: a size must not care for signs.",
        ),
        Misconception(
            "biases included",
            instead_of=' and name.endswith("weight")',
            wrote="",
            symptom="Your dictionary has entries for biases.",
            hint="Biases have other sizes than weights. Asked for are the weights.",
        ),
        Misconception(
            "missing gradients not expected",
            instead_of=CHOSEN,
            wrote='name.endswith("weight")',
            symptom="A layer without a gradient stops your function.",
            hint="A frozen layer, and every layer before the first backward pass, has None "
            "for a gradient. Leave it out.",
        ),
        Misconception(
            "values for gradients",
            instead_of="parameter.grad.square()",
            wrote="parameter.data.square()",
            symptom="You report the size of the weights themselves.",
            hint="Asked for is what the last backward pass left for each weight.",
        ),
        Misconception(
            "values for gradients in every layer",
            instead_of=OF_THOSE,
            wrote=OF_THOSE.replace("parameter.grad.", "parameter.data.").replace(
                "parameter.grad is not None", "True"
            ),
            symptom="You report the size of the weights themselves, also where there is no "
            "gradient.",
            hint="Asked for is what the last backward pass left for each weight. Where it left "
            "nothing, there is nothing to report.",
        ),
        Misconception(
            "tensors for numbers",
            instead_of=".sqrt().item()",
            wrote=".sqrt()",
            symptom="Your dictionary holds tensors.",
            hint="A tensor in a log keeps memory alive, and a graph with it. "
            "Turn it into a Python number.",
        ),
        Misconception(
            "standard deviation of the entries",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="std(correction=0)",
            symptom=MEAN_TAKEN_OFF,
            hint=SMALL_DEVIATION,
        ),
        Misconception(
            "largest entry",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="abs().max()",
            symptom="Your sizes are those of the largest entries.",
            hint="One entry is not typical. The root mean square asks all of them.",
        ),
        Misconception(
            "norm over the number of weights",
            instead_of=ROOT_MEAN_SQUARE,
            wrote="norm().div(parameter.numel())",
            symptom="Your sizes shrink with the number of weights in a layer.",
            hint="The norm has its root taken already: the number below it stands under "
            "the root, too.",
        ),
        Misconception(
            "0 for a missing gradient",
            instead_of=SIZES,
            wrote=SIZES.replace(
                "parameter.grad.", "0.0 if parameter.grad is None else parameter.grad.", 1
            ).replace("parameter.grad is not None and ", ""),
            symptom="A weight without a gradient is in your dictionary, with a size of 0.",
            hint="No gradient is not a gradient of 0: leave out what was not measured.",
        ),
        Misconception(
            "layers' names for parameters' names",
            instead_of="name: parameter",
            wrote='name.removesuffix(".weight"): parameter',
            symptom='Your keys are "0" and "2", where "0.weight" and "2.weight" are asked for.',
            hint="A parameter is named after its layer and its place there, as in the "
            "model's own list of named parameters.",
        ),
        Misconception(
            "model changed by reading",
            instead_of=f"return {SIZES}",
            wrote=f"sizes = {SIZES}\n    model.zero_grad()\n    return sizes",
            symptom="Your sizes are right, but afterwards the model's gradients are not what "
            "they were.",
            hint="Reading must leave the model as it was: an operation in place on a "
            "gradient, or gradients cleared, change what the next step of training "
            "finds.",
        ),
        Misconception(
            "last layer first",
            instead_of=PARAMETERS,
            wrote="in reversed(list(model.named_parameters()))",
            symptom="Your dictionary begins with the last layer.",
            hint="Whoever plots the sizes reads them in order: first layer first.",
        ),
        Misconception(
            "only dense layers",
            instead_of=CHOSEN,
            wrote=f"{CHOSEN} and parameter.dim() == 2",
            symptom="The weight of a convolution is missing in your dictionary.",
            hint="Every layer's weight is asked for, whatever its shape and the type of "
            "its layer.",
        ),
        Misconception(
            "rounded",
            instead_of=".sqrt().item()",
            wrote=".sqrt().mul(1e4).round().div(1e4).item()",
            symptom="Tiny gradients come out as 0.",
            hint="A vanishing gradient is what these sizes are to show: do not round them.",
        ),
        Misconception(
            "gradients of 0 left out",
            instead_of=CHOSEN,
            wrote=f"{CHOSEN} and parameter.grad.any()",
            symptom="A weight whose gradient is 0 is missing in your dictionary.",
            hint="A gradient of 0 has been measured: its size is 0. Left out are weights that "
            "have no gradient at all.",
        ),
        Misconception(
            "only weights of two axes or more",
            instead_of=CHOSEN,
            wrote=f"{CHOSEN} and parameter.dim() > 1",
            symptom="The weight of a norm is missing in your dictionary.",
            hint="A norm has one weight for each feature, a vector. Tell weights from biases "
            "by name.",
        ),
        Misconception(
            "only the outer layers",
            instead_of=PARAMETERS,
            wrote="in ((f'{name}.weight', layer.weight)"
            " for name, layer in model.named_children() if hasattr(layer, 'weight'))",
            symptom="The weights of a network within the network are missing in your "
            "dictionary.",
            hint="A network may hold networks. The model's list of named parameters knows them "
            "all.",
        ),
    ),
)
