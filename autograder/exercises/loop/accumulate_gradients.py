"""Exercise 5.6: a large batch in small pieces."""

import torch

from autograder.compare import close
from autograder.exercises.loop.models import NORMED, SMALL, batch, drawn
from autograder.recipes import Function, Network, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

# sums in another order: an entry near 0 may be off by the rounding of the terms
nearly = close(rtol=1e-4, atol=1e-5)


def accumulate_cases(rng):
    def case(name, model, *sizes, loss="cross-entropy", factor=1.0):
        pieces = [batch(rng, n) for n in sizes]
        if loss == "mean squared error":
            pieces = [(x, torch.randn(len(x), 3, generator=rng)) for x, _ in pieces]
        inputs = dict(
            model=Written(model), loss_fn=Function(loss, factor), micro_batches=pieces
        )
        return Case(name, inputs, nearly)

    counted = (SMALL[0], ("Turnstile",), *SMALL[1:])
    yield case("5, 5 and 2 examples", drawn(rng), 5, 5, 2)
    yield case("three of four examples", drawn(rng), 4, 4, 4)
    yield case("gradients of an earlier step", drawn(rng, stale=True), 6, 3)
    yield case("one micro-batch", drawn(rng), 7)
    yield case("one example, then nine", drawn(rng), 1, 9)
    squared = "mean squared error"
    yield case("a loss of squares, doubled", drawn(rng), 2, 6, loss=squared, factor=2.0)
    yield case("with batch norm", drawn(rng, NORMED), 5, 3)
    yield case("a frozen batch norm", drawn(rng, NORMED, training=False), 5, 3)
    yield case("memory for one micro-batch", drawn(rng, counted), 4, 4, 3)


def accumulate_steps():
    return [
        ("examples", "1 + 3 = 4, so that the shares are 0.25 and 0.75"),
        ("losses of the two, (w x − y)² with w = 1", "4 and 1"),
        ("their share of the loss", "0.25 · 4 + 0.75 · 1 = 1.75"),
        ("gradients of the two, 2 (w x − y) x", "4 and −2"),
        ("the gradient that is left", "0.25 · 4 − 0.75 · 2 = −0.5"),
        ("the weight, untouched", "1"),
        ("the layer, 1 input and 1 output; hooks", "0"),
    ]


def accumulate_sums(model, loss_fn, micro_batches):
    """Another right way: weigh the losses by size, and divide the gradients at the end."""
    n, total = 0, 0.0
    model.zero_grad(set_to_none=False)
    for x, y in micro_batches:
        loss = loss_fn(model(x), y) * len(y)
        loss.backward()
        total += loss.item()
        n += len(y)
    for parameter in model.parameters():
        parameter.grad /= n
    return total / n


SHARE = "* (counted(y) / n)"
BACKWARD = "        loss.backward()\n"
FORGET = "    model.zero_grad()\n"
TOTAL = "        total += loss.item()\n"

