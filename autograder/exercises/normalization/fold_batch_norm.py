"""Exercise 4.6: batch norm folded into the layer before it."""

from dataclasses import replace

import torch

from autograder.compare import Complaint, Kind, close, kind_of
from autograder.recipes import Single
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import normalization


def fold_cases(rng):
    def pair(inputs, outputs, *, eps=1e-5, bias=True, kernel=3, **settings):
        return drawn(
            ("Conv2d", inputs, outputs, kernel, {"bias": bias, **settings}),
            ("BatchNorm2d", outputs, {"eps": eps}),
        )

    def drawn(of_conv, of_norm):
        conv, norm = Single((of_conv,), {}), Single((of_norm,), {}, training=False)
        outputs = of_norm[1]
        weights = {n: torch.randn(s, generator=rng) for n, s in conv.shapes().items()}
        learned = {n: torch.randn(s, generator=rng) + 1 for n, s in norm.shapes().items()}
        running = {
            "0.running_mean": torch.randn(outputs, generator=rng),
            "0.running_var": 2 * torch.rand(outputs, generator=rng) + 0.2,
        }
        return dict(
            conv=replace(conv, parameters=weights),
            bn=replace(norm, parameters=learned, buffers=running),
        )

    waking = pair(2, 3)
    yield Case("two channels in, three out", pair(2, 3), layer)
    yield Case("as many channels in as out", pair(3, 3), layer)
    yield Case("a kernel as wide as there are channels", pair(3, 3, eps=0.01), layer)
    yield Case("a convolution without bias", pair(2, 4, bias=False), layer)
    yield Case("a large ε", pair(2, 3, eps=0.5), layer)
    yield Case("stride and padding", pair(1, 2, stride=2, padding=1), layer)
    spaced = dict(dilation=2, padding=2, padding_mode="reflect")
    yield Case("dilated, with mirrored borders", pair(2, 3, **spaced), layer)
    yield Case("two groups", pair(4, 2, kernel=1, groups=2), layer)
    linear = drawn(("Linear", 4, 3, {}), ("BatchNorm1d", 3, {"eps": 0.1}))
    yield Case("a linear layer", linear, layer)
    yield Case(
        "both in training mode", waking | dict(bn=replace(waking["bn"], training=True)), layer
    )


names = close(call=lambda path: f"the folded layer's {path[0]}" if path else "the result")


def layer(got, expected) -> str:
    """Its settings, its weight and its bias; the mode of a single layer does nothing."""
    if not isinstance(got, dict):
        return Complaint(f"the result should be a layer, got {kind_of(got)}", Kind.TYPE)
    return names(told(got), told(expected))


def told(result: object) -> object:
    if not isinstance(result, dict) or "tensors" not in result:
        return result
    return {"settings": list(result["layers"].values()), **result["tensors"]}


def fold_steps():
    return [
        ("√(running_var + ε) = √(3 + 1)", "2"),
        ("s = γ / 2", "3"),
        ("W′ = 3 · 5", "15"),
        ("b′ = 3 (2 − 1) + 4", "7"),
        ("settings", "a Conv2d with 1, 1, (1, 1), (1, 1), as before"),
    ]


def fold_into_a_new_layer(conv, bn):
    """Another right way: a new layer, filled without a graph."""
    like = dict(bias=True, dtype=conv.weight.dtype, device=conv.weight.device)
    if isinstance(conv, torch.nn.Linear):
        folded = torch.nn.Linear(conv.in_features, conv.out_features, **like)
    else:
        folded = torch.nn.Conv2d(
            conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, conv.padding,
            conv.dilation, conv.groups, padding_mode=conv.padding_mode, **like,
        )  # fmt: skip
    with torch.no_grad():
        rate = bn.weight * torch.rsqrt(bn.running_var + bn.eps)
        folded.weight.copy_(torch.einsum("o,o...->o...", rate, conv.weight))
        folded.bias.copy_(bn.bias - rate * bn.running_mean)
        if conv.bias is not None:
            folded.bias += rate * conv.bias
    return folded


SCALE = "scale = bn.weight / (bn.running_var + bn.eps).sqrt()"
BIAS = "folded.bias = nn.Parameter(((bias - bn.running_mean) * scale + bn.bias).detach())"
WEIGHT = "folded.weight = nn.Parameter((conv.weight * scale.view(shape)).detach())"

