"""Exercise 1.6: a dense network, backwards."""

from itertools import pairwise

import torch

from autograder.compare import close, result_part
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import gradients


def backward_cases(rng):
    def network(*widths, batch=5, shift=0.0):
        pairs = list(pairwise(widths))
        return dict(
            x=torch.randn(batch, widths[0], generator=rng),
            y=torch.randn(batch, widths[-1], generator=rng),
            weights=[torch.randn(out, into, generator=rng) for into, out in pairs],
            biases=[0.5 * torch.randn(out, generator=rng) + shift for _, out in pairs],
        )

    judge = close(call=backward_part)
    yield Case("two hidden layers of unlike width", network(3, 5, 4, 2), judge)
    yield Case("layers of the same width", network(4, 4, 4, 4, 4), judge)
    yield Case("one hidden layer", network(2, 6, 3), judge)
    yield Case("no hidden layer", network(3, 2), judge)
    yield Case("one example", network(3, 4, 2, batch=1), judge)
    yield Case("one output", network(3, 4, 1), judge)
    yield Case("a network with all hidden units dead", network(3, 4, 4, 2, shift=-50.0), judge)
    yield Case("pre-activations of exactly 0", on_the_corner(network(3, 6, 2)), judge)


def on_the_corner(network):
    """The same with whole numbers in the first layer, and z = 0 there for the first example."""
    network["x"] = (2 * network["x"]).round()
    network["weights"][0] = (2 * network["weights"][0]).round()
    network["biases"][0] = -network["weights"][0] @ network["x"][0]
    return network


def backward_part(path) -> str:
    if len(path) != 2:
        return result_part(path)
    kind = ("weights", "biases")[path[0]]
    return f"the gradient of the {kind} of layer {path[1] + 1}"


def backward_steps():
    return [
        ("z₁ = 2 · 1 + 0, a₁ = relu(z₁)", "2"),
        ("z₂ = 3 · 2 + 1", "7"),
        ("δ₂ = 2 (7 − 5) / 1", "4"),
        ("∂W₂ = δ₂ a₁, ∂b₂ = δ₂", "8, 4"),
        ("δ₁ = δ₂ W₂ [z₁ > 0]", "12"),
        ("∂W₁ = δ₁ x, ∂b₁ = δ₁", "12, 12"),
    ]


def backward_by_pre_activations(x, y, weights, biases):
    """Another right way: keep z, mask by it, collect in a list that is reversed."""
    inputs, zs = [x], []
    for index, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        zs.append(torch.addmm(bias, inputs[-1], weight.t()))
        if index < len(weights) - 1:
            inputs.append(torch.clamp(zs[-1], min=0))
    delta = (zs[-1] - y).mul(2 / (y.shape[0] * y.shape[1]))
    grads = []
    for index in range(len(weights) - 1, -1, -1):
        if index < len(weights) - 1:
            delta = delta * (zs[index] > 0).to(delta.dtype)
        grads.append((torch.einsum("bo,bi->oi", delta, inputs[index]), delta.sum(0)))
        delta = torch.mm(delta, weights[index])
    grads.reverse()
    return tuple(g[0] for g in grads), tuple(g[1] for g in grads)


DELTA = "delta = 2 * (output - y) / y.numel()"
BACK = "delta = (delta @ weights[layer]) * (activations[layer] > 0)"
WEIGHT_GRAD = "weight_grads.insert(0, delta.T @ activations[layer])"

FORWARD = (
    "activations.append((activations[-1] @ weight.T + bias).relu())\n"
    "    output = activations[-1] @ weights[-1].T + biases[-1]"
)
MASKED_BY_Z = (
    "delta = delta @ weights[layer]\n"
    "        if layer > 0:\n"
    "            z = activations[layer - 1] @ weights[layer - 1].T + biases[layer - 1]\n"
    "            delta = delta * (z >= 0)"
)

MASK_AT_EACH = "Every hidden layer has a ReLU of its own, so every step back has a mask."
NO_RELU_AT_THE_END = "The last layer has no ReLU: a_L = z_L."

