"""Exercise 5.2: measure a model without touching it."""

import torch

from autograder.compare import close
from autograder.exercises.loop.models import NORMED, SMALL, batch, drawn
from autograder.recipes import Network, Once, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

nearly = close(rtol=1e-4, atol=1e-6)


def evaluate_cases(rng):
    def case(name, model, *sizes, once=False):
        batches = [batch(rng, n) for n in sizes]
        loader = Once(batches) if once else batches
        return Case(name, dict(model=Written(model), loader=loader), nearly)

    watched = (("Witness",), *SMALL)
    dropped = (("Linear", 4, 5), ("ReLU",), ("Dropout", 1.0), ("Linear", 5, 3))  # no chance
    yield case("batches of 8, 8 and 3", drawn(rng, watched), 8, 8, 3)
    yield case("a model with batch norm, training", drawn(rng, NORMED), 6, 6)
    yield case("dropout that would leave nothing", drawn(rng, dropped), 40, 7)
    yield case("a model that is in evaluation mode", drawn(rng, NORMED, training=False), 5, 2)
    yield case(
        "a batch norm evaluating, the rest training", drawn(rng, NORMED, evaluating=(1,)), 4, 5
    )
    block = (("Sequential", *NORMED[:3]), NORMED[3])
    inside = drawn(rng, block, evaluating=("0.1",))
    yield case("a batch norm evaluating inside a block", inside, 3, 6)
    yield case("three examples, three classes", drawn(rng), 3)
    yield case("gradients that somebody still needs", drawn(rng, watched, stale=True), 9, 1)
    yield case("a loader that can be run through once", drawn(rng), 7, 2, once=True)


def evaluate_steps():
    return [
        ("scores are the inputs here; losses of the two batches", "0.6931 and 0, 0"),
        ("their sum over 3 examples, divided by 3", "0.6931 / 3 = 0.231"),
        ("right answers", "the tie goes to class 0, where 1 was due; then 2 of 2"),
        ("accuracy", "2 / 3 = 0.6667"),
    ]