FOLD_BATCH_NORM = Exercise(
    target=normalization.fold_batch_norm,
    points=3,
    cases=fold_cases,
    accepts=(fold_into_a_new_layer,),
    goal="fold, recalibrate and freeze batch norm",
    section="Folding it away",
    minutes=10,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            conv=Single(
                (("Conv2d", 1, 1, 1),),
                {"0.weight": torch.tensor([[[[5.0]]]]), "0.bias": torch.tensor([2.0])},
            ),
            bn=Single(
                (("BatchNorm2d", 1, {"eps": 1.0}),),
                {"0.weight": torch.tensor([6.0]), "0.bias": torch.tensor([4.0])},
                training=False,
                buffers={
                    "0.running_mean": torch.tensor([1.0]),
                    "0.running_var": torch.tensor([3.0]),
                },
            ),
        ),
        steps=fold_steps,
    ),
    misconceptions=(
        Misconception(
            "convolutions only",
            instead_of="shape = [-1] + [1] * (conv.weight.dim() - 1)",
            wrote="shape = [-1, 1, 1, 1]",
            symptom="Of a linear layer your weight has four axes.",
            hint="The output channels are the first axis of every weight, however many follow.",
        ),
        Misconception(
            "input channels scaled",
            instead_of="scale.view(shape)",
            wrote="scale.view([1, -1] + shape[2:])",
            symptom="You scale the input channels: shapes clash, or, with as many in as out, "
            "the weights are wrong.",
            hint="Batch norm stands behind the layer: its channels are the outputs, the first "
            "axis of W.",
        ),
        Misconception(
            "kernel columns scaled",
            instead_of="scale.view(shape)",
            wrote="scale",
            symptom="Your scale is laid along the last axis of W, the width of the kernel.",
            hint="There is one scale for each output channel, the first axis of W.",
        ),
        Misconception(
            "bias left out when the layer had none",
            instead_of=BIAS,
            wrote=f"if conv.bias is not None:\n        {BIAS}",
            symptom="A convolution without bias stays without: the shift is lost.",
            hint="The layer before a batch norm often has no bias, because β does its work. "
            "Folded, it needs one.",
        ),
        Misconception(
            "layer without bias not expected",
            instead_of="torch.zeros_like(scale) if conv.bias is None else conv.bias",
            wrote="conv.bias",
            symptom="A convolution without bias stops your function.",
            hint="A missing bias is a bias of zero.",
        ),
        Misconception(
            "old bias forgotten",
            instead_of="(bias - bn.running_mean) * scale",
            wrote="(-bn.running_mean) * scale",
            symptom="The convolution's own bias does not enter yours.",
            hint="Batch norm took its mean off the output of the layer, bias included.",
        ),
        Misconception(
            "old bias not scaled",
            instead_of="(bias - bn.running_mean) * scale",
            wrote="bias - bn.running_mean * scale",
            symptom="The convolution's own bias enters unscaled.",
            hint="Batch norm scales the whole output of the layer, bias included.",
        ),
        Misconception(
            "beta dropped",
            instead_of=" + bn.bias).detach()",
            wrote=").detach()",
            symptom="Your bias does not depend on β.",
            hint="The last thing that batch norm does is to add β.",
        ),
        Misconception(
            "sign of the mean",
            instead_of="(bias - bn.running_mean)",
            wrote="(bias + bn.running_mean)",
            symptom="You add the running mean.",
            hint="Batch norm takes the mean off.",
        ),
        Misconception(
            "weights only",
            instead_of=BIAS,
            wrote="folded.bias = nn.Parameter(bias.detach().clone())",
            symptom="The weights are folded, the bias is the old one.",
            hint="Mean, scale and β all move the bias, too.",
        ),
        Misconception(
            "epsilon ignored",
            instead_of="(bn.running_var + bn.eps).sqrt()",
            wrote="bn.running_var.sqrt()",
            symptom="With a large ε your layer is off.",
            hint="In evaluation batch norm divides by √(running_var + ε), with its own ε.",
        ),
        Misconception(
            "default epsilon",
            instead_of="(bn.running_var + bn.eps).sqrt()",
            wrote="(bn.running_var + 1e-5).sqrt()",
            symptom="Where ε is not the default your layer is off.",
            hint="The norm knows its own ε.",
        ),
        Misconception(
            "root not taken",
            instead_of="(bn.running_var + bn.eps).sqrt()",
            wrote="(bn.running_var + bn.eps)",
            symptom="You divide by the variance.",
            hint="Batch norm divides by the root of the variance.",
        ),
        Misconception(
            "gamma dropped",
            instead_of=SCALE,
            wrote="scale = 1 / (bn.running_var + bn.eps).sqrt()",
            symptom="Your layer does not depend on γ.",
            hint="The scale is γ divided by the deviation.",
        ),
        Misconception(
            "original modified",
            instead_of="folded = copy.deepcopy(conv)",
            wrote="folded = conv",
            symptom="The convolution handed in is changed: folding twice scales twice.",
            hint="Return a new layer: the model may still be in training.",
        ),
        Misconception(
            "settings of the layer lost",
            instead_of="folded = copy.deepcopy(conv)",
            wrote="folded = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size)",
            symptom="Stride, padding or groups are not those of the convolution.",
            hint="Folding changes weight and bias only; everything else stays as it was.",
        ),
        Misconception(
            "epsilon outside the root",
            instead_of="(bn.running_var + bn.eps).sqrt()",
            wrote="(bn.running_var.sqrt() + bn.eps)",
            symptom="With a large ε your layer is off.",
            hint="ε is added to the variance, under the root.",
        ),
        Misconception(
            "running mean dropped",
            instead_of="(bias - bn.running_mean) * scale",
            wrote="bias * scale",
            symptom="Your bias does not depend on the running mean.",
            hint="Batch norm takes the running mean off before it scales.",
        ),
        Misconception(
            "running mean not scaled",
            instead_of="(bias - bn.running_mean) * scale",
            wrote="bias * scale - bn.running_mean",
            symptom="The running mean enters your bias unscaled.",
            hint="First the mean is taken off, then all of it is scaled.",
        ),
        Misconception(
            "beta scaled",
            instead_of="(bias - bn.running_mean) * scale + bn.bias",
            wrote="(bias - bn.running_mean + bn.bias) * scale",
            symptom="β enters your bias scaled.",
            hint="β is added last, after the scale.",
        ),
        Misconception(
            "bias only",
            instead_of=WEIGHT,
            wrote="folded.weight = nn.Parameter(conv.weight.detach().clone())",
            symptom="The bias is folded, the weights are the old ones.",
            hint="Batch norm scales the whole output, so the weights are scaled as well.",
        ),
        Misconception(
            "dilation and padding mode lost",
            instead_of="folded = copy.deepcopy(conv)",
            wrote="folded = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size,"
            " conv.stride, conv.padding, groups=conv.groups)",
            symptom="Stride, padding and groups are those of the convolution, its dilation and "
            "padding mode are not.",
            hint="Folding changes weight and bias only; everything else stays as it was.",
        ),
    ),
)
