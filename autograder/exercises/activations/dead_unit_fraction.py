"""Exercise 3.8: count the dead."""

import torch

from autograder.recipes import Network, Once
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import activations


def dead_cases(rng):
    def sparse(units, inputs):
        """Weights of which each unit looks at one input, so that batches differ."""
        weight = torch.zeros(units, inputs)
        weight[torch.arange(units), torch.arange(units) % inputs] = 1.0
        return weight

    def model(biases, inputs=4, drop=None, **modes):
        bias = torch.tensor(biases) - 0.2 * torch.rand(len(biases), generator=rng)
        first = () if drop is None else (("Dropout", drop),)
        at = len(first)
        layers = (
            *first,
            ("Linear", inputs, len(biases)),
            ("ReLU",),
            ("Linear", len(biases), 3),
        )
        return Network(
            layers,
            {
                f"{at}.weight": sparse(len(biases), inputs),
                f"{at}.bias": bias,
                f"{at + 2}.weight": torch.randn(3, len(biases), generator=rng),
                f"{at + 2}.bias": torch.zeros(3),
            },
            **modes,
        )

    def batches(*sizes):
        return [2 * torch.rand(size, 4, generator=rng) - 1 for size in sizes]

    one_by_one = [torch.eye(4)[i : i + 1] for i in range(4)]
    last = torch.tensor(
        [[1.0, 0.0, -1.0, 0.0], [0.0, 1.0, -1.0, 0.0], [-1.0, -1.0, -1.0, -1.0]]
    )
    fading = [1.5 * torch.eye(4)[1:], -torch.ones(4, 4), last]
    mixed = [-0.5, -0.5, 0.5, -9.0, -0.5, -0.5, -9.0, -9.0]
    yield Case("three unequal batches", dict(model=model(mixed), layer="1", batches=fading))
    yield Case("one example a batch", dict(model=model(mixed), layer="1", batches=one_by_one))
    dropping = model(mixed[:6], drop=1.0)
    yield Case(
        "a model with dropout, in training mode",
        dict(model=dropping, layer="2", batches=fading),
    )
    yield Case(
        "a model in evaluation mode",
        dict(model=model(mixed[:5], training=False), layer="1", batches=batches(7, 2)),
    )
    yield Case(
        "dropout that is in evaluation mode already, the rest training",
        dict(model=model(mixed[:6], drop=0.5, evaluating=(0,)), layer="2", batches=fading),
    )
    deeper = Network(
        (("Sequential", ("Linear", 4, 4), ("ReLU",)), ("Linear", 4, 4), ("ReLU",)),
        {
            "0.0.weight": torch.eye(4),
            "0.0.bias": torch.tensor([0.0, 0.0, 0.0, -9.0]),
            "1.weight": torch.eye(4),
            "1.bias": torch.tensor([-9.0, 0.5, -9.0, -9.0]),
        },
    )
    for layer, which in (("2", "second"), ("0.1", "first, inside another module")):
        yield Case(
            f"two layers, the {which}",
            dict(model=deeper, layer=layer, batches=Once(one_by_one)),
        )
    image = Network(
        (("Conv2d", 1, 3, 2), ("ReLU",)),
        {
            "0.weight": torch.ones(3, 1, 2, 2) * torch.tensor([1.0, 1.0, 0.0]).view(3, 1, 1, 1),
            "0.bias": torch.tensor([-3.5, 1.0, -1.0]),
        },
    )
    pictures = torch.zeros(2, 1, 4, 4)
    pictures[1, 0, 2:, 2:] = 1.0  # one place of one image switches the first channel on
    yield Case("images", dict(model=image, layer="1", batches=[pictures]))
    quiet = (("Linear", 4, 5), ("Tanh",))
    signs = torch.tensor([[1.0], [-1.0], [0.0], [1e-8], [1.0]]) * torch.ones(5, 4)
    faint = Network(quiet, {"0.weight": signs, "0.bias": torch.tensor([0.0, 0, 0, 0, -9])})
    there_and_back = [torch.rand(3, 4, generator=rng)]
    there_and_back += [-there_and_back[0]]
    negative = there_and_back[:1]
    yield Case(
        "tanh, whose outputs cancel, or are faint, or negative",
        dict(model=faint, layer="1", batches=there_and_back),
    )
    yield Case("tanh, with one batch", dict(model=faint, layer="1", batches=negative))
    yield Case("all alive", dict(model=model([9.0] * 4), layer="1", batches=batches(3)))
    yield Case("all dead", dict(model=model([-9.0] * 4), layer="1", batches=batches(3)))


def dead_steps():
    return [
        ("unit 1: relu(x + 0) over both batches", "1, 0: alive"),
        ("unit 2: relu(x − 5) over both batches", "0, 0: dead"),
        ("one of two", "0.5"),
    ]


def dead_by_sums(model, layer, batches):
    """Another right way: the largest output of every unit, over everything seen."""
    largest, found = None, {}
    modes = {module: module.training for module in model.modules()}
    model.eval()

    def keep(_module, _args, output):
        found["output"] = output.detach()

    handle = dict(model.named_modules())[layer].register_forward_hook(keep)
    for batch in batches:
        model(batch)
        output = found["output"].abs()
        output = output.flatten(2).amax(dim=2) if output.dim() > 2 else output
        output = output.amax(dim=0)
        largest = output if largest is None else torch.maximum(largest, output)
    handle.remove()
    for module, training in modes.items():
        module.training = training
    return float((largest == 0).float().mean())


UNIT = "output.movedim(1, -1).flatten(0, -2) != 0"
JOINED = "torch.cat(on).any(dim=0)"
EACH = "torch.stack([each.any(dim=0) for each in on])"