MLP_BACKWARD = Exercise(
    target=gradients.mlp_backward,
    points=5,
    cases=backward_cases,
    accepts=(backward_by_pre_activations,),
    goal="derive the gradients of a dense network by hand",
    section="A dense network by hand",
    minutes=18,
    difficulty=4,
    trace=Trace(
        inputs=dict(
            x=torch.tensor([[1.0]]),
            y=torch.tensor([[5.0]]),
            weights=[torch.tensor([[2.0]]), torch.tensor([[3.0]])],
            biases=[torch.tensor([0.0]), torch.tensor([1.0])],
        ),
        steps=backward_steps,
    ),
    misconceptions=(
        Misconception(
            "no ReLU mask",
            instead_of=BACK,
            wrote="delta = delta @ weights[layer]",
            symptom="Only the last layer is right: the gradient passes units that are off.",
            hint="A unit with z ≤ 0 put out 0 whatever its weights were; nothing goes back "
            "through it.",
        ),
        Misconception(
            "mask at one layer only",
            instead_of=BACK,
            wrote="delta = delta @ weights[layer]\n"
            "        if layer == len(weights) - 1:\n"
            "            delta = delta * (activations[layer] > 0)",
            symptom="The last hidden layer is masked, the ones before it are not.",
            hint=MASK_AT_EACH,
        ),
        Misconception(
            "mask of the neighbouring layer",
            instead_of=BACK,
            wrote=BACK.replace("activations[layer]", "activations[max(layer - 1, 0)]"),
            symptom="The mask is taken from the layer before the one that it belongs to.",
            hint="δ at layer l has the width of layer l, and so has its mask: [zₗ > 0].",
        ),
        Misconception(
            "bias gradient averaged",
            instead_of="delta.sum(dim=0)",
            wrote="delta.mean(dim=0)",
            symptom="The bias gradients are too small by a factor of the batch size.",
            hint="The mean of the loss stands in δ already. A bias is added to every example, "
            "so its gradient is the sum.",
        ),
        Misconception(
            "pre-activation for the layer's input",
            instead_of=WEIGHT_GRAD,
            wrote="before = activations[layer]\n        if layer > 0:\n"
            "            before = activations[layer - 1] @ weights[layer - 1].T"
            " + biases[layer - 1]\n"
            "        weight_grads.insert(0, delta.T @ before)",
            symptom="The bias gradients are right, the weight gradients behind a ReLU are not.",
            hint="What a layer was multiplied with is what came out of the ReLU, a, not z.",
        ),
        Misconception(
            "mean of the loss forgotten",
            instead_of=DELTA,
            wrote="delta = 2 * (output - y)",
            symptom="Every gradient is too large by the number of entries of y.",
            hint="The loss is a mean over all N entries of y; its derivative keeps the 1/N.",
        ),
        Misconception(
            "mean over the examples only",
            instead_of=DELTA,
            wrote="delta = 2 * (output - y) / len(y)",
            symptom="Every gradient is too large by the number of outputs.",
            hint="The mean runs over all entries of y: examples times outputs.",
        ),
        Misconception(
            "2 of the square forgotten",
            instead_of=DELTA,
            wrote="delta = (output - y) / y.numel()",
            symptom="Every gradient is exactly half of what it should be.",
            hint="The derivative of (a − y)² is 2 (a − y). Only a loss with ½ loses the 2.",
        ),
        Misconception(
            "weights transposed on the way back",
            instead_of=BACK,
            wrote="if layer > 0:\n"
            "            delta = (delta @ weights[layer].T) * (activations[layer] > 0)",
            symptom="The last layer is right; before it shapes clash, or, between layers of "
            "the same width, the numbers are wrong.",
            hint="Forward multiplies by Wᵀ, so backward multiplies by W.",
        ),
        Misconception(
            "weights updated on the way back",
            instead_of=WEIGHT_GRAD,
            wrote=f"{WEIGHT_GRAD}\n"
            "        weights[layer] = weights[layer] - 0.1 * weight_grads[0]",
            symptom="Your function changes the weights while it still needs the old ones.",
            hint="First all gradients, then the step: all of them belong to the same weights.",
        ),
        Misconception(
            "ReLU on the output",
            instead_of="output = activations[-1] @ weights[-1].T + biases[-1]",
            wrote="output = (activations[-1] @ weights[-1].T + biases[-1]).relu()",
            symptom="Where the output should be negative, your network says 0.",
            hint=NO_RELU_AT_THE_END,
        ),
        Misconception(
            "layers in reverse order",
            instead_of="return weight_grads, bias_grads",
            wrote="return weight_grads[::-1], bias_grads[::-1]",
            symptom="Your lists begin with the last layer.",
            hint="You meet the layers last first; hand them back first first.",
        ),
        Misconception(
            "mean over the outputs only",
            instead_of=DELTA,
            wrote="delta = 2 * (output - y) / y.shape[1]",
            symptom="Every gradient is too large by the number of examples.",
            hint="The mean runs over all entries of y: examples times outputs.",
        ),
        Misconception(
            "sign of the error flipped",
            instead_of=DELTA,
            wrote="delta = 2 * (y - output) / y.numel()",
            symptom="Every gradient has the wrong sign: a step against it would raise the "
            "loss.",
            hint="The derivative of (a − y)² with respect to a is 2 (a − y).",
        ),
        Misconception(
            "output masked as if by a ReLU",
            instead_of=DELTA,
            wrote=f"{DELTA} * (output > 0)",
            symptom="Where the output is negative, you hand nothing back.",
            hint=NO_RELU_AT_THE_END,
        ),
        Misconception(
            "weight gradient averaged",
            instead_of=WEIGHT_GRAD,
            wrote="weight_grads.insert(0, delta.T @ activations[layer] / len(x))",
            symptom="The bias gradients are right, the weight gradients are too small by a "
            "factor of the batch size.",
            hint="The mean of the loss stands in δ already: what the examples contribute "
            "is added up.",
        ),
        Misconception(
            "weight gradient transposed",
            instead_of=WEIGHT_GRAD,
            wrote="weight_grads.insert(0, activations[layer].T @ delta)",
            symptom="Your weight gradients have inputs for rows and outputs for columns.",
            hint="A gradient has the shape of what it belongs to: a row for each output.",
        ),
        Misconception(
            "mask on the wrong side of the weights",
            instead_of=BACK,
            wrote="z = activations[layer] @ weights[layer].T + biases[layer]\n"
            "        delta = (delta * (z > 0)) @ weights[layer]",
            symptom="You mask δ before it goes back through the weights: the output is "
            "masked, the first hidden layer is not.",
            hint="Backwards, the weights come first and the ReLU behind them second: the "
            "mask belongs to the layer that δ arrives at.",
        ),
        Misconception(
            "no ReLU on the way forward",
            instead_of="(activations[-1] @ weight.T + bias).relu()",
            wrote="activations[-1] @ weight.T + bias",
            symptom="Your hidden units hand on negative numbers.",
            hint="Each hidden layer is aₗ = relu(zₗ) in the forward pass, too.",
        ),
        Misconception(
            "biases forgotten on the way forward",
            instead_of=FORWARD,
            wrote=FORWARD.replace(" + biases[-1]", "").replace(" + bias", ""),
            symptom="Your forward pass leaves the biases out.",
            hint="zₗ = aₗ₋₁ Wₗᵀ + bₗ: a bias changes every activation behind it, and every "
            "mask.",
        ),
        Misconception(
            "units at exactly 0 let through",
            instead_of=BACK,
            wrote=MASKED_BY_Z,
            symptom="Where z is exactly 0 the gradient passes your ReLU.",
            hint="A corner has no slope. PyTorch counts it as 0, so the mask is z > 0, not "
            "z ≥ 0.",
        ),
        Misconception(
            "mask at the first hidden layer only",
            instead_of=BACK,
            wrote="delta = delta @ weights[layer]\n"
            "        if layer == 1:\n"
            "            delta = delta * (activations[layer] > 0)",
            symptom="The first hidden layer is masked, the ones behind it are not.",
            hint=MASK_AT_EACH,
        ),
        Misconception(
            "no mask behind the output",
            instead_of=BACK,
            wrote="delta = delta @ weights[layer]\n"
            "        if layer < len(weights) - 1:\n"
            "            delta = delta * (activations[layer] > 0)",
            symptom="The first step back, from the output, has no mask; the others have.",
            hint=MASK_AT_EACH,
        ),
        Misconception(
            "gradient masked by its own sign",
            instead_of=BACK,
            wrote="delta = (delta @ weights[layer]).relu()",
            symptom="Your δ is never negative: you send it through a ReLU.",
            hint="What is off in the forward pass lets nothing back. Whether a gradient is "
            "positive does not matter.",
        ),
        Misconception(
            "activation for its slope",
            instead_of=BACK,
            wrote="delta = (delta @ weights[layer]) * activations[layer]",
            symptom="You multiply δ by what the ReLU put out.",
            hint="The chain rule asks for ReLU's slope: 1 where z > 0, else 0.",
        ),
        Misconception(
            "slope of a sigmoid",
            instead_of=BACK,
            wrote="delta = delta @ weights[layer]\n"
            "        delta = delta * activations[layer] * (1 - activations[layer])",
            symptom="Your slopes are a (1 − a).",
            hint="That is the sigmoid's. ReLU's is 1 where z > 0, else 0.",
        ),
        Misconception(
            "bias gradient for each example",
            instead_of="delta.sum(dim=0)",
            wrote="delta.clone()",
            symptom="Your bias gradients have a row for each example.",
            hint="One bias serves all examples: what they contribute is added up.",
        ),
        Misconception(
            "bias gradient with an axis too many",
            instead_of="delta.sum(dim=0)",
            wrote="delta.sum(dim=0, keepdim=True)",
            symptom="Your bias gradients have shape (1, outputs).",
            hint="A gradient has the shape of what it belongs to: one number for each output.",
        ),
    ),
)
