"""Exercise 2.7, bonus: let the data set the scale."""

import math

import torch

from autograder.compare import close, numbers
from autograder.recipes import Network, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import initialization

# the variance may stop anywhere within tol, and be divided by n or by n − 1
by_parameter = close(rtol=0.03, atol=0.03)


def lsuv_cases(rng):
    def model(*layers, size=1.0, bias=0.3, training=False, evaluating=()):
        shapes = Network(layers, {}).shapes()
        values = {}
        for name, shape in shapes.items():
            values[name] = torch.randn(shape, generator=rng)
            values[name] *= bias if name.endswith("bias") else size / math.sqrt(shape[1])
        return Written(Network(layers, values, training=training, evaluating=evaluating))

    def x(*shape, offset=0.0):
        return torch.randn(shape, generator=rng) + offset

    def case(name, model, x, **options):
        return Case(name, dict(model=model, x=x, **options), by_parameter)

    relu, tanh = ("ReLU",), ("Tanh",)
    three = (("Linear", 8, 20), relu, ("Linear", 20, 16), relu, ("Linear", 16, 5))
    image = (("Conv2d", 2, 6, 3), relu, ("Flatten",), ("Linear", 54, 4))
    dropped = (("Linear", 6, 30), relu, ("Dropout", 0.5), ("Linear", 30, 4))
    narrow = (("Linear", 5, 6), tanh, ("Linear", 6, 3))
    yield case("three layers", model(*three, size=2.5), x(100, 8))
    yield case("weights ten times too small", model(*three, size=0.1, bias=0.0), x(60, 8))
    yield case("a convolution", model(*image, size=3.0), x(30, 2, 5, 5, offset=1.0))
    left_on = model(*dropped, size=2.0, bias=0.0, training=True)
    yield Case(
        "dropout, left in training mode",
        dict(model=left_on, x=x(2000, 6), tol=0.2),
        close(rtol=0.1, atol=0.05),  # so that one lot of dropout is like another
    )
    unbiased = (("Linear", 6, 12, {"bias": False}), relu, ("Linear", 12, 4))
    yield case("a layer without a bias", model(*unbiased, size=2.0), x(40, 6))
    yield case("biases that spread too far", model(*narrow, size=1.5, bias=3.0), x(50, 5))
    yield case(
        "two rounds at the most", model(*three, size=4.0, bias=0.7), x(90, 8), max_iter=2
    )
    yield case(
        "a wide tolerance", model(*narrow, size=1.2, bias=0.1), x(70, 5), tol=0.9, max_iter=3
    )
    kept = (("Linear", 6, 20), relu, ("Linear", 20, 4))
    mixed = model(*kept, size=2.0, bias=0.0, training=True, evaluating=(2,))
    yield case("a layer in evaluation mode, the rest in training", mixed, x(60, 6))
    over_time = (("Conv1d", 3, 5, 3), relu, ("Flatten",), ("Linear", 20, 4))
    yield case("a convolution over time", model(*over_time, size=2.0), x(40, 3, 6))


TINY = Network(
    (("Linear", 1, 1),), {"0.weight": torch.tensor([[4.0]]), "0.bias": torch.tensor([2.0])}
)
TINY_X = torch.tensor([[0.0], [1.0]])


def lsuv_steps():
    model = TINY.build()
    initialization.lsuv_(model, TINY_X)
    return [
        ("z of the two examples", "2, 6"),
        ("their variance", "8"),
        ("weight 4 / √8", f"{4 / math.sqrt(8):.4g}"),
        ("z now", f"2, {2 + math.sqrt(2):.4g}"),
        ("their mean", f"{2 + math.sqrt(2) / 2:.4g}"),
        ("bias, 2 less the mean", f"{-math.sqrt(2) / 2:.4g}"),
        ("together", ", ".join(map(numbers, model.parameters()))),
    ]


def lsuv_with_hooks(model, x, tol=0.02, max_iter=10):
    """Another right way: listen to each layer, and take the listener off again."""
    modes = {module: module.training for module in model.modules()}
    model.train(False)
    heard = {}
    for layer in model.modules():
        if not hasattr(layer, "weight"):
            continue
        hook = layer.register_forward_hook(lambda _m, _x, z: heard.update(z=z.detach()))
        for _ in range(max_iter):
            model(x)
            std = heard["z"].std(correction=0)
            if (std**2 - 1).abs() < tol:
                break
            layer.weight.data = layer.weight.data / std
        model(x)
        if layer.bias is not None:
            layer.bias.data = layer.bias.data - heard["z"].mean()
        hook.remove()
    for module, mode in modes.items():
        module.training = mode
    return model