DEAD_UNIT_FRACTION = Exercise(
    target=activations.dead_unit_fraction,
    points=4,
    cases=dead_cases,
    accepts=(dead_by_sums,),
    goal="find the dead units of a trained network",
    section="Dead units",
    minutes=12,
    difficulty=4,
    trace=Trace(
        inputs=dict(
            model=Network(
                (("Linear", 1, 2), ("ReLU",)),
                {
                    "0.weight": torch.tensor([[1.0], [1.0]]),
                    "0.bias": torch.tensor([0.0, -5.0]),
                },
            ),
            layer="1",
            batches=[torch.tensor([[1.0]]), torch.tensor([[-1.0]])],
        ),
        steps=dead_steps,
    ),
    misconceptions=(
        Misconception(
            "the share of zeros",
            instead_of=JOINED,
            wrote="torch.cat(on)",
            symptom="You count zeros. A healthy ReLU layer has half of them.",
            hint="A unit that is off for half of the examples is doing its work. A dead unit "
            "is off for all of them.",
        ),
        Misconception(
            "the last batch only",
            instead_of="torch.cat(on)",
            wrote="on[-1]",
            symptom="Only the last batch counts in your answer.",
            hint="A unit is alive if any example of the whole set switches it on: keep what "
            "the earlier batches said.",
        ),
        Misconception(
            "the first batch only",
            instead_of="torch.cat(on)",
            wrote="on[0]",
            symptom="Only the first batch counts in your answer.",
            hint="A unit is alive if any example of the whole set switches it on, also one "
            "that comes later.",
        ),
        Misconception(
            "dead in any batch",
            instead_of=JOINED,
            wrote=f"{EACH}.all(dim=0)",
            symptom="You count a unit as dead if it is off throughout one batch.",
            hint="A dead unit is off in every batch.",
        ),
        Misconception(
            "mean over the batches",
            instead_of=JOINED,
            wrote=EACH,
            symptom="You average the share of each batch.",
            hint="A unit that is on in one batch only is alive. Join the batches first, then "
            "count.",
        ),
        Misconception(
            "ever inactive",
            instead_of=".any(dim=0)",
            wrote=".all(dim=0)",
            symptom="You call a unit dead as soon as one example leaves it off.",
            hint="Units are off for some examples and on for others. A dead unit is never on.",
        ),
        Misconception(
            "dead for examples, not units",
            instead_of=".any(dim=0)",
            wrote=".any(dim=1)",
            symptom="You count examples for which all units are off, instead of units.",
            hint="Ask along the other dimension: for each unit, over all examples.",
        ),
        Misconception(
            "every place a unit",
            instead_of=UNIT,
            wrote="output.flatten(1) != 0",
            symptom="In images you count each place of each channel.",
            hint="A channel is one unit: it has one set of weights, used at every place.",
        ),
        Misconception(
            "a hook left behind",
            instead_of="hook.remove()",
            wrote="pass",
            symptom="After your function the model still carries a hook.",
            hint="A hook runs at every later call, and keeps what it has gathered in memory. "
            "Take it off when you are done.",
        ),
        Misconception(
            "left in evaluation mode",
            instead_of="module.training = mode",
            wrote="pass",
            symptom="A model that came in training mode goes back in evaluation mode.",
            hint="If training goes on, it must go on with dropout. Restore the mode you found.",
        ),
        Misconception(
            "dropout left on",
            instead_of="model.eval()",
            wrote="pass",
            symptom="A model with dropout gives you other answers.",
            hint="Dropout switches units off at random. Read the model in evaluation mode.",
        ),
        Misconception(
            "the share of the living",
            instead_of="return 1 - torch",
            wrote="return torch",
            symptom="You give the share of units that are alive.",
            hint="Asked for is the share of the dead: 1 minus that.",
        ),
        Misconception(
            "left in training mode",
            instead_of="module.training = mode",
            wrote="module.training = True",
            symptom="A model that came in evaluation mode goes back in training mode.",
            hint="Restore the mode you found, for every module; it need not be training mode.",
        ),
        Misconception(
            "one mode for all modules",
            instead_of="module.training = mode",
            wrote="module.training = modes[0][1]",
            symptom="Modules that had a mode of their own have lost it.",
            hint="A part may be held in evaluation mode while the rest trains. Remember "
            "each module's mode, not the model's only.",
        ),
        Misconception(
            "always the first ReLU",
            instead_of="model.get_submodule(layer)",
            wrote="next(m for m in model.modules() if isinstance(m, nn.ReLU))",
            symptom="You look at the first ReLU, whichever layer is asked for.",
            hint="The layer is named: look it up among the model's modules.",
        ),
        Misconception(
            "negative outputs taken for dead",
            instead_of=UNIT,
            wrote=UNIT.replace("!=", ">"),
            symptom="You count a unit as dead if its outputs are never positive.",
            hint="A dead unit puts out 0. Not every activation is a ReLU: a tanh unit with "
            "negative outputs is alive.",
        ),
        Misconception(
            "small outputs taken for dead",
            instead_of=UNIT,
            wrote="output.movedim(1, -1).flatten(0, -2).abs() > 1e-6",
            symptom="You count a unit as dead if its outputs are very small.",
            hint="A dead unit puts out exactly 0; a unit with small outputs still learns.",
        ),
        Misconception(
            "number for share",
            instead_of=f"1 - {JOINED}.double().mean().item()",
            wrote=f"(~{JOINED}).double().sum().item()",
            symptom="You give the number of dead units.",
            hint="Asked for is their share: divide by the number of units.",
        ),
    ),
)
