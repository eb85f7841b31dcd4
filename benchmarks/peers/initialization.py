"""Initialization: our draws beside torch.nn.init's."""

import math

from torch import Tensor, nn

from peers import Pair, Size, Topic
from steadygrad import initialization as ours

HE = math.sqrt(2)
FILLS = dict(grad=False, same=False)  # both write random numbers into the weight


def weight(size: Size) -> tuple[Tensor]:
    return (size.normal(grad=False),)


def small_weight(size: Size) -> tuple[Tensor]:
    return (size.normal(min(size.rows, 256), min(size.columns, 512), grad=False),)


def model(size: Size) -> tuple[nn.Module]:
    width = min(size.columns, 1024)
    linears = [nn.Linear(width, width, device=size.device) for _ in range(3)]
    return (nn.Sequential(*linears),)


def he_everywhere(model: nn.Module) -> None:
    def fill(layer: nn.Module) -> None:
        if isinstance(layer, nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)

    model.apply(fill)


PAIRS = {
    "fan_in_fan_out": Pair(
        lambda w: ours.fan_in_fan_out(w.shape),
        nn.init._calculate_fan_in_and_fan_out,
        weight,
        grad=False,
    ),
    "variance_scaling_, normal": Pair(
        lambda w: ours.variance_scaling_(w, HE, "fan_in", "normal"),
        lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        weight,
        **FILLS,
    ),
    "variance_scaling_, uniform": Pair(
        lambda w: ours.variance_scaling_(w, 1, "fan_avg", "uniform"),
        nn.init.xavier_uniform_,
        weight,
        **FILLS,
    ),
    "variance_scaling_, truncated": Pair(
        lambda w: ours.variance_scaling_(w, 1, "fan_in", "truncated"),
        lambda w: nn.init.trunc_normal_(w, std=0.1, a=-0.2, b=0.2),
        weight,
        **FILLS,
    ),
    "leaky_relu_gain": Pair(
        lambda: ours.leaky_relu_gain(0.1),
        lambda: nn.init.calculate_gain("leaky_relu", 0.1),
        lambda _size: (),
        grad=False,
    ),
    "initialize_": Pair(
        lambda model: ours.initialize_(model, ours.SCHEMES["He normal"]),
        he_everywhere,
        model,
        **FILLS,
    ),
    "orthogonal_": Pair(ours.orthogonal_, nn.init.orthogonal_, small_weight, **FILLS),
}
TOPIC = Topic(
    2,
    PAIRS,
    alone=(
        *("gain_from_activation", "backward_gain", "mean_activation", "rms_through_layers"),
        *("distinct_units", "output_bias_from_counts", "lsuv_"),
    ),
)