MEASURE = "model[:number](x).var()"
SCALE = "layer.weight /= variance.sqrt()"
CENTRE = "if layer.bias is not None:\n                layer.bias -= model[:number](x).mean()"
MODES = "modes = {module: module.training for module in model.modules()}"
RESTORE = "for module, training in modes.items():\n        module.training = training"
HEAD = (
    "        for number, layer in enumerate(model, start=1):\n"
    "            if not isinstance(layer, SCALED):\n"
    "                continue\n"
    "            for _ in range(max_iter):\n"
    f"                variance = {MEASURE}\n"
)

LSUV = Exercise(
    target=initialization.lsuv_,
    points=4,
    cases=lsuv_cases,
    accepts=(lsuv_with_hooks,),
    bonus=True,
    goal="let a batch of data set the scale of every layer",
    section="Let the data set the scale",
    minutes=20,
    difficulty=4,
    trace=Trace(inputs=dict(model=Written(TINY), x=TINY_X), steps=lsuv_steps),
    misconceptions=(
        Misconception(
            "all layers measured before any is scaled",
            instead_of=HEAD,
            wrote="        sizes = [model[: n + 1](x).var() for n in range(len(model))]\n"
            + HEAD.replace(f"variance = {MEASURE}", "variance = sizes[number - 1]").replace(
                "range(max_iter)", "range(1)"
            ),
            symptom="Your first layer is right, and the ones after it are not.",
            hint="Scaling a layer changes what the next one sees. Measure each layer after all "
            "before it are done.",
        ),
        Misconception(
            "divided by the variance",
            instead_of=SCALE,
            wrote="layer.weight /= variance",
            symptom="You divide the weights by the variance.",
            hint="If W is divided by s, the variance is divided by s².",
        ),
        Misconception(
            "bias not centred",
            instead_of=CENTRE,
            wrote="pass",
            symptom="Your biases are what they were.",
            hint="After the weights comes the bias: take the mean of z off it.",
        ),
        Misconception(
            "centred before scaling",
            instead_of="for _ in range(max_iter):\n"
            f"                variance = {MEASURE}\n"
            "                if abs(variance - 1) < tol:\n"
            "                    break\n"
            f"                {SCALE}\n            {CENTRE}",
            wrote=f"{CENTRE}\n            for _ in range(max_iter):\n"
            f"                variance = {MEASURE}\n"
            "                if abs(variance - 1) < tol:\n"
            "                    break\n"
            f"                {SCALE}",
            symptom="Your biases were right before you scaled the weights, and are not now.",
            hint="Scaling W moves the mean of z again. Weights first, then the bias.",
        ),
        Misconception(
            "each unit scaled for itself",
            instead_of=SCALE,
            wrote="z = model[:number](x).transpose(0, 1).flatten(1)\n"
            "                layer.weight.transpose(0, -1).div_(z.std(dim=1))",
            symptom="You divide each unit's weights by a number of its own.",
            hint="One number for the whole layer: the variance over all entries of z. "
            "The directions of the weights stay what they were drawn as.",
        ),
        Misconception(
            "each unit centred for itself",
            instead_of=CENTRE,
            wrote=CENTRE.replace(".mean()", ".transpose(0, 1).flatten(1).mean(dim=1)"),
            symptom="You take a mean of its own off each unit's bias.",
            hint="One number for the whole layer. Means of their own would take away the part "
            "of the variance that lies between the units, which you have just set.",
        ),
        Misconception(
            "measured after the activation",
            instead_of=MEASURE,
            wrote="model[:number + 1](x).var()",
            symptom="You measure what comes out of the activation.",
            hint="z is what a layer puts out before its activation.",
        ),
        Misconception(
            "size for variance",
            instead_of=MEASURE,
            wrote="model[:number](x).square().mean()",
            symptom="Your variance includes the mean.",
            hint="A mean is taken care of by the bias, afterwards. Measure the variance.",
        ),
        Misconception(
            "one round only",
            instead_of="for _ in range(max_iter):",
            wrote="for _ in range(1):",
            symptom="Layers with biases are not there yet after your one round.",
            hint="The bias takes part in the variance, but not in the scaling. So one division "
            "does not hit 1: go on until it does.",
        ),
        Misconception(
            "no end",
            instead_of="for _ in range(max_iter):",
            wrote="while True:",
            symptom="Your loop waits for a variance that cannot be reached.",
            hint="Biases that spread more than 1 by themselves keep the variance above 1 "
            "whatever the weights. Stop after max_iter rounds.",
        ),
        Misconception(
            "dropout left on",
            instead_of="model.eval()",
            wrote="model.train()",
            symptom="With dropout in the network your answer is another at every call.",
            hint="Measure the network as it will be used: in evaluation mode.",
        ),
        Misconception(
            "dense layers only",
            instead_of="isinstance(layer, SCALED)",
            wrote="isinstance(layer, nn.Linear)",
            symptom="Your convolutions keep their weights.",
            hint="A convolution has weights to scale, too.",
        ),
        Misconception(
            "convolutions over images only",
            instead_of="isinstance(layer, SCALED)",
            wrote="isinstance(layer, nn.Linear | nn.Conv2d)",
            symptom="Convolutions over time keep their weights.",
            hint="A convolution may run over time, over an image or through space. Each kind "
            "has weights to scale.",
        ),
        Misconception(
            "tolerance ignored",
            instead_of="abs(variance - 1) < tol",
            wrote="variance == 1",
            symptom="You go on scaling where the variance was near enough already.",
            hint="A layer within the tolerance keeps its weights.",
        ),
        Misconception(
            "every layer has a bias",
            instead_of=CENTRE,
            wrote="layer.bias -= model[:number](x).mean()",
            symptom="You look for a bias in a layer that was made without one.",
            hint="A layer can be made without a bias, which is None then. It has a weight to "
            "scale, and nothing to centre with.",
        ),
        Misconception(
            "left in evaluation mode",
            instead_of=RESTORE,
            wrote="pass",
            symptom="The numbers are right, but a model that came in training mode goes back "
            "in evaluation mode.",
            hint="Whoever trains it next would train without dropout. Note the mode first and "
            "put it back at the end.",
        ),
        Misconception(
            "training mode in the end, whatever it was",
            instead_of=RESTORE,
            wrote="model.train()",
            symptom="A model that came in evaluation mode goes back in training mode.",
            hint="Note the mode first, and put back that one.",
        ),
        Misconception(
            "the model's mode for all of its layers",
            instead_of=RESTORE,
            wrote="model.train(modes[model])",
            symptom="The numbers are right, but a layer that came in evaluation mode, in a "
            "model that trains, goes back in training mode.",
            hint="A layer may be kept in evaluation mode on purpose, while the rest trains. "
            "Note the mode of each module.",
        ),
        Misconception(
            "hooks left behind",
            instead_of=RESTORE,
            wrote=f"{RESTORE}\n    model[0].register_forward_hook(lambda *_: None)",
            symptom="The numbers are right, but your listeners still hang on the model.",
            hint="A hook stays until it is removed, and is called at every forward pass.",
        ),
        Misconception(
            "requires_grad lost",
            instead_of=RESTORE,
            wrote=f"{RESTORE}\n    model.requires_grad_(False)",
            symptom="The numbers are right, but the parameters no longer ask for gradients.",
            hint="A parameter that asks for none will never be trained. Write without "
            "recording it; do not switch the parameters off.",
        ),
        Misconception(
            "a copy scaled instead of the model",
            instead_of=MODES,
            wrote=f"{MODES}\n"
            "    model = nn.Sequential(*map(__import__('copy').deepcopy, model))",
            symptom="The model is what it was: you work on a copy.",
            hint="A name that ends in an underscore promises to write into what it is given.",
        ),
        Misconception(
            "multiplied instead of divided",
            instead_of=SCALE,
            wrote="layer.weight *= variance.sqrt()",
            symptom="Your weights grow where they should shrink, and shrink where they should "
            "grow.",
            hint="A variance of 4 is too large: divide the weights by its root.",
        ),
        Misconception(
            "bias divided as well",
            instead_of=SCALE,
            wrote=f"{SCALE}\n                if layer.bias is not None:\n"
            "                    layer.bias /= variance.sqrt()",
            symptom="You divide the biases together with the weights.",
            hint="Only the weights are scaled. The bias is dealt with afterwards.",
        ),
        Misconception(
            "bias set to zero",
            instead_of=CENTRE,
            wrote="if layer.bias is not None:\n                layer.bias.zero_()",
            symptom="Your biases are 0.",
            hint="A bias of 0 centres nothing: take the mean of z off the bias that is there.",
        ),
        Misconception(
            "centred only where scaled",
            instead_of=f"{SCALE}\n            {CENTRE}",
            wrote=f"{SCALE}\n"
            "                if layer.bias is not None:\n"
            "                    layer.bias -= model[:number](x).mean()",
            symptom="A layer that is within the tolerance at once keeps its old bias.",
            hint="Every layer's bias is centred, once, after the rounds, however many there "
            "were.",
        ),
    ),
)