def evaluate_one_by_one(model, loader):
    """Another right way: keep every score, then look at all of them at once."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    with torch.inference_mode():
        pairs = [(model(x), y) for x, y in loader]
    for module, was in modes:
        module.training = was
    scores, y = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    picked = scores.log_softmax(dim=1)[torch.arange(len(y)), y]
    return -picked.mean().item(), (scores.max(dim=1).indices == y).double().mean().item()


LOST = 'lost += F.cross_entropy(scores, y, reduction="sum").item()'
RIGHT = "right += int((scores.argmax(dim=1) == y).sum())"
COUNT = "n += len(y)"
RETURNED = "return lost / n, right / n"
BACK = (
    "        for module, was_training in modes.items():\n"
    "            module.training = was_training\n"
)
COUNTED = f"{LOST}\n                {RIGHT}\n                {COUNT}"
EMPTY = (
    "    if n == 0:\n"
    '        raise ValueError("The loader held no example, so there is nothing to measure.")\n'
)
TO_THE_END = (
    f"{COUNTED}\n    finally:  # also when it is interrupted\n{BACK}{EMPTY}    {RETURNED}"
)

EVALUATE = Exercise(
    target=loop.evaluate,
    points=3,
    cases=evaluate_cases,
    accepts=(evaluate_one_by_one,),
    goal="write a training step and an evaluation that are right in order and mode",
    section="A measurement must not change what it measures",
    minutes=10,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            model=Network(
                (("Linear", 2, 2, {"bias": False}),),
                {"0.weight": torch.eye(2)},
            ),
            loader=[
                (torch.zeros(1, 2), torch.tensor([1])),
                (torch.tensor([[99.0, 0.0], [0.0, 99.0]]), torch.tensor([0, 1])),
            ],
        ),
        steps=evaluate_steps,
    ),
    misconceptions=(
        Misconception(
            "mean of the batches' means",
            instead_of=COUNTED,
            wrote="lost += F.cross_entropy(scores, y).item()\n"
            "                right += (scores.argmax(dim=1) == y).float().mean().item()\n"
            "            n += 1",
            symptom="The examples of a short last batch count more than the others.",
            hint="Every example counts the same: add up over examples, divide once.",
        ),
        Misconception(
            "loss averaged over batches",
            instead_of=LOST,
            wrote="lost += F.cross_entropy(scores, y).item()",
            symptom="Your accuracy is right and your loss far too small.",
            hint="The mean of a batch was added, and then divided by the number of examples: "
            "add the sum.",
        ),
        Misconception(
            "training mode",
            instead_of="    model.eval()\n",
            wrote="",
            symptom="Dropout is on, and batch norm learns from the test data.",
            hint="Measuring has a mode of its own: no noise, and no running statistics moved.",
        ),
        Misconception(
            "graph built",
            instead_of="with torch.no_grad():",
            wrote="with torch.enable_grad():",
            symptom="PyTorch records every operation, though nobody will differentiate.",
            hint="The numbers are the same; memory and time are not. Say that no gradient is "
            "wanted.",
        ),
        Misconception(
            "mode not restored",
            instead_of=BACK,
            wrote="        pass\n",
            symptom="The model comes back in evaluation mode.",
            hint="If a training run looks at its test set after every epoch, from the second "
            "one on it would train in evaluation mode.",
        ),
        Misconception(
            "everything set to training",
            instead_of=BACK,
            wrote="        model.train()\n",
            symptom="The model comes back in training mode, whatever mode it was in.",
            hint="It may have been in evaluation, or in parts. Remember how it was.",
        ),
        Misconception(
            "one mode for all layers",
            instead_of=BACK,
            wrote="        model.train(modes[model])\n",
            symptom="A layer that was frozen in evaluation mode comes back training.",
            hint="Each module has a mode of its own; some are frozen while the rest trains.",
        ),
        Misconception(
            "classes compared across the batch",
            instead_of="argmax(dim=1)",
            wrote="argmax(dim=0)[: len(y)]",
            symptom="Your accuracy asks for the best example of a class, or fails.",
            hint="Scores have shape (batch, classes): the choice is made among the classes.",
        ),
        Misconception(
            "softmax before the loss",
            instead_of="scores = model(x)",
            wrote="scores = model(x).softmax(dim=1)",
            symptom="The accuracy is right, and the loss is that of a softmax too many.",
            hint="Cross-entropy takes scores and applies the softmax itself.",
        ),
        Misconception(
            "number of right answers",
            instead_of=RETURNED,
            wrote="return lost / n, float(right)",
            symptom="Your accuracy counts; it should be a share.",
            hint="Divide by the number of examples.",
        ),
        Misconception(
            "only the accuracy over examples",
            instead_of=TO_THE_END,
            wrote=TO_THE_END.replace(
                LOST, "lost = [*(lost or ()), F.cross_entropy(scores, y).item()]"
            ).replace("lost / n", "sum(lost) / len(lost)"),
            symptom="Your accuracy is right; in your loss the examples of a short batch count"
            " more.",
            hint="A mean of means is the mean only where all batches have one size. Every "
            "example counts the same.",
        ),
        Misconception(
            "percent",
            instead_of=RETURNED,
            wrote="return lost / n, 100 * right / n",
            symptom="Your accuracy is in per cent.",
            hint="A share is between 0 and 1.",
        ),
        Misconception(
            "accuracy first",
            instead_of=RETURNED,
            wrote="return right / n, lost / n",
            symptom="Both numbers are right, in the other order.",
            hint="The loss comes first.",
        ),
        Misconception(
            "only the loss over examples",
            instead_of=TO_THE_END,
            wrote=TO_THE_END.replace(
                RIGHT,
                "right += (scores.argmax(dim=1) == y).float().mean().item()\n"
                "                batches = batches + 1 if n else 1",
            ).replace("right / n", "right / batches"),
            symptom="Your loss is right; in your accuracy the examples of a short batch "
            "count more.",
            hint="A mean of means is the mean only where all batches have one size. Every "
            "example counts the same.",
        ),
        Misconception(
            "every batch counted as full",
            instead_of=COUNT,
            wrote="full = full if n else len(y)\n                n += full",
            symptom="Where the last batch is short your numbers are too small.",
            hint="The last batch may have fewer examples than the others. Add up how many "
            "there really were.",
        ),
        Misconception(
            "the last batch only",
            instead_of=COUNTED,
            wrote=COUNTED.replace("+=", "="),
            symptom="Your numbers are those of the last batch.",
            hint="Add up over all batches, and divide once, after the last.",
        ),
        Misconception(
            "share of wrong answers",
            instead_of=RETURNED,
            wrote="return lost / n, 1 - right / n",
            symptom="Your accuracy is the share of wrong answers.",
            hint="Accuracy is the share of right ones: the other part of the whole.",
        ),
        Misconception(
            "modes of the outer layers only",
            instead_of="model.modules()}",
            wrote="(model, *model.children())}",
            symptom="A layer inside a block comes back in its block's mode.",
            hint="Modules hold modules, which hold modules. Remember the mode of each, "
            "however deep it lies.",
        ),
        Misconception(
            "gradients cleared",
            instead_of="    model.eval()\n",
            wrote="    model.eval()\n    model.zero_grad()\n",
            symptom="Gradients that the model held are gone.",
            hint="A measurement takes nothing away. Somebody may still need them for a step.",
        ),
    ),
)