ACCUMULATE_GRADIENTS = Exercise(
    target=loop.accumulate_gradients,
    points=3,
    cases=accumulate_cases,
    accepts=(accumulate_sums,),
    goal="train with a batch that does not fit, by accumulating its gradient",
    section="A batch that does not fit",
    minutes=10,
    difficulty=3,
    trace=Trace(
        inputs=dict(
            model=Written(
                Network((("Linear", 1, 1, {"bias": False}),), {"0.weight": torch.ones(1, 1)})
            ),
            loss_fn=Function("mean squared error"),
            micro_batches=[
                (torch.tensor([[1.0]]), torch.tensor([[-1.0]])),
                (torch.tensor([[1.0]] * 3), torch.tensor([[2.0]] * 3)),
            ],
        ),
        steps=accumulate_steps,
    ),
    misconceptions=(
        Misconception(
            "mean of the micro-batches' means",
            instead_of=SHARE,
            wrote="/ len(micro_batches)",
            symptom="Each micro-batch counts the same, however many examples it has.",
            hint="Every example should count the same: weigh each mean by its share of the "
            "examples.",
        ),
        Misconception(
            "means added up",
            instead_of=SHARE,
            wrote="* 1.0",
            symptom="Your gradient is the sum of the micro-batches' gradients, several times "
            "too long.",
            hint="A mean over the union is wanted. Adding gradients up adds up the losses.",
        ),
        Misconception(
            "sum over the examples",
            instead_of=SHARE,
            wrote="* counted(y)",
            symptom="Your gradient is that of the sum over all examples.",
            hint="Divide by the number of examples in all micro-batches together.",
        ),
        Misconception(
            "divided twice",
            instead_of=SHARE,
            wrote="* (counted(y) / n) / len(micro_batches)",
            symptom="Your gradient is too short by the number of micro-batches.",
            hint="The shares add up to 1 already; nothing is left to divide by.",
        ),
        Misconception(
            "forgotten in between",
            instead_of=FORGET,
            wrote="",
            symptom="Gradients of an earlier step are still in yours.",
            hint="A backward pass adds to what is there. Start from nothing.",
        ),
        Misconception(
            "reset for each micro-batch",
            instead_of=BACKWARD,
            wrote="        model.zero_grad()\n" + BACKWARD,
            symptom="Only the last micro-batch is left in your gradient.",
            hint="That a backward pass adds is what accumulation lives on: reset once, before "
            "the first.",
        ),
        Misconception(
            "stepped inside",
            instead_of=BACKWARD,
            wrote=BACKWARD + "        with __import__('torch').no_grad():\n"
            "            for p in model.parameters():\n                p -= 0.1 * p.grad\n",
            symptom="The weights moved while you were still collecting.",
            hint="All pieces must be measured at the same weights, or it is no gradient of "
            "anything. The step comes later, and is the optimizer's.",
        ),
        Misconception(
            "last loss returned",
            instead_of="total += loss.item()",
            wrote="total = loss.item()",
            symptom="The loss that you return is the last piece's only.",
            hint="The loss of the large batch is the sum of all shares.",
        ),
        Misconception(
            "losses returned without weights",
            instead_of="total += loss.item()",
            wrote="total += loss.item() * n / counted(y)",
            symptom="Gradients are right; the loss that you return adds up unweighted means.",
            hint="The loss and its gradient take the same shares.",
        ),
        Misconception(
            "all at once",
            instead_of="for x, y in micro_batches:",
            wrote="for x, y in [tuple(map(__import__('torch').cat, zip(*micro_batches)))]:",
            symptom="With batch norm your numbers are those of one large batch.",
            hint="Glued together the pieces need all the memory at once, which there was not "
            "enough of. One micro-batch at a time goes through the model.",
        ),
        Misconception(
            "divided by the number of examples",
            instead_of=SHARE,
            wrote="/ n",
            symptom="Your gradient and your loss are far too small: each mean is divided by "
            "the number of all examples.",
            hint="The loss of a micro-batch is a mean already. Weigh it by how many examples "
            "it is the mean of.",
        ),
        Misconception(
            "only the returned loss weighed",
            instead_of=f"loss = loss_fn(model(x), y) {SHARE}\n{BACKWARD}{TOTAL}",
            wrote="loss = loss_fn(model(x), y)\n"
            + BACKWARD
            + f"        total += loss.item() {SHARE}\n",
            symptom="The loss that you return is right; its gradient is several times too "
            "long.",
            hint="What goes into the backward pass takes the same share.",
        ),
        Misconception(
            "loss a mean of means",
            instead_of="total += loss.item()",
            wrote="total += loss.item() * n / counted(y) / len(micro_batches)",
            symptom="Gradients are right; in the loss that you return each micro-batch counts"
            " the same.",
            hint="The loss and its gradient take the same shares.",
        ),
        Misconception(
            "one backward pass at the end",
            instead_of=f"{BACKWARD}{TOTAL}    return total",
            wrote="        total = total + loss\n    total.backward()\n    return total.item()",
            symptom="Numbers are right, and the graphs of all micro-batches were held at once.",
            hint="A graph is freed by its backward pass. Call it before the next micro-batch "
            "goes through the model, or the large batch takes its memory after all.",
        ),
        Misconception(
            "loss returned as a sum",
            instead_of="total += loss.item()",
            wrote="total += loss.item() * n",
            symptom="Gradients are right; the loss that you return is the sum over all "
            "examples.",
            hint="The loss is a mean over all examples, as its gradient is.",
        ),
        Misconception(
            "mode changed",
            instead_of=FORGET,
            wrote="    model.train()\n" + FORGET,
            symptom="A batch norm that came in evaluation mode trains.",
            hint="Which mode the model is in was decided by whoever called. Leave it.",
        ),
        Misconception(
            "sums divided by the number of micro-batches",
            instead_of=SHARE + "\n        loss.backward()\n        total += loss.item()\n",
            wrote="* counted(y)\n"
            "        loss.backward()\n"
            "        total += loss.item() / n\n"
            "    for p in model.parameters():\n"
            "        p.grad /= len(micro_batches)\n",
            symptom="The loss that you return is right; its gradient is a sum over examples, "
            "divided by the number of micro-batches.",
            hint="Sums over examples are divided by the number of examples.",
        ),
    ),
)
