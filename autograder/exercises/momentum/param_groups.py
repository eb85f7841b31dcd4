"""Exercise 6.7: what is to decay, and what is not."""

from dataclasses import replace

import torch

from autograder.compare import close
from autograder.recipes import Lent
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import momentum


def groups_cases(rng):
    def case(name, *layers, decay=0.05, frozen=()):
        blank = Lent(layers, {}, frozen=frozen)
        values = {n: torch.randn(s, generator=rng) for n, s in blank.shapes().items()}
        inputs = dict(model=replace(blank, parameters=values), weight_decay=decay)
        return Case(name, inputs, judge)

    dense = (("Linear", 3, 4), ("ReLU",), ("Linear", 4, 2))
    yield case("a dense network", *dense)
    yield case(
        "convolutions and a norm",
        ("Conv2d", 1, 2, 3), ("BatchNorm2d", 2), ("Flatten",), ("Linear", 8, 3),
        decay=0.2,
    )  # fmt: skip
    yield case("an embedding", ("Embedding", 5, 3), ("LayerNorm", 3), ("Linear", 3, 2))
    yield case("a frozen layer", *dense, ("Linear", 2, 2), frozen=("0.weight", "0.bias"))
    yield case("without biases", ("Linear", 3, 4, False), ("Linear", 4, 2, False), decay=0.01)
    yield case("without weights", ("LayerNorm", 3), decay=0.1)
    block = ("Sequential", ("Linear", 3, 4), ("Sequential", ("LayerNorm", 4), ("ReLU",)))
    yield case("blocks within blocks, down to one output", block, ("Linear", 4, 1))


def part(path) -> str:
    if len(path) < 2:
        return "the result" if not path else f"group {path[0] + 1}"
    where = f" {path[2] + 1}" if len(path) > 2 else ""
    return f"{path[1]}{where} of group {path[0] + 1}"


judge = close(call=part)
TINY = Lent(
    (("Linear", 1, 1),), {"0.weight": torch.tensor([[3.0]]), "0.bias": torch.tensor([4.0])}
)


def groups_by_sorting(model, weight_decay):
    """Another right way: one pass, by the number of dimensions."""
    weights, others = [], []
    for _, parameter in model.named_parameters():
        if parameter.requires_grad:
            (weights if parameter.dim() > 1 else others).append(parameter)
    return [
        dict(params=weights, weight_decay=weight_decay),
        dict(params=others, weight_decay=0.0),
    ]


TRAINED = "trained = [p for p in model.parameters() if p.requires_grad]"
FIRST = '"params": [p for p in trained if p.ndim >= 2], "weight_decay": weight_decay'
SECOND = '"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0'
GROUPS = f"return [\n        {{{FIRST}}},\n        {{{SECOND}}},\n    ]"


def by(test: str) -> str:
    """The two groups, sorted by another test of a parameter p and its name."""
    named = "for name, p in model.named_parameters() if p.requires_grad and"
    return (
        f'return [\n        {{"params": [p {named} ({test})], "weight_decay": weight_decay}},'
        f'\n        {{"params": [p {named} not ({test})], "weight_decay": 0.0}},\n    ]'
    )


