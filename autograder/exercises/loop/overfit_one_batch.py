"""Exercise 5.3: the first test of every network."""

import copy

import torch
import torch.nn.functional as F  # noqa: N812 - the name that every PyTorch text uses

from autograder.compare import close
from autograder.exercises.loop.models import NORMED, SMALL, batch, drawn
from autograder.recipes import Network
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

nearly = close(rtol=1e-4, atol=1e-5)  # a dozen steps let roundings grow


def overfit_cases(rng):
    def case(name, model, n, steps, lr):
        x, y = batch(rng, n)
        return Case(name, dict(model=model, x=x, y=y, steps=steps, lr=lr), nearly)

    dropped = (("Linear", 4, 6), ("Tanh",), ("Dropout", 1.0), ("Linear", 6, 3))  # no chance
    yield case("a dozen steps", drawn(rng), 8, 12, 0.3)
    yield case("a network with dropout", drawn(rng, dropped), 8, 6, 0.2)
    inside = (("Sequential", *dropped[:3]), ("Linear", 6, 3))
    yield case("a dropout inside a block", drawn(rng, inside), 6, 4, 0.2)
    yield case("a network with batch norm", drawn(rng, NORMED), 9, 5, 0.1)
    waiting = drawn(rng, NORMED, training=False)
    yield case("a network that comes in evaluation mode", waiting, 9, 4, 0.1)
    yield case("gradients of an earlier step", drawn(rng, stale=True), 5, 3, 0.4)
    yield case("a single step", drawn(rng, SMALL), 4, 1, 0.5)
    yield case("no step", drawn(rng), 4, 0, 0.5)
    yield case("one example, soon known", drawn(rng), 1, 6, 9.0)


def overfit_steps():
    return [
        ("scores at weights of 0, for input 1", "0, 0"),
        ("the loss before the first step, log 2", "0.6931"),
        ("the step, for class 0 with lr 2", "0 + 2 · 0.5 and 0 − 2 · 0.5"),
        ("scores 1 and −1: the loss before the second step", "log(1 + e⁻²) = 0.1269"),
    ]


def overfit_by_hand(model, x, y, steps, lr):
    """Another right way: no optimizer, and dropout's probability set to zero."""
    model = copy.deepcopy(model).train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(x), y)
        slopes = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for parameter, slope in zip(model.parameters(), slopes, strict=True):
                parameter -= lr * slope
        losses.append(float(loss.detach()))
    return losses


LOSS = "loss = F.cross_entropy(model(x), y)\n"
LOG = "        losses.append(loss.item())\n"
OPTIMIZER = "torch.optim.SGD(model.parameters(), lr=lr)"
UP_TO_THE_OPTIMIZER = (
    "    model = copy.deepcopy(model).train()\n"
    "    for module in model.modules():\n"
    "        if isinstance(module, nn.Dropout):\n"
    "            module.eval()\n"
    f"    optimizer = {OPTIMIZER}\n"
)

