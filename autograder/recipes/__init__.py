"""Things that cannot be sent, written down as data that says how to build them.

A case is data, so that it can cross to the process that runs a submission.  Where an
exercise takes a function or a model, its case holds a recipe; the real thing is built
from it right before the call, on either side.

    base        what a recipe is; fresh inputs, and whether they were changed
    functions   functions by name
    networks    models with all their numbers
    tensors     tensors that take part in differentiation
    calls       called how often, on what to write into, with which state
    runs        what a training run under a schedule is made of
"""

from autograder.recipes.base import (
    Recipe,
    altered,
    build,
    build_all,
    each_tensor,
    spread,
    watched,
)
from autograder.recipes.calls import (
    OPTIMIZERS,
    Carried,
    Each,
    Once,
    OnceThrough,
    Refused,
    Stepper,
    Written,
)
from autograder.recipes.functions import ENTRYWISE, FUNCTIONS, LOSSES, Function
from autograder.recipes.networks import MODULES, Lent, Network, Single
from autograder.recipes.runs import Downhill, Grouped, Planned, Walk
from autograder.recipes.tensors import Leaf, Traced

RECIPES: dict[str, type[Recipe]] = {
    recipe.__name__: recipe
    for recipe in (
        Function, Network, Lent, Single, Traced, Leaf, Written, Stepper, Each, Carried, Once,
        Grouped, Planned, Downhill, Refused,
    )
}  # fmt: skip

__all__ = [
    "ENTRYWISE",
    "FUNCTIONS",
    "LOSSES",
    "MODULES",
    "OPTIMIZERS",
    "RECIPES",
    "Carried",
    "Downhill",
    "Each",
    "Function",
    "Grouped",
    "Leaf",
    "Lent",
    "Network",
    "Once",
    "OnceThrough",
    "Planned",
    "Recipe",
    "Refused",
    "Single",
    "Stepper",
    "Traced",
    "Walk",
    "Written",
    "altered",
    "build",
    "build_all",
    "each_tensor",
    "spread",
    "watched",
]