PARAM_GROUPS = Exercise(
    target=momentum.param_groups,
    points=2,
    cases=groups_cases,
    accepts=(groups_by_sorting,),
    goal="give groups of parameters settings of their own",
    section="Groups of parameters",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(model=TINY, weight_decay=0.5),
        steps=lambda: [
            ("the weight, a matrix, to the first group", "3"),
            ("which decays by", "0.5"),
            ("the bias, a vector, to the second", "4"),
            ("which does not", "0"),
        ],
    ),
    misconceptions=(
        Misconception(
            "by the name bias",
            instead_of=GROUPS,
            wrote=by('"bias" not in name'),
            symptom="The scales of your normalization layers decay.",
            hint="A normalization layer's scale is called weight, and has one dimension. Go by "
            "the number of dimensions, not by the name.",
        ),
        Misconception(
            "matrices only",
            instead_of=GROUPS,
            wrote=by("p.ndim == 2"),
            symptom="The kernels of your convolutions do not decay.",
            hint="A kernel has four dimensions, and is a weight like any other.",
        ),
        Misconception(
            "embeddings left out",
            instead_of=GROUPS,
            wrote=by("p.ndim >= 2 and not isinstance(model[int(name[0])], nn.Embedding)"),
            symptom="Your embeddings do not decay.",
            hint="By agreement embeddings decay here: they have two dimensions.",
        ),
        Misconception(
            "frozen parameters as well",
            instead_of=TRAINED,
            wrote="trained = list(model.parameters())",
            symptom="Frozen parameters are in your groups.",
            hint="What does not ask for gradients is not the optimizer's.",
        ),
        Misconception(
            "each parameter more than once",
            instead_of="for p in model.parameters() if p.requires_grad",
            wrote="for m in model.modules() for p in m.parameters() if p.requires_grad",
            symptom="Your groups hold every parameter twice.",
            hint="A model is one of its own modules, and its parameters include those of all "
            "modules inside it. Ask once, at the top.",
        ),
        Misconception(
            "the groups swapped",
            instead_of=GROUPS,
            wrote=f"return [\n        {{{SECOND}}},\n        {{{FIRST}}},\n    ]",
            symptom="Your first group is the one that does not decay.",
            hint="First the weights, which decay, then the others.",
        ),
        Misconception(
            "vectors decay, weights do not",
            instead_of=GROUPS,
            wrote=by("p.ndim < 2"),
            symptom="Your biases decay and your weights do not.",
            hint="It is the weights that decay: what has two dimensions or more.",
        ),
        Misconception(
            "everything decays",
            instead_of=SECOND,
            wrote=SECOND.replace("0.0", "weight_decay"),
            symptom="Your second group decays, too.",
            hint="The second group is there to be spared: its decay is 0.",
        ),
        Misconception(
            "no second group",
            instead_of=f"        {{{SECOND}}},\n",
            wrote="",
            symptom="Biases and scales are in no group: nobody would train them.",
            hint="What does not decay still has to be stepped. It needs a group as well.",
        ),
        Misconception(
            "one group for all",
            instead_of=GROUPS,
            wrote='return [{"params": trained, "weight_decay": weight_decay}]',
            symptom="You have one group, and everything in it decays.",
            hint="Two groups: what is to decay, and what is to be spared.",
        ),
        Misconception(
            "copies of the parameters",
            instead_of=TRAINED,
            wrote="trained = [p.clone() for p in model.parameters() if p.requires_grad]",
            symptom="Your groups hold copies.",
            hint="A step on a copy leaves the model as it is. Put the parameters themselves "
            "into the groups: no clone(), no data, no detach().",
        ),
        Misconception(
            "the name for the parameter",
            instead_of=GROUPS,
            wrote=by("p.ndim >= 2").replace("[p for name, p", "[name for name, p"),
            symptom="Your groups hold names.",
            hint="An optimizer steps tensors: put the parameters themselves into the groups.",
        ),
        Misconception(
            "the outer layers only",
            instead_of=TRAINED,
            wrote="trained = [\n"
            "        p for m in model.children() for p in m.parameters(recurse=False) "
            "if p.requires_grad\n"
            "    ]",
            symptom="Parameters that lie inside a block are in no group.",
            hint="Modules hold modules. The model's own list of parameters reaches into all "
            "of them.",
        ),
        Misconception(
            "frozen parameters spared",
            instead_of=GROUPS,
            wrote=GROUPS.replace(
                SECOND,
                SECOND.replace(
                    "in trained if p.ndim < 2",
                    "in model.parameters() if p.ndim < 2 or not p.requires_grad",
                ),
            ),
            symptom="Frozen parameters are in your second group.",
            hint="What does not ask for gradients is not the optimizer's, in neither group.",
        ),
        Misconception(
            "empty groups left out",
            instead_of=GROUPS,
            wrote=GROUPS.replace("return [", "return [g for g in [")[:-1] + "] if g['params']]",
            symptom="Where one of the groups is empty you return only the other.",
            hint="Two groups are asked for, always. An optimizer does not mind an empty one.",
        ),
        Misconception(
            "no decay named for the second group",
            instead_of=SECOND,
            wrote=SECOND.replace(', "weight_decay": 0.0', ""),
            symptom="Your second group does not say how much it decays.",
            hint="Without a number of its own a group gets the optimizer's, which may be "
            "anything. Say 0.",
        ),
    ),
)
