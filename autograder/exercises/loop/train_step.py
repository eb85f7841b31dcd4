"""Exercise 5.1: one step, in the only order that works."""

import torch

from autograder.compare import close
from autograder.exercises.loop.models import NORMED, batch, drawn
from autograder.recipes import Function, Network, Stepper, Written
from autograder.spec import Case, Exercise, Misconception, Trace
from steadygrad import loop

nearly = close(rtol=1e-4, atol=1e-6)  # PyTorch's clipping divides by the norm + 1e-6


def step_cases(rng):
    def case(name, model, *, n=6, loss="cross-entropy", max_norm=None, **settings):
        x, y = batch(rng, n)
        kind = settings.pop("optimizer", "SGD")
        if loss == "mean squared error":
            y = torch.randn(n, 3, generator=rng)
        inputs = dict(
            model=Written(model),
            optimizer=Written(Stepper("model", kind, settings)),
            loss_fn=Function(loss),
            x=x,
            y=y,
            max_norm=max_norm,
        )
        return Case(name, inputs, nearly)

    yield case("gradients of an earlier step in the way", drawn(rng, stale=True), lr=0.3)
    yield case("the very first step", drawn(rng), lr=0.7, momentum=0.9)
    yield case("a gradient that is clipped", drawn(rng, stale=True), lr=0.5, max_norm=0.05)
    yield case("a bound that is not reached", drawn(rng), lr=0.5, max_norm=1e3)
    waiting = drawn(rng, NORMED, training=False)
    yield case("a model that comes in evaluation mode", waiting, lr=0.2)
    squared = "mean squared error"
    yield case("another loss, and Adam", drawn(rng), loss=squared, optimizer="Adam", lr=0.1)
    yield case("a batch of one", drawn(rng), n=1, lr=0.3)
    frozen = drawn(rng, frozen=("0.weight", "0.bias"))
    yield case("a frozen layer, and a bound", frozen, lr=0.5, max_norm=0.1)


def step_steps():
    return [
        ("the old gradient, forgotten", "3 → none"),
        ("prediction and loss, (1 · 2 − 1)²", "1"),
        ("the new gradient, 2 (w x − y) x", "4"),
        ("the step, w − 0.25 · 4", "0"),
        ("the layer has 1 input and 1 output; hooks", "0"),
        ("what the optimizer was set to", "0.25"),
    ]


def step_by_hand(model, optimizer, loss_fn, x, y, max_norm=None):
    """Another right way: zeros instead of nothing, and clipping written out."""
    for module in model.modules():
        module.training = True
    loss = loss_fn(model(x), y)
    optimizer.zero_grad(set_to_none=False)
    loss.backward()
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    if max_norm is not None:
        norm = sum(g.square().sum() for g in gradients).sqrt()
        if norm > max_norm:
            for g in gradients:
                g.mul_(max_norm / norm)
    optimizer.step()
    return float(loss.detach())


FORGET = "    optimizer.zero_grad()\n"
BACKWARD = "    loss.backward()\n"
CLIP = (
    "    if max_norm is not None:\n"
    "        nn.utils.clip_grad_norm_(model.parameters(), max_norm)\n"
)
STEP = "    optimizer.step()\n"
BACK_FROM = (
    "    model.train()\n"
    "    optimizer.zero_grad()\n"
    "    loss = loss_fn(model(x), y)\n"
    "    loss.backward()\n"
    f"{CLIP}{STEP}    return loss.item()\n"
)
ORDER = "Forget, predict, compare, differentiate, clip, step: each needs what comes before it."