OVERFIT_ONE_BATCH = Exercise(
    target=loop.overfit_one_batch,
    points=2,
    cases=overfit_cases,
    accepts=(overfit_by_hand,),
    goal="find the faults of a loop by how it behaves",
    section="The first test: one batch by heart",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            model=Network(
                (("Linear", 1, 2, {"bias": False}),),
                {"0.weight": torch.zeros(2, 1)},
            ),
            x=torch.ones(1, 1),
            y=torch.tensor([0]),
            steps=2,
            lr=2.0,
        ),
        steps=overfit_steps,
    ),
    misconceptions=(
        Misconception(
            "dropout left on",
            instead_of="            module.eval()\n",
            wrote="            module.train()\n",
            symptom="With dropout on, your losses fall slowly or not at all.",
            hint="Dropout is there to make memorising hard. Here it is what you want to see.",
        ),
        Misconception(
            "everything in evaluation mode",
            instead_of="copy.deepcopy(model).train()",
            wrote="copy.deepcopy(model).eval()",
            symptom="A batch norm uses its running values, which know nothing of this batch.",
            hint="Only dropout is switched off; everything else trains as it would.",
        ),
        Misconception(
            "mode not set",
            instead_of="copy.deepcopy(model).train()",
            wrote="copy.deepcopy(model)",
            symptom="A network that comes in evaluation mode is trained in it.",
            hint="Who trains has to say so.",
        ),
        Misconception(
            "weight decay left on",
            instead_of=OPTIMIZER,
            wrote="torch.optim.SGD(model.parameters(), lr=lr, weight_decay=0.01)",
            symptom="Your weights are pulled towards zero on the way.",
            hint="Nothing may stand in the way of memorising: no penalty either.",
        ),
        Misconception(
            "another optimizer",
            instead_of=OPTIMIZER,
            wrote="torch.optim.Adam(model.parameters(), lr=lr)",
            symptom="Only your first loss is right: the steps are not plain gradient descent.",
            hint="The step asked for is the learning rate times the gradient.",
        ),
        Misconception(
            "only a part of the batch",
            instead_of=LOSS,
            wrote="loss = F.cross_entropy(model(x[: len(x) // 2]), y[: len(y) // 2])\n",
            symptom="Your losses are those of half of the batch.",
            hint="The same batch every time, and all of it.",
        ),
        Misconception(
            "first loss missing",
            instead_of=LOG + "        loss.backward()\n        optimizer.step()\n",
            wrote="        loss.backward()\n        optimizer.step()\n"
            "        losses.append(F.cross_entropy(model(x), y).item())\n",
            symptom="Your list begins after the first step.",
            hint="The first number says where the network started: log C, if all is well. It "
            "belongs to the picture.",
        ),
        Misconception(
            "tensors kept",
            instead_of="losses.append(loss.item())",
            wrote="losses.append(loss)",
            symptom="Your list holds tensors, and each still holds its whole graph.",
            hint="Keep plain numbers, or memory grows with every step.",
        ),
        Misconception(
            "softmax before the loss",
            instead_of=LOSS,
            wrote="loss = F.cross_entropy(model(x).softmax(dim=1), y)\n",
            symptom="Your losses are those of a softmax too many.",
            hint="Cross-entropy takes scores. With three classes and probabilities for scores "
            "it cannot fall below 0.55.",
        ),
        Misconception(
            "gradients pile up",
            instead_of="        optimizer.zero_grad()\n",
            wrote="",
            symptom="Each of your steps repeats all those before it.",
            hint="A backward pass adds to what is there; forget it before each step.",
        ),
        Misconception(
            "model itself changed",
            instead_of="model = copy.deepcopy(model).train()",
            wrote="model = model.train()",
            symptom="The model that was handed in is changed.",
            hint="It was only to be tested. Work on a copy.",
        ),
        Misconception(
            "momentum left on",
            instead_of=OPTIMIZER,
            wrote="torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)",
            symptom="Your first step is right; those after it are longer.",
            hint="Plain gradient descent remembers nothing.",
        ),
        Misconception(
            "sum over the batch",
            instead_of=LOSS,
            wrote='loss = F.cross_entropy(model(x), y, reduction="sum")\n',
            symptom="Your loss is the sum over the batch, and your steps are longer by its "
            "size.",
            hint="The loss of a batch is the mean over its examples.",
        ),
        Misconception(
            "another model stepped",
            instead_of=UP_TO_THE_OPTIMIZER,
            wrote=f"    optimizer = {OPTIMIZER}\n"
            + UP_TO_THE_OPTIMIZER.replace(f"    optimizer = {OPTIMIZER}\n", ""),
            symptom="Your losses stay where they began.",
            hint="The optimizer holds the parameters that it was given: those of the model, "
            "not of the copy that you train.",
        ),
        Misconception(
            "stopped when it was known",
            instead_of=LOG,
            wrote=LOG + "        if losses[-1] < 0.01:\n            break\n",
            symptom="Your list ends as soon as the loss is small.",
            hint="All the steps were asked for; a list of that many losses is expected.",
        ),
        Misconception(
            "dropout inside a block left on",
            instead_of="in model.modules()",
            wrote="in model.children()",
            symptom="A dropout that lies inside a block is still on.",
            hint="Modules hold modules: look at every one of them, however deep it lies.",
        ),
        Misconception(
            "one loss too many",
            instead_of="    return losses\n",
            wrote="    return [*losses, F.cross_entropy(model(x), y).item()]\n",
            symptom="Your list has the loss after the last step, too.",
            hint="Asked for is the loss before each of the steps: as many numbers as there "
            "are steps.",
        ),
        Misconception(
            "rate over the batch",
            instead_of=OPTIMIZER,
            wrote="torch.optim.SGD(model.parameters(), lr=lr / len(x))",
            symptom="Only your first loss is right: your steps are shorter by the size of "
            "the batch.",
            hint="The loss is a mean already. Nothing is left to divide by.",
        ),
    ),
)