TRAIN_STEP = Exercise(
    target=loop.train_step,
    points=3,
    cases=step_cases,
    accepts=(step_by_hand,),
    goal="write a training step and an evaluation that are right in order and mode",
    section="One step, in the only order that works",
    minutes=8,
    difficulty=2,
    trace=Trace(
        inputs=dict(
            model=Written(
                Network(
                    (("Linear", 1, 1, {"bias": False}),),
                    {"0.weight": torch.ones(1, 1)},
                    {"0.weight": torch.full((1, 1), 3.0)},
                )
            ),
            optimizer=Written(Stepper("model", "SGD", {"lr": 0.25})),
            loss_fn=Function("mean squared error"),
            x=torch.tensor([[2.0]]),
            y=torch.tensor([[1.0]]),
        ),
        steps=step_steps,
    ),
    misconceptions=(
        Misconception(
            "gradients not forgotten",
            instead_of=FORGET,
            wrote="",
            symptom="Gradients of an earlier step are added to yours.",
            hint="A backward pass adds to what is there. Whoever takes a step must start "
            "from nothing.",
        ),
        Misconception(
            "forgotten after the backward pass",
            instead_of=BACKWARD,
            wrote=BACKWARD + FORGET,
            symptom="Your loss is right, and the weights do not move.",
            hint=ORDER,
        ),
        Misconception(
            "clipped after the step",
            instead_of=CLIP + STEP,
            wrote=STEP + CLIP,
            symptom="The gradients are clipped, but the step was as long as ever.",
            hint=ORDER,
        ),
        Misconception(
            "not clipped, or too early",
            instead_of=BACKWARD + CLIP,
            wrote=CLIP + BACKWARD,
            symptom="With a bound, the gradient is as long as without one.",
            hint="The bound must act between the backward pass and the step: before the one "
            "there is nothing to clip, and after the other it is too late.",
        ),
        Misconception(
            "evaluation mode left on",
            instead_of="    model.train()\n",
            wrote="",
            symptom="A model that comes in evaluation mode trains in evaluation mode.",
            hint="Batch norm and dropout do different things in the two modes. Who trains "
            "has to say so, since the last to use the model may have been an evaluation.",
        ),
        Misconception(
            "switched to evaluation mode",
            instead_of="    model.train()\n",
            wrote="    model.eval()\n",
            symptom="Your model is in evaluation mode.",
            hint="Evaluation mode is for measuring. Training has its own.",
        ),
        Misconception(
            "softmax before the loss",
            instead_of="loss_fn(model(x), y)",
            wrote="loss_fn(model(x).softmax(dim=1), y)",
            symptom="Your loss is that of probabilities, where the scores were due.",
            hint="Cross-entropy takes scores and applies the softmax itself; a second one "
            "flattens them, and its gradient.",
        ),
        Misconception(
            "no step",
            instead_of=STEP,
            wrote="",
            symptom="Loss and gradients are right, and the weights do not move.",
            hint="A gradient is only known. Somebody has to act on it.",
        ),
        Misconception(
            "loss after the step",
            instead_of="return loss.item()",
            wrote="return loss_fn(model(x), y).item()",
            symptom="You return the loss at the new weights.",
            hint="Asked for is the loss that was differentiated: it costs nothing more, while "
            "another forward pass costs a third of the step.",
        ),
        Misconception(
            "tensor returned",
            instead_of="return loss.item()",
            wrote="return loss",
            symptom="You return a tensor, which still holds the whole graph.",
            hint="A list of such losses keeps every graph that was ever built. Return a plain "
            "number.",
        ),
        Misconception(
            "always clipped to one",
            instead_of=CLIP,
            wrote="    nn.utils.clip_grad_norm_(model.parameters(), max_norm or 1.0)\n",
            symptom="You clip even where nobody asked for it.",
            hint="Without a bound the gradient stays as it is.",
        ),
        Misconception(
            "forgotten after the step",
            instead_of=STEP,
            wrote=STEP + FORGET,
            symptom="The gradients are gone when your step is over.",
            hint="They stay for whoever wants to look, such as a probe. Forget at the "
            "beginning of a step, not at its end.",
        ),
        Misconception(
            "clipped by value",
            instead_of=CLIP,
            wrote=CLIP.replace("clip_grad_norm_", "clip_grad_value_"),
            symptom="With a bound, single entries are cut off, and the step turns.",
            hint="The bound is for the norm of all gradients together: one factor shortens "
            "them all.",
        ),
        Misconception(
            "each tensor clipped by itself",
            instead_of=CLIP,
            wrote="    if max_norm is not None:\n"
            "        for p in model.parameters():\n"
            "            nn.utils.clip_grad_norm_(p, max_norm)\n",
            symptom="With a bound, every tensor is shortened by itself, and the step turns.",
            hint="The bound is for the norm of all gradients together: one factor shortens "
            "them all.",
        ),
        Misconception(
            "loss times the batch",
            instead_of="return loss.item()",
            wrote="return loss.item() * len(x)",
            symptom="You return the loss times the number of examples.",
            hint="Asked for is the batch's mean, as the loss function gave it. Whoever "
            "averages over batches of many sizes may weigh it later.",
        ),
        Misconception(
            "training mode too late",
            instead_of="    model.train()\n"
            "    optimizer.zero_grad()\n"
            "    loss = loss_fn(model(x), y)\n",
            wrote="    optimizer.zero_grad()\n"
            "    loss = loss_fn(model(x), y)\n"
            "    model.train()\n",
            symptom="A model that comes in evaluation mode predicts in it, and only then "
            "goes over to training.",
            hint="The mode acts on the prediction. Set it before the model sees the batch.",
        ),
        Misconception(
            "mode put back",
            instead_of=BACK_FROM,
            wrote="    was = model.training\n"
            + BACK_FROM.replace("return", "model.train(was)\n    return"),
            symptom="A model that came in evaluation mode goes back to it.",
            hint="It is to stay in training mode. Whoever measures next will say so.",
        ),
        Misconception(
            "a step written by hand",
            instead_of=STEP,
            wrote="    for group in optimizer.param_groups:\n"
            '        for p in group["params"]:\n'
            '            p.data -= group["lr"] * (0 if p.grad is None else p.grad)\n',
            symptom="With plain gradient descent you are right; with momentum or Adam you "
            "are not.",
            hint="How a gradient becomes a step is the optimizer's part: let it step.",
        ),
        Misconception(
            "stretched to the bound",
            instead_of=CLIP,
            wrote="    if max_norm is not None:\n"
            "        grads = [p.grad for p in model.parameters() if p.grad is not "
            "None]\n"
            "        norm = torch.stack([grad.norm() for grad in grads]).norm()\n"
            "        for grad in grads:\n"
            "            grad.mul_(max_norm / norm)\n",
            symptom="A gradient that was short enough comes out longer than it was.",
            hint="The norm is a bound, not a length to reach: a gradient within it stays as "
            "it is.",
        ),
        Misconception(
            "stumbles over what is frozen",
            instead_of=CLIP,
            wrote="    if max_norm is not None:\n"
            "        norm = sum(p.grad.square().sum() for p in "
            "model.parameters()).sqrt()\n"
            "        for p in model.parameters():\n"
            "            p.grad.mul_((max_norm / norm).clamp(max=1.0))\n",
            symptom="With a bound, a frozen parameter stops you.",
            hint="A parameter that asks for no gradient has none. Pass over it.",
        ),
    ),
)
